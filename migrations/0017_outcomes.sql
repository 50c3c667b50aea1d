-- before: adds functions, tables and views, and one more task that only new code puts into the queue.
-- What became of what was done, as the reports say.

-- The day in a profile's own time zone; in UTC where that is none that Postgres knows.
CREATE FUNCTION harvester.local_day(at timestamptz, timezone text) RETURNS date
LANGUAGE plpgsql STABLE AS $$
BEGIN
    RETURN (at AT TIME ZONE timezone)::date;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN (at AT TIME ZONE 'UTC')::date;
END
$$;

-- How often a target of ours was shown since it was made, in days that are in, and the last of those days.
CREATE FUNCTION harvester.delivered(
    whose text, target text, made_at timestamptz, OUT impressions bigint, OUT last_day date) RETURNS record
LANGUAGE plpgsql STABLE AS $$
DECLARE
    first_day date := (SELECT harvester.local_day(made_at, timezone) FROM harvester.profile WHERE profile_id = whose);
BEGIN
    last_day := (SELECT max(day) FROM harvester.report_day
        WHERE profile_id = whose AND kind = 'targeting' AND day >= first_day);
    impressions := coalesce((SELECT sum(seen.impressions) FROM harvester.targeting_day AS seen
        JOIN harvester.report_day AS known
            ON known.profile_id = seen.profile_id AND known.kind = 'targeting' AND known.day = seen.day
        WHERE seen.profile_id = whose AND seen.keyword_id = target AND seen.day >= first_day), 0);
END
$$;

-- Whether the negative at the source of a promotion need not wait any longer for impressions of what it promoted.
CREATE FUNCTION harvester.serves_enough(
    whose text, target text, made_at timestamptz, follow_up text) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN wanted IS NULL THEN true
        ELSE (SELECT impressions >= wanted FROM harvester.delivered(whose, target, made_at)) END
    FROM (SELECT (nullif(follow_up, '')::jsonb ->> 'after_impressions')::bigint AS wanted) AS said
$$;

-- What that negative waits for, while it does: impressions wanted, impressions seen, and the last day that is in.
CREATE FUNCTION harvester.waits_for(whose text, promotion text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('wanted', (action.follow_up::jsonb ->> 'after_impressions')::bigint,
        'impressions', seen.impressions, 'last_day', seen.last_day)
    FROM harvester.action
    CROSS JOIN LATERAL harvester.delivered(whose, action.amazon_id, action.settled_at) AS seen
    WHERE action.action_id = promotion AND action.state = 'done' AND action.follow_up LIKE '%"after_impressions"%'
        AND seen.impressions < (action.follow_up::jsonb ->> 'after_impressions')::bigint
        AND NOT EXISTS (
            SELECT FROM harvester.action AS child
            WHERE child.follows = promotion AND child.state NOT IN ('superseded', 'refused', 'stale'))
$$;

-- `outcomes`: what became of what was done is read.
ALTER TABLE harvester.slot DROP CONSTRAINT slot_task_check, ADD CONSTRAINT slot_task_check CHECK (
    task IN ('plan', 'follow_up', 'apply', 'reconcile', 'discover', 'expire', 'retain', 'notify', 'report', 'outcomes'));
COMMENT ON COLUMN ledger.slots.task IS 'plan, follow_up, apply, reconcile or report (of a profile); discover, expire, retain, notify or outcomes (of the fleet).';

-- What the reports said of an action so many days after it was made: one reading per day of the list, the last one final.
-- Money in millionths of the profile's currency. Null: nothing could be measured there.
-- verdict: too_early -> good | neutral | regretted; a later reading may say otherwise.
CREATE TABLE harvester.outcome_reading (
    action_id text COLLATE "C" NOT NULL REFERENCES harvester.action (action_id),
    reading integer NOT NULL CHECK (reading IN (7, 14, 28, 42)),
    profile_id text COLLATE "C" NOT NULL,
    read_at timestamptz NOT NULL,
    made_on date NOT NULL,
    days integer NOT NULL CHECK (days BETWEEN 0 AND 30),
    clicks_before bigint,
    cost_before bigint,
    orders_before bigint,
    sales_before bigint,
    clicks_after bigint,
    cost_after bigint,
    orders_after bigint,
    sales_after bigint,
    impressions_at_destination bigint,
    clicks_at_destination bigint,
    cost_at_destination bigint,
    orders_at_destination bigint,
    sales_at_destination bigint,
    orders_seen double precision,
    orders_now bigint,
    target_acos double precision,
    verdict text NOT NULL CHECK (verdict IN ('too_early', 'good', 'neutral', 'regretted')),
    reason text NOT NULL,
    money bigint,
    PRIMARY KEY (action_id, reading)
);
SELECT harvester.make_append_only('harvester.outcome_reading');
CREATE INDEX outcome_reading_regretted ON harvester.outcome_reading (profile_id) WHERE verdict = 'regretted';

-- Regretted actions, each once, and the plan that would take it back; null where nothing was left to take back.
CREATE TABLE harvester.regret (
    action_id text COLLATE "C" PRIMARY KEY REFERENCES harvester.action (action_id),
    plan_id text COLLATE "C" REFERENCES harvester.plan (plan_id),
    opened_at timestamptz NOT NULL
);
SELECT harvester.make_append_only('harvester.regret');
CREATE INDEX regret_by_plan ON harvester.regret (plan_id);

CREATE FUNCTION harvester.acos(cost bigint, sales bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$ SELECT round(cost::numeric / nullif(sales, 0), 4) $$;

-- Of millionths.
CREATE FUNCTION harvester.money(millionths bigint) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$ SELECT round(millionths / 1000000.0, 2) $$;

CREATE VIEW ledger.outcome_readings AS
SELECT action_id, reading, profile_id, read_at, made_on, days,
    clicks_before AS source_clicks_before, harvester.money(cost_before) AS source_spend_before,
    orders_before AS source_orders_before, harvester.money(sales_before) AS source_sales_before,
    harvester.acos(cost_before, sales_before) AS source_acos_before,
    clicks_after AS source_clicks_after, harvester.money(cost_after) AS source_spend_after,
    orders_after AS source_orders_after, harvester.money(sales_after) AS source_sales_after,
    harvester.acos(cost_after, sales_after) AS source_acos_after,
    impressions_at_destination AS destination_impressions_after, clicks_at_destination AS destination_clicks_after,
    harvester.money(cost_at_destination) AS destination_spend_after, orders_at_destination AS destination_orders_after,
    harvester.money(sales_at_destination) AS destination_sales_after,
    harvester.acos(cost_at_destination, sales_at_destination) AS destination_acos_after,
    orders_seen, orders_now, target_acos, verdict, reason, harvester.money(money) AS money
FROM harvester.outcome_reading;

CREATE VIEW ledger.outcomes AS
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
    profile.currency, regret.plan_id AS undo_plan_id, action.follows
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

-- Two views of one table would take writes; these refuse them in words.
DO $$
DECLARE
    which text;
BEGIN
    FOREACH which IN ARRAY ARRAY['outcome_readings', 'outcomes'] LOOP
        EXECUTE format('CREATE TRIGGER read_only INSTEAD OF INSERT OR UPDATE OR DELETE ON ledger.%I '
            'FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change()', which);
        EXECUTE format('REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ledger.%I FROM PUBLIC, CURRENT_USER', which);
    END LOOP;
END
$$;

COMMENT ON VIEW ledger.outcome_readings IS 'What the reports said of an action so many days after it was made; each reading once.';
COMMENT ON COLUMN ledger.outcome_readings.made_on IS 'The profile''s day on which it was made.';
COMMENT ON COLUMN ledger.outcome_readings.action_id IS 'The action, as in ledger.actions.';
COMMENT ON COLUMN ledger.outcome_readings.profile_id IS 'Amazon''s profile id.';
COMMENT ON COLUMN ledger.outcome_readings.reading IS 'How many days after it was made: 7, 14, 28 or 42.';
COMMENT ON COLUMN ledger.outcome_readings.read_at IS 'When the reports were read for it.';
COMMENT ON COLUMN ledger.outcome_readings.days IS 'Length of the windows before and after, in days.';
COMMENT ON COLUMN ledger.outcome_readings.source_clicks_before IS 'Of the term where it came from, or where the negative is, in so many days before; null: not measured.';
COMMENT ON COLUMN ledger.outcome_readings.source_spend_before IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcome_readings.source_orders_before IS 'In those days, as restated until the reading.';
COMMENT ON COLUMN ledger.outcome_readings.source_sales_before IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcome_readings.source_acos_before IS 'Spend over sales; null without sales.';
COMMENT ON COLUMN ledger.outcome_readings.source_clicks_after IS 'There, in so many days after.';
COMMENT ON COLUMN ledger.outcome_readings.source_spend_after IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcome_readings.source_orders_after IS 'In those days.';
COMMENT ON COLUMN ledger.outcome_readings.source_sales_after IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcome_readings.source_acos_after IS 'Spend over sales; null without sales.';
COMMENT ON COLUMN ledger.outcome_readings.destination_impressions_after IS 'Of the promoted target, in so many days after; null: there is none, or not measured.';
COMMENT ON COLUMN ledger.outcome_readings.destination_clicks_after IS 'In those days.';
COMMENT ON COLUMN ledger.outcome_readings.destination_spend_after IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcome_readings.destination_orders_after IS 'In those days.';
COMMENT ON COLUMN ledger.outcome_readings.destination_sales_after IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcome_readings.destination_acos_after IS 'Spend over sales; null without sales.';
COMMENT ON COLUMN ledger.outcome_readings.orders_seen IS 'Of a negative: the orders that its decision saw.';
COMMENT ON COLUMN ledger.outcome_readings.orders_now IS 'Of a negative: the orders of those days and of all until it was made, as restated until the reading.';
COMMENT ON COLUMN ledger.outcome_readings.target_acos IS 'What counted as paying, by the rules in force at the reading; null: nothing was said.';
COMMENT ON COLUMN ledger.outcome_readings.verdict IS 'too_early, good, neutral or regretted.';
COMMENT ON COLUMN ledger.outcome_readings.reason IS 'Why, in one word.';
COMMENT ON COLUMN ledger.outcome_readings.money IS 'Saved or earned; negative: lost. In the profile''s currency; null where it cannot be told.';
COMMENT ON VIEW ledger.outcomes IS 'What became of every promotion and every negative, by its newest reading.';
COMMENT ON COLUMN ledger.outcomes.plan_id IS 'The plan that made it.';
COMMENT ON COLUMN ledger.outcomes.rule IS 'The rule behind it.';
COMMENT ON COLUMN ledger.outcomes.kind IS 'promote_keyword, promote_product, target_product, target_category, negate_keyword, negate_product or negate_brand.';
COMMENT ON COLUMN ledger.outcomes.target IS 'The keyword or ASIN.';
COMMENT ON COLUMN ledger.outcomes.match IS 'broad, phrase, exact, same or expanded.';
COMMENT ON COLUMN ledger.outcomes.level IS 'Of a negative: ad_group or campaign.';
COMMENT ON COLUMN ledger.outcomes.source_campaign_id IS 'Where the evidence came from.';
COMMENT ON COLUMN ledger.outcomes.source_ad_group_id IS 'Where the evidence came from.';
COMMENT ON COLUMN ledger.outcomes.campaign_id IS 'Where it took effect.';
COMMENT ON COLUMN ledger.outcomes.ad_group_id IS 'Where it took effect; null at campaign level.';
COMMENT ON COLUMN ledger.outcomes.amazon_id IS 'What Amazon calls the thing it made.';
COMMENT ON COLUMN ledger.outcomes.state IS 'done, or undone since.';
COMMENT ON COLUMN ledger.outcomes.made_at IS 'When it was made.';
COMMENT ON COLUMN ledger.outcomes.currency IS 'Of the profile, ISO 4217.';
COMMENT ON COLUMN ledger.outcomes.undo_plan_id IS 'The plan that would take it back, opened because it was regretted.';
COMMENT ON COLUMN ledger.outcomes.follows IS 'Of a negative at the source: the promotion that it follows.';
COMMENT ON COLUMN ledger.outcomes.action_id IS 'The action, as in ledger.actions.';
COMMENT ON COLUMN ledger.outcomes.profile_id IS 'Amazon''s profile id.';
COMMENT ON COLUMN ledger.outcomes.reading IS 'Of the newest reading: how many days after it was made; null: none yet.';
COMMENT ON COLUMN ledger.outcomes.read_at IS 'When the reports were read for it.';
COMMENT ON COLUMN ledger.outcomes.days IS 'Length of the windows before and after, in days.';
COMMENT ON COLUMN ledger.outcomes.source_clicks_before IS 'Of the term where it came from, or where the negative is, in so many days before; null: not measured.';
COMMENT ON COLUMN ledger.outcomes.source_spend_before IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcomes.source_orders_before IS 'In those days, as restated until the reading.';
COMMENT ON COLUMN ledger.outcomes.source_sales_before IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcomes.source_acos_before IS 'Spend over sales; null without sales.';
COMMENT ON COLUMN ledger.outcomes.source_clicks_after IS 'There, in so many days after.';
COMMENT ON COLUMN ledger.outcomes.source_spend_after IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcomes.source_orders_after IS 'In those days.';
COMMENT ON COLUMN ledger.outcomes.source_sales_after IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcomes.source_acos_after IS 'Spend over sales; null without sales.';
COMMENT ON COLUMN ledger.outcomes.destination_impressions_after IS 'Of the promoted target, in so many days after; null: there is none, or not measured.';
COMMENT ON COLUMN ledger.outcomes.destination_clicks_after IS 'In those days.';
COMMENT ON COLUMN ledger.outcomes.destination_spend_after IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcomes.destination_orders_after IS 'In those days.';
COMMENT ON COLUMN ledger.outcomes.destination_sales_after IS 'In the profile''s currency.';
COMMENT ON COLUMN ledger.outcomes.destination_acos_after IS 'Spend over sales; null without sales.';
COMMENT ON COLUMN ledger.outcomes.orders_seen IS 'Of a negative: the orders that its decision saw.';
COMMENT ON COLUMN ledger.outcomes.orders_now IS 'Of a negative: the orders of those days and of all until it was made, as restated until the reading.';
COMMENT ON COLUMN ledger.outcomes.target_acos IS 'What counted as paying, by the rules in force at the reading; null: nothing was said.';
COMMENT ON COLUMN ledger.outcomes.verdict IS 'too_early, good, neutral or regretted.';
COMMENT ON COLUMN ledger.outcomes.reason IS 'Why, in one word.';
COMMENT ON COLUMN ledger.outcomes.money IS 'Saved or earned; negative: lost. In the profile''s currency; null where it cannot be told.';
