"""Replicas tell one another through Postgres what Amazon lets through."""

import asyncio
import math
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import asyncpg
import pytest

from harvester.adapters.exchange import Budget
from harvester.adapters.limit import FIRST_RATE, Learned
from harvester.adapters.postgres.budgets import PostgresBudgets
from harvester.adapters.postgres.database import Database
from harvester.adapters.sharing import SharedBudgets, Standing
from harvester.adapters.throttle import Report, Throttle
from harvester.domain.errors import Unavailable

from .conftest import Sql

LOGIN = "host client"


def a_report(learned: Learned, *, cut: bool = False, wanted: float = 10.0, through: float = 5.0) -> Report:
    return Report(LOGIN, learned, cut=cut, wanted=wanted, through=through)


@pytest.fixture
def budgets(database: Database) -> PostgresBudgets:
    return PostgresBudgets(database)


async def test_the_second_learns_from_the_first(budgets: PostgresBudgets):
    """Its rate and ceiling, what it wants, and what gets through there."""
    first = await budgets.exchange("one", [a_report(Learned(45.0, 50.0), cut=True, wanted=70.0, through=42.0)])
    second = await budgets.exchange("two", [a_report(Learned(30.0))])

    assert first == [Standing(LOGIN, Learned(45.0, 50.0, 1), [], 0)]
    assert second == [Standing(LOGIN, Learned(45.0, 50.0, 1), [70.0], 42.0)]


async def test_several_logins_travel_together(budgets: PostgresBudgets):
    """In one heartbeat, each with what is known of it."""
    reports = [Report(f"host {number}", Learned(10.0 + number), False, 1.0, 1.0) for number in range(5)]

    standings = await budgets.exchange("one", reports)

    assert [each.learned for each in standings] == [Learned(10.0 + number, None, 1) for number in range(5)]
    assert await budgets.exchange("one", []) == []


async def test_who_is_silent_for_seconds_has_given_its_part_back(budgets: PostgresBudgets, sql: Sql):
    """As has, at once, who leaves."""
    await budgets.exchange("dead", [a_report(Learned(30.0))])
    await budgets.exchange("leaving", [a_report(Learned(30.0), wanted=7.0)])
    await sql.execute("UPDATE harvester.budget_part SET seen_at = now() - interval '4 s' WHERE replica = 'dead'")

    (before,) = await budgets.exchange("one", [a_report(Learned(30.0))])
    await budgets.leave("leaving")
    (after,) = await budgets.exchange("one", [a_report(Learned(30.0))])

    assert (before.others, after.others) == ([7.0], [])


@pytest.mark.parametrize("odd", ["NaN", "Infinity"])
@pytest.mark.parametrize(
    "change",
    ["UPDATE harvester.budget SET rate = $1", "UPDATE harvester.budget SET ceiling = $1",
     "UPDATE harvester.budget_part SET wanted = $1", "UPDATE harvester.budget_part SET through = $1"],
)  # fmt: skip
async def test_what_is_no_number_is_not_let_in_and_not_believed(
    odd: str, change: str, budgets: PostgresBudgets, sql: Sql
):
    """Whoever writes by hand: nobody could divide by it, and no replica would ever send again."""
    await budgets.exchange("one", [a_report(Learned(45.0, 50.0), cut=True)])
    with pytest.raises(asyncpg.CheckViolationError):
        await sql.execute(change, float(odd))
    await sql.execute("ALTER TABLE harvester.budget DROP CONSTRAINT budget_finite")
    await sql.execute("ALTER TABLE harvester.budget_part DROP CONSTRAINT budget_part_finite")
    await sql.execute(change, float(odd))

    (standing,) = await budgets.exchange("two", [a_report(Learned(30.0))])

    assert standing.learned in (Learned(30.0, None, 2), Learned(45.0, 50.0, 1))
    assert all(math.isfinite(each) for each in [*standing.others, standing.elsewhere])


async def test_old_news_is_forgotten(budgets: PostgresBudgets, sql: Sql):
    """What was learned before the last quarter of an hour binds nobody."""
    await budgets.exchange("one", [a_report(Learned(2.0, 2.0), cut=True)])
    await sql.execute("UPDATE harvester.budget SET changed_at = now() - interval '16 min'")

    (standing,) = await budgets.exchange("two", [a_report(Learned(30.0))])

    assert standing.learned == Learned(30.0, None, 2)


async def test_a_cut_is_made_once_however_many_report_it_at_a_time(budgets: PostgresBudgets):
    """Ten replicas refused at the same moment: one of them is believed, and all learn the same."""
    await budgets.exchange("one", [a_report(Learned(80.0))])
    reports = [a_report(Learned(40.0 + number, 45.0 + number, 1), cut=True) for number in range(10)]

    standings = await asyncio.gather(
        *(budgets.exchange(f"replica {number}", [report]) for number, report in enumerate(reports))
    )

    assert len({standing.learned for (standing,) in standings}) == 1
    assert standings[0][0].learned.epoch == 2


async def test_ten_that_come_first_at_a_time_agree_afterwards(budgets: PostgresBudgets):
    """Nobody waits for anybody for long, and nobody fails."""
    reports = [a_report(Learned(30.0)) for _ in range(10)]
    await asyncio.gather(*(budgets.exchange(f"replica {number}", [report]) for number, report in enumerate(reports)))

    (standing,) = await budgets.exchange("last", [a_report(Learned(30.0))])

    assert (standing.learned, len(standing.others)) == (Learned(30.0, None, 1), 10)


@pytest.fixture
async def stack(budgets: PostgresBudgets) -> AsyncIterator[AsyncExitStack]:
    """Ends before the store does."""
    async with AsyncExitStack() as opened:
        yield opened


async def test_two_throttles_share_a_login_from_their_first_call_on(stack: AsyncExitStack, budgets: PostgresBudgets):
    """The second knows of the first before it sends anything, and the first of the second soon after."""
    one, two = Throttle(), Throttle()
    first = await stack.enter_async_context(SharedBudgets.open(one, budgets, "one", pytest.fail))
    second = await stack.enter_async_context(SharedBudgets.open(two, budgets, "two", pytest.fail))

    await one.enter(Budget(LOGIN, "1", "x"))
    alone = one.snapshot()[0].share
    await two.enter(Budget(LOGIN, "2", "x"))
    informed = two.snapshot()[0].share
    for each in (first, second) * 3:
        await each.beat()

    assert alone == 1.0
    assert informed < 1.0
    assert one.snapshot()[0].share == two.snapshot()[0].share == pytest.approx(0.5)
    assert one.snapshot()[0].rate == FIRST_RATE


async def test_no_surprise_ends_the_heartbeat(stack: AsyncExitStack):
    """An answer that nobody can divide by, a store that says what nobody foresaw: told once, and tried again."""
    told: list[str] = []
    well = asyncio.Event()

    class Odd:
        """Nonsense first, then an error, then an answer."""

        times = 0

        async def exchange(self, replica: str, reports: Sequence[Report]) -> list[Standing]:
            self.times += 1
            if self.times == 1:
                return [Standing(LOGIN, Learned(0.0), [], 0.0)]
            if self.times == 2:
                raise KeyError("what is this")
            well.set()
            return [Standing(LOGIN, Learned(30.0, None, 1), [], 0.0)]

        async def leave(self, replica: str) -> None: ...

    throttle = Throttle()
    await stack.enter_async_context(SharedBudgets.open(throttle, Odd(), "one", told.append))

    assert await throttle.enter(Budget(LOGIN, "1", "x"))
    async with asyncio.timeout(60):
        await well.wait()

    assert told == ["unexpected ZeroDivisionError: float division by zero"]


async def test_without_postgres_nobody_waits_and_it_is_told_once(stack: AsyncExitStack):
    """The last part goes on; the trouble is told when it begins."""
    told: list[str] = []

    class Away:
        async def exchange(self, replica: str, reports: object) -> list[Standing]:
            raise Unavailable("Postgres is away")

        async def leave(self, replica: str) -> None:
            raise Unavailable("Postgres is away")

    throttle = Throttle()
    shared = await stack.enter_async_context(SharedBudgets.open(throttle, Away(), "one", told.append))

    assert await throttle.enter(Budget(LOGIN, "1", "x"))
    await shared.beat()

    assert told == ["Postgres is away"]
