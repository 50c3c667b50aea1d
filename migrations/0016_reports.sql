-- before: adds tables and functions, and one more task that only new code puts into the queue.
-- What Amazon's reports say, day by day: of search terms, and of our own keywords and targets.

-- One report asked for: it outlives the process that asked. Days are the profile's own, both ends included.
-- state: asked (the call may or may not have arrived) -> pending (Amazon named it) -> loaded | failed.
-- tries: how often its rows could not be read. note: why nothing has come of it yet.
CREATE TABLE harvester.report (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    profile_id text COLLATE "C" NOT NULL REFERENCES harvester.profile (profile_id),
    kind text COLLATE "C" NOT NULL CHECK (kind IN ('search_terms', 'targeting')),
    first_day date NOT NULL,
    last_day date NOT NULL CHECK (last_day >= first_day AND last_day - first_day < 31),
    state text NOT NULL DEFAULT 'asked' CHECK (state IN ('asked', 'pending', 'loaded', 'failed')),
    amazon_id text COLLATE "C",
    asked_at timestamptz NOT NULL,
    polled_at timestamptz,
    settled_at timestamptz,
    rows bigint,
    unreadable bigint NOT NULL DEFAULT 0,
    tries integer NOT NULL DEFAULT 0,
    failure text,
    note text NOT NULL DEFAULT '',
    CHECK (state <> 'pending' OR amazon_id IS NOT NULL)
);
-- Never asked twice for the same span.
CREATE UNIQUE INDEX report_open ON harvester.report (profile_id, kind, first_day, last_day)
    WHERE state IN ('asked', 'pending');

CREATE INDEX report_failed ON harvester.report (profile_id, kind, settled_at) WHERE state = 'failed';

-- Which days are in, and when the report that they were last read from was asked for: a day counts as complete when it
-- was old enough then.
CREATE TABLE harvester.report_day (
    profile_id text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    day date NOT NULL,
    asked_at timestamptz NOT NULL,
    report bigint NOT NULL REFERENCES harvester.report (number),
    PRIMARY KEY (profile_id, kind, day)
);
CREATE INDEX report_day_report ON harvester.report_day (report);

-- One row per day, keyword or target, and search term. `key` is the folded text, or the ASIN in upper case.
-- Money in millionths of the profile's currency. Orders and sales: within 7 days of the click, for vendors within 14.
CREATE TABLE harvester.search_term_day (
    profile_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    ad_group_id text COLLATE "C" NOT NULL,
    keyword_id text COLLATE "C" NOT NULL,
    term text NOT NULL,
    key text COLLATE "C" NOT NULL,
    targeting text NOT NULL,
    match_type text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    cost bigint NOT NULL,
    orders bigint NOT NULL,
    sales bigint NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX search_term_day_place ON harvester.search_term_day (profile_id, ad_group_id, key);
-- Few have orders: whether a term ever did is found without the others.
CREATE INDEX search_term_day_sold ON harvester.search_term_day (profile_id, campaign_id, key) WHERE orders > 0;
CREATE TABLE harvester.search_term_day_default PARTITION OF harvester.search_term_day DEFAULT;

-- One row per day and keyword or target of ours.
CREATE TABLE harvester.targeting_day (
    profile_id text COLLATE "C" NOT NULL,
    day date NOT NULL,
    campaign_id text COLLATE "C" NOT NULL,
    ad_group_id text COLLATE "C" NOT NULL,
    keyword_id text COLLATE "C" NOT NULL,
    targeting text NOT NULL,
    match_type text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    cost bigint NOT NULL,
    orders bigint NOT NULL,
    sales bigint NOT NULL
) PARTITION BY RANGE (day);
CREATE INDEX targeting_day_target ON harvester.targeting_day (profile_id, keyword_id);
CREATE TABLE harvester.targeting_day_default PARTITION OF harvester.targeting_day DEFAULT;

-- Makes partitions of these tables for these days where they are missing, and returns how many. A day of which rows lie in the default
-- partition already is left to it, and so is one whose lock cannot be had within two seconds: nothing is lost.
CREATE FUNCTION harvester.ensure_report_days(
    first_day date, last_day date, parents text[] DEFAULT ARRAY['search_term_day', 'targeting_day']
) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    missing record;
    taken boolean;
    made integer := 0;
BEGIN
    FOR missing IN
        SELECT parent, day::date AS day, format('%s_%s', parent, to_char(day, 'YYYY_MM_DD')) AS name
        FROM unnest(parents) AS parent
        CROSS JOIN generate_series(first_day::timestamp, last_day, '1 day') AS day
        WHERE NOT EXISTS (
            SELECT FROM pg_class WHERE relnamespace = 'harvester'::regnamespace
                AND relname = format('%s_%s', parent, to_char(day, 'YYYY_MM_DD')))
        ORDER BY parent, day
    LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('harvester.ensure_report_days', 0));
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_class WHERE relnamespace = 'harvester'::regnamespace AND relname = missing.name);
        EXECUTE format('SELECT EXISTS (SELECT FROM harvester.%I WHERE day = $1)', missing.parent || '_default')
            INTO taken USING missing.day;
        CONTINUE WHEN taken;
        BEGIN
            EXECUTE format('CREATE TABLE harvester.%I PARTITION OF harvester.%I FOR VALUES FROM (%L) TO (%L)',
                missing.name, missing.parent, missing.day, missing.day + 1);
            made := made + 1;
        EXCEPTION WHEN lock_not_available OR deadlock_detected OR check_violation THEN
            RAISE NOTICE 'partition % is made later: %', missing.name, SQLERRM;
            EXIT;
        END;
    END LOOP;
    RETURN made;
END
$$;

-- Drops the days before this one, and forgets that they were ever read. Returns how many partitions went; one whose lock
-- cannot be had within two seconds goes the next time.
CREATE FUNCTION harvester.drop_report_days(before date) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
    old record;
    dropped integer := 0;
BEGIN
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
    DELETE FROM harvester.search_term_day_default WHERE day < before;
    DELETE FROM harvester.targeting_day_default WHERE day < before;
    DELETE FROM harvester.report_day WHERE day < before;
    DELETE FROM harvester.report WHERE last_day < before
        AND NOT EXISTS (SELECT FROM harvester.report_day WHERE report_day.report = report.number);
    RETURN dropped;
END
$$;

-- `report`: what reports are needed is asked for, and read when it is there.
ALTER TABLE harvester.slot DROP CONSTRAINT slot_task_check, ADD CONSTRAINT slot_task_check CHECK (
    task IN ('plan', 'follow_up', 'apply', 'reconcile', 'discover', 'expire', 'retain', 'notify', 'report'));
