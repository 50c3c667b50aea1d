"""One season of one simulated advertiser: search terms with hidden true rates, and every click they would bring."""

import math
import random
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from harvester.domain.history import MICROS, NOTHING, Totals, Window

LEAD_IN, SEASON = 67, 180
"""Days of recorded history before anybody acts (sixty, and the newest seven), and days that are counted."""
DAYS = LEAD_IN + SEASON
TARGET_ACOS, BREAK_EVEN_ACOS = 0.30, 0.40
"""What the advertiser aims at, and the margin of an order: what is between them is meant to be earned."""
MOST_TRAFFIC = 1.5
"""A promoted term may bring so many times its clicks, at a bid a tenth over its cost per click."""
PROMOTED_FACTOR, PAID_SHARE = 1.1, 0.95
"""What that bid is over the cost per click, and which part of a bid is paid."""
NEVER = 1 << 16
ATTRIBUTED_DAYS = 7
_SAME_DAY, _EACH_DAY = 0.65, 0.30
"""Of orders: that many come on the day of the click, and of the rest that many on each day after."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a market is, and how it is mixed."""

    ad_groups: int = 24
    terms: int = 100
    """Of each ad group."""
    daily_clicks: float = 0.05
    """The median of a term's."""
    click_spread: float = 1.6
    """Of their logarithm: a few terms bring most clicks."""


@dataclass(slots=True)
class Term:
    """`marks` are uniform below MOST_TRAFFIC: those below one are the clicks it brings unpromoted."""

    ad_group: int
    rate: float
    """True orders per click, at the season's mean."""
    cpc: float
    price: float
    days: list[int]
    marks: list[float]
    known: list[tuple[int, int]]
    """Of its unpromoted clicks with an attributed order: day of the click, and day after which it is reported."""
    value: list[float]
    """What each click is worth before its cost: true rate of that day x price x margin."""
    plain_days: list[int] = field(default_factory=list)
    """Of its unpromoted clicks."""

    @property
    def margin(self) -> float:
        """Of one unpromoted click, on an average day."""
        return self.rate * self.price * BREAK_EVEN_ACOS - self.cpc

    @property
    def is_profitable(self) -> bool:
        return self.margin > 0

    def paid(self, bid: float) -> float:
        return PAID_SHARE * bid

    def traffic(self, bid: float) -> float:
        """How many times its clicks a bid brings."""
        return min(MOST_TRAFFIC, MOST_TRAFFIC * bid / (PROMOTED_FACTOR * self.cpc))

    def totals(self, first: int, last: int, today: int) -> Totals:
        """Of its unpromoted clicks on these days, as today's report shows them."""
        clicks = bisect_left(self.plain_days, last + 1) - bisect_left(self.plain_days, first)
        if clicks <= 0:
            return NOTHING
        orders = sum(first <= clicked <= last and reported < today for clicked, reported in self.known)
        return Totals(
            20 * clicks, clicks, round(clicks * self.cpc * MICROS), orders, round(orders * self.price * MICROS)
        )

    def sold_before(self, today: int) -> bool:
        """Whether any report has shown an order of it."""
        return any(reported < today for _, reported in self.known)


@dataclass(frozen=True, slots=True)
class Market:
    terms: Sequence[Term]
    prices: Sequence[float]
    """By ad group."""
    _untouched: dict[tuple[Window, int], list[Totals]] = field(default_factory=dict)

    def untouched(self, window: Window, today: int) -> Sequence[Totals]:
        """By term: what reports show as long as nobody has done anything to it, whatever the policy."""
        found = self._untouched.get((window, today))
        if found is None:
            first, last = span(window, today)
            found = self._untouched[window, today] = [term.totals(first, last, today) for term in self.terms]
        return found


def span(window: Window, today: int) -> tuple[int, int]:
    """Its first and last day."""
    last = today - window.skip - 1
    return last - window.days + 1, last


def market(seed: int, shape: Shape) -> Market:
    """The same for the same seed."""
    dice = random.Random(seed)
    phase = dice.uniform(0, 2 * math.pi)
    sale = dice.randrange(LEAD_IN, DAYS - 5)
    traffic = [_traffic(day, phase, sale) for day in range(DAYS)]
    mood = [
        1 + 0.15 * math.sin(2 * math.pi * day / SEASON + phase + 1) + 0.3 * (sale <= day < sale + 5)
        for day in range(DAYS)
    ]
    mean = sum(mood) / DAYS
    cumulated, total = [], 0.0
    for each in traffic:
        total += each
        cumulated.append(total)
    terms: list[Term] = []
    prices: list[float] = []
    for ad_group in range(shape.ad_groups):
        rate = math.exp(dice.uniform(math.log(0.03), math.log(0.15)))
        price = min(120.0, max(12.0, dice.lognormvariate(math.log(25), 0.5)))
        cpc = min(6.0, max(0.08, rate * price * dice.uniform(0.18, 0.38)))
        prices.append(price)
        for _ in range(shape.terms):
            own = min(0.6, rate * relevance(dice))
            paid = max(0.05, cpc * dice.lognormvariate(0, 0.25))
            mean_clicks = shape.daily_clicks * dice.lognormvariate(0, shape.click_spread) * total * MOST_TRAFFIC
            count = poisson(dice, min(mean_clicks, 6000))
            days = sorted(dice.choices(range(DAYS), cum_weights=cumulated, k=count)) if count else []
            terms.append(_term(dice, (ad_group, own, paid, price), days, [each / mean for each in mood]))
    return Market(terms, prices)


def _term(dice: random.Random, what: tuple[int, float, float, float], days: list[int], mood: Sequence[float]) -> Term:
    ad_group, rate, cpc, price = what
    marks = [dice.random() * MOST_TRAFFIC for _ in days]
    known = []
    for day, mark in zip(days, marks, strict=True):
        sold, late = dice.random() < min(1.0, rate * mood[day]), _delay(dice)
        if sold and mark < 1 and late < ATTRIBUTED_DAYS:
            known.append((day, day + late))
    value = [min(1.0, rate * mood[day]) * price * BREAK_EVEN_ACOS for day in days]
    plain_days = [day for day, mark in zip(days, marks, strict=True) if mark < 1]
    return Term(ad_group, rate, cpc, price, days, marks, known, value, plain_days)


def _traffic(day: int, phase: float, sale: int) -> float:
    weekend = 0.15 if day % 7 in (5, 6) else 0.0
    return 1 + 0.25 * math.sin(2 * math.pi * day / SEASON + phase) + weekend + (1.0 if sale <= day < sale + 5 else 0.0)


def relevance(dice: random.Random) -> float:
    """A term's rate over its ad group's: a third of terms are beside the point, some are much better than the rest."""
    kind = dice.random()
    if kind < 0.30:
        return dice.betavariate(1, 6) * 0.6
    if kind < 0.85:
        return dice.gammavariate(5, 1 / 5)
    return dice.uniform(1.3, 3.0)


def _delay(dice: random.Random) -> int:
    if dice.random() < _SAME_DAY:
        return 0
    days = 1
    while dice.random() > _EACH_DAY:
        days += 1
    return days


def poisson(dice: random.Random, mean: float) -> int:
    if mean > 60:
        return max(0, round(dice.gauss(mean, math.sqrt(mean))))
    count, left = 0, math.exp(-mean)
    product = dice.random()
    while product > left:
        count += 1
        product *= dice.random()
    return count
