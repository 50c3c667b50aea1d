"""Listing entities: filters, pages, lag."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from harvester.sandbox import paging
from harvester.sandbox.calls import Call
from harvester.sandbox.market import Kind, Row, folded
from harvester.sandbox.wire import Json, invalid

LARGEST_PAGE = 1000

Test = Callable[[Json], bool]


@dataclass(frozen=True, slots=True)
class Listing:
    """How one kind of entity is listed: the key of the answer, and the entity's field behind each id filter."""

    kind: Kind
    key: str
    id_filters: dict[str, str]
    text_filters: dict[str, str]

    def __call__(self, call: Call) -> Json:
        tests = [*_id_tests(call.body, self.id_filters), *_text_tests(call.body, self.text_filters)]
        tests += _other_tests(call)
        rows = [row for row in visible(call, self.kind) if all(test(row.body) for test in tests)]
        return page(call, self.key, [self._shown(call, row) for row in rows])

    def _shown(self, call: Call, row: Row) -> Json:
        if not call.body.get("includeExtendedDataFields"):
            return row.body
        status = _SERVING.get(self.kind, "TARGETING_CLAUSE_STATUS_LIVE")
        return {**row.body, "extendedData": {"servingStatus": status}}


_SERVING = {
    Kind.CAMPAIGN: "CAMPAIGN_STATUS_ENABLED",
    Kind.AD_GROUP: "AD_GROUP_STATUS_ENABLED",
    Kind.PRODUCT_AD: "AD_STATUS_LIVE",
}


def visible(call: Call, kind: Kind) -> Iterable[Row]:
    """Rows of the kind, without those younger than the lag in force."""
    horizon = call.now - call.action.lag_seconds
    return (row for row in call.market.rows[kind].values() if row.born_at <= horizon)


def page(call: Call, key: str, rows: list[Json]) -> Json:
    """One page of `rows`, with `totalResults` and, unless it is the last, `nextToken`."""
    size = call.body.get("maxResults", LARGEST_PAGE)
    if size < 1:
        raise invalid("maxResults must be at least 1")
    start, bound_to = start_of(call)
    end = start + min(size, LARGEST_PAGE)
    answer: Json = {key: rows[start:end], "totalResults": len(rows)}
    if end < len(rows):
        answer["nextToken"] = paging.token(bound_to, end)
    return answer


def start_of(call: Call) -> tuple[int, bytes]:
    bound_to = paging.binding(call.market.profile.profile_id, call.operation, call.body)
    given = call.body.get("nextToken")
    return (paging.offset_of(given, bound_to) if given else 0), bound_to


def _id_tests(body: Json, filters: dict[str, str]) -> list[Test]:
    return [_among(field, frozenset(body[name]["include"])) for name, field in filters.items() if name in body]


def _among(field: str, wanted: frozenset[str]) -> Test:
    return lambda entity: entity[field] in wanted


def _text_tests(body: Json, filters: dict[str, str]) -> list[Test]:
    return [_text_test(field, body[name]) for name, field in filters.items() if body.get(name, {}).get("include")]


def _text_test(field: str, wanted: Json) -> Test:
    """EXACT_MATCH: one of the texts; BROAD_MATCH: holds the first text (the others do not count)."""
    texts = [folded(text) for text in wanted["include"]]
    if wanted.get("queryTermMatchType") == "BROAD_MATCH":
        return lambda entity: texts[0] in folded(_text_of(entity, field))
    return lambda entity: folded(_text_of(entity, field)) in texts


def _text_of(entity: Json, field: str) -> str:
    if field == "expression":
        return str(next((part.get("value", "") for part in entity["expression"]), ""))
    return str(entity[field])


def _other_tests(call: Call) -> list[Test]:
    body, tests = call.body, []
    if "stateFilter" in body:
        tests.append(_among("state", frozenset(body["stateFilter"]["include"])))
    if "matchTypeFilter" in body:
        tests.append(_among("matchType", frozenset(body["matchTypeFilter"])))
    if "expressionTypeFilter" in body:
        tests.append(_among("expressionType", frozenset(body["expressionTypeFilter"]["include"])))
    if "campaignTargetingTypeFilter" in body:
        tests.append(_of_targeting_type(call, body["campaignTargetingTypeFilter"]))
    if "portfolioIdFilter" in body:
        wanted = frozenset(body["portfolioIdFilter"]["include"])
        tests.append(lambda entity: entity.get("portfolioId") in wanted)
    return tests


def _of_targeting_type(call: Call, targeting: str) -> Test:
    campaigns = {row["campaignId"] for row in call.market.bodies(Kind.CAMPAIGN) if row["targetingType"] == targeting}
    return lambda entity: entity["campaignId"] in campaigns
