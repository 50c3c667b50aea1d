"""What the ledger keeps of a search term's evidence."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as some

from harvester.domain.history import NOTHING, Around, Gap, Totals, Window
from harvester.rules.term_notes import TermNote, WindowFigures, decimal_text, note_of, read_note, tail_of_note

WEEKS = {"60d-7d": Window(60, 7), "14d-7d": Window(14, 7)}


def test_a_note_is_json_with_every_window():
    """A window without a click says so; what is said beside them is the same for all terms of a keyword."""
    tail = tail_of_note("400", "BROAD", 'say "hat"', "EUR")
    note = note_of(WEEKS, {WEEKS["60d-7d"]: Totals(100, 9, 12_340_000, 1, 30_000_000)}, tail)

    assert json.loads(note) == {
        "windows": {
            "60d-7d": {"impressions": 100, "clicks": 9, "cost": "12.34", "orders": 1, "sales": "30.00"},
            "14d-7d": {"impressions": 0, "clicks": 0, "cost": "0.00", "orders": 0, "sales": "0.00"},
        },
        "currency": "EUR",
        "keyword_id": "400",
        "match_type": "BROAD",
        "targeting": 'say "hat"',
        "keywords": 1,
    }


@given(some.builds(Totals, *[some.integers(0, 10**12)] * 5), some.text(max_size=5), some.text(max_size=5))
def test_a_note_is_read_as_it_was_written(totals: Totals, targeting: str, keyword: str):
    """Whatever the keyword is called."""
    note = note_of(
        {"60d-7d": WEEKS["60d-7d"]}, {WEEKS["60d-7d"]: totals}, tail_of_note(keyword, "", targeting, "USD", 3)
    )

    read = read_note(note)

    assert (read.keyword_id, read.targeting, read.currency, read.keywords) == (keyword, targeting, "USD", 3)
    assert read.windows["60d-7d"] == WindowFigures(
        totals.impressions, totals.clicks, decimal_text(totals.cost), totals.orders, decimal_text(totals.sales)
    )


def test_advertised_products_stand_in_it_where_they_are_known():
    """Only then: there may be a million notes."""
    assert read_note(note_of({}, {}, tail_of_note("1", "", "", "USD", 1, ("B000000001",)))).asked_for == ("B000000001",)
    assert "asked_for" not in note_of({}, {}, tail_of_note("1", "", "", "USD"))


def test_what_has_no_note_has_no_windows():
    """Rows of other sources have none."""
    assert read_note(None) == read_note("") == TermNote()


@pytest.mark.parametrize(
    ("millionths", "text"),
    [(0, "0.00"), (10_000, "0.01"), (12_340_000, "12.34"), (12_345_000, "12.345"), (1, "0.000001")],
)
def test_money_has_two_digits_or_as_many_as_it_needs(millionths: int, text: str):
    """Exact, never rounded."""
    assert decimal_text(millionths) == text


def test_a_note_tells_of_its_ad_group() -> None:
    """Its rates over whole windows, and what the others lack: enough to be judged again."""
    month, season, year = Window(30, 7), Window(84, 7), Window(365, 7)
    gap = Gap(3, 0, date(2026, 2, 1))
    figures = {month: Totals(clicks=100, orders=8), season: Totals(clicks=1), year: NOTHING}
    around = Around(figures, {}, {season: gap}, date(2026, 3, 1))

    note = read_note(note_of({}, {}, tail_of_note("1", "", "", "USD", around=around)))

    assert note.rates == {"30d-7d": 0.08}
    assert note.gaps == {"84d-7d": gap}


def test_the_rate_of_a_window_without_a_click_of_the_ad_group_is_its_profiles() -> None:
    """As rules on expected clicks take it: without it such a window could not be judged again."""
    month, fortnight = Window(30, 7), Window(14, 0)
    figures = {month: Totals(clicks=100, orders=8)}
    around = Around(figures, {fortnight: Totals(clicks=50, orders=2), **figures}, {}, date(2026, 3, 1))

    note = read_note(note_of({}, {}, tail_of_note("1", "", "", "USD", around=around)))

    assert note.rates == {"14d-0d": 0.04, "30d-7d": 0.08}
