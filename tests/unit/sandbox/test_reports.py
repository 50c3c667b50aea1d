"""Asking for reports and fetching them: what is refused, how long it takes, whose address opens."""

import datetime as dt
import gzip
import json
from typing import Any

import pytest

from harvester.sandbox.report_columns import TYPES
from harvester.sandbox.settings import DIALECTS, Options
from tests.unit.sandbox.customer import Customer, shop
from tests.unit.sandbox.reporting import ask, back, download, ready, rows, show, today, wanted

TERMS = {"adProduct": "SPONSORED_PRODUCTS", "reportTypeId": "spSearchTerm", "groupBy": ["searchTerm"]}


@pytest.mark.parametrize(
    ("configuration", "named"),
    [
        ({"adProduct": "SPONSORED_BRANDS"}, "adProduct"),
        ({"reportTypeId": "spCampaigns"}, "reportTypeId"),
        ({"groupBy": ["targeting"]}, "groupBy"),
        ({"groupBy": ["searchTerm", "searchTerm"]}, "groupBy"),
        ({"columns": []}, "columns"),
        ({"columns": ["clicks", "topOfSearchImpressionShare"]}, "(topOfSearchImpressionShare)"),
        ({"columns": ["clicks", "clicks"]}, "duplicate"),
        ({"columns": ["clicks", "startDate"]}, "timeUnit DAILY"),
        ({"columns": ["date"], "timeUnit": "SUMMARY"}, "timeUnit SUMMARY"),
        ({"filters": [{"field": "adKeywordStatus", "values": ["ENABLED"]}]}, "(adKeywordStatus)"),
        ({"filters": [{"values": ["ENABLED"]}]}, "filters"),
        ({"filters": [{"field": "keywordType", "values": ["THEME"]}]}, "keywordType"),
        ({"filters": [{"field": "keywordType"}]}, "keywordType"),
    ],
)
async def test_what_a_report_type_does_not_allow_is_refused(
    customer: Customer, configuration: dict[str, Any], named: str
) -> None:
    """With 400 and words that name what is wrong and what would be right."""
    reply = await ask(customer, back(customer, 5, 1, **configuration))

    assert reply.status == 400
    assert named in reply.body["detail"]


@pytest.mark.parametrize(
    ("oldest", "newest", "fault"),
    [
        (31, 0, "31 days"),
        (3, -1, "future"),
        (1, 2, "before startDate"),
        (96, 90, "95 days"),
        (95, 65, None),
        (30, 0, None),
        (0, 0, None),
    ],
)
async def test_only_days_that_are_kept_can_be_asked_for(
    customer: Customer, oldest: int, newest: int, fault: str | None
) -> None:
    """At most 31 at once, from 95 days ago to today as the profile's calendar has it."""
    reply = await ask(customer, back(customer, oldest, newest))

    assert reply.status == (200 if fault is None else 400)
    assert fault is None or fault in reply.body["detail"]


@pytest.mark.parametrize("day", ["20261101", "2026-1-1", "yesterday", "2026-02-30"])
async def test_days_have_one_form(customer: Customer, day: str) -> None:
    """Year, month and day with dashes, zeros too, and a day that exists."""
    reply = await ask(customer, {**back(customer, 5, 1), "endDate": day})

    assert reply.status == 400
    assert "endDate" in reply.body["detail"]


@pytest.mark.parametrize("profile", [0, 1, 2])
async def test_today_is_the_profile_s_own(customer: Customer, profile: int) -> None:
    """One and the same moment, three calendars: none takes a day that has not begun there."""
    customer.profile = customer.profiles[profile]

    assert (await ask(customer, back(customer, 0, 0))).status == 200
    assert (await ask(customer, back(customer, 0, -1))).status == 400


async def test_the_same_report_in_progress_is_named(customer: Customer) -> None:
    """The name does not make it another; other columns, other days, another profile do, and so does its end."""
    body = back(customer, 5, 1)
    first = await ask(customer, body)
    same = await ask(customer, {**body, "name": "another name"})
    others = [
        await ask(customer, back(customer, 6, 1)),
        await ask(customer, back(customer, 5, 1, columns=["date", "clicks"])),
    ]
    customer.profile = customer.profiles[1]
    others.append(await ask(customer, body))
    customer.profile = customer.profiles[0]
    customer.sandbox.clock.advance(1)
    others.append(await ask(customer, body))

    assert same.status == 425
    assert first.body["reportId"] in same.body["detail"]
    assert [reply.status for reply in others] == [200] * 4


async def test_a_report_belongs_to_its_profile(customer: Customer) -> None:
    """Another profile of the same login does not find it."""
    asked = await ask(customer, back(customer, 5, 1))
    customer.profile = customer.profiles[1]

    assert (await show(customer, asked.body["reportId"])).status == 404


async def test_the_address_needs_no_login_and_takes_none(customer: Customer) -> None:
    """It is signed: without headers of the Ads API it opens, with a token or another signature it does not."""
    report = await ready(customer, back(customer, 5, 1))
    plain = await download(customer, report["url"])
    with_token = await download(customer, report["url"], {"Authorization": f"Bearer {customer.token}"})
    forged = await download(customer, report["url"].replace("Signature=", "Signature=0"))
    elsewhere = await download(customer, report["url"].replace("/report-", "/other-"))
    posted = await customer._send("POST", report["url"].removeprefix(customer.url))

    assert (plain.status, len(plain.raw)) == (200, report["fileSize"])
    assert isinstance(json.loads(gzip.decompress(plain.raw)), list)
    assert [one.status for one in (with_token, forged, elsewhere, posted)] == [400, 403, 403, 405]
    assert forged.media_type == "application/xml"


async def test_an_address_expires_and_a_new_one_opens(customer: Customer) -> None:
    """After an hour 403; whoever looks at the report again gets an address that holds."""
    report = await ready(customer, back(customer, 5, 1))
    customer.sandbox.clock.advance(3700)
    await customer.log_in()
    late = await download(customer, report["url"])
    renewed = (await show(customer, report["reportId"])).body
    again = await download(customer, renewed["url"])

    assert (late.status, again.status) == (403, 200)
    assert b"expired" in late.raw
    assert renewed["urlExpiresAt"] > report["urlExpiresAt"]


async def test_a_deleted_report_cannot_be_fetched(customer: Customer) -> None:
    """Deleting is for pending ones, so this takes one that a person took away."""
    report = await ready(customer, back(customer, 5, 1))
    customer.sandbox.world.market(customer.profile).reports.clear()

    assert (await download(customer, report["url"])).status == 404


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("unit", ["DAILY", "SUMMARY"])
async def test_rows_hold_the_columns_asked_for(customer: Customer, kind: str, unit: str) -> None:
    """Every column that there is, and each alone."""
    strange = {"DAILY": {"startDate", "endDate"}, "SUMMARY": {"date"}}[unit]
    every = sorted(TYPES[kind].columns - strange)
    found = await rows(customer, back(customer, 20, 1, kind=kind, unit=unit, columns=every))
    single = await rows(customer, back(customer, 20, 1, kind=kind, unit=unit, columns=["clicks"]))

    assert {tuple(sorted(row)) for row in found} == {tuple(every)}
    assert [row["clicks"] for row in found] == [row["clicks"] for row in single]
    assert {tuple(row) for row in single} == {("clicks",)}


async def test_filters_leave_what_they_name(customer: Customer) -> None:
    """By type of targeting, and, of targets, by state."""
    types = ["BROAD", "TARGETING_EXPRESSION"]
    filters: list[dict[str, Any]] = [{"field": "keywordType", "values": types}]
    found = await rows(customer, back(customer, 31, 1, kind="spTargeting", filters=filters))
    filters.append({"field": "adKeywordStatus", "values": ["PAUSED"]})
    paused = await rows(customer, back(customer, 31, 1, kind="spTargeting", filters=filters))

    assert {row["keywordType"] for row in found} == set(types)
    assert paused == []


async def test_the_state_lists_reports(customer: Customer) -> None:
    """What was asked for and what became of it, and the requests are in the journal."""
    report = await ready(customer, back(customer, 5, 1))
    await ask(customer, back(customer, 6, 1))
    found = (await customer.state())["reports"]
    (fetched,) = (await customer.control("requests", query=f"?path=/reporting/reports/{report['reportId']}"))[
        "requests"
    ]

    assert [one["status"] for one in found] == ["COMPLETED", "PENDING"]
    assert found[0]["reportId"] == report["reportId"]
    assert found[0]["configuration"]["reportTypeId"] == "spSearchTerm"
    assert fetched["status"] == 200


async def test_dialects_write_ids_and_products_differently() -> None:
    """Numbers and bare ASINs, texts and expressions, or numbers and now this, now that."""
    kinds, written = {}, {}
    for dialect in DIALECTS:
        async with shop(Options(dialect=dialect)) as customer:
            found = await rows(customer, back(customer, 31, 1))
        kinds[dialect] = {type(row[name]) for row in found for name in ("campaignId", "adGroupId", "keywordId")}
        products = [row["searchTerm"] for row in found if row["targeting"] in {"substitutes", "complements"}]
        written[dialect] = {term[:5] == "asin=" for term in products if "b0" in term and "short" not in term}

    assert kinds == {"spec": {int}, "guide": {str}, "mixed": {int}}
    assert written == {"spec": {False}, "guide": {True}, "mixed": {False, True}}


async def test_a_large_report_is_made_while_it_is_sent() -> None:
    """Its size is not known before; what arrives is whole, and the same whenever it is fetched."""
    async with shop(Options(recommendations=20_000)) as customer:
        day = today(customer) - dt.timedelta(days=40)
        report = await ready(customer, wanted(day, day))
        first = await download(customer, report["url"])
        second = await download(customer, report["url"])

    assert report["fileSize"] is None
    assert len(json.loads(gzip.decompress(first.raw))) > 2_000
    assert first.raw == second.raw


async def test_days_can_be_set_forward(customer: Customer) -> None:
    """By the control route, a whole number of them."""
    before = today(customer)
    await customer.control("clock", {"advance_days": 3})

    assert (today(customer) - before).days == 3
