"""The verdict on what was done: pure, from the same days before and after it."""

import math
from collections.abc import Collection
from datetime import date, timedelta

from harvester.domain.action import ActionKind
from harvester.domain.aftermath import (
    LAST_READING,
    LONGEST_WINDOW,
    SETTLED_READING,
    Aftermath,
    Because,
    Deed,
    Judgement,
    Measured,
)
from harvester.domain.history import Totals

FEWEST_CLICKS, CLICKS_WITHOUT_A_RATE = 20, 45
"""Before these, no promotion is said to have failed: with nothing known, 45 clicks without an order come to one that
sells at 5 % one time in ten.
"""
_AT_MOST_TWICE = 2
"""A promotion is looked at over fewer days for the sake of its source, but not over less than half of them."""
_RULE_OF_THREE = 3
"""So many orders' worth of clicks without one have a chance of 5 %."""

GOOD, NEUTRAL, REGRETTED, TOO_EARLY = (
    Judgement.GOOD,
    Judgement.NEUTRAL,
    Judgement.REGRETTED,
    Judgement.TOO_EARLY,
)


def whole_days(made_on: date, known: Collection[date], *, before: bool) -> int:
    """How many days next to the one it was made on are in and complete without a gap, at most the longest window."""
    step = -1 if before else 1
    count = 0
    while count < LONGEST_WINDOW and made_on + timedelta(days=step * (count + 1)) in known:
        count += 1
    return count


def windows_of(deed: Deed, terms: Collection[date], targets: Collection[date]) -> tuple[int, bool]:
    """How many days before and after can be compared, and whether the source is among what is.

    `terms` and `targets`: the days that are in and complete, of the search-term report and of the targeting report.
    """
    at_source = min(whole_days(deed.made_on, terms, before=each) for each in (True, False))
    if deed.kind.is_negative and not deed.follows:
        return at_source, at_source > 0
    served = whole_days(deed.made_on, targets, before=False)
    if deed.kind.is_negative:
        return min(at_source, served), at_source > 0
    return (min(at_source, served), True) if 0 < served <= _AT_MOST_TWICE * at_source else (served, False)


def enough_clicks(deed: Deed) -> int:
    """After which a promotion must have sold: three orders' worth at the rate that it was promoted for."""
    if not deed.orders_seen or not deed.clicks_seen:
        return CLICKS_WITHOUT_A_RATE
    return max(FEWEST_CLICKS, math.ceil(_RULE_OF_THREE * deed.clicks_seen / deed.orders_seen))


def judge(deed: Deed, measured: Measured, target_acos: float | None) -> Aftermath:
    """`target_acos` as a fraction; None: the rules say nothing about what pays."""
    if deed.kind is ActionKind.NEGATE_BRAND:
        return Aftermath(NEUTRAL, Because.NOT_MEASURABLE)
    if deed.kind.is_promotion:
        return _promotion(deed, measured, target_acos)
    return _negative_at_source(deed, measured, target_acos) if deed.follows else _negative(deed, measured, target_acos)


def _promotion(deed: Deed, measured: Measured, target_acos: float | None) -> Aftermath:
    sold = measured.destination
    if sold is None or measured.days == 0:
        return Aftermath(TOO_EARLY, Because.NO_DAYS)
    enough = sold.clicks >= enough_clicks(deed)
    undecided = NEUTRAL if deed.reading == LAST_READING else TOO_EARLY
    if not sold.orders:
        if enough:
            return Aftermath(REGRETTED, Because.NO_ORDERS, -sold.cost)
        return Aftermath(undecided, Because.FEW_CLICKS, -sold.cost if undecided is NEUTRAL else None)
    if target_acos is None:
        dearer = measured.before is not None and _acos(sold) > _acos(measured.before)
        return Aftermath(NEUTRAL, Because.DEARER) if dearer else Aftermath(GOOD, Because.SELLS)
    earned = _worth(sold, target_acos) - sold.cost
    if earned >= 0:
        return Aftermath(GOOD, Because.PAYS, earned)
    if enough:
        return Aftermath(REGRETTED, Because.LOSES, earned)
    return Aftermath(undecided, Because.FEW_CLICKS, earned if undecided is NEUTRAL else None)


def _negative(deed: Deed, measured: Measured, target_acos: float | None) -> Aftermath:
    before, after = measured.before, measured.after
    late = (measured.orders_now or 0) > (deed.orders_seen or 0)
    known_to_pay = target_acos is None or (before is not None and _pays(before, target_acos))
    if late and (not deed.orders_seen or known_to_pay):
        missed = None if before is None else -_worth(before, target_acos)
        return Aftermath(REGRETTED, Because.SOLD_LATE, missed)
    if before is None or after is None or measured.days == 0:
        return Aftermath(TOO_EARLY, Because.NO_DAYS)
    if deed.reading < SETTLED_READING:
        return Aftermath(TOO_EARLY, Because.RESTATING)
    if after.clicks:
        return Aftermath(NEUTRAL, Because.STILL_SPENDS, before.cost - after.cost)
    if not before.clicks:
        return Aftermath(NEUTRAL, Because.NOTHING_TO_SAVE)
    if before.orders and (target_acos is None or _pays(before, target_acos)):
        return Aftermath(NEUTRAL, Because.PAID)
    return Aftermath(
        NEUTRAL if late else GOOD,
        Because.STILL_DEAR if late else Because.SAVES,
        before.cost - _worth(before, target_acos),
    )


def _negative_at_source(deed: Deed, measured: Measured, target_acos: float | None) -> Aftermath:
    """What it closed sold there; the question is whether its promotion has taken over."""
    before, destination = measured.before, measured.destination
    if before is None or destination is None or measured.days == 0:
        return Aftermath(TOO_EARLY, Because.NO_DAYS)
    if destination.orders:
        return Aftermath(GOOD, Because.MOVED)
    if deed.reading < SETTLED_READING:
        return Aftermath(TOO_EARLY, Because.FEW_CLICKS)
    if before.orders and not destination.clicks:
        return Aftermath(REGRETTED, Because.GAP, -_worth(before, target_acos))
    return Aftermath(NEUTRAL, Because.FEW_CLICKS)


def _acos(totals: Totals) -> float:
    return totals.cost / totals.sales if totals.sales else math.inf


def _worth(totals: Totals, target_acos: float | None) -> int:
    """What may be spent for these sales; all of them, where the rules do not say."""
    return totals.sales if target_acos is None else round(totals.sales * target_acos)


def _pays(totals: Totals, target_acos: float) -> bool:
    return totals.cost <= _worth(totals, target_acos)
