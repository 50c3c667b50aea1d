"""Lists: filters, pages, page tokens and lag."""

from typing import Any

import pytest

from tests.unit.sandbox.customer import RECOMMENDATIONS, Customer, product_line, successes


async def test_pages_join_into_the_whole_list(customer: Customer) -> None:
    """Whatever the page size, the rows are the same, each once, in the same order."""
    whole = await customer.every("/sp/targets/list", size=1000)

    assert len(whole) > 20
    for size in (1, 7, len(whole)):
        assert await customer.every("/sp/targets/list", size=size) == whole


async def test_page_tokens_are_bound_to_their_request(customer: Customer) -> None:
    """A token of another filter, another list, another profile, or a made-up one is refused."""
    token = (await customer.post("/sp/targets/list", {"maxResults": 2})).body["nextToken"]

    filtered = await customer.post("/sp/targets/list", {"nextToken": token, "stateFilter": {"include": ["PAUSED"]}})
    elsewhere = await customer.post("/sp/keywords/list", {"nextToken": token})
    invented = await customer.post("/sp/targets/list", {"nextToken": "bm90IGEgdG9rZW4"})
    group_list = await customer.post(RECOMMENDATIONS, {"nextToken": token})
    other_size = await customer.post("/sp/targets/list", {"nextToken": token, "maxResults": 5})
    customer.profile = customer.profiles[1]
    foreign = await customer.post("/sp/targets/list", {"nextToken": token})

    for refused in (filtered, elsewhere, invented, foreign):
        assert refused.status == 400
        assert refused.body["errors"][0]["errorValue"]["invalidInputError"]["reason"] == "INVALID_TOKEN"
    assert (group_list.status, group_list.body["code"]) == (400, "INVALID_ARGUMENT")
    assert other_size.status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [({"maxResults": 0}, 400), ({"maxResults": -1}, 400), ({"maxResults": 1}, 200), ({"maxResults": 5000}, 200)],
)
async def test_page_sizes_of_entity_lists(customer: Customer, body: dict[str, Any], status: int) -> None:
    """At least one; more than a thousand are not given, but may be asked for."""
    assert (await customer.post("/sp/campaigns/list", body)).status == status


@pytest.mark.parametrize(("size", "status"), [(0, 400), (1001, 400), (1000, 200), (1, 200)])
async def test_page_sizes_of_group_calls(customer: Customer, size: int, status: int) -> None:
    """1 to 1000, as the specification bounds them."""
    for path in (RECOMMENDATIONS, "/sp/targetPromotionGroups/list", "/sp/targetPromotionGroups/targets/list"):
        assert (await customer.post(path, {"maxResults": size})).status == status


async def test_ids_states_and_types_filter(customer: Customer) -> None:
    """Filters of one request all have to hold; an empty list of ids finds nothing."""
    line = await product_line(customer)
    automatic = await customer.every("/sp/adGroups/list", {"campaignTargetingTypeFilter": "AUTO"})
    archived = await customer.every("/sp/campaigns/list", {"stateFilter": {"include": ["ARCHIVED"]}})
    both = await customer.every(
        "/sp/productAds/list",
        {"adGroupIdFilter": {"include": [line.source]}, "campaignIdFilter": {"include": [line.keyword_campaign]}},
    )
    nothing = await customer.every("/sp/campaigns/list", {"campaignIdFilter": {"include": []}})
    clauses = await customer.every("/sp/targets/list", {"expressionTypeFilter": {"include": ["AUTO"]}})

    assert line.source in {one["adGroupId"] for one in automatic}
    assert line.keyword not in {one["adGroupId"] for one in automatic}
    assert [one["state"] for one in archived] == ["ARCHIVED"]
    assert both == nothing == []
    assert {one["expressionType"] for one in clauses} == {"AUTO"}


async def test_texts_filter_exactly_or_broadly(customer: Customer) -> None:
    """EXACT_MATCH takes any of the texts in any case, BROAD_MATCH counts the first one only."""
    keywords = await customer.every("/sp/keywords/list")
    first, last = keywords[0]["keywordText"], keywords[-1]["keywordText"]

    async def found(match: str, *texts: str) -> set[str]:
        body = {"keywordTextFilter": {"include": texts, "queryTermMatchType": match}}
        return {one["keywordText"] for one in await customer.every("/sp/keywords/list", body)}

    assert await found("EXACT_MATCH", first.upper(), last) == {first, last}
    broad = await found("BROAD_MATCH", first.split()[0], last)
    assert first in broad
    assert all(first.split()[0].casefold() in text.casefold() for text in broad)


async def test_products_and_match_types_filter(customer: Customer) -> None:
    """Product clauses are found by ASIN, keywords by match type."""
    product = (await customer.every("/sp/targets/list", {"expressionTypeFilter": {"include": ["MANUAL"]}}))[0]
    asin = product["expression"][0]["value"]
    body = {"asinFilter": {"include": [asin], "queryTermMatchType": "EXACT_MATCH"}}

    found = await customer.every("/sp/targets/list", body)
    broad = await customer.every("/sp/keywords/list", {"matchTypeFilter": ["BROAD"]})

    assert product in found
    assert {one["expression"][0]["value"] for one in found} == {asin}
    assert {one["matchType"] for one in broad} == {"BROAD"}


async def test_extended_data_comes_only_when_asked_for(customer: Customer) -> None:
    """Lists are plain unless `includeExtendedDataFields` is set."""
    for path in ("/sp/campaigns/list", "/sp/adGroups/list", "/sp/productAds/list", "/sp/keywords/list"):
        assert all("extendedData" not in one for one in await customer.every(path))
        assert all("extendedData" in one for one in await customer.every(path, {"includeExtendedDataFields": True}))


async def test_new_entities_can_lag_behind(customer: Customer) -> None:
    """Under a lag fault a list does not show what is younger; later it does."""
    line = await product_line(customer)
    await customer.control("faults", [{"match": {"path": "*/list"}, "action": {"lag_seconds": 30}}])
    item = {**line.in_source, "keywordText": "late", "matchType": "NEGATIVE_EXACT"}
    (made,) = successes(await customer.post("/sp/negativeKeywords", {"negativeKeywords": [item]}))

    async def listed() -> set[str]:
        return {one["keywordId"] for one in await customer.every("/sp/negativeKeywords/list")}

    assert made["negativeKeywordId"] not in await listed()
    await customer.control("clock", {"advance_seconds": 31})
    assert made["negativeKeywordId"] in await listed()


async def test_ids_are_unique_within_kind_and_profile_only(customer: Customer) -> None:
    """The same id names a campaign and an ad group, here and in the next profile; some exceed 2^63."""
    campaigns = {one["campaignId"] for one in await customer.every("/sp/campaigns/list")}
    ad_groups = {one["adGroupId"] for one in await customer.every("/sp/adGroups/list")}
    customer.profile = customer.profiles[1]
    others = {one["campaignId"] for one in await customer.every("/sp/campaigns/list")}

    assert campaigns & ad_groups & others
    assert max(int(one) for one in campaigns) > 2**63
