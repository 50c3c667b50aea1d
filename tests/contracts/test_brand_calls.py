"""The two calls about brands: what is sent, what is answered, and every form of answer that is read."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from harvester.domain.brand import Brand
from harvester.domain.errors import PageBroken, Rejected
from tests.contracts.spec import Spec, SpecMismatch
from tests.unit.adapters.loopback import PROFILE, Bench, Reply, opened
from tests.unit.sandbox.customer import SPONSORED, shop

SEARCH, RECOMMENDED = "/sp/negativeTargets/brands/search", "/sp/negativeTargets/brands/recommendations"


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened(patience_seconds=0.5) as one:
        yield one


async def test_both_requests_fit_the_specification(bench: Bench) -> None:
    """Request and answer have media types of their own; the recommendations have no body and no Content-Type."""
    bench.amazon.on(SEARCH, Reply([]))
    bench.amazon.on(RECOMMENDED, Reply([]))
    reader = bench.login().reader(PROFILE, None)

    await reader.search_brands("blue couch")
    await reader.recommended_brands()

    (searched,), (recommended,) = bench.amazon.asked(SEARCH), bench.amazon.asked(RECOMMENDED)
    spec = Spec.load("sponsored-products")
    spec.validate_request("POST", SEARCH, searched.headers, searched.raw)
    spec.validate_request("GET", RECOMMENDED, recommended.headers, recommended.raw)
    assert searched.json == {"keyword": "blue couch"}
    assert searched.headers["Content-Type"] == "application/vnd.spproducttargeting.v3+json"
    for request in (searched, recommended):
        assert request.headers["Accept"] == "application/vnd.spproducttargetingresponse.v3+json"
    assert recommended.raw == b""
    with pytest.raises(SpecMismatch):
        spec.validate_request("POST", SEARCH, searched.headers, b"{}")


@pytest.mark.parametrize(
    "answer",
    [
        [{"id": "18681839011", "name": "Acme"}, {"id": "2", "name": "Other"}],
        [{"id": 18681839011, "name": " Acme "}, {"brandId": "2", "brandName": "Other"}, {"name": "no id"}],
        {"brands": [{"id": "18681839011", "name": "Acme"}, {"id": "2", "name": "Other"}], "total": 2},
        [
            {"id": "18681839011", "name": "Acme"},
            None,
            "text",
            {"id": "2", "name": "Other"},
            {"id": "2", "name": "Twin"},
        ],
        [{"id": "18681839011", "name": "Acme", "extra": {}}, {"id": "not digits"}, {"id": "2", "name": "Other"}],
    ],
)
async def test_mixed_forms_of_the_answer_are_read(answer: Any, bench: Bench) -> None:
    """Ids as numbers, an object around the list, other field names, repeats and rubbish: each brand once, in order."""
    bench.amazon.on(SEARCH, Reply(answer))

    found = await bench.login().reader(PROFILE, None).search_brands("acme")

    assert found == [Brand("18681839011", "Acme"), Brand("2", "Other")]


@pytest.mark.parametrize(("answer", "expected"), [([], []), ({}, []), ([{"id": "7"}], [Brand("7", "")])])
async def test_nothing_found_and_no_name_are_answers_too(answer: Any, expected: list[Brand], bench: Bench) -> None:
    """An empty list is no mistake, and a brand without a name still has its id."""
    bench.amazon.on(RECOMMENDED, Reply(answer))

    assert await bench.login().reader(PROFILE, None).recommended_brands() == expected


@pytest.mark.parametrize("answer", ["text", 5, {"code": "x"}, {"a": [], "b": []}])
async def test_what_holds_no_list_is_told(answer: Any, bench: Bench) -> None:
    """An answer of success without brands in it is broken, not empty."""
    bench.amazon.on(SEARCH, Reply(answer))

    with pytest.raises(PageBroken):
        await bench.login().reader(PROFILE, None).search_brands("acme")


async def test_a_refusal_says_why(bench: Bench) -> None:
    """The family's errors hold `details` where others hold `message`."""
    bench.amazon.on(SEARCH, Reply({"code": "400", "details": "the keyword is empty"}, status=400))

    with pytest.raises(Rejected, match="the keyword is empty"):
        await bench.login().reader(PROFILE, None).search_brands("")


async def test_the_sandbox_answers_as_specified() -> None:
    """Arrays of id and name, at most a hundred, in every profile; a word finds the brands that are called so."""
    async with shop() as customer:
        for profile in customer.profiles:
            customer.profile = profile
            found = await customer.post(SEARCH, {"keyword": "heron garden"})
            recommended = await customer.call("GET", RECOMMENDED)
            assert {"Blue Heron", "Pocket Garden"} <= {each["name"] for each in found.body}
            for reply in (found, recommended):
                assert reply.status == 200
                assert 0 < len(reply.body) <= 100
                assert all(each["id"].isdigit() and each["name"] for each in reply.body)


async def test_the_sandbox_is_as_strict_as_the_specification() -> None:
    """Form, media types and login are checked, and each refusal has the family's body."""
    async with shop() as customer:

        async def refused(method: str, path: str, body: object, **headers: str | None) -> int:
            changed = {name.replace("_", "-"): value for name, value in headers.items()}
            reply = await customer.call(method, path, body, headers=changed)
            assert set(reply.body) == {"code", "details"}
            return reply.status

        assert await refused("POST", SEARCH, {}) == 400
        assert await refused("POST", SEARCH, {"keyword": 5}) == 400
        assert await refused("POST", SEARCH, {"keyword": "a", "more": 1}) == 400
        assert await refused("POST", SEARCH, {"keyword": "a"}, Content_Type="application/json") == 415
        assert await refused("POST", SEARCH, {"keyword": "a"}, Accept="application/json") == 406
        assert await refused("POST", SEARCH, {"keyword": "a"}, Authorization="Bearer Atza|no") == 401
        assert await refused("GET", RECOMMENDED, None, Accept="application/json") == 406
        assert await refused("GET", RECOMMENDED, None, Authorization="Bearer Atza|no") == 401
        for status in (429, 500):
            await customer.control("faults", [{"action": {"status": status}}])
            assert await refused("GET", RECOMMENDED, None) == status
    assert {SEARCH, RECOMMENDED} <= {operation.path for operation in SPONSORED.operations()}
