-- before: adds functions, tables and views.
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
