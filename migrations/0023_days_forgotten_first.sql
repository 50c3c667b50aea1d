-- before: replaces a function by one that is asked in the same way.
-- Days that are dropped are forgotten first: a partition that had to be left for the next time must not leave days behind
-- that count as read and have no rows.

-- Drops the days before this one, and forgets that they were ever read; nothing younger than a week, by the clock of Postgres.
-- Returns how many partitions went; one whose lock cannot be had within two seconds goes the next time.
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
    DELETE FROM harvester.search_term_day_default WHERE day < horizon;
    DELETE FROM harvester.targeting_day_default WHERE day < horizon;
    FOR old IN
        SELECT child.relname::text AS name
        FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent IN ('harvester.search_term_day'::regclass, 'harvester.targeting_day'::regclass)
            AND child.relname ~ '_day_\d{4}_\d\d_\d\d$' AND to_date(right(child.relname, 10), 'YYYY_MM_DD') < horizon
        ORDER BY right(child.relname, 10), child.relname
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE IF EXISTS harvester.%I', old.name);
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            RAISE NOTICE 'partition % goes the next time: %', old.name, SQLERRM;
            EXIT;
        END;
    END LOOP;
    RETURN dropped;
END
$$;
