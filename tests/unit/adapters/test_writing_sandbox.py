"""What the writer says became of each item is what the pretend account shows, whatever happens on the way."""

import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.adapters.ads import group_replies
from harvester.adapters.ads.client import AmazonLogin
from harvester.domain.action import ActionKind
from harvester.domain.ids import ActionId, PlanId, ProfileId
from harvester.domain.outcome import Made, NotSent, Reply, TurnedDown, Unsure
from harvester.domain.plan import PlannedAction
from harvester.domain.profile import Profile, Region
from harvester.domain.target import Level, Match
from harvester.rules.fragments import compact, group_target, negative_keyword, negative_product
from harvester.rules.requests import Request, requests
from harvester.sandbox.fault_rules import load_rules
from harvester.sandbox.sandbox import Sandbox
from harvester.sandbox.serving import running
from harvester.sandbox.settings import Options
from harvester.sandbox.state import state_of
from tests.unit.adapters.logged_in import logged_in
from tests.unit.adapters.loopback import FakeTime, Log
from tests.unit.rules.builders import item

Fact = tuple[str, ...]
ENTITIES = ("keywords", "targets", "negativeKeywords", "negativeTargets", "campaignNegativeKeywords",
            "campaignNegativeTargets")  # fmt: skip
BID = Decimal("0.75")


@dataclass
class Market:
    """A running sandbox with one profile, a login that writes to it, and what both know afterwards."""

    sandbox: Sandbox
    login: AmazonLogin
    profile: Profile
    log: Log
    time: FakeTime

    def state(self) -> Any:
        return state_of(self.sandbox.world, None)["profiles"][self.profile.profile_id]

    def faults(self, *rules: dict[str, Any]) -> None:
        self.sandbox.faults.replace(load_rules(json.dumps(list(rules)).encode()))

    def seen(self, request: Request) -> list[Any]:
        return self.sandbox.journal.select(0, {"path": request.path, "method": request.method})

    async def send(self, request: Request) -> Reply:
        return await self.login.writer(self.profile).send(request, PlanId("p1"), open_gate)


async def open_gate() -> None:
    """Lets everything pass."""


@asynccontextmanager
async def market(*faults: dict[str, Any], timeout_seconds: float = 20.0, **options: Any) -> AsyncIterator[Market]:
    async with running(Options(port=0, profiles=1, recommendations=20, **options)) as started:
        sandbox, time, log = started.sandbox, FakeTime(), Log()
        async with logged_in(started, log, time, timeout_seconds=timeout_seconds) as login:
            (profile_id,) = sandbox.world.profiles
            profile = Profile(ProfileId(profile_id), "shop", Region.NA, "US", "USD", "UTC", "seller", "Shop")
            opened = Market(sandbox, login, profile, log, time)
            opened.faults(*faults)
            yield opened


def facts(state: Any) -> dict[Fact, str]:
    """What stands in the account, each with its id: things by where and what they are, and by id and state."""
    found: dict[Fact, str] = {}
    for kind in ENTITIES:
        for body in state[kind]:
            amazon_id = body.get("keywordId") or body["targetId"]
            place = body.get("adGroupId") or body["campaignId"]
            text, match = body.get("keywordText"), body.get("matchType")
            if text is None:
                text, match = body["expression"][0].get("value", ""), body["expression"][0]["type"]
            found[kind, place, text.casefold(), match, body["state"]] = amazon_id
            found[kind, amazon_id, body["state"]] = amazon_id
    for body in state["campaigns"]:
        found["campaigns", body["campaignId"], body["state"]] = body["campaignId"]
    for body in state["groups"]:
        group_id = body["targetPromotionGroupId"]
        found["groups", body["source"], body["name"]] = group_id
        found["groups", body["source"], str(body["keyword"]), str(body["product"])] = group_id
    return found


@dataclass(frozen=True)
class Line:
    """The first product line of the account: one promotion group and what belongs to it."""

    state: Any

    @property
    def group(self) -> Any:
        return self.state["groups"][0]

    def campaign_of(self, ad_group_id: str) -> str:
        found = next(one for one in self.state["adGroups"] if one["adGroupId"] == ad_group_id)
        return str(found["campaignId"])

    def living(self, kind: str, places: int = 99) -> list[Any]:
        """Not archived, nor automatic, nor below something archived."""
        gone = {one["campaignId"] for one in self.state["campaigns"] if one["state"] == "ARCHIVED"}
        return [
            one
            for one in self.state[kind]
            if one["state"] == "ENABLED" and one["campaignId"] not in gone and one.get("expressionType") != "AUTO"
        ][:places]


@dataclass(frozen=True)
class Deed:
    """One call of each kind: its items, and the fact that shows each of them done."""

    name: str
    of: Callable[[Line], Sequence[tuple[PlannedAction, Fact]]]
    creates: bool = True

    def request(self, line: Line) -> Request:
        (request,) = requests((ActionId(f"a{at}"), one) for at, (one, _) in enumerate(self.of(line)))
        return request

    def facts(self, line: Line) -> list[Fact]:
        return [fact for _, fact in self.of(line)]


def promoted(line: Line, text: str, match: Match = Match.EXACT) -> tuple[PlannedAction, Fact]:
    group = line.group
    fragment = group_target(text, match, BID)
    promotion = item(fragment=fragment, group_id=group["targetPromotionGroupId"])
    if match in (Match.SAME, Match.EXPANDED):
        name = {Match.SAME: "ASIN_SAME_AS", Match.EXPANDED: "ASIN_EXPANDED_FROM"}[match]
        return promotion, ("targets", group["product"], text.casefold(), name, "ENABLED")
    return promotion, ("keywords", group["keyword"], text.casefold(), match.upper(), "ENABLED")


def negated(line: Line, text: str, match: Match = Match.EXACT, place: str = "") -> tuple[PlannedAction, Fact]:
    source = line.group["source"]
    fragment = negative_keyword(text, match, line.campaign_of(source), place or source)
    action = item(ActionKind.NEGATE_KEYWORD, level=Level.AD_GROUP, group_id="", fragment=fragment)
    return action, ("negativeKeywords", source, text.casefold(), f"NEGATIVE_{match.upper()}", "ENABLED")


def _existing_group(line: Line) -> list[tuple[PlannedAction, Fact]]:
    """The same source, but only its keyword ad group: another group than the one there is."""
    source, keyword = line.group["source"], line.group["keyword"]
    body = {"adGroupId": source, "existingCampaignDetails": {"keywordCampaignAdGroupIds": [keyword]}}
    action = item(ActionKind.CREATE_GROUP, group_id="", fragment=compact(body))
    return [(action, ("groups", source, keyword, "None"))]


def _new_group(line: Line) -> list[tuple[PlannedAction, Fact]]:
    source = line.group["source"]
    details = {
        "namePrefix": "Harvest",
        "defaultBid": BID,
        "budget": {"budget": Decimal("25.00"), "budgetType": "DAILY"},
        "dynamicBidding": {"strategy": "AUTO_FOR_SALES"},
    }
    action = item(
        ActionKind.CREATE_GROUP, group_id="", fragment=compact({"adGroupId": source, "newCampaignDetails": details})
    )
    return [(action, ("groups", source, "Harvest-TargetPromotionGroup-AutoGenerated"))]


def _campaign_negatives(line: Line) -> list[tuple[PlannedAction, Fact]]:
    campaign = line.campaign_of(line.group["source"])
    fragments = {text: negative_keyword(text, Match.PHRASE, campaign, None) for text in ("one thing", "two things")}
    return [
        (
            item(ActionKind.NEGATE_KEYWORD, level=Level.CAMPAIGN, group_id="", fragment=fragment),
            ("campaignNegativeKeywords", campaign, text, "NEGATIVE_PHRASE", "ENABLED"),
        )
        for text, fragment in fragments.items()
    ]


def _negative_products(line: Line, level: Level) -> list[tuple[PlannedAction, Fact]]:
    source = line.group["source"]
    campaign = line.campaign_of(source)
    ad_group = source if level is Level.AD_GROUP else None
    key = "negativeTargets" if level is Level.AD_GROUP else "campaignNegativeTargets"
    return [
        (
            item(
                ActionKind.NEGATE_PRODUCT,
                level=level,
                group_id="",
                fragment=negative_product(asin, campaign, ad_group),
            ),
            (key, ad_group or campaign, asin.casefold(), "ASIN_SAME_AS", "ENABLED"),
        )
        for asin in ("B0SOMENEW1", "B0SOMENEW2")
    ]


def _paused(line: Line, kind: ActionKind, key: str, field: str) -> list[tuple[PlannedAction, Fact]]:
    return [
        (
            item(kind, group_id="", fragment=compact({field: body[field], "state": "PAUSED"})),
            (key, body[field], "PAUSED"),
        )
        for body in line.living(key, 2)
    ]


def _lifted(line: Line, kind: ActionKind, level: Level, key: str, field: str) -> list[tuple[PlannedAction, Fact]]:
    return [
        (item(kind, level=level, group_id="", fragment=compact(body[field])), (key, body[field], "ARCHIVED"))
        for body in line.living(key, 2)
    ]


_LIFT_KEYWORD, _LIFT_PRODUCT = ActionKind.ARCHIVE_NEGATIVE_KEYWORD, ActionKind.ARCHIVE_NEGATIVE_PRODUCT
DEEDS = [
    Deed("promotions", lambda line: [promoted(line, 'Größe "42" x'), promoted(line, "B0SOMENEW1", Match.SAME),
                                     promoted(line, 'Größe "42" x', Match.PHRASE)]),
    Deed("group of existing ad groups", _existing_group),
    Deed("group of new campaigns", _new_group),
    Deed("negative keywords", lambda line: [negated(line, "one thing"), negated(line, "Two Things", Match.PHRASE)]),
    Deed("negative keywords of a campaign", _campaign_negatives),
    Deed("negative products", lambda line: _negative_products(line, Level.AD_GROUP)),
    Deed("negative products of a campaign", lambda line: _negative_products(line, Level.CAMPAIGN)),
    Deed("paused keywords", lambda line: _paused(line, ActionKind.PAUSE_KEYWORD, "keywords", "keywordId"), False),
    Deed("paused targets", lambda line: _paused(line, ActionKind.PAUSE_TARGET, "targets", "targetId"), False),
    Deed("paused campaigns", lambda line: _paused(line, ActionKind.PAUSE_CAMPAIGN, "campaigns", "campaignId"), False),
    Deed("lifted negative keywords",
         lambda line: _lifted(line, _LIFT_KEYWORD, Level.AD_GROUP, "negativeKeywords", "keywordId"), False),
    Deed("lifted negative keywords of a campaign",
         lambda line: _lifted(line, _LIFT_KEYWORD, Level.CAMPAIGN, "campaignNegativeKeywords", "keywordId"), False),
    Deed("lifted negative products",
         lambda line: _lifted(line, _LIFT_PRODUCT, Level.AD_GROUP, "negativeTargets", "targetId"), False),
    Deed("lifted negative products of a campaign",
         lambda line: _lifted(line, _LIFT_PRODUCT, Level.CAMPAIGN, "campaignNegativeTargets", "targetId"), False),
]  # fmt: skip
EVERY_DEED = pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.name)
ON_WRITES = {"path": "/sp/*"}


async def done(deed: Deed, at: Market) -> Reply:
    """Sends it, and holds its outcomes against the account: all of them made, and told with their ids."""
    line = Line(at.state())
    wanted = deed.facts(line)
    assert wanted
    assert not set(wanted) & facts(at.state()).keys()

    reply = await at.send(deed.request(line))

    assert [outcome.amazon_id for outcome in reply.outcomes if isinstance(outcome, Made)] == [
        facts(at.state())[fact] for fact in wanted
    ]
    assert len(reply.outcomes) == len(wanted)
    return reply


@EVERY_DEED
@pytest.mark.parametrize("dialect", ["spec", "guide"])
async def test_each_deed_is_done_once_and_told_with_its_ids(deed: Deed, dialect: str):
    """One request, to the byte; one call for the outcome's own transaction, none of it in the client's log."""
    async with market(dialect=dialect) as at:
        request = deed.request(Line(at.state()))

        reply = await done(deed, at)

        (seen,) = at.seen(request)
        assert seen["raw"] == request.body
        (call,) = reply.calls
        assert (call.method, call.path, call.plan_id) == (request.method, request.path, "p1")
        assert (call.account, call.profile_id, call.attempt) == ("shop", at.profile.profile_id, 1)
        assert call.status == seen["status"]
        assert call.request_body == request.body
        assert json.loads(call.response_body or "") == seen["answer"]
        assert [logged.path for logged in at.log.calls] == ["/auth/o2/token"]


async def test_a_new_group_brings_its_ad_groups():
    """They are the parts of the outcome, keywords first."""
    async with market() as at:
        deed = next(deed for deed in DEEDS if deed.name == "group of new campaigns")

        reply = await done(deed, at)

        group = at.state()["groups"][-1]
        assert reply.outcomes == (Made(group["targetPromotionGroupId"], (group["keyword"], group["product"])),)


@EVERY_DEED
@pytest.mark.parametrize(
    "action",
    [
        {"drop": "before"},
        {"drop": "after"},
        {"cut": 0.5},
        {"cut": 0.0},
        {"status": 500},
        {"status": 503, "form": "html", "after_work": True},
    ],
    ids=str,
)
async def test_a_lost_reply_is_never_sent_twice(deed: Deed, action: dict[str, Any]):
    """One request is seen, nobody knows what came of any item, and whatever was done was done once."""
    async with market({"match": ON_WRITES, "action": action}) as at:
        line = Line(at.state())
        before, wanted, request = facts(at.state()), set(deed.facts(line)), deed.request(line)

        reply = await at.send(request)

        assert len(at.seen(request)) == 1
        assert all(isinstance(outcome, Unsure) for outcome in reply.outcomes)
        assert len(reply.outcomes) == len(request.action_ids)
        worked = action.get("after_work") or "cut" in action or action.get("drop") == "after"
        added = facts(at.state()).keys() - before.keys()
        assert (wanted <= added) if worked else not added
        (call,) = reply.calls
        assert call.error is not None
        assert call.request_body == request.body


@EVERY_DEED
@pytest.mark.parametrize(
    "rule",
    [
        {"match": {**ON_WRITES, "nth": [1, 2]}, "action": {"status": 429, "headers": {"Retry-After": "7"}}},
        {"match": {**ON_WRITES, "nth": [1, 2]}, "action": {"status": 429, "form": "html"}},
        {"match": {**ON_WRITES, "nth": 1}, "action": {"expire_tokens": True}},
    ],
    ids=["429 with Retry-After", "429 of a proxy", "expired token"],
)
async def test_what_was_proven_undone_is_sent_again(deed: Deed, rule: dict[str, Any]):
    """A 429 and a 401 prove that nothing was done: the same bytes again, every attempt on record."""
    async with market(rule) as at:
        request = deed.request(Line(at.state()))

        reply = await done(deed, at)

        refused = [429, 429] if "status" in rule["action"] else [401]
        assert [call.status for call in reply.calls] == [
            *refused,
            200 if request.path == "/sp/targetPromotionGroups" else 207,
        ]
        assert [call.attempt for call in reply.calls] == list(range(1, len(refused) + 2))
        assert {seen["raw"] for seen in at.seen(request)} == {request.body}
        assert "headers" not in rule["action"] or sum(at.time.slept) >= 14


@EVERY_DEED
async def test_success_under_a_plain_media_type_is_read(deed: Deed):
    """Some answers come as application/json."""
    async with market({"action": {"plain_json": True}}) as at:
        await done(deed, at)


@pytest.mark.parametrize("form", ["json", "message", "html", "text", "empty"])
@pytest.mark.parametrize("status", [400, 403, 404, 406, 415, 422, 501])
@pytest.mark.parametrize("deed", [DEEDS[0], DEEDS[1], DEEDS[3], DEEDS[7], DEEDS[10]], ids=lambda deed: deed.name)
async def test_a_refused_call_turns_every_item_down(deed: Deed, status: int, form: str):
    """Once, with a sentence, and nothing is done."""
    async with market({"match": ON_WRITES, "action": {"status": status, "form": form}}) as at:
        before, request = facts(at.state()), deed.request(Line(at.state()))

        reply = await at.send(request)

        assert len(at.seen(request)) == 1
        assert facts(at.state()) == before
        assert len(reply.outcomes) == len(request.action_ids)
        for outcome in reply.outcomes:
            assert isinstance(outcome, TurnedDown)
            assert outcome.code
            assert f"Amazon answered {status}" in outcome.message


@pytest.mark.parametrize("form", ["json", "message", "html", "text", "empty"])
@pytest.mark.parametrize("status", [500, 502, 503, 504])
async def test_a_failing_server_leaves_doubt_whatever_it_says(status: int, form: str):
    """In no form does a 5xx prove anything."""
    async with market({"match": ON_WRITES, "action": {"status": status, "form": form}}) as at:
        reply = await at.send(DEEDS[0].request(Line(at.state())))

        assert [type(outcome) for outcome in reply.outcomes] == [Unsure] * 3
        assert len(reply.calls) == 1


@pytest.mark.parametrize("after_work", [True, False])
async def test_a_hanging_call_leaves_doubt(after_work: bool):
    """It is given up after its time, and not repeated."""
    hang = {"match": ON_WRITES, "action": {"hang_seconds": 60, "after_work": after_work}}
    async with market(hang, timeout_seconds=0.3) as at:
        line = Line(at.state())

        reply = await at.send(DEEDS[3].request(line))

        assert [type(outcome) for outcome in reply.outcomes] == [Unsure] * 2
        assert "no answer within 0.3 s" in str(reply.outcomes[0])
        assert (set(DEEDS[3].facts(line)) <= facts(at.state()).keys()) is after_work
        assert len(reply.calls) == 1


async def test_throttled_beyond_the_patience_nothing_was_sent():
    """The items may be sent again later."""
    async with market({"match": ON_WRITES, "action": {"status": 429}}) as at:
        before = facts(at.state())

        reply = await at.send(DEEDS[3].request(Line(at.state())))

        assert [type(outcome) for outcome in reply.outcomes] == [NotSent] * 2
        assert {call.status for call in reply.calls} == {429}
        assert len(reply.calls) > 3
        assert facts(at.state()) == before


async def test_a_login_without_the_right_to_edit_is_turned_down():
    """As the account says."""
    async with market() as at:
        request = DEEDS[3].request(Line(at.state()))
        at.sandbox.world.market(at.profile.profile_id).access = "view"

        reply = await at.send(request)

        assert [type(outcome) for outcome in reply.outcomes] == [TurnedDown] * 2
        assert [call.status for call in reply.calls] == [403]


@EVERY_DEED
async def test_doing_it_twice_does_it_once(deed: Deed):
    """What is there already is told without an id, what is stopped already with it; a second group is turned down."""
    async with market() as at:
        line = Line(at.state())
        request = deed.request(line)
        ids = [outcome.amazon_id for outcome in (await done(deed, at)).outcomes if isinstance(outcome, Made)]
        before = facts(at.state())

        reply = await at.send(request)

        assert facts(at.state()) == before
        if deed.name.startswith("group"):
            assert isinstance(reply.outcomes[0], TurnedDown)
        else:
            assert list(reply.outcomes) == ([Made("")] * len(ids) if deed.creates else [Made(each) for each in ids])


@pytest.mark.parametrize("do", ["archive", "forget"])
@pytest.mark.parametrize("deed", [deed for deed in DEEDS if not deed.creates], ids=lambda deed: deed.name)
async def test_what_a_person_took_away_is_stopped(deed: Deed, do: str):
    """Archived or gone without a trace: it runs no more, which is what was wanted."""
    async with market() as at:
        line = Line(at.state())
        request, wanted = deed.request(line), deed.facts(line)
        (key, amazon_id, _) = wanted[0]
        kind = {
            "keywords": "keyword",
            "targets": "target",
            "campaigns": "campaign",
            "negativeKeywords": "negative_keyword",
            "negativeTargets": "negative_target",
            "campaignNegativeKeywords": "campaign_negative_keyword",
            "campaignNegativeTargets": "campaign_negative_target",
        }[key]
        at.faults(
            {"match": ON_WRITES, "action": {"edit": {"do": do, "kind": kind, "id": amazon_id}}},
        )

        reply = await at.send(request)

        assert reply.outcomes == tuple(Made(fact[1]) for fact in wanted)


@pytest.mark.parametrize("answer", ["missing", "throttledError", "internalServerError"])
@pytest.mark.parametrize("deed", [DEEDS[0], DEEDS[3], DEEDS[7], DEEDS[10]], ids=lambda deed: deed.name)
async def test_single_items_fail_alone(deed: Deed, answer: str):
    """The second item's trouble is its own: unknown, to be sent again, or refused for good."""
    fault = {"match": ON_WRITES, "action": {"items": {"answer": answer, "indexes": [1]}}}
    async with market(fault) as at:
        line = Line(at.state())
        wanted = deed.facts(line)

        reply = await at.send(deed.request(line))

        kinds: dict[str, type] = {"missing": Unsure, "throttledError": NotSent, "internalServerError": TurnedDown}
        assert type(reply.outcomes[1]) is kinds[answer]
        assert wanted[1] not in facts(at.state())
        for at_place, outcome in enumerate(reply.outcomes):
            assert at_place == 1 or outcome == Made(facts(at.state())[wanted[at_place]])


async def test_a_refused_bid_tells_its_limits():
    """So that the reviewer knows what would have done."""
    async with market() as at:
        line = Line(at.state())
        fragment = group_target("some words", Match.EXACT, Decimal("0.01"))
        action = item(fragment=fragment, group_id=line.group["targetPromotionGroupId"])

        reply = await at.send(next(iter(requests([(ActionId("a1"), action)]))))

        (outcome,) = reply.outcomes
        assert isinstance(outcome, TurnedDown)
        assert outcome.code == "biddingError/BID_OUT_OF_MARKET_PLACE_RANGE"
        assert "lowerLimit 0.02" in outcome.message
        assert "upperLimit 1000" in outcome.message


async def test_the_promotions_can_be_spoken_in_version_2(monkeypatch: pytest.MonkeyPatch):
    """The same deeds, the same outcomes, through the other version of the call."""
    monkeypatch.setattr(group_replies, "SPOKEN", 2)
    async with market() as at:
        reply = await done(DEEDS[0], at)
        again = await at.send(DEEDS[0].request(Line(at.state())))

        assert "keywordTarget" in (reply.calls[0].request_body or "")
        assert again.outcomes == (Made(""), Made(""), Made(""))


WISHES = st.lists(st.sampled_from(["new", "there", "too long", "nowhere"]), min_size=1, max_size=8)
ITEM_FAULTS = st.none() | st.tuples(
    st.sampled_from([("missing", True), ("missing", False), ("throttledError", False), ("internalServerError", False)]),
    st.sets(st.integers(0, 8), max_size=5),
)


def wished(line: Line, wish: str, at: int, *, promotes: bool) -> tuple[PlannedAction, Fact]:
    """`there` takes what stands at the place already; `nowhere` exists for negatives only."""
    if promotes:
        there = [one["keywordText"] for one in line.living("keywords") if one["adGroupId"] == line.group["keyword"]]
        text, match = (there[1].upper(), Match.EXACT) if wish == "there" else (f"words {at}", Match.EXACT)
        return promoted(line, text if wish != "too long" else f"{at} " * 50, match)
    there = [one["keywordText"] for one in line.living("negativeKeywords")]
    text = {"there": there[0], "too long": f"{at} " * 50}.get(wish, f"words {at}")
    return negated(line, text, place="404" if wish == "nowhere" else "")


@pytest.mark.parametrize("promotes", [True, False], ids=["promotions", "negatives"])
@settings(max_examples=60, deadline=None)
@given(wishes=WISHES, fault=ITEM_FAULTS)
async def test_outcomes_are_what_the_account_shows(promotes: bool, wishes: list[str], fault: Any):
    """Of any mixture of items and troubles: made ones are there under their id, refused and unsent ones are not."""
    async with market() as at:
        line = Line(at.state())
        if promotes:
            wishes = [wish for at_place, wish in enumerate(wishes) if wish != "there" or wishes.index(wish) == at_place]
        pairs = [wished(line, wish, place, promotes=promotes) for place, wish in enumerate(wishes)]
        (request,) = requests((ActionId(f"a{place}"), one) for place, (one, _) in enumerate(pairs))
        hit: set[int] = set()
        if fault is not None:
            (answer, is_done), hit = fault
            at.faults(
                {"match": ON_WRITES, "action": {"items": {"answer": answer, "indexes": sorted(hit), "done": is_done}}}
            )
        before = facts(at.state())

        reply = await at.send(request)

        now = facts(at.state())
        assert len(reply.outcomes) == len(pairs)
        for place, ((_, fact), outcome) in enumerate(zip(pairs, reply.outcomes, strict=True)):
            if isinstance(outcome, Made):
                assert fact in now
                assert outcome.amazon_id in ("", now[fact])
                assert (outcome.amazon_id == "") == (fact in before)
            elif isinstance(outcome, Unsure):
                assert place in hit
            else:
                assert fact not in now or fact in before
                assert place in hit or wishes[place] in ("too long", "nowhere")
