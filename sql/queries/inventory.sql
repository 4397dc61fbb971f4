-- name: untracked
-- Of the variants asked for, those whose stock nobody counts.
SELECT id FROM variant WHERE id = ANY(:variant_ids::bigint[]) AND NOT track_stock;

-- name: lock_stock
-- Rows are locked in one order everywhere, (variant, location), so that no two transactions wait for each other.
SELECT s.variant_id, s.location_id, s.on_hand, s.reserved, s.backorder_limit, l.priority, l.countries, l.active
FROM stock s JOIN stock_location l ON l.id = s.location_id
WHERE s.variant_id = ANY(:variant_ids::bigint[])
ORDER BY s.variant_id, s.location_id
FOR NO KEY UPDATE OF s;

-- name: open_holds
SELECT id, cart_id, variant_id, location_id, quantity FROM reservation
WHERE cart_id = ANY(:cart_ids::uuid[]) AND state = 'held'
ORDER BY id;

-- name: replace_holds!
-- Closes the old holds, opens the new ones, and moves `reserved` by the difference; the stock rows are locked already.
WITH closed AS (
    UPDATE reservation SET state = 'released' WHERE id = ANY(:old_ids::bigint[])
), opened AS (
    INSERT INTO reservation (cart_id, order_id, variant_id, location_id, quantity, expires_at)
    SELECT * FROM unnest(:cart_ids::uuid[], :order_ids::uuid[], :variant_ids::bigint[], :location_ids::bigint[], :quantities::int[],
                         :expiries::timestamptz[])
)
UPDATE stock s SET reserved = s.reserved + d.delta
FROM unnest(:delta_variants::bigint[], :delta_locations::bigint[], :deltas::int[]) AS d (variant_id, location_id, delta)
WHERE s.variant_id = d.variant_id AND s.location_id = d.location_id;

-- name: take_over_holds
-- The cart's holds become its order's, and live on while it is being paid.
UPDATE reservation SET order_id = :order_id, expires_at = greatest(expires_at, :expires_at)
WHERE cart_id = :cart_id AND state = 'held'
RETURNING variant_id, quantity;

-- name: extend_holds!
UPDATE reservation SET expires_at = :expires_at WHERE order_id = :order_id AND state = 'held' AND expires_at < :expires_at;

-- name: commit_holds$
-- Held becomes sold: the hold is closed, on_hand and reserved go down together, and the ledger says why.
WITH why AS MATERIALIZED (
    SELECT set_config('storefront.stock_reason', 'sold', true), set_config('storefront.stock_order', :order_id::uuid::text, true)
), mine AS (
    UPDATE reservation SET state = 'committed' FROM why WHERE order_id = :order_id::uuid AND state = 'held'
    RETURNING variant_id, location_id, quantity
), wanted AS (
    SELECT variant_id, location_id, sum(quantity)::int AS quantity FROM mine GROUP BY 1, 2
), locked AS MATERIALIZED (
    SELECT s.variant_id, s.location_id, w.quantity FROM stock s JOIN wanted w USING (variant_id, location_id)
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE OF s
), sold AS (
    UPDATE stock s SET on_hand = s.on_hand - l.quantity, reserved = s.reserved - l.quantity
    FROM locked l WHERE s.variant_id = l.variant_id AND s.location_id = l.location_id
    RETURNING l.quantity
)
SELECT coalesce(sum(quantity), 0)::int FROM sold;

-- name: release_holds$
WITH mine AS (
    UPDATE reservation SET state = 'released'
    WHERE state = 'held' AND (order_id = :order_id::uuid OR (cart_id = :cart_id::uuid AND order_id IS NULL))
    RETURNING variant_id, location_id, quantity
), wanted AS (
    SELECT variant_id, location_id, sum(quantity)::int AS quantity FROM mine GROUP BY 1, 2
), locked AS MATERIALIZED (
    SELECT s.variant_id, s.location_id, w.quantity FROM stock s JOIN wanted w USING (variant_id, location_id)
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE OF s
), freed AS (
    UPDATE stock s SET reserved = s.reserved - l.quantity
    FROM locked l WHERE s.variant_id = l.variant_id AND s.location_id = l.location_id
    RETURNING l.quantity
)
SELECT coalesce(sum(quantity), 0)::int FROM freed;

-- name: release_expired$
-- Holds of an order are freed with their order, by whoever cancels it; these belong to carts alone.
WITH due AS (
    SELECT id FROM reservation WHERE state = 'held' AND order_id IS NULL AND expires_at <= :now
    ORDER BY expires_at LIMIT :most FOR UPDATE SKIP LOCKED
), mine AS (
    UPDATE reservation r SET state = 'released' FROM due WHERE r.id = due.id AND r.state = 'held'
    RETURNING r.variant_id, r.location_id, r.quantity
), wanted AS (
    SELECT variant_id, location_id, sum(quantity)::int AS quantity, count(*)::int AS holds FROM mine GROUP BY 1, 2
), locked AS MATERIALIZED (
    SELECT s.variant_id, s.location_id, w.quantity, w.holds FROM stock s JOIN wanted w USING (variant_id, location_id)
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE OF s
), freed AS (
    UPDATE stock s SET reserved = s.reserved - l.quantity
    FROM locked l WHERE s.variant_id = l.variant_id AND s.location_id = l.location_id
    RETURNING l.holds
)
SELECT coalesce(sum(holds), 0)::int FROM freed;

-- name: sold_from
-- Where an order's units came from, and how many of them have come back.
SELECT variant_id, location_id, -sum(delta)::int AS quantity FROM stock_movement
WHERE order_id = :order_id GROUP BY 1, 2 HAVING sum(delta) < 0 ORDER BY 1, 2;

-- name: put_back!
WITH why AS MATERIALIZED (
    SELECT set_config('storefront.stock_reason', :reason, true), set_config('storefront.stock_order', :order_id::uuid::text, true)
), back AS (
    SELECT * FROM unnest(:variant_ids::bigint[], :location_ids::bigint[], :quantities::int[]) AS b (variant_id, location_id, quantity), why
), locked AS MATERIALIZED (
    SELECT s.variant_id, s.location_id, b.quantity FROM stock s JOIN back b USING (variant_id, location_id)
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE OF s
)
UPDATE stock s SET on_hand = s.on_hand + l.quantity
FROM locked l WHERE s.variant_id = l.variant_id AND s.location_id = l.location_id;

-- name: set_on_hand!
WITH why AS MATERIALIZED (
    SELECT set_config('storefront.stock_reason', :reason, true), set_config('storefront.actor', :actor, true),
           set_config('storefront.stock_order', '', true)
)
INSERT INTO stock (variant_id, location_id, on_hand)
SELECT :variant_id::bigint, :location_id::bigint, :quantity::int FROM why
ON CONFLICT (variant_id, location_id) DO UPDATE SET on_hand = EXCLUDED.on_hand WHERE stock.on_hand <> EXCLUDED.on_hand;

-- name: history
SELECT id, location_id, delta, reason, order_id, actor, at FROM stock_movement
WHERE variant_id = :variant_id ORDER BY id DESC LIMIT :most;
