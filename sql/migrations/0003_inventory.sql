CREATE TABLE stock_location (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    name text NOT NULL,
    priority int NOT NULL DEFAULT 0,             -- lower is asked first
    countries text[] NOT NULL DEFAULT '{}',      -- empty: delivers everywhere
    active boolean NOT NULL DEFAULT true
);
INSERT INTO stock_location (code, name) VALUES ('main', 'Main warehouse');

-- One row of truth for what can be sold: available = on_hand - reserved, and may fall below zero only
-- as far as backorder_limit allows. Overselling is refused by the constraint, not by care.
CREATE TABLE stock (
    variant_id bigint NOT NULL REFERENCES variant ON DELETE CASCADE,
    location_id bigint NOT NULL REFERENCES stock_location,
    on_hand int NOT NULL DEFAULT 0,
    reserved int NOT NULL DEFAULT 0 CHECK (reserved >= 0),
    backorder_limit int NOT NULL DEFAULT 0 CHECK (backorder_limit >= 0),
    PRIMARY KEY (variant_id, location_id),
    CONSTRAINT no_oversell CHECK (reserved <= on_hand + backorder_limit)
) WITH (fillfactor = 70);

-- Who changed on_hand, why and by how much. Its sum is the stock.
CREATE TABLE stock_movement (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variant_id bigint NOT NULL,
    location_id bigint NOT NULL,
    delta int NOT NULL,
    reason text NOT NULL CHECK (reason IN ('import', 'count', 'received', 'sold', 'cancelled', 'returned', 'damaged', 'correction')),
    order_id uuid,
    actor text NOT NULL DEFAULT current_user,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX stock_movement_variant ON stock_movement (variant_id, location_id, id);
SELECT append_only('stock_movement');

-- The ledger is kept by the database: whoever changes on_hand, the movement is written with it.
-- The reason, order and actor come from transaction-local settings (set_config('storefront.stock_reason', …, true)).
CREATE FUNCTION write_stock_movement() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO stock_movement (variant_id, location_id, delta, reason, order_id, actor)
        SELECT n.variant_id, n.location_id, n.on_hand,
               coalesce(nullif(current_setting('storefront.stock_reason', true), ''), 'correction'),
               nullif(current_setting('storefront.stock_order', true), '')::uuid,
               coalesce(nullif(current_setting('storefront.actor', true), ''), current_user)
        FROM new_rows n WHERE n.on_hand <> 0;
    ELSE
        INSERT INTO stock_movement (variant_id, location_id, delta, reason, order_id, actor)
        SELECT n.variant_id, n.location_id, n.on_hand - o.on_hand,
               coalesce(nullif(current_setting('storefront.stock_reason', true), ''), 'correction'),
               nullif(current_setting('storefront.stock_order', true), '')::uuid,
               coalesce(nullif(current_setting('storefront.actor', true), ''), current_user)
        FROM new_rows n JOIN old_rows o USING (variant_id, location_id) WHERE n.on_hand <> o.on_hand;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_insert AFTER INSERT ON stock REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION write_stock_movement();
CREATE TRIGGER ledger_update AFTER UPDATE ON stock REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION write_stock_movement();

-- A hold. held: counted in stock.reserved until expires_at; committed: sold with its order (no longer counted);
-- released: given back (expired, cancelled, failed).
CREATE TABLE reservation (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cart_id uuid NOT NULL,
    order_id uuid,
    variant_id bigint NOT NULL,
    location_id bigint NOT NULL,
    quantity int NOT NULL CHECK (quantity > 0),
    state text NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'committed', 'released')),
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    FOREIGN KEY (variant_id, location_id) REFERENCES stock
);
CREATE INDEX reservation_cart ON reservation (cart_id) WHERE state = 'held';
CREATE INDEX reservation_order ON reservation (order_id) WHERE order_id IS NOT NULL;
CREATE INDEX reservation_expiry ON reservation (expires_at) WHERE state = 'held';
CREATE INDEX reservation_variant ON reservation (variant_id, location_id) WHERE state = 'held';

-- What a page may say of stock: 'sold_out', 'few_left' (five or fewer) or 'in_stock'.
CREATE FUNCTION stock_band(available bigint) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN available <= 0 THEN 'sold_out' WHEN available <= 5 THEN 'few_left' ELSE 'in_stock' END
$$;

-- What a shopper can count on; from best to worst, so that min() is the best of several.
CREATE TYPE availability AS ENUM ('in_stock', 'few_left', 'preorder', 'backorder', 'sold_out');

CREATE FUNCTION availability_of(track_stock boolean, stock_policy text, available bigint, backorder_limit bigint) RETURNS availability
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN NOT track_stock THEN 'in_stock'
        WHEN available <= 0 AND stock_policy <> 'deny' AND available + backorder_limit > 0 THEN stock_policy
        ELSE stock_band(available)
    END::availability
$$;

-- A variant that can be shown in a currency: its price, and its availability over the active locations.
CREATE VIEW variant_offer AS
SELECT v.id AS variant_id, v.product_id, v.position, vp.currency, vp.amount, vp.compare_at,
       availability_of(v.track_stock, v.stock_policy, coalesce(held.available, 0), coalesce(held.backorder_limit, 0)) AS availability
FROM variant v
JOIN variant_price vp ON vp.variant_id = v.id
LEFT JOIN LATERAL (
    SELECT sum(s.on_hand - s.reserved) AS available, sum(s.backorder_limit) AS backorder_limit
    FROM stock s JOIN stock_location l ON l.id = s.location_id
    WHERE s.variant_id = v.id AND l.active
) held ON true
WHERE v.active;

-- Pages show bands, so an order that moves none of them tells nobody. Near the edges every change is told,
-- since two locations may move at once and neither transaction sees the other's count.
CREATE FUNCTION log_stock_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (topic, key, payload)
    SELECT 'stock', v.product_id::text, jsonb_build_object('variants', jsonb_agg(DISTINCT changed.variant_id))
    FROM (
        SELECT moved.variant_id, moved.delta, moved.relimited,
               (SELECT sum(s.on_hand - s.reserved) FROM stock s WHERE s.variant_id = moved.variant_id) AS available,
               (SELECT sum(s.backorder_limit) FROM stock s WHERE s.variant_id = moved.variant_id) AS backorder_limit
        FROM (
            SELECT n.variant_id,
                   sum((n.on_hand - n.reserved) - (o.on_hand - o.reserved)) AS delta,
                   bool_or(n.backorder_limit <> o.backorder_limit) AS relimited
            FROM new_rows n JOIN old_rows o USING (variant_id, location_id)
            GROUP BY n.variant_id
        ) moved
        WHERE moved.delta <> 0 OR moved.relimited
    ) changed
    JOIN variant v ON v.id = changed.variant_id
    WHERE changed.relimited
       OR stock_band(changed.available) <> stock_band(changed.available - changed.delta)
       OR changed.available BETWEEN 1 AND 10
       OR changed.available <= 0 AND changed.backorder_limit > 0
    GROUP BY v.product_id;
    RETURN NULL;
END $$;
CREATE TRIGGER feed_update AFTER UPDATE ON stock REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_stock_changes();
CREATE TRIGGER feed_insert AFTER INSERT ON stock REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_changes('stock', '(SELECT v.product_id FROM variant v WHERE v.id = r.variant_id)');
CREATE TRIGGER feed_delete AFTER DELETE ON stock REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_changes('stock', '(SELECT v.product_id FROM variant v WHERE v.id = r.variant_id)');
