"""What shoppers do with one search term under one target: when they see, click and buy, by dice that never change.

Clicks are numbered: the nth comes somewhere in the nth part of the term's time, so that any stretch of days holds as
many as its rate says, give or take one. Orders follow clicks the same way up to the opening of the account, where
recommendations have told them already, and by the hidden true rate from then on.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from harvester.sandbox.recommendations import mixed

_SEEN_AFTER = 0.25
"""Days until a click shows in reports."""
_INVALID_FOR = (0.75, 1.75, 2.75)
"""Some clicks are found invalid: the age in days at which they disappear."""
_RESTATED_AFTER = (1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 7, 7, 7, 28)
"""Days after an order until reports know of it."""


@dataclass(frozen=True, slots=True)
class Flow:
    """`buys`: orders per click until the opening, `true_rate`: from then on. `slow`: orders come days after the click.
    `cpc` and `prices` (one of which each order pays) are in the smallest coins; `shows`: impressions per click.
    """

    salt: int
    clicks_a_day: float
    buys: float
    true_rate: float
    cpc: float
    prices: tuple[int, ...]
    shows: float
    slow: bool = False


@dataclass(slots=True)
class Figures:
    """Orders, units and sales are those within 1, 7 and 14 days of the click. Money is in the smallest coins."""

    impressions: int = 0
    clicks: int = 0
    cost: int = 0
    orders: list[int] = field(default_factory=lambda: [0, 0, 0])
    units: list[int] = field(default_factory=lambda: [0, 0, 0])
    sales: list[int] = field(default_factory=lambda: [0, 0, 0])

    def add(self, other: "Figures") -> None:
        self.impressions += other.impressions
        self.clicks += other.clicks
        self.cost += other.cost
        for place in range(3):
            self.orders[place] += other.orders[place]
            self.units[place] += other.units[place]
            self.sales[place] += other.sales[place]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a report is made, to the hour, and when the account opened: ordinals of days with what passed of them."""

    now: float
    opened: float


def days_of(flow: Flow, first: int, last: int, moment: Moment) -> dict[int, Figures]:
    """Days with at least one click, as a report made at that moment shows them; impressions not yet."""
    rate, salt = flow.clicks_a_day, flow.salt
    days: dict[int, Figures] = {}
    for number in range(int(first * rate) - 1, int((last + 1) * rate) + 1):
        dice = mixed(salt, number, 0)
        at = (number + (dice & 1023) / 1024) / rate
        age = moment.now - at
        if age < _SEEN_AFTER or not first <= at < last + 1:
            continue
        figures = days.get(int(at))
        if figures is None:
            figures = days[int(at)] = Figures()
        paid = max(1, int(flow.cpc * (0.75 + (dice >> 10 & 63) / 128)))
        twice = dice >> 16 & 31 == 0 and age < _INVALID_FOR[(dice >> 21) % 3]
        figures.clicks += 1 + twice
        figures.cost += paid * (1 + twice)
        bought = _orders(flow, number, at < moment.opened)
        if bought:
            _buy(figures, flow, number, bought, age)
    return days


def impressions(flow: Flow, day: int, clicks: int, moment: Moment) -> int:
    """At least as many as clicks; today's grow with the day."""
    a_day = flow.clicks_a_day * flow.shows
    until = min(day + 1.0, max(float(day), moment.now - _SEEN_AFTER))
    start = (flow.salt & 255) / 256
    return max(clicks, int(until * a_day + start) - int(day * a_day + start))


def _orders(flow: Flow, number: int, told: bool) -> int:
    if told:
        start = (flow.salt >> 8 & 255) / 256
        return int((number + 1) * flow.buys + start) - int(number * flow.buys + start)
    return int(mixed(flow.salt, number, 2) / 2**32 < flow.true_rate)


def _buy(figures: Figures, flow: Flow, number: int, bought: int, age: float) -> None:
    for dice in _dice(flow.salt, number, bought):
        delay = _delay(dice, flow.slow)
        if age < delay + _RESTATED_AFTER[dice >> 8 & 15]:
            continue
        units = 2 if dice >> 12 & 15 == 0 else 1
        paid = units * flow.prices[(dice >> 16) % len(flow.prices)]
        for place, window in enumerate((1, 7, 14)):
            if delay <= window:
                figures.orders[place] += 1
                figures.units[place] += units
                figures.sales[place] += paid


def _dice(salt: int, number: int, count: int) -> Iterator[int]:
    return (mixed(salt, number, 3 + place) for place in range(count))


def _delay(dice: int, slow: bool) -> float:
    """Days between click and order: mostly hours, now and then a week and more."""
    share = (dice & 255) / 256
    if slow:
        return 4 + share * 9
    if share < 0.75:
        return share
    return share * 6 if share < 0.95 else 7 + share * 6
