"""Rows that suggest and have no evidence: which rules look at them, and what becomes of them."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec
import pytest

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.candidate import Candidate, Destination, Ground, Place
from harvester.domain.decision import DecidedRow, Outcome, Reason
from harvester.domain.profile import AdGroup, Campaign
from harvester.domain.recommendation import PRODUCTS, Recommendation
from harvester.domain.target import Match, TargetKind
from harvester.rules.evaluate import compile_rules
from harvester.rules.explain import long, short
from harvester.rules.file_tests import run_tests
from harvester.rules.fragments import with_bid
from harvester.rules.planner import GroupsInUse, fold
from harvester.rules.requests import requests
from harvester.rules.ruleset import RuleSet
from tests.unit.rules import builders
from tests.unit.rules.builders import NEGATE, PROMOTE, decided, ground, judged, profile_rules, ruleset

SIMILAR, COMPLEMENTS = "Similar items (frequently viewed together)", "Complements"
SUGGEST: Mapping[str, object] = {"name": "suggest", "match": {"source": "products"}, "then": {"promote": {}}}
INTO = Place(
    Campaign("302", "Products", "MANUAL", "ENABLED"), AdGroup("402", "302", "ASINs", "ENABLED", default_bid="0.60")
)
DIRECT = Destination(None, None, INTO, None, ("keywords need a group",), direct=True)


def rule(match: Mapping[str, object] | None = None, **changes: object) -> dict[str, object]:
    return {**SUGGEST, "match": {"source": "products", **(match or {})}, **changes}


def suggested(
    asin: str = "B0SUGGEST1",
    *themes: str,
    on: Ground | None = None,
    asked_for: tuple[str, ...] = ("B0ADVERT01", "B0ADVERT02"),
) -> Candidate:
    note = msgspec.json.encode({"themes": themes}).decode()
    row = Recommendation(PRODUCTS, "100", "200", "", "", asin, "PRODUCT", None, None, note, themes, asked_for)
    return Candidate(row, on or ground(), TargetKind.PRODUCT, asin)


def wish(place: int = 0, note: str | None = '{"themes":["Complements"]}', **changes: object) -> DecidedRow:
    row = decided(place, target="B0SUGGEST1", target_type="PRODUCT", clicks=None, conversions=None, rule="suggest")
    return msgspec.structs.replace(row, ad_id="", source=PRODUCTS, evidence_note=note, **changes)


def test_a_suggestion_needs_no_evidence():
    """Nothing is asked where a rule has no `when`; a promotion without evidence stays unreadable."""
    rules = ruleset(PROMOTE, SUGGEST)

    decision = judged(rules, suggested())

    assert (decision.outcome, decision.reason, decision.findings) == (Outcome.PROMOTE, "suggest", "[]")
    assert short(decision, None, None) == "promote, by rule suggest"
    assert long(decision, None, None) == ["promote: rule suggest."]
    unreadable = judged(rules, builders.candidate("B0SUGGEST1", None, None, target_type="ASIN"))
    assert unreadable.reason == Reason.UNREADABLE_EVIDENCE


def test_each_rule_looks_at_its_own_source():
    """A rule on promotions never decides about a suggestion, nor the other way round."""
    assert judged(ruleset(PROMOTE), suggested()).reason == Reason.OUT_OF_SCOPE
    assert judged(ruleset(SUGGEST), builders.candidate()).reason == Reason.OUT_OF_SCOPE
    assert judged(ruleset(SUGGEST), builders.candidate("B0SUGGEST1", target_type="ASIN")).reason == Reason.OUT_OF_SCOPE


@pytest.mark.parametrize(
    ("match", "covered"),
    [
        ({"themes": ["similar*"]}, True),
        ({"themes": ["Top*", "COMPLEMENTS"]}, True),
        ({"themes": ["Similar"]}, False),
        ({"themes": ["Top*"]}, False),
        ({"asins": ["B0ADVERT02"]}, True),
        ({"asins": ["B0ADVERT03"]}, False),
        ({"ad_groups": ["Towels"]}, True),
        ({"campaigns": ["Research*"]}, False),
    ],
)
def test_rules_scope_by_theme_and_by_what_was_asked_for(match: dict[str, object], covered: bool):
    """One of several themes, one of several advertised products is enough."""
    decision = judged(ruleset(rule(match=match)), suggested("B0SUGGEST1", SIMILAR, COMPLEMENTS))

    assert decision.outcome is (Outcome.PROMOTE if covered else Outcome.SKIP)


def test_the_same_place_is_met_anew_under_another_theme():
    """What was found out for one theme is not remembered for the next."""
    rules, on = ruleset(rule(match={"themes": ["Compl*"]})), ground()
    judge = compile_rules(rules, builders.PROFILE)

    decisions = [
        judge.judge(suggested(f"B00000000{at}", theme, on=on)) for at, theme in enumerate((SIMILAR, COMPLEMENTS))
    ]

    assert [decision.outcome for decision in decisions] == [Outcome.SKIP, Outcome.PROMOTE]


def test_what_stands_in_the_way_is_told_without_anything_before_it():
    """The only finding of a rule that asks nothing."""
    on = ground(standing={("B0SUGGEST1", Match.SAME): "401"})

    decision = judged(ruleset(SUGGEST), suggested(on=on))

    assert decision.reason == Reason.ALREADY_TARGETED
    assert len(msgspec.json.decode(decision.findings)) == 1


def test_a_narrower_rule_after_a_wider_one_is_found():
    """Of one source only, and theme by theme."""
    with pytest.raises(AssertionError, match="can never decide"):
        ruleset(SUGGEST, rule(name="narrow", match={"themes": [COMPLEMENTS]}))
    with pytest.raises(AssertionError, match="can never decide"):
        ruleset(rule(match={"themes": ["S*"]}), rule(name="narrow", match={"themes": ["Similar*"]}))
    reachable = ruleset(
        rule(match={"themes": ["Similar*"]}), rule(name="wide"), {**PROMOTE, "when": {"clicks": {"at_least": 0}}}
    )
    assert len(reachable.rules) == 3


def test_it_becomes_a_target_of_its_group_or_without_one_of_the_ad_group():
    """Through the promotion group where the source has one; else the item names the ad group, and waits for nothing."""
    rules = profile_rules(SUGGEST)

    (through,) = fold([wish()], {("200", ""): ground()}, rules)
    (direct,) = fold([wish()], {("200", ""): ground(destination=DIRECT)}, rules)

    assert (through.kind, through.group_id, through.ad_group_id) == (ActionKind.PROMOTE_PRODUCT, "g1", "401")
    assert (direct.kind, direct.group_id, direct.ad_group_id) == (ActionKind.TARGET_PRODUCT, "", "402")
    assert direct.fragment == (
        '{"campaignId":"302","adGroupId":"402","expression":[{"type":"ASIN_SAME_AS","value":"B0SUGGEST1"}],'
        '"expressionType":"MANUAL","state":"ENABLED","bid":0.60}'
    )
    assert direct.note == "Suggested by Amazon: Complements."
    assert (direct.clicks, direct.conversions, direct.state) == (None, None, ActionState.PLANNED)
    assert direct.effect == "promote_product|402|same|B0SUGGEST1"
    groups = GroupsInUse()
    groups.add([direct])
    assert groups.items({}) == []


@pytest.mark.parametrize("note", [None, "{}", '{"themes":[]}'])
def test_a_suggestion_without_a_theme_says_so(note: str | None):
    """An answer may name none."""
    (item,) = fold([wish(note=note)], {("200", ""): ground()}, profile_rules(SUGGEST))

    assert item.note == "Suggested by Amazon, without a theme."


def test_a_promotion_leads_where_both_sources_name_a_product():
    """One item, with the evidence and the rule of what sold."""
    proven = decided(1, target="B0SUGGEST1", target_type="ASIN")
    grounds = {("200", ""): ground(), ("200", "1"): ground()}

    (item,) = fold([wish(), proven], grounds, profile_rules(PROMOTE, SUGGEST))

    assert (item.rule, item.clicks, item.places) == ("promote", 12, (1, 0))
    assert item.note == ""


@pytest.mark.parametrize(("taken_up", "state"), [(False, ActionState.PLANNED), (True, ActionState.HELD)])
def test_a_suggestion_that_is_not_taken_up_saves_no_loser(taken_up: bool, state: ActionState):
    """It proves nothing; one that a rule would promote contradicts, and a person decides."""
    loser = decided(0, Outcome.NEGATE, target="B0SUGGEST1", target_type="ASIN", clicks=60, conversions=0)
    outcome = Outcome.PROMOTE if taken_up else Outcome.SKIP
    grounds = {("200", ""): ground(), ("200", "1"): ground()}

    items = fold([loser, wish(1, outcome=outcome)], grounds, profile_rules(NEGATE, SUGGEST))

    (negative,) = [item for item in items if item.kind is ActionKind.NEGATE_PRODUCT]
    assert negative.state is state


def test_another_bid_changes_nothing_but_the_bid():
    """The expression stays byte for byte; so does a category's."""
    (direct,) = fold([wish()], {("200", ""): ground(destination=DIRECT)}, profile_rules(SUGGEST))

    edited = with_bid(direct, Decimal("1.10"))

    assert edited.fragment == direct.fragment.replace("0.60", "1.10")


def test_what_needs_no_group_shares_no_call_with_what_does():
    """Targets of ad groups are one call, whatever their source; targets that are paused are another."""
    (direct,) = fold([wish()], {("200", ""): ground(destination=DIRECT)}, profile_rules(SUGGEST))
    (through,) = fold([wish()], {("200", ""): ground()}, profile_rules(SUGGEST))
    paused = builders.item(ActionKind.PAUSE_TARGET, fragment='{"targetId":"7","state":"PAUSED"}')

    made = [(each.method, each.path) for each in requests(zip("abc", (direct, through, paused), strict=True))]  # type: ignore[arg-type]  # ids are texts

    assert made == [("POST", "/sp/targets"), ("POST", "/sp/targetPromotionGroups/targets"), ("PUT", "/sp/targets")]


def test_keys_that_came_later_are_in_the_fingerprint_where_they_say_something():
    """And only there: rules without them are the same rules as before."""
    plain, themed = ruleset(SUGGEST), ruleset(rule(match={"themes": ["x"]}))
    by_theme = ruleset(SUGGEST, suggestions={"products": {"by": "theme", "most": 50}})

    assert len({each.fingerprint for each in (plain, themed, by_theme)}) == 3
    assert "themes" not in plain.text
    assert "suggestions" not in RuleSet().text
    assert by_theme.for_profile(builders.PROFILE.profile_id).suggestions.products.most == 50


def test_the_files_own_tests_may_be_about_suggestions():
    """A product without evidence, with a theme and what it was suggested for."""
    given = {"source": "products", "themes": [COMPLEMENTS], "asin": "B0ADVERT01"}
    rules = ruleset(
        rule(match={"themes": ["Compl*"], "asins": ["B0ADVERT01"]}),
        tests=[
            {"name": "a", "given": given, "expect": "promote", "rule": "suggest"},
            {"name": "b", "given": {**given, "asin": "B0ADVERT02"}, "expect": "skip"},
            {"name": "c", "given": {**given, "target_type": "product", "themes": []}, "expect": "skip"},
        ],
    )

    assert [each.passed for each in run_tests(rules)] == [True, True, True]


def test_a_rule_for_other_themes_just_misses():
    """Whoever narrowed a rule down by theme sees what it left out."""
    decision = judged(ruleset(rule({"themes": ["Similar *"]})), suggested("B0SUGGEST1", COMPLEMENTS))

    assert short(decision, None, None) == "rule suggest just misses it: its `themes` do not name “Complements”"
