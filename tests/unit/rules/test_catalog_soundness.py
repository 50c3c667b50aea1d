"""What is wrong with checks of catalog facts in a rules file."""

from typing import Any

import pytest

from harvester.rules.catalog_soundness import NO_LOGIN, undelivered
from harvester.rules.reading import read
from tests.unit.rules.builders import PROMOTE, ruleset

PRODUCTS: dict[str, Any] = {**PROMOTE, "match": {"target_type": "product"}}


def when(condition: dict[str, Any], **rule: Any) -> dict[str, Any]:
    return {"rules": [{**PRODUCTS, "when": condition, **rule}]}


TABLE: list[tuple[dict[str, Any], str, str]] = [
    (when({"brand": {}}), "rules[0].when.brand", "needs exactly one of `in` and `not_in`, with at least one name"),
    (when({"brand": {"in": []}}), "rules[0].when.brand",
     "needs exactly one of `in` and `not_in`, with at least one name"),
    (when({"brand": {"in": ["a"], "not_in": ["b"]}}), "rules[0].when.brand",
     "needs exactly one of `in` and `not_in`, with at least one name"),
    (when({"brand": {"is": "a"}}), "rules[0].when.brand.is", "unknown key `is`; known here: in, not_in"),
    (when({"shared_category": {}}), "rules[0].when.shared_category",
     "needs exactly one of `same: true` and `levels`"),
    (when({"shared_category": {"same": False}}), "rules[0].when.shared_category.same",
     "can only be true; put the check under `not`"),
    (when({"shared_category": {"levels": 0}}), "rules[0].when.shared_category.levels",
     "must be at least 1: any two categories share none"),
    (when({"sales_rank": {}}), "rules[0].when.sales_rank", "needs at_least or at_most"),
    (when({"price_ratio": {"at_least": 2, "at_most": 1}}), "rules[0].when.price_ratio",
     "at_least 2 is over at_most 1: nothing can pass"),
    (when({"sales_rank": {"at_most": 0}}), "rules[0].when.sales_rank.at_most",
     "0 is never met: ranks begin at 1, and prices are over 0"),
    (when({"price_ratio": {"at_most": 0}}), "rules[0].when.price_ratio.at_most",
     "0 is never met: ranks begin at 1, and prices are over 0"),
    (when({"own_brand": True}), "rules[0].when.own_brand",
     "needs the names of your brands under `catalog: {own_brands: [...]}`"),
    (when({"unknown_asin": "yes"}), "rules[0].when.unknown_asin", "must be true or false, not `yes`"),
    (when({"brand": {"in": ["a"]}, "clicks": {"at_least": 1}}), "rules[0].when",
     "holds clicks and brand side by side; list them under `all`, one per dash"),
    (when({"any": [{"clicks": {"at_least": 1}}, {"not": {"unknown_asin": True}}]}, match={}),
     "rules[0].when.any[1].not.unknown_asin",
     "says nothing about keywords; give the rule `match: {target_type: product}`"),
    (when({"price": {"at_most": 1}}), "rules[0].when.price",
     "is looked at as `price_ratio`, the list price over that of the advertised product"),
    (when({"category": "x"}), "rules[0].when.category", "is looked at as `shared_category`, with the advertised product"),
    ({"catalog": {"own_brands": "Acme"}}, "catalog.own_brands", "must be a list, not `Acme`; write [Acme]"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "place", "message"), TABLE)
def test_each_mistake_is_told_where_it_is(data: dict[str, Any], place: str, message: str) -> None:
    """One sentence, with the key that it is about."""
    made, problems = read(data)

    assert made is None
    assert (place, message) in [(problem.field, problem.message) for problem in problems]


def test_own_brands_of_one_profile_are_enough() -> None:
    """An agency names each client's brands under the client's profile."""
    rules = ruleset(
        {**PRODUCTS, "when": {"own_brand": False}},
        catalog={"own_brands": ["Acme"]},
        profiles={"11": {"catalog": {"own_brands": ["Bolt"]}}},
    )
    only_there = ruleset(
        {**PRODUCTS, "when": {"own_brand": False}}, profiles={"11": {"catalog": {"own_brands": ["B"]}}}
    )

    assert [rules.for_profile(profile).own_brands for profile in ("11", "12")] == [("Acme", "Bolt"), ("Acme",)]  # type: ignore[arg-type]  # plain text
    assert only_there.catalog.own_brands == ()


def test_rules_that_ask_for_facts_are_found() -> None:
    """Once for each rule, at the first place that asks."""
    rules = ruleset(
        {**PROMOTE, "name": "plain"},
        {
            **PRODUCTS,
            "name": "facts",
            "when": {"all": [{"clicks": {"at_least": 1}}, {"brand": {"in": ["a"]}}, {"unknown_asin": False}]},
        },
    )

    assert [(problem.field, problem.message) for problem in undelivered(rules)] == [
        ("rules[1].when.all[1].brand", NO_LOGIN)
    ]


def test_catalog_facts_change_the_fingerprint_only_where_something_is_said() -> None:
    """Files that say nothing of own brands keep theirs."""
    said = ruleset(PROMOTE, catalog={"own_brands": ["Acme"]}, profiles={"11": {"mode": "review"}})
    unsaid = ruleset(PROMOTE, profiles={"11": {"mode": "review"}})

    assert said.fingerprint != unsaid.fingerprint
    assert '"catalog"' not in unsaid.text


@pytest.mark.parametrize(
    ("earlier", "later", "reached"),
    [
        ({"brand": {"in": ["a"]}}, {"all": [{"clicks": {"at_least": 1}}, {"brand": {"in": ["a"]}}]}, False),
        ({"brand": {"in": ["a"]}}, {"all": [{"clicks": {"at_least": 1}}, {"brand": {"in": ["b"]}}]}, True),
        ({"not": {"brand": {"in": ["a"]}}}, {"brand": {"in": ["a"]}}, True),
        ({"brand": {"in": ["a"]}}, {"clicks": {"at_least": 9}}, True),
        ({"clicks": {"at_least": 9}}, {"brand": {"in": ["a"]}}, True),
    ],
)
def test_a_rule_behind_one_that_asks_for_the_same_is_never_reached(
    earlier: dict[str, Any], later: dict[str, Any], reached: bool
) -> None:
    """A check of a fact says the same as itself and nothing about any other."""
    made, problems = read(
        {"rules": [{**PRODUCTS, "name": "one", "when": earlier}, {**PRODUCTS, "name": "two", "when": later}]}
    )

    assert (made is not None) is reached, problems
