"""Catalog facts: brand, category, sales rank, price and variations of a product, each against what a rule asks for."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from harvester.domain.catalog import CatalogItem
from harvester.domain.decision import Finding
from harvester.domain.reach import Reached
from harvester.domain.target import fold
from harvester.rules.checks.evidence import Side

_SHOWN_BRANDS = 5


@dataclass(frozen=True, slots=True)
class About:
    """A product and what the catalog says about it and its surroundings, as far as known."""

    asin: str
    advertised: str
    """The ASIN that is advertised where the product was recommended; may be empty."""
    own_asins: AbstractSet[str]
    items: Mapping[str, CatalogItem]
    reached: Reached | None = None
    """What the rule that is asked makes of a suggested category."""

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
    """With `levels`, so many of both paths are the same, counted from the top; else the lowest category is."""

    levels: int | None

    @property
    def check(self) -> str:
        return "shared_category.same" if self.levels is None else "shared_category.levels"

    @property
    def of_advertised(self) -> bool:
        return True

    def look(self, about: About | None) -> Look:
        theirs = about and about.item(about.asin)
        ours = about and about.item(about.advertised)
        if self.levels is None:
            if not theirs or not ours or theirs.category is None or ours.category is None:
                return Look()
            same = theirs.category.category_id == ours.category.category_id
            return Look(theirs.category.name, same, ours.category.name)
        if not theirs or not ours or not theirs.path or not ours.path:
            return Look(bound=self.levels)
        shared = 0
        for mine, other in zip(ours.path, theirs.path, strict=False):
            if mine.category_id != other.category_id:
                break
            shared += 1
        return Look(shared, shared >= self.levels, self.levels)


class Figure(StrEnum):
    SALES_RANK = "sales_rank"
    CATEGORY_RANK = "category_rank"
    PRICE_RATIO = "price_ratio"


@dataclass(frozen=True, slots=True)
class FigureBound(CatalogCheck):
    """One side of a threshold of a rank, or of the list price over ours."""

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
        ours = about.item(about.advertised)
        if ours is None or not theirs.list_price or not ours.list_price or theirs.currency != ours.currency:
            return None
        price = Decimal(ours.list_price)
        return None if price <= 0 else float(round(Decimal(theirs.list_price) / price, 4))


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
