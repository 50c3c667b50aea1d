"""Reports are asked for, looked after and read, on a real Postgres and from a pretend Amazon."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.lease import PostgresLease
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.report_days import PostgresReportDays
from harvester.domain.history import ReportKind
from harvester.usecases.fetch_reports import Fetched, FetchReports
from tests.unit.adapters.report_desk import Counter, at_the_desk

from .conftest import Sql, a_profile

TERMS = [ReportKind.SEARCH_TERMS]
PROFILE = a_profile()


class Hands:
    """A clock that stands still but while somebody sleeps."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)

    def pass_by(self, **time: float) -> None:
        self.time += timedelta(**time)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    async with at_the_desk() as one:
        yield one


@pytest.fixture
async def fetch(database: Database, dsn: str, counter: Counter, hands: Hands) -> AsyncIterator[FetchReports]:
    await PostgresProfiles(database).save([PROFILE])
    async with PostgresLease.open(dsn) as lease:
        store = PostgresReportDays(database)
        yield FetchReports({"main": counter.login}, store, lease, hands, sleep=hands.sleep)


def untold(_profile: object, _fetched: Fetched) -> None:
    pass


async def test_all_that_amazon_keeps_is_read_at_first(fetch: FetchReports, counter: Counter, sql: Sql):
    """Ninety-four days in four reports of at most 31 days, the newest first; every row is in its day's partition."""
    counter.desk.pending_polls = 2

    fetched = await fetch(PROFILE, TERMS, timedelta(hours=3), untold)

    assert (fetched.reports, fetched.rows, fetched.troubles) == (4, 94, [])
    assert counter.desk.spans == [
        ("2026-10-21", "2026-11-20"), ("2026-09-20", "2026-10-20"), ("2026-08-20", "2026-09-19"),
        ("2026-08-19", "2026-08-19"),
    ]  # fmt: skip
    assert await sql.fetchval("SELECT count(*) FROM harvester.search_term_day") == 94
    assert await sql.fetchval("SELECT count(*) FROM harvester.search_term_day_default") == 0
    assert await sql.fetchval("SELECT count(DISTINCT state) FROM harvester.report WHERE state = 'loaded'") == 1
    row = await sql.fetchrow("SELECT * FROM harvester.search_term_day WHERE day = '2026-11-20'")
    assert tuple(row)[2:] == (
        "700", "710", "730", "running shoes", "running shoes", "shoes", "BROAD", 40, 3, 1_230_000, 1, 19_990_000,
    )  # fmt: skip
