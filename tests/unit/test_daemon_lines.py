"""What the service says of itself when it is ready."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

from harvester.config.settings import Settings
from harvester.domain.errors import Unavailable
from harvester.entrypoints.daemon import Daemon

DUE = datetime(2026, 11, 28, 6, 30, tzinfo=UTC)


async def due() -> datetime | None:
    return DUE


async def never() -> datetime | None:
    return None


async def away() -> datetime | None:
    raise Unavailable("Postgres is away")


def a_daemon(next_due: Callable[[], Awaitable[datetime | None]], *, kind: str = "serve") -> Daemon:
    parts: Any = SimpleNamespace(settings=Settings(metrics_port=9000), next_due=next_due)
    nothing: Any = SimpleNamespace()
    daemons: Any = Daemon
    daemon: Daemon = daemons(parts, kind, nothing, nothing if kind == "serve" else None)
    return daemon


@pytest.mark.parametrize(("next_due", "told"), [(due, {"next_due": DUE.isoformat()}), (never, {}), (away, {})])
async def test_who_serves_says_how_far_when_and_where(
    next_due: Callable[[], Awaitable[datetime | None]], told: dict[str, str]
) -> None:
    """A Postgres that is away, and a fleet without profiles, leave out when."""
    assert await a_daemon(next_due)._introduction() == {
        "kind": "serve", "mode": "dry-run", "metrics": "http://127.0.0.1:9000", "schedule": "30 6 * * *", **told,
    }  # fmt: skip


async def test_who_only_works_has_no_schedule() -> None:
    """The clock is somebody else's."""
    said = await a_daemon(due, kind="worker")._introduction()

    assert said == {"kind": "worker", "mode": "dry-run", "metrics": "http://127.0.0.1:9000"}
