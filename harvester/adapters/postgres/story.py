"""The whole story of one thing at Amazon: recommendation, findings, rule, reviewer, request and answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.report_rows import decision_row, time_text
from harvester.rules.delivery import waiting

_ACTIONS = named("actions_at_amazon")
_EVENTS = named("events_of_action")
_CALLS = named("calls_of_action")
_DECISIONS = named("decisions_of_action")


@dataclass(frozen=True, slots=True)
class PostgresStories:
    database: Database

    async def of(self, amazon_id: str, profile_id: str | None = None) -> Sequence[dict[str, Any]]:
        """One entry for each action that made or undid it; an id may name things of several profiles and types."""

        async def work(connection: Connection, _repeated: bool) -> list[dict[str, Any]]:
            actions = await connection.fetch(_ACTIONS, amazon_id, profile_id)
            return [await _chapter(connection, action) for action in actions]

        return await self.database.repeat(work)


async def _chapter(connection: Connection, action: asyncpg.Record) -> dict[str, Any]:
    action_id = action["action_id"]
    events = await connection.fetch(_EVENTS, action_id)
    calls = await connection.fetch(_CALLS, action_id)
    decisions = await connection.fetch(_DECISIONS, action_id)
    fields = dict(action)
    text = fields.pop("ruleset_text")
    waits = fields.pop("waits_for")
    return {
        **fields,
        "bid": None if action["bid"] is None else f"{action['bid']:f}",
        "waits": waiting(waits),
        "planned_at": time_text(action["planned_at"]),
        "rule_text": _rule(text, action["rule"]),
        "events": [{**dict(each), "at": time_text(each["at"]), "bid": _amount(each["bid"])} for each in events],
        "calls": [{**dict(each), "at": time_text(each["at"])} for each in calls],
        "decisions": [decision_row(each) for each in decisions],
    }


def _amount(bid: Any) -> str | None:
    return None if bid is None else f"{bid:f}"


def _rule(ruleset: str | None, name: str) -> Any:
    """The rule as it stood in the file then; None where the ledger has no text of it."""
    rules = msgspec.json.decode(ruleset).get("rules", []) if ruleset else []
    return next((rule for rule in rules if rule.get("name") == name), None)
