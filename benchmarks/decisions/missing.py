"""`python -m benchmarks.decisions.missing [FIRST LAST]`: where the shipped rules leave what the oracle makes more."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

from benchmarks.decisions.market import NEVER, PROMOTED_FACTOR, TARGET_ACOS, Shape, Term, market
from benchmarks.decisions.measure import SEEDS, Interval, interval
from benchmarks.decisions.policies import POLICIES
from benchmarks.decisions.season import Engine, Fate, Oracle, earned, lived, policy_rules

Lost = Mapping[str, float]
"""Of the oracle's profit, by where."""


def lost(seed: int, shape: Shape | None = None) -> Lost:
    made, shipped = market(seed, shape or Shape()), POLICIES[0]
    best = lived(made, Oracle(made).act)
    engine = Engine(made, policy_rules(made, shipped.rules), shipped.spares_what_sold)
    total = sum(map(earned, made.terms, best))
    found: defaultdict[str, float] = defaultdict(float)
    for term, wanted, fate in zip(made.terms, best, lived(made, engine.act), strict=True):
        for where, amount in _of_term(term, wanted, fate):
            found[where] += amount / total
    return found


def _of_term(term: Term, wanted: Fate, fate: Fate) -> Iterator[tuple[str, float]]:
    """Adds up to what the oracle makes of the term more."""
    missed = earned(term, wanted) - earned(term, fate)
    if wanted.negated < NEVER:
        yield from _losing(term, wanted, fate, missed)
    elif fate.negated < NEVER:
        yield "negated, and would have earned", missed
    elif wanted.promoted < NEVER and fate.promoted < NEVER:
        late = earned(term, wanted) - earned(term, Fate(promoted=fate.promoted, bid=PROMOTED_FACTOR * term.cpc))
        yield "earns, until it is promoted", late
        yield "earns, promoted at a lower bid than the oracle's", missed - late
    elif wanted.promoted < NEVER:
        yield "earns, never promoted", missed
    else:
        yield "earns what it should stay at, promoted at a lower bid", missed


def _losing(term: Term, wanted: Fate, fate: Fate, missed: float) -> Iterator[tuple[str, float]]:
    if fate.negated < NEVER:
        yield "loses, until it is negated", missed
    elif fate.promoted < NEVER:
        before = earned(term, wanted) - earned(term, Fate(negated=fate.promoted))
        yield "loses, until it is promoted", before
        yield "loses, promoted", missed - before
    else:
        times = len(term.plain_days) * term.cpc / (term.price * TARGET_ACOS)
        spent = "under 1x" if times < 1 else "1x to 1.75x" if times < 1.75 else "over 1.75x"
        yield f"loses, left alone: {spent} its target cost in the whole season", missed


def seasons(seeds: Iterable[int]) -> Mapping[str, Interval]:
    with ProcessPoolExecutor() as pool:
        played = list(pool.map(lost, seeds))
    everywhere = sorted({where for each in played for where in each})
    return {where: interval([each.get(where, 0.0) for each in played]) for where in everywhere}


def main(named: Sequence[int]) -> None:
    found = seasons(range(named[0], named[1] + 1) if named else SEEDS)
    for where, share in sorted(found.items(), key=lambda each: -each[1].mean):
        print(f"| {where} | {share} |")
    print(f"| together | {sum(share.mean for share in found.values()):.1%} |")


if __name__ == "__main__":
    main([int(each) for each in sys.argv[1:]])
