-- What review, sending, settling and undo need of Postgres.

-- `seen`: JSON text of what must still be so when it is sent. `undoes`: the action that this one takes back. `follows`:
-- the promotion whose source this negative closes. `approved_from`: the state that an approval which runs out, or an
-- edit, leads back to.
ALTER TABLE harvester.action
    ADD COLUMN seen text NOT NULL DEFAULT '',
    ADD COLUMN undoes text COLLATE "C" REFERENCES harvester.action,
    ADD COLUMN follows text COLLATE "C" REFERENCES harvester.action,
    ADD COLUMN approved_from text CHECK (approved_from IN ('planned', 'guarded', 'held'));

-- Of the plan as an edit left it; what the editor had seen is in `fingerprint`, as with every review.
ALTER TABLE harvester.plan_review
    ADD COLUMN new_fingerprint text COLLATE "C" CHECK ((verdict = 'edit') = (new_fingerprint IS NOT NULL));

-- An undo that is done stays done, and the same thing may be done and undone again: an undo is unique among those of
-- the same action. (Of a promotion group there is one for each campaign that came with it.)
DROP INDEX harvester.action_one_per_effect;
CREATE UNIQUE INDEX action_one_per_effect ON harvester.action (profile_id, effect)
    WHERE state IN ('approved', 'sending', 'unknown', 'done') AND undoes IS NULL;
CREATE UNIQUE INDEX action_one_undo ON harvester.action (undoes, effect)
    WHERE state IN ('approved', 'sending', 'unknown', 'done') AND undoes IS NOT NULL;
CREATE INDEX action_undoes ON harvester.action (undoes) WHERE undoes IS NOT NULL;
CREATE INDEX action_follows ON harvester.action (follows) WHERE follows IS NOT NULL;
CREATE INDEX action_moving ON harvester.action (profile_id, plan_id) WHERE state IN ('approved', 'sending', 'unknown');
CREATE INDEX action_done ON harvester.action (profile_id, action_id) WHERE state = 'done';
CREATE INDEX action_due ON harvester.action (profile_id, settled_at) WHERE state = 'done' AND follow_up <> '';

-- The kill switch for everybody; a profile's own is in account_state.
CREATE TABLE harvester.fleet_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    paused boolean NOT NULL DEFAULT false,
    paused_by text,
    paused_at timestamptz
);
INSERT INTO harvester.fleet_state DEFAULT VALUES;
CREATE TRIGGER nothing_is_deleted BEFORE DELETE OR TRUNCATE ON harvester.fleet_state
    FOR EACH STATEMENT EXECUTE FUNCTION harvester.refuse_change();

-- Of the plan as it is now: of its newest edit, else of its making.
CREATE FUNCTION harvester.plan_fingerprint(which text) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT new_fingerprint FROM harvester.plan_review WHERE plan_id = which AND verdict = 'edit'
         ORDER BY review_number DESC LIMIT 1),
        (SELECT fingerprint FROM harvester.plan WHERE plan_id = which))
$$;

-- Which state may follow which (the table above harvester.action).
CREATE FUNCTION harvester.may_become(before text, after text) RETURNS boolean
LANGUAGE sql IMMUTABLE AS $$
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

-- A group's id becomes known while its promotions wait for it; everything else that says what an action is stays.
CREATE OR REPLACE FUNCTION harvester.check_transition() RETURNS trigger
LANGUAGE plpgsql AS $$
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

-- What a change of state leaves alone is compared here, for every row; the function is called where there is more to say.
DROP TRIGGER check_transition ON harvester.action;
CREATE TRIGGER check_transition BEFORE UPDATE ON harvester.action
    FOR EACH ROW WHEN (
        OLD.action_id IS DISTINCT FROM NEW.action_id OR OLD.plan_id IS DISTINCT FROM NEW.plan_id
        OR OLD.position IS DISTINCT FROM NEW.position OR OLD.profile_id IS DISTINCT FROM NEW.profile_id
        OR OLD.run_id IS DISTINCT FROM NEW.run_id OR OLD.kind IS DISTINCT FROM NEW.kind
        OR OLD.effect IS DISTINCT FROM NEW.effect OR OLD.target IS DISTINCT FROM NEW.target
        OR OLD.key IS DISTINCT FROM NEW.key OR OLD.match IS DISTINCT FROM NEW.match
        OR OLD.level IS DISTINCT FROM NEW.level OR OLD.leader IS DISTINCT FROM NEW.leader
        OR OLD.seen IS DISTINCT FROM NEW.seen OR OLD.undoes IS DISTINCT FROM NEW.undoes
        OR OLD.follows IS DISTINCT FROM NEW.follows OR OLD.campaign_id IS DISTINCT FROM NEW.campaign_id
        OR OLD.ad_group_id IS DISTINCT FROM NEW.ad_group_id
        OR OLD.source_campaign_id IS DISTINCT FROM NEW.source_campaign_id
        OR OLD.source_ad_group_id IS DISTINCT FROM NEW.source_ad_group_id
        OR OLD.follow_up IS DISTINCT FROM NEW.follow_up OR OLD.fragment IS DISTINCT FROM NEW.fragment
        OR OLD.bid IS DISTINCT FROM NEW.bid OR OLD.group_id IS DISTINCT FROM NEW.group_id
        OR (OLD.amazon_id IS NOT NULL AND OLD.amazon_id IS DISTINCT FROM NEW.amazon_id)
        OR NOT harvester.may_become(OLD.state, NEW.state)
    ) EXECUTE FUNCTION harvester.check_transition();
ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER check_transition;

-- Only one transaction at a time changes the actions of a profile. Whoever changes more than one takes this lock first,
-- before any row: then nobody ever waits for the other crosswise.
CREATE FUNCTION harvester.lock_history(which text) RETURNS void
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('harvester.action_event ' || which, 0))
$$;

-- What the hash of an event covers, but for the hash before it.
CREATE FUNCTION harvester.event_content(event harvester.action_event) RETURNS text
LANGUAGE sql STABLE AS $$
    SELECT json_build_array(
        event.profile_id, event.sequence, event.action_id, event.plan_id, extract(epoch FROM event.at)::text,
        event.from_state, event.to_state, event.reason, event.changed_by, event.fence, event.call_number,
        event.amazon_id, event.error_code, event.error_message, event.bid::text, event.fragment)::text
$$;

CREATE FUNCTION harvester.next_hash(before bytea, start bytea, content text) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    RETURN sha256(coalesce(before, start) || convert_to(content, 'UTF8'));
END
$$;

-- Over events in order: the hash of each, where the chain so far ends with `start`.
CREATE AGGREGATE harvester.chained(start bytea, content text) (SFUNC = harvester.next_hash, STYPE = bytea);

-- Where the chain of a profile ends; nobody else appends to it until the end of this transaction.
CREATE FUNCTION harvester.end_of_chain(which text, OUT sequence bigint, OUT hash bytea)
LANGUAGE plpgsql AS $$
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

-- The events of a statement are chained in one pass over them.
CREATE OR REPLACE FUNCTION harvester.record_new_actions() RETURNS trigger
LANGUAGE plpgsql AS $$
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
            SELECT *, harvester.chained(last.hash, harvester.event_content(ROW(profile_id, sequence, action_id, plan_id,
                at, from_state, to_state, reason, changed_by, fence, call_number, amazon_id, error_code, error_message,
                bid, fragment, NULL, NULL)::harvester.action_event)) OVER in_order AS hash
            FROM (
                SELECT profile_id, last.sequence + row_number() OVER (ORDER BY plan_id, position) AS sequence, action_id,
                    plan_id, changed_at AS at, NULL AS from_state, state AS to_state, reason, changed_by, fence,
                    call_number, amazon_id, error_code, error_message, bid, fragment
                FROM now_there WHERE profile_id = which
            ) AS numbered
            WINDOW in_order AS (ORDER BY sequence ROWS UNBOUNDED PRECEDING)
        ) AS linked
        WINDOW in_order AS (ORDER BY sequence);
    END LOOP;
    RETURN NULL;
END
$$;

-- The plan of its join is made once in a session, for as many rows as changed that time: for one row that would be a
-- nested loop, which takes minutes when a hundred thousand change the next time.
CREATE OR REPLACE FUNCTION harvester.record_changed_actions() RETURNS trigger
LANGUAGE plpgsql SET enable_nestloop = off AS $$
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
            SELECT *, harvester.chained(last.hash, harvester.event_content(ROW(profile_id, sequence, action_id, plan_id,
                at, from_state, to_state, reason, changed_by, fence, call_number, amazon_id, error_code, error_message,
                bid, fragment, NULL, NULL)::harvester.action_event)) OVER in_order AS hash
            FROM (
                SELECT now.profile_id, last.sequence + row_number() OVER (ORDER BY now.plan_id, now.position) AS sequence,
                    now.action_id, now.plan_id, now.changed_at AS at, before.state AS from_state,
                    now.state AS to_state, now.reason, now.changed_by, now.fence, now.call_number, now.amazon_id,
                    now.error_code, now.error_message, now.bid, now.fragment
                FROM now_there AS now JOIN before_that AS before USING (action_id)
                WHERE now.profile_id = which AND (now.state, now.fragment, now.bid, now.amazon_id)
                    IS DISTINCT FROM (before.state, before.fragment, before.bid, before.amazon_id)
            ) AS numbered
            WINDOW in_order AS (ORDER BY sequence ROWS UNBOUNDED PRECEDING)
        ) AS linked
        WINDOW in_order AS (ORDER BY sequence);
    END LOOP;
    RETURN NULL;
END
$$;

-- An event that is written by hand is chained as before; those that the triggers write are chained already.
CREATE OR REPLACE FUNCTION harvester.chain_event() RETURNS trigger
LANGUAGE plpgsql AS $$
DECLARE
    last record := harvester.end_of_chain(NEW.profile_id);
BEGIN
    NEW.sequence := last.sequence + 1;
    NEW.prev_hash := last.hash;
    NEW.hash := harvester.event_hash(NEW);
    RETURN NEW;
END
$$;
DROP TRIGGER chain_event ON harvester.action_event;
CREATE TRIGGER chain_event BEFORE INSERT ON harvester.action_event
    FOR EACH ROW WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION harvester.chain_event();
ALTER TABLE harvester.action_event ENABLE ALWAYS TRIGGER chain_event;

-- An action as the program reads it, in the order of its fields; `run_id` beside them.
CREATE VIEW harvester.standing AS
SELECT action_id, plan_id, position, profile_id, kind, effect, state, reason, rule, target, key, match, level,
    campaign_id, ad_group_id, group_id, source_campaign_id, source_ad_group_id, clicks, conversions, bid::text AS bid,
    currency, fragment, follow_up, seen, undoes, follows, reviewed_by, reviewed_at, expires_at, attempts, sent_at,
    settled_at, amazon_id, fence, run_id
FROM harvester.action;

CREATE OR REPLACE VIEW ledger.actions AS
SELECT action.action_id, action.plan_id, action.run_id || '-' || action.leader AS decision_id, action.profile_id,
    action.kind, action.target, action.match, action.level, nullif(action.campaign_id, '') AS campaign_id,
    nullif(action.ad_group_id, '') AS ad_group_id, nullif(action.group_id, '') AS group_id, action.bid,
    nullif(action.currency, '') AS currency, action.state, action.attempts, action.amazon_id, action.error_code,
    action.error_message, plan.created_at AS planned_at, action.reviewed_by, action.reviewed_at, action.sent_at,
    action.settled_at, action.position, action.rule, action.reason, action.key, action.effect, action.fragment,
    action.bid_formula, action.note, action.undoes, action.follows
FROM harvester.action
JOIN harvester.plan ON plan.plan_id = action.plan_id;

COMMENT ON COLUMN ledger.actions.undoes IS 'The action that this one takes back; null for all others.';
COMMENT ON COLUMN ledger.actions.follows IS 'The promotion whose source this negative closes; null for all others.';
COMMENT ON COLUMN ledger.actions.error_message IS 'Amazon''s, where it refused; what moved, where it is stale; why it is not known, where it is unknown; why it was not sent, where it is approved again.';
COMMENT ON COLUMN ledger.actions.reviewed_by IS 'A person''s name, or auto: and the rule; two names where two persons had to agree.';
COMMENT ON COLUMN ledger.actions.reviewed_at IS 'When the verdict in force was given.';
