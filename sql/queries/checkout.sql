-- name: claim_key^
-- The key is ours when it is new, or when whoever had it has let go or died; no row: it is answered, or somebody is at work on it.
-- Its commit need not be waited for: nothing that matters happens before the next phase, whose commit carries this one along.
INSERT INTO idempotency_key AS k (scope, key, fingerprint, params, locked_at, created_at)
SELECT CAST(:scope AS text), CAST(:key AS text), CAST(:fingerprint AS bytea), CAST(:params AS jsonb),
       CAST(:now AS timestamptz), CAST(:now AS timestamptz)
WHERE set_config('synchronous_commit', 'off', true) = 'off'
ON CONFLICT (scope, key) DO UPDATE SET locked_at = EXCLUDED.locked_at
    WHERE k.finished_at IS NULL AND k.fingerprint = EXCLUDED.fingerprint
      AND (k.locked_at IS NULL OR k.locked_at < CAST(:stale AS timestamptz))
RETURNING scope, key, recovery_point, params, order_id, locked_at;

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
-- The phase of that name; no number when the cart or what it holds is not as it should be, and then nothing has changed.
SELECT number, line_ids FROM order_pending(
    :scope, :key, :locked_at, :wanted, :kept, CAST(:variant_ids AS bigint[]), CAST(:quantities AS int[]), :prepared, :prefix, :now);

-- name: settle_paid$
SELECT settle_paid(:order_id, :status, :captured, :attempt_id, :attempt_state, :provider_ref, :mail_kind, :mail, :now);

-- name: settle_paid_and_answer$
-- The phase finished of an order that is paid.
SELECT settle_paid_and_answer(
    :order_id, :status, :captured, :attempt_id, :attempt_state, :provider_ref, :mail_kind, :mail, :now,
    :scope, :key, :locked_at, :answer_status, :answer_headers, :answer_body);

-- name: release_key!
-- Nobody is at work on it any more; a retry, or recovery, goes on from `recovery_point`.
UPDATE idempotency_key SET locked_at = NULL, recovery_point = coalesce(:recovery_point, recovery_point)
WHERE scope = :scope AND key = :key AND locked_at = :locked_at AND finished_at IS NULL;

-- name: forget_key!
-- For a request that was refused before it had any effect.
DELETE FROM idempotency_key
WHERE scope = :scope AND key = :key AND locked_at = :locked_at AND finished_at IS NULL AND order_id IS NULL;

-- name: lease_abandoned_keys
-- Keys whose holder has let go or died with an order begun; the new locked_at is the lease.
UPDATE idempotency_key SET locked_at = :now
WHERE (scope, key) IN (
    SELECT scope, key FROM idempotency_key
    WHERE finished_at IS NULL AND recovery_point <> 'started' AND (locked_at IS NULL OR locked_at < :stale)
      AND created_at > :deadline
    ORDER BY created_at LIMIT :most FOR UPDATE SKIP LOCKED
)
RETURNING scope, key, recovery_point, params, order_id, locked_at;

-- name: release_idle_keys!
-- Their holder died before anything happened: there is nothing to finish, and a retry starts again.
UPDATE idempotency_key SET locked_at = NULL
WHERE finished_at IS NULL AND recovery_point = 'started' AND locked_at < :stale;

-- name: prune_keys!
-- Finished or not: what became of an order that was begun does not hang on its key.
DELETE FROM idempotency_key WHERE created_at < :before;

-- name: store_event^
-- No row: the event is not new. It waits until somebody has looked at what it is about.
INSERT INTO webhook_inbox (provider, event_id, type, payload, received_at, outcome)
VALUES (:provider, :event_id, :type, :payload, :now, 'waits')
ON CONFLICT DO NOTHING
RETURNING event_id;

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
DELETE FROM webhook_inbox WHERE applied_at < :before;

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
