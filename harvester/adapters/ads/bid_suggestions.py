"""Bids that Amazon suggests: theme-based bid recommendations, version 4 (the first that knows single products)."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import msgspec

from harvester.adapters.ads.wire import NOTHING, Text, decimal_text, lenient, text
from harvester.adapters.exchange import Answer
from harvester.adapters.mending import decode
from harvester.domain.bid import AdGroupToCome, BidPlace, BidTarget, StandingAdGroup, SuggestedBids
from harvester.domain.target import Match, fold

_TYPES: Mapping[Match, str] = {
    Match.BROAD: "KEYWORD_BROAD_MATCH",
    Match.PHRASE: "KEYWORD_PHRASE_MATCH",
    Match.EXACT: "KEYWORD_EXACT_MATCH",
    # There is one type for both: no bid is suggested for the similar products alone.
    Match.SAME: "PAT_ASIN",
    Match.EXPANDED: "PAT_ASIN",
}
_CATEGORY = "PAT_CATEGORY"
"""What a PAT_CATEGORY_REFINEMENT holds is documented nowhere."""
_THEME = "CONVERSION_OPPORTUNITIES"
"""The one theme that holds all year; the others are for single shopping events."""
_BIDS = 3

Expression = tuple[str, str]
"""Type and folded value: how an answer names what it is about."""


class _BidValue(msgspec.Struct, rename="camel"):
    suggested_bid: msgspec.Raw = NOTHING


class _Expression(msgspec.Struct):
    type: Text = None
    value: Text = None


class _Item(msgspec.Struct, rename="camel"):
    targeting_expression: _Expression | None = None
    bid_values: list[_BidValue] | None = None


class _Themed(msgspec.Struct, rename="camel"):
    theme: Text = None
    bid_recommendations_for_targeting_expressions: list[msgspec.Raw] | None = None


class _Answer(msgspec.Struct, rename="camel"):
    bid_recommendations: list[msgspec.Raw] | None


_answers = msgspec.json.Decoder(_Answer)
_themes = msgspec.json.Decoder(_Themed)
_items = msgspec.json.Decoder(_Item)


def body(place: BidPlace, targets: Sequence[BidTarget]) -> Mapping[str, object]:
    """Each expression once, though two targets may share one."""
    distinct = dict.fromkeys((_type(target), target.text) for target in targets)
    expressions = [{"type": kind, "value": value} for kind, value in distinct]
    return {**_where(place), "targetingExpressions": expressions}


def _type(target: BidTarget) -> str:
    return _CATEGORY if target.category else _TYPES[target.match]


def _where(place: BidPlace) -> Mapping[str, object]:
    match place:
        case StandingAdGroup(campaign_id, ad_group_id):
            return {
                "recommendationType": "BIDS_FOR_EXISTING_AD_GROUP",
                "campaignId": campaign_id,
                "adGroupId": ad_group_id,
            }
        case AdGroupToCome(asins, strategy):
            return {
                "recommendationType": "BIDS_FOR_NEW_AD_GROUP",
                "asins": list(asins),
                "bidding": {"strategy": strategy},
            }


def reads(targets: Sequence[BidTarget]) -> Callable[[Answer], Mapping[BidTarget, SuggestedBids]]:
    """One target that cannot be read costs no other; raises Unreadable where nothing can be."""

    def read(answer: Answer) -> Mapping[BidTarget, SuggestedBids]:
        found = _found(answer.body)
        asked = ((target, found.get((_type(target), fold(target.text)))) for target in targets)
        return {target: bids for target, bids in asked if bids is not None}

    return read


def _found(answer: bytes) -> Mapping[Expression, SuggestedBids]:
    themes = decode(_answers, answer, "it holds no bidRecommendations").bid_recommendations
    found: dict[Expression, SuggestedBids] = {}
    for raw in themes or ():
        themed = lenient(_themes, raw)
        if themed is None or text(themed.theme).upper() != _THEME:
            continue
        for each in themed.bid_recommendations_for_targeting_expressions or ():
            item = lenient(_items, each)
            bids = None if item is None else _bids(item.bid_values or ())
            if item is not None and item.targeting_expression is not None and bids is not None:
                expression = item.targeting_expression
                found.setdefault((text(expression.type).upper(), fold(text(expression.value))), bids)
    return found


def _bids(values: Sequence[_BidValue]) -> SuggestedBids | None:
    """None for anything but three amounts: of two, nobody knows which they are."""
    amounts = [Decimal(amount) for value in values if (amount := decimal_text(value.suggested_bid)) is not None]
    if len(values) != _BIDS or len(amounts) != _BIDS or not all(amounts):
        return None
    low, middle, high = sorted(amounts)
    return SuggestedBids(low, middle, high)
