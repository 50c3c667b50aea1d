"""The clock: one replica holds it, and puts into the queue what is due; another takes it over when that one ends."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from harvester.domain.errors import HarvesterError, ProfileBusy
from harvester.domain.ids import ProfileId
from harvester.ports import Lease
from harvester.ports.fleet import Calendar
from harvester.usecases.dispatch import Dispatch

CLOCK = ProfileId("clock")
"""What its holder holds of the clock's own lease."""
TRY_EVERY_SECONDS = 1.0
LOOK_EVERY_SECONDS = 2
"""Beside the moments of the schedule: for chores, for what was missed, and for a clock that jumps."""

_EXECUTOR = "apscheduler.executors.default"

log = structlog.get_logger()


def _is_no_farewell(line: logging.LogRecord) -> bool:
    """A firing that ends with its clock is called off, which APScheduler takes for an error."""
    return not (line.exc_info and isinstance(line.exc_info[1], asyncio.CancelledError))


class ScheduleTrigger(BaseTrigger):  # type: ignore[misc]  # APScheduler comes without types
    """Fires when the profiles of one time zone are due."""

    def __init__(self, calendar: Calendar, timezone: str) -> None:
        self._calendar = calendar
        self._timezone = timezone

    def get_next_fire_time(self, _previous: datetime | None, now: datetime) -> datetime:
        return self._calendar.next_due(self._timezone, now)


@dataclass
class ClockKeeper:
    lease: Lease
    dispatch: Dispatch
    calendar: Calendar
    changed: Callable[[bool], None]
    """Told when this replica takes the clock, and when it has it no more."""
    holds: bool = field(default=False, init=False)
    _at_work: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def keep(self) -> None:
        """Until cancelled: holds the clock, or waits for it. Raises a surprise; then the clock is anybody's."""
        while True:
            try:
                async with self.lease.hold(CLOCK):
                    self._hold(True)
                    await self._tick()
            except ProfileBusy:
                pass
            except HarvesterError as error:  # also a new password: what is under way here goes on meanwhile
                log.warning("clock.lost", error=str(error))
            finally:
                self._hold(False)
            await asyncio.sleep(TRY_EVERY_SECONDS)

    def _hold(self, holds: bool) -> None:
        if holds != self.holds:
            self.holds = holds
            self.changed(holds)

    async def _tick(self) -> None:
        logging.getLogger(_EXECUTOR).addFilter(_is_no_farewell)
        scheduler = AsyncIOScheduler(timezone=UTC)
        scheduler.configure(job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None})
        look = IntervalTrigger(seconds=LOOK_EVERY_SECONDS, timezone=UTC)
        surprise: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        scheduler.add_job(self._fire, look, [scheduler, surprise], id="look", next_run_time=datetime.now(UTC))
        scheduler.start()
        try:
            await surprise
        finally:
            scheduler.shutdown(wait=False)

    async def _fire(self, scheduler: AsyncIOScheduler, surprise: "asyncio.Future[None]") -> None:
        async with self._at_work:
            try:
                put = await self.dispatch()
                self._follow(scheduler, surprise, await self.dispatch.timezones())
            except HarvesterError as error:
                log.warning("clock.missed", error=str(error), again_in_seconds=LOOK_EVERY_SECONDS)
                return
            except Exception as error:  # noqa: BLE001 - APScheduler would swallow it
                if not surprise.done():
                    surprise.set_exception(error)
                return
        if put:
            log.info("slots.put", slots=put)

    def _follow(self, scheduler: AsyncIOScheduler, surprise: "asyncio.Future[None]", timezones: set[str]) -> None:
        """A moment of its own for every time zone that profiles have now."""
        there = {job.id for job in scheduler.get_jobs()} - {"look"}
        for timezone in timezones - there:
            trigger = ScheduleTrigger(self.calendar, timezone)
            scheduler.add_job(self._fire, trigger, [scheduler, surprise], id=timezone)
        for timezone in there - timezones:
            scheduler.remove_job(timezone)
