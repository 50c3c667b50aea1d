"""Whoever has to learn a term's rate from its clicks, but knows how rates are drawn: what learning itself costs."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.decisions.market import (
    BREAK_EVEN_ACOS,
    DAYS,
    NEVER,
    PROMOTED_FACTOR,
    TARGET_ACOS,
    Market,
    Term,
    relevance,
    span,
)
from benchmarks.decisions.season import Fate
from harvester.domain.history import NOTHING, Totals, Window

_EVER = Window(DAYS, 7)
"""All days on record without the newest."""
_PRIOR_CLICKS = 20
"""At the market's rate, added to an ad group's own."""

Belief = Sequence[tuple[float, float]]
"""Rates that a term may have, each with how likely it is."""


@dataclass
class Learner:
    """Promotes what sold, at what it believes a click may cost, and negates what did not once the odds that it earns
    after all are under `doubt`.
    """

    market: Market
    doubt: float

    def act(self, today: int, fates: Sequence[Fate]) -> None:
        first, last = span(_EVER, today)
        seen = [
            term.totals(first, min(last, fate.negated - 1, fate.promoted - 1), today)
            for term, fate in zip(self.market.terms, fates, strict=True)
        ]
        rates, beliefs = self._rates(seen), dict[tuple[int, int, int], Belief]()
        for term, fate, sums in zip(self.market.terms, fates, seen, strict=True):
            if sums is NOTHING or min(fate.negated, fate.promoted) < NEVER:
                continue
            alike = (term.ad_group, sums.clicks, sums.orders)
            if alike not in beliefs:
                beliefs[alike] = _belief(rates[term.ad_group], sums)
            self._decide(term, fate, beliefs[alike], today)

    def _decide(self, term: Term, fate: Fate, belief: Belief, today: int) -> None:
        rate = sum(each * likely for each, likely in belief)
        worth = rate * term.price * BREAK_EVEN_ACOS
        earns = sum(likely for each, likely in belief if each * term.price * BREAK_EVEN_ACOS > term.cpc)
        if term.sold_before(today):
            bid = min(PROMOTED_FACTOR * term.cpc, rate * term.price * TARGET_ACOS)
            if term.traffic(bid) * (worth - term.paid(bid)) > max(0.0, worth - term.cpc):
                fate.promoted, fate.bid = today, bid
        elif worth < term.cpc and earns < self.doubt:
            fate.negated = today

    def _rates(self, seen: Sequence[Totals]) -> Sequence[float]:
        """By ad group, drawn towards the market's."""
        everywhere = sum(each.orders for each in seen) / max(1, sum(each.clicks for each in seen))
        clicks, orders = ([0.0] * len(self.market.prices) for _ in range(2))
        for term, sums in zip(self.market.terms, seen, strict=True):
            clicks[term.ad_group] += sums.clicks
            orders[term.ad_group] += sums.orders
        return [
            (sold + _PRIOR_CLICKS * everywhere) / (clicked + _PRIOR_CLICKS)
            for clicked, sold in zip(clicks, orders, strict=True)
        ]


def _belief(ad_group_rate: float, sums: Totals) -> Belief:
    """By Bayes' rule."""
    mean = sum(_RELATED) / len(_RELATED)
    rates = [min(0.6, ad_group_rate * each / mean) + 1e-9 for each in _RELATED]
    odds = [sums.orders * math.log(rate) + (sums.clicks - sums.orders) * math.log1p(-rate) for rate in rates]
    weights = [math.exp(each - max(odds)) for each in odds]
    return [(rate, weight / sum(weights)) for rate, weight in zip(rates, weights, strict=True)]


def _related() -> Sequence[float]:
    """Eighty points that stand for how terms convert beside their ad group."""
    dice = random.Random(0)
    return sorted(relevance(dice) for _ in range(8000))[50::100]


_RELATED = _related()
