"""Runs, plans and calls tell a watch what became of them, once it is in the ledger."""

import pytest

from harvester.adapters.postgres.calls import PostgresCallLog
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.watched import WatchedPlans, WatchedRuns
from harvester.adapters.watching import Rows
from harvester.domain.errors import LeaseLost
from harvester.domain.ids import Fingerprint, PlanId
from harvester.domain.plan import PlanCounts
from harvester.domain.profile import Mode
from harvester.domain.run import ApiCall, Cursor, Run, RunState

from .conftest import LONG_AGO, NOW, RULES, Sql, a_page, a_profile


class Spectator:
    def __init__(self) -> None:
        self.seen: list[tuple[object, ...]] = []

    def began(self, run: Run, trigger: str) -> None:
        self.seen.append(("began", run.run_id, trigger))

    def recorded(self, run: Run, rows: Rows, seconds: float) -> None:
        self.seen.append(("recorded", run.run_id, len(rows)))

    def planned(self, run: Run, plan_id: PlanId, seconds: float) -> None:
        self.seen.append(("planned", run.run_id, plan_id))

    def ended(self, run: Run, state: RunState) -> None:
        self.seen.append(("ended", run.run_id, state))


async def begun(runs: WatchedRuns) -> Run:
    return await runs.begin(
        a_profile(), source="promotion", trigger="schedule", mode=Mode.REVIEW, ruleset=RULES, resume_after=LONG_AGO
    )


async def test_a_run_tells_how_far_it_is(database: Database) -> None:
    """From its beginning over its pages and its plan to its end."""
    spectator = Spectator()
    runs, plans = WatchedRuns(database, spectator), WatchedPlans(database, spectator)
    run = await begun(runs)
    await runs.save_page(run, 0, a_page(0, 3), Cursor(), NOW)
    async with plans.draft(run) as draft:
        await draft.finish(
            complete=True, mode=Mode.REVIEW, ruleset=RULES, fingerprint=Fingerprint("a" * 64), counts=PlanCounts(),
            advice=[], now=NOW,
        )  # fmt: skip
    await runs.finish(run, RunState.COMPLETE, None)

    assert spectator.seen == [
        ("began", run.run_id, "schedule"),
        ("recorded", run.run_id, 3),
        ("planned", run.run_id, draft.plan_id),
        ("ended", run.run_id, RunState.COMPLETE),
    ]


async def test_what_did_not_reach_the_ledger_is_not_told(database: Database) -> None:
    """A run that was overtaken counts nothing more, and a plan that fails is none."""
    spectator = Spectator()
    runs, plans = WatchedRuns(database, spectator), WatchedPlans(database, spectator)
    run = await begun(runs)
    await begun(runs)
    told = len(spectator.seen)

    with pytest.raises(LeaseLost):
        await runs.save_page(run, 0, a_page(0, 3), Cursor(), NOW)
    with pytest.raises(LeaseLost):
        await runs.finish(run, RunState.COMPLETE, None)
    with pytest.raises(LeaseLost):
        async with plans.draft(run):
            raise AssertionError("there is no draft for a run that was overtaken")
    assert spectator.seen[told:] == []


def a_call(number: int) -> ApiCall:
    return ApiCall(
        at=NOW, method="GET", path=f"/{number}", status=200, duration_ms=1.0, attempt=1, request_id=None,
        request_body=None, response_body=None, error=None, account="main",
    )  # fmt: skip


async def test_a_call_has_its_id_before_it_is_in_the_ledger(database: Database, sql: Sql) -> None:
    """The id that `record` gives is the one that the ledger has; beyond those fetched ahead a call gets one later."""
    async with PostgresCallLog.open(database, lambda _what, _lost: None, every_seconds=60, numbers_ahead=4) as log:
        ids = {f"/{number}": log.record(a_call(number)) for number in range(1, 6)}
        await log.flush()

    found = {row["path"]: row["call_id"] for row in await sql.fetch("SELECT path, call_id FROM ledger.api_calls")}
    assert [path for path, call_id in ids.items() if call_id is None] == ["/5"]
    assert {path: found[path] for path, call_id in ids.items() if call_id} == {k: v for k, v in ids.items() if v}
    assert len(set(found.values())) == len(found) == 5


async def test_the_log_counts_what_waits_and_what_is_lost(database: Database) -> None:
    """Beyond what memory holds, the oldest calls are lost, and that is counted for good."""
    told: list[int] = []
    async with PostgresCallLog.open(
        database, lambda _what, lost: told.append(lost), most_waiting=3, every_seconds=60
    ) as log:
        for number in range(5):
            assert log.record(a_call(number)) is None
        assert (log.waiting, log.lost_ever) == (3, 2)
        await log.flush()
        assert (log.waiting, log.lost_ever) == (0, 2)
    assert told == [2]
