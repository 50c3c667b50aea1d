"""Sections of the rules file that stand in others: thresholds, names, what is protected, facts that checks are told."""

from decimal import Decimal

from pydantic import Field

from harvester.rules.section import Section
from harvester.rules.values import Amount, Amounts, Asin, BrandId, Count, Flag, Name, Protected, Rate, Whole


class CountThreshold(Section):
    at_least: Count | None = None
    at_most: Count | None = None


class BrandNames(Section):
    """Exactly one of `in` and `not_in`. Names as the catalog has them, in any case."""

    in_: tuple[Name, ...] | None = Field(default=None, alias="in")
    not_in: tuple[Name, ...] | None = None


class SharedLevels(Section):
    """Exactly one key: `same` for the lowest category, or so many `levels` from the top."""

    same: Flag | None = None
    levels: Whole | None = None


class CatalogNames(Section):
    """What checks of catalog facts need to be told."""

    own_brands: tuple[Name, ...] = ()
    """Names of your own brands, as the catalog has them; `protect: brands` holds ids, for negatives."""


class Protect(Section):
    """What is never promoted and never negated."""

    keywords: tuple[Protected, ...] = ()
    """Text: as whole words, in any case. Between slashes: a regular expression, in any case."""
    asins: tuple[Asin, ...] = ()
    brands: tuple[BrandId, ...] = ()
    """Ids of your own brands: never negated."""
    own_products: Flag = True
    """ASINs advertised in the profile, as far as known from this and earlier runs."""


class ProtectMore(Section):
    """What a profile adds to `protect`."""

    keywords: tuple[Protected, ...] = ()
    asins: tuple[Asin, ...] = ()
    brands: tuple[BrandId, ...] = ()
    own_products: Flag | None = None
    """Can only be turned on."""


class GuardLimits(Section):
    """What a plan may hold before a person must name the rest."""

    promotions_per_run: Whole = 10
    negatives_per_run: Whole = 20
    promotions_per_day: Whole = 10
    negatives_per_day: Whole = 20
    negative_share: Rate = 0.1
    """Negate decisions over all candidates, in runs of 50 or more."""
    highest_bid: Amounts = Field(default={"USD": Decimal(5)})
    """Per currency; a currency that is not listed has no cap."""


class GuardOverride(Section):
    """Single numbers that differ from the guard."""

    promotions_per_run: Whole | None = None
    negatives_per_run: Whole | None = None
    promotions_per_day: Whole | None = None
    negatives_per_day: Whole | None = None
    negative_share: Rate | None = None
    highest_bid: Amounts = Field(default={})


class GivenFacts(Section):
    """What the catalog says about a made-up product; what is left out it does not say."""

    unknown_asin: Flag = False
    brand: Name | None = None
    same_category: Flag | None = None
    shared_levels: Whole | None = None
    sales_rank: Whole | None = None
    category_rank: Whole | None = None
    price_ratio: Amount | None = None
    variation_of_own: Flag | None = None
