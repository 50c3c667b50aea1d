"""A clock that is behind: how the demo lets weeks go by. Whatever happens under it is dated by it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from harvester.adapters.http import Timing
from harvester.ports import Clock


@dataclass(frozen=True, slots=True)
class EarlierClock:
    behind: timedelta

    def now(self) -> datetime:
        return datetime.now(UTC) - self.behind


def if_earlier(clock: Clock) -> EarlierClock | None:
    """None for all others: Postgres dates what it records by itself."""
    return clock if isinstance(clock, EarlierClock) else None


def timing_by(clock: Clock) -> Timing:
    """What calls to Amazon are dated by."""
    return Timing(now=clock.now) if isinstance(clock, EarlierClock) else Timing()
