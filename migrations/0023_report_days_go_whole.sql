-- before: replaces a function by one that old code calls alike.
-- What was known of days that go is forgotten first: where a lock ended the round early, days without rows were in all the same.

-- Drops the days before this one, and forgets that they were ever read. Returns how many partitions went; one whose lock
-- cannot be had within two seconds goes the next time.
CREATE OR REPLACE FUNCTION harvester.drop_report_days(before date) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    old record;
    dropped integer := 0;
BEGIN
    DELETE FROM harvester.report_day WHERE day < before;
    DELETE FROM harvester.report WHERE last_day < before
        AND NOT EXISTS (SELECT FROM harvester.report_day WHERE report_day.report = report.number);
    DELETE FROM harvester.search_term_day_default WHERE day < before;
    DELETE FROM harvester.targeting_day_default WHERE day < before;
    FOR old IN
        SELECT child.relname::text AS name
        FROM pg_inherits JOIN pg_class AS child ON child.oid = inhrelid
        WHERE inhparent IN ('harvester.search_term_day'::regclass, 'harvester.targeting_day'::regclass)
            AND child.relname ~ '_day_\d{4}_\d\d_\d\d$' AND to_date(right(child.relname, 10), 'YYYY_MM_DD') < before
        ORDER BY right(child.relname, 10), child.relname
    LOOP
        BEGIN
            EXECUTE format('DROP TABLE IF EXISTS harvester.%I', old.name);
            dropped := dropped + 1;
        EXCEPTION WHEN lock_not_available OR deadlock_detected THEN
            RAISE NOTICE 'partition % goes the next time: %', old.name, SQLERRM;
            RETURN dropped;
        END;
    END LOOP;
    RETURN dropped;
END
$$;
