-- What the demo shop has beyond a catalog file. All of it runs in the transaction that writes the products.

-- name: lock_demo!
SELECT pg_advisory_xact_lock(hashtext('demo shop'));

-- name: has_products$
SELECT EXISTS (SELECT FROM product);

-- name: product_ids
SELECT slug, id FROM product;

-- name: add_location!
INSERT INTO stock_location (code, name, priority) VALUES (:code, :name, 10) ON CONFLICT (code) DO NOTHING;

-- name: describe_products!
UPDATE product p SET popularity = d.popularity, rating_sum = d.rating_sum, rating_count = d.rating_count,
       published_at = now() - make_interval(days => d.age_days), created_at = now() - make_interval(days => d.age_days)
FROM unnest(CAST(:slugs AS text[]), CAST(:popularities AS int[]), CAST(:rating_sums AS int[]), CAST(:rating_counts AS int[]),
            CAST(:ages AS int[])) AS d (slug, popularity, rating_sum, rating_count, age_days)
WHERE p.slug = d.slug;

-- name: measure_pictures!
UPDATE media m SET width = d.width, height = d.height
FROM unnest(CAST(:urls AS text[]), CAST(:widths AS int[]), CAST(:heights AS int[])) AS d (url, width, height)
WHERE m.url = d.url;

-- name: allow_preorders!
UPDATE variant v SET stock_policy = 'preorder' FROM product p WHERE p.id = v.product_id AND p.slug = ANY (CAST(:slugs AS text[]));

-- name: describe_categories!
UPDATE category c SET position = d.position, description_html = d.text, seo_title = nullif(d.seo_title, ''),
       seo_description = nullif(d.seo_description, '')
FROM unnest(CAST(:paths AS text[]), CAST(:texts AS text[]), CAST(:seo_titles AS text[]), CAST(:seo_descriptions AS text[]))
     WITH ORDINALITY AS d (path, text, seo_title, seo_description, position)
WHERE c.path = d.path;

-- name: add_category_pictures!
INSERT INTO media (category_id, url, alt, width, height)
SELECT c.id, m.url, m.alt, m.width, m.height
FROM unnest(CAST(:paths AS text[]), CAST(:covers AS text[])) AS d (path, cover)
JOIN category c ON c.path = d.path
JOIN product p ON p.slug = d.cover
JOIN media m ON m.product_id = p.id AND m.position = 1;

-- name: add_collection$
INSERT INTO collection (slug, name, description_html, rule, position, on_home)
VALUES (:slug, :name, :text, :rule, :position, :on_home) RETURNING id;

-- name: fill_collection!
INSERT INTO collection_product (collection_id, product_id, position)
SELECT :collection_id, p.id, d.position FROM unnest(CAST(:slugs AS text[])) WITH ORDINALITY AS d (slug, position)
JOIN product p ON p.slug = d.slug;

-- name: add_synonyms!
INSERT INTO search_synonym (terms) VALUES (:terms);

-- name: add_search_redirect!
INSERT INTO search_redirect (query, url) VALUES (:query, :url) ON CONFLICT (query) DO NOTHING;
