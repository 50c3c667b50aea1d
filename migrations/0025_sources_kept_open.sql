-- before: adds a column that only new code writes, and says more with what it holds.
-- Why the source of a promotion stays open, as the last listing showed: what was to replace it there is archived or
-- paused, or where it stands does not serve. Null while nothing of that is known.
ALTER TABLE harvester.action ADD COLUMN kept_open text CHECK (kept_open IN ('archived', 'paused', 'place'));

-- What the negative at the source of a promotion waits for, while it does: impressions wanted, impressions seen, and the
-- last day that is in; or why the source is kept open whatever the reports say.
CREATE OR REPLACE FUNCTION harvester.waits_for(whose text, promotion text) RETURNS jsonb
LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_object('wanted', coalesce((action.follow_up::jsonb ->> 'after_impressions')::bigint, 0),
        'impressions', seen.impressions, 'last_day', seen.last_day, 'kept_open', action.kept_open)
    FROM harvester.action
    CROSS JOIN LATERAL harvester.delivered(whose, action.amazon_id, action.settled_at) AS seen
    WHERE action.action_id = promotion AND action.state = 'done' AND action.follow_up LIKE '%"after_days"%'
        AND (action.kept_open IS NOT NULL
            OR seen.impressions < (action.follow_up::jsonb ->> 'after_impressions')::bigint)
        AND NOT EXISTS (
            SELECT FROM harvester.action AS child
            WHERE child.follows = promotion AND child.state NOT IN ('superseded', 'refused', 'stale'))
$$;
