"""Selling Partner calls at the documented rate: a bucket per login and operation, shared by all replicas."""

import asyncio
import math
import time as clock
from collections.abc import Awaitable, Callable
from typing import Protocol

from harvester.adapters.exchange import Budget
from harvester.domain.errors import HarvesterError

DOCUMENTED_RATE = 2.0
"""Requests a second of one account and application, for each of the two operations."""
BURST = 2.0
_HELD_BACK = 0.5
"""Of the burst: a call that was quicker on its way than the one before it finds Amazon's bucket not quite empty."""
_SLOWEST, _FASTEST = 0.1, 1000.0
_FOR_EVER_SECONDS = 1e9


class Turns(Protocol):
    """Where turns are given out."""

    async def take(self, login: str, operation: str, rate: float, burst: float, most_seconds: float) -> float | None:
        """The seconds until the next free turn, which is the caller's now. None: over `most_seconds`; nothing taken.

        Raises HarvesterError where nobody can be asked.
        """
        ...


class OwnTurns:
    """Turns of this process alone."""

    def __init__(self, time: Callable[[], float] = clock.monotonic) -> None:
        self._time = time
        self._full_at: dict[tuple[str, str], float] = {}

    async def take(self, login: str, operation: str, rate: float, burst: float, most_seconds: float) -> float | None:
        now = self._time()
        full_at = max(self._full_at.get((login, operation), now), now) + 1 / rate
        wait_seconds = max(full_at - now - burst / rate, 0.0)
        if wait_seconds > most_seconds:
            return None
        self._full_at[login, operation] = full_at
        return wait_seconds


class SteadyPace:
    """The `Pacing` of Selling Partner calls. Where nobody can be asked for turns, this process gives out its own."""

    def __init__(
        self,
        turns: Turns,
        *,
        time: Callable[[], float] = clock.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._turns = turns
        self._own_turns = OwnTurns(time)
        self._time = time
        self._sleep = sleep
        self._rates: dict[Budget, float] = {}
        self._paused_until: dict[Budget, float] = {}

    async def enter(self, budget: Budget, give_up_at: float | None = None) -> bool:
        """False: the turn would come after `give_up_at`, and none was taken."""
        while (pause_seconds := self._paused_until.get(budget, -math.inf) - self._time()) > 0:
            if give_up_at is not None and self._paused_until[budget] > give_up_at:
                return False
            await self._sleep(pause_seconds)
        most_seconds = _FOR_EVER_SECONDS if give_up_at is None else max(give_up_at - self._time(), 0.0)
        wait_seconds = await self._take(budget, most_seconds)
        if wait_seconds is None:
            return False
        if wait_seconds > 0:
            await self._sleep(wait_seconds)
        return True

    def told(self, budget: Budget, limit: str | None) -> None:
        """What an answer said of the limit (`x-amzn-RateLimit-Limit`); nonsense changes nothing."""
        try:
            rate = float(limit or "")
        except ValueError:
            return
        if math.isfinite(rate) and rate > 0:
            self._rates[budget] = min(max(rate, _SLOWEST), _FASTEST)

    def succeeded(self, budget: Budget) -> None:
        pass

    def answered(self, budget: Budget) -> None:
        pass

    def refused(self, budget: Budget, *, sent_at: float, pause_seconds: float) -> None:
        """An occasional 429 below the limit is normal: the calls of this login and operation pause."""
        self._paused_until[budget] = max(self._paused_until.get(budget, -math.inf), self._time() + pause_seconds)

    def gave_up(self, budget: Budget, *, open_seconds: float) -> float | None:
        return None

    async def _take(self, budget: Budget, most_seconds: float) -> float | None:
        rate = self._rates.get(budget, DOCUMENTED_RATE)
        asked = (budget.login, budget.operation, rate, BURST - _HELD_BACK, most_seconds)
        try:
            return await self._turns.take(*asked)
        except HarvesterError:
            return await self._own_turns.take(*asked)
