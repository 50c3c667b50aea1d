-- name: done_actions
-- Done actions, no undos, of what is named, with the negatives that followed them, in plan order.
WITH chosen AS (
    SELECT action_id FROM harvester.action
    WHERE profile_id = $1 AND phase = 'owning' AND state = 'done' AND undoes IS NULL
        AND (cardinality($2::text[]) = 0 OR action_id = ANY ($2)) AND ($3::text IS NULL OR plan_id = $3)
        AND ($4::text IS NULL OR run_id = $4) AND ($5::timestamptz IS NULL OR settled_at >= $5)
)
SELECT * FROM harvester.standing
WHERE state = 'done' AND action_id IN (
    SELECT action_id FROM chosen
    UNION SELECT child.action_id FROM harvester.action AS child JOIN chosen ON child.follows = chosen.action_id)
ORDER BY substr(plan_id, 2)::bigint, position;

-- name: done_of_profile
-- The next done actions of a profile after an id.
SELECT * FROM harvester.standing
WHERE action_id IN (
    SELECT action_id FROM harvester.action
    WHERE profile_id = $1 AND phase = 'owning' AND state = 'done' AND action_id > $2 ORDER BY action_id LIMIT $3)
ORDER BY action_id;

-- name: open_undos
-- Undos of these actions that are not settled yet, in plan order.
SELECT * FROM harvester.standing
WHERE undoes = ANY ($1) AND state IN ('planned', 'guarded', 'held', 'approved', 'sending', 'unknown')
ORDER BY substr(plan_id, 2)::bigint, position;

-- name: due_follow_ups
-- Done promotions whose negative at the source is due by days and not planned yet, in plan order.
-- $3: by impressions too, or those that lack them. None of which it is known that its target is archived, and none that
-- its newest reading regrets: with its source closed, too, the term would be nowhere.
WITH due AS MATERIALIZED (
    SELECT * FROM harvester.standing
    WHERE action_id IN (
            SELECT action_id FROM harvester.action
            WHERE profile_id = $1 AND phase = 'owning' AND state = 'done' AND follow_up <> ''
                AND kept_open IS DISTINCT FROM 'archived')
        AND settled_at + (nullif(follow_up, '')::jsonb ->> 'after_days')::numeric * interval '1 day' <= $2
        AND NOT EXISTS (
            SELECT FROM harvester.action AS child
            WHERE child.follows = standing.action_id AND child.state NOT IN ('superseded', 'refused', 'stale'))
        AND (
            SELECT said.verdict FROM harvester.outcome_reading AS said
            WHERE said.action_id = standing.action_id ORDER BY said.reading DESC LIMIT 1) IS DISTINCT FROM 'regretted'
)
SELECT * FROM due WHERE harvester.serves_enough(profile_id, amazon_id, settled_at, follow_up) = $3
ORDER BY substr(plan_id, 2)::bigint, position;

-- name: keep_sources_open
-- Why the sources of these promotions stay open, or null; it is no step of theirs.
UPDATE harvester.action SET kept_open = found.why
FROM unnest($1::text[], $2::text[]) AS found (action_id, why)
WHERE action.action_id = found.action_id AND action.state = 'done' AND action.kept_open IS DISTINCT FROM found.why;

-- name: due_reviews
-- Negatives that stand and whose review date has come, in plan order; what was declined is due again after as long.
SELECT * FROM harvester.standing
WHERE action_id IN (
        SELECT action_id FROM harvester.action
        WHERE profile_id = $1 AND phase = 'owning' AND state = 'done' AND follow_up <> '' AND kind LIKE 'negate%')
    AND settled_at + (nullif(follow_up, '')::jsonb ->> 'review_after_days')::numeric * interval '1 day' <= $2
    AND NOT EXISTS (
        SELECT FROM harvester.action AS lift
        WHERE lift.undoes = standing.action_id AND (
            lift.state IN ('planned', 'guarded', 'held', 'approved', 'sending', 'unknown', 'done')
            OR (lift.state = 'declined' AND lift.changed_at
                + (nullif(standing.follow_up, '')::jsonb ->> 'review_after_days')::numeric * interval '1 day' > $2)))
ORDER BY substr(plan_id, 2)::bigint, position;

-- name: harvested_since
-- Whether a later run of the same profile has recorded anything, or a report of search terms has come in since its run began.
SELECT EXISTS (
    SELECT FROM harvester.plan
    JOIN harvester.run ON run.run_id = plan.run_id
    JOIN harvester.report_day AS known ON known.profile_id = plan.profile_id AND known.kind = 'search_terms'
    JOIN harvester.report ON report.number = known.report
    WHERE plan.plan_id = $1 AND report.settled_at > run.started_at
) OR EXISTS (
    SELECT FROM harvester.plan
    JOIN harvester.run AS mine ON mine.run_id = plan.run_id
    JOIN harvester.run AS later ON later.profile_id = plan.profile_id AND later.started_at > mine.started_at
    WHERE plan.plan_id = $1 AND later.pages > 0);

-- name: converting_same
-- Which of these keys converted there, as far as the runs of the last ninety days know, the most conversions first.
SELECT key, conversions, seen_at FROM (
    SELECT DISTINCT ON (key) key, conversions, seen_at FROM harvester.observation
    WHERE profile_id = $1 AND key = ANY ($4::text[]) AND campaign_id = $2 AND ($3::text IS NULL OR ad_group_id = $3)
        AND conversions > 0 AND seen_at >= (
            SELECT min(seen_from) FROM harvester.run WHERE profile_id = $1 AND started_at > now() - interval '90 days')
    ORDER BY key, conversions DESC, seen_at DESC
) AS best
ORDER BY conversions DESC, seen_at DESC, key LIMIT 20;

-- name: converting_phrase
-- Which keys that hold one of these phrases converted in the last ninety days, the most conversions first.
-- Run by run (OFFSET keeps it so): each lies in few partitions.
SELECT key, conversions, seen_at FROM (
    SELECT DISTINCT ON (key) key, conversions, seen_at
    FROM harvester.run CROSS JOIN LATERAL (
        SELECT key, conversions, seen_at FROM harvester.observation
        WHERE observation.run_id = run.run_id AND seen_at >= run.seen_from AND seen_at <= run.seen_until
            AND campaign_id = $2 AND ($3::text IS NULL OR ad_group_id = $3) AND conversions > 0
            AND EXISTS (
                SELECT FROM unnest($4::text[]) AS said (phrase)
                WHERE position(' ' || said.phrase || ' ' IN ' ' || key || ' ') > 0)
        OFFSET 0
    ) AS converted
    WHERE run.profile_id = $1 AND run.started_at > now() - interval '90 days'
    ORDER BY key, conversions DESC, seen_at DESC
) AS best
ORDER BY conversions DESC, seen_at DESC, key LIMIT 20;

-- name: converting_products
-- Which products converted there in the last ninety days, the most conversions first; run by run, as above.
SELECT key, conversions, seen_at FROM (
    SELECT DISTINCT ON (key) key, conversions, seen_at
    FROM harvester.run CROSS JOIN LATERAL (
        SELECT key, conversions, seen_at FROM harvester.observation
        WHERE observation.run_id = run.run_id AND seen_at >= run.seen_from AND seen_at <= run.seen_until
            AND campaign_id = $2 AND ($3::text IS NULL OR ad_group_id = $3) AND conversions > 0
            AND key ~ '^[A-Z0-9]{10}$'
        OFFSET 0
    ) AS converted
    WHERE run.profile_id = $1 AND run.started_at > now() - interval '90 days'
    ORDER BY key, conversions DESC, seen_at DESC
) AS best
ORDER BY conversions DESC, seen_at DESC, key LIMIT $4;
