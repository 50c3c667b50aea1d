-- name: term_days_read
-- The days of search terms that are in, and when the report was asked for that each was last read from.
SELECT day, asked_at FROM harvester.report_day WHERE profile_id = $1 AND kind = 'search_terms' ORDER BY day;

-- name: term_days_in_part
-- The days of which rows about search terms could not be read, and of which campaigns; an empty one: nobody knows.
SELECT day, unread FROM harvester.report_day WHERE profile_id = $1 AND kind = 'search_terms' AND unread <> '{}' ORDER BY day;

-- name: term_totals_of_ad_groups
-- What all search terms of each ad group brought, by stretch of days.
SELECT ad_group_id, width_bucket(day, $2::date[]) AS stretch, sum(impressions)::bigint AS impressions,
    sum(clicks)::bigint AS clicks, sum(cost)::bigint AS cost, sum(orders)::bigint AS orders, sum(sales)::bigint AS sales
FROM harvester.search_term_day
WHERE profile_id = $1 AND day >= ($2::date[])[1] AND day < ($2::date[])[cardinality($2::date[])]
GROUP BY ad_group_id, stretch;

-- name: term_parts
-- What search terms brought by keyword and stretch of days, from a place on, in the order of ad group and key.
SELECT ad_group_id, key, keyword_id, width_bucket(day, $2::date[]) AS stretch, max(campaign_id) AS campaign_id,
    max(term) AS term, max(targeting) AS targeting, max(match_type) AS match_type,
    sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks, sum(cost)::bigint AS cost,
    sum(orders)::bigint AS orders, sum(sales)::bigint AS sales
FROM harvester.search_term_day
WHERE profile_id = $1 AND day >= ($2::date[])[1] AND day < ($2::date[])[cardinality($2::date[])]
    AND (ad_group_id, key) > ($3, $4) AND ad_group_id <= $5 AND key <> '*'
GROUP BY ad_group_id, key, keyword_id, stretch
ORDER BY ad_group_id, key, keyword_id, stretch LIMIT $6;

-- name: terms_sold_in
-- What ever brought orders in these campaigns, by ad group and key: of days and of runs, whichever know of more.
SELECT DISTINCT ON (campaign_id, ad_group_id, key) campaign_id, ad_group_id, key, orders, last_day
FROM (
    SELECT campaign_id, ad_group_id, key, sum(orders)::bigint AS orders, max(last_day) AS last_day
    FROM (
        SELECT campaign_id, ad_group_id, key, sum(orders) AS orders, max(day) AS last_day
        FROM harvester.search_term_day
        WHERE profile_id = $1 AND campaign_id = ANY ($2::text[]) AND orders > 0 AND key <> '*'
        GROUP BY campaign_id, ad_group_id, key
        UNION ALL
        SELECT campaign_id, ad_group_id, key, orders, last_day FROM harvester.sold_term
        WHERE profile_id = $1 AND campaign_id = ANY ($2::text[]) AND by = 'days'
    ) AS on_days
    GROUP BY campaign_id, ad_group_id, key
    UNION ALL
    SELECT campaign_id, ad_group_id, key, orders, last_day FROM harvester.sold_term
    WHERE profile_id = $1 AND campaign_id = ANY ($2::text[]) AND by = 'runs'
) AS known
ORDER BY campaign_id, ad_group_id, key, orders DESC, last_day DESC;

-- name: no_lookups_one_by_one
-- For the rest of the transaction: many rows are compared with many at once, however few Postgres expects.
SET LOCAL enable_nestloop = off;

-- name: note_sold
-- Keeps what recommendations of this run told of orders; what is known already is not written.
INSERT INTO harvester.sold_term AS known (profile_id, campaign_id, ad_group_id, key, by, orders, last_day)
SELECT profile_id, campaign_id, ad_group_id, key, 'runs', told.orders, told.last_day
FROM (
    SELECT profile_id, campaign_id COLLATE "C" AS campaign_id, ad_group_id, key, ceil(max(conversions))::bigint AS orders,
        max(seen_at)::date AS last_day
    FROM harvester.observation
    WHERE run_id = $1 AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
        AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1)
        AND source = 'promotion' AND conversions > 0 AND conversions < 1e9
    GROUP BY profile_id, campaign_id, ad_group_id, key
) AS told LEFT JOIN (
    SELECT profile_id, campaign_id, ad_group_id, key, orders FROM harvester.sold_term
    WHERE by = 'runs' AND profile_id = (SELECT profile_id FROM harvester.run WHERE run_id = $1)
) AS before USING (profile_id, campaign_id, ad_group_id, key)
WHERE before.orders IS NULL OR before.orders < told.orders
ON CONFLICT (profile_id, campaign_id, ad_group_id, key, by) DO UPDATE
SET orders = excluded.orders, last_day = excluded.last_day WHERE excluded.orders > known.orders;

-- name: terms_sold_by_runs
-- Which of these terms converted in their campaign, by what the runs of the last ninety days were told.
SELECT asked.campaign_id, asked.key, best.orders, best.last_day
FROM unnest($2::text[], $3::text[]) AS asked (campaign_id, key)
CROSS JOIN LATERAL (
    SELECT ceil(max(conversions))::bigint AS orders, max(seen_at)::date AS last_day FROM harvester.observation
    WHERE profile_id = $1 AND key = asked.key AND campaign_id = asked.campaign_id AND conversions > 0
        AND seen_at >= (
            SELECT min(seen_from) FROM harvester.run WHERE profile_id = $1 AND started_at > now() - interval '90 days')
) AS best
WHERE best.orders IS NOT NULL;

-- name: recorded_same
-- Which of these keys brought orders there, as far as the recorded days say, the most first.
SELECT key, sum(orders)::float8 AS conversions, max(day)::timestamptz AS seen_at FROM harvester.search_term_day
WHERE profile_id = $1 AND campaign_id = $2 AND key = ANY ($4::text[]) AND ($3::text IS NULL OR ad_group_id = $3)
    AND orders > 0
GROUP BY key ORDER BY conversions DESC, seen_at DESC, key LIMIT 20;

-- name: recorded_phrase
-- Which keys that hold one of these phrases brought orders there, as far as the recorded days say, the most first.
SELECT key, sum(orders)::float8 AS conversions, max(day)::timestamptz AS seen_at FROM harvester.search_term_day
WHERE profile_id = $1 AND campaign_id = $2 AND ($3::text IS NULL OR ad_group_id = $3) AND orders > 0
    AND EXISTS (
        SELECT FROM unnest($4::text[]) AS said (phrase)
        WHERE position(' ' || said.phrase || ' ' IN ' ' || key || ' ') > 0)
GROUP BY key ORDER BY conversions DESC, seen_at DESC, key LIMIT 20;

-- name: recorded_products
-- Which products brought orders there, as far as the recorded days say, the most first.
SELECT key, sum(orders)::float8 AS conversions, max(day)::timestamptz AS seen_at FROM harvester.search_term_day
WHERE profile_id = $1 AND campaign_id = $2 AND ($3::text IS NULL OR ad_group_id = $3) AND orders > 0
    AND key ~ '^[A-Z0-9]{10}$'
GROUP BY key ORDER BY conversions DESC, seen_at DESC, key LIMIT $4;
