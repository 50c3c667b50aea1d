-- name: lease_key_taken
-- Takes a profile for this session, unless another session has it.
SELECT pg_try_advisory_lock(hashtextextended('harvester.profile ' || $1::text, 0));

-- name: lease_key_given_back
-- Gives a profile back.
SELECT pg_advisory_unlock(hashtextextended('harvester.profile ' || $1::text, 0));

-- name: end_silent_holder
-- Ends the session that has a profile if it has said nothing for so many seconds: its process sleeps, or the line is cut.
SELECT pg_terminate_backend(activity.pid)
FROM pg_locks AS lock JOIN pg_stat_activity AS activity ON activity.pid = lock.pid
WHERE lock.locktype = 'advisory' AND lock.granted AND lock.objsubid = 1
    AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND (lock.classid::bigint << 32 | lock.objid::bigint) = hashtextextended('harvester.profile ' || $1::text, 0)
    AND activity.application_name = 'harvester lease'
    AND clock_timestamp() - greatest(activity.backend_start, activity.query_start) > make_interval(secs => $2);

-- name: end_half_heard
-- Ends sessions of ours that owe the rest of a statement for so many seconds: their process sleeps, and holds its locks.
-- Postgres has no time limit for that wait. A COPY, or an answer that nobody fetches, may be a slow one: four times as long.
SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND application_name = 'harvester'
    AND state = 'active' AND wait_event_type = 'Client'
    AND clock_timestamp() - state_change > make_interval(
        secs => CASE WHEN wait_event = 'ClientRead' AND query NOT ILIKE 'copy%' THEN $1 ELSE $1 * 4 END);
