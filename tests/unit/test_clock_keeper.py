"""Who waits for the clock waits on, whatever Postgres says meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import pytest
from structlog.testing import capture_logs

from harvester.domain.errors import HarvesterError, LeaseLost, Misconfigured, Refused, Unavailable
from harvester.domain.ids import ProfileId
from harvester.entrypoints import clock
from harvester.entrypoints import lasting as lasting_parts
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


class OnceSurprising(NothingIsDue):
    """A dispatch that meets what nobody foresaw the first time."""

    def __init__(self) -> None:
        self.errors: list[Exception] = [ValueError("what is this")]
        self.worked = asyncio.Event()

    async def __call__(self) -> int:
        if self.errors:
            raise self.errors.pop()
        self.worked.set()
        return 0


async def test_a_surprise_begins_the_clock_anew(monkeypatch: Any) -> None:
    """It is told with its traceback, the clock is given back, and taken again; nothing else of the service ends."""
    monkeypatch.setattr(lasting_parts, "FIRST_PAUSE_SECONDS", 0)
    changes: list[bool] = []
    dispatch = OnceSurprising()
    keeper: Any = ClockKeeper
    with capture_logs() as lines:
        kept = keeper(AlwaysHad(), dispatch, None, changes.append)
        task = asyncio.ensure_future(lasting_parts.lasting("clock", kept.keep))
        worked = asyncio.ensure_future(dispatch.worked.wait())
        await asyncio.wait([task, worked], return_when=asyncio.FIRST_COMPLETED)

    assert not task.done()
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert changes == [True, False, True, False]
    (told,) = [line for line in lines if line["log_level"] == "error"]
    assert (told["event"], told["part"], type(told["exc_info"])) == ("daemon.surprised", "clock", ValueError)


class NeverThrough(NothingIsDue):
    """A dispatch in the middle of which the service is stopped."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()

    async def __call__(self) -> int:
        self.begun.set()
        await asyncio.Event().wait()
        return 0


async def test_a_firing_that_is_called_off_with_the_clock_is_no_error(caplog: pytest.LogCaptureFixture) -> None:
    """Whoever stops a service finds no traceback in its log."""
    keeper: Any = ClockKeeper
    dispatch = NeverThrough()
    task = asyncio.ensure_future(keeper(AlwaysHad(), dispatch, None, lambda _holds: None).keep())
    await asyncio.wait_for(dispatch.begun.wait(), 60)
    firing = [each for each in asyncio.all_tasks() if "run_coroutine_job" in repr(each)]

    task.cancel()
    await asyncio.wait([task, *firing])
    await asyncio.sleep(0)

    assert firing
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


class AlwaysHad:
    """A lease that nobody else wants."""

    @asynccontextmanager
    async def hold(self, _profile_id: ProfileId) -> AsyncIterator[None]:
        yield


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
