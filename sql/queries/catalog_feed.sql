-- What cached pages have to do with a change.

-- name: listings_of^
-- The categories (with all above them) and the collections whose listings show these products, or are these categories.
-- menu: whether one of the categories that are given, or that hold what moved, has nothing else to show. Then it was filled or emptied, and
-- menus, which leave out empty categories, may show something else now.
SELECT coalesce((
    SELECT array_agg(DISTINCT above.id)
    FROM category own JOIN category above ON above.id = own.id OR starts_with(own.path, above.path || '/')
    WHERE own.id = ANY (:category_ids) OR own.id IN (SELECT p.category_id FROM product p WHERE p.id = ANY (:product_ids))
), '{}') AS category_ids, coalesce((
    SELECT array_agg(DISTINCT c.collection_id) FROM product_collection c WHERE c.product_id = ANY (:product_ids)
), '{}') AS collection_ids, EXISTS (
    SELECT FROM category own JOIN category above ON above.id = own.id OR starts_with(own.path, above.path || '/')
    WHERE (own.id = ANY (:category_ids) OR own.id IN (SELECT p.category_id FROM product p WHERE p.id = ANY (:moved_ids)))
      AND NOT EXISTS (
          SELECT FROM category u JOIN product p ON p.category_id = u.id
          WHERE (u.id = above.id OR starts_with(u.path, above.path || '/'))
            AND is_published(p.status, p.published_at) AND p.id <> ALL (:moved_ids))
) AS menu;

-- name: tell_of_publications!
-- Products whose time of publication came since the last look go into the feed, as if they had been changed now; not before it has come on
-- every clock, as who reads them next may go by a standby's or a replica's.
WITH clock AS MATERIALIZED (
    SELECT told_until, greatest(told_until, now() - make_interval(secs => :skew_seconds)) AS until FROM publication_clock FOR UPDATE
), moved AS (
    UPDATE publication_clock SET told_until = clock.until FROM clock
)
INSERT INTO change_log (topic, key)
SELECT 'product', p.id::text FROM clock JOIN product p ON p.status = 'active' AND p.published_at > clock.told_until AND p.published_at <= clock.until;
