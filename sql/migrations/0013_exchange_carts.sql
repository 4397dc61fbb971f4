-- A cart that was made for an exchange is ordered by its own link; signing in neither joins it with another cart nor takes it for the shopper's.
CREATE FUNCTION cart_is_for_exchange(asked_cart uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM order_return r WHERE r.exchange_cart_id = asked_cart)
$$;
