"""Sections of the rules file that stand in others: thresholds, names and facts that checks are told."""

from pydantic import BaseModel, ConfigDict, Field

from harvester.domain.target import TargetKind
from harvester.rules.values import Amount, Asin, Confidence, Count, Digits, Flag, Name, NameOrId, Rate, Whole

SECTION = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, use_attribute_docstrings=True)


class _Section(BaseModel):
    model_config = SECTION


class CountThreshold(_Section):
    at_least: Count | None = None
    at_most: Count | None = None


class RateThreshold(_Section):
    """Conversions per click, at most 100 %. With `confidence`, `at_least` looks at the lower end of the two-sided
    Wilson interval and `at_most` at its upper end.
    """

    at_least: Rate | None = None
    at_most: Rate | None = None
    confidence: Confidence | None = None


class BrandNames(_Section):
    """Exactly one of `in` and `not_in`. Names as the catalog has them, in any case."""

    in_: tuple[Name, ...] | None = Field(default=None, alias="in")
    not_in: tuple[Name, ...] | None = None


class SharedLevels(_Section):
    """Exactly one key: `same` for the lowest category, or so many `levels` from the top."""

    same: Flag | None = None
    levels: Whole | None = None


class CatalogNames(_Section):
    """What checks of catalog facts need to be told."""

    own_brands: tuple[Name, ...] = ()
    """Names of your own brands, as the catalog has them; `protect: brands` holds ids, for negatives."""


class GivenFacts(_Section):
    """What the catalog says about a made-up product; what is left out it does not say."""

    unknown_asin: Flag = False
    brand: Name | None = None
    same_category: Flag | None = None
    shared_levels: Whole | None = None
    sales_rank: Whole | None = None
    category_rank: Whole | None = None
    price_ratio: Amount | None = None
    variation_of_own: Flag | None = None


class Given(_Section):
    """A made-up recommendation."""

    target_type: TargetKind = TargetKind.KEYWORD
    target: NameOrId | None = None
    clicks: Count
    conversions: Count
    campaign: NameOrId | None = None
    """The campaign's name; without one, only rules for all campaigns cover the test."""
    ad_group: NameOrId | None = None
    asin: Asin | None = None
    profile: Digits | None = None
    catalog: GivenFacts | None = None
