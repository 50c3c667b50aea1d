"""Bid recommendations: plausible, the same for the same target and place, and now and then there are none."""

import re
import zlib
from dataclasses import dataclass

from harvester.sandbox import category_tree
from harvester.sandbox.calls import Call, Operation, Version
from harvester.sandbox.market import Kind, folded
from harvester.sandbox.marketplaces import SCALE, Marketplace
from harvester.sandbox.shapes import Flag, Items, Number, Record, Shape, Text, one_of, record
from harvester.sandbox.wire import ApiError, Family, Json

_MEDIA = "application/vnd.spthemebasedbidrecommendation.v{}+json"
_ASIN = re.compile(r"[A-Z0-9]{10}")

_AUTOMATIC = ("CLOSE_MATCH", "LOOSE_MATCH", "SUBSTITUTES", "COMPLEMENTS")
_KEYWORDS = ("KEYWORD_BROAD_MATCH", "KEYWORD_PHRASE_MATCH", "KEYWORD_EXACT_MATCH")
_PRODUCTS = ("PAT_ASIN", "PAT_CATEGORY", "PAT_CATEGORY_REFINEMENT", "KEYWORD_GROUP")
# What a click is worth beside an exact keyword.
_WORTH = {"KEYWORD_EXACT_MATCH": 1.0, "KEYWORD_PHRASE_MATCH": 0.85, "KEYWORD_BROAD_MATCH": 0.7, "PAT_ASIN": 0.8}
_SILENT_ONE_IN = 23
"""Of so many targets one gets no bids, and one no answer at all."""


def unprocessable(message: str) -> ApiError:
    return ApiError(422, "422", message)


@dataclass(frozen=True, slots=True)
class Unprocessable:
    """What does not fit the specification is answered 422 in this family, not 400."""

    shape: Shape

    def check(self, value: object, where: str) -> None:
        try:
            self.shape.check(value, where)
        except ApiError as error:
            raise unprocessable(error.message) from error


@dataclass(frozen=True, slots=True)
class _EitherAdGroup:
    """`recommendationType` says which of the two records the body has to be."""

    existing: Record
    new: Record

    def check(self, value: object, where: str) -> None:
        kind = value.get("recommendationType") if isinstance(value, dict) else None
        shape = {"BIDS_FOR_EXISTING_AD_GROUP": self.existing, "BIDS_FOR_NEW_AD_GROUP": self.new}.get(str(kind))
        if shape is None:
            raise unprocessable(f"{where}.recommendationType must be one of the two kinds")
        shape.check(value, where)


_BIDDING = record(
    {
        "strategy": one_of("LEGACY_FOR_SALES", "AUTO_FOR_SALES", "MANUAL", "RULE_BASED"),
        "adjustments": Items(
            record(
                {
                    "predicate": one_of("PLACEMENT_TOP", "PLACEMENT_PRODUCT_PAGE", "PLACEMENT_REST_OF_SEARCH"),
                    "percentage": Number(0, 900, whole=True),
                }
            ),
            0,
            3,
        ),
    },
    "strategy",
)
_DETAILS = record({"asin": Text(), "globalStoreSetting": record({"catalogSourceCountryCode": Text()})})


def _shape(version: int) -> Shape:
    types = (*_AUTOMATIC, *_KEYWORDS, *(_PRODUCTS if version > 3 else ()))
    expressions = Items(record({"type": one_of(*types), "value": Text()}, "type"), 0, 100)
    common: dict[str, Shape] = {"recommendationType": Text(), "targetingExpressions": expressions}
    if version > 4:
        common["includeAnalysis"] = Flag()
    details: dict[str, Shape] = {} if version < 4 else {"productDetailsList": Items(_DETAILS, 0, 50)}
    return Unprocessable(
        _EitherAdGroup(
            record({**common, "campaignId": Text(), "adGroupId": Text()}, *_NEEDED, "campaignId", "adGroupId"),
            record(
                {**common, **details, "asins": Items(Text(), 0, 50), "bidding": _BIDDING}, *_NEEDED, "asins", "bidding"
            ),
        )
    )


_NEEDED = ("recommendationType", "targetingExpressions")


def suggest(call: Call) -> Json:
    place = _place(call)
    for at, expression in enumerate(call.body["targetingExpressions"]):
        _check(expression, f"$.targetingExpressions[{at}]")
    found = [item for each in call.body["targetingExpressions"] if (item := _suggested(call, place, each)) is not None]
    everyday: Json = {"theme": "CONVERSION_OPPORTUNITIES", "bidRecommendationsForTargetingExpressions": found}
    event: Json = {"theme": "PRIME_DAY", "bidRecommendationsForTargetingExpressions": [_dearer(each) for each in found]}
    themes = [event, everyday]
    if call.version == 3:
        themes = [{**theme, "impactMetrics": None} for theme in themes]
    return {"bidRecommendations": themes}


def _place(call: Call) -> str:
    body = call.body
    if body["recommendationType"] == "BIDS_FOR_NEW_AD_GROUP":
        if not body["asins"]:
            raise unprocessable("asins must name at least one product")
        for asin in body["asins"]:
            if not _ASIN.fullmatch(asin):
                raise unprocessable(f"{asin!r} is not an ASIN")
        return " ".join(sorted(body["asins"]))
    ad_group = call.market.find(Kind.AD_GROUP, body["adGroupId"])
    if ad_group is None or ad_group["campaignId"] != body["campaignId"]:
        raise unprocessable(f"There is no ad group {body['adGroupId']} in campaign {body['campaignId']}")
    own_id: str = ad_group["adGroupId"]
    return own_id


def _check(expression: Json, where: str) -> None:
    kind, value = expression["type"], expression.get("value", "")
    if kind not in _AUTOMATIC and not value.strip():
        raise unprocessable(f"{where}.value is required for {kind}")
    if kind == "PAT_ASIN" and not _ASIN.fullmatch(value.upper()):
        raise unprocessable(f"{where}.value {value!r} is not an ASIN")
    if kind == "PAT_CATEGORY" and value not in category_tree.by_id():
        raise unprocessable(f"{where}.value {value!r} is not a category")


def _suggested(call: Call, place: str, expression: Json) -> Json | None:
    value = folded(expression.get("value", ""))
    dice = zlib.crc32(f"{place} {value}".encode())
    if dice % _SILENT_ONE_IN == 1:
        return None
    worth = _WORTH.get(expression["type"], 0.6)
    middle = (0.45 + dice % 97 / 100) * worth
    marketplace = call.market.profile.marketplace
    bids = [] if dice % _SILENT_ONE_IN == 2 else [_money(middle * part, marketplace) for part in (0.74, 1.0, 1.32)]
    item: Json = {"targetingExpression": expression, "bidValues": [{"suggestedBid": bid} for bid in bids]}
    if call.version > 4:
        item["suggestedBidImpactMetrics"] = None
    return item


def _money(dollars: float, marketplace: Marketplace) -> float:
    amount = dollars * SCALE.get(marketplace.currency, 1.0)
    amount = round(amount) if marketplace.currency == "JPY" else round(amount, 2)
    return min(max(amount, marketplace.lowest_bid), marketplace.highest_bid)


def _dearer(item: Json) -> Json:
    return {**item, "bidValues": [{"suggestedBid": round(bid["suggestedBid"] * 1.4, 2)} for bid in item["bidValues"]]}


OPERATIONS = (
    Operation(
        method="POST",
        path="/sp/targets/bid/recommendations",
        family=Family.BIDS,
        versions=tuple(Version(number, _MEDIA.format(number), _shape(number)) for number in (3, 4, 5)),
        handler=suggest,
    ),
)
