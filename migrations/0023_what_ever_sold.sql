-- before: adds a table that the code before does not know, and has report days dropped as before.
-- What once sold stays known when the days that said so are dropped, or the runs.

-- by: `days` (of report days that were dropped since: the sum of their orders) or `runs` (of what runs were told by
-- recommendations: the most that one of them was told).
CREATE TABLE harvester.sold_term (
    profile_id text COLLATE "C" NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    ad_group_id text COLLATE "C" NOT NULL,
    key text COLLATE "C" NOT NULL,
    by text COLLATE "C" NOT NULL CHECK (by IN ('days', 'runs')),
    orders bigint NOT NULL CHECK (orders > 0),
    last_day date NOT NULL,
    PRIMARY KEY (profile_id, campaign_id, ad_group_id, key, by)
);

-- As before, but what sold on the days that go is kept; they go in their order, and one that was read and dropped before adds
-- nothing. What was known of days is forgotten first: where a lock ended the round early, days without rows were in all the same.
-- Nothing younger than a week goes, by the clock of Postgres; a partition whose lock cannot be had goes the next time. None is
-- locked before its table: whoever reads both takes them the other way round, and one of the two would be given up.
CREATE OR REPLACE FUNCTION harvester.drop_report_days(before date) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    horizon date := least(before, (now() AT TIME ZONE 'UTC')::date - 7);
    old record;
    dropped integer := 0;
BEGIN
    DELETE FROM harvester.report_day WHERE day < horizon;
    DELETE FROM harvester.report WHERE last_day < horizon
        AND NOT EXISTS (SELECT FROM harvester.report_day WHERE report_day.report = report.number);
    FOR old IN
        SELECT child.relname::text AS name
        FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent IN ('harvester.search_term_day'::regclass, 'harvester.targeting_day'::regclass)
            AND child.relname ~ '_day_\d{4}_\d\d_\d\d$' AND to_date(right(child.relname, 10), 'YYYY_MM_DD') < horizon
        ORDER BY right(child.relname, 10), child.relname
    LOOP
        BEGIN
            IF old.name LIKE 'search_term_day%' THEN
                EXECUTE format('INSERT INTO harvester.sold_term AS known '
                    'SELECT profile_id, campaign_id, ad_group_id, key, ''days'', sum(orders), max(day) '
                    'FROM harvester.%I WHERE orders > 0 AND key <> ''*'' GROUP BY 1, 2, 3, 4 '
                    'ON CONFLICT (profile_id, campaign_id, ad_group_id, key, by) DO UPDATE '
                    'SET orders = known.orders + excluded.orders, last_day = excluded.last_day '
                    'WHERE excluded.last_day > known.last_day', old.name);
            END IF;
            EXECUTE format('DROP TABLE IF EXISTS harvester.%I', old.name);
            dropped := dropped + 1;
        EXCEPTION
            WHEN undefined_table THEN
                RAISE NOTICE 'partition % was dropped meanwhile', old.name;
            WHEN lock_not_available OR deadlock_detected THEN
                RAISE NOTICE 'partition % goes the next time: %', old.name, SQLERRM;
                EXIT;
        END;
    END LOOP;
    WITH gone AS (
        DELETE FROM harvester.search_term_day_default WHERE day < horizon
        RETURNING profile_id, campaign_id, ad_group_id, key, orders, day
    )
    INSERT INTO harvester.sold_term AS known
    SELECT profile_id, campaign_id, ad_group_id, key, 'days', sum(orders), max(day)
    FROM gone WHERE orders > 0 AND key <> '*' GROUP BY profile_id, campaign_id, ad_group_id, key
    ON CONFLICT (profile_id, campaign_id, ad_group_id, key, by) DO UPDATE
    SET orders = known.orders + excluded.orders, last_day = excluded.last_day WHERE excluded.last_day > known.last_day;
    DELETE FROM harvester.targeting_day_default WHERE day < horizon;
    RETURN dropped;
END
$$;
