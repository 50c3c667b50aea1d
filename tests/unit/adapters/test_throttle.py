"""Budgets follow what Amazon lets through, and one stuck profile slows nobody else."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.adapters.exchange import Budget
from harvester.adapters.throttle import FASTEST_LIMITED_RATE, LOWEST_RATE, Throttle
from harvester.domain.errors import Unavailable
from tests.unit.adapters.virtual_time import VirtualTime

KEYWORDS = Budget("host login", "1", "keywords/list")
TARGETS = Budget("host login", "1", "targets/list")
OTHER = Budget("host login", "2", "keywords/list")


def a_throttle() -> tuple[Throttle, VirtualTime]:
    time = VirtualTime()
    return Throttle(time=time, sleep=time.sleep), time


async def waits(throttle: Throttle, time: VirtualTime, budget: Budget, calls: int) -> list[float]:
    """When each of some calls, all wanting to go at once, goes."""
    gone: list[float] = []

    async def call() -> None:
        assert await throttle.enter(budget)
        gone.append(time())

    await time.run(call() for _ in range(calls))
    return gone


async def test_nothing_waits_before_the_first_429():
    """Amazon publishes no limits, so none are invented."""
    throttle, time = a_throttle()

    assert await waits(throttle, time, KEYWORDS, 100) == [0.0] * 100


async def test_a_429_pauses_its_pair_and_nobody_else():
    """Another operation, and another profile, go on at once."""
    throttle, time = a_throttle()
    await throttle.enter(KEYWORDS)

    throttle.refused(KEYWORDS, sent_at=0.0, pause_seconds=7.0)

    assert await waits(throttle, time, TARGETS, 20) == [0.0] * 20
    assert await waits(throttle, time, OTHER, 20) == [0.0] * 20
    assert await waits(throttle, time, KEYWORDS, 1) == [7.0]


async def test_the_rate_halves_with_each_429_and_grows_with_success():
    """Ten a second that were refused become five, then two and a half; each success adds a half."""
    throttle, time = a_throttle()
    await throttle.enter(KEYWORDS)

    throttle.refused(KEYWORDS, sent_at=0.0, pause_seconds=0.0)
    five_a_second = await waits(throttle, time, KEYWORDS, 3)
    throttle.refused(KEYWORDS, sent_at=time(), pause_seconds=0.0)
    start = time()
    slower = [at - start for at in await waits(throttle, time, KEYWORDS, 2)]
    for _ in range(5):
        throttle.succeeded(KEYWORDS)
    start = time()
    faster = [at - start for at in await waits(throttle, time, KEYWORDS, 3)]

    assert five_a_second == pytest.approx([0.2, 0.4, 0.6])
    assert slower == pytest.approx([0.4, 0.8])
    assert faster[2] - faster[1] == pytest.approx(1 / 5)


async def test_calls_under_way_together_count_as_one_refusal():
    """Ten calls that were sent at once and refused at once halve the rate once."""
    throttle, time = a_throttle()
    await waits(throttle, time, KEYWORDS, 10)

    for _ in range(10):
        throttle.refused(KEYWORDS, sent_at=-0.001, pause_seconds=0.0)
        throttle.refused(OTHER, sent_at=-0.001, pause_seconds=0.0)
    gone = await waits(throttle, time, KEYWORDS, 2)

    assert gone[1] - gone[0] == pytest.approx(1 / 50)


async def test_the_rate_never_falls_below_its_floor_and_is_unlimited_again_at_the_top():
    """A budget recovers from anything."""
    throttle, time = a_throttle()
    await throttle.enter(KEYWORDS)
    for _ in range(50):
        throttle.refused(KEYWORDS, sent_at=time(), pause_seconds=0.0)
    start = time()

    assert (await waits(throttle, time, KEYWORDS, 2))[-1] - start == pytest.approx(2 / LOWEST_RATE)
    for _ in range(int(FASTEST_LIMITED_RATE * 2) + 1):
        throttle.succeeded(KEYWORDS)
    start = time()
    assert await waits(throttle, time, KEYWORDS, 50) == [start] * 50


async def test_a_profile_slows_down_when_two_of_its_operations_are_refused():
    """Then the limit is the profile's, and its other operations share the slower pace."""
    throttle, time = a_throttle()
    for budget in (KEYWORDS, TARGETS):
        await throttle.enter(budget)
        throttle.refused(budget, sent_at=time(), pause_seconds=0.0)

    gone = await waits(throttle, time, Budget("host login", "1", "campaigns/list"), 2)

    assert gone[0] > 0
    assert await waits(throttle, time, OTHER, 5) == [time()] * 5


async def test_one_operation_refused_again_does_not_slow_its_profile_again():
    """What was counted towards one cut is not counted towards the next."""
    throttle, time = a_throttle()
    for budget in (KEYWORDS, TARGETS):
        await throttle.enter(budget)
        throttle.refused(budget, sent_at=time(), pause_seconds=0.0)
    rate = throttle._allowances(KEYWORDS)[1].rate
    time.now += 5.0

    throttle.refused(KEYWORDS, sent_at=time(), pause_seconds=0.0)

    assert throttle._allowances(KEYWORDS)[1].rate == rate


async def test_a_login_slows_down_when_three_of_its_profiles_are_refused():
    """Then the limit is the login's; another login does not notice."""
    throttle, time = a_throttle()
    for profile in ("1", "2", "3"):
        budget = Budget("host login", profile, "keywords/list")
        await throttle.enter(budget)
        throttle.refused(budget, sent_at=time(), pause_seconds=0.0)
    start = time()

    same = await waits(throttle, time, Budget("host login", "4", "keywords/list"), 1)
    assert same[0] > start
    now = time()
    assert await waits(throttle, time, Budget("host other", "4", "keywords/list"), 5) == [now] * 5


async def test_profiles_stuck_for_long_do_not_slow_their_login():
    """A pair whose breaker has opened says nothing about the others."""
    throttle, time = a_throttle()
    for profile in ("1", "2", "3"):
        budget = Budget("host login", profile, "keywords/list")
        throttle.gave_up(budget, open_seconds=10.0)
        throttle.refused(budget, sent_at=time(), pause_seconds=0.0)

    assert await waits(throttle, time, Budget("host login", "4", "keywords/list"), 5) == [0.0] * 5


async def test_a_turn_after_the_patience_is_not_taken():
    """Who will not wait so long is told at once, and takes nothing from the budget."""
    throttle, time = a_throttle()
    await throttle.enter(KEYWORDS)
    throttle.refused(KEYWORDS, sent_at=0.0, pause_seconds=100.0)

    assert await throttle.enter(KEYWORDS, give_up_at=50.0) is False
    assert time() == 0.0
    assert await waits(throttle, time, KEYWORDS, 1) == [100.0]


async def test_the_breaker_opens_for_a_pair_that_never_got_through():
    """Its next calls fail at once; others go on; then one call probes, and success closes it."""
    throttle, time = a_throttle()
    throttle.gave_up(KEYWORDS, open_seconds=60.0)

    with pytest.raises(Unavailable, match="since its first call") as failed:
        await throttle.enter(KEYWORDS)
    assert (failed.value.status, failed.value.retry_after_seconds) == (429, 60.0)
    assert await throttle.enter(TARGETS)
    assert await throttle.enter(KEYWORDS, give_up_at=1.0), "a call that is under way already goes on"

    time.now = 60.0
    assert await throttle.enter(KEYWORDS), "the probe"
    with pytest.raises(Unavailable):
        await throttle.enter(KEYWORDS)
    throttle.succeeded(KEYWORDS)
    assert await throttle.enter(KEYWORDS)


async def test_the_breaker_stays_open_longer_each_time():
    """Twice as long after each probe that fails, a quarter of an hour at most."""
    throttle, time = a_throttle()
    lengths = []
    for _ in range(6):
        throttle.gave_up(KEYWORDS, open_seconds=60.0)
        with pytest.raises(Unavailable) as failed:
            await throttle.enter(KEYWORDS)
        lengths.append(failed.value.retry_after_seconds)
        time.now += 10_000

    assert lengths == [60, 120, 240, 480, 900, 900]


async def test_the_breaker_never_opens_where_a_call_got_through():
    """A pair that worked is only slow: it keeps its own patience."""
    throttle, _ = a_throttle()
    throttle.answered(KEYWORDS)

    throttle.gave_up(KEYWORDS, open_seconds=60.0)

    assert await throttle.enter(KEYWORDS)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 25),
    st.lists(st.tuples(st.sampled_from([KEYWORDS, TARGETS, OTHER]), st.booleans()), min_size=1, max_size=12),
)
def test_waiters_never_exceed_the_budget(waiters: int, history: list[tuple[Budget, bool]]):
    """However many wait: between two calls of a limited pair lies at least one interval of its rate."""

    async def scene() -> None:
        throttle, time = a_throttle()
        for budget, good in history:
            await throttle.enter(budget, give_up_at=float("-inf"))
            if good:
                throttle.succeeded(budget)
            else:
                throttle.refused(budget, sent_at=time(), pause_seconds=1.0)
        pair = throttle._allowances(KEYWORDS)[0]
        start = time()
        gone = await waits(throttle, time, KEYWORDS, waiters)

        assert len(gone) == waiters
        assert gone == sorted(gone)
        for narrow in throttle._allowances(KEYWORDS):
            if narrow.rate is not None:
                gaps = [later - earlier for earlier, later in pairwise(gone)]
                assert min(gaps) >= 1 / narrow.rate - 1e-9
        assert gone[0] >= max(start, pair.paused_until)

    asyncio.run(scene())
