-- name: new_slots
-- Those that are later than every slot of the same task and profile so far.
INSERT INTO harvester.slot (task, profile_id, due_at, put_at, not_before)
SELECT asked.task, asked.profile_id, asked.due_at, $4, asked.not_before
FROM (SELECT unnest($1::text[]) AS task, unnest($2::text[]) AS profile_id, unnest($3::timestamptz[]) AS due_at,
    unnest($5::timestamptz[]) AS not_before) AS asked
WHERE NOT EXISTS (
    SELECT FROM harvester.slot AS earlier
    WHERE earlier.task = asked.task AND earlier.profile_id = asked.profile_id AND earlier.due_at >= asked.due_at)
ON CONFLICT DO NOTHING
RETURNING task, profile_id, due_at, not_before;

-- name: profiles_with_unknown
-- Profiles with something sent and unknown since before $1, and no reconcile on its way at $2.
-- The more of them have ended since any of it changed, the longer the pause before the next: $3, by their number.
SELECT unsettled.profile_id
FROM (
    SELECT action.profile_id, max(action.changed_at) AS changed_at
    FROM harvester.open_plan JOIN harvester.action ON action.plan_id = open_plan.plan_id AND action.phase = 'owning'
    WHERE action.state IN ('sending', 'unknown') AND action.sent_at <= $1
    GROUP BY action.profile_id
) AS unsettled
CROSS JOIN LATERAL (
    SELECT count(*) - count(finished_at) AS open, max(finished_at) AS ended_at,
        count(*) FILTER (WHERE finished_at >= unsettled.changed_at) AS in_vain
    FROM harvester.slot WHERE slot.task = 'reconcile' AND slot.profile_id = unsettled.profile_id
) AS tried
WHERE tried.open = 0 AND (tried.ended_at IS NULL
    OR tried.ended_at <= $2::timestamptz - ($3::interval[])[greatest(1, least(tried.in_vain, cardinality($3)))]);

-- name: profiles_with_approved
-- Profiles with something approved before $1 that still holds at $2, and how far people let them go now.
-- Not those that are paused, or with something on its way to send it. The more applies have ended since anything that
-- matters changed (an item of such a plan, a mode, a pause, the rules at $4), the longer the pause before the next: $3.
SELECT ready.profile_id, ready.fleet, ready.profile
FROM (
    SELECT action.profile_id, fleet.mode AS fleet, mine.mode AS profile,
        greatest(max(action.changed_at), fleet.mode_at, fleet.paused_at, mine.mode_at, mine.paused_at, $4) AS changed_at
    FROM harvester.fleet_state AS fleet
    CROSS JOIN harvester.open_plan
    JOIN harvester.action ON action.plan_id = open_plan.plan_id AND action.phase = 'owning'
    LEFT JOIN harvester.account_state AS mine ON mine.profile_id = action.profile_id
    WHERE NOT fleet.paused AND mine.paused IS NOT TRUE
    GROUP BY action.profile_id, fleet.mode, fleet.mode_at, fleet.paused_at, mine.mode, mine.mode_at, mine.paused_at
    HAVING bool_or(action.state = 'approved' AND action.reviewed_at <= $1
        AND (action.expires_at IS NULL OR action.expires_at > $2))
) AS ready
CROSS JOIN LATERAL (
    SELECT count(*) - count(finished_at) AS open, max(finished_at) FILTER (WHERE task = 'apply') AS ended_at,
        count(*) FILTER (WHERE task = 'apply' AND finished_at >= ready.changed_at) AS in_vain
    FROM harvester.slot WHERE slot.task IN ('plan', 'follow_up', 'apply') AND slot.profile_id = ready.profile_id
) AS tried
WHERE tried.open = 0 AND (tried.ended_at IS NULL
    OR tried.ended_at <= $2::timestamptz - ($3::interval[])[greatest(1, least(tried.in_vain, cardinality($3)))]);

-- name: plans_to_apply
-- Plans of a profile with something approved that still holds, the oldest first.
-- With them the newest of a run, where that was made to be sent by itself and still has something planned.
SELECT plan_id FROM (
    SELECT action.plan_id
    FROM harvester.open_plan JOIN harvester.action ON action.plan_id = open_plan.plan_id AND action.phase = 'owning'
    WHERE open_plan.profile_id = $1 AND action.state = 'approved' AND (expires_at IS NULL OR expires_at > $2)
    UNION
    SELECT newest.plan_id
    FROM (SELECT plan.plan_id, plan.mode FROM harvester.plan JOIN harvester.run ON run.run_id = plan.run_id
          WHERE plan.profile_id = $1 AND run.source <> 'undo' ORDER BY plan.created_at DESC LIMIT 1) AS newest
    WHERE newest.mode = 'auto' AND EXISTS (
        SELECT FROM harvester.action
        WHERE action.profile_id = $1 AND action.plan_id = newest.plan_id AND phase = 'waiting' AND state = 'planned')
) AS found
ORDER BY substr(plan_id, 2)::bigint;

-- name: profiles_with_follow_up
-- Profiles with a promotion whose negative at the source is due, and no run on its way, nor begun or asked for since $2.
WITH due AS MATERIALIZED (
    SELECT action.profile_id, action.amazon_id, action.settled_at, action.follow_up
    FROM harvester.action
    WHERE action.phase = 'owning' AND action.state = 'done' AND action.follow_up <> ''
        AND action.kept_open IS DISTINCT FROM 'archived' AND action.settled_at
            + (nullif(action.follow_up, '')::jsonb ->> 'after_days')::numeric * interval '1 day' <= $1
        AND NOT EXISTS (
            SELECT FROM harvester.action AS child
            WHERE child.follows = action.action_id AND child.state NOT IN ('superseded', 'refused', 'stale'))
        AND (
            SELECT said.verdict FROM harvester.outcome_reading AS said
            WHERE said.action_id = action.action_id ORDER BY said.reading DESC LIMIT 1) IS DISTINCT FROM 'regretted'
        AND NOT EXISTS (
            SELECT FROM harvester.run WHERE run.profile_id = action.profile_id AND run.started_at > $2)
        AND NOT EXISTS (
            SELECT FROM harvester.slot
            WHERE slot.profile_id = action.profile_id AND slot.task IN ('plan', 'follow_up')
                AND (slot.state IN ('waiting', 'running') OR (slot.task = 'follow_up' AND slot.put_at > $2)))
)
SELECT DISTINCT profile_id FROM due WHERE harvester.serves_enough(profile_id, amazon_id, settled_at, follow_up);

-- name: lost_slots
-- Open slots that are in no queue, put there long enough ago that no transaction can still be on its way.
SELECT task, profile_id, due_at, coalesce(not_before, $1) AS not_before
FROM harvester.slot
WHERE state IN ('waiting', 'running') AND put_at < $1 - interval '1 minute'
    AND NOT EXISTS (
        SELECT FROM harvester.pgqueuer AS job
        WHERE job.status IN ('queued', 'picked') AND job.dedupe_key = slot.task || '/' || slot.profile_id || '/' || extract(epoch FROM slot.due_at)::bigint);

-- name: slot_to_take
-- A slot as it is, for whoever was handed it; nobody else decides about it before the end of this transaction.
-- Its replica is alive if it showed a sign within $4, both by Postgres' clock.
SELECT slot.state, slot.not_before, slot.deliveries, slot.unanswered, slot.failures, slot.replica_id,
    coalesce(replica.seen_at > clock_timestamp() - $4::interval, false) AS alive
FROM harvester.slot LEFT JOIN harvester.replica ON replica.replica_id = slot.replica_id
WHERE task = $1 AND slot.profile_id = $2 AND due_at = $3
FOR UPDATE OF slot;

-- name: take_slot
-- It is this replica's now.
UPDATE harvester.slot SET state = 'running', replica_id = $4, started_at = $5, not_before = NULL, reason = '',
    deliveries = deliveries + 1, unanswered = unanswered + 1
WHERE task = $1 AND profile_id = $2 AND due_at = $3;

-- name: cover_older
-- Older slots of the same task and profile that wait: the run that begins now is theirs too.
UPDATE harvester.slot SET state = 'done', finished_at = $4, not_before = NULL,
    reason = 'covered by the slot of ' || to_char($3 AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') || ' UTC'
WHERE task = $1 AND profile_id = $2 AND due_at < $3 AND state = 'waiting';

-- name: end_slot
-- What became of it, if it is still this taking's.
UPDATE harvester.slot SET state = $5, finished_at = $6, run_id = coalesce($7, run_id), reason = $8, unanswered = 0
WHERE task = $1 AND profile_id = $2 AND due_at = $3 AND deliveries = $4 AND state = 'running';

-- name: put_aside_slot
-- It waits again until then, if it is still this taking's.
UPDATE harvester.slot SET state = 'waiting', not_before = $5, reason = $6, unanswered = 0,
    failures = failures + CASE WHEN $7 THEN 1 ELSE 0 END
WHERE task = $1 AND profile_id = $2 AND due_at = $3 AND deliveries = $4 AND state = 'running';

-- name: give_up_slot
-- Too many workers died of it.
UPDATE harvester.slot SET state = 'given_up', finished_at = $4, reason = $5
WHERE task = $1 AND profile_id = $2 AND due_at = $3;

-- name: plans_with_expired_approvals
-- Plans that hold an approval which has run out.
SELECT DISTINCT action.plan_id
FROM harvester.open_plan JOIN harvester.action ON action.plan_id = open_plan.plan_id AND action.phase = 'owning'
WHERE action.state = 'approved' AND expires_at <= $1;
