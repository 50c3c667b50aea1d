"""Recommendations: the same for the same seed, complete under every filter, and full of real life's situations."""

import json
import re
import tracemalloc
from collections import Counter
from typing import Any

import pytest

from harvester.sandbox.market import Kind, Market
from harvester.sandbox.recommendations import encode_page
from harvester.sandbox.settings import Options
from harvester.sandbox.world import World
from tests.unit.sandbox.customer import RECOMMENDATIONS, Customer, product_line, shop


def first_market(**options: Any) -> Market:
    world = World(Options(**options))
    return world.market(next(iter(world.profiles)))


def all_rows(market: Market, dialect: str = "spec") -> list[dict[str, Any]]:
    source = market.recommendations
    selections = source.select(None, None, None)
    rows: list[dict[str, Any]] = json.loads(encode_page(source.rows(selections, 0, source.total), dialect))
    return rows


def metrics(row: dict[str, Any]) -> dict[str, int]:
    data = row["recommendationReasons"][0]["data"]
    found: dict[str, int] = json.loads(data) if isinstance(data, str) else data
    return found


async def test_every_row_is_served_once(customer: Customer) -> None:
    """200 rows by default, whatever the page size, each for another ad or target."""
    whole = await customer.every(RECOMMENDATIONS, size=1000)

    assert len(whole) == 200
    for size in (7, 100):
        assert await customer.every(RECOMMENDATIONS, size=size) == whole
    seen = Counter((row["adId"], row["recommendedTarget"], row["targetType"]) for row in whole)
    assert seen.most_common(1)[0][1] == 1


@pytest.mark.parametrize("total", [0, 1, 23, 1000])
async def test_there_are_as_many_as_asked_for(total: int) -> None:
    """Also when they do not divide evenly among ads."""
    async with shop(Options(recommendations=total)) as customer:
        assert len(await customer.every(RECOMMENDATIONS, size=10 if total < 100 else 1000)) == total


async def test_filters_combine_and_take_nothing_away(customer: Customer) -> None:
    """What a filter finds is what the whole list says of those campaigns, ad groups and ads, in the same order."""
    whole = await customer.every(RECOMMENDATIONS)
    line = await product_line(customer)
    for name, field, value in (
        ("campaignIdFilter", "campaignId", line.source_campaign),
        ("adGroupIdFilter", "adGroupId", line.source),
        ("adIdFilter", "adId", line.ads[1]),
    ):
        found = await customer.every(RECOMMENDATIONS, {name: {"include": [value]}}, size=5)
        assert found == [row for row in whole if row[field] == value]
        assert found

    contradiction = {"adGroupIdFilter": {"include": [line.source]}, "campaignIdFilter": {"include": ["1"]}}
    assert await customer.every(RECOMMENDATIONS, contradiction) == []


def test_the_seed_decides_everything() -> None:
    """The same seed gives the same rows and the same account; another gives others; profiles differ from one another."""
    first, same, other = (first_market(seed=seed) for seed in (1, 1, 2))
    world = World(Options(seed=1))
    second_profile = world.market(list(world.profiles)[1])

    assert all_rows(first) == all_rows(same) != all_rows(other)
    assert first.rows[Kind.CAMPAIGN].keys() == same.rows[Kind.CAMPAIGN].keys()
    assert [row.body for row in first.rows[Kind.KEYWORD].values()] == [
        row.body for row in same.rows[Kind.KEYWORD].values()
    ]
    assert all_rows(first) != all_rows(second_profile)


def test_more_rows_begin_with_the_same_evidence() -> None:
    """A row does not depend on how many there are."""
    few, many = first_market(recommendations=200), first_market(recommendations=2000)
    of_few, of_many = (
        {(row["adId"], row["recommendedTarget"]): metrics(row) for row in reversed(all_rows(market))}
        for market in (few, many)
    )

    assert [of_many[row] for row in of_few] == list(of_few.values())


def test_a_page_far_down_is_the_same_as_in_one_piece() -> None:
    """Rows are computed from their place, not from the rows before."""
    source = first_market(recommendations=5000).recommendations
    selections = source.select(None, None, None)
    whole = list(source.rows(selections, 0, 5000))

    assert len(whole) == 5000
    for start in (0, 1, 999, 2500, 4990):
        assert list(source.rows(selections, start, 25)) == whole[start : start + 25]


def test_a_million_rows_are_never_held() -> None:
    """Serving pages out of a million costs no more memory than a page."""
    source = first_market(recommendations=1_000_000).recommendations
    selections = source.select(None, None, None)
    encode_page(source.rows(selections, 0, 1000), "spec")
    tracemalloc.start()
    for start in range(0, 1_000_000, 50_000):
        assert encode_page(source.rows(selections, start, 1000), "spec").count(b'"campaignId"') == 1000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert sum(selection.rows for selection in selections) == 1_000_000
    assert peak < 8_000_000


def test_dialects_say_the_same_in_other_words() -> None:
    """The specification has ASIN and metrics as text, the guide PRODUCT and an object; mixed has both."""
    market = first_market()
    spec, guide, mixed = (all_rows(market, dialect) for dialect in ("spec", "guide", "mixed"))

    assert {row["targetType"] for row in spec} == {"KEYWORD", "ASIN"}
    assert {row["targetType"] for row in guide} == {"KEYWORD", "PRODUCT"}
    assert all(isinstance(row["recommendationReasons"][0]["data"], str) for row in spec)
    assert all(isinstance(row["recommendationReasons"][0]["data"], dict) for row in guide)
    assert {type(row["recommendationReasons"][0]["data"]) for row in mixed} == {str, dict}
    for rows in (guide, mixed):
        assert [metrics(row) for row in rows] == [metrics(row) for row in spec]


def test_unknown_types_appear_outside_the_specification_only() -> None:
    """The enum of the specification is kept in its dialect."""
    options = {"recommendations": 2000}

    spec = {row["targetType"] for row in all_rows(first_market(**options))}
    guide = {row["targetType"] for row in all_rows(first_market(**options, dialect="guide"), "guide")}

    assert spec == {"KEYWORD", "ASIN"}
    assert guide == {"KEYWORD", "PRODUCT", "PRODUCT_CATEGORY"}


def test_better_matches_convert_better() -> None:
    """Over many rows the order of the human judgements shows in the conversion rates."""
    market = first_market(recommendations=40_000)
    source = market.recommendations
    relevance: dict[tuple[int, str], int] = {}
    for one in source.sources:
        relevance |= {(one.number, text): degree for text, degree in (*one.topic.keywords, *one.topic.products)}
    clicks, conversions = Counter[int](), Counter[int]()
    for origin, _, target, _, row_clicks, row_conversions, _ in source.rows(source.select(None, None, None), 0, 40_000):
        degree = relevance.get((origin.number, target))
        if degree is not None:
            clicks[degree] += row_clicks
            conversions[degree] += row_conversions

    rates = [conversions[degree] / clicks[degree] for degree in range(4)]
    assert rates == sorted(rates, reverse=True)
    assert rates[0] > 0.1
    assert rates[3] < 0.01


def test_every_situation_of_a_real_account_is_there() -> None:
    """What a client must be able to handle appears in the first two hundred rows of one profile or another."""
    world = World(Options(profiles=3))
    rows = [row for profile in world.profiles for row in all_rows(world.market(profile))]
    keywords = [row["recommendedTarget"] for row in rows if row["targetType"] == "KEYWORD"]
    products = [row["recommendedTarget"] for row in rows if row["targetType"] == "ASIN"]

    assert "" in keywords
    assert "*" in keywords
    assert any(len(text) > 80 for text in keywords)
    assert any(len(text.split()) > 10 for text in keywords)
    assert any(re.fullmatch("b0[a-z0-9]{8}", text) for text in keywords)
    assert any(text.startswith("acme ") for text in keywords)
    assert any(not text.isascii() for text in keywords)
    assert any(not re.fullmatch("[A-Z0-9]{10}", asin) for asin in products)
    assert any(metrics(row)["CONVERSIONS"] > metrics(row)["CLICKS"] for row in rows)
    assert any(metrics(row)["CLICKS"] >= 45 and not metrics(row)["CONVERSIONS"] for row in rows)
    assert all(row["campaignId"] and row["adAsin"] for row in rows)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_account_stands_in_the_way_of_recommendations(number: int) -> None:
    """Own products, targets that exist already, standing negatives, and ads that disagree about a target."""
    world = World(Options())
    market = world.market(list(world.profiles)[number])
    rows = all_rows(market)
    wanted = {row["recommendedTarget"].casefold() for row in rows}

    existing = {body["keywordText"].casefold() for body in market.bodies(Kind.KEYWORD)}
    negated = {body["keywordText"].casefold() for body in market.bodies(Kind.NEGATIVE_KEYWORD)}
    own = {asin.casefold() for asin in market.ad_asins.values()}
    targeted, excluded = (
        {body["expression"][0].get("value", "").casefold() for body in market.bodies(kind)}
        for kind in (Kind.TARGET, Kind.NEGATIVE_TARGET)
    )
    for standing in (existing, negated, own, targeted, excluded):
        assert wanted & standing

    by_target: dict[tuple[str, str], list[dict[str, int]]] = {}
    for row in rows:
        by_target.setdefault((row["adGroupId"], row["recommendedTarget"]), []).append(metrics(row))
    shared = [evidence for evidence in by_target.values() if len(evidence) > 1]
    assert any(
        max(one["CONVERSIONS"] for one in evidence) >= 3
        and any(one["CONVERSIONS"] == 0 and one["CLICKS"] >= 45 for one in evidence)
        for evidence in shared
    )


@pytest.mark.parametrize("seed", [1, 2, 3, 17])
def test_the_account_has_every_arrangement(seed: int) -> None:
    """Groups for all ads and for some, two groups of one source, none, one destination only; paused, archived, unusual."""
    market = first_market(seed=seed)
    campaigns = {body["campaignId"]: body for body in market.bodies(Kind.CAMPAIGN)}
    groups = list(market.bodies(Kind.GROUP))
    per_source = Counter(group["source"] for group in groups)
    sources = market.recommendations.sources

    assert 2 in per_source.values()
    assert sum(source.ad_group_id not in per_source for source in sources) == 3
    assert any(group["ads"] for group in groups)
    assert any(not group["ads"] for group in groups)
    assert any(group["product"] is None for group in groups)
    states = Counter(body["state"] for body in campaigns.values())
    assert states.keys() == {"ENABLED", "PAUSED", "ARCHIVED"}
    names = [campaigns[source.campaign_id]["name"] for source in sources]
    assert sum(name.startswith("Auto | ") for name in names) == 7
    assert sum(name.startswith("Research | ") for name in names) == 1
    for group in groups:
        for destination in filter(None, (group["keyword"], group["product"])):
            assert market.products(destination) == market.products(group["source"])


def test_uniqueness_holds_from_the_first_morning() -> None:
    """No two standing entities of the opening are the same thing, in any marketplace."""
    world = World(Options(profiles=25))
    for profile in world.profiles:
        market = world.market(profile)
        for kind in (Kind.CAMPAIGN, Kind.KEYWORD, Kind.TARGET, Kind.NEGATIVE_KEYWORD, Kind.NEGATIVE_TARGET):
            for own_id, row in market.rows[kind].items():
                if row.body["state"] != "ARCHIVED":
                    assert market.holder_of(kind, row.body) == own_id


def test_openings_obey_the_limits_of_their_marketplace() -> None:
    """Bids and budgets are sums a person would use in that currency."""
    world = World(Options(profiles=25))
    for profile_id, profile in world.profiles.items():
        market, place = world.market(profile_id), profile.marketplace
        for ad_group in market.bodies(Kind.AD_GROUP):
            assert place.lowest_bid <= ad_group["defaultBid"] <= place.highest_bid, place.country
        for campaign in market.bodies(Kind.CAMPAIGN):
            assert campaign["budget"]["budget"] >= place.lowest_budget, place.country
