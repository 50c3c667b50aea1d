"""Which items want a bid that Amazon suggests, in which calls, and what becomes of its answer."""

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import msgspec
import pytest

from harvester.domain.bid import (
    AdGroupToCome,
    BidTarget,
    NoSuggestion,
    StandingAdGroup,
    Suggested,
    SuggestedBids,
    Suggestion,
)
from harvester.domain.candidate import Destination, EffectStanding, Ground, NewGroup
from harvester.domain.category import CategoryTarget
from harvester.domain.decision import Outcome
from harvester.domain.ids import Effect
from harvester.domain.plan import PlannedAction
from harvester.domain.reach import Reached, noted
from harvester.domain.target import Match, TargetKind
from harvester.rules import suggestions
from harvester.rules.bids import starting_bid
from harvester.rules.groups import group_for
from harvester.rules.planner import fold
from harvester.rules.suggestions import BidQuestions, Suggestions
from tests.unit.rules.builders import (
    DESTINATION,
    GERMANY,
    JAPAN,
    NEGATE,
    PROFILE,
    PROMOTE,
    SOURCE,
    account,
    blocked,
    candidate,
    decided,
    ground,
    judged,
    profile_rules,
    ruleset,
)
from tests.unit.rules.test_category_suggestions import DIRECT, NOTE, wish

BIDS = SuggestedBids(Decimal("0.61"), Decimal("0.84"), Decimal("1.10"))
NONE = NoSuggestion("it was asleep")
NEW = NewGroup(3, {}, makes_campaigns=True, default_bid="0.75", strategy="MANUAL")
NEW_GROUND = ground(destination=Destination(None, None, None, NEW))
STANDING = StandingAdGroup("300", "400")


def promoting(**bid: object) -> dict[str, object]:
    return {**PROMOTE, "then": {"promote": {"bid": bid}}}


ASKING = profile_rules(promoting(suggested="middle", factor=0.9), NEGATE)


@pytest.mark.parametrize(
    ("bid", "said", "profile", "formula"),
    [
        ({"suggested": "low"}, BIDS, PROFILE, "suggested low 0.61 USD (0.61 to 1.10) → 0.61 USD"),
        (
            {"suggested": "middle", "factor": 0.9, "fixed": {"USD": 9}}, BIDS, PROFILE,
            "suggested middle 0.84 USD (0.61 to 1.10) × 0.9 = 0.76 → 0.76 USD",
        ),
        (
            {"suggested": "high", "ceiling": {"USD": 1}}, BIDS, PROFILE,
            "suggested high 1.10 USD (0.61 to 1.10), ceiling 1.00 → 1.00 USD",
        ),
        (
            {"suggested": "low", "floor": {"USD": 0.7}}, BIDS, PROFILE,
            "suggested low 0.61 USD (0.61 to 1.10), floor 0.70 → 0.70 USD",
        ),
        (
            {"suggested": "middle", "factor": 0.9}, SuggestedBids(Decimal(90), Decimal(120), Decimal("150.5")), JAPAN,
            "suggested middle 120 JPY (90 to 150.5) × 0.9 = 108 → 108 JPY",
        ),
        (
            {"suggested": "middle", "factor": 2, "fixed": {"USD": 0.5}}, NONE, PROFILE,
            "no suggestion, fixed 0.50 USD × 2 = 1.00 → 1.00 USD",
        ),
        (
            {"suggested": "middle", "fixed": {"USD": 0.5}, "ad_group_default": True}, NONE, PROFILE,
            "no suggestion, fixed 0.50 USD → 0.50 USD",
        ),
        (
            {"suggested": "middle", "fixed": {"USD": 0.5}, "ad_group_default": True}, NONE, GERMANY,
            "no suggestion, ad group default 0.75 EUR → 0.75 EUR",
        ),
        ({"fixed": {"USD": 0.5}, "ad_group_default": True}, None, GERMANY, "ad group default 0.75 EUR → 0.75 EUR"),
        ({"suggested": "low"}, NONE, PROFILE, None),
        ({"suggested": "low", "ad_group_default": False}, NONE, PROFILE, None),
        ({"suggested": "low", "fixed": {"EUR": 1}}, NONE, PROFILE, None),
        ({"suggested": "low", "fixed": {"EUR": 1}}, None, PROFILE, None),
        ({"suggested": "low", "ceiling": {"USD": 0.01}}, BIDS, PROFILE, None),
    ],
)  # fmt: skip
def test_bases_are_taken_in_their_order(bid, said: Suggestion | None, profile, formula: str | None):
    """Suggested, fixed, the ad group's default: the first that is named and gives a bid; none: no bid."""
    rules = profile_rules(promoting(**bid))
    promote = rules.rules[0].then.promote
    assert promote is not None

    made = starting_bid(promote.bid, DESTINATION, TargetKind.KEYWORD, profile, rules, said)

    assert (made.formula if made else None) == formula
    if made is not None:
        assert made.default_bid == ("0.75" if "default" in made.formula else "")


def test_three_bids_have_three_names():
    """Low, middle and high."""
    assert [BIDS.at(each) for each in Suggested] == [BIDS.low, BIDS.middle, BIDS.high]


@pytest.mark.parametrize(("bid", "outcome"), [({"suggested": "low"}, "promote"), ({"fixed": {"EUR": 1}}, "hold")])
def test_a_rule_that_asks_is_not_held_before_it_has_asked(bid, outcome: str):
    """Whether there is a bid is known only once the plan's items are."""
    assert judged(ruleset(promoting(**bid)), candidate()).outcome == outcome


def folded(*said: tuple[str, Suggestion], on: Ground | None = None, otherwise: NoSuggestion | None = None):
    """One item, with what Amazon said about its effect."""
    grounds = {("200", "1"): on or ground()}
    (item,) = fold([decided(0)], grounds, ASKING)
    known = {Effect(item.effect if effect == "it" else effect): each for effect, each in said}
    (again,) = fold([decided(0)], grounds, ASKING, Suggestions(known, otherwise))
    return item, again


def test_an_item_is_held_until_its_suggestion_comes_and_planned_with_it():
    """Its bid, formula and fragment are those of the suggestion; nothing of the ad group's default is looked at later."""
    before, after = folded(("it", BIDS))

    assert (before.state, before.reason, before.fragment) == ("held", "no_bid", "")
    assert (after.state, after.reason, after.bid, after.note) == ("planned", "", "0.76", "")
    assert after.bid_formula == "suggested middle 0.84 USD (0.61 to 1.10) × 0.9 = 0.76 → 0.76 USD"
    assert after.fragment == '{"target":"bath towel","expressionType":"QUERY_EXACT_MATCHES","bid":0.76}'
    assert after.seen == ""
    assert before.effect == after.effect


@pytest.mark.parametrize(
    ("said", "otherwise", "note"),
    [
        (NONE, None, "Amazon suggested no bid: it was asleep. The rule names no other base"),
        (None, suggestions.TOO_MANY, "Amazon suggested no bid: this plan wants more than 10,000"),
        (None, None, "The rule names no other base that gives a bid in this currency."),
    ],
)
def test_without_a_suggestion_and_another_base_it_is_held_and_says_why(said, otherwise, note: str):
    """What Amazon said, and what the rule lacks."""
    _, item = folded(*([("it", said)] if said else []), otherwise=otherwise)

    assert (item.state, item.reason, item.bid) == ("held", "no_bid", None)
    assert note in item.note


def test_a_ceiling_under_the_lowest_bid_is_told_as_such():
    """Amazon suggested one, so it is not to blame."""
    rules = profile_rules(promoting(suggested="low", ceiling={"USD": 0.01}))
    (before,) = fold([decided(0)], {("200", "1"): ground()}, rules)
    (item,) = fold([decided(0)], {("200", "1"): ground()}, rules, Suggestions({before.effect: BIDS}))

    assert (item.state, item.reason) == ("held", "no_bid")
    assert "ceiling is under the lowest bid" in item.note


def asked(items: Sequence[PlannedAction], *grounds: Ground) -> BidQuestions:
    questions = BidQuestions(ASKING)
    questions.add(items, {("200", str(ad)): on for ad, on in enumerate(grounds or (ground(),), start=1)})
    return questions


def planned(*targets: str, on: Ground | None = None, ad_id: str = "1", asin: str = "B0ADVERT01", kind: str = "KEYWORD"):
    rows = [
        [replace_asin(decided(place, target=target, ad_id=ad_id, target_type=kind), asin)]
        for place, target in enumerate(targets)
    ]
    return [item for each in rows for item in fold(each, {("200", ad_id): on or ground()}, ASKING)]


def replace_asin(row, asin: str):
    fields = {name: getattr(row, name) for name in row.__struct_fields__}
    return type(row)(**{**fields, "ad_asin": asin})


def test_items_of_one_ad_group_share_calls_of_a_hundred():
    """Each distinct item once, however often it comes."""
    items = planned(*(f"towel {number}" for number in range(250)))
    questions = asked(items)
    questions.add(items, {("200", "1"): ground()})
    batches = list(questions.batches())

    assert [len(batch.wanted) for batch in batches] == [100, 100, 50]
    assert {batch.place for batch in batches} == {STANDING}
    assert [target for batch in batches for target in batch.wanted] == [
        BidTarget(Match.EXACT, f"towel {number}") for number in range(250)
    ]
    assert len(questions) == 250
    assert questions.unanswerable() == {}


def test_keywords_and_products_are_asked_for_where_they_go():
    """Each at its own ad group of the destination."""
    questions = asked([*planned("towel"), *planned("B000000001", kind="ASIN")])

    assert [(batch.place, list(batch.wanted)) for batch in questions.batches()] == [
        (STANDING, [BidTarget(Match.EXACT, "towel")]),
        (StandingAdGroup("301", "401"), [BidTarget(Match.SAME, "B000000001")]),
    ]


def test_of_an_ad_group_to_come_its_products_and_strategy_are_named():
    """There is no id yet; products of all its ads that the plan knows, each once."""
    items = [
        *planned("towel", on=NEW_GROUND), *planned("robe", on=NEW_GROUND, ad_id="2", asin="b0advert02"),
        *planned("rug", on=NEW_GROUND, ad_id="2", asin="B0ADVERT02"),
    ]  # fmt: skip
    (batch,) = asked(items, NEW_GROUND, NEW_GROUND).batches()

    assert batch.place == AdGroupToCome(("B0ADVERT01", "B0ADVERT02"), "MANUAL")
    assert [target.text for target in batch.wanted] == ["towel", "robe", "rug"]


def test_an_ad_group_to_come_whose_products_nobody_knows_is_not_asked_about():
    """Amazon would refuse the call; the item says what is missing."""
    items = planned("towel", on=NEW_GROUND, asin="")
    questions = asked(items, NEW_GROUND)

    assert list(questions.batches()) == []
    assert questions.unanswerable() == {
        items[0].effect: NoSuggestion("which products the new ad group will advertise is not known yet")
    }


def test_nothing_is_asked_for_what_will_not_be_sent_anyway():
    """Items held for another reason, negatives, and rules that do not ask."""
    (standing,) = planned("towel")
    waiting = ground(account(effects={standing.effect: blocked(EffectStanding.PLANNED)}))
    rows = [decided(0, Outcome.NEGATE, target="rug", clicks=50, conversions=0)]
    items = [*planned("towel", on=waiting), *fold(rows, {("200", "1"): ground()}, ASKING)]
    other = BidQuestions(profile_rules(PROMOTE))
    other.add(planned("towel"), {("200", "1"): ground()})

    assert [item.reason for item in items] == ["already_planned", ""]
    assert len(asked(items)) == 0
    assert len(other) == 0


def test_a_plan_asks_for_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch):
    """Memory and the night both have an end."""
    monkeypatch.setattr(suggestions, "MOST_ASKED", 2)
    questions = asked(planned("towel", "robe"))
    enough = questions.too_many

    questions.add(planned("rug", "towel"), {("200", "1"): ground()})

    assert (enough, questions.too_many, len(questions)) == (False, True, 2)


def test_what_a_new_group_will_bid_by_comes_from_the_rules_file():
    """The strategy of its entry."""
    rules = profile_rules(
        PROMOTE,
        groups=[
            {
                "create": {
                    "new": {
                        "name_prefix": "H",
                        "daily_budget": {"USD": 9},
                        "default_bid": {"USD": 1},
                        "strategy": "MANUAL",
                    }
                }
            }
        ],
    )
    made = group_for(rules, SOURCE, replace(PROFILE))

    assert isinstance(made, NewGroup)
    assert made.strategy == "MANUAL"


def test_parts_of_a_category_share_what_is_suggested_for_all_of_it():
    """No bids are suggested for parts; the formula says whose they are."""
    asks = {"bid": {"suggested": "middle"}, "refine": {"brands": ["8", "9"]}}
    rules = profile_rules({"name": "weak", "match": {"source": "categories"}, "then": {"promote": asks}})
    made = noted(NOTE, Reached((CategoryTarget("289668", "8"), CategoryTarget("289668", "9"))))
    row = msgspec.structs.replace(wish(), rule="weak", evidence_note=made)
    grounds = {("200", ""): ground(destination=DIRECT)}
    questions = BidQuestions(rules)
    questions.add(fold([row], grounds, rules), grounds)

    (batch,) = questions.batches()
    ((target, effects),) = batch.wanted.items()
    bids = SuggestedBids(Decimal("0.5"), Decimal("0.6"), Decimal("0.7"))
    items = fold([row], grounds, rules, Suggestions(dict.fromkeys(effects, bids)))

    assert target == BidTarget(Match.SAME, "289668", category=True)
    assert [item.bid_formula for item in items] == [
        "suggested middle for the whole category 0.60 USD (0.50 to 0.70) → 0.60 USD"
    ] * 2
