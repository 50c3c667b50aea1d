"""Time as the sandbox sees it; it can be set forward, so that tokens expire and lags pass without waiting."""

import datetime as dt
import time


class Clock:
    def __init__(self) -> None:
        self._ahead_seconds = 0.0

    def now(self) -> float:
        """Seconds since some moment before the start."""
        return time.monotonic() + self._ahead_seconds

    def today(self, zone: dt.tzinfo) -> str:
        return (dt.datetime.now(zone) + dt.timedelta(seconds=self._ahead_seconds)).date().isoformat()

    def advance(self, seconds: float) -> None:
        if seconds < 0:
            raise ValueError("Time goes forward only")
        self._ahead_seconds += seconds
