"""Migrations: each once, whole, in order, whoever else is starting."""

import asyncio
import os
import sys
from pathlib import Path

import asyncpg
import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.migrate import Migration, folder, migrate, migrations_in, pending
from harvester.domain.errors import Misconfigured

from .conftest import Sql
from .schema import described, load_snapshot

FIRST = Migration(1, "0001_first.sql", "CREATE TABLE harvester.first (x int)")
SECOND = Migration(2, "0002_second.sql", "CREATE TABLE harvester.second (x int)")


async def test_migrations_add_up_to_the_snapshot(dsn: str, empty_dsn: str):
    """Whoever changes a migration writes the snapshot anew, and reviewers see the whole."""
    await load_snapshot(empty_dsn)

    assert await described(empty_dsn) == await described(dsn)


async def test_five_processes_at_once_migrate_once(empty_dsn: str):
    """All succeed; every file was applied by exactly one of them."""
    code = "import asyncio, sys; from harvester.adapters.postgres.migrate import migrate; print(*asyncio.run(migrate(sys.argv[1])))"
    started = [
        await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, empty_dsn,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        for _ in range(5)
    ]  # fmt: skip
    answers = [await process.communicate() for process in started]

    assert [process.returncode for process in started] == [0] * 5, answers
    applied = [name for out, _ in answers for name in out.decode().split()]
    assert sorted(applied) == [migration.name for migration in migrations_in(folder())]


async def test_a_second_time_there_is_nothing_to_do(dsn: str):
    """A migrated database is left alone."""
    assert await pending(dsn) == []
    assert await migrate(dsn) == []


async def test_pending_tells_without_changing(empty_dsn: str):
    """An empty database needs everything, and stays empty."""
    assert await pending(empty_dsn) == [migration.name for migration in migrations_in(folder())]
    assert await described(empty_dsn) == []


async def test_a_file_that_fails_leaves_nothing_behind(empty_dsn: str):
    """It is undone whole; what came before it stays, and the next try goes on from there."""
    broken = Migration(2, "0002_second.sql", "CREATE TABLE harvester.half (x int); SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(empty_dsn, [FIRST, broken])
    assert await pending(empty_dsn, [FIRST, SECOND]) == ["0002_second.sql"]
    assert not any("half" in text for text in await described(empty_dsn))


@pytest.fixture
def partitions_too() -> Migration:
    """The runner makes partitions at the end, so every schema has the function."""
    return Migration(
        1, "0001_first.sql",
        "CREATE FUNCTION harvester.ensure_partitions(timestamptz) RETURNS int LANGUAGE sql AS 'SELECT 0'",
    )  # fmt: skip


async def test_a_file_marked_so_runs_outside_a_transaction(empty_dsn: str, partitions_too: Migration):
    """Five at once, too: waiting processes do not stop CREATE INDEX CONCURRENTLY."""
    table = Migration(2, "0002_table.sql", "CREATE TABLE harvester.big (x int)")
    index = Migration(
        3, "0003_index.sql", "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS big_x ON harvester.big (x)"
    )

    applied = await asyncio.gather(*(migrate(empty_dsn, [partitions_too, table, index]) for _ in range(5)))

    assert sorted(applied, key=len)[:4] == [[]] * 4
    assert any("INDEX big_x" in text for text in await described(empty_dsn))


async def test_a_database_newer_than_the_program_is_refused(empty_dsn: str, partitions_too: Migration):
    """In one sentence that says what to do, and nothing is touched."""
    await migrate(empty_dsn, [partitions_too, SECOND])

    with pytest.raises(Misconfigured, match=r"newer than this program.*0002_second\.sql.*update Harvester"):
        await migrate(empty_dsn, [partitions_too])
    with pytest.raises(Misconfigured, match="newer than this program"):
        await pending(empty_dsn, [partitions_too])


async def test_an_applied_file_that_changed_is_refused(empty_dsn: str, partitions_too: Migration):
    """The sentence names the file."""
    await migrate(empty_dsn, [partitions_too])
    changed = Migration(1, "0001_first.sql", partitions_too.text + " ")

    with pytest.raises(Misconfigured, match=r"made by another build: 0001_first\.sql"):
        await migrate(empty_dsn, [changed])


@pytest.mark.parametrize("names", [[], ["0002_b.sql"], ["0001_a.sql", "0003_c.sql"], ["0001_a.sql", "0001_b.sql"]])
def test_files_are_numbered_without_gaps(tmp_path: Path, names: list[str]):
    """A missing or doubled number is an error, not an order."""
    for name in names:
        (tmp_path / name).touch()

    with pytest.raises(Misconfigured, match="without a gap"):
        migrations_in(tmp_path)


async def test_a_database_that_was_not_migrated_says_so(empty_dsn: str):
    """The first query tells to run `harvester migrate`."""
    async with Database.open(empty_dsn) as database:
        with pytest.raises(Misconfigured, match="run `harvester migrate`"):
            async with database.transaction() as connection:
                await connection.fetch("SELECT * FROM harvester.run")


async def test_a_user_who_may_create_nothing_is_told_so(dsn: str, empty_dsn: str, sql: Sql):
    """Migrating needs CREATE on the database."""
    name = f"poor_{os.getpid()}"
    await sql.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    try:
        poor = empty_dsn.replace(empty_dsn.split("//")[1].split("@", maxsplit=1)[0], f"{name}:x")
        with pytest.raises(Misconfigured, match="permission denied"):
            await migrate(poor)
    finally:
        await sql.execute(f"DROP ROLE {name}")
