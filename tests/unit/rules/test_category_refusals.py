"""What a rules file may not say about categories, each with the place and the sentence."""

from collections.abc import Mapping
from typing import Any

import pytest

from harvester.rules.catalog_soundness import NO_LOGIN, undelivered
from harvester.rules.reading import read
from tests.unit.rules.builders import ruleset

REFINE = "rules[0].then.promote.refine"
ALONE = "; give the rule `match: {source: categories}`"


def refining(refine: object, **more: Any) -> dict[str, Any]:
    said = {"name": "x", "match": {"source": "categories"}, "then": {"promote": {"refine": refine}}}
    return {"rules": [{**said, **more}]}


def counting(products: object, **more: Any) -> dict[str, Any]:
    return refining({"prime": True}, when={"products": products}, **more)


def checked(given: Mapping[str, Any]) -> dict[str, Any]:
    return {"tests": [{"name": "t", "given": given, "expect": "hold"}]}


TABLE: list[tuple[dict[str, Any], str, str]] = [
    (refining([]), REFINE, "must be a section of keys, not a list"),
    (
        refining({}),
        REFINE,
        "says nothing; name at least one of brands, age_ranges, genres, prime, price, rating",
    ),
    (refining({"brand": "9"}), f"{REFINE}.brand", "unknown key `brand`; did you mean `brands`?"),
    (refining({"brands": ["Acme"]}), f"{REFINE}.brands[0]", "must be an id of digits, not `Acme`"),
    (refining({"brands": "9"}), f"{REFINE}.brands", "must be a list, not `9`; write [9]"),
    (refining({"genres": ["9", "7", "9"]}), f"{REFINE}.genres", "names 9 twice"),
    (
        refining({"brands": [str(each) for each in range(13)], "age_ranges": ["1", "2"]}),
        REFINE,
        "makes 26 targets of each category; at most 25 are taken",
    ),
    (
        refining({"prime": False}),
        f"{REFINE}.prime",
        "can only be true: no target takes what is not shipped by Prime; leave it out",
    ),
    (
        refining({"price": {"at_least": {"USD": 1}}, "price_ratio": {"at_least": 1}}),
        REFINE,
        "holds price and price_ratio side by side; name one of them",
    ),
    (
        refining({"price": {}}),
        f"{REFINE}.price",
        "needs at_least or at_most; write for example {at_least: {USD: 10}}",
    ),
    (
        refining({"price": {"at_least": {"USD": 9}, "at_most": {"USD": 5}}}),
        f"{REFINE}.price",
        "at_least 9 USD is over at_most 5 USD: nothing can pass",
    ),
    (
        refining({"price": {"at_least": {"USD": 9}, "at_most": {"USD": 10, "EUR": 9}}}),
        f"{REFINE}.price.at_least",
        "EUR is missing, but the other end has it",
    ),
    (refining({"price": {"at_least": {"USD": 0}}}), f"{REFINE}.price.at_least.USD", "must be more than 0"),
    (refining({"price_ratio": {}}), f"{REFINE}.price_ratio", "needs at_least or at_most"),
    (
        refining({"price_ratio": {"at_least": 2, "at_most": 1}}),
        f"{REFINE}.price_ratio",
        "at_least 2 is over at_most 1: nothing can pass",
    ),
    (
        refining({"rating": {}}),
        f"{REFINE}.rating",
        "leaves nothing out; name at_least or at_most between 0 and 5",
    ),
    (
        refining({"rating": {"at_least": 0, "at_most": 5}}),
        f"{REFINE}.rating",
        "leaves nothing out; name at_least or at_most between 0 and 5",
    ),
    (
        refining({"rating": {"at_least": 4, "at_most": 3}}),
        f"{REFINE}.rating",
        "at_least 4 is over at_most 3: nothing can pass",
    ),
    (refining({"rating": {"at_most": 6}}), f"{REFINE}.rating.at_most", "must be 0 to 5 stars, but is 6"),
    (
        refining({"rating": {"at_most": 3.5}}),
        f"{REFINE}.rating.at_most",
        "must be a whole number, not `3.5`",
    ),
    (refining({"prime": True}, match={}, when={"clicks": {"at_least": 5}}), REFINE, f"narrows categories down{ALONE}"),
    (counting({}), "rules[0].when.products", "needs at_least or at_most"),
    (
        counting({"at_least": 9, "at_most": 5}),
        "rules[0].when.products",
        "at_least 9 is over at_most 5: nothing can pass",
    ),
    (counting({"at_least": "many"}), "rules[0].when.products.at_least", "must be a number, not `many`"),
    (
        {"rules": [{"name": "x", "when": {"products": {"at_least": 5}}, "then": {"promote": {}}}]},
        "rules[0].when.products",
        f"counts the products of a category{ALONE}",
    ),
    (
        {
            "rules": [
                {
                    "name": "x",
                    "when": {"any": [{"clicks": {"at_least": 5}}, {"not": {"products": {"at_least": 5}}}]},
                    "then": {"promote": {}},
                }
            ]
        },
        "rules[0].when.any[1].not.products",
        f"counts the products of a category{ALONE}",
    ),
    (
        checked({"clicks": 5, "conversions": 1, "products": 5}),
        "tests[0].given.products",
        "are counted of categories only: add `source: categories`",
    ),
    (
        {
            "rules": [
                {
                    "name": "x",
                    "match": {"source": "categories"},
                    "when": {"products": {"at_least": 5}, "all": []},
                    "then": {"promote": {}},
                }
            ]
        },
        "rules[0].when",
        "holds all and products side by side; list them under `all`, one per dash",
    ),
]


@pytest.mark.parametrize(("data", "field", "message"), TABLE)
def test_each_mistake_about_categories_is_told(data: dict[str, Any], field: str, message: str) -> None:
    """At its place, with what would mend it."""
    made, problems = read(data)

    assert made is None
    assert [(each.field, each.message) for each in problems][:1] == [(field, message)]


def test_prices_of_ours_need_a_login_that_delivers_them() -> None:
    """They stand in the catalog; without a Selling Partner login the file is refused where it asks."""
    refused = undelivered(ruleset(refining({"price_ratio": {"at_least": 1}})["rules"][0]))
    fine = undelivered(ruleset(refining({"price": {"at_least": {"USD": 1}}})["rules"][0]))

    assert [(each.field, each.message) for each in refused] == [(f"{REFINE}.price_ratio", NO_LOGIN)]
    assert fine == []
