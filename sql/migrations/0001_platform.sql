-- What no shop owns: the change feed, sessions, settings that an operator edits.

-- The one river. A row is written in the transaction of the change it tells of. A reader takes what is visible to it now and was not
-- visible in the snapshot it read last, so a transaction that commits late is neither skipped nor waited for.
CREATE TABLE change_log (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    topic text NOT NULL,
    key text NOT NULL,
    payload jsonb,
    at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (xid, seq)
);
CREATE INDEX change_log_at ON change_log (at);

-- How far back the feed goes: the newest transaction with a row that was pruned. A reader whose position is older starts over.
CREATE TABLE feed_horizon (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    pruned_through xid8 NOT NULL DEFAULT '0'
);
INSERT INTO feed_horizon DEFAULT VALUES;

-- Followers that work once for the whole shop keep their place here; those inside a replica keep it beside what they feed.
CREATE TABLE feed_cursor (
    follower text PRIMARY KEY,
    position pg_snapshot NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);

-- NOTIFY takes a lock of the whole database until its transaction has committed, so orders, which nobody
-- waits for within a second, do not ring; their followers poll.
CREATE FUNCTION notify_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM new_rows WHERE topic <> 'order') THEN
        PERFORM pg_notify('change_log', '');
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER change_log_notify AFTER INSERT ON change_log REFERENCING NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION notify_change();

-- log_changes(topic, key expression over row alias r): one feed row for each key whose rows really changed.
CREATE FUNCTION log_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed text;
BEGIN
    changed := CASE TG_OP
        WHEN 'INSERT' THEN 'TABLE new_rows'
        WHEN 'DELETE' THEN 'TABLE old_rows'
        ELSE '(TABLE new_rows EXCEPT TABLE old_rows) UNION ALL (TABLE old_rows EXCEPT TABLE new_rows)'
    END;
    EXECUTE format(
        'INSERT INTO change_log (topic, key) SELECT DISTINCT %L, k FROM (SELECT (%s)::text AS k FROM (%s) AS r) AS keys WHERE k IS NOT NULL',
        TG_ARGV[0], TG_ARGV[1], changed);
    RETURN NULL;
END $$;

-- follow_table(table, topic, key expression): the three triggers that a followed table needs.
CREATE FUNCTION follow_table(followed regclass, topic text, key_expression text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER feed_insert AFTER INSERT ON %s REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION log_changes(%L, %L)', followed, topic, key_expression);
    EXECUTE format('CREATE TRIGGER feed_update AFTER UPDATE ON %s REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION log_changes(%L, %L)', followed, topic, key_expression);
    EXECUTE format('CREATE TRIGGER feed_delete AFTER DELETE ON %s REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION log_changes(%L, %L)', followed, topic, key_expression);
END $$;

-- refuse_change(): for ledgers and histories, which are only ever added to.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE FUNCTION append_only(ledger regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', ledger);
END $$;

CREATE TABLE flag (
    name text PRIMARY KEY,
    value jsonb NOT NULL,
    description text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL DEFAULT now()
);
SELECT follow_table('flag', 'flag', 'r.name');
