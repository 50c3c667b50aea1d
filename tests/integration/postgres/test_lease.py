"""Leases: one process per profile in the whole fleet, freed by any death."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.lease import PostgresLease
from harvester.domain.errors import LeaseLost, Refused, Unavailable
from harvester.domain.ids import ProfileId

from .conftest import Sql

ONE, OTHER = ProfileId("1"), ProfileId("2")

CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'harvester lease' AND datname = current_database()"

LOCKS = """
    SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = pg_locks.database
    WHERE locktype = 'advisory' AND datname = current_database()"""

HOLDER = """
import asyncio, sys
from harvester.adapters.postgres.lease import PostgresLease
async def main():
    async with PostgresLease.open(sys.argv[1]) as lease, lease.hold("1"):
        print("held", flush=True)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_a_profile_is_held_by_one(dsn: str):
    """Neither the same process nor another one gets it meanwhile; other profiles are free; afterwards it is free."""
    async with PostgresLease.open(dsn) as here, PostgresLease.open(dsn) as there:
        async with here.hold(ONE):
            for lease in (here, there):
                with pytest.raises(Refused, match="is being worked on"):
                    async with lease.hold(ONE):
                        pytest.fail("held twice")
            async with there.hold(OTHER), here.hold(ProfileId("3")):
                pass
        async with there.hold(ONE):
            pass


async def test_a_killed_process_holds_nothing(dsn: str, sql: Sql):
    """Kill -9 frees its profiles as soon as Postgres sees the session end."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, dsn, stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )  # fmt: skip
    assert process.stdout is not None
    assert await process.stdout.readline() == b"held\n"

    async with PostgresLease.open(dsn) as lease:
        with pytest.raises(Refused, match="another process"):
            async with lease.hold(ONE):
                pytest.fail("held twice")
        process.send_signal(signal.SIGKILL)
        await process.wait()
        while await sql.fetchval(LOCKS):
            await asyncio.sleep(0)
        async with lease.hold(ONE):
            pass


async def test_a_lost_session_stops_everybody_inside(dsn: str, sql: Sql):
    """Each is cancelled at once, wherever it waits, and sees LeaseLost; the next hold works on a new session."""
    async with PostgresLease.open(dsn) as lease:
        inside: asyncio.Queue[str] = asyncio.Queue()

        async def work(profile_id: ProfileId) -> str:
            try:
                async with lease.hold(profile_id):
                    await inside.put(profile_id)
                    await asyncio.Event().wait()
            except LeaseLost as error:
                return str(error)
            return "never"

        tasks = [asyncio.create_task(work(profile_id)) for profile_id in (ONE, OTHER)]
        for _ in tasks:
            await inside.get()
        await sql.fetchval(CUT)
        answers = await asyncio.gather(*tasks)

        assert [answer.split(":")[0] for answer in answers] == [
            "the lease on profile 1 was lost",
            "the lease on profile 2 was lost",
        ]
        async with lease.hold(ONE):
            pass


async def test_work_that_ends_without_having_noticed_is_told_all_the_same(dsn: str, sql: Sql):
    """The block ran to its end in the moment the session was lost: it must not pass for held."""
    async with PostgresLease.open(dsn) as lease:
        with pytest.raises(LeaseLost):
            async with lease.hold(ONE):
                await asyncio.shield(_cut_and_see(lease, sql))
        current = asyncio.current_task()
        assert current is not None
        assert current.cancelling() == 0


async def _cut_and_see(lease: PostgresLease, sql: Sql) -> None:
    await sql.fetchval(CUT)
    while lease._session is not None:
        await asyncio.sleep(0)


async def test_a_cancelled_holder_gives_its_profile_back(dsn: str):
    """Cancelling from outside stays a cancellation."""
    async with PostgresLease.open(dsn) as lease:
        inside = asyncio.Event()

        async def work() -> None:
            async with lease.hold(ONE):
                inside.set()
                await asyncio.Event().wait()

        task = asyncio.create_task(work())
        await inside.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        async with lease.hold(ONE):
            pass


async def test_an_error_inside_comes_out_and_frees_the_profile(dsn: str):
    """It is not hidden by the lease."""
    async with PostgresLease.open(dsn) as lease:
        with pytest.raises(ZeroDivisionError):
            async with lease.hold(ONE):
                raise ZeroDivisionError
        async with lease.hold(ONE):
            pass


async def test_a_session_that_does_not_answer_is_given_up(dsn: str):
    """The heartbeat ends it, so that nobody goes on believing."""
    async with PostgresLease.open(dsn, heartbeat_seconds=0.01, patience_seconds=0.2) as lease:

        async def work() -> None:
            async with lease.hold(ONE):
                session: Any = lease._session
                session._transport.pause_reading()
                await asyncio.Event().wait()

        with pytest.raises(LeaseLost):
            await work()


@pytest.mark.parametrize("ending", [None, ZeroDivisionError()])
async def test_no_cancellation_is_left_over(dsn: str, ending: Exception | None):
    """The session is lost in the very moment the block ends: whatever comes after the lease goes on undisturbed."""
    async with PostgresLease.open(dsn) as lease:

        async def work() -> None:
            async with lease.hold(ONE):
                session: Any = lease._session
                session.terminate()
                lease._lost_session(session)
                if ending:
                    raise ending

        with pytest.raises(LeaseLost) as caught:
            await work()
        await asyncio.sleep(0)

        assert caught.value.__cause__ is ending
        current = asyncio.current_task()
        assert current is not None
        assert current.cancelling() == 0


async def test_many_profiles_share_one_session(dsn: str, sql: Sql):
    """A worker with two hundred profiles keeps one connection for their leases."""
    async with PostgresLease.open(dsn) as lease:
        released = asyncio.Event()
        inside: asyncio.Queue[int] = asyncio.Queue()

        async def work(number: int) -> None:
            async with lease.hold(ProfileId(str(number))):
                await inside.put(number)
                await released.wait()

        tasks = [asyncio.create_task(work(number)) for number in range(200)]
        for _ in tasks:
            await inside.get()
        sessions = await sql.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'harvester lease' AND datname = current_database()"
        )
        locks = await sql.fetchval(LOCKS)
        released.set()
        await asyncio.gather(*tasks)

        assert (sessions, locks) == (1, 200)
        assert await sql.fetchval(LOCKS) == 0


async def test_without_postgres_there_is_no_lease():
    """The caller hears that it is away."""
    async with PostgresLease.open("postgresql://127.0.0.1:1/nowhere", patience_seconds=2, away_seconds=0.5) as lease:
        with pytest.raises(Unavailable):
            async with lease.hold(ONE):
                pytest.fail("held without Postgres")


async def test_a_process_stopped_in_the_middle_of_a_statement_holds_up_nobody(dsn: str, sql: Sql):
    """Of which Postgres has heard one half: it counts that neither as idle nor as a statement that takes long."""
    half_said = asyncio.Event()

    async def sleeps_over(database: Database) -> None:
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(7)")
            await connection.prepare("SELECT 1")
            half_said.set()
            await waiter
            await connection.execute("SELECT 1")

    async def waits() -> None:
        await half_said.wait()
        async with PostgresLease.open(dsn, heartbeat_seconds=0.05, grace_seconds=0.1) as lease, lease.hold(ONE):
            await sql.execute("SELECT pg_advisory_lock(7)", timeout=60)

    async with Database.open(dsn) as database:
        waiter = asyncio.create_task(waits())
        with pytest.raises(Unavailable):
            await sleeps_over(database)
    await waiter
