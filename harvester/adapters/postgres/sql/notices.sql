-- name: take_notice_turn
-- The turn to look and tell, unless another replica has it or the last message is younger than that.
UPDATE harvester.notice_turn SET turn = turn + 1, taken_at = $1, taken_until = $1 + $2::interval
WHERE (taken_until IS NULL OR taken_until <= $1) AND (told_at IS NULL OR told_at <= $1 - $3::interval)
RETURNING turn;

-- name: end_notice_turn
-- The end of a turn, with a message or without one.
UPDATE harvester.notice_turn SET taken_until = NULL, told_at = CASE WHEN $2 THEN taken_at ELSE told_at END
WHERE turn = $1;

-- name: plans_waiting
-- Plans with planned items that wait for a person, but for those of regrets; in auto mode what was not taken within the hour.
SELECT plan.plan_id AS subject, plan.profile_id, plan.account, tally.items, plan.mode AS detail, '' AS version,
    plan.created_at AS since
FROM (SELECT plan_id, count(*) AS items FROM harvester.action WHERE phase = 'waiting' AND state = 'planned'
    GROUP BY plan_id) AS tally
JOIN harvester.plan ON plan.plan_id = tally.plan_id
WHERE plan.account = ANY ($1) AND (plan.mode <> 'auto' OR plan.created_at <= $2::timestamptz - interval '1 hour')
    AND NOT EXISTS (SELECT FROM harvester.regret WHERE regret.plan_id = plan.plan_id);

-- name: plans_regretted
-- Plans that would take back what is regretted and wait for a person, with the rules behind that.
SELECT plan.plan_id AS subject, plan.profile_id, plan.account, tally.items, tally.rules AS detail, '' AS version,
    plan.created_at AS since
FROM (
    SELECT regret.plan_id, count(*) AS items, string_agg(DISTINCT 'rule ' || mistake.rule, ', ') AS rules
    FROM harvester.action AS undo
    JOIN harvester.regret ON regret.action_id = undo.undoes AND regret.plan_id = undo.plan_id
    JOIN harvester.action AS mistake ON mistake.action_id = undo.undoes
    WHERE undo.phase = 'waiting' AND undo.undoes IS NOT NULL
    GROUP BY regret.plan_id
) AS tally
JOIN harvester.plan ON plan.plan_id = tally.plan_id
WHERE plan.account = ANY ($1);

-- name: items_guarded
-- Plans with items over a cap, and over which.
SELECT plan.plan_id AS subject, plan.profile_id, plan.account, tally.items, tally.reasons AS detail, '' AS version,
    plan.created_at AS since
FROM (
    SELECT plan_id, count(*) AS items, string_agg(DISTINCT reason, ', ' ORDER BY reason) AS reasons
    FROM harvester.action WHERE phase = 'waiting' AND state = 'guarded' GROUP BY plan_id
) AS tally
JOIN harvester.plan ON plan.plan_id = tally.plan_id
WHERE plan.account = ANY ($1);

-- name: items_refused
-- Plans of which Amazon refused an item in the last week: how many in all, and what it said most often.
SELECT plan.plan_id AS subject, plan.profile_id, plan.account, tally.items, tally.said AS detail,
    tally.items::text AS version, tally.since
FROM (
    SELECT action.plan_id, count(*) AS items, min(action.settled_at) AS since,
        mode() WITHIN GROUP (ORDER BY coalesce(action.error_message, action.error_code, '')) AS said
    FROM harvester.action
    WHERE action.state = 'refused' AND action.plan_id IN (
        SELECT plan_id FROM harvester.action_event
        WHERE to_state = 'refused' AND at > $2::timestamptz - interval '7 days')
    GROUP BY action.plan_id
) AS tally
JOIN harvester.plan ON plan.plan_id = tally.plan_id
WHERE plan.account = ANY ($1);

-- name: items_unknown
-- Profiles with items that were sent an hour ago or longer, and of which nobody can say whether they arrived.
SELECT tally.profile_id AS subject, tally.profile_id, profile.account, tally.items, '' AS detail, '' AS version, tally.since
FROM (
    SELECT action.profile_id, count(*) AS items, min(changed_at) AS since
    FROM harvester.open_plan JOIN harvester.action ON action.plan_id = open_plan.plan_id AND phase = 'owning'
    WHERE state IN ('sending', 'unknown') AND changed_at <= $2::timestamptz - interval '1 hour'
    GROUP BY action.profile_id
) AS tally
JOIN harvester.profile ON profile.profile_id = tally.profile_id
WHERE profile.account = ANY ($1);

-- name: accounts_closed
-- Logins that Amazon refuses, and how many profiles wait for each.
SELECT login.account AS subject, '' AS profile_id, login.account,
    (SELECT count(*) FROM harvester.profile WHERE profile.account = login.account) AS items,
    coalesce(login.failure, '') AS detail, '' AS version, login.failed_since AS since
FROM harvester.login
WHERE login.closed AND login.account = ANY ($1);

-- name: work_stopped
-- Tasks that failed, were given up or are set aside for hours; profiles of which nothing complete was read for two days.
WITH slot AS (
    SELECT task, profile_id, due_at, state, failures, finished_at, reason, state IN ('waiting', 'running') AS open
    FROM harvester.slot WHERE due_at > $2::timestamptz - interval '7 days' AND due_at <= $2::timestamptz
), oldest_open AS (
    SELECT DISTINCT ON (task, profile_id) * FROM slot WHERE open ORDER BY task, profile_id, due_at
), newest_closed AS (
    SELECT DISTINCT ON (task, profile_id) * FROM slot WHERE NOT open ORDER BY task, profile_id, due_at DESC
), newest_run AS (
    SELECT profile.profile_id, run.state, run.error, run.finished_at
    FROM harvester.profile
    CROSS JOIN LATERAL (
        SELECT state, error, finished_at FROM harvester.run
        WHERE run.profile_id = profile.profile_id AND run.source <> 'undo' AND run.started_at <= $2::timestamptz
        ORDER BY run.started_at DESC LIMIT 1
    ) AS run
    WHERE run.finished_at > $2::timestamptz - interval '7 days'
), last_whole AS (
    SELECT profile.profile_id, run.started_at
    FROM harvester.profile
    LEFT JOIN LATERAL (
        SELECT started_at FROM harvester.run
        WHERE run.profile_id = profile.profile_id AND run.source <> 'undo' AND run.state = 'complete'
        ORDER BY run.started_at DESC LIMIT 1
    ) AS run ON true
), found AS (
    SELECT task, profile_id, 1 AS place, 'set aside' AS how, due_at AS since, reason
    FROM oldest_open WHERE failures > 0 AND due_at <= $2::timestamptz - interval '3 hours'
    UNION ALL
    SELECT task, profile_id, 2, CASE state WHEN 'given_up' THEN 'given up' ELSE 'failed' END, finished_at, reason
    FROM newest_closed WHERE state IN ('failed', 'given_up')
    UNION ALL
    SELECT 'plan', profile_id, 3, 'failed', finished_at, coalesce(error, '')
    FROM newest_run
    WHERE state = 'failed' AND NOT EXISTS (
        SELECT FROM slot WHERE slot.task = 'plan' AND slot.profile_id = newest_run.profile_id)
    UNION ALL
    SELECT 'plan', profile_id, 4, 'incomplete', min(slot.due_at), ''
    FROM slot JOIN last_whole USING (profile_id)
    WHERE slot.task = 'plan' AND slot.due_at > coalesce(last_whole.started_at, '-infinity')
    GROUP BY profile_id
    HAVING min(slot.due_at) <= $2::timestamptz - interval '2 days'
)
SELECT DISTINCT ON (found.task, found.profile_id)
    found.task, found.profile_id, coalesce(profile.account, '') AS account, found.how, found.reason, found.since
FROM found LEFT JOIN harvester.profile ON profile.profile_id = found.profile_id
WHERE found.profile_id = '' OR (profile.account = ANY ($1) AND NOT EXISTS (
    SELECT FROM harvester.login
    WHERE login.account = profile.account
        AND (login.closed OR login.listed_at > coalesce(profile.listed_at, '-infinity'))))
ORDER BY found.task, found.profile_id, found.place;

-- name: rules_broken
-- The rules file as the living replicas found it, where it is broken.
SELECT 'rules' AS subject, '' AS profile_id, '' AS account, count(*) AS items, min(rules_error) AS detail,
    min(rules_error) AS version, $1::timestamptz AS since
FROM harvester.replica
WHERE rules_error IS NOT NULL AND seen_at > $1::timestamptz - interval '1 minute'
HAVING count(*) > 0;

-- name: see_notices
-- What a look found: first seen, there again, or changed; what is as it was is left as it is.
INSERT INTO harvester.notice AS known (kind, subject, profile_id, account, items, detail, version, since, first_seen)
SELECT kind, subject, profile_id, account, items, detail, version, since, $1::timestamptz
FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::timestamptz[])
    AS seen (kind, subject, profile_id, account, items, detail, version, since)
ON CONFLICT (kind, subject) DO UPDATE SET
    profile_id = excluded.profile_id, account = excluded.account, items = excluded.items, detail = excluded.detail,
    version = excluded.version,
    since = CASE WHEN known.resolved_at IS NULL THEN least(known.since, excluded.since) ELSE excluded.since END,
    first_seen = CASE WHEN known.resolved_at IS NULL THEN known.first_seen ELSE excluded.first_seen END,
    told_at = CASE
        WHEN known.resolved_at IS NULL OR (known.good AND NOT known.over_told) OR known.kind = 'items_refused'
        THEN known.told_at END,
    resolved_at = NULL, good = false, over_told = false
WHERE known.resolved_at IS NOT NULL OR known.since > excluded.since
    OR (known.profile_id, known.account, known.items, known.detail, known.version)
        IS DISTINCT FROM (excluded.profile_id, excluded.account, excluded.items, excluded.detail, excluded.version);

-- name: resolve_notices
-- What is no longer so; it is worth telling where the thing itself works again.
UPDATE harvester.notice SET resolved_at = $1, good = CASE kind
    WHEN 'account_closed' THEN EXISTS (
        SELECT FROM harvester.login WHERE login.account = notice.subject AND NOT login.closed)
    WHEN 'rules_broken' THEN EXISTS (
        SELECT FROM harvester.replica
        WHERE replica.rules_error IS NULL AND replica.seen_at > $1::timestamptz - interval '1 minute')
    WHEN 'items_unknown' THEN NOT EXISTS (
        SELECT FROM harvester.open_plan JOIN harvester.action ON action.plan_id = open_plan.plan_id AND phase = 'owning'
        WHERE open_plan.profile_id = notice.profile_id AND action.state IN ('sending', 'unknown')
            AND action.changed_at <= notice.first_seen)
    WHEN 'chore_stopped' THEN EXISTS (
        SELECT FROM harvester.slot
        WHERE slot.task = notice.subject AND slot.profile_id = '' AND slot.state = 'done'
            AND slot.finished_at >= notice.since)
    WHEN 'profile_stopped' THEN NOT EXISTS (
        SELECT FROM harvester.login WHERE login.account = notice.account AND login.closed)
        AND (EXISTS (
            SELECT FROM harvester.slot
            WHERE slot.profile_id = notice.profile_id AND slot.task || ' ' || slot.profile_id = notice.subject
                AND slot.state = 'done' AND slot.finished_at >= notice.since)
        OR EXISTS (
            SELECT FROM harvester.run
            WHERE run.profile_id = notice.profile_id AND notice.subject = 'plan ' || run.profile_id
                AND run.source <> 'undo' AND run.state IN ('complete', 'partial') AND run.finished_at >= notice.since))
    ELSE false END
WHERE resolved_at IS NULL AND kind = ANY ($2) AND NOT EXISTS (
    SELECT FROM unnest($3::text[], $4::text[]) AS seen (kind, subject)
    WHERE seen.kind = notice.kind AND seen.subject = notice.subject);

-- name: forget_notices
-- What has been over for a month.
DELETE FROM harvester.notice WHERE resolved_at < $1::timestamptz - interval '30 days';

-- name: take_notices
-- What is news, for this turn to tell, with whose it is: the profile, or the first few profiles of the account.
WITH taken AS (
    UPDATE harvester.notice SET telling = $2
    WHERE kind = ANY ($3) AND (
        (resolved_at IS NULL AND (
            told_at IS NULL OR told_version IS DISTINCT FROM version
            OR (kind <> 'items_refused' AND told_at <= $1::timestamptz - interval '1 day')))
        OR (resolved_at IS NOT NULL AND good AND NOT over_told AND told_at IS NOT NULL))
    RETURNING kind, subject, profile_id, account, items, told_items, detail, since,
        CASE WHEN resolved_at IS NOT NULL THEN 'over'
            WHEN told_at IS NULL OR told_version IS DISTINCT FROM version THEN 'new'
            ELSE 'still' END AS news
)
SELECT taken.*, coalesce(few.ids, ARRAY[profile.profile_id]) AS ids, coalesce(few.names, ARRAY[profile.name]) AS names,
    coalesce(few.countries, ARRAY[profile.country]) AS countries
FROM taken
LEFT JOIN harvester.profile ON profile.profile_id = taken.profile_id
LEFT JOIN LATERAL (
    SELECT array_agg(profile_id) AS ids, array_agg(name) AS names, array_agg(country) AS countries
    FROM (
        SELECT profile_id, name, country FROM harvester.profile
        WHERE taken.kind = 'account_closed' AND profile.account = taken.account
        ORDER BY profile_id LIMIT 3
    ) AS first_few
) AS few ON taken.kind = 'account_closed'
ORDER BY taken.kind, taken.subject;

-- name: mark_notices_told
-- What this turn told.
UPDATE harvester.notice SET told_at = $2, told_version = version, told_items = items,
    over_told = resolved_at IS NOT NULL, telling = NULL
WHERE telling = $1;
