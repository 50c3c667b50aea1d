"""Budgets follow what Amazon lets through, and one stuck profile slows nobody else."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.adapters.exchange import Budget
from harvester.adapters.limit import FIRST_RATE, FORGOTTEN_AFTER_SECONDS, LOWEST_RATE
from harvester.adapters.throttle import Reading, Throttle, by_host
from harvester.domain.errors import Unavailable
from tests.unit.adapters.virtual_time import VirtualTime

KEYWORDS = Budget("host login", "1", "keywords/list")
TARGETS = Budget("host login", "1", "targets/list")
OTHER = Budget("host login", "2", "keywords/list")


UNLIMITED = 1e9
"""As the first rate: what is tested is not how a login's limit is looked for."""


def a_throttle(first_rate: float = UNLIMITED) -> tuple[Throttle, VirtualTime]:
    time = VirtualTime()
    return Throttle(time=time, sleep=time.sleep, first_rate=first_rate), time


async def enter(throttle: Throttle, time: VirtualTime, budget: Budget) -> None:
    async def call() -> None:
        assert await throttle.enter(budget, give_up_at=float("inf"))

    await time.run([call()])


async def refuse(throttle: Throttle, time: VirtualTime, *budgets: Budget, pause_seconds: float = 0.0) -> None:
    for budget in budgets:
        await enter(throttle, time, budget)
        throttle.refused(budget, sent_at=time(), pause_seconds=pause_seconds)


async def waits(throttle: Throttle, time: VirtualTime, budget: Budget, calls: int) -> list[float]:
    """When each of some calls, all wanting to go at once, goes."""
    gone: list[float] = []

    async def call() -> None:
        assert await throttle.enter(budget)
        gone.append(time())

    await time.run(call() for _ in range(calls))
    return gone


async def test_a_login_starts_modestly_and_doubles_while_nothing_is_refused():
    """A fifth of a second's worth goes at once, the rest at a pace that doubles each half second while somebody waits."""
    throttle, time = a_throttle(FIRST_RATE)
    gone: list[float] = []

    async def call() -> None:
        assert await throttle.enter(KEYWORDS)
        gone.append(time())
        throttle.succeeded(KEYWORDS)

    await time.run(call() for _ in range(300))

    at_once = FIRST_RATE / 5
    assert gone[int(at_once) - 1] == 0.0 < gone[int(at_once) + 1]
    assert sum(at <= 0.5 for at in gone) == pytest.approx(at_once + FIRST_RATE * 0.72, rel=0.1)
    assert sum(at <= 1.5 for at in gone) == pytest.approx(at_once + FIRST_RATE * 0.72 * 7, rel=0.1)


async def test_repeats_go_before_first_attempts():
    """Their patience is running already."""
    throttle, time = a_throttle(1.0)
    gone: list[str] = []

    async def call(name: str, give_up_at: float | None) -> None:
        assert await throttle.enter(KEYWORDS, give_up_at)
        gone.append(name)

    first = [call(f"first {number}", None) for number in range(3)]
    await time.run([*first, *(call(f"repeat {number}", 1000.0) for number in range(2))])

    assert gone == ["first 0", "first 1", "repeat 0", "repeat 1", "first 2"] or gone[1:3] == ["repeat 0", "repeat 1"]


async def test_a_repeat_whose_turn_comes_too_late_is_told_so_at_once():
    """As things are, ten others at a request a second go before it."""
    throttle, time = a_throttle(1.0)
    waiting = [asyncio.ensure_future(throttle.enter(KEYWORDS, 1000.0)) for _ in range(10)]
    await asyncio.sleep(0)

    assert await throttle.enter(KEYWORDS, give_up_at=5.0) is False
    assert time() == 0.0
    for each in waiting:
        each.cancel()


async def test_a_call_that_is_cancelled_in_the_line_holds_up_nobody():
    """In the middle, in front, and in the very moment of its turn."""
    throttle, time = a_throttle(1.0)
    await throttle.enter(KEYWORDS)
    calls = [asyncio.ensure_future(throttle.enter(KEYWORDS)) for _ in range(6)]
    await asyncio.sleep(0)
    calls[2].cancel()
    calls[0].cancel()
    await asyncio.sleep(0)
    calls[1].cancel()

    async def rest() -> None:
        await asyncio.gather(*calls[3:])

    await time.run([rest()])

    assert [call.cancelled() for call in calls] == [True, True, True, False, False, False]


async def test_a_429_pauses_its_pair_and_nobody_else():
    """Another operation, and another profile, go on at once."""
    throttle, time = a_throttle()
    await throttle.enter(KEYWORDS)

    throttle.refused(KEYWORDS, sent_at=0.0, pause_seconds=7.0)

    assert await waits(throttle, time, TARGETS, 20) == [0.0] * 20
    assert await waits(throttle, time, OTHER, 20) == [0.0] * 20
    assert await waits(throttle, time, KEYWORDS, 1) == [7.0]


async def test_a_pair_refused_twice_slows_down_to_what_got_through():
    """Once is an accident and only pauses; of the next eight answers another one is its limit."""
    throttle, time = a_throttle()
    for _ in range(20):
        await throttle.enter(KEYWORDS)
        throttle.succeeded(KEYWORDS)
        await time.pass_by(0.1)

    await refuse(throttle, time, KEYWORDS)
    assert throttle._budgets(KEYWORDS)[2].limit.rate is None
    await refuse(throttle, time, KEYWORDS)

    assert throttle._budgets(KEYWORDS)[2].limit.rate == pytest.approx(0.9 * 10, rel=0.15)
    gone = await waits(throttle, time, KEYWORDS, 12)
    assert gone[-1] - gone[-2] == pytest.approx(1 / 9, rel=0.15)
    assert await waits(throttle, time, OTHER, 20) == [time()] * 20


async def test_a_pair_that_nothing_gets_through_is_asked_ever_less_often():
    """Down to the floor; the first success brings it back within seconds."""
    throttle, time = a_throttle()
    for _ in range(20):
        await refuse(throttle, time, KEYWORDS)
        await time.pass_by(3.0)
    limit = throttle._budgets(KEYWORDS)[2].limit
    assert limit.rate == LOWEST_RATE

    start = time()
    for _ in range(6):
        await enter(throttle, time, KEYWORDS)
        await time.pass_by(0.05)
        throttle.succeeded(KEYWORDS)

    assert time() - start < 30
    assert limit.rate > 2


async def test_calls_under_way_together_count_as_one_refusal():
    """Ten calls that were sent at once and refused at once slow down once."""
    throttle, time = a_throttle()
    await waits(throttle, time, KEYWORDS, 10)

    for _ in range(10):
        throttle.refused(KEYWORDS, sent_at=0.0, pause_seconds=0.0)

    assert throttle._budgets(KEYWORDS)[2].limit.rate == 0.5


async def test_a_profile_slows_down_when_two_of_its_operations_are_refused():
    """Then the limit is the profile's, and its other operations share the slower pace."""
    throttle, time = a_throttle()
    for _ in range(10):
        await throttle.enter(KEYWORDS)
        throttle.succeeded(KEYWORDS)
        await time.pass_by(0.1)

    await refuse(throttle, time, KEYWORDS, TARGETS)

    gone = await waits(throttle, time, Budget("host login", "1", "campaigns/list"), 10)
    assert gone[-1] - gone[-2] == pytest.approx(1 / 9, rel=0.15)
    assert await waits(throttle, time, OTHER, 5) == [time()] * 5


async def test_one_operation_refused_again_does_not_slow_its_profile_again():
    """What was counted towards one cut is not counted towards the next."""
    throttle, time = a_throttle()
    await refuse(throttle, time, KEYWORDS, TARGETS)
    profile = throttle._budgets(KEYWORDS)[1]
    rate = profile.rate
    await time.pass_by(5.0)

    await refuse(throttle, time, KEYWORDS)

    assert rate is not None
    assert profile.rate == rate


async def test_a_login_slows_down_when_three_of_its_profiles_are_refused():
    """Then the limit is the login's, and none of them is blamed; another login does not notice."""
    throttle, time = a_throttle(FIRST_RATE)

    await refuse(throttle, time, *(Budget("host login", profile, "keywords/list") for profile in "123"))
    await refuse(throttle, time, Budget("host other", "1", "keywords/list"))

    assert [each.rate for each in throttle.snapshot()] == [FIRST_RATE / 2, FIRST_RATE]
    assert throttle._budgets(Budget("host login", "3", "keywords/list"))[2].limit.rate is None


async def test_a_pair_refused_again_and_again_tells_of_itself_alone():
    """Three profiles that are refused for long do not slow their login each time: the third refusal in a row is theirs."""
    throttle, time = a_throttle(FIRST_RATE)
    stuck = [Budget("host login", profile, "keywords/list") for profile in "123"]
    for _ in range(5):
        await refuse(throttle, time, *stuck)
        await time.pass_by(30.0)

    assert throttle.snapshot()[0].rate == FIRST_RATE / 4


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


async def test_an_idle_login_is_looked_at_anew():
    """What its limit was a quarter of an hour ago says nothing about now."""
    throttle, time = a_throttle(FIRST_RATE)
    await refuse(throttle, time, *(Budget("host login", profile, "keywords/list") for profile in "123"))
    await time.pass_by(FORGOTTEN_AFTER_SECONDS + 1)

    await throttle.enter(KEYWORDS)

    assert throttle.snapshot()[0].rate == FIRST_RATE


async def test_budgets_that_nobody_uses_are_forgotten():
    """A fleet has as many as profiles times operations; those at rest take no memory."""
    throttle, time = a_throttle()
    for number in range(5000):
        await throttle.enter(Budget("host login", str(number), "keywords/list"))
        await time.pass_by(1.0)

    assert len(throttle._pairs) < 2500
    assert len(throttle._profiles) < 2500


async def test_what_happens_can_be_read():
    """For metrics: counters that only grow, and the rate as it is."""
    throttle, time = a_throttle(1.0)
    await waits(throttle, time, KEYWORDS, 3)
    throttle.answered(KEYWORDS)
    throttle.answered(KEYWORDS)
    throttle.refused(KEYWORDS, sent_at=0.0, pause_seconds=0.0)

    (reading,) = throttle.snapshot()

    assert reading.waited_seconds == pytest.approx(0.8 + 1.8)
    assert reading == Reading(
        login="host login", rate=1.0, share=1.0, ceiling=None, waiting=0,
        waited_seconds=reading.waited_seconds, sent=3, answered=2, refused=1,
    )  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 25),
    st.lists(st.tuples(st.sampled_from([KEYWORDS, TARGETS, OTHER]), st.booleans()), min_size=1, max_size=12),
)
def test_waiters_never_exceed_the_budget(waiters: int, history: list[tuple[Budget, bool]]):
    """However many wait: a limited pair lets through its rate, and a fifth of a second's worth at once."""

    async def scene() -> None:
        throttle, time = a_throttle()
        for budget, good in history:
            await throttle.enter(budget, give_up_at=float("-inf"))
            if good:
                throttle.succeeded(budget)
            else:
                throttle.refused(budget, sent_at=time(), pause_seconds=1.0)
        _, profile, pair = throttle._budgets(KEYWORDS)
        start = time()
        gone = await waits(throttle, time, KEYWORDS, waiters)

        assert len(gone) == waiters
        assert gone == sorted(gone)
        for narrow in (profile, pair.limit):
            if narrow.rate is not None:
                burst = 1 + 0.2 * narrow.rate
                assert len(gone) <= burst + (gone[-1] - start) * narrow.rate + 1e-6
        assert gone[0] >= max(start, pair.paused_until)

    asyncio.run(scene())


async def test_the_rate_of_a_host_is_that_of_all_its_logins() -> None:
    """The last login is not taken for all of them."""
    throttle = Throttle()
    for login in ("na client-1", "na client-2", "eu client-1"):
        assert await throttle.enter(Budget(login, "1", "GET /things"))

    assert by_host(throttle.snapshot()) == {"na": 2 * FIRST_RATE, "eu": FIRST_RATE}
