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

-- Only one transaction at a time changes the actions of a profile. Whoever changes more than one takes this lock first,
-- before any row: then nobody ever waits for the other crosswise.
CREATE FUNCTION harvester.lock_history(which text) RETURNS void
LANGUAGE sql AS $$
    SELECT pg_advisory_xact_lock(hashtextextended('harvester.action_event ' || which, 0))
$$;

-- The events with their place in the chain of their profile, in one pass: one look at the end of each chain instead of
-- one for every event. They come sorted by profile.
CREATE FUNCTION harvester.chained(events harvester.action_event[]) RETURNS SETOF harvester.action_event
LANGUAGE plpgsql AS $$
DECLARE
    event harvester.action_event;
    chain text;
    last_sequence bigint;
    last_hash bytea;
BEGIN
    FOREACH event IN ARRAY events LOOP
        IF chain IS DISTINCT FROM event.profile_id THEN
            chain := event.profile_id;
            PERFORM harvester.lock_history(chain);
            SELECT sequence, hash INTO last_sequence, last_hash FROM harvester.action_event
                WHERE profile_id = chain ORDER BY sequence DESC LIMIT 1;
            IF NOT FOUND THEN
                last_sequence := 0;
                last_hash := '';
            END IF;
        END IF;
        last_sequence := last_sequence + 1;
        event.sequence := last_sequence;
        event.prev_hash := last_hash;
        last_hash := harvester.event_hash(event);
        event.hash := last_hash;
        RETURN NEXT event;
    END LOOP;
END
$$;

CREATE OR REPLACE FUNCTION harvester.record_new_actions() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO harvester.action_event SELECT * FROM harvester.chained(ARRAY(
        SELECT ROW(profile_id, NULL, action_id, plan_id, changed_at, NULL, state, reason, changed_by, fence,
            call_number, amazon_id, error_code, error_message, bid, fragment, NULL, NULL)::harvester.action_event
        FROM now_there ORDER BY profile_id, plan_id, position));
    RETURN NULL;
END
$$;

-- The plan of its join is made once in a session, for as many rows as changed that time: for one row that would be a
-- nested loop, which takes minutes when a hundred thousand change the next time.
CREATE OR REPLACE FUNCTION harvester.record_changed_actions() RETURNS trigger
LANGUAGE plpgsql SET enable_nestloop = off AS $$
BEGIN
    INSERT INTO harvester.action_event SELECT * FROM harvester.chained(ARRAY(
        SELECT ROW(now.profile_id, NULL, now.action_id, now.plan_id, now.changed_at, before.state, now.state, now.reason,
            now.changed_by, now.fence, now.call_number, now.amazon_id, now.error_code, now.error_message, now.bid,
            now.fragment, NULL, NULL)::harvester.action_event
        FROM now_there AS now JOIN before_that AS before USING (action_id)
        WHERE (now.state, now.fragment, now.bid, now.amazon_id)
            IS DISTINCT FROM (before.state, before.fragment, before.bid, before.amazon_id)
        ORDER BY now.profile_id, now.plan_id, now.position));
    RETURN NULL;
END
$$;

-- An event that is written by hand is chained as before; those that the triggers write are chained already.
CREATE OR REPLACE FUNCTION harvester.chain_event() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    SELECT * INTO NEW FROM harvester.chained(ARRAY[NEW]);
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
