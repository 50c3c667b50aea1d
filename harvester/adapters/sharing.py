"""One login's rate shared by all replicas: each leases a part of it with every heartbeat."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from harvester.adapters.limit import FORGOTTEN_AFTER_SECONDS, Learned
from harvester.adapters.throttle import Report, Throttle
from harvester.adapters.waiting import news_or
from harvester.domain.errors import HarvesterError

BEAT_SECONDS = 1.0
DEAD_AFTER_SECONDS = 3.0
"""A replica that was silent for so long has given its part back."""
_QUICK_BEAT_SECONDS = 0.25
"""While a limit is being looked for."""
_PATIENCE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What the replicas know of one login, our last report included."""

    login: str
    learned: Learned
    others: Sequence[float]
    """What each of the other living replicas could use, in requests a second."""
    elsewhere: float
    """What gets through in all of them."""


class BudgetStore(Protocol):
    async def exchange(self, replica: str, reports: Sequence[Report]) -> Sequence[Standing]:
        """Raises HarvesterError where nobody can be asked."""
        ...

    async def leave(self, replica: str) -> None:
        """Gives back at once what silence gives back later."""
        ...


def merged(stored: Learned | None, age_seconds: float, report: Report) -> Learned:
    """What is known after one more report.

    Of several replicas that were refused at the same time the first is believed, as a cut must not be made twice;
    growth is a matter of time, so that the one that grew furthest is right.
    """
    mine = report.learned
    if stored is None or age_seconds > FORGOTTEN_AFTER_SECONDS:
        return Learned(mine.rate, mine.ceiling, max(mine.epoch, stored.epoch if stored else 0) + 1)
    if mine.epoch != stored.epoch:
        return stored
    if report.cut:
        return Learned(mine.rate, mine.ceiling, stored.epoch + 1)
    return Learned(max(mine.rate, stored.rate), stored.ceiling, stored.epoch)


def share_of(mine: float, others: Sequence[float], rate: float) -> float:
    """Our part of a rate, between 0 and 1.

    Whoever wants less than an equal part gets what it wants; the rest is divided among those who want more, or, when
    nobody does, among all.
    """
    left, count = rate, len(others) + 1
    for wanted in sorted([*others, mine]):
        given = min(wanted, left / count)
        if wanted == mine and given < wanted:
            return left / count / rate
        left, count = left - given, count - 1
    spare = max(rate - sum(others) - mine, 0.0) / (len(others) + 1)
    return min((mine + spare) / rate, 1.0)


class SharedBudgets:
    """Built by `SharedBudgets.open`. Without an answer our part stays what it was, and no rate grows."""

    def __init__(self, throttle: Throttle, store: BudgetStore, replica: str, on_trouble: Callable[[str], None]) -> None:
        self._throttle = throttle
        self._store = store
        self._replica = replica
        self._on_trouble = on_trouble
        self._known: dict[str, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._one_at_a_time = asyncio.Lock()
        self._away = False

    @classmethod
    @asynccontextmanager
    async def open(
        cls, throttle: Throttle, store: BudgetStore, replica: str, on_trouble: Callable[[str], None]
    ) -> AsyncIterator["SharedBudgets"]:
        """`replica`: a name that no other process has. `on_trouble` is told when nobody can be asked any more."""
        shared = cls(throttle, store, replica, on_trouble)
        throttle.introduce, throttle.changed = shared.introduce, shared._wake.set
        heart = asyncio.create_task(shared._keep_beating(), name="budget heartbeat")
        try:
            yield shared
        finally:
            throttle.introduce = throttle.changed = None
            heart.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heart
            await shared._leave()

    async def introduce(self, login: str) -> None:
        """The others know of us before our first call, and we of what they have learned."""
        task = self._known.get(login)
        if task is None:
            task = self._known[login] = asyncio.create_task(self.beat(), name="budget introduced")
            self._wake.set()
        if not task.done():
            await asyncio.shield(task)

    async def beat(self) -> None:
        """Whatever is wrong with sharing, work goes on: it is told, and the next beat tries again."""
        async with self._one_at_a_time:
            reports = self._throttle.reports()
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    standings = await self._store.exchange(self._replica, reports)
                self._adopt(reports, standings)
            except Exception as error:  # noqa: BLE001 - told
                self._throttle.unsaid(reports)
                self._throttle.freeze()
                self._tell(error)
            else:
                self._away = False

    def _adopt(self, reports: Sequence[Report], standings: Sequence[Standing]) -> None:
        self._known = {each.login: self._known[each.login] for each in reports if each.login in self._known}
        wanted = {report.login: report.wanted for report in reports}
        for each in standings:
            share = share_of(wanted[each.login], each.others, each.learned.rate)
            self._throttle.adopt(each.login, each.learned, share=share, elsewhere=each.elsewhere)

    def _tell(self, error: Exception) -> None:
        """When it begins."""
        if not self._away:
            kind = type(error).__name__
            foreseen = isinstance(error, HarvesterError | TimeoutError)
            self._on_trouble((str(error) or kind) if foreseen else f"unexpected {kind}: {error}")
        self._away = True

    async def _keep_beating(self) -> None:
        while True:
            seconds = BEAT_SECONDS
            try:
                if self._known:
                    await self.beat()
                if self._throttle.unsettled():
                    seconds = _QUICK_BEAT_SECONDS
            except Exception as error:  # noqa: BLE001 - told; no surprise ends the heart
                self._tell(error)
            await news_or(self._wake, seconds)

    async def _leave(self) -> None:
        for task in self._known.values():
            task.cancel()
        if not self._known:
            return
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                await self._store.leave(self._replica)
        except (HarvesterError, TimeoutError):
            return
