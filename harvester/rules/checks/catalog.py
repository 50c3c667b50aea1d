"""Catalog facts: brand, category, sales rank, price and variations of a product, each against what a rule asks for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from harvester.domain.catalog import CatalogItem, Category
from harvester.domain.decision import Finding
from harvester.domain.reach import Reached
from harvester.domain.target import fold
from harvester.rules.checks.evidence import Side

_SHOWN_BRANDS = 5


@dataclass(frozen=True, slots=True)
class About:
    """A product and what the catalog says about it and its surroundings, as far as known."""

    asin: str
    advertised: tuple[str, ...]
    """The ASINs that are advertised where the product was recommended; an empty one is not known."""
    own_asins: AbstractSet[str]
    items: Mapping[str, CatalogItem]
    reached: Reached | None = None
    """What the rule that is asked makes of a suggested category."""

    @property
    def ours(self) -> list[CatalogItem]:
        """What is known of the advertised products."""
        return [item for asin in self.advertised if (item := self.item(asin)) is not None]

    def item(self, asin: str) -> CatalogItem | None:
        """None: not known, or known to be in no catalog."""
        found = self.items.get(asin)
        return found if found is not None and found.known else None


@dataclass(frozen=True, slots=True)
class Look:
    """What a check saw. `passed` None: what it asks for is not known."""

    measured: float | str | None = None
    passed: bool | None = None
    bound: float | str | None = None


@dataclass(frozen=True, slots=True)
class CatalogCheck(ABC):
    """One check of one fact; it makes one finding. `about` None: nothing was looked up."""

    @property
    @abstractmethod
    def check(self) -> str:
        """The id of the check in findings."""
        ...

    @abstractmethod
    def look(self, about: About | None) -> Look: ...

    @property
    def of_catalog(self) -> bool:
        """Whether the catalog is asked; else the count of a category's products."""
        return True

    @property
    def of_advertised(self) -> bool:
        """Whether it also asks what the catalog says about the advertised product."""
        return False

    @property
    def of_family(self) -> bool:
        """Whether it also asks what the catalog says about the product's variation parents."""
        return False


@dataclass(frozen=True, slots=True)
class BrandListed(CatalogCheck):
    brands: tuple[str, ...]
    wanted: bool
    """False: the brand must be none of them."""
    own: bool = False
    """The brands are those under `catalog: own_brands`."""

    @property
    def check(self) -> str:
        return "own_brand" if self.own else "brand.in" if self.wanted else "brand.not_in"

    def look(self, about: About | None) -> Look:
        bound = yes_no(self.wanted) if self.own else _listed(self.brands)
        item = about and about.item(about.asin)
        if not item or not item.brand:
            return Look(bound=bound)
        listed = fold(item.brand) in {fold(brand) for brand in self.brands}
        return Look(item.brand, listed is self.wanted, bound)


@dataclass(frozen=True, slots=True)
class SharedCategory(CatalogCheck):
    """With `levels`, so many of both paths are the same, counted from the top; else the lowest category is. Of several
    advertised products one is enough.
    """

    levels: int | None

    @property
    def check(self) -> str:
        return "shared_category.same" if self.levels is None else "shared_category.levels"

    @property
    def of_advertised(self) -> bool:
        return True

    def look(self, about: About | None) -> Look:
        theirs = about and about.item(about.asin)
        if about is None or not theirs:
            return Look(bound=self.levels)
        asked = len(about.advertised)
        if self.levels is None:
            mine, there = theirs.category, [each.category for each in about.ours if each.category is not None]
            same = next((each for each in there if mine is not None and each.category_id == mine.category_id), None)
            if mine is None or not there or (same is None and len(there) < asked):
                return Look()
            return Look(mine.name, same is not None, (same or there[0]).name)
        shared = [_shared(each.path, theirs.path) for each in about.ours if each.path]
        most = max(shared, default=0)
        if not theirs.path or not shared or (most < self.levels and len(shared) < asked):
            return Look(bound=self.levels)
        return Look(most, most >= self.levels, self.levels)


def _shared(mine: Sequence[Category], other: Sequence[Category]) -> int:
    """Levels of both paths that are the same, from the top."""
    pairs = zip(mine, other, strict=False)
    return next(
        (level for level, (one, two) in enumerate(pairs) if one.category_id != two.category_id),
        min(len(mine), len(other)),
    )


class Figure(StrEnum):
    SALES_RANK = "sales_rank"
    CATEGORY_RANK = "category_rank"
    PRICE_RATIO = "price_ratio"


@dataclass(frozen=True, slots=True)
class FigureBound(CatalogCheck):
    """One side of a threshold of a rank, or of the list price over ours: of several, the one that is harder to pass."""

    figure: Figure
    side: Side
    value: float

    @property
    def check(self) -> str:
        return f"{self.figure}.{self.side}"

    @property
    def of_advertised(self) -> bool:
        return self.figure is Figure.PRICE_RATIO

    def look(self, about: About | None) -> Look:
        measured = None if about is None else self._measured(about)
        if measured is None:
            return Look(bound=self.value)
        passed = measured >= self.value if self.side is Side.AT_LEAST else measured <= self.value
        return Look(measured, passed, self.value)

    def _measured(self, about: About) -> float | None:
        theirs = about.item(about.asin)
        if theirs is None:
            return None
        if self.figure is not Figure.PRICE_RATIO:
            return theirs.best_rank(of_categories=self.figure is Figure.CATEGORY_RANK)
        ours = [Decimal(each.list_price) for each in about.ours if each.list_price and each.currency == theirs.currency]
        if not theirs.list_price or not ours or len(ours) < len(about.advertised) or min(ours) <= 0:
            return None
        price = max(ours) if self.side is Side.AT_LEAST else min(ours)
        return float(round(Decimal(theirs.list_price) / price, 4))


@dataclass(frozen=True, slots=True)
class VariationOfOwn(CatalogCheck):
    """Whether the product and one that the profile advertises are variations of the same thing."""

    wanted: bool

    @property
    def check(self) -> str:
        return "variation_of_own"

    @property
    def of_family(self) -> bool:
        return True

    def look(self, about: About | None) -> Look:
        bound = yes_no(self.wanted)
        relative = None if about is None else _own_relative(about)
        if relative is None:
            return Look(bound=bound)
        return Look(relative or "no", bool(relative) is self.wanted, bound)


@dataclass(frozen=True, slots=True)
class UnknownAsin(CatalogCheck):
    """Whether the catalog of the marketplace has no such product."""

    wanted: bool

    @property
    def check(self) -> str:
        return "unknown_asin"

    def look(self, about: About | None) -> Look:
        found = about and about.items.get(about.asin)
        bound = yes_no(self.wanted)
        if not found:
            return Look(bound=bound)
        return Look("known" if found.known else "unknown", found.known is not self.wanted, bound)


def _own_relative(about: About) -> str | None:
    """An own product of the same family; empty where there is none, None where that is not known: a parent of which the
    catalog names no child tells nothing.
    """
    item = about.item(about.asin)
    if item is None:
        return None
    families = [about.item(parent) for parent in item.parents]
    kin = {*item.children, *item.parents, *(asin for family in families if family for asin in family.children)}
    found = sorted((kin - {about.asin}) & about.own_asins)
    if found:
        return found[0]
    told = item.related or bool(item.parents or item.children)
    return "" if told and all(family and family.children for family in families) else None


def lacking(checks: tuple[CatalogCheck, ...], about: About | None) -> Finding:
    """Which facts a rule waits for."""
    if about is None:
        return Finding("", "catalog.not_looked_up", None, None, passed=False)
    if about.asin not in about.items:
        return Finding("", "catalog.not_read", about.asin, None, passed=False)
    if about.item(about.asin) is None:
        return Finding("", "catalog.unknown_asin", about.asin, None, passed=False)
    names = dict.fromkeys(each.check.partition(".")[0] for each in checks if each.look(about).passed is None)
    return Finding("", "catalog.lacks", about.asin, ", ".join(names), passed=False)


def yes_no(wanted: bool) -> str:
    return "yes" if wanted else "no"


def _listed(brands: tuple[str, ...]) -> str:
    more = len(brands) - _SHOWN_BRANDS
    return ", ".join(brands[:_SHOWN_BRANDS]) + (f" and {more} more" if more > 0 else "")
