CREATE TABLE category (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id bigint REFERENCES category,
    slug text NOT NULL CHECK (slug ~ '^[^/[:space:]]+$'),
    path text NOT NULL UNIQUE,              -- slugs from the root, joined by '/'
    name text NOT NULL,
    description_html text NOT NULL DEFAULT '',
    position int NOT NULL DEFAULT 0,
    seo_title text,
    seo_description text,
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE NULLS NOT DISTINCT (parent_id, slug)
);
CREATE INDEX category_path_prefix ON category (path text_pattern_ops);

CREATE TABLE product (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[^/[:space:]]+$'),
    title text NOT NULL CHECK (title <> ''),
    description_html text NOT NULL DEFAULT '',   -- sanitised when written
    brand text NOT NULL DEFAULT '',
    category_id bigint REFERENCES category,
    tags text[] NOT NULL DEFAULT '{}',
    attributes jsonb NOT NULL DEFAULT '{}',      -- {"Material": ["Oak", "Steel"]}
    option_names text[] NOT NULL DEFAULT '{}',   -- at most three, in order; empty for a single variant
    status text NOT NULL DEFAULT 'draft' CHECK (status IN ('draft', 'active', 'archived')),
    published_at timestamptz,
    seo_title text,
    seo_description text,
    gift_card boolean NOT NULL DEFAULT false,
    popularity int NOT NULL DEFAULT 0,           -- units sold lately, for tie-breaks
    rating_sum int NOT NULL DEFAULT 0,
    rating_count int NOT NULL DEFAULT 0,
    import_extra jsonb NOT NULL DEFAULT '{}',    -- columns of a catalog file that the shop keeps for the next export
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK (cardinality(option_names) <= 3)
);
CREATE INDEX product_category ON product (category_id, id);
CREATE INDEX product_newest ON product (published_at DESC, id) WHERE status = 'active';
CREATE INDEX product_title_trgm_free ON product (lower(title) text_pattern_ops);
CREATE INDEX product_category_popular ON product (category_id, popularity DESC, id) WHERE status = 'active';
CREATE INDEX product_brand_popular ON product (brand, popularity DESC, id) WHERE status = 'active';
CREATE INDEX product_tags ON product USING gin (tags);

-- What the plain SQL search looks through when the search index is away.
CREATE FUNCTION product_words(title text, brand text, tags text[]) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT to_tsvector('english', title || ' ' || brand || ' ' || array_to_string(tags, ' '))
$$;
CREATE INDEX product_text ON product USING gin (product_words(title, brand, tags));

CREATE FUNCTION is_published(status text, published_at timestamptz) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT status = 'active' AND published_at IS NOT NULL AND published_at <= now()
$$;

CREATE TABLE media (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint REFERENCES product ON DELETE CASCADE,
    category_id bigint REFERENCES category ON DELETE CASCADE,
    position int NOT NULL DEFAULT 1,
    url text NOT NULL,                           -- '/media/…' when stored here, else the address it was imported with
    alt text NOT NULL DEFAULT '',
    width int,
    height int,
    UNIQUE (product_id, url),
    CHECK (num_nonnulls(product_id, category_id) = 1)
);
CREATE INDEX media_product ON media (product_id, position, id);
CREATE INDEX media_category ON media (category_id) WHERE category_id IS NOT NULL;

CREATE TABLE variant (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    product_id bigint NOT NULL REFERENCES product ON DELETE CASCADE,
    sku text NOT NULL UNIQUE CHECK (sku <> ''),
    option_values text[] NOT NULL DEFAULT '{}',  -- one for each of product.option_names
    position int NOT NULL DEFAULT 1,
    barcode text,
    weight_grams int NOT NULL DEFAULT 0 CHECK (weight_grams >= 0),
    requires_delivery boolean NOT NULL DEFAULT true,
    taxable boolean NOT NULL DEFAULT true,
    tax_code text,
    track_stock boolean NOT NULL DEFAULT true,
    stock_policy text NOT NULL DEFAULT 'deny' CHECK (stock_policy IN ('deny', 'backorder', 'preorder')),
    media_id bigint REFERENCES media ON DELETE SET NULL,
    active boolean NOT NULL DEFAULT true,
    import_extra jsonb NOT NULL DEFAULT '{}',
    updated_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (product_id, option_values)
);
CREATE INDEX variant_product ON variant (product_id, position, id);
CREATE INDEX variant_barcode ON variant (barcode) WHERE barcode IS NOT NULL;

CREATE TABLE variant_price (
    variant_id bigint NOT NULL REFERENCES variant ON DELETE CASCADE,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL CHECK (amount >= 0),              -- minor units
    compare_at bigint CHECK (compare_at > amount),           -- minor units; the price that is struck through
    PRIMARY KEY (variant_id, currency)
);

CREATE TABLE collection (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug text NOT NULL UNIQUE,
    name text NOT NULL,
    description_html text NOT NULL DEFAULT '',
    rule jsonb,                                  -- null: curated by hand; else all of those given hold: {"tag": …, "brand": …,
                                                 -- "category": path, "price_max": minor units, "currency": of price_max}
    position int NOT NULL DEFAULT 0,
    on_home boolean NOT NULL DEFAULT false,
    published boolean NOT NULL DEFAULT true,
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE collection_product (
    collection_id bigint NOT NULL REFERENCES collection ON DELETE CASCADE,
    product_id bigint NOT NULL REFERENCES product ON DELETE CASCADE,
    position int NOT NULL DEFAULT 0,
    PRIMARY KEY (collection_id, product_id)
);
CREATE INDEX collection_product_product ON collection_product (product_id);

-- Whether a product falls under a rule. lowest: its lowest price, in the currency of the rule.
CREATE FUNCTION rule_matches(rule jsonb, tags text[], brand text, category_path text, lowest bigint) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT (NOT rule ? 'tag' OR tags @> ARRAY[rule ->> 'tag'])
       AND (NOT rule ? 'brand' OR brand = rule ->> 'brand')
       AND (NOT rule ? 'category' OR category_path = rule ->> 'category' OR starts_with(category_path, (rule ->> 'category') || '/'))
       AND (NOT rule ? 'price_max' OR lowest <= CAST(rule ->> 'price_max' AS bigint))
$$;

-- From a collection to its products: the narrowest condition of a rule finds candidates by an index, the rule decides.
CREATE VIEW collection_member AS
SELECT collection_id, product_id, position FROM collection_product
UNION ALL
SELECT c.id, p.id, 0
FROM collection c
CROSS JOIN LATERAL (
    SELECT t.* FROM product t WHERE c.rule ? 'tag' AND t.tags @> ARRAY[c.rule ->> 'tag']
    UNION ALL
    SELECT b.* FROM product b WHERE c.rule ? 'brand' AND NOT c.rule ? 'tag' AND b.brand = c.rule ->> 'brand' AND b.status = 'active'
    UNION ALL
    SELECT u.* FROM category k JOIN product u ON u.category_id = k.id
    WHERE c.rule ? 'category' AND NOT c.rule ?| ARRAY['tag', 'brand']
      AND (k.path = c.rule ->> 'category' OR starts_with(k.path, (c.rule ->> 'category') || '/'))
    UNION ALL
    SELECT a.* FROM product a WHERE NOT c.rule ?| ARRAY['tag', 'brand', 'category']
) p
LEFT JOIN category pc ON pc.id = p.category_id
WHERE c.rule IS NOT NULL
  AND rule_matches(c.rule, p.tags, p.brand, pc.path,
                   (SELECT min(vp.amount) FROM variant v JOIN variant_price vp ON vp.variant_id = v.id
                     WHERE v.product_id = p.id AND v.active AND vp.currency = coalesce(c.rule ->> 'currency', vp.currency)));

-- From a product to the collections that it is in.
CREATE VIEW product_collection AS
SELECT product_id, collection_id FROM collection_product
UNION ALL
SELECT p.id, c.id
FROM product p
LEFT JOIN category pc ON pc.id = p.category_id
JOIN collection c ON c.rule IS NOT NULL
  AND rule_matches(c.rule, p.tags, p.brand, pc.path,
                   (SELECT min(vp.amount) FROM variant v JOIN variant_price vp ON vp.variant_id = v.id
                     WHERE v.product_id = p.id AND v.active AND vp.currency = coalesce(c.rule ->> 'currency', vp.currency)));

-- Where an old URL leads. kind and old_slug name the old page, target_id the row that answers now.
CREATE TABLE slug_redirect (
    kind text NOT NULL CHECK (kind IN ('product', 'category', 'collection')),
    old_slug text NOT NULL,
    target_id bigint NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (kind, old_slug)
);

CREATE FUNCTION remember_old_slug() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text := CASE TG_TABLE_NAME WHEN 'category' THEN to_jsonb(OLD) ->> 'path' ELSE to_jsonb(OLD) ->> 'slug' END;
    after text := CASE TG_TABLE_NAME WHEN 'category' THEN to_jsonb(NEW) ->> 'path' ELSE to_jsonb(NEW) ->> 'slug' END;
BEGIN
    IF before IS DISTINCT FROM after THEN
        INSERT INTO slug_redirect (kind, old_slug, target_id) VALUES (TG_TABLE_NAME, before, OLD.id)
            ON CONFLICT (kind, old_slug) DO UPDATE SET target_id = EXCLUDED.target_id;
        DELETE FROM slug_redirect WHERE kind = TG_TABLE_NAME AND old_slug = after;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER old_slug AFTER UPDATE ON product FOR EACH ROW WHEN (OLD.slug IS DISTINCT FROM NEW.slug) EXECUTE FUNCTION remember_old_slug();
CREATE TRIGGER old_slug AFTER UPDATE ON category FOR EACH ROW WHEN (OLD.path IS DISTINCT FROM NEW.path) EXECUTE FUNCTION remember_old_slug();
CREATE TRIGGER old_slug AFTER UPDATE ON collection FOR EACH ROW WHEN (OLD.slug IS DISTINCT FROM NEW.slug) EXECUTE FUNCTION remember_old_slug();

-- What search and redirects know beyond the catalog; edited by an operator.
CREATE TABLE search_synonym (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    terms text[] NOT NULL CHECK (cardinality(terms) >= 2),
    locale text NOT NULL DEFAULT 'en'
);
CREATE TABLE search_redirect (
    query text PRIMARY KEY,
    url text NOT NULL CHECK (url ~ '^/')
);
CREATE TABLE search_boost (
    query text NOT NULL,
    product_id bigint NOT NULL REFERENCES product ON DELETE CASCADE,
    pinned_at int,                               -- position from 1, or null for a boost
    boost real NOT NULL DEFAULT 1,
    PRIMARY KEY (query, product_id)
);
CREATE TABLE search_miss (
    query text PRIMARY KEY,
    searches int NOT NULL DEFAULT 1,
    last_at timestamptz NOT NULL DEFAULT now()
);

-- A product tells of itself; the category that it leaves, or is deleted from, is told of here.
CREATE FUNCTION log_left_category() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        INSERT INTO change_log (topic, key)
        SELECT DISTINCT 'left_category', o.category_id::text FROM old_rows o WHERE o.category_id IS NOT NULL;
    ELSE
        INSERT INTO change_log (topic, key)
        SELECT DISTINCT 'left_category', o.category_id::text FROM old_rows o JOIN new_rows n USING (id)
        WHERE o.category_id IS DISTINCT FROM n.category_id AND o.category_id IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER feed_left_category AFTER UPDATE ON product REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_left_category();
CREATE TRIGGER feed_left_category_at_delete AFTER DELETE ON product REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_left_category();

SELECT follow_table('product', 'product', 'r.id');
SELECT follow_table('variant', 'variant', 'r.product_id');
SELECT follow_table('variant_price', 'price', '(SELECT v.product_id FROM variant v WHERE v.id = r.variant_id)');
SELECT follow_table('media', 'media', 'coalesce(r.product_id, -r.category_id)');
SELECT follow_table('category', 'category', 'r.id');
SELECT follow_table('collection', 'collection', 'r.id');
SELECT follow_table('collection_product', 'collection', 'r.collection_id');
SELECT follow_table('slug_redirect', 'redirect', 'r.kind || '':'' || r.old_slug');
SELECT follow_table('search_synonym', 'synonym', 'r.id');
SELECT follow_table('search_redirect', 'synonym', 'r.query');
SELECT follow_table('search_boost', 'synonym', 'r.query');
