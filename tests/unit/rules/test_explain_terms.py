"""What a search term cost and brought, in words."""

import json

import pytest

from harvester.domain.history import Totals, Window
from harvester.rules.explain_terms import acos_percent, figures, figures_in, term_in_a_sentence, words_in
from harvester.rules.term_notes import WindowFigures, note_of, tail_of_note

LONG, SHORT = Window(60, 7), Window(14, 7)
NAMES = {"60d-7d": LONG, "14d-7d": SHORT}
SOLD = Totals(900, 24, 19_200_000, 2, 60_000_000)


def note(totals: dict[Window, Totals], match_type: str = "BROAD", targeting: str = "hat", keywords: int = 1) -> str:
    return note_of(NAMES, totals, tail_of_note("k1", match_type, targeting, "USD", keywords))


def test_a_term_is_told_in_one_sentence():
    """Under which keyword it came, and every window with its money."""
    assert term_in_a_sentence(note({LONG: SOLD, SHORT: Totals(90, 1, 800_000, 0, 0)})) == (
        "Search term of broad keyword “hat”: 24 clicks, 2 orders, 19.20 USD spent, 60.00 USD sold, ACOS 32% (60d-7d); "
        "1 click, 0 orders, 0.80 USD spent (14d-7d)."
    )
    assert term_in_a_sentence(None) == ""


@pytest.mark.parametrize(
    ("match_type", "targeting", "keywords", "words"),
    [
        ("EXACT", "hat", 1, "Search term of exact keyword “hat”: "),
        ("TARGETING_EXPRESSION_PREDEFINED", "close-match", 3, "Search term of target “close-match” and 2 more: "),
        ("", "", 1, "Search term: "),
    ],
)
def test_what_it_came_by_is_named(match_type: str, targeting: str, keywords: int, words: str):
    """As far as Amazon says."""
    assert term_in_a_sentence(note({}, match_type, targeting, keywords)).startswith(words)


@pytest.mark.parametrize(
    ("cost", "sales", "acos"), [("19.20", "60.00", "32"), ("10.00", "30.00", "33.3"), ("5.00", "0.00", "")]
)
def test_acos_is_spend_over_sales(cost: str, sales: str, acos: str):
    """To a tenth of a percent; of no sales there is none."""
    each = WindowFigures(0, 0, cost, 0, sales)

    assert acos_percent(each) == acos
    assert ("ACOS" in figures(each, "USD")) is bool(acos)


def test_money_of_terms_is_told_to_the_coin():
    """Yen have none below them; what the ledger keeps below a cent is rounded."""
    each = WindowFigures(9, 3, "1200.00", 1, "4000.50")

    assert figures(each, "JPY") == "3 clicks, 1 order, 1200 JPY spent, 4001 JPY sold, ACOS 30%"
    assert figures(WindowFigures(9, 3, "7.497", 0, "0.00"), "INR") == "3 clicks, 0 orders, 7.50 INR spent"


def test_the_ledgers_metrics_are_told_the_longest_window_first():
    """The ledger keeps keys in an order of its own; rows of other sources have no windows."""
    metrics = json.loads(note({LONG: SOLD}))
    metrics["windows"] = dict(sorted(metrics["windows"].items()))

    assert words_in({**metrics, "clicks": 24.0, "conversions": 2.0}) == (
        "24 clicks, 2 orders, 19.20 USD spent, 60.00 USD sold, ACOS 32% (60d-7d); "
        "0 clicks, 0 orders, 0.00 USD spent (14d-7d)"
    )
    for nothing in (None, {}, {"clicks": 3}):
        assert words_in(nothing) == ""


@pytest.mark.parametrize(
    ("counts", "cost"), [((24, 2), "19.20"), ((31, 2), "30.00"), ((40, 2), "50.00"), ((1, 0), "30.00")]
)
def test_money_is_of_the_window_that_clicks_and_orders_are_of(counts: tuple[int, int], cost: str):
    """Beside an item, within the metrics of a decision; the usual one where none fits, and never of days that others count."""
    windows = {
        "30d-7d": {"clicks": 24, "orders": 2, "cost": "9.00"},
        "60d-14d": {"clicks": 31, "orders": 2, "cost": "30.00"},
        "60d-7d": {"clicks": 24, "orders": 2, "cost": "19.20"},
        "90d-7d": {"clicks": 40, "orders": 2, "cost": "50.00"},
    }
    metrics = {"windows": windows, "currency": "USD"}
    beside = dict(zip(("clicks", "conversions"), counts, strict=True))

    for row in ({**beside, "metrics": metrics}, {**beside, **metrics}):
        found = figures_in(row)
        assert found is not None
        assert (found[0].cost, found[1]) == (cost, "USD")
    assert figures_in({"windows": {"90d-7d": windows["90d-7d"]}, "clicks": None}) is not None
    assert [figures_in(nothing) for nothing in ({}, {"clicks": 3}, {"metrics": None})] == [None] * 3
