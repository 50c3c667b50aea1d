"""One limit of Amazon's, as learned from what it lets through and what it refuses.

It is looked for from below (twice the rate each half second, while nothing is refused), remembered where it was found
(`ceiling`), approached again within seconds, and probed beyond gently and rarely.
"""

import math
from collections import deque
from dataclasses import dataclass, field

LOWEST_RATE = 0.1
"""Requests a second."""
FASTEST_RATE = 2000.0
FIRST_RATE = 30.0
"""Assumed of a login before its limit is known."""
FORGOTTEN_AFTER_SECONDS = 900.0
"""What was learned so long ago says nothing about now."""
_DOUBLED_IN_SECONDS = 0.5
_APPROACH_SECONDS = 2.0
"""Two thirds of the way back to the ceiling."""
_PROBE_SHARE = 0.002
"""Of the ceiling: how much faster each second beyond it, at first."""
_PROBE_SECONDS = 8.0
"""In which what is beyond the ceiling grows e-fold."""
_LONGEST_STEP_SECONDS = 1.0
_OVERSHOT = 4
"""Times the limit at most, where it was looked for from below."""
_BELOW = 0.9
"""Of what got through."""
_BURST_SECONDS = 0.2
"""What a stall may make up for."""
_SETTLED = ((0.25, 24), (0.5, 8), (2.0, 0))
"""A cut has shown what it brings about after so many seconds and answers."""
_SHORTEST_SECONDS = 0.25
_MEASURED_SECONDS = 20.0
_SHORT_SECONDS = 1.0
_TICK_SECONDS = 0.02
_SAME_SHARE = 0.1
_RISEN = 1.25
"""Times the ceiling: so far beyond it, what got through earlier says little about the limit now."""
_NEAR = 0.95
"""Of the ceiling: from here on a refusal is what was looked for."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What replicas tell one another. `ceiling` None: it was never refused."""

    rate: float
    ceiling: float | None = None
    epoch: int = 0
    """Grows with every refusal that changed the rate."""


@dataclass(slots=True)
class Meter:
    """How much got through, in fiftieths of a second."""

    ticks: deque[tuple[float, float]] = field(default_factory=deque)

    def add(self, amount: float, now: float) -> None:
        tick = math.floor(now / _TICK_SECONDS) * _TICK_SECONDS
        if self.ticks and self.ticks[-1][0] == tick:
            self.ticks[-1] = (tick, self.ticks[-1][1] + amount)
            return
        self.ticks.append((tick, amount))
        while self.ticks[0][0] < now - _MEASURED_SECONDS:
            self.ticks.popleft()

    def since(self, start: float) -> float:
        return sum(amount for at, amount in self.ticks if at + _TICK_SECONDS / 2 >= start)


@dataclass(slots=True)
class Limit:
    """Times are those of a monotonic clock. `rate` None: unlimited, until it is refused."""

    parts: int
    """Of so many parts a refusal must come before it is taken for the whole's; near the ceiling one less will do."""
    answers: int
    """Among so many of the latest answers."""
    rate: float | None = None
    """What all replicas together may send."""
    ceiling: float | None = None
    epoch: int = 0
    share: float = 1.0
    """This process's, of the rate."""
    elsewhere: float = 0.0
    """Requests a second that get through in other processes."""
    frozen: bool = False
    """Nobody can be asked how much of it is ours: it does not grow meanwhile."""
    next_at: float = float("-inf")
    born_at: float = float("-inf")
    used_at: float = float("-inf")
    cut_at: float = float("-inf")
    before_cut: tuple[float | None, float | None] = (None, None)
    """Rate and ceiling."""
    grown_at: float = float("-inf")
    pressed_at: float = float("-inf")
    """When somebody last waited for it."""
    pressed_since: float = float("-inf")
    steady_since: float = float("-inf")
    """When it was last cut, or our share became another."""
    acked: Meter = field(default_factory=Meter)
    acked_since_cut: int = 0
    latest: deque[str | None] = field(default_factory=deque)
    """The parts of the latest refusals; None for an answer."""

    @property
    def pace(self) -> float | None:
        """Requests a second of this process."""
        return None if self.rate is None else max(self.rate * self.share, LOWEST_RATE)

    def ready_at(self) -> float:
        return float("-inf") if self.rate is None else self.next_at

    def take(self, now: float) -> None:
        if self.used_at == float("-inf"):
            self.born_at = self.grown_at = now
        self.used_at = now
        pace = self.pace
        if pace is not None:
            self.next_at = max(self.next_at, now - _BURST_SECONDS) + 1 / pace

    def press(self, now: float) -> None:
        if now - self.pressed_at > _SHORT_SECONDS:
            self.pressed_since = now
        self.pressed_at = now

    def passed(self, now: float) -> None:
        """A request got through."""
        self.acked.add(1, now)
        self.acked_since_cut += 1
        self._note(None)
        self._grow(now)

    def refused(self, part: str, now: float, sent_at: float) -> bool:
        """Whether this refusal is the whole's, not that part's alone."""
        if sent_at < self.cut_at:
            return True
        self._note(part)
        refused = len({each for each in self.latest if each is not None})
        near = self.ceiling is not None and self.rate is not None and self.rate >= _NEAR * self.ceiling
        if refused >= (max(self.parts - 1, 1) if near else self.parts):
            if self._settled(now):
                self._cut(now)
            return True
        return refused > 1

    def hand_out(self, share: float, elsewhere: float, now: float) -> None:
        """So much of the rate is ours from now on, and so much gets through in other processes."""
        if abs(share - self.share) > _SAME_SHARE * self.share:
            self.steady_since = now
        self.share, self.elsewhere, self.frozen = share, elsewhere, False

    def adopt(self, learned: Learned, now: float) -> None:
        """Another replica was refused, or grew further."""
        if learned.epoch != self.epoch:
            self._begin_anew(now)
        self.grown_at = now
        self.rate, self.ceiling, self.epoch = learned.rate, learned.ceiling, learned.epoch

    def pardon(self) -> None:
        """It was not this limit that refused: the last cut is taken back."""
        self.rate, self.ceiling = self.before_cut

    def learned(self) -> Learned:
        return Learned(FASTEST_RATE if self.rate is None else self.rate, self.ceiling, self.epoch)

    def _note(self, part: str | None) -> None:
        self.latest.append(part)
        if len(self.latest) > self.answers:
            self.latest.popleft()

    def _settled(self, now: float) -> bool:
        """Long enough after the last cut to see what it brought about."""
        since, answers = now - self.cut_at, self.acked_since_cut
        return any(since >= seconds and answers >= enough for seconds, enough in _SETTLED)

    def _cut(self, now: float) -> None:
        """To just below what got through.

        Between two moments at which Amazon had nothing left to give, that is its limit to the request. Where nothing
        got through there is nothing to learn: half the rate, and whatever ceiling was known.
        """
        through, before = self.through(now), self.rate
        self.before_cut = before, self.ceiling
        if through > 0:
            through += self.elsewhere
            if self.ceiling is None and before is not None:
                through = max(through, before / _OVERSHOT)
            self.ceiling = through if before is None else min(through, before)
            self.rate = max(_BELOW * self.ceiling, LOWEST_RATE)
        else:
            self.rate = max((1.0 if before is None else before) / 2, LOWEST_RATE)
        self.next_at = max(self.next_at, now)
        self._begin_anew(now)

    def _begin_anew(self, now: float) -> None:
        self.cut_at = self.steady_since = self.grown_at = now
        self.acked_since_cut = 0
        self.latest.clear()

    def through(self, now: float) -> float:
        """Requests a second of this process that got through, since it began to press or since the last cut."""
        pressed = now - self.pressed_at <= _SHORT_SECONDS
        beyond = self.rate is not None and (self.ceiling is None or self.rate > _RISEN * self.ceiling)
        longest = _SHORT_SECONDS if beyond else _MEASURED_SECONDS
        start = max(self.pressed_since if pressed else now - _SHORT_SECONDS, self.steady_since, now - longest)
        start = max(min(start, now - _SHORTEST_SECONDS), self.born_at)
        return self.acked.since(start) / max(now - start, _TICK_SECONDS)

    def _grow(self, now: float) -> None:
        step = min(now - self.grown_at, _LONGEST_STEP_SECONDS)
        self.grown_at = now
        if self.rate is None or self.frozen or now - self.pressed_at > _SHORT_SECONDS:
            return
        if self.ceiling is None:
            self.rate *= 2 ** (step / _DOUBLED_IN_SECONDS)
        elif self.rate < self.ceiling:
            gap = (self.ceiling - self.rate) * math.exp(-step / _APPROACH_SECONDS)
            self.rate = self.ceiling - gap + _PROBE_SHARE * self.ceiling * step
        else:
            lead = _PROBE_SHARE * _PROBE_SECONDS * self.ceiling
            self.rate = self.ceiling + (self.rate - self.ceiling + lead) * math.exp(step / _PROBE_SECONDS) - lead
        self.rate = min(self.rate, FASTEST_RATE)
