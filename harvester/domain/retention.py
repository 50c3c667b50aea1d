"""How long what grows is kept, and what was dropped."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class Bulk(StrEnum):
    """What grows with every run."""

    DECISIONS = "decisions"
    """And the recommendations they are about."""
    CALLS = "api_calls"
    REPORT_DAYS = "report_days"
    """Whole days of reports, to which no action refers."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A month, or days of one, of which only what an action refers to is left."""

    what: Bulk
    opens: datetime
    closes: datetime
    """What was recorded from `opens` on and before `closes`."""
    rows: int
    kept: int
    bytes: int
    """Of disk space that this freed."""


@dataclass(frozen=True, slots=True)
class Droppable:
    """The same before it is done; how many rows will be kept is not known yet."""

    what: Bulk
    opens: datetime
    closes: datetime
    rows: int
    """Nearly."""
    bytes: int


@dataclass(frozen=True, slots=True)
class Horizon:
    """Before this, only what an action refers to is left."""

    before: datetime
    dropped_at: datetime


@dataclass(frozen=True, slots=True)
class Retained:
    """What one round of retention did."""

    partitions_made: int = 0
    by_day: tuple[str, ...] = ()
    """Tables that are divided by day from now on, because a month of them had become too large."""
    dropped: tuple[Dropped, ...] = ()
    put_off: tuple[str, ...] = ()
    """What could not be had now and is tried again next time, one sentence each."""
    swept: Mapping[str, int] = field(default_factory=dict)
    """Rows deleted of the daemon's own tables, by table."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long; None: for ever."""

    decisions: timedelta | None
    calls: timedelta | None
    reports: timedelta | None = None

    def of(self, what: Bulk) -> timedelta | None:
        return {Bulk.DECISIONS: self.decisions, Bulk.CALLS: self.calls, Bulk.REPORT_DAYS: self.reports}[what]
