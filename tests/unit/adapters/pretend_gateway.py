"""A gateway with a token bucket, and replicas that call it, in time that passes only when all of them wait."""

import asyncio
import selectors
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

from harvester.adapters.exchange import Budget
from harvester.adapters.limit import Learned
from harvester.adapters.sharing import DEAD_AFTER_SECONDS, SharedBudgets, Standing, merged
from harvester.adapters.throttle import Report, Throttle
from harvester.domain.errors import Unavailable

T = TypeVar("T")
LATENCY_SECONDS = 0.05
RETRY_AFTER_SECONDS = 1.0


class _Waitless(selectors.DefaultSelector):
    """Says how long it would have waited, and does not."""

    waited = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        assert timeout is not None, "everybody waits for something that never happens"
        self.waited += max(timeout, 0.0)
        return super().select(0)


class TimelessLoop(asyncio.SelectorEventLoop):
    """An event loop whose time jumps to the next timer as soon as there is nothing else to do."""

    def __init__(self) -> None:
        self._waitless = _Waitless()
        super().__init__(self._waitless)

    def time(self) -> float:
        return self._waitless.waited


def played(scene: Callable[[], Coroutine[Any, Any, T]]) -> T:
    with asyncio.Runner(loop_factory=TimelessLoop) as runner:
        return runner.run(scene())


def now() -> float:
    return asyncio.get_running_loop().time()


async def later(seconds: float) -> None:
    """After `seconds` of the loop's own time."""
    reached = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, reached.set)
    await reached.wait()


@dataclass
class Gateway:
    """Lets through `rate` requests a second and a second's worth at once. Some profiles it always refuses."""

    rate: float
    depth_seconds: float = 1.0
    stuck: frozenset[str] = frozenset()
    statuses: Counter[int] = field(default_factory=Counter)
    passed_at: list[float] = field(default_factory=list)
    refused_at: list[float] = field(default_factory=list)
    by_replica: Counter[int] = field(default_factory=Counter)
    left: float = float("inf")
    at: float = 0.0

    def set_rate(self, rate: float) -> None:
        self.rate, self.left = rate, float("inf")

    async def call(self, profile: str, replica: int) -> bool:
        await later(LATENCY_SECONDS)
        most = max(1.0, self.rate * self.depth_seconds)
        self.left = min(most, self.left + (now() - self.at) * self.rate)
        self.at = now()
        if profile in self.stuck:
            self.statuses[403] += 1
            return False
        if self.left < 1:
            self.statuses[429] += 1
            self.refused_at.append(now())
            return False
        self.left -= 1
        self.statuses[200] += 1
        self.passed_at.append(now())
        self.by_replica[replica] += 1
        return True

    def passed_between(self, start: float, end: float) -> int:
        return sum(start <= at < end for at in self.passed_at)

    @property
    def share_refused(self) -> float:
        """Of the calls that were not of a stuck profile."""
        return self.statuses[429] / (self.statuses[429] + self.statuses[200])


@dataclass
class Shelf:
    """What the replicas know of one another, in memory; who decides is the same code as with Postgres."""

    learned: dict[str, tuple[Learned, float]] = field(default_factory=dict)
    reports: dict[tuple[str, str], tuple[Report, float]] = field(default_factory=dict)
    away: set[str] = field(default_factory=set)
    """Replicas that get no answer."""
    notices_leaving: bool = True

    async def exchange(self, replica: str, reports: Sequence[Report]) -> Sequence[Standing]:
        await later(0.003)
        if replica in self.away:
            raise Unavailable("away")
        standings = []
        for report in reports:
            stored, at = self.learned.get(report.login, (None, now()))
            learned = merged(stored, now() - at, report)
            self.learned[report.login] = learned, now()
            self.reports[report.login, replica] = report, now()
            others = [
                other
                for (login, name), (other, seen_at) in self.reports.items()
                if login == report.login and name != replica and now() - seen_at < DEAD_AFTER_SECONDS
            ]
            elsewhere = sum(other.through for other in others)
            standings.append(Standing(report.login, learned, [other.wanted for other in others], elsewhere))
        return standings

    async def leave(self, replica: str) -> None:
        if self.notices_leaving:
            self.reports = {key: each for key, each in self.reports.items() if key[1] != replica}


@dataclass
class Replica:
    """A process with its own throttle."""

    number: int
    gateway: Gateway
    throttle: Throttle = field(default_factory=lambda: Throttle(time=now))

    async def call(self, profile: str, operation: str) -> None:
        """Repeated until it gets through, as reading calls are."""
        budget = Budget("host login", profile, operation)
        give_up_at = None
        while True:
            assert await self.throttle.enter(budget, give_up_at)
            started = now()
            give_up_at = give_up_at or started + 10_000
            if await self.gateway.call(profile, self.number):
                self.throttle.succeeded(budget)
                return
            self.throttle.refused(budget, sent_at=started, pause_seconds=RETRY_AFTER_SECONDS)

    async def harvest(self, profile: str, calls: int) -> None:
        """Three lists at once, then one call after the other."""
        await asyncio.gather(*(self.call(profile, f"list {number}") for number in range(3)))
        for number in range(calls - 3):
            await self.call(profile, f"page {number % 8}")


def expected(_: str) -> None:
    """Trouble that a scene makes on purpose."""


async def replicas(
    stack: AsyncExitStack, count: int, gateway: Gateway, shelf: Shelf, *, first: int = 0, shared: bool | None = None
) -> list[Replica]:
    """They share their budgets when there are several, or when it is said."""
    made = [Replica(number, gateway) for number in range(first, first + count)]
    if count > 1 if shared is None else shared:
        for each in made:
            name = f"replica {each.number}"
            await stack.enter_async_context(SharedBudgets.open(each.throttle, shelf, name, expected))
    return made
