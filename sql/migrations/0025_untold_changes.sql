-- Changes of the catalog that nobody was told of.

-- Pages show the stock of the active locations, so the count of a closed one must not hide what happens to them. A row that moved to another
-- location or variant leaves one and joins the other. Of a variant in one place, its row's lock makes what is seen here exact; of one in
-- several, neither of two transactions sees the other's count. The sum can be at an edge only while each place has no more than that (with
-- what the others may owe), so whatever is that low is told. Most holds are far from every edge, and are found out by less: when each place
-- that changed has and had more than ten, and none of the variant owes anything or may, the sum is and was more than ten.
CREATE OR REPLACE FUNCTION log_stock_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM new_rows n FULL JOIN old_rows o USING (variant_id, location_id)
        WHERE n.backorder_limit IS DISTINCT FROM o.backorder_limit
           OR n.on_hand - n.reserved IS DISTINCT FROM o.on_hand - o.reserved
              AND (least(n.on_hand - n.reserved, o.on_hand - o.reserved) <= 10
                   OR EXISTS (SELECT FROM stock s WHERE s.variant_id = n.variant_id AND (s.on_hand < s.reserved OR s.backorder_limit > 0)))
    ) THEN
        RETURN NULL;
    END IF;
    INSERT INTO change_log (topic, key, payload)
    SELECT 'stock', v.product_id::text, jsonb_build_object('variants', jsonb_agg(DISTINCT changed.variant_id))
    FROM (
        SELECT moved.variant_id, moved.delta, moved.relimited, moved.lowest, held.places,
               coalesce(held.available, 0) AS available, coalesce(held.backorder_limit, 0) AS backorder_limit
        FROM (
            SELECT variant_id,
                   sum(coalesce(n.on_hand - n.reserved, 0) - coalesce(o.on_hand - o.reserved, 0)) AS delta,
                   bool_or(n.backorder_limit IS DISTINCT FROM o.backorder_limit) AS relimited,
                   min(least(n.on_hand - n.reserved, o.on_hand - o.reserved)) AS lowest
            FROM new_rows n FULL JOIN old_rows o USING (variant_id, location_id)
            JOIN stock_location l ON l.id = location_id AND l.active
            GROUP BY variant_id
        ) moved
        CROSS JOIN LATERAL (
            SELECT sum(s.on_hand - s.reserved) AS available, sum(s.backorder_limit) AS backorder_limit, count(*) AS places
            FROM stock s JOIN stock_location l ON l.id = s.location_id
            WHERE s.variant_id = moved.variant_id AND l.active
        ) held
        WHERE moved.delta <> 0 OR moved.relimited
    ) changed
    JOIN variant v ON v.id = changed.variant_id
    WHERE changed.relimited
       OR stock_band(changed.available) <> stock_band(changed.available - changed.delta)
       OR (changed.available + changed.backorder_limit > 0) <> (changed.available - changed.delta + changed.backorder_limit > 0)
       OR changed.places > 1 AND changed.lowest <= 5 + changed.backorder_limit
    GROUP BY v.product_id;
    RETURN NULL;
END $$;

-- TRUNCATE has no rows to tell of; the table is named, and followers begin anew.
CREATE FUNCTION log_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (topic, key) VALUES ('emptied', TG_TABLE_NAME);
    RETURN NULL;
END $$;
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON product FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON variant FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON variant_price FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON media FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON category FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON collection FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON collection_product FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON stock FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON search_synonym FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON search_redirect FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();
CREATE TRIGGER feed_emptied AFTER TRUNCATE ON search_boost FOR EACH STATEMENT EXECUTE FUNCTION log_emptied();

-- A text leads to a page of this shop: '//host' and '/\host' are addresses of others.
ALTER TABLE search_redirect ADD CONSTRAINT own_page CHECK (url !~ '^/[/\\]') NOT VALID;
