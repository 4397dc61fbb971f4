-- name: locations_for_operator
-- In the order in which they are asked.
SELECT l.id, l.code, l.name, l.priority, l.countries, l.active, coalesce(held.on_hand, 0) AS on_hand, coalesce(held.reserved, 0) AS reserved
FROM stock_location l
LEFT JOIN (SELECT location_id, sum(on_hand) AS on_hand, sum(reserved) AS reserved FROM stock GROUP BY location_id) held ON held.location_id = l.id
ORDER BY l.active DESC, l.priority, l.id;

-- name: location_for_operator^
SELECT code, name, priority, countries, active FROM stock_location WHERE id = :location_id;

-- name: insert_location$
INSERT INTO stock_location (code, name, priority, countries, active) VALUES (:code, :name, :priority, :countries, :active)
ON CONFLICT (code) DO NOTHING
RETURNING id;

-- name: update_location$
-- Null: it is like that already, or there is none.
UPDATE stock_location SET name = :name, priority = :priority, countries = :countries, active = :active
WHERE id = :location_id
  AND (name, priority, countries, active) IS DISTINCT FROM (:name, CAST(:priority AS int), CAST(:countries AS text[]), CAST(:active AS boolean))
RETURNING id;

-- name: shelves_of
-- Open locations, and closed ones that still have something of the variant, or owe it.
SELECT v.id AS variant_id, l.id AS location_id, l.code, l.name, l.active, coalesce(s.on_hand, 0) AS on_hand, coalesce(s.reserved, 0) AS reserved,
       coalesce(s.backorder_limit, 0) AS backorder_limit
FROM unnest(CAST(:variant_ids AS bigint[])) AS v (id)
CROSS JOIN stock_location l
LEFT JOIN stock s ON s.variant_id = v.id AND s.location_id = l.id
WHERE l.active OR s.on_hand <> 0 OR s.reserved <> 0
ORDER BY v.id, l.active DESC, l.priority, l.id;

-- name: lock_shelves
SELECT location_id, on_hand, reserved, backorder_limit FROM stock WHERE variant_id = :variant_id
ORDER BY variant_id, location_id FOR NO KEY UPDATE;

-- name: begin_by_hand!
SELECT set_config('storefront.stock_reason', :reason, true), set_config('storefront.actor', :actor, true);

-- name: write_shelves!
INSERT INTO stock (variant_id, location_id, on_hand, backorder_limit)
SELECT :variant_id, w.* FROM unnest(CAST(:location_ids AS bigint[]), CAST(:on_hand AS int[]), CAST(:backorder_limits AS int[])) AS w
ON CONFLICT (variant_id, location_id) DO UPDATE SET on_hand = EXCLUDED.on_hand, backorder_limit = EXCLUDED.backorder_limit;
