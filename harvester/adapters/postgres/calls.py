"""The call log: buffered in memory, written by COPY in the background."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import asyncpg

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.storable import storable
from harvester.adapters.waiting import news_or
from harvester.domain.errors import HarvesterError
from harvester.domain.run import ApiCall

_ALLOCATE = named("allocate_calls")
_WRITTEN = named("call_is_written")

COLUMNS = (
    "at",
    "method",
    "path",
    "status",
    "duration_ms",
    "attempt",
    "request_id",
    "request_body",
    "response_body",
    "error",
    "account",
    "profile_id",
    "run_id",
    "plan_id",
)
"""Of harvester.api_call, beside `call_number`."""

OnTrouble = Callable[[str, int], None]
"""Told what went wrong, and how many calls are lost (0: they are kept and tried again)."""


class PostgresCallLog:
    """Built by `PostgresCallLog.open`; `record` puts a call into memory, a task of its own writes it down."""

    def __init__(
        self,
        database: Database,
        on_trouble: OnTrouble,
        *,
        most_waiting: int,
        batch: int,
        every_seconds: float,
        numbers_ahead: int,
    ) -> None:
        self._database = database
        self._on_trouble = on_trouble
        self._most_waiting = most_waiting
        self._batch = batch
        self._every_seconds = every_seconds
        self._numbers_ahead = numbers_ahead
        self._numbers: deque[int] = deque()
        self._waiting: deque[tuple[int | None, ApiCall]] = deque()
        self._wake = asyncio.Event()
        self._closing = False
        self._writing = asyncio.Lock()
        self._lost = 0
        self.lost_ever = 0
        """Calls that never reached the ledger."""

    @property
    def waiting(self) -> int:
        """Calls that are in memory only."""
        return len(self._waiting)

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        database: Database,
        on_trouble: OnTrouble,
        *,
        most_waiting: int = 20_000,
        batch: int = 500,
        every_seconds: float = 0.5,
        numbers_ahead: int = 0,
    ) -> AsyncIterator["PostgresCallLog"]:
        """Writes what is left when the block ends, within the database's patience.

        With `numbers_ahead`, so many ids are fetched before they are needed, and `record` says which one a call has.
        """
        log = cls(
            database,
            on_trouble,
            most_waiting=most_waiting,
            batch=batch,
            every_seconds=every_seconds,
            numbers_ahead=numbers_ahead,
        )
        await log._fetch_numbers()
        flusher = asyncio.create_task(log._keep_flushing(), name="call log")
        try:
            yield log
        finally:
            await log._finish(flusher)

    def record(self, call: ApiCall) -> str | None:
        """Never waits, never fails. Beyond `most_waiting` the oldest call is dropped and told to `on_trouble`."""
        if len(self._waiting) >= self._most_waiting:
            self._waiting.popleft()
            self._lose(1)
        number = self._numbers.popleft() if self._numbers else None
        self._waiting.append((number, call))
        if len(self._waiting) >= self._batch:
            self._wake.set()
        return None if number is None else f"c{number}"

    async def flush(self) -> None:
        """Everything recorded so far is in the ledger when this returns. Raises Unavailable; nothing is lost then."""
        async with self._writing:
            while self._waiting:
                calls = [self._waiting.popleft() for _ in range(min(self._batch, len(self._waiting)))]
                try:
                    await self._write(calls)
                except BaseException:
                    self._waiting.extendleft(reversed(calls))
                    raise

    async def _finish(self, flusher: "asyncio.Task[None]") -> None:
        """Writes what is left; what cannot be written is told to `on_trouble`."""
        self._closing = True
        self._wake.set()
        await flusher
        try:
            await self.flush()
        except (HarvesterError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            self._lose(len(self._waiting))
            self._waiting.clear()
            self._on_trouble(str(error), self._lost)
            self._lost = 0
        self._tell_of_lost()

    def _lose(self, calls: int) -> None:
        self._lost += calls
        self.lost_ever += calls

    async def _keep_flushing(self) -> None:
        while True:
            await news_or(self._wake, self._every_seconds)
            if self._closing:
                return
            try:
                await self.flush()
            except (HarvesterError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                self._on_trouble(str(error), 0)
            self._tell_of_lost()
            await self._fetch_numbers()

    async def _fetch_numbers(self) -> None:
        """A call without one gets its number when it is written."""
        missing = self._numbers_ahead - len(self._numbers)
        if missing <= self._numbers_ahead // 2:
            return
        with contextlib.suppress(HarvesterError, asyncpg.PostgresError, asyncpg.InterfaceError):
            async with self._database.connection() as connection:
                self._numbers.extend(row[0] for row in await connection.fetch(_ALLOCATE, missing))

    def _tell_of_lost(self) -> None:
        if self._lost:
            self._on_trouble("the ledger could not keep up", self._lost)
            self._lost = 0

    async def _write(self, calls: Sequence[tuple[int | None, ApiCall]]) -> None:
        """Numbered first, so that a batch whose COMMIT got no answer is recognised and not written twice."""
        unnumbered = sum(number is None for number, _ in calls)

        async def allocate(connection: Connection, _repeated: bool) -> list[int]:
            return [row[0] for row in await connection.fetch(_ALLOCATE, unnumbered)]

        fresh = iter(await self._database.repeat(allocate) if unnumbered else ())
        numbers = [next(fresh) if number is None else number for number, _ in calls]

        async def work(connection: Connection, repeated: bool) -> None:
            if repeated and await connection.fetchval(_WRITTEN, numbers[0]):
                return
            rows = [(number, *call_columns(call)) for number, (_, call) in zip(numbers, calls, strict=True)]
            await connection.copy_records_to_table(
                "api_call", schema_name="harvester", columns=("call_number", *COLUMNS), records=rows
            )

        await self._database.repeat(work)


def call_columns(call: ApiCall) -> tuple[object, ...]:
    """In the order of COLUMNS; texts that Postgres cannot hold are made fit."""
    return (
        call.at,
        storable(call.method),
        storable(call.path),
        call.status,
        call.duration_ms,
        call.attempt,
        *(
            None if text is None else storable(text)
            for text in (call.request_id, call.request_body, call.response_body, call.error)
        ),
        call.account,
        call.profile_id,
        call.run_id,
        call.plan_id,
    )
