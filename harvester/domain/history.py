"""What reports say of a search term or a target over windows of whole days."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Self

import msgspec

MICROS = 1_000_000
"""Of the profile's currency: money is counted in whole ones, so that sums are exact and cheap."""
DEFAULT_WINDOW_DAYS = 60
SELLERS_SKIP_DAYS, VENDORS_SKIP_DAYS = 7, 14
"""The newest days, of which orders are still being attributed: sales count for 7 days after a click, for vendors 14."""


class ReportKind(StrEnum):
    SEARCH_TERMS = "search_terms"
    """spSearchTerm: what shoppers typed, or looked at, when they clicked."""
    TARGETING = "targeting"
    """spTargeting: our own keywords and targets."""


class Window(NamedTuple):
    """So many whole days of the profile, ending before the newest `skip` days; today is never one of them."""

    days: int
    skip: int

    def last(self, today: date) -> date:
        return today - timedelta(days=self.skip + 1)

    def first(self, today: date) -> date:
        return self.last(today) - timedelta(days=self.days - 1)


class Totals(msgspec.Struct, frozen=True, gc=False):
    """Sums over a window. `cost` and `sales` are in millionths of the profile's currency."""

    impressions: int = 0
    clicks: int = 0
    cost: int = 0
    orders: int = 0
    sales: int = 0

    @property
    def spend(self) -> Decimal:
        return Decimal(self.cost) / MICROS

    @property
    def revenue(self) -> Decimal:
        return Decimal(self.sales) / MICROS

    def plus(self, other: Self) -> "Totals":
        return Totals(
            self.impressions + other.impressions,
            self.clicks + other.clicks,
            self.cost + other.cost,
            self.orders + other.orders,
            self.sales + other.sales,
        )


NOTHING = Totals()


class Gap(msgspec.Struct, frozen=True):
    """Why nothing is decided from a window: days of it were never read, or not since their orders were complete."""

    missing: int
    """Days without a report."""
    immature: int
    """Days whose report was last read when they were younger than the window's `skip`."""
    first_day: date
    """Of those days, the first."""


class Sold(msgspec.Struct, frozen=True, gc=False):
    """Orders of a term, or of a close variant, anywhere in the recorded history of what its ad group sells."""

    orders: int
    last_day: date
    variant: str = ""
    """The key that sold; empty: the term's own."""
    ad_group_id: str = ""
    """Another one of the same products; empty: in the term's own campaign."""


class SoldTerm(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one key ever sold in one ad group, as far as it is on record."""

    campaign_id: str
    ad_group_id: str
    key: str
    orders: int
    last_day: date


class Around(msgspec.Struct, frozen=True):
    """What the terms of one ad group share."""

    ad_group: Mapping[Window, Totals]
    profile: Mapping[Window, Totals]
    gaps: Mapping[Window, Gap]
    """Of the windows that nothing may be decided from; the others are whole."""
    today: date
    """The profile's."""


class History(msgspec.Struct, frozen=True, gc=False):
    """A term's figures by window; a window without an entry is one without a click."""

    windows: Mapping[Window, Totals]
    around: Around
    sold: Sold | None = None

    def totals(self, window: Window) -> Totals:
        return self.windows.get(window, NOTHING)
