"""The queue: pgqueuer behind a port. What it forgets or hands out twice does no harm: the slot is the truth."""

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Sequence
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
from harvester.domain.errors import HarvesterError
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

Handler = Callable[[Slot], Awaitable[datetime | None]]

log = structlog.get_logger()


def _queries(connection: Connection) -> Queries:
    return Queries(
        AsyncpgDriver(connection),  # type: ignore[arg-type]  # a pool's proxy does what a connection does
        qbe=QueryBuilderEnvironment(_NAMES),
        qbq=QueryQueueBuilder(_NAMES),
    )


async def enqueue(connection: Connection, slots: Sequence[tuple[Slot, datetime]], now: datetime) -> None:
    """In the transaction of the connection; a slot that is in the queue already is left there."""
    if slots:
        await _queries(connection).enqueue(
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

    `silence_seconds`: after so long without a sign of life of its worker a job is handed to another one.
    """

    dsn: str
    concurrency: int
    silence_seconds: float
    clock: Clock
    _manager: QueueManager | None = field(default=None, init=False)
    _stopping: asyncio.Event = field(default_factory=asyncio.Event, init=False)

    def stop(self) -> None:
        self._stopping.set()
        if self._manager is not None:
            self._manager.shutdown.set()

    async def work(self, handle: Handler) -> None:
        pause_seconds = _FIRST_PAUSE_SECONDS
        while not self._stopping.is_set():
            started_at = asyncio.get_running_loop().time()
            trouble = await self._work_until_it_breaks(handle)
            if self._stopping.is_set():
                return
            if asyncio.get_running_loop().time() - started_at > 2 * _LONGEST_PAUSE_SECONDS:
                pause_seconds = _FIRST_PAUSE_SECONDS
            log.warning("queue.restarted", error=trouble, pause_seconds=pause_seconds)
            await asyncio.sleep(pause_seconds * random.uniform(0.5, 1.0))  # noqa: S311 - spreads replicas, no secret
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)

    async def _work_until_it_breaks(self, handle: Handler) -> str:
        try:
            with translated():
                connection = await asyncpg.connect(
                    self.dsn,
                    timeout=self.silence_seconds,
                    command_timeout=self.silence_seconds,
                    server_settings={"application_name": "harvester queue", "timezone": "UTC"},
                )
                try:
                    await self._run(connection, handle)
                finally:
                    connection.terminate()
        except (HarvesterError, PgqException, RuntimeError) as error:
            return str(error) or type(error).__name__
        return "the line to Postgres said nothing any more"

    async def _run(self, connection: "asyncpg.Connection[asyncpg.Record]", handle: Handler) -> None:
        manager = QueueManager(_queries(connection), channel=_NAMES.channel)
        turns = asyncio.Semaphore(self.concurrency)

        async def one(job: Job) -> None:
            async with turns:
                again_at = await handle(_slot(job.payload))
            if again_at is not None:
                raise RetryRequested(max(again_at - self.clock.now(), timedelta()))

        manager.entrypoint(ENTRYPOINT, accepts_context=False)(one)
        self._manager = manager
        batch = max(1, self.concurrency // 2)
        try:
            if not self._stopping.is_set():
                await manager.run(
                    dequeue_timeout=min(_LONGEST_POLL, timedelta(seconds=self.silence_seconds / 2)),
                    batch_size=batch,
                    max_concurrent_tasks=max(self.concurrency, 2 * batch),
                    shutdown_on_listener_failure=True,
                    heartbeat_timeout=timedelta(seconds=self.silence_seconds),
                )
        finally:
            self._manager = None
