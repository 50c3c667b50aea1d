"""The queue's line to Postgres breaks, and is laid anew; what is under way goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from harvester.adapters.common_clock import CommonClock
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.slots import PostgresSlots
from harvester.adapters.queue import PostgresJobQueue
from harvester.domain.ids import ProfileId
from harvester.domain.slot import Slot, Task

from .conftest import Sql

NOW = datetime.now(UTC).replace(microsecond=0)
CUT = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE application_name = 'harvester queue' AND datname = current_database()
"""


class Handling:
    """A handler that is told when to end, slot by slot."""

    def __init__(self) -> None:
        self.begun: asyncio.Queue[str] = asyncio.Queue()
        self.go_on = asyncio.Event()
        self.ended: list[str] = []

    async def __call__(self, slot: Slot) -> datetime | None:
        self.begun.put_nowait(slot.profile_id or "")
        if slot.profile_id == "long":
            await self.go_on.wait()
        self.ended.append(slot.profile_id or "")
        return None

    async def until(self, profile_id: str) -> None:
        async with asyncio.timeout(60):
            while await self.begun.get() != profile_id:
                pass


@pytest.fixture
def queue(dsn: str) -> PostgresJobQueue:
    return PostgresJobQueue(dsn, 2, 30.0, CommonClock())


@asynccontextmanager
async def working(queue: PostgresJobQueue, handling: Handling) -> AsyncIterator["asyncio.Task[None]"]:
    task = asyncio.ensure_future(queue.work(handling))
    try:
        yield task
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def put(database: Database, *profile_ids: str) -> None:
    slots = [Slot(Task.PLAN, ProfileId(each), NOW) for each in profile_ids]
    await PostgresSlots(database, timedelta(seconds=30)).put([(slot, NOW) for slot in slots], NOW)


async def test_a_lost_line_is_laid_anew_at_once(database: Database, queue: PostgresJobQueue, sql: Sql) -> None:
    """However long what is under way takes: it is neither waited for nor disturbed, and others are handed out."""
    handling = Handling()
    async with working(queue, handling) as task:
        await put(database, "long")
        await handling.until("long")

        assert await sql.fetch(CUT) != []
        await put(database, "other")
        await handling.until("other")

        assert handling.ended == ["other"]
        queue.stop()
        handling.go_on.set()
        async with asyncio.timeout(60):
            await task
    assert sorted(handling.ended) == ["long", "other"]
    assert await sql.fetchval("SELECT count(*) FROM harvester.pgqueuer WHERE dedupe_key LIKE 'plan/long/%'") == 1


async def test_a_stop_waits_for_what_outlived_its_line(database: Database, queue: PostgresJobQueue, sql: Sql) -> None:
    """Else a replica would leave, and its slot be taken, while it still works."""
    handling = Handling()
    async with working(queue, handling) as task:
        await put(database, "long")
        await handling.until("long")
        assert await sql.fetch(CUT) != []

        queue.stop()
        await put(database, "late")

        for _ in range(100):
            await asyncio.sleep(0)
        assert not task.done()
        handling.go_on.set()
        async with asyncio.timeout(60):
            await task
    assert handling.ended == ["long"]


async def test_no_surprise_ends_the_queue(
    database: Database, queue: PostgresJobQueue, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An error that nobody foresaw is told with its traceback, and the next line is laid."""
    handling, errors = Handling(), [ValueError("what is this"), KeyError("and this")]
    manage = PostgresJobQueue._manage

    async def surprising(self: PostgresJobQueue, manager: object) -> None:
        if errors:
            raise errors.pop(0)
        await manage(self, manager)  # type: ignore[arg-type]  # it is one

    monkeypatch.setattr(PostgresJobQueue, "_manage", surprising)
    with capture_logs() as lines:
        async with working(queue, handling):
            await put(database, "other")
            await handling.until("other")

    told = [(line["event"], line["log_level"], line["error"], type(line["exc_info"])) for line in lines]
    assert told[:2] == [
        ("queue.restarted", "error", "what is this", ValueError),
        ("queue.restarted", "error", "'and this'", KeyError),
    ]
