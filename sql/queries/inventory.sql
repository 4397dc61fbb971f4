-- name: lock_stock
SELECT * FROM stock_to_hold(:variant_ids::bigint[], :cart_ids::uuid[], :order_ids::uuid[]);

-- name: stock_of
-- As `lock_stock` answers it, with nothing locked: by the time that it is read, it may be different.
SELECT v.id AS variant_id, v.track_stock AS tracked, v.stock_policy <> 'deny' AS may_backorder, s.location_id, l.active, l.priority,
       l.countries, s.on_hand, s.reserved, s.backorder_limit
FROM variant v
LEFT JOIN stock s ON s.variant_id = v.id
LEFT JOIN stock_location l ON l.id = s.location_id
WHERE v.id = ANY (CAST(:variant_ids AS bigint[]));

-- name: hold_from_shelf$
SELECT hold_from_shelf(:cart_ids::uuid[], :variant_ids::bigint[], :location_ids::bigint[], :quantities::int[], :expiries::timestamptz[]);

-- name: write_holds$
-- Closes old holds, lets those that stay live longer, opens the new ones, and moves `reserved` by the difference. The stock rows are locked
-- already. Answers how many were closed or stay: one that an order has taken over since it was read is neither, and then nothing of this
-- may be committed.
WITH closed AS (
    UPDATE reservation r SET state = 'released'
    FROM unnest(:closed_ids::bigint[], :closed_orders::uuid[]) AS c (id, order_id)
    WHERE r.id = c.id AND r.state = 'held' AND r.order_id IS NOT DISTINCT FROM c.order_id RETURNING r.id
), extended AS (
    UPDATE reservation r SET expires_at = e.expires_at
    FROM unnest(:extended_ids::bigint[], :extended_orders::uuid[], :extended_until::timestamptz[]) AS e (id, order_id, expires_at)
    WHERE r.id = e.id AND r.state = 'held' AND r.order_id IS NOT DISTINCT FROM e.order_id RETURNING r.id
), opened AS (
    INSERT INTO reservation (cart_id, order_id, variant_id, location_id, quantity, expires_at)
    SELECT * FROM unnest(:cart_ids::uuid[], :order_ids::uuid[], :variant_ids::bigint[], :location_ids::bigint[], :quantities::int[],
                         :expiries::timestamptz[])
    WHERE (SELECT count(*) FROM closed) >= 0     -- the old holds are closed before the new ones take their place in the unique index
), moved AS (
    UPDATE stock s SET reserved = s.reserved + d.delta
    FROM unnest(:moved_variants::bigint[], :moved_locations::bigint[], :deltas::int[]) AS d (variant_id, location_id, delta)
    WHERE s.variant_id = d.variant_id AND s.location_id = d.location_id
)
SELECT (SELECT count(*) FROM closed) + (SELECT count(*) FROM extended);

-- name: take_over_holds$
-- Holds that do not fit are not locked: who replaces them locks stock first, as everybody does.
SELECT CASE WHEN holds_fit(:cart_id, :variant_ids::bigint[], :quantities::int[], :country)
    THEN take_over_holds(:cart_id, :order_id, :variant_ids::bigint[], :quantities::int[], :expires_at) ELSE false END;

-- name: held_for_cart
SELECT variant_id, sum(quantity)::int AS quantity FROM reservation
WHERE cart_id = :cart_id AND state = 'held' GROUP BY variant_id;

-- name: release_holds$
SELECT release_reservations(ARRAY(
    SELECT id FROM reservation
    WHERE state = 'held' AND (order_id = :order_id::uuid OR (cart_id = :cart_id::uuid AND order_id IS NULL))),
    CASE WHEN :order_id::uuid IS NULL THEN timestamptz 'infinity' END);  -- what an order takes over at this moment is not freed

-- name: release_expired$
-- Holds of an order are freed with their order, by whoever cancels it; these belong to carts alone.
SELECT release_reservations(ARRAY(
    SELECT id FROM reservation WHERE state = 'held' AND order_id IS NULL AND expires_at < :now::timestamptz
    ORDER BY expires_at LIMIT :most), :now::timestamptz);

-- name: restock$
SELECT restock_order(:order_id, :variant_ids::bigint[], :quantities::int[], :reason, :actor);

-- name: history
-- Each location gives as many as the page may need, so that what was sold a hundred thousand times is read no further. What was on hand
-- after a movement is what is on hand now without what came later. No actor: it was written by the shop itself.
SELECT m.id, l.name AS location, m.delta, m.on_hand, m.reason, m.order_id, nullif(m.actor, current_user) AS actor, m.at
FROM stock_location l
LEFT JOIN stock s ON s.variant_id = :variant_id AND s.location_id = l.id
CROSS JOIN LATERAL (
    SELECT found.*,
           coalesce(s.on_hand, 0) - coalesce(sum(found.delta) OVER (ORDER BY found.id DESC ROWS UNBOUNDED PRECEDING EXCLUDE CURRENT ROW), 0)
               - (SELECT coalesce(sum(later.delta), 0) FROM stock_movement later
                  WHERE later.variant_id = :variant_id AND later.location_id = l.id AND later.id >= CAST(:before AS bigint)) AS on_hand
    FROM (
        SELECT * FROM stock_movement
        WHERE variant_id = :variant_id AND location_id = l.id AND (CAST(:before AS bigint) IS NULL OR id < CAST(:before AS bigint))
        ORDER BY id DESC LIMIT :most
    ) found
) m
ORDER BY m.id DESC LIMIT :most;
