"""Rules that narrow suggested categories down: the targets, the question to Amazon, the verdict and the items."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from harvester.domain.action import ActionState
from harvester.domain.catalog import CatalogItem
from harvester.domain.category import CategoryTarget, Range, whole_key_of
from harvester.domain.category_tree import Narrowed, ProductCount
from harvester.domain.decision import DecidedRow, Decision, Outcome, Reason
from harvester.domain.reach import Reached, as_suggested, noted, suggested_count, targets_of
from harvester.domain.target import Match
from harvester.rules.compiling import rule_check
from harvester.rules.evaluate import compile_rules
from harvester.rules.explain import long, short
from harvester.rules.file_tests import run_tests
from harvester.rules.planner import fold
from harvester.rules.refining import Lack, Refine, refined
from harvester.rules.ruleset import RuleSet
from tests.unit.rules.builders import GERMANY, JAPAN, PROFILE, account, ground, judged, profile_rules, ruleset
from tests.unit.rules.test_category_suggestions import DIRECT, KEY, NOTE, suggested, wish

COUNT = ProductCount(600, 900)
STARS: Mapping[str, Any] = {"rating": {"at_most": 3}}
WEAK = "CATEGORY=289668 RATING=0-3"


def rule(
    refine: Mapping[str, Any] | None = None, when: Mapping[str, Any] | None = None, name: str = "weak"
) -> dict[str, Any]:
    promote = {} if refine is None else {"refine": refine}
    said: dict[str, Any] = {"name": name, "match": {"source": "categories"}, "then": {"promote": promote}}
    return said if when is None else {**said, "when": when}


def made(refine: Mapping[str, Any], profile: Any = PROFILE, **prices: str) -> Any:
    items = {asin: CatalogItem(asin, list_price=price, currency=profile.currency) for asin, price in prices.items()}
    return refined(Refine.model_validate(refine), "1", profile, ["A", "B"], items)


@pytest.mark.parametrize(
    ("refine", "target", "asked"),
    [
        (STARS, CategoryTarget("1", rating=Range(Decimal(0), Decimal(3))), Narrowed("1", rating=(0, 3))),
        (
            {"rating": {"at_least": 4}, "prime": True},
            CategoryTarget("1", rating=Range(Decimal(4), Decimal(5)), prime=True),
            Narrowed("1", rating=(4, 5), prime=True),
        ),
        (
            {"price": {"at_least": {"USD": 10}, "at_most": {"USD": 20}}, "genres": ["7"]},
            CategoryTarget("1", genre="7", price=Range(Decimal(10), Decimal(20))),
            Narrowed("1", genres=("7",), price=(Decimal(10), Decimal(20))),
        ),
        (
            {"price": {"at_most": {"USD": 20}}},
            CategoryTarget("1", price=Range(most=Decimal(20))),
            Narrowed("1", price=(None, Decimal(20))),
        ),
    ],
)
def test_what_a_rule_narrows_down_to_is_what_is_counted(
    refine: Mapping[str, Any], target: CategoryTarget, asked: Narrowed
) -> None:
    """The target that would be made and the question how many products it has say the same."""
    found = made(refine)

    assert (found.targets, found.together) == ((target,), asked)


def test_of_several_brands_each_becomes_a_target_and_all_are_counted_together() -> None:
    """Amazon's expression takes one of each kind."""
    found = made({"brands": ["8", "9"], "age_ranges": ["1"]})

    assert [each.key for each in found.targets] == ["CATEGORY=1 BRAND=8 AGE_RANGE=1", "CATEGORY=1 BRAND=9 AGE_RANGE=1"]
    assert found.together == Narrowed("1", brands=("8", "9"), age_ranges=("1",))


@pytest.mark.parametrize(
    ("ratio", "profile", "price"),
    [
        ({"at_least": 1}, PROFILE, (Decimal("20.00"), None)),
        ({"at_most": 1}, PROFILE, (None, Decimal("12.00"))),
        ({"at_least": 0.5, "at_most": 1}, PROFILE, (Decimal("10.00"), Decimal("12.00"))),
        ({"at_least": 1.03}, JAPAN, (Decimal(21), None)),
        ({"at_least": 1.0333}, replace(PROFILE, country="XX"), (Decimal("20.67"), None)),
    ],
)
def test_prices_are_compared_with_the_dearest_and_the_cheapest_of_ours(
    ratio: Mapping[str, float], profile: Any, price: object
) -> None:
    """Over ours means over all of ours, under ours under all of them; in steps of the currency."""
    assert made({"price_ratio": ratio}, profile, A="12", B="20").together.price == price


@pytest.mark.parametrize(
    ("refine", "profile", "prices", "lack"),
    [
        ({"price": {"at_least": {"USD": 10}}}, GERMANY, {}, Lack("refine.no_currency", "EUR")),
        ({"price_ratio": {"at_least": 1}}, PROFILE, {"A": "12"}, Lack("refine.no_price", "B", "1")),
        ({"price_ratio": {"at_least": 1}}, PROFILE, {"A": "12", "B": "0"}, Lack("refine.no_price", "B", "1")),
        ({"price_ratio": {"at_least": 1}}, PROFILE, {"A": "12", "B": ""}, Lack("refine.no_price", "B", "1")),
        (
            {"price_ratio": {"at_least": 1, "at_most": 1.2}},
            PROFILE,
            {"A": "12", "B": "20"},
            Lack("refine.nothing_left", "20.00", "14.40"),
        ),
    ],
)
def test_what_a_refinement_needs_and_nobody_knows_is_named(
    refine: Mapping[str, Any], profile: Any, prices: Mapping[str, str], lack: Lack
) -> None:
    """A price that is missing is no price of nothing."""
    assert made(refine, profile, **prices) == lack


def test_without_advertised_products_there_is_no_price_to_compare_with() -> None:
    """An empty list has no dearest product."""
    refine = Refine.model_validate({"price_ratio": {"at_least": 1}})

    assert refined(refine, "1", PROFILE, [], {}) == Lack("refine.no_price", "the advertised product", "0")


def judge(rules: RuleSet, **reached: Reached) -> Decision:
    return judged(rules, msgspec.structs.replace(suggested(), reached=reached or None))


def weak(products: ProductCount | None = COUNT) -> Reached:
    return Reached((CategoryTarget("289668", rating=Range(Decimal(0), Decimal(3))),), products)


@pytest.mark.parametrize(
    ("when", "outcome"),
    [
        ({"products": {"at_least": 600}}, Outcome.PROMOTE),
        ({"products": {"at_least": 601}}, Outcome.HOLD),
        ({"products": {"at_most": 900}}, Outcome.PROMOTE),
        ({"products": {"at_most": 899}}, Outcome.HOLD),
        ({"all": [{"products": {"at_least": 500, "at_most": 20000}}]}, Outcome.PROMOTE),
        ({"not": {"products": {"at_most": 500}}}, Outcome.PROMOTE),
        ({"any": [{"products": {"at_most": 5}}, {"products": {"at_least": 5}}]}, Outcome.PROMOTE),
    ],
)
def test_the_end_of_the_count_that_is_harder_to_pass_counts(when: Mapping[str, Any], outcome: Outcome) -> None:
    """At least 500 means surely 500, at most 20,000 surely no more."""
    assert judge(ruleset(rule(STARS, when)), weak=weak()).outcome is outcome


def test_a_category_waits_for_its_count_and_for_what_its_rule_makes_of_it() -> None:
    """Before anybody asked, and where Amazon does not say, it is held; a later rule is not asked in its stead."""
    counted = ruleset(rule(STARS, {"products": {"at_least": 5}}), rule(name="whole"))

    before, unsaid = judge(counted), judge(counted, weak=weak(None))
    lacking = judge(counted, weak=Reached(lacks=("refine.no_price", "B", "1")))

    assert [(each.outcome, each.reason, each.rule) for each in (before, unsaid, lacking)] == [
        (Outcome.HOLD, Reason.MISSING_FACTS, "weak")
    ] * 3
    assert short(before, None, None) == "its products have not been counted"
    assert short(unsaid, None, None) == "Amazon did not say how many products it has"
    assert "does not say what B costs" in short(lacking, None, None)
    assert "cannot tell products at least 5" in "\n".join(long(before, None, None))


def test_a_rule_that_only_refines_needs_no_count_but_its_targets() -> None:
    """What it reaches is told when Amazon says it."""
    rules = ruleset(rule(STARS))

    assert judge(rules).reason == Reason.MISSING_FACTS
    decision = judge(rules, weak=weak(None))
    assert decision.outcome is Outcome.PROMOTE
    assert f"  is refined to {WEAK}" in long(decision, None, None)


def test_several_targets_are_all_in_the_findings() -> None:
    """The first by name, the others by number."""
    reached = Reached((CategoryTarget("1", "8"), CategoryTarget("1", "9")), COUNT)

    told = long(judge(ruleset(rule({"brands": ["8", "9"]})), weak=reached), None, None)

    assert "  is refined to CATEGORY=1 BRAND=8 and 1 more targets" in told


def test_a_count_that_fails_one_rule_leaves_it_to_the_next() -> None:
    """Each rule counts what it would make."""
    rules = ruleset(rule(STARS, {"products": {"at_least": 5000}}), rule({"prime": True}, name="prime"))

    waits = judge(rules, weak=weak())
    decided = judge(rules, weak=weak(), prime=Reached((CategoryTarget("289668", prime=True),), COUNT))

    assert (waits.reason, waits.rule) == (Reason.MISSING_FACTS, "prime")
    assert (decided.outcome, decided.rule) == (Outcome.PROMOTE, "prime")


def test_what_stands_as_refined_is_not_made_again() -> None:
    """The whole category is another target than a part of it."""
    rules = ruleset(rule({"brands": ["8", "9"]}))
    both = Reached((CategoryTarget("289668", "8"), CategoryTarget("289668", "9")), COUNT)

    def standing(*keys: str) -> Decision:
        there = {(key, Match.SAME): "402" for key in keys}
        candidate = suggested(ground(destination=DIRECT, standing=there))
        return judged(rules, msgspec.structs.replace(candidate, reached={"weak": both}))

    assert standing(KEY).outcome is Outcome.PROMOTE
    assert standing("CATEGORY=289668 BRAND=8").outcome is Outcome.PROMOTE
    closed = standing("CATEGORY=289668 BRAND=8", "CATEGORY=289668 BRAND=9")
    assert closed.reason == Reason.ALREADY_TARGETED


def planned(reached: Reached, rules: Any, **standing: str) -> list[Any]:
    row: DecidedRow = msgspec.structs.replace(wish(), rule="weak", evidence_note=noted(NOTE, reached))
    there = {(key, Match.SAME): place for key, place in standing.items()}
    return fold([row], {("200", ""): ground(destination=DIRECT, standing=there)}, rules)


def test_an_item_says_what_it_is_narrowed_down_to_and_what_that_reaches() -> None:
    """To the byte what is sent, with the count of the products that are left."""
    reached = msgspec.structs.replace(
        weak(),
        targets=(
            CategoryTarget(
                "289668", "8", "1", "2", Range(Decimal("12.5"), Decimal(20)), Range(Decimal(0), Decimal(3)), True
            ),
        ),
    )

    (item,) = planned(reached, profile_rules(rule(STARS)))

    assert item.key == "CATEGORY=289668 BRAND=8 AGE_RANGE=1 GENRE=2 PRICE=12.5-20 RATING=0-3 PRIME"
    assert item.key in item.effect
    assert '{"type":"ASIN_REVIEW_RATING_BETWEEN","value":"0-3"}' in item.fragment
    assert item.note == (
        "Suggested by Amazon: reaches 600 to 900 products of Kitchen > Bakeware, brand 8, age range 1, genre 2, "
        "prices 12.5 to 20, ratings 0 to 3, Prime only."
    )


@pytest.mark.parametrize(
    ("price", "told"), [(Range(Decimal(9)), "prices over 9"), (Range(most=Decimal(9)), "prices under 9")]
)
def test_one_end_of_a_range_is_told_as_what_amazon_makes_of_it(price: Range, told: str) -> None:
    """Greater or less than: the end itself lies outside."""
    (item,) = planned(Reached((CategoryTarget("289668", price=price),)), profile_rules(rule(STARS)))

    assert (
        item.note == f"Suggested by Amazon: Kitchen > Bakeware, {told}; how many products that reaches, it did not say."
    )


def test_several_targets_of_a_category_are_several_items_counted_together() -> None:
    """Those that stand already are left out; when all of them came to stand meanwhile they are held."""
    targets = tuple(CategoryTarget("289668", each) for each in ("7", "8", "9"))
    keys = [each.key for each in targets]
    rules = profile_rules(rule({"brands": ["7", "8", "9"]}))

    some = planned(Reached(targets, COUNT), rules, **{keys[0]: "402"})
    none = planned(Reached(targets, COUNT), rules, **dict.fromkeys(keys, "402"))

    assert [(each.key, each.state) for each in some] == [(key, ActionState.PLANNED) for key in keys[1:]]
    assert "counted together with 2 more targets of this category" in some[0].note
    assert [(each.key, each.state, each.reason) for each in none] == [
        (key, ActionState.HELD, Reason.ALREADY_TARGETED) for key in keys
    ]


def test_what_a_rule_made_is_kept_beside_what_was_suggested() -> None:
    """And can be told from it, so that a row that comes again is known again."""
    kept = noted(NOTE, weak())

    assert as_suggested(kept) == NOTE
    assert as_suggested(None) is None
    assert targets_of("289668", kept) == weak().targets
    assert targets_of(" 289668 ", None) == (CategoryTarget("289668"),)
    assert suggested_count(NOTE) == ProductCount(1200, 1500)
    assert suggested_count(None) is None


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("289668", KEY),
        (WEAK.lower(), KEY),
        ("Bakeware (289668)", KEY),
        ("Bakeware (289668), brand 8, ratings 0 to 3", KEY),
        ("towel (2 pack) blue", None),
        ("bath towel", None),
        ("", None),
    ],
)
def test_a_category_is_asked_about_by_its_id_or_by_a_target_made_of_it(text: str, key: str | None) -> None:
    """What was decided about it stands under the whole category."""
    assert whole_key_of(text) == key


def test_the_same_bound_of_another_part_of_a_category_is_another_check() -> None:
    """So that a rule on one part never hides the one on another."""
    when = {"products": {"at_least": 500}}
    parts = [rule({"rating": {"at_most": 3}}, when, "low"), rule({"rating": {"at_least": 4}}, when, "high")]

    checks = [rule_check(each) for each in ruleset(*parts).rules]

    assert checks[0] != checks[1]


def test_tests_of_a_rules_file_may_give_a_count() -> None:
    """Our products cost 1.00 in them; a count that is not given is not known."""
    rules = ruleset(
        rule({"price_ratio": {"at_least": 1, "at_most": 2}}, {"products": {"at_least": 500}}),
        tests=[
            {"name": "enough", "given": {"source": "categories", "products": 600}, "expect": "promote"},
            {"name": "few", "given": {"source": "categories", "products": 60}, "expect": "hold"},
            {"name": "unknown", "given": {"source": "categories"}, "expect": "hold", "reason": "missing_facts"},
        ],
    )
    foreign = ruleset(
        rule({"price": {"at_least": {"EUR": 1}}}),
        tests=[{"name": "dollars", "given": {"source": "categories"}, "expect": "hold", "reason": "missing_facts"}],
    )

    assert all(each.passed for each in [*run_tests(rules), *run_tests(foreign)])


def test_whether_prices_of_ours_are_needed_is_told() -> None:
    """Without a rule that compares, nobody looks them up."""
    assert compile_rules(ruleset(rule({"price_ratio": {"at_least": 1}})), PROFILE).on_prices
    assert not compile_rules(ruleset(rule(STARS, {"products": {"at_least": 5}}), rule(name="whole")), PROFILE).on_prices
    assert not compile_rules(ruleset(rule(STARS, {"products": {"at_least": 5}})), PROFILE).on_catalog


def test_the_account_of_another_rule_is_no_account() -> None:
    """A whole category needs no look at all."""
    assert judged(ruleset(rule()), suggested(ground(account(), destination=DIRECT))).outcome is Outcome.PROMOTE
