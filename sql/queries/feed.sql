-- name: here^
-- Where the feed is now: the snapshot of this statement, and a log position that is past every commit it sees.
SELECT pg_current_snapshot()::text AS position, pg_current_wal_insert_lsn()::text AS lsn;

-- name: changes
-- What is visible at `until` and was not at `since`, a page at a time, of some topics or (null) of all. Orders tell their story elsewhere
-- (order_event).
SELECT c.seq, c.xid::text::bigint AS xid, c.topic, c.key, c.payload, c.at
FROM change_log c
WHERE (c.xid, c.seq) > (CAST(:after_xid AS text)::xid8, CAST(:after_seq AS bigint))
  AND c.xid >= pg_snapshot_xmin(CAST(:since AS text)::pg_snapshot)
  AND c.xid < pg_snapshot_xmax(CAST(:until AS text)::pg_snapshot)
  AND pg_visible_in_snapshot(c.xid, CAST(:until AS text)::pg_snapshot)
  AND NOT pg_visible_in_snapshot(c.xid, CAST(:since AS text)::pg_snapshot)
  AND c.topic <> 'order' AND (CAST(:topics AS text[]) IS NULL OR c.topic = ANY (CAST(:topics AS text[])))
ORDER BY c.xid, c.seq
LIMIT :most;

-- name: still_has$
-- Whether the feed still holds everything after a position, and the position is of this database.
SELECT pg_snapshot_xmin(CAST(:position AS text)::pg_snapshot) > h.pruned_through
   AND pg_snapshot_xmax(CAST(:position AS text)::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
FROM feed_horizon h;

-- name: prune$
-- Drops rows that are older than `seconds` and that every kept cursor is past; answers how many.
WITH gone AS (
    DELETE FROM change_log c
    WHERE c.at < now() - make_interval(secs => :seconds)
      AND c.xid < least(pg_snapshot_xmin(pg_current_snapshot()), (SELECT min(pg_snapshot_xmin(f.position)) FROM feed_cursor f))
    RETURNING c.xid
), noted AS (
    UPDATE feed_horizon SET pruned_through = newest.xid FROM (SELECT max(xid) AS xid FROM gone) newest
    WHERE newest.xid > feed_horizon.pruned_through
)
SELECT count(*) FROM gone;

-- name: begin_cursor!
INSERT INTO feed_cursor (follower, position) VALUES (:follower, pg_current_snapshot()) ON CONFLICT DO NOTHING;

-- name: claim_cursor^
-- The cursor of a follower that works once for the shop, for whoever finds it free.
SELECT f.position::text AS position, pg_current_snapshot()::text AS here
FROM feed_cursor f WHERE f.follower = :follower FOR UPDATE SKIP LOCKED;

-- name: move_cursor!
UPDATE feed_cursor SET position = CAST(:position AS text)::pg_snapshot, at = now() WHERE follower = :follower;
