"""Every family of Amazon's errors becomes one short sentence and the right kind."""

from datetime import UTC, datetime

import pytest

from harvester.adapters.backoff import backoff_seconds, retry_after_seconds
from harvester.adapters.exchange import Answer, Repeat
from harvester.adapters.failures import Kind, Trouble, complaint_of, trouble_of
from harvester.domain.errors import Misconfigured, OutcomeUnknown, PageBroken, Rejected, Unavailable

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
SELECTORS = b'{"errors":[{"errorType":"x","errorValue":{"rangeError":{"reason":"TOO_LOW","message":"bid too low"}}}]}'


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        (b'{"code":"INVALID_ARGUMENT","message":"bad filter"}', "INVALID_ARGUMENT", "bad filter"),
        (b'{"code":"422","details":"Could not process"}', "422", "Could not process"),
        (b'{"code":400,"detail":"configuration columns"}', "400", "configuration columns"),
        (b'{"message":"Too Many Requests"}', None, "Too Many Requests"),
        (b'{"code":"UNAUTHORIZED","details":"Not authorized","requestId":"R9"}', "UNAUTHORIZED", "Not authorized"),
        (b'{"errors":[{"code":"InvalidInput","message":"Invalid asin","details":""}]}', "InvalidInput", "Invalid asin"),
        (b'{"error":"invalid_grant","error_description":"The request is bad"}', "invalid_grant", "The request is bad"),
        (SELECTORS, "TOO_LOW", "bid too low"),
        (b'{"code":"X","message":null,"details":{"field":"bid"}}', "X", '{"field":"bid"}'),
        (b"", None, ""),
        (b"Service   Unavailable\n", None, "Service Unavailable"),
        (b'"busy"', None, "busy"),
        (b"<html><head><title>503 Busy &amp; slow</title></head><body>x</body></html>", None, "503 Busy & slow"),
        (b"<h1>Sorry</h1><script>var a=1</script><p>come back</p>", None, "Sorry come back"),
        (b"\xff\xfe\x00", None, "\ufffd\ufffd"),
        (b'{"errors":[{}]}', None, ""),
        (b"[]", None, "[]"),
        (b"[" * 5000, None, "[" * 239 + "…"),
    ],
)
def test_an_error_body_is_reduced_to_code_and_sentence(body: bytes, code: str | None, text: str):
    """Whatever family wrote it."""
    complaint = complaint_of(Answer(400, body, "application/json", None))

    assert (complaint.code, complaint.text) == (code, text)


def test_a_long_page_is_cut():
    """A sentence stays a sentence."""
    assert len(complaint_of(Answer(500, b"word " * 5000, "text/plain", None)).text) == 240


def test_an_id_in_the_body_stands_in_for_the_header():
    """The older style names its request in the body only."""
    body = b'{"code":"UNAUTHORIZED","details":"Not authorized","requestId":"R9"}'

    trouble = trouble_of(Answer(403, body, "application/json", None), None)

    assert trouble is not None
    assert (trouble.request_id, trouble.code, trouble.status) == ("R9", "UNAUTHORIZED", 403)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, Kind.REFUSED), (400, Kind.REFUSED), (401, Kind.TOKEN), (403, Kind.REFUSED), (404, Kind.REFUSED),
        (406, Kind.REFUSED), (415, Kind.REFUSED), (422, Kind.REFUSED), (429, Kind.THROTTLED), (500, Kind.FAILED),
        (501, Kind.REFUSED), (502, Kind.FAILED), (503, Kind.FAILED), (504, Kind.FAILED), (599, Kind.FAILED),
    ],
)  # fmt: skip
def test_the_status_decides_and_nothing_else(status: int, kind: Kind):
    """A 429 was seen with the error type AccessDeniedException: the status is what counts."""
    trouble = trouble_of(Answer(status, b'{"code":"ACCESS_DENIED"}', "application/json", None), None)

    assert trouble is not None
    assert trouble.kind is kind


@pytest.mark.parametrize("status", [200, 202, 204, 207])
def test_success_is_no_trouble(status: int):
    """Also the mixed answer of a bulk call, which is judged item by item."""
    assert trouble_of(Answer(status, b"", "", None), None) is None


@pytest.mark.parametrize(
    ("kind", "reading", "writing"),
    [
        (Kind.REFUSED, Rejected, Rejected),
        (Kind.TOKEN, Rejected, Rejected),
        (Kind.THROTTLED, Unavailable, Unavailable),
        (Kind.FAILED, Unavailable, OutcomeUnknown),
        (Kind.LOST, Unavailable, OutcomeUnknown),
        (Kind.UNSENT, Unavailable, Unavailable),
        (Kind.UNREADABLE, PageBroken, OutcomeUnknown),
        (Kind.OVERSIZED, PageBroken, OutcomeUnknown),
        (Kind.ADDRESS, Misconfigured, Misconfigured),
    ],
)
def test_what_is_given_up_is_named_by_what_may_be_done(kind: Kind, reading: type, writing: type):
    """Only what may have been done, and nobody knows, is unknown."""
    trouble = Trouble(kind, "what happened", 418, "CODE", "R1", 7.0)

    assert type(trouble.error(Repeat.READ)) is reading
    assert type(trouble.error(Repeat.NEVER)) is writing
    assert str(trouble.error(Repeat.READ)) == "what happened"


def test_errors_carry_what_a_program_needs():
    """Status, code, request and waiting time are fields, not text."""
    rejected = Trouble(Kind.REFUSED, "no", 403, "ACCESS_DENIED", "R1").error(Repeat.READ)
    unavailable = Trouble(Kind.THROTTLED, "busy", 429, None, "R2", 7.0).error(Repeat.READ)

    assert isinstance(rejected, Rejected)
    assert (rejected.status, rejected.code, rejected.request_id) == (403, "ACCESS_DENIED", "R1")
    assert isinstance(unavailable, Unavailable)
    assert (unavailable.status, unavailable.retry_after_seconds, unavailable.request_id) == (429, 7.0, "R2")


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None), ("", None), ("soon", None), ("0", None), ("-5", None), ("nan", None), ("7", 7.0), (" 7 ", 7.0),
        ("1.5", 1.5), ("99999999999", 300.0), ("inf", 300.0), ("1e400", 300.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30.0), ("Sun, 01 Mar 2026 12:00:30", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", None), ("Sun, 01 Mar 2099 12:00:00 GMT", 300.0),
        ("Sun, 99 Mar 2026 99:99:99 GMT", None),
    ],
)  # fmt: skip
def test_retry_after_is_honoured_and_clamped(header: str | None, seconds: float | None):
    """Seconds or a date; what is missing, past or nonsense leaves the wait to us; five minutes at most."""
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.parametrize(("failures", "ceiling"), [(1, 2), (2, 4), (3, 8), (5, 32), (6, 60), (500, 60)])
def test_backoff_doubles_to_a_minute_with_full_jitter(failures: int, ceiling: float):
    """2, 4, 8 ... as the guide asks, any time up to that."""
    assert backoff_seconds(failures, 2, 0.0) == 0
    assert backoff_seconds(failures, 2, 0.5) == ceiling / 2
    assert backoff_seconds(failures, 2, 0.999) < ceiling
