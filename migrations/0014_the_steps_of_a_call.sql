-- before: adds two columns that may be null, two indexes and a view; the functions that it replaces take and return what
-- they did. The release before finds no single event in what is written from now on for several items at once: its
-- `why --id` and its `ledger verify` wait for the end of the update; it sends and settles as it did.
-- Items that go the same step with the same call share one event: their history is chained as before, at a tenth of
-- the work.

-- Of a shared event: `action_ids` says whose it is, `amazon_ids` what Amazon calls each of them, in the same order, where
-- that is known of any. `action_id` and `fragment` are empty there, and `bid` is null: the step has changed neither
-- request nor bid, and the event before it that is an item's own holds both.
ALTER TABLE harvester.action_event
    ADD COLUMN action_ids text[] COLLATE "C",
    ADD COLUMN amazon_ids text[] COLLATE "C",
    ADD CONSTRAINT action_event_shared CHECK (
        CASE WHEN action_ids IS NULL THEN action_id <> '' AND amazon_ids IS NULL
        ELSE action_id = '' AND call_number IS NOT NULL AND amazon_id IS NULL AND bid IS NULL AND fragment = '' END
    ) NOT VALID;

-- An item's shared events are found by the calls that carried it.
CREATE INDEX action_event_of_call ON harvester.action_event (call_number) WHERE action_ids IS NOT NULL;
CREATE INDEX action_event_by_amazon_ids ON harvester.action_event USING gin (amazon_ids) WHERE amazon_ids IS NOT NULL;

-- What the hash of an event covers, but for the hash before it.
CREATE OR REPLACE FUNCTION harvester.event_content(event harvester.action_event) RETURNS text
LANGUAGE sql STABLE AS $$
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

CREATE OR REPLACE FUNCTION harvester.event_hash(event harvester.action_event) RETURNS bytea
LANGUAGE sql STABLE AS $$
    SELECT sha256(event.prev_hash || convert_to(harvester.event_content(event), 'UTF8'))
$$;

-- Every change of every item, one by one, whether its event is its own or shared.
CREATE VIEW harvester.step AS
SELECT profile_id, sequence, action_id, plan_id, at, from_state, to_state, reason, changed_by, fence, call_number,
    amazon_id, error_code, error_message, hash
FROM harvester.action_event WHERE action_ids IS NULL
UNION ALL
SELECT event.profile_id, event.sequence, item.action_id, event.plan_id, event.at, event.from_state, event.to_state,
    event.reason, event.changed_by, event.fence, event.call_number, item.amazon_id, event.error_code,
    event.error_message, event.hash
FROM harvester.action_event AS event
CROSS JOIN LATERAL unnest(event.action_ids, event.amazon_ids) AS item (action_id, amazon_id)
WHERE event.action_ids IS NOT NULL;

-- As before, but what goes the same step with the same call, request and bid untouched, is one event.
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
