"""What a rules file says about categories: whether counting and refining them makes sense."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from math import prod

from harvester.domain.recommendation import CATEGORIES
from harvester.rules.checks.category import PRODUCTS
from harvester.rules.conditions import Condition
from harvester.rules.refining import PriceEnds, RatioEnds, Refine, StarEnds
from harvester.rules.ruleset import Rule
from harvester.rules.scalars import MOST_STARS
from harvester.rules.wording import Path, Problem

MOST_TARGETS = 25
"""Of one category by one rule."""
_EXAMPLE = "write for example {at_least: {USD: 10}}"


def category_problems(path: Path, rule: Rule) -> Iterator[Problem]:
    on_categories = rule.match.source == CATEGORIES
    if not on_categories:
        for place in _counts((*path, "when"), rule.when):
            yield Problem(place, "counts the products of a category; give the rule `match: {source: categories}`")
    if rule.refine is None:
        return
    path = (*path, "then", "promote", "refine")
    if not on_categories:
        yield Problem(path, "narrows categories down; give the rule `match: {source: categories}`")
    yield from _refine(path, rule.refine)


def _counts(path: Path, condition: Condition) -> Iterator[Path]:
    if condition.products is not None:
        yield (*path, PRODUCTS)
    for key, parts in (("all", condition.all), ("any", condition.any)):
        for place, part in enumerate(parts or ()):
            yield from _counts((*path, key, place), part)
    if condition.not_ is not None:
        yield from _counts((*path, "not"), condition.not_)


def _refine(path: Path, refine: Refine) -> Iterator[Problem]:
    if refine == Refine():
        yield Problem(path, "says nothing; name at least one of brands, age_ranges, genres, prime, price, rating")
    for name, ids in refine.lists.items():
        twice = next((each for place, each in enumerate(ids) if each in ids[:place]), None)
        if twice is not None:
            yield Problem((*path, name), f"names {twice} twice")
    made = prod(max(1, len(ids)) for ids in refine.lists.values())
    if made > MOST_TARGETS:
        yield Problem(path, f"makes {made} targets of each category; at most {MOST_TARGETS} are taken")
    if refine.prime is False:
        yield Problem((*path, "prime"), "can only be true: no target takes what is not shipped by Prime; leave it out")
    if refine.price is not None and refine.price_ratio is not None:
        yield Problem(path, "holds price and price_ratio side by side; name one of them")
    if refine.price is not None:
        yield from _price((*path, "price"), refine.price)
    if refine.price_ratio is not None:
        yield from _ratio((*path, "price_ratio"), refine.price_ratio)
    if refine.rating is not None:
        yield from _rating((*path, "rating"), refine.rating)


def _price(path: Path, ends: PriceEnds) -> Iterator[Problem]:
    if not ends.at_least and not ends.at_most:
        yield Problem(path, f"needs at_least or at_most; {_EXAMPLE}")
    for currency, low in ends.at_least.items():
        yield from _crossed(path, low, ends.at_most.get(currency), f" {currency}")
    named: Mapping[str, Mapping[str, Decimal]] = {"at_least": ends.at_least, "at_most": ends.at_most}
    if ends.at_least and ends.at_most:
        for currency in sorted(set(ends.at_least) ^ set(ends.at_most)):
            lacks = next(key for key, amounts in named.items() if currency not in amounts)
            yield Problem((*path, lacks), f"{currency} is missing, but the other end has it")


def _ratio(path: Path, ends: RatioEnds) -> Iterator[Problem]:
    if ends.at_least is None and ends.at_most is None:
        yield Problem(path, "needs at_least or at_most")
    if ends.at_least is not None:
        yield from _crossed(path, ends.at_least, ends.at_most)


def _rating(path: Path, ends: StarEnds) -> Iterator[Problem]:
    low, high = ends.at_least or 0, MOST_STARS if ends.at_most is None else ends.at_most
    if (low, high) == (0, MOST_STARS):
        yield Problem(path, f"leaves nothing out; name at_least or at_most between 0 and {MOST_STARS}")
    yield from _crossed(path, Decimal(low), Decimal(high))


def _crossed(path: Path, low: Decimal, high: Decimal | None, unit: str = "") -> Iterator[Problem]:
    if high is not None and low > high:
        yield Problem(path, f"at_least {low}{unit} is over at_most {high}{unit}: nothing can pass")
