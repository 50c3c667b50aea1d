-- name: effects
-- Every effect of a profile that is not free: owned, cooling down, or declined.
WITH owned AS (
    SELECT effect, plan_id, changed_at FROM harvester.action
    WHERE profile_id = $1 AND phase = 'owning' AND undoes IS NULL
), closed AS (
    SELECT DISTINCT ON (effect) effect, plan_id, state, changed_at, clicks,
        CASE WHEN kind = 'negate_brand' THEN rule END AS entry,
        count(*) FILTER (WHERE state = 'undone') OVER (PARTITION BY effect) AS times_undone
    FROM harvester.action
    WHERE profile_id = $1 AND phase = 'closed'
    ORDER BY effect, changed_at DESC, position DESC
)
SELECT effect, 'already_planned' AS standing, plan_id, changed_at AS at, NULL::float8 AS clicks_then,
    NULL::timestamptz AS until, NULL::text AS entry
FROM owned
UNION ALL
SELECT effect, 'declined_before', plan_id, changed_at, clicks, NULL, entry FROM closed
WHERE state = 'declined' AND effect NOT IN (SELECT effect FROM owned)
UNION ALL
SELECT effect, 'cooling_down', plan_id, changed_at, NULL,
    changed_at + interval '14 days' * power(2, least(times_undone, 9) - 1), NULL
FROM closed
WHERE state = 'undone' AND effect NOT IN (SELECT effect FROM owned)
    AND changed_at + interval '14 days' * power(2, least(times_undone, 9) - 1) > $2;

-- name: decision_counts
-- How many decisions of a run have which outcome.
SELECT count(*) AS candidates,
    count(*) FILTER (WHERE outcome = 'promote') AS promote,
    count(*) FILTER (WHERE outcome = 'negate') AS negate,
    count(*) FILTER (WHERE outcome = 'hold') AS hold,
    count(*) FILTER (WHERE outcome = 'skip') AS skip
FROM harvester.observation
WHERE run_id = $1
    AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
    AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1);

-- name: decided_ad_groups
-- Source ad groups of a run with a row that says promote or negate.
SELECT DISTINCT ad_group_id FROM harvester.observation
WHERE run_id = $1
    AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
    AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1)
    AND outcome IN ('promote', 'negate') AND source <> 'brands'
ORDER BY ad_group_id;

-- name: held_ad_groups
-- Source ad groups whose promotions are held for want of a destination, with the ads that show it.
SELECT DISTINCT ad_group_id, ad_id FROM harvester.observation
WHERE run_id = $1
    AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
    AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1)
    AND outcome = 'hold' AND reason IN ('no_destination', 'ambiguous_destination')
ORDER BY ad_group_id, ad_id;

-- name: plan_of_run
-- The plan made of a run.
SELECT plan_id FROM harvester.plan WHERE run_id = $1;

-- name: sent_since
-- Promotions and negatives that were sent, whatever became of them but a refusal, and those that will be: approved.
SELECT count(*) FILTER (WHERE kind LIKE 'promote%' OR kind LIKE 'target%') AS promotions, count(*) FILTER (WHERE kind LIKE 'negate%') AS negatives
FROM harvester.action
WHERE profile_id = $1 AND (
    (sent_at >= $2 AND state IN ('sending', 'unknown', 'done', 'undone'))
    OR (state = 'approved' AND (expires_at IS NULL OR expires_at > now())));

-- name: newest_fence
-- The fence of the profile's newest run.
SELECT fence FROM harvester.account_state WHERE profile_id = $1;

-- name: hold_newest_fence
-- The same, and no run is begun until the end of this transaction.
SELECT fence FROM harvester.account_state WHERE profile_id = $1 FOR SHARE;

-- name: allocate_plan
-- The next plan's id, and the time of this transaction, or what the clock says that it is given.
SELECT 'p' || nextval('harvester.plan_number') AS plan_id, coalesce($1::timestamptz, now()) AS at;

-- name: allocate_actions
-- The next actions' ids, as many as asked for.
SELECT 'a' || nextval('harvester.action_number') FROM generate_series(1, $1::integer);

-- name: decided_rows
-- All rows but duplicates of every (ad group, key, kind of target) of a run in which one says promote or negate.
WITH kept AS (
    SELECT place, campaign_id, ad_group_id, ad_id, ad_asin, target, key, target_type, clicks, conversions, outcome,
        reason, rule, source, CASE source WHEN 'promotion' THEN NULL ELSE evidence_note END AS evidence_note,
        CASE upper(target_type) WHEN 'KEYWORD' THEN 1 WHEN 'PRODUCT' THEN 2 WHEN 'ASIN' THEN 2 ELSE 0 END AS kind
    FROM harvester.observation
    WHERE run_id = $1
        AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
        AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1)
        AND reason <> 'duplicate'
), acting AS (
    SELECT DISTINCT ad_group_id, key,
        CASE upper(target_type) WHEN 'KEYWORD' THEN 1 WHEN 'PRODUCT' THEN 2 WHEN 'ASIN' THEN 2 ELSE 0 END AS kind
    FROM harvester.observation
    WHERE run_id = $1
        AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
        AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1)
        AND outcome IN ('promote', 'negate')
)
SELECT place, campaign_id, ad_group_id, ad_id, ad_asin, target, key, target_type, clicks, conversions, outcome, reason,
    rule, source, evidence_note, kind
FROM kept WHERE (ad_group_id, key, kind) IN (SELECT ad_group_id, key, kind FROM acting)
ORDER BY ad_group_id, key, kind, place;

-- name: open_staging
-- A table of this transaction alone, for the actions of a plan before they are folded and put in order.
CREATE TEMPORARY TABLE staged_action (
    kind_rank integer, kind text, effect text COLLATE "C", state text, reason text, rule text, target text, key text, match text,
    level text, campaign_id text, campaign_name text, ad_group_id text, ad_group_name text, group_id text,
    source_campaign_id text, source_campaign_name text, source_ad_group_id text, source_ad_group_name text, ad_id text,
    asin text, clicks double precision, conversions double precision, bid text, currency text, bid_formula text,
    fragment text, follow_up text, note text, seen text, undoes text, follows text, places text
) ON COMMIT DROP;

-- name: insert_plan
-- The plan itself, stored after its actions.
INSERT INTO harvester.plan (plan_id, profile_id, account, run_id, complete, fingerprint, mode, ruleset_fingerprint,
    created_at, candidates, promote, negate, hold, skip, actions, guarded, advice)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17);

-- name: supersede_older
-- Unreviewed items of older plans give way to this one: undos and negatives that follow only to one of the same action.
UPDATE harvester.action SET state = 'superseded', changed_at = $3, changed_by = 'plan ' || $2::text, fence = $4,
    settled_at = $3
WHERE profile_id = $1 AND plan_id <> $2 AND phase = 'waiting'
    AND CASE
        WHEN undoes IS NOT NULL THEN EXISTS (
            SELECT FROM harvester.action AS newer WHERE newer.plan_id = $2 AND newer.undoes = action.undoes)
        WHEN follows IS NOT NULL THEN EXISTS (
            SELECT FROM harvester.action AS newer WHERE newer.plan_id = $2 AND newer.follows = action.follows)
        ELSE NOT EXISTS (SELECT FROM harvester.action AS newer WHERE newer.plan_id = $2)
            OR EXISTS (
                SELECT FROM harvester.action AS newer
                WHERE newer.plan_id = $2 AND newer.undoes IS NULL AND newer.follows IS NULL)
    END;
