"""Seasons of many seeds, every policy in the same ones; what each earns beside an oracle, with intervals."""

import math
import os
import statistics
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from typing import NamedTuple

from benchmarks.decisions.learner import Learner
from benchmarks.decisions.market import Shape, market
from benchmarks.decisions.policies import FORMER, POLICIES, SHIPPED, TWO_ORDERS, Policy
from benchmarks.decisions.season import Engine, Oracle, Played, play, policy_rules
from benchmarks.results import Result, result

SEEDS, QUICK_SEEDS = range(20, 40), range(20, 23)
"""None of 0 to 19: those were looked at when rules were chosen."""
ORACLE, WAITING, NOTHING = "oracle", "oracle that waits for evidence", "nothing is done"
BIDDING = "oracle that bids what earns most"
CAREFUL, BOLD = (f"learner who knows how rates are drawn, negates at odds of {odds} %" for odds in (5, 20))
CONSENSUS = "negate-consensus"
_T_95 = {1: 12.706, 2: 4.303, 19: 2.093}
"""Of Student's distribution, by degrees of freedom."""

Season = Mapping[str, Played]


class Interval(NamedTuple):
    """A mean over seeds, and where it lies with 95 % confidence."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.1%} ({self.low:.1%} to {self.high:.1%})"


def measure(*, quick: bool) -> list[Result]:
    return list(results_of(seasons(QUICK_SEEDS if quick else SEEDS)))


def seasons(seeds: Iterable[int], policies: Sequence[Policy] = POLICIES, shape: Shape | None = None) -> list[Season]:
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(partial(season, policies=policies, shape=shape), seeds))


def season(seed: int, policies: Sequence[Policy] = POLICIES, shape: Shape | None = None) -> Season:
    """The same for the same seed."""
    made = market(seed, shape or Shape())
    played = {
        ORACLE: play(made, Oracle(made).act),
        WAITING: play(made, Oracle(made, waits=True).act),
        BIDDING: play(made, Oracle(made, bids=True).act),
        CAREFUL: play(made, Learner(made, doubt=0.05).act),
        BOLD: play(made, Learner(made, doubt=0.20).act),
        NOTHING: play(made, lambda _today, _fates: None),
    }
    for policy in policies:
        engine = Engine(made, policy_rules(made, policy.rules), policy.spares_what_sold)
        played[policy.name] = play(made, engine.act, policy.every_days)
    return played


def over_oracle(played: Sequence[Season], name: str) -> Interval:
    return interval([each[name].profit / each[ORACLE].profit for each in played])


def wrongly_negated(played: Sequence[Season], name: str) -> Interval:
    """Of all terms that earn."""
    return interval([_share(each[name].wrongly_negated, each[name].profitable) for each in played])


def wrong_of_negated(played: Sequence[Season], name: str) -> Interval:
    return interval([_share(each[name].wrongly_negated, each[name].negated) for each in played])


def wrong_of_promoted(played: Sequence[Season], name: str) -> Interval:
    return interval([_share(each[name].wrongly_promoted, each[name].promoted) for each in played])


def forgone(played: Sequence[Season], name: str) -> Interval:
    """What wrong negatives cost, of the oracle's profit."""
    return interval([each[name].forgone / each[ORACLE].profit for each in played])


def misspent(played: Sequence[Season], name: str) -> Interval:
    """What wrong promotions lost, of the oracle's profit."""
    return interval([each[name].misspent / each[ORACLE].profit for each in played])


def gained(played: Sequence[Season], name: str, other: str) -> Interval:
    """In the same seasons: how much more profit one makes than the other, of the oracle's."""
    return interval([(each[name].profit - each[other].profit) / each[ORACLE].profit for each in played])


def interval(values: Sequence[float]) -> Interval:
    """Needs two values."""
    mean = statistics.fmean(values)
    half = _T_95.get(len(values) - 1, 2.0) * statistics.stdev(values) / math.sqrt(len(values))
    return Interval(mean, mean - half, mean + half)


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def results_of(played: Sequence[Season]) -> Iterator[Result]:
    yield _figure("profit of the shipped rules over the oracle's", over_oracle(played, SHIPPED), ">= 0.95")
    yield _figure("the same over an oracle that waits", _over_waiting(played))
    yield _figure("false negatives: of terms that earn, negated", wrongly_negated(played, SHIPPED), "<= 0.01")
    yield _figure("of what is negated, terms that earn", wrong_of_negated(played, SHIPPED))
    yield _figure("false promotions: of what is promoted, terms that do not earn", wrong_of_promoted(played, SHIPPED))
    for other in (TWO_ORDERS, FORMER, CONSENSUS):
        if other in played[0]:
            yield _figure(f"more profit than {other}, of the oracle's", gained(played, SHIPPED, other))
    for name in played[0]:
        yield _figure(f"profit over the oracle's: {name}", over_oracle(played, name))


def _over_waiting(played: Sequence[Season]) -> Interval:
    return interval([each[SHIPPED].profit / each[WAITING].profit for each in played])


def _figure(name: str, found: Interval, goal: str | None = None) -> Result:
    return result(f"{name} ({found.low:.3f} to {found.high:.3f})", found.mean, "share", goal)


def _acts(played: Sequence[Season], name: str) -> str:
    negated, promoted = (
        statistics.fmean(getattr(each[name], which) for each in played) for which in ("negated", "promoted")
    )
    return f"{negated:.0f}, {promoted:.0f}"


COLUMNS: Mapping[str, Callable[[Sequence[Season], str], object]] = {
    "policy": lambda _played, name: name,
    "profit / oracle's": over_oracle,
    "terms that earn, negated": wrongly_negated,
    "of negatives, wrong": wrong_of_negated,
    "of promotions, wrong": wrong_of_promoted,
    "lost by wrong negatives": forgone,
    "by wrong promotions": misspent,
    "negatives, promotions": _acts,
}


def table(played: Sequence[Season]) -> str:
    """All figures of all policies as Markdown, the most profitable first."""
    names = sorted(played[0], key=lambda name: -over_oracle(played, name).mean)
    rows = [COLUMNS, ["---"] * len(COLUMNS), *([str(ask(played, name)) for ask in COLUMNS.values()] for name in names)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
