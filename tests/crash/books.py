"""What the ledger says of one profile, as the agreement needs it."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

Row = Mapping[str, Any]

_ACTIONS = """
    SELECT action_id, plan_id, kind, target, level, state, reason, group_id, amazon_id, error_message, settled_at,
        fragment, undoes, key, attempts
    FROM ledger.actions WHERE $1::text IS NULL OR profile_id = $1 ORDER BY substr(action_id, 2)::bigint
"""
_CALLS = """
    SELECT call_id, method, path, status, request_body FROM ledger.api_calls
    WHERE path = ANY ($1) AND ($2::text IS NULL OR profile_id = $2) ORDER BY at
"""
_CARRIED = "SELECT call_id, action_id FROM ledger.action_calls ORDER BY call_id, position"
_DAMAGE = """
    WITH linked AS (
        SELECT event, lag(event.hash) OVER chain AS before, lag(event.sequence, 1, 0) OVER chain + 1 AS next
        FROM harvester.action_event AS event WINDOW chain AS (PARTITION BY event.profile_id ORDER BY event.sequence)
    ), newest AS (
        SELECT DISTINCT ON (action_id) action_id, to_state FROM harvester.step ORDER BY action_id, sequence DESC
    )
    SELECT 'event ' || sequence || ' of profile ' || profile_id || ' is damaged: ' || fault FROM (
        SELECT (linked.event).profile_id, (linked.event).sequence, CASE
            WHEN (linked.event).hash <> harvester.event_hash(linked.event) THEN 'it was changed'
            WHEN (linked.event).prev_hash <> coalesce(linked.before, '') THEN 'the chain is broken'
            WHEN (linked.event).sequence <> linked.next THEN 'there is a gap'
            END AS fault
        FROM linked
    ) AS checked WHERE fault IS NOT NULL
    UNION ALL
    SELECT 'the history of ' || action_id || ' does not lead to its state' FROM harvester.action
    LEFT JOIN newest USING (action_id) WHERE newest.to_state IS DISTINCT FROM action.state
"""


@dataclass(frozen=True)
class Books:
    actions: Mapping[str, Row]
    calls: Sequence[Row]
    """Recorded calls that change an account."""
    carried: Mapping[str, Sequence[str]]
    """Announced or recorded call -> the actions it carries, by position."""
    damage: Sequence[str]
    approved: Mapping[str, str]
    """Action -> its fragment when it was approved."""

    @property
    def recorded(self) -> set[str]:
        return {call["call_id"] for call in self.calls}

    def taken_back(self, action: Row) -> bool:
        return any(undo["undoes"] == action["action_id"] and undo["state"] == "done" for undo in self.actions.values())


async def read_books(
    dsn: str, changing_paths: Sequence[str], approved: Mapping[str, str], profile_id: str | None = None
) -> Books:
    """Of one profile, where there are several."""
    connection = await asyncpg.connect(dsn)
    try:
        actions = {row["action_id"]: dict(row) for row in await connection.fetch(_ACTIONS, profile_id)}
        calls = [dict(row) for row in await connection.fetch(_CALLS, list(changing_paths), profile_id)]
        carried: dict[str, list[str]] = defaultdict(list)
        for row in await connection.fetch(_CARRIED):
            if row["action_id"] in actions:
                carried[row["call_id"]].append(row["action_id"])
        damage = [row[0] for row in await connection.fetch(_DAMAGE)]
    finally:
        await connection.close()
    return Books(actions, calls, carried, damage, approved)


async def fragments(dsn: str) -> Mapping[str, str]:
    """Of what is approved now."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT action_id, fragment FROM ledger.actions WHERE state = 'approved'")
    finally:
        await connection.close()
    return {row["action_id"]: row["fragment"] for row in rows}
