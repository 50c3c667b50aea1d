-- Plans, their reviews, and the actions in them with their history.

CREATE SEQUENCE harvester.plan_number;
CREATE SEQUENCE harvester.action_number;

-- What follows from one run. The plan itself never changes; its state follows from its actions (harvester.plan_state).
CREATE TABLE harvester.plan (
    plan_id text COLLATE "C" PRIMARY KEY DEFAULT 'p' || nextval('harvester.plan_number'),
    profile_id text COLLATE "C" NOT NULL REFERENCES harvester.profile,
    account text NOT NULL,
    run_id text COLLATE "C" NOT NULL REFERENCES harvester.run,
    complete boolean NOT NULL,
    fingerprint text COLLATE "C" NOT NULL,
    mode text NOT NULL CHECK (mode IN ('dry-run', 'review', 'auto')),
    ruleset_fingerprint text COLLATE "C" NOT NULL,
    created_at timestamptz NOT NULL,
    candidates bigint NOT NULL,
    promote bigint NOT NULL,
    negate bigint NOT NULL,
    hold bigint NOT NULL,
    skip bigint NOT NULL,
    actions bigint NOT NULL,
    guarded bigint NOT NULL,
    advice text[] NOT NULL,
    CONSTRAINT plan_one_per_run UNIQUE (run_id)
);
CREATE INDEX plan_by_profile ON harvester.plan (profile_id, created_at);
SELECT harvester.make_append_only('harvester.plan');
-- Foreign keys to a plan lock its row, for which Postgres asks its owner for UPDATE on one column (a superuser never
-- notices). The trigger refuses every UPDATE all the same.
GRANT UPDATE (plan_id) ON harvester.plan TO CURRENT_USER;

-- Who said what about which items, having seen which fingerprint.
CREATE TABLE harvester.plan_review (
    review_number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id text COLLATE "C" NOT NULL REFERENCES harvester.plan,
    fingerprint text COLLATE "C" NOT NULL,
    verdict text NOT NULL CHECK (verdict IN ('approve', 'decline', 'hold', 'edit')),
    reviewed_by text NOT NULL CHECK (reviewed_by <> ''),
    reviewed_at timestamptz NOT NULL,
    expires_at timestamptz,
    action_ids text[] NOT NULL,
    note text
);
CREATE INDEX plan_review_by_plan ON harvester.plan_review (plan_id);
SELECT harvester.make_append_only('harvester.plan_review');

-- One effect on the account, and how far it has come. Every change of state, fragment or bid is copied into
-- action_event by a trigger, with what `changed_at`, `changed_by`, `fence` and `call_number` say about it.
--
--   from                    to
--   planned, guarded, held  approved, declined, held, superseded
--   approved                sending, declined, held, superseded, stale, planned, guarded (an expired approval)
--   sending                 done, refused, unknown, approved (a 429 or 401 proves that nothing was done)
--   unknown                 done, refused, stale, approved (a listing shows that it never arrived)
--   done                    undone
--   declined, superseded, refused, stale, undone: stay
CREATE TABLE harvester.action (
    action_id text COLLATE "C" PRIMARY KEY DEFAULT 'a' || nextval('harvester.action_number'),
    plan_id text COLLATE "C" NOT NULL REFERENCES harvester.plan DEFERRABLE INITIALLY DEFERRED,
    position integer NOT NULL,
    profile_id text COLLATE "C" NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    kind text NOT NULL,
    effect text COLLATE "C" NOT NULL,
    state text NOT NULL CHECK (state IN ('planned', 'guarded', 'held', 'approved', 'declined', 'superseded', 'sending',
                                         'done', 'refused', 'unknown', 'stale', 'undone')),
    reason text NOT NULL,
    rule text NOT NULL,
    target text NOT NULL,
    key text COLLATE "C" NOT NULL,
    match text,
    level text CHECK (level IN ('ad_group', 'campaign')),
    campaign_id text NOT NULL,
    campaign_name text NOT NULL,
    ad_group_id text COLLATE "C" NOT NULL,
    ad_group_name text NOT NULL,
    group_id text NOT NULL,
    source_campaign_id text NOT NULL,
    source_campaign_name text NOT NULL,
    source_ad_group_id text NOT NULL,
    source_ad_group_name text NOT NULL,
    ad_id text NOT NULL,
    asin text COLLATE "C" NOT NULL,
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
    reviewed_at timestamptz,
    expires_at timestamptz,
    attempts integer NOT NULL DEFAULT 0,
    sent_at timestamptz,
    settled_at timestamptz,
    amazon_id text COLLATE "C",
    error_code text,
    error_message text,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    fence bigint,
    call_number bigint,
    CONSTRAINT action_position UNIQUE (plan_id, position)
) WITH (fillfactor = 70);

-- No two plans, runs, ads or replicas can both own an effect that is on its way or stands.
CREATE UNIQUE INDEX action_one_per_effect ON harvester.action (profile_id, effect)
    WHERE state IN ('approved', 'sending', 'unknown', 'done');
CREATE INDEX action_unreviewed ON harvester.action (profile_id, plan_id) WHERE state IN ('planned', 'guarded', 'held');
CREATE INDEX action_closed ON harvester.action (profile_id, effect) WHERE state IN ('declined', 'undone');
CREATE INDEX action_by_amazon_id ON harvester.action (amazon_id) WHERE amazon_id IS NOT NULL;
CREATE INDEX action_by_key ON harvester.action (profile_id, key);

CREATE FUNCTION harvester.check_transition() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    IF (OLD.action_id, OLD.plan_id, OLD.position, OLD.profile_id, OLD.run_id, OLD.kind, OLD.effect, OLD.target, OLD.key,
        OLD.match, OLD.level, OLD.leader)
       IS DISTINCT FROM
       (NEW.action_id, NEW.plan_id, NEW.position, NEW.profile_id, NEW.run_id, NEW.kind, NEW.effect, NEW.target, NEW.key,
        NEW.match, NEW.level, NEW.leader) THEN
        RAISE EXCEPTION 'action % cannot become another action', OLD.action_id USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.fragment <> NEW.fragment AND OLD.state NOT IN ('planned', 'guarded', 'held', 'approved') THEN
        RAISE EXCEPTION 'the request of action % was sent and stays as it was', OLD.action_id
            USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state <> NEW.state AND NOT (CASE OLD.state
        WHEN 'planned' THEN NEW.state IN ('approved', 'declined', 'held', 'superseded')
        WHEN 'guarded' THEN NEW.state IN ('approved', 'declined', 'held', 'superseded')
        WHEN 'held' THEN NEW.state IN ('approved', 'declined', 'superseded')
        WHEN 'approved' THEN NEW.state IN ('sending', 'declined', 'held', 'superseded', 'stale', 'planned', 'guarded')
        WHEN 'sending' THEN NEW.state IN ('done', 'refused', 'unknown', 'approved')
        WHEN 'unknown' THEN NEW.state IN ('done', 'refused', 'stale', 'approved')
        WHEN 'done' THEN NEW.state IN ('undone')
        ELSE false END) THEN
        RAISE EXCEPTION 'action % is % and cannot become %', OLD.action_id, OLD.state, NEW.state
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'action_transition';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER check_transition BEFORE UPDATE ON harvester.action
    FOR EACH ROW EXECUTE FUNCTION harvester.check_transition();
CREATE TRIGGER nothing_is_deleted BEFORE DELETE OR TRUNCATE ON harvester.action
    FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

-- Every change of an action, in order, chained by hash within its profile.
CREATE TABLE harvester.action_event (
    profile_id text COLLATE "C" NOT NULL,
    sequence bigint NOT NULL,
    action_id text COLLATE "C" NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    at timestamptz NOT NULL,
    from_state text,
    to_state text NOT NULL,
    reason text NOT NULL,
    changed_by text NOT NULL,
    fence bigint,
    call_number bigint,
    amazon_id text COLLATE "C",
    error_code text,
    error_message text,
    bid numeric,
    fragment text NOT NULL,
    prev_hash bytea NOT NULL,
    hash bytea NOT NULL,
    PRIMARY KEY (profile_id, sequence)
);
CREATE INDEX action_event_by_action ON harvester.action_event (action_id);
SELECT harvester.make_append_only('harvester.action_event');

-- SHA-256 over the hash before and the row's content; the check of the chain calls the same function.
CREATE FUNCTION harvester.event_hash(event harvester.action_event) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(event.prev_hash || convert_to(json_build_array(
        event.profile_id, event.sequence, event.action_id, event.plan_id, extract(epoch FROM event.at)::text,
        event.from_state, event.to_state, event.reason, event.changed_by, event.fence, event.call_number,
        event.amazon_id, event.error_code, event.error_message, event.bid::text, event.fragment)::text, 'UTF8'))
$$;

-- Profiles do not wait for one another; two transactions of one profile append one after the other.
CREATE FUNCTION harvester.chain_event() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('harvester.action_event ' || NEW.profile_id, 0));
    SELECT sequence + 1, hash INTO NEW.sequence, NEW.prev_hash FROM harvester.action_event
        WHERE profile_id = NEW.profile_id ORDER BY sequence DESC LIMIT 1;
    IF NOT FOUND THEN
        NEW.sequence := 1;
        NEW.prev_hash := '';
    END IF;
    NEW.hash := harvester.event_hash(NEW);
    RETURN NEW;
END
$$;

CREATE TRIGGER chain_event BEFORE INSERT ON harvester.action_event
    FOR EACH ROW EXECUTE FUNCTION harvester.chain_event();
ALTER TABLE harvester.action_event ENABLE ALWAYS TRIGGER chain_event;

CREATE FUNCTION harvester.record_new_actions() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO harvester.action_event (profile_id, action_id, plan_id, at, to_state, reason, changed_by, fence,
        call_number, amazon_id, error_code, error_message, bid, fragment)
    SELECT profile_id, action_id, plan_id, changed_at, state, reason, changed_by, fence,
        call_number, amazon_id, error_code, error_message, bid, fragment
    FROM now_there ORDER BY position;
    RETURN NULL;
END
$$;

CREATE FUNCTION harvester.record_changed_actions() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO harvester.action_event (profile_id, action_id, plan_id, at, from_state, to_state, reason, changed_by,
        fence, call_number, amazon_id, error_code, error_message, bid, fragment)
    SELECT now.profile_id, now.action_id, now.plan_id, now.changed_at, before.state, now.state, now.reason,
        now.changed_by, now.fence, now.call_number, now.amazon_id, now.error_code, now.error_message, now.bid,
        now.fragment
    FROM now_there AS now JOIN before_that AS before USING (action_id)
    WHERE (now.state, now.fragment, now.bid, now.amazon_id)
        IS DISTINCT FROM (before.state, before.fragment, before.bid, before.amazon_id)
    ORDER BY now.plan_id, now.position;
    RETURN NULL;
END
$$;

CREATE TRIGGER record_new AFTER INSERT ON harvester.action
    REFERENCING NEW TABLE AS now_there FOR EACH STATEMENT EXECUTE FUNCTION harvester.record_new_actions();
CREATE TRIGGER record_changed AFTER UPDATE ON harvester.action
    REFERENCING OLD TABLE AS before_that NEW TABLE AS now_there
    FOR EACH STATEMENT EXECUTE FUNCTION harvester.record_changed_actions();
ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER record_new;
ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER record_changed;
ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER check_transition;
ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER nothing_is_deleted;

-- Which decisions an action folds, by (run, place); ordinal 0 is the leader.
CREATE TABLE harvester.action_observation (
    action_id text COLLATE "C" NOT NULL,
    ordinal integer NOT NULL,
    run_id text COLLATE "C" NOT NULL,
    place integer NOT NULL,
    PRIMARY KEY (action_id, ordinal)
);
CREATE INDEX action_observation_by_decision ON harvester.action_observation (run_id, place);
SELECT harvester.make_append_only('harvester.action_observation');

-- The state of a plan, from the states of its actions. This is the one place that says so.
--   empty       it holds no action
--   applying    something is sending or unknown, or some of what was approved is settled and some is not
--   reviewed    something is approved, nothing sent; `expired` when every approval has run out
--   applied     something was settled, or everything declined, and nothing is approved, sending or unknown
--   planned     nothing of it was reviewed yet
--   superseded  a newer plan took over before anybody reviewed it
CREATE VIEW harvester.plan_state AS
SELECT plan.plan_id,
    CASE
        WHEN plan.actions = 0 THEN 'empty'
        WHEN tally.moving > 0 THEN 'applying'
        WHEN tally.approved > 0 AND tally.settled > 0 THEN 'applying'
        WHEN tally.approved > 0 AND tally.in_force = 0 THEN 'expired'
        WHEN tally.approved > 0 THEN 'reviewed'
        WHEN tally.settled > 0 THEN 'applied'
        WHEN tally.waiting > 0 THEN 'planned'
        WHEN tally.declined > 0 THEN 'applied'
        ELSE 'superseded'
    END AS state
FROM harvester.plan
CROSS JOIN LATERAL (
    SELECT
        count(*) FILTER (WHERE action.state IN ('sending', 'unknown')) AS moving,
        count(*) FILTER (WHERE action.state = 'approved') AS approved,
        count(*) FILTER (WHERE action.state = 'approved'
            AND (action.expires_at IS NULL OR action.expires_at > now())) AS in_force,
        count(*) FILTER (WHERE action.state IN ('done', 'refused', 'stale', 'undone')) AS settled,
        count(*) FILTER (WHERE action.state IN ('planned', 'guarded', 'held')) AS waiting,
        count(*) FILTER (WHERE action.state = 'declined') AS declined
    FROM harvester.action WHERE action.plan_id = plan.plan_id
) AS tally;
