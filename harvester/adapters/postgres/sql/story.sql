-- name: actions_at_amazon
-- The actions that made, or changed, what Amazon calls by this id; the oldest first.
WITH made AS MATERIALIZED (
    SELECT action_id FROM harvester.action_event WHERE amazon_id = $1
    UNION
    SELECT item.action_id FROM harvester.action_event AS event
    CROSS JOIN LATERAL unnest(event.action_ids, event.amazon_ids) AS item (action_id, amazon_id)
    WHERE event.amazon_ids @> ARRAY[$1] AND item.amazon_id = $1
)
SELECT action.action_id, action.plan_id, action.run_id, action.profile_id, action.kind, action.target, action.key,
    action.match, action.level, action.state, action.rule, action.reason, action.campaign_name, action.ad_group_name,
    action.source_campaign_name, action.source_ad_group_name, action.asin, action.bid, action.currency,
    action.bid_formula, action.fragment, action.amazon_id, action.error_code, action.error_message, action.undoes,
    action.follows, CASE
        WHEN action.follow_up LIKE '%after_impressions%' OR action.kept_open IS NOT NULL
        THEN harvester.waits_for(action.profile_id, action.action_id)::text END AS waits_for, plan.ruleset_fingerprint, ruleset.text AS ruleset_text, plan.created_at AS planned_at
FROM harvester.action
JOIN harvester.plan ON plan.plan_id = action.plan_id
LEFT JOIN harvester.ruleset ON ruleset.fingerprint = plan.ruleset_fingerprint
WHERE action.action_id IN (
        SELECT action_id FROM made
        UNION SELECT undo.action_id FROM harvester.action AS undo JOIN made ON undo.undoes = made.action_id)
    AND ($2::text IS NULL OR action.profile_id = $2)
ORDER BY plan.created_at, action.position;

-- name: events_of_action
-- Every change of an action, in order. What was undone was undone by the call of another item.
-- A step that it went together with others of a call left its bid as it was.
WITH mine AS (
    SELECT * FROM harvester.action_event WHERE action_id = $1
    UNION ALL
    SELECT * FROM harvester.action_event AS event
    WHERE action_ids IS NOT NULL AND $1 = ANY (action_ids)
        AND call_number = ANY (ARRAY(SELECT call_number FROM harvester.action_call WHERE action_id = $1))
)
SELECT at, from_state, to_state, reason, changed_by,
    CASE to_state WHEN 'undone' THEN NULL ELSE 'c' || call_number END AS call_id, error_code, error_message,
    CASE WHEN action_ids IS NULL THEN bid ELSE (
        SELECT own.bid FROM mine AS own WHERE own.action_ids IS NULL AND own.sequence < mine.sequence
        ORDER BY own.sequence DESC LIMIT 1) END AS bid,
    encode(hash, 'hex') AS hash
FROM mine ORDER BY sequence;

-- name: calls_of_action
-- The calls that carried an action, with what was asked and answered.
SELECT 'c' || carried.call_number AS call_id, carried.position, carried.at, call.method, call.path, call.status,
    call.request_id, call.request_body, call.response_body, call.error
FROM harvester.action_call AS carried
LEFT JOIN harvester.api_call AS call ON call.call_number = carried.call_number
    AND call.at >= carried.at - interval '1 day' AND call.at <= carried.at + interval '1 day'
WHERE carried.action_id = $1 ORDER BY carried.at, carried.call_number;

-- name: decisions_of_action
-- The decisions that an action folds, the strongest first, read where its run recorded them (OFFSET sees to it).
SELECT decision.decision_id, decision.run_id, decision.profile_id, decision.decided_at, decision.source,
    decision.campaign_id, decision.ad_group_id, decision.ad_id, decision.ad_asin, decision.target, decision.target_type,
    decision.metrics::text AS metrics, decision.outcome, decision.reason, decision.rule,
    decision.findings::text AS findings, decision.plan_id, decision.key, decision.place
FROM harvester.action_observation AS folded
JOIN harvester.run ON run.run_id = folded.run_id
CROSS JOIN LATERAL (
    SELECT * FROM ledger.decisions
    WHERE decisions.run_id = folded.run_id AND decisions.place = folded.place
        AND decided_at >= run.seen_from AND decided_at <= run.seen_until
    OFFSET 0
) AS decision
WHERE folded.action_id = $1 ORDER BY folded.ordinal;
