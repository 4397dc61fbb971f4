-- name: here^
-- Where the feed is now: the snapshot of this statement, a log position that is past every commit it sees, and up to where the log would
-- survive a crash; on which timeline of the log that is (another begins when a standby takes over); and what was pruned.
SELECT pg_current_snapshot()::text AS snapshot, pg_current_wal_insert_lsn()::text AS lsn, pg_current_wal_flush_lsn()::text AS flushed,
       left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) AS timeline, h.pruned_through::text::bigint AS pruned_through
FROM feed_horizon h;

-- name: changes
-- What is visible at `until` and was not at `since`, a page at a time, of some topics or (null) of all: what was open then and is not now, and
-- what began since. Each is looked up by its number, so that neither the length of the feed nor a transaction that stays open costs anything.
-- (A comparison of rows would be what the index is entered by, at its beginning.) Orders tell their story elsewhere (order_event).
WITH late AS MATERIALIZED (
    SELECT open.xid FROM pg_snapshot_xip(CAST(:since AS text)::pg_snapshot) AS open (xid)
    WHERE pg_visible_in_snapshot(open.xid, CAST(:until AS text)::pg_snapshot) AND open.xid >= CAST(:after_xid AS text)::xid8
)
SELECT c.seq, c.xid::text::bigint AS xid, c.topic, c.key, c.payload, c.at
FROM (
    SELECT l.* FROM late JOIN change_log l ON l.xid = late.xid
    UNION ALL
    SELECT n.* FROM change_log n
    WHERE n.xid >= greatest(pg_snapshot_xmax(CAST(:since AS text)::pg_snapshot), CAST(:after_xid AS text)::xid8)
      AND n.xid < pg_snapshot_xmax(CAST(:until AS text)::pg_snapshot) AND pg_visible_in_snapshot(n.xid, CAST(:until AS text)::pg_snapshot)
) c
WHERE (c.xid > CAST(:after_xid AS text)::xid8 OR c.seq > CAST(:after_seq AS bigint))
  AND c.topic <> 'order' AND (CAST(:topics AS text[]) IS NULL OR c.topic = ANY (CAST(:topics AS text[])))
ORDER BY c.xid, c.seq
LIMIT :most;

-- name: prune$
-- Drops the first `most` rows that are older than `seconds` and that every kept cursor is past; answers how many. A cursor that nobody moved
-- for as long is one that nobody follows any more, and holds nothing back.
WITH old AS (
    SELECT c.xid, c.seq FROM change_log c
    WHERE c.at < now() - make_interval(secs => :seconds)
      AND c.xid < least(pg_snapshot_xmin(pg_current_snapshot()), (
          SELECT min(pg_snapshot_xmin(f.position)) FROM feed_cursor f WHERE f.at >= now() - make_interval(secs => :seconds)))
    ORDER BY c.at LIMIT :most
), gone AS (
    DELETE FROM change_log c USING old WHERE c.xid = old.xid AND c.seq = old.seq
    RETURNING c.xid
), noted AS (
    UPDATE feed_horizon SET pruned_through = newest.xid FROM (SELECT max(xid) AS xid FROM gone) newest
    WHERE newest.xid > feed_horizon.pruned_through
)
SELECT count(*) FROM gone;

-- name: begin_cursor$
-- A cursor where there is none; whether there was none.
INSERT INTO feed_cursor (follower, position) VALUES (:follower, pg_current_snapshot()) ON CONFLICT DO NOTHING RETURNING true;

-- name: claim_cursor^
-- The cursor of a follower that works once for the shop, for whoever finds it free. `lost`: what comes after it was pruned; `rests`: it was not
-- moved for long.
SELECT f.position::text AS position, pg_current_snapshot()::text AS here,
       pg_snapshot_xmin(f.position) <= (SELECT h.pruned_through FROM feed_horizon h) AS lost,
       f.at < now() - make_interval(secs => :rest_seconds) AS rests
FROM feed_cursor f WHERE f.follower = :follower FOR UPDATE SKIP LOCKED;

-- name: in_a_while$
-- When that is, on the clock that jobs go by.
SELECT now() + make_interval(secs => :seconds);

-- name: move_cursor!
UPDATE feed_cursor SET position = CAST(:position AS text)::pg_snapshot, at = now() WHERE follower = :follower;
