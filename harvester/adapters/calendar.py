"""The schedule: cron on the wall clock of a profile's own time zone, right through the nights when clocks change."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from croniter import croniter

from harvester.domain.zones import zone

_MARGIN = timedelta(hours=3)
"""No clock change moves the wall clock further."""
_FIELDS = 5


@dataclass(frozen=True)
class CronCalendar:
    """Of a cron line that the settings have checked.

    A line that names its hours fires once for each of them: where clocks go forward over it, after the gap; where they
    go back, the first time. A line of every hour, or every few, goes by elapsed time instead.
    """

    cron: str

    def next_due(self, timezone: str, now: datetime) -> datetime:
        there = zone(timezone)
        wall = croniter(self.cron, _wall(now, there) - _MARGIN)
        found: datetime | None = None
        while found is None or wall.get_current(datetime) < _wall(found, there) + _MARGIN:
            moments = [each for each in self._moments(wall.get_next(datetime), there) if each > now]
            found = min([*moments, *([found] if found else [])], default=None)
        return found

    def last_due(self, timezone: str, now: datetime) -> datetime:
        there = zone(timezone)
        wall = croniter(self.cron, _wall(now, there) + _MARGIN)
        found: datetime | None = None
        while found is None or wall.get_current(datetime) > _wall(found, there) - _MARGIN:
            moments = [each for each in self._moments(wall.get_prev(datetime), there) if each <= now]
            found = max([*moments, *([found] if found else [])], default=None)
        return found

    def _moments(self, wall: datetime, there: ZoneInfo) -> Iterator[datetime]:
        """When the wall clock shows this; a time that is skipped comes after the gap."""
        first = wall.replace(tzinfo=there, fold=0).astimezone(UTC)
        if not self._by_elapsed_time:
            yield first
            return
        if _wall(first, there) == wall:
            yield first
        second = wall.replace(tzinfo=there, fold=1).astimezone(UTC)
        if second != first and _wall(second, there) == wall:
            yield second

    @property
    def _by_elapsed_time(self) -> bool:
        fields = self.cron.split()
        return self.cron == "@hourly" or (len(fields) == _FIELDS and fields[1].startswith("*"))


def _wall(moment: datetime, there: ZoneInfo) -> datetime:
    return moment.astimezone(there).replace(tzinfo=None)
