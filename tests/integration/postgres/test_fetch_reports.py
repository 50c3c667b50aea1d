"""Reports are asked for, looked after and read, on a real Postgres and from a pretend Amazon."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.lease import PostgresLease
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.report_days import PostgresReportDays
from harvester.domain.errors import ProfileBusy
from harvester.domain.history import ReportKind
from harvester.domain.report import Loaded, Place, ReportPage, ReportRow, Span
from harvester.usecases.fetch_reports import Fetched, FetchReports, lease_of
from tests.unit.adapters.loopback import FakeTime
from tests.unit.adapters.report_desk import Counter, a_row, at_the_desk, days_of, gzipped

from .conftest import Sql, a_profile

TERMS = [ReportKind.SEARCH_TERMS]
PROFILE = a_profile()


class Hands:
    """A clock that stands still but while somebody sleeps."""

    def __init__(self) -> None:
        self.time = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
        self.clients = FakeTime()

    def now(self) -> datetime:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.pass_by(seconds=seconds)

    def pass_by(self, **time: float) -> None:
        self.time += timedelta(**time)
        self.clients.seconds += timedelta(**time).total_seconds()


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
    hands.clients = counter.time
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


async def whole(fetch: FetchReports, kinds: list[ReportKind] | None = None) -> Fetched:
    return await fetch(PROFILE, kinds or TERMS, timedelta(hours=3), untold)


async def states(sql: Sql) -> list[tuple[str, str]]:
    rows = await sql.fetch("SELECT state, coalesce(failure, note) FROM harvester.report ORDER BY number")
    return [tuple(row) for row in rows]


async def rows_by_day(sql: Sql, table: str = "search_term_day") -> dict[int, int]:
    """How many days have so many rows."""
    counted = f"SELECT day, count(*) AS rows FROM harvester.{table} GROUP BY day"
    rows = await sql.fetch(f"SELECT rows, count(*) AS days FROM ({counted}) AS counted GROUP BY rows")
    return {row["rows"]: row["days"] for row in rows}


async def test_what_is_in_is_not_asked_for_again(fetch: FetchReports, counter: Counter, hands: Hands):
    """Not the same day; the day after, only what is new or was restated."""
    await whole(fetch)
    asked = len(counter.desk.asked)
    again = await whole(fetch)
    assert (again.reports, again.look_at, len(counter.desk.asked)) == (0, None, asked)

    hands.pass_by(days=1)
    await whole(fetch)

    assert counter.desk.spans[asked:] == [("2026-11-15", "2026-11-21"), ("2026-10-25", "2026-10-25")]


async def test_restated_days_take_the_place_of_what_was_there(
    fetch: FetchReports, counter: Counter, hands: Hands, sql: Sql
):
    """A week on, the week is read again with its orders: each row once, and another profile's rows untouched."""
    await whole(fetch)
    await sql.execute(
        "INSERT INTO harvester.search_term_day SELECT 'other', day, campaign_id, ad_group_id, keyword_id, term, key, "
        "targeting, match_type, impressions, clicks, cost, orders, sales FROM harvester.search_term_day"
    )
    counter.desk.rows = lambda question: [a_row(day, purchases7d=5, sales7d=99.95) for day in days_of(question)]
    for _ in range(7):
        hands.pass_by(days=1)
        await whole(fetch)

    mine = "SELECT day, orders FROM harvester.search_term_day WHERE profile_id = $1 ORDER BY day DESC"
    rows = await sql.fetch(mine, PROFILE.profile_id)
    again = {date(2026, 11, day) for day in range(15, 28)} | {date(2026, 10, day) for day in range(25, 32)}
    assert {row["day"] for row in rows if row["orders"] == 5} == again
    assert len(rows) == 101
    assert {row["orders"] for row in await sql.fetch(mine, "other")} == {1}


async def test_both_kinds_are_fetched_side_by_side(fetch: FetchReports, counter: Counter, sql: Sql):
    """Targets have their own table."""
    fetched = await whole(fetch, list(ReportKind))

    assert (fetched.reports, fetched.troubles) == (8, [])
    assert {each["configuration"]["reportTypeId"] for each in counter.desk.asked} == {"spSearchTerm", "spTargeting"}
    assert await rows_by_day(sql, "targeting_day") == {1: 94}


async def test_one_look_waits_for_nothing(fetch: FetchReports, counter: Counter):
    """It says when to come again, and what is on its way."""
    counter.desk.pending_polls = 1

    first = await fetch.advance(PROFILE, TERMS)

    assert len(first.pending) == len(counter.desk.asked) == 4
    assert first.look_at is not None
    assert first.reports == 0
    (said,) = first.troubles
    assert said.startswith("4 reports of search terms, ")
    assert "Amazon has not delivered them yet; the next `harvester plan`" in said
    assert [made.polls for made in counter.desk.made] == [0] * 4


async def test_patience_ends_and_loses_nothing(fetch: FetchReports, counter: Counter, hands: Hands, sql: Sql):
    """What is pending is said; the next to come goes on with the same reports."""
    counter.desk.pending_polls = 10**6
    told: list[int] = []

    fetched = await fetch(PROFILE, TERMS, timedelta(hours=3), lambda _, so_far: told.append(len(so_far.pending)))

    assert len(fetched.pending) == 4
    assert max(made.polls for made in counter.desk.made) < 60
    assert set(told) == {4}
    counter.desk.pending_polls = 0
    hands.pass_by(minutes=10)
    assert (await whole(fetch)).reports == 4
    assert len(counter.desk.asked) == 4
    assert await rows_by_day(sql) == {1: 94}


async def test_a_report_that_never_comes_is_given_up(fetch: FetchReports, counter: Counter, hands: Hands, sql: Sql):
    """After a day; and then asked for anew."""
    counter.desk.pending_polls = 10**6
    await fetch.advance(PROFILE, TERMS)
    hands.pass_by(hours=25)

    fetched = await fetch.advance(PROFILE, TERMS)

    assert [state for state, _ in await states(sql)].count("failed") == 4
    assert "Amazon has not made it since 2026-11-21 20:00 UTC" in str(await states(sql))
    assert fetched.look_at == hands.now()


async def test_a_failed_report_stops_no_other(fetch: FetchReports, counter: Counter, hands: Hands, sql: Sql):
    """It is asked for once more at once, then after a while; the reason is told."""
    counter.desk.looks = [(200, {"status": "FAILED", "failureReason": "internal error"})]
    assert (await whole(fetch)).troubles == []
    assert len(counter.desk.asked) == 5

    hands.pass_by(days=1)
    counter.desk.fails = "internal error"
    fetched = await whole(fetch)

    assert fetched.troubles == [
        "report of search terms, 2026-11-15 to 2026-11-21: internal error",
        "report of search terms, 2026-10-25: internal error",
    ]
    assert len(counter.desk.asked) == 9
    assert fetched.again_at == hands.now() + timedelta(minutes=15)
    assert (await whole(fetch)).failed == fetched.failed
    assert len(counter.desk.asked) == 9
    counter.desk.fails = ""
    hands.pass_by(minutes=15)
    assert (await whole(fetch)).troubles == []
    assert await rows_by_day(sql) == {1: 95}


@pytest.mark.parametrize(
    "answer",
    [
        (425, {"code": "425", "detail": "Too early"}),
        (429, {"message": "Too Many Requests"}),
        (500, {}),
        (200, {"nothing": 1}),
    ],
    ids=lambda answer: str(answer[0]),
)
async def test_a_question_that_came_to_nothing_is_asked_again(
    fetch: FetchReports, counter: Counter, sql: Sql, answer: tuple[int, object]
):
    """Already in progress under an id that nobody tells, throttled, or without an answer: slowly, until it works."""
    counter.desk.answers = [answer] * 12

    fetched = await whole(fetch)

    assert (fetched.reports, fetched.troubles) == (4, [])
    assert await rows_by_day(sql) == {1: 94}
    assert len(await states(sql)) == 4


async def test_while_amazon_throttles_no_more_is_asked(fetch: FetchReports, counter: Counter):
    """The others of the round wait for the next one."""
    counter.desk.answers = [(429, {})] * 1000

    fetched = await fetch.advance(PROFILE, TERMS)

    assert len(set(counter.desk.spans)) == 1
    assert len(fetched.pending) == 4
    assert all("429" in each.note for each in fetched.pending)


async def test_a_report_in_progress_is_adopted(fetch: FetchReports, counter: Counter, sql: Sql):
    """By the id that Amazon's refusal names: none is made beside it."""
    counter.desk.adopts = True

    assert (await whole(fetch)).reports == 4
    assert len(counter.desk.made) == 4
    assert await rows_by_day(sql) == {1: 94}


async def test_a_refused_question_is_told(fetch: FetchReports, counter: Counter):
    """With Amazon's words; the other spans go on."""
    counter.desk.answers = [(400, {"code": "400", "detail": "columns are wrong"})] * 2

    fetched = await fetch.advance(PROFILE, TERMS)

    assert len(fetched.pending) == 2
    assert fetched.look_at is not None


async def test_an_address_that_has_expired_is_asked_for_anew(fetch: FetchReports, counter: Counter, sql: Sql):
    """At once, and the report itself is not."""
    counter.desk.files = [(403, b"<Error>Request has expired</Error>")]

    assert (await whole(fetch)).reports == 4
    assert len(counter.desk.asked) == 4
    assert max(made.addresses for made in counter.desk.made) == 2
    assert await rows_by_day(sql) == {1: 94}


@pytest.mark.parametrize(
    "body",
    [gzipped([a_row(date(2026, 11, 20))] * 50)[:-20], b"<html>", gzipped({"no": "array"}), gzipped([{"clicks": 1}])],
    ids=["cut", "no gzip", "no array", "no row readable"],
)
async def test_a_file_that_cannot_be_read_leaves_nothing_behind(
    fetch: FetchReports, counter: Counter, hands: Hands, sql: Sql, body: bytes
):
    """Neither rows nor days that count as read; it is downloaded again, and at last asked for anew."""
    counter.desk.files = [(200, body)] * 3
    await fetch.advance(PROFILE, TERMS)
    hands.pass_by(seconds=2)
    await fetch.advance(PROFILE, TERMS)

    assert await sql.fetchval("SELECT count(*) FROM harvester.report_day WHERE day >= '2026-08-20'") == 0
    assert await sql.fetchval("SELECT count(*) FROM harvester.search_term_day WHERE day >= '2026-08-20'") == 0
    assert (await whole(fetch)).reports == 4 - 1
    assert len(counter.desk.asked) == 4
    assert await rows_by_day(sql) == {1: 94}


async def test_a_report_that_is_unreadable_for_good_fails(fetch: FetchReports, counter: Counter):
    """After five downloads in a row; it says why."""
    counter.desk.files = [(200, b"<html>")] * 1000

    fetched = await whole(fetch)

    assert len(fetched.failed) == 4
    assert "it is no array of rows, 5 times in a row" in fetched.failed[0].reason


async def test_rows_that_are_none_are_counted_and_said(fetch: FetchReports, counter: Counter, sql: Sql):
    """So are rows of days that were never asked for."""
    counter.desk.rows = lambda question: [
        *[a_row(day) for day in days_of(question)], {"no": "row"}, a_row(date(2020, 1, 1)),
    ]  # fmt: skip

    fetched = await whole(fetch)

    assert fetched.troubles == ["8 rows of reports could not be read"]
    assert await sql.fetchval("SELECT sum(unreadable) FROM harvester.report") == 8
    assert await rows_by_day(sql) == {1: 94}


async def test_a_report_of_other_days_alone_is_not_taken(fetch: FetchReports, counter: Counter, sql: Sql):
    """What was read before stays: days without a row would say that nothing was clicked."""
    counter.desk.rows = lambda _question: [a_row(date(2020, 1, 1))]

    fetched = await whole(fetch)

    assert "none of the report's 1 rows is of a day that was asked for, 5 times in a row" in fetched.failed[0].reason
    assert await sql.fetchval("SELECT count(*) FROM harvester.report_day") == 0


async def test_a_row_of_a_day_that_was_not_asked_for_makes_the_days_of_its_campaign_doubtful(
    fetch: FetchReports, counter: Counter, sql: Sql
):
    """Which day it is about is as unknown as of a row without one."""
    counter.desk.rows = lambda question: [a_row(day) for day in days_of(question)] + [a_row(date(2020, 1, 1))]

    await whole(fetch)

    assert await sql.fetchval("SELECT count(*) FROM harvester.report_day WHERE unread = '{700}'") == 94


async def test_a_row_that_comes_twice_counts_once(fetch: FetchReports, counter: Counter, sql: Sql):
    """One after the other or far apart, within a page or the next: no click is counted twice."""
    counter.desk.rows = lambda question: [a_row(day) for day in days_of(question)] * 2

    await whole(fetch)

    assert await rows_by_day(sql) == {1: 94}


async def test_days_of_which_rows_could_not_be_read_are_known_with_their_campaigns(
    fetch: FetchReports, counter: Counter, hands: Hands, sql: Sql
):
    """Until they are read whole, the next day."""
    newest = date(2026, 11, 20)
    counter.desk.rows = lambda question: [
        a_row(day, campaignId=campaign, **({"clicks": None} if (day, campaign) == (newest, "700") else {}))
        for day in days_of(question)
        for campaign in ("700", "701")
    ]
    await whole(fetch)

    found = await sql.fetch("SELECT day, unread FROM harvester.report_day WHERE unread <> '{}'")

    assert [tuple(row) for row in found] == [(newest, ["700"])]
    counter.desk.rows = lambda question: [a_row(day) for day in days_of(question)]
    hands.pass_by(days=1)
    await whole(fetch)
    assert await sql.fetchval("SELECT count(*) FROM harvester.report_day WHERE unread <> '{}'") == 0


async def test_a_profile_without_a_click_has_whole_days(fetch: FetchReports, counter: Counter, sql: Sql):
    """Its reports are empty, and its days are in."""
    counter.desk.rows = lambda _question: []

    assert (await whole(fetch)).troubles == []
    assert await sql.fetchval("SELECT count(*) FROM harvester.report_day") == 94


async def test_an_older_report_does_not_undo_a_newer_one(fetch: FetchReports, counter: Counter, hands: Hands, sql: Sql):
    """Of two that overlap, whichever comes last: each day keeps what was asked for last."""
    store = fetch.store
    span = Span(date(2026, 11, 1), date(2026, 11, 2))
    wide = Span(date(2026, 11, 1), date(2026, 11, 3))
    (older,) = await store.ask(PROFILE.profile_id, TERMS[0], [wide], hands.now())
    (newer,) = await store.ask(PROFILE.profile_id, TERMS[0], [span], hands.now() + timedelta(hours=1))
    for report in (newer, older):
        await store.named(report.number, f"id-{report.number}", hands.now())

    def pages(days: list[date], orders: int) -> list[ReportPage]:
        place = Place("1", "2", "3", "shoes", "BROAD")
        return [ReportPage.of([ReportRow(day, place, "shoes", 1, 1, 1, orders, 1) for day in days])]

    await store.load(PROFILE.profile_id, newer, pages([*span.days], 9))
    loaded = await store.load(PROFILE.profile_id, older, pages([*wide.days], 1))

    assert loaded == Loaded(1, 0)
    rows = await sql.fetch("SELECT day, orders FROM harvester.search_term_day ORDER BY day")
    assert [tuple(row) for row in rows] == [(date(2026, 11, 1), 9), (date(2026, 11, 2), 9), (date(2026, 11, 3), 1)]
    assert await store.load(PROFILE.profile_id, older, pages([*wide.days], 1)) is None


async def test_two_processes_share_the_work(fetch: FetchReports, database: Database, dsn: str, counter: Counter):
    """While one is at it the other waits; together they ask once."""
    async with PostgresLease.open(dsn) as other:
        async with other.hold(lease_of(PROFILE)):
            with pytest.raises(ProfileBusy):
                await fetch.advance(PROFILE, TERMS)
            assert counter.desk.asked == []
        assert (await whole(fetch)).reports == 4


async def test_busy_elsewhere_a_patient_one_waits(fetch: FetchReports, dsn: str, hands: Hands):
    """And gives up in time."""
    async with PostgresLease.open(dsn) as other, other.hold(lease_of(PROFILE)):
        before = hands.now()
        fetched = await fetch(PROFILE, TERMS, timedelta(minutes=1), untold)

    assert fetched.reports == 0
    assert timedelta(seconds=50) <= hands.now() - before <= timedelta(minutes=1)


class Death(BaseException):
    """The process ends here."""


class Dying:
    """A store that ends the process before or after one of its steps."""

    def __init__(self, store: PostgresReportDays, step: str, *, after: bool) -> None:
        self._store, self._step, self._after = store, step, after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._store, name)
        if name != self._step:
            return method

        async def dying(*arguments: Any, **named: Any) -> Any:
            if self._after:
                await method(*arguments, **named)
            raise Death

        return dying


class HalfRead:
    """Pages in the middle of which the process is told to end."""

    def __init__(self, pages: Any) -> None:
        self._pages = pages

    def __iter__(self) -> Any:
        yield next(iter(self._pages))
        raise asyncio.CancelledError


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("step", ["ask", "named", "tried", "load", "coverage"])
async def test_whoever_goes_on_asks_for_nothing_twice(
    fetch: FetchReports, counter: Counter, hands: Hands, sql: Sql, step: str, after: bool
):
    """A process dies at any step: the next one goes on with the same reports, and each row is there once.

    Only where the answer to a question was not recorded it is asked again.
    """
    counter.desk.pending_polls = 1
    dying = replace(fetch, store=Dying(fetch.store, step, after=after))  # type: ignore[arg-type]  # it is one by its kin
    with pytest.raises(Death):
        await dying(PROFILE, TERMS, timedelta(hours=3), untold)

    fetched = await whole(fetch)

    lost = 1 if (step, after) == ("named", False) else 0
    assert len(counter.desk.asked) == 4 + lost
    assert fetched.troubles == []
    assert await rows_by_day(sql) == {1: 94}
    assert [state for state, _ in await states(sql)] == ["loaded"] * 4


async def test_death_in_the_middle_of_a_load_leaves_nothing_behind(fetch: FetchReports, counter: Counter, sql: Sql):
    """The transaction is one: not a row, not a day; and the next one reads all of it."""
    await fetch.advance(PROFILE, TERMS)
    coverage = await fetch.store.coverage(PROFILE.profile_id, TERMS[0], date(2026, 1, 1), fetch.clock.now())
    report = coverage.open[0]
    client = counter.login.reports(PROFILE)
    status = await client.status(report.kind, report.span, report.amazon_id or "")
    async with client.download(report.kind, status.url or "") as pages:
        with pytest.raises(asyncio.CancelledError):
            await fetch.store.load(PROFILE.profile_id, report, HalfRead(pages))

    assert await sql.fetchval("SELECT count(*) FROM harvester.search_term_day") == 0
    assert await sql.fetchval("SELECT count(*) FROM harvester.report_day") == 0
    assert (await whole(fetch)).reports == 4
    assert await rows_by_day(sql) == {1: 94}


async def test_old_days_go_with_their_partitions(fetch: FetchReports, sql: Sql):
    """And with them what was known of them; the rest stays."""
    await whole(fetch)
    store = fetch.store
    assert isinstance(store, PostgresReportDays)

    dropped = await store.drop_before(date(2026, 11, 1))

    assert dropped == 74
    assert await sql.fetchval("SELECT min(day) FROM harvester.search_term_day") == date(2026, 11, 1)
    assert await sql.fetchval("SELECT min(day) FROM harvester.report_day") == date(2026, 11, 1)
    assert await sql.fetchval("SELECT count(*) FROM harvester.report") == 1
    assert await store.drop_before(date(2026, 11, 1)) == 0


async def test_days_that_go_are_forgotten_also_where_others_cannot_be_had(fetch: FetchReports, sql: Sql):
    """A reader of one old day ends the round early; no day without its rows is taken for one that is in."""
    await whole(fetch)
    store = fetch.store
    assert isinstance(store, PostgresReportDays)

    async with sql.transaction():
        await sql.execute("LOCK TABLE harvester.search_term_day_2026_10_01 IN ACCESS SHARE MODE")
        dropped = await store.drop_before(date(2026, 11, 1))

    assert 0 < dropped < 74
    assert await sql.fetchval("SELECT min(day) FROM harvester.report_day") == date(2026, 11, 1)
    assert dropped + await store.drop_before(date(2026, 11, 1)) == 74


async def test_a_day_whose_partition_cannot_be_made_is_kept_all_the_same(fetch: FetchReports, sql: Sql):
    """Rows of it lie in the default partition already: there they stay, and are found, replaced and dropped."""
    await sql.execute(
        "INSERT INTO harvester.search_term_day VALUES ('x', '2026-11-10', '1', '2', '3', 't', 't', 't', 'BROAD', 1, 1, 1, 1, 1)"
    )
    await whole(fetch)
    store = fetch.store
    assert isinstance(store, PostgresReportDays)

    assert await sql.fetchval("SELECT count(*) FROM harvester.search_term_day_default") == 2
    assert await sql.fetchval("SELECT count(*) FROM harvester.search_term_day") == 95
    await store.drop_before(date(2026, 11, 11))
    assert await sql.fetchval("SELECT count(*) FROM harvester.search_term_day") == 10
