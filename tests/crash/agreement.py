"""Holds the account against the ledger: every entity, every call, every byte."""

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.crash.books import Books, Row

Entity = dict[str, Any]
State = Mapping[str, Any]
"""One profile of the sandbox's state."""
Name = tuple[str, str]
"""Kind of entity, as the state calls it, and id."""

IDS = {
    "campaigns": "campaignId",
    "adGroups": "adGroupId",
    "productAds": "adId",
    "keywords": "keywordId",
    "targets": "targetId",
    "negativeKeywords": "keywordId",
    "negativeTargets": "targetId",
    "campaignNegativeKeywords": "keywordId",
    "campaignNegativeTargets": "targetId",
    "groups": "targetPromotionGroupId",
    "groupTargets": "linkId",
}
_ENVELOPES = {
    "/sp/targetPromotionGroups": ("", ""),
    "/sp/targetPromotionGroups/targets": ('{"targetPromotionGroupId":"%s","targets":[', "]}"),
    "/sp/negativeKeywords": ('{"negativeKeywords":[', "]}"),
    "/sp/negativeTargets": ('{"negativeTargetingClauses":[', "]}"),
    "/sp/campaignNegativeKeywords": ('{"campaignNegativeKeywords":[', "]}"),
    "/sp/campaignNegativeTargets": ('{"campaignNegativeTargetingClauses":[', "]}"),
    "/sp/keywords": ('{"keywords":[', "]}"),
    "/sp/targets": ('{"targetingClauses":[', "]}"),
    "/sp/campaigns": ('{"campaigns":[', "]}"),
    "/sp/negativeKeywords/delete": ('{"negativeKeywordIdFilter":{"include":[', "]}}"),
    "/sp/negativeTargets/delete": ('{"negativeTargetIdFilter":{"include":[', "]}}"),
    "/sp/campaignNegativeKeywords/delete": ('{"campaignNegativeKeywordIdFilter":{"include":[', "]}}"),
    "/sp/campaignNegativeTargets/delete": ('{"campaignNegativeTargetIdFilter":{"include":[', "]}}"),
}
"""What stands around the items of each changing call."""
CHANGES = list(_ENVELOPES)
"""Paths of the calls that change an account; none of them reads."""
_PATHS = {
    ("create_group", None): "/sp/targetPromotionGroups",
    ("promote_keyword", None): "/sp/targetPromotionGroups/targets",
    ("promote_product", None): "/sp/targetPromotionGroups/targets",
    ("target_category", None): "/sp/targets",
    ("negate_keyword", "ad_group"): "/sp/negativeKeywords",
    ("negate_product", "ad_group"): "/sp/negativeTargets",
    ("negate_brand", "ad_group"): "/sp/negativeTargets",
    ("negate_brand", "campaign"): "/sp/campaignNegativeTargets",
    ("negate_keyword", "campaign"): "/sp/campaignNegativeKeywords",
    ("negate_product", "campaign"): "/sp/campaignNegativeTargets",
    ("pause_keyword", None): "/sp/keywords",
    ("pause_target", None): "/sp/targets",
    ("pause_campaign", None): "/sp/campaigns",
    ("archive_negative_keyword", "ad_group"): "/sp/negativeKeywords/delete",
    ("archive_negative_product", "ad_group"): "/sp/negativeTargets/delete",
    ("archive_negative_brand", "ad_group"): "/sp/negativeTargets/delete",
    ("archive_negative_brand", "campaign"): "/sp/campaignNegativeTargets/delete",
    ("archive_negative_keyword", "campaign"): "/sp/campaignNegativeKeywords/delete",
    ("archive_negative_product", "campaign"): "/sp/campaignNegativeTargets/delete",
}
_MADE = {
    ("promote_keyword", None): "keywords",
    ("promote_product", None): "targets",
    ("target_category", None): "targets",
    ("negate_keyword", "ad_group"): "negativeKeywords",
    ("negate_product", "ad_group"): "negativeTargets",
    ("negate_keyword", "campaign"): "campaignNegativeKeywords",
    ("negate_product", "campaign"): "campaignNegativeTargets",
    ("negate_brand", "ad_group"): "negativeTargets",
    ("negate_brand", "campaign"): "campaignNegativeTargets",
    ("create_group", None): "groups",
}
_MATCHES = {
    "QUERY_BROAD_MATCHES": "BROAD",
    "QUERY_PHRASE_MATCHES": "PHRASE",
    "QUERY_EXACT_MATCHES": "EXACT",
}
_FINAL = {"done", "refused", "stale", "undone", "declined", "superseded", "planned", "guarded", "held"}
_PROVES_NOTHING_DONE = {401, 429}


@dataclass(frozen=True, kw_only=True)
class Round:
    """What a round may leave behind.

    `deaths`: processes that ended without a farewell; each had one call under way and one
    answer not recorded yet, at most. `people`: entities that
    persons made or changed meanwhile. `waiting`: items that may still be approved. `again`: a second request for the
    same thing is no mistake, because Amazon lied or hid it.
    """

    deaths: int = 0
    people: Collection[Name] = ()
    waiting: Collection[str] = ()
    again: bool = False


@dataclass
class Agreement:
    """Sentences about what does not agree; none, and all is well."""

    first: State
    """As the account was before anything was ever sent."""
    now: State
    requests: Sequence[Mapping[str, Any]]
    books: Books
    allowed: Round
    wrong: list[str] = field(default_factory=list)

    def demand(self) -> None:
        self._check_states()
        self._check_entities()
        self._check_calls()
        self._check_answers()
        self.wrong += self.books.damage
        assert not self.wrong, "\n".join(self.wrong)

    def _check_states(self) -> None:
        for action in self.books.actions.values():
            what = f"{action['action_id']} ({action['kind']} {action['target']!r})"
            state, told = action["state"], action["error_message"]
            blocked = state == "unknown" and action["reason"] == "already_there"
            if state not in _FINAL and not blocked and action["action_id"] not in self.allowed.waiting:
                self.wrong.append(f"{what} is {state}: {told}")
            if state in ("refused", "stale") and not told:
                self.wrong.append(f"{what} is {state} and nobody says why")
            if state in ("done", "undone") and not (action["amazon_id"] and action["settled_at"]):
                self.wrong.append(f"{what} is {state} without an id or a time")
            approved = self.books.approved.get(action["action_id"])
            if approved is not None and approved != action["fragment"]:
                self.wrong.append(f"{what} was approved as {approved}, and is {action['fragment']}")

    def _check_entities(self) -> None:
        claims: dict[Name, str] = {}
        for action in self.books.actions.values():
            if action["state"] not in ("done", "undone") or action["undoes"] is not None:
                continue
            for name, expected in self._expected(action):
                if name in claims:
                    self.wrong.append(f"{name} belongs to {claims[name]} and to {action['action_id']}")
                claims[name] = action["action_id"]
                self._compare(action, name, expected)
        known = {*_names(self.first), *self.allowed.people}
        for name in _names(self.now) - known - claims.keys():
            self.wrong.append(f"{name} was made and belongs to nothing: {_find(self.now, name)}")
        for name in claims.keys() & known - {*self.allowed.people}:
            self.wrong.append(f"{claims[name]} claims {name}, which stood before")
        for kind, key in _DOUBLES.items():
            counted = Counter(key(each) for each in self.now[kind] if each["state"] != "ARCHIVED")
            self.wrong += [f"{count} of {kind} are the same: {same}" for same, count in counted.items() if count > 1]

    def _compare(self, action: Row, name: Name, expected: Entity) -> None:
        entity = _find(self.now, name)
        if entity is None:
            self.wrong.append(f"{action['action_id']} is {action['state']}, and there is no {name}")
            return
        if name in self.allowed.people:
            return
        different = {key: (value, entity.get(key)) for key, value in expected.items() if entity.get(key) != value}
        if different:
            self.wrong.append(f"{action['action_id']} is {action['state']}, {name} is otherwise: {different}")

    def _expected(self, action: Row) -> Iterator[tuple[Name, Entity]]:
        fragment = json.loads(action["fragment"], parse_float=Decimal)
        kind = _MADE[action["kind"], action["level"]]
        name = (kind, action["amazon_id"])
        stopped = self.books.taken_back(action)
        state = {"state": ("ARCHIVED" if kind.casefold().count("negative") else "PAUSED") if stopped else "ENABLED"}
        if kind == "groups":
            yield from self._expected_group(action, fragment)
        elif action["kind"] == "target_category":
            yield name, {**fragment, "bid": float(fragment["bid"]), **state}
        elif kind in ("keywords", "targets"):
            group = _find(self.now, ("groups", action["group_id"])) or {}
            bid = {"bid": float(fragment["bid"]), **state}
            if kind == "keywords":
                match = _MATCHES[fragment["expressionType"]]
                text = {"keywordText": fragment["target"], "matchType": match, "adGroupId": group.get("keyword")}
            else:
                parts = [{"type": fragment["expressionType"], "value": fragment["target"]}]
                text = {"expression": parts, "adGroupId": group.get("product")}
            yield name, {**text, **bid}
            for link in self.now["groupTargets"]:
                if link["entity"] == action["amazon_id"] and link["kind"] + "s" == kind:
                    yield ("groupTargets", link["linkId"]), {"group": action["group_id"]}
        else:
            yield name, {**fragment, **state}

    def _expected_group(self, action: Row, fragment: Entity) -> Iterator[tuple[Name, Entity]]:
        """A group of new campaigns brings two of them, each with an ad group and the source's ads."""
        existing, new = fragment.get("existingCampaignDetails"), fragment.get("newCampaignDetails")
        wanted: Entity = {"source": fragment["adGroupId"]}
        if existing:
            wanted["keyword"] = existing.get("keywordCampaignAdGroupIds", [None])[0]
            wanted["product"] = existing.get("productCampaignAdGroupIds", [None])[0]
        yield ("groups", action["amazon_id"]), wanted
        group = _find(self.now, ("groups", action["amazon_id"]))
        if not new or not group:
            return
        stopped = self.books.taken_back(action)
        for ad_group_id in (group["keyword"], group["product"]):
            ad_group = _find(self.now, ("adGroups", ad_group_id))
            if ad_group is None:
                self.wrong.append(f"{action['action_id']}: its group leads to {ad_group_id}, which is not there")
                continue
            yield ("adGroups", ad_group_id), {"defaultBid": float(new["defaultBid"])}
            campaign = {"state": "PAUSED" if stopped else "ENABLED", "targetingType": "MANUAL"}
            yield ("campaigns", ad_group["campaignId"]), campaign
            for ad in self.now["productAds"]:
                if ad["adGroupId"] == ad_group_id:
                    yield ("productAds", ad["adId"]), {"campaignId": ad_group["campaignId"]}

    def _check_calls(self) -> None:
        """Both ways, byte for byte: what was recorded was sent as approved, and what arrived was recorded."""
        arrived = Counter(_call(each) for each in self.requests if is_change(each))
        certain, lost = Counter[tuple[str, str, str]](), Counter[tuple[str, str, str]]()
        for call in self.books.calls:
            sent = (call["method"], call["path"], call["request_body"])
            (lost if call["status"] is None else certain)[sent] += 1
            carried = self.books.carried.get(call["call_id"], [])
            if carried:
                self._compare_body(call["call_id"], carried, sent)
            elif call["status"] not in _PROVES_NOTHING_DONE:
                self.wrong.append(f"call {call['call_id']} {sent} carries no action")
        for sent, more in (certain - arrived).items():
            self.wrong.append(f"recorded with an answer, {more} times more often than it arrived: {sent}")
        unrecorded = arrived - certain - lost
        announced = Counter(
            self._envelope(carried)
            for call_id, carried in self.books.carried.items()
            if call_id not in self.books.recorded
        )
        proven = Counter(_call(each) for each in self.requests if each["status"] in _PROVES_NOTHING_DONE)
        dark = {sent: count for sent, count in (unrecorded - announced).items() if count > proven[sent]}
        self.wrong += [f"arrived {count} times without any record: {sent}" for sent, count in dark.items()]
        if sum((unrecorded & announced).values()) > 2 * self.allowed.deaths:
            self.wrong.append(f"more calls without a record than processes died: {unrecorded}")

    def _compare_body(self, call_id: str, carried: Sequence[str], sent: tuple[str, str, str]) -> None:
        expected = self._envelope(carried)
        if sent != expected:
            self.wrong.append(f"call {call_id} is not what was approved: {sent}, not {expected}")

    def _envelope(self, carried: Sequence[str]) -> tuple[str, str, str]:
        actions = [self.books.actions[action_id] for action_id in carried]
        path = _PATHS[actions[0]["kind"], None if actions[0]["kind"].startswith("p") else actions[0]["level"]]
        head, tail = _ENVELOPES[path]
        head = head.replace("%s", actions[0]["group_id"] or "")
        method = "PUT" if actions[0]["kind"].startswith("pause") else "POST"
        return method, path, head + ",".join(action["fragment"] for action in actions) + tail

    def _check_answers(self) -> None:
        """What Amazon did, whether or not its answer came through: nothing was ever asked for again once it was done."""
        if self.allowed.again:
            return
        done = Counter[tuple[str, str, str]]()
        for request in filter(is_change, self.requests):
            text = json.dumps(request["answer"])
            if "duplicateValueError" in text or "is the same already" in text:
                self.wrong.append(f"asked for what was there: {request['path']} {request['raw']} {text}")
            for item in _successes(request["answer"]):
                done[request["method"], request["path"], item] += 1
        self.wrong += [f"done {count} times: {item}" for item, count in done.items() if count > 1]


_DOUBLES: Mapping[str, Callable[[Entity], object]] = {
    "campaigns": lambda each: each["name"],
    "keywords": lambda each: (each["adGroupId"], " ".join(each["keywordText"].casefold().split()), each["matchType"]),
    "targets": lambda each: (each["adGroupId"], json.dumps(each["expression"])),
    "negativeKeywords": lambda each: (each["adGroupId"], each["keywordText"].casefold(), each["matchType"]),
    "negativeTargets": lambda each: (each["adGroupId"], json.dumps(each["expression"])),
    "campaignNegativeKeywords": lambda each: (each["campaignId"], each["keywordText"].casefold(), each["matchType"]),
    "campaignNegativeTargets": lambda each: (each["campaignId"], json.dumps(each["expression"])),
}


def is_change(request: Mapping[str, Any]) -> bool:
    return request["path"] in _ENVELOPES


def _call(request: Mapping[str, Any]) -> tuple[str, str, str]:
    return request["method"], request["path"], request["raw"]


def _names(state: State) -> set[Name]:
    return {(kind, entity[own_id]) for kind, own_id in IDS.items() for entity in state[kind]}


def _find(state: State, name: Name) -> Entity | None:
    kind, wanted = name
    return next((entity for entity in state[kind] if entity[IDS[kind]] == wanted), None)


def _successes(answer: Any) -> Iterator[str]:
    """The ids of what one call made, stopped or lifted."""
    if not isinstance(answer, dict):
        return
    if isinstance(group := answer.get("targetPromotionGroup"), dict):
        yield group["targetPromotionGroupId"]
    results = [answer, *(value for value in answer.values() if isinstance(value, dict))]
    for entry in (entry for result in results for entry in result.get("success", ())):
        found = defaultdict(str, entry.get("targetDetails") or entry)
        yield found["targetId"] or json.dumps({key: value for key, value in entry.items() if key != "index"})
