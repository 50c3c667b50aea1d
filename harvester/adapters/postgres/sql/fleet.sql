-- name: vitals
-- How the fleet is at $1, in one row of counts and moments; a replica is there if it was seen since $2.
SELECT
    (SELECT count(*) FROM harvester.profile) AS profiles,
    (SELECT count(*) FROM harvester.account_state WHERE paused) AS paused_profiles,
    (SELECT paused FROM harvester.fleet_state) AS all_paused,
    (SELECT count(*) FROM harvester.login WHERE closed) AS accounts_closed,
    (SELECT count(*) FROM harvester.login WHERE failed_since IS NOT NULL) AS accounts_failing,
    slots.due, slots.coming, slots.set_aside, slots.running, slots.not_started_since, slots.stuck_since,
    jobs.queued AS jobs_queued, jobs.picked AS jobs_picked, jobs.queued_since,
    replicas.serving, replicas.working, replicas.draining, replicas.busy, replicas.rules_broken, replicas.clock_seen_at,
    (SELECT min(changed_at) FROM harvester.action
     WHERE state IN ('approved', 'sending', 'unknown') AND state = 'unknown') AS unknown_since
FROM (
    SELECT
        count(*) FILTER (WHERE state = 'waiting' AND ready_at <= $1) AS due,
        count(*) FILTER (WHERE state = 'waiting' AND ready_at > $1 AND deliveries = 0) AS coming,
        count(*) FILTER (WHERE state = 'waiting' AND ready_at > $1 AND deliveries > 0) AS set_aside,
        count(*) FILTER (WHERE state = 'running') AS running,
        min(since) FILTER (WHERE state = 'waiting' AND ready_at <= $1 AND deliveries = 0) AS not_started_since,
        min(greatest(ready_at, put_at, started_at)) FILTER (WHERE state = 'waiting' AND ready_at <= $1) AS stuck_since
    FROM (SELECT state, deliveries, put_at, started_at, coalesce(not_before, due_at) AS ready_at,
              -- A chore is due by a round moment that may have passed before there was a fleet.
              greatest(coalesce(not_before, due_at), CASE WHEN profile_id = '' THEN put_at END) AS since
          FROM harvester.slot WHERE state IN ('waiting', 'running')) AS open
) AS slots, (
    SELECT
        count(*) FILTER (WHERE status = 'queued' AND execute_after <= $1) AS queued,
        count(*) FILTER (WHERE status = 'picked') AS picked,
        min(greatest(created, execute_after)) FILTER (WHERE status = 'queued' AND execute_after <= $1) AS queued_since
    FROM harvester.pgqueuer
) AS jobs, (
    SELECT
        count(*) FILTER (WHERE kind = 'serve' AND seen_at >= $2) AS serving,
        count(*) FILTER (WHERE kind = 'worker' AND seen_at >= $2) AS working,
        count(*) FILTER (WHERE draining AND seen_at >= $2) AS draining,
        coalesce(sum(running) FILTER (WHERE seen_at >= $2), 0) AS busy,
        count(*) FILTER (WHERE rules_error IS NOT NULL AND seen_at >= $2) AS rules_broken,
        max(seen_at) FILTER (WHERE holds_clock) AS clock_seen_at
    FROM harvester.replica
) AS replicas;

-- name: last_ends
-- How many profiles and chores fail at $1, and when a run of the schedule last ended well.
SELECT count(*) FILTER (WHERE last.state IN ('failed', 'given_up')) AS failing,
    max(last.finished_at) FILTER (WHERE last.state = 'done' AND tasks.task = 'plan') AS harvested_at
FROM (SELECT profile_id, false AS chore FROM harvester.profile UNION ALL SELECT '', true) AS whose
JOIN (VALUES ('plan', false), ('follow_up', false), ('reconcile', false), ('apply', false), ('report', false),
             ('discover', true), ('expire', true), ('retain', true), ('notify', true), ('outcomes', true)) AS tasks (task, chore)
    ON tasks.chore = whose.chore
CROSS JOIN LATERAL (
    SELECT state, finished_at FROM harvester.slot
    WHERE slot.task = tasks.task AND slot.profile_id = whose.profile_id AND slot.state NOT IN ('waiting', 'running')
        AND (tasks.task = 'plan' OR slot.due_at > $1::timestamptz - interval '7 days')
    ORDER BY slot.due_at DESC LIMIT 1
) AS last;

-- name: open_actions
-- How many actions are not settled yet, by state.
SELECT state, count(*) AS actions FROM harvester.action
WHERE state IN ('approved', 'sending', 'unknown') GROUP BY state
UNION ALL
SELECT state, count(*) FROM harvester.action
WHERE state IN ('planned', 'guarded', 'held') GROUP BY state;

-- name: fleet_running
-- Slots under way, the longest first.
SELECT slot.task, slot.profile_id, profile.name, profile.country, profile.account, slot.due_at, slot.started_at,
    slot.deliveries, slot.replica_id
FROM harvester.slot LEFT JOIN harvester.profile ON profile.profile_id = slot.profile_id
WHERE slot.state IN ('waiting', 'running') AND slot.state = 'running'
ORDER BY slot.started_at, slot.profile_id LIMIT $1;

-- name: fleet_due
-- What a worker could take at $1, the longest due first; one run makes up for all the slots that a profile has missed.
SELECT slot.task, slot.profile_id, profile.name, profile.country, profile.account, slot.due_at, slot.since,
    slot.deliveries, slot.slots
FROM (SELECT task, profile_id, min(due_at) AS due_at,
          min(greatest(due_at, CASE WHEN profile_id = '' THEN put_at END)) AS since, max(deliveries) AS deliveries, count(*) AS slots
      FROM harvester.slot
      WHERE state IN ('waiting', 'running') AND state = 'waiting' AND coalesce(not_before, due_at) <= $1
      GROUP BY task, profile_id ORDER BY min(due_at), profile_id LIMIT $2) AS slot
LEFT JOIN harvester.profile ON profile.profile_id = slot.profile_id
ORDER BY slot.due_at, slot.profile_id;

-- name: fleet_set_aside
-- Slots that were tried and wait for a reason at $1, the next to be tried first.
SELECT slot.task, slot.profile_id, profile.name, profile.country, profile.account, slot.due_at, slot.not_before,
    slot.failures, slot.reason
FROM harvester.slot LEFT JOIN harvester.profile ON profile.profile_id = slot.profile_id
WHERE slot.state IN ('waiting', 'running') AND slot.state = 'waiting' AND slot.deliveries > 0
    AND coalesce(slot.not_before, slot.due_at) > $1
ORDER BY slot.not_before, slot.profile_id LIMIT $2;

-- name: fleet_failing
-- Profiles and chores of which the last slot of some task failed or was given up at $1, the newest first.
SELECT tasks.task, whose.profile_id, whose.name, whose.country, whose.account, last.state, last.due_at,
    last.finished_at, last.run_id, last.reason
FROM (SELECT profile_id, name, country, account, false AS chore FROM harvester.profile
      UNION ALL SELECT '', NULL, NULL, NULL, true) AS whose
JOIN (VALUES ('plan', false), ('follow_up', false), ('reconcile', false), ('apply', false), ('report', false),
             ('discover', true), ('expire', true), ('retain', true), ('notify', true), ('outcomes', true)) AS tasks (task, chore)
    ON tasks.chore = whose.chore
CROSS JOIN LATERAL (
    SELECT state, due_at, finished_at, run_id, reason FROM harvester.slot
    WHERE slot.task = tasks.task AND slot.profile_id = whose.profile_id AND slot.state NOT IN ('waiting', 'running')
        AND (tasks.task = 'plan' OR slot.due_at > $1::timestamptz - interval '7 days')
    ORDER BY slot.due_at DESC LIMIT 1
) AS last
WHERE last.state IN ('failed', 'given_up')
ORDER BY last.finished_at DESC, whose.profile_id, tasks.task LIMIT $2;

-- name: fleet_paused
-- Profiles whose kill switch is pulled, the newest first.
SELECT state.profile_id, profile.name, profile.country, profile.account, state.paused_by, state.paused_at
FROM harvester.account_state AS state JOIN harvester.profile ON profile.profile_id = state.profile_id
WHERE state.paused ORDER BY state.paused_at DESC NULLS LAST, state.profile_id LIMIT $1;

-- name: fleet_logins
-- Logins that could not be asked for their profiles the last time, those failing longest first.
SELECT account, failed_since, failure, closed FROM harvester.login
WHERE failed_since IS NOT NULL ORDER BY failed_since, account LIMIT $1;

-- name: fleet_modes
-- How far people let the fleet go now, and how many profiles less far.
SELECT fleet.paused, fleet.paused_by, fleet.paused_at, fleet.mode, fleet.mode_by, fleet.mode_at,
    ARRAY(SELECT json_build_array(mine.mode, count(*))::text FROM harvester.account_state AS mine
          WHERE mine.mode IS NOT NULL GROUP BY mine.mode ORDER BY mine.mode) AS profile_modes
FROM harvester.fleet_state AS fleet;

-- name: fleet_replicas
-- Every replica that has not ended in order, those that serve first.
SELECT replica_id, kind, host, pid, version, started_at, seen_at, holds_clock, draining, running, ruleset_fingerprint,
    rules_error, mode, schedule
FROM harvester.replica ORDER BY seen_at < $1, kind, started_at, replica_id LIMIT $2;

-- name: fleet_timezones
-- Where the profiles are, by the clock on the wall.
SELECT timezone, count(*) AS profiles FROM harvester.profile GROUP BY timezone ORDER BY timezone;
