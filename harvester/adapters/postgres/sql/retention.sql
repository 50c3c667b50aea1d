-- name: make_partitions
-- Makes the partitions to come that are missing, and says how many.
SELECT harvester.ensure_partitions($1);

-- name: narrow_partitions
-- Which tables go over to partitions of a day.
SELECT harvester.narrow_partitions($1, $2);

-- name: droppable
-- Partitions that ended before a time and were not thinned out yet, by month, the oldest first.
SELECT min(part.opens) AS opens, max(part.closes) AS closes, sum(pg_total_relation_size(part.id))::bigint AS bytes,
    sum(greatest(pg_class.reltuples, 0))::bigint AS rows
FROM harvester.partition AS part JOIN pg_class ON pg_class.oid = part.id
WHERE part.parent = $1 AND part.closes <= least($2, now() - interval '7 days') AND NOT part.kept
GROUP BY date_trunc('month', part.opens AT TIME ZONE 'UTC') ORDER BY opens;

-- name: droppable_report_days
-- Partitions of report days before one, by month, the oldest first.
SELECT min(day)::timestamp AT TIME ZONE 'UTC' AS opens, (max(day) + 1)::timestamp AT TIME ZONE 'UTC' AS closes,
    sum(pg_total_relation_size(id))::bigint AS bytes, sum(greatest(reltuples, 0))::bigint AS rows
FROM (
    SELECT child.oid AS id, child.reltuples, to_date(right(child.relname, 10), 'YYYY_MM_DD') AS day
    FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
    WHERE inhparent IN ('harvester.search_term_day'::regclass, 'harvester.targeting_day'::regclass)
        AND child.relname ~ '_day_\d{4}_\d\d_\d\d$'
) AS part
WHERE day < least($1::date, (now() AT TIME ZONE 'UTC')::date - 7)
GROUP BY date_trunc('month', day) ORDER BY opens;

-- name: drop_oldest
-- Drops the oldest month that ended before a time, but for what actions refer to.
SELECT outcome, opens, closes, dropped, kept, bytes FROM harvester.drop_oldest($1, $2);

-- name: sweep_slots
-- Deletes up to so many slots that are closed: of runs and of what follows them after a quarter, of chores after two days.
DELETE FROM harvester.slot WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM harvester.slot
    WHERE finished_at IS NOT NULL AND due_at < $1::timestamptz
        - CASE WHEN task IN ('plan', 'follow_up') THEN interval '90 days' ELSE interval '2 days' END
    LIMIT $2 FOR UPDATE SKIP LOCKED));

-- name: sweep_queue_log
-- Deletes up to so many lines of the queue's log that are older than a week.
DELETE FROM harvester.pgqueuer_log WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM harvester.pgqueuer_log WHERE created < $1::timestamptz - interval '7 days'
    LIMIT $2 FOR UPDATE SKIP LOCKED));

-- name: sweep_queue_statistics
-- Deletes up to so many of the queue's figures that are older than a week.
DELETE FROM harvester.pgqueuer_statistics WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM harvester.pgqueuer_statistics WHERE created < $1::timestamptz - interval '7 days'
    LIMIT $2 FOR UPDATE SKIP LOCKED));

-- name: sweep_replicas
-- Deletes up to so many replicas that gave no sign of life for a day.
DELETE FROM harvester.replica WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM harvester.replica WHERE seen_at < $1::timestamptz - interval '1 day'
    LIMIT $2 FOR UPDATE SKIP LOCKED));
