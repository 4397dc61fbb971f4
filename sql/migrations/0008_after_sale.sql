-- After the sale: returns and exchanges step by step, invoices and credit notes.

-- Units that are on their way back, asked for and not yet received. What is returned and what is asked for is never more than what was
-- sent; what is given back for a line never more than the line cost.
-- (Rows that are there have the defaults, so that nothing needs to be read to know that they fit.)
ALTER TABLE order_line
    ADD COLUMN coming_back int NOT NULL DEFAULT 0,
    ADD COLUMN credited bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT never_more_back_than_sent CHECK (coming_back >= 0 AND returned + coming_back <= fulfilled) NOT VALID,
    ADD CONSTRAINT never_more_credited_than_cost CHECK (credited BETWEEN 0 AND total) NOT VALID;

-- Value that went into exchanges is neither paid out nor still the order's.
ALTER TABLE orders
    ADD COLUMN exchanged bigint NOT NULL DEFAULT 0,
    ADD CONSTRAINT never_more_back_than_paid CHECK (
        exchanged >= 0 AND refunded + gift_card_refunded + exchanged <= captured + gift_card_amount) NOT VALID;

-- lines: [{"order_line_id": 1, "quantity": 2, "reason": "does_not_fit", "variant_id": 7, "received": 2, "damaged": 1}]; variant_id is what
-- is wanted instead, received counts the damaged ones in.
ALTER TABLE order_return
    DROP CONSTRAINT order_return_state_check,
    ADD CONSTRAINT order_return_state_check CHECK (
        state IN ('requested', 'approved', 'refused', 'withdrawn', 'received', 'refunded', 'exchanging', 'exchanged')),
    ADD COLUMN resolution text NOT NULL DEFAULT 'refund' CHECK (resolution IN ('refund', 'exchange')),
    ADD COLUMN note text NOT NULL DEFAULT '',            -- the shopper's
    ADD COLUMN answer text NOT NULL DEFAULT '',          -- the shop's
    ADD COLUMN goods_amount bigint NOT NULL DEFAULT 0 CHECK (goods_amount >= 0),        -- the returned units' share of what was paid
    ADD COLUMN delivery_amount bigint NOT NULL DEFAULT 0 CHECK (delivery_amount >= 0),  -- given back with them
    ADD COLUMN amount bigint NOT NULL DEFAULT 0 CHECK (amount >= 0),                    -- what was given back or exchanged
    ADD COLUMN exchange_card_id bigint REFERENCES gift_card,
    ADD COLUMN exchange_order_id uuid REFERENCES orders;
CREATE INDEX order_return_open ON order_return (created_at) WHERE state IN ('requested', 'approved', 'received');
CREATE INDEX order_return_exchanging ON order_return (updated_at) WHERE state = 'exchanging';
CREATE UNIQUE INDEX order_return_card ON order_return (exchange_card_id) WHERE exchange_card_id IS NOT NULL;

CREATE TABLE return_move (
    from_state text NOT NULL,
    to_state text NOT NULL,
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO return_move VALUES
    ('requested', 'approved'), ('requested', 'refused'), ('requested', 'withdrawn'),
    ('approved', 'received'), ('approved', 'refused'), ('approved', 'withdrawn'),
    ('received', 'refunded'), ('received', 'exchanging'),
    ('exchanging', 'exchanged'), ('exchanging', 'refunded');
SELECT append_only('return_move');

CREATE FUNCTION check_return_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM return_move WHERE from_state = OLD.state AND to_state = NEW.state) THEN
        RAISE EXCEPTION 'return % cannot go from % to %', OLD.id, OLD.state, NEW.state
            USING ERRCODE = 'check_violation', CONSTRAINT = 'legal_return_move';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER legal_move BEFORE UPDATE OF state ON order_return FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION check_return_move();

-- Stored value that stands for returned goods. Nobody knows a code for it: it is on the cart that was made for the exchange.
ALTER TABLE gift_card ADD COLUMN exchange_of uuid;
CREATE UNIQUE INDEX gift_card_exchange ON gift_card (exchange_of) WHERE exchange_of IS NOT NULL;
CREATE INDEX gift_card_exchange_left ON gift_card (id) WHERE exchange_of IS NOT NULL AND balance > 0;

-- Who sells, as it stood on invoices since then. What was written once stays as it was.
CREATE TABLE invoice_seller (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    address text NOT NULL,                       -- lines: address, tax number
    since timestamptz NOT NULL DEFAULT now()
);
SELECT append_only('invoice_seller');
ALTER TABLE invoice ADD COLUMN seller_id bigint REFERENCES invoice_seller;

-- Says that less is owed for an order than its invoice does. source: the refund or exchange that it is of, so that each has one at most.
CREATE TABLE credit_note (
    series text NOT NULL REFERENCES invoice_counter,
    number int NOT NULL CHECK (number > 0),
    order_id uuid NOT NULL REFERENCES invoice (order_id),
    source uuid NOT NULL UNIQUE,
    amount bigint NOT NULL CHECK (amount > 0),
    lines jsonb NOT NULL DEFAULT '[]',           -- [{"order_line_id": 1, "quantity": 1, "amount": 1500, "tax": 239}]; none: of no line
    delivery_amount bigint NOT NULL DEFAULT 0 CHECK (delivery_amount >= 0),
    issued_at timestamptz NOT NULL DEFAULT now(),
    seller_id bigint REFERENCES invoice_seller,
    PRIMARY KEY (series, number)
);
CREATE INDEX credit_note_order ON credit_note (order_id);
SELECT append_only('credit_note');

-- take_number(series): the next one, to be used in the same transaction; whoever comes second waits until the first has committed.
CREATE FUNCTION take_number(wanted text) RETURNS int LANGUAGE sql AS $$
    INSERT INTO invoice_counter (series, last) VALUES (wanted, 1)
    ON CONFLICT (series) DO UPDATE SET last = invoice_counter.last + 1
    RETURNING last
$$;

-- Orders that were paid before there were invoices get theirs in the order in which they were paid.
WITH numbered AS (
    INSERT INTO invoice_counter (series, last)
    SELECT 'INV-' || extract(year FROM now() AT TIME ZONE 'UTC'), count(*) FROM orders o
    WHERE o.paid_at IS NOT NULL AND NOT EXISTS (SELECT FROM invoice) HAVING count(*) > 0
    ON CONFLICT (series) DO NOTHING RETURNING series
)
INSERT INTO invoice (series, number, order_id)
SELECT numbered.series, row_number() OVER (ORDER BY o.paid_at, o.id), o.id FROM orders o, numbered WHERE o.paid_at IS NOT NULL;

-- An order with all that belongs to it, in one statement. New columns come last, so that the release before still finds its own.
CREATE OR REPLACE VIEW order_document AS
SELECT o.id, o.number, o.cart_id, o.cart_version, o.customer_id, o.email, o.status, o.currency, o.subtotal, o.discount, o.delivery, o.tax,
       o.total, o.prices_include_tax, o.gift_card_amount, o.captured, o.refunded, o.gift_card_refunded, o.delivery_address,
       o.billing_address, o.fulfillment_option, o.coupon_codes, o.placed_at, o.expires_at, o.paid_at, o.updated_at,
       coalesce((SELECT jsonb_agg(to_jsonb(l) ORDER BY l.position) FROM order_line l WHERE l.order_id = o.id), '[]') AS lines,
       coalesce((SELECT jsonb_agg(to_jsonb(e) ORDER BY e.id) FROM order_event e WHERE e.order_id = o.id), '[]') AS events,
       coalesce((SELECT jsonb_agg(to_jsonb(f) ORDER BY f.created_at, f.id) FROM fulfillment f WHERE f.order_id = o.id), '[]')
           AS fulfillments,
       o.exchanged,
       coalesce((SELECT jsonb_agg(to_jsonb(r) ORDER BY r.created_at, r.id) FROM order_return r WHERE r.order_id = o.id), '[]') AS returns,
       (SELECT to_jsonb(i) || jsonb_build_object('seller', to_jsonb(s)) FROM invoice i LEFT JOIN invoice_seller s ON s.id = i.seller_id
        WHERE i.order_id = o.id) AS invoice,
       coalesce((SELECT jsonb_agg(to_jsonb(c) || jsonb_build_object('seller', to_jsonb(s)) ORDER BY c.issued_at, c.series, c.number)
                 FROM credit_note c LEFT JOIN invoice_seller s ON s.id = c.seller_id WHERE c.order_id = o.id), '[]') AS credit_notes
FROM orders o;
