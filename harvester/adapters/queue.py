"""The queue: pgqueuer behind a port. What it forgets or hands out twice does no harm: the slot is the truth."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import asyncpg
import structlog
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment, QueryQueueBuilder
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.errors import PgqException, RetryRequested
from pgqueuer.domain.models import Job
from pgqueuer.domain.settings import DBSettings

from harvester.adapters.postgres.database import Connection, translated
from harvester.domain.errors import HarvesterError, Unavailable
from harvester.domain.ids import ProfileId
from harvester.domain.slot import Slot, Task
from harvester.ports import Clock

ENTRYPOINT = "slot"
_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS = 0.2, 5.0
_PRIORITY = {Task.RECONCILE: 20, Task.PLAN: 0, Task.FOLLOW_UP: 0}
_CHORE_PRIORITY = 10
_LONGEST_POLL = timedelta(seconds=10)

_NAMES = DBSettings(
    prefix="",
    db_schema="harvester",
    channel="harvester_jobs",
    function="fn_pgqueuer_changed",
    statistics_table="pgqueuer_statistics",
    queue_status_type="pgqueuer_status",
    queue_table="pgqueuer",
    queue_table_log="pgqueuer_log",
    trigger="tg_pgqueuer_changed",
    schedules_table="pgqueuer_schedules",
)
"""All of them named, so that no variable of the environment renames one."""

_FORESEEN = (HarvesterError, PgqException, RuntimeError)
"""What the queue says of a line that breaks; all else is a surprise."""

Handler = Callable[[Slot], Awaitable[datetime | None]]

log = structlog.get_logger()


class _Line(AsyncpgDriver):
    """A connection that says when it is of no use any more: it has ended, or a query on it has failed."""

    def __init__(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        super().__init__(connection)
        self.broken = asyncio.Event()
        connection.add_termination_listener(lambda _connection: self.broken.set())

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        with self._watched():
            return await super().fetch(query, *args)

    async def execute(self, query: str, *args: object) -> str:
        with self._watched():
            return await super().execute(query, *args)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except Exception:
            self.broken.set()
            raise


def _queries(driver: AsyncpgDriver) -> Queries:
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(_NAMES),
        qbq=QueryQueueBuilder(_NAMES),
    )


async def enqueue(connection: Connection, slots: Sequence[tuple[Slot, datetime]], now: datetime) -> None:
    """In the transaction of the connection; a slot that is in the queue already is left there."""
    if slots:
        driver = AsyncpgDriver(connection)  # type: ignore[arg-type]  # a pool's proxy does what a connection does
        await _queries(driver).enqueue(
            [ENTRYPOINT] * len(slots),
            [_payload(slot) for slot, _ in slots],
            [_PRIORITY.get(slot.task, _CHORE_PRIORITY) for slot, _ in slots],
            [max(not_before - now, timedelta()) for _, not_before in slots],
            [slot.key for slot, _ in slots],
            on_conflict="skip",
        )


def _payload(slot: Slot) -> bytes:
    return json.dumps([slot.task, slot.profile_id, slot.due_at.isoformat()]).encode()


def _slot(payload: bytes | None) -> Slot:
    task, profile_id, due_at = json.loads(payload or b"")
    return Slot(Task(task), ProfileId(profile_id) if profile_id else None, datetime.fromisoformat(due_at))


@dataclass(eq=False)
class PostgresJobQueue:
    """Works through a line to Postgres of its own: a query on it that gets no answer ends it, and a new one is made.

    What is under way goes on meanwhile. Its jobs are handed out again, and wait until it has ended.
    `silence_seconds`: after so long without a sign of life of its worker a job is handed to another one.
    """

    dsn: str
    concurrency: int
    silence_seconds: float
    clock: Clock
    _manager: QueueManager | None = field(default=None, init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _at_work: "set[asyncio.Future[datetime | None]]" = field(default_factory=set, init=False)
    _turns: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._turns = asyncio.Semaphore(self.concurrency)

    def stop(self) -> None:
        self._stopping.set()
        if self._manager is not None:
            self._manager.shutdown.set()

    async def work(self, handle: Handler) -> None:
        try:
            await self._lay_lines(handle)
            if self._at_work:
                await asyncio.wait(self._at_work)
        finally:
            for work in self._at_work:
                work.cancel()

    async def _lay_lines(self, handle: Handler) -> None:
        pause_seconds = _FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            started_at = asyncio.get_running_loop().time()
            trouble = await self._work_until_it_breaks(handle)
            if self._stopping.is_set():
                return
            if asyncio.get_running_loop().time() - started_at > 2 * _LONGEST_PAUSE_SECONDS:
                pause_seconds = _FIRST_PAUSE_SECONDS
            said = str(trouble) or type(trouble).__name__
            if isinstance(trouble, _FORESEEN):
                log.warning("queue.restarted", error=said, pause_seconds=pause_seconds)
            else:
                log.error("queue.restarted", error=said, pause_seconds=pause_seconds, exc_info=trouble)
            await asyncio.sleep(pause_seconds * random.uniform(0.5, 1.0))  # noqa: S311 - spreads replicas, no secret
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    async def _work_until_it_breaks(self, handle: Handler) -> Exception:
        try:
            with translated():
                connection = await asyncpg.connect(
                    self.dsn,
                    timeout=self.silence_seconds,
                    command_timeout=self.silence_seconds,
                    server_settings={"application_name": "harvester queue", "timezone": "UTC"},
                )
                try:
                    await self._run(_Line(connection), connection.terminate, handle)
                finally:
                    connection.terminate()
        except Exception as error:  # noqa: BLE001 - whatever ends a line, the next one is laid
            return error
        return Unavailable("the line to Postgres said nothing any more")

    async def _run(self, line: _Line, cut: Callable[[], None], handle: Handler) -> None:
        manager = QueueManager(_queries(line), channel=_NAMES.channel)
        handed_out: set[asyncio.Task[object]] = set()

        async def one(job: Job) -> None:
            if line.broken.is_set():
                return
            slot = _slot(job.payload)
            with _among(handed_out):
                await self._turns.acquire()
                again_at = await asyncio.shield(self._begin(handle(slot)))
            if again_at is not None:
                raise RetryRequested(max(again_at - self.clock.now(), timedelta()))

        manager.entrypoint(ENTRYPOINT, accepts_context=False)(one)
        if self._stopping.is_set():
            return
        self._manager = manager
        running = asyncio.ensure_future(self._manage(manager))
        ends = [asyncio.ensure_future(line.broken.wait()), asyncio.ensure_future(manager.shutdown.wait())]
        try:
            await asyncio.wait([running, *ends], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._manager = None
            for end in ends:
                end.cancel()
            if not self._stopping.is_set():
                line.broken.set()
                cut()  # before anything else: the jobs stay as they are
                manager.shutdown.set()
                for task in handed_out:
                    task.cancel()
            await asyncio.wait([running])
        running.result()

    async def _manage(self, manager: QueueManager) -> None:
        batch = max(1, self.concurrency // 2)
        await manager.run(
            dequeue_timeout=min(_LONGEST_POLL, timedelta(seconds=self.silence_seconds / 2)),
            batch_size=batch,
            max_concurrent_tasks=max(self.concurrency, 2 * batch),
            shutdown_on_listener_failure=True,
            heartbeat_timeout=timedelta(seconds=self.silence_seconds),
        )

    def _begin(self, handling: Awaitable[datetime | None]) -> "asyncio.Future[datetime | None]":
        """It keeps its turn until it has ended, whatever becomes of the line."""
        work = asyncio.ensure_future(handling)
        self._at_work.add(work)
        work.add_done_callback(self._ended)
        return work

    def _ended(self, work: "asyncio.Future[datetime | None]") -> None:
        self._at_work.discard(work)
        self._turns.release()
        if not work.cancelled() and work.exception() is not None:
            log.error("slot.surprised", exc_info=work.exception())


@contextmanager
def _among(tasks: "set[asyncio.Task[object]]") -> Iterator[None]:
    """This task is one of them inside the block."""
    mine = asyncio.current_task()
    assert mine is not None
    tasks.add(mine)
    try:
        yield
    finally:
        tasks.discard(mine)
