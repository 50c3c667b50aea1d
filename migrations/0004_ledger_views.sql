-- The stable, documented, read-only views for analysts.

CREATE VIEW ledger.runs AS
SELECT run_id, profile_id, account, source, trigger, mode, ruleset_fingerprint, started_at, finished_at, state, pages,
    recommendations, troubles, error
FROM harvester.run;

-- A note that is no JSON object is kept under `note`; the two metrics every row has win over it.
CREATE FUNCTION harvester.metrics(clicks double precision, conversions double precision, note text) RETURNS jsonb
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    both_metrics jsonb := jsonb_build_object('clicks', clicks, 'conversions', conversions);
    parsed jsonb;
BEGIN
    IF note IS NULL OR note = '' THEN
        RETURN both_metrics;
    END IF;
    BEGIN
        parsed := note::jsonb;
    EXCEPTION WHEN data_exception THEN
        parsed := to_jsonb(note);
    END;
    IF jsonb_typeof(parsed) <> 'object' THEN
        parsed := jsonb_build_object('note', parsed);
    END IF;
    RETURN parsed || both_metrics;
END
$$;

CREATE FUNCTION harvester.findings(findings text) RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'rule', one -> 0, 'check', one -> 1, 'measured', one -> 2, 'bound', one -> 3, 'passed', one -> 4,
        'group', coalesce(one -> 5, '""')) ORDER BY place), '[]')
    FROM jsonb_array_elements(nullif(findings, '')::jsonb) WITH ORDINALITY AS elements (one, place)
$$;

CREATE VIEW ledger.recommendations AS
SELECT run_id, profile_id, source, campaign_id, ad_group_id, ad_id, ad_asin, target, target_type,
    harvester.metrics(clicks, conversions, evidence_note) AS metrics, seen_at, key, run_id || '-' || place AS decision_id
FROM harvester.observation;

CREATE VIEW ledger.decisions AS
SELECT seen.run_id || '-' || seen.place AS decision_id, seen.run_id, seen.profile_id, seen.seen_at AS decided_at,
    seen.source, seen.campaign_id, seen.ad_group_id, seen.ad_id, seen.ad_asin, seen.target, seen.target_type,
    harvester.metrics(seen.clicks, seen.conversions, seen.evidence_note) AS metrics,
    seen.outcome, seen.reason, seen.rule, harvester.findings(seen.findings) AS findings, plan.plan_id, seen.key,
    seen.place
FROM harvester.observation AS seen
LEFT JOIN harvester.plan ON plan.run_id = seen.run_id;

CREATE VIEW ledger.actions AS
SELECT action.action_id, action.plan_id, action.run_id || '-' || action.leader AS decision_id, action.profile_id,
    action.kind, action.target, action.match, action.level, nullif(action.campaign_id, '') AS campaign_id,
    nullif(action.ad_group_id, '') AS ad_group_id, nullif(action.group_id, '') AS group_id, action.bid,
    nullif(action.currency, '') AS currency, action.state, action.attempts, action.amazon_id, action.error_code,
    action.error_message, plan.created_at AS planned_at, action.reviewed_by, action.reviewed_at, action.sent_at,
    action.settled_at, action.position, action.rule, action.reason, action.key, action.effect, action.fragment,
    action.bid_formula, action.note
FROM harvester.action
JOIN harvester.plan ON plan.plan_id = action.plan_id;

CREATE VIEW ledger.api_calls AS
SELECT 'c' || call_number AS call_id, run_id, plan_id, profile_id, at, method, path, status, request_id, duration_ms,
    attempt, request_body, response_body, error, account
FROM harvester.api_call;

CREATE VIEW ledger.action_calls AS
SELECT action_id, 'c' || call_number AS call_id, position, at
FROM harvester.action_call;

CREATE VIEW ledger.action_decisions AS
SELECT action_id, run_id || '-' || place AS decision_id, ordinal, run_id
FROM harvester.action_observation;

-- A view over one table would take writes; these refuse them in words.
DO $$
DECLARE
    which text;
BEGIN
    FOREACH which IN ARRAY ARRAY['runs', 'recommendations', 'decisions', 'actions', 'api_calls', 'action_calls',
                                 'action_decisions'] LOOP
        EXECUTE format('CREATE TRIGGER read_only INSTEAD OF INSERT OR UPDATE OR DELETE ON ledger.%I '
            'FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change()', which);
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ledger.%I FROM PUBLIC, CURRENT_USER', which);
    END LOOP;
END
$$;

COMMENT ON SCHEMA ledger IS 'What Harvester saw, decided, planned and did: stable, read-only views.';

COMMENT ON VIEW ledger.runs IS 'One row per harvest of one profile.';
COMMENT ON COLUMN ledger.runs.run_id IS 'Ours, r1, r2 and so on.';
COMMENT ON COLUMN ledger.runs.profile_id IS 'Amazon''s profile id.';
COMMENT ON COLUMN ledger.runs.account IS 'The name of the login in the settings.';
COMMENT ON COLUMN ledger.runs.source IS 'Where the recommendations came from: promotion, products, categories or search_terms.';
COMMENT ON COLUMN ledger.runs.trigger IS 'What started it: a person''s command or the schedule.';
COMMENT ON COLUMN ledger.runs.mode IS 'dry-run, review or auto, as it was in force for the profile.';
COMMENT ON COLUMN ledger.runs.ruleset_fingerprint IS 'SHA-256 of the effective rules.';
COMMENT ON COLUMN ledger.runs.started_at IS 'When it began; a run that was interrupted and taken up keeps its first time.';
COMMENT ON COLUMN ledger.runs.finished_at IS 'When it ended; null while it is running.';
COMMENT ON COLUMN ledger.runs.state IS 'running; complete: everything was read; partial: some of it could not be; failed.';
COMMENT ON COLUMN ledger.runs.pages IS 'Pages of recommendations read and recorded.';
COMMENT ON COLUMN ledger.runs.recommendations IS 'Recommendations recorded, each with its decision.';
COMMENT ON COLUMN ledger.runs.troubles IS 'Why it is partial, one sentence each.';
COMMENT ON COLUMN ledger.runs.error IS 'Why it failed.';

COMMENT ON VIEW ledger.recommendations IS 'Every recommendation as it was delivered.';
COMMENT ON COLUMN ledger.recommendations.run_id IS 'The run that read it.';
COMMENT ON COLUMN ledger.recommendations.profile_id IS 'Amazon''s profile id.';
COMMENT ON COLUMN ledger.recommendations.source IS 'promotion, products, categories or search_terms.';
COMMENT ON COLUMN ledger.recommendations.campaign_id IS 'Of the ad it was made for.';
COMMENT ON COLUMN ledger.recommendations.ad_group_id IS 'Of the ad it was made for.';
COMMENT ON COLUMN ledger.recommendations.ad_id IS 'The ad it was made for.';
COMMENT ON COLUMN ledger.recommendations.ad_asin IS 'The product that ad shows; empty where Amazon said none.';
COMMENT ON COLUMN ledger.recommendations.target IS 'The keyword or ASIN, as it was delivered.';
COMMENT ON COLUMN ledger.recommendations.target_type IS 'KEYWORD, PRODUCT or whatever else was delivered.';
COMMENT ON COLUMN ledger.recommendations.metrics IS 'clicks and conversions (null: unreadable) and whatever else came as evidence.';
COMMENT ON COLUMN ledger.recommendations.seen_at IS 'When the page that held it was recorded.';
COMMENT ON COLUMN ledger.recommendations.key IS 'The form in which targets are compared: folded text or upper-case ASIN.';
COMMENT ON COLUMN ledger.recommendations.decision_id IS 'Its decision in ledger.decisions.';

COMMENT ON VIEW ledger.decisions IS 'Exactly one decision per recommendation and run, the non-actions too.';
COMMENT ON COLUMN ledger.decisions.decision_id IS 'Run id and place in the run: r12-0 is the first.';
COMMENT ON COLUMN ledger.decisions.run_id IS 'The run that decided.';
COMMENT ON COLUMN ledger.decisions.profile_id IS 'Amazon''s profile id.';
COMMENT ON COLUMN ledger.decisions.decided_at IS 'When it was recorded, with its recommendation.';
COMMENT ON COLUMN ledger.decisions.source IS 'promotion, products, categories or search_terms.';
COMMENT ON COLUMN ledger.decisions.campaign_id IS 'Of the ad the recommendation was made for.';
COMMENT ON COLUMN ledger.decisions.ad_group_id IS 'Of the ad the recommendation was made for.';
COMMENT ON COLUMN ledger.decisions.ad_id IS 'The ad the recommendation was made for.';
COMMENT ON COLUMN ledger.decisions.ad_asin IS 'The product that ad shows; empty where Amazon said none.';
COMMENT ON COLUMN ledger.decisions.target IS 'The keyword or ASIN, as it was delivered.';
COMMENT ON COLUMN ledger.decisions.target_type IS 'KEYWORD, PRODUCT or whatever else was delivered.';
COMMENT ON COLUMN ledger.decisions.metrics IS 'clicks and conversions (null: unreadable) and whatever else came as evidence.';
COMMENT ON COLUMN ledger.decisions.outcome IS 'promote, negate, hold or skip.';
COMMENT ON COLUMN ledger.decisions.reason IS 'The rule''s name for promote and negate; else why nothing is done.';
COMMENT ON COLUMN ledger.decisions.rule IS 'The rule that decided; empty where none did.';
COMMENT ON COLUMN ledger.decisions.findings IS 'Every check that was asked, in order: rule, check, measured, bound, passed, group.';
COMMENT ON COLUMN ledger.decisions.plan_id IS 'The plan made of the run; null while there is none.';
COMMENT ON COLUMN ledger.decisions.key IS 'The form in which targets are compared: folded text or upper-case ASIN.';
COMMENT ON COLUMN ledger.decisions.place IS 'Its place in the run, from 0.';

COMMENT ON VIEW ledger.actions IS 'Every item of every plan and how far it has come.';
COMMENT ON COLUMN ledger.actions.action_id IS 'Ours, a1, a2 and so on.';
COMMENT ON COLUMN ledger.actions.plan_id IS 'The plan it belongs to.';
COMMENT ON COLUMN ledger.actions.decision_id IS 'The strongest decision behind it; all of them are in ledger.action_decisions.';
COMMENT ON COLUMN ledger.actions.profile_id IS 'Amazon''s profile id.';
COMMENT ON COLUMN ledger.actions.kind IS 'create_group, promote_keyword, promote_product, negate_keyword, negate_product and so on.';
COMMENT ON COLUMN ledger.actions.target IS 'The keyword or ASIN.';
COMMENT ON COLUMN ledger.actions.match IS 'broad, phrase, exact, same or expanded.';
COMMENT ON COLUMN ledger.actions.level IS 'Of a negative: ad_group or campaign.';
COMMENT ON COLUMN ledger.actions.campaign_id IS 'Where it takes effect.';
COMMENT ON COLUMN ledger.actions.ad_group_id IS 'Where it takes effect; null at campaign level.';
COMMENT ON COLUMN ledger.actions.group_id IS 'The promotion group it goes through.';
COMMENT ON COLUMN ledger.actions.bid IS 'In `currency`; null where there is none.';
COMMENT ON COLUMN ledger.actions.currency IS 'ISO 4217.';
COMMENT ON COLUMN ledger.actions.state IS 'planned, guarded, held, approved, declined, superseded, sending, done, refused, unknown, stale or undone.';
COMMENT ON COLUMN ledger.actions.attempts IS 'How often it was sent.';
COMMENT ON COLUMN ledger.actions.amazon_id IS 'What Amazon calls the thing it made.';
COMMENT ON COLUMN ledger.actions.error_code IS 'Amazon''s, where it refused.';
COMMENT ON COLUMN ledger.actions.error_message IS 'Amazon''s, where it refused; or what moved, where it is stale.';
COMMENT ON COLUMN ledger.actions.planned_at IS 'When the plan was stored.';
COMMENT ON COLUMN ledger.actions.reviewed_by IS 'A person''s name, or auto: and the rule.';
COMMENT ON COLUMN ledger.actions.reviewed_at IS 'When it was last reviewed.';
COMMENT ON COLUMN ledger.actions.sent_at IS 'When it was last sent.';
COMMENT ON COLUMN ledger.actions.settled_at IS 'When it became done, refused, stale or undone.';
COMMENT ON COLUMN ledger.actions.position IS 'Its place in the plan, from 0.';
COMMENT ON COLUMN ledger.actions.rule IS 'The rule behind it.';
COMMENT ON COLUMN ledger.actions.reason IS 'Why it is guarded or held.';
COMMENT ON COLUMN ledger.actions.key IS 'The form in which targets are compared: folded text or upper-case ASIN.';
COMMENT ON COLUMN ledger.actions.effect IS 'What it brings about; two actions of a profile with the same effect are the same.';
COMMENT ON COLUMN ledger.actions.fragment IS 'Its own part of the request, to the byte.';
COMMENT ON COLUMN ledger.actions.bid_formula IS 'How the bid was found.';
COMMENT ON COLUMN ledger.actions.note IS 'What the reviewer should know.';

COMMENT ON VIEW ledger.api_calls IS 'Every call to Amazon. Never a token or a secret.';
COMMENT ON COLUMN ledger.api_calls.call_id IS 'Ours, c1, c2 and so on.';
COMMENT ON COLUMN ledger.api_calls.run_id IS 'The run it was made for, if any.';
COMMENT ON COLUMN ledger.api_calls.plan_id IS 'The plan it was made for, if any.';
COMMENT ON COLUMN ledger.api_calls.profile_id IS 'Amazon''s profile id; null for calls of the login itself.';
COMMENT ON COLUMN ledger.api_calls.at IS 'When it was sent.';
COMMENT ON COLUMN ledger.api_calls.method IS 'The HTTP method.';
COMMENT ON COLUMN ledger.api_calls.path IS 'The path, without the host.';
COMMENT ON COLUMN ledger.api_calls.status IS 'The HTTP status; null where no answer came.';
COMMENT ON COLUMN ledger.api_calls.request_id IS 'Amazon''s, for its support.';
COMMENT ON COLUMN ledger.api_calls.duration_ms IS 'Milliseconds until the answer was read or given up.';
COMMENT ON COLUMN ledger.api_calls.attempt IS 'Counted from 1.';
COMMENT ON COLUMN ledger.api_calls.request_body IS 'As it was sent.';
COMMENT ON COLUMN ledger.api_calls.response_body IS 'Of writing calls all of it, of reading calls the first 4 kB.';
COMMENT ON COLUMN ledger.api_calls.error IS 'What went wrong, in words.';
COMMENT ON COLUMN ledger.api_calls.account IS 'The name of the login in the settings.';

COMMENT ON VIEW ledger.action_calls IS 'Which calls carried an action.';
COMMENT ON COLUMN ledger.action_calls.action_id IS 'The action.';
COMMENT ON COLUMN ledger.action_calls.call_id IS 'The call that carried it.';
COMMENT ON COLUMN ledger.action_calls.position IS 'Its place in the request, from 0.';
COMMENT ON COLUMN ledger.action_calls.at IS 'When that call was sent.';

COMMENT ON VIEW ledger.action_decisions IS 'Which decisions an action folds.';
COMMENT ON COLUMN ledger.action_decisions.action_id IS 'The action.';
COMMENT ON COLUMN ledger.action_decisions.decision_id IS 'A decision behind it.';
COMMENT ON COLUMN ledger.action_decisions.ordinal IS '0 for the strongest, then in order of strength.';
COMMENT ON COLUMN ledger.action_decisions.run_id IS 'The run of that decision.';
