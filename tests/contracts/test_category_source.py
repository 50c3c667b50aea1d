"""Category suggestions as a source: what is asked fits the specification, and what is answered becomes rows."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from harvester.adapters.ads.category_source import MOST_ASINS
from harvester.domain.errors import PageBroken, Rejected
from harvester.domain.recommendation import RecommendationPage
from harvester.domain.suggestion import Advertised
from tests.contracts.spec import Spec
from tests.unit.adapters.loopback import PROFILE, Bench, Reply, opened

PATH = "/sp/targets/categories/recommendations"
BAKEWARE = {
    "id": "289668",
    "name": "Bakeware",
    "categoryPath": "/Kitchen/Bakeware",
    "asinCounts": {"min": 12, "max": 15},
}


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened() as one:
        yield one


def fitting(*categories: Any) -> Reply:
    return Reply({"categories": list(categories)})


async def suggested(bench: Bench, *asins: str) -> list[RecommendationPage]:
    source = bench.login().reader(PROFILE, None).categories([Advertised("1", "2", asins)])
    return [page async for page in source.pages(["2"], None)]


async def test_a_suggested_category_is_a_row_of_its_ad_group(bench: Bench):
    """Its note keeps what the id stands for and how many products it holds; no evidence is made up."""
    bench.amazon.on(PATH, fitting(BAKEWARE, {"id": "7", "name": "All", "path": "/All", "canBeTargeted": False}))

    (page,) = await suggested(bench, "B000000001", "B000000002")

    (seen,) = bench.amazon.asked(PATH)
    Spec.load("sponsored-products").validate_request(seen.method, seen.path, seen.headers, seen.raw)
    (row,) = page.rows
    assert (row.campaign_id, row.ad_group_id, row.ad_id, row.ad_asin) == ("1", "2", "", "")
    assert (row.target, row.target_type, row.clicks, row.conversions) == ("289668", "CATEGORY", None, None)
    assert msgspec.json.decode(row.evidence_note or "") == {
        "name": "Bakeware",
        "path": "/Kitchen/Bakeware",
        "products": {"least": 12, "most": 15},
        "asked_for": ["B000000001", "B000000002"],
    }


async def test_an_ad_group_of_many_products_is_asked_about_in_parts(bench: Bench):
    """It is not done before its last part."""
    bench.amazon.on(PATH, fitting(BAKEWARE), fitting())

    pages = await suggested(bench, *(f"B{number:09}" for number in range(MOST_ASINS + 1)))

    assert [len(seen.json["asins"]) for seen in bench.amazon.asked(PATH)] == [MOST_ASINS, 1]
    assert [page.next_token is None for page in pages] == [False, True]


@pytest.mark.parametrize(("status", "error"), [(400, PageBroken), (422, PageBroken), (403, Rejected)])
async def test_a_refused_question_ends_its_ad_group_only(bench: Bench, status: int, error: type[Exception]):
    """What is wrong with one ad group's products says nothing about the others; a login without access does."""
    bench.amazon.on(PATH, Reply({"message": "no"}, status))

    with pytest.raises(error):
        await suggested(bench, "B000000001")
