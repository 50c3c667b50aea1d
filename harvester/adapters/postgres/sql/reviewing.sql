-- name: review_named
-- Items of a plan by id, with what speaks for or against a verdict, in plan order.
SELECT item.action_id, item.kind, item.rule, item.state, item.reason, item.effect, item.fragment = '' AS without_request,
    item.bid IS NOT NULL AS has_bid, item.reviewed_by, undone.state AS undone_state, undone.action_id AS undone_id,
    followed.state AS followed_state, followed.action_id AS followed_id,
    coalesce(owner.action_id, twin.action_id) AS owner_id, coalesce(owner.plan_id, twin.plan_id) AS owner_plan,
    coalesce(owner.state, twin.state) AS owner_state
FROM harvester.action AS item
LEFT JOIN harvester.action AS undone ON undone.action_id = item.undoes
LEFT JOIN harvester.action AS followed ON followed.action_id = item.follows
LEFT JOIN harvester.action AS owner ON owner.profile_id = item.profile_id AND owner.effect = item.effect
    AND owner.undoes IS NULL AND item.undoes IS NULL AND owner.phase = 'owning'
    AND owner.action_id <> item.action_id
LEFT JOIN harvester.action AS twin ON twin.undoes = item.undoes AND twin.effect = item.effect
    AND twin.phase = 'owning' AND twin.action_id <> item.action_id
WHERE item.plan_id = $1 AND item.action_id = ANY ($2)
ORDER BY item.position;

-- name: review_unnamed
-- Ids of a plan's items that wait for a verdict, of these kinds and rules if any are named.
SELECT action_id FROM harvester.action
WHERE plan_id = $1 AND state IN ('planned', 'guarded')
    AND (cardinality($2::text[]) = 0 OR kind = ANY ($2)) AND (cardinality($3::text[]) = 0 OR rule = ANY ($3));

-- name: earlier_approvals
-- Who has approved which of these items since it was last edited, held or declined, and whose approval still holds.
SELECT item.action_id, review.reviewed_by
FROM harvester.plan_review AS review CROSS JOIN unnest(review.action_ids) AS item (action_id)
WHERE review.plan_id = $1 AND review.verdict = 'approve' AND item.action_id = ANY ($2)
    AND review.reviewed_by NOT LIKE 'auto:%' AND (review.expires_at IS NULL OR review.expires_at > $3)
    AND NOT EXISTS (
        SELECT FROM harvester.plan_review AS later
        WHERE later.plan_id = $1 AND later.review_number > review.review_number
            AND later.verdict IN ('edit', 'hold', 'decline') AND item.action_id = ANY (later.action_ids))
ORDER BY review.review_number;

-- name: give_verdict
-- These items have the verdict now.
UPDATE harvester.action SET state = $3, reviewed_by = verdict.reviewed_by, reviewed_at = $4, expires_at = $5,
    approved_from = CASE WHEN $3 = 'approved' THEN action.state ELSE approved_from END,
    reason = CASE WHEN $3 = 'held' THEN 'held_by_reviewer' ELSE reason END,
    error_code = NULL, error_message = NULL, changed_at = $4, changed_by = verdict.reviewed_by
FROM unnest($1::text[], $2::text[]) AS verdict (action_id, reviewed_by)
WHERE action.action_id = verdict.action_id;

-- name: note_review
-- Who said what about which items, having seen which fingerprint.
INSERT INTO harvester.plan_review (plan_id, fingerprint, verdict, reviewed_by, reviewed_at, expires_at, action_ids, note,
    new_fingerprint)
VALUES ($1, $2, $3, $4, $5, $6, $7, nullif($8, ''), $9);

-- name: edit_bid
-- Another bid and request; an approval of the old one is void.
UPDATE harvester.action SET bid = $2, bid_formula = $3, fragment = $4, changed_at = $5, changed_by = $6,
    state = CASE state WHEN 'approved' THEN coalesce(approved_from, 'planned') ELSE state END,
    approved_from = NULL, reviewed_by = NULL, reviewed_at = NULL, expires_at = NULL, error_code = NULL,
    error_message = NULL
WHERE action_id = $1;

-- name: fingerprint_parts
-- What a plan's fingerprint covers, in plan order.
SELECT kind, effect, group_id, fragment FROM harvester.action WHERE plan_id = $1 ORDER BY position;
