"""The sandbox's reports against the official specification: every operation, the same strictness, every answer."""

import datetime as dt
from typing import Any

import pytest

from harvester.sandbox import ads, reports
from harvester.sandbox.calls import Operation
from harvester.sandbox.settings import Options
from harvester.sandbox.wire import ApiError
from tests.contracts.test_sandbox_answers import spoiled
from tests.unit.sandbox.customer import REPORTING, Customer, shop
from tests.unit.sandbox.reporting import PATH, ask, back, show, wanted

FULL: dict[str, Any] = wanted(
    dt.date(2020, 1, 1), dt.date(2020, 1, 31), filters=[{"field": "keywordType", "values": ["BROAD", "EXACT"]}]
)


def accepts(body: object) -> bool:
    try:
        reports.OPERATIONS[0].versions[0].shape.check(body, "$")
    except ApiError:
        return False
    return True


def test_all_operations_of_reports_are_there() -> None:
    """Asking, showing and deleting, as the specification has them."""
    here = {key for key in ads.OPERATIONS if key[1].startswith("/reporting/")}

    assert here == {(operation.method, operation.path) for operation in REPORTING.operations()}


@pytest.mark.parametrize("operation", reports.OPERATIONS, ids=lambda one: one.name)
def test_media_types_are_those_of_the_specification(operation: Operation) -> None:
    """Exactly the official names, of requests and of answers."""
    official = REPORTING.operation(operation.method, operation.path)
    (version,) = operation.versions

    assert official.request_media_types in {(), (version.media_type,)}
    assert official.answer_media_types(200) == (operation.answers or (version.media_type,))


def test_a_full_request_passes_both_judges() -> None:
    """Every field that there is, filters and a name too."""
    headers = {
        "Amazon-Advertising-API-ClientId": "c",
        "Content-Type": "application/vnd.createasyncreportrequest.v3+json",
        "Accept": "application/vnd.createasyncreportresponse.v3+json",
    }

    REPORTING.validate_request("POST", PATH, headers, FULL)

    assert accepts(FULL)
    assert accepts({**FULL, "configuration": {**FULL["configuration"], "filters": None}})


def test_the_sandbox_refuses_what_the_specification_refuses() -> None:
    """One spoiled place at a time, both judges agree."""
    (content,) = REPORTING.operation("POST", PATH).body["requestBody"]["content"].values()
    disagreements = []
    for name, body in spoiled(FULL):
        by_spec = not REPORTING.faults_of(content["schema"], body, strict=True)
        if by_spec != accepts(body):
            disagreements.append(f"{name}: specification {by_spec}")

    assert disagreements == []


@pytest.mark.parametrize(("kind", "unit"), [("spSearchTerm", "DAILY"), ("spTargeting", "SUMMARY")])
async def test_the_life_of_a_report_answers_as_specified(kind: str, unit: str) -> None:
    """Asked for, pending, processing, completed; asked for again and deleted: each answer is official."""
    async with shop(Options(report_seconds=10)) as customer:
        asked = await ask(customer, back(customer, 31, 1, kind=kind, unit=unit))
        twice = await ask(customer, back(customer, 31, 1, kind=kind, unit=unit))
        found = [asked.body["status"]]
        for seconds in (0, 5, 5):
            customer.sandbox.clock.advance(seconds)
            found.append((await show(customer, asked.body["reportId"])).body["status"])
        late = await customer.call("DELETE", f"{PATH}/{asked.body['reportId']}")
        again = await ask(customer, back(customer, 31, 1, kind=kind, unit=unit))
        deleted = await customer.call("DELETE", f"{PATH}/{again.body['reportId']}")
        gone = await show(customer, again.body["reportId"])

    assert found == ["PENDING", "PENDING", "PROCESSING", "COMPLETED"]
    assert twice.status == 425
    assert asked.body["reportId"] in twice.body["detail"]
    assert (late.status, again.status, deleted.status, gone.status) == (400, 200, 200, 404)


async def test_a_failed_report_answers_as_specified() -> None:
    """With a reason and without an address."""
    async with shop(Options(report_seconds=0)) as customer:
        await customer.control("faults", [{"action": {"report": {"status": "FAILED", "reason": "no luck"}}}])
        asked = await ask(customer, back(customer, 3, 1))
        shown = await show(customer, asked.body["reportId"])

    assert (shown.body["status"], shown.body["failureReason"], shown.body["url"]) == ("FAILED", "no luck", None)


@pytest.mark.parametrize("operation", reports.OPERATIONS, ids=lambda one: one.name)
async def test_every_refusal_answers_as_specified(operation: Operation) -> None:
    """401, 404, 406, 415 and what a fault demands have the body and media type of the family."""
    async with shop() as customer:
        await _refusals(customer, operation)


async def _refusals(customer: Customer, operation: Operation) -> None:
    creates = operation.method == "POST"
    path = PATH if creates else f"{PATH}/5b7c1f0e"
    body = FULL if creates else None

    async def refused(sent: object = body, **headers: str | None) -> int:
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        return (await customer.call(operation.method, path, sent, headers=changed)).status

    assert await refused(Authorization="Bearer Atza|no") == 401
    assert await refused(Accept="application/json") == 406
    assert await refused(Amazon_Advertising_API_Scope=None) == 401
    assert await refused() == (400 if creates else 404)
    if creates:
        assert await refused(b"{") == 400
        assert await refused({"unheardOf": 1}) == 400
        assert await refused(Content_Type="application/json") == 415
    for status in (425, 429, 500) if creates else (429, 500):
        await customer.control("faults", [{"action": {"status": status}}])
        assert await refused() == status
    await customer.control("faults", [])
