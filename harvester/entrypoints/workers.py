"""Workers: take slots from the queue, do what they ask for, and stop in order."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from harvester.domain.errors import HarvesterError, Unavailable
from harvester.domain.slot import Done, Failed, NotTaken, Result, SetAside, Slot, Taken, Task
from harvester.ports import Clock
from harvester.ports.fleet import JobQueue, Slots

MOST_UNANSWERED = 5
"""So many workers may die of a slot before it is given up."""

_TOLD_TO_STOP = "its worker was told to stop"

SETTLE_AGAIN_SECONDS = 1.0
"""Beside the minute that each try waits for Postgres by itself."""

SURPRISED_PAUSE = timedelta(minutes=1)
"""Before a slot of which nobody foresaw what happened is looked at again."""

log = structlog.get_logger()


@dataclass
class Workers:
    slots: Slots
    queue: JobQueue
    clock: Clock
    replica_id: str
    busy_pause: timedelta
    """Before a slot that another replica has is looked at again."""
    work: Callable[[Taken], Awaitable[Result]]
    """Under the rules in force when it is called."""
    job: Callable[[str, str | None], AbstractContextManager[None]]
    """Around the work on a slot, with its task and profile: lines and spans say whose they are."""
    _under_way: "dict[str, asyncio.Task[Result]]" = field(default_factory=dict, init=False)
    _stopping: bool = field(default=False, init=False)

    @property
    def running(self) -> int:
        return len(self._under_way)

    async def run(self) -> None:
        """Until `stop`, and until what was under way then has ended and is recorded."""
        await self.queue.work(self._handle)

    def stop(self) -> None:
        """No new work. What is under way stops where it can be gone on with, a call to Amazon is ended and recorded."""
        self._stopping = True
        self.queue.stop()
        for task in self._under_way.values():
            task.cancel()

    async def _handle(self, slot: Slot) -> datetime | None:
        """When the queue has to hand it out again; None: never."""
        with self.job(slot.task.value, slot.profile_id):
            now = self.clock.now()
            if self._stopping:
                return now
            if slot.key in self._under_way:
                return now + self.busy_pause
            try:
                return await self._take_and_work(slot)
            except HarvesterError as error:
                log.warning("slot.delayed", due_at=slot.due_at.isoformat(), error=str(error))
                return self.clock.now() + self.busy_pause
            except Exception as error:
                log.exception("slot.surprised", due_at=slot.due_at.isoformat(), exc_info=error)
                return self.clock.now() + SURPRISED_PAUSE

    async def _take_and_work(self, slot: Slot) -> datetime | None:
        taken = await self.slots.take(slot, self.replica_id, self.clock.now(), MOST_UNANSWERED)
        match taken:
            case NotTaken.OVER:
                return None
            case NotTaken.GIVEN_UP:
                log.error("slot.given_up", due_at=slot.due_at.isoformat(), deliveries=MOST_UNANSWERED)
                return None
            case NotTaken.BUSY:
                return self.clock.now() + self.busy_pause
            case datetime():
                return taken
        result = await self._result(taken)
        try:
            settled = await self._settle(taken, result)
        except HarvesterError:
            raise
        except Exception as error:  # noqa: BLE001 - its slot fails of it, in words that can be kept
            result = _unexpected(slot, error)
            settled = await self._settle(taken, result)
        if not settled:
            log.warning("slot.taken_over", due_at=slot.due_at.isoformat())
            return None
        _tell(slot, result)
        return result.until if isinstance(result, SetAside) else None

    async def _settle(self, taken: Taken, result: Result) -> bool:
        """As often as it takes: what a living replica has forgotten, no other may take."""
        while True:
            try:
                return await self.slots.settle(taken, result, self.clock.now())
            except Unavailable as error:
                if self._stopping:
                    raise
                log.warning("slot.unsettled", due_at=taken.slot.due_at.isoformat(), error=str(error))
            await asyncio.sleep(SETTLE_AGAIN_SECONDS)

    async def _result(self, taken: Taken) -> Result:
        task = self._under_way[taken.slot.key] = asyncio.ensure_future(self.work(taken))
        if self._stopping:
            task.cancel()
        try:
            await asyncio.wait([task])
        finally:
            del self._under_way[taken.slot.key]
        if task.cancelled():
            return SetAside(self.clock.now(), _TOLD_TO_STOP, counts=False)
        error = task.exception()
        if error is None or isinstance(error, HarvesterError) or not isinstance(error, Exception):
            return task.result()
        return _unexpected(taken.slot, error)


def _unexpected(slot: Slot, error: Exception) -> Failed:
    log.error("slot.surprised", due_at=slot.due_at.isoformat(), exc_info=error)
    return Failed(f"unexpected {type(error).__name__}: {error}")


def _tell(slot: Slot, result: Result) -> None:
    due_at = slot.due_at.isoformat()
    match result:
        case Done(run_id=run_id, note=note):
            log.info("slot.done", due_at=due_at, **_given(run_id=run_id, note=note))
        case SetAside(until=until, reason=reason):
            usual = reason == _TOLD_TO_STOP or (slot.task is Task.REPORT and not result.counts)
            say = log.info if usual else log.warning
            say("slot.set_aside", due_at=due_at, until=until.isoformat(), reason=reason)
        case Failed(reason=reason):
            log.error("slot.failed", due_at=due_at, reason=reason)


def _given(**said: object) -> dict[str, object]:
    """What there is to say: a chore has no run, and mostly no note."""
    return {name: value for name, value in said.items() if value}
