-- What becomes of a guest's pending order when somebody signs in and their carts are joined.

-- Orders: whether the cart has an order for which money may still come, from the provider or, when nothing is left to pay, without it. Who
-- asks holds the cart's row: no charge of it is begun meanwhile.
CREATE FUNCTION may_still_be_paid(asked_cart uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (
        SELECT FROM orders o
        WHERE o.cart_id = asked_cart AND o.status = 'pending_payment' AND (
            o.total = o.gift_card_amount
            OR EXISTS (SELECT FROM payment_attempt a
                       WHERE a.order_id = o.id AND a.kind = 'charge' AND a.state NOT IN ('declined', 'cancelled'))));
END $$;

-- Orders: the cart's pending order has no time left, so that recovery gives it up with all that it holds.
CREATE FUNCTION end_pending_order(asked_cart uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE orders SET expires_at = least(expires_at, now()) WHERE cart_id = asked_cart AND status = 'pending_payment';
END $$;
