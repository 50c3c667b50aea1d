-- The two tables that grow: what was recommended with what was decided, and every call. One partition per month.

-- A recommendation and its decision in one row, written once, when the decision is known.
-- `findings` is the JSON text of an array of [rule, check, measured, bound, passed, group].
CREATE TABLE harvester.observation (
    run_id text COLLATE "C" NOT NULL,
    place integer NOT NULL,
    profile_id text COLLATE "C" NOT NULL,
    source text NOT NULL,
    campaign_id text NOT NULL,
    ad_group_id text COLLATE "C" NOT NULL,
    ad_id text NOT NULL,
    ad_asin text NOT NULL,
    target text NOT NULL,
    key text COLLATE "C" NOT NULL,
    target_type text NOT NULL,
    clicks double precision,
    conversions double precision,
    evidence_note text,
    outcome text NOT NULL CHECK (outcome IN ('promote', 'negate', 'hold', 'skip')),
    reason text NOT NULL,
    rule text NOT NULL,
    findings text NOT NULL,
    seen_at timestamptz NOT NULL
) PARTITION BY RANGE (seen_at);

-- For `why`: which stretches of the table may hold a key. A B-tree on (profile_id, key) would answer in a tenth of the
-- time, be fifty times as large and double what a row costs to write; this one reads 2 MB per million rows.
-- The planner thinks little of it, so whoever looks for a key sets enable_seqscan off.
CREATE INDEX observation_why ON harvester.observation
    USING brin (key text_bloom_ops (n_distinct_per_range = 700, false_positive_rate = 0.001))
    WITH (pages_per_range = 32, autosummarize = on);

-- Takes what was written since the last time into that index (until then it is simply read). Called when a run ends,
-- for servers that do not live long enough to do it by themselves. If somebody else is at it, nothing is done.
CREATE FUNCTION harvester.summarize_keys() RETURNS void
LANGUAGE plpgsql SET lock_timeout = '1s' AS $$
BEGIN
    PERFORM brin_summarize_new_values(indexrelid) FROM pg_index JOIN pg_inherits ON inhrelid = indexrelid
        WHERE inhparent = 'harvester.observation_why'::regclass;
EXCEPTION WHEN lock_not_available OR insufficient_privilege THEN
    RAISE NOTICE 'the index for `why` is brought up to date later: %', SQLERRM;
END
$$;

-- One request to Amazon and what came back; `status` is null where no answer came.
CREATE SEQUENCE harvester.call_number;

CREATE TABLE harvester.api_call (
    call_number bigint NOT NULL DEFAULT nextval('harvester.call_number'),
    at timestamptz NOT NULL,
    method text NOT NULL,
    path text NOT NULL,
    status integer,
    duration_ms double precision NOT NULL,
    attempt integer NOT NULL CHECK (attempt > 0),
    request_id text,
    request_body text,
    response_body text,
    error text,
    account text NOT NULL,
    profile_id text COLLATE "C",
    run_id text COLLATE "C",
    plan_id text
) PARTITION BY RANGE (at);

CREATE INDEX api_call_by_number ON harvester.api_call (call_number);
CREATE INDEX api_call_by_run ON harvester.api_call (run_id) WHERE run_id IS NOT NULL;
CREATE INDEX api_call_by_plan ON harvester.api_call (plan_id) WHERE plan_id IS NOT NULL;

-- Which calls carried an action, at which position of the request (from 0).
CREATE TABLE harvester.action_call (
    at timestamptz NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    call_number bigint NOT NULL,
    position integer NOT NULL CHECK (position >= 0)
) PARTITION BY RANGE (at);

CREATE INDEX action_call_by_action ON harvester.action_call (action_id);
CREATE INDEX action_call_by_call ON harvester.action_call (call_number);

-- The keys that a parent cannot have without its time column stand on each partition.
CREATE FUNCTION harvester.protect_partition(parent text, partition regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM harvester.make_append_only(partition);
    IF parent = 'observation' THEN
        EXECUTE format('CREATE UNIQUE INDEX ON %s (run_id, place)', partition);
    END IF;
END
$$;

-- Makes the partitions of the month of `moment` and of the three months after it, where they are missing.
-- A month of which rows already lie in the default partition is left to it, and so is one whose lock cannot be had
-- within two seconds: nothing is lost, and the next call tries again. Returns how many partitions were made.
-- (It looks into pg_class, because to_regclass would not see what another session made while this one waited.)
CREATE FUNCTION harvester.ensure_partitions(moment timestamptz) RETURNS integer
LANGUAGE plpgsql SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    parent text;
    ahead integer;
    opens timestamptz;
    closes timestamptz;
    name text;
    taken boolean;
    made integer := 0;
BEGIN
    FOREACH parent IN ARRAY ARRAY['observation', 'api_call', 'action_call'] LOOP
        FOR ahead IN 0..3 LOOP
            opens := date_trunc('month', moment) + make_interval(months => ahead);
            closes := opens + interval '1 month';
            name := format('%s_%s', parent, to_char(opens, 'YYYY_MM'));
            CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relnamespace = 'harvester'::regnamespace AND relname = name);
            PERFORM pg_advisory_xact_lock(hashtextextended('harvester.ensure_partitions', 0));
            CONTINUE WHEN EXISTS (SELECT FROM pg_class WHERE relnamespace = 'harvester'::regnamespace AND relname = name);
            EXECUTE format('SELECT EXISTS (SELECT FROM harvester.%I WHERE %I >= $1 AND %I < $2)',
                parent || '_default', CASE parent WHEN 'observation' THEN 'seen_at' ELSE 'at' END,
                CASE parent WHEN 'observation' THEN 'seen_at' ELSE 'at' END) INTO taken USING opens, closes;
            CONTINUE WHEN taken;
            BEGIN
                EXECUTE format(
                    'CREATE TABLE harvester.%I (LIKE harvester.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)',
                    name, parent);
                PERFORM harvester.protect_partition(parent, ('harvester.' || name)::regclass);
                EXECUTE format('ALTER TABLE harvester.%I ATTACH PARTITION harvester.%I FOR VALUES FROM (%L) TO (%L)',
                    parent, name, opens, closes);
                made := made + 1;
            EXCEPTION WHEN lock_not_available OR deadlock_detected OR check_violation THEN
                RAISE NOTICE 'partition % is made later: %', name, SQLERRM;
            END;
        END LOOP;
    END LOOP;
    RETURN made;
END
$$;

-- Whatever has no month of its own yet: no row is ever refused for want of a partition.
CREATE TABLE harvester.observation_default PARTITION OF harvester.observation DEFAULT;
CREATE TABLE harvester.api_call_default PARTITION OF harvester.api_call DEFAULT;
CREATE TABLE harvester.action_call_default PARTITION OF harvester.action_call DEFAULT;
SELECT harvester.protect_partition('observation', 'harvester.observation_default');
SELECT harvester.protect_partition('api_call', 'harvester.api_call_default');
SELECT harvester.protect_partition('action_call', 'harvester.action_call_default');
SELECT harvester.make_append_only('harvester.observation');
SELECT harvester.make_append_only('harvester.api_call');
SELECT harvester.make_append_only('harvester.action_call');
