-- name: next_fence
-- The profile's next fence; whoever asks later waits for the end of this transaction.
INSERT INTO harvester.account_state (profile_id, fence) VALUES ($1, 1)
ON CONFLICT (profile_id) DO UPDATE SET fence = harvester.account_state.fence + 1
RETURNING fence;

-- name: remember_profile
-- A profile that a run is begun for, if it is not known yet.
INSERT INTO harvester.profile (profile_id, account, region, country, currency, timezone, kind, name, marketplace_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING;

-- name: take_up_run
-- The interrupted run of the same source, rules and mode, under a new fence.
UPDATE harvester.run SET fence = $6
WHERE profile_id = $1 AND state = 'running' AND source = $2 AND ruleset_fingerprint = $3 AND mode = $4
    AND started_at > $5
RETURNING run_id, account, started_at, cursor, pages, recommendations, troubles;

-- name: fail_interrupted_run
-- An interrupted run that is not taken up.
UPDATE harvester.run SET state = 'failed', finished_at = now(), error = 'interrupted, and not taken up again'
WHERE profile_id = $1 AND state = 'running';

-- name: ended_run
-- The last run of a profile, trigger, mode and rules that began since $5, ended well since $6, and has a plan.
SELECT run.run_id, plan.plan_id, run.troubles
FROM harvester.run JOIN harvester.plan ON plan.run_id = run.run_id
WHERE run.profile_id = $1 AND run.trigger = $2 AND run.mode = $3 AND run.ruleset_fingerprint = $4
    AND run.state IN ('complete', 'partial') AND run.started_at >= $5 AND run.finished_at >= $6
ORDER BY run.started_at DESC LIMIT 1;

-- name: new_run
-- A run that begins now, or when the clock says that it is given.
INSERT INTO harvester.run (profile_id, account, source, trigger, mode, ruleset_fingerprint, fence, seen_from, seen_until,
    started_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, 'infinity', '-infinity', coalesce($8::timestamptz, now()))
RETURNING run_id, started_at;

-- name: recent_rows
-- The last rows recorded of a run, the newest first.
SELECT source, campaign_id, ad_group_id, ad_id, ad_asin, target, target_type, clicks, conversions, evidence_note
FROM harvester.observation
WHERE run_id = $1
    AND seen_at >= (SELECT seen_from FROM harvester.run WHERE run_id = $1)
    AND seen_at <= (SELECT seen_until FROM harvester.run WHERE run_id = $1)
ORDER BY place DESC LIMIT $2;

-- name: advertised
-- Which ad of which ad group advertises which ASIN, as the last three runs saw it that read promotion recommendations.
WITH latest AS (
    SELECT run_id, seen_from, seen_until FROM harvester.run
    WHERE profile_id = $1 AND recommendations > 0 AND 'promotion' = ANY (string_to_array(source, ','))
    ORDER BY started_at DESC LIMIT 3
)
SELECT DISTINCT seen.ad_group_id, seen.ad_id, seen.ad_asin
FROM latest CROSS JOIN LATERAL (
    SELECT ad_group_id, ad_id, ad_asin FROM harvester.observation
    WHERE run_id = latest.run_id AND seen_at BETWEEN latest.seen_from AND latest.seen_until
        AND source = 'promotion' AND ad_asin <> ''
) AS seen;

-- name: advance_run
-- The cursor after a page, what the page added and what was wrong with it, while the run is still ours.
UPDATE harvester.run SET cursor = $3, pages = pages + 1, recommendations = recommendations + $4,
    seen_from = least(seen_from, $6), seen_until = greatest(seen_until, $6),
    troubles = CASE WHEN $5::text IS NULL OR $5 = ANY (troubles) THEN troubles ELSE troubles || $5 END
WHERE run_id = $1 AND fence = $2 AND state = 'running';

-- name: move_cursor
-- The cursor, and why the run will be partial if there is trouble, while the run is still ours.
UPDATE harvester.run SET cursor = $3,
    troubles = CASE WHEN $4::text IS NULL OR $4 = ANY (troubles) THEN troubles ELSE troubles || $4 END
WHERE run_id = $1 AND fence = $2 AND state = 'running';

-- name: finish_run
-- The end of a run that is still ours.
UPDATE harvester.run SET state = $3, error = $4, finished_at = coalesce($5::timestamptz, now())
WHERE run_id = $1 AND fence = $2 AND state = 'running';

-- name: summarize_keys
-- Brings the index for `why` up to date.
SELECT harvester.summarize_keys();

-- name: run_as_it_is
-- What is known of a run now.
SELECT cursor, state, fence, error FROM harvester.run WHERE run_id = $1;
