"""The pool: what happens when Postgres goes away, and whose errors come out."""

import asyncio
import shutil
import socket
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import pytest

from harvester.adapters.embedded_postgres import EmbeddedPostgres
from harvester.adapters.postgres.database import Connection, Database, translated
from harvester.adapters.postgres.migrate import migrate
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.reports import PostgresReports
from harvester.adapters.postgres.rulesets import PostgresRulesets
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.decision import Outcome
from harvester.domain.errors import Misconfigured, Unavailable
from harvester.domain.ids import Fingerprint, ProfileId
from harvester.domain.profile import Listing, Mode, Profile
from harvester.domain.run import Cursor
from tests.conftest import with_database
from tests.crash.cable import Cable

from .conftest import LONG_AGO, NOW, RULES, BeginRun, Sql, a_decision, a_page, a_profile, a_row


async def test_pages_go_on_after_a_restart_of_postgres():
    """Stopped in the middle of a run and started again seconds later: the run notices nothing but the wait."""
    folder = Path(tempfile.mkdtemp(prefix="harvester-restart-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder, durable=False)
    dsn = server.join()
    await migrate(dsn)
    try:
        async with Database.open(dsn, patience_seconds=60) as database:
            runs = PostgresRuns(database)
            run = await runs.begin(
                a_profile(), source="promotion", trigger="t", mode=Mode.REVIEW, ruleset=RULES, resume_after=LONG_AGO
            )
            await runs.save_page(run, 0, a_page(0, 10), Cursor(token="1"), NOW)
            assert await asyncio.to_thread(server.leave)
            saving = asyncio.create_task(runs.save_page(run, 10, a_page(10, 10), Cursor(token="2"), NOW))
            done, _ = await asyncio.wait([saving], timeout=0.3)
            assert not done

            assert await asyncio.to_thread(server.join) == dsn
            await saving

            counts = [plan async for plan in PostgresReports(database).decisions(run.run_id)]
            assert len(counts) == 20
    finally:
        server.leave()
        shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "nobody listens where HARVESTER_DATABASE_URL says"),
        (socket.gaierror(-2, "Name or service not known"), "the host in HARVESTER_DATABASE_URL is not known here"),
        (FileNotFoundError(2, "No such file or directory"), "nobody listens where HARVESTER_DATABASE_URL says"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection reset by peer"),
        (TimeoutError(), "TimeoutError"),
        (OSError("half a line"), "half a line"),
    ],
)
def test_why_postgres_is_away_is_said_in_words(error: Exception, words: str):
    """And where that is the reason, which setting to look at; nobody reads error numbers."""
    with pytest.raises(Unavailable) as caught, translated():
        raise error

    assert str(caught.value) == f"Postgres is away: {words}"


async def test_patience_ends(dsn: str):
    """A Postgres that stays away is told of as Unavailable, in the time that was given."""
    async with Database.open(dsn, patience_seconds=0.5) as database:
        attempts = 0

        async def work(connection: Connection, repeated: bool) -> None:
            nonlocal attempts
            assert repeated == (attempts > 0)
            attempts += 1
            await connection.execute("SELECT pg_terminate_backend(pg_backend_pid())")

        with pytest.raises(Unavailable):
            await database.repeat(work)
        assert attempts > 2


@pytest.fixture
async def read_only(dsn: str, sql: Sql) -> str:
    """The address of a database that takes no changes, as a standby does."""
    name = urlsplit(dsn).path.strip("/")
    await sql.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    return name


async def test_a_postgres_that_takes_no_changes_is_not_called_away(dsn: str, read_only: str):
    """It is up, and stays as it is: what it is and what to do, long before the patience with one that is away ends."""
    async with Database.open(dsn, patience_seconds=3600, read_only_seconds=0.3) as database:
        profiles = PostgresProfiles(database)
        assert await profiles.known() == []

        with pytest.raises(Unavailable, match=r"takes no changes: it is a standby.* HARVESTER_DATABASE_URL"):
            await profiles.save([a_profile()])
        with pytest.raises(Unavailable, match="takes no changes"):
            async with database.transaction() as connection:
                await connection.execute("CREATE TABLE nothing ()")


async def test_a_failover_is_waited_for(dsn: str, read_only: str, sql: Sql):
    """A standby that becomes the primary takes what it refused a moment before."""
    async with Database.open(dsn, patience_seconds=60, read_only_seconds=60) as database:
        refused = asyncio.Event()

        async def work(connection: Connection, repeated: bool) -> None:
            if repeated:
                refused.set()
            await connection.execute("CREATE TABLE something ()")

        saving = asyncio.create_task(database.repeat(work))
        await refused.wait()
        await sql.execute(f'ALTER DATABASE "{read_only}" SET default_transaction_read_only = off')

        await saving


async def test_a_line_whose_other_end_has_vanished_ends(dsn: str):
    """A query on it would be waited for without end: a run that hangs in it, and its slot with it, were never heard of."""
    async with Cable.laid(dsn) as cable, Database.open(cable.dsn) as database, database.connection() as connection:
        line: Any = connection
        sock = line._transport.get_extra_info("socket")

        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        for name, most in {"TCP_KEEPIDLE": 10, "TCP_USER_TIMEOUT": 30_000}.items():
            if hasattr(socket, name):
                assert 0 < sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name)) <= most


async def test_a_deadlock_is_tried_again(database: Database, sql: Sql):
    """Postgres sacrifices one of the two; both get through."""
    await sql.execute("CREATE TABLE pair (x int PRIMARY KEY, n int DEFAULT 0); INSERT INTO pair VALUES (1), (2)")
    both_inside = asyncio.Barrier(2)

    async def take(first: int, second: int) -> None:
        async def work(connection: Connection, repeated: bool) -> None:
            await connection.execute("UPDATE pair SET n = n + 1 WHERE x = $1", first)
            if not repeated:
                await both_inside.wait()
            await connection.execute("UPDATE pair SET n = n + 1 WHERE x = $1", second)

        await database.repeat(work)

    await asyncio.gather(take(1, 2), take(2, 1))
    assert await sql.fetchval("SELECT sum(n) FROM pair") == 4


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda dsn: dsn.replace("harvester:", "harvester:no"), "does not let us in"),
        (lambda dsn: dsn.replace("/harvester_test", "/nothing"), "no such database"),
        (lambda dsn: "nonsense://x", "not an address"),
        (lambda dsn: "postgresql://x:sosecret@h:notaport/x", "not an address"),
    ],
    ids=["password", "database", "scheme", "port"],
)
async def test_a_wrong_address_is_a_setting_to_mend(dsn: str, change, words: str):
    """The setting is named, the password is not."""
    if words == "does not let us in" and "harvester:" not in dsn:
        pytest.skip("the server of these tests asks for no password")

    with pytest.raises(Misconfigured, match=words) as caught:
        async with Database.open(change(dsn)):
            pytest.fail("opened a wrong address")
    assert "secret" not in str(caught.value)
    assert caught.value.field == "HARVESTER_DATABASE_URL"


async def test_a_server_that_is_not_there_is_unavailable():
    """Try later: it may come up."""
    with pytest.raises(Unavailable):
        async with Database.open("postgresql://127.0.0.1:1/x"):
            pytest.fail("opened nothing")


async def test_a_mistake_of_ours_is_not_dressed_up(database: Database):
    """Wrong SQL comes out as it is: somebody has to see it."""
    with pytest.raises(asyncpg.PostgresSyntaxError):
        async with database.transaction() as connection:
            await connection.execute("SELEKT 1")


@pytest.mark.parametrize("loss", [asyncpg.ConnectionDoesNotExistError("lost"), ConnectionResetError("reset")])
async def test_a_roll_back_on_a_lost_line_is_the_loss(database: Database, loss: Exception):
    """Whatever the driver says of it; the same words without a loss are a mistake of ours."""
    busy = asyncpg.InterfaceError("cannot perform operation: another operation (2) is in progress")

    async def fail() -> None:
        async with database.connection():
            raise busy

    with pytest.raises(asyncpg.InterfaceError):
        await fail()
    busy.__context__ = loss
    with pytest.raises(Unavailable):
        await fail()


async def test_whoever_is_told_to_end_ends_though_the_line_is_lost_too(database: Database):
    """Both come at once when Postgres goes away and a lease with it: the work is not done again by one that was told to end."""
    attempts: list[bool] = []

    async def work(connection: Connection, repeated: bool) -> None:
        attempts.append(repeated)
        connection.terminate()
        working.cancel()
        await asyncio.sleep(0)

    working = asyncio.create_task(database.repeat(work))
    await asyncio.wait([working], timeout=10)

    assert working.cancelled()
    assert attempts == [False]


async def test_profiles_are_remembered_as_last_seen(database: Database):
    """Saved twice, known once, with the newer name; a thousand at once."""
    profiles = PostgresProfiles(database)
    many = [a_profile(str(number)) for number in range(1000)]
    await profiles.save(many)
    renamed = Profile(**{**{name: getattr(many[7], name) for name in Profile.__slots__}, "name": "New", "account": "b"})
    await profiles.save([renamed])

    known = await profiles.known()
    assert len(known) == 1000
    assert known[0] == renamed


async def test_own_products_add_up_over_runs(database: Database):
    """Each ASIN once, per profile."""
    profiles = PostgresProfiles(database)
    await profiles.save([a_profile("1"), a_profile("2")])
    await profiles.add_own_asins(ProfileId("1"), ["A", "B", "A"])
    await profiles.add_own_asins(ProfileId("1"), ["B", "C"])
    await profiles.add_own_asins(ProfileId("2"), [])

    assert await profiles.own_asins(ProfileId("1")) == {"A", "B", "C"}
    assert await profiles.own_asins(ProfileId("2")) == set()


async def test_a_listing_replaces_the_one_before(database: Database):
    """What the account held when we last looked."""
    profiles = PostgresProfiles(database)
    await profiles.save([a_profile()])
    await profiles.save_listing(a_profile().profile_id, Listing("keywords", 2, {"7": 2}), LONG_AGO)
    await profiles.save_listing(a_profile().profile_id, Listing("keywords", 3, {"7": 1, "8": 2}), NOW)

    assert await profiles.listings(a_profile().profile_id) == [(Listing("keywords", 3, {"7": 1, "8": 2}), NOW)]


async def test_rules_are_kept_by_fingerprint(database: Database):
    """The text of the first time stays; an unknown fingerprint has none."""
    rulesets = PostgresRulesets(database)
    await rulesets.save(RULES, "version: 1")
    await rulesets.save(RULES, "something else")

    assert await rulesets.text(RULES) == "version: 1"
    assert await rulesets.text(Fingerprint("0")) is None


async def test_hot_questions_use_their_indexes(begin: BeginRun, database: Database, sql: Sql):
    """A history is read through the key index, a run through (run, place), however much else is there."""
    runs = PostgresRuns(database)
    run = await begin()
    for number in range(4):
        run = await begin(a_profile(str(number)))
        for first in range(0, 10_000, 2500):
            rows = [
                (
                    a_row(place),
                    f"key {number} {place}",
                    a_decision(Outcome.PROMOTE if place % 500 == 0 else Outcome.HOLD),
                )
                for place in range(first, first + 2500)
            ]
            await runs.save_page(run, first, rows, Cursor(token=str(first)), NOW)
    await sql.execute("SELECT harvester.summarize_keys()")
    await sql.execute("ANALYZE harvester.observation")

    async def plan_of(name: str, *arguments: object) -> str:
        from harvester.adapters.postgres.queries import named

        async with sql.transaction():
            if name == "decisions_about":
                await sql.execute(named("by_index_alone"))
            rows = await sql.fetch(f"EXPLAIN (ANALYZE, COSTS off, TIMING off) {named(name)}", *arguments)
        return "\n".join(row[0] for row in rows)

    partition = await sql.fetchval(
        "SELECT relname FROM pg_class WHERE oid = (SELECT tableoid FROM harvester.observation LIMIT 1)"
    )
    why = await plan_of("decisions_about", ["key 2 77", "KEY 2 77"], "2")
    assert f"Bitmap Index Scan on {partition}" in why
    assert not read_whole(partition, why)
    arguments = {"run_decisions": [5000, 10], "recent_rows": [100]}
    for name in ("decided_rows", "run_decisions", "recent_rows", "decision_counts", "decided_ad_groups"):
        plan = await plan_of(name, run.run_id, *arguments.get(name, []))
        assert f"{partition}_run_id_place_idx" in plan, name
        assert not read_whole(partition, plan), name


def read_whole(partition: str, plan: str) -> bool:
    return f"Seq Scan on {partition} " in plan


async def test_a_database_of_another_encoding_is_told(server_dsn: str, empty_dsn: str, sql: Sql):
    """A keyword in Japanese does not fit into LATIN1: what to do about it, and no surprise."""
    name = f"latin_{urlsplit(empty_dsn).path.strip('/')}"
    await sql.execute(f"CREATE DATABASE \"{name}\" ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'")
    try:
        async with Database.open(with_database(server_dsn, name)) as database:
            with pytest.raises(Misconfigured, match="ENCODING 'UTF8'"):
                async with database.transaction() as connection:
                    await connection.fetchval("SELECT $1::text", "日本")
    finally:
        await sql.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.parametrize("parameter", ["connect_timeout=3", "target_session_attrs=read-only"])
async def test_a_parameter_that_cannot_be_kept_is_told(dsn: str, parameter: str):
    """What other programs understand in an address may mean nothing here: one sentence about the setting."""
    address = dsn + ("&" if "?" in dsn else "?") + parameter
    for attempt in (migrate(address), _opened(address)):
        with pytest.raises(Misconfigured) as caught:
            await attempt
        assert caught.value.field == "HARVESTER_DATABASE_URL"


async def _opened(address: str) -> None:
    async with Database.open(address):
        pass
