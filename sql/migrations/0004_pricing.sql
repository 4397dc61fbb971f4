CREATE TABLE tax_rate (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    country text NOT NULL CHECK (country ~ '^[A-Z]{2}$'),
    region text NOT NULL DEFAULT '',             -- '' is the whole country; a region's rate is preferred
    tax_code text NOT NULL DEFAULT '',           -- '' is the standard rate
    name text NOT NULL,
    rate_ppm int NOT NULL CHECK (rate_ppm BETWEEN 0 AND 1000000),   -- 200000 is 20 %
    applies_to_delivery boolean NOT NULL DEFAULT true,
    UNIQUE (country, region, tax_code)
);

CREATE TABLE delivery_zone (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL UNIQUE,
    countries text[] NOT NULL,                   -- '*' is the rest of the world
    position int NOT NULL DEFAULT 0
);
CREATE TABLE fulfillment_option (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    zone_id bigint NOT NULL REFERENCES delivery_zone ON DELETE CASCADE,
    code text NOT NULL,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('flat', 'weight')),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    amount bigint NOT NULL DEFAULT 0 CHECK (amount >= 0),           -- flat: the price
    tiers jsonb NOT NULL DEFAULT '[]',           -- weight: [{"up_to_grams": 2000, "amount": 590}, …], ascending; heavier than the last: not offered
    free_from bigint CHECK (free_from >= 0),     -- subtotal after discount from which it is free
    min_days int NOT NULL DEFAULT 1,
    max_days int NOT NULL DEFAULT 5,
    position int NOT NULL DEFAULT 0,
    active boolean NOT NULL DEFAULT true,
    UNIQUE (zone_id, code, currency)
);

CREATE TABLE promotion (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('percentage', 'fixed', 'buy_x_get_y', 'free_delivery')),
    percent_ppm int CHECK (percent_ppm BETWEEN 1 AND 1000000),
    amount bigint CHECK (amount > 0),
    currency text,
    buy_quantity int CHECK (buy_quantity > 0),
    get_quantity int CHECK (get_quantity > 0),
    product_ids bigint[] NOT NULL DEFAULT '{}',  -- empty lists: everything
    category_ids bigint[] NOT NULL DEFAULT '{}',
    collection_ids bigint[] NOT NULL DEFAULT '{}',
    customer_group text,
    first_order_only boolean NOT NULL DEFAULT false,
    minimum_subtotal bigint NOT NULL DEFAULT 0,
    starts_at timestamptz,
    ends_at timestamptz,
    needs_coupon boolean NOT NULL DEFAULT false,
    combinable boolean NOT NULL DEFAULT true,
    priority int NOT NULL DEFAULT 0,             -- lower is applied first
    active boolean NOT NULL DEFAULT true,
    updated_at timestamptz NOT NULL DEFAULT now(),
    CHECK ((kind = 'percentage') = (percent_ppm IS NOT NULL)),
    CHECK ((kind = 'fixed') = (amount IS NOT NULL AND currency IS NOT NULL)),
    CHECK ((kind = 'buy_x_get_y') = (buy_quantity IS NOT NULL AND get_quantity IS NOT NULL))
);
CREATE TABLE coupon (
    code text PRIMARY KEY CHECK (code = upper(code) AND code <> ''),
    promotion_id bigint NOT NULL REFERENCES promotion ON DELETE CASCADE,
    usage_limit int CHECK (usage_limit > 0),
    customer_limit int CHECK (customer_limit > 0),
    used int NOT NULL DEFAULT 0 CHECK (used >= 0),
    CONSTRAINT within_usage_limit CHECK (usage_limit IS NULL OR used <= usage_limit)
);
-- use_number counts the uses of one customer, so that two orders at once cannot both be the last one allowed.
CREATE TABLE coupon_use (
    code text NOT NULL REFERENCES coupon,
    order_id uuid NOT NULL,
    customer_key text NOT NULL,                  -- lower-case e-mail
    use_number int NOT NULL CHECK (use_number > 0),
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (code, order_id),
    UNIQUE (code, customer_key, use_number)
);
CREATE INDEX coupon_use_order ON coupon_use (order_id);

CREATE TABLE gift_card (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code_hash bytea NOT NULL UNIQUE,             -- SHA-256 of the normalised code
    last_four text NOT NULL,
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    balance bigint NOT NULL DEFAULT 0 CHECK (balance >= 0),
    expires_at timestamptz,
    active boolean NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE gift_card_entry (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gift_card_id bigint NOT NULL REFERENCES gift_card,
    delta bigint NOT NULL CHECK (delta <> 0),
    order_id uuid,
    reason text NOT NULL CHECK (reason IN ('issued', 'spent', 'refunded', 'correction')),
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX gift_card_entry_card ON gift_card_entry (gift_card_id);
CREATE INDEX gift_card_entry_order ON gift_card_entry (order_id);
CREATE UNIQUE INDEX gift_card_spent_once ON gift_card_entry (gift_card_id, order_id) WHERE reason = 'spent';
SELECT append_only('gift_card_entry');

-- The balance is moved by the ledger alone, and may not fall below zero.
CREATE FUNCTION move_gift_card_balance() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE gift_card g SET balance = g.balance + e.delta
    FROM (SELECT gift_card_id, sum(delta) AS delta FROM new_rows GROUP BY gift_card_id) e WHERE g.id = e.gift_card_id;
    RETURN NULL;
END $$;
CREATE TRIGGER move_balance AFTER INSERT ON gift_card_entry REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION move_gift_card_balance();

SELECT follow_table('promotion', 'promotion', 'r.id');
SELECT follow_table('tax_rate', 'tax', 'r.country');
SELECT follow_table('delivery_zone', 'fulfillment_option', 'r.id');
SELECT follow_table('fulfillment_option', 'fulfillment_option', 'r.zone_id');
