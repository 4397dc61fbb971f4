-- What is put into a cart while its order is being paid for is not ordered, and not lost: it waits in a cart of its own.

CREATE TABLE cart_successor (
    cart_id uuid PRIMARY KEY REFERENCES cart ON DELETE CASCADE,
    successor_id uuid NOT NULL UNIQUE REFERENCES cart ON DELETE CASCADE
);

-- Carts: the units of closed carts that their orders have not, in new open ones of the same owners.
CREATE FUNCTION keep_unordered(changed_orders uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    WITH unordered AS MATERIALIZED (
        SELECT c.id AS cart_id, gen_random_uuid() AS successor_id, c.customer_id, c.currency,
               jsonb_object_agg(l.variant, l.line || jsonb_build_object('quantity', l.units)) AS lines
        FROM orders o
        JOIN cart c ON c.id = o.cart_id
        CROSS JOIN LATERAL (
            SELECT e.key AS variant, e.value AS line, (e.value ->> 'quantity')::int - coalesce(
                (SELECT sum(s.quantity) FROM order_line s WHERE s.order_id = o.id AND s.variant_id::text = e.key), 0) AS units
            FROM jsonb_each(c.lines) e
        ) l
        WHERE o.id = ANY (changed_orders) AND l.units > 0
        GROUP BY c.id
    ), started AS (
        INSERT INTO cart (id, customer_id, currency, lines) SELECT successor_id, customer_id, currency, lines FROM unordered
    )
    INSERT INTO cart_successor (cart_id, successor_id) SELECT cart_id, successor_id FROM unordered;
END $$;

CREATE OR REPLACE FUNCTION close_cart(ordered_cart uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM close_carts(ARRAY[ordered_cart]);
END $$;

CREATE OR REPLACE FUNCTION close_carts(ordered_carts uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    changed uuid[];
BEGIN
    WITH closing AS (
        SELECT c.id FROM cart c WHERE c.id = ANY (ordered_carts) AND c.state = 'open' ORDER BY c.id FOR NO KEY UPDATE
    ), closed AS (
        UPDATE cart SET state = 'ordered', updated_at = now() FROM closing WHERE cart.id = closing.id RETURNING cart.id, cart.version
    )
    SELECT array_agg(o.id) INTO changed
    FROM closed c JOIN orders o ON o.cart_id = c.id AND o.status <> 'cancelled' AND o.cart_version <> c.version;
    IF changed IS NOT NULL THEN
        PERFORM keep_unordered(changed);
    END IF;
END $$;
