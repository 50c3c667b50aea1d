"""`ledger retain`, and what `why`, `show` and `ledger verify` say of what is gone."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from harvester.adapters.postgres.database import Database
from tests.conftest import in_a_loop_of_its_own
from tests.integration.postgres.ages import live
from tests.integration.reviewer import Desk

JANUARY = datetime(2025, 1, 15, 6, 30, tzinfo=UTC)


@pytest.fixture
def old(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Desk:
    """With one run of January 2025, r1, its plan p1, and the commands."""
    monkeypatch.setenv("HARVESTER_DATABASE_URL", dsn)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    in_a_loop_of_its_own(_fill(dsn))
    return Desk(dsn, tmp_path, monkeypatch, capfd)


async def _fill(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("SELECT harvester.ensure_partitions($1)", JANUARY)
    async with Database.open(dsn, most_connections=2) as database:
        await live(database, connection, JANUARY, 0)
    await connection.execute("ANALYZE harvester.observation_2025_01")
    await connection.close()


def test_retain_tells_first_and_drops_when_told_to(old: Desk):
    """Without --drop nothing happens; a second time there is nothing left."""
    told = old("ledger", "retain")
    assert (told.code, "decisions from 2025-01-01 until 2025-02-01: about 5 rows" in told.out) == (0, True)
    assert "with --drop they go, but for what actions refer to" in told.out
    assert old("ledger", "retain", "--json").json["droppable"][0]["what"] == "decisions"
    assert old.sql("SELECT * FROM ledger.retention") == []

    done = old("ledger", "retain", "--drop")
    assert (done.code, "decisions from 2025-01-01 until 2025-02-01: 4 rows dropped, 1 kept" in done.out) == (0, True)
    assert old("ledger", "retain", "--drop").out == "nothing was old enough to be dropped\n"
    assert old("ledger", "retain").out == "nothing is old enough to be dropped\n"
    assert old("ledger", "retain", "--drop", "--json").json == {"dropped": [], "put_off": []}


def test_days_of_reports_go_by_hand_too(old: Desk):
    """Not only where the service runs."""
    old.sql("SELECT harvester.ensure_report_days('2025-01-30', '2025-01-31')")

    assert "report days from 2025-01-30 until 2025-02-01: about 0 rows" in old("ledger", "retain").out
    assert "report days from 2025-01-30 until 2025-02-01" in old("ledger", "retain", "--drop").out
    assert old.sql("SELECT to_regclass('harvester.search_term_day_2025_01_31') AS left") == [{"left": None}]


def test_for_ever_is_a_setting(old: Desk, monkeypatch: pytest.MonkeyPatch):
    """0 keeps all of a kind."""
    monkeypatch.setenv("HARVESTER_KEEP_DECISIONS", "0")
    monkeypatch.setenv("HARVESTER_KEEP_CALLS", "0")
    monkeypatch.setenv("HARVESTER_KEEP_REPORTS", "0")
    old.sql("SELECT harvester.ensure_report_days('2025-01-30', '2025-01-31')")

    assert old("ledger", "retain").out == "nothing is old enough to be dropped\n"


def test_what_is_gone_is_told_wherever_it_would_be_missed(old: Desk):
    """By `why`, found or not, by `show --all` of a plan from then, and by `ledger verify`, which finds nothing broken."""
    before = old("why", "running shoes 2", "--json").json
    assert (before["complete_since"], len(before["decisions"])) == (None, 1)
    assert "retention" not in old("why", "running shoes 2").out

    old("ledger", "retain", "--drop")

    sentence = f"History before 2025-05-01 was dropped on {datetime.now(UTC):%Y-%m-%d} by retention, but for what actions refer to."
    assert sentence in old("why", "running shoes 2").words
    assert sentence in old("why", "running shoes 1").words
    assert old("why", "running shoes 1", "--json").json == {
        "decisions": [],
        "complete_since": "2025-05-01T00:00:00+00:00",
    }
    assert sentence in old("show", "p1", "--all").words
    assert sentence not in old("show", "p1").words
    verified = old("ledger", "verify")
    assert (verified.code, "0 broken, 1 note" in verified.out) == (0, True)


def test_what_somebody_holds_is_put_off(old: Desk):
    """With a sentence and exit code 1, so that a cron job notices."""
    old.sql("ALTER FUNCTION harvester.take_table SET lock_timeout = '10ms'")
    with asyncio.Runner() as runner:  # its loop stands still while the command runs
        connection = runner.run(_hold(old.dsn))
        held = old("ledger", "retain", "--drop")
        runner.run(connection.close())

    assert held.code == 1
    assert "old decisions wait until the next time: somebody holds the table" in held.out


async def _hold(dsn: str) -> "asyncpg.Connection[asyncpg.Record]":
    connection = await asyncpg.connect(dsn)
    await connection.execute("BEGIN; LOCK TABLE harvester.observation, harvester.api_call IN ROW EXCLUSIVE MODE")
    return connection
