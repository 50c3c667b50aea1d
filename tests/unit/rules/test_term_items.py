"""What an item that a search term led to tells its reviewer."""

import msgspec

from harvester.domain.decision import DecidedRow, Outcome
from harvester.domain.history import Totals, Window
from harvester.domain.plan import PlannedAction
from harvester.domain.recommendation import SEARCH_TERMS
from harvester.rules.planner import fold
from harvester.rules.term_notes import note_of, tail_of_note
from tests.unit.rules.builders import NEGATE, PROMOTE, decided, ground, profile_rules

NOTE = note_of(
    {"60d-7d": Window(60, 7)},
    {Window(60, 7): Totals(900, 45, 54_000_000, 0, 0)},
    tail_of_note("k1", "BROAD", "towel", "USD"),
)
WORDS = "Search term of broad keyword “towel”: 45 clicks, 0 orders, 54.00 USD spent (60d-7d)."


def of_terms(row: DecidedRow) -> DecidedRow:
    return msgspec.structs.replace(row, source=SEARCH_TERMS, ad_id="", ad_asin="", evidence_note=NOTE)


def folded(*rows: DecidedRow) -> list[PlannedAction]:
    on = ground()
    return fold(rows, {("200", ""): on, ("200", "1"): on}, profile_rules(PROMOTE, NEGATE))


def test_a_negative_says_what_its_term_cost():
    """In one sentence, before anything else."""
    (item,) = folded(of_terms(decided(0, Outcome.NEGATE, clicks=45, conversions=0)))

    assert item.note == WORDS


def test_a_promotion_of_two_sources_is_one_item_that_tells_the_terms_money():
    """Whichever of the rows leads; what is no search term tells of none."""
    recommended, term = decided(0, clicks=90, conversions=9), of_terms(decided(1))

    (item,) = folded(recommended, term)
    (alone,) = folded(recommended)

    assert item.places == (0, 1)
    assert item.note == WORDS
    assert alone.note == ""
