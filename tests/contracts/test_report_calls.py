"""Reports against the official specification: what the client asks, and how it reads what Amazon's examples say."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from harvester.adapters.ads.report_rows import columns
from harvester.adapters.ads.reports import body
from harvester.domain.errors import Rejected
from harvester.domain.history import ReportKind
from harvester.domain.report import ReportStatus, Span, Stage
from tests.contracts.spec import Spec
from tests.unit.adapters.loopback import PROFILE, Bench, Reply, opened

PATH = "/reporting/reports"
REPORTING = Spec.load("reporting")
SPAN = Span(date(2026, 10, 21), date(2026, 11, 20))
REQUEST = "application/vnd.createasyncreportrequest.v3+json"
CREATED = "application/vnd.createasyncreportresponse.v3+json"
SHOWN = "application/vnd.getasyncreportresponse.v3+json"
TYPES = {
    ReportKind.SEARCH_TERMS: ("spSearchTerm", ["searchTerm"]),
    ReportKind.TARGETING: ("spTargeting", ["targeting"]),
}
NAMED_BY_EXAMPLES = {
    *("date", "campaignId", "adGroupId", "keywordId", "targeting", "keywordType", "matchType", "impressions", "clicks"),
    *("cost", "purchases7d", "purchases14d", "sales7d", "sales14d"),
}
"""Of the official document's examples of both report types: those of their columns that we know how to read."""
AT = "2022-04-27T13:13:21.622Z"
SHOWN_BY_EXAMPLES: dict[Stage, dict[str, Any]] = {
    Stage.PENDING: {"status": "PENDING"},
    Stage.READY: {
        "status": "COMPLETED", "fileSize": 532, "generatedAt": AT, "urlExpiresAt": AT,
        "url": "https://report-storage.example.invalid/report-00000000.json.gz?X-Amz-Expires=3600&X-Amz-Signature=EXAMPLE",
    },
    Stage.FAILED: {"status": "FAILED", "failureReason": "Report generation failed due to an internal error. Please retry"},
}  # fmt: skip
"""What differs between the official document's examples of answers."""
KINDS = pytest.mark.parametrize("kind", ReportKind)
KINDS_OF_PROFILES = pytest.mark.parametrize("vendor", [False, True], ids=["seller", "vendor"])


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened(patience_seconds=2.0) as one:
        yield one


def profile_of(vendor: bool) -> Any:
    return replace(PROFILE, kind="vendor" if vendor else "seller")


@KINDS
@KINDS_OF_PROFILES
async def test_the_clients_question_fits_the_specification(bench: Bench, kind: ReportKind, vendor: bool):
    """Exact media types, a scope, 31 days at most, each column one that Amazon's own examples of that report name."""
    bench.amazon.on(PATH, Reply({"reportId": "1", "status": "PENDING"}))

    assert await bench.login().reports(profile_of(vendor)).ask(kind, SPAN) == "1"

    (request,) = bench.amazon.asked(PATH)
    REPORTING.validate_request("POST", PATH, request.headers, request.raw)
    assert (request.headers["Content-Type"], request.headers["Accept"]) == (REQUEST, CREATED)
    assert request.headers["Amazon-Advertising-API-Scope"] == PROFILE.profile_id
    asked = request.json["configuration"]
    assert set(asked["columns"]) <= NAMED_BY_EXAMPLES | ({"searchTerm"} if kind is ReportKind.SEARCH_TERMS else set())
    assert (asked["reportTypeId"], asked["groupBy"]) == TYPES[kind]
    assert (SPAN.last - SPAN.first) < timedelta(days=31)


@KINDS
async def test_the_clients_look_fits_the_specification(bench: Bench, kind: ReportKind):
    """No body, no Content-Type; the answer's media type is asked for exactly."""
    bench.amazon.on(f"{PATH}/1", Reply({"reportId": "1", "status": "PENDING"}))

    await bench.login().reports(PROFILE).status(kind, SPAN, "1")

    (request,) = bench.amazon.asked(f"{PATH}/1")
    REPORTING.validate_request("GET", f"{PATH}/1", request.headers)
    assert request.headers["Accept"] == SHOWN
    assert request.raw == b""


@pytest.mark.parametrize("stage", Stage)
async def test_amazons_examples_of_reports_are_understood(bench: Bench, stage: Stage):
    """Pending, complete with its address, failed with its reason."""
    value = {
        **SHOWN_BY_EXAMPLES[stage], "reportId": "1", "createdAt": AT, "updatedAt": AT, "name": "a report",
        "startDate": "2026-10-21", "endDate": "2026-11-20",
        "configuration": body(ReportKind.TARGETING, SPAN, vendor=False)["configuration"],
    }  # fmt: skip
    REPORTING.validate_response("GET", f"{PATH}/1", 200, SHOWN, value)
    bench.amazon.on(f"{PATH}/1", Reply(value))

    status = await bench.login().reports(PROFILE).status(ReportKind.TARGETING, SPAN, "1")

    assert status == ReportStatus(stage, value.get("url"), value.get("failureReason", ""))


@pytest.mark.parametrize("status", [400, 401, 422])
async def test_refusals_in_the_families_form_are_told_by_their_words(bench: Bench, status: int):
    """`{code, detail}`; the code also as a number."""
    bench.amazon.on(PATH, Reply({"code": status, "detail": "Invalid Advertiser or Marketplace ID."}, status=status))

    with pytest.raises(Rejected, match=r"Invalid Advertiser"):
        await bench.login().reports(PROFILE).ask(ReportKind.SEARCH_TERMS, SPAN)


@KINDS
@KINDS_OF_PROFILES
def test_no_column_is_asked_for_twice(kind: ReportKind, vendor: bool):
    """And orders and sales only within the days that count."""
    asked = columns(kind, vendor=vendor)

    assert len(asked) == len(set(asked))
    assert [each for each in asked if each.endswith("d") and each[-2].isdigit()] == (
        ["purchases14d", "sales14d"] if vendor else ["purchases7d", "sales7d"]
    )
