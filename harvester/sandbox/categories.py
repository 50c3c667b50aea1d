"""The category operations: the tree, suggestions for products, refinements, and product counts."""

from typing import Any

import msgspec

from harvester.sandbox import category_tree
from harvester.sandbox.calls import Call, Operation, Version
from harvester.sandbox.category_tree import Node
from harvester.sandbox.shapes import Flag, Items, Number, Text, record
from harvester.sandbox.wire import ApiError, Family, Json, invalid

_ASKED = "application/vnd.spproducttargeting.v3+json"
_ANSWERS = tuple(f"application/vnd.spproducttargetingresponse.v{number}+json" for number in (3, 4, 5))
_MOST_SUGGESTED = 50
_LOCALES = {
    *("ar_AE", "de_DE", "en_AE", "en_AU", "en_CA", "en_GB", "en_IN", "en_SG", "en_US", "es_ES", "es_MX", "fr_CA"),
    *("fr_FR", "hi_IN", "it_IT", "ja_JP", "ko_KR", "nl_NL", "pl_PL", "pt_BR", "sv_SE", "ta_IN", "th_TH", "tr_TR"),
    *("vi_VN", "zh_CN"),
}

_ids = Items(record({"id": Text(), "name": Text()}))
COUNT = record(
    {
        "category": Text(),
        "brands": _ids,
        "ageRanges": _ids,
        "genres": _ids,
        "isPrimeShipping": Flag(),
        "priceRange": record({"min": Number(), "max": Number()}),
        "ratingRange": record({"min": Number(whole=True), "max": Number(whole=True)}),
    },
    "category",
)
SUGGEST = record({"asins": Items(Text(), 0, 10_000), "includeAncestor": Flag()})
NOTHING = record({})


def tree(call: Call) -> bytes:
    """As text within an object, in the specification's dialect; in the guide's, the bare tree. Mixed: by profile."""
    _locale(call)
    nodes = [_in_tree(node, call.version) for node in category_tree.departments()]
    dialect, odd = call.options.dialect, int(call.market.profile.profile_id) % 2
    if dialect == "guide" or (dialect == "mixed" and odd):
        return msgspec.json.encode(nodes)
    return msgspec.json.encode({"categoryTree": msgspec.json.encode(nodes).decode()})


def _in_tree(node: Node, version: int) -> Json:
    """Ids are numbers here, and text everywhere else."""
    found: Json = {"id": int(node.own_id), "na": node.name}
    if version > 2:
        found["tn"] = node.name
    found["ch"] = [_in_tree(child, version) for child in node.children]
    found["ta"] = node.targetable
    if version > 1:
        found["asinCountRange"] = node.range()
    return found


def suggest(call: Call) -> Json:
    """Of products that nobody knows nothing is suggested; the category of most products comes first."""
    _locale(call)
    homes = category_tree.home_of()
    seen: dict[str, int] = {}
    for asin in call.body.get("asins", []):
        node = homes.get(asin.upper())
        while node is not None:
            seen[node.own_id] = seen.get(node.own_id, 0) + 1
            node = node.parent if call.body.get("includeAncestor") else None
    ranked = sorted(seen, key=lambda own_id: (-seen[own_id], own_id))[:_MOST_SUGGESTED]
    return {"categories": [_suggested(category_tree.by_id()[own_id], call.version) for own_id in ranked]}


def _suggested(node: Node, version: int) -> Json:
    parent = node.parent.own_id if node.parent else "-1"
    if version == 1:
        named: Json = {"parent": parent, "path": node.path, "canBeTargeted": node.targetable}
        return {"id": node.own_id, "name": node.name, **named}
    found: Json = {"id": node.own_id, "name": node.name, "parentCategoryId": parent, "categoryPath": node.path}
    found["asinCounts"] = node.range()
    return found if version == 2 else {**found, "translatedName": node.name, "translatedCategoryPath": node.path}


def refine(call: Call) -> Json:
    """Of a category that there is not: nothing. Empty lists are null, but not in the specification's dialect."""
    _locale(call)
    node = category_tree.by_id().get(call.path.split("/")[-2])
    lists: dict[str, list[tuple[str, str]]] = {"brands": [], "ageRanges": [], "genres": []}
    if node is not None:
        lists = {
            "brands": category_tree.brands_of(node),
            "ageRanges": category_tree.ages_of(node),
            "genres": category_tree.genres_of(node),
        }
    nothing: list[Json] | None = [] if call.options.dialect == "spec" else None
    named = {name: _named(pairs, translated=call.version > 1 and name != "brands") for name, pairs in lists.items()}
    return {name: found or nothing for name, found in named.items()}


def _named(pairs: list[tuple[str, str]], *, translated: bool) -> list[Json]:
    return [{"id": own_id, "name": name, **({"translatedName": name} if translated else {})} for own_id, name in pairs]


def count(call: Call) -> Json:
    body = call.body
    node = category_tree.by_id().get(body["category"])
    if node is None:
        raise ApiError(422, "422", f"There is no category {body['category']}")
    share = _share(body, "brands", category_tree.brands_of(node)) * _share(
        body, "ageRanges", category_tree.ages_of(node)
    )
    share *= _share(body, "genres", category_tree.genres_of(node))
    share *= {True: 0.7, False: 0.3}[body["isPrimeShipping"]] if "isPrimeShipping" in body else 1.0
    share *= _part(body.get("priceRange"), 0, 200) * _part(_stars(body.get("ratingRange")), 0, 5)
    return {"asinCounts": category_tree.spread(node.products() * share)}


def _share(body: Json, name: str, pairs: list[tuple[str, str]]) -> float:
    """Of the products, how many have one of the values named; an unknown value has none."""
    wanted = body.get(name)
    if not wanted:
        return 1.0
    for item in wanted:
        if "id" not in item:
            raise ApiError(422, "422", f"{name}: each needs its id")
    known = {own_id for own_id, _ in pairs}
    return len({item["id"] for item in wanted} & known) / len(known) if known else 0.0


def _stars(given: Json | None) -> Json | None:
    for end in (given or {}).values():
        if not 0 <= end <= 5:
            raise ApiError(422, "422", "ratingRange goes from 0 to 5")
    return given


def _part(given: Json | None, lowest: float, highest: float) -> float:
    if not given:
        return 1.0
    low, high = float(given.get("min", lowest)), float(given.get("max", highest))
    if low > high:
        raise ApiError(422, "422", f"a range from {low} to {high} is empty")
    return max(0.0, min(high, highest) - max(low, lowest)) / (highest - lowest)


def _locale(call: Call) -> None:
    locale = call.query.get("locale")
    if locale is not None and locale not in _LOCALES:
        raise invalid(f"locale {locale!r} is not known")


def _operation(method: str, tail: str, handler: Any, shape: Any, answers: tuple[str, ...]) -> Operation:
    return Operation(
        method=method,
        path=f"/sp/targets/{tail}",
        family=Family.SUGGESTIONS,
        versions=(Version(1, _ASKED, shape),),
        handler=handler,
        body_required=method != "GET",
        answers=answers,
    )


OPERATIONS = (
    _operation("GET", "categories", tree, NOTHING, _ANSWERS),
    _operation("POST", "categories/recommendations", suggest, SUGGEST, _ANSWERS),
    _operation("GET", "category/{categoryId}/refinements", refine, NOTHING, _ANSWERS[:2]),
    _operation("POST", "products/count", count, COUNT, _ANSWERS[:1]),
)
