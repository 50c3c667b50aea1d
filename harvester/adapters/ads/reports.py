"""Reports of one profile: asked for, looked after, downloaded (guides/reporting/v3)."""

import re
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import IO
from urllib.parse import urlsplit

import msgspec

from harvester.adapters.ads import protocol
from harvester.adapters.ads.protocol import Endpoint
from harvester.adapters.ads.report_rows import ReportReader, columns
from harvester.adapters.exchange import UNDECODABLE, Answer, Budget, Caller, Repeat, Request, Unreadable
from harvester.adapters.http import HttpClient
from harvester.domain.errors import Misconfigured, PageBroken, Rejected, Unavailable
from harvester.domain.history import ReportKind
from harvester.domain.report import ReportPage, ReportStatus, Span, Stage

KEPT_IN_MEMORY_BYTES = 2**24
"""A file that is larger waits on the disk until it is read."""
MOST_FILE_BYTES = 2**33
_TYPES: Mapping[ReportKind, tuple[str, str]] = {
    ReportKind.SEARCH_TERMS: ("spSearchTerm", "searchTerm"),
    ReportKind.TARGETING: ("spTargeting", "targeting"),
}
"""Report type, and what it is grouped by."""
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", re.IGNORECASE)


class _Created(msgspec.Struct, rename="camel"):
    report_id: str


class _Configuration(msgspec.Struct, rename="camel"):
    report_type_id: str | None = None


class _Report(msgspec.Struct, rename="camel"):
    status: str
    url: str | None = None
    failure_reason: str | None = None
    start_date: str | None = None
    end_date: str | None = None
    configuration: _Configuration | None = None


_created = msgspec.json.Decoder(_Created)
_report = msgspec.json.Decoder(_Report)


def body(kind: ReportKind, span: Span, *, vendor: bool) -> dict[str, object]:
    report_type, group = _TYPES[kind]
    configuration = {
        "adProduct": "SPONSORED_PRODUCTS",
        "groupBy": [group],
        "columns": columns(kind, vendor=vendor),
        "reportTypeId": report_type,
        "timeUnit": "DAILY",
        "format": "GZIP_JSON",
    }
    name = f"harvester {report_type} {span.first} {span.last}"
    dates = {"startDate": span.first.isoformat(), "endDate": span.last.isoformat()}
    return {"name": name, **dates, "configuration": configuration}


class AmazonReports:
    """`vendor`: orders and sales are those within 14 days of a click, not within 7."""

    def __init__(self, http: HttpClient, endpoint: Endpoint, caller: Caller, *, vendor: bool) -> None:
        self._http = http
        self._endpoint = endpoint
        self._caller = caller
        self._vendor = vendor

    async def ask(self, kind: ReportKind, span: Span) -> str | None:
        """425: the same report is in progress. In practice its answer names the one that is."""
        request = self._endpoint.request(protocol.ASK_REPORT, self._caller, body(kind, span, vendor=self._vendor))
        try:
            return await self._http.send(request, _read_created, repeat=Repeat.NEVER)
        except Rejected as refusal:
            if refusal.status != HTTPStatus.TOO_EARLY:
                raise
            return _named(refusal)

    async def status(self, kind: ReportKind, span: Span, report_id: str) -> ReportStatus:
        """The answer holds an address that anybody may download from: neither it nor the call log shows it."""
        request = self._endpoint.request(protocol.report_of(report_id), self._caller)
        report = await self._http.send(replace(request, confidential=True), _read_report)
        return _status(report, kind, span, hidden=self._endpoint.url.startswith("https:"))

    @asynccontextmanager
    async def download(self, kind: ReportKind, url: str) -> AsyncIterator[Iterable[ReportPage]]:
        with tempfile.SpooledTemporaryFile(KEPT_IN_MEMORY_BYTES) as file:
            try:
                await self._http.download(self._address(url), _Bounded(file).write)
            except Misconfigured:
                raise PageBroken("the address that Amazon gives for the report is none") from None
            yield _Pages(file, ReportReader(kind, vendor=self._vendor))

    def _address(self, url: str) -> Request:
        """None of our headers: the address itself is what opens the door."""
        parts = urlsplit(url)
        return Request(
            method="GET",
            url=url,
            path=parts.path,
            headers={"Accept-Encoding": "identity"},
            caller=self._caller,
            budget=Budget(parts.netloc, self._caller.profile_id or "", "report"),
            confidential=True,
            hidden=(url, parts.query),
        )


@dataclass(frozen=True, slots=True)
class _Pages:
    """Read anew at every iteration."""

    file: IO[bytes]
    reader: ReportReader

    def __iter__(self) -> Iterator[ReportPage]:
        return self.reader.pages(self.file)


class _Bounded:
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._bytes = 0

    def write(self, chunk: bytes) -> None:
        self._bytes += len(chunk)
        if self._bytes > MOST_FILE_BYTES:
            raise PageBroken(f"the report is larger than {MOST_FILE_BYTES} bytes")
        try:
            self._file.write(chunk)
        except OSError as error:
            raise Unavailable(
                f"the report does not fit into the folder for temporary files: {error.strerror}"
            ) from error


def _read_created(answer: Answer) -> str:
    try:
        report_id = _created.decode(answer.body).report_id
    except UNDECODABLE:
        raise Unreadable("it names no report") from None
    if not report_id:
        raise Unreadable("it names no report")
    return report_id


def _read_report(answer: Answer) -> _Report:
    try:
        return _report.decode(answer.body)
    except UNDECODABLE:
        raise Unreadable("it is no report") from None


def _status(report: _Report, kind: ReportKind, span: Span, *, hidden: bool) -> ReportStatus:
    """Statuses that we do not know are taken for: not yet. `hidden`: nobody on the way may read or change the rows."""
    asked = (_TYPES[kind][0], span.first.isoformat(), span.last.isoformat())
    told = (report.configuration and report.configuration.report_type_id, report.start_date, report.end_date)
    found = [said or own for said, own in zip(told, asked, strict=True)]
    if tuple(found) != asked:
        return ReportStatus(Stage.FAILED, failure="Amazon has a report {} of {} to {} there".format(*found))
    if report.status == "FAILED":
        return ReportStatus(Stage.FAILED, failure=report.failure_reason or "Amazon could not make it, and says no more")
    if report.status == "COMPLETED":
        if not _is_address(report.url or ""):
            return ReportStatus(Stage.FAILED, failure="Amazon says it is complete, and not where it is")
        if hidden and not (report.url or "").lower().startswith("https:"):
            return ReportStatus(Stage.FAILED, failure="Amazon says it is complete, and it is not to be had by https")
        return ReportStatus(Stage.READY, url=report.url)
    return ReportStatus(Stage.PENDING)


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _named(refusal: Rejected) -> str | None:
    """Not the id of the call itself, which may look the same."""
    said = str(refusal).replace(f"(request {refusal.request_id})", "")
    found = _UUID.search(said)
    return found.group() if found else None
