# ruff: noqa: F811
"""Reports that are spoiled, too large or too odd, on a real Postgres: a row that cannot be kept costs no other."""

import random
import re
import string
from dataclasses import replace
from datetime import date, timedelta

import pytest
from aiohttp import web

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.report_days import PostgresReportDays
from harvester.domain.errors import Unavailable
from harvester.usecases import fetch_reports
from harvester.usecases.fetch_reports import FetchReports
from tests.integration.postgres.test_fetch_reports import (  # noqa: F401
    PROFILE,
    TERMS,
    Hands,
    counter,
    fetch,
    hands,
    rows_by_day,
    untold,
    whole,
)
from tests.unit.adapters.report_desk import Counter, a_row, days_of, gzipped

from .conftest import Sql

LONG = "".join(random.Random(1).choices(string.ascii_lowercase + " ", k=20_000))
"""Postgres cannot pack it small enough for an index."""


@pytest.mark.parametrize("column", ["searchTerm", "campaignId", "adGroupId", "keywordId", "targeting", "keywordType"])
async def test_a_row_that_no_index_takes_costs_no_other(
    fetch: FetchReports, counter: Counter, sql: Sql, column: str
) -> None:
    """It counts as unreadable, and its day is known to be in without it."""
    newest = date(2026, 11, 20)
    odd = a_row(newest, **{column: LONG})
    counter.desk.rows = lambda question: (
        [a_row(day, campaignId=601) for day in days_of(question)] + [odd] * (newest in days_of(question))
    )

    fetched = await whole(fetch)

    assert (fetched.reports, fetched.troubles) == (4, ["1 rows of reports could not be read"])
    assert await rows_by_day(sql) == {1: 94}
    unread = await sql.fetch("SELECT day, unread FROM harvester.report_day WHERE unread <> '{}'")
    assert [tuple(row) for row in unread] == [(newest, ["" if column == "campaignId" else "700"])]


async def test_a_term_that_is_long_only_when_folded_costs_no_other(
    fetch: FetchReports, counter: Counter, sql: Sql
) -> None:
    """One character can become eighteen."""
    dice = random.Random(1)
    grown = "".join(dice.choice(["\ufdfa", "\ufdfb", *"abcdefghijklmnop"]) for _ in range(600))
    counter.desk.rows = lambda question: (
        [a_row(day, searchTerm=grown) for day in days_of(question)[:1]] + [a_row(day) for day in days_of(question)]
    )

    assert (await whole(fetch)).unreadable == 4
    assert await rows_by_day(sql) == {1: 94}


async def test_campaigns_of_which_nothing_can_be_read_are_named_up_to_a_number(
    fetch: FetchReports, counter: Counter, sql: Sql
) -> None:
    """Of more, it is the whole day."""
    newest = date(2026, 11, 20)
    counter.desk.rows = lambda question: (
        [a_row(day) for day in days_of(question)]
        + [a_row(newest, campaignId=number, clicks=None) for number in range(3000) if newest in days_of(question)]
    )

    assert (await whole(fetch)).unreadable == 3000
    assert await sql.fetchval("SELECT unread FROM harvester.report_day WHERE unread <> '{}'") == [""]


async def test_of_a_report_without_a_readable_row_not_all_is_looked_at(
    fetch: FetchReports, counter: Counter, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file of nothing else is a mistake, or made to keep us busy."""
    monkeypatch.setattr(fetch_reports, "ENOUGH_UNREADABLE", 500)
    counter.desk.files = [(200, gzipped([{"clicks": 1}] * 50_000))] * 4
    await fetch.advance(PROFILE, TERMS)
    hands.pass_by(seconds=2)

    fetched = await fetch.advance(PROFILE, TERMS)

    assert fetched.reports == 0
    told = [re.search(r"none of the report's (\d+) rows can be read", each.note) for each in fetched.pending]
    assert all(found and int(found.group(1)) < 50_000 for found in told)
    assert (await whole(fetch)).reports == 4


async def test_a_report_that_a_dead_process_still_holds_is_waited_for(
    fetch: FetchReports, counter: Counter, sql: Sql
) -> None:
    """Postgres may take a while to notice: nobody asks Amazon again and again meanwhile."""
    await fetch.advance(PROFILE, TERMS)
    async with sql.transaction():
        await sql.fetch("SELECT FROM harvester.report FOR UPDATE")

        fetched = await fetch(PROFILE, TERMS, timedelta(minutes=1), untold)

    assert fetched.reports == 0
    assert counter.desk.downloads <= 12
    assert (await whole(fetch)).reports == 4
    assert await rows_by_day(sql) == {1: 94}


NO_SPACE = """
    CREATE FUNCTION public.no_space() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '{}';
    END $$;
    CREATE TRIGGER no_space BEFORE INSERT ON harvester.search_term_day FOR EACH ROW
        WHEN (NEW.day = '2026-09-30') EXECUTE FUNCTION public.no_space()
"""


@pytest.mark.parametrize("code", ["53100", "58030", "53200", "57014"], ids=["disk full", "io", "memory", "canceled"])
async def test_a_postgres_that_cannot_keep_the_rows_loses_no_report(
    code: str, fetch: FetchReports, dsn: str, counter: Counter, sql: Sql
) -> None:
    """What is whole before it stays; of the report nothing does, no day counts as read, and the next one reads it."""
    await sql.execute(NO_SPACE.format(code))
    async with Database.open(dsn, patience_seconds=0.2) as hasty:
        with pytest.raises(Unavailable, match="No space left"):
            await whole(replace(fetch, store=PostgresReportDays(hasty)))

    assert await sql.fetchval("SELECT count(*) FROM harvester.report_day") == 31
    assert await rows_by_day(sql) == {1: 31}
    await sql.execute("DROP TRIGGER no_space ON harvester.search_term_day")
    assert (await whole(fetch)).troubles == []
    assert (len(counter.desk.asked), await rows_by_day(sql)) == (4, {1: 94})


async def test_while_amazon_throttles_no_more_is_looked_after(
    fetch: FetchReports, counter: Counter, hands: Hands
) -> None:
    """One call finds out; a worker has other profiles to serve."""
    await fetch.advance(PROFILE, TERMS)
    hands.pass_by(seconds=2)
    counter.desk.looks = [(429, {})] * 1000
    before, seen = counter.time.seconds, len(counter.desk.seen)

    fetched = await fetch.advance(PROFILE, TERMS)

    assert counter.time.seconds - before <= 2.5
    assert len(counter.desk.seen) - seen <= 5
    assert len(fetched.pending) == 4
    counter.desk.looks = []
    assert (await whole(fetch)).reports == 4


async def test_a_report_that_is_being_made_again_is_waited_for(
    fetch: FetchReports, counter: Counter, hands: Hands, sql: Sql
) -> None:
    """It was complete, its address did not open, and now Amazon says that it is not: neither lost nor asked for again."""

    async def refuse(_request: web.BaseRequest) -> web.StreamResponse:
        counter.desk.looks = [(200, {"status": "PROCESSING"})]
        counter.desk.downloads_by = None
        return web.Response(status=403)

    counter.desk.downloads_by = refuse
    await fetch.advance(PROFILE, TERMS)
    hands.pass_by(seconds=2)
    first = await fetch.advance(PROFILE, TERMS)

    assert (first.reports, len(first.pending), first.failed) == (3, 1, [])
    assert (await whole(fetch)).reports == 1
    assert (len(counter.desk.asked), await rows_by_day(sql)) == (4, {1: 94})
