"""The connection pool, and the one place where the driver's errors become ours."""

import asyncio
import math
import os
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias, TypeVar

import asyncpg
from asyncpg.pool import PoolConnectionProxy

from harvester.domain.errors import HarvesterError, Misconfigured, Refused, Unavailable

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
T = TypeVar("T")

_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.TooManyConnectionsError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
)
"""Over after a while, or after another try. (`OperatorInterventionError` is a server going down or coming up, and
`PostgresSystemError` one whose disk cannot be read or written.)"""

_GONE = ("closed", "closing", "cannot switch to state")
"""The driver's words about a connection that is lost; the last: used in the moment the server says good-bye."""

_SESSION = {"application_name": "harvester", "timezone": "UTC", "jit": "off"}

_LINE = {"TCP_KEEPIDLE": 10, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 4, "TCP_USER_TIMEOUT": 30_000}
"""Dead after 30 seconds in which the other end confirmed nothing, whether we wait for it or it for us."""

_NOT_MIGRATED = "the database is not at this version ({}): run `harvester migrate`"
_MISCONFIGURED: dict[type[Exception], str] = {
    asyncpg.UndefinedTableError: _NOT_MIGRATED,
    asyncpg.UndefinedColumnError: _NOT_MIGRATED,
    asyncpg.UndefinedFunctionError: _NOT_MIGRATED,
    asyncpg.InvalidSchemaNameError: _NOT_MIGRATED,
    asyncpg.InvalidAuthorizationSpecificationError: "Postgres does not let us in: {}",
    asyncpg.InvalidCatalogNameError: "Postgres has no such database: {}",
    asyncpg.InsufficientPrivilegeError: "Postgres refuses: {}",
    asyncpg.UntranslatableCharacterError: "the database lacks characters; create one with ENCODING 'UTF8': {}",
    asyncpg.UndefinedObjectError: "the address asks for something that this Postgres does not have: {}",
    asyncpg.TargetServerAttributeNotMatched: "no server of the address is what it asks for: {}",
    asyncpg.ClientConfigurationError: "not an address of a Postgres database: {}",
}

_UNIQUE = {
    "run_one_running": "a run of this profile is already under way",
    "plan_one_per_run": "this run already has a plan",
    "action_one_per_effect": "another action with the same effect is approved, on its way or done",
    "action_one_undo": "another item that takes the same thing back is approved, on its way or done",
}
"""What a violated constraint means, by its name."""


_READ_ONLY_SECONDS = 10.0
_IN_A_ROW_SECONDS = 60.0
"""A failover makes its standby writable within seconds; what lasts longer is somebody's setting."""


class _ReadOnly(Unavailable):
    """Postgres answers, and takes no changes."""


@contextmanager
def translated() -> Iterator[None]:
    """Raises HarvesterErrors in place of the driver's; what is left over is a mistake in this program."""
    try:
        yield
    except HarvesterError:
        raise
    except asyncpg.UniqueViolationError as error:
        meaning = _UNIQUE.get(error.constraint_name or "")
        if meaning is None:
            raise
        raise Refused(meaning) from error
    except asyncpg.RestrictViolationError as error:
        raise Refused(str(error)) from error
    except tuple(_MISCONFIGURED) as error:
        meaning = next(words for kind, words in _MISCONFIGURED.items() if isinstance(error, kind))
        raise Misconfigured(meaning.format(error), field="HARVESTER_DATABASE_URL") from error
    except asyncpg.ReadOnlySQLTransactionError as error:
        raise _ReadOnly(
            "this Postgres takes no changes: it is a standby, or default_transaction_read_only is on; let "
            "HARVESTER_DATABASE_URL name one that can be written to"
        ) from error
    except _AWAY as error:
        raise Unavailable(f"Postgres is away: {_why_away(error)}") from error
    except (asyncpg.InterfaceError, asyncpg.InternalClientError) as error:
        if not any(isinstance(each, _AWAY) or any(words in str(each) for words in _GONE) for each in _led_to(error)):
            raise
        raise Unavailable(f"the connection to Postgres is gone: {error}") from error


def _why_away(error: BaseException) -> str:
    """In words of a person who looks after servers, and with the setting to look at where it may be wrong."""
    match error:
        case ConnectionRefusedError() | FileNotFoundError():
            return "nobody listens where HARVESTER_DATABASE_URL says"
        case socket.gaierror():
            return "the host in HARVESTER_DATABASE_URL is not known here"
        case OSError(errno=int() as number):
            return os.strerror(number).lower()
        case _:
            return str(error) or type(error).__name__


def _led_to(error: BaseException | None) -> Iterator[BaseException]:
    """The error, and those before it: rolling back on a lost line, the driver has other words than for the loss."""
    while error is not None:
        yield error
        error = error.__context__


class Database:
    """A pool of connections to one database. Built by `Database.open`."""

    def __init__(self, pool: Pool, dsn: str, patience_seconds: float, read_only_seconds: float) -> None:
        self._pool = pool
        self.dsn = dsn
        self._patience_seconds = patience_seconds
        self._read_only_seconds = read_only_seconds
        self._read_only_until = -math.inf
        """Set by the first refusal in a row: what comes after it waits no longer than that."""

    @classmethod
    @asynccontextmanager
    async def open(
        cls,
        dsn: str,
        *,
        most_connections: int = 10,
        patience_seconds: float = 60.0,
        read_only_seconds: float = _READ_ONLY_SECONDS,
        connect_timeout_seconds: float = 10.0,
        idle_seconds: float = 60.0,
    ) -> AsyncIterator["Database"]:
        """Raises Misconfigured for a wrong address or password, Unavailable for a server that does not answer.

        A process that is stopped in the middle of a transaction holds its locks for `idle_seconds` and no longer.
        """
        try:
            with translated():
                pool = await asyncpg.create_pool(
                    dsn,
                    min_size=1,
                    max_size=most_connections,
                    timeout=connect_timeout_seconds,
                    server_settings={
                        **_SESSION,
                        "idle_in_transaction_session_timeout": f"{round(idle_seconds * 1000)}ms",
                    },
                    init=notice_dead_lines,
                    reset=_leave_as_it_is,
                )
        except (asyncpg.ClientConfigurationError, ValueError) as error:
            raise Misconfigured("not an address of a Postgres database", field="HARVESTER_DATABASE_URL") from error
        try:
            yield cls(pool, dsn, patience_seconds, read_only_seconds)
        finally:
            await _close(pool)

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        with translated(), _ending_when_told_to():
            async with self._pool.acquire() as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Committed at the end of the block, rolled back if it raises."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def repeat(self, work: Callable[[Connection, bool], Awaitable[T]]) -> T:
        """Runs `work` in a transaction, again while Postgres is away or read-only, for as long as our patience lasts.

        Only for work that may be done twice, or that looks first when its second argument says that this is a repeat:
        a connection lost during COMMIT leaves open whether the first attempt was kept. Raises Unavailable.
        """

        async def attempt(repeated: bool) -> T:
            async with self.transaction() as connection:
                return await work(connection, repeated)

        return await self._patiently(attempt)

    async def ask(self, question: str, *arguments: object) -> list[asyncpg.Record]:
        """What one statement that changes nothing finds: as `repeat`, in one round trip and without a transaction."""

        async def attempt(_repeated: bool) -> list[asyncpg.Record]:
            async with self.connection() as connection:
                return await connection.fetch(question, *arguments)

        return await self._patiently(attempt)

    async def _patiently(self, attempt: Callable[[bool], Awaitable[T]]) -> T:
        give_up_at = time.monotonic() + self._patience_seconds
        repeated = False
        wait_seconds = 0.05
        while True:
            try:
                return await attempt(repeated)
            except _ReadOnly:
                if time.monotonic() > self._read_only_until + _IN_A_ROW_SECONDS:
                    self._read_only_until = time.monotonic() + self._read_only_seconds
                if time.monotonic() + wait_seconds > min(give_up_at, self._read_only_until):
                    raise
                await self._pool.expire_connections()  # of several servers, the next may be the one that can
            except Unavailable:
                self._read_only_until = -math.inf
                if time.monotonic() + wait_seconds > give_up_at:
                    raise
            await asyncio.sleep(wait_seconds * random.uniform(0.5, 1.0))  # noqa: S311 - spreads retries, no secret
            wait_seconds = min(wait_seconds * 2, 2.0)
            repeated = True

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """One query that may be done twice, as in `repeat`; so are the next three."""
        return await self.repeat(lambda connection, _repeated: connection.fetch(query, *arguments))

    async def fetchrow(self, query: str, *arguments: object) -> asyncpg.Record | None:
        return await self.repeat(lambda connection, _repeated: connection.fetchrow(query, *arguments))

    async def fetchval(self, query: str, *arguments: object) -> Any:
        return await self.repeat(lambda connection, _repeated: connection.fetchval(query, *arguments))

    async def execute(self, query: str, *arguments: object) -> str:
        return await self.repeat(lambda connection, _repeated: connection.execute(query, *arguments))


@contextmanager
def _ending_when_told_to() -> Iterator[None]:
    """Whoever is cancelled while the line is lost fails to roll back: that error must not take the place of the end."""
    task = asyncio.current_task()
    assert task is not None
    before = task.cancelling()
    try:
        yield
    except Exception as error:
        if task.cancelling() > before:
            raise asyncio.CancelledError from error
        raise


async def notice_dead_lines(connection: Connection) -> None:
    """Ends a line whose other end has vanished without a word: the system alone would wait for hours, or for ever."""
    sock = connection._transport.get_extra_info("socket")  # type: ignore[union-attr]  # noqa: SLF001 - no other way
    if sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _LINE.items():
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _leave_as_it_is(_connection: Connection) -> None:
    """Nothing here changes a session beyond its transaction, so there is nothing to reset when it goes back."""


async def _close(pool: Pool) -> None:
    try:
        await asyncio.wait_for(pool.close(), timeout=10)
    except (TimeoutError, *_AWAY, asyncpg.InterfaceError):
        pool.terminate()
