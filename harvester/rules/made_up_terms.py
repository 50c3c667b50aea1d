"""Made-up figures of a search term, for the tests that stand in a rules file."""

from collections.abc import Mapping
from datetime import date

from harvester.domain.history import MICROS, Around, History, Totals, Window
from harvester.rules.checks.windowed import window_named
from harvester.rules.given import Figures, Given

_LONG_AGO = date(2000, 1, 1)
_MANY_CLICKS = 1_000_000
"""Of the made-up ad group and profile, so that the rate comes out as it is given."""


def made_up_history(given: Given, windows: frozenset[Window]) -> History:
    """All windows are whole; the figures hold for each that has none of its own."""
    own = {window_named(name): sums(figures) for name, figures in given.windows.items()}
    usual = sums(given)
    rate = given.ad_group_rate
    all_ = Totals() if rate is None else Totals(clicks=_MANY_CLICKS, orders=round(rate * _MANY_CLICKS))
    everywhere: Mapping[Window, Totals] = dict.fromkeys(windows, all_)
    return History({**dict.fromkeys(windows, usual), **own}, Around(everywhere, everywhere, {}, _LONG_AGO))


def sums(figures: Given | Figures) -> Totals:
    orders = figures.orders if figures.orders is not None else figures.conversions
    return Totals(
        impressions=round(figures.impressions or 0),
        clicks=round(figures.clicks or 0),
        cost=round((figures.spend or 0) * MICROS),
        orders=round(orders or 0),
        sales=round((figures.sales or 0) * MICROS),
    )
