"""Checks of catalog facts: what each sees, and what is held because nobody knows."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from harvester.domain.catalog import CatalogItem, Category, SalesRank
from harvester.domain.decision import Decision, Outcome, Reason
from harvester.rules.evaluate import compile_rules
from harvester.rules.explain import long, short
from harvester.rules.margin import missing
from tests.unit.rules.builders import PROFILE, account, candidate, ground, judged, ruleset

TARGET, OURS = "B00TARGET1", "B0ADVERT01"
PATH = (Category("1", "Electronics"), Category("2", "Television & Video"), Category("3", "Televisions"))
TV = CatalogItem(
    TARGET,
    title="A television",
    brand="Bolt",
    category=PATH[-1],
    path=PATH,
    ranks=(SalesRank("Electronics", 700), SalesRank("Electronics too", 650), SalesRank("Televisions", 9, "3")),
    parents=("B0PARENT01",),
    list_price="80",
    currency="USD",
)
MINE = CatalogItem(OURS, brand="Acme", category=PATH[-1], path=PATH, list_price="100.00", currency="USD")
PARENT = CatalogItem("B0PARENT01", children=(TARGET, "B0SIBLING1"))


def changed(item: CatalogItem, **fields: Any) -> CatalogItem:
    return msgspec.structs.replace(item, **fields)


def decided(
    condition: dict[str, Any],
    items: Sequence[CatalogItem] | None,
    *,
    own: Sequence[str] = (),
    **sections: Any,
) -> Decision:
    rule = {
        "name": "facts",
        "match": {"target_type": "product"},
        "when": {"all": [{"clicks": {"at_least": 10}}, condition]},
        "then": {"promote": {}},
    }
    asked = candidate(TARGET, target_type="ASIN", asin=OURS, on=ground(account(own=own)))
    known = None if items is None else {item.asin: item for item in items}
    return judged(ruleset(rule, **sections), msgspec.structs.replace(asked, catalog=known))


BOLT, ELSE = Category("3", "Televisions"), Category("9", "Tablets")
OWN = {"catalog": {"own_brands": ["ACME"]}}
TABLE: list[tuple[dict[str, Any], list[CatalogItem], str, dict[str, Any]]] = [
    ({"brand": {"in": ["bolt", "crux"]}}, [TV], "facts", {}),
    ({"brand": {"in": ["crux"]}}, [TV], "not_proven", {}),
    ({"brand": {"in": ["bolt"]}}, [changed(TV, brand="")], "missing_facts", {}),
    ({"brand": {"not_in": ["crux"]}}, [TV], "facts", {}),
    ({"brand": {"not_in": ["a", "b", "c", "d", "e", "f", "BOLT"]}}, [TV], "not_proven", {}),
    ({"not": {"brand": {"in": ["crux"]}}}, [changed(TV, brand="")], "missing_facts", {}),
    ({"not": {"brand": {"in": ["crux"]}}}, [TV], "facts", {}),
    ({"own_brand": False}, [TV], "facts", OWN),
    ({"own_brand": False}, [changed(TV, brand="Acme")], "not_proven", OWN),
    ({"own_brand": True}, [changed(TV, brand="acme ")], "facts", OWN),
    ({"shared_category": {"same": True}}, [TV, MINE], "facts", {}),
    ({"shared_category": {"same": True}}, [changed(TV, category=ELSE), MINE], "not_proven", {}),
    ({"shared_category": {"same": True}}, [TV], "missing_facts", {}),
    ({"shared_category": {"same": True}}, [TV, changed(MINE, category=None)], "missing_facts", {}),
    ({"shared_category": {"levels": 3}}, [TV, MINE], "facts", {}),
    ({"shared_category": {"levels": 3}}, [changed(TV, path=(*PATH[:2], ELSE)), MINE], "not_proven", {}),
    ({"shared_category": {"levels": 2}}, [changed(TV, path=(*PATH[:2], ELSE)), MINE], "facts", {}),
    ({"shared_category": {"levels": 1}}, [changed(TV, path=()), MINE], "missing_facts", {}),
    ({"sales_rank": {"at_most": 650}}, [TV], "facts", {}),
    ({"sales_rank": {"at_most": 649}}, [TV], "not_proven", {}),
    ({"sales_rank": {"at_least": 600, "at_most": 700}}, [TV], "facts", {}),
    ({"sales_rank": {"at_most": 650}}, [changed(TV, ranks=())], "missing_facts", {}),
    ({"category_rank": {"at_most": 9}}, [TV], "facts", {}),
    ({"price_ratio": {"at_least": 0.8, "at_most": 0.8}}, [TV, MINE], "facts", {}),
    ({"price_ratio": {"at_most": 0.7}}, [TV, MINE], "not_proven", {}),
    ({"price_ratio": {"at_most": 0.7}}, [TV], "missing_facts", {}),
    ({"price_ratio": {"at_most": 0.7}}, [TV, changed(MINE, currency="EUR")], "missing_facts", {}),
    ({"price_ratio": {"at_most": 0.7}}, [TV, changed(MINE, list_price="0")], "missing_facts", {}),
    ({"price_ratio": {"at_most": 0.7}}, [changed(TV, list_price=""), MINE], "missing_facts", {}),
    ({"price_ratio": {"at_most": 0.7}}, [changed(TV, known=False), MINE], "missing_facts", {}),
    ({"variation_of_own": False}, [TV, PARENT], "facts", {}),
    ({"variation_of_own": True}, [TV, PARENT], "facts", {"own": ["B0SIBLING1"]}),
    ({"variation_of_own": True}, [TV, PARENT], "not_proven", {"own": ["B0STRANGER"]}),
    ({"variation_of_own": False}, [TV], "missing_facts", {}),
    ({"variation_of_own": False}, [TV, changed(PARENT, known=False)], "missing_facts", {}),
    ({"variation_of_own": False}, [TV, changed(PARENT, children=())], "missing_facts", {}),
    ({"variation_of_own": False}, [changed(TV, parents=())], "missing_facts", {}),
    ({"variation_of_own": False}, [changed(TV, parents=(), related=True)], "facts", {}),
    ({"variation_of_own": True}, [changed(TV, children=("B0CHILD001",))], "facts", {"own": ["B0CHILD001"]}),
    ({"variation_of_own": True}, [changed(TV, known=False)], "missing_facts", {}),
    ({"unknown_asin": True}, [changed(TV, known=False)], "facts", {}),
    ({"unknown_asin": True}, [TV], "not_proven", {}),
    ({"unknown_asin": False}, [TV], "facts", {}),
    ({"unknown_asin": False}, [], "missing_facts", {}),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "items", "reason", "more"), TABLE)
def test_each_check_sees_what_the_catalog_says(
    condition: dict[str, Any], items: list[CatalogItem], reason: str, more: dict[str, Any]
) -> None:
    """What is not there is missing and holds the product; it is never taken for zero, nor for no."""
    assert decided(condition, items, **more).reason == reason


CHEAP = changed(MINE, asin="B0ADVERT02", list_price="50.00", category=ELSE, path=(PATH[0], ELSE))
SEVERAL: list[tuple[dict[str, Any], list[CatalogItem], str]] = [
    ({"price_ratio": {"at_least": 0.8}}, [TV, MINE, CHEAP], "facts"),
    ({"price_ratio": {"at_least": 0.9}}, [TV, MINE, CHEAP], "not_proven"),
    ({"price_ratio": {"at_most": 1.6}}, [TV, MINE, CHEAP], "facts"),
    ({"price_ratio": {"at_most": 1.5}}, [TV, MINE, CHEAP], "not_proven"),
    ({"price_ratio": {"at_least": 0.1}}, [TV, MINE], "missing_facts"),
    ({"price_ratio": {"at_least": 0.1}}, [TV, MINE, changed(CHEAP, currency="EUR")], "missing_facts"),
    ({"shared_category": {"same": True}}, [TV, MINE, CHEAP], "facts"),
    ({"shared_category": {"same": True}}, [TV, MINE], "facts"),
    ({"shared_category": {"same": True}}, [TV, CHEAP], "missing_facts"),
    ({"shared_category": {"same": True}}, [TV, CHEAP, changed(MINE, category=ELSE)], "not_proven"),
    ({"shared_category": {"levels": 3}}, [TV, MINE], "facts"),
    ({"shared_category": {"levels": 1}}, [TV, CHEAP], "facts"),
    ({"shared_category": {"levels": 2}}, [TV, CHEAP], "missing_facts"),
    ({"shared_category": {"levels": 3}}, [TV, CHEAP, changed(MINE, path=PATH[:2])], "not_proven"),
]


@pytest.mark.parametrize(("condition", "items", "reason"), SEVERAL)
def test_a_suggestion_for_several_products_is_compared_with_all_of_them(
    condition: dict[str, Any], items: list[CatalogItem], reason: str
) -> None:
    """One shared category is enough; a price is held against the dearest or the cheapest, whichever is harder."""
    rule = {"name": "facts", "match": {"target_type": "product"}, "when": condition, "then": {"promote": {}}}
    asked = candidate(TARGET, target_type="ASIN", asin="")
    row = msgspec.structs.replace(asked.row, asked_for=(OURS, CHEAP.asin))
    known = {item.asin: item for item in items}

    decision = judged(ruleset(rule), msgspec.structs.replace(asked, row=row, catalog=known))

    assert decision.reason == reason


@pytest.mark.parametrize("condition", [condition for condition, *_ in TABLE])
def test_nothing_is_decided_before_the_catalog_was_asked(condition: dict[str, Any]) -> None:
    """Without any look-up every rule on catalog facts waits, by name."""
    decision = decided(condition, None, catalog=OWN["catalog"])

    assert (decision.outcome, decision.reason, decision.rule) == (Outcome.HOLD, Reason.MISSING_FACTS, "facts")
    assert short(decision, 12, 3) == "the catalog has not been asked about it"


def judge_of(*rules: dict[str, Any]) -> Any:
    whole = [
        {"name": f"r{n}", "match": {"target_type": "product"}, "then": {"promote": {}}, **rule}
        for n, rule in enumerate(rules)
    ]
    return compile_rules(ruleset(*whole), PROFILE)


def test_facts_are_asked_for_only_where_they_decide() -> None:
    """Too few clicks, or another branch that passes already, need no catalog."""
    judge = judge_of(
        {"when": {"all": [{"clicks": {"at_least": 50}}, {"brand": {"in": ["Bolt"]}}]}},
        {"when": {"any": [{"conversions": {"at_least": 3}}, {"sales_rank": {"at_most": 10}}]}},
    )

    reasons = {
        evidence: judge.judge(candidate(TARGET, *evidence, target_type="ASIN")).reason
        for evidence in ((49, 2), (49, 3), (50, 2))
    }
    assert reasons == {(49, 2): "missing_facts", (49, 3): "r1", (50, 2): "missing_facts"}
    assert [judge.judge(candidate(TARGET, *evidence, target_type="ASIN")).rule for evidence in ((49, 2), (50, 2))] == [
        "r1",
        "r0",
    ]


def test_a_later_rule_never_decides_what_an_earlier_one_might() -> None:
    """A negative that waits for the brand is not overtaken by a promotion that needs no facts."""
    judge = judge_of(
        {"when": {"all": [{"clicks": {"at_least": 10}}, {"brand": {"in": ["Acme"]}}]}},
        {"when": {"conversions": {"at_least": 1}}},
    )
    asked = candidate(TARGET, target_type="ASIN")
    with_brand = msgspec.structs.replace(asked, catalog={TARGET: TV})

    assert judge.judge(asked).reason == Reason.MISSING_FACTS
    assert judge.judge(with_brand).reason == "r1"


def test_a_rate_without_clicks_is_no_catalog_matter() -> None:
    """Unknown evidence holds as not proven: no look-up would help."""
    judge = judge_of({"when": {"all": [{"conversion_rate": {"at_least": "5%"}}, {"brand": {"in": ["Bolt"]}}]}})

    assert judge.judge(candidate(TARGET, 0, 0, target_type="ASIN")).reason == Reason.NOT_PROVEN


def test_the_checks_of_a_profile_say_what_they_look_at() -> None:
    """Only what some check needs is read beside the products themselves."""
    judge = judge_of(
        {"when": {"not": {"all": [{"brand": {"in": ["Bolt"]}}, {"any": [{"price_ratio": {"at_most": 2}}]}]}}},
        {"when": {"all": [{"shared_category": {"same": True}}, {"variation_of_own": True}]}},
    )

    assert [(each.check, each.of_advertised, each.of_family) for each in judge.on_catalog] == [
        ("brand.in", False, False),
        ("price_ratio.at_most", True, False),
        ("shared_category.same", True, False),
        ("variation_of_own", False, True),
    ]


MISSING: list[tuple[list[CatalogItem], str]] = [
    ([], "the catalog could not be read about B00TARGET1"),
    ([changed(TV, known=False)], "the catalog of this marketplace has no B00TARGET1"),
    ([changed(TV, brand="")],
     "the catalog does not say enough about B00TARGET1 or what it is compared with: brand, price_ratio"),
]  # fmt: skip


@pytest.mark.parametrize(("items", "sentence"), MISSING)
def test_a_hold_says_which_fact_is_missing(items: list[CatalogItem], sentence: str) -> None:
    """Not read, not there, and not said are three different things."""
    decision = decided({"all": [{"brand": {"not_in": ["Acme"]}}, {"price_ratio": {"at_least": 1}}]}, items)

    assert decision.reason == Reason.MISSING_FACTS
    assert short(decision, 12, 3) == sentence


def test_why_tells_each_fact_in_a_sentence() -> None:
    """What was asked, what was found, and what cannot be told."""
    shelf = {"shared_category": {"same": True}}
    facts = [{"brand": {"in": ["Bolt"]}}, shelf, {"sales_rank": {"at_most": 5000}}, {"unknown_asin": False}]
    passed = decided({"all": facts}, [TV, MINE])
    waiting = decided({"all": [*facts, {"variation_of_own": False}]}, [TV])

    assert long(passed, 12, 3) == [
        "promote: rule facts.",
        "Rule facts passes:",
        "  meets clicks at least 10: 12",
        "  meets brand one of Bolt: Bolt",
        "  meets same lowest category as the advertised product, Televisions: Televisions",
        "  meets sales rank at most 5,000: 650",
        "  meets not unknown to the catalog: known",
    ]
    assert long(waiting, 12, 3)[1:] == [
        "Rule facts waits for facts:",
        "  meets clicks at least 10: 12",
        "  meets brand one of Bolt: Bolt",
        "  cannot tell same lowest category as the advertised product, whose category is not known",
        "  meets sales rank at most 5,000: 650",
        "  meets not unknown to the catalog: known",
        "  cannot tell not a variation of an own product",
        "The catalog does not say enough about B00TARGET1 or what it is compared with: shared_category, variation_of_own.",
    ]


def test_a_fact_that_speaks_against_it_is_named() -> None:
    """More clicks cannot change a brand; the table says what stands in the way."""
    many = [f"Brand {number}" for number in range(7)]
    decision = decided({"brand": {"in": many}}, [TV])

    asked = "brand one of Brand 0, Brand 1, Brand 2, Brand 3, Brand 4 and 2 more"
    assert short(decision, 12, 3) == f"only facts covers it, and can never pass: {asked}, but it is Bolt"
    assert long(decision, 12, 3)[-1] == "  More evidence cannot make it pass."


def test_evidence_that_is_missing_is_told_where_facts_were_never_needed() -> None:
    """A fact that nobody looked up stands in nobody's way."""
    rule = {"name": "r", "match": {"target_type": "product"}, "then": {"promote": {}}}
    rules = ruleset({**rule, "when": {"all": [{"clicks": {"at_least": 20}}, {"not": {"brand": {"in": ["Bolt"]}}}]}})

    decision = judged(rules, candidate(TARGET, 12, 3, target_type="ASIN"))

    assert short(decision, 12, 3) == "needs 8 more clicks"
    assert "  cannot tell brand one of Bolt (not2)" in long(decision, 12, 3)


def test_a_fact_that_is_known_counts_in_what_is_missing() -> None:
    """Under `not` a fact that holds is what stands in the way."""
    from harvester.domain.decision import Finding

    known = Finding("r", "brand.in", "Bolt", "Bolt", passed=True, group="not1")
    clicks = Finding("r", "clicks.at_least", 12.0, 20.0, passed=False)

    assert missing([known, clicks], 12, 3) == []
    assert len(missing([msgspec.structs.replace(known, group=""), clicks], 12, 3)) == 1
