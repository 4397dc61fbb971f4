-- name: enqueue$
-- A waiting job of the same key is brought forward instead. Its row stays locked until the caller commits, so that whoever takes it
-- sees what the caller changed.
INSERT INTO job (kind, payload, dedupe_key, run_at)
VALUES (:kind, :payload, CAST(:dedupe_key AS text), coalesce(CAST(:run_at AS timestamptz), now()))
ON CONFLICT (kind, dedupe_key) WHERE dedupe_key IS NOT NULL AND attempts = 0 AND dead_at IS NULL
DO UPDATE SET run_at = least(job.run_at, excluded.run_at)
RETURNING id;

-- name: take
-- Due jobs of the given kinds, for :seconds. Rows that others are taking are passed over. This commit is waited for: were it lost, two could
-- hold a job by the same attempt. An array, as `IN (SELECT … LIMIT … FOR UPDATE)` may be run once for each row, and then takes all of them.
UPDATE job SET attempts = attempts + 1, run_at = now() + make_interval(secs => CAST(:seconds AS float8))
WHERE id = ANY (ARRAY(
    SELECT id FROM job
    WHERE dead_at IS NULL AND run_at <= now() AND kind = ANY(CAST(:kinds AS text[]))
    ORDER BY run_at, id LIMIT :most FOR UPDATE SKIP LOCKED
))
RETURNING id, kind, payload, attempts AS attempt, attempts - replayed_at_attempt AS tries, created_at;

-- name: keep
-- Makes the leases of running jobs last; ids that are missing from the answer belong to somebody else by now.
UPDATE job SET run_at = now() + make_interval(secs => CAST(:seconds AS float8))
FROM unnest(CAST(:ids AS bigint[]), CAST(:attempts AS int[])) AS held (id, attempt)
WHERE job.id = held.id AND job.attempts = held.attempt AND job.dead_at IS NULL
RETURNING job.id;

-- name: done!
-- This commit is not waited for: what a crash of the database makes undone is done again.
DELETE FROM job
USING unnest(CAST(:ids AS bigint[]), CAST(:attempts AS int[])) AS held (id, attempt)
WHERE job.id = held.id AND job.attempts = held.attempt AND job.dead_at IS NULL AND set_config('synchronous_commit', 'off', true) = 'off';

-- name: again!
-- The try failed; another comes in :seconds.
UPDATE job SET run_at = now() + make_interval(secs => CAST(:seconds AS float8)), error = :error
WHERE id = :id AND attempts = :attempt AND dead_at IS NULL;

-- name: give_back!
-- The process stops: somebody else goes on at once.
UPDATE job SET run_at = now() WHERE id = :id AND attempts = :attempt AND dead_at IS NULL;

-- name: give_up!
UPDATE job SET dead_at = now(), error = :error WHERE id = :id AND attempts = :attempt AND dead_at IS NULL;

-- name: dead_letters
SELECT id, kind, payload, attempts, error, dead_at, created_at
FROM job WHERE dead_at IS NOT NULL ORDER BY dead_at DESC, id DESC LIMIT :most;

-- name: replay$
UPDATE job SET dead_at = NULL, run_at = now(), replayed_at_attempt = attempts WHERE id = :id AND dead_at IS NOT NULL RETURNING id;

-- name: discard$
DELETE FROM job WHERE id = :id AND dead_at IS NOT NULL RETURNING id;

-- name: stats^
SELECT count(*) FILTER (WHERE dead_at IS NULL) AS waiting,
       count(*) FILTER (WHERE dead_at IS NOT NULL) AS dead,
       coalesce(extract(epoch FROM now() - min(run_at) FILTER (WHERE dead_at IS NULL AND run_at <= now())), 0)::float8 AS seconds_behind
FROM job;

-- name: add_periodic!
INSERT INTO periodic_job (name) SELECT unnest(CAST(:names AS text[])) ON CONFLICT DO NOTHING;

-- name: take_periodic
-- What is due, for :seconds. The row is the lease: next_at is its end while the work runs.
UPDATE periodic_job SET next_at = now() + make_interval(secs => CAST(:seconds AS float8)), run = run + 1, last_started_at = now()
WHERE name IN (
    SELECT name FROM periodic_job WHERE next_at <= now() AND name = ANY(CAST(:names AS text[])) FOR UPDATE SKIP LOCKED
)
RETURNING name, run;

-- name: keep_periodic$
UPDATE periodic_job SET next_at = now() + make_interval(secs => CAST(:seconds AS float8)) WHERE name = :name AND run = :run RETURNING name;

-- name: end_periodic!
UPDATE periodic_job
SET next_at = now() + make_interval(secs => CAST(:seconds AS float8)), last_finished_at = now(), error = :error
WHERE name = :name AND run = :run;

-- name: periodic
SELECT name, next_at, last_started_at, last_finished_at, error FROM periodic_job ORDER BY name;
