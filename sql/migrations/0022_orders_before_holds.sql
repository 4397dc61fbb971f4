-- Orders: whether one of these carts has been ordered.
CREATE FUNCTION some_cart_is_ordered(carts uuid[]) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    RETURN EXISTS (SELECT FROM orders o WHERE o.cart_id = ANY (carts) AND o.status <> 'cancelled');
END $$;

-- As before, but false as well when one of the carts has been ordered meanwhile, so that who holds need not ask afterwards. Nobody orders one
-- of them in between: an order that needs new holds waits for the cart's lock, and one that takes over what the cart holds leaves nothing
-- to be held anew.
CREATE OR REPLACE FUNCTION hold_from_shelf(carts uuid[], variants bigint[], locations bigint[], quantities int[], until timestamptz[])
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1, hashtext(c.id::text)) FROM (SELECT DISTINCT unnest(carts) AS id ORDER BY 1) c;
    PERFORM FROM stock s WHERE (s.variant_id, s.location_id) IN (SELECT * FROM unnest(variants, locations))
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE;
    IF some_cart_is_ordered(carts) THEN
        RETURN false;
    END IF;
    IF EXISTS (SELECT FROM reservation r WHERE r.cart_id = ANY (carts) AND r.state = 'held' AND r.order_id IS NULL) THEN
        IF EXISTS (
            SELECT FROM (
                SELECT r.cart_id, r.variant_id, r.location_id, r.quantity FROM reservation r
                WHERE r.cart_id = ANY (carts) AND r.state = 'held' AND r.order_id IS NULL
            ) held
            FULL JOIN unnest(carts, variants, locations, quantities) AS wanted (cart_id, variant_id, location_id, quantity)
                USING (cart_id, variant_id, location_id, quantity)
            WHERE held.cart_id IS NULL OR wanted.cart_id IS NULL
        ) THEN
            RETURN false;
        END IF;
        UPDATE reservation r SET expires_at = w.expires_at
        FROM unnest(carts, variants, until) AS w (cart_id, variant_id, expires_at)
        WHERE r.cart_id = w.cart_id AND r.variant_id = w.variant_id AND r.state = 'held' AND r.order_id IS NULL;
        RETURN true;
    END IF;
    IF EXISTS (
        SELECT FROM unnest(variants, locations, quantities) AS w (variant_id, location_id, quantity)
        LEFT JOIN stock s ON s.variant_id = w.variant_id AND s.location_id = w.location_id
        LEFT JOIN stock_location l ON l.id = s.location_id AND l.active
        GROUP BY w.variant_id, w.location_id, s.on_hand, s.reserved, l.id HAVING l.id IS NULL OR s.on_hand - s.reserved < sum(w.quantity)
    ) THEN
        RETURN false;
    END IF;
    INSERT INTO reservation (cart_id, variant_id, location_id, quantity, expires_at)
    SELECT * FROM unnest(carts, variants, locations, quantities, until);
    UPDATE stock s SET reserved = s.reserved + w.quantity
    FROM (SELECT u.variant_id, u.location_id, sum(u.quantity) AS quantity
          FROM unnest(variants, locations, quantities) AS u (variant_id, location_id, quantity) GROUP BY u.variant_id, u.location_id) w
    WHERE s.variant_id = w.variant_id AND s.location_id = w.location_id;
    RETURN true;
END $$;
