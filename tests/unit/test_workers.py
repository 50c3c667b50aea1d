"""What a worker has done is recorded, however long Postgres is away meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

from structlog.testing import capture_logs

from harvester.domain.errors import Unavailable
from harvester.domain.slot import Done, Result, Slot, Taken, Task
from harvester.entrypoints import workers
from harvester.entrypoints.workers import Workers

NOW = datetime(2026, 11, 27, tzinfo=UTC)
SLOT = Slot(Task.EXPIRE, None, NOW)


class StandingStill:
    def now(self) -> datetime:
        return NOW


class AwayForAWhile:
    """Slots of a Postgres that takes no result the first few times."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.takings = 0
        self.settled: list[Result] = []

    async def take(self, slot: Slot, *_rest: object) -> Taken:
        self.takings += 1
        return Taken(slot, self.takings, 0)

    async def settle(self, _taken: Taken, result: Result, _now: datetime) -> bool:
        if self.times:
            self.times -= 1
            raise Unavailable("Postgres is away")
        self.settled.append(result)
        return True


class HandsOutOne:
    """A queue with one job."""

    again_at: datetime | None = None

    async def work(self, handle: Callable[[Slot], Awaitable[datetime | None]]) -> None:
        self.again_at = await handle(SLOT)

    def stop(self) -> None: ...


def a_job(_task: str, _profile_id: str | None) -> AbstractContextManager[None]:
    return nullcontext()


async def test_a_result_is_kept_until_postgres_takes_it(monkeypatch: Any) -> None:
    """Else this replica lives and has forgotten its slot: no other may take it, and what was done is done again."""
    monkeypatch.setattr(workers, "SETTLE_AGAIN_SECONDS", 0)
    slots, queue = AwayForAWhile(3), HandsOutOne()
    works: Any = Workers

    async def work(_taken: Taken) -> Result:
        return Done(note="well")

    await works(slots, queue, StandingStill(), "one", timedelta(seconds=1), work, a_job).run()

    assert slots.settled == [Done(note="well")]
    assert (slots.takings, queue.again_at) == (1, None)


async def test_a_replica_that_stops_keeps_nothing() -> None:
    """It leaves, so that its slot is anybody's."""
    slots, queue = AwayForAWhile(3), HandsOutOne()
    made: list[Workers] = []

    async def work(_taken: Taken) -> Result:
        made[0].stop()
        return Done()

    works: Any = Workers
    made.append(works(slots, queue, StandingStill(), "one", timedelta(seconds=1), work, a_job))
    await made[0].run()

    assert slots.settled == []
    assert queue.again_at == NOW + timedelta(seconds=1)


async def test_a_line_says_only_what_there_is_to_say() -> None:
    """A chore has no run: its line does not say that its run is None."""
    works: Any = Workers

    async def work(_taken: Taken) -> Result:
        return Done()

    with capture_logs() as lines:
        await works(AwayForAWhile(0), HandsOutOne(), StandingStill(), "one", timedelta(0), work, a_job).run()

    assert lines == [{"event": "slot.done", "log_level": "info", "due_at": NOW.isoformat()}]


async def test_a_stop_in_order_is_no_warning() -> None:
    """What was under way is gone on with by others: nobody has to look at it."""
    made: list[Workers] = []

    async def work(_taken: Taken) -> Result:
        made[0].stop()
        await asyncio.get_running_loop().create_future()
        return Done()

    works: Any = Workers
    made.append(works(AwayForAWhile(0), HandsOutOne(), StandingStill(), "one", timedelta(0), work, a_job))
    with capture_logs() as lines:
        await made[0].run()

    assert [(line["event"], line["log_level"]) for line in lines] == [("slot.set_aside", "info")]
