-- Availability, prices and membership come from the views variant_offer, collection_member and product_collection.
-- A LATERAL with LIMIT 1 is a lookup for each row: how many products a rule or a text finds is not known to the planner, which else takes
-- the whole table.

-- name: product_by_slug^
-- All of a product page but the cards of its related products.
SELECT p.id, p.slug, p.title, p.brand, p.description_html, p.attributes, p.tags, p.option_names, p.seo_title, p.seo_description,
       p.published_at, p.updated_at, p.rating_sum, p.rating_count,
       variants.found AS variants, pictures.found AS media, ancestors.found AS categories, related.ids AS related_ids
FROM product p
LEFT JOIN category own ON own.id = p.category_id
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
        'id', v.id, 'sku', v.sku, 'option_values', v.option_values, 'barcode', v.barcode, 'weight_grams', v.weight_grams,
        'media_id', v.media_id, 'availability', o.availability,
        'price', jsonb_build_object('amount', o.amount, 'currency', o.currency, 'compare_at', o.compare_at)
    ) ORDER BY v.position, v.id) AS found
    FROM variant_offer o JOIN variant v ON v.id = o.variant_id
    WHERE o.product_id = p.id AND o.currency = :currency
) variants ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', m.id, 'url', m.url, 'alt', m.alt, 'width', m.width, 'height', m.height)
                     ORDER BY m.position, m.id) AS found
    FROM media m WHERE m.product_id = p.id
) pictures ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', c.id, 'parent_id', c.parent_id, 'slug', c.slug, 'path', c.path, 'name', c.name)
                     ORDER BY length(c.path)) AS found
    FROM category c WHERE c.id = own.id OR starts_with(own.path, c.path || '/')
) ancestors ON true
LEFT JOIN LATERAL (
    SELECT array_agg(near.id ORDER BY near.closeness, near.popularity DESC, near.id) AS ids
    FROM (
        SELECT * FROM (
            (SELECT r.id, r.popularity, 1 AS closeness FROM product r
             WHERE r.category_id = p.category_id AND r.id <> p.id AND is_published(r.status, r.published_at)
               AND EXISTS (SELECT FROM variant v JOIN variant_price vp ON vp.variant_id = v.id
                           WHERE v.product_id = r.id AND v.active AND vp.currency = :currency)
             ORDER BY r.popularity DESC, r.id LIMIT :related)
            UNION ALL
            (SELECT r.id, r.popularity, 2 FROM product r
             WHERE r.brand = p.brand AND p.brand <> '' AND r.id <> p.id AND r.category_id IS DISTINCT FROM p.category_id
               AND is_published(r.status, r.published_at)
               AND EXISTS (SELECT FROM variant v JOIN variant_price vp ON vp.variant_id = v.id
                           WHERE v.product_id = r.id AND v.active AND vp.currency = :currency)
             ORDER BY r.popularity DESC, r.id LIMIT :related)
        ) both_kinds ORDER BY closeness, popularity DESC, id LIMIT :related
    ) near
) related ON true
WHERE p.slug = :slug AND is_published(p.status, p.published_at);

-- name: slug_by_id$
SELECT slug FROM product WHERE id = :product_id AND is_published(status, published_at);

-- name: moved_product$
SELECT p.slug FROM slug_redirect r JOIN product p ON p.id = r.target_id
WHERE r.kind = 'product' AND r.old_slug = :slug AND is_published(p.status, p.published_at);

-- name: moved_collection$
SELECT c.slug FROM slug_redirect r JOIN collection c ON c.id = r.target_id
WHERE r.kind = 'collection' AND r.old_slug = :slug AND c.published;

-- name: moved_category$
SELECT c.path FROM slug_redirect r JOIN category c ON c.id = r.target_id
WHERE r.kind = 'category' AND r.old_slug = :path;

-- name: cards
SELECT p.id, p.slug, p.title, p.brand, p.rating_sum, p.rating_count,
       offer.amount, offer.compare_at, offer.highest, offer.availability, offer.single_variant_id, pictures.found AS media
FROM unnest(CAST(:product_ids AS bigint[])) WITH ORDINALITY AS wanted (id, place)
JOIN product p ON p.id = wanted.id
JOIN LATERAL (
    SELECT min(o.amount) AS amount, max(o.amount) AS highest, min(o.availability) AS availability,
           (array_agg(o.compare_at ORDER BY o.amount, o.position, o.variant_id))[1] AS compare_at,
           CASE WHEN count(*) = 1 THEN min(o.variant_id) END AS single_variant_id
    FROM variant_offer o WHERE o.product_id = p.id AND o.currency = :currency
) offer ON offer.amount IS NOT NULL
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('id', m.id, 'url', m.url, 'alt', m.alt, 'width', m.width, 'height', m.height)
                     ORDER BY m.position, m.id) AS found
    FROM (SELECT * FROM media f WHERE f.product_id = p.id ORDER BY f.position, f.id LIMIT 2) m
) pictures ON true
WHERE is_published(p.status, p.published_at)
ORDER BY wanted.place;

-- name: categories
SELECT c.id, c.parent_id, c.slug, c.path, c.name, c.description_html, c.position, c.seo_title, c.seo_description,
       coalesce(held.products, 0) AS own_products, picture.found AS media
FROM category c
LEFT JOIN (
    SELECT p.category_id, count(*) AS products FROM product p WHERE is_published(p.status, p.published_at) GROUP BY p.category_id
) held ON held.category_id = c.id
LEFT JOIN LATERAL (
    SELECT jsonb_build_object('id', m.id, 'url', m.url, 'alt', m.alt, 'width', m.width, 'height', m.height) AS found
    FROM media m WHERE m.category_id = c.id ORDER BY m.position, m.id LIMIT 1
) picture ON true
ORDER BY c.position, lower(c.name), c.id;

-- name: category_by_path^
SELECT c.id, c.parent_id, c.slug, c.path, c.name, c.description_html, c.position, c.seo_title, c.seo_description,
       picture.found AS media,
       (SELECT count(*) FROM category u JOIN product p ON p.category_id = u.id
         WHERE (u.path = c.path OR starts_with(u.path, c.path || '/')) AND is_published(p.status, p.published_at)) AS product_count
FROM category c
LEFT JOIN LATERAL (
    SELECT jsonb_build_object('id', m.id, 'url', m.url, 'alt', m.alt, 'width', m.width, 'height', m.height) AS found
    FROM media m WHERE m.category_id = c.id ORDER BY m.position, m.id LIMIT 1
) picture ON true
WHERE c.path = :path;

-- name: collection_by_slug^
SELECT id, slug, name, description_html, rule IS NULL AS curated FROM collection WHERE slug = :slug AND published;

-- name: collections
SELECT id, slug, name, description_html, rule IS NULL AS curated FROM collection
WHERE published AND id > :after_id ORDER BY id LIMIT :most;

-- name: home_collections
-- Each with the ids of its first products (null: none can be shown now): a curated one in its own order, else the most popular.
SELECT c.id, c.slug, c.name, c.description_html, c.rule IS NULL AS curated, firsts.ids AS product_ids
FROM collection c
LEFT JOIN LATERAL (
    SELECT array_agg(shown.id ORDER BY shown.position, shown.popularity DESC, shown.id) AS ids
    FROM (
        SELECT p.id, p.popularity, m.position
        FROM collection_member m
        CROSS JOIN LATERAL (
            SELECT w.id, w.popularity FROM product w JOIN variant v ON v.product_id = w.id JOIN variant_price vp ON vp.variant_id = v.id
            WHERE w.id = m.product_id AND is_published(w.status, w.published_at) AND v.active AND vp.currency = :currency
            LIMIT 1
        ) p
        WHERE m.collection_id = c.id
        ORDER BY m.position, p.popularity DESC, p.id LIMIT :cards
    ) shown
) firsts ON true
WHERE c.on_home AND c.published
ORDER BY c.position, c.id;

-- name: find^
-- One page of a listing with its facets, without the index. Of text, collection and category the first that is given opens the set
-- (by an index of its own); the rest narrow it. selected: {facet key: [value, …]}. `misses` names the facets a product fails; what fails
-- nothing is found, and what fails only one facet is counted in that one.
WITH opened AS (
    SELECT w.id FROM product w
    WHERE CAST(:words AS text) IS NOT NULL AND product_words(w.title, w.brand, w.tags) @@ to_tsquery('english', :words)
    UNION
    SELECT v.product_id FROM variant v WHERE CAST(:sku AS text) IS NOT NULL AND v.sku = :sku
    UNION
    SELECT m.product_id FROM collection_member m
    WHERE CAST(:words AS text) IS NULL AND CAST(:collection_id AS bigint) IS NOT NULL AND m.collection_id = :collection_id
    UNION
    SELECT p.id FROM category c JOIN product p ON p.category_id = c.id
    WHERE CAST(:words AS text) IS NULL AND CAST(:collection_id AS bigint) IS NULL AND CAST(:category_path AS text) IS NOT NULL
      AND (c.path = :category_path OR starts_with(c.path, :category_path || '/'))
    UNION
    SELECT a.id FROM product a
    WHERE CAST(:words AS text) IS NULL AND CAST(:collection_id AS bigint) IS NULL AND CAST(:category_path AS text) IS NULL
),
offered AS MATERIALIZED (
    SELECT p.id, p.title, p.brand, p.attributes, p.option_names, p.popularity, p.published_at, c.path,
           offer.amount, offer.availability,
           coalesce((p.rating_sum * CAST(100 AS bigint) + p.rating_count * 5) / nullif(p.rating_count * CAST(100 AS bigint), 0), 0) AS stars,
           (SELECT min(m.position) FROM collection_product m WHERE m.collection_id = :collection_id AND m.product_id = p.id) AS place
    FROM opened
    CROSS JOIN LATERAL (SELECT * FROM product w WHERE w.id = opened.id AND is_published(w.status, w.published_at) LIMIT 1) p
    LEFT JOIN category c ON c.id = p.category_id
    JOIN LATERAL (
        SELECT min(o.amount) AS amount, min(o.availability) AS availability
        FROM variant_offer o WHERE o.product_id = p.id AND o.currency = :currency
    ) offer ON offer.amount IS NOT NULL
    WHERE (CAST(:category_path AS text) IS NULL OR c.path = :category_path OR starts_with(c.path, :category_path || '/'))
      AND (CAST(:collection_id AS bigint) IS NULL OR CAST(:words AS text) IS NULL
           OR p.id IN (SELECT m.product_id FROM collection_member m WHERE m.collection_id = :collection_id))
),
choice AS MATERIALIZED (
    SELECT s.key, ARRAY(SELECT jsonb_array_elements_text(s.value)) AS wanted FROM jsonb_each(CAST(:selected AS jsonb)) AS s
),
judged AS MATERIALIZED (
    SELECT o.*, ARRAY(
        SELECT choice.key FROM choice
        WHERE NOT coalesce(CASE
            WHEN choice.key = 'brand' THEN o.brand = ANY (choice.wanted)
            WHEN choice.key = 'availability' THEN CAST(o.availability AS text) = ANY (choice.wanted)
            WHEN choice.key = 'rating' THEN CAST(o.stars AS text) >= choice.wanted[1]
            WHEN choice.key = 'category' THEN EXISTS (
                SELECT FROM unnest(choice.wanted) AS w (path) WHERE o.path = w.path OR starts_with(o.path, w.path || '/'))
            WHEN starts_with(choice.key, 'attr.') THEN (o.attributes -> substr(choice.key, 6)) ?| choice.wanted
            WHEN starts_with(choice.key, 'opt.') THEN EXISTS (
                SELECT FROM variant v JOIN variant_price vp ON vp.variant_id = v.id AND vp.currency = :currency
                WHERE v.product_id = o.id AND v.active
                  AND v.option_values[array_position(o.option_names, substr(choice.key, 5))] = ANY (choice.wanted))
        END, false)
        UNION ALL
        SELECT 'price' WHERE o.amount < CAST(:price_min AS bigint) OR o.amount > CAST(:price_max AS bigint)
    ) AS misses
    FROM offered o
),
counted AS (
    SELECT 'brand' AS key, brand AS value, count(*) AS products FROM judged WHERE brand <> '' AND misses <@ ARRAY['brand'] GROUP BY brand
    UNION ALL
    SELECT 'availability', CAST(availability AS text), count(*) FROM judged WHERE misses <@ ARRAY['availability'] GROUP BY availability
    UNION ALL
    SELECT 'rating', CAST(line.stars AS text), count(*)
    FROM judged j JOIN generate_series(1, 4) AS line (stars) ON j.stars >= line.stars WHERE j.misses <@ ARRAY['rating'] GROUP BY 2
    UNION ALL
    SELECT 'price', CAST(width_bucket(amount, CAST(:price_edges AS bigint[])) AS text), count(*)
    FROM judged WHERE misses <@ ARRAY['price'] GROUP BY 2
    UNION ALL
    SELECT 'category', c.path, sum(own.products)
    FROM (SELECT path, count(*) AS products FROM judged WHERE path IS NOT NULL AND misses <@ ARRAY['category'] GROUP BY path) own
    JOIN category c ON c.path = own.path OR starts_with(own.path, c.path || '/')
    GROUP BY c.path
    UNION ALL
    SELECT 'attr.' || a.key, each.value, count(DISTINCT j.id)
    FROM judged j
    CROSS JOIN LATERAL jsonb_each(j.attributes) AS a
    CROSS JOIN LATERAL jsonb_array_elements_text(CASE jsonb_typeof(a.value) WHEN 'array' THEN a.value ELSE '[]' END) AS each (value)
    WHERE j.misses <@ ARRAY['attr.' || a.key]
    GROUP BY 1, 2
    UNION ALL
    SELECT 'opt.' || choice.name, choice.value, count(*)
    FROM judged j
    CROSS JOIN LATERAL (
        SELECT DISTINCT o.name, o.value
        FROM variant v
        JOIN variant_price vp ON vp.variant_id = v.id AND vp.currency = :currency
        CROSS JOIN LATERAL unnest(j.option_names, v.option_values) AS o (name, value)
        WHERE v.product_id = j.id AND v.active AND o.name IS NOT NULL AND o.value IS NOT NULL
    ) choice
    WHERE j.misses <@ ARRAY['opt.' || choice.name]
    GROUP BY 1, 2
),
found AS (
    SELECT id, row_number() OVER (ORDER BY
        CASE WHEN :sort = 'relevance' THEN place END,
        CASE WHEN :sort = 'relevance' AND starts_with(lower(title), lower(:text)) THEN 0 ELSE 1 END,
        CASE WHEN :sort = 'price' THEN amount END,
        CASE WHEN :sort = '-price' THEN amount END DESC,
        CASE WHEN :sort = 'newest' THEN published_at END DESC,
        CASE WHEN :sort = 'title' THEN lower(title) END,
        CASE WHEN :sort IN ('popular', 'relevance') THEN popularity END DESC,
        id) AS place
    FROM judged WHERE misses = '{}'
)
SELECT
    ARRAY(SELECT id FROM found WHERE place > :skip AND place <= :skip + :most ORDER BY place) AS ids,
    (SELECT count(*) FROM found) AS total,
    (SELECT jsonb_object_agg(key, pairs) FROM (
        SELECT key, jsonb_agg(jsonb_build_array(value, products) ORDER BY products DESC, value) AS pairs FROM counted GROUP BY key
    ) grouped) AS facets,
    (SELECT min(amount) FROM offered) AS price_min,
    (SELECT max(amount) FROM offered) AS price_max;

-- name: product_ids_after
SELECT id FROM product WHERE id > :after_id ORDER BY id LIMIT :most;

-- name: indexed_count$
-- Those that the search can find, now or once their time has come.
SELECT count(*) FROM product p
WHERE p.status = 'active' AND p.published_at IS NOT NULL AND EXISTS (SELECT FROM variant_offer o WHERE o.product_id = p.id);

-- name: product_ids_of
-- Of categories with all below them, and of collections; published or not.
SELECT p.id FROM category k JOIN category u ON u.id = k.id OR starts_with(u.path, k.path || '/') JOIN product p ON p.category_id = u.id
WHERE k.id = ANY (CAST(:category_ids AS bigint[]))
UNION
SELECT m.product_id FROM collection_member m WHERE m.collection_id = ANY (CAST(:collection_ids AS bigint[]))
ORDER BY 1;

-- name: published_after
SELECT p.id FROM product p
WHERE p.id > :after_id AND is_published(p.status, p.published_at)
  AND EXISTS (SELECT FROM variant v JOIN variant_price vp ON vp.variant_id = v.id
              WHERE v.product_id = p.id AND v.active AND vp.currency = :currency)
ORDER BY p.id LIMIT :most;

-- name: published_after_in_category
SELECT p.id FROM product p
WHERE p.id > :after_id AND is_published(p.status, p.published_at)
  AND p.category_id = ANY (ARRAY(
      SELECT c.id FROM category c WHERE c.path = :category_path OR starts_with(c.path, :category_path || '/')))
  AND EXISTS (SELECT FROM variant v JOIN variant_price vp ON vp.variant_id = v.id
              WHERE v.product_id = p.id AND v.active AND vp.currency = :currency)
ORDER BY p.id LIMIT :most;

-- name: published_after_in_collection
SELECT DISTINCT p.id
FROM collection_member m
CROSS JOIN LATERAL (
    SELECT w.id FROM product w JOIN variant v ON v.product_id = w.id JOIN variant_price vp ON vp.variant_id = v.id
    WHERE w.id = m.product_id AND is_published(w.status, w.published_at) AND v.active AND vp.currency = :currency
    LIMIT 1
) p
WHERE m.collection_id = (SELECT c.id FROM collection c WHERE c.slug = :collection AND c.published) AND m.product_id > :after_id
ORDER BY p.id LIMIT :most;

-- name: sale_variants
SELECT v.id, v.product_id, v.sku, p.title, p.slug, p.option_names, v.option_values, vp.amount, vp.compare_at,
       coalesce(own.url, first.url) AS image_url, v.weight_grams, v.taxable, coalesce(v.tax_code, '') AS tax_code,
       v.requires_delivery, v.track_stock,
       v.active AND is_published(p.status, p.published_at) AS on_sale,
       coalesce(held.available, 0) AS available
FROM variant v
JOIN product p ON p.id = v.product_id
LEFT JOIN variant_price vp ON vp.variant_id = v.id AND vp.currency = :currency
LEFT JOIN media own ON own.id = v.media_id
LEFT JOIN LATERAL (SELECT m.url FROM media m WHERE m.product_id = p.id ORDER BY m.position, m.id LIMIT 1) first ON true
LEFT JOIN LATERAL (
    SELECT sum(s.on_hand - s.reserved + CASE WHEN v.stock_policy = 'deny' THEN 0 ELSE s.backorder_limit END) AS available
    FROM stock s JOIN stock_location l ON l.id = s.location_id WHERE s.variant_id = v.id AND l.active
) held ON true
WHERE v.id = ANY (CAST(:variant_ids AS bigint[]));

-- name: memberships
-- The categories (its own and all above) and the collections that a variant's product is in.
SELECT v.id,
       ARRAY(SELECT a.id FROM category k JOIN category a ON a.id = k.id OR starts_with(k.path, a.path || '/')
             WHERE k.id = p.category_id ORDER BY a.id) AS category_ids,
       ARRAY(SELECT DISTINCT c.collection_id FROM product_collection c WHERE c.product_id = p.id ORDER BY 1) AS collection_ids
FROM variant v
JOIN product p ON p.id = v.product_id
WHERE v.id = ANY (CAST(:variant_ids AS bigint[]));

-- name: variants_of
-- The active variants of products, in order.
SELECT id FROM variant WHERE product_id = ANY (CAST(:product_ids AS bigint[])) AND active ORDER BY product_id, position, id;

-- name: search_documents
SELECT p.id, p.slug, p.title, p.brand, p.tags, p.description_html, p.attributes, p.option_names, p.popularity,
       p.rating_sum, p.rating_count, p.published_at,
       coalesce((p.rating_sum * CAST(100 AS bigint) + p.rating_count * 5) / nullif(p.rating_count * CAST(100 AS bigint), 0), 0) AS stars,
       p.status = 'active' AND p.published_at IS NOT NULL AS published,
       above.names AS category_names, above.paths AS category_paths,
       sold.skus, sold.barcodes, offers.found AS offers,
       ARRAY(SELECT DISTINCT c.collection_id FROM product_collection c WHERE c.product_id = p.id ORDER BY 1) AS collection_ids
FROM product p
LEFT JOIN category own ON own.id = p.category_id
LEFT JOIN LATERAL (
    SELECT array_agg(c.name ORDER BY length(c.path)) AS names, array_agg(c.path ORDER BY length(c.path)) AS paths
    FROM category c WHERE c.id = own.id OR starts_with(own.path, c.path || '/')
) above ON true
LEFT JOIN LATERAL (
    SELECT array_agg(v.sku ORDER BY v.position, v.id) AS skus,
           array_agg(v.barcode ORDER BY v.position, v.id) FILTER (WHERE v.barcode <> '') AS barcodes
    FROM variant v
    WHERE v.product_id = p.id AND v.active AND EXISTS (SELECT FROM variant_price vp WHERE vp.variant_id = v.id)
) sold ON true
LEFT JOIN LATERAL (
    SELECT jsonb_object_agg(c.currency, jsonb_build_object('lowest', c.lowest, 'highest', c.highest, 'availability', c.availability,
                                                           'choices', c.choices)) AS found
    FROM (SELECT o.currency, min(o.amount) AS lowest, max(o.amount) AS highest, min(o.availability) AS availability,
                 jsonb_agg(v.option_values ORDER BY v.position, v.id) AS choices
          FROM variant_offer o JOIN variant v ON v.id = o.variant_id WHERE o.product_id = p.id GROUP BY o.currency) c
) offers ON true
WHERE p.id = ANY (CAST(:product_ids AS bigint[]))
ORDER BY p.id;

-- name: sitemap_size^
SELECT coalesce((SELECT max(id) FROM product), 0) AS last_product_id;

-- name: sitemap_pages
SELECT '/c/' || path AS url, updated_at FROM category
UNION ALL
SELECT '/collections/' || slug, updated_at FROM collection WHERE published
ORDER BY url;

-- name: sitemap_products
SELECT id, slug, updated_at FROM product
WHERE id > :after_id AND id <= :until_id AND is_published(status, published_at) ORDER BY id LIMIT :most;
