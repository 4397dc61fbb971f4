-- What cached pages have to do with a change.

-- name: listings_of^
-- The categories (with all above them) and the collections whose listings show these products, or are these categories.
SELECT coalesce((
    SELECT array_agg(DISTINCT above.id)
    FROM category own JOIN category above ON above.id = own.id OR starts_with(own.path, above.path || '/')
    WHERE own.id = ANY (:category_ids) OR own.id IN (SELECT p.category_id FROM product p WHERE p.id = ANY (:product_ids))
), '{}') AS category_ids, coalesce((
    SELECT array_agg(DISTINCT c.collection_id) FROM product_collection c WHERE c.product_id = ANY (:product_ids)
), '{}') AS collection_ids;
