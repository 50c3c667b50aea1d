"""Brands: which product belongs to which, and the two calls that name them for negative targeting."""

import zlib
from functools import cache

from harvester.sandbox import brand_names
from harvester.sandbox.calls import Call, Operation, Version
from harvester.sandbox.market import folded
from harvester.sandbox.shapes import Text, record
from harvester.sandbox.wire import Family, Json

_MOST_FOUND = 100
_SEARCH = "application/vnd.spproducttargeting.v3+json"
_ANSWER = "application/vnd.spproducttargetingresponse.v3+json"


@cache
def ids() -> dict[str, str]:
    """Brand id -> name. Ids have ten or eleven digits: the shorter ones are shaped like ISBNs."""
    return {
        str(18_681_839_011 + place * 7_919_003 if place % 3 else 2_500_000_007 + place * 7_919_003): name
        for place, name in enumerate(brand_names.NAMES)
    }


@cache
def brand_of(asin: str) -> str:
    """The brand id of a product: every ASIN has one, always the same."""
    known = list(ids())
    return known[zlib.crc32(asin.upper().encode()) % len(known)]


def resolved(expression: list[Json]) -> list[Json]:
    """As a listing shows it: a brand by its name, where its id is known."""
    return [
        {**part, "value": ids().get(part["value"], part["value"])} if part["type"] == "ASIN_BRAND_SAME_AS" else part
        for part in expression
    ]


def _shown(brand_id: str) -> Json:
    return {"id": brand_id, "name": ids()[brand_id]}


def _search(call: Call) -> list[Json]:
    """Brands with one of the words in their name, then those of products that shoppers who type it look at."""
    words = set(folded(call.body["keyword"]).split())
    named = [brand_id for brand_id, name in ids().items() if words & set(folded(name).split())]
    topics = [source.topic for source in call.market.recommendations.sources]
    related = [
        brand_of(asin) for topic in topics if words & set(topic.query.split()) for asin, _ in topic.products[:40]
    ]
    return [_shown(brand_id) for brand_id in dict.fromkeys([*named, *related])][:_MOST_FOUND]


def _recommended(call: Call) -> list[Json]:
    """Own brands among them, as the guide says: those of advertised products first."""
    own = [brand_of(asin) for asin in call.market.ad_asins.values()]
    topics = [source.topic for source in call.market.recommendations.sources]
    others = [brand_of(asin) for topic in topics for asin, _ in topic.products[:3]]
    return [_shown(brand_id) for brand_id in dict.fromkeys([*own, *others])][:_MOST_FOUND]


OPERATIONS = (
    Operation(
        method="POST",
        path="/sp/negativeTargets/brands/search",
        family=Family.SUGGESTIONS,
        versions=(Version(3, _SEARCH, record({"keyword": Text()}, "keyword")),),
        handler=_search,
        answers=(_ANSWER,),
    ),
    Operation(
        method="GET",
        path="/sp/negativeTargets/brands/recommendations",
        family=Family.SUGGESTIONS,
        versions=(Version(3, _ANSWER, record({})),),
        handler=_recommended,
        body_required=False,
        answers=(_ANSWER,),
    ),
)
