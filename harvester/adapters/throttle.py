"""Request budgets that adapt to what Amazon lets through.

Amazon publishes no limits: they move with its load. So every allowance (a login at its host, a profile, one operation
of a profile) is unlimited until a 429; then its rate is half of what it was, and each success adds a little, until it
is unlimited again.
"""

import asyncio
import time as clock
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from harvester.adapters.exchange import Budget
from harvester.domain.errors import Unavailable

LOWEST_RATE = 0.1
"""Requests a second."""
FASTEST_LIMITED_RATE = 100.0
RATE_STEP = 0.5
"""What one success adds to a limited rate."""
_WINDOW_SECONDS = 5.0
_SHORTEST_SPAN_SECONDS = 0.1
_TOGETHER_SECONDS = 10.0
_OPERATIONS_OF_A_PROFILE = 2
_PROFILES_OF_A_LOGIN = 3
_LONGEST_OPEN_SECONDS = 900.0


@dataclass(slots=True)
class Allowance:
    """The rate of one budget: none until it was refused."""

    rate: float | None = None
    """Requests a second."""
    free_at: float = 0.0
    """When the next request may go; never more than one interval ahead of the last one."""
    cut_at: float = float("-inf")
    window_at: float = float("-inf")
    window_count: int = 0
    refusals: dict[str, float] = field(default_factory=dict)
    """Which of its parts were refused lately, and when."""

    def take(self, now: float) -> None:
        if now - self.window_at > _WINDOW_SECONDS:
            self.window_at, self.window_count = now, 0
        self.window_count += 1
        if self.rate is not None:
            self.free_at = now + 1 / self.rate

    def cut(self, now: float, sent_at: float) -> None:
        """Halve the rate; once only for all the requests that were under way together."""
        if sent_at < self.cut_at:
            return
        seen = self.window_count / max(now - self.window_at, _SHORTEST_SPAN_SECONDS)
        before = self.rate if self.rate is not None else min(seen, FASTEST_LIMITED_RATE)
        self.rate = max(before / 2, LOWEST_RATE)
        self.free_at = max(self.free_at, now + 1 / self.rate)
        self.cut_at = now
        self.refusals.clear()

    def grow(self) -> None:
        if self.rate is not None:
            self.rate += RATE_STEP
            if self.rate > FASTEST_LIMITED_RATE:
                self.rate = None

    def refused_in(self, part: str, now: float) -> int:
        """How many of its parts were refused within the last seconds, this one included."""
        self.refusals[part] = now
        self.refusals = {name: at for name, at in self.refusals.items() if now - at <= _TOGETHER_SECONDS}
        return len(self.refusals)


@dataclass(slots=True)
class Pair(Allowance):
    """One operation of one profile: the narrowest budget, the only one that a Retry-After pauses."""

    paused_until: float = float("-inf")
    let_in: bool = False
    """Some call got past the throttle."""
    open_until: float = float("-inf")
    open_seconds: float = 0.0
    """How long the breaker stays open; 0: it never opened."""


class Throttle:
    """Says when a request may go. One for the whole process; times are those of a monotonic clock."""

    def __init__(
        self,
        *,
        time: Callable[[], float] = clock.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._time = time
        self._sleep = sleep
        self._logins: dict[str, Allowance] = {}
        self._profiles: dict[tuple[str, str], Allowance] = {}
        self._pairs: dict[Budget, Pair] = {}

    async def enter(self, budget: Budget, give_up_at: float | None = None) -> bool:
        """Wait for this budget's turn. False: it would come only after `give_up_at`, and nothing was taken.

        Without `give_up_at` (a first attempt) it raises Unavailable while the pair's breaker is open.
        """
        pair, *wider = self._allowances(budget)
        if give_up_at is None:
            self._pass_breaker(pair, budget)
        while True:
            now = self._time()
            ready_at = max(pair.paused_until, *(each.free_at for each in (pair, *wider) if each.rate is not None), now)
            if ready_at <= now:
                for each in (pair, *wider):
                    each.take(now)
                return True
            if give_up_at is not None and ready_at > give_up_at:
                return False
            await self._sleep(ready_at - now)

    def succeeded(self, budget: Budget) -> None:
        for allowance in self._allowances(budget):
            allowance.grow()
        self.answered(budget)

    def answered(self, budget: Budget) -> None:
        """Any answer but a 429: the pair is not stuck."""
        pair = self._allowances(budget)[0]
        pair.let_in = True
        pair.open_seconds = 0.0
        pair.open_until = float("-inf")

    def refused(self, budget: Budget, *, sent_at: float, pause_seconds: float) -> None:
        """A 429. The pair pauses; wider budgets slow down only when several of their parts are refused at a time."""
        now = self._time()
        pair, profile, login = self._allowances(budget)
        pair.cut(now, sent_at)
        pair.paused_until = max(pair.paused_until, now + pause_seconds)
        if pair.open_seconds:
            return
        if profile.refused_in(budget.operation, now) >= _OPERATIONS_OF_A_PROFILE:
            profile.cut(now, sent_at)
        if login.refused_in(budget.profile, now) >= _PROFILES_OF_A_LOGIN:
            login.cut(now, sent_at)

    def gave_up(self, budget: Budget, *, open_seconds: float) -> None:
        """A call ran out of patience with nothing but 429s.

        Where no call of the pair ever got through, the next ones fail at once for `open_seconds`, then for twice as
        long each time, up to a quarter of an hour.
        """
        pair = self._allowances(budget)[0]
        if pair.let_in:
            return
        pair.open_seconds = min(max(2 * pair.open_seconds, open_seconds), _LONGEST_OPEN_SECONDS)
        pair.open_until = self._time() + pair.open_seconds

    def _pass_breaker(self, pair: Pair, budget: Budget) -> None:
        now = self._time()
        if now < pair.open_until:
            wait_seconds = pair.open_until - now
            raise Unavailable(
                f"Amazon has throttled {budget.operation} of this profile since its first call; "
                f"the next try is due in {wait_seconds:.0f} s",
                429,
                wait_seconds,
            )
        if pair.open_seconds:
            # One call probes; the others keep failing at once until it has an answer or its time is over.
            pair.open_until = now + pair.open_seconds

    def _allowances(self, budget: Budget) -> tuple[Pair, Allowance, Allowance]:
        pair = self._pairs.get(budget)
        if pair is None:
            pair = self._pairs[budget] = Pair()
        profile = self._profiles.setdefault((budget.login, budget.profile), Allowance())
        login = self._logins.setdefault(budget.login, Allowance())
        return pair, profile, login
