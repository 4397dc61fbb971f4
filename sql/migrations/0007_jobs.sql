-- Durable jobs: written in the transaction of the change they follow, done at least once, by any replica.

-- A job that is done is deleted. Taking one moves run_at to the end of the lease, so what a dead process held comes back by itself;
-- attempts is the number of the try, and only the try that holds the lease may end the job.
-- Nothing here notifies: NOTIFY serialises the commits of the whole database.
CREATE TABLE job (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL,
    payload jsonb NOT NULL,
    dedupe_key text,
    run_at timestamptz NOT NULL DEFAULT now(),
    attempts int NOT NULL DEFAULT 0,             -- only ever grows
    replayed_at_attempt int NOT NULL DEFAULT 0,  -- tries before that one no longer count
    error text,                                  -- of the last try
    dead_at timestamptz,                         -- given up: kept for an operator, who may replay it
    created_at timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 500);
CREATE INDEX job_due ON job (run_at, id) WHERE dead_at IS NULL;
CREATE INDEX job_dead ON job (dead_at, id) WHERE dead_at IS NOT NULL;
-- One waiting job for each key. One that has begun may have read what is old by now, so it does not stand in for a new one.
CREATE UNIQUE INDEX job_waiting_once ON job (kind, dedupe_key)
    WHERE dedupe_key IS NOT NULL AND attempts = 0 AND dead_at IS NULL;

-- What the shop does again and again, once for all replicas: one row each.
CREATE TABLE periodic_job (
    name text PRIMARY KEY,
    next_at timestamptz NOT NULL DEFAULT now(),  -- while it runs: the end of its lease
    run bigint NOT NULL DEFAULT 0,               -- the number of the run; only the one that holds the lease may end it
    last_started_at timestamptz,
    last_finished_at timestamptz,
    error text
) WITH (fillfactor = 50);
