-- What the auditor and the operators leave behind, and what the export of orders asks of an event.

-- The provider's side of each charge that is known here, as it was when the books were last compared: minor units that were taken and not
-- given back, and whether more is only authorized.
CREATE TABLE provider_charge (
    attempt_id uuid PRIMARY KEY REFERENCES payment_attempt,
    kept bigint NOT NULL,
    authorized boolean NOT NULL,
    compared_at timestamptz NOT NULL             -- from before the provider was asked
);
CREATE TABLE provider_comparison (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    since timestamptz NOT NULL,                  -- charges from then on were compared
    compared_at timestamptz NOT NULL,
    charges int NOT NULL,
    differing int NOT NULL,
    unknown int NOT NULL                         -- of differing: charges of the provider that belong to no order here
);

-- What the last audit found. Every replica shows it in its metrics, so they are told.
CREATE TABLE audit_result (
    invariant text PRIMARY KEY,
    violations int NOT NULL CHECK (violations >= 0),
    examples jsonb NOT NULL DEFAULT '[]',        -- [["what", "detail"], …], the first few
    checked_at timestamptz NOT NULL,
    broken_since timestamptz                     -- null: it holds
);
SELECT follow_table('audit_result', 'audit', '''result''');

-- Which transaction wrote an event, as the change feed has it: an export knows by it what had been committed when it looked. Null: before
-- there was this column, and so before any export.
ALTER TABLE order_event ADD COLUMN xid xid8;
ALTER TABLE order_event ALTER COLUMN xid SET DEFAULT pg_current_xact_id();
CREATE INDEX order_event_at ON order_event USING brin (at) WITH (autosummarize = on);
CREATE INDEX order_event_xid ON order_event USING brin ((xid::text::bigint)) WITH (autosummarize = on);

-- Who changed what in the back office. Money and stock have ledgers of their own.
CREATE TABLE operator_change (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL CHECK (subject IN ('promotion', 'gift_card', 'search')),
    key text NOT NULL,                           -- which one: its id, or the text that it is for
    action text NOT NULL,
    data jsonb NOT NULL DEFAULT '{}',            -- what it is from then on
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX operator_change_subject ON operator_change (subject, key, id);
SELECT append_only('operator_change');

-- issue_key: of the form that a card was issued with; a form that is sent twice is one card.
ALTER TABLE gift_card
    ADD COLUMN recipient_email text,
    ADD COLUMN issue_key text;
CREATE UNIQUE INDEX gift_card_issue_key ON gift_card (issue_key) WHERE issue_key IS NOT NULL;

-- Codes tell their promotion, cards themselves; what orders do with them, nobody has to learn of.
CREATE TRIGGER feed_insert AFTER INSERT ON coupon REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_changes('promotion', 'r.promotion_id');
CREATE TRIGGER feed_delete AFTER DELETE ON coupon REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION log_changes('promotion', 'r.promotion_id');
CREATE FUNCTION log_coupon_limits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (topic, key) VALUES ('promotion', NEW.promotion_id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER feed_limits AFTER UPDATE OF usage_limit, customer_limit ON coupon FOR EACH ROW
    WHEN ((OLD.usage_limit, OLD.customer_limit) IS DISTINCT FROM (NEW.usage_limit, NEW.customer_limit))
    EXECUTE FUNCTION log_coupon_limits();

CREATE FUNCTION log_gift_card() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO change_log (topic, key) VALUES ('gift_card', NEW.id::text);
    RETURN NULL;
END $$;
CREATE TRIGGER feed_insert AFTER INSERT ON gift_card FOR EACH ROW EXECUTE FUNCTION log_gift_card();
CREATE TRIGGER feed_update AFTER UPDATE OF active, expires_at ON gift_card FOR EACH ROW
    WHEN ((OLD.active, OLD.expires_at) IS DISTINCT FROM (NEW.active, NEW.expires_at))
    EXECUTE FUNCTION log_gift_card();
