-- before: replaces a view by one with the same columns.
-- Actions without a bid have a currency too: that of what they cost and saved.

CREATE OR REPLACE VIEW ledger.actions AS
SELECT action.action_id, action.plan_id, action.run_id || '-' || action.leader AS decision_id, action.profile_id,
    action.kind, action.target, action.match, action.level, nullif(action.campaign_id, '') AS campaign_id,
    nullif(action.ad_group_id, '') AS ad_group_id, nullif(action.group_id, '') AS group_id, action.bid,
    coalesce(nullif(action.currency, ''), profile.currency) AS currency, action.state, action.attempts, action.amazon_id,
    action.error_code, action.error_message, plan.created_at AS planned_at, action.reviewed_by, action.reviewed_at,
    action.sent_at, action.settled_at, action.position, action.rule, action.reason, action.key, action.effect,
    action.fragment, action.bid_formula, action.note, action.undoes, action.follows
FROM harvester.action
JOIN harvester.plan ON plan.plan_id = action.plan_id
JOIN harvester.profile ON profile.profile_id = action.profile_id;

COMMENT ON COLUMN ledger.actions.currency IS 'Of the bid, and of the profile, ISO 4217.';
