-- As before, but whether one of the carts has been ordered is asked after what they hold: an order that took their holds over in between left
-- nothing held, and the goods were held once more for a cart that had its order.
CREATE OR REPLACE FUNCTION hold_from_shelf(carts uuid[], variants bigint[], locations bigint[], quantities int[], until timestamptz[])
RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    some_hold boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(1, hashtext(c.id::text)) FROM (SELECT DISTINCT unnest(carts) AS id ORDER BY 1) c;
    PERFORM FROM stock s WHERE (s.variant_id, s.location_id) IN (SELECT * FROM unnest(variants, locations))
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE;
    some_hold := EXISTS (SELECT FROM reservation r WHERE r.cart_id = ANY (carts) AND r.state = 'held' AND r.order_id IS NULL);
    IF some_cart_is_ordered(carts) THEN
        RETURN false;
    END IF;
    IF some_hold THEN
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

-- Whether what the cart holds is exactly the demand (of variants whose stock is counted), all of it at places that deliver to the country; to
-- an unknown one, all do. Locks nothing.
CREATE FUNCTION holds_fit(asked_cart uuid, variants bigint[], quantities int[], country text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN NOT EXISTS (
        SELECT FROM (SELECT r.variant_id, sum(r.quantity) AS quantity,
                            bool_and(country IS NULL OR l.countries = '{}' OR country = ANY (l.countries)) AS delivers
                     FROM reservation r JOIN stock_location l ON l.id = r.location_id
                     WHERE r.cart_id = asked_cart AND r.order_id IS NULL AND r.state = 'held' GROUP BY r.variant_id) h
        FULL JOIN (SELECT d.variant_id, d.quantity FROM unnest(variants, quantities) AS d (variant_id, quantity)
                   JOIN variant v ON v.id = d.variant_id AND v.track_stock) d USING (variant_id)
        WHERE h.quantity IS DISTINCT FROM d.quantity OR NOT h.delivers);
END $$;
