"""A pretend Amazon that makes reports: it takes questions, has them pending for a while, and hands out files."""

import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from aiohttp import web
from aiohttp.test_utils import RawTestServer

from harvester.adapters.ads.client import AmazonLogin
from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens
from harvester.adapters.throttle import Throttle
from harvester.domain.profile import Region
from tests.unit.adapters.loopback import CREDENTIALS, FakeTime, Log

SIGNATURE = "canary-signature-5e7d"
REPORTS = "/reporting/reports"


def a_row(day: date, **changes: Any) -> dict[str, Any]:
    row = {
        "date": day.isoformat(), "campaignId": 700, "adGroupId": 710, "keywordId": 730, "searchTerm": "running shoes",
        "targeting": "shoes", "keywordType": "BROAD", "matchType": "BROAD", "impressions": 40, "clicks": 3,
        "cost": 1.23, "purchases7d": 1, "sales7d": 19.99, "purchases14d": 2, "sales14d": 39.98,
    }  # fmt: skip
    return {**row, **changes}


def days_of(question: Mapping[str, Any]) -> list[date]:
    first, last = (date.fromisoformat(question[each]) for each in ("startDate", "endDate"))
    return [first + timedelta(days=each) for each in range((last - first).days + 1)]


@dataclass
class Made:
    """A report at the desk."""

    report_id: str
    question: dict[str, Any]
    polls: int = 0
    addresses: int = 0


@dataclass
class Desk:
    """`answers` are given to questions, in order, before it goes on as it should; so are `files` to downloads."""

    pending_polls: int = 0
    """So often a report is pending when it is looked after."""
    fails: str = ""
    """Why every report fails."""
    answers: list[tuple[int, Any]] = field(default_factory=list)
    looks: list[tuple[int, Any]] = field(default_factory=list)
    files: list[tuple[int, bytes]] = field(default_factory=list)
    rows: Any = None
    """Question -> rows; else one a day."""
    adopts: bool = False
    """Every question is answered as if somebody had asked it before: 425, with the id."""
    made: list[Made] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    seen: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    downloads: int = 0
    downloads_by: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]] | None = None
    """Instead of handing out files."""

    @property
    def spans(self) -> list[tuple[str, str]]:
        """Of the questions, in their order."""
        return [(each["startDate"], each["endDate"]) for each in self.asked]

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.seen.append((request.method, request.path, dict(request.headers)))
        if request.path == "/auth/o2/token":
            return web.json_response({"access_token": "Atza|x", "token_type": "bearer", "expires_in": 3600})
        if request.path == REPORTS:
            return self._take(json.loads(await request.read()))
        if request.path.startswith(REPORTS):
            return self._look(request, request.path.rpartition("/")[2])
        if self.downloads_by is not None:
            return await self.downloads_by(request)
        return self._hand_out(request.path.rpartition("/")[2])

    def _take(self, question: dict[str, Any]) -> web.Response:
        self.asked.append(question)
        if self.answers:
            status, said = self.answers.pop(0)
            if status != 0:
                return web.json_response(said, status=status)
        report = Made(f"report-{len(self.made)}", question)
        self.made.append(report)
        if self.adopts:
            report.report_id = f"0f1e2d3c-4b5a-4678-9abc-{len(self.made):012d}"
            said = {"code": "425", "detail": f"The Request is a duplicate of : {report.report_id}"}
            return web.json_response(said, status=425)
        return web.json_response(self._said(report, "PENDING"))

    def _look(self, request: web.BaseRequest, report_id: str) -> web.Response:
        report = next((each for each in self.made if each.report_id == report_id), None)
        if self.looks:
            status, said = self.looks.pop(0)
            return web.json_response(said, status=status)
        if report is None:
            return web.json_response({"code": 404, "detail": "Not Found"}, status=404)
        report.polls += 1
        if report.polls <= self.pending_polls:
            return web.json_response(self._said(report, "PROCESSING"))
        if self.fails:
            return web.json_response({**self._said(report, "FAILED"), "failureReason": self.fails})
        report.addresses += 1
        url = f"http://{request.host}/files/{report_id}?X-Amz-Signature={SIGNATURE}{report.addresses}"
        return web.json_response({**self._said(report, "COMPLETED"), "url": url})

    def _hand_out(self, report_id: str) -> web.Response:
        self.downloads += 1
        if self.files:
            status, body = self.files.pop(0)
            return web.Response(body=body, status=status)
        report = next(each for each in self.made if each.report_id == report_id)
        return web.Response(body=gzipped(self.rows_of(report.question)), content_type="application/x-gzip")

    def rows_of(self, question: dict[str, Any]) -> list[dict[str, Any]]:
        return self.rows(question) if self.rows else [a_row(day) for day in days_of(question)]

    @staticmethod
    def _said(report: Made, status: str) -> dict[str, Any]:
        at = "2026-11-21T06:30:00Z"
        return {
            "reportId": report.report_id, "status": status, "createdAt": at, "updatedAt": at,
            **{each: report.question[each] for each in ("startDate", "endDate", "configuration")},
        }  # fmt: skip


def gzipped(rows: object) -> bytes:
    return gzip.compress(json.dumps(rows).encode())


@dataclass
class Counter:
    """The desk, a login to it, and what is on record of the calls."""

    desk: Desk
    login: AmazonLogin
    log: Log
    time: FakeTime


@asynccontextmanager
async def at_the_desk(desk: Desk | None = None) -> AsyncIterator[Counter]:
    desk = desk or Desk()
    server = RawTestServer(desk.handle, host="127.0.0.1")
    await server.start_server()
    url = str(server.make_url("")).rstrip("/")
    time, log = FakeTime(), Log()
    throttle = Throttle(time=time.monotonic, sleep=time.sleep)
    try:
        async with HttpClient(log, throttle, timing=time.timing(), patience_seconds=2.0) as http:
            login = AmazonLogin(
                account="main", region=Region.NA, credentials=CREDENTIALS, http=http,
                tokens=AccessTokens(http, time=time.monotonic), ads_url=url, lwa_url=f"{url}/auth/o2/token",
            )  # fmt: skip
            yield Counter(desk, login, log, time)
    finally:
        await server.close()
