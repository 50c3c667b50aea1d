"""The connection breaks at every statement, before and after it: what was asked for happens exactly once."""

from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.adapters.postgres.verify import PostgresVerify, Severity
from harvester.domain.errors import Unavailable
from harvester.domain.outcome import Made
from harvester.domain.review import Selection, Verdict

from .acting import PROFILE, a_review, a_writing_call, approve_all, harvest, ids, states
from .conftest import NOW, BeginRun, Sql, StorePlan, an_action

METHODS = ("execute", "fetch", "fetchval", "fetchrow", "copy_records_to_table")


class Assassin:
    """Ends the session of the pool's connection at its n-th statement from now: before it runs, or after it has."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._left = 0
        self._after = False
        self._armed = False
        self.struck = ""

    def aim(self, at_statement: int, *, after: bool) -> None:
        self._left, self._after, self._armed, self.struck = at_statement, after, True, ""

    async def meet(self, connection: Any, what: str, work: Callable[[], Awaitable[Any]]) -> Any:
        if not self._armed:
            return await work()
        self._left -= 1
        if self._left > 0:
            return await work()
        self._armed, self.struck = False, what
        if self._after:
            await work()
        await self._kill(connection.get_server_pid())
        if self._after:
            raise asyncpg.ConnectionDoesNotExistError("the answer never came")
        return await work()

    async def _kill(self, pid: int) -> None:
        own = await asyncpg.connect(self._dsn)
        try:
            await own.fetchval("SELECT pg_terminate_backend($1, 10000)", pid)
        finally:
            await own.close()


@pytest.fixture
def assassin(dsn: str, monkeypatch: pytest.MonkeyPatch) -> Assassin:
    killer = Assassin(dsn)
    for name in METHODS:
        _watch(monkeypatch, name, killer)
    return killer


def _watch(monkeypatch: pytest.MonkeyPatch, name: str, killer: Assassin) -> None:
    original = getattr(asyncpg.Connection, name)

    async def watched(self: Any, *arguments: Any, **settings: Any) -> Any:
        return await killer.meet(self, str(arguments[0]), lambda: original(self, *arguments, **settings))

    monkeypatch.setattr(asyncpg.Connection, name, watched)


Step = Callable[[PostgresActions, str, Sql], Awaitable[Callable[[], Awaitable[object]]]]
"""Prepares an item of a plan, and returns the one thing to do to it."""


async def _approve(actions: PostgresActions, plan_id: str, sql: Sql) -> Callable[[], Awaitable[object]]:
    return lambda: actions.review(a_review(plan_id), Selection(), ())


async def _first_of_two(actions: PostgresActions, plan_id: str, sql: Sql) -> Callable[[], Awaitable[object]]:
    return lambda: actions.review(a_review(plan_id), Selection(), {"promote_keyword"})


async def _edit(actions: PostgresActions, plan_id: str, sql: Sql) -> Callable[[], Awaitable[object]]:
    (action_id,) = await ids(sql, plan_id)
    review = a_review(plan_id, Verdict.EDIT)
    return lambda: actions.edit_bid(review, action_id, "0.60", "edited", '{"bid":0.60}')


async def _begin(actions: PostgresActions, plan_id: str, sql: Sql) -> Callable[[], Awaitable[object]]:
    await approve_all(actions, plan_id)
    fence = await actions.take_fence(PROFILE)
    named = await ids(sql, plan_id)
    return lambda: actions.begin_sending(named, fence, NOW)


async def _settle(actions: PostgresActions, plan_id: str, sql: Sql) -> Callable[[], Awaitable[object]]:
    await approve_all(actions, plan_id)
    fence = await actions.take_fence(PROFILE)
    named = await ids(sql, plan_id)
    call_number = await actions.begin_sending(named, fence, NOW)
    calls = [a_writing_call(1, 429, plan_id=plan_id), a_writing_call(2, plan_id=plan_id)]
    return lambda: actions.settle(named, [Made("T" + named[0])], calls, call_number, fence, NOW)


async def _take_over(actions: PostgresActions, plan_id: str, sql: Sql) -> Callable[[], Awaitable[object]]:
    await approve_all(actions, plan_id)
    await actions.begin_sending(await ids(sql, plan_id), await actions.take_fence(PROFILE), NOW)
    return lambda: actions.take_fence(PROFILE)


async def _reconcile(actions: PostgresActions, plan_id: str, sql: Sql) -> Callable[[], Awaitable[object]]:
    await _take_over(actions, plan_id, sql)
    fence = await actions.take_fence(PROFILE)
    (action_id,) = await ids(sql, plan_id)
    return lambda: actions.settle_unknown([(action_id, Made("T" + action_id))], fence, NOW)


STEPS: dict[str, tuple[Step, str, int]] = {
    "approve": (_approve, "approved", 1),
    "first_of_two": (_first_of_two, "planned", 0),
    "edit": (_edit, "planned", 1),
    "begin_sending": (_begin, "sending", 1),
    "settle": (_settle, "done", 1),
    "take_fence": (_take_over, "unknown", 1),
    "settle_unknown": (_reconcile, "done", 1),
}
"""What is done, the state it leads to, and how many events it leaves."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", STEPS)
async def test_it_happens_exactly_once_wherever_the_session_ends(
    begin: BeginRun,
    runs: PostgresRuns,
    store_plan: StorePlan,
    database: Database,
    sql: Sql,
    assassin: Assassin,
    step: str,
    *,
    after: bool,
):
    """Each statement in turn, BEGIN and COMMIT too: one state, one event, one review, one call; and a whole ledger."""
    actions = PostgresActions(database)
    prepare, state, events = STEPS[step]
    struck = []
    for statement in range(1, 40):
        plan_id = await harvest(begin, runs, store_plan, [an_action(statement)])
        do = await prepare(actions, plan_id, sql)
        before = await _traces(sql, plan_id)
        assassin.aim(statement, after=after)
        await do()
        reached = assassin.struck
        assassin.aim(10_000, after=after)
        assert (await states(sql, plan_id)) == [state], reached
        traces = await _traces(sql, plan_id)
        assert traces[0] - before[0] == events, reached
        assert traces[1] - before[1] == (step in ("approve", "first_of_two", "edit")), reached
        assert traces[2] - before[2] == {"begin_sending": 1, "settle": 1}.get(step, 0), reached
        assert traces[3] - before[3] == {"settle": 2}.get(step, 0), reached
        if not reached:
            break
        struck.append(reached)

    assert struck[0].startswith("BEGIN")
    assert any(statement.startswith("COMMIT") for statement in struck)
    assert [flaw async for flaw in PostgresVerify(database).flaws() if flaw.severity is Severity.BROKEN] == []


async def _traces(sql: Sql, plan_id: str) -> tuple[int, ...]:
    """Events, reviews, carried items and calls of a plan."""
    row = await sql.fetchrow(
        """SELECT (SELECT count(*) FROM harvester.action_event WHERE plan_id = $1),
               (SELECT count(*) FROM harvester.plan_review WHERE plan_id = $1),
               (SELECT count(*) FROM harvester.action_call JOIN harvester.action USING (action_id) WHERE plan_id = $1),
               (SELECT count(*) FROM harvester.api_call WHERE plan_id = $1)""",
        plan_id,
    )
    return tuple(row)


async def test_when_postgres_stays_away_it_says_so(
    begin: BeginRun, store_plan: StorePlan, dsn: str, sql: Sql, assassin: Assassin
):
    """The last attempt's fate may be open: the caller is told, and a new fence finds whatever was kept."""
    plan_id = await store_plan(await begin(), [an_action()])
    async with Database.open(dsn, patience_seconds=0) as impatient:
        actions = PostgresActions(impatient)
        do = await _begin(actions, plan_id, sql)
        assassin.aim(6, after=True)
        with pytest.raises(Unavailable):
            await do()
        assassin.aim(10_000, after=True)
        kept = await states(sql, plan_id)
        await actions.take_fence(PROFILE)

    assert kept in (["sending"], ["approved"])
    assert await states(sql, plan_id) == [{"sending": "unknown", "approved": "approved"}[kept[0]]]
