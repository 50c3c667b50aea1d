"""Reads the whole ledger against itself: gaps, orphans, counts, and the chain of events."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import asyncpg
import msgspec

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.queries import named
from harvester.rules import requests

_HORIZON = named("retention_horizon")
_RUNS_BEFORE = named("verify_runs_before")
_EVERYTHING_IS_KEPT = datetime(1, 1, 1, tzinfo=UTC)
_PREFETCH = 500

WRITES = [
    f"{operation.method} {operation.path}"
    for operation in vars(requests).values()
    if isinstance(operation, requests.Operation)
]
"""Method and path of every call that changes an account."""


class Severity(StrEnum):
    BROKEN = "broken"
    """The ledger does not tell what happened."""
    NOTE = "note"
    """Explained by the history: a crash, a retention."""


class Flaw(msgspec.Struct, frozen=True):
    severity: Severity
    what: str
    """One sentence."""
    where: str
    """The id of a run, plan, action or call; of an event, the profile and its number."""


Tell = Callable[[asyncpg.Record], Flaw]


@dataclass(frozen=True, slots=True)
class PostgresVerify:
    database: Database

    async def flaws(self) -> AsyncIterator[Flaw]:
        """None: the ledger is whole. Read-only, as a stream; each check sees one moment of the ledger.

        The connection stays open while the stream is read.
        """
        async with self.database.connection() as connection, connection.transaction(readonly=True):
            horizon, dropped_at = await connection.fetchrow(_HORIZON) or (_EVERYTHING_IS_KEPT, None)
            if dropped_at is not None:
                older = await connection.fetchval(_RUNS_BEFORE, horizon)
                yield _dropped(horizon, dropped_at, older)
            arguments: dict[str, list[object]] = {"nothing": [], "horizon": [horizon], "writes": [WRITES]}
            for query, takes, tell in _CHECKS:
                async for row in connection.cursor(query, *arguments[takes], prefetch=_PREFETCH):
                    yield tell(row)


def _broken(where: str, what: str) -> Flaw:
    return Flaw(Severity.BROKEN, what, where)


def _dropped(horizon: datetime, dropped_at: datetime, runs: int) -> Flaw:
    what = (
        f"history before {horizon:%Y-%m-%d} was dropped on {dropped_at:%Y-%m-%d} by retention; what actions refer to "
        f"is there, and the other rows of {runs} older runs are not counted"
    )
    return Flaw(Severity.NOTE, what, f"{horizon:%Y-%m-%d}")


def _run(row: asyncpg.Record) -> Flaw:
    if row["rows"] != row["recommendations"]:
        return _broken(
            row["run_id"], f"it says {row['recommendations']} recommendations, and {row['rows']} are recorded"
        )
    return _broken(
        row["run_id"], f"its {row['rows']} places go from {row['lowest']} to {row['highest']}: one is missing"
    )


def _plan(row: asyncpg.Record) -> Flaw:
    if row["without_run"]:
        return _broken(row["plan_id"], f"its run {row['run_id']} does not exist")
    if row["said"] != row["found"]:
        return _broken(row["plan_id"], f"it says {row['said']} actions, and {row['found']} are recorded")
    return _broken(row["plan_id"], f"it says {row['candidates']} candidates, and {row['decisions']} are recorded")


def _event(row: asyncpg.Record) -> Flaw:
    where = f"profile {row['profile_id']}, event {row['sequence']}"
    step = f"{row['from_state'] or 'nothing'} to {row['to_state']}"
    whose = f"{row['items']} actions of call c{row['call_number']}" if row["items"] else f"action {row['action_id']}"
    which = f"the event of {whose} ({step})"
    if not row["content_holds"]:
        return _broken(where, f"{which} is not what was recorded")
    if row["sequence"] != row["before"] + 1:
        return _broken(where, f"before {which} events {row['before'] + 1} to {row['sequence'] - 1} are missing")
    return _broken(where, f"{which} does not follow from the one before")


def _last_event(row: asyncpg.Record) -> Flaw:
    where = row["action_id"]
    if row["to_state"] is None:
        return _broken(where, "it has no history")
    if row["state"] != row["to_state"]:
        return _broken(where, f"it is {row['state']}, and its history says {row['to_state']}")
    if row["other_request"]:
        return _broken(where, "its request or bid is not the one in its history")
    return _broken(where, f"its id at Amazon is {row['amazon_id']}, and its history says {row['event_amazon_id']}")


def _carried(row: asyncpg.Record) -> Flaw:
    call = f"call c{row['call_number']}, which carried it, is not recorded"
    if row["to_state"] is None:
        return Flaw(Severity.NOTE, f"{call}: it was on its way and nothing came back yet", row["action_id"])
    if row["to_state"] in ("unknown", "approved"):
        return Flaw(Severity.NOTE, f"{call}: no answer, as its history says ({row['to_state']})", row["action_id"])
    return _broken(row["action_id"], f"{call}, though an answer was: {row['to_state']}")


_CHECKS: tuple[tuple[str, str, Tell], ...] = (
    (named("verify_runs"), "horizon", _run),
    (
        named("verify_rows_without_run"),
        "nothing",
        lambda row: _broken(row["run_id"], "rows are recorded of it, and it does not exist"),
    ),
    (named("verify_plans"), "horizon", _plan),
    (
        named("verify_actions_without_decision"),
        "nothing",
        lambda row: _broken(row["action_id"], f"no decision stands behind it (plan {row['plan_id']})"),
    ),
    (
        named("verify_decisions_of_actions"),
        "nothing",
        lambda row: _broken(row["action_id"], f"its decision {row['run_id']}-{row['place']} does not exist"),
    ),
    (named("verify_chain"), "nothing", _event),
    (named("verify_last_events"), "nothing", _last_event),
    (
        named("verify_events_without_action"),
        "nothing",
        lambda row: _broken(row["action_id"], "it has a history and does not exist"),
    ),
    (
        named("verify_intents"),
        "nothing",
        lambda row: _broken(row["action_id"], f"it was sent with call c{row['call_number']}, which does not name it"),
    ),
    (
        named("verify_attempts"),
        "nothing",
        lambda row: _broken(
            row["action_id"], f"it says it was sent {row['attempts']} times, its history {row['times']} times"
        ),
    ),
    (
        named("verify_writing_calls"),
        "writes",
        lambda row: _broken(
            f"c{row['call_number']}", f"{row['method']} {row['path']} of plan {row['plan_id']} carried no action"
        ),
    ),
    (named("verify_carried"), "nothing", _carried),
    (
        named("verify_open_plans"),
        "nothing",
        lambda row: _broken(row["plan_id"], "it has items under way, and is not known to be open: nobody would look"),
    ),
    (
        named("verify_done_without_id"),
        "nothing",
        lambda row: Flaw(Severity.NOTE, "it is done, and what Amazon calls it is not known", row["action_id"]),
    ),
)
