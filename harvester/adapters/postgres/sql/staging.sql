-- name: staged_actions
-- Staged actions folded by effect, in plan order, the strongest speaking for all.
-- A promotion needs one that may go; a negative is held as soon as one of them is.
WITH ranked AS (
    SELECT *,
        row_number() OVER strongest AS standing,
        string_agg(places, ',') OVER (strongest ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING) AS all_places
    FROM pg_temp.staged_action
    WINDOW strongest AS (
        PARTITION BY effect
        ORDER BY (state = 'held') = (kind NOT LIKE 'negate%'), conversions DESC NULLS LAST, clicks DESC NULLS LAST, nullif(split_part(places, ',', 1), '')::integer
    )
)
SELECT kind, effect, state, reason, rule, target, key, match, level, campaign_id, campaign_name, ad_group_id,
    ad_group_name, group_id, source_campaign_id, source_campaign_name, source_ad_group_id, source_ad_group_name, ad_id,
    asin, clicks, conversions, bid, currency, bid_formula, fragment, follow_up, note, seen, undoes, follows, all_places
FROM ranked WHERE standing = 1
ORDER BY kind_rank, conversions DESC NULLS LAST, clicks DESC NULLS LAST, effect;
