"""Reports asked for, looked after and downloaded, from a pretend Amazon on loopback."""

import asyncio
import errno
import io
import tempfile
from collections.abc import AsyncIterator, Callable
from datetime import date
from typing import Any

import msgspec
import pytest
from aiohttp import web

from harvester.adapters import http
from harvester.adapters.ads import reports
from harvester.adapters.ads.protocol import Endpoint
from harvester.adapters.ads.reports import AmazonReports
from harvester.adapters.exchange import Answer, Caller, Request
from harvester.domain.errors import OutcomeUnknown, PageBroken, Rejected, Unavailable
from harvester.domain.history import ReportKind
from harvester.domain.report import ReportRow, Span, Stage
from tests.unit.adapters.loopback import PROFILE
from tests.unit.adapters.report_desk import SIGNATURE, Counter, at_the_desk

TERMS = ReportKind.SEARCH_TERMS
SPAN = Span(date(2026, 11, 1), date(2026, 11, 3))
RUNNING = "0f1e2d3c-4b5a-4678-9abc-def012345678"


@pytest.fixture
async def counter() -> AsyncIterator[Counter]:
    async with at_the_desk() as one:
        yield one


def client(counter: Counter) -> AmazonReports:
    return counter.login.reports(PROFILE)


async def rows_at(counter: Counter, url: str) -> list[ReportRow]:
    async with client(counter).download(TERMS, url) as pages:
        return [row for page in pages for row in page.rows]


async def ready(counter: Counter) -> str:
    """The address of a report that is."""
    report_id = await client(counter).ask(TERMS, SPAN)
    assert report_id is not None
    status = await client(counter).status(TERMS, SPAN, report_id)
    assert status.url is not None
    return status.url


async def test_a_report_is_asked_for_by_the_day(counter: Counter):
    """With the profile's scope, a name, and the columns that are kept."""
    assert await client(counter).ask(TERMS, SPAN) == "report-0"

    (question,) = counter.desk.asked
    assert (question["startDate"], question["endDate"]) == ("2026-11-01", "2026-11-03")
    assert question["configuration"]["timeUnit"] == "DAILY"
    assert question["configuration"]["columns"][-2:] == ["purchases7d", "sales7d"]
    (seen,) = [headers for method, path, headers in counter.desk.seen if path == "/reporting/reports"]
    assert seen["Amazon-Advertising-API-Scope"] == PROFILE.profile_id


@pytest.mark.parametrize(
    "said",
    [
        {"code": "425", "detail": f"The Request is a duplicate of : {RUNNING}"},
        {"code": 425, "detail": RUNNING.upper()},
        {"message": f"duplicate of {RUNNING}, which is in progress"},
    ],
    ids=str,
)
async def test_a_report_that_is_in_progress_already_is_adopted(counter: Counter, said: Any):
    """The answer names it in practice."""
    counter.desk.answers = [(425, said)]

    found = await client(counter).ask(TERMS, SPAN)

    assert found is not None
    assert found.lower() == RUNNING


async def test_the_id_of_the_call_is_not_taken_for_the_reports(counter: Counter):
    """They look alike."""
    counter.desk.answers = [(425, {"code": "425", "detail": "Duplicate", "requestId": RUNNING})]

    assert await client(counter).ask(TERMS, SPAN) is None


async def test_a_question_is_repeated_only_when_nothing_was_done(counter: Counter):
    """After a 429, that is, without Retry-After too; a 5xx may have made a report."""
    counter.desk.answers = [(429, {"message": "Too Many Requests"}), (500, {"code": "500", "detail": "oops"})]

    with pytest.raises(OutcomeUnknown):
        await client(counter).ask(TERMS, SPAN)

    assert len(counter.desk.asked) == 2


async def test_throttled_for_long_a_question_may_be_asked_later(counter: Counter):
    """It says so by its status."""
    counter.desk.answers = [(429, {})] * 50

    with pytest.raises(Unavailable) as caught:
        await client(counter).ask(TERMS, SPAN)

    assert caught.value.status == 429


@pytest.mark.parametrize("said", [{}, {"reportId": ""}, {"reportId": 5}, []], ids=str)
async def test_an_answer_that_names_no_report_leaves_open_what_became_of_it(counter: Counter, said: Any):
    """There may be one by now."""
    counter.desk.answers = [(200, said)]

    with pytest.raises(OutcomeUnknown, match="names no report"):
        await client(counter).ask(TERMS, SPAN)


@pytest.mark.parametrize(
    ("said", "stage", "failure"),
    [
        ({"status": "PENDING"}, Stage.PENDING, ""),
        ({"status": "PROCESSING", "url": None}, Stage.PENDING, ""),
        ({"status": "SLEEPING"}, Stage.PENDING, ""),
        ({"status": "COMPLETED", "url": "http://x/y?z"}, Stage.READY, ""),
        ({"status": "COMPLETED"}, Stage.FAILED, "not where it is"),
        ({"status": "COMPLETED", "url": "file:///etc/passwd"}, Stage.FAILED, "not where it is"),
        ({"status": "COMPLETED", "url": "http://[::1"}, Stage.FAILED, "not where it is"),
        ({"status": "COMPLETED", "url": "https://"}, Stage.FAILED, "not where it is"),
        ({"status": "COMPLETED", "url": "//x/y"}, Stage.FAILED, "not where it is"),
        ({"status": "COMPLETED", "url": "http://x:99999999/"}, Stage.FAILED, "not where it is"),
        ({"status": "FAILED", "failureReason": "internal error"}, Stage.FAILED, "internal error"),
        ({"status": "FAILED"}, Stage.FAILED, "says no more"),
        ({"status": "PENDING", "startDate": "2026-11-01", "endDate": "2026-11-03"}, Stage.PENDING, ""),
        ({"status": "COMPLETED", "url": "http://x", "endDate": "2026-11-04"}, Stage.FAILED, "Amazon has a report"),
        ({"status": "PENDING", "configuration": {"reportTypeId": "spSearchTerm"}}, Stage.PENDING, ""),
        ({"status": "PENDING", "configuration": None}, Stage.PENDING, ""),
        (
            {"status": "COMPLETED", "url": "http://x", "configuration": {"reportTypeId": "spTargeting"}},
            Stage.FAILED,
            "Amazon has a report spTargeting of 2026-11-01 to 2026-11-03 there",
        ),
    ],
    ids=str,
)
async def test_a_status_is_told(counter: Counter, said: Any, stage: Stage, failure: str):
    """What we do not know means: not yet. A report of other days, or about other things, is not ours."""
    counter.desk.looks = [(200, said)]

    status = await client(counter).status(TERMS, SPAN, "1")

    assert status.stage is stage
    assert failure in status.failure


class Answering:
    """In place of the client: every call is answered so."""

    def __init__(self, said: Any) -> None:
        self.said = said

    async def send(self, _request: Request, parse: Callable[[Answer], Any], **_how: Any) -> Any:
        return parse(Answer(200, msgspec.json.encode(self.said), "application/json", None))


@pytest.mark.parametrize(
    ("base", "url", "stage"),
    [
        ("https://advertising-api.amazon.com", "https://bucket.s3.amazonaws.com/x", Stage.READY),
        ("https://advertising-api.amazon.com", "HTTPS://bucket.s3.amazonaws.com/x", Stage.READY),
        ("https://advertising-api.amazon.com", "http://bucket.s3.amazonaws.com/x", Stage.FAILED),
        ("http://127.0.0.1:9000", "http://127.0.0.1:9000/x", Stage.READY),
    ],
)
async def test_what_is_hidden_from_the_network_stays_so(base: str, url: str, stage: Stage):
    """A report decides what is stopped: nobody on the way may change it."""
    answering: Any = Answering({"status": "COMPLETED", "url": url})
    bearer: Any = None
    asking = AmazonReports(answering, Endpoint(base, "client", bearer), Caller("main"), vendor=False)

    assert (await asking.status(TERMS, SPAN, "1")).stage is stage


async def test_a_status_that_cannot_be_read_is_asked_for_again(counter: Counter):
    """Until the patience ends."""
    counter.desk.looks = [(200, []), (503, {}), (200, {"status": "PENDING"})]

    assert (await client(counter).status(TERMS, SPAN, "1")).stage is Stage.PENDING


async def test_a_report_that_nobody_knows_is_refused(counter: Counter):
    """As Amazon does."""
    with pytest.raises(Rejected) as caught:
        await client(counter).status(TERMS, SPAN, "1")

    assert caught.value.status == 404


async def test_the_rows_come_from_the_address_without_our_headers(counter: Counter):
    """It opens by itself: a token has no business there."""
    rows = await rows_at(counter, await ready(counter))

    assert [row.day for row in rows] == SPAN.days
    (seen,) = [headers for _, path, headers in counter.desk.seen if path.startswith("/files/")]
    assert not {name.lower() for name in seen} & {"authorization"}
    assert not [name for name in seen if name.lower().startswith("amazon")]


async def test_a_file_is_read_anew_at_every_iteration(counter: Counter):
    """A transaction that has to be repeated finds the rows again."""
    async with client(counter).download(TERMS, await ready(counter)) as pages:
        first, second = ([row for page in pages for row in page.rows] for _ in range(2))

    assert first == second
    assert len(first) == 3


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, f"<Error><SignatureProvided>{SIGNATURE}</SignatureProvided></Error>".encode(), Rejected),
        (404, b"", Rejected),
        (503, b"", Unavailable),
        (302, b"", Rejected),
    ],
)
async def test_a_refused_download_tells_its_status_and_no_secret(
    counter: Counter, status: int, body: bytes, error: type[Exception]
):
    """The signature is in no message, and in no record of the call; nor is it where everything went well."""
    url = await ready(counter)
    counter.desk.files = [(status, body)]

    with pytest.raises(error, match=str(status)) as caught:
        await rows_at(counter, url)
    await rows_at(counter, url)

    assert SIGNATURE not in str(caught.value)
    assert SIGNATURE not in repr(counter.log.calls)
    assert [call.path for call in counter.log.calls if "files" in call.path] == ["/files/report-0"] * 2
    assert SIGNATURE in url


@pytest.mark.parametrize("base", ["ftp://x/y", "http://a..b/x", "http://1.2.3.4.5/x", f"http://{'a' * 70}.com/x"])
async def test_an_address_that_is_none_is_no_mistake_of_the_settings(counter: Counter, base: str):
    """Amazon gave it: the report is tried again, the others go on, and the error shows no secret."""
    with pytest.raises(PageBroken, match="address that Amazon gives") as caught:
        await rows_at(counter, f"{base}?X-Amz-Signature={SIGNATURE}")

    assert SIGNATURE not in str(caught.value)
    assert SIGNATURE not in repr(counter.log.calls)


async def test_a_download_that_breaks_off_is_no_report(counter: Counter, monkeypatch: pytest.MonkeyPatch):
    """What came of it is thrown away."""
    url = await ready(counter)

    async def cut(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"\x1f\x8b")
        assert request.transport is not None
        request.transport.close()
        return response

    counter.desk.downloads_by = cut

    with pytest.raises((PageBroken, Unavailable)):
        await rows_at(counter, url)


async def test_a_full_disk_is_called_one(counter: Counter, monkeypatch: pytest.MonkeyPatch):
    """And not a line that broke: whoever looks after the machine can mend it, and the report is read then."""
    url = await ready(counter)

    class Full(io.BytesIO):
        def write(self, _chunk: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "SpooledTemporaryFile", lambda _most: Full())

    with pytest.raises(Unavailable, match="temporary files: No space left on device"):
        await rows_at(counter, url)


async def test_a_file_that_trickles_in_is_given_up(monkeypatch: pytest.MonkeyPatch):
    """Its address is good for an hour: what is not there by then never will be, and others wait for the profile's turn."""
    monkeypatch.setattr(http, "LONGEST_DOWNLOAD_SECONDS", 0.2)

    async def drop_by_drop(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0)

    async with at_the_desk() as counter:
        url = await ready(counter)
        counter.desk.downloads_by = drop_by_drop

        with pytest.raises(Unavailable, match=r"not all of it within 0\.2 s"):
            await rows_at(counter, url)


async def test_a_file_without_end_does_not_fill_the_disk(counter: Counter, monkeypatch: pytest.MonkeyPatch):
    """There is a bound."""
    url = await ready(counter)
    monkeypatch.setattr(reports, "MOST_FILE_BYTES", 10)

    with pytest.raises(PageBroken, match="larger than 10 bytes"):
        await rows_at(counter, url)
