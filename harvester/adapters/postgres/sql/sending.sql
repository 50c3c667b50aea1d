-- name: next_call
-- The number of the call to come, the profile's newest fence, and whether it, or everybody, is paused.
-- No run is begun, and no fence taken, until the end of this transaction.
WITH held AS MATERIALIZED (
    SELECT fence FROM harvester.account_state WHERE profile_id = $1 FOR SHARE
)
SELECT nextval('harvester.call_number') AS call_number, held.fence, mine.paused, mine.paused_by, mine.paused_at,
    fleet.paused AS all_paused, fleet.paused_by AS all_paused_by, fleet.paused_at AS all_paused_at
FROM harvester.fleet_state AS fleet
LEFT JOIN held ON true
LEFT JOIN harvester.account_state AS mine ON mine.profile_id = $1;

-- name: begin_sending
-- A profile's approved items, a JSON array of ids, are on their way with a call that carries them in this order.
-- The answer is how many: those whose approval has run out are not. A thousand texts come and go faster as one.
WITH named AS MATERIALIZED (
    SELECT action_id, ordinal FROM json_array_elements_text($1::text::json) WITH ORDINALITY AS item (action_id, ordinal)
), sent AS (
    UPDATE harvester.action SET state = 'sending', attempts = attempts + 1, sent_at = $4, settled_at = NULL, fence = $3,
        call_number = $2, changed_at = $4, changed_by = 'apply', error_code = NULL, error_message = NULL,
        reason = CASE reason WHEN 'already_there' THEN '' ELSE reason END
    WHERE action_id = ANY (ARRAY(SELECT action_id FROM named))
        AND CASE WHEN state = 'approved' AND profile_id = $5 THEN expires_at IS NULL OR expires_at > $4 ELSE false END
        AND NOT (kind IN ('promote_keyword', 'promote_product') AND group_id = '')
    RETURNING 1
), carried AS (
    INSERT INTO harvester.action_call (at, action_id, call_number, position)
    SELECT $4, action_id, $2, ordinal - 1 FROM named
)
SELECT count(*) FROM sent;

-- name: why_not_sent
-- What these items are like now.
SELECT action_id, state, expires_at <= $2 AS expired FROM harvester.action WHERE action_id = ANY ($1) ORDER BY position;

-- name: carry_actions
-- A call carries these items, in this order.
INSERT INTO harvester.action_call (at, action_id, call_number, position)
SELECT $1, action_id, $2, ordinal - 1 FROM unnest($3::text[]) WITH ORDINALITY AS carried (action_id, ordinal);

-- name: settle_actions
-- What became of a profile's items that were in a state (and of a call, if one is named), a JSON array for each column.
-- The answer is how many were, and which of those that are done take something back or are groups.
-- The CASE hides from Postgres how few items are ever in such a state: it would look for these first, and compare each
-- with every outcome.
WITH settled AS (
    UPDATE harvester.action SET state = outcome.state, amazon_id = coalesce(action.amazon_id, outcome.amazon_id),
        error_code = outcome.error_code, error_message = outcome.error_message,
        reason = coalesce(outcome.reason, action.reason), fence = $9, changed_at = $10, changed_by = $11,
        settled_at = CASE WHEN outcome.state IN ('done', 'refused', 'stale') THEN $10::timestamptz END
    FROM ROWS FROM (
        json_array_elements_text($1::text::json), json_array_elements_text($2::text::json),
        json_array_elements_text($3::text::json), json_array_elements_text($4::text::json),
        json_array_elements_text($5::text::json), json_array_elements_text($6::text::json)) AS outcome (action_id, state, amazon_id, error_code, error_message, reason)
    WHERE action.action_id = outcome.action_id
        AND CASE WHEN action.state = $7 AND action.profile_id = $12 THEN $8::bigint IS NULL OR action.call_number = $8 ELSE false END
    RETURNING action.action_id, action.kind, action.state, action.undoes
)
SELECT count(*) AS settled,
    array_agg(action_id) FILTER (WHERE state = 'done' AND undoes IS NOT NULL) AS undos,
    array_agg(action_id) FILTER (WHERE state = 'done' AND kind = 'create_group') AS groups
FROM settled;

-- name: say_why_waiting
-- Why approved items are not sent now; it is no step of theirs, and no change that something else would wait for.
UPDATE harvester.action SET error_code = NULL, error_message = waiting.why
FROM unnest($1::text[], $2::text[]) AS waiting (action_id, why)
WHERE action.action_id = waiting.action_id AND action.state = 'approved'
    AND (action.error_code, action.error_message) IS DISTINCT FROM (NULL, waiting.why);

-- name: settle_undone
-- What these undos have taken back, once all undos of it in their plan are done.
UPDATE harvester.action SET state = 'undone', settled_at = $2, changed_at = $2, changed_by = 'undo ' || undo.action_id
FROM (
    SELECT DISTINCT ON (undoes) undoes, action_id, plan_id FROM harvester.action WHERE action_id = ANY ($1)
    ORDER BY undoes, action_id
) AS undo
WHERE action.action_id = undo.undoes AND action.state = 'done'
    AND NOT EXISTS (
        SELECT FROM harvester.action AS open_one
        WHERE open_one.undoes = undo.undoes AND open_one.plan_id = undo.plan_id AND open_one.state <> 'done');

-- name: settle_groups
-- The promotions of a plan that waited for these groups know their id now.
UPDATE harvester.action SET group_id = made.amazon_id
FROM harvester.action AS made
WHERE made.action_id = ANY ($1) AND action.plan_id = made.plan_id
    AND action.source_ad_group_id = made.source_ad_group_id AND action.group_id = ''
    AND action.kind IN ('promote_keyword', 'promote_product')
    AND action.state IN ('planned', 'guarded', 'held', 'approved');

-- name: unknown_past_approval
-- Unknown items whose approval has run out.
SELECT action_id FROM harvester.action WHERE action_id = ANY ($1) AND state = 'unknown' AND expires_at <= $2;
