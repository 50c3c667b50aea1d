"""A machine whose clock is off says so, and goes by Postgres' clock."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import structlog
from structlog.testing import capture_logs

from harvester.adapters.common_clock import CommonClock
from harvester.domain.fleet import Sign
from harvester.entrypoints import daemon
from harvester.entrypoints.daemon import Daemon

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Ahead(CommonClock):
    """Of a machine that stands still."""

    ahead = timedelta(hours=1)

    def own(self) -> datetime:
        return NOON + self.ahead


class Replicas:
    async def sign(self, _sign: Sign) -> datetime:
        return NOON


def a_daemon(clock: CommonClock) -> Daemon:
    parts: Any = SimpleNamespace(clock=clock, replicas=Replicas(), sign=lambda *_kind, **_state: None)
    workers: Any = SimpleNamespace(running=0)
    return Daemon(parts, "worker", workers)


async def test_a_clock_that_is_off_is_told_once_and_when_it_is_mended(monkeypatch: Any) -> None:
    """With the difference; what is due goes by Postgres' clock from the first sign of life on."""
    monkeypatch.setattr(daemon, "log", structlog.get_logger())
    clock = Ahead()
    service = a_daemon(clock)

    with capture_logs() as lines:
        for _ in range(3):
            await service._sign()
        assert clock.now() == NOON
        clock.ahead = timedelta(seconds=4)
        await service._sign()

    told = [(line["event"], line["log_level"], line["ahead_of_postgres_seconds"]) for line in lines]
    assert told == [("clock.off", "warning", 3600.0), ("clock.off", "info", 4.0)]
    clock.ahead = timedelta()
    with capture_logs() as lines:
        await service._sign()
    assert lines == []
    assert clock.off == timedelta()
