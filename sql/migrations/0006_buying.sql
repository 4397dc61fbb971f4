-- One row a cart. lines: {"<variant id>": {"quantity": 2, "seen_amount": 1999, "added": 1}}; seen_amount is the unit
-- price (minor units) that the shopper was last shown, added orders the lines.
CREATE TABLE cart (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    customer_id uuid REFERENCES customer ON DELETE SET NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ordered', 'merged')),
    version int NOT NULL DEFAULT 1,
    lines jsonb NOT NULL DEFAULT '{}',
    coupon_codes text[] NOT NULL DEFAULT '{}',
    gift_card_ids bigint[] NOT NULL DEFAULT '{}',
    email text,
    delivery_address jsonb,
    billing_address jsonb,                       -- null: same as delivery
    fulfillment_option_id bigint REFERENCES fulfillment_option ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 80);
CREATE INDEX cart_customer ON cart (customer_id) WHERE state = 'open' AND customer_id IS NOT NULL;
CREATE INDEX cart_updated ON cart (updated_at) WHERE state = 'open';

-- Whether a cart may be changed: it is open, it is the caller's (a guest's is for whoever knows its id), and still at the version that was read.
CREATE FUNCTION cart_may_change(c cart, anybody boolean, customer uuid, expected int) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
    SELECT c.state = 'open' AND (anybody OR c.customer_id IS NULL OR c.customer_id = customer) AND (expected IS NULL OR c.version = expected)
$$;

CREATE SEQUENCE order_number_seq START 1001;

CREATE TABLE orders (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    number text NOT NULL UNIQUE,                 -- what people read out: SF-1001
    cart_id uuid NOT NULL REFERENCES cart,       -- an order belongs to one cart
    cart_version int NOT NULL,                   -- the cart as it was ordered
    customer_id uuid REFERENCES customer ON DELETE SET NULL,
    email text NOT NULL,
    status text NOT NULL DEFAULT 'pending_payment'
        CHECK (status IN ('pending_payment', 'authorized', 'paid', 'partially_fulfilled', 'fulfilled', 'returned', 'cancelled')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    subtotal bigint NOT NULL CHECK (subtotal >= 0),
    discount bigint NOT NULL DEFAULT 0 CHECK (discount >= 0 AND discount <= subtotal),
    delivery bigint NOT NULL DEFAULT 0 CHECK (delivery >= 0),
    tax bigint NOT NULL DEFAULT 0 CHECK (tax >= 0),
    total bigint NOT NULL CHECK (total >= 0),
    prices_include_tax boolean NOT NULL,
    gift_card_amount bigint NOT NULL DEFAULT 0 CHECK (gift_card_amount >= 0),   -- paid by stored value
    captured bigint NOT NULL DEFAULT 0 CHECK (captured >= 0),                   -- by the provider
    refunded bigint NOT NULL DEFAULT 0 CHECK (refunded >= 0 AND refunded <= captured),
    gift_card_refunded bigint NOT NULL DEFAULT 0 CHECK (gift_card_refunded >= 0 AND gift_card_refunded <= gift_card_amount),
    delivery_address jsonb,
    billing_address jsonb,
    fulfillment_option jsonb,                    -- snapshot: code, name, amount, days
    coupon_codes text[] NOT NULL DEFAULT '{}',
    placed_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,             -- until when its stock is kept while it is not paid
    paid_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT total_adds_up CHECK (
        total = subtotal - discount + delivery + CASE WHEN prices_include_tax THEN 0 ELSE tax END),
    CONSTRAINT not_overcaptured CHECK (captured + gift_card_amount <= total)
) WITH (fillfactor = 80);
CREATE INDEX orders_customer ON orders (customer_id, placed_at DESC, id);
CREATE INDEX orders_email ON orders (lower(email), placed_at DESC);
CREATE INDEX orders_placed ON orders (placed_at DESC, id);
CREATE INDEX orders_pending ON orders (expires_at) WHERE status = 'pending_payment';
-- A cart is ordered once. Only an order that came to nothing makes room for another.
CREATE UNIQUE INDEX orders_one_a_cart ON orders (cart_id) WHERE status <> 'cancelled';

CREATE TABLE order_line (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    position int NOT NULL,
    variant_id bigint,
    product_id bigint,
    sku text NOT NULL,
    title text NOT NULL,
    options jsonb NOT NULL DEFAULT '[]',         -- [["Size", "M"], …]
    image_url text,
    slug text NOT NULL DEFAULT '',
    quantity int NOT NULL CHECK (quantity > 0),
    unit_amount bigint NOT NULL CHECK (unit_amount >= 0),
    subtotal bigint NOT NULL CHECK (subtotal >= 0),
    discount bigint NOT NULL DEFAULT 0 CHECK (discount >= 0 AND discount <= subtotal),
    tax bigint NOT NULL DEFAULT 0 CHECK (tax >= 0),
    tax_ppm int NOT NULL DEFAULT 0,
    total bigint NOT NULL CHECK (total >= 0),    -- what the line costs the shopper, tax in it
    fulfilled int NOT NULL DEFAULT 0 CHECK (fulfilled >= 0),
    returned int NOT NULL DEFAULT 0 CHECK (returned >= 0 AND returned <= fulfilled),
    cancelled int NOT NULL DEFAULT 0 CHECK (cancelled >= 0),
    UNIQUE (order_id, position),
    CHECK (subtotal = unit_amount * quantity),
    CHECK (fulfilled + cancelled <= quantity)
);

-- The history; the order row is its projection.
CREATE TABLE order_event (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id uuid NOT NULL REFERENCES orders,
    kind text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}',
    actor text NOT NULL DEFAULT 'system',
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX order_event_order ON order_event (order_id, id);
SELECT append_only('order_event');

CREATE TABLE order_move (
    from_status text NOT NULL,
    to_status text NOT NULL,
    PRIMARY KEY (from_status, to_status)
);
INSERT INTO order_move VALUES
    ('pending_payment', 'authorized'), ('pending_payment', 'paid'), ('pending_payment', 'cancelled'),
    ('authorized', 'paid'), ('authorized', 'partially_fulfilled'), ('authorized', 'fulfilled'), ('authorized', 'cancelled'),
    ('paid', 'partially_fulfilled'), ('paid', 'fulfilled'), ('paid', 'cancelled'),
    ('partially_fulfilled', 'fulfilled'), ('partially_fulfilled', 'cancelled'), ('partially_fulfilled', 'returned'),
    ('fulfilled', 'returned');
SELECT append_only('order_move');

CREATE FUNCTION check_order_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM order_move WHERE from_status = OLD.status AND to_status = NEW.status) THEN
        RAISE EXCEPTION 'order % cannot go from % to %', OLD.number, OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_order_move';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER legal_move BEFORE UPDATE OF status ON orders FOR EACH ROW
    WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION check_order_move();

-- One try to move money. key: what the provider is given as idempotency key, so that repeats are one effect.
CREATE TABLE payment_attempt (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id uuid NOT NULL REFERENCES orders,
    kind text NOT NULL CHECK (kind IN ('charge', 'capture', 'void', 'refund')),
    amount bigint NOT NULL CHECK (amount >= 0),
    currency text NOT NULL,
    state text NOT NULL DEFAULT 'open'
        CHECK (state IN ('open', 'requires_action', 'processing', 'authorized', 'succeeded', 'declined', 'cancelled', 'stuck')),
    capture_later boolean NOT NULL DEFAULT false,
    payment_method text,                         -- the provider's token, never a card
    provider_ref text UNIQUE,                    -- payment intent or refund id
    parent_id uuid REFERENCES payment_attempt,   -- the charge that a capture, void or refund is of
    decline_code text,
    redirect_url text,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX payment_attempt_order ON payment_attempt (order_id, created_at);
CREATE INDEX payment_attempt_charges ON payment_attempt (created_at) WHERE kind = 'charge';
CREATE INDEX payment_attempt_stuck ON payment_attempt (updated_at) WHERE state = 'stuck';
CREATE UNIQUE INDEX payment_attempt_one_open ON payment_attempt (order_id)
    WHERE kind = 'charge' AND state IN ('open', 'requires_action', 'processing', 'authorized', 'succeeded', 'stuck');
CREATE INDEX payment_attempt_unsettled ON payment_attempt (updated_at)
    WHERE state IN ('open', 'requires_action', 'processing');

-- Incoming webhooks: stored first, answered at once, applied by a job.
CREATE TABLE webhook_inbox (
    provider text NOT NULL,
    event_id text NOT NULL,
    type text NOT NULL,
    payload jsonb NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    applied_at timestamptz,
    outcome text,
    PRIMARY KEY (provider, event_id)
);
CREATE INDEX webhook_inbox_waiting ON webhook_inbox (received_at) WHERE applied_at IS NULL;
CREATE INDEX webhook_inbox_applied ON webhook_inbox (applied_at) WHERE applied_at IS NOT NULL;

-- One row for each idempotency key: what was asked, how far we got, what was answered.
-- Source: Brandur Leach, "Implementing Stripe-like Idempotency Keys in Postgres".
CREATE TABLE idempotency_key (
    scope text NOT NULL,                         -- who: 'customer:<id>', 'cart:<id>'
    key text NOT NULL CHECK (length(key) BETWEEN 1 AND 255),
    fingerprint bytea NOT NULL,                  -- SHA-256 of method, path and canonical body
    recovery_point text NOT NULL DEFAULT 'started',
    params jsonb NOT NULL DEFAULT '{}',          -- what recovery needs to go on alone
    locked_at timestamptz DEFAULT now(),         -- null: nobody is at work on it
    order_id uuid REFERENCES orders,
    response_status int,
    response_headers jsonb,
    response_body bytea,
    created_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    PRIMARY KEY (scope, key)
);
CREATE INDEX idempotency_key_unfinished ON idempotency_key (locked_at) WHERE finished_at IS NULL;
CREATE INDEX idempotency_key_age ON idempotency_key (created_at);

CREATE TABLE fulfillment (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id uuid NOT NULL REFERENCES orders,
    lines jsonb NOT NULL,                        -- [{"order_line_id": 1, "quantity": 2}]
    tracking_number text,
    tracking_url text,
    carrier text,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX fulfillment_order ON fulfillment (order_id, created_at);

CREATE TABLE order_return (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    order_id uuid NOT NULL REFERENCES orders,
    state text NOT NULL DEFAULT 'requested' CHECK (state IN ('requested', 'approved', 'received', 'refused')),
    lines jsonb NOT NULL,                        -- [{"order_line_id": 1, "quantity": 1, "reason": "…"}]
    restock boolean NOT NULL DEFAULT true,
    exchange_cart_id uuid REFERENCES cart,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX order_return_order ON order_return (order_id, created_at);

-- Numbers without gaps: taken from a counter row in the transaction that writes the invoice, never from a sequence.
CREATE TABLE invoice_counter (series text PRIMARY KEY, last int NOT NULL DEFAULT 0);
CREATE TABLE invoice (
    series text NOT NULL REFERENCES invoice_counter,
    number int NOT NULL CHECK (number > 0),
    order_id uuid NOT NULL UNIQUE REFERENCES orders,
    issued_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (series, number)
);
SELECT append_only('invoice');

-- Orders are written too often for log_changes(), which compares whole rows and plans its statement anew each time.
CREATE FUNCTION log_order_changes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (topic, key) SELECT 'order', id::text FROM new_rows;
    RETURN NULL;
END $$;
CREATE TRIGGER feed_insert AFTER INSERT ON orders REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_order_changes();
CREATE TRIGGER feed_update AFTER UPDATE ON orders REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_order_changes();

-- An order with all that belongs to it, in one statement.
CREATE VIEW order_document AS
SELECT o.*,
       coalesce((SELECT jsonb_agg(to_jsonb(l) ORDER BY l.position) FROM order_line l WHERE l.order_id = o.id), '[]') AS lines,
       coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id) FROM order_event e WHERE e.order_id = o.id), '[]') AS events,
       coalesce((SELECT jsonb_agg(to_jsonb(f) ORDER BY f.created_at, f.id) FROM fulfillment f WHERE f.order_id = o.id), '[]')
           AS fulfillments
FROM orders o;

-- A row of an order list. What was never paid and came to nothing is left out of what shoppers see (accepted).
CREATE VIEW order_summary AS
SELECT o.id, o.number, o.status, o.total, o.currency, o.email, o.customer_id, o.placed_at,
       (SELECT coalesce(sum(l.quantity), 0) FROM order_line l WHERE l.order_id = o.id) AS item_count,
       o.status <> 'cancelled' OR o.paid_at IS NOT NULL
           OR EXISTS (SELECT FROM payment_attempt a WHERE a.order_id = o.id AND a.kind <> 'charge') AS accepted
FROM orders o;

-- The order of a cart that waits for its money. What it has claimed (a coupon's use, a gift card's value) does not stand in the way
-- of that cart: it goes on with the order, or gives it up.
CREATE FUNCTION pending_order_of(asked_cart uuid) RETURNS uuid LANGUAGE sql STABLE AS $$
    SELECT o.id FROM orders o WHERE o.cart_id = asked_cart AND o.status = 'pending_payment'
$$;

-- What a promotion may ask about a shopper: the customer's group, and whether anything was ordered before (another cart, not cancelled).
CREATE FUNCTION customer_standing(asked_customer uuid, asked_email text, asked_cart uuid)
RETURNS TABLE (customer_group text, first_order boolean) LANGUAGE sql STABLE AS $$
    SELECT coalesce((SELECT c.customer_group FROM customer c WHERE c.id = asked_customer), ''),
           NOT EXISTS (SELECT FROM orders o WHERE o.customer_id = asked_customer AND o.status <> 'cancelled'
                       AND o.cart_id IS DISTINCT FROM asked_cart)
           AND NOT EXISTS (SELECT FROM orders o WHERE lower(o.email) = lower(asked_email) AND o.status <> 'cancelled'
                           AND o.cart_id IS DISTINCT FROM asked_cart)
$$;
