"""The verdict on what was done, and the sentence that says it."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from harvester.domain.action import ActionKind
from harvester.domain.aftermath import Aftermath, Because, Deed, Judgement, Measured
from harvester.domain.history import MICROS, Totals
from harvester.domain.target import Level, Match
from harvester.rules.aftermath import enough_clicks, judge, whole_days, windows_of
from harvester.rules.aftermath_words import Figures, Told, sentence

MADE = date(2026, 10, 1)
PROMOTION = Deed(
    action_id="a1", kind=ActionKind.PROMOTE_KEYWORD, rule="proven", target="bath towel", key="bath towel",
    match=Match.EXACT, level=None, campaign_id="10", campaign_name="Auto", ad_group_id="11", asins=("B000000001",),
    amazon_id="555", served_in="300", follows="", clicks_seen=20, orders_seen=2, looked_from=MADE - timedelta(days=67), made_on=MADE,
    reading=42,
)  # fmt: skip
NEGATIVE = msgspec.structs.replace(
    PROMOTION, kind=ActionKind.NEGATE_KEYWORD, level=Level.AD_GROUP, amazon_id="", clicks_seen=45, orders_seen=0
)
AT_SOURCE = msgspec.structs.replace(NEGATIVE, follows="a1", amazon_id="555", orders_seen=2)
BRAND = msgspec.structs.replace(NEGATIVE, kind=ActionKind.NEGATE_BRAND)


def totals(clicks: int = 0, cost: int = 0, orders: int = 0, sales: int = 0) -> Totals:
    """Money in whole units."""
    return Totals(clicks * 10, clicks, cost * MICROS, orders, sales * MICROS)


def after(deed: Deed, target: Any = None, **measured: Any) -> tuple[str, str, int | None]:
    """Verdict, why and money in whole units, over 30 days."""
    reading = measured.pop("reading", 42)
    found = judge(msgspec.structs.replace(deed, reading=reading), Measured(**{"days": 30, **measured}), target)
    return found.judgement.value, found.because.value, None if found.money is None else found.money // MICROS


def test_a_promotion_is_judged_by_what_its_target_earned() -> None:
    """At the target ACOS: more sales than that buys is good, less is a loss once there are clicks enough to say so."""
    assert after(PROMOTION, 0.3, destination=totals(60, 30, 6, 150)) == ("good", "pays", 15)
    assert after(PROMOTION, 0.3, destination=totals(60, 50, 6, 150)) == ("regretted", "loses", -5)
    assert after(PROMOTION, 0.3, destination=totals(9, 50, 6, 150)) == ("neutral", "few_clicks", -5)
    assert after(PROMOTION, 0.3, destination=totals(9, 50, 6, 150), reading=28) == ("too_early", "few_clicks", None)


def test_a_promotion_without_orders_has_failed_after_enough_clicks() -> None:
    """Before, it is too early to say; after the last reading nobody can say it any more."""
    assert after(PROMOTION, destination=totals(30, 20)) == ("regretted", "no_orders", -20)
    assert after(PROMOTION, destination=totals(30, 20), reading=14) == ("regretted", "no_orders", -20)
    assert after(PROMOTION, destination=totals(29, 20), reading=28) == ("too_early", "few_clicks", None)
    assert after(PROMOTION, destination=totals(29, 20)) == ("neutral", "few_clicks", -20)


def test_enough_clicks_are_three_orders_worth_at_the_rate_it_was_promoted_for() -> None:
    """Never fewer than twenty; where no rate is known, forty-five."""
    assert enough_clicks(PROMOTION) == 30
    assert enough_clicks(msgspec.structs.replace(PROMOTION, clicks_seen=7, orders_seen=3)) == 20
    assert enough_clicks(msgspec.structs.replace(PROMOTION, orders_seen=0)) == 45
    assert enough_clicks(msgspec.structs.replace(PROMOTION, clicks_seen=None)) == 45


def test_without_a_target_a_promotion_is_compared_with_its_source() -> None:
    """What sells no dearer than there is good; whether something dearer pays, nobody has said."""
    sold = totals(60, 30, 6, 150)
    assert after(PROMOTION, destination=sold) == ("good", "sells", None)
    assert after(PROMOTION, destination=sold, before=totals(60, 30, 6, 150)) == ("good", "sells", None)
    assert after(PROMOTION, destination=sold, before=totals(60, 30, 0, 0)) == ("good", "sells", None)
    assert after(PROMOTION, destination=sold, before=totals(60, 30, 6, 151)) == ("neutral", "dearer", None)


@pytest.mark.parametrize(
    ("deed", "measured"),
    [
        (PROMOTION, {"destination": None}),
        (PROMOTION, {"destination": totals(60), "days": 0}),
        (NEGATIVE, {"before": None, "after": totals()}),
        (NEGATIVE, {"before": totals(), "after": None}),
        (NEGATIVE, {"before": totals(), "after": totals(), "days": 0}),
        (AT_SOURCE, {"before": None, "destination": totals()}),
        (AT_SOURCE, {"before": totals(), "destination": None}),
        (AT_SOURCE, {"before": totals(), "destination": totals(), "days": 0}),
    ],
)
def test_nothing_is_said_of_days_that_are_not_in(deed: Deed, measured: dict[str, Any]) -> None:
    """Not even on the last day."""
    assert after(deed, **measured) == ("too_early", "no_days", None)


def test_a_negative_saves_what_its_term_cost() -> None:
    """From the day on which the orders before it are restated no more; less what its sales were worth."""
    none = {"before": totals(50, 40), "after": totals()}
    assert after(NEGATIVE, **none) == ("good", "saves", 40)
    assert after(NEGATIVE, **none, reading=28) == ("good", "saves", 40)
    assert after(NEGATIVE, **none, reading=14) == ("too_early", "restating", None)
    dear = msgspec.structs.replace(NEGATIVE, orders_seen=1)
    assert after(dear, 0.5, before=totals(50, 40, 1, 20), after=totals(), orders_now=1) == ("good", "saves", 30)


def test_a_negative_that_did_not_help_is_neither_good_nor_a_mistake() -> None:
    """It still costs, there was nothing to save, or what it closed was known to sell."""
    seen = msgspec.structs.replace(NEGATIVE, orders_seen=2)
    assert after(NEGATIVE, before=totals(50, 40), after=totals(1, 1)) == ("neutral", "still_spends", 39)
    assert after(NEGATIVE, before=totals(), after=totals()) == ("neutral", "nothing_to_save", None)
    paid = {"before": totals(50, 40, 2, 100), "after": totals(), "orders_now": 2}
    assert after(seen, **paid) == ("neutral", "paid", None)
    assert after(seen, 0.5, **paid) == ("neutral", "paid", None)


def test_a_negative_whose_term_sold_late_is_regretted() -> None:
    """At any reading; where its decision knew of orders, only if it pays with those that came late."""
    late = {"before": totals(50, 40, 1, 25), "after": totals(), "orders_now": 1}
    assert after(NEGATIVE, **late) == ("regretted", "sold_late", -25)
    assert after(NEGATIVE, 0.4, **late, reading=7) == ("regretted", "sold_late", -10)
    assert after(NEGATIVE, orders_now=1, days=0, reading=7) == ("regretted", "sold_late", None)
    seen = msgspec.structs.replace(NEGATIVE, orders_seen=2)
    more = {"after": totals(), "orders_now": 3}
    assert after(seen, before=totals(50, 40, 3, 75), **more) == ("regretted", "sold_late", -75)
    assert after(seen, 0.6, before=totals(50, 40, 3, 75), **more) == ("regretted", "sold_late", -45)
    assert after(seen, 0.3, before=totals(50, 40, 3, 70), **more) == ("neutral", "still_dear", 19)
    assert after(seen, 0.3, days=0, orders_now=3) == ("too_early", "no_days", None)
    assert after(msgspec.structs.replace(NEGATIVE, orders_seen=None), **late) == ("regretted", "sold_late", -25)


def test_a_negative_at_a_source_is_judged_by_what_took_over() -> None:
    """Sales at the destination are what it was for; sales that are seen nowhere any more are a gap."""
    before = totals(50, 40, 2, 100)
    assert after(AT_SOURCE, before=before, destination=totals(9, 9, 1, 50)) == ("good", "moved", None)
    assert after(AT_SOURCE, before=before, destination=totals()) == ("regretted", "gap", -100)
    assert after(AT_SOURCE, 0.3, before=before, destination=totals()) == ("regretted", "gap", -30)
    assert after(AT_SOURCE, before=before, destination=totals(3, 3)) == ("neutral", "few_clicks", None)
    assert after(AT_SOURCE, before=totals(), destination=totals()) == ("neutral", "few_clicks", None)
    assert after(AT_SOURCE, before=before, destination=totals(), reading=14) == ("too_early", "few_clicks", None)


def test_a_brand_cannot_be_measured() -> None:
    """Reports name search terms and products, not whose they are."""
    assert judge(BRAND, Measured(0), None) == Aftermath(Judgement.NEUTRAL, Because.NOT_MEASURABLE)


def run_of(first: int, last: int) -> set[date]:
    """Days counted from the one it was made on."""
    return {MADE + timedelta(days=each) for each in range(first, last + 1)}


def test_days_are_compared_up_to_the_first_gap() -> None:
    """Thirty at most, and never the day it was made on itself."""
    assert whole_days(MADE, run_of(-90, 90), before=True) == 30
    assert whole_days(MADE, run_of(-90, 90), before=False) == 30
    assert whole_days(MADE, run_of(-3, 5) - run_of(4, 4), before=False) == 3
    assert whole_days(MADE, run_of(-3, 5), before=True) == 3
    assert whole_days(MADE, run_of(0, 0), before=True) == 0


@pytest.mark.parametrize(
    ("deed", "terms", "targets", "expected"),
    [
        (NEGATIVE, run_of(-30, 20), set(), (20, True)),
        (NEGATIVE, run_of(-4, 20), set(), (4, True)),
        (NEGATIVE, set(), run_of(-30, 20), (0, False)),
        (AT_SOURCE, run_of(-30, 20), run_of(1, 9), (9, True)),
        (AT_SOURCE, set(), run_of(1, 9), (0, False)),
        (PROMOTION, run_of(-30, 20), run_of(1, 30), (20, True)),
        (PROMOTION, run_of(-30, 30), run_of(1, 20), (20, True)),
        (PROMOTION, run_of(-30, 14), run_of(1, 30), (30, False)),
        (PROMOTION, set(), run_of(1, 30), (30, False)),
        (PROMOTION, run_of(-30, 30), set(), (0, False)),
    ],
)
def test_windows_before_and_after_are_of_one_length(
    deed: Deed, terms: set[date], targets: set[date], expected: tuple[int, bool]
) -> None:
    """A promotion gives up its source rather than more than half of its own days."""
    assert windows_of(deed, terms, targets) == expected


def figures(clicks: int = 0, spend: str = "0", orders: int = 0, sales: str = "0", acos: str | None = None) -> Figures:
    return Figures(clicks, Decimal(spend), orders, Decimal(sales), Decimal(acos) if acos else None)


SOLD = figures(60, "30", 6, "1500", "0.02")
UNSOLD = figures(1, "0.5")
BEFORE = figures(50, "40", 1, "20", "2")


@pytest.mark.parametrize(
    ("because", "told", "words"),
    [
        (Because.NOT_READ, {}, "too early: no reading yet; the first is 7 days after it was made, once the reports are in"),
        (Because.PAYS, {"destination": SOLD, "target_acos": 0.3},
         "pays: 6 orders for 1,500.00 USD on 30.00 USD spent in 30 days, ACOS 2%; the target is 30%"),
        (Because.LOSES, {"destination": SOLD, "target_acos": 0.01, "days": 1},
         "loses money: 6 orders for 1,500.00 USD on 30.00 USD spent in 1 day, ACOS 2%; the target is 1%"),
        (Because.NO_ORDERS, {"destination": UNSOLD}, "does not sell: 1 click and 0.50 USD without an order in 30 days"),
        (Because.FEW_CLICKS, {}, "too few clicks to say: 0 clicks and 0.00 USD without an order in 30 days"),
        (Because.SELLS, {"destination": SOLD, "before": BEFORE},
         "sells: 6 orders for 1,500.00 USD on 30.00 USD spent in 30 days, ACOS 2%, at its source before 200%"),
        (Because.SELLS, {"destination": SOLD, "before": UNSOLD},
         "sells: 6 orders for 1,500.00 USD on 30.00 USD spent in 30 days, ACOS 2%"),
        (Because.SELLS, {"destination": SOLD}, "sells: 6 orders for 1,500.00 USD on 30.00 USD spent in 30 days, ACOS 2%"),
        (Because.DEARER, {"destination": SOLD, "before": BEFORE},
         ("sells, dearer than at its source: 6 orders for 1,500.00 USD on 30.00 USD spent in 30 days, ACOS 2%, "
         "there before 200%")),
        (Because.DEARER, {"destination": figures(3, "3", 1)},
         ("sells, dearer than at its source: 1 order for 0.00 USD on 3.00 USD spent in 30 days, ACOS without sales, "
         "there before without sales")),
        (Because.SOLD_LATE, {"orders_now": 3, "orders_seen": 2.0},
         "sold: 3 orders in the days before it, of which its decision saw 2"),
        (Because.SOLD_LATE, {}, "sold: 0 orders in the days before it, of which its decision saw 0"),
        (Because.STILL_DEAR, {"before": BEFORE, "orders_now": 1, "target_acos": 0.3},
         ("sold: 1 order in the days before it, of which its decision saw 0; it still cost more than it brought: "
         "50 clicks, 40.00 USD and 1 order for 20.00 USD in 30 days before it, the target is 30%")),
        (Because.SAVES, {"before": UNSOLD}, "saves: 1 click, 0.50 USD and no order in 30 days before it, nothing since"),
        (Because.PAID, {"before": BEFORE},
         "sold before, as its decision saw: 50 clicks, 40.00 USD and 1 order for 20.00 USD in 30 days before it"),
        (Because.STILL_SPENDS, {"after": UNSOLD}, "does not stop everything: 1 click and 0.50 USD since"),
        (Because.NOTHING_TO_SAVE, {}, "nothing to save: no click in 30 days before it"),
        (Because.MOVED, {"destination": SOLD},
         "moved: 6 orders for 1,500.00 USD on 30.00 USD spent in 30 days, ACOS 2% at the destination"),
        (Because.GAP, {"before": BEFORE},
         ("a gap: 50 clicks, 40.00 USD and 1 order for 20.00 USD in 30 days before it, and not a click at the destination "
         "since")),
    ],
)  # fmt: skip
def test_each_verdict_is_one_sentence_with_its_figures(because: Because, told: dict[str, Any], words: str) -> None:
    """In the words of whoever answers for the change."""
    assert sentence(Told(**{"because": because, "days": 30, "currency": "USD", **told})) == words


def test_yen_are_told_whole() -> None:
    """With their thousands, and without places that they do not have."""
    told = Told(Because.SAVES, 30, "JPY", before=Figures(60, Decimal("12000.00"), 0, Decimal(0), None))

    assert sentence(told) == "saves: 60 clicks, 12,000 JPY and no order in 30 days before it, nothing since"


def test_every_reason_has_a_sentence() -> None:
    """Also where nothing was measured."""
    assert all(sentence(Told(because, 0, "USD")) for because in Because)
