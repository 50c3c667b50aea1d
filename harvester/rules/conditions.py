"""A condition of the rules file: what a recommendation must show."""

from pydantic import ConfigDict, Field

from harvester.rules.section import Section
from harvester.rules.sections import BrandNames, CountThreshold, SharedLevels
from harvester.rules.values import Flag
from harvester.rules.window_sections import (
    AcosThreshold,
    ClickThreshold,
    MoneyThreshold,
    NumberThreshold,
    ShareThreshold,
    SpendThreshold,
)


class Condition(Section):
    """Exactly one key: `all`, `any` or `not` of further conditions, or one check."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})

    all: "tuple[Condition, ...] | None" = None
    any: "tuple[Condition, ...] | None" = None
    not_: "Condition | None" = Field(default=None, alias="not")
    clicks: ClickThreshold | None = None
    conversions: NumberThreshold | None = None
    """Orders."""
    conversion_rate: ShareThreshold | None = None
    """Conversions per click."""
    brand: BrandNames | None = None
    """The brand in the catalog."""
    own_brand: Flag | None = None
    """Whether it is one of `catalog: own_brands`."""
    shared_category: SharedLevels | None = None
    """With the advertised product."""
    sales_rank: CountThreshold | None = None
    """The best rank in a whole department of the catalog, such as Electronics; 1 is the best."""
    category_rank: CountThreshold | None = None
    """The best rank in a category."""
    price_ratio: CountThreshold | None = None
    """The list price over that of the advertised product."""
    variation_of_own: Flag | None = None
    """Whether it is a variation of a product that the profile advertises."""
    unknown_asin: Flag | None = None
    """Whether the catalog of the marketplace has no such product."""
    products: CountThreshold | None = None
    """Of a category, as the rule refines it."""
    impressions: NumberThreshold | None = None
    """This and all below: of source search_terms."""
    spend: SpendThreshold | None = None
    """What its clicks cost."""
    orders: NumberThreshold | None = None
    """The same as `conversions`."""
    sales: MoneyThreshold | None = None
    """What its orders brought in."""
    cpc: MoneyThreshold | None = None
    """Spend per click."""
    ctr: ShareThreshold | None = None
    """Clicks per impression."""
    acos: AcosThreshold | None = None
    """Spend over sales."""
    roas: NumberThreshold | None = None
    """Sales over spend."""
    aov: MoneyThreshold | None = None
    """Sales per order."""
