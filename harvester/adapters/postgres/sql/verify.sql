-- name: retention_horizon
-- Before when only those decisions are kept that an action refers to, and since when that is so.
SELECT closes, at FROM harvester.retained WHERE parent = 'observation' ORDER BY closes DESC, at DESC LIMIT 1;

-- name: verify_runs
-- Runs whose places have gaps, or whose rows are not as many as the run says.
SELECT run.run_id, run.recommendations, coalesce(found.rows, 0) AS rows, found.lowest, found.highest
FROM harvester.run
LEFT JOIN (
    SELECT run_id, count(*) AS rows, min(place) AS lowest, max(place) AS highest FROM harvester.observation GROUP BY run_id
) AS found ON found.run_id = run.run_id
WHERE coalesce(nullif(run.seen_from, '-infinity'), run.started_at) >= $1
    AND (run.recommendations <> coalesce(found.rows, 0) OR found.lowest <> 0 OR found.highest <> found.rows - 1)
ORDER BY substr(run.run_id, 2)::bigint;

-- name: verify_rows_without_run
-- Recorded rows of runs that do not exist.
SELECT DISTINCT run_id FROM harvester.observation
WHERE NOT EXISTS (SELECT FROM harvester.run WHERE run.run_id = observation.run_id) ORDER BY run_id;

-- name: verify_runs_before
-- How many runs recorded something before then.
SELECT count(*) FROM harvester.run WHERE coalesce(nullif(seen_from, '-infinity'), started_at) < $1;

-- name: verify_plans
-- Plans without a run, or with other numbers than their actions and decisions have.
SELECT plan.plan_id, plan.run_id, run.run_id IS NULL AS without_run, plan.actions AS said, items.found,
    plan.candidates, coalesce(decided.candidates, 0) AS decisions
FROM harvester.plan
LEFT JOIN harvester.run ON run.run_id = plan.run_id
CROSS JOIN LATERAL (SELECT count(*) AS found FROM harvester.action WHERE action.plan_id = plan.plan_id) AS items
LEFT JOIN (
    SELECT run_id, count(*) AS candidates FROM harvester.observation GROUP BY run_id
) AS decided ON decided.run_id = plan.run_id
WHERE run.run_id IS NULL OR plan.actions <> items.found
    OR (coalesce(nullif(run.seen_from, '-infinity'), run.started_at) >= $1
        AND plan.candidates <> coalesce(decided.candidates, 0))
ORDER BY substr(plan.plan_id, 2)::bigint;

-- name: verify_actions_without_decision
-- Actions that no decision stands behind, though they neither undo nor follow anything.
SELECT action.action_id, action.plan_id FROM harvester.action
LEFT JOIN harvester.plan ON plan.plan_id = action.plan_id
WHERE action.undoes IS NULL AND action.follows IS NULL
    AND (plan.plan_id IS NULL OR NOT EXISTS (
        SELECT FROM harvester.action_observation AS folded WHERE folded.action_id = action.action_id))
ORDER BY substr(action.action_id, 2)::bigint;

-- name: verify_decisions_of_actions
-- Decisions that actions fold and that are not there.
SELECT folded.action_id, folded.run_id, folded.place FROM harvester.action_observation AS folded
WHERE NOT EXISTS (
    SELECT FROM harvester.observation AS seen WHERE seen.run_id = folded.run_id AND seen.place = folded.place)
ORDER BY substr(folded.action_id, 2)::bigint, folded.ordinal;

-- name: verify_chain
-- Events that are not what was recorded: another content, another one before, or one missing between.
SELECT profile_id, sequence, action_id, cardinality((event).action_ids) AS items, call_number, from_state, to_state, before,
    hash = harvester.event_hash(event) AS content_holds, prev_hash = hash_before AS link_holds
FROM (
    SELECT event, profile_id, sequence, action_id, call_number, from_state, to_state, hash, prev_hash,
        lag(sequence, 1, 0) OVER chain AS before, lag(hash, 1, ''::bytea) OVER chain AS hash_before
    FROM harvester.action_event AS event
    WINDOW chain AS (PARTITION BY profile_id ORDER BY sequence)
) AS linked
WHERE sequence <> before + 1 OR prev_hash <> hash_before OR hash <> harvester.event_hash(event)
ORDER BY profile_id, sequence;

-- name: verify_last_events
-- Actions that are not what their last event says.
SELECT action.action_id, action.plan_id, action.state, action.amazon_id, last.to_state, last.amazon_id AS event_amazon_id,
    action.fragment IS DISTINCT FROM own.fragment OR action.bid IS DISTINCT FROM own.bid AS other_request
FROM harvester.action
LEFT JOIN (
    SELECT DISTINCT ON (action_id) action_id, to_state, amazon_id FROM harvester.step ORDER BY action_id, sequence DESC
) AS last ON last.action_id = action.action_id
LEFT JOIN (
    SELECT DISTINCT ON (action_id) action_id, fragment, bid FROM harvester.action_event
    WHERE action_ids IS NULL ORDER BY action_id, sequence DESC
) AS own ON own.action_id = action.action_id
WHERE (action.state, action.amazon_id, action.fragment, action.bid)
    IS DISTINCT FROM (last.to_state, last.amazon_id, own.fragment, own.bid)
ORDER BY substr(action.action_id, 2)::bigint;

-- name: verify_events_without_action
-- Events of actions that do not exist.
SELECT DISTINCT action_id FROM harvester.step
WHERE NOT EXISTS (SELECT FROM harvester.action WHERE action.action_id = step.action_id) ORDER BY action_id;

-- name: verify_intents
-- Events that say an action was sent with a call, where the call is not known to have carried it.
SELECT event.action_id, event.call_number FROM harvester.step AS event
WHERE event.to_state = 'sending' AND event.from_state <> 'sending'
    AND NOT EXISTS (
        SELECT FROM harvester.action_call AS carried
        WHERE carried.action_id = event.action_id AND carried.call_number = event.call_number)
ORDER BY event.profile_id, event.sequence, substr(event.action_id, 2)::bigint;

-- name: verify_attempts
-- Actions that were sent more or less often than their history says.
SELECT action.action_id, action.attempts, coalesce(sent.times, 0) AS times FROM harvester.action
LEFT JOIN (
    SELECT action_id, count(*) AS times FROM harvester.step
    WHERE to_state = 'sending' AND from_state <> 'sending' GROUP BY action_id
) AS sent ON sent.action_id = action.action_id
WHERE action.attempts <> coalesce(sent.times, 0) ORDER BY substr(action.action_id, 2)::bigint;

-- name: verify_writing_calls
-- Calls that change an account, made for a plan, that carried none of its actions.
-- A 401 or 429 proves that nothing was done: such an attempt stands alone where the next one was called off.
SELECT call_number, method, path, plan_id FROM harvester.api_call AS call
WHERE plan_id IS NOT NULL AND method || ' ' || path = ANY ($1) AND coalesce(status, 0) NOT IN (401, 429)
    AND NOT EXISTS (SELECT FROM harvester.action_call AS carried WHERE carried.call_number = call.call_number)
ORDER BY call_number;

-- name: verify_carried
-- What calls carried that are not recorded, and what the action's history says came next.
WITH dark AS MATERIALIZED (
    SELECT action_id, call_number, position FROM harvester.action_call AS carried
    WHERE NOT EXISTS (SELECT FROM harvester.api_call AS call WHERE call.call_number = carried.call_number)
), steps AS MATERIALIZED (
    SELECT action_id, call_number, from_state, to_state,
        lead(to_state) OVER (PARTITION BY action_id ORDER BY sequence) AS next_state
    FROM harvester.step WHERE action_id IN (SELECT action_id FROM dark)
)
SELECT dark.action_id, dark.call_number, sent.next_state AS to_state
FROM dark
LEFT JOIN steps AS sent ON sent.action_id = dark.action_id AND sent.call_number = dark.call_number
    AND sent.to_state = 'sending' AND sent.from_state <> 'sending'
ORDER BY dark.call_number, dark.position;

-- name: verify_done_without_id
-- Done actions of which nobody knows what Amazon calls them.
SELECT action_id, plan_id FROM harvester.action
WHERE state IN ('done', 'undone') AND amazon_id IS NULL ORDER BY substr(action_id, 2)::bigint;

-- name: verify_open_plans
-- Plans of which something is approved, sending or unknown, and which are not known to be open.
SELECT DISTINCT plan_id FROM harvester.action
WHERE phase = 'owning' AND state <> 'done'
    AND NOT EXISTS (
        SELECT FROM harvester.open_plan
        WHERE open_plan.profile_id = action.profile_id AND open_plan.plan_id = action.plan_id)
ORDER BY plan_id;
