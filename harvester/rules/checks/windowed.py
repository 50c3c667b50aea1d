"""Figures of a search term over a window of days, each against one bound: counts, money and what follows from them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple

from harvester.domain.decision import Finding, Reason
from harvester.domain.history import MICROS, NOTHING, Around, History, Totals, Window
from harvester.domain.money import smallest_coin
from harvester.domain.numbers import plain
from harvester.rules.checks.evidence import Side, percent_text, wilson
from harvester.rules.economics import ProductWorth

PRIOR_CLICKS = 50
"""So many clicks at the profile's rate are added to an ad group's own: few clicks of its own say little."""
USUAL_SKIP = -1
"""In a window of no profile in particular: as many days are left out as is usual for the profile."""


class Measure(StrEnum):
    IMPRESSIONS = "impressions"
    CLICKS = "clicks"
    SPEND = "spend"
    ORDERS = "orders"
    SALES = "sales"
    CPC = "cpc"
    CTR = "ctr"
    CONVERSION_RATE = "conversion_rate"
    ACOS = "acos"
    ROAS = "roas"
    AOV = "aov"


MONEY = frozenset({Measure.SPEND, Measure.SALES, Measure.CPC, Measure.AOV})
SHARES = frozenset({Measure.CTR, Measure.CONVERSION_RATE})
"""Parts of a whole, which have an interval; never over 100 %."""
_MEASURING: Mapping[Measure, Callable[[Totals], float | None]] = {
    Measure.IMPRESSIONS: lambda sums: sums.impressions,
    Measure.CLICKS: lambda sums: sums.clicks,
    Measure.SPEND: lambda sums: sums.cost,
    Measure.ORDERS: lambda sums: sums.orders,
    Measure.SALES: lambda sums: sums.sales,
    Measure.CPC: lambda sums: sums.cost / sums.clicks if sums.clicks else None,
    Measure.CTR: lambda sums: min(sums.clicks / sums.impressions, 1.0) if sums.impressions else None,
    Measure.CONVERSION_RATE: lambda sums: min(sums.orders / sums.clicks, 1.0) if sums.clicks else None,
    Measure.ACOS: lambda sums: sums.cost / sums.sales if sums.sales else None,
    Measure.ROAS: lambda sums: sums.sales / sums.cost if sums.cost else None,
    Measure.AOV: lambda sums: sums.sales / sums.orders if sums.orders else None,
}
"""Money in millionths. None: it cannot be measured, and unknown is not zero."""


class Unit(StrEnum):
    """What a bound is a multiple of."""

    ONE = ""
    EXPECTED = "expected"
    TARGET_COST = "target_cost"
    TARGET = "target"


class Lack(StrEnum):
    """What a check waits for."""

    WINDOW = "window"
    ECONOMICS = "economics"


class Seen(NamedTuple):
    """What windowed checks look at."""

    history: History | None
    """None: nothing was read."""
    worths: tuple[ProductWorth, ...]
    currency: str


UNSEEN = Seen(None, (), "")


class Glance(NamedTuple):
    """What a check saw. `passed` None: what it asks for cannot be measured, or is lacking."""

    measured: float | str | None
    bound: float | str | None
    passed: bool | None
    lack: Lack | None = None


NOT_READ = "not read"
"""What is measured of a window that is not whole."""


@dataclass(frozen=True, slots=True)
class WindowBound:
    """One side of one threshold; it makes one finding."""

    measure: Measure
    side: Side
    value: float
    """Rates as fractions, money in millionths, the factor of a multiple."""
    window: Window
    unit: Unit = Unit.ONE
    confidence: float | None = None
    amounts: tuple[str, ...] = ()
    """All that the file says, where it does so per currency."""
    unsaid: bool = False
    """Whether those are in other currencies: there is no bound."""
    at_least: bool = field(init=False)
    plain: bool = field(init=False)
    """Whether the bound is the value itself."""
    check: str = field(init=False)
    """The id in findings: `clicks.at_least@60d-7d`, `clicks.at_least@3x_expected@60d-7d`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "at_least", self.side is Side.AT_LEAST)
        object.__setattr__(self, "plain", self.unit is Unit.ONE and not self.unsaid)
        tail = "" if self.confidence is None else f"@{percent_text(self.confidence)}"
        if self.unit:
            tail = f"@{plain(Decimal(repr(self.value)))}x_{self.unit}"
        object.__setattr__(self, "check", f"{self.measure}.{self.side}{tail}@{window_name(self.window)}")

    @property
    def about(self) -> tuple[object, ...]:
        """Bounds of the same can be compared."""
        return (self.measure, self.window, self.unit, self.amounts)

    @property
    def is_share(self) -> bool:
        return self.measure in SHARES

    def look(self, seen: Seen) -> Glance:
        """As findings show it: money with its currency."""
        history, window = seen.history, self.window
        if history is None or window in history.around.gaps:
            return Glance(NOT_READ, self.said(seen.currency), None, Lack.WINDOW)
        measured = self.measured(history.windows.get(window, NOTHING))
        bound = self.value if self.plain else self.bound(history.around, seen.worths)
        passed = lack = None
        if bound is None:
            lack = Lack.ECONOMICS if self.unit in _OF_ECONOMICS else None
        elif measured is not None:
            passed = measured >= bound if self.at_least else measured <= bound
        if self.measure in MONEY:
            currency = seen.currency
            shown = None if measured is None else money_text(measured, currency)
            return Glance(shown, None if bound is None else money_text(bound, currency), passed, lack)
        return Glance(measured, bound, passed, lack)

    def said(self, currency: str) -> float | str | None:
        """The bound as findings show it, where it depends on nothing."""
        if not self.plain:
            return None
        return money_text(self.value, currency) if self.measure in MONEY else self.value

    def measured(self, sums: Totals) -> float | None:
        value = _MEASURING[self.measure](sums)
        if self.confidence is None or value is None:
            return value
        trials = sums.clicks if self.measure is Measure.CONVERSION_RATE else sums.impressions
        return wilson(value, trials, self.confidence)[0 if self.side is Side.AT_LEAST else 1]

    def bound(self, around: Around, worths: tuple[ProductWorth, ...]) -> float | None:
        """Of a multiple; None where what it is a multiple of is not known. Of several products the one that is harder
        to meet holds.
        """
        if self.unsaid:
            return None
        if self.unit is Unit.EXPECTED:
            rate = shrunken_rate(around, self.window)
            return self.value / rate if rate else None
        priced = self.unit is Unit.TARGET_COST
        known = [one for worth in worths if (one := worth.target_cost if priced else worth.target_acos) is not None]
        if len(known) < len(worths):
            return None
        return self.value * (max(known) if self.side is Side.AT_LEAST else min(known))


_OF_ECONOMICS = frozenset({Unit.TARGET_COST, Unit.TARGET})


Lacking = tuple[WindowBound, Lack]


def shrunken_rate(around: Around, window: Window) -> float | None:
    """Orders per click of the ad group, drawn towards the profile's; None without a click anywhere."""
    ours, all_ = around.ad_group.get(window, NOTHING), around.profile.get(window, NOTHING)
    if all_.clicks:
        clicks = ours.clicks + PRIOR_CLICKS
        return min((ours.orders + PRIOR_CLICKS * all_.orders / all_.clicks) / clicks, 1.0)
    return min(ours.orders / ours.clicks, 1.0) if ours.clicks else None


def window_name(window: Window) -> str:
    """`60d-7d`"""
    return f"{window.days}d-{window.skip}d"


def window_named(text: str) -> Window:
    """The reverse of `window_name`."""
    days, _, skip = text.partition("-")
    return Window(int(days.removesuffix("d")), int(skip.removesuffix("d")))


def money_text(millionths: float, currency: str) -> str:
    """To a hundredth of a cent, for the ledger: `33.10 USD`, `0.3333 USD`, `1200 JPY`"""
    text = f"{millionths / MICROS:.4f}".removesuffix("00")
    return f"{text.removesuffix('.00') if smallest_coin(currency) == 1 else text} {currency}"


def waiting_for(lacking: Sequence[Lacking], seen: Seen) -> tuple[Reason, list[Finding]] | None:
    """What a rule waits for, and why, one finding for each window; None where nothing is lacking."""
    windows = dict.fromkeys(bound.window for bound, lack in lacking if lack is Lack.WINDOW)
    if windows:
        gaps = [gap for window in windows if (gap := gap_in(seen.history, window)) is not None]
        immature = all(reason is Reason.IMMATURE_WINDOW for reason, _ in gaps)
        return (Reason.IMMATURE_WINDOW if immature else Reason.MISSING_DAYS), [finding for _, finding in gaps]
    if not lacking:
        return None
    priced = any(bound.unit is Unit.TARGET_COST for bound, _ in lacking)
    asins = [
        worth.asin or _PRODUCTS
        for worth in seen.worths
        if worth.target_acos is None or (priced and worth.order is None)
    ]
    wanted = "price or aov, and target_acos" if priced else "target_acos"
    return Reason.MISSING_FACTS, [Finding("", "economics.unknown", ", ".join(asins), wanted, passed=False)]


_PRODUCTS = "what its ad group advertises"


def gap_in(history: History | None, window: Window) -> tuple[Reason, Finding] | None:
    """Why nothing is decided from a window; None where it is whole."""
    name = window_name(window)
    if history is None:
        return Reason.MISSING_DAYS, Finding("", f"window.unread@{name}", None, None, passed=False)
    gap = history.around.gaps.get(window)
    if gap is None:
        return None
    first = gap.first_day.isoformat()
    if gap.missing:
        return Reason.MISSING_DAYS, Finding("", f"window.missing@{name}", gap.missing, first, passed=False)
    return Reason.IMMATURE_WINDOW, Finding("", f"window.immature@{name}", gap.immature, first, passed=False)
