"""Dice of clicks and orders, and the days on which something served."""

import datetime as dt
from typing import Any

import pytest

from harvester.sandbox.clicks import Figures, Flow, Moment, days_of, impressions
from harvester.sandbox.clock import Clock
from harvester.sandbox.market import Row
from harvester.sandbox.spans import Calendar, Stops, both, minus

DAY = 740_000
FLOW = Flow(salt=7, clicks_a_day=2.5, buys=0.2, true_rate=0.2, cpc=60, prices=(1000, 3000), shows=40)
OPEN = Moment(now=DAY + 400.0, opened=DAY + 400.0)


def total(days: dict[int, Figures]) -> Figures:
    summed = Figures()
    for figures in days.values():
        summed.add(figures)
    return summed


@pytest.mark.parametrize("first", [0, 13, 200])
def test_any_stretch_of_days_has_its_share_of_clicks(first: int) -> None:
    """Give or take one, and of orders too."""
    found = total(days_of(FLOW, DAY + first, DAY + first + 63, OPEN))

    assert abs(found.clicks - 160) <= 1
    assert abs(found.orders[2] - 32) <= 1
    assert found.orders[0] <= found.orders[1] <= found.orders[2]
    assert 0.75 * 60 <= found.cost / found.clicks <= 1.25 * 60


def test_days_do_not_depend_on_how_they_are_asked_for() -> None:
    """One by one they are what they are together."""
    together = days_of(FLOW, DAY, DAY + 30, OPEN)
    single: dict[int, Figures] = {}
    for day in range(DAY, DAY + 31):
        single |= days_of(FLOW, day, day, OPEN)

    assert single == together


def test_after_the_opening_the_hidden_rate_holds() -> None:
    """What recommendations told was luck; what comes is not."""
    lucky = Flow(salt=7, clicks_a_day=10, buys=0.5, true_rate=0.1, cpc=60, prices=(1000,), shows=40)
    before = total(days_of(lucky, DAY, DAY + 99, Moment(DAY + 400.0, DAY + 100.0)))
    after = total(days_of(lucky, DAY + 100, DAY + 199, Moment(DAY + 400.0, DAY + 100.0)))

    assert abs(before.orders[2] - 500) <= 1
    assert 60 < after.orders[2] < 140


def test_slow_terms_pay_days_later() -> None:
    """None on the day of the click."""
    slow = Flow(salt=7, clicks_a_day=10, buys=0.5, true_rate=0.5, cpc=60, prices=(1000,), shows=40, slow=True)
    found = total(days_of(slow, DAY, DAY + 30, OPEN))

    assert found.orders[0] == 0 < found.orders[1] < found.orders[2]
    assert found.sales[2] == found.units[2] * 1000


def test_impressions_are_at_least_clicks_and_grow_with_today() -> None:
    """A hundred a day, and a part of them by noon."""
    noon = Moment(now=DAY + 0.75, opened=DAY + 0.0)

    assert impressions(FLOW, DAY - 1, 0, noon) in {100, 101}
    assert impressions(FLOW, DAY - 1, 300, noon) == 300
    assert 45 < impressions(FLOW, DAY, 0, noon) < 55
    assert impressions(FLOW, DAY + 1, 0, noon) == 0


def calendar() -> tuple[Clock, Calendar, int]:
    clock = Clock()
    made = Calendar(clock, dt.UTC)
    return clock, made, int(made.opened)


def row(states: list[str], times: list[float]) -> Row:
    """An entity born at the first time in the first state, and changed at the others."""
    body: dict[str, Any] = {"state": states[-1]}
    before = [(at, {"state": state}) for at, state in zip(times[1:], states, strict=False)]
    return Row(body, times[0], times[-1], before)


def test_an_entity_serves_while_it_is_enabled() -> None:
    """Both days of a switch count; what is there from the first morning on was there before."""
    clock, days, opened = calendar()
    later = [clock.now() + 86_400 * number for number in range(1, 40)]

    assert days.enabled(row(["ENABLED"], [0.0])) == ((1, 3_000_000),)
    assert days.enabled(row(["ENABLED"], [0.0]), opening_days=30) == ((opened - 30, 3_000_000),)
    assert days.enabled(row(["PAUSED"], [0.0])) == ((1, opened - 20),)
    assert days.enabled(row(["ARCHIVED"], [0.0])) == ()
    assert days.enabled(row(["PAUSED"], [later[0]])) == ()
    assert days.enabled(row(["ENABLED", "PAUSED"], [later[0], later[4]])) == ((opened + 1, opened + 5),)
    assert days.enabled(row(["ENABLED", "PAUSED", "ENABLED"], [0.0, later[4], later[9]])) == (
        (1, opened + 5),
        (opened + 10, 3_000_000),
    )
    assert days.enabled(row(["ENABLED", "ENABLED"], [later[0], later[4]])) == ((opened + 1, 3_000_000),)


def test_spans_meet_and_part() -> None:
    """What stops something does so from the day after its first day on, up to its last."""
    assert both([(1, 5), (8, 9)], [(4, 8)]) == ((4, 5), (8, 8))
    assert minus(((1, 20),), [(5, 9)]) == ((1, 5), (10, 20))
    assert minus(((1, 20),), [(20, 25), (0, 3)]) == ((4, 20),)
    assert minus(((10, 20),), [(5, 30)]) == ()
    assert minus(((10, 20),), [(1, 8), (25, 30)]) == ((10, 20),)


def test_negatives_stop_what_they_say() -> None:
    """Exact terms in any case, phrases as whole words, products by ASIN or by brand, of ad group and campaign."""
    own = Stops({"blue shoes": [(1, 2)], "b000000001": [(3, 4)]}, [(" red shoes ", (5, 6))])
    together = own.extend(Stops({"blue shoes": [(7, 8)]}, [(" kids ", (9, 9))]))

    assert own.of("Blue  Shoes") == [(1, 2)]
    assert together.of("blue shoes") == [(1, 2), (7, 8)]
    assert together.of("red shoes for kids") == [(5, 6), (9, 9)]
    assert own.of("infrared shoes") == []
    assert own.of("b000000001") == [(3, 4)]


def test_a_value_is_known_as_it_was() -> None:
    """Fields as they stood at a time; what never changed is as it is."""
    bid = Row({"bid": 3}, 0.0, 9.0, [(5.0, {"bid": 1}), (7.0, {"state": "PAUSED"}), (9.0, {"bid": None})])

    assert [bid.value_at("bid", at) for at in (0, 5, 8, 9)] == [1, None, None, 3]
    assert bid.value_at("other", 0) is None
