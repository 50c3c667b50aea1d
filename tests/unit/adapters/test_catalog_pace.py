"""Selling Partner calls keep the documented rate, and lose next to nothing of it."""

import asyncio
import math

import pytest

from harvester.adapters.catalog.pace import OwnTurns, SteadyPace
from harvester.adapters.exchange import Budget
from harvester.domain.errors import Unavailable
from tests.unit.adapters.virtual_time import VirtualTime

SEARCH, GET = Budget("host app one", "", "searchCatalogItems"), Budget("host app one", "", "getCatalogItem")
OTHER = Budget("host app two", "", "searchCatalogItems")


def opened() -> tuple[VirtualTime, SteadyPace]:
    virtual = VirtualTime()
    return virtual, SteadyPace(OwnTurns(virtual), time=virtual, sleep=virtual.sleep)


async def sent_at(
    virtual: VirtualTime, pace: SteadyPace, budgets: list[Budget], latency_seconds: float = 0.0
) -> list[float]:
    moments: list[float] = []

    async def call(budget: Budget) -> None:
        assert await pace.enter(budget)
        moments.append(virtual.now)
        await virtual.sleep(latency_seconds)

    await virtual.run(call(budget) for budget in budgets)
    return moments


async def test_two_go_nearly_at_once_and_then_two_a_second():
    """Half a call is held back of the burst of two: one that overtakes another on its way is not refused."""
    virtual, pace = opened()

    assert await sent_at(virtual, pace, [SEARCH] * 6) == pytest.approx([0, 0.25, 0.75, 1.25, 1.75, 2.25])


async def test_operations_and_logins_have_buckets_of_their_own():
    """What one uses is not taken from another."""
    virtual, pace = opened()

    assert await sent_at(virtual, pace, [SEARCH, GET, OTHER]) == [0] * 3


async def test_an_idle_bucket_holds_two_and_no_more():
    """However long nobody called."""
    virtual, pace = opened()
    await sent_at(virtual, pace, [SEARCH] * 3)
    await virtual.pass_by(3600)

    assert await sent_at(virtual, pace, [SEARCH] * 3) == pytest.approx([3600.75, 3601.0, 3601.5])


async def test_what_an_answer_says_of_the_limit_is_kept_to():
    """Nonsense changes nothing."""
    virtual, pace = opened()
    for nonsense in (None, "", "many", "nan", "inf", "-1", "0"):
        pace.told(SEARCH, nonsense)
    assert await sent_at(virtual, pace, [SEARCH] * 4) == pytest.approx([0, 0.25, 0.75, 1.25])

    pace.told(SEARCH, "10.0")
    await virtual.pass_by(60)

    assert await sent_at(virtual, pace, [SEARCH] * 3) == pytest.approx([61.25, 61.3, 61.4])


async def test_a_429_pauses_its_login_and_operation():
    """Everything that waits there, and nothing else."""
    virtual, pace = opened()
    pace.refused(SEARCH, sent_at=0, pause_seconds=5)

    assert await sent_at(virtual, pace, [GET, SEARCH]) == [0, 5]


async def test_a_turn_that_comes_too_late_is_not_taken():
    """Neither for a pause nor for those in front."""
    virtual, pace = opened()
    await sent_at(virtual, pace, [SEARCH] * 2)

    assert await pace.enter(SEARCH, give_up_at=0.7) is False
    assert await sent_at(virtual, pace, [SEARCH]) == [0.75]
    pace.refused(GET, sent_at=0, pause_seconds=9)
    assert await pace.enter(GET, give_up_at=1.0) is False
    assert pace.gave_up(SEARCH, open_seconds=120) is None


async def test_ten_thousand_products_take_little_more_than_the_ideal_time():
    """500 calls at 2 a second, four under way at a time, answers that take almost two seconds."""
    virtual, pace = opened()
    left = iter(range(500))

    async def work() -> None:
        for _ in left:
            assert await pace.enter(SEARCH)
            await virtual.sleep(1.9)

    await virtual.run(work() for _ in range(4))

    ideal_seconds = (500 - 2) / 2
    assert virtual.now - 1.9 <= 1.05 * ideal_seconds


async def test_a_process_alone_goes_on_at_the_same_pace():
    """While nobody can be asked for turns, its own bucket holds."""

    class Away:
        async def take(self, *_: object) -> float | None:
            raise Unavailable("Postgres is away")

    virtual = VirtualTime()
    pace = SteadyPace(Away(), time=virtual, sleep=virtual.sleep)

    assert await sent_at(virtual, pace, [SEARCH] * 4) == pytest.approx([0, 0.25, 0.75, 1.25])


async def test_own_turns_take_nothing_that_is_too_far():
    """None, and the next one is as near as before."""
    turns = OwnTurns(lambda: 0.0)
    waits = [await turns.take("a", "b", 2.0, 2, math.inf) for _ in range(3)]

    assert waits == [0, 0, 0.5]
    assert await turns.take("a", "b", 2.0, 2, 0.9) is None
    assert await turns.take("a", "b", 2.0, 2, 1.0) == 1.0
    await asyncio.sleep(0)
