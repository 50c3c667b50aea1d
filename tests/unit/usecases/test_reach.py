"""Counting what rules make of suggested categories: once each, by what is left, and nothing more once Amazon is away."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from harvester.domain.catalog import CatalogItem
from harvester.domain.category_tree import Narrowed, ProductCount
from harvester.domain.errors import AccountClosed, HarvesterError, PageBroken, Rejected, Unavailable
from harvester.domain.reach import Reached
from harvester.domain.recommendation import CATEGORIES, Recommendation
from harvester.usecases.reach import CategoryReach
from tests.unit.rules.builders import PROFILE, ruleset

COUNT = ProductCount(5, 9)
RULES = {
    rule.name: rule
    for name, refine in (("weak", {"rating": {"at_most": 3}}), ("dear", {"price_ratio": {"at_least": 1}}))
    for rule in ruleset(
        {"name": name, "match": {"source": "categories"}, "then": {"promote": {"refine": refine}}}
    ).rules
} | {"whole": ruleset({"name": "whole", "match": {"source": "categories"}, "then": {"promote": {}}}).rules[0]}


def row(category: str, note: str | None = None, *asins: str) -> Recommendation:
    return Recommendation(
        CATEGORIES, "1", "2", "", "", category, "CATEGORY", None, None, note, (), asins or ("B000000001",)
    )


class Amazon:
    """Answers every question with the same count, or with what was put in its way."""

    def __init__(self, **errors: HarvesterError) -> None:
        self.asked: list[Narrowed] = []
        self._errors = {name.removeprefix("c"): error for name, error in errors.items()}

    async def product_count(self, narrowed: Narrowed) -> ProductCount:
        self.asked.append(narrowed)
        if narrowed.category_id in self._errors:
            raise self._errors[narrowed.category_id]
        return COUNT


class Catalog:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, asked: Sequence[tuple[str, str]]) -> Mapping[str, CatalogItem]:
        self.asked += asked
        return {asin: CatalogItem(asin, list_price="7", currency="USD") for asin, _ in asked}


def reach(amazon: Amazon, prices: Any = None) -> CategoryReach:
    return CategoryReach(amazon, PROFILE, RULES, prices)


async def test_each_part_of_a_category_is_counted_once() -> None:
    """In one page and over all pages; what the suggestion says of the whole category is not asked."""
    amazon = Amazon()
    counting = reach(amazon)

    first = await counting([("weak", row("1")), ("weak", row("1")), ("whole", row("1")), ("weak", row("2"))])
    second = await counting([("weak", row("1")), ("whole", row("3", '{"products":{"least":1,"most":2}}'))])

    assert [each.products for each in (*first, *second)] == [COUNT, COUNT, COUNT, COUNT, COUNT, ProductCount(1, 2)]
    assert amazon.asked == [Narrowed("1", rating=(0, 3)), Narrowed("1"), Narrowed("2", rating=(0, 3))]


async def test_prices_of_ours_are_looked_up_only_where_a_rule_compares_with_them() -> None:
    """All of the products that it was suggested for; without a catalog they are missing."""
    catalog = Catalog()

    (dear, _) = await reach(Amazon(), catalog)(
        [("dear", row("1", None, "B000000001", "b000000002")), ("weak", row("1"))]
    )
    (blind,) = await reach(Amazon())([("dear", row("1"))])

    assert catalog.asked == [("B000000001", ""), ("B000000002", "")]
    assert dear.lacks is None
    assert blind == Reached(lacks=("refine.no_price", "B000000001", "1"))


@pytest.mark.parametrize(
    "error", [PageBroken("odd"), Rejected("no such brand", 422), Rejected("bad", 400), Rejected("gone", 404)], ids=str
)
async def test_what_cannot_be_counted_costs_no_other_its_count(error: HarvesterError) -> None:
    """It is a trouble once, and no longer asked about."""
    amazon = Amazon(c1=error)
    counting = reach(amazon)

    found = await counting([("weak", row("1")), ("weak", row("2"))])
    again = await counting([("weak", row("1"))])

    assert [each.products for each in (*found, *again)] == [None, COUNT, None]
    assert counting.new_troubles() == [f"the products of category 1 could not be counted: {error}"]
    assert counting.new_troubles() == []
    assert len(amazon.asked) == 2


async def test_many_that_cannot_be_counted_are_told_by_number() -> None:
    """A run's troubles stay readable."""
    amazon = Amazon(**{f"c{each}": Rejected("odd", 422) for each in range(6)})
    counting = reach(amazon)

    await counting([("weak", row(str(each))) for each in range(6)])

    assert counting.new_troubles()[-1] == "the same holds for 3 more categories"


async def test_answers_that_cannot_be_read_are_waited_for_three_times() -> None:
    """Each of them takes all the patience there is: a form of answer that nobody knows must not cost a run its night."""
    amazon = Amazon(**{f"c{each}": PageBroken("odd") for each in range(100)})
    counting = reach(amazon)

    await counting([("weak", row(str(each))) for each in range(100)])

    assert len(amazon.asked) <= 4
    assert counting.new_troubles()[-1] == (
        "after 3 answers in a row that cannot be read no more categories were counted"
    )


async def test_single_answers_that_cannot_be_read_end_nothing() -> None:
    """As long as others are read in between."""
    amazon = Amazon(**{f"c{each}": PageBroken("odd") for each in range(0, 24, 3)})
    counting = reach(amazon)

    found = await counting([("weak", row(str(each))) for each in range(24)])

    assert sum(each.products is None for each in found) == 8


@pytest.mark.parametrize("error", [Unavailable("away"), Rejected("not yours", 403)], ids=str)
async def test_an_amazon_that_does_not_count_is_not_asked_again(error: HarvesterError) -> None:
    """Nobody waits for that a second time in a run."""
    amazon = Amazon(c1=error, c2=error)
    counting = reach(amazon)

    await counting([("weak", row("1")), ("weak", row("2"))])
    (after,) = await counting([("weak", row("3"))])

    assert after.products is None
    assert after.targets
    assert counting.new_troubles() == [f"products of categories could not be counted: {error}"]
    assert "3" not in {each.category_id for each in amazon.asked}


async def test_a_closed_account_ends_the_run() -> None:
    """There is nothing to go on with."""
    with pytest.raises(AccountClosed):
        await reach(Amazon(c1=AccountClosed("closed")))([("weak", row("1"))])
