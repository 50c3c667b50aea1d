-- name: plan_headers
-- The newest plans, of these profiles or of all, with the state that follows from their actions.
SELECT plan.plan_id, plan.profile_id, plan.account, plan.run_id, state.state, plan.complete,
    harvester.plan_fingerprint(plan.plan_id) AS fingerprint, plan.mode, plan.created_at, plan.ruleset_fingerprint, plan.candidates, plan.promote, plan.negate, plan.hold, plan.skip,
    plan.actions, plan.guarded, plan.advice, profile.name AS profile_name, profile.country, run.state AS run_state,
    run.troubles
FROM (
    SELECT * FROM harvester.plan
    WHERE $1::text[] IS NULL OR profile_id = ANY ($1)
    ORDER BY created_at DESC, substr(plan_id, 2)::bigint DESC LIMIT $2
) AS plan
JOIN harvester.plan_state AS state ON state.plan_id = plan.plan_id
JOIN harvester.profile ON profile.profile_id = plan.profile_id
JOIN harvester.run ON run.run_id = plan.run_id
ORDER BY plan.created_at DESC, substr(plan.plan_id, 2)::bigint DESC;

-- name: plan_header
-- One plan with the state that follows from its actions.
SELECT plan.plan_id, plan.profile_id, plan.account, plan.run_id, state.state, plan.complete,
    harvester.plan_fingerprint(plan.plan_id) AS fingerprint, plan.mode, plan.created_at, plan.ruleset_fingerprint, plan.candidates, plan.promote, plan.negate, plan.hold, plan.skip,
    plan.actions, plan.guarded, plan.advice, profile.name AS profile_name, profile.country, run.state AS run_state,
    run.troubles
FROM harvester.plan
JOIN harvester.plan_state AS state ON state.plan_id = plan.plan_id
JOIN harvester.profile ON profile.profile_id = plan.profile_id
JOIN harvester.run ON run.run_id = plan.run_id
WHERE plan.plan_id = $1;

-- name: plan_items
-- The next items of a plan after a position, in plan order.
SELECT action_id, position, kind, state, target, key, match, level, campaign_id, campaign_name, ad_group_id,
    ad_group_name, group_id, source_campaign_id, source_campaign_name, source_ad_group_id, source_ad_group_name, ad_id,
    asin, clicks, conversions, bid, currency, bid_formula, rule, reason, amazon_id, error_code, error_message, fragment,
    follow_up, note, reviewed_by, reviewed_at,
    CASE WHEN follow_up LIKE '%after_impressions%' OR kept_open IS NOT NULL
        THEN harvester.waits_for(profile_id, action_id)::text END AS waits_for,
    (SELECT seen.evidence_note FROM harvester.run JOIN harvester.observation AS seen ON seen.run_id = run.run_id
     WHERE run.run_id = action.run_id AND seen.place = action.leader AND seen.source = 'search_terms'
        AND seen.seen_at >= run.seen_from AND seen.seen_at <= run.seen_until) AS evidence_note,
    ARRAY(SELECT folded.run_id || '-' || folded.place FROM harvester.action_observation AS folded
          WHERE folded.action_id = action.action_id ORDER BY folded.ordinal) AS decision_ids
FROM harvester.action
WHERE plan_id = $1 AND position > $2
ORDER BY position LIMIT $3;

-- name: item_states
-- How many items of a plan are in which state.
SELECT state, count(*) AS items FROM harvester.action WHERE plan_id = $1 GROUP BY state ORDER BY state;

-- name: run_headers
-- The newest runs, of these profiles or of all.
SELECT run_id, profile_id, account, source, trigger, mode, ruleset_fingerprint, started_at, finished_at, state, pages,
    recommendations, troubles, error
FROM ledger.runs
WHERE $1::text[] IS NULL OR profile_id = ANY ($1)
ORDER BY started_at DESC, substr(run_id, 2)::bigint DESC LIMIT $2;

-- name: run_reasons
-- How many decisions of a run have which outcome and reason, the most frequent first.
SELECT outcome, reason, count(*) AS decisions FROM harvester.observation
WHERE run_id = $1
    AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
    AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1)
GROUP BY outcome, reason ORDER BY decisions DESC, outcome, reason;

-- name: run_sources
-- How many decisions of a run come from which source, the most frequent first.
SELECT source, count(*) AS decisions FROM harvester.observation
WHERE run_id = $1
    AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
    AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1)
GROUP BY source ORDER BY decisions DESC, source;

-- name: run_examples
-- Decisions of a run with one outcome and reason, those with the most conversions first.
SELECT run_id || '-' || place AS decision_id, run_id, profile_id, seen_at AS decided_at, source, campaign_id, ad_group_id,
    ad_id, ad_asin, target, target_type, harvester.metrics(clicks, conversions, evidence_note)::text AS metrics, outcome,
    reason, rule, harvester.findings(findings)::text AS findings, NULL::text AS plan_id, key, place
FROM (
    SELECT * FROM harvester.observation
    WHERE run_id = $1
        AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
        AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1)
        AND outcome = $2 AND reason = $3
    ORDER BY conversions DESC NULLS LAST, clicks DESC NULLS LAST, place LIMIT $4
) AS strongest
ORDER BY conversions DESC NULLS LAST, clicks DESC NULLS LAST, place;

-- name: run_of_plan
-- The run a plan was made of.
SELECT run_id FROM harvester.plan WHERE plan_id = $1;

-- name: run_decisions
-- The next decisions of a run after a place, in the order they were made.
SELECT decision_id, run_id, profile_id, decided_at, source, campaign_id, ad_group_id, ad_id, ad_asin, target, target_type,
    metrics::text AS metrics, outcome, reason, rule, findings::text AS findings, plan_id, key, place
FROM ledger.decisions
WHERE run_id = $1
    AND decided_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
    AND decided_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1)
    AND place > $2
ORDER BY place LIMIT $3;

-- name: decisions_about
-- Every decision ever made about one of these keys, in one profile or in all, with what became of it, oldest first.
SELECT decision.decision_id, decision.run_id, decision.profile_id, decision.decided_at, decision.source,
    decision.campaign_id, decision.ad_group_id, decision.ad_id, decision.ad_asin, decision.target, decision.target_type,
    decision.metrics::text AS metrics, decision.outcome, decision.reason, decision.rule,
    decision.findings::text AS findings, decision.plan_id, decision.key, decision.place,
    named.campaign_name, named.ad_group_name,
    run.account, run.started_at AS run_started_at, run.state AS run_state, run.mode, run.ruleset_fingerprint,
    ARRAY(SELECT json_build_object('id', action.action_id, 'kind', action.kind, 'state', action.state,
                'reason', action.reason, 'plan_id', action.plan_id, 'reviewed_by', action.reviewed_by,
                'amazon_id', action.amazon_id, 'source_ad_group_id', action.source_ad_group_id,
                'source_ad_group_name', action.source_ad_group_name,
                'source_campaign_name', action.source_campaign_name,
                'waits_for', CASE
                    WHEN action.follow_up LIKE '%after_impressions%' OR action.kept_open IS NOT NULL
                    THEN harvester.waits_for(action.profile_id, action.action_id) END)::text
          FROM harvester.action_observation AS folded JOIN harvester.action ON action.action_id = folded.action_id
          WHERE folded.run_id = decision.run_id AND folded.place = decision.place
          ORDER BY substr(action.action_id, 2)::bigint) AS actions
FROM ledger.decisions AS decision
LEFT JOIN harvester.run ON run.run_id = decision.run_id
LEFT JOIN harvester.place AS named
    ON named.profile_id = decision.profile_id AND named.ad_group_id = decision.ad_group_id
WHERE decision.key = ANY ($1) AND ($2::text IS NULL OR decision.profile_id = $2)
ORDER BY decision.profile_id, decision.decided_at, decision.run_id, decision.place;

-- name: by_index_alone
-- For the rest of the transaction: no table is read from end to end that has an index for the question.
SET LOCAL enable_seqscan = off;

-- name: server_version
-- The version of Postgres.
SELECT split_part(current_setting('server_version'), ' ', 1);

-- name: takes_changes
-- Whether anything can be written here; not on a standby.
SELECT current_setting('transaction_read_only') = 'off';

-- name: profile_of
-- Whose plan, actions or run these are.
SELECT profile_id FROM harvester.plan WHERE plan_id = $1
UNION SELECT profile_id FROM harvester.action WHERE action_id = ANY ($2)
UNION SELECT profile_id FROM harvester.run WHERE run_id = $3;
