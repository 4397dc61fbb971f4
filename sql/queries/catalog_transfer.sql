-- Import and export of catalog files. An import copies a batch of products into tables of its own connection (file_…) and merges
-- them from there; a merge touches only rows that differ, so that importing a file again changes nothing and tells nobody.
-- NULL in a file_… table means that the file does not say, and what the shop has stays.

-- name: create_staging#
CREATE TEMP TABLE IF NOT EXISTS file_product (
    slug text, title text, description_html text, brand text, category_id bigint, categorised boolean, tags text[],
    attributes jsonb, option_names text[], status text, published boolean, seo_title text, seo_description text,
    gift_card boolean, extra jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS file_picture (
    slug text, url text, alt text, position int, last_position int, place int
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS file_variant (
    slug text, variant_id bigint, sku text, option_values text[], position int, first boolean, barcode text, weight_grams int,
    requires_delivery boolean, taxable boolean, tax_code text, track_stock boolean, stock_policy text, preorder boolean, active boolean,
    picture text, extra jsonb
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS file_price (
    sku text, currency text, amount bigint, compare_at bigint, compare_given boolean
) ON COMMIT DELETE ROWS;
CREATE TEMP TABLE IF NOT EXISTS file_stock (
    line int, sku text, location_id bigint, quantity int, backorder_limit int, stock_policy text, is_new boolean
) ON COMMIT DELETE ROWS;

-- name: lock_imports$
SELECT pg_try_advisory_lock(hashtext('catalog import'));

-- name: analyze_catalog$
SELECT analyze_catalog();

-- name: begin_import_batch!
SELECT set_config('storefront.stock_reason', 'import', true), set_config('storefront.actor', :actor, true);

-- name: stock_locations
SELECT id, code FROM stock_location ORDER BY code <> 'main', priority, id;

-- name: categories_from_the_root
-- Parents before their children.
SELECT id, parent_id, path, name FROM category ORDER BY array_length(string_to_array(path, '/'), 1), id;

-- name: insert_category^
INSERT INTO category (parent_id, slug, path, name) VALUES (:parent_id, :slug, :path, :name)
ON CONFLICT (path) DO UPDATE SET path = EXCLUDED.path
RETURNING id, xmax = 0 AS created;

-- name: variants_of_slugs
SELECT p.slug, v.id, v.sku, v.option_values, v.position, v.active, v.stock_policy
FROM product p JOIN variant v ON v.product_id = p.id
WHERE p.slug = ANY(:slugs::text[])
ORDER BY v.position, v.id;

-- name: products_of_slugs
SELECT slug, option_names FROM product WHERE slug = ANY(:slugs::text[]);

-- name: owners_of_skus
SELECT v.sku, p.slug FROM variant v JOIN product p ON p.id = v.product_id WHERE v.sku = ANY(:skus::text[]);

-- name: update_products_from_file
WITH wanted AS (
    SELECT p.id,
           coalesce(f.title, p.title) AS title,
           coalesce(f.description_html, p.description_html) AS description_html,
           coalesce(f.brand, p.brand) AS brand,
           CASE WHEN f.categorised THEN f.category_id ELSE p.category_id END AS category_id,
           coalesce(f.tags, p.tags) AS tags,
           (p.attributes - :attribute_names::text[]) || f.attributes AS attributes,
           f.option_names,
           coalesce(f.status, CASE WHEN f.published THEN 'active' ELSE p.status END) AS status,
           CASE WHEN f.published THEN coalesce(p.published_at, now()) WHEN f.published IS NULL THEN p.published_at END AS published_at,
           CASE WHEN f.seo_title IS NULL THEN p.seo_title ELSE nullif(f.seo_title, '') END AS seo_title,
           CASE WHEN f.seo_description IS NULL THEN p.seo_description ELSE nullif(f.seo_description, '') END AS seo_description,
           coalesce(f.gift_card, p.gift_card) AS gift_card,
           (p.import_extra - :extra_columns::text[]) || f.extra AS import_extra
    FROM file_product f JOIN product p ON p.slug = f.slug
)
UPDATE product p SET
    title = w.title, description_html = w.description_html, brand = w.brand, category_id = w.category_id, tags = w.tags,
    attributes = w.attributes, option_names = w.option_names, status = w.status, published_at = w.published_at,
    seo_title = w.seo_title, seo_description = w.seo_description, gift_card = w.gift_card, import_extra = w.import_extra,
    updated_at = now()
FROM wanted w
WHERE p.id = w.id
  AND (p.title, p.description_html, p.brand, p.category_id, p.tags, p.attributes, p.option_names, p.status, p.published_at,
       p.seo_title, p.seo_description, p.gift_card, p.import_extra)
      IS DISTINCT FROM
      (w.title, w.description_html, w.brand, w.category_id, w.tags, w.attributes, w.option_names, w.status, w.published_at,
       w.seo_title, w.seo_description, w.gift_card, w.import_extra)
RETURNING p.id AS product_id;

-- name: insert_products_from_file
INSERT INTO product (slug, title, description_html, brand, category_id, tags, attributes, option_names, status, published_at,
                     seo_title, seo_description, gift_card, import_extra)
SELECT f.slug, f.title, coalesce(f.description_html, ''), coalesce(f.brand, ''), f.category_id, coalesce(f.tags, '{}'), f.attributes,
       f.option_names, coalesce(f.status, CASE WHEN coalesce(f.published, true) THEN 'active' ELSE 'draft' END),
       CASE WHEN coalesce(f.published, coalesce(f.status, 'active') = 'active') THEN now() END,
       nullif(f.seo_title, ''), nullif(f.seo_description, ''), coalesce(f.gift_card, false), f.extra
FROM file_product f
WHERE NOT EXISTS (SELECT FROM product p WHERE p.slug = f.slug)
ON CONFLICT (slug) DO NOTHING
RETURNING id AS product_id;

-- name: update_pictures_from_file
UPDATE media m SET alt = coalesce(f.alt, m.alt), position = coalesce(f.position, m.position)
FROM file_picture f JOIN product p ON p.slug = f.slug
WHERE m.product_id = p.id AND m.url = f.url
  AND (m.alt, m.position) IS DISTINCT FROM (coalesce(f.alt, m.alt), coalesce(f.position, m.position))
RETURNING m.product_id;

-- name: insert_pictures_from_file
-- Those without a position come after all others, of the file and of the shop.
INSERT INTO media (product_id, url, alt, position)
SELECT p.id, f.url, coalesce(f.alt, ''),
       coalesce(f.position, f.place + greatest(f.last_position, (SELECT max(position) FROM media WHERE product_id = p.id)))
FROM file_picture f JOIN product p ON p.slug = f.slug
WHERE NOT EXISTS (SELECT FROM media m WHERE m.product_id = p.id AND m.url = f.url)
ORDER BY p.id, f.position NULLS LAST, f.place
ON CONFLICT (product_id, url) DO NOTHING
RETURNING product_id;

-- name: retire_variants
-- Variants whose number of option values no longer fits their product.
UPDATE variant SET active = false, updated_at = now() WHERE id = ANY(:variant_ids::bigint[]) AND active RETURNING product_id;

-- name: park_option_values!
-- Frees the option values of variants that are about to swap theirs.
UPDATE variant SET option_values = ARRAY['(' || id || ')'] WHERE id = ANY(:variant_ids::bigint[]);

-- name: update_variants_from_file
WITH wanted AS (
    SELECT v.id, f.sku, f.option_values, coalesce(f.position, v.position) AS position,
           CASE WHEN f.barcode IS NULL THEN v.barcode ELSE nullif(f.barcode, '') END AS barcode,
           coalesce(f.weight_grams, v.weight_grams) AS weight_grams,
           coalesce(f.requires_delivery, v.requires_delivery) AS requires_delivery,
           coalesce(f.taxable, v.taxable) AS taxable,
           CASE WHEN f.tax_code IS NULL THEN v.tax_code ELSE nullif(f.tax_code, '') END AS tax_code,
           coalesce(f.track_stock, v.track_stock) AS track_stock,
           CASE WHEN f.preorder IS NULL AND f.stock_policy = 'backorder' AND v.stock_policy = 'preorder' THEN 'preorder'
                ELSE coalesce(f.stock_policy, v.stock_policy) END AS stock_policy,
           coalesce(f.active, v.active) AS active,
           CASE WHEN f.picture IS NULL THEN v.media_id ELSE m.id END AS media_id,
           (v.import_extra - CASE WHEN f.first THEN :first_extra_columns::text[] ELSE :extra_columns::text[] END) || f.extra AS import_extra
    FROM file_variant f
    JOIN variant v ON v.id = f.variant_id
    LEFT JOIN media m ON m.product_id = v.product_id AND m.url = f.picture
)
UPDATE variant v SET
    sku = w.sku, option_values = w.option_values, position = w.position, barcode = w.barcode, weight_grams = w.weight_grams,
    requires_delivery = w.requires_delivery, taxable = w.taxable, tax_code = w.tax_code, track_stock = w.track_stock,
    stock_policy = w.stock_policy, active = w.active, media_id = w.media_id, import_extra = w.import_extra, updated_at = now()
FROM wanted w
WHERE v.id = w.id
  AND (v.sku, v.option_values, v.position, v.barcode, v.weight_grams, v.requires_delivery, v.taxable, v.tax_code, v.track_stock,
       v.stock_policy, v.active, v.media_id, v.import_extra)
      IS DISTINCT FROM
      (w.sku, w.option_values, w.position, w.barcode, w.weight_grams, w.requires_delivery, w.taxable, w.tax_code, w.track_stock,
       w.stock_policy, w.active, w.media_id, w.import_extra)
RETURNING v.product_id;

-- name: insert_variants_from_file
INSERT INTO variant (product_id, sku, option_values, position, barcode, weight_grams, requires_delivery, taxable, tax_code, track_stock,
                     stock_policy, active, media_id, import_extra)
SELECT p.id, f.sku, f.option_values, coalesce(f.position, 1), nullif(f.barcode, ''), coalesce(f.weight_grams, 0), coalesce(f.requires_delivery, true),
       coalesce(f.taxable, true), nullif(f.tax_code, ''), coalesce(f.track_stock, true), coalesce(f.stock_policy, 'deny'),
       coalesce(f.active, true), m.id, f.extra
FROM file_variant f
JOIN product p ON p.slug = f.slug
LEFT JOIN media m ON m.product_id = p.id AND m.url = f.picture
WHERE f.variant_id IS NULL
ORDER BY p.id, f.position
RETURNING product_id;

-- name: merge_prices_from_file
WITH wanted AS (
    SELECT v.id AS variant_id, f.currency, f.amount,
           CASE WHEN f.compare_given THEN f.compare_at WHEN known.compare_at > f.amount THEN known.compare_at END AS compare_at,
           known.amount AS known_amount, known.compare_at AS known_compare_at
    FROM file_price f
    JOIN variant v ON v.sku = f.sku
    LEFT JOIN variant_price known ON known.variant_id = v.id AND known.currency = f.currency
)
INSERT INTO variant_price (variant_id, currency, amount, compare_at)
SELECT variant_id, currency, amount, compare_at FROM wanted
WHERE (amount, compare_at) IS DISTINCT FROM (known_amount, known_compare_at)
ORDER BY variant_id, currency
ON CONFLICT (variant_id, currency) DO UPDATE SET amount = EXCLUDED.amount, compare_at = EXCLUDED.compare_at
RETURNING (SELECT v.product_id FROM variant v WHERE v.id = variant_price.variant_id) AS product_id, xmax = 0 AS created;

-- name: insert_stock_from_file
-- A variant of the shop's gets a new row only where there is something to count, or to sell ahead: no row and a row of zero are the same. One
-- that is sold ahead already is so at a new location only if the file says how many: what the shop allows elsewhere is no more for it.
INSERT INTO stock (variant_id, location_id, on_hand, backorder_limit)
SELECT v.id, f.location_id, greatest(coalesce(f.quantity, 0), -target.backorder_limit), target.backorder_limit
FROM file_stock f
JOIN variant v ON v.sku = f.sku
CROSS JOIN LATERAL (
    SELECT CASE WHEN v.stock_policy = 'deny' THEN 0
                WHEN f.is_new OR f.stock_policy = 'backorder' THEN coalesce(f.backorder_limit, :backorder_limit::int)
                ELSE coalesce(f.backorder_limit, 0) END AS backorder_limit
) target
WHERE (f.is_new OR f.quantity <> 0 OR (f.quantity = 0 AND f.stock_policy = 'backorder') OR f.backorder_limit > 0 AND target.backorder_limit > 0)
  AND NOT EXISTS (SELECT FROM stock s WHERE s.variant_id = v.id AND s.location_id = f.location_id)
ORDER BY v.id, f.location_id
ON CONFLICT (variant_id, location_id) DO NOTHING
RETURNING (SELECT v.product_id FROM variant v WHERE v.id = stock.variant_id) AS product_id;

-- name: update_stock_from_file
-- Rows are locked in the one order (variant, location), and only those that change. What carts and orders hold stays covered, and so does
-- what was sold ahead, whatever limit the file gives, or when it says that nothing is any more.
WITH wanted AS (
    SELECT s.variant_id, s.location_id, v.product_id, target.backorder_limit,
           greatest(coalesce(f.quantity, s.on_hand), s.reserved - target.backorder_limit) AS on_hand
    FROM file_stock f
    JOIN variant v ON v.sku = f.sku
    JOIN stock s ON s.variant_id = v.id AND s.location_id = f.location_id
    CROSS JOIN LATERAL (
        SELECT CASE WHEN f.stock_policy = 'deny' THEN least(s.backorder_limit, greatest(0, s.reserved - coalesce(f.quantity, s.on_hand)))
                    WHEN v.stock_policy <> 'deny' AND f.backorder_limit IS NOT NULL
                        THEN greatest(f.backorder_limit, s.reserved - greatest(s.on_hand, coalesce(f.quantity, s.on_hand)))
                    WHEN f.stock_policy = 'backorder' AND s.backorder_limit = 0 THEN :backorder_limit::int
                    ELSE s.backorder_limit END AS backorder_limit
    ) target
    WHERE (s.on_hand, s.backorder_limit) IS DISTINCT FROM
          (greatest(coalesce(f.quantity, s.on_hand), s.reserved - target.backorder_limit), target.backorder_limit)
    ORDER BY s.variant_id, s.location_id
    FOR UPDATE OF s
)
UPDATE stock s SET on_hand = w.on_hand, backorder_limit = w.backorder_limit
FROM wanted w WHERE s.variant_id = w.variant_id AND s.location_id = w.location_id
RETURNING w.product_id;

-- name: stock_unlike_file
SELECT f.line, p.slug, f.quantity, s.on_hand, s.reserved
FROM file_stock f
JOIN variant v ON v.sku = f.sku
JOIN product p ON p.id = v.product_id
JOIN stock s ON s.variant_id = v.id AND s.location_id = f.location_id
WHERE s.on_hand <> f.quantity
ORDER BY f.line;

-- name: export_columns^
-- What the header of an export must have beside the usual columns. Of the first variant of a product, which shares its row,
-- only columns of variants are written.
SELECT
    ARRAY(SELECT DISTINCT jsonb_object_keys(import_extra) FROM product WHERE import_extra <> '{}' ORDER BY 1) AS product_extra,
    ARRAY(SELECT DISTINCT k FROM variant v CROSS JOIN jsonb_object_keys(v.import_extra) k
          JOIN product p ON p.id = v.product_id AND cardinality(p.option_names) = cardinality(v.option_values)
          WHERE v.import_extra <> '{}'
            AND (starts_with(k, 'Variant ') OR k = ANY(:variant_columns::text[])
                 OR EXISTS (SELECT FROM variant b WHERE b.product_id = v.product_id AND (b.position, b.id) < (v.position, v.id)
                              AND cardinality(b.option_values) = cardinality(v.option_values)))
          ORDER BY 1) AS variant_extra,
    ARRAY(SELECT DISTINCT jsonb_object_keys(attributes) FROM product WHERE attributes <> '{}' ORDER BY 1) AS attributes,
    ARRAY(SELECT DISTINCT currency FROM variant_price ORDER BY 1) AS currencies,
    ARRAY(SELECT DISTINCT l.code FROM stock s JOIN stock_location l ON l.id = s.location_id ORDER BY 1) AS locations,
    EXISTS (SELECT FROM variant v JOIN product p ON p.id = v.product_id
             WHERE NOT v.active AND cardinality(p.option_names) = cardinality(v.option_values)) AS has_inactive,
    EXISTS (SELECT FROM variant v JOIN product p ON p.id = v.product_id
             WHERE v.stock_policy <> 'deny' AND cardinality(p.option_names) = cardinality(v.option_values)) AS sells_ahead;

-- name: export_page
-- Variants that no longer fit the options of their product, kept for its history, are left out.
SELECT p.slug, p.title, p.description_html, p.brand, p.category_id, p.tags, p.attributes, p.option_names, p.status,
       p.published_at IS NOT NULL AS published, p.seo_title, p.seo_description, p.gift_card, p.import_extra,
       coalesce(pictures.list, '[]') AS pictures, coalesce(variants.list, '[]') AS variants
FROM product p
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object('url', m.url, 'alt', m.alt, 'position', m.position) ORDER BY m.position, m.id) AS list
    FROM media m WHERE m.product_id = p.id
) pictures ON true
LEFT JOIN LATERAL (
    SELECT jsonb_agg(jsonb_build_object(
               'sku', v.sku, 'option_values', v.option_values, 'barcode', v.barcode, 'weight_grams', v.weight_grams,
               'requires_delivery', v.requires_delivery, 'taxable', v.taxable, 'tax_code', v.tax_code,
               'track_stock', v.track_stock, 'stock_policy', v.stock_policy, 'active', v.active, 'extra', v.import_extra,
               'picture', (SELECT m.url FROM media m WHERE m.id = v.media_id),
               'prices', (SELECT coalesce(jsonb_object_agg(vp.currency, jsonb_build_array(vp.amount, vp.compare_at)), '{}')
                          FROM variant_price vp WHERE vp.variant_id = v.id),
               'quantities', (SELECT coalesce(jsonb_object_agg(l.code, s.on_hand), '{}')
                              FROM stock s JOIN stock_location l ON l.id = s.location_id WHERE s.variant_id = v.id),
               'limits', (SELECT coalesce(jsonb_object_agg(l.code, s.backorder_limit), '{}')
                          FROM stock s JOIN stock_location l ON l.id = s.location_id WHERE s.variant_id = v.id)
           ) ORDER BY v.position, v.id) AS list
    FROM variant v WHERE v.product_id = p.id AND cardinality(v.option_values) = cardinality(p.option_names)
) variants ON true
WHERE p.slug > :after
ORDER BY p.slug
LIMIT :most;
