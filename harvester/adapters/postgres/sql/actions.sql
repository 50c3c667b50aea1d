-- name: lock_history
-- Until the end of this transaction nobody else changes the profile's actions.
SELECT harvester.lock_history($1);

-- name: lock_profile_of_action
-- Whose action this is; until the end of this transaction nobody else changes that profile's actions.
-- And items that are named are looked up one by one, not by reading all there are.
SELECT profile_id, harvester.lock_history(profile_id), set_config('enable_seqscan', 'off', true),
    set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)
FROM harvester.action WHERE action_id = $1;

-- name: plan_fingerprint
-- Whose plan it is, and its fingerprint with all edits.
SELECT profile_id, harvester.plan_fingerprint(plan_id) AS fingerprint FROM harvester.plan WHERE plan_id = $1;

-- name: plan_ruleset
-- Which rules a plan was made under.
SELECT ruleset_fingerprint FROM harvester.plan WHERE plan_id = $1;

-- name: strays_unknown
-- Whatever a process that is gone left on its way.
UPDATE harvester.action SET state = 'unknown', fence = $2, changed_at = now(), changed_by = 'fence ' || $2::bigint,
    error_message = 'the process that sent it ended before an answer was recorded'
WHERE profile_id = $1 AND state = 'sending'
    AND plan_id = ANY (ARRAY(SELECT plan_id FROM harvester.open_plan WHERE profile_id = $1));

-- name: close_plans
-- Plans of a profile with nothing left that is approved, sending or unknown; only while its history is locked.
DELETE FROM harvester.open_plan
WHERE profile_id = $1 AND NOT EXISTS (
    SELECT FROM harvester.action
    WHERE action.plan_id = open_plan.plan_id AND action.state IN ('approved', 'sending', 'unknown'));

-- name: actions_in_state
-- Actions of these plans of a profile that are in one of these states, in plan order.
SELECT * FROM harvester.standing
WHERE profile_id = $1 AND state = ANY ($2) AND plan_id = ANY ($3)
ORDER BY substr(plan_id, 2)::bigint, position;

-- name: plans_of
-- Plans of a profile: all of them, or those that may hold something approved, sending or unknown.
SELECT plan_id FROM harvester.plan WHERE profile_id = $1 AND NOT $2
UNION ALL SELECT plan_id FROM harvester.open_plan WHERE profile_id = $1 AND $2;

-- name: one_action
-- An action.
SELECT * FROM harvester.standing WHERE action_id = $1;

-- name: approve_automatically
-- Planned items of these rules become approved, each rule its own reviewer; what is taken stays.
-- None of a plan that was made under other rules than $5.
WITH approved AS (
    UPDATE harvester.action SET state = 'approved', approved_from = 'planned', reviewed_by = 'auto:' || rule,
        reviewed_at = $3, expires_at = $4, changed_at = $3, changed_by = 'auto:' || rule
    WHERE plan_id = $1 AND state = 'planned' AND rule = ANY ($2) AND fragment <> ''
        AND EXISTS (SELECT FROM harvester.plan WHERE plan.plan_id = $1 AND plan.ruleset_fingerprint = $5)
        AND NOT (kind = 'create_group' AND bid IS NOT NULL) AND kind <> 'negate_brand'
        AND NOT EXISTS (
            SELECT FROM harvester.plan_review AS edited
            WHERE edited.plan_id = $1 AND edited.verdict = 'edit' AND action.action_id = ANY (edited.action_ids))
        AND NOT EXISTS (
            SELECT FROM harvester.action AS owner
            WHERE owner.profile_id = action.profile_id AND owner.effect = action.effect AND owner.undoes IS NULL
                AND action.undoes IS NULL AND owner.phase = 'owning')
        AND NOT EXISTS (
            SELECT FROM harvester.action AS owner
            WHERE owner.undoes = action.undoes AND owner.effect = action.effect
                AND owner.phase = 'owning')
        AND NOT EXISTS (
            SELECT FROM harvester.action AS basis
            WHERE basis.action_id IN (action.undoes, action.follows) AND basis.state <> 'done')
    RETURNING action_id, rule, position
), noted AS (
    INSERT INTO harvester.plan_review (plan_id, fingerprint, verdict, reviewed_by, reviewed_at, expires_at, action_ids)
    SELECT $1, harvester.plan_fingerprint($1), 'approve', 'auto:' || rule, $3, $4, array_agg(action_id ORDER BY position)
    FROM approved GROUP BY rule
)
SELECT action_id FROM approved ORDER BY position;

-- name: retract_automatic
-- What rules approved by themselves and is not sent waits again, where the plan was made under other rules than $3.
WITH retracted AS (
    UPDATE harvester.action SET state = coalesce(approved_from, 'planned'), approved_from = NULL, reviewed_by = NULL,
        reviewed_at = NULL, expires_at = NULL, error_code = NULL, error_message = NULL, reason = 'rules_changed',
        changed_at = $2, changed_by = 'rules'
    WHERE plan_id = $1 AND state = 'approved' AND reviewed_by LIKE 'auto:%'
        AND EXISTS (SELECT FROM harvester.plan WHERE plan.plan_id = $1 AND plan.ruleset_fingerprint <> $3)
    RETURNING action_id, position
)
SELECT action_id FROM retracted ORDER BY position;

-- name: expire_approvals
-- What was approved and not sent in time waits again as it did before; in plan order.
WITH expired AS (
    UPDATE harvester.action SET state = coalesce(approved_from, 'planned'), approved_from = NULL, reviewed_by = NULL,
        reviewed_at = NULL, expires_at = NULL, error_code = NULL, error_message = NULL, changed_at = $2,
        changed_by = 'expiry'
    WHERE plan_id = $1 AND state = 'approved' AND expires_at <= $2
    RETURNING action_id, position
)
SELECT action_id FROM expired ORDER BY position;

-- name: pauses
-- Whether a profile, and whether everybody, is paused, by whom and since when; and the profile's newest fence.
SELECT mine.fence, mine.paused, mine.paused_by, mine.paused_at, fleet.paused AS all_paused, fleet.paused_by AS all_paused_by,
    fleet.paused_at AS all_paused_at
FROM harvester.fleet_state AS fleet
LEFT JOIN harvester.account_state AS mine ON mine.profile_id = $1;

-- name: pause_profile
-- Stops or lets go on what is sent to a profile.
INSERT INTO harvester.account_state (profile_id, paused, paused_by, paused_at)
SELECT profile_id, $3, $2, now() FROM harvester.profile WHERE profile_id = $1
ON CONFLICT (profile_id) DO UPDATE SET
    paused = excluded.paused, paused_by = excluded.paused_by, paused_at = excluded.paused_at;

-- name: pause_all
-- Stops or lets go on what is sent to anybody.
UPDATE harvester.fleet_state SET paused = $2, paused_by = $1, paused_at = now();
