"""The client asks the sandbox for reports, which checks every question as the specification and the guides have it."""

import json
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import date, timedelta
from typing import Any, Self

import pytest

from harvester.adapters.ads.client import AmazonLogin
from harvester.adapters.ads.reports import AmazonReports
from harvester.domain.errors import PageBroken, Rejected
from harvester.domain.history import ReportKind
from harvester.domain.profile import Profile
from harvester.domain.report import ReportRow, Span, Stage
from harvester.sandbox.fault_rules import load_rules
from harvester.sandbox.sandbox import Sandbox
from harvester.sandbox.serving import running
from harvester.sandbox.settings import Options
from tests.unit.adapters.logged_in import logged_in
from tests.unit.adapters.loopback import FakeTime, Log

CREATED = {"method": "POST", "path": "/reporting/reports"}
SHOWN = {"method": "GET", "path": "/reporting/reports/*"}
FETCHED = {"method": "GET", "path": "/offline-report-storage/*"}


class Shop(AsyncExitStack):
    """A running sandbox whose reports are ready at once, and its sellers and vendors."""

    def __init__(self, *faults: Mapping[str, Any]) -> None:
        super().__init__()
        self._faults = faults
        self.log = Log()
        self.sandbox: Sandbox
        self.profiles: Sequence[Profile] = ()
        self.login: AmazonLogin

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        rules = load_rules(json.dumps(self._faults).encode())
        options = Options(port=0, profiles=4, recommendations=200, seed=7, faults=rules, report_seconds=0)
        started = await self.enter_async_context(running(options))
        self.sandbox = started.sandbox
        self.login = await self.enter_async_context(logged_in(started, self.log, FakeTime()))
        self.profiles = (await self.login.profiles()).readable
        return self

    def client(self, *, vendor: bool = False) -> AmazonReports:
        return self.login.reports(next(each for each in self.profiles if each.is_vendor is vendor))

    @property
    def span(self) -> Span:
        """A month that ends with yesterday, in every time zone."""
        last = self.sandbox.clock.moment(self.sandbox.clock.now()).date() - timedelta(days=2)
        return Span(last - timedelta(days=30), last)


async def fetched(client: AmazonReports, kind: ReportKind, span: Span) -> tuple[list[ReportRow], int]:
    report_id = await client.ask(kind, span)
    assert report_id is not None
    status = await client.status(kind, span, report_id)
    assert (status.stage, status.failure) == (Stage.READY, "")
    async with client.download(kind, status.url or "") as pages:
        found = list(pages)
    return [row for page in found for row in page.rows], sum(page.unreadable for page in found)


@pytest.mark.parametrize("kind", ReportKind)
@pytest.mark.parametrize("vendor", [False, True], ids=["seller", "vendor"])
async def test_reports_are_asked_for_and_read_to_the_last_row(kind: ReportKind, vendor: bool):
    """Of the days that were asked for, and none of the rows unreadable."""
    async with Shop() as shop:
        rows, unreadable = await fetched(shop.client(vendor=vendor), kind, shop.span)

    assert rows
    assert unreadable == 0
    assert {row.day for row in rows} <= set(shop.span.days)
    assert all(row.cost > 0 for row in rows if row.clicks)
    assert all(bool(row.term) is (kind is ReportKind.SEARCH_TERMS) for row in rows)
    assert {row.place.match_type for row in rows} <= {
        "BROAD", "PHRASE", "EXACT", "TARGETING_EXPRESSION", "TARGETING_EXPRESSION_PREDEFINED",
    }  # fmt: skip


async def test_the_same_report_in_progress_is_adopted():
    """Asked for twice, there is one."""
    async with Shop({"match": CREATED, "action": {"report": {"status": "PENDING"}}}) as shop:
        client, span = shop.client(), shop.span
        first, second = [await client.ask(ReportKind.SEARCH_TERMS, span) for _ in range(2)]

    assert first == second
    assert first


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"match": FETCHED, "action": {"report": {"truncate": 0.5}}}, PageBroken),
        ({"match": SHOWN, "action": {"report": {"expired": True}}}, Rejected),
        ({"match": FETCHED, "action": {"status": 403}}, Rejected),
    ],
    ids=["cut file", "expired address", "refused"],
)
async def test_a_file_that_cannot_be_had_is_no_report(fault: Any, error: type[Exception]):
    """Cut, expired, refused: it is told, and no signature with it."""
    async with Shop(fault) as shop:
        with pytest.raises(error) as caught:
            await fetched(shop.client(), ReportKind.SEARCH_TERMS, shop.span)

    assert "X-Amz" not in str(caught.value)
    assert "X-Amz" not in repr(shop.log.calls)


async def test_rows_that_are_spoiled_cost_no_others():
    """Fields that nobody knows are read over; what is no row is counted."""
    fault = {"match": FETCHED, "action": {"report": {"every": 5, "set": {"clicks": "many", "unheardOf": {"a": [1]}}}}}
    async with Shop(fault) as shop:
        spoiled, unreadable = await fetched(shop.client(), ReportKind.SEARCH_TERMS, shop.span)
    async with Shop() as shop:
        rows, _ = await fetched(shop.client(), ReportKind.SEARCH_TERMS, shop.span)

    assert unreadable > 0
    assert len(spoiled) + unreadable == len(rows)


async def test_the_sandbox_takes_no_more_than_amazon_does():
    """Thirty-two days, or days that are gone: so the spans that we plan are the right ones."""
    async with Shop() as shop:
        client, (first, last) = shop.client(), shop.span
        for span in (Span(first - timedelta(days=1), last), Span(date(2020, 1, 1), date(2020, 1, 2))):
            with pytest.raises(Rejected):
                await client.ask(ReportKind.SEARCH_TERMS, span)
