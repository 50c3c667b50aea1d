"""Suggested categories: which rules look at them, what stands in their way, and the items that they become."""

from collections.abc import Mapping

import msgspec
import pytest

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.candidate import Candidate, Destination, Ground, NewGroup, Place
from harvester.domain.decision import DecidedRow, Outcome, Reason
from harvester.domain.profile import AdGroup, Campaign
from harvester.domain.recommendation import CATEGORIES, PROMOTION, Recommendation
from harvester.domain.target import Match, TargetKind
from harvester.rules.explain import short
from harvester.rules.explain_category import suggested_category
from harvester.rules.planner import GroupsInUse, fold
from harvester.rules.ruleset import RuleSet
from tests.unit.rules.builders import PROMOTE, decided, ground, judged, profile_rules, ruleset

KEY = "CATEGORY=289668"
FITTING: Mapping[str, object] = {"name": "fitting", "match": {"source": "categories"}, "then": {"promote": {}}}
NOTE = '{"name":"Bakeware","path":"/Kitchen/Bakeware","products":{"least":1200,"most":1500}}'
INTO = Place(
    Campaign("302", "Products", "MANUAL", "ENABLED"), AdGroup("402", "302", "ASINs", "ENABLED", default_bid="0.60")
)
DIRECT = Destination(None, None, INTO, None, (), direct=True)
GROUP = Destination("77", None, INTO)
TO_COME = Destination(None, None, None, NewGroup(None, {}, makes_campaigns=True, default_bid="0.60"))


def suggested(on: Ground | None = None, source: str = CATEGORIES, category: str = "289668") -> Candidate:
    row = Recommendation(source, "100", "200", "", "", category, "CATEGORY", None, None, NOTE, (), ("B0ADVERT01",))
    return Candidate(row, on or ground(destination=DIRECT), TargetKind.CATEGORY, f"CATEGORY={category.upper()}")


def wish() -> DecidedRow:
    row = decided(0, target="289668", target_type="CATEGORY", clicks=None, conversions=None, rule="fitting")
    return msgspec.structs.replace(row, ad_id="", key=KEY, source=CATEGORIES, evidence_note=NOTE)


def test_only_rules_on_categories_look_at_them():
    """Neither a keyword's rule nor a product's does; a promotion that says it is a category is of no known type."""
    products = {**FITTING, "name": "products", "match": {"source": "products"}}

    assert judged(ruleset(PROMOTE, products, FITTING), suggested()).rule == "fitting"
    assert judged(ruleset(PROMOTE, products), suggested()).reason == Reason.OUT_OF_SCOPE
    assert judged(ruleset(PROMOTE, FITTING), suggested(source=PROMOTION)).reason == Reason.UNSUPPORTED_TYPE


@pytest.mark.parametrize("category", ["", "12 BRAND=9", "12-3", "\N{DUCK}", "x" * 41])
def test_a_category_without_an_id_is_none(category: str):
    """What it would be compared by might be another category's, narrowed down."""
    decision = judged(ruleset(FITTING), suggested(category=category))

    assert (decision.outcome, decision.reason) == (Outcome.SKIP, Reason.MALFORMED)
    assert short(decision, None, None) == f"`{category[:80]}` is no id of a category"


def test_a_protected_word_is_not_found_in_the_id_of_a_category():
    """The key that categories are compared by is no text of a shopper's."""
    rules = RuleSet.model_validate({"protect": {"keywords": ["category", "/289/"]}, "rules": [FITTING]})

    assert judged(rules, suggested()).outcome is Outcome.PROMOTE


@pytest.mark.parametrize(
    ("on", "outcome", "reason"),
    [
        (ground(destination=DIRECT), Outcome.PROMOTE, "fitting"),
        (ground(destination=GROUP), Outcome.PROMOTE, "fitting"),
        (ground(destination=TO_COME), Outcome.HOLD, Reason.NO_DESTINATION),
        (ground(destination=DIRECT, standing={(KEY, Match.SAME): "402"}), Outcome.SKIP, Reason.ALREADY_TARGETED),
        (ground(destination=DIRECT, standing={("289668", Match.SAME): "402"}), Outcome.PROMOTE, "fitting"),
    ],
    ids=["without a group", "with a group", "group to come", "stands", "a product of that name stands"],
)
def test_a_category_needs_an_ad_group_that_is_there(on: Ground, outcome: Outcome, reason: str):
    """A promotion group that a plan makes takes keywords and products only."""
    decision = judged(ruleset(FITTING), suggested(on))

    assert (decision.outcome, decision.reason) == (outcome, reason)


@pytest.mark.parametrize("destination", [DIRECT, GROUP], ids=["without a group", "with a group"])
def test_its_item_is_a_category_target_of_the_ad_group_itself(destination: Destination):
    """No promotion group makes it, and none is made for it."""
    rules, on = profile_rules(FITTING), ground(destination=destination)
    grounds = {("200", ""): on}

    (item,) = fold([wish()], grounds, rules)

    assert (item.kind, item.state, item.key) == (ActionKind.TARGET_CATEGORY, ActionState.PLANNED, KEY)
    assert (item.ad_group_id, item.group_id, item.match) == ("402", "", Match.SAME)
    fragment = msgspec.json.decode(item.fragment)
    assert fragment["expression"] == [{"type": "ASIN_CATEGORY_SAME_AS", "value": "289668"}]
    assert item.note == "Suggested by Amazon: reaches 1,200 to 1,500 products of Kitchen > Bakeware."
    groups = GroupsInUse()
    groups.add([item])
    assert groups.items(grounds) == []


@pytest.mark.parametrize(
    ("note", "told"),
    [
        ('{"name":"Bakeware","products":{"least":3,"most":3}}', "reaches 3 products of Bakeware."),
        ('{"name":"Bakeware"}', "Bakeware; how many products that reaches, it did not say."),
        (None, "a category without a name; how many products that reaches, it did not say."),
    ],
)
def test_what_amazon_did_not_say_is_not_made_up(note: str | None, told: str):
    """A count that is missing is missing, not zero."""
    assert suggested_category(note, "CATEGORY=1") == f"Suggested by Amazon: {told}"
