"""What came of creating a promotion group, or targets in one: both versions of the wire, and the choice of one.

The calls speak version 1: it is the form of Amazon's guide and the only one of the recommendations, whose expression
types it shares, and what Amazon names in the answer needs no numbering. Version 2 names by `index` and reports errors
as free texts. Should version 1 be withdrawn, SPOKEN = 2 sends both calls in version 2 instead. That one wants names
for group, campaigns and ad groups, where version 1 takes a prefix: they are made of the prefix and the source.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from harvester.adapters.ads.bulk_replies import Entry, array, decoded, has_results, position, settled, single
from harvester.adapters.ads.item_errors import Asked, complaints_of, id_of, outcome_of, words
from harvester.adapters.exchange import Unreadable
from harvester.domain.outcome import ItemOutcome, Made, NotSent, TurnedDown, Unsure
from harvester.domain.target import fold
from harvester.rules.requests import GROUPS, Request

SPOKEN = 1
"""The version of the calls that create a group, and targets in one: 1 or 2."""
GROUPS_V2 = "application/vnd.sptargetpromotiongroup.v2+json"
TARGETS_V2 = "application/vnd.sptargetpromotiongrouptarget.v2+json"

_CREATION = Asked()
_AMBIGUOUS = Unsure("the answer does not tell it from another item of the call")
_V2_FORMS = {
    "QUERY_BROAD_MATCHES": ("keywordTarget", "keyword", "BROAD"),
    "QUERY_PHRASE_MATCHES": ("keywordTarget", "keyword", "PHRASE"),
    "QUERY_EXACT_MATCHES": ("keywordTarget", "keyword", "EXACT"),
    "ASIN_SAME_AS": ("productTarget", "target", "PRODUCT_EXACT"),
    "ASIN_EXPANDED_FROM": ("productTarget", "target", "PRODUCT_SIMILAR"),
}
_GUIDE_SPELLING = {f"KEYWORD_{match}": f"QUERY_{match}_MATCHES" for match in ("BROAD", "PHRASE", "EXACT")}
"""Shown by the guide, in no version of the specification."""
_SAYS_DUPLICATE = ("DUPLICATE_VALUE", "duplicateValueError", "already exists")
_OF_SOMETHING_ELSE = ("NAME_NOT_UNIQUE", "campaign", " name", "Campaign")
_PART_FIELDS = ("keywordCampaignAdGroupIds", "productCampaignAdGroupIds")
_GROUP_FIELDS = frozenset({"targetPromotionGroupId", "targetPromotionGroupName", "destinationAdGroups", *_PART_FIELDS})
_TARGETING = {"KEYWORD": "keywords", "PRODUCT": "products"}
"""What each destination of a new group targets, and how its campaign is named."""


class _Target(msgspec.Struct, rename="camel"):
    """An item of version 1. The bid stays as it is written."""

    target: str
    expression_type: str
    bid: msgspec.Raw = msgspec.Raw(b"")


class _Targets(msgspec.Struct, rename="camel"):
    target_promotion_group_id: str
    targets: list[_Target]


class _ExistingDetails(msgspec.Struct, rename="camel"):
    keyword_campaign_ad_group_ids: list[str] = []
    product_campaign_ad_group_ids: list[str] = []


class _NewDetails(msgspec.Struct, rename="camel"):
    """Amounts stay as they are written."""

    name_prefix: str
    default_bid: msgspec.Raw
    budget: msgspec.Raw
    dynamic_bidding: msgspec.Raw = msgspec.Raw(b"")


class _Group(msgspec.Struct, rename="camel"):
    """The body of a creation in version 1."""

    ad_group_id: str
    existing: _ExistingDetails | None = msgspec.field(default=None, name="existingCampaignDetails")
    new: _NewDetails | None = msgspec.field(default=None, name="newCampaignDetails")


def in_version_2(request: Request) -> Request:
    """The same call in version 2; one that has it already stays as it is."""
    if request.media_type in (TARGETS_V2, GROUPS_V2):
        return request
    if request.path == GROUPS.path:
        return replace(request, media_type=GROUPS_V2, body=_group_in_version_2(request.body))
    asked = msgspec.json.decode(request.body, type=_Targets)
    items = []
    for item in asked.targets:
        form, text, match = _V2_FORMS[item.expression_type]
        bid = {"bid": item.bid} if bytes(item.bid) else {}
        items.append({form: {text: item.target, "matchType": match, **bid}})
    body = {"targetPromotionGroupId": asked.target_promotion_group_id, "targets": items}
    return replace(request, media_type=TARGETS_V2, body=msgspec.json.encode(body).decode())


def _group_in_version_2(body: str) -> str:
    """Amounts stay as they are written."""
    asked = msgspec.json.decode(body, type=_Group)
    said: dict[str, object] = {"adGroupId": asked.ad_group_id}
    if asked.existing is not None:
        parts = [*asked.existing.keyword_campaign_ad_group_ids, *asked.existing.product_campaign_ad_group_ids]
        said["targetPromotionGroupName"] = f"Harvester {asked.ad_group_id}"
        said["existingCampaignDetails"] = [{"adGroupId": part} for part in dict.fromkeys(parts)]
    elif asked.new is not None:
        new, name = asked.new, f"{asked.new.name_prefix} {asked.ad_group_id}"
        bidding = {"dynamicBidding": new.dynamic_bidding} if bytes(new.dynamic_bidding) else {}
        said["targetPromotionGroupName"] = name
        said["newCampaignDetails"] = [
            {
                "campaignName": f"{name} {word}",
                "budget": new.budget,
                "adGroups": [{"adGroupName": word, "defaultBid": new.default_bid, "targetingTypes": [targeting]}],
                **bidding,
            }
            for targeting, word in _TARGETING.items()
        ]
    return msgspec.json.encode(said).decode()


def targets_asked(request: Request) -> list[tuple[str, str]]:
    """Target and expression type (version 2: match type) of each item, in order."""
    body = msgspec.json.decode(request.body)
    if body["targetPromotionGroupId"].startswith("{"):
        raise ValueError(f"{request.path}: the {body['targetPromotionGroupId']} does not exist yet")
    said = body["targets"]
    if request.media_type != TARGETS_V2:
        return [(item["target"], item["expressionType"]) for item in said]
    forms = [next(iter(item.values())) for item in said]
    return [(form.get("keyword") or form["target"], form["matchType"]) for form in forms]


def read_targets(body: bytes, request: Request) -> list[ItemOutcome]:
    """One outcome per target, in the order of the request. Raises Unreadable for a body that is no such answer."""
    said, asked = decoded(body), targets_asked(request)
    if not has_results(said):
        raise Unreadable("it does not say what came of any target")
    return _read_v2(said, len(asked)) if request.media_type == TARGETS_V2 else _read_v1(said, asked)


def _read_v1(said: Mapping[str, Any], asked: Sequence[tuple[str, str]]) -> list[ItemOutcome]:
    """Told apart by target and expression type, compared folded; the guide's sample leaves the latter out.

    Where that fits several items of the call, all of them are Unsure.
    """
    same: dict[str, list[int]] = defaultdict(list)
    for at, (target, _) in enumerate(asked):
        same[fold(target)].append(at)

    def places(entry: Mapping[str, Any]) -> list[int]:
        target, match = entry.get("target"), words(entry.get("expressionType")).upper()
        match = _GUIDE_SPELLING.get(match, match)
        found = same.get(fold(target), []) if isinstance(target, str) else []
        return [at for at in found if asked[at][1] == match] if match in _V2_FORMS else found

    said_of: dict[int, list[ItemOutcome]] = defaultdict(list)
    made = [(entry, _made(entry.get("targetDetails"))) for entry in array(said, "success")]
    failed = [
        (entry, outcome_of(complaints_of(entry.get("errors")), _CREATION)) for entry in array(said, "errors", "error")
    ]
    for entry, outcome in [*made, *failed]:
        fitting = places(entry)
        for at in fitting:
            said_of[at].append(outcome if len(fitting) == 1 else _AMBIGUOUS)
    return [single(said_of[at]) for at in range(len(asked))]


def _made(details: object) -> Made:
    said = details if isinstance(details, dict) else {}
    return Made(id_of(said.get("targetId")) or id_of(said.get("keywordId")))


def _read_v2(said: Mapping[str, Any], count: int) -> list[ItemOutcome]:
    made = [Entry(position(entry), "", _always(_made_in_v2(entry))) for entry in array(said, "success")]
    failed = [
        Entry(position(entry), "", _always(_failed_in_v2(array(entry, "subErrors"))))
        for entry in array(said, "error", "errors")
    ]
    return settled([*made, *failed], [_CREATION] * count)


def _always(outcome: ItemOutcome) -> Callable[[Asked], ItemOutcome]:
    return lambda _: outcome


def _made_in_v2(entry: Mapping[str, Any]) -> Made:
    details = entry.get("targetDetails")
    forms = details.values() if isinstance(details, dict) else ()
    return _made(next((form for form in forms if isinstance(form, dict)), details))


def _failed_in_v2(errors: Sequence[Mapping[str, Any]]) -> ItemOutcome:
    """Codes are free texts here: only what they say in so many words counts."""
    said = [(words(error.get("errorCode")), words(error.get("errorMessage"))) for error in errors]
    said = [(code, message) for code, message in said if code or message]
    if not said:
        return Unsure("the answer lists it among the errors, and names none")
    if any("DUPLICATE" in code.upper() for code, _ in said):
        return Made("")
    lasting = [(code, message) for code, message in said if "THROTTL" not in code.upper()]
    if not lasting:
        return NotSent(f"Amazon throttled this item: {said[0][1] or said[0][0]}")
    return TurnedDown(lasting[0][0], "; ".join(message or code for code, message in lasting))


def read_group(body: bytes) -> list[ItemOutcome]:
    """The group; its parts are its keyword and its product ad group, as far as it has them. Raises Unreadable."""
    said = decoded(body)
    group = said.get("targetPromotionGroup", said) if isinstance(said, dict) else None
    if not isinstance(group, dict) or not group.keys() & _GROUP_FIELDS:
        raise Unreadable("it holds no promotion group")
    parts = [_first_id(group.get(name)) for name in _PART_FIELDS]
    parts += [id_of(part.get("adGroupId")) for part in array(group, "destinationAdGroups")]
    return [Made(id_of(group.get("targetPromotionGroupId")), tuple(filter(None, parts)))]


def _first_id(values: object) -> str:
    return next(filter(None, map(id_of, values if isinstance(values, list) else ())), "")


def says_group_exists(code: str, text: str) -> bool:
    """Whether the refusal of a whole group says clearly that this very group is there; a name in use does not."""
    said = f"{code} {text}"
    return any(mark in said for mark in _SAYS_DUPLICATE) and not any(mark in said for mark in _OF_SOMETHING_ELSE)
