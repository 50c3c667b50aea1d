"""What the client makes of an answer with bids: read as leniently as can be, and never guessed."""

from decimal import Decimal
from typing import Any

import pytest

from harvester.adapters.ads import bid_suggestions
from harvester.domain.bid import BidTarget, StandingAdGroup, SuggestedBids
from harvester.domain.errors import PageBroken, Rejected
from harvester.domain.target import Match
from tests.unit.adapters.loopback import PROFILE, Bench, Reply

PATH = "/sp/targets/bid/recommendations"
PLACE = StandingAdGroup("1", "2")
TOWEL = BidTarget(Match.EXACT, "Bath Towel")
ROBE = BidTarget(Match.PHRASE, "robe")
SAME, EXPANDED = BidTarget(Match.SAME, "B000000001"), BidTarget(Match.EXPANDED, "B000000001")
ALL = [TOWEL, ROBE, SAME, EXPANDED]
EVERYDAY = "CONVERSION_OPPORTUNITIES"


def said(*items: Any, theme: object = EVERYDAY) -> dict[str, Any]:
    return {"theme": theme, "bidRecommendationsForTargetingExpressions": list(items)}


def item(kind: object, value: object, *bids: object) -> dict[str, Any]:
    return {
        "targetingExpression": {"type": kind, "value": value},
        "bidValues": [{"suggestedBid": bid} for bid in bids],
    }


def bids(low: str, middle: str, high: str) -> SuggestedBids:
    return SuggestedBids(Decimal(low), Decimal(middle), Decimal(high))


async def read(bench: Bench, *themes: object) -> dict[BidTarget, SuggestedBids]:
    bench.amazon.on(PATH, Reply({"bidRecommendations": list(themes)}))
    return dict(await bench.login().reader(PROFILE, None).suggested_bids(PLACE, ALL))


async def test_every_target_finds_its_three_bids(bench: Bench):
    """Amounts exactly as written; text in any case; both matches of a product have the same."""
    found = await read(
        bench,
        said(
            item("PAT_ASIN", "b000000001", 0.5, 0.6, 0.7),
            item("KEYWORD_EXACT_MATCH", "bath  towel", 0.61, 0.84, 1.1),
            item("KEYWORD_PHRASE_MATCH", "robe", "1.0", "1.50", "2"),
        ),
    )

    assert found == {
        TOWEL: bids("0.61", "0.84", "1.1"),
        ROBE: bids("1.0", "1.50", "2"),
        SAME: bids("0.5", "0.6", "0.7"),
        EXPANDED: bids("0.5", "0.6", "0.7"),
    }
    (request,) = bench.amazon.asked(PATH)
    assert [each["type"] for each in request.json["targetingExpressions"]] == [
        "KEYWORD_EXACT_MATCH", "KEYWORD_PHRASE_MATCH", "PAT_ASIN"
    ]  # fmt: skip


async def test_only_the_everyday_theme_counts_wherever_it_stands(bench: Bench):
    """A shopping event's bids are for that event."""
    event = said(item("KEYWORD_EXACT_MATCH", "bath towel", 2, 3, 4), theme="PRIME_DAY")
    everyday = said(item("KEYWORD_EXACT_MATCH", "bath towel", 1, 2, 3))

    assert await read(bench, event, everyday) == await read(bench, everyday, event) == {TOWEL: bids("1", "2", "3")}
    assert await read(bench, event) == {}


@pytest.mark.parametrize(
    "odd",
    [
        item("KEYWORD_PHRASE_MATCH", "robe", 1, 2),
        item("KEYWORD_PHRASE_MATCH", "robe"),
        item("KEYWORD_PHRASE_MATCH", "robe", 1, 2, 3, 4),
        item("KEYWORD_PHRASE_MATCH", "robe", 1, None, 3),
        item("KEYWORD_PHRASE_MATCH", "robe", 0, 1, 2),
        item("KEYWORD_PHRASE_MATCH", "robe", -1, 1, 2),
        item("KEYWORD_PHRASE_MATCH", "robe", "cheap", 1, 2),
        item("KEYWORD_PHRASE_MATCH", "robes", 1, 2, 3),
        item("KEYWORD_EXACT_MATCH", "robe", 1, 2, 3),
        item(None, None, 1, 2, 3),
        {"targetingExpression": None, "bidValues": None},
        {"targetingExpression": 7, "bidValues": 7},
        {},
        None,
        7,
    ],
    ids=str,
)
async def test_one_odd_item_costs_its_own_bids_and_no_others(bench: Bench, odd: object):
    """Fewer than three bids have no low, middle and high; what names another target is not taken for this one."""
    good = item("KEYWORD_EXACT_MATCH", "bath towel", 3, 1, 2)

    assert await read(bench, said(odd, good)) == {TOWEL: bids("1", "2", "3")}
    assert await read(bench, None, 7, {}, {"theme": EVERYDAY}, said(odd), said(good)) == {TOWEL: bids("1", "2", "3")}


@pytest.mark.parametrize("body", [b"[]", b"{}", b'{"bidRecommendations":7}', b"towel"])
async def test_an_answer_without_its_list_cannot_be_read(bench: Bench, body: bytes):
    """That is not the same as no suggestions."""
    bench.amazon.on(PATH, Reply(body))

    with pytest.raises(PageBroken, match="cannot be read"):
        await bench.login().reader(PROFILE, None).suggested_bids(PLACE, ALL)


async def test_null_in_place_of_the_list_is_no_suggestion(bench: Bench):
    """As an empty list is."""
    bench.amazon.on(PATH, Reply({"bidRecommendations": None}))

    assert await bench.login().reader(PROFILE, None).suggested_bids(PLACE, ALL) == {}


async def test_a_refusal_is_one_with_its_reason(bench: Bench):
    """422, as the family says it."""
    bench.amazon.on(PATH, Reply({"code": "422", "details": "Target is unsupported"}, status=422))

    with pytest.raises(Rejected, match="422: Target is unsupported") as raised:
        await bench.login().reader(PROFILE, None).suggested_bids(PLACE, ALL)
    assert raised.value.status == 422


def test_a_product_in_both_matches_is_asked_for_once():
    """Amazon has one type for both."""
    body = bid_suggestions.body(PLACE, [SAME, EXPANDED])

    assert body["targetingExpressions"] == [{"type": "PAT_ASIN", "value": "B000000001"}]


def test_a_category_is_asked_for_as_a_whole_and_once():
    """Beside an ASIN with the same characters it is a target of its own."""
    category = BidTarget(Match.SAME, "1055398", category=True)
    body = bid_suggestions.body(PLACE, [category, category, BidTarget(Match.SAME, "1055398999")])

    assert body["targetingExpressions"] == [
        {"type": "PAT_CATEGORY", "value": "1055398"},
        {"type": "PAT_ASIN", "value": "1055398999"},
    ]


async def test_the_bids_of_a_category_find_their_target(bench: Bench):
    """By its id."""
    category = BidTarget(Match.SAME, "1055398", category=True)
    bench.amazon.on(PATH, Reply({"bidRecommendations": [said(item("PAT_CATEGORY", "1055398", 0.5, 0.6, 0.7))]}))

    found = await bench.login().reader(PROFILE, None).suggested_bids(PLACE, [category])

    assert found[category].middle == Decimal("0.6")
