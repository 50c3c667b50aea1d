-- name: due_outcomes
-- Done promotions and negatives of a profile whose next reading is due and whose reports have caught up with it.
WITH mine AS (
    SELECT profile.*, harvester.local_day($2, timezone) AS today,
        (SELECT max(day) FROM harvester.report_day AS known
         WHERE known.profile_id = $1 AND known.kind = 'search_terms') AS newest_terms,
        (SELECT max(day) FROM harvester.report_day AS known
         WHERE known.profile_id = $1 AND known.kind = 'targeting') AS newest_targets
    FROM harvester.profile WHERE profile_id = $1
), deed AS MATERIALIZED (
    SELECT action.action_id, action.plan_id, action.run_id, action.leader, action.kind, action.rule, action.target, action.key, action.match,
        action.level, action.asin, action.clicks, action.conversions, action.follows, action.amazon_id, action.seen,
        action.kind LIKE 'negate%' AS negates, action.campaign_id, action.campaign_name, action.ad_group_id,
        action.source_campaign_id, action.source_campaign_name, action.source_ad_group_id,
        harvester.local_day(action.settled_at, mine.timezone) AS made_on, mine.timezone, mine.today,
        CASE WHEN action.kind LIKE 'negate%' THEN mine.newest_terms ELSE mine.newest_targets END AS newest
    FROM mine JOIN harvester.action ON action.profile_id = mine.profile_id
    WHERE action.phase = 'owning' AND action.state = 'done' AND action.undoes IS NULL
        AND (action.kind LIKE 'negate%' OR action.kind LIKE 'promote%' OR action.kind LIKE 'target%')
        AND action.settled_at <= $2::timestamptz - interval '5 days'
        AND NOT EXISTS (
            SELECT FROM harvester.outcome_reading AS last WHERE last.action_id = action.action_id AND last.reading = 42)
), due AS MATERIALIZED (
    SELECT deed.*, checkpoint.reading FROM deed
    CROSS JOIN LATERAL (
        SELECT max(days) AS reading FROM unnest('{7,14,28,42}'::integer[]) AS passed (days) WHERE days <= today - made_on
    ) AS checkpoint
    WHERE checkpoint.reading IS NOT NULL
        AND (deed.kind = 'negate_brand' OR newest >= made_on + checkpoint.reading - 1)
        AND NOT EXISTS (
            SELECT FROM harvester.outcome_reading AS done
            WHERE done.action_id = deed.action_id AND done.reading >= checkpoint.reading)
    ORDER BY substr(deed.action_id, 2)::bigint LIMIT $3
)
SELECT due.action_id, due.kind, due.rule, due.target, due.key, due.match, due.level,
    CASE WHEN negates THEN due.campaign_id ELSE due.source_campaign_id END AS campaign_id,
    CASE WHEN negates THEN due.campaign_name ELSE due.source_campaign_name END AS campaign_name,
    CASE WHEN negates THEN due.ad_group_id ELSE due.source_ad_group_id END AS ad_group_id, due.asin,
    coalesce(basis.amazon_id, CASE WHEN NOT negates THEN due.amazon_id END, '') AS amazon_id,
    coalesce(basis.campaign_id, due.campaign_id) AS served_in, coalesce(due.follows, '') AS follows, due.clicks,
    coalesce(told.orders, due.conversions) AS conversions,
    least(harvester.local_day(run.started_at, due.timezone), due.made_on) AS decided_on, due.made_on, due.reading,
    evidence.note, ARRAY(SELECT jsonb_array_elements_text(nullif(due.seen, '')::jsonb -> 'sold')) AS shown
FROM due
LEFT JOIN harvester.action AS basis ON basis.action_id = due.follows
JOIN harvester.run ON run.run_id = coalesce(basis.run_id, due.run_id)
LEFT JOIN LATERAL (
    SELECT evidence_note AS note FROM harvester.observation AS seen
    WHERE seen.run_id = run.run_id AND seen.place = coalesce(basis.leader, due.leader)
        AND seen.seen_at >= run.seen_from AND seen.seen_at <= run.seen_until AND seen.source = 'search_terms'
    OFFSET 0
) AS evidence ON true
LEFT JOIN LATERAL (
    SELECT max(orders) AS orders FROM (
        SELECT sum(seen.conversions) AS orders FROM harvester.action_observation AS folded
        JOIN harvester.observation AS seen ON seen.run_id = folded.run_id AND seen.place = folded.place
        WHERE due.negates AND folded.action_id = due.action_id AND folded.run_id = run.run_id
            AND seen.seen_at >= run.seen_from AND seen.seen_at <= run.seen_until
        GROUP BY seen.source
    ) AS by_source
    OFFSET 0
) AS told ON true
ORDER BY substr(due.action_id, 2)::bigint;

-- name: days_in
-- Which days of a report were read, when it was asked for, and of which campaigns rows could not be read.
SELECT day, asked_at, unread FROM harvester.report_day WHERE profile_id = $1 AND kind = $2 AND day >= $3;

-- name: figures_at_source
-- What a term did in its ad group in so many days before and after, and its orders since a day, by place in the lists.
SELECT deed.place, term.*
FROM unnest($2::text[], $3::text[], $4::date[], $5::integer[], $6::date[]) WITH ORDINALITY
    AS deed (ad_group_id, key, made_on, days, looked_from, place)
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(impressions) FILTER (WHERE day < made_on AND day >= made_on - days), 0)::bigint AS impressions_before,
        coalesce(sum(clicks) FILTER (WHERE day < made_on AND day >= made_on - days), 0)::bigint AS clicks_before,
        coalesce(sum(cost) FILTER (WHERE day < made_on AND day >= made_on - days), 0)::bigint AS cost_before,
        coalesce(sum(orders) FILTER (WHERE day < made_on AND day >= made_on - days), 0)::bigint AS orders_before,
        coalesce(sum(sales) FILTER (WHERE day < made_on AND day >= made_on - days), 0)::bigint AS sales_before,
        coalesce(sum(impressions) FILTER (WHERE day > made_on), 0)::bigint AS impressions_after,
        coalesce(sum(clicks) FILTER (WHERE day > made_on), 0)::bigint AS clicks_after,
        coalesce(sum(cost) FILTER (WHERE day > made_on), 0)::bigint AS cost_after,
        coalesce(sum(orders) FILTER (WHERE day > made_on), 0)::bigint AS orders_after,
        coalesce(sum(sales) FILTER (WHERE day > made_on), 0)::bigint AS sales_after,
        coalesce(sum(orders) FILTER (WHERE day <= made_on AND day >= looked_from), 0)::bigint AS orders_now
    FROM harvester.search_term_day AS seen
    WHERE seen.profile_id = $1 AND seen.ad_group_id = deed.ad_group_id AND seen.key = deed.key
        AND seen.day >= least(looked_from, made_on - days) AND seen.day <= made_on + days
) AS term;

-- name: figures_of_many
-- The same of a negative that blocks more than one term of one ad group: a phrase, or anything in a whole campaign.
SELECT deed.place, term.*
FROM unnest($2::text[], $3::text[], $4::date[], $5::integer[], $6::date[], $7::text[], $8::boolean[]) WITH ORDINALITY
    AS deed (ad_group_id, key, made_on, days, looked_from, campaign_id, phrase, place)
CROSS JOIN LATERAL (
    SELECT
        coalesce(sum(impressions) FILTER (WHERE day < made_on AND day >= made_on - days), 0)::bigint AS impressions_before,
        coalesce(sum(clicks) FILTER (WHERE day < made_on AND day >= made_on - days), 0)::bigint AS clicks_before,
        coalesce(sum(cost) FILTER (WHERE day < made_on AND day >= made_on - days), 0)::bigint AS cost_before,
        coalesce(sum(orders) FILTER (WHERE day < made_on AND day >= made_on - days), 0)::bigint AS orders_before,
        coalesce(sum(sales) FILTER (WHERE day < made_on AND day >= made_on - days), 0)::bigint AS sales_before,
        coalesce(sum(impressions) FILTER (WHERE day > made_on), 0)::bigint AS impressions_after,
        coalesce(sum(clicks) FILTER (WHERE day > made_on), 0)::bigint AS clicks_after,
        coalesce(sum(cost) FILTER (WHERE day > made_on), 0)::bigint AS cost_after,
        coalesce(sum(orders) FILTER (WHERE day > made_on), 0)::bigint AS orders_after,
        coalesce(sum(sales) FILTER (WHERE day > made_on), 0)::bigint AS sales_after,
        coalesce(sum(orders) FILTER (WHERE day <= made_on AND day >= looked_from AND seen.key = deed.key), 0)::bigint
            AS orders_now
    FROM harvester.search_term_day AS seen
    WHERE seen.profile_id = $1 AND seen.campaign_id = deed.campaign_id
        AND (deed.ad_group_id = '' OR seen.ad_group_id = deed.ad_group_id)
        AND (seen.key = deed.key OR (phrase AND position(' ' || deed.key || ' ' IN ' ' || seen.key || ' ') > 0))
        AND seen.day >= least(looked_from, made_on - days) AND seen.day <= made_on + days
) AS term;

-- name: orders_on_days
-- What texts brought between two days in an ad group, or without one in a whole campaign, by place in the lists.
SELECT asked.place, coalesce(sum(orders), 0)::bigint AS orders
FROM unnest($2::text[], $3::text[], $4::text[], $5::date[], $6::date[]) WITH ORDINALITY
    AS asked (campaign_id, ad_group_id, key, first_day, last_day, place)
LEFT JOIN LATERAL (
    SELECT orders FROM harvester.search_term_day AS seen
    WHERE seen.profile_id = $1 AND seen.campaign_id = asked.campaign_id AND seen.key = asked.key AND orders > 0
        AND (asked.ad_group_id = '' OR seen.ad_group_id = asked.ad_group_id)
        AND seen.day BETWEEN asked.first_day AND asked.last_day
) AS found ON true
GROUP BY asked.place ORDER BY asked.place;

-- name: figures_at_destination
-- What a target of ours did in so many days after, by place in the lists.
SELECT deed.place, served.*
FROM unnest($2::text[], $3::date[], $4::integer[]) WITH ORDINALITY AS deed (target_id, made_on, days, place)
CROSS JOIN LATERAL (
    SELECT coalesce(sum(impressions), 0)::bigint AS impressions, coalesce(sum(clicks), 0)::bigint AS clicks,
        coalesce(sum(cost), 0)::bigint AS cost, coalesce(sum(orders), 0)::bigint AS orders,
        coalesce(sum(sales), 0)::bigint AS sales
    FROM harvester.targeting_day AS seen
    WHERE seen.profile_id = $1 AND seen.keyword_id = deed.target_id
        AND seen.day > made_on AND seen.day <= made_on + days
) AS served;

-- name: record_outcomes
-- Readings, each once.
INSERT INTO harvester.outcome_reading (action_id, reading, profile_id, read_at, made_on, days, clicks_before,
    cost_before, orders_before, sales_before, clicks_after, cost_after, orders_after, sales_after,
    impressions_at_destination, clicks_at_destination, cost_at_destination, orders_at_destination, sales_at_destination,
    orders_seen, orders_now, target_acos, verdict, reason, money)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25)
ON CONFLICT (action_id, reading) DO NOTHING;

-- name: unopened_regrets
-- What is regretted by its newest reading, still done, and has no undo opened for it; with an undo that is there anyway.
SELECT outcome.*, (
        SELECT undo.plan_id FROM harvester.action AS undo
        WHERE undo.undoes = outcome.action_id AND undo.state NOT IN ('superseded', 'refused', 'stale')
        ORDER BY substr(undo.plan_id, 2)::bigint DESC LIMIT 1) AS undone_by
FROM ledger.outcomes AS outcome
WHERE outcome.profile_id = $1 AND outcome.verdict = 'regretted' AND outcome.state = 'done'
    AND outcome.action_id IN (
        SELECT action_id FROM harvester.outcome_reading WHERE profile_id = $1 AND verdict = 'regretted')
    AND NOT EXISTS (SELECT FROM harvester.regret WHERE regret.action_id = outcome.action_id)
ORDER BY substr(outcome.action_id, 2)::bigint;

-- name: note_regrets
-- For which actions a plan was opened that would take them back.
INSERT INTO harvester.regret (action_id, plan_id, opened_at) SELECT unnest($1::text[]), $2, $3
ON CONFLICT (action_id) DO NOTHING;

-- name: profiles_with_outcomes
-- Profiles with something done that is old enough for a reading and has not had its last, or with a regret to open.
SELECT DISTINCT profile_id FROM harvester.action
WHERE phase = 'owning' AND state = 'done' AND undoes IS NULL AND settled_at <= $1::timestamptz - interval '5 days'
    AND (kind LIKE 'negate%' OR kind LIKE 'promote%' OR kind LIKE 'target%')
    AND (NOT EXISTS (
            SELECT FROM harvester.outcome_reading AS last
            WHERE last.action_id = action.action_id AND last.reading = 42)
        OR (EXISTS (
                SELECT FROM harvester.outcome_reading AS bad
                WHERE bad.action_id = action.action_id AND bad.verdict = 'regretted')
            AND NOT EXISTS (SELECT FROM harvester.regret WHERE regret.action_id = action.action_id)));

-- name: outcomes_listed
-- What became of actions since a time, of some profiles, one rule and some verdicts or of all; the newest first.
SELECT * FROM ledger.outcomes
WHERE ($1::text[] IS NULL OR profile_id = ANY ($1)) AND ($2::timestamptz IS NULL OR made_at >= $2)
    AND ($3::text IS NULL OR rule = $3) AND ($5::text[] IS NULL OR verdict = ANY ($5))
ORDER BY made_at DESC, substr(action_id, 2)::bigint DESC LIMIT $4;

-- name: outcomes_of
-- What became of these actions.
SELECT * FROM ledger.outcomes WHERE action_id = ANY ($1);

-- name: rule_scores
-- What became of the actions of each rule since a time: counts by what they do, and money by currency.
SELECT rule, CASE WHEN kind LIKE 'negate%' THEN 'negate' ELSE 'promote' END AS does, currency,
    count(*) AS actions,
    count(*) FILTER (WHERE verdict <> 'too_early') AS matured,
    count(*) FILTER (WHERE verdict = 'good') AS good,
    count(*) FILTER (WHERE verdict = 'neutral') AS neutral,
    count(*) FILTER (WHERE verdict = 'regretted') AS regretted,
    coalesce(sum(money) FILTER (WHERE verdict <> 'too_early' AND money > 0), 0) AS saved,
    coalesce(-sum(money) FILTER (WHERE verdict <> 'too_early' AND money < 0), 0) AS lost
FROM ledger.outcomes
WHERE ($1::text[] IS NULL OR profile_id = ANY ($1)) AND ($2::timestamptz IS NULL OR made_at >= $2)
GROUP BY rule, does, currency ORDER BY rule, does, currency;

-- name: profiles_in_need
-- Which of these profiles need reports still: all kinds while outcomes are read, of targets while a negative waits for them.
SELECT profile_id, bool_or(read_still) AS outcomes, bool_or(waits) AS delivery
FROM (
    SELECT action.profile_id,
        action.settled_at > $2::timestamptz - interval '60 days' AND kind <> 'negate_brand' AND NOT EXISTS (
            SELECT FROM harvester.outcome_reading AS last
            WHERE last.action_id = action.action_id AND last.reading = 42) AS read_still,
        action.follow_up LIKE '%"after_impressions"%' AND action.kept_open IS DISTINCT FROM 'archived' AND NOT EXISTS (
            SELECT FROM harvester.action AS child
            WHERE child.follows = action.action_id AND child.state NOT IN ('superseded', 'refused', 'stale')) AS waits
    FROM harvester.action
    WHERE profile_id = ANY ($1) AND phase = 'owning' AND state = 'done' AND undoes IS NULL
        AND (kind LIKE 'negate%' OR kind LIKE 'promote%' OR kind LIKE 'target%')
) AS needs
WHERE read_still OR waits GROUP BY profile_id;
