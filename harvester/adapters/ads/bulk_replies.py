"""What came of each item of a v3 bulk call: `{key: {success: [{index, id}], error: [{index, errors}]}}`."""

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from harvester.adapters.ads.item_errors import Asked, Complaint, complaints_of, id_of, outcome_of
from harvester.adapters.exchange import UNDECODABLE, Unreadable
from harvester.domain.outcome import ItemOutcome, Made, Unsure

_SILENCE = Unsure("the answer does not say what came of it")
_CONTRADICTION = Unsure("the answer says two different things of it")
_NUMBERING = Unsure("the answer numbers the items in another way than the request")


@dataclass(frozen=True, slots=True)
class Family:
    """How the answers of one kind of entity call things; creating, changing and archiving share them."""

    key: str
    id_field: str
    """Of an entry in `success`."""
    own_id: str
    """Of the entity itself, and of an item that changes it."""


FAMILIES: Mapping[str, Family] = {
    "/sp/negativeKeywords": Family("negativeKeywords", "negativeKeywordId", "keywordId"),
    "/sp/negativeTargets": Family("negativeTargetingClauses", "targetId", "targetId"),
    "/sp/campaignNegativeKeywords": Family("campaignNegativeKeywords", "campaignNegativeKeywordId", "keywordId"),
    "/sp/campaignNegativeTargets": Family(
        "campaignNegativeTargetingClauses", "campaignNegativeTargetingClauseId", "targetId"
    ),
    "/sp/keywords": Family("keywords", "keywordId", "keywordId"),
    "/sp/targets": Family("targetingClauses", "targetId", "targetId"),
    "/sp/campaigns": Family("campaigns", "campaignId", "campaignId"),
}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of an answer that numbers its items. `amazon_id`: of the item it speaks of, as far as it says."""

    index: int | None
    amazon_id: str
    outcome: Callable[[Asked], ItemOutcome]


def read_bulk(body: bytes, family: Family, asked: Sequence[Asked]) -> list[ItemOutcome]:
    """One outcome per item, in the order of the request. Raises Unreadable for a body that is no such answer."""
    if not any(each.amazon_id for each in asked) and (all_made := _all_made(body, family, len(asked))):
        return all_made
    results = _results(decoded(body), family)
    requested = {each.amazon_id for each in asked} - {""}

    def made(entry: Mapping[str, Any]) -> Entry:
        found = _id_in(entry, family)
        return Entry(position(entry), found, lambda item: Made(item.amazon_id or found))

    def failed(entry: Mapping[str, Any]) -> Entry:
        complaints = complaints_of(entry.get("errors"))
        return Entry(position(entry), _missing_one(complaints, requested), lambda item: outcome_of(complaints, item))

    return settled([*map(made, array(results, "success")), *map(failed, array(results, "error", "errors"))], asked)


def _all_made(body: bytes, family: Family, count: int) -> list[ItemOutcome]:
    """Where the answer, word for word as documented, says that each item in turn was made; else nothing.

    A short way to what the long one would find: with a thousand items a call, time is lost nowhere but here.
    """
    try:
        results = _short_way(family).decode(body).results
    except UNDECODABLE:
        return []
    made = results.success
    if results.error or results.errors or [each.index for each in made] != list(range(count)):
        return []
    if not all(id_of(each.amazon_id) for each in made):
        return []
    return [Made(each.amazon_id) for each in made]


@cache
def _short_way(family: Family) -> msgspec.json.Decoder[Any]:
    made = msgspec.defstruct("Made", [("index", int), ("amazon_id", str)], rename={"amazon_id": family.id_field})
    several = list[made]  # type: ignore[valid-type]  # a type that is made right above, where no checker sees it
    results = msgspec.defstruct("Results", [("success", several), ("error", list[Any], ()), ("errors", list[Any], ())])
    return msgspec.json.Decoder(msgspec.defstruct("Said", [("results", results)], rename={"results": family.key}))


def settled(entries: Sequence[Entry], asked: Sequence[Asked]) -> list[ItemOutcome]:
    """Each item's outcome; Unsure where nothing, or two different things, are said of it.

    Where the request named ids, an id in the answer counts more than its position: the base of `index` in answers to
    `delete` is documented nowhere. Once an entry lies outside the request, or elsewhere than its id, positions alone
    prove nothing.
    """
    places: dict[str, list[int]] = defaultdict(list)
    for at, each in enumerate(asked):
        if each.amazon_id:
            places[each.amazon_id].append(at)
    by_id: dict[int, list[ItemOutcome]] = defaultdict(list)
    by_position: dict[int, list[ItemOutcome]] = defaultdict(list)
    believed = True
    for entry in entries:
        index, known = entry.index, places.get(entry.amazon_id, []) if places and entry.amazon_id else None
        if known is None and index is not None and 0 <= index < len(asked):
            by_position[index].append(entry.outcome(asked[index]))
        elif known and index in known:
            by_id[index].append(entry.outcome(asked[index]))
        else:
            believed = believed and index is None
            if known is not None and len(known) == 1:
                by_id[known[0]].append(entry.outcome(asked[known[0]]))
    nothing = _SILENCE if believed else _NUMBERING
    return [single(by_id[at] + (by_position[at] if believed else []), nothing) for at in range(len(asked))]


def single(said: Sequence[ItemOutcome], nothing: Unsure = _SILENCE) -> ItemOutcome:
    """What all entries about one item say together; `nothing` where there is none."""
    if not said:
        return nothing
    return said[0] if all(each == said[0] for each in said) else _CONTRADICTION


def decoded(body: bytes) -> Any:
    """Any JSON, also with a byte order mark, NaN or half surrogates. Raises Unreadable."""
    try:
        return msgspec.json.decode(body)
    except UNDECODABLE:
        pass
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("it is no JSON") from None


def array(said: Mapping[str, Any], *names: str) -> list[Mapping[str, Any]]:
    """The objects that the arrays of these names hold."""
    lists = [said[name] for name in names if isinstance(said.get(name), list)]
    return [each for one in lists for each in one if isinstance(each, dict)]


def position(entry: Mapping[str, Any]) -> int | None:
    """The `index`, also where it is a text; None where it is neither."""
    index = entry.get("index")
    if isinstance(index, str):
        return int(index) if index.isascii() and index.isdecimal() and len(index) <= len("1000000") else None
    return index if isinstance(index, int) and not isinstance(index, bool) else None


def has_results(said: object) -> bool:
    return isinstance(said, dict) and any(isinstance(said.get(name), list) for name in ("success", "error", "errors"))


def _results(said: object, family: Family) -> Mapping[str, Any]:
    """Under the family's key, else under the only other one that holds results, else without any key."""
    if isinstance(said, dict):
        others = [value for value in said.values() if has_results(value)]
        for results in (said.get(family.key), others[0] if len(others) == 1 else None, said):
            if isinstance(results, dict) and has_results(results):
                return results
    raise Unreadable("it does not say what came of any item")


def _id_in(entry: Mapping[str, Any], family: Family) -> str:
    """In the entry itself, or in the entity it shows (whose name is a plural in one family)."""
    shown = [value[0] if isinstance(value, list) and value else value for value in entry.values()]
    for holder in (entry, *(value for value in shown if isinstance(value, dict))):
        for name in (family.id_field, family.own_id):
            if found := id_of(holder.get(name)):
                return found
    return ""


def _missing_one(complaints: Sequence[Complaint], requested: set[str]) -> str:
    """The id that a "not found" names, where it is one of those asked for; else it speaks of a parent."""
    missing = (each.entity_id for each in complaints if each.selector == "entityNotFoundError")
    return next((amazon_id for amazon_id in missing if amazon_id in requested), "")
