-- A step from approved to sending to done rewrites an item in its own page and touches no index: none of them looks at a
-- column that such a step changes. Before: the release before reads and writes all of this as it did, more slowly where
-- it asks for states without `phase`. Adding a computed column writes the table anew: nothing can be reviewed or sent
-- meanwhile.

-- The part of its life that an item is in; the same before and after each of those steps.
--   waiting  for a verdict: planned, guarded, held
--   owning   its effect: approved, sending, unknown, done
--   closed   its effect is remembered for a while: declined, undone
--   void     superseded, refused, stale
ALTER TABLE harvester.action
    ADD COLUMN phase text COLLATE "C" NOT NULL GENERATED ALWAYS AS (CASE
        WHEN state IN ('approved', 'sending', 'unknown', 'done') THEN 'owning'
        WHEN state IN ('planned', 'guarded', 'held') THEN 'waiting'
        WHEN state IN ('declined', 'undone') THEN 'closed'
        ELSE 'void' END) STORED;

-- Room for the row as it was and as it becomes.
ALTER TABLE harvester.action SET (fillfactor = 45);

DROP INDEX harvester.action_one_per_effect;
CREATE UNIQUE INDEX action_one_per_effect ON harvester.action (profile_id, effect)
    WHERE phase = 'owning' AND undoes IS NULL;
DROP INDEX harvester.action_one_undo;
CREATE UNIQUE INDEX action_one_undo ON harvester.action (undoes, effect)
    WHERE phase = 'owning' AND undoes IS NOT NULL;
DROP INDEX harvester.action_unreviewed;
CREATE INDEX action_unreviewed ON harvester.action (profile_id, plan_id) WHERE phase = 'waiting';
DROP INDEX harvester.action_closed;
CREATE INDEX action_closed ON harvester.action (profile_id, effect) WHERE phase = 'closed';
DROP INDEX harvester.action_done;
CREATE INDEX action_owning ON harvester.action (profile_id, action_id) WHERE phase = 'owning';
DROP INDEX harvester.action_due;
CREATE INDEX action_due ON harvester.action (profile_id) WHERE phase = 'owning' AND follow_up <> '';
DROP INDEX harvester.action_moving;
DROP INDEX harvester.action_by_amazon_id;
DROP INDEX harvester.action_unknown;
DROP INDEX harvester.action_refused;
CREATE INDEX action_event_refused ON harvester.action_event (at) WHERE to_state = 'refused';

-- An id at Amazon is looked up in the history: it is written there once, with the step that made it known.
CREATE INDEX action_event_by_amazon_id ON harvester.action_event (amazon_id) WHERE amazon_id IS NOT NULL;

-- Every plan with an item that is approved, sending or unknown, and for a while some that had one.
CREATE TABLE harvester.open_plan (
    profile_id text COLLATE "C" NOT NULL,
    plan_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (profile_id, plan_id)
);
INSERT INTO harvester.open_plan (profile_id, plan_id)
SELECT DISTINCT profile_id, plan_id FROM harvester.action WHERE state IN ('approved', 'sending', 'unknown');

-- What a change of state leaves alone is compared here, for every row; the function is called where there is more to say.
-- After, not before: a trigger before the change would have every row locked and read again first.
DROP TRIGGER check_transition ON harvester.action;
CREATE TRIGGER check_transition AFTER UPDATE ON harvester.action
    FOR EACH ROW WHEN (
        NOT harvester.may_become(OLD.state, NEW.state)
        OR OLD.fragment IS DISTINCT FROM NEW.fragment
        OR OLD.bid IS DISTINCT FROM NEW.bid OR OLD.group_id IS DISTINCT FROM NEW.group_id
        OR (OLD.amazon_id IS NOT NULL AND OLD.amazon_id IS DISTINCT FROM NEW.amazon_id)
    ) EXECUTE FUNCTION harvester.check_transition();
CREATE TRIGGER check_identity AFTER UPDATE OF action_id, plan_id, position, profile_id, run_id, kind, effect, target, key,
        match, level, leader, seen, undoes, follows, campaign_id, ad_group_id, source_campaign_id, source_ad_group_id,
        follow_up
    ON harvester.action FOR EACH ROW EXECUTE FUNCTION harvester.check_transition();
ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER check_transition;
ALTER TABLE harvester.action ENABLE ALWAYS TRIGGER check_identity;

-- As before, in one pass: each event is hashed from its columns, in the order that `event_content` has them.
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

-- The plan of its join is made once in a session, for as many rows as changed that time: for one row that would be a
-- nested loop, which takes minutes when a hundred thousand change the next time.
CREATE OR REPLACE FUNCTION harvester.record_changed_actions() RETURNS trigger
LANGUAGE plpgsql SET enable_nestloop = off SET enable_hashjoin = on AS $$
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
                SELECT now.profile_id, last.sequence + row_number() OVER in_order AS sequence, now.action_id, now.plan_id,
                    now.changed_at AS at, before.state AS from_state, now.state AS to_state, now.reason, now.changed_by,
                    now.fence, now.call_number, now.amazon_id, now.error_code, now.error_message, now.bid, now.fragment,
                    now.position
                FROM now_there AS now JOIN before_that AS before USING (action_id)
                WHERE now.profile_id = which AND (now.state <> before.state OR now.fragment <> before.fragment
                    OR now.bid IS DISTINCT FROM before.bid OR now.amazon_id IS DISTINCT FROM before.amazon_id)
                WINDOW in_order AS (ORDER BY now.plan_id, now.position ROWS UNBOUNDED PRECEDING)
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
