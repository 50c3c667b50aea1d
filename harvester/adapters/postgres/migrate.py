"""Brings a database to this version: numbered SQL files, each once, each in one transaction."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

import harvester
from harvester.adapters.postgres.database import translated
from harvester.adapters.postgres.queries import named
from harvester.domain.errors import Misconfigured

NO_TRANSACTION = "-- no-transaction"
"""First line of a file that cannot run inside a transaction. Such a file holds one statement that may be repeated."""

_FILE = re.compile(r"(\d{4})_\w+\.sql")

_PREPARE = named("prepare_migrations")
_APPLIED = named("applied_migrations")
_RECORD = named("record_migration")
_LOCK = named("lock_migrations")
_UNLOCK = named("unlock_migrations")
_PARTITIONS = named("ensure_partitions")
_WIPE = named("wipe")


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    name: str
    text: str

    @property
    def checksum(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def folder() -> Path:
    """Inside the package when it was installed from a wheel, beside it in a checkout."""
    package = Path(harvester.__file__).parent
    installed = package / "_migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def migrations_in(where: Path) -> Sequence[Migration]:
    """In order. Raises Misconfigured where a number is missing or stands twice."""
    found = [
        Migration(int(match[1]), path.name, path.read_text(encoding="utf-8"))
        for path in sorted(where.glob("*.sql"))
        if (match := _FILE.fullmatch(path.name))
    ]
    if not found or [migration.number for migration in found] != list(range(1, len(found) + 1)):
        raise Misconfigured("the migrations are not numbered 0001, 0002 and so on without a gap", file=str(where))
    return found


async def migrate(dsn: str, migrations: Sequence[Migration] | None = None) -> Sequence[str]:
    """The names of the files that were applied now; none when the database is at this version already.

    Any number of processes may call it at once: one works, the others wait for it. Raises Misconfigured, and changes
    nothing, where the database is newer than this program or an applied file has changed since.
    """
    files = migrations_in(folder()) if migrations is None else migrations
    async with _locked(dsn) as connection:
        await connection.execute(_PREPARE)
        applied = {row["number"]: row for row in await connection.fetch(_APPLIED)}
        _compare(files, applied)
        waiting = [migration for migration in files if migration.number not in applied]
        for migration in waiting:
            await _apply(connection, migration)
        await connection.execute(_PARTITIONS)
        return [migration.name for migration in waiting]


async def pending(dsn: str, migrations: Sequence[Migration] | None = None) -> Sequence[str]:
    """The names of the files that `migrate` would apply; raises what it would raise. Changes nothing."""
    files = migrations_in(folder()) if migrations is None else migrations
    with translated():
        connection = await asyncpg.connect(dsn)
        try:
            applied = {row["number"]: row for row in await connection.fetch(_APPLIED)}
        except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
            applied = {}
        finally:
            await connection.close()
    _compare(files, applied)
    return [migration.name for migration in files if migration.number not in applied]


async def wipe(dsn: str) -> None:
    """Removes everything of ours, every decision too, from a database that exists only to be tried out."""
    async with _locked(dsn) as connection:
        await connection.execute(_WIPE)


def _compare(files: Sequence[Migration], applied: dict[int, asyncpg.Record]) -> None:
    newest = max(applied, default=0)
    if newest > len(files):
        raise Misconfigured(
            f"the database is newer than this program: it was brought to {applied[newest]['name']}, this version knows "
            f"nothing after {files[-1].name}; update Harvester",
            field="HARVESTER_DATABASE_URL",
        )
    for migration in files:
        row = applied.get(migration.number)
        if row is not None and (row["checksum"] != migration.checksum or row["name"] != migration.name):
            raise Misconfigured(
                f"this database was made by another build: {row['name']}, applied on {row['applied_at']:%Y-%m-%d}, is "
                "not the file of this version. Go on with that build, or point HARVESTER_DATABASE_URL or "
                "HARVESTER_DATA_DIR at a new place",
            )


@asynccontextmanager
async def _locked(dsn: str) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """Waits by asking again: a session that waits inside Postgres would stop CREATE INDEX CONCURRENTLY for ever."""
    with translated():
        connection = await asyncpg.connect(dsn, server_settings={"application_name": "harvester migrate"})
        try:
            while not await connection.fetchval(_LOCK):  # noqa: ASYNC110 - what we wait for is in other processes
                await asyncio.sleep(0.05)
            yield connection
            await connection.execute(_UNLOCK)
        finally:
            await connection.close()


async def _apply(connection: "asyncpg.Connection[asyncpg.Record]", migration: Migration) -> None:
    try:
        if migration.text.startswith(NO_TRANSACTION):
            await connection.execute(migration.text)
            await connection.execute(_RECORD, migration.number, migration.name, migration.checksum)
        else:
            async with connection.transaction():
                await connection.execute(migration.text)
                await connection.execute(_RECORD, migration.number, migration.name, migration.checksum)
    except asyncpg.InsufficientPrivilegeError as error:
        raise Misconfigured(
            f"{migration.name}: {error}; the database user needs CREATE on the database", field="HARVESTER_DATABASE_URL"
        ) from error
