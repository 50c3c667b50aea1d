"""What a worker has done is recorded, however long Postgres is away meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from harvester.domain.errors import Unavailable
from harvester.domain.slot import Done, Failed, Result, Slot, Taken, Task
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


class Surprising(AwayForAWhile):
    """Slots of a Postgres that says what nobody foresaw when it is to keep what was done, or to give a slot away."""

    def __init__(self, *, takes: bool) -> None:
        super().__init__(0)
        self.takes = takes

    async def take(self, slot: Slot, *rest: object) -> Taken:
        if not self.takes:
            raise ValueError("what is this")
        return await super().take(slot, *rest)

    async def settle(self, taken: Taken, result: Result, now: datetime) -> bool:
        if isinstance(result, Done):
            raise KeyError(result.note)
        return await super().settle(taken, result, now)


async def done(_taken: Taken) -> Result:
    return Done(note="this")


async def broken(_taken: Taken) -> Result:
    raise KeyError("work")


@pytest.mark.parametrize(
    ("work", "reason"), [(done, "unexpected KeyError: 'this'"), (broken, "unexpected KeyError: 'work'")]
)
async def test_a_surprise_fails_its_slot(work: Callable[[Taken], Awaitable[Result]], reason: str) -> None:
    """With the reason, and a traceback in the log; else a living replica would keep it for ever."""
    slots, queue = Surprising(takes=True), HandsOutOne()
    works: Any = Workers

    with capture_logs() as lines:
        await works(slots, queue, StandingStill(), "one", timedelta(seconds=1), work, a_job).run()

    assert slots.settled == [Failed(reason)]
    assert queue.again_at is None
    assert [line["event"] for line in lines] == ["slot.surprised", "slot.failed"]
    assert isinstance(lines[0]["exc_info"], Exception)


async def test_a_slot_that_cannot_be_taken_is_looked_at_again() -> None:
    """A minute later, and said; nothing else stops of it."""
    slots, queue = Surprising(takes=False), HandsOutOne()
    works: Any = Workers

    with capture_logs() as lines:
        await works(slots, queue, StandingStill(), "one", timedelta(seconds=1), done, a_job).run()

    assert queue.again_at == NOW + timedelta(minutes=1)
    assert [(line["event"], line["log_level"]) for line in lines] == [("slot.surprised", "error")]


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
