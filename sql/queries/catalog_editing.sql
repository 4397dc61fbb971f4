-- name: products_for_operator
SELECT p.id, p.slug, p.title, p.brand, p.status, p.updated_at,
       (SELECT count(*) FROM variant v WHERE v.product_id = p.id) AS variant_count,
       (SELECT coalesce(sum(s.on_hand - s.reserved), 0) FROM variant v JOIN stock s ON s.variant_id = v.id
         WHERE v.product_id = p.id) AS available
FROM product p
WHERE p.id > :after_id
  AND (:text = '' OR strpos(lower(p.title), lower(:text)) > 0 OR p.slug = :text
       OR EXISTS (SELECT FROM variant v WHERE v.product_id = p.id AND v.sku = :text))
ORDER BY p.id
LIMIT :most;

-- name: product_for_operator^
SELECT id, slug, title, brand, status, description_html, seo_title, seo_description, published_at, updated_at
FROM product WHERE id = :product_id;

-- name: variants_for_operator
SELECT v.id, v.sku, v.option_values, v.active, vp.amount, vp.compare_at, v.track_stock, v.stock_policy
FROM variant v
LEFT JOIN variant_price vp ON vp.variant_id = v.id AND vp.currency = :currency
WHERE v.product_id = :product_id
ORDER BY v.position, v.id;

-- name: update_product$
UPDATE product SET
    title = :title, slug = :slug, status = :status, description_html = :description_html, updated_at = :now,
    published_at = CASE WHEN :status = 'active' THEN coalesce(published_at, :now) ELSE published_at END
WHERE id = :product_id
RETURNING id;

-- name: set_price!
INSERT INTO variant_price (variant_id, currency, amount, compare_at)
VALUES (:variant_id, :currency, :amount, :compare_at)
ON CONFLICT (variant_id, currency) DO UPDATE SET amount = EXCLUDED.amount, compare_at = EXCLUDED.compare_at
WHERE (variant_price.amount, variant_price.compare_at) IS DISTINCT FROM (EXCLUDED.amount, EXCLUDED.compare_at);

-- name: variant_of_product$
SELECT id FROM variant WHERE id = :variant_id AND product_id = :product_id;

-- name: lock_stock_policy$
SELECT stock_policy FROM variant WHERE id = :variant_id FOR NO KEY UPDATE;

-- name: set_stock_policy!
UPDATE variant SET stock_policy = :policy, updated_at = :now WHERE id = :variant_id;

-- name: products_named
-- By slug, or by a variant's SKU.
SELECT asked.name, coalesce((SELECT p.id FROM product p WHERE p.slug = asked.name),
                            (SELECT v.product_id FROM variant v WHERE v.sku = asked.name)) AS id
FROM unnest(CAST(:names AS text[])) AS asked (name);

-- name: categories_named
SELECT asked.name, c.id FROM unnest(CAST(:names AS text[])) AS asked (name) LEFT JOIN category c ON c.path = asked.name;

-- name: collections_named
SELECT asked.name, c.id FROM unnest(CAST(:names AS text[])) AS asked (name) LEFT JOIN collection c ON c.slug = asked.name;

-- name: names_of_products
SELECT id, slug AS name FROM product WHERE id = ANY (CAST(:ids AS bigint[]));

-- name: names_of_categories
SELECT id, path AS name FROM category WHERE id = ANY (CAST(:ids AS bigint[]));

-- name: names_of_collections
SELECT id, slug AS name FROM collection WHERE id = ANY (CAST(:ids AS bigint[]));
