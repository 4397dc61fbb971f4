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

-- As before, but a change far from every edge, as most holds are, is found out by less: when each place that changed has and had more than
-- ten, and no place of the variant is below nothing, the whole has and had more than ten.
CREATE OR REPLACE FUNCTION log_stock_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM new_rows n JOIN old_rows o USING (variant_id, location_id)
        WHERE n.backorder_limit <> o.backorder_limit
           OR n.on_hand - n.reserved <> o.on_hand - o.reserved
              AND (least(n.on_hand - n.reserved, o.on_hand - o.reserved) <= 10
                   OR EXISTS (SELECT FROM stock s WHERE s.variant_id = n.variant_id AND s.on_hand < s.reserved))
    ) THEN
        RETURN NULL;
    END IF;
    INSERT INTO change_log (topic, key, payload)
    SELECT 'stock', v.product_id::text, jsonb_build_object('variants', jsonb_agg(DISTINCT changed.variant_id))
    FROM (
        SELECT moved.variant_id, moved.delta, moved.relimited,
               (SELECT sum(s.on_hand - s.reserved) FROM stock s WHERE s.variant_id = moved.variant_id) AS available,
               (SELECT sum(s.backorder_limit) FROM stock s WHERE s.variant_id = moved.variant_id) AS backorder_limit
        FROM (
            SELECT n.variant_id,
                   sum((n.on_hand - n.reserved) - (o.on_hand - o.reserved)) AS delta,
                   bool_or(n.backorder_limit <> o.backorder_limit) AS relimited
            FROM new_rows n JOIN old_rows o USING (variant_id, location_id)
            GROUP BY n.variant_id
        ) moved
        WHERE moved.delta <> 0 OR moved.relimited
    ) changed
    JOIN variant v ON v.id = changed.variant_id
    WHERE changed.relimited
       OR stock_band(changed.available) <> stock_band(changed.available - changed.delta)
       OR changed.available BETWEEN 1 AND 10
       OR changed.available <= 0 AND changed.backorder_limit > 0
    GROUP BY v.product_id;
    RETURN NULL;
END $$;
