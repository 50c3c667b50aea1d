"""Product suggestions for advertised ASINs: products with their themes, or themes with their products."""

from collections.abc import Iterable
from dataclasses import dataclass

from harvester.sandbox import paging
from harvester.sandbox.calls import Call, Operation, Version
from harvester.sandbox.shapes import Items, Number, Text, record
from harvester.sandbox.shopping import Relevance, Topic
from harvester.sandbox.wire import ApiError, Family, Json, invalid

PATH = "/sp/targets/products/recommendations"
BY_ASIN, BY_THEME = (f"application/vnd.spproductrecommendationresponse.{form}.v3+json" for form in ("asins", "themes"))

# Names and their order as the specification lists them; descriptions as the guide and the specification have them.
TOP = "Top converting targets"
SIMILAR = "Similar items (frequently viewed together)"
COMPLEMENTS = "Complements"
LOW_RATED = "Similar items with low ratings and reviews"
DESCRIPTIONS = {
    TOP: "These target ASINs generated sales for the input ASIN in the past 30 days.",
    SIMILAR: "Items that shoppers frequently view and click along with your advertised item during a shopping session.",
    COMPLEMENTS: "Items frequently bought together as complements (e.g. tennis balls with tennis raquets)",
    LOW_RATED: "Similar items that are rated lower than 3 stars and/or with fewer than 5 reviews.",
}
_DEFAULT, _MOST = {1: 100, 2: 5}, {1: 1000, 2: 10}


@dataclass(frozen=True, slots=True)
class Asin:
    def check(self, value: object, where: str) -> None:
        if not isinstance(value, str) or len(value) != 10:
            raise invalid(f"{where} must be a string of 10 characters")


_SHAPE = record(
    {"adAsins": Items(Asin()), "count": Number(least=1, whole=True), "cursor": Text(), "locale": Text()}, "adAsins"
)


def suggested(topics: Iterable[Topic], asked: frozenset[str]) -> dict[str, list[str]]:
    """ASIN -> its themes, in an order that never changes. What was asked about is never suggested."""
    found: dict[str, list[str]] = {}
    for topic in topics:
        for place, (asin, relevance) in enumerate(topic.products):
            if asin not in asked and asin not in topic.own_asins and relevance is not Relevance.IRRELEVANT:
                found.setdefault(asin, _themes(relevance, place))
    return found


def _themes(relevance: Relevance, place: int) -> list[str]:
    if relevance is Relevance.COMPLEMENT:
        return [COMPLEMENTS]
    if relevance is Relevance.EXACT:
        return [TOP, SIMILAR] if place % 3 == 0 else [SIMILAR]
    return [SIMILAR, LOW_RATED] if place % 2 == 0 else [SIMILAR]


def recommend(call: Call) -> Json:
    """The media type that was asked for decides the form: version 1 by ASIN, version 2 by theme."""
    asked = frozenset(asin.upper() for asin in call.body["adAsins"])
    if not asked:
        raise ApiError(422, "422", "adAsins must name at least one ASIN")
    sources = call.market.recommendations.sources
    topics = [source.topic for source in sources if not asked.isdisjoint(ad.asin for ad in source.ads)]
    found = suggested(topics, asked)
    if call.version == 1:
        return _page(call, [{"recommendedAsin": asin, "themes": themes} for asin, themes in found.items()])
    return _page(
        call,
        [
            {"theme": theme, "description": description, "recommendedAsins": asins}
            for theme, description in DESCRIPTIONS.items()
            if (asins := [asin for asin, themes in found.items() if theme in themes])
        ],
    )


def _page(call: Call, rows: list[Json]) -> Json:
    """The specification leaves a cursor out at an end, the guide shows null."""
    size = min(call.body.get("count", _DEFAULT[call.version]), _MOST[call.version])
    form = f"{call.operation} {call.version}"
    bound_to = paging.binding(call.market.profile.profile_id, form, call.body)
    given = call.body.get("cursor")
    start = paging.offset_of(given, bound_to) if given else 0
    end = start + size
    answer: Json = {"recommendations": rows[start:end]}
    cursors = {
        "nextCursor": paging.token(bound_to, end) if end < len(rows) else None,
        "previousCursor": paging.token(bound_to, max(0, start - size)) if start else None,
    }
    spec = call.options.dialect == "spec"
    return answer | {name: cursor for name, cursor in cursors.items() if cursor is not None or not spec}


OPERATIONS = (
    Operation(
        method="POST",
        path=PATH,
        family=Family.SUGGESTIONS,
        versions=(Version(1, "application/vnd.spproductrecommendation.v3+json", _SHAPE),),
        handler=recommend,
        answers=(BY_ASIN, BY_THEME),
    ),
)
