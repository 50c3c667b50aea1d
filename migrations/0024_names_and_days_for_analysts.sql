-- before: adds views, and columns at the end of two.
-- An analyst finds names beside ids, a currency beside negatives too, what reports said by day, and who approved what came
-- of it, without a table of ours.

CREATE VIEW ledger.profiles AS
SELECT profile_id, account, name, country, currency, timezone, kind, first_seen_at FROM harvester.profile;

CREATE VIEW ledger.search_terms AS
SELECT seen.profile_id, seen.day, seen.campaign_id, seen.ad_group_id, seen.term, seen.key, seen.keyword_id, seen.targeting,
    seen.match_type, seen.impressions, seen.clicks, harvester.money(seen.cost) AS spend, seen.orders,
    harvester.money(seen.sales) AS sales, profile.currency
FROM harvester.search_term_day AS seen
JOIN harvester.profile ON profile.profile_id = seen.profile_id;

CREATE VIEW ledger.targeting AS
SELECT seen.profile_id, seen.day, seen.campaign_id, seen.ad_group_id, seen.keyword_id AS amazon_id, seen.targeting,
    seen.match_type, seen.impressions, seen.clicks, harvester.money(seen.cost) AS spend, seen.orders,
    harvester.money(seen.sales) AS sales, profile.currency
FROM harvester.targeting_day AS seen
JOIN harvester.profile ON profile.profile_id = seen.profile_id;

CREATE OR REPLACE VIEW ledger.actions AS
SELECT action.action_id, action.plan_id, action.run_id || '-' || action.leader AS decision_id, action.profile_id,
    action.kind, action.target, action.match, action.level, nullif(action.campaign_id, '') AS campaign_id,
    nullif(action.ad_group_id, '') AS ad_group_id, nullif(action.group_id, '') AS group_id, action.bid,
    coalesce(nullif(action.currency, ''), profile.currency) AS currency, action.state, action.attempts, action.amazon_id,
    action.error_code, action.error_message, plan.created_at AS planned_at, action.reviewed_by, action.reviewed_at, action.sent_at,
    action.settled_at, action.position, action.rule, action.reason, action.key, action.effect, action.fragment,
    action.bid_formula, action.note, action.undoes, action.follows,
    nullif(action.campaign_name, '') AS campaign_name, nullif(action.ad_group_name, '') AS ad_group_name
FROM harvester.action
JOIN harvester.plan ON plan.plan_id = action.plan_id
JOIN harvester.profile ON profile.profile_id = action.profile_id;

CREATE OR REPLACE VIEW ledger.outcomes AS
SELECT action.action_id, action.plan_id, action.profile_id, action.rule, action.kind, action.target, action.match,
    action.level, nullif(action.source_campaign_id, '') AS source_campaign_id,
    nullif(action.source_ad_group_id, '') AS source_ad_group_id, nullif(action.campaign_id, '') AS campaign_id,
    nullif(action.ad_group_id, '') AS ad_group_id, action.amazon_id, action.state,
    CASE action.state WHEN 'done' THEN action.settled_at ELSE action.sent_at END AS made_at,
    said.reading, said.read_at, coalesce(said.days, 0) AS days,
    said.source_clicks_before, said.source_spend_before, said.source_orders_before, said.source_sales_before,
    said.source_acos_before, said.source_clicks_after, said.source_spend_after, said.source_orders_after,
    said.source_sales_after, said.source_acos_after, said.destination_impressions_after,
    said.destination_clicks_after, said.destination_spend_after, said.destination_orders_after,
    said.destination_sales_after, said.destination_acos_after, said.orders_seen, said.orders_now, said.target_acos,
    coalesce(said.verdict, 'too_early') AS verdict, coalesce(said.reason, 'not_read') AS reason, said.money,
    profile.currency, regret.plan_id AS undo_plan_id, action.follows,
    action.key, nullif(action.campaign_name, '') AS campaign_name, nullif(action.ad_group_name, '') AS ad_group_name,
    action.reviewed_by
FROM harvester.action
JOIN harvester.profile ON profile.profile_id = action.profile_id
LEFT JOIN LATERAL (
    SELECT * FROM ledger.outcome_readings AS one
    WHERE one.action_id = action.action_id ORDER BY one.reading DESC LIMIT 1
) AS said ON true
LEFT JOIN harvester.regret ON regret.action_id = action.action_id
WHERE action.state IN ('done', 'undone') AND action.undoes IS NULL
    AND action.kind IN ('promote_keyword', 'promote_product', 'target_product', 'target_category', 'negate_keyword',
        'negate_product', 'negate_brand');

DO $$
DECLARE
    which text;
BEGIN
    FOREACH which IN ARRAY ARRAY['profiles', 'search_terms', 'targeting'] LOOP
        EXECUTE format('CREATE TRIGGER read_only INSTEAD OF INSERT OR UPDATE OR DELETE ON ledger.%I '
            'FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change()', which);
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ledger.%I FROM PUBLIC, CURRENT_USER', which);
    END LOOP;
END
$$;

COMMENT ON COLUMN ledger.actions.currency IS 'Of the bid, and of the profile, ISO 4217.';
COMMENT ON COLUMN ledger.actions.campaign_name IS 'What the campaign was called when it was planned.';
COMMENT ON COLUMN ledger.actions.ad_group_name IS 'What the ad group was called when it was planned; null at campaign level.';
COMMENT ON COLUMN ledger.outcomes.key IS 'The target in the form in which targets are compared, as in the other views.';
COMMENT ON COLUMN ledger.outcomes.campaign_name IS 'What the campaign in which it took effect was called when it was planned.';
COMMENT ON COLUMN ledger.outcomes.ad_group_name IS 'What that ad group was called then; null at campaign level.';
COMMENT ON COLUMN ledger.outcomes.reviewed_by IS 'Who approved it; auto: and the rule where no person did.';

COMMENT ON VIEW ledger.profiles IS 'The profiles that were ever seen, by the names and settings that Amazon last gave them.';
COMMENT ON COLUMN ledger.profiles.profile_id IS 'Amazon''s profile id, as in the other views.';
COMMENT ON COLUMN ledger.profiles.account IS 'The name of the login in the settings.';
COMMENT ON COLUMN ledger.profiles.name IS 'What Amazon calls the advertiser.';
COMMENT ON COLUMN ledger.profiles.country IS 'The marketplace, as in US or UK.';
COMMENT ON COLUMN ledger.profiles.currency IS 'Of all amounts of the profile, ISO 4217.';
COMMENT ON COLUMN ledger.profiles.timezone IS 'In which its days begin and end.';
COMMENT ON COLUMN ledger.profiles.kind IS 'seller, vendor or agency.';
COMMENT ON COLUMN ledger.profiles.first_seen_at IS 'When Harvester first saw it.';

COMMENT ON VIEW ledger.search_terms IS 'What shoppers typed: one row per day, keyword or target, and search term with a click, as Amazon''s report last said.';
COMMENT ON COLUMN ledger.search_terms.profile_id IS 'Amazon''s profile id.';
COMMENT ON COLUMN ledger.search_terms.day IS 'In the profile''s time zone.';
COMMENT ON COLUMN ledger.search_terms.campaign_id IS 'Names are in ledger.places.';
COMMENT ON COLUMN ledger.search_terms.ad_group_id IS 'Names are in ledger.places.';
COMMENT ON COLUMN ledger.search_terms.term IS 'As the shopper typed it; an ASIN where a product page led to the ad.';
COMMENT ON COLUMN ledger.search_terms.key IS 'The form in which targets are compared: as in ledger.actions and ledger.decisions.';
COMMENT ON COLUMN ledger.search_terms.keyword_id IS 'Amazon''s id of the keyword or target that it came under.';
COMMENT ON COLUMN ledger.search_terms.targeting IS 'That keyword or target, as in close-match.';
COMMENT ON COLUMN ledger.search_terms.match_type IS 'BROAD, PHRASE, EXACT, TARGETING_EXPRESSION or TARGETING_EXPRESSION_PREDEFINED.';
COMMENT ON COLUMN ledger.search_terms.impressions IS 'Of that day.';
COMMENT ON COLUMN ledger.search_terms.clicks IS 'Of that day.';
COMMENT ON COLUMN ledger.search_terms.spend IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.search_terms.orders IS 'By the day of the click; within 7 days of it, for vendors 14. They come in for weeks.';
COMMENT ON COLUMN ledger.search_terms.sales IS 'Of these orders, in the profile''s currency.';
COMMENT ON COLUMN ledger.search_terms.currency IS 'Of the profile, ISO 4217.';

COMMENT ON VIEW ledger.targeting IS 'What our own keywords and targets did: one row per day and keyword or target, as Amazon''s report last said.';
COMMENT ON COLUMN ledger.targeting.profile_id IS 'Amazon''s profile id.';
COMMENT ON COLUMN ledger.targeting.day IS 'In the profile''s time zone.';
COMMENT ON COLUMN ledger.targeting.campaign_id IS 'Names are in ledger.places.';
COMMENT ON COLUMN ledger.targeting.ad_group_id IS 'Names are in ledger.places.';
COMMENT ON COLUMN ledger.targeting.amazon_id IS 'Of the keyword or target, as in ledger.actions and ledger.outcomes.';
COMMENT ON COLUMN ledger.targeting.targeting IS 'The keyword or target in words.';
COMMENT ON COLUMN ledger.targeting.match_type IS 'BROAD, PHRASE, EXACT, TARGETING_EXPRESSION or TARGETING_EXPRESSION_PREDEFINED.';
COMMENT ON COLUMN ledger.targeting.impressions IS 'Of that day, also where nobody clicked.';
COMMENT ON COLUMN ledger.targeting.clicks IS 'Of that day.';
COMMENT ON COLUMN ledger.targeting.spend IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.targeting.orders IS 'By the day of the click; within 7 days of it, for vendors 14. They come in for weeks.';
COMMENT ON COLUMN ledger.targeting.sales IS 'Of these orders, in the profile''s currency.';
COMMENT ON COLUMN ledger.targeting.currency IS 'Of the profile, ISO 4217.';
