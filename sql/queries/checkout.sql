-- name: claim_keys
-- Of different keys: one is ours when it is new, or when whoever had it has let go or died. No row: it is answered, or somebody is at work on it
-- (its row may be locked; nobody waits for that). The commit need not be waited for: nothing that matters happens before the next phase, whose
-- commit carries this one along. `num_nulls`: an index of what is not finished would lead through all of that.
WITH wanted AS MATERIALIZED (
    SELECT n.scope, n.key, n.fingerprint, CAST(:params AS jsonb) -> CAST(n.place - 1 AS int) AS params, n.now
    FROM unnest(CAST(:scopes AS text[]), CAST(:keys AS text[]), CAST(:fingerprints AS bytea[]), CAST(:moments AS timestamptz[]))
        WITH ORDINALITY AS n (scope, key, fingerprint, now, place)
    WHERE set_config('synchronous_commit', 'off', true) = 'off'
    ORDER BY n.scope, n.key
), left_behind AS MATERIALIZED (
    SELECT k.scope, k.key, n.now FROM wanted n JOIN idempotency_key k ON k.scope = n.scope AND k.key = n.key
    WHERE num_nulls(k.finished_at) = 1 AND k.fingerprint = n.fingerprint
      AND (k.locked_at IS NULL OR k.locked_at < n.now - CAST(:stale_after AS interval))
    FOR NO KEY UPDATE OF k SKIP LOCKED
), taken_over AS (
    UPDATE idempotency_key k SET locked_at = l.now FROM left_behind l WHERE k.scope = l.scope AND k.key = l.key
    RETURNING k.scope, k.key, k.recovery_point, k.params, k.order_id, k.locked_at
), begun AS (
    INSERT INTO idempotency_key (scope, key, fingerprint, params, locked_at, created_at)
    SELECT n.scope, n.key, n.fingerprint, n.params, n.now, n.now FROM wanted n
    ON CONFLICT DO NOTHING
    RETURNING scope, key, recovery_point, params, order_id, locked_at
)
SELECT * FROM begun UNION ALL SELECT * FROM taken_over;

-- name: key_row^
SELECT fingerprint, finished_at, response_status, response_headers, response_body
FROM idempotency_key WHERE scope = :scope AND key = :key;

-- name: advance_key$
-- locked_at is the holder's token: who has lost the key to another moves nothing.
UPDATE idempotency_key
SET recovery_point = :recovery_point, order_id = coalesce(:order_id, order_id), params = params || CAST(:more AS jsonb)
WHERE scope = :scope AND key = :key AND locked_at = :locked_at AND finished_at IS NULL
RETURNING true;

-- name: note_answer$
-- As advance_key, not waiting for the commit: if it is lost, the provider is asked again.
UPDATE idempotency_key SET recovery_point = 'payment_known', params = params || CAST(:more AS jsonb)
WHERE scope = :scope AND key = :key AND locked_at = :locked_at AND finished_at IS NULL
  AND set_config('synchronous_commit', 'off', true) = 'off'
RETURNING true;

-- name: finish_key$
UPDATE idempotency_key
SET recovery_point = 'finished', response_status = :status, response_headers = :headers, response_body = :body,
    params = '{}', finished_at = :now, locked_at = NULL
WHERE scope = :scope AND key = :key AND locked_at = :locked_at AND finished_at IS NULL
RETURNING true;

-- name: order_pending^
-- The phase of that name, of an order whose cart is locked and whose goods are held for it.
SELECT number, line_ids FROM order_pending(:scope, :key, :locked_at, :wanted, :kept, '{}', '{}', true, :prefix, :now);

-- name: settle_paid$
SELECT settle_paid(:order_id, :status, :captured, :attempt_id, :attempt_state, :provider_ref, :mail_kind, :mail, :now);

-- name: orders_pending
-- The phase of that name of several orders, each of another cart; a row for each whose key is still held, without a number when the cart or
-- what it holds is not as it should be: then nothing of it has changed.
SELECT place, number, line_ids FROM orders_pending(
    :scopes, :keys, :tokens, :order_ids, :cart_ids, :versions, :countries, :expiries, :of_carts, :variant_ids, :quantities,
    :wanted, :kept, :prefix);

-- name: settle_paid_and_answer_each
-- The phase finished of several orders that are paid; a row for each whose key is still held.
SELECT place, settled FROM settle_paid_and_answer_each(
    :order_ids, :statuses, :captured, :attempt_ids, :attempt_states, :provider_refs, :moments, :mail_kind, :mails,
    :scopes, :keys, :tokens, :answer_statuses, :answer_headers, :answer_bodies);

-- name: release_key$
-- Nobody is at work on it any more; a retry, or recovery, goes on from `recovery_point`.
UPDATE idempotency_key SET locked_at = NULL, recovery_point = coalesce(:recovery_point, recovery_point)
WHERE scope = :scope AND key = :key AND locked_at = :locked_at AND finished_at IS NULL
RETURNING true;

-- name: forget_key!
-- For a request that was refused before it had any effect.
DELETE FROM idempotency_key
WHERE scope = :scope AND key = :key AND locked_at = :locked_at AND finished_at IS NULL AND order_id IS NULL;

-- name: lease_abandoned_keys
-- Keys whose holder has let go or died with an order begun; the new locked_at is the lease.
WITH abandoned AS MATERIALIZED (
    SELECT scope, key FROM idempotency_key
    WHERE finished_at IS NULL AND recovery_point <> 'started' AND (locked_at IS NULL OR locked_at < :stale)
      AND created_at > :deadline
    ORDER BY created_at LIMIT :most FOR UPDATE SKIP LOCKED
)
UPDATE idempotency_key k SET locked_at = :now
FROM abandoned a WHERE k.scope = a.scope AND k.key = a.key
RETURNING k.scope, k.key, k.recovery_point, k.params, k.order_id, k.locked_at;

-- name: release_idle_keys!
-- Their holder died before anything happened: there is nothing to finish, and a retry starts again.
UPDATE idempotency_key SET locked_at = NULL
WHERE finished_at IS NULL AND recovery_point = 'started' AND locked_at < :stale;

-- name: prune_keys!
-- Finished or not: what became of an order that was begun does not hang on its key.
DELETE FROM idempotency_key WHERE created_at < :before;

-- name: store_events
-- Those that are new. One that is no news is done with; the others wait until somebody has looked at what they are about.
INSERT INTO webhook_inbox (provider, event_id, type, payload, received_at, applied_at, outcome)
SELECT e.provider, e.event_id, e.type, CAST(:payloads AS jsonb) -> CAST(e.place - 1 AS int), CAST(:now AS timestamptz),
       CASE WHEN e.known THEN CAST(:now AS timestamptz) END, CASE WHEN e.known THEN 'known' ELSE 'waits' END
FROM unnest(CAST(:providers AS text[]), CAST(:event_ids AS text[]), CAST(:types AS text[]), CAST(:known AS boolean[]))
    WITH ORDINALITY AS e (provider, event_id, type, known, place)
ORDER BY e.provider, e.event_id
ON CONFLICT DO NOTHING
RETURNING provider, event_id;

-- name: events_that_wait
-- Stored while somebody was at work on their payment; locked, so that one replica looks at them.
SELECT provider, event_id, type, payload FROM webhook_inbox
WHERE applied_at IS NULL AND outcome = 'waits' AND received_at < :before
ORDER BY received_at LIMIT :most FOR UPDATE SKIP LOCKED;

-- name: events_are_known!
UPDATE webhook_inbox SET applied_at = :now, outcome = 'known' WHERE provider = :provider AND event_id = ANY (CAST(:event_ids AS text[]));

-- name: events_wait_no_more!
UPDATE webhook_inbox SET outcome = NULL WHERE provider = :provider AND event_id = ANY (CAST(:event_ids AS text[]));

-- name: waiting_event^
SELECT type, payload FROM webhook_inbox WHERE provider = :provider AND event_id = :event_id AND applied_at IS NULL;

-- name: event_applied$
-- Whether nobody else had applied it meanwhile.
UPDATE webhook_inbox SET applied_at = :now, outcome = :outcome
WHERE provider = :provider AND event_id = :event_id AND applied_at IS NULL
RETURNING true;

-- name: prune_events!
DELETE FROM webhook_inbox WHERE applied_at < :before OR (applied_at IS NULL AND received_at < :before);

-- name: keep_charges!
-- The provider's side of charges that are known here. Of charges in doubt nothing is kept.
WITH doubtful AS (
    DELETE FROM provider_charge WHERE attempt_id = ANY (CAST(:doubtful AS uuid[]))
)
INSERT INTO provider_charge (attempt_id, kept, authorized, compared_at)
SELECT * FROM unnest(CAST(:attempt_ids AS uuid[]), CAST(:kept AS bigint[]), CAST(:authorized AS boolean[]), CAST(:asked_at AS timestamptz[]))
ON CONFLICT (attempt_id) DO UPDATE
SET kept = EXCLUDED.kept, authorized = EXCLUDED.authorized, compared_at = EXCLUDED.compared_at;

-- name: keep_comparison!
-- How the last comparison of all went.
INSERT INTO provider_comparison (since, compared_at, charges, differing, unknown)
VALUES (:since, :compared_at, :charges, :differing, :unknown)
ON CONFLICT (one) DO UPDATE
SET since = EXCLUDED.since, compared_at = EXCLUDED.compared_at, charges = EXCLUDED.charges, differing = EXCLUDED.differing,
    unknown = EXCLUDED.unknown;

-- name: last_comparison^
SELECT since, compared_at, charges, differing, unknown FROM provider_comparison;
