-- The history of orders as analytics reads it. A position is a snapshot of PostgreSQL, as in the change feed.

-- name: mark^
-- A transaction of our own: whatever began to write before it has a lower number. And the day that is not over yet (UTC).
-- `margin`: how many seconds after midnight a day is over, for clocks that differ.
SELECT pg_current_xact_id()::text AS xid,
       CAST((clock_timestamp() - make_interval(secs => CAST(:margin AS float8))) AT TIME ZONE 'UTC' AS date) AS open_day;

-- name: here^
-- Where we are, and whether every transaction up to the mark has ended.
SELECT pg_current_snapshot()::text AS position,
       pg_snapshot_xmin(pg_current_snapshot()) > CAST(:mark AS text)::xid8 AS all_over;

-- name: is_of_here$
-- Whether a position can be of this database, as it is now.
SELECT pg_snapshot_xmax(CAST(:position AS text)::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot());

-- name: first_day$
SELECT CAST(min(at) AT TIME ZONE 'UTC' AS date) FROM order_event;

-- name: events_of_day
-- What happened from `start` until `until` and was committed at `position`, and what happened since `since` and was committed too late for
-- the file of its own day: after `previous`, where that of the day before was closed. What an order was is said with each of its events.
SELECT e.id AS event_id, e.at, e.kind, e.actor, e.data,
       o.id AS order_id, o.number AS order_number, o.placed_at, o.customer_id, o.delivery_address ->> 'country' AS country,
       o.currency, o.subtotal, o.discount, o.delivery, o.tax, o.total, o.prices_include_tax, o.gift_card_amount, o.coupon_codes,
       (SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'line_id', l.id, 'product_id', l.product_id, 'variant_id', l.variant_id, 'sku', l.sku, 'title', l.title,
                   'quantity', l.quantity, 'unit_amount', l.unit_amount, 'subtotal', l.subtotal, 'discount', l.discount, 'tax', l.tax,
                   'total', l.total) ORDER BY l.position), '[]')
        FROM order_line l WHERE l.order_id = o.id) AS lines
FROM order_event e JOIN orders o ON o.id = e.order_id
WHERE e.at < CAST(:until AS timestamptz)
  AND (e.xid IS NULL OR pg_visible_in_snapshot(e.xid, CAST(:position AS text)::pg_snapshot))
  AND (e.at >= CAST(:start AS timestamptz)
       OR ((CAST(:since AS timestamptz) IS NULL OR e.at >= CAST(:since AS timestamptz))
           AND e.xid::text::bigint >= pg_snapshot_xmin(CAST(:previous AS text)::pg_snapshot)::text::bigint
           AND NOT pg_visible_in_snapshot(e.xid, CAST(:previous AS text)::pg_snapshot)))
ORDER BY e.at, e.id;
