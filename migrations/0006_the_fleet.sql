-- before: adds tables and columns that the code before does not know.
-- What a fleet of replicas shares: when each profile is due, who is there, how far anybody may go.

-- One piece of work that falls due: a run of a profile, or a chore of the whole fleet (then `profile_id` is empty).
-- Whoever notices first puts it here and into the queue in one transaction; the key lets nobody do so twice.
--
--   waiting -> running             a worker has it
--   running -> done                also: what is to be done was done by a run that began after it was due
--   running -> waiting             set aside: until `not_before`, with the reason; or its worker was told to stop
--   running -> failed              it cannot succeed before something changes, or its day is over; the reason says what
--   running -> given_up            so many workers died of it that nobody takes it again
--   waiting -> done                another slot's run has covered it
-- `deliveries` counts every taking and is the number by which its worker may write here; `unanswered` only those that
-- nobody reported back from.
CREATE TABLE harvester.slot (
    task text NOT NULL CHECK (task IN ('plan', 'follow_up', 'apply', 'reconcile', 'discover', 'expire', 'retain', 'notify')),
    profile_id text COLLATE "C" NOT NULL DEFAULT '',
    due_at timestamptz NOT NULL,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'failed', 'given_up')),
    put_at timestamptz NOT NULL DEFAULT now(),
    not_before timestamptz,
    deliveries integer NOT NULL DEFAULT 0,
    unanswered integer NOT NULL DEFAULT 0,
    failures integer NOT NULL DEFAULT 0,
    replica_id text COLLATE "C",
    started_at timestamptz,
    finished_at timestamptz,
    run_id text COLLATE "C",
    reason text NOT NULL DEFAULT '',
    PRIMARY KEY (task, profile_id, due_at),
    CHECK ((state IN ('waiting', 'running')) = (finished_at IS NULL))
) WITH (fillfactor = 70);
CREATE INDEX slot_open ON harvester.slot (due_at) WHERE state IN ('waiting', 'running');
CREATE INDEX slot_by_profile ON harvester.slot (profile_id, due_at);

-- A process that serves or works, and its last sign of life.
CREATE TABLE harvester.replica (
    replica_id text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('serve', 'worker')),
    host text NOT NULL,
    pid integer NOT NULL,
    version text NOT NULL,
    started_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    holds_clock boolean NOT NULL DEFAULT false,
    draining boolean NOT NULL DEFAULT false,
    running integer NOT NULL DEFAULT 0,
    ruleset_fingerprint text COLLATE "C",
    rules_error text
) WITH (fillfactor = 50);

-- What each login of the settings showed when it was last asked for its profiles. A profile that was listed before that
-- and not since is no longer one that the login can edit.
CREATE TABLE harvester.login (
    account text PRIMARY KEY,
    listed_at timestamptz,
    failed_since timestamptz,
    failure text,
    closed boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);
ALTER TABLE harvester.profile ADD COLUMN listed_at timestamptz;

-- How far a person lets the fleet, or a profile, go now; null: as far as the settings do. Never further than those.
ALTER TABLE harvester.fleet_state
    ADD COLUMN mode text CHECK (mode IN ('dry-run', 'review', 'auto')),
    ADD COLUMN mode_by text,
    ADD COLUMN mode_at timestamptz;
ALTER TABLE harvester.account_state
    ADD COLUMN mode text CHECK (mode IN ('dry-run', 'review', 'auto')),
    ADD COLUMN mode_by text,
    ADD COLUMN mode_at timestamptz;

CREATE VIEW ledger.slots AS
SELECT task, nullif(profile_id, '') AS profile_id, due_at, state, put_at, started_at, finished_at, not_before, deliveries,
    failures, replica_id, run_id, reason
FROM harvester.slot;
CREATE TRIGGER read_only INSTEAD OF INSERT OR UPDATE OR DELETE ON ledger.slots
    FOR EACH ROW EXECUTE FUNCTION harvester.refuse_change();
REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON ledger.slots FROM PUBLIC, CURRENT_USER;
COMMENT ON VIEW ledger.slots IS 'What fell due on the clock and what became of it.';
COMMENT ON COLUMN ledger.slots.task IS 'plan, follow_up, apply or reconcile (of a profile); discover, expire, retain or notify (of the fleet).';
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
COMMENT ON COLUMN ledger.slots.reason IS 'Why it was set aside, failed or given up.';

-- The queue of pgqueuer 1.6 (MIT licence, see NOTICE), as its own installer writes it for this schema and this channel.
CREATE TYPE harvester.pgqueuer_status AS ENUM ('queued', 'picked', 'successful', 'exception', 'canceled', 'deleted', 'failed');

CREATE TABLE harvester.pgqueuer (
    id bigserial NOT NULL PRIMARY KEY,
    priority integer NOT NULL,
    queue_manager_id uuid,
    created timestamp with time zone NOT NULL DEFAULT now(),
    updated timestamp with time zone NOT NULL DEFAULT now(),
    heartbeat timestamp with time zone NOT NULL DEFAULT now(),
    execute_after timestamp with time zone NOT NULL DEFAULT now(),
    status harvester.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL,
    dedupe_key text,
    payload bytea,
    headers jsonb,
    attempts integer NOT NULL DEFAULT 0,
    slot bigint
);

CREATE TABLE harvester.pgqueuer_log (
    id bigint GENERATED BY DEFAULT AS IDENTITY NOT NULL PRIMARY KEY,
    created timestamp with time zone NOT NULL DEFAULT now(),
    job_id bigint NOT NULL,
    status harvester.pgqueuer_status NOT NULL,
    priority integer NOT NULL,
    entrypoint text NOT NULL,
    traceback jsonb,
    aggregated boolean DEFAULT false
);

CREATE TABLE harvester.pgqueuer_schedules (
    id bigserial NOT NULL PRIMARY KEY,
    expression text NOT NULL,
    entrypoint text NOT NULL,
    heartbeat timestamp with time zone NOT NULL DEFAULT now(),
    created timestamp with time zone NOT NULL DEFAULT now(),
    updated timestamp with time zone NOT NULL DEFAULT now(),
    next_run timestamp with time zone NOT NULL DEFAULT now(),
    last_run timestamp with time zone,
    status harvester.pgqueuer_status DEFAULT 'queued'::harvester.pgqueuer_status,
    UNIQUE (expression, entrypoint)
);

CREATE TABLE harvester.pgqueuer_statistics (
    id bigserial NOT NULL PRIMARY KEY,
    created timestamp with time zone NOT NULL DEFAULT date_trunc('sec'::text, now()),
    count bigint NOT NULL,
    priority integer NOT NULL,
    status harvester.pgqueuer_status NOT NULL,
    entrypoint text NOT NULL
);

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

CREATE FUNCTION harvester.fn_pgqueuer_changed() RETURNS TRIGGER AS $$
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
$$ LANGUAGE plpgsql;

CREATE TRIGGER tg_pgqueuer_changed
AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON harvester.pgqueuer
EXECUTE FUNCTION harvester.fn_pgqueuer_changed();

-- Every replica reads and deletes here all the time: cleaned early, changed in place.
ALTER TABLE harvester.pgqueuer SET (
    fillfactor = 70, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000);
