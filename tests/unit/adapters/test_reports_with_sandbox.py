"""The client of reports against the sandbox, whose rules it does not share: asked, awaited, read to the last row."""

import gzip
import json
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import aiohttp
import pytest

from harvester.adapters.ads.reports import AmazonReports
from harvester.domain.errors import HarvesterError, PageBroken, Unavailable
from harvester.domain.history import ReportKind
from harvester.domain.report import ReportRow, Span, Stage
from harvester.sandbox.settings import DIALECTS
from tests.unit.adapters.test_with_sandbox import Shop, shop

DOWNLOAD = "/offline-report-storage/*"
FIRST_DAY = date(2026, 11, 27)


async def desk(opened: Shop) -> tuple[AmazonReports, Span]:
    """The client of the only profile, and days that are past there."""
    (profile,) = (await opened.login.profiles()).readable
    newest = FIRST_DAY - timedelta(days=3)
    assert profile.timezone == ZoneInfo("America/Los_Angeles").key
    return opened.login.reports(profile), Span(newest - timedelta(days=6), newest)


async def fetched(reports: AmazonReports, kind: ReportKind, span: Span) -> tuple[list[ReportRow], int, str]:
    """Rows, unreadable ones, and the address they came from."""
    report_id = await reports.ask(kind, span)
    assert report_id is not None
    status = await reports.status(kind, span, report_id)
    assert status.stage is Stage.READY
    assert status.url is not None
    async with reports.download(kind, status.url) as pages:
        read = list(pages)
    return [row for page in read for row in page.rows], sum(page.unreadable for page in read), status.url


async def in_the_end(reports: AmazonReports, kind: ReportKind, span: Span) -> tuple[list[ReportRow], int]:
    """As often as it takes: a download is tried once by the client."""
    for _ in range(3):
        try:
            return (await fetched(reports, kind, span))[:2]
        except (PageBroken, Unavailable):
            continue
    return (await fetched(reports, kind, span))[:2]


async def raw(url: str) -> list[dict[str, Any]]:
    """What a plain download holds."""
    async with aiohttp.ClientSession() as http, http.get(url) as answer:
        found: list[dict[str, Any]] = json.loads(gzip.decompress(await answer.read()))
        return found


def figures(rows: Sequence[ReportRow]) -> list[tuple[str, str, int, int, int]]:
    return sorted((str(row.day), row.place.keyword_id, row.clicks, row.cost, row.sales) for row in rows)


@pytest.mark.parametrize("kind", ReportKind)
@pytest.mark.parametrize("dialect", DIALECTS)
async def test_every_row_is_read_as_it_was_written(kind: ReportKind, dialect: str) -> None:
    """In every dialect, to the last coin."""
    async with shop(dialect=dialect, first_day=FIRST_DAY, report_seconds=0.0) as opened:
        reports, span = await desk(opened)
        rows, unreadable, url = await fetched(reports, kind, span)
        written = await raw(url)

    assert unreadable == 0
    assert len(rows) > 300 or kind is ReportKind.TARGETING
    assert figures(rows) == sorted(
        (row["date"], str(row["keywordId"]), row["clicks"], round(row["cost"] * 1e6), round(row["sales7d"] * 1e6))
        for row in written
    )


TROUBLES: dict[str, list[dict[str, Any]]] = {
    "an answer in the forms of errors": [
        {"match": {"path": path, "nth": 1}, "action": {"status": 503, "form": form}}
        for path, form in (("/reporting/reports/*", "html"), (DOWNLOAD, "json"))
    ],
    "429 without Retry-After": [{"match": {"path": "/reporting/*", "every": 2}, "action": {"status": 429}}],
    "a download that breaks off": [
        {"match": {"path": DOWNLOAD, "nth": 1}, "action": {"cut": 0.4}},
        {"match": {"path": DOWNLOAD, "nth": 2}, "action": {"drop": "before"}},
    ],
    "an answer about the report that is lost": [
        {"match": {"path": "/reporting/reports/*", "nth": 1}, "action": {"drop": "after"}}
    ],
    "columns that nobody asked for": [
        {"match": {"path": DOWNLOAD}, "action": {"report": {"set": {"newest": {"a": [1]}}, "every": 3}}}
    ],
}


@pytest.mark.parametrize("name", TROUBLES)
async def test_trouble_on_the_way_costs_no_row(name: str) -> None:
    """What is read in the end is what is read without trouble."""
    found = []
    for faults in ([], TROUBLES[name]):
        async with shop(faults, first_day=FIRST_DAY, report_seconds=0.0) as opened:
            reports, span = await desk(opened)
            rows, unreadable = await in_the_end(reports, ReportKind.SEARCH_TERMS, span)
            found.append((figures(rows), unreadable))

    assert found[0] == found[1]


async def test_unreadable_rows_are_counted_and_left_out() -> None:
    """The others are read."""
    spoiled = {"match": {"path": DOWNLOAD}, "action": {"report": {"set": {"clicks": "many"}, "every": 10}}}
    async with shop([spoiled], first_day=FIRST_DAY, report_seconds=0.0) as opened:
        reports, span = await desk(opened)
        rows, unreadable, _ = await fetched(reports, ReportKind.SEARCH_TERMS, span)

    assert unreadable == (len(rows) + unreadable) // 10 > 20


@pytest.mark.parametrize(
    "action", [{"report": {"truncate": 0.5}}, {"report": {"raw": '{"clicks": ', "every": 50}}, {"status": 403}]
)
async def test_a_file_that_is_not_whole_is_no_report(action: dict[str, Any]) -> None:
    """A gzip that ends early, JSON that does not hold together, an address that does not open: said, not guessed."""
    async with shop(
        [{"match": {"path": DOWNLOAD}, "action": action}], first_day=FIRST_DAY, report_seconds=0.0
    ) as opened:
        reports, span = await desk(opened)
        try:
            _, unreadable, _ = await fetched(reports, ReportKind.SEARCH_TERMS, span)
        except HarvesterError:
            return

    assert unreadable > 0


async def test_the_report_in_progress_is_found_again() -> None:
    """425 names it; asked and lost, it is found the same way."""
    lost = {"match": {"method": "POST", "path": "/reporting/reports", "nth": 1}, "action": {"drop": "after"}}
    async with shop([lost], first_day=FIRST_DAY, report_seconds=3000.0) as opened:
        reports, span = await desk(opened)
        with pytest.raises(HarvesterError):
            await reports.ask(ReportKind.SEARCH_TERMS, span)
        found = [await reports.ask(ReportKind.SEARCH_TERMS, span) for _ in range(2)]
        status = await reports.status(ReportKind.SEARCH_TERMS, span, str(found[0]))

    assert found[0] is not None
    assert found[0] == found[1]
    assert status.stage is Stage.PENDING


async def test_a_failure_is_told() -> None:
    """With Amazon's words."""
    fails = {"match": {"method": "POST"}, "action": {"report": {"status": "FAILED", "reason": "no luck today"}}}
    async with shop([fails], first_day=FIRST_DAY, report_seconds=0.0) as opened:
        reports, span = await desk(opened)
        report_id = await reports.ask(ReportKind.TARGETING, span)
        status = await reports.status(ReportKind.TARGETING, span, str(report_id))

    assert (status.stage, status.failure) == (Stage.FAILED, "no luck today")
