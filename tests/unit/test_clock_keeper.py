"""Who waits for the clock waits on, whatever Postgres says meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest

from harvester.domain.errors import HarvesterError, LeaseLost, Misconfigured, Refused, Unavailable
from harvester.domain.ids import ProfileId
from harvester.entrypoints import clock
from harvester.entrypoints.clock import ClockKeeper


class OnceRefused:
    """A lease that cannot be had the first time."""

    def __init__(self, error: HarvesterError) -> None:
        self._errors = [error]
        self.had = asyncio.Event()

    @asynccontextmanager
    async def hold(self, _profile_id: ProfileId) -> AsyncIterator[None]:
        if self._errors:
            raise self._errors.pop()
        self.had.set()
        yield


class NothingIsDue:
    """A dispatch of a fleet without profiles."""

    async def __call__(self) -> int:
        return 0

    async def timezones(self) -> set[str]:
        return set()


@pytest.mark.parametrize(
    "error", [Misconfigured("a new password"), Refused("no"), Unavailable("away"), LeaseLost("overtaken")]
)
async def test_a_clock_that_cannot_be_had_is_tried_again(error: HarvesterError, monkeypatch: Any) -> None:
    """A password that is changed while the service runs does not end it, and what it has under way."""
    monkeypatch.setattr(clock, "TRY_EVERY_SECONDS", 0)
    lease, dispatch = OnceRefused(error), NothingIsDue()
    keeper: Any = ClockKeeper
    task = asyncio.ensure_future(keeper(lease, dispatch, None, lambda _holds: None).keep())

    had = asyncio.ensure_future(lease.had.wait())
    await asyncio.wait([task, had], return_when=asyncio.FIRST_COMPLETED)

    assert not task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert had.done()
