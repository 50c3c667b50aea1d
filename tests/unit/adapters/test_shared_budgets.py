"""How well the throttle finds a limit that nobody publishes, alone and shared, in simulated time."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.adapters.limit import FORGOTTEN_AFTER_SECONDS, Learned
from harvester.adapters.sharing import DEAD_AFTER_SECONDS, merged, share_of
from harvester.adapters.throttle import Report
from tests.unit.adapters.pretend_gateway import Gateway, Replica, Shelf, later, now, played, replicas

FAST_ENOUGH = 1.10
FEW_ENOUGH = 0.02


async def fleet(gateway: Gateway, *, count: int, profiles: int, calls: int) -> float:
    """Seconds that some replicas need for all profiles side by side."""
    async with AsyncExitStack() as stack:
        made = await replicas(stack, count, gateway, Shelf())
        started = now()
        await asyncio.gather(*(made[number % count].harvest(str(number), calls) for number in range(profiles)))
        return now() - started


@pytest.mark.parametrize("depth_seconds", [1.0, 0.1])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_fleet_is_as_fast_as_the_limit_allows(count: int, depth_seconds: float):
    """Five hundred profiles against fifty requests a second: near the ideal time, and hardly a 429."""
    gateway = Gateway(50, depth_seconds)

    seconds = played(lambda: fleet(gateway, count=count, profiles=500, calls=12))

    assert seconds / (500 * 12 / 50) <= FAST_ENOUGH
    assert gateway.share_refused < FEW_ENOUGH


@pytest.mark.parametrize("rate", [10, 300])
@pytest.mark.parametrize("count", [1, 4])
def test_no_limit_is_assumed(count: int, rate: int):
    """What holds for fifty requests a second holds for ten and for hundreds."""
    gateway = Gateway(rate)

    seconds = played(lambda: fleet(gateway, count=count, profiles=500, calls=max(8, rate // 10)))

    assert seconds / (500 * max(8, rate // 10) / rate) <= FAST_ENOUGH
    assert gateway.share_refused < 0.03


def test_requests_are_spread_evenly():
    """Once the limit is known no tenth of a second gets much more than its part."""
    gateway = Gateway(50)

    played(lambda: fleet(gateway, count=1, profiles=200, calls=10))
    most = max(gateway.passed_between(5 + tenth / 10, 5 + (tenth + 1) / 10) for tenth in range(200))

    assert most <= 7


@pytest.mark.parametrize("count", [1, 4])
def test_a_budget_falls_with_its_limit_and_grows_again(count: int):
    """To a fifth within seconds; back within half a minute or so."""
    gateway = Gateway(50)

    async def scene() -> None:
        async with AsyncExitStack() as stack:
            made = await replicas(stack, count, gateway, Shelf())
            work = [asyncio.ensure_future(made[n % count].harvest(str(n), 10_000)) for n in range(200)]
            await later(40)
            gateway.set_rate(10)
            await later(40)
            gateway.set_rate(50)
            await later(80)
            for each in work:
                each.cancel()
            await asyncio.gather(*work, return_exceptions=True)

    played(scene)

    assert gateway.passed_between(20, 40) / 20 >= 45
    assert sum(40 <= at < 45 for at in gateway.refused_at) < 130
    assert gateway.passed_between(45, 80) / 35 >= 7
    assert gateway.passed_between(130, 160) / 30 >= 45
    assert gateway.share_refused < 0.05


def test_a_profile_that_is_always_refused_slows_nobody_down():
    """A hundred healthy profiles need as long as without it; it asks less and less often."""
    healthy, mixed = Gateway(50), Gateway(50, stuck=frozenset({"stuck"}))

    async def beside_a_stuck_one() -> float:
        replica = Replica(0, mixed)
        stuck = [asyncio.ensure_future(replica.call("stuck", f"list {number}")) for number in range(3)]
        started = now()
        await asyncio.gather(*(replica.harvest(str(number), 30) for number in range(100)))
        seconds = now() - started
        for each in stuck:
            each.cancel()
        return seconds

    alone = played(lambda: fleet(healthy, count=1, profiles=100, calls=30))
    beside = played(beside_a_stuck_one)

    assert beside <= 1.08 * alone
    assert mixed.share_refused < FEW_ENOUGH
    assert mixed.statuses[403] < 45


def test_few_profiles_refused_one_after_the_other_do_not_slow_the_rest():
    """Five profiles that got through once and are refused ever after tell of themselves only."""
    gateway = Gateway(1000)

    async def scene() -> tuple[float, float]:
        replica = Replica(0, gateway)
        await asyncio.gather(*(replica.harvest(str(number), 20) for number in range(50)))
        gateway.stuck = frozenset(str(number) for number in range(5))
        stuck = [asyncio.ensure_future(replica.call(str(number), "list 0")) for number in range(5)]
        await later(3)
        (before,) = replica.throttle.snapshot()
        await asyncio.gather(*(replica.harvest(str(number), 200) for number in range(5, 50)))
        (after,) = replica.throttle.snapshot()
        for each in stuck:
            each.cancel()
        return before.rate, after.rate

    before, after = played(scene)

    assert after >= before


def test_a_replica_that_dies_gives_its_part_back():
    """Within seconds the one that is left sends all that the limit allows."""
    gateway = Gateway(50)

    async def scene() -> None:
        shelf = Shelf(notices_leaving=False)
        async with AsyncExitStack() as stack:
            (survivor,) = await replicas(stack, 1, gateway, shelf, shared=True)
            async with AsyncExitStack() as mortal:
                (other,) = await replicas(mortal, 1, gateway, shelf, first=1, shared=True)
                work = [
                    asyncio.ensure_future(each.harvest(f"{each.number} {number}", 10_000))
                    for each in (survivor, other)
                    for number in range(100)
                ]
                await later(30)
                for each in work[100:]:
                    each.cancel()
            await later(30)
            for each in work:
                each.cancel()

    played(scene)

    of_each = [gateway.by_replica[0], gateway.by_replica[1]]
    assert gateway.passed_between(10, 30) / 20 >= 45
    assert of_each[1] == pytest.approx(30 * 25, rel=0.2)
    died_at = 30
    assert gateway.passed_between(died_at + DEAD_AFTER_SECONDS + 1.5, died_at + 30) / 25.5 >= 42


@pytest.mark.parametrize("who", ["all", "one of four"])
def test_without_postgres_work_goes_on_with_the_last_shares(who: str):
    """Nobody grows meanwhile, nobody stops, and the limit is kept."""
    gateway = Gateway(50)

    async def scene() -> None:
        shelf = Shelf()
        async with AsyncExitStack() as stack:
            made = await replicas(stack, 4, gateway, shelf)
            work = [asyncio.ensure_future(made[n % 4].harvest(str(n), 10_000)) for n in range(200)]
            await later(20)
            shelf.away = {f"replica {number}" for number in range(4 if who == "all" else 1)}
            await later(30)
            shelf.away = set()
            await later(10)
            for each in work:
                each.cancel()

    played(scene)

    assert gateway.passed_between(22, 50) / 28 >= 43
    assert sum(at >= 20 for at in gateway.refused_at) / sum(at >= 20 for at in gateway.passed_at) < 0.04


def test_a_replica_that_comes_later_starts_from_what_is_known():
    """It neither asks for more than its part nor looks for the limit again."""
    gateway = Gateway(50)

    async def scene() -> None:
        shelf = Shelf()
        async with AsyncExitStack() as stack:
            (first,) = await replicas(stack, 1, gateway, shelf, shared=True)
            work = [asyncio.ensure_future(first.harvest(f"0 {number}", 10_000)) for number in range(100)]
            await later(10)
            (second,) = await replicas(stack, 1, gateway, shelf, first=1, shared=True)
            work += [asyncio.ensure_future(second.harvest(f"1 {number}", 10_000)) for number in range(100)]
            await later(6)
            for each in work:
                each.cancel()

    played(scene)

    assert sum(at >= 10 for at in gateway.refused_at) < 20
    assert gateway.by_replica[1] == pytest.approx(6 * 25, rel=0.3)


def test_who_wants_little_leaves_the_rest_to_the_others():
    """One busy replica beside three that are hardly used has nearly everything."""
    assert share_of(1000, [2, 2, 2], 50) == pytest.approx(44 / 50)
    assert share_of(2, [1000, 2, 2], 50) == pytest.approx(2 / 50)
    assert share_of(1000, [1000, 1000, 1000], 50) == pytest.approx(1 / 4)
    assert share_of(5, [5], 50) == pytest.approx(1 / 2), "what nobody wants is held ready by all"
    assert share_of(5, [], 50) == 1.0


@given(st.lists(st.floats(1, 1e6), min_size=1, max_size=20), st.floats(0.1, 5000))
def test_shares_add_up_to_the_whole(wanted: list[float], rate: float):
    """Replicas that see the same numbers never give themselves more than there is, nor leave some unused."""
    shares = [share_of(mine, wanted[:place] + wanted[place + 1 :], rate) for place, mine in enumerate(wanted)]

    assert sum(shares) == pytest.approx(1.0)
    assert min(shares) > 0


def test_a_cut_is_made_once_for_all_who_were_refused_together():
    """The first is believed; the second was refused for the same reason, and follows."""
    known = Learned(60.0, 55.0, 4)
    first = merged(known, 0.0, Report("x", Learned(45.0, 50.0, 4), cut=True, wanted=1.0, through=1.0))
    second = merged(first, 0.0, Report("x", Learned(40.0, 44.0, 4), cut=True, wanted=1.0, through=1.0))

    assert first == second == Learned(45.0, 50.0, 5)


def test_who_grew_furthest_is_right():
    """Growth is a matter of time, not of who asks; a stranger's guess is no growth."""
    known = Learned(60.0, 55.0, 4)

    def after(learned: Learned) -> Learned:
        return merged(known, 0.0, Report("x", learned, cut=False, wanted=1.0, through=1.0))

    assert after(Learned(61.0, 55.0, 4)) == Learned(61.0, 55.0, 4)
    assert after(Learned(59.0, 55.0, 4)) == known
    assert after(Learned(900.0, None, 0)) == known


def test_what_was_learned_long_ago_is_forgotten():
    """Limits move with Amazon's load: yesterday's says nothing, and who still goes by it is told so."""
    report = Report("x", Learned(30.0), cut=False, wanted=1.0, through=1.0)

    assert merged(Learned(5.0, 5.0, 7), FORGOTTEN_AFTER_SECONDS + 1, report) == Learned(30.0, None, 8)
    assert merged(None, 0.0, report) == Learned(30.0, None, 1)
