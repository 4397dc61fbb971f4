-- Each change of a cart moved an entry of this index, for a question that nobody asked; a BRIN index lets a change stay on its page (HOT),
-- and is enough to find what has been left alone for months.
DROP INDEX cart_updated;
CREATE INDEX cart_age ON cart USING brin (updated_at) WITH (autosummarize = on);

-- What a cart that is to be forgotten is looked up in.
CREATE INDEX orders_cart ON orders (cart_id);
CREATE INDEX order_return_exchange ON order_return (exchange_cart_id) WHERE exchange_cart_id IS NOT NULL;

-- Whether an order was made of a cart, whatever became of it, or goods are to be exchanged by it.
CREATE FUNCTION cart_is_kept(asked_cart uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM orders o WHERE o.cart_id = asked_cart)
        OR EXISTS (SELECT FROM order_return r WHERE r.exchange_cart_id = asked_cart)
$$;
