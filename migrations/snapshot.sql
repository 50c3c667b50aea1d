-- What the numbered files add up to; written by a program, compared with them by a test.
SET check_function_bodies = false;

CREATE SCHEMA harvester;

CREATE SCHEMA ledger;

COMMENT ON SCHEMA ledger IS 'What Harvester saw, decided, planned and did: stable, read-only views.';

CREATE TYPE harvester.pgqueuer_status AS ENUM (
    'queued',
    'picked',
    'successful',
    'exception',
    'canceled',
    'deleted',
    'failed'
);

CREATE FUNCTION harvester.acos(cost bigint, sales bigint) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT round(cost::numeric / nullif(sales, 0), 4) $$;

CREATE FUNCTION harvester.chain_event() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    last record := harvester.end_of_chain(NEW.profile_id);
BEGIN
    NEW.sequence := last.sequence + 1;
    NEW.prev_hash := last.hash;
    NEW.hash := harvester.event_hash(NEW);
    RETURN NEW;
END
$$;

CREATE FUNCTION harvester.check_transition() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    unsent boolean := OLD.state IN ('planned', 'guarded', 'held', 'approved');
BEGIN
    IF (OLD.action_id, OLD.plan_id, OLD.position, OLD.profile_id, OLD.run_id, OLD.kind, OLD.effect, OLD.target, OLD.key,
        OLD.match, OLD.level, OLD.leader, OLD.seen, OLD.undoes, OLD.follows, OLD.campaign_id, OLD.ad_group_id,
        OLD.source_campaign_id, OLD.source_ad_group_id, OLD.follow_up)
       IS DISTINCT FROM
       (NEW.action_id, NEW.plan_id, NEW.position, NEW.profile_id, NEW.run_id, NEW.kind, NEW.effect, NEW.target, NEW.key,
        NEW.match, NEW.level, NEW.leader, NEW.seen, NEW.undoes, NEW.follows, NEW.campaign_id, NEW.ad_group_id,
        NEW.source_campaign_id, NEW.source_ad_group_id, NEW.follow_up) THEN
        RAISE EXCEPTION 'action % cannot become another action', OLD.action_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF (OLD.fragment <> NEW.fragment OR OLD.bid IS DISTINCT FROM NEW.bid) AND NOT unsent THEN
        RAISE EXCEPTION 'the request of action % was sent and stays as it was', OLD.action_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.group_id <> NEW.group_id AND NOT (OLD.group_id = '' AND unsent) THEN
        RAISE EXCEPTION 'the group of action % stays as it was', OLD.action_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.amazon_id <> NEW.amazon_id OR (OLD.amazon_id IS NOT NULL AND NEW.amazon_id IS NULL) THEN
        RAISE EXCEPTION 'what Amazon calls action % stays as it was', OLD.action_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF NOT harvester.may_become(OLD.state, NEW.state) THEN
        RAISE EXCEPTION 'action % is % and cannot become %', OLD.action_id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'action_transition';
    END IF;
    RETURN NEW;
END
$$;

CREATE FUNCTION harvester.delivered(whose text, target text, made_at timestamp with time zone, OUT impressions bigint, OUT last_day date) RETURNS record
    LANGUAGE plpgsql STABLE
    AS $$
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

CREATE FUNCTION harvester.drop_oldest(which text, before timestamp with time zone, OUT outcome text, OUT opens timestamp with time zone, OUT closes timestamp with time zone, OUT dropped bigint, OUT kept bigint, OUT bytes bigint) RETURNS record
    LANGUAGE plpgsql
    SET lock_timeout TO '1s'
    SET "TimeZone" TO 'UTC'
    AS $_$
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
$_$;

CREATE FUNCTION harvester.drop_report_days(before date) RETURNS integer
    LANGUAGE plpgsql
    SET lock_timeout TO '2s'
    AS $_$
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
$_$;

CREATE FUNCTION harvester.end_of_chain(which text, OUT sequence bigint, OUT hash bytea) RETURNS record
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM harvester.lock_history(which);
    SELECT event.sequence, event.hash INTO sequence, hash FROM harvester.action_event AS event
        WHERE event.profile_id = which ORDER BY event.sequence DESC LIMIT 1;
    IF NOT FOUND THEN
        sequence := 0;
        hash := '';
    END IF;
END
$$;

CREATE FUNCTION harvester.ensure_partitions(moment timestamp with time zone) RETURNS integer
    LANGUAGE plpgsql
    SET lock_timeout TO '2s'
    SET "TimeZone" TO 'UTC'
    AS $_$
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
$_$;

CREATE FUNCTION harvester.ensure_report_days(first_day date, last_day date, parents text[] DEFAULT ARRAY['search_term_day'::text, 'targeting_day'::text]) RETURNS integer
    LANGUAGE plpgsql
    SET lock_timeout TO '2s'
    AS $_$
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
$_$;

CREATE TABLE harvester.action_event (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    sequence bigint NOT NULL,
    action_id text NOT NULL COLLATE pg_catalog."C",
    plan_id text NOT NULL COLLATE pg_catalog."C",
    at timestamp with time zone NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text NOT NULL,
    changed_by text NOT NULL,
    fence bigint,
    call_number bigint,
    amazon_id text COLLATE pg_catalog."C",
    error_code text,
    error_message text,
    bid numeric,
    fragment text NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    action_ids text[] COLLATE pg_catalog."C",
    amazon_ids text[] COLLATE pg_catalog."C"
);

CREATE FUNCTION harvester.event_content(event harvester.action_event) RETURNS text
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE WHEN event.action_ids IS NULL THEN json_build_array(
        event.profile_id, event.sequence, event.action_id, event.plan_id, extract(epoch FROM event.at)::text,
        event.from_state, event.to_state, event.reason, event.changed_by, event.fence, event.call_number,
        event.amazon_id, event.error_code, event.error_message, event.bid::text, event.fragment)
    ELSE json_build_array(
        event.profile_id, event.sequence, event.action_id, event.plan_id, extract(epoch FROM event.at)::text,
        event.from_state, event.to_state, event.reason, event.changed_by, event.fence, event.call_number,
        event.amazon_id, event.error_code, event.error_message, event.bid::text, event.fragment,
        event.action_ids, event.amazon_ids) END::text
$$;

CREATE FUNCTION harvester.event_hash(event harvester.action_event) RETURNS bytea
    LANGUAGE sql STABLE
    AS $$
    SELECT sha256(event.prev_hash || convert_to(harvester.event_content(event), 'UTF8'))
$$;

CREATE FUNCTION harvester.findings(findings text) RETURNS jsonb
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
    SELECT coalesce(jsonb_agg(jsonb_build_object(
        'rule', one -> 0, 'check', one -> 1, 'measured', one -> 2, 'bound', one -> 3, 'passed', one -> 4,
        'group', coalesce(one -> 5, '""')) ORDER BY place), '[]')
    FROM jsonb_array_elements(nullif(findings, '')::jsonb) WITH ORDINALITY AS elements (one, place)
$$;

CREATE FUNCTION harvester.fn_pgqueuer_changed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;

    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'harvester_jobs',
            json_build_object(
                'channel', 'harvester_jobs',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;

    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;

END;
$$;

CREATE FUNCTION harvester.local_day(at timestamp with time zone, timezone text) RETURNS date
    LANGUAGE plpgsql STABLE
    AS $$
BEGIN
    RETURN (at AT TIME ZONE timezone)::date;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN (at AT TIME ZONE 'UTC')::date;
END
$$;

CREATE FUNCTION harvester.lock_history(which text) RETURNS void
    LANGUAGE sql
    AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('harvester.action_event ' || which, 0))
$$;

CREATE FUNCTION harvester.make_append_only(which regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change()', which);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', which);
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM PUBLIC, CURRENT_USER', which);
END
$$;

CREATE FUNCTION harvester.may_become(before text, after text) RETURNS boolean
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE before
        WHEN 'planned' THEN after IN ('planned', 'approved', 'declined', 'held', 'superseded')
        WHEN 'guarded' THEN after IN ('guarded', 'approved', 'declined', 'held', 'superseded')
        WHEN 'held' THEN after IN ('held', 'approved', 'declined', 'superseded')
        WHEN 'approved' THEN
            after IN ('approved', 'sending', 'declined', 'held', 'superseded', 'stale', 'planned', 'guarded')
        WHEN 'sending' THEN after IN ('sending', 'done', 'refused', 'unknown', 'approved')
        WHEN 'unknown' THEN after IN ('unknown', 'done', 'refused', 'stale', 'approved')
        WHEN 'done' THEN after IN ('done', 'undone')
        ELSE after = before END
$$;

CREATE FUNCTION harvester.metrics(clicks double precision, conversions double precision, note text) RETURNS jsonb
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    AS $$
DECLARE
    both_metrics jsonb := jsonb_build_object('clicks', clicks, 'conversions', conversions);
    parsed jsonb;
BEGIN
    IF note IS NULL OR note = '' THEN
        RETURN both_metrics;
    END IF;
    BEGIN
        parsed := note::jsonb;
    EXCEPTION WHEN data_exception THEN
        parsed := to_jsonb(note);
    END;
    IF jsonb_typeof(parsed) <> 'object' THEN
        parsed := jsonb_build_object('note', parsed);
    END IF;
    RETURN parsed || both_metrics;
END
$$;

CREATE FUNCTION harvester.missing_partitions(moment timestamp with time zone) RETURNS TABLE(parent text, name text, opens timestamp with time zone, closes timestamp with time zone)
    LANGUAGE sql STABLE
    SET "TimeZone" TO 'UTC'
    AS $$
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

CREATE FUNCTION harvester.money(millionths bigint) RETURNS numeric
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT round(millionths / 1000000.0, 2) $$;

CREATE FUNCTION harvester.narrow_partitions(most_bytes bigint, fewest_locks integer) RETURNS text[]
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION harvester.next_hash(before bytea, start bytea, content text) RETURNS bytea
    LANGUAGE plpgsql IMMUTABLE
    AS $$
BEGIN
    RETURN sha256(coalesce(before, start) || convert_to(content, 'UTF8'));
END
$$;

CREATE FUNCTION harvester.partition_by(which text, wanted text) RETURNS integer
    LANGUAGE plpgsql
    SET lock_timeout TO '2s'
    SET "TimeZone" TO 'UTC'
    AS $$
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

CREATE FUNCTION harvester.plan_fingerprint(which text) RETURNS text
    LANGUAGE sql STABLE
    AS $$
    SELECT coalesce(
        (SELECT new_fingerprint FROM harvester.plan_review WHERE plan_id = which AND verdict = 'edit'
         ORDER BY review_number DESC LIMIT 1),
        (SELECT fingerprint FROM harvester.plan WHERE plan_id = which))
$$;

CREATE FUNCTION harvester.protect_partition(parent text, partition regclass) RETURNS void
    LANGUAGE plpgsql
    AS $$
BEGIN
    PERFORM harvester.make_append_only(partition);
    IF parent = 'observation' THEN
        EXECUTE format('CREATE UNIQUE INDEX ON %s (run_id, place)', partition);
    END IF;
END
$$;

CREATE FUNCTION harvester.record_changed_actions() RETURNS trigger
    LANGUAGE plpgsql
    SET enable_nestloop TO 'off'
    SET enable_hashjoin TO 'on'
    AS $$
DECLARE
    which text;
    last record;
BEGIN
    FOR which IN SELECT DISTINCT profile_id FROM now_there ORDER BY profile_id LOOP
        last := harvester.end_of_chain(which);
        INSERT INTO harvester.action_event
        SELECT which, sequence, action_id, plan_id, at, from_state, to_state, reason, changed_by, fence, call_number,
            amazon_id, error_code, error_message, bid, fragment, lag(hash, 1, last.hash) OVER in_order, hash, action_ids,
            amazon_ids
        FROM (
            SELECT *, harvester.chained(last.hash, (CASE WHEN action_ids IS NULL THEN json_build_array(which, sequence,
                action_id, plan_id, extract(epoch FROM at)::text, from_state, to_state, reason, changed_by, fence,
                call_number, amazon_id, error_code, error_message, bid::text, fragment)
                ELSE json_build_array(which, sequence, action_id, plan_id, extract(epoch FROM at)::text, from_state,
                to_state, reason, changed_by, fence, call_number, amazon_id, error_code, error_message, bid::text,
                fragment, action_ids, amazon_ids) END)::text) OVER in_order AS hash
            FROM (
                SELECT *, last.sequence + row_number() OVER in_order AS sequence
                FROM (
                    WITH changed AS MATERIALIZED (
                        SELECT now.plan_id, now.position, now.changed_at AS at, before.state AS from_state,
                            now.state AS to_state, now.reason, now.changed_by, now.fence, now.call_number,
                            now.error_code, now.error_message, now.action_id, now.amazon_id, now.bid, now.fragment,
                            now.call_number IS NULL OR now.fragment <> before.fragment
                                OR now.bid IS DISTINCT FROM before.bid AS alone
                        FROM now_there AS now JOIN before_that AS before USING (action_id)
                        WHERE now.profile_id = which AND (now.state <> before.state OR now.fragment <> before.fragment
                            OR now.bid IS DISTINCT FROM before.bid OR now.amazon_id IS DISTINCT FROM before.amazon_id)
                    ), alike AS (
                        SELECT plan_id, min(position) AS position, at, from_state, to_state, reason, changed_by, fence,
                            call_number, error_code, error_message, min(action_id) AS action_id,
                            min(amazon_id) AS amazon_id, min(bid) AS bid, min(fragment COLLATE "C") AS fragment,
                            array_agg(action_id ORDER BY position) AS action_ids,
                            array_agg(amazon_id ORDER BY position) AS amazon_ids, count(*) AS items
                        FROM changed WHERE NOT alone
                        GROUP BY plan_id, at, from_state, to_state, reason, changed_by, fence, call_number, error_code,
                            error_message
                    )
                    SELECT plan_id, position, at, from_state, to_state, reason, changed_by, fence, call_number,
                        error_code, error_message, action_id, amazon_id, bid, fragment, NULL::text[] AS action_ids,
                        NULL::text[] AS amazon_ids
                    FROM changed WHERE alone
                    UNION ALL
                    SELECT plan_id, position, at, from_state, to_state, reason, changed_by, fence, call_number,
                        error_code, error_message, action_id, amazon_id, bid, fragment, NULL, NULL
                    FROM alike WHERE items = 1
                    UNION ALL
                    SELECT plan_id, position, at, from_state, to_state, reason, changed_by, fence, call_number,
                        error_code, error_message, '', NULL, NULL, '', action_ids,
                        CASE WHEN amazon_id IS NOT NULL THEN amazon_ids END
                    FROM alike WHERE items > 1
                ) AS events
                WINDOW in_order AS (ORDER BY plan_id, position ROWS UNBOUNDED PRECEDING)
            ) AS numbered
            WINDOW in_order AS (ORDER BY plan_id, position ROWS UNBOUNDED PRECEDING)
        ) AS linked
        WINDOW in_order AS (ORDER BY plan_id, position ROWS UNBOUNDED PRECEDING);
        INSERT INTO harvester.open_plan (profile_id, plan_id)
        SELECT DISTINCT profile_id, plan_id FROM now_there
        WHERE profile_id = which AND state IN ('approved', 'sending', 'unknown')
        ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION harvester.record_new_actions() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
DECLARE
    which text;
    last record;
BEGIN
    FOR which IN SELECT DISTINCT profile_id FROM now_there ORDER BY profile_id LOOP
        last := harvester.end_of_chain(which);
        INSERT INTO harvester.action_event
        SELECT profile_id, sequence, action_id, plan_id, at, from_state, to_state, reason, changed_by, fence, call_number,
            amazon_id, error_code, error_message, bid, fragment, lag(hash, 1, last.hash) OVER in_order, hash
        FROM (
            SELECT *, harvester.chained(last.hash, json_build_array(profile_id, sequence, action_id, plan_id,
                extract(epoch FROM at)::text, from_state, to_state, reason, changed_by, fence, call_number, amazon_id,
                error_code, error_message, bid::text, fragment)::text) OVER in_order AS hash
            FROM (
                SELECT profile_id, last.sequence + row_number() OVER in_order AS sequence, action_id, plan_id,
                    changed_at AS at, NULL AS from_state, state AS to_state, reason, changed_by, fence, call_number,
                    amazon_id, error_code, error_message, bid, fragment, position
                FROM now_there WHERE profile_id = which
                WINDOW in_order AS (ORDER BY plan_id, position ROWS UNBOUNDED PRECEDING)
            ) AS numbered
            WINDOW in_order AS (ORDER BY plan_id, position ROWS UNBOUNDED PRECEDING)
        ) AS linked
        WINDOW in_order AS (ORDER BY plan_id, position ROWS UNBOUNDED PRECEDING);
        INSERT INTO harvester.open_plan (profile_id, plan_id)
        SELECT DISTINCT profile_id, plan_id FROM now_there
        WHERE profile_id = which AND state IN ('approved', 'sending', 'unknown')
        ON CONFLICT DO NOTHING;
    END LOOP;
    RETURN NULL;
END
$$;

CREATE FUNCTION harvester.referred(parent text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
    SELECT CASE parent
        WHEN 'observation' THEN 'SELECT FROM harvester.action_observation AS referring '
            'WHERE referring.run_id = old.run_id AND referring.place = old.place'
        WHEN 'api_call' THEN 'SELECT FROM harvester.action_call AS referring '
            'WHERE referring.call_number = old.call_number'
    END
$$;

CREATE FUNCTION harvester.refuse_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: what has happened is kept as it was', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

CREATE FUNCTION harvester.refuse_older_fence() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'the fence of profile % only grows: % is not after %', OLD.profile_id, NEW.fence, OLD.fence
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION harvester.seen_at_any_time() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    NEW.seen_from := '-infinity';
    NEW.seen_until := 'infinity';
    RETURN NEW;
END
$$;

CREATE FUNCTION harvester.serves_enough(whose text, target text, made_at timestamp with time zone, follow_up text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    SELECT CASE WHEN wanted IS NULL THEN true
        ELSE (SELECT impressions >= wanted FROM harvester.delivered(whose, target, made_at)) END
    FROM (SELECT (nullif(follow_up, '')::jsonb ->> 'after_impressions')::bigint AS wanted) AS said
$$;

CREATE FUNCTION harvester.summarize_keys() RETURNS void
    LANGUAGE plpgsql
    SET lock_timeout TO '1s'
    AS $$
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

CREATE FUNCTION harvester.take_table(parent text) RETURNS void
    LANGUAGE plpgsql
    SET lock_timeout TO '1s'
    AS $$
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

CREATE FUNCTION harvester.time_column(parent text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$ SELECT CASE parent WHEN 'observation' THEN 'seen_at' ELSE 'at' END $$;

CREATE FUNCTION harvester.waits_for(whose text, promotion text) RETURNS jsonb
    LANGUAGE sql STABLE
    AS $$
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

CREATE AGGREGATE harvester.chained(start bytea, content text) (
    SFUNC = harvester.next_hash,
    STYPE = bytea
);

CREATE TABLE harvester.account_state (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    fence bigint DEFAULT 0 NOT NULL,
    paused boolean DEFAULT false NOT NULL,
    paused_by text,
    paused_at timestamp with time zone,
    mode text,
    mode_by text,
    mode_at timestamp with time zone,
    CONSTRAINT account_state_mode_check CHECK ((mode = ANY (ARRAY['dry-run'::text, 'review'::text, 'auto'::text])))
);

CREATE SEQUENCE harvester.action_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE harvester.action (
    action_id text DEFAULT ('a'::text || nextval('harvester.action_number'::regclass)) NOT NULL COLLATE pg_catalog."C",
    plan_id text NOT NULL COLLATE pg_catalog."C",
    "position" integer NOT NULL,
    profile_id text NOT NULL COLLATE pg_catalog."C",
    run_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    effect text NOT NULL COLLATE pg_catalog."C",
    state text NOT NULL,
    reason text NOT NULL,
    rule text NOT NULL,
    target text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    match text,
    level text,
    campaign_id text NOT NULL,
    campaign_name text NOT NULL,
    ad_group_id text NOT NULL COLLATE pg_catalog."C",
    ad_group_name text NOT NULL,
    group_id text NOT NULL,
    source_campaign_id text NOT NULL,
    source_campaign_name text NOT NULL,
    source_ad_group_id text NOT NULL,
    source_ad_group_name text NOT NULL,
    ad_id text NOT NULL,
    asin text NOT NULL COLLATE pg_catalog."C",
    clicks double precision,
    conversions double precision,
    bid numeric,
    currency text NOT NULL,
    bid_formula text NOT NULL,
    fragment text NOT NULL,
    follow_up text NOT NULL,
    note text NOT NULL,
    leader integer,
    reviewed_by text,
    reviewed_at timestamp with time zone,
    expires_at timestamp with time zone,
    attempts integer DEFAULT 0 NOT NULL,
    sent_at timestamp with time zone,
    settled_at timestamp with time zone,
    amazon_id text COLLATE pg_catalog."C",
    error_code text,
    error_message text,
    changed_at timestamp with time zone NOT NULL,
    changed_by text NOT NULL,
    fence bigint,
    call_number bigint,
    seen text DEFAULT ''::text NOT NULL,
    undoes text COLLATE pg_catalog."C",
    follows text COLLATE pg_catalog."C",
    approved_from text,
    phase text GENERATED ALWAYS AS (
CASE
    WHEN (state = ANY (ARRAY['approved'::text, 'sending'::text, 'unknown'::text, 'done'::text])) THEN 'owning'::text
    WHEN (state = ANY (ARRAY['planned'::text, 'guarded'::text, 'held'::text])) THEN 'waiting'::text
    WHEN (state = ANY (ARRAY['declined'::text, 'undone'::text])) THEN 'closed'::text
    ELSE 'void'::text
END) STORED NOT NULL COLLATE pg_catalog."C",
    kept_open text,
    CONSTRAINT action_approved_from_check CHECK ((approved_from = ANY (ARRAY['planned'::text, 'guarded'::text, 'held'::text]))),
    CONSTRAINT action_kept_open_check CHECK ((kept_open = ANY (ARRAY['archived'::text, 'paused'::text, 'place'::text]))),
    CONSTRAINT action_level_check CHECK ((level = ANY (ARRAY['ad_group'::text, 'campaign'::text]))),
    CONSTRAINT action_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'guarded'::text, 'held'::text, 'approved'::text, 'declined'::text, 'superseded'::text, 'sending'::text, 'done'::text, 'refused'::text, 'unknown'::text, 'stale'::text, 'undone'::text])))
)
WITH (fillfactor='45');

CREATE TABLE harvester.action_call (
    at timestamp with time zone NOT NULL,
    action_id text NOT NULL COLLATE pg_catalog."C",
    call_number bigint NOT NULL,
    "position" integer NOT NULL,
    CONSTRAINT action_call_position_check CHECK (("position" >= 0))
)
PARTITION BY RANGE (at);

CREATE TABLE harvester.action_call_default (
    at timestamp with time zone CONSTRAINT action_call_at_not_null NOT NULL,
    action_id text CONSTRAINT action_call_action_id_not_null NOT NULL COLLATE pg_catalog."C",
    call_number bigint CONSTRAINT action_call_call_number_not_null NOT NULL,
    "position" integer CONSTRAINT action_call_position_not_null NOT NULL,
    CONSTRAINT action_call_position_check CHECK (("position" >= 0))
);

CREATE TABLE harvester.action_observation (
    action_id text NOT NULL COLLATE pg_catalog."C",
    ordinal integer NOT NULL,
    run_id text NOT NULL COLLATE pg_catalog."C",
    place integer NOT NULL
);

CREATE SEQUENCE harvester.call_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE harvester.api_call (
    call_number bigint DEFAULT nextval('harvester.call_number'::regclass) NOT NULL,
    at timestamp with time zone NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    status integer,
    duration_ms double precision NOT NULL,
    attempt integer NOT NULL,
    request_id text,
    request_body text,
    response_body text,
    error text,
    account text NOT NULL,
    profile_id text COLLATE pg_catalog."C",
    run_id text COLLATE pg_catalog."C",
    plan_id text,
    CONSTRAINT api_call_attempt_check CHECK ((attempt > 0))
)
PARTITION BY RANGE (at);

CREATE TABLE harvester.api_call_default (
    call_number bigint DEFAULT nextval('harvester.call_number'::regclass) CONSTRAINT api_call_call_number_not_null NOT NULL,
    at timestamp with time zone CONSTRAINT api_call_at_not_null NOT NULL,
    method text CONSTRAINT api_call_method_not_null NOT NULL,
    path text CONSTRAINT api_call_path_not_null NOT NULL,
    status integer,
    duration_ms double precision CONSTRAINT api_call_duration_ms_not_null NOT NULL,
    attempt integer CONSTRAINT api_call_attempt_not_null NOT NULL,
    request_id text,
    request_body text,
    response_body text,
    error text,
    account text CONSTRAINT api_call_account_not_null NOT NULL,
    profile_id text COLLATE pg_catalog."C",
    run_id text COLLATE pg_catalog."C",
    plan_id text,
    CONSTRAINT api_call_attempt_check CHECK ((attempt > 0))
);

CREATE TABLE harvester.brand (
    country text NOT NULL COLLATE pg_catalog."C",
    brand_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    told_at timestamp with time zone NOT NULL,
    CONSTRAINT brand_name_check CHECK ((name <> ''::text))
);

CREATE TABLE harvester.budget (
    login text NOT NULL COLLATE pg_catalog."C",
    rate double precision NOT NULL,
    ceiling double precision,
    epoch bigint NOT NULL,
    changed_at timestamp with time zone NOT NULL,
    CONSTRAINT budget_ceiling_check CHECK ((ceiling > (0)::double precision)),
    CONSTRAINT budget_finite CHECK (((rate < 'Infinity'::double precision) AND ((ceiling IS NULL) OR (ceiling < 'Infinity'::double precision)))),
    CONSTRAINT budget_rate_check CHECK ((rate > (0)::double precision))
)
WITH (fillfactor='50');

CREATE TABLE harvester.budget_part (
    login text NOT NULL COLLATE pg_catalog."C",
    replica text NOT NULL COLLATE pg_catalog."C",
    wanted double precision NOT NULL,
    through double precision NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    CONSTRAINT budget_part_finite CHECK (((wanted >= (0)::double precision) AND (wanted < 'Infinity'::double precision) AND (through >= (0)::double precision) AND (through < 'Infinity'::double precision)))
)
WITH (fillfactor='50');

CREATE TABLE harvester.catalog_item (
    marketplace_id text NOT NULL COLLATE pg_catalog."C",
    asin text NOT NULL COLLATE pg_catalog."C",
    read_at timestamp with time zone NOT NULL,
    known boolean NOT NULL,
    facts jsonb NOT NULL
);

CREATE TABLE harvester.category (
    country text NOT NULL COLLATE pg_catalog."C",
    place integer NOT NULL,
    last_below integer NOT NULL,
    category_id text NOT NULL COLLATE pg_catalog."C",
    parent_id text NOT NULL COLLATE pg_catalog."C",
    name text NOT NULL,
    path text NOT NULL,
    targetable boolean NOT NULL,
    products_least bigint,
    products_most bigint,
    CONSTRAINT category_check CHECK ((last_below >= place)),
    CONSTRAINT category_check1 CHECK (((products_least IS NULL) = (products_most IS NULL)))
);

CREATE TABLE harvester.category_tree (
    country text NOT NULL COLLATE pg_catalog."C",
    read_at timestamp with time zone NOT NULL,
    categories integer NOT NULL,
    CONSTRAINT category_tree_categories_check CHECK ((categories >= 0))
);

CREATE TABLE harvester.existing (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    what text NOT NULL,
    listed_at timestamp with time zone NOT NULL,
    count bigint NOT NULL,
    parents jsonb DEFAULT '{}'::jsonb NOT NULL
);

CREATE TABLE harvester.fleet_state (
    only_row boolean DEFAULT true NOT NULL,
    paused boolean DEFAULT false NOT NULL,
    paused_by text,
    paused_at timestamp with time zone,
    mode text,
    mode_by text,
    mode_at timestamp with time zone,
    CONSTRAINT fleet_state_mode_check CHECK ((mode = ANY (ARRAY['dry-run'::text, 'review'::text, 'auto'::text]))),
    CONSTRAINT fleet_state_only_row_check CHECK (only_row)
);

CREATE TABLE harvester.login (
    account text NOT NULL,
    listed_at timestamp with time zone,
    failed_since timestamp with time zone,
    failure text,
    closed boolean DEFAULT false NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE harvester.migration (
    number integer NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE TABLE harvester.notice (
    kind text NOT NULL COLLATE pg_catalog."C",
    subject text NOT NULL COLLATE pg_catalog."C",
    profile_id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL,
    items bigint NOT NULL,
    detail text NOT NULL,
    version text NOT NULL,
    since timestamp with time zone NOT NULL,
    first_seen timestamp with time zone NOT NULL,
    told_at timestamp with time zone,
    told_version text,
    told_items bigint DEFAULT 0 NOT NULL,
    resolved_at timestamp with time zone,
    good boolean DEFAULT false NOT NULL,
    over_told boolean DEFAULT false NOT NULL,
    telling bigint
)
WITH (fillfactor='70');

CREATE TABLE harvester.notice_turn (
    only_row boolean DEFAULT true NOT NULL,
    turn bigint DEFAULT 0 NOT NULL,
    taken_at timestamp with time zone,
    taken_until timestamp with time zone,
    told_at timestamp with time zone,
    CONSTRAINT notice_turn_only_row_check CHECK (only_row)
);

CREATE TABLE harvester.observation (
    run_id text NOT NULL COLLATE pg_catalog."C",
    place integer NOT NULL,
    profile_id text NOT NULL COLLATE pg_catalog."C",
    source text NOT NULL,
    campaign_id text NOT NULL,
    ad_group_id text NOT NULL COLLATE pg_catalog."C",
    ad_id text NOT NULL,
    ad_asin text NOT NULL,
    target text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    target_type text NOT NULL,
    clicks double precision,
    conversions double precision,
    evidence_note text,
    outcome text NOT NULL,
    reason text NOT NULL,
    rule text NOT NULL,
    findings text NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    CONSTRAINT observation_outcome_check CHECK ((outcome = ANY (ARRAY['promote'::text, 'negate'::text, 'hold'::text, 'skip'::text])))
)
PARTITION BY RANGE (seen_at);

CREATE TABLE harvester.observation_default (
    run_id text CONSTRAINT observation_run_id_not_null NOT NULL COLLATE pg_catalog."C",
    place integer CONSTRAINT observation_place_not_null NOT NULL,
    profile_id text CONSTRAINT observation_profile_id_not_null NOT NULL COLLATE pg_catalog."C",
    source text CONSTRAINT observation_source_not_null NOT NULL,
    campaign_id text CONSTRAINT observation_campaign_id_not_null NOT NULL,
    ad_group_id text CONSTRAINT observation_ad_group_id_not_null NOT NULL COLLATE pg_catalog."C",
    ad_id text CONSTRAINT observation_ad_id_not_null NOT NULL,
    ad_asin text CONSTRAINT observation_ad_asin_not_null NOT NULL,
    target text CONSTRAINT observation_target_not_null NOT NULL,
    key text CONSTRAINT observation_key_not_null NOT NULL COLLATE pg_catalog."C",
    target_type text CONSTRAINT observation_target_type_not_null NOT NULL,
    clicks double precision,
    conversions double precision,
    evidence_note text,
    outcome text CONSTRAINT observation_outcome_not_null NOT NULL,
    reason text CONSTRAINT observation_reason_not_null NOT NULL,
    rule text CONSTRAINT observation_rule_not_null NOT NULL,
    findings text CONSTRAINT observation_findings_not_null NOT NULL,
    seen_at timestamp with time zone CONSTRAINT observation_seen_at_not_null NOT NULL,
    CONSTRAINT observation_outcome_check CHECK ((outcome = ANY (ARRAY['promote'::text, 'negate'::text, 'hold'::text, 'skip'::text])))
);

CREATE TABLE harvester.open_plan (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    plan_id text NOT NULL COLLATE pg_catalog."C"
);

CREATE TABLE harvester.outcome_reading (
    action_id text NOT NULL COLLATE pg_catalog."C",
    reading integer NOT NULL,
    profile_id text NOT NULL COLLATE pg_catalog."C",
    read_at timestamp with time zone NOT NULL,
    made_on date NOT NULL,
    days integer NOT NULL,
    clicks_before bigint,
    cost_before bigint,
    orders_before bigint,
    sales_before bigint,
    clicks_after bigint,
    cost_after bigint,
    orders_after bigint,
    sales_after bigint,
    impressions_at_destination bigint,
    clicks_at_destination bigint,
    cost_at_destination bigint,
    orders_at_destination bigint,
    sales_at_destination bigint,
    orders_seen double precision,
    orders_now bigint,
    target_acos double precision,
    verdict text NOT NULL,
    reason text NOT NULL,
    money bigint,
    CONSTRAINT outcome_reading_days_check CHECK (((days >= 0) AND (days <= 30))),
    CONSTRAINT outcome_reading_reading_check CHECK ((reading = ANY (ARRAY[7, 14, 28, 42]))),
    CONSTRAINT outcome_reading_verdict_check CHECK ((verdict = ANY (ARRAY['too_early'::text, 'good'::text, 'neutral'::text, 'regretted'::text])))
);

CREATE TABLE harvester.own_product (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    asin text NOT NULL COLLATE pg_catalog."C",
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE VIEW harvester.partition AS
 SELECT (parent.relname)::text AS parent,
    (child.relname)::text AS name,
    child.oid AS id,
    (bound.bound[1])::timestamp with time zone AS opens,
    (bound.bound[2])::timestamp with time zone AS closes,
    (child.relname ~~ '%\_kept\_%'::text) AS kept
   FROM (((pg_inherits
     JOIN pg_class parent ON ((parent.oid = pg_inherits.inhparent)))
     JOIN pg_class child ON ((child.oid = pg_inherits.inhrelid)))
     CROSS JOIN LATERAL regexp_match(pg_get_expr(child.relpartbound, child.oid), 'FROM \(''(.+)''\) TO \(''(.+)''\)'::text) bound(bound))
  WHERE ((parent.relnamespace = ('harvester'::regnamespace)::oid) AND (parent.relkind = 'p'::"char") AND (bound.bound IS NOT NULL));

CREATE TABLE harvester.partitioning (
    parent text NOT NULL COLLATE pg_catalog."C",
    width text DEFAULT 'month'::text NOT NULL,
    CONSTRAINT partitioning_parent_check CHECK ((parent = ANY (ARRAY['observation'::text, 'api_call'::text, 'action_call'::text]))),
    CONSTRAINT partitioning_width_check CHECK ((width = ANY (ARRAY['month'::text, 'day'::text])))
);

CREATE TABLE harvester.pgqueuer (
    id bigint NOT NULL,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    execute_after timestamp with time zone DEFAULT now() NOT NULL,
    status harvester.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer DEFAULT 0 NOT NULL,
    slot bigint
)
WITH (fillfactor='70', autovacuum_vacuum_scale_factor='0.01', autovacuum_vacuum_threshold='1000');

CREATE SEQUENCE harvester.pgqueuer_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE harvester.pgqueuer_id_seq OWNED BY harvester.pgqueuer.id;

CREATE TABLE harvester.pgqueuer_log (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    job_id bigint NOT NULL,
    status harvester.pgqueuer_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
);

ALTER TABLE harvester.pgqueuer_log ALTER COLUMN id ADD GENERATED BY DEFAULT AS IDENTITY (
    SEQUENCE NAME harvester.pgqueuer_log_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE harvester.pgqueuer_schedules (
    id bigint NOT NULL,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone DEFAULT now() NOT NULL,
    created timestamp with time zone DEFAULT now() NOT NULL,
    updated timestamp with time zone DEFAULT now() NOT NULL,
    next_run timestamp with time zone DEFAULT now() NOT NULL,
    last_run timestamp with time zone,
    status harvester.pgqueuer_status DEFAULT 'queued'::harvester.pgqueuer_status
);

CREATE SEQUENCE harvester.pgqueuer_schedules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE harvester.pgqueuer_schedules_id_seq OWNED BY harvester.pgqueuer_schedules.id;

CREATE TABLE harvester.pgqueuer_statistics (
    id bigint NOT NULL,
    created timestamp with time zone DEFAULT date_trunc('sec'::text, now()) NOT NULL,
    count bigint NOT NULL,
    priority integer NOT NULL,
    status harvester.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL
);

CREATE SEQUENCE harvester.pgqueuer_statistics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

ALTER SEQUENCE harvester.pgqueuer_statistics_id_seq OWNED BY harvester.pgqueuer_statistics.id;

CREATE TABLE harvester.place (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    ad_group_id text NOT NULL COLLATE pg_catalog."C",
    campaign_id text NOT NULL,
    campaign_name text NOT NULL,
    ad_group_name text NOT NULL
);

CREATE SEQUENCE harvester.plan_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE harvester.plan (
    plan_id text DEFAULT ('p'::text || nextval('harvester.plan_number'::regclass)) NOT NULL COLLATE pg_catalog."C",
    profile_id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL,
    run_id text NOT NULL COLLATE pg_catalog."C",
    complete boolean NOT NULL,
    fingerprint text NOT NULL COLLATE pg_catalog."C",
    mode text NOT NULL,
    ruleset_fingerprint text NOT NULL COLLATE pg_catalog."C",
    created_at timestamp with time zone NOT NULL,
    candidates bigint NOT NULL,
    promote bigint NOT NULL,
    negate bigint NOT NULL,
    hold bigint NOT NULL,
    skip bigint NOT NULL,
    actions bigint NOT NULL,
    guarded bigint NOT NULL,
    advice text[] NOT NULL,
    CONSTRAINT plan_mode_check CHECK ((mode = ANY (ARRAY['dry-run'::text, 'review'::text, 'auto'::text])))
);

CREATE TABLE harvester.plan_review (
    review_number bigint NOT NULL,
    plan_id text NOT NULL COLLATE pg_catalog."C",
    fingerprint text NOT NULL COLLATE pg_catalog."C",
    verdict text NOT NULL,
    reviewed_by text NOT NULL,
    reviewed_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone,
    action_ids text[] NOT NULL,
    note text,
    new_fingerprint text COLLATE pg_catalog."C",
    CONSTRAINT plan_review_check CHECK (((verdict = 'edit'::text) = (new_fingerprint IS NOT NULL))),
    CONSTRAINT plan_review_reviewed_by_check CHECK ((reviewed_by <> ''::text)),
    CONSTRAINT plan_review_verdict_check CHECK ((verdict = ANY (ARRAY['approve'::text, 'decline'::text, 'hold'::text, 'edit'::text])))
);

ALTER TABLE harvester.plan_review ALTER COLUMN review_number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME harvester.plan_review_review_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW harvester.plan_state AS
 SELECT plan.plan_id,
        CASE
            WHEN (plan.actions = 0) THEN 'empty'::text
            WHEN (tally.moving > 0) THEN 'applying'::text
            WHEN ((tally.approved > 0) AND (tally.settled > 0)) THEN 'applying'::text
            WHEN ((tally.approved > 0) AND (tally.in_force = 0)) THEN 'expired'::text
            WHEN (tally.approved > 0) THEN 'reviewed'::text
            WHEN (tally.settled > 0) THEN 'applied'::text
            WHEN (tally.waiting > 0) THEN 'planned'::text
            WHEN (tally.declined > 0) THEN 'applied'::text
            ELSE 'superseded'::text
        END AS state
   FROM (harvester.plan
     CROSS JOIN LATERAL ( SELECT count(*) FILTER (WHERE (action.state = ANY (ARRAY['sending'::text, 'unknown'::text]))) AS moving,
            count(*) FILTER (WHERE (action.state = 'approved'::text)) AS approved,
            count(*) FILTER (WHERE ((action.state = 'approved'::text) AND ((action.expires_at IS NULL) OR (action.expires_at > now())))) AS in_force,
            count(*) FILTER (WHERE (action.state = ANY (ARRAY['done'::text, 'refused'::text, 'stale'::text, 'undone'::text]))) AS settled,
            count(*) FILTER (WHERE (action.state = ANY (ARRAY['planned'::text, 'guarded'::text, 'held'::text]))) AS waiting,
            count(*) FILTER (WHERE (action.state = 'declined'::text)) AS declined
           FROM harvester.action
          WHERE (action.plan_id = plan.plan_id)) tally);

CREATE TABLE harvester.profile (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL,
    region text NOT NULL,
    country text NOT NULL,
    currency text NOT NULL,
    timezone text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    marketplace_id text,
    first_seen_at timestamp with time zone DEFAULT now() NOT NULL,
    listed_at timestamp with time zone,
    CONSTRAINT profile_region_check CHECK ((region = ANY (ARRAY['NA'::text, 'EU'::text, 'FE'::text])))
);

CREATE TABLE harvester.regret (
    action_id text NOT NULL COLLATE pg_catalog."C",
    plan_id text COLLATE pg_catalog."C",
    opened_at timestamp with time zone NOT NULL
);

CREATE TABLE harvester.replica (
    replica_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL,
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    started_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    holds_clock boolean DEFAULT false NOT NULL,
    draining boolean DEFAULT false NOT NULL,
    running integer DEFAULT 0 NOT NULL,
    ruleset_fingerprint text COLLATE pg_catalog."C",
    rules_error text,
    mode text,
    schedule text,
    CONSTRAINT replica_kind_check CHECK ((kind = ANY (ARRAY['serve'::text, 'worker'::text])))
)
WITH (fillfactor='50');

CREATE TABLE harvester.report (
    number bigint NOT NULL,
    profile_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    first_day date NOT NULL,
    last_day date NOT NULL,
    state text DEFAULT 'asked'::text NOT NULL,
    amazon_id text COLLATE pg_catalog."C",
    asked_at timestamp with time zone NOT NULL,
    polled_at timestamp with time zone,
    settled_at timestamp with time zone,
    rows bigint,
    unreadable bigint DEFAULT 0 NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    failure text,
    note text DEFAULT ''::text NOT NULL,
    CONSTRAINT report_check CHECK (((last_day >= first_day) AND ((last_day - first_day) < 31))),
    CONSTRAINT report_check1 CHECK (((state <> 'pending'::text) OR (amazon_id IS NOT NULL))),
    CONSTRAINT report_kind_check CHECK ((kind = ANY (ARRAY['search_terms'::text, 'targeting'::text]))),
    CONSTRAINT report_state_check CHECK ((state = ANY (ARRAY['asked'::text, 'pending'::text, 'loaded'::text, 'failed'::text])))
);

CREATE TABLE harvester.report_day (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    kind text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    asked_at timestamp with time zone NOT NULL,
    report bigint NOT NULL,
    unread text[] DEFAULT '{}'::text[] NOT NULL COLLATE pg_catalog."C"
);

ALTER TABLE harvester.report ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME harvester.report_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE harvester.retained (
    number bigint NOT NULL,
    parent text NOT NULL COLLATE pg_catalog."C",
    opens timestamp with time zone NOT NULL,
    closes timestamp with time zone NOT NULL,
    dropped bigint NOT NULL,
    kept bigint NOT NULL,
    bytes bigint NOT NULL,
    horizon timestamp with time zone NOT NULL,
    at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE harvester.retained ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME harvester.retained_number_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE harvester.ruleset (
    fingerprint text NOT NULL COLLATE pg_catalog."C",
    text text NOT NULL,
    saved_at timestamp with time zone DEFAULT now() NOT NULL
);

CREATE SEQUENCE harvester.run_number
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;

CREATE TABLE harvester.run (
    run_id text DEFAULT ('r'::text || nextval('harvester.run_number'::regclass)) NOT NULL COLLATE pg_catalog."C",
    profile_id text NOT NULL COLLATE pg_catalog."C",
    account text NOT NULL,
    source text NOT NULL,
    trigger text NOT NULL,
    mode text NOT NULL,
    ruleset_fingerprint text NOT NULL COLLATE pg_catalog."C",
    started_at timestamp with time zone DEFAULT now() NOT NULL,
    finished_at timestamp with time zone,
    state text DEFAULT 'running'::text NOT NULL,
    fence bigint NOT NULL,
    cursor text DEFAULT '{}'::text NOT NULL,
    pages integer DEFAULT 0 NOT NULL,
    recommendations bigint DEFAULT 0 NOT NULL,
    troubles text[] DEFAULT '{}'::text[] NOT NULL,
    error text,
    seen_from timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    seen_until timestamp with time zone DEFAULT 'infinity'::timestamp with time zone NOT NULL,
    CONSTRAINT run_check CHECK (((state = 'running'::text) = (finished_at IS NULL))),
    CONSTRAINT run_mode_check CHECK ((mode = ANY (ARRAY['dry-run'::text, 'review'::text, 'auto'::text]))),
    CONSTRAINT run_state_check CHECK ((state = ANY (ARRAY['running'::text, 'complete'::text, 'partial'::text, 'failed'::text])))
)
WITH (fillfactor='50');

CREATE TABLE harvester.search_term_day (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    campaign_id text NOT NULL COLLATE pg_catalog."C",
    ad_group_id text NOT NULL COLLATE pg_catalog."C",
    keyword_id text NOT NULL COLLATE pg_catalog."C",
    term text NOT NULL,
    key text NOT NULL COLLATE pg_catalog."C",
    targeting text NOT NULL,
    match_type text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    cost bigint NOT NULL,
    orders bigint NOT NULL,
    sales bigint NOT NULL
)
PARTITION BY RANGE (day);

CREATE TABLE harvester.search_term_day_default (
    profile_id text CONSTRAINT search_term_day_profile_id_not_null NOT NULL COLLATE pg_catalog."C",
    day date CONSTRAINT search_term_day_day_not_null NOT NULL,
    campaign_id text CONSTRAINT search_term_day_campaign_id_not_null NOT NULL COLLATE pg_catalog."C",
    ad_group_id text CONSTRAINT search_term_day_ad_group_id_not_null NOT NULL COLLATE pg_catalog."C",
    keyword_id text CONSTRAINT search_term_day_keyword_id_not_null NOT NULL COLLATE pg_catalog."C",
    term text CONSTRAINT search_term_day_term_not_null NOT NULL,
    key text CONSTRAINT search_term_day_key_not_null NOT NULL COLLATE pg_catalog."C",
    targeting text CONSTRAINT search_term_day_targeting_not_null NOT NULL,
    match_type text CONSTRAINT search_term_day_match_type_not_null NOT NULL,
    impressions bigint CONSTRAINT search_term_day_impressions_not_null NOT NULL,
    clicks bigint CONSTRAINT search_term_day_clicks_not_null NOT NULL,
    cost bigint CONSTRAINT search_term_day_cost_not_null NOT NULL,
    orders bigint CONSTRAINT search_term_day_orders_not_null NOT NULL,
    sales bigint CONSTRAINT search_term_day_sales_not_null NOT NULL
);

CREATE TABLE harvester.slot (
    task text NOT NULL,
    profile_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    due_at timestamp with time zone NOT NULL,
    state text DEFAULT 'waiting'::text NOT NULL,
    put_at timestamp with time zone DEFAULT now() NOT NULL,
    not_before timestamp with time zone,
    deliveries integer DEFAULT 0 NOT NULL,
    unanswered integer DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    replica_id text COLLATE pg_catalog."C",
    started_at timestamp with time zone,
    finished_at timestamp with time zone,
    run_id text COLLATE pg_catalog."C",
    reason text DEFAULT ''::text NOT NULL,
    CONSTRAINT slot_check CHECK (((state = ANY (ARRAY['waiting'::text, 'running'::text])) = (finished_at IS NULL))),
    CONSTRAINT slot_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'failed'::text, 'given_up'::text]))),
    CONSTRAINT slot_task_check CHECK ((task = ANY (ARRAY['plan'::text, 'follow_up'::text, 'apply'::text, 'reconcile'::text, 'discover'::text, 'expire'::text, 'retain'::text, 'notify'::text, 'report'::text, 'outcomes'::text])))
)
WITH (fillfactor='70');

CREATE TABLE harvester.sold_term (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    campaign_id text NOT NULL COLLATE pg_catalog."C",
    ad_group_id text NOT NULL COLLATE pg_catalog."C",
    key text NOT NULL COLLATE pg_catalog."C",
    by text NOT NULL COLLATE pg_catalog."C",
    orders bigint NOT NULL,
    last_day date NOT NULL,
    CONSTRAINT sold_term_by_check CHECK ((by = ANY (ARRAY['days'::text, 'runs'::text]))),
    CONSTRAINT sold_term_orders_check CHECK ((orders > 0))
);

CREATE VIEW harvester.standing AS
 SELECT action_id,
    plan_id,
    "position",
    profile_id,
    kind,
    effect,
    state,
    reason,
    rule,
    target,
    key,
    match,
    level,
    campaign_id,
    ad_group_id,
    group_id,
    source_campaign_id,
    source_ad_group_id,
    clicks,
    conversions,
    (bid)::text AS bid,
    currency,
    fragment,
    follow_up,
    seen,
    undoes,
    follows,
    reviewed_by,
    reviewed_at,
    expires_at,
    attempts,
    sent_at,
    settled_at,
    amazon_id,
    fence,
    run_id
   FROM harvester.action;

CREATE VIEW harvester.step AS
 SELECT action_event.profile_id,
    action_event.sequence,
    action_event.action_id,
    action_event.plan_id,
    action_event.at,
    action_event.from_state,
    action_event.to_state,
    action_event.reason,
    action_event.changed_by,
    action_event.fence,
    action_event.call_number,
    action_event.amazon_id,
    action_event.error_code,
    action_event.error_message,
    action_event.hash
   FROM harvester.action_event
  WHERE (action_event.action_ids IS NULL)
UNION ALL
 SELECT event.profile_id,
    event.sequence,
    item.action_id,
    event.plan_id,
    event.at,
    event.from_state,
    event.to_state,
    event.reason,
    event.changed_by,
    event.fence,
    event.call_number,
    item.amazon_id,
    event.error_code,
    event.error_message,
    event.hash
   FROM (harvester.action_event event
     CROSS JOIN LATERAL UNNEST(event.action_ids, event.amazon_ids) item(action_id, amazon_id))
  WHERE (event.action_ids IS NOT NULL);

CREATE TABLE harvester.targeting_day (
    profile_id text NOT NULL COLLATE pg_catalog."C",
    day date NOT NULL,
    campaign_id text NOT NULL COLLATE pg_catalog."C",
    ad_group_id text NOT NULL COLLATE pg_catalog."C",
    keyword_id text NOT NULL COLLATE pg_catalog."C",
    targeting text NOT NULL,
    match_type text NOT NULL,
    impressions bigint NOT NULL,
    clicks bigint NOT NULL,
    cost bigint NOT NULL,
    orders bigint NOT NULL,
    sales bigint NOT NULL
)
PARTITION BY RANGE (day);

CREATE TABLE harvester.targeting_day_default (
    profile_id text CONSTRAINT targeting_day_profile_id_not_null NOT NULL COLLATE pg_catalog."C",
    day date CONSTRAINT targeting_day_day_not_null NOT NULL,
    campaign_id text CONSTRAINT targeting_day_campaign_id_not_null NOT NULL COLLATE pg_catalog."C",
    ad_group_id text CONSTRAINT targeting_day_ad_group_id_not_null NOT NULL COLLATE pg_catalog."C",
    keyword_id text CONSTRAINT targeting_day_keyword_id_not_null NOT NULL COLLATE pg_catalog."C",
    targeting text CONSTRAINT targeting_day_targeting_not_null NOT NULL,
    match_type text CONSTRAINT targeting_day_match_type_not_null NOT NULL,
    impressions bigint CONSTRAINT targeting_day_impressions_not_null NOT NULL,
    clicks bigint CONSTRAINT targeting_day_clicks_not_null NOT NULL,
    cost bigint CONSTRAINT targeting_day_cost_not_null NOT NULL,
    orders bigint CONSTRAINT targeting_day_orders_not_null NOT NULL,
    sales bigint CONSTRAINT targeting_day_sales_not_null NOT NULL
);

CREATE TABLE harvester.turn (
    login text NOT NULL COLLATE pg_catalog."C",
    operation text NOT NULL COLLATE pg_catalog."C",
    full_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

CREATE VIEW ledger.action_calls AS
 SELECT action_id,
    ('c'::text || call_number) AS call_id,
    "position",
    at
   FROM harvester.action_call;

COMMENT ON VIEW ledger.action_calls IS 'Which calls carried an action.';

COMMENT ON COLUMN ledger.action_calls.action_id IS 'The action.';

COMMENT ON COLUMN ledger.action_calls.call_id IS 'The call that carried it.';

COMMENT ON COLUMN ledger.action_calls."position" IS 'Its place in the request, from 0.';

COMMENT ON COLUMN ledger.action_calls.at IS 'When that call was sent.';

CREATE VIEW ledger.action_decisions AS
 SELECT action_id,
    ((run_id || '-'::text) || place) AS decision_id,
    ordinal,
    run_id
   FROM harvester.action_observation;

COMMENT ON VIEW ledger.action_decisions IS 'Which decisions an action folds.';

COMMENT ON COLUMN ledger.action_decisions.action_id IS 'The action.';

COMMENT ON COLUMN ledger.action_decisions.decision_id IS 'A decision behind it.';

COMMENT ON COLUMN ledger.action_decisions.ordinal IS '0 for the strongest, then in order of strength.';

COMMENT ON COLUMN ledger.action_decisions.run_id IS 'The run of that decision.';

CREATE VIEW ledger.actions AS
 SELECT action.action_id,
    action.plan_id,
    ((action.run_id || '-'::text) || action.leader) AS decision_id,
    action.profile_id,
    action.kind,
    action.target,
    action.match,
    action.level,
    NULLIF(action.campaign_id, ''::text) AS campaign_id,
    NULLIF(action.ad_group_id, ''::text) AS ad_group_id,
    NULLIF(action.group_id, ''::text) AS group_id,
    action.bid,
    COALESCE(NULLIF(action.currency, ''::text), profile.currency) AS currency,
    action.state,
    action.attempts,
    action.amazon_id,
    action.error_code,
    action.error_message,
    plan.created_at AS planned_at,
    action.reviewed_by,
    action.reviewed_at,
    action.sent_at,
    action.settled_at,
    action."position",
    action.rule,
    action.reason,
    action.key,
    action.effect,
    action.fragment,
    action.bid_formula,
    action.note,
    action.undoes,
    action.follows,
    NULLIF(action.campaign_name, ''::text) AS campaign_name,
    NULLIF(action.ad_group_name, ''::text) AS ad_group_name
   FROM ((harvester.action
     JOIN harvester.plan ON ((plan.plan_id = action.plan_id)))
     JOIN harvester.profile ON ((profile.profile_id = action.profile_id)));

COMMENT ON VIEW ledger.actions IS 'Every item of every plan and how far it has come.';

COMMENT ON COLUMN ledger.actions.action_id IS 'Ours, a1, a2 and so on.';

COMMENT ON COLUMN ledger.actions.plan_id IS 'The plan it belongs to.';

COMMENT ON COLUMN ledger.actions.decision_id IS 'The strongest decision behind it; all of them are in ledger.action_decisions.';

COMMENT ON COLUMN ledger.actions.profile_id IS 'Amazon''s profile id.';

COMMENT ON COLUMN ledger.actions.kind IS 'create_group, promote_keyword, promote_product, target_product, target_category, negate_keyword, negate_product, negate_brand; undoing: archive_negative_keyword, archive_negative_product, archive_negative_brand, pause_keyword, pause_target, pause_campaign.';

COMMENT ON COLUMN ledger.actions.target IS 'The keyword or ASIN.';

COMMENT ON COLUMN ledger.actions.match IS 'broad, phrase, exact, same or expanded.';

COMMENT ON COLUMN ledger.actions.level IS 'Of a negative: ad_group or campaign.';

COMMENT ON COLUMN ledger.actions.campaign_id IS 'Where it takes effect.';

COMMENT ON COLUMN ledger.actions.ad_group_id IS 'Where it takes effect; null at campaign level.';

COMMENT ON COLUMN ledger.actions.group_id IS 'The promotion group it goes through.';

COMMENT ON COLUMN ledger.actions.bid IS 'In `currency`; null where there is none.';

COMMENT ON COLUMN ledger.actions.currency IS 'Of the bid, and of the profile, ISO 4217.';

COMMENT ON COLUMN ledger.actions.state IS 'planned, guarded, held, approved, declined, superseded, sending, done, refused, unknown, stale or undone.';

COMMENT ON COLUMN ledger.actions.attempts IS 'How often it was sent.';

COMMENT ON COLUMN ledger.actions.amazon_id IS 'What Amazon calls the thing it made.';

COMMENT ON COLUMN ledger.actions.error_code IS 'Amazon''s, where it refused.';

COMMENT ON COLUMN ledger.actions.error_message IS 'Amazon''s, where it refused; what moved, where it is stale; why it is not known, where it is unknown; why it was not sent, where it is approved again.';

COMMENT ON COLUMN ledger.actions.planned_at IS 'When the plan was stored.';

COMMENT ON COLUMN ledger.actions.reviewed_by IS 'A person''s name, or auto: and the rule; two names where two persons had to agree.';

COMMENT ON COLUMN ledger.actions.reviewed_at IS 'When the verdict in force was given.';

COMMENT ON COLUMN ledger.actions.sent_at IS 'When it was last sent.';

COMMENT ON COLUMN ledger.actions.settled_at IS 'When it became done, refused, stale or undone.';

COMMENT ON COLUMN ledger.actions."position" IS 'Its place in the plan, from 0.';

COMMENT ON COLUMN ledger.actions.rule IS 'The rule behind it.';

COMMENT ON COLUMN ledger.actions.reason IS 'Why it is guarded or held.';

COMMENT ON COLUMN ledger.actions.key IS 'The form in which targets are compared: folded text or upper-case ASIN.';

COMMENT ON COLUMN ledger.actions.effect IS 'What it brings about; two actions of a profile with the same effect are the same.';

COMMENT ON COLUMN ledger.actions.fragment IS 'Its own part of the request, to the byte.';

COMMENT ON COLUMN ledger.actions.bid_formula IS 'How the bid was found.';

COMMENT ON COLUMN ledger.actions.note IS 'What the reviewer should know.';

COMMENT ON COLUMN ledger.actions.undoes IS 'The action that this one takes back; null for all others.';

COMMENT ON COLUMN ledger.actions.follows IS 'The promotion whose source this negative closes; null for all others.';

COMMENT ON COLUMN ledger.actions.campaign_name IS 'What the campaign was called when it was planned.';

COMMENT ON COLUMN ledger.actions.ad_group_name IS 'What the ad group was called when it was planned; null at campaign level.';

CREATE VIEW ledger.api_calls AS
 SELECT ('c'::text || call_number) AS call_id,
    run_id,
    plan_id,
    profile_id,
    at,
    method,
    path,
    status,
    request_id,
    duration_ms,
    attempt,
    request_body,
    response_body,
    error,
    account
   FROM harvester.api_call;

COMMENT ON VIEW ledger.api_calls IS 'Every call to Amazon. Never a token or a secret.';

COMMENT ON COLUMN ledger.api_calls.call_id IS 'Ours, c1, c2 and so on.';

COMMENT ON COLUMN ledger.api_calls.run_id IS 'The run it was made for, if any.';

COMMENT ON COLUMN ledger.api_calls.plan_id IS 'The plan it was made for, if any.';

COMMENT ON COLUMN ledger.api_calls.profile_id IS 'Amazon''s profile id; null for calls of the login itself.';

COMMENT ON COLUMN ledger.api_calls.at IS 'When it was sent.';

COMMENT ON COLUMN ledger.api_calls.method IS 'The HTTP method.';

COMMENT ON COLUMN ledger.api_calls.path IS 'The path, without the host.';

COMMENT ON COLUMN ledger.api_calls.status IS 'The HTTP status; null where no answer came.';

COMMENT ON COLUMN ledger.api_calls.request_id IS 'Amazon''s, for its support.';

COMMENT ON COLUMN ledger.api_calls.duration_ms IS 'Milliseconds until the answer was read or given up.';

COMMENT ON COLUMN ledger.api_calls.attempt IS 'Counted from 1.';

COMMENT ON COLUMN ledger.api_calls.request_body IS 'As it was sent.';

COMMENT ON COLUMN ledger.api_calls.response_body IS 'Of writing calls all of it, of reading calls the first 4 kB.';

COMMENT ON COLUMN ledger.api_calls.error IS 'What went wrong, in words.';

COMMENT ON COLUMN ledger.api_calls.account IS 'The name of the login in the settings.';

CREATE VIEW ledger.decisions AS
 SELECT ((seen.run_id || '-'::text) || seen.place) AS decision_id,
    seen.run_id,
    seen.profile_id,
    seen.seen_at AS decided_at,
    seen.source,
    seen.campaign_id,
    seen.ad_group_id,
    seen.ad_id,
    seen.ad_asin,
    seen.target,
    seen.target_type,
    harvester.metrics(seen.clicks, seen.conversions, seen.evidence_note) AS metrics,
    seen.outcome,
    seen.reason,
    seen.rule,
    harvester.findings(seen.findings) AS findings,
    plan.plan_id,
    seen.key,
    seen.place
   FROM (harvester.observation seen
     LEFT JOIN harvester.plan ON ((plan.run_id = seen.run_id)));

COMMENT ON VIEW ledger.decisions IS 'Exactly one decision per recommendation and run, the non-actions too.';

COMMENT ON COLUMN ledger.decisions.decision_id IS 'Run id and place in the run: r12-0 is the first.';

COMMENT ON COLUMN ledger.decisions.run_id IS 'The run that decided.';

COMMENT ON COLUMN ledger.decisions.profile_id IS 'Amazon''s profile id.';

COMMENT ON COLUMN ledger.decisions.decided_at IS 'When it was recorded, with its recommendation.';

COMMENT ON COLUMN ledger.decisions.source IS 'promotion, products, categories or search_terms.';

COMMENT ON COLUMN ledger.decisions.campaign_id IS 'Of the ad the recommendation was made for.';

COMMENT ON COLUMN ledger.decisions.ad_group_id IS 'Of the ad the recommendation was made for.';

COMMENT ON COLUMN ledger.decisions.ad_id IS 'The ad the recommendation was made for.';

COMMENT ON COLUMN ledger.decisions.ad_asin IS 'The product that ad shows; empty where Amazon said none.';

COMMENT ON COLUMN ledger.decisions.target IS 'The keyword or ASIN, as it was delivered.';

COMMENT ON COLUMN ledger.decisions.target_type IS 'KEYWORD, PRODUCT or whatever else was delivered.';

COMMENT ON COLUMN ledger.decisions.metrics IS 'clicks and conversions (null: unreadable) and whatever else came as evidence.';

COMMENT ON COLUMN ledger.decisions.outcome IS 'promote, negate, hold or skip.';

COMMENT ON COLUMN ledger.decisions.reason IS 'The rule''s name for promote and negate; else why nothing is done.';

COMMENT ON COLUMN ledger.decisions.rule IS 'The rule that decided; empty where none did.';

COMMENT ON COLUMN ledger.decisions.findings IS 'Every check that was asked, in order: rule, check, measured, bound, passed, group.';

COMMENT ON COLUMN ledger.decisions.plan_id IS 'The plan made of the run; null while there is none.';

COMMENT ON COLUMN ledger.decisions.key IS 'The form in which targets are compared: folded text or upper-case ASIN.';

COMMENT ON COLUMN ledger.decisions.place IS 'Its place in the run, from 0.';

CREATE VIEW ledger.outcome_readings AS
 SELECT action_id,
    reading,
    profile_id,
    read_at,
    made_on,
    days,
    clicks_before AS source_clicks_before,
    harvester.money(cost_before) AS source_spend_before,
    orders_before AS source_orders_before,
    harvester.money(sales_before) AS source_sales_before,
    harvester.acos(cost_before, sales_before) AS source_acos_before,
    clicks_after AS source_clicks_after,
    harvester.money(cost_after) AS source_spend_after,
    orders_after AS source_orders_after,
    harvester.money(sales_after) AS source_sales_after,
    harvester.acos(cost_after, sales_after) AS source_acos_after,
    impressions_at_destination AS destination_impressions_after,
    clicks_at_destination AS destination_clicks_after,
    harvester.money(cost_at_destination) AS destination_spend_after,
    orders_at_destination AS destination_orders_after,
    harvester.money(sales_at_destination) AS destination_sales_after,
    harvester.acos(cost_at_destination, sales_at_destination) AS destination_acos_after,
    orders_seen,
    orders_now,
    target_acos,
    verdict,
    reason,
    harvester.money(money) AS money
   FROM harvester.outcome_reading;

COMMENT ON VIEW ledger.outcome_readings IS 'What the reports said of an action so many days after it was made; each reading once.';

COMMENT ON COLUMN ledger.outcome_readings.action_id IS 'The action, as in ledger.actions.';

COMMENT ON COLUMN ledger.outcome_readings.reading IS 'How many days after it was made: 7, 14, 28 or 42.';

COMMENT ON COLUMN ledger.outcome_readings.profile_id IS 'Amazon''s profile id.';

COMMENT ON COLUMN ledger.outcome_readings.read_at IS 'When the reports were read for it.';

COMMENT ON COLUMN ledger.outcome_readings.made_on IS 'The profile''s day on which it was made.';

COMMENT ON COLUMN ledger.outcome_readings.days IS 'Length of the windows before and after, in days.';

COMMENT ON COLUMN ledger.outcome_readings.source_clicks_before IS 'Of the term where it came from, or where the negative is, in so many days before; null: not measured.';

COMMENT ON COLUMN ledger.outcome_readings.source_spend_before IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcome_readings.source_orders_before IS 'In those days, as restated until the reading.';

COMMENT ON COLUMN ledger.outcome_readings.source_sales_before IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcome_readings.source_acos_before IS 'Spend over sales; null without sales.';

COMMENT ON COLUMN ledger.outcome_readings.source_clicks_after IS 'There, in so many days after.';

COMMENT ON COLUMN ledger.outcome_readings.source_spend_after IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcome_readings.source_orders_after IS 'In those days.';

COMMENT ON COLUMN ledger.outcome_readings.source_sales_after IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcome_readings.source_acos_after IS 'Spend over sales; null without sales.';

COMMENT ON COLUMN ledger.outcome_readings.destination_impressions_after IS 'Of the promoted target, in so many days after; null: there is none, or not measured.';

COMMENT ON COLUMN ledger.outcome_readings.destination_clicks_after IS 'In those days.';

COMMENT ON COLUMN ledger.outcome_readings.destination_spend_after IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcome_readings.destination_orders_after IS 'In those days.';

COMMENT ON COLUMN ledger.outcome_readings.destination_sales_after IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcome_readings.destination_acos_after IS 'Spend over sales; null without sales.';

COMMENT ON COLUMN ledger.outcome_readings.orders_seen IS 'Of a negative: the orders that its decision saw.';

COMMENT ON COLUMN ledger.outcome_readings.orders_now IS 'Of a negative: the orders of those days and of all until it was made, as restated until the reading.';

COMMENT ON COLUMN ledger.outcome_readings.target_acos IS 'What counted as paying, by the rules in force at the reading; null: nothing was said.';

COMMENT ON COLUMN ledger.outcome_readings.verdict IS 'too_early, good, neutral or regretted.';

COMMENT ON COLUMN ledger.outcome_readings.reason IS 'Why, in one word.';

COMMENT ON COLUMN ledger.outcome_readings.money IS 'Saved or earned; negative: lost. In the profile''s currency; null where it cannot be told.';

CREATE VIEW ledger.outcomes AS
 SELECT action.action_id,
    action.plan_id,
    action.profile_id,
    action.rule,
    action.kind,
    action.target,
    action.match,
    action.level,
    NULLIF(action.source_campaign_id, ''::text) AS source_campaign_id,
    NULLIF(action.source_ad_group_id, ''::text) AS source_ad_group_id,
    NULLIF(action.campaign_id, ''::text) AS campaign_id,
    NULLIF(action.ad_group_id, ''::text) AS ad_group_id,
    action.amazon_id,
    action.state,
        CASE action.state
            WHEN 'done'::text THEN action.settled_at
            ELSE action.sent_at
        END AS made_at,
    said.reading,
    said.read_at,
    COALESCE(said.days, 0) AS days,
    said.source_clicks_before,
    said.source_spend_before,
    said.source_orders_before,
    said.source_sales_before,
    said.source_acos_before,
    said.source_clicks_after,
    said.source_spend_after,
    said.source_orders_after,
    said.source_sales_after,
    said.source_acos_after,
    said.destination_impressions_after,
    said.destination_clicks_after,
    said.destination_spend_after,
    said.destination_orders_after,
    said.destination_sales_after,
    said.destination_acos_after,
    said.orders_seen,
    said.orders_now,
    said.target_acos,
    COALESCE(said.verdict, 'too_early'::text) AS verdict,
    COALESCE(said.reason, 'not_read'::text) AS reason,
    said.money,
    profile.currency,
    regret.plan_id AS undo_plan_id,
    action.follows,
    action.key,
    NULLIF(action.campaign_name, ''::text) AS campaign_name,
    NULLIF(action.ad_group_name, ''::text) AS ad_group_name,
    action.reviewed_by
   FROM (((harvester.action
     JOIN harvester.profile ON ((profile.profile_id = action.profile_id)))
     LEFT JOIN LATERAL ( SELECT one.action_id,
            one.reading,
            one.profile_id,
            one.read_at,
            one.made_on,
            one.days,
            one.source_clicks_before,
            one.source_spend_before,
            one.source_orders_before,
            one.source_sales_before,
            one.source_acos_before,
            one.source_clicks_after,
            one.source_spend_after,
            one.source_orders_after,
            one.source_sales_after,
            one.source_acos_after,
            one.destination_impressions_after,
            one.destination_clicks_after,
            one.destination_spend_after,
            one.destination_orders_after,
            one.destination_sales_after,
            one.destination_acos_after,
            one.orders_seen,
            one.orders_now,
            one.target_acos,
            one.verdict,
            one.reason,
            one.money
           FROM ledger.outcome_readings one
          WHERE (one.action_id = action.action_id)
          ORDER BY one.reading DESC
         LIMIT 1) said ON (true))
     LEFT JOIN harvester.regret ON ((regret.action_id = action.action_id)))
  WHERE ((action.state = ANY (ARRAY['done'::text, 'undone'::text])) AND (action.undoes IS NULL) AND (action.kind = ANY (ARRAY['promote_keyword'::text, 'promote_product'::text, 'target_product'::text, 'target_category'::text, 'negate_keyword'::text, 'negate_product'::text, 'negate_brand'::text])));

COMMENT ON VIEW ledger.outcomes IS 'What became of every promotion and every negative, by its newest reading.';

COMMENT ON COLUMN ledger.outcomes.action_id IS 'The action, as in ledger.actions.';

COMMENT ON COLUMN ledger.outcomes.plan_id IS 'The plan that made it.';

COMMENT ON COLUMN ledger.outcomes.profile_id IS 'Amazon''s profile id.';

COMMENT ON COLUMN ledger.outcomes.rule IS 'The rule behind it.';

COMMENT ON COLUMN ledger.outcomes.kind IS 'promote_keyword, promote_product, target_product, target_category, negate_keyword, negate_product or negate_brand.';

COMMENT ON COLUMN ledger.outcomes.target IS 'The keyword or ASIN.';

COMMENT ON COLUMN ledger.outcomes.match IS 'broad, phrase, exact, same or expanded.';

COMMENT ON COLUMN ledger.outcomes.level IS 'Of a negative: ad_group or campaign.';

COMMENT ON COLUMN ledger.outcomes.source_campaign_id IS 'Where the evidence came from.';

COMMENT ON COLUMN ledger.outcomes.source_ad_group_id IS 'Where the evidence came from.';

COMMENT ON COLUMN ledger.outcomes.campaign_id IS 'Where it took effect.';

COMMENT ON COLUMN ledger.outcomes.ad_group_id IS 'Where it took effect; null at campaign level.';

COMMENT ON COLUMN ledger.outcomes.amazon_id IS 'What Amazon calls the thing it made.';

COMMENT ON COLUMN ledger.outcomes.state IS 'done, or undone since.';

COMMENT ON COLUMN ledger.outcomes.made_at IS 'When it was made.';

COMMENT ON COLUMN ledger.outcomes.reading IS 'Of the newest reading: how many days after it was made; null: none yet.';

COMMENT ON COLUMN ledger.outcomes.read_at IS 'When the reports were read for it.';

COMMENT ON COLUMN ledger.outcomes.days IS 'Length of the windows before and after, in days.';

COMMENT ON COLUMN ledger.outcomes.source_clicks_before IS 'Of the term where it came from, or where the negative is, in so many days before; null: not measured.';

COMMENT ON COLUMN ledger.outcomes.source_spend_before IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcomes.source_orders_before IS 'In those days, as restated until the reading.';

COMMENT ON COLUMN ledger.outcomes.source_sales_before IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcomes.source_acos_before IS 'Spend over sales; null without sales.';

COMMENT ON COLUMN ledger.outcomes.source_clicks_after IS 'There, in so many days after.';

COMMENT ON COLUMN ledger.outcomes.source_spend_after IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcomes.source_orders_after IS 'In those days.';

COMMENT ON COLUMN ledger.outcomes.source_sales_after IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcomes.source_acos_after IS 'Spend over sales; null without sales.';

COMMENT ON COLUMN ledger.outcomes.destination_impressions_after IS 'Of the promoted target, in so many days after; null: there is none, or not measured.';

COMMENT ON COLUMN ledger.outcomes.destination_clicks_after IS 'In those days.';

COMMENT ON COLUMN ledger.outcomes.destination_spend_after IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcomes.destination_orders_after IS 'In those days.';

COMMENT ON COLUMN ledger.outcomes.destination_sales_after IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.outcomes.destination_acos_after IS 'Spend over sales; null without sales.';

COMMENT ON COLUMN ledger.outcomes.orders_seen IS 'Of a negative: the orders that its decision saw.';

COMMENT ON COLUMN ledger.outcomes.orders_now IS 'Of a negative: the orders of those days and of all until it was made, as restated until the reading.';

COMMENT ON COLUMN ledger.outcomes.target_acos IS 'What counted as paying, by the rules in force at the reading; null: nothing was said.';

COMMENT ON COLUMN ledger.outcomes.verdict IS 'too_early, good, neutral or regretted.';

COMMENT ON COLUMN ledger.outcomes.reason IS 'Why, in one word.';

COMMENT ON COLUMN ledger.outcomes.money IS 'Saved or earned; negative: lost. In the profile''s currency; null where it cannot be told.';

COMMENT ON COLUMN ledger.outcomes.currency IS 'Of the profile, ISO 4217.';

COMMENT ON COLUMN ledger.outcomes.undo_plan_id IS 'The plan that would take it back, opened because it was regretted.';

COMMENT ON COLUMN ledger.outcomes.follows IS 'Of a negative at the source: the promotion that it follows.';

COMMENT ON COLUMN ledger.outcomes.key IS 'The target in the form in which targets are compared, as in the other views.';

COMMENT ON COLUMN ledger.outcomes.campaign_name IS 'What the campaign in which it took effect was called when it was planned.';

COMMENT ON COLUMN ledger.outcomes.ad_group_name IS 'What that ad group was called then; null at campaign level.';

COMMENT ON COLUMN ledger.outcomes.reviewed_by IS 'Who approved it; auto: and the rule where no person did.';

CREATE VIEW ledger.places AS
 SELECT profile_id,
    ad_group_id,
    campaign_id,
    campaign_name,
    ad_group_name
   FROM harvester.place;

COMMENT ON VIEW ledger.places IS 'Ad groups with their campaigns, by the names that they had when a run last read them.';

COMMENT ON COLUMN ledger.places.profile_id IS 'Whose ad group it is.';

COMMENT ON COLUMN ledger.places.ad_group_id IS 'As in the other views.';

COMMENT ON COLUMN ledger.places.campaign_id IS 'The campaign that it belongs to.';

COMMENT ON COLUMN ledger.places.campaign_name IS 'What that campaign was called.';

COMMENT ON COLUMN ledger.places.ad_group_name IS 'What the ad group was called.';

CREATE VIEW ledger.profiles AS
 SELECT profile_id,
    account,
    name,
    country,
    currency,
    timezone,
    kind,
    first_seen_at
   FROM harvester.profile;

COMMENT ON VIEW ledger.profiles IS 'The profiles that were ever seen, by the names and settings that Amazon last gave them.';

COMMENT ON COLUMN ledger.profiles.profile_id IS 'Amazon''s profile id, as in the other views.';

COMMENT ON COLUMN ledger.profiles.account IS 'The name of the login in the settings.';

COMMENT ON COLUMN ledger.profiles.name IS 'What Amazon calls the advertiser.';

COMMENT ON COLUMN ledger.profiles.country IS 'The marketplace, as in US or UK.';

COMMENT ON COLUMN ledger.profiles.currency IS 'Of all amounts of the profile, ISO 4217.';

COMMENT ON COLUMN ledger.profiles.timezone IS 'In which its days begin and end.';

COMMENT ON COLUMN ledger.profiles.kind IS 'seller, vendor or agency.';

COMMENT ON COLUMN ledger.profiles.first_seen_at IS 'When Harvester first saw it.';

CREATE VIEW ledger.recommendations AS
 SELECT run_id,
    profile_id,
    source,
    campaign_id,
    ad_group_id,
    ad_id,
    ad_asin,
    target,
    target_type,
    harvester.metrics(clicks, conversions, evidence_note) AS metrics,
    seen_at,
    key,
    ((run_id || '-'::text) || place) AS decision_id
   FROM harvester.observation;

COMMENT ON VIEW ledger.recommendations IS 'Every recommendation as it was delivered.';

COMMENT ON COLUMN ledger.recommendations.run_id IS 'The run that read it.';

COMMENT ON COLUMN ledger.recommendations.profile_id IS 'Amazon''s profile id.';

COMMENT ON COLUMN ledger.recommendations.source IS 'promotion, products, categories or search_terms.';

COMMENT ON COLUMN ledger.recommendations.campaign_id IS 'Of the ad it was made for.';

COMMENT ON COLUMN ledger.recommendations.ad_group_id IS 'Of the ad it was made for.';

COMMENT ON COLUMN ledger.recommendations.ad_id IS 'The ad it was made for.';

COMMENT ON COLUMN ledger.recommendations.ad_asin IS 'The product that ad shows; empty where Amazon said none.';

COMMENT ON COLUMN ledger.recommendations.target IS 'The keyword or ASIN, as it was delivered.';

COMMENT ON COLUMN ledger.recommendations.target_type IS 'KEYWORD, PRODUCT or whatever else was delivered.';

COMMENT ON COLUMN ledger.recommendations.metrics IS 'clicks and conversions (null: unreadable) and whatever else came as evidence.';

COMMENT ON COLUMN ledger.recommendations.seen_at IS 'When the page that held it was recorded.';

COMMENT ON COLUMN ledger.recommendations.key IS 'The form in which targets are compared: folded text or upper-case ASIN.';

COMMENT ON COLUMN ledger.recommendations.decision_id IS 'Its decision in ledger.decisions.';

CREATE VIEW ledger.retention AS
 SELECT
        CASE parent
            WHEN 'observation'::text THEN 'decisions'::text
            ELSE (parent || 's'::text)
        END AS what,
    opens AS dropped_from,
    closes AS dropped_until,
    dropped,
    kept,
    bytes,
    at AS dropped_at
   FROM harvester.retained;

COMMENT ON VIEW ledger.retention IS 'What retention has dropped: old months of what no action refers to.';

COMMENT ON COLUMN ledger.retention.what IS 'decisions (and recommendations), or api_calls.';

COMMENT ON COLUMN ledger.retention.dropped_from IS 'Of what was recorded from then on,';

COMMENT ON COLUMN ledger.retention.dropped_until IS 'and before then, only what an action refers to is left.';

COMMENT ON COLUMN ledger.retention.dropped IS 'How many rows went.';

COMMENT ON COLUMN ledger.retention.kept IS 'How many rows stayed, because an action refers to them.';

COMMENT ON COLUMN ledger.retention.bytes IS 'How much disk space that freed.';

COMMENT ON COLUMN ledger.retention.dropped_at IS 'When.';

CREATE VIEW ledger.runs AS
 SELECT run_id,
    profile_id,
    account,
    source,
    trigger,
    mode,
    ruleset_fingerprint,
    started_at,
    finished_at,
    state,
    pages,
    recommendations,
    troubles,
    error
   FROM harvester.run;

COMMENT ON VIEW ledger.runs IS 'One row per harvest of one profile.';

COMMENT ON COLUMN ledger.runs.run_id IS 'Ours, r1, r2 and so on.';

COMMENT ON COLUMN ledger.runs.profile_id IS 'Amazon''s profile id.';

COMMENT ON COLUMN ledger.runs.account IS 'The name of the login in the settings.';

COMMENT ON COLUMN ledger.runs.source IS 'Where the recommendations came from: promotion, products, categories or search_terms.';

COMMENT ON COLUMN ledger.runs.trigger IS 'What started it: a person''s command or the schedule.';

COMMENT ON COLUMN ledger.runs.mode IS 'dry-run, review or auto, as it was in force for the profile.';

COMMENT ON COLUMN ledger.runs.ruleset_fingerprint IS 'SHA-256 of the effective rules.';

COMMENT ON COLUMN ledger.runs.started_at IS 'When it began; a run that was interrupted and taken up keeps its first time.';

COMMENT ON COLUMN ledger.runs.finished_at IS 'When it ended; null while it is running.';

COMMENT ON COLUMN ledger.runs.state IS 'running; complete: everything was read; partial: some of it could not be; failed.';

COMMENT ON COLUMN ledger.runs.pages IS 'Pages of recommendations read and recorded.';

COMMENT ON COLUMN ledger.runs.recommendations IS 'Recommendations recorded, each with its decision.';

COMMENT ON COLUMN ledger.runs.troubles IS 'Why it is partial, one sentence each.';

COMMENT ON COLUMN ledger.runs.error IS 'Why it failed.';

CREATE VIEW ledger.search_terms AS
 SELECT seen.profile_id,
    seen.day,
    seen.campaign_id,
    seen.ad_group_id,
    seen.term,
    seen.key,
    seen.keyword_id,
    seen.targeting,
    seen.match_type,
    seen.impressions,
    seen.clicks,
    harvester.money(seen.cost) AS spend,
    seen.orders,
    harvester.money(seen.sales) AS sales,
    profile.currency
   FROM (harvester.search_term_day seen
     JOIN harvester.profile ON ((profile.profile_id = seen.profile_id)));

COMMENT ON VIEW ledger.search_terms IS 'What shoppers typed: one row per day, keyword or target, and search term with a click, as Amazon''s report last said.';

COMMENT ON COLUMN ledger.search_terms.profile_id IS 'Amazon''s profile id.';

COMMENT ON COLUMN ledger.search_terms.day IS 'In the profile''s time zone.';

COMMENT ON COLUMN ledger.search_terms.campaign_id IS 'Names are in ledger.places.';

COMMENT ON COLUMN ledger.search_terms.ad_group_id IS 'Names are in ledger.places.';

COMMENT ON COLUMN ledger.search_terms.term IS 'As the shopper typed it; an ASIN where a product page led to the ad.';

COMMENT ON COLUMN ledger.search_terms.key IS 'The form in which targets are compared: as in ledger.actions and ledger.decisions.';

COMMENT ON COLUMN ledger.search_terms.keyword_id IS 'Amazon''s id of the keyword or target that it came under.';

COMMENT ON COLUMN ledger.search_terms.targeting IS 'That keyword or target, as in close-match.';

COMMENT ON COLUMN ledger.search_terms.match_type IS 'BROAD, PHRASE, EXACT, TARGETING_EXPRESSION or TARGETING_EXPRESSION_PREDEFINED.';

COMMENT ON COLUMN ledger.search_terms.impressions IS 'Of that day.';

COMMENT ON COLUMN ledger.search_terms.clicks IS 'Of that day.';

COMMENT ON COLUMN ledger.search_terms.spend IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.search_terms.orders IS 'By the day of the click; within 7 days of it, for vendors 14. They come in for weeks.';

COMMENT ON COLUMN ledger.search_terms.sales IS 'Of these orders, in the profile''s currency.';

COMMENT ON COLUMN ledger.search_terms.currency IS 'Of the profile, ISO 4217.';

CREATE VIEW ledger.slots AS
 SELECT task,
    NULLIF(profile_id, ''::text) AS profile_id,
    due_at,
    state,
    put_at,
    started_at,
    finished_at,
    not_before,
    deliveries,
    failures,
    replica_id,
    run_id,
    reason
   FROM harvester.slot;

COMMENT ON VIEW ledger.slots IS 'What fell due on the clock and what became of it.';

COMMENT ON COLUMN ledger.slots.task IS 'plan, follow_up, apply, reconcile or report (of a profile); discover, expire, retain, notify or outcomes (of the fleet).';

COMMENT ON COLUMN ledger.slots.profile_id IS 'Amazon''s profile id; null for chores of the fleet.';

COMMENT ON COLUMN ledger.slots.due_at IS 'When it fell due, by the schedule in the profile''s own time zone.';

COMMENT ON COLUMN ledger.slots.state IS 'waiting, running, done, failed or given_up.';

COMMENT ON COLUMN ledger.slots.put_at IS 'When the clock put it into the queue.';

COMMENT ON COLUMN ledger.slots.started_at IS 'When a worker last took it.';

COMMENT ON COLUMN ledger.slots.finished_at IS 'When it was done, failed or given up.';

COMMENT ON COLUMN ledger.slots.not_before IS 'Set aside until then.';

COMMENT ON COLUMN ledger.slots.deliveries IS 'How often a worker took it.';

COMMENT ON COLUMN ledger.slots.failures IS 'How often it was set aside for a reason.';

COMMENT ON COLUMN ledger.slots.replica_id IS 'The process that took it last.';

COMMENT ON COLUMN ledger.slots.run_id IS 'The run that came of it.';

COMMENT ON COLUMN ledger.slots.reason IS 'Why it was set aside, failed or given up; of one that is done, what was left and why.';

CREATE VIEW ledger.targeting AS
 SELECT seen.profile_id,
    seen.day,
    seen.campaign_id,
    seen.ad_group_id,
    seen.keyword_id AS amazon_id,
    seen.targeting,
    seen.match_type,
    seen.impressions,
    seen.clicks,
    harvester.money(seen.cost) AS spend,
    seen.orders,
    harvester.money(seen.sales) AS sales,
    profile.currency
   FROM (harvester.targeting_day seen
     JOIN harvester.profile ON ((profile.profile_id = seen.profile_id)));

COMMENT ON VIEW ledger.targeting IS 'What our own keywords and targets did: one row per day and keyword or target, as Amazon''s report last said.';

COMMENT ON COLUMN ledger.targeting.profile_id IS 'Amazon''s profile id.';

COMMENT ON COLUMN ledger.targeting.day IS 'In the profile''s time zone.';

COMMENT ON COLUMN ledger.targeting.campaign_id IS 'Names are in ledger.places.';

COMMENT ON COLUMN ledger.targeting.ad_group_id IS 'Names are in ledger.places.';

COMMENT ON COLUMN ledger.targeting.amazon_id IS 'Of the keyword or target, as in ledger.actions and ledger.outcomes.';

COMMENT ON COLUMN ledger.targeting.targeting IS 'The keyword or target in words.';

COMMENT ON COLUMN ledger.targeting.match_type IS 'BROAD, PHRASE, EXACT, TARGETING_EXPRESSION or TARGETING_EXPRESSION_PREDEFINED.';

COMMENT ON COLUMN ledger.targeting.impressions IS 'Of that day, also where nobody clicked.';

COMMENT ON COLUMN ledger.targeting.clicks IS 'Of that day.';

COMMENT ON COLUMN ledger.targeting.spend IS 'In the profile''s currency.';

COMMENT ON COLUMN ledger.targeting.orders IS 'By the day of the click; within 7 days of it, for vendors 14. They come in for weeks.';

COMMENT ON COLUMN ledger.targeting.sales IS 'Of these orders, in the profile''s currency.';

COMMENT ON COLUMN ledger.targeting.currency IS 'Of the profile, ISO 4217.';

ALTER TABLE ONLY harvester.action_call ATTACH PARTITION harvester.action_call_default DEFAULT;

ALTER TABLE ONLY harvester.api_call ATTACH PARTITION harvester.api_call_default DEFAULT;

ALTER TABLE ONLY harvester.observation ATTACH PARTITION harvester.observation_default DEFAULT;

ALTER TABLE ONLY harvester.search_term_day ATTACH PARTITION harvester.search_term_day_default DEFAULT;

ALTER TABLE ONLY harvester.targeting_day ATTACH PARTITION harvester.targeting_day_default DEFAULT;

ALTER TABLE ONLY harvester.pgqueuer ALTER COLUMN id SET DEFAULT nextval('harvester.pgqueuer_id_seq'::regclass);

ALTER TABLE ONLY harvester.pgqueuer_schedules ALTER COLUMN id SET DEFAULT nextval('harvester.pgqueuer_schedules_id_seq'::regclass);

ALTER TABLE ONLY harvester.pgqueuer_statistics ALTER COLUMN id SET DEFAULT nextval('harvester.pgqueuer_statistics_id_seq'::regclass);

ALTER TABLE ONLY harvester.account_state
    ADD CONSTRAINT account_state_pkey PRIMARY KEY (profile_id);

ALTER TABLE ONLY harvester.action_event
    ADD CONSTRAINT action_event_pkey PRIMARY KEY (profile_id, sequence);

ALTER TABLE harvester.action_event
    ADD CONSTRAINT action_event_shared CHECK (
CASE
    WHEN (action_ids IS NULL) THEN ((action_id <> ''::text) AND (amazon_ids IS NULL))
    ELSE ((action_id = ''::text) AND (call_number IS NOT NULL) AND (amazon_id IS NULL) AND (bid IS NULL) AND (fragment = ''::text))
END) NOT VALID;

ALTER TABLE ONLY harvester.action_observation
    ADD CONSTRAINT action_observation_pkey PRIMARY KEY (action_id, ordinal);

ALTER TABLE ONLY harvester.action
    ADD CONSTRAINT action_pkey PRIMARY KEY (action_id);

ALTER TABLE ONLY harvester.action
    ADD CONSTRAINT action_position UNIQUE (plan_id, "position");

ALTER TABLE ONLY harvester.brand
    ADD CONSTRAINT brand_pkey PRIMARY KEY (country, brand_id);

ALTER TABLE ONLY harvester.budget_part
    ADD CONSTRAINT budget_part_pkey PRIMARY KEY (login, replica);

ALTER TABLE ONLY harvester.budget
    ADD CONSTRAINT budget_pkey PRIMARY KEY (login);

ALTER TABLE ONLY harvester.catalog_item
    ADD CONSTRAINT catalog_item_pkey PRIMARY KEY (marketplace_id, asin);

ALTER TABLE ONLY harvester.category
    ADD CONSTRAINT category_pkey PRIMARY KEY (country, place);

ALTER TABLE ONLY harvester.category_tree
    ADD CONSTRAINT category_tree_pkey PRIMARY KEY (country);

ALTER TABLE ONLY harvester.existing
    ADD CONSTRAINT existing_pkey PRIMARY KEY (profile_id, what);

ALTER TABLE ONLY harvester.fleet_state
    ADD CONSTRAINT fleet_state_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY harvester.login
    ADD CONSTRAINT login_pkey PRIMARY KEY (account);

ALTER TABLE ONLY harvester.migration
    ADD CONSTRAINT migration_pkey PRIMARY KEY (number);

ALTER TABLE ONLY harvester.notice
    ADD CONSTRAINT notice_pkey PRIMARY KEY (kind, subject);

ALTER TABLE ONLY harvester.notice_turn
    ADD CONSTRAINT notice_turn_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY harvester.open_plan
    ADD CONSTRAINT open_plan_pkey PRIMARY KEY (profile_id, plan_id);

ALTER TABLE ONLY harvester.outcome_reading
    ADD CONSTRAINT outcome_reading_pkey PRIMARY KEY (action_id, reading);

ALTER TABLE ONLY harvester.own_product
    ADD CONSTRAINT own_product_pkey PRIMARY KEY (profile_id, asin);

ALTER TABLE ONLY harvester.partitioning
    ADD CONSTRAINT partitioning_pkey PRIMARY KEY (parent);

ALTER TABLE ONLY harvester.pgqueuer_log
    ADD CONSTRAINT pgqueuer_log_pkey PRIMARY KEY (id);

ALTER TABLE ONLY harvester.pgqueuer
    ADD CONSTRAINT pgqueuer_pkey PRIMARY KEY (id);

ALTER TABLE ONLY harvester.pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_expression_entrypoint_key UNIQUE (expression, entrypoint);

ALTER TABLE ONLY harvester.pgqueuer_schedules
    ADD CONSTRAINT pgqueuer_schedules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY harvester.pgqueuer_statistics
    ADD CONSTRAINT pgqueuer_statistics_pkey PRIMARY KEY (id);

ALTER TABLE ONLY harvester.place
    ADD CONSTRAINT place_pkey PRIMARY KEY (profile_id, ad_group_id);

ALTER TABLE ONLY harvester.plan
    ADD CONSTRAINT plan_one_per_run UNIQUE (run_id);

ALTER TABLE ONLY harvester.plan
    ADD CONSTRAINT plan_pkey PRIMARY KEY (plan_id);

ALTER TABLE ONLY harvester.plan_review
    ADD CONSTRAINT plan_review_pkey PRIMARY KEY (review_number);

ALTER TABLE ONLY harvester.profile
    ADD CONSTRAINT profile_pkey PRIMARY KEY (profile_id);

ALTER TABLE ONLY harvester.regret
    ADD CONSTRAINT regret_pkey PRIMARY KEY (action_id);

ALTER TABLE ONLY harvester.replica
    ADD CONSTRAINT replica_pkey PRIMARY KEY (replica_id);

ALTER TABLE ONLY harvester.report_day
    ADD CONSTRAINT report_day_pkey PRIMARY KEY (profile_id, kind, day);

ALTER TABLE ONLY harvester.report
    ADD CONSTRAINT report_pkey PRIMARY KEY (number);

ALTER TABLE ONLY harvester.retained
    ADD CONSTRAINT retained_pkey PRIMARY KEY (number);

ALTER TABLE ONLY harvester.ruleset
    ADD CONSTRAINT ruleset_pkey PRIMARY KEY (fingerprint);

ALTER TABLE ONLY harvester.run
    ADD CONSTRAINT run_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY harvester.slot
    ADD CONSTRAINT slot_pkey PRIMARY KEY (task, profile_id, due_at);

ALTER TABLE ONLY harvester.sold_term
    ADD CONSTRAINT sold_term_pkey PRIMARY KEY (profile_id, campaign_id, ad_group_id, key, by);

ALTER TABLE ONLY harvester.turn
    ADD CONSTRAINT turn_pkey PRIMARY KEY (login, operation);

CREATE INDEX action_by_key ON harvester.action USING btree (profile_id, key);

CREATE INDEX action_call_by_action ON ONLY harvester.action_call USING btree (action_id);

CREATE INDEX action_call_by_call ON ONLY harvester.action_call USING btree (call_number);

CREATE INDEX action_call_default_action_id_idx ON harvester.action_call_default USING btree (action_id);

CREATE INDEX action_call_default_call_number_idx ON harvester.action_call_default USING btree (call_number);

CREATE INDEX action_closed ON harvester.action USING btree (profile_id, effect) WHERE (phase = 'closed'::text);

CREATE INDEX action_due ON harvester.action USING btree (profile_id) WHERE ((phase = 'owning'::text) AND (follow_up <> ''::text));

CREATE INDEX action_event_by_action ON harvester.action_event USING btree (action_id);

CREATE INDEX action_event_by_amazon_id ON harvester.action_event USING btree (amazon_id) WHERE (amazon_id IS NOT NULL);

CREATE INDEX action_event_by_amazon_ids ON harvester.action_event USING gin (amazon_ids) WHERE (amazon_ids IS NOT NULL);

CREATE INDEX action_event_of_call ON harvester.action_event USING btree (call_number) WHERE (action_ids IS NOT NULL);

CREATE INDEX action_event_refused ON harvester.action_event USING btree (at) WHERE (to_state = 'refused'::text);

CREATE INDEX action_follows ON harvester.action USING btree (follows) WHERE (follows IS NOT NULL);

CREATE INDEX action_observation_by_decision ON harvester.action_observation USING btree (run_id, place);

CREATE UNIQUE INDEX action_one_per_effect ON harvester.action USING btree (profile_id, effect) WHERE ((phase = 'owning'::text) AND (undoes IS NULL));

CREATE UNIQUE INDEX action_one_undo ON harvester.action USING btree (undoes, effect) WHERE ((phase = 'owning'::text) AND (undoes IS NOT NULL));

CREATE INDEX action_owning ON harvester.action USING btree (profile_id, action_id) WHERE (phase = 'owning'::text);

CREATE INDEX action_undoes ON harvester.action USING btree (undoes) WHERE (undoes IS NOT NULL);

CREATE INDEX action_unreviewed ON harvester.action USING btree (profile_id, plan_id) WHERE (phase = 'waiting'::text);

CREATE INDEX api_call_by_number ON ONLY harvester.api_call USING btree (call_number);

CREATE INDEX api_call_by_plan ON ONLY harvester.api_call USING btree (plan_id) WHERE (plan_id IS NOT NULL);

CREATE INDEX api_call_by_run ON ONLY harvester.api_call USING btree (run_id) WHERE (run_id IS NOT NULL);

CREATE INDEX api_call_default_call_number_idx ON harvester.api_call_default USING btree (call_number);

CREATE INDEX api_call_default_plan_id_idx ON harvester.api_call_default USING btree (plan_id) WHERE (plan_id IS NOT NULL);

CREATE INDEX api_call_default_run_id_idx ON harvester.api_call_default USING btree (run_id) WHERE (run_id IS NOT NULL);

CREATE INDEX category_by_id ON harvester.category USING btree (country, category_id);

CREATE INDEX observation_why ON ONLY harvester.observation USING brin (key text_bloom_ops (n_distinct_per_range='700', false_positive_rate='0.001')) WITH (pages_per_range='32', autosummarize='on');

CREATE INDEX observation_default_key_idx ON harvester.observation_default USING brin (key text_bloom_ops (n_distinct_per_range='700', false_positive_rate='0.001')) WITH (pages_per_range='32', autosummarize='on');

CREATE UNIQUE INDEX observation_default_run_id_place_idx ON harvester.observation_default USING btree (run_id, place);

CREATE INDEX outcome_reading_regretted ON harvester.outcome_reading USING btree (profile_id) WHERE (verdict = 'regretted'::text);

CREATE INDEX pgqueuer_ep_ea_idx ON harvester.pgqueuer USING btree (entrypoint, execute_after) WHERE (status = 'queued'::harvester.pgqueuer_status);

CREATE INDEX pgqueuer_ep_prio_id_idx ON harvester.pgqueuer USING btree (entrypoint, priority DESC, id) WHERE (status = 'queued'::harvester.pgqueuer_status);

CREATE INDEX pgqueuer_log_created ON harvester.pgqueuer_log USING btree (created);

CREATE INDEX pgqueuer_log_job_id_status ON harvester.pgqueuer_log USING btree (job_id, created DESC);

CREATE INDEX pgqueuer_log_not_aggregated ON harvester.pgqueuer_log USING btree ((1)) WHERE (NOT aggregated);

CREATE INDEX pgqueuer_log_status ON harvester.pgqueuer_log USING btree (status);

CREATE INDEX pgqueuer_picked_heartbeat_idx ON harvester.pgqueuer USING btree (heartbeat) WHERE (status = 'picked'::harvester.pgqueuer_status);

CREATE UNIQUE INDEX pgqueuer_picked_slot_idx ON harvester.pgqueuer USING btree (entrypoint, slot) WHERE ((status = 'picked'::harvester.pgqueuer_status) AND (slot IS NOT NULL));

CREATE INDEX pgqueuer_priority_id_id1_idx ON harvester.pgqueuer USING btree (priority, id DESC) INCLUDE (id) WHERE (status = 'queued'::harvester.pgqueuer_status);

CREATE INDEX pgqueuer_queue_manager_id_idx ON harvester.pgqueuer USING btree (queue_manager_id) WHERE (queue_manager_id IS NOT NULL);

CREATE UNIQUE INDEX pgqueuer_statistics_unique_count ON harvester.pgqueuer_statistics USING btree (priority, date_trunc('sec'::text, timezone('UTC'::text, created)), status, entrypoint);

CREATE UNIQUE INDEX pgqueuer_unique_dedupe_key ON harvester.pgqueuer USING btree (dedupe_key) WHERE ((status = ANY (ARRAY['queued'::harvester.pgqueuer_status, 'picked'::harvester.pgqueuer_status])) AND (dedupe_key IS NOT NULL));

CREATE INDEX pgqueuer_updated_id_id1_idx ON harvester.pgqueuer USING btree (updated, id DESC) INCLUDE (id) WHERE (status = 'picked'::harvester.pgqueuer_status);

CREATE INDEX plan_by_profile ON harvester.plan USING btree (profile_id, created_at);

CREATE INDEX plan_newest ON harvester.plan USING btree (created_at);

CREATE INDEX plan_review_by_plan ON harvester.plan_review USING btree (plan_id);

CREATE INDEX regret_by_plan ON harvester.regret USING btree (plan_id);

CREATE INDEX report_day_report ON harvester.report_day USING btree (report);

CREATE INDEX report_failed ON harvester.report USING btree (profile_id, kind, settled_at) WHERE (state = 'failed'::text);

CREATE UNIQUE INDEX report_open ON harvester.report USING btree (profile_id, kind, first_day, last_day) WHERE (state = ANY (ARRAY['asked'::text, 'pending'::text]));

CREATE INDEX retained_newest ON harvester.retained USING btree (parent, closes);

CREATE INDEX run_by_profile ON harvester.run USING btree (profile_id, started_at);

CREATE INDEX run_newest ON harvester.run USING btree (started_at);

CREATE UNIQUE INDEX run_one_running ON harvester.run USING btree (profile_id) WHERE (state = 'running'::text);

CREATE INDEX search_term_day_place ON ONLY harvester.search_term_day USING btree (profile_id, ad_group_id, key);

CREATE INDEX search_term_day_default_profile_id_ad_group_id_key_idx ON harvester.search_term_day_default USING btree (profile_id, ad_group_id, key);

CREATE INDEX search_term_day_sold ON ONLY harvester.search_term_day USING btree (profile_id, campaign_id, key) WHERE (orders > 0);

CREATE INDEX search_term_day_default_profile_id_campaign_id_key_idx ON harvester.search_term_day_default USING btree (profile_id, campaign_id, key) WHERE (orders > 0);

CREATE INDEX slot_by_profile ON harvester.slot USING btree (profile_id, due_at);

CREATE INDEX slot_open ON harvester.slot USING btree (due_at) WHERE (state = ANY (ARRAY['waiting'::text, 'running'::text]));

CREATE INDEX targeting_day_target ON ONLY harvester.targeting_day USING btree (profile_id, keyword_id);

CREATE INDEX targeting_day_default_profile_id_keyword_id_idx ON harvester.targeting_day_default USING btree (profile_id, keyword_id);

ALTER INDEX harvester.action_call_by_action ATTACH PARTITION harvester.action_call_default_action_id_idx;

ALTER INDEX harvester.action_call_by_call ATTACH PARTITION harvester.action_call_default_call_number_idx;

ALTER INDEX harvester.api_call_by_number ATTACH PARTITION harvester.api_call_default_call_number_idx;

ALTER INDEX harvester.api_call_by_plan ATTACH PARTITION harvester.api_call_default_plan_id_idx;

ALTER INDEX harvester.api_call_by_run ATTACH PARTITION harvester.api_call_default_run_id_idx;

ALTER INDEX harvester.observation_why ATTACH PARTITION harvester.observation_default_key_idx;

ALTER INDEX harvester.search_term_day_place ATTACH PARTITION harvester.search_term_day_default_profile_id_ad_group_id_key_idx;

ALTER INDEX harvester.search_term_day_sold ATTACH PARTITION harvester.search_term_day_default_profile_id_campaign_id_key_idx;

ALTER INDEX harvester.targeting_day_target ATTACH PARTITION harvester.targeting_day_default_profile_id_keyword_id_idx;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.action_call FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.action_call ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.action_call_default FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.action_call_default ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.action_event FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.action_event ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.action_observation FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.action_observation ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.api_call FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.api_call ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.api_call_default FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.api_call_default ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.observation FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.observation ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.observation_default FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.observation_default ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.outcome_reading FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.outcome_reading ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.plan FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.plan ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.plan_review FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.plan_review ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.regret FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.regret ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.retained FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.retained ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON harvester.ruleset FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.ruleset ENABLE ALWAYS TRIGGER append_only;

CREATE TRIGGER chain_event BEFORE INSERT ON harvester.action_event FOR EACH ROW WHEN ((pg_trigger_depth() = 0)) EXECUTE FUNCTION harvester.chain_event();

ALTER TABLE harvester.action_event ENABLE ALWAYS TRIGGER chain_event;

CREATE TRIGGER check_identity AFTER UPDATE OF action_id, plan_id, "position", profile_id, run_id, kind, effect, target, key, match, level, leader, seen, undoes, follows, campaign_id, ad_group_id, source_campaign_id, source_ad_group_id, follow_up ON harvester.action FOR EACH ROW EXECUTE FUNCTION harvester.check_transition();

ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER check_identity;

CREATE TRIGGER check_transition AFTER UPDATE ON harvester.action FOR EACH ROW WHEN (((NOT harvester.may_become(old.state, new.state)) OR (old.fragment IS DISTINCT FROM new.fragment) OR (old.bid IS DISTINCT FROM new.bid) OR (old.group_id IS DISTINCT FROM new.group_id) OR ((old.amazon_id IS NOT NULL) AND (old.amazon_id IS DISTINCT FROM new.amazon_id)))) EXECUTE FUNCTION harvester.check_transition();

ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER check_transition;

CREATE TRIGGER fence_grows BEFORE UPDATE ON harvester.account_state FOR EACH ROW WHEN ((new.fence < old.fence)) EXECUTE FUNCTION harvester.refuse_older_fence();

CREATE TRIGGER finished_stays BEFORE UPDATE ON harvester.run FOR EACH ROW WHEN ((old.state <> 'running'::text)) EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER nothing_is_deleted BEFORE DELETE OR TRUNCATE ON harvester.action FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER nothing_is_deleted;

CREATE TRIGGER nothing_is_deleted BEFORE DELETE OR TRUNCATE ON harvester.fleet_state FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER nothing_is_deleted BEFORE DELETE OR TRUNCATE ON harvester.partitioning FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER nothing_is_deleted BEFORE DELETE OR TRUNCATE ON harvester.run FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER record_changed AFTER UPDATE ON harvester.action REFERENCING OLD TABLE AS before_that NEW TABLE AS now_there FOR EACH STATEMENT EXECUTE FUNCTION harvester.record_changed_actions();

ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER record_changed;

CREATE TRIGGER record_new AFTER INSERT ON harvester.action REFERENCING NEW TABLE AS now_there FOR EACH STATEMENT EXECUTE FUNCTION harvester.record_new_actions();

ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER record_new;

CREATE TRIGGER seen_at_any_time BEFORE UPDATE ON harvester.run FOR EACH ROW WHEN (((new.pages <> old.pages) AND (new.seen_from = old.seen_from) AND (new.seen_until = old.seen_until))) EXECUTE FUNCTION harvester.seen_at_any_time();

CREATE TRIGGER tg_pgqueuer_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON harvester.pgqueuer FOR EACH STATEMENT EXECUTE FUNCTION harvester.fn_pgqueuer_changed();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.action_calls FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.action_decisions FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.actions FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.api_calls FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.decisions FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.outcome_readings FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.outcomes FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.places FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.profiles FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.recommendations FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.retention FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.runs FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.search_terms FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.slots FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

CREATE TRIGGER read_only INSTEAD OF INSERT OR DELETE OR UPDATE ON ledger.targeting FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();

ALTER TABLE ONLY harvester.account_state
    ADD CONSTRAINT account_state_profile_id_fkey FOREIGN KEY (profile_id) REFERENCES harvester.profile(profile_id);

ALTER TABLE ONLY harvester.action
    ADD CONSTRAINT action_follows_fkey FOREIGN KEY (follows) REFERENCES harvester.action(action_id);

ALTER TABLE ONLY harvester.action
    ADD CONSTRAINT action_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES harvester.plan(plan_id) DEFERRABLE INITIALLY DEFERRED;

ALTER TABLE ONLY harvester.action
    ADD CONSTRAINT action_undoes_fkey FOREIGN KEY (undoes) REFERENCES harvester.action(action_id);

ALTER TABLE ONLY harvester.category
    ADD CONSTRAINT category_country_fkey FOREIGN KEY (country) REFERENCES harvester.category_tree(country) ON DELETE CASCADE;

ALTER TABLE ONLY harvester.existing
    ADD CONSTRAINT existing_profile_id_fkey FOREIGN KEY (profile_id) REFERENCES harvester.profile(profile_id);

ALTER TABLE ONLY harvester.outcome_reading
    ADD CONSTRAINT outcome_reading_action_id_fkey FOREIGN KEY (action_id) REFERENCES harvester.action(action_id);

ALTER TABLE ONLY harvester.own_product
    ADD CONSTRAINT own_product_profile_id_fkey FOREIGN KEY (profile_id) REFERENCES harvester.profile(profile_id);

ALTER TABLE ONLY harvester.place
    ADD CONSTRAINT place_profile_id_fkey FOREIGN KEY (profile_id) REFERENCES harvester.profile(profile_id);

ALTER TABLE ONLY harvester.plan
    ADD CONSTRAINT plan_profile_id_fkey FOREIGN KEY (profile_id) REFERENCES harvester.profile(profile_id);

ALTER TABLE ONLY harvester.plan_review
    ADD CONSTRAINT plan_review_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES harvester.plan(plan_id);

ALTER TABLE ONLY harvester.plan
    ADD CONSTRAINT plan_run_id_fkey FOREIGN KEY (run_id) REFERENCES harvester.run(run_id);

ALTER TABLE ONLY harvester.regret
    ADD CONSTRAINT regret_action_id_fkey FOREIGN KEY (action_id) REFERENCES harvester.action(action_id);

ALTER TABLE ONLY harvester.regret
    ADD CONSTRAINT regret_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES harvester.plan(plan_id);

ALTER TABLE ONLY harvester.report_day
    ADD CONSTRAINT report_day_report_fkey FOREIGN KEY (report) REFERENCES harvester.report(number);

ALTER TABLE ONLY harvester.report
    ADD CONSTRAINT report_profile_id_fkey FOREIGN KEY (profile_id) REFERENCES harvester.profile(profile_id);

ALTER TABLE ONLY harvester.run
    ADD CONSTRAINT run_profile_id_fkey FOREIGN KEY (profile_id) REFERENCES harvester.profile(profile_id);
