-- before: adds tables, columns with a default, indexes, a view and functions; the functions that it replaces take and
-- return what they did.
-- Partitions may be as narrow as a day, and old ones are dropped: what no action refers to goes, the rest is kept.

-- How wide the partitions to come are. A month will do until a month has a hundred gigabytes.
CREATE TABLE harvester.partitioning (
    parent text COLLATE "C" PRIMARY KEY CHECK (parent IN ('observation', 'api_call', 'action_call')),
    width text NOT NULL DEFAULT 'month' CHECK (width IN ('month', 'day'))
);
INSERT INTO harvester.partitioning (parent) VALUES ('observation'), ('api_call'), ('action_call');
CREATE TRIGGER nothing_is_deleted BEFORE DELETE OR TRUNCATE ON harvester.partitioning
    FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

-- The partitions of those tables but the default ones. `kept`: what was left when a month was dropped.
CREATE VIEW harvester.partition AS
SELECT parent.relname::text AS parent, child.relname::text AS name, child.oid AS id, bound[1]::timestamptz AS opens,
    bound[2]::timestamptz AS closes, child.relname LIKE '%\_kept\_%' AS kept
FROM pg_inherits
JOIN pg_class AS parent ON parent.oid = inhparent
JOIN pg_class AS child ON child.oid = inhrelid
CROSS JOIN LATERAL regexp_match(pg_get_expr(child.relpartbound, child.oid), $$FROM \('(.+)'\) TO \('(.+)'\)$$) AS bound
WHERE parent.relnamespace = 'harvester'::regnamespace AND parent.relkind = 'p' AND bound IS NOT NULL;

CREATE FUNCTION harvester.time_column(parent text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$ SELECT CASE parent WHEN 'observation' THEN 'seen_at' ELSE 'at' END $$;

-- Those of the month of `moment` and of the three months after it; of tables divided by day, those of that day and of
-- the fourteen after it. A month that was begun by day goes on by day, whatever is wanted by now.
CREATE FUNCTION harvester.missing_partitions(moment timestamptz)
RETURNS TABLE (parent text, name text, opens timestamptz, closes timestamptz)
LANGUAGE sql STABLE SET timezone = 'UTC' AS $$
    WITH month AS (
        SELECT kind.parent, format('%s_%s', kind.parent, to_char(opens, 'YYYY_MM')) AS name, opens,
            opens + interval '1 month' AS closes, kind.width
        FROM harvester.partitioning AS kind CROSS JOIN LATERAL generate_series(
            date_trunc('month', moment), date_trunc('month', moment) + interval '3 months', '1 month') AS opens
    ), missing AS (
        SELECT month.*, width = 'day' OR EXISTS (
            SELECT FROM pg_class WHERE relnamespace = 'harvester'::regnamespace AND relkind = 'r'
                AND relname LIKE replace(month.name, '_', '\_') || '\___') AS by_day
        FROM month
        WHERE NOT EXISTS (
            SELECT FROM pg_class WHERE relnamespace = 'harvester'::regnamespace AND relname = month.name)
    )
    SELECT parent, name, opens, closes FROM missing WHERE NOT by_day
    UNION ALL
    SELECT parent, format('%s_%s', parent, to_char(day, 'YYYY_MM_DD')), day, day + interval '1 day'
    FROM missing CROSS JOIN LATERAL generate_series(
        greatest(opens, date_trunc('day', moment)),
        least(closes - interval '1 day', date_trunc('day', moment) + interval '14 days'), '1 day') AS day
    WHERE by_day AND NOT EXISTS (
        SELECT FROM pg_class WHERE relnamespace = 'harvester'::regnamespace
            AND relname = format('%s_%s', parent, to_char(day, 'YYYY_MM_DD')))
    ORDER BY parent, opens
$$;

-- Makes the partitions that are missing. One of whose rows some lie in the default partition already is left to it, and
-- so is one whose lock cannot be had within two seconds: nothing is lost, and the next call tries again. Returns how
-- many were made. (It looks into pg_class, because to_regclass would not see what another session made while this one
-- waited.)
CREATE OR REPLACE FUNCTION harvester.ensure_partitions(moment timestamptz) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    missing record;
    taken boolean;
    made integer := 0;
BEGIN
    FOR missing IN SELECT * FROM harvester.missing_partitions(moment) LOOP
        PERFORM pg_advisory_xact_lock(hashtextextended('harvester.ensure_partitions', 0));
        CONTINUE WHEN EXISTS (
            SELECT FROM pg_class WHERE relnamespace = 'harvester'::regnamespace AND relname = missing.name);
        EXECUTE format('SELECT EXISTS (SELECT FROM harvester.%I WHERE %I >= $1 AND %2$I < $2)',
            missing.parent || '_default', harvester.time_column(missing.parent))
            INTO taken USING missing.opens, missing.closes;
        CONTINUE WHEN taken;
        BEGIN
            EXECUTE format('CREATE TABLE harvester.%I (LIKE harvester.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                missing.name, missing.parent);
            PERFORM harvester.protect_partition(missing.parent, ('harvester.' || missing.name)::regclass);
            EXECUTE format('ALTER TABLE harvester.%I ATTACH PARTITION harvester.%I FOR VALUES FROM (%L) TO (%L)',
                missing.parent, missing.name, missing.opens, missing.closes);
            made := made + 1;
        EXCEPTION WHEN lock_not_available OR deadlock_detected OR check_violation OR invalid_object_definition THEN
            RAISE NOTICE 'partition % is made later: %', missing.name, SQLERRM;
        END;
    END LOOP;
    RETURN made;
END
$$;

-- From now on the partitions of a table are so wide. Empty ones that are not over yet are made anew; what holds rows
-- stays as it is. Returns how many were made; fails, and changes nothing, where a lock cannot be had in two seconds.
CREATE FUNCTION harvester.partition_by(which text, wanted text) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    coming text;
    taken boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('harvester.ensure_partitions', 0));
    UPDATE harvester.partitioning SET width = wanted WHERE parent = which AND width <> wanted;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    EXECUTE format('LOCK TABLE ONLY harvester.%I IN ACCESS EXCLUSIVE MODE', which);
    FOR coming IN SELECT name FROM harvester.partition WHERE parent = which AND closes > now() AND NOT kept LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM harvester.%I)', coming) INTO taken;
        IF NOT taken THEN
            EXECUTE format('DROP TABLE harvester.%I', coming);
        END IF;
    END LOOP;
    RETURN harvester.ensure_partitions(now());
END
$$;

-- Goes over to days where the month under way is on the way to more than so many bytes. Never back by itself. Refused where
-- Postgres has room for fewer locks: a query that looks into a year of days takes a thousand.
CREATE FUNCTION harvester.narrow_partitions(most_bytes bigint, fewest_locks integer) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    too_large text;
    narrowed text[] := '{}';
BEGIN
    FOR too_large IN
        SELECT parent FROM harvester.partition JOIN harvester.partitioning USING (parent)
        WHERE width = 'month' AND NOT kept AND now() >= opens AND now() < closes
            AND pg_total_relation_size(id)
                > most_bytes * greatest(1, extract(epoch FROM now() - opens) / 86400) / 30
        ORDER BY parent
    LOOP
        IF current_setting('max_locks_per_transaction')::integer < fewest_locks THEN
            RAISE EXCEPTION 'table % is too large for partitions of a month, and Postgres has too few locks for days: set '
                'max_locks_per_transaction to % and restart it', too_large, fewest_locks
                USING ERRCODE = 'restrict_violation';
        END IF;
        PERFORM harvester.partition_by(too_large, 'day');
        narrowed := narrowed || too_large;
    END LOOP;
    RETURN narrowed;
END
$$;

-- What was dropped. Before `closes` there is, of that table, only what an action refers to.
CREATE TABLE harvester.retained (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent text COLLATE "C" NOT NULL,
    opens timestamptz NOT NULL,
    closes timestamptz NOT NULL,
    dropped bigint NOT NULL,
    kept bigint NOT NULL,
    bytes bigint NOT NULL,
    horizon timestamptz NOT NULL,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX retained_newest ON harvester.retained (parent, closes);
SELECT harvester.make_append_only('harvester.retained');

-- What of a partition of this table has to stay: what an action was made of, and the calls that carried one.
CREATE FUNCTION harvester.referred(parent text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE parent
        WHEN 'observation' THEN 'SELECT FROM harvester.action_observation AS referring '
            'WHERE referring.run_id = old.run_id AND referring.place = old.place'
        WHEN 'api_call' THEN 'SELECT FROM harvester.action_call AS referring '
            'WHERE referring.call_number = old.call_number'
    END
$$;

-- Nobody else reads or writes the table until the end of this transaction. Whoever holds it is waited for three times, a
-- second each, and let by in between: a harvest that wants to write meanwhile loses no more than that second.
CREATE FUNCTION harvester.take_table(parent text) RETURNS void
LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
BEGIN
    FOR attempt IN 1..3 LOOP
        BEGIN
            EXECUTE format('LOCK TABLE ONLY harvester.%I IN ACCESS EXCLUSIVE MODE', parent);
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF attempt = 3 THEN
                RAISE;
            END IF;
            PERFORM pg_sleep(0.2 * attempt);
        END;
    END LOOP;
END
$$;

-- Drops the oldest month, or those days of it, that ended before the horizon. What actions refer to goes first into a
-- table of its own, which takes the place of what is dropped: nobody may change that either, and it stays for ever.
-- All of it or nothing, in one transaction; one session at a time for each table. `outcome`: `dropped`; `nothing` was old
-- enough; `busy`: another session is at it. Fails, and changes nothing, where a lock cannot be had.
-- Nothing younger than a week goes, by the clock of Postgres, whatever is asked for.
CREATE FUNCTION harvester.drop_oldest(
    which text, before timestamptz, OUT outcome text, OUT opens timestamptz, OUT closes timestamptz, OUT dropped bigint,
    OUT kept bigint, OUT bytes bigint
)
LANGUAGE plpgsql SET lock_timeout = '1s' SET timezone = 'UTC' AS $$
DECLARE
    horizon timestamptz := least(before, now() - interval '7 days');
    old text[];
    each text;
    columns text;
    rest text;
    found bigint;
BEGIN
    outcome := 'busy';
    IF NOT pg_try_advisory_xact_lock(hashtextextended('harvester.drop_oldest ' || which, 0)) THEN
        RETURN;
    END IF;
    outcome := 'nothing';
    SELECT array_agg(part.name ORDER BY part.opens), min(part.opens), max(part.closes), sum(part.size)
        INTO old, opens, closes, bytes
    FROM (
        SELECT ended.name, ended.opens, ended.closes, ended.kept, pg_total_relation_size(ended.id) AS size,
            date_trunc('month', ended.opens) AS month, count(*) FILTER (WHERE ended.gap) OVER (ORDER BY ended.opens) AS stretch
        FROM (
            SELECT *, partition.opens IS DISTINCT FROM lag(partition.closes) OVER (ORDER BY partition.opens) AS gap
            FROM harvester.partition WHERE partition.parent = which AND partition.closes <= horizon
        ) AS ended
    ) AS part
    WHERE harvester.referred(which) IS NOT NULL
    GROUP BY part.month, part.stretch
    HAVING NOT bool_and(part.kept)
    ORDER BY min(part.opens) LIMIT 1;
    IF old IS NULL THEN
        RETURN;
    END IF;

    SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO columns FROM pg_attribute
        WHERE attrelid = ('harvester.' || quote_ident(which))::regclass AND attnum > 0 AND NOT attisdropped;
    rest := format('%s_kept_%s', which, to_char(opens, 'YYYY_MM_DD'));
    EXECUTE format('CREATE TABLE harvester.%I (LIKE harvester.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS,'
        ' CONSTRAINT within CHECK (%I >= %L AND %3$I < %5$L))',
        rest || '_new', which, harvester.time_column(which), opens, closes);
    PERFORM harvester.protect_partition(which, ('harvester.' || rest || '_new')::regclass);
    dropped := 0;
    kept := 0;
    FOREACH each IN ARRAY old LOOP
        EXECUTE format('LOCK TABLE harvester.%I IN SHARE MODE', each);
        EXECUTE format('SELECT count(*) FROM harvester.%I', each) INTO found;
        dropped := dropped + found;
        EXECUTE format('INSERT INTO harvester.%I (%s) SELECT %2$s FROM harvester.%I AS old WHERE EXISTS (%s)',
            rest || '_new', columns, each, harvester.referred(which));
        GET DIAGNOSTICS found = ROW_COUNT;
        kept := kept + found;
    END LOOP;
    dropped := dropped - kept;

    PERFORM harvester.take_table(which);
    FOREACH each IN ARRAY old LOOP
        EXECUTE format('DROP TABLE harvester.%I', each);
    END LOOP;
    IF kept = 0 THEN
        EXECUTE format('DROP TABLE harvester.%I', rest || '_new');
    ELSE
        EXECUTE format('ALTER TABLE harvester.%I RENAME TO %I', rest || '_new', rest);
        EXECUTE format('ALTER TABLE harvester.%I ATTACH PARTITION harvester.%I FOR VALUES FROM (%L) TO (%L)',
            which, rest, opens, closes);
        EXECUTE format('ALTER TABLE harvester.%I DROP CONSTRAINT within', rest);
        bytes := bytes - pg_total_relation_size(('harvester.' || quote_ident(rest))::regclass);
    END IF;
    INSERT INTO harvester.retained (parent, opens, closes, dropped, kept, bytes, horizon)
        VALUES (which, opens, closes, dropped, kept, bytes, horizon);
    outcome := 'dropped';
END
$$;
REVOKE EXECUTE ON FUNCTION harvester.drop_oldest, harvester.take_table, harvester.partition_by,
    harvester.narrow_partitions FROM PUBLIC;

CREATE VIEW ledger.retention AS
SELECT CASE parent WHEN 'observation' THEN 'decisions' ELSE parent || 's' END AS what, opens AS dropped_from,
    closes AS dropped_until, dropped, kept, bytes, at AS dropped_at
FROM harvester.retained;
CREATE TRIGGER read_only INSTEAD OF INSERT OR UPDATE OR DELETE ON ledger.retention
    FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ledger.retention FROM PUBLIC, CURRENT_USER;
COMMENT ON VIEW ledger.retention IS 'What retention has dropped: old months of what no action refers to.';
COMMENT ON COLUMN ledger.retention.what IS 'decisions (and recommendations), or api_calls.';
COMMENT ON COLUMN ledger.retention.dropped_from IS 'Of what was recorded from then on,';
COMMENT ON COLUMN ledger.retention.dropped_until IS 'and before then, only what an action refers to is left.';
COMMENT ON COLUMN ledger.retention.dropped IS 'How many rows went.';
COMMENT ON COLUMN ledger.retention.kept IS 'How many rows stayed, because an action refers to them.';
COMMENT ON COLUMN ledger.retention.bytes IS 'How much disk space that freed.';
COMMENT ON COLUMN ledger.retention.dropped_at IS 'When.';

-- Between which times the rows of a run were recorded: whoever reads them looks into those partitions only. Of runs that
-- were begun by the code before, nothing is known: at any time.
ALTER TABLE harvester.run
    ADD COLUMN seen_from timestamptz NOT NULL DEFAULT '-infinity',
    ADD COLUMN seen_until timestamptz NOT NULL DEFAULT 'infinity';

-- The code before records pages without saying when.
CREATE FUNCTION harvester.seen_at_any_time() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    NEW.seen_from := '-infinity';
    NEW.seen_until := 'infinity';
    RETURN NEW;
END
$$;
CREATE TRIGGER seen_at_any_time BEFORE UPDATE ON harvester.run
    FOR EACH ROW WHEN (NEW.pages <> OLD.pages AND NEW.seen_from = OLD.seen_from AND NEW.seen_until = OLD.seen_until)
    EXECUTE FUNCTION harvester.seen_at_any_time();

-- The newest plans and runs of everybody.
CREATE INDEX run_newest ON harvester.run (started_at);
CREATE INDEX plan_newest ON harvester.plan (created_at);

-- As before, but only partitions that may have grown since yesterday are looked at: a year of them takes minutes.
CREATE OR REPLACE FUNCTION harvester.summarize_keys() RETURNS void
LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
BEGIN
    PERFORM brin_summarize_new_values(index.inhrelid)
    FROM pg_inherits AS index
    JOIN pg_index ON pg_index.indexrelid = index.inhrelid
    LEFT JOIN harvester.partition AS part ON part.id = pg_index.indrelid
    WHERE index.inhparent = 'harvester.observation_why'::regclass
        AND (part.id IS NULL OR (part.opens <= now() AND part.closes > now() - interval '1 day'));
EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN
    RAISE NOTICE 'the index for `why` is brought up to date later: %', SQLERRM;
END
$$;
