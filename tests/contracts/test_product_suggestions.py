"""Product suggestions: what is asked and what is answered, against the specification, in both forms."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from harvester.adapters.ads.products import MOST_ASINS
from harvester.domain.errors import PageBroken, Rejected
from harvester.domain.recommendation import RecommendationPage
from harvester.domain.suggestion import Advertised, Asking
from harvester.sandbox import product_suggestions as offered
from harvester.sandbox.settings import Options
from tests.contracts.spec import Spec, SpecMismatch
from tests.unit.adapters.loopback import PROFILE, Bench, Reply, opened
from tests.unit.sandbox.customer import Customer, shop

PATH = "/sp/targets/products/recommendations"
REQUEST = "application/vnd.spproductrecommendation.v3+json"
BY_ASIN = "application/vnd.spproductrecommendationresponse.asins.v3+json"
BY_THEME = "application/vnd.spproductrecommendationresponse.themes.v3+json"
FORMS = pytest.mark.parametrize(("by_theme", "accept"), [(False, BY_ASIN), (True, BY_THEME)], ids=["asins", "themes"])


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened() as one:
        yield one


async def suggested(bench: Bench, advertised: Advertised, asking: Asking) -> list[RecommendationPage]:
    source = bench.login().reader(PROFILE, None).products([advertised], asking)
    return [page async for page in source.pages([advertised.ad_group_id], None)]


def by_asin(*asins: str, cursor: str | None = None) -> Reply:
    rows = [{"recommendedAsin": asin, "themes": ["Complements"]} for asin in asins]
    return Reply({"recommendations": rows, "nextCursor": cursor})


@FORMS
async def test_every_request_fits_the_specification(bench: Bench, by_theme: bool, accept: str):
    """The form is chosen by Accept; count is a whole number, the cursor is given back as it came."""
    bench.amazon.on(PATH, Reply({"recommendations": [], "nextCursor": "AbC+/="}), Reply({"recommendations": []}))

    await suggested(bench, Advertised("1", "2", ("B000000001", "B000000002")), Asking(by_theme=by_theme))

    first, second = bench.amazon.asked(PATH)
    for seen in (first, second):
        Spec.load("sponsored-products").validate_request(seen.method, seen.path, seen.headers, seen.raw)
        assert (seen.headers["Content-Type"], seen.headers["Accept"]) == (REQUEST, accept)
    assert first.json == {"adAsins": ["B000000001", "B000000002"], "count": 10 if by_theme else 1000}
    assert second.json == {**first.json, "cursor": "AbC+/="}


async def test_what_the_guide_sends_is_never_sent(bench: Bench):
    """The answer's media type on the request, and a count that is text: the judge refuses both."""
    bench.amazon.on(PATH, by_asin())
    await suggested(bench, Advertised("1", "2", ("B000000001",)), Asking())
    (seen,) = bench.amazon.asked(PATH)

    for headers, body in (
        ({**seen.headers, "Content-Type": BY_ASIN}, seen.json),
        (seen.headers, {**seen.json, "count": "5"}),
    ):
        with pytest.raises(SpecMismatch):
            Spec.load("sponsored-products").validate_request("POST", PATH, headers, body)


async def test_an_ad_group_of_many_products_is_asked_about_in_parts(bench: Bench):
    """It is not done before its last part: a cursor after any other page names one that follows."""
    asins = tuple(f"B{number:09}" for number in range(MOST_ASINS + 1))
    bench.amazon.on(PATH, by_asin("B0SUGGEST1", cursor="c"), by_asin("B0SUGGEST2"), by_asin("B0SUGGEST3"))

    pages = await suggested(bench, Advertised("1", "2", asins), Asking())

    assert [len(seen.json["adAsins"]) for seen in bench.amazon.asked(PATH)] == [MOST_ASINS, MOST_ASINS, 1]
    assert [page.next_token is None for page in pages] == [False, False, True]
    assert [row.ad_asin for page in pages for row in page.rows] == ["", "", asins[-1]]


async def test_no_more_than_wanted_is_asked_for_or_taken(bench: Bench):
    """Also where a page brings more than was asked for, and a next one would follow."""
    bench.amazon.on(PATH, by_asin(*(f"B{number:09}" for number in range(5)), cursor="more"))

    pages = await suggested(bench, Advertised("1", "2", ("B0SOMETHIN",)), Asking(most=3))

    (seen,) = bench.amazon.asked(PATH)
    assert seen.json["count"] == 3
    assert [len(page.rows) for page in pages] == [3]


@pytest.mark.parametrize("status", [400, 422])
async def test_what_amazon_refuses_breaks_the_list_of_its_ad_group(bench: Bench, status: int):
    """The next ad group may be fine; the sentence names this one."""
    bench.amazon.on(PATH, Reply({"code": str(status), "details": "no such ASIN"}, status=status))

    with pytest.raises(PageBroken, match=r"ad group 2.*no such ASIN"):
        await suggested(bench, Advertised("1", "2", ("B000000001",)), Asking())


async def test_no_permission_is_no_broken_list(bench: Bench):
    """It holds for every ad group, so none of the others is tried."""
    bench.amazon.on(PATH, Reply({"code": "403", "details": "no"}, status=403))

    with pytest.raises(Rejected):
        await suggested(bench, Advertised("1", "2", ("B000000001",)), Asking())


async def test_odd_items_are_left_out_and_the_rest_read(bench: Bench):
    """What is no object is counted; what names no product suggests none; themes of one product are put together."""
    rows: list[Any] = [7, {"themes": ["x"]}, {"recommendedAsin": "B000000009", "themes": None}]
    bench.amazon.on(PATH, Reply({"recommendations": rows, "nextCursor": None}))

    (page,) = await suggested(bench, Advertised("1", "2", ("B000000001",)), Asking())

    assert [(row.target, row.themes) for row in page.rows] == [("B000000009", ())]
    assert page.unreadable == 1


async def asked(customer: Customer, body: object, form: int) -> Any:
    reply = await customer.post(PATH, body, version=form)
    assert reply.status == 200, reply.raw
    return reply.body


@pytest.mark.parametrize("dialect", ["spec", "guide"])
async def test_the_sandbox_answers_both_forms_page_by_page(dialect: str):
    """Forward and back again by cursors; every page fits the specification, and both forms tell the same."""
    async with shop(Options(recommendations=30, dialect=dialect)) as customer:
        customer.judging = dialect == "spec"  # the guide's null is no text
        own = customer.sandbox.world.market(customer.profile).recommendations.sources[0].ads[0].asin
        body: dict[str, Any] = {"adAsins": [own], "count": 7}
        page = await asked(customer, body, 1)
        first, rows = page, list(page["recommendations"])
        while page.get("nextCursor"):
            page = await asked(customer, {**body, "cursor": page["nextCursor"]}, 1)
            rows += page["recommendations"]
        back = await asked(customer, {**body, "cursor": page["previousCursor"]}, 1)
        themes = (await asked(customer, {"adAsins": [own]}, 2))["recommendations"]
        one_theme = await asked(customer, {"adAsins": [own], "count": 1}, 2)

    assert first.get("previousCursor") is None
    assert len(rows) > 14
    assert back["recommendations"] == rows[-7 - len(page["recommendations"]) : -len(page["recommendations"])]
    assert own not in {row["recommendedAsin"] for row in rows}
    assert {theme["theme"] for theme in themes} == {theme for row in rows for theme in row["themes"]}
    for theme in themes:
        assert theme["recommendedAsins"] == [row["recommendedAsin"] for row in rows if theme["theme"] in row["themes"]]
    assert len(one_theme["recommendations"]) == 1
    assert one_theme["nextCursor"]


async def test_the_sandbox_refuses_what_is_wrong():
    """An ASIN of another length, no ASIN at all, a cursor of another question, and an answer in plain JSON."""
    async with shop() as customer:
        market = customer.sandbox.world.market(customer.profile).recommendations
        one, other = (source.ads[0].asin for source in market.sources[:2])
        page = await asked(customer, {"adAsins": [one], "count": 1}, 1)
        foreign = {"adAsins": [other], "count": 1, "cursor": page["nextCursor"]}
        wrong: list[dict[str, Any]] = [
            {"adAsins": ["B1"]},
            {"adAsins": []},
            foreign,
            {"adAsins": [one], "count": 0},
            {},
        ]
        statuses = [(await customer.post(PATH, body)).status for body in wrong]
        plain = await customer.post(PATH, {"adAsins": [one]}, headers={"Accept": "application/json"})
        unknown = await asked(customer, {"adAsins": ["B0NOWHERE1"]}, 1)

    assert statuses == [400, 422, 400, 400, 400]
    assert plain.status == 406
    assert unknown["recommendations"] == []
    assert offered.PATH == PATH
