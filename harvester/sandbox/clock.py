"""Time as the sandbox sees it; it can be set forward, so that tokens expire and lags pass without waiting."""

import datetime as dt
import time


class Clock:
    def __init__(self, first_day: dt.date | None = None) -> None:
        """`first_day`: the calendar starts at its noon, UTC, instead of now."""
        self._ahead_seconds = 0.0
        noon = None if first_day is None else dt.datetime.combine(first_day, dt.time(12), dt.UTC)
        self._off = dt.timedelta() if noon is None else noon - dt.datetime.now(dt.UTC)
        self.begun = 0.0
        self.begin()

    def begin(self) -> None:
        """The first morning is now."""
        self.begun = self.now()

    def now(self) -> float:
        """Seconds since some moment before the start."""
        return time.monotonic() + self._ahead_seconds

    def today(self, zone: dt.tzinfo) -> str:
        return self.moment(self.now()).astimezone(zone).date().isoformat()

    def moment(self, at: float) -> dt.datetime:
        """What the calendar says when `now` is `at`."""
        return dt.datetime.now(dt.UTC) + self._off + dt.timedelta(seconds=at - time.monotonic())

    def day(self, at: float, zone: dt.tzinfo) -> float:
        """The ordinal of the day there, and how much of it has passed."""
        there = self.moment(at).astimezone(zone)
        return there.toordinal() + (there.hour * 3600 + there.minute * 60 + there.second) / 86_400

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("Time goes forward only")
        self._ahead_seconds += seconds
