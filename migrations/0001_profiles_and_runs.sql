-- Whose accounts, under which rules, and each harvest of them.
-- Tables live in the schema `harvester` and may change; analysts read the views of the schema `ledger`.
-- Ids and keys have the collation "C": they are compared byte by byte, alike and fast on every server.

CREATE SCHEMA ledger;

CREATE FUNCTION harvester.refuse_change() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on %.% is refused: what has happened is kept as it was', TG_OP, TG_TABLE_SCHEMA, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME;
END
$$;

-- Makes a table insert-only, for its owner too, and in sessions that switch ordinary triggers off.
CREATE FUNCTION harvester.make_append_only(which regclass) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format(
        'CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s '
        'FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change()', which);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', which);
    EXECUTE format('REVOKE UPDATE, DELETE, TRUNCATE ON %s FROM PUBLIC, CURRENT_USER', which);
END
$$;

CREATE TABLE harvester.profile (
    profile_id text COLLATE "C" PRIMARY KEY,
    account text NOT NULL,
    region text NOT NULL CHECK (region IN ('NA', 'EU', 'FE')),
    country text NOT NULL,
    currency text NOT NULL,
    timezone text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    marketplace_id text,
    first_seen_at timestamptz NOT NULL DEFAULT now()
);

-- What changes often about a profile. The fence grows with every run and every taking-up of one: whoever holds an
-- older fence has been overtaken and may write nothing more.
CREATE TABLE harvester.account_state (
    profile_id text COLLATE "C" PRIMARY KEY REFERENCES harvester.profile,
    fence bigint NOT NULL DEFAULT 0,
    paused boolean NOT NULL DEFAULT false,
    paused_by text,
    paused_at timestamptz
);

CREATE FUNCTION harvester.refuse_older_fence() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the fence of profile % only grows: % is not after %', OLD.profile_id, NEW.fence, OLD.fence
        USING ERRCODE = 'restrict_violation';
END
$$;

CREATE TRIGGER fence_grows BEFORE UPDATE ON harvester.account_state
    FOR EACH ROW WHEN (NEW.fence < OLD.fence) EXECUTE FUNCTION harvester.refuse_older_fence();

-- ASINs seen advertised in the profile, in this and earlier runs.
CREATE TABLE harvester.own_product (
    profile_id text COLLATE "C" NOT NULL REFERENCES harvester.profile,
    asin text COLLATE "C" NOT NULL,
    first_seen_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (profile_id, asin)
);

-- What the account held where we looked: one row per list, replaced when the list is read again.
CREATE TABLE harvester.existing (
    profile_id text COLLATE "C" NOT NULL REFERENCES harvester.profile,
    what text NOT NULL,
    listed_at timestamptz NOT NULL,
    count bigint NOT NULL,
    parents jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (profile_id, what)
);

CREATE TABLE harvester.ruleset (
    fingerprint text COLLATE "C" PRIMARY KEY,
    text text NOT NULL,
    saved_at timestamptz NOT NULL DEFAULT now()
);
SELECT harvester.make_append_only('harvester.ruleset');

CREATE SEQUENCE harvester.run_number;

-- States: running -> complete (everything was read), partial (some of it could not be), failed. The last three stay.
CREATE TABLE harvester.run (
    run_id text COLLATE "C" PRIMARY KEY DEFAULT 'r' || nextval('harvester.run_number'),
    profile_id text COLLATE "C" NOT NULL REFERENCES harvester.profile,
    account text NOT NULL,
    source text NOT NULL,
    trigger text NOT NULL,
    mode text NOT NULL CHECK (mode IN ('dry-run', 'review', 'auto')),
    ruleset_fingerprint text COLLATE "C" NOT NULL,
    started_at timestamptz NOT NULL DEFAULT now(),
    finished_at timestamptz,
    state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'complete', 'partial', 'failed')),
    fence bigint NOT NULL,
    cursor text NOT NULL DEFAULT '{}',
    pages integer NOT NULL DEFAULT 0,
    recommendations bigint NOT NULL DEFAULT 0,
    troubles text[] NOT NULL DEFAULT '{}',
    error text,
    CHECK ((state = 'running') = (finished_at IS NULL))
) WITH (fillfactor = 50);

CREATE UNIQUE INDEX run_one_running ON harvester.run (profile_id) WHERE state = 'running';
CREATE INDEX run_by_profile ON harvester.run (profile_id, started_at);

CREATE TRIGGER finished_stays BEFORE UPDATE ON harvester.run
    FOR EACH ROW WHEN (OLD.state <> 'running') EXECUTE FUNCTION harvester.refuse_change();
CREATE TRIGGER nothing_is_deleted BEFORE DELETE OR TRUNCATE ON harvester.run
    FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();
