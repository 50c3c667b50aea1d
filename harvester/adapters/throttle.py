"""Request budgets that adapt to what Amazon lets through.

Amazon publishes no limits: they move with its load. A call draws on three budgets: that of its login at its host, which
is looked for from a modest rate upwards; of its profile; and of this operation of the profile. The last two are
unlimited until they are refused. A 429 counts against the narrowest that explains it.
"""

import asyncio
import time as clock
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from harvester.adapters.exchange import Budget
from harvester.adapters.limit import FIRST_RATE, FORGOTTEN_AFTER_SECONDS, Learned, Limit
from harvester.adapters.turns import Turns
from harvester.domain.errors import Unavailable

_STREAK = 2
"""Refused more often than that in a row, a pair tells of itself alone."""
_PARDONED_SECONDS = 2.0
_LONGEST_OPEN_SECONDS = 900.0
_SHORTEST_SLEEP_SECONDS = 1e-6
_LONGEST_SLEEP_SECONDS = 1.0
"""At the front: rates change meanwhile."""
_IDLE_SECONDS = 30.0
"""A login that nobody called for so long is not reported."""
_UNSETTLED_SECONDS = 3.0
_SHORTEST_SECONDS = 0.1
_HEADROOM = 1.5
_FEWEST_KEPT = 1024


@dataclass(slots=True)
class Pair:
    """One operation of one profile: the narrowest budget, the only one that a Retry-After pauses."""

    limit: Limit = field(default_factory=lambda: Limit(parts=2, answers=8))
    paused_until: float = float("-inf")
    refusals: int = 0
    """In a row."""
    let_in: bool = False
    """Some call got past the throttle."""
    open_until: float = float("-inf")
    open_seconds: float = 0.0
    """How long the breaker stays open; 0: it never opened."""


@dataclass(slots=True)
class Login:
    """What all profiles of a login share at its host."""

    name: str
    limit: Limit
    turns: Turns = field(default_factory=Turns)
    sent: int = 0
    sent_before: int = 0
    """At the last report."""
    called_at: float = float("-inf")
    reported_at: float = float("-inf")
    answered: int = 0
    refused: int = 0
    waited_seconds: float = 0.0
    cut: bool = False
    """Since the last report."""
    blamed: list[tuple[float, Limit]] = field(default_factory=list)
    """Narrower limits that were cut lately, and when."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One login at its host, as this process sees it. Counters only grow."""

    login: str
    """Host and client id."""
    rate: float
    """Requests a second of all replicas together."""
    share: float
    """This process's, of the rate."""
    ceiling: float | None
    """Where it was last refused."""
    waiting: int
    waited_seconds: float
    """All calls together."""
    sent: int
    answered: int
    refused: int


@dataclass(frozen=True, slots=True)
class Report:
    """What a replica says about a login at each heartbeat."""

    login: str
    learned: Learned
    cut: bool
    """Refused since `learned.epoch` was learned."""
    wanted: float
    """Requests a second that it could use."""
    through: float
    """Requests a second that get through."""


class Throttle:
    """Says when a request may go. One for the whole process; times are those of a monotonic clock."""

    def __init__(
        self,
        *,
        time: Callable[[], float] = clock.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        first_rate: float = FIRST_RATE,
    ) -> None:
        self._time = time
        self._sleep = sleep
        self._first_rate = first_rate
        self._logins: dict[str, Login] = {}
        self._profiles: dict[tuple[str, str], Limit] = {}
        self._pairs: dict[Budget, Pair] = {}
        self._sweep_at = _FEWEST_KEPT
        self.introduce: Callable[[str], Awaitable[None]] | None = None
        """Awaited before the first call of a login."""
        self.changed: Callable[[], None] | None = None
        """Told when a login's rate was cut."""

    async def enter(self, budget: Budget, give_up_at: float | None = None) -> bool:
        """Wait for this budget's turn. False: it would come only after `give_up_at`, and nothing was taken.

        Without `give_up_at` (a first attempt) it raises Unavailable while the pair's breaker is open. Repeats go
        before first attempts: their patience is running already.
        """
        login, profile, pair = self._budgets(budget)
        if give_up_at is None:
            self._pass_breaker(pair, budget)
        started = self._time()
        if started - login.called_at > FORGOTTEN_AFTER_SECONDS:
            login.limit = self._unknown()
        login.called_at = started
        try:
            if self.introduce is not None:
                await self.introduce(budget.login)
            while True:
                if not await self._narrow(profile, pair, give_up_at) or self._too_late(login, give_up_at):
                    return False
                await login.turns.come_to_the_front(first_attempt=give_up_at is None)
                try:
                    entered = await self._in_front(login, profile, pair, give_up_at)
                finally:
                    login.turns.leave()
                if entered is not None:
                    return entered
        finally:
            login.waited_seconds += self._time() - started

    def succeeded(self, budget: Budget) -> None:
        now = self._time()
        login, profile, pair = self._budgets(budget)
        for limit in (pair.limit, profile, login.limit):
            limit.passed(now)
        self.answered(budget)

    def answered(self, budget: Budget) -> None:
        """Any answer but a 429: the pair is not stuck."""
        login, _, pair = self._budgets(budget)
        login.answered += 1
        pair.let_in = True
        pair.refusals = 0
        pair.open_seconds = 0.0
        pair.open_until = float("-inf")

    def refused(self, budget: Budget, *, sent_at: float, pause_seconds: float) -> None:
        """A 429. The pair pauses; wider budgets slow down only when several of their parts are refused at a time."""
        now = self._time()
        login, profile, pair = self._budgets(budget)
        login.refused += 1
        pair.refusals += 1
        pair.paused_until = max(pair.paused_until, now + pause_seconds)
        if pair.refusals <= _STREAK and not pair.open_seconds:
            if self._blamed(login, login.limit, budget.profile, sent_at):
                return
            if self._blamed(login, profile, budget.operation, sent_at):
                return
        self._blamed(login, pair.limit, str(login.refused), sent_at)

    def gave_up(self, budget: Budget, *, open_seconds: float) -> float | None:
        """A call ran out of patience with nothing but 429s. The seconds until the next may be tried, where we know.

        Where no call of the pair ever got through, the next ones fail at once for `open_seconds`, then for twice as
        long each time, up to a quarter of an hour.
        """
        pair = self._budgets(budget)[2]
        if pair.let_in:
            return None
        pair.open_seconds = min(max(2 * pair.open_seconds, open_seconds), _LONGEST_OPEN_SECONDS)
        pair.open_until = self._time() + pair.open_seconds
        return pair.open_seconds

    def snapshot(self) -> Sequence[Reading]:
        """For metrics: one reading per login used so far."""
        return [
            Reading(
                login=each.name,
                rate=each.limit.learned().rate,
                share=each.limit.share,
                ceiling=each.limit.ceiling,
                waiting=len(each.turns),
                waited_seconds=each.waited_seconds,
                sent=each.sent,
                answered=each.answered,
                refused=each.refused,
            )
            for each in self._logins.values()
        ]

    def reports(self) -> Sequence[Report]:
        """What was learned since the last time about logins in use; for whoever shares it with other replicas."""
        now = self._time()
        reports = []
        for login in self._logins.values():
            if now - login.called_at > _IDLE_SECONDS and not len(login.turns):
                login.reported_at = float("-inf")
                continue
            lately = (login.sent - login.sent_before) / max(now - login.reported_at, _SHORTEST_SECONDS)
            new = login.reported_at == float("-inf")
            wanted = self._first_rate if new else 1 + _HEADROOM * (lately + len(login.turns))
            login.reported_at, login.sent_before = now, login.sent
            reports.append(Report(login.name, login.limit.learned(), login.cut, wanted, login.limit.through(now)))
            login.cut = False
        return reports

    def unsettled(self) -> bool:
        """Whether the limit of a login in use is being looked for, or has just moved."""
        now = self._time()
        return any(
            now - login.called_at < _IDLE_SECONDS
            and (login.limit.ceiling is None or now - login.limit.cut_at < _UNSETTLED_SECONDS)
            for login in self._logins.values()
        )

    def unsaid(self, reports: Sequence[Report]) -> None:
        """Nobody took these reports: what they told is told again."""
        for report in reports:
            login = self._logins[report.login]
            login.cut = login.cut or report.cut

    def adopt(self, login_name: str, learned: Learned, *, share: float, elsewhere: float) -> None:
        """What all replicas know of a login by now, how much of it is ours, and what gets through in the others."""
        login = self._logins[login_name]
        now = self._time()
        login.limit.hand_out(share, elsewhere, now)
        if login.cut:
            login.limit.epoch = learned.epoch
        else:
            login.limit.adopt(learned, now)

    def freeze(self) -> None:
        """Nobody can be asked: shares stay as they are, and no rate grows."""
        for login in self._logins.values():
            login.limit.frozen = True

    async def _narrow(self, profile: Limit, pair: Pair, give_up_at: float | None) -> bool:
        """Waits until profile and pair let the call pass. False: that would be too late."""
        while (ready_at := _narrow_ready_at(profile, pair)) > (now := self._time()):
            if give_up_at is not None and ready_at > give_up_at:
                return False
            await self._sleep(max(ready_at - now, _SHORTEST_SLEEP_SECONDS))
            for limit in (profile, pair.limit):
                limit.press(self._time())
        return True

    async def _in_front(self, login: Login, profile: Limit, pair: Pair, give_up_at: float | None) -> bool | None:
        """None: the pair was paused meanwhile, and others go first."""
        while True:
            now = self._time()
            if _narrow_ready_at(profile, pair) > now:
                return None
            ready_at = login.limit.ready_at()
            if give_up_at is not None and max(ready_at, now) > give_up_at:
                return False
            if ready_at <= now:
                for limit in (pair.limit, profile, login.limit):
                    limit.take(now)
                login.sent += 1
                return True
            login.limit.press(now)
            await self._sleep(min(max(ready_at - now, _SHORTEST_SLEEP_SECONDS), _LONGEST_SLEEP_SECONDS))

    def _blamed(self, login: Login, limit: Limit, part: str, sent_at: float) -> bool:
        """Whether this limit explains a refusal. Once the login's does, the narrower ones are pardoned."""
        now, cut_at = self._time(), limit.cut_at
        explains = limit.refused(part, now, sent_at)
        if limit.cut_at == cut_at:
            return explains
        if limit is not login.limit:
            login.blamed = [each for each in login.blamed if each[0] > now - _PARDONED_SECONDS] + [(now, limit)]
            return explains
        for at, narrower in login.blamed:
            if at > now - _PARDONED_SECONDS:
                narrower.pardon()
        login.blamed, login.cut = [], True
        if self.changed is not None:
            self.changed()
        return explains

    def _too_late(self, login: Login, give_up_at: float | None) -> bool:
        """Whether a repeat would come to the front after its patience has ended, as things are."""
        pace = login.limit.pace
        if give_up_at is None or pace is None:
            return False
        ready_at = max(login.limit.ready_at(), self._time())
        return ready_at + login.turns.repeats / pace > give_up_at

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

    def _budgets(self, budget: Budget) -> tuple[Login, Limit, Pair]:
        login = self._logins.get(budget.login)
        if login is None:
            login = self._logins[budget.login] = Login(budget.login, self._unknown())
        pair = self._pairs.get(budget)
        if pair is None:
            self._sweep()
            pair = self._pairs[budget] = Pair()
        profile = self._profiles.get((budget.login, budget.profile))
        if profile is None:
            profile = self._profiles[budget.login, budget.profile] = Limit(parts=2, answers=16)
        return login, profile, pair

    def _unknown(self) -> Limit:
        return Limit(parts=3, answers=32, rate=self._first_rate)

    def _sweep(self) -> None:
        """Forgets narrow budgets that nobody used for long: there are as many as profiles times operations."""
        if len(self._pairs) < self._sweep_at:
            return
        now = self._time()
        oldest = now - FORGOTTEN_AFTER_SECONDS
        self._pairs = {
            key: pair for key, pair in self._pairs.items() if max(pair.limit.used_at, pair.open_until) > oldest
        }
        self._profiles = {key: limit for key, limit in self._profiles.items() if limit.used_at > oldest}
        self._sweep_at = max(_FEWEST_KEPT, 2 * len(self._pairs))


def _narrow_ready_at(profile: Limit, pair: Pair) -> float:
    return max(pair.paused_until, profile.ready_at(), pair.limit.ready_at())


def by_host(readings: Sequence[Reading]) -> dict[str, float]:
    """Requests a second that this process may send to each host, all its logins together."""
    rates: dict[str, float] = {}
    for each in readings:
        host = each.login.partition(" ")[0]
        rates[host] = rates.get(host, 0.0) + each.rate * each.share
    return rates
