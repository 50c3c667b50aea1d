"""Bids from what a search term has cost and sold."""

from decimal import Decimal
from typing import Any

import msgspec
import pytest

from harvester.domain.bid import NoSuggestion
from harvester.domain.decision import DecidedRow
from harvester.domain.history import Totals, Window
from harvester.domain.recommendation import SEARCH_TERMS
from harvester.domain.target import TargetKind
from harvester.rules.bids import starting_bid
from harvester.rules.economics import ProductWorth
from harvester.rules.explain import long
from harvester.rules.money_bids import Earned
from harvester.rules.planner import fold
from harvester.rules.term_notes import note_of, tail_of_note
from harvester.rules.windows import asins_told, totals_told
from tests.unit.rules.builders import DESTINATION, JAPAN, PROFILE, decided, ground, profile_rules, ruleset
from tests.unit.rules.terms import AROUND, USUAL, around, judged, missing, on_terms, sums, term

ECONOMICS = {"default": {"price": {"USD": 25}, "target_acos": "30%"}}
TIMES = "× conversion rate 10.0%, 2 of 20 clicks, × target ACOS 30%"
SOLD = sums(20, 2, 12, 30)
BOTH = {"cpc": True, "target_acos": True, "factor": 1.1}


def bid_rules(bid: object, **economics: object):
    rule = on_terms({"orders": {"at_least": 1}}, {"promote": {"bid": bid}})
    return ruleset(rule, economics={**ECONOMICS, **economics})


def made(bid: object, totals: Totals | None, *worths: ProductWorth, suggestion=None, profile=PROFILE, rate=None):
    rules = bid_rules(bid).for_profile(profile.profile_id)
    promote = rules.rules[0].then.promote
    assert promote is not None
    known = worths or (ProductWorth("", 25_000_000, 0.3),)
    earned = None if totals is None else Earned(totals, known, rate)
    return starting_bid(promote.bid, DESTINATION, TargetKind.KEYWORD, profile, rules, suggestion, earned)


@pytest.mark.parametrize(
    ("bid", "totals", "formula"),
    [
        ({"cpc": True}, SOLD, "CPC 0.60 USD (12.00 USD for 20 clicks) → 0.60 USD"),
        ({"cpc": True, "factor": 1.1}, SOLD, "CPC 0.60 USD (12.00 USD for 20 clicks) × 1.1 = 0.66 → 0.66 USD"),
        ({"cpc": True, "ceiling": {"USD": 0.5}}, sums(3, spend=2),
         "CPC 0.6667 USD (2.00 USD for 3 clicks), ceiling 0.50 → 0.50 USD"),
        ({"target_acos": True, "factor": 3}, SOLD,
         "target ACOS bid 0.45 USD (AOV 15.00 USD × conversion rate 10.0%, 2 of 20 clicks, × target ACOS 30%) → 0.45 USD"),
        ({"target_acos": True}, sums(20, 2, 12),
         f"target ACOS bid 0.75 USD (AOV 25.00 USD by `economics` {TIMES}) → 0.75 USD"),
        (BOTH, SOLD,
         f"target ACOS bid 0.45 USD (AOV 15.00 USD {TIMES}; CPC 0.60 × 1.1 = 0.66) → 0.45 USD"),
        ({**BOTH, "factor": 1}, sums(20, 2, 12, 20),
         f"target ACOS bid 0.30 USD (AOV 10.00 USD {TIMES}; CPC 0.60) → 0.30 USD"),
        (BOTH, sums(20, 2, 12, 50),
         "CPC 0.60 USD (12.00 USD for 20 clicks; target ACOS bid 0.75) × 1.1 = 0.66 → 0.66 USD"),
        (BOTH, sums(20, 0, 12), "CPC 0.60 USD (12.00 USD for 20 clicks; no target ACOS bid) × 1.1 = 0.66 → 0.66 USD"),
        (BOTH, sums(20, 2, 0, 30),
         "target ACOS bid 0.45 USD (AOV 15.00 USD × conversion rate 10.0%, 2 of 20 clicks, × target ACOS 30%) → 0.45 USD"),
        ({"target_acos": True}, sums(2, 5, 1, 50),
         "target ACOS bid 3.00 USD (AOV 10.00 USD × conversion rate 100.0%, 5 of 2 clicks, × target ACOS 30%) → 3.00 USD"),
        ({"cpc": True, "fixed": {"USD": 0.5}}, sums(), "fixed 0.50 USD → 0.50 USD"),
        ({"cpc": True, "fixed": {"USD": 0.5}}, None, "fixed 0.50 USD → 0.50 USD"),
        ({"target_acos": True, "ad_group_default": True}, sums(9), "ad group default 0.75 USD → 0.75 USD"),
        ({"cpc": False, "fixed": {"USD": 0.5}}, SOLD, "fixed 0.50 USD → 0.50 USD"),
    ],
)  # fmt: skip
def test_the_formula_shows_what_the_bid_is_made_of(bid, totals, formula):
    """Inputs, the other bid where two are named, factor and bounds; and what is taken where nothing can be worked out."""
    assert made(bid, totals).formula == formula


@pytest.mark.parametrize(
    ("prior", "totals", "rate", "formula"),
    [
        (1, sums(5, 1, 3, 15), 0.05,
         "(AOV 15.00 USD × conversion rate 8.0%, 1 of 5 clicks and 1 more at its ad group's 5.0%, × target ACOS 30%) → 0.36"),
        (0.5, sums(20, 2, 12, 30), 0.05,
         "conversion rate 8.3%, 2 of 20 clicks and 0.5 more at its ad group's 5.0%, × target ACOS 30%) → 0.38"),
        (1, SOLD, None, f"{TIMES}) → 0.45"),
        (1, sums(2, 5, 1, 50), 1.0, "conversion rate 100.0%, 5 of 2 clicks and 1 more at its ad group's 100.0%,"),
    ],
)  # fmt: skip
def test_a_prior_draws_the_conversion_rate_to_the_ad_groups(prior, totals, rate, formula):
    """As though so many more orders had come at that rate; where it is not known the term's own stands, never over 1."""
    assert formula in made({"target_acos": True, "prior_orders": prior}, totals, rate=rate).formula


def test_a_prior_makes_no_bid_for_what_never_sold():
    """There is nothing to draw."""
    assert made({"target_acos": True, "prior_orders": 1}, sums(9, 0, 3), rate=0.05) is None


def test_without_anything_to_fall_back_on_there_is_no_bid():
    """The ad group's default is taken only where it is named."""
    assert made({"cpc": True}, sums()) is None
    assert made({"target_acos": True}, sums(9, 0, 3)) is None


def test_of_several_products_the_smaller_bid_is_taken():
    """The click may be on any of them; what is not known of one is not known of the ad group."""
    low, high = ProductWorth("A", 10_000_000, 0.3), ProductWorth("B", 25_000_000, 0.3)

    assert made({"target_acos": True}, sums(20, 2, 12), high, low).amount == Decimal("0.30")
    assert made({"target_acos": True}, sums(20, 2, 12), high, ProductWorth("C", None, 0.3)) is None
    assert made({"target_acos": True}, SOLD, high, ProductWorth("C", 9, None)) is None


def test_a_bid_from_money_does_not_speak_of_suggestions():
    """What Amazon did not suggest was not needed."""
    none = NoSuggestion("nobody asked")

    assert made({"cpc": True, "suggested": "low"}, SOLD, suggestion=none).formula.startswith("CPC 0.60")
    assert made({"cpc": True, "suggested": "low", "fixed": {"USD": 1}}, sums(), suggestion=none).formula.startswith(
        "no sugg"
    )


def test_the_marketplaces_range_holds_for_bids_from_money():
    """Rounded to its step: yen are whole."""
    bid = made({"cpc": True}, sums(4, spend=45), profile=JAPAN)

    assert (bid.amount, bid.currency) == (Decimal(11), "JPY")


def test_a_term_without_a_bid_is_held():
    """As others without one; the window has to be whole for it."""
    rules, default = bid_rules({"cpc": True}), bid_rules({"cpc": True, "ad_group_default": True})
    short_of = {"window": "14d", "exclude_recent": "0d"}
    other = ruleset(on_terms({"orders": {"at_least": 0, **short_of}}, {"promote": {"bid": {"cpc": True}}}))
    gap = around(gaps={USUAL: missing()})

    assert judged(rules, term(SOLD)).outcome == "promote"
    assert judged(rules, term(sums(2, 2))).reason == "no_bid"
    assert judged(default, term(sums(2, 2))).outcome == "promote"
    assert judged(other, term({USUAL: SOLD, Window(14, 0): sums(3)})).outcome == "promote"
    assert judged(default, term({USUAL: SOLD}, unread=True)).reason == "missing_days"
    waiting = judged(other, term({USUAL: SOLD}, among=gap))
    assert (waiting.outcome, waiting.reason, waiting.rule) == ("hold", "missing_days", "r")
    assert long(waiting, 20, 2)[1:] == [
        "Rule r waits for days:",
        "  meets orders in 14d-0d at least 0: 0",
        "3 days of 60d-7d were never read, the first 2026-02-01.",
    ]
    assert judged(bid_rules({"target_acos": True}), term(SOLD, asins=("B000000001",))).outcome == "promote"


def row(sums: Totals | None, *asins: str, **fields: Any) -> DecidedRow:
    windows = {} if sums is None else {"60d-7d": USUAL}
    tail = tail_of_note("5", "", "", "USD", 1, asins, AROUND)
    note = note_of(windows, {} if sums is None else {USUAL: sums}, tail)
    decision = decided(0, clicks=20, conversions=2, rule="r", ad_id="")
    return msgspec.structs.replace(decision, source=SEARCH_TERMS, evidence_note=note, ad_asin="", **fields)


def test_an_items_bid_is_worked_out_from_what_was_recorded():
    """The plan reads the ledger's windows and products, not the report again."""
    rules = bid_rules(BOTH, asins={"B000000001": {"target_acos": "10%"}}).for_profile(PROFILE.profile_id)
    grounds = {("200", ""): ground()}

    [item] = fold([row(SOLD)], grounds, rules)
    [of_product] = fold([row(SOLD, "B000000001")], grounds, rules)

    assert (item.bid, of_product.bid) == ("0.45", "0.15")
    assert item.bid_formula.startswith("target ACOS bid 0.45 USD (AOV 15.00 USD")


def test_an_items_bid_is_drawn_to_the_recorded_rate():
    """What its ad group did when the term was judged; where no rate was recorded the term's own stands."""
    rules = bid_rules({**BOTH, "prior_orders": 1}).for_profile(PROFILE.profile_id)
    recorded = row(SOLD)
    former = msgspec.structs.replace(recorded, evidence_note=(recorded.evidence_note or "").replace("rates", "former"))

    [drawn], [own] = (fold([each], {("200", ""): ground()}, rules) for each in (recorded, former))

    assert "2 of 20 clicks and 1 more at its ad group's 8.4%" in drawn.bid_formula
    assert "2 of 20 clicks, ×" in own.bid_formula


def test_an_item_without_figures_has_no_bid() -> None:
    """A note without windows tells nothing, and neither does none."""
    rules = bid_rules({"cpc": True}).for_profile(PROFILE.profile_id)
    grounds = {("200", ""): ground()}

    for each in (row(None), msgspec.structs.replace(row(SOLD), evidence_note=None)):
        [item] = fold([each], grounds, rules)
        assert (item.state, item.reason, item.bid) == ("held", "no_bid", None)


def test_other_items_do_not_look_at_money():
    """Their bid is what it was."""
    rules = profile_rules({"name": "promote", "when": {"clicks": {"at_least": 1}}, "then": {"promote": {}}})
    [item] = fold(
        [msgspec.structs.replace(decided(0), evidence_note='{"windows": {}}')], {("200", "1"): ground()}, rules
    )

    assert item.bid_formula == "ad group default 0.75 USD → 0.75 USD"


def test_what_the_ledger_keeps_of_a_term_can_be_read_back() -> None:
    """Its figures by window, money exact, and its products."""
    sums = Totals(1000, 41, 33_100_000, 2, 49_980_001)
    note = row(sums, "B000000001").evidence_note

    assert totals_told(note) == {USUAL: sums}
    assert asins_told(note) == ("B000000001",)
    assert (totals_told(None), totals_told("{}"), asins_told(None)) == ({}, {}, ())
    assert "asked_for" not in (row(sums).evidence_note or "")
