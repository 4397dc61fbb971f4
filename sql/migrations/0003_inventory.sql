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
CREATE INDEX stock_movement_order ON stock_movement (order_id) WHERE order_id IS NOT NULL;
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
-- released: given back (expired, cancelled, failed). A hold with an order is freed with that order only, never by its age.
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
CREATE UNIQUE INDEX reservation_cart ON reservation (cart_id, order_id, variant_id, location_id) NULLS NOT DISTINCT
    WHERE state = 'held';
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

-- The one order of locks: carts by id, then stock rows by (variant_id, location_id), then reservations. A hold changes its state
-- only while its stock row is locked, so what is read after the lock stays true until the transaction ends.
-- Answers each wanted variant with its stock at active locations, and the holds that the callers' carts (and orders) have now.
CREATE FUNCTION stock_to_hold(wanted bigint[], carts uuid[], orders uuid[]) RETURNS TABLE (
    variant_id bigint, tracked boolean, may_backorder boolean, location_id bigint, active boolean, priority int, countries text[],
    on_hand int, reserved int, backorder_limit int, holds jsonb
) LANGUAGE plpgsql AS $$
DECLARE
    concerned bigint[];
BEGIN
    PERFORM pg_advisory_xact_lock(1, hashtext(c.id::text)) FROM (SELECT DISTINCT unnest(carts) AS id ORDER BY 1) c;
    concerned := wanted || ARRAY(
        SELECT r.variant_id FROM unnest(carts, orders) AS mine (cart_id, order_id)
        JOIN reservation r ON r.cart_id = mine.cart_id AND r.state = 'held' AND (r.order_id IS NULL OR r.order_id = mine.order_id)
    );
    PERFORM FROM stock s WHERE s.variant_id = ANY (concerned) ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE;
    RETURN QUERY
    SELECT v.id, v.track_stock, v.stock_policy <> 'deny', s.location_id, l.active, l.priority, l.countries,
           s.on_hand, s.reserved, s.backorder_limit, held.found
    FROM variant v
    LEFT JOIN stock s ON s.variant_id = v.id
    LEFT JOIN stock_location l ON l.id = s.location_id
    LEFT JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('id', r.id, 'cart_id', r.cart_id, 'order_id', r.order_id, 'quantity', r.quantity)) AS found
        FROM unnest(carts, orders) AS mine (cart_id, order_id)
        JOIN reservation r ON r.cart_id = mine.cart_id AND r.state = 'held' AND (r.order_id IS NULL OR r.order_id = mine.order_id)
        WHERE r.variant_id = s.variant_id AND r.location_id = s.location_id
    ) held ON true
    WHERE v.id = ANY (concerned);
END $$;

-- Gives back holds that are still held (and, with `before`, expired by then and no order's); answers how many.
CREATE FUNCTION release_reservations(ids bigint[], before timestamptz) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
    released int;
BEGIN
    PERFORM FROM stock s
    WHERE (s.variant_id, s.location_id) IN (SELECT r.variant_id, r.location_id FROM reservation r WHERE r.id = ANY (ids))
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE;
    WITH freed AS (
        UPDATE reservation SET state = 'released'
        WHERE id = ANY (ids) AND state = 'held' AND (before IS NULL OR (expires_at < before AND order_id IS NULL))
        RETURNING variant_id, location_id, quantity
    ), given_back AS (
        UPDATE stock s SET reserved = s.reserved - f.quantity
        FROM (SELECT variant_id, location_id, sum(quantity) AS quantity FROM freed GROUP BY variant_id, location_id) f
        WHERE s.variant_id = f.variant_id AND s.location_id = f.location_id
    )
    SELECT count(*) INTO released FROM freed;
    RETURN released;
END $$;

-- Turns the holds of an order into sales; answers how many units.
CREATE FUNCTION commit_reservations(sold_order uuid) RETURNS bigint LANGUAGE plpgsql SET storefront.stock_reason = 'sold' AS $$
DECLARE
    units bigint;
BEGIN
    PERFORM set_config('storefront.stock_order', sold_order::text, true);
    PERFORM FROM stock s
    WHERE (s.variant_id, s.location_id) IN
          (SELECT r.variant_id, r.location_id FROM reservation r WHERE r.order_id = sold_order AND r.state = 'held')
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE;
    WITH sold AS (
        UPDATE reservation SET state = 'committed' WHERE order_id = sold_order AND state = 'held'
        RETURNING variant_id, location_id, quantity
    ), gone AS (
        UPDATE stock s SET on_hand = s.on_hand - g.quantity, reserved = s.reserved - g.quantity
        FROM (SELECT variant_id, location_id, sum(quantity) AS quantity FROM sold GROUP BY variant_id, location_id) g
        WHERE s.variant_id = g.variant_id AND s.location_id = g.location_id
    )
    SELECT coalesce(sum(quantity), 0) INTO units FROM sold;
    PERFORM set_config('storefront.stock_order', '', true);
    RETURN units;
END $$;

-- Puts units of an order back where they were sold from, never more than were sold and not yet put back; answers how many.
CREATE FUNCTION restock_order(sold_order uuid, variants bigint[], quantities int[], why text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    units bigint;
BEGIN
    PERFORM set_config('storefront.stock_order', sold_order::text, true), set_config('storefront.stock_reason', why, true);
    PERFORM FROM stock s
    WHERE (s.variant_id, s.location_id) IN
          (SELECT r.variant_id, r.location_id FROM reservation r WHERE r.order_id = sold_order AND r.variant_id = ANY (variants))
    ORDER BY s.variant_id, s.location_id FOR NO KEY UPDATE;
    WITH asked AS (
        SELECT a.variant_id, sum(a.quantity) AS quantity FROM unnest(variants, quantities) AS a (variant_id, quantity)
        GROUP BY a.variant_id
    ), outside AS (
        SELECT m.variant_id, m.location_id, -sum(m.delta) AS quantity FROM stock_movement m
        WHERE m.order_id = sold_order AND m.variant_id = ANY (variants) GROUP BY m.variant_id, m.location_id
    ), filled AS (
        SELECT o.variant_id, o.location_id,
               least(o.quantity, asked.quantity - coalesce(sum(o.quantity) OVER before, 0)) AS quantity
        FROM outside o JOIN asked USING (variant_id)
        WHERE o.quantity > 0
        WINDOW before AS (PARTITION BY o.variant_id ORDER BY o.location_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
    ), put_back AS (
        UPDATE stock s SET on_hand = s.on_hand + f.quantity FROM filled f
        WHERE s.variant_id = f.variant_id AND s.location_id = f.location_id AND f.quantity > 0
        RETURNING f.quantity
    )
    SELECT coalesce(sum(quantity), 0) INTO units FROM put_back;
    PERFORM set_config('storefront.stock_order', '', true), set_config('storefront.stock_reason', '', true);
    RETURN units;
END $$;

-- A count by hand, told to the ledger with its reason and who did it.
CREATE FUNCTION set_on_hand(counted_variant bigint, counted_location bigint, quantity int, why text, who text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('storefront.stock_reason', why, true), set_config('storefront.actor', who, true);
    INSERT INTO stock (variant_id, location_id, on_hand) VALUES (counted_variant, counted_location, quantity)
    ON CONFLICT (variant_id, location_id) DO UPDATE SET on_hand = EXCLUDED.on_hand WHERE stock.on_hand <> EXCLUDED.on_hand;
    PERFORM set_config('storefront.stock_reason', '', true), set_config('storefront.actor', '', true);
END $$;
