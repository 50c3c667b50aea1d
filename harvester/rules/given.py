"""The tests that stand in a rules file, as they are written there."""

from typing import Literal

from pydantic import Field

from harvester.domain.recommendation import RECOMMENDS
from harvester.domain.target import TargetKind
from harvester.rules.section import Section
from harvester.rules.sections import GivenFacts
from harvester.rules.values import Asin, Count, Digits, Name, NameOrId, Rate, Whole
from harvester.rules.window_sections import WindowText


class Figures(Section):
    """Of one window."""

    impressions: Count | None = None
    clicks: Count | None = None
    spend: Count | None = None
    orders: Count | None = None
    conversions: Count | None = None
    sales: Count | None = None


class Given(Section):
    """A made-up recommendation."""

    source: Literal["promotion", "products", "categories", "search_terms"] = "promotion"
    target_type: TargetKind | None = None
    """keyword when left out; product suggestions are products, category suggestions categories."""
    target: NameOrId | None = None
    clicks: Count | None = None
    conversions: Count | None = None
    themes: tuple[NameOrId, ...] = ()
    campaign: NameOrId | None = None
    """The campaign's name; without one, only rules for all campaigns cover the test."""
    ad_group: NameOrId | None = None
    asin: Asin | None = None
    profile: Digits | None = None
    catalog: GivenFacts | None = None
    products: Whole | None = None
    """How many a category has, as the rule refines it; left out, Amazon does not say."""
    impressions: Count | None = None
    """This and all below: of source search_terms."""
    spend: Count | None = None
    orders: Count | None = None
    """The same as `conversions`."""
    sales: Count | None = None
    windows: dict[WindowText, Figures] = Field(default={})
    """By window, `30d-7d`; those that are left out have the figures above."""
    ad_group_rate: Rate | None = None
    """Orders per click in its ad group, for `expected`."""

    @property
    def sold(self) -> float | None:
        return self.conversions if self.orders is None else self.orders

    @property
    def kind(self) -> TargetKind:
        return self.target_type or RECOMMENDS[self.source][0]


class FileTest(Section):
    """One test of the rules; `harvester rules test` runs it."""

    name: Name
    given: Given
    expect: Literal["promote", "negate", "hold", "skip"]
    rule: Name | None = None
    """The rule that must have decided."""
    reason: Name | None = None
