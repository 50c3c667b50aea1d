"""Which rules can never decide: conditions that no evidence meets, or that an earlier rule always meets first."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import assert_never

from harvester.rules.check import Check, Either, Every, Not
from harvester.rules.checks.catalog import CatalogCheck
from harvester.rules.checks.evidence import Bound, Side
from harvester.rules.checks.windowed import WindowBound
from harvester.rules.comparable import counts_needed, never_less
from harvester.rules.compiling import rule_check
from harvester.rules.ruleset import Rule
from harvester.rules.scope import at_least_as_wide


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound, or its opposite: what is left when every `not` has been carried down to the bounds."""

    bound: Bound | WindowBound
    positive: bool = True

    @property
    def from_below(self) -> bool:
        """Whether it asks for more, not for less."""
        return (self.bound.side is Side.AT_LEAST) is self.positive

    def holds(self, clicks: float, conversions: float) -> bool | None:
        """Of evidence without windows."""
        assert isinstance(self.bound, Bound)
        passed = self.bound.holds(clicks, conversions)
        return None if passed is None else passed is self.positive

    def implies(self, other: "Limit") -> bool:
        mine, theirs = self.bound, other.bound
        narrow, wide = (mine, theirs) if self.from_below else (theirs, mine)
        if self.from_below is not other.from_below or not never_less(narrow, wide):
            return False
        if mine.is_share and not self._measured_alike(other):
            return False
        tighter = mine.value > theirs.value if self.from_below else mine.value < theirs.value
        return tighter or (mine.value == theirs.value and (self.positive == other.positive or not self.positive))

    def _measured_alike(self, other: "Limit") -> bool:
        """Whether the rate that `self` looks at is at least as cautious as the one that `other` looks at."""
        if self.positive and other.positive:
            return (self.bound.confidence or 0) >= (other.bound.confidence or 0)
        return self.bound.confidence is None and other.bound.confidence is None

    def excludes(self, other: "Limit") -> bool:
        """Whether no evidence meets both."""
        low, high = (self, other) if self.from_below else (other, self)
        if self.from_below is other.from_below or not never_less(low.bound, high.bound):
            return False
        both = low.positive and high.positive
        plain = low.bound.confidence is None and high.bound.confidence is None
        if not both and not plain:
            return False  # the end of an interval may lie on the far side of the rate
        return low.bound.value > high.bound.value or (low.bound.value == high.bound.value and not both)

    @property
    def needs(self) -> "list[Limit]":
        """What else must hold: without clicks no rate meets anything, and without orders none is over zero."""
        over_zero = self.from_below and (self.bound.value > 0 or not self.positive)
        return [Limit(each, positive=False) for each in counts_needed(self.bound, more_than_nothing=over_zero)]

    @property
    def impossible(self) -> bool:
        """Whether no evidence meets it: under nothing, or over all clicks."""
        if self.positive:
            return False
        full = self.bound.is_share and self.bound.value >= 1 and self.from_below
        return full or (self.bound.value <= 0 and not self.from_below)


@dataclass(frozen=True, slots=True)
class Aspect:
    """A check of a looked-up fact, or its opposite: it says the same as itself, and nothing about anything else."""

    check: CatalogCheck
    positive: bool


@dataclass(frozen=True, slots=True)
class Tree:
    """`all` (or `any`) of the parts, without `not`."""

    every: bool
    parts: "tuple[Tree | Limit | Aspect, ...]"


def limits_of(check: Check, *, positive: bool = True) -> Tree | Limit | Aspect:
    match check:
        case Bound() | WindowBound():
            return Limit(check, positive)
        case CatalogCheck():
            return Aspect(check, positive)
        case Not(part):
            return limits_of(part, positive=not positive)
        case Every(parts) | Either(parts):
            inner = [limits_of(part, positive=positive) for part in parts]
            every = isinstance(check, Every) is positive
            flat = [
                piece
                for part in inner
                for piece in (part.parts if isinstance(part, Tree) and part.every is every else [part])
            ]
            return Tree(every, tuple(flat))
        case _:
            assert_never(check)


def never_passes(tree: Tree | Limit | Aspect) -> bool:
    """True only where no evidence at all meets it."""
    if isinstance(tree, Aspect):
        return False
    if isinstance(tree, Limit):
        return tree.impossible
    if not tree.every:
        return all(never_passes(part) for part in tree.parts)
    limits = [part for part in tree.parts if isinstance(part, Limit)]
    return any(never_passes(part) for part in tree.parts) or any(
        one.excludes(two)
        or any(each.excludes(two) for each in one.needs)
        or any(each.excludes(one) for each in two.needs)
        for one, two in combinations(limits, 2)
    )


def implies(strong: Tree | Limit | Aspect, weak: Tree | Limit | Aspect) -> bool:
    """True only where whatever meets `strong` surely meets `weak`."""
    return _implies(strong, weak, {})


def _implies(strong: Tree | Limit | Aspect, weak: Tree | Limit | Aspect, known: dict[tuple[int, int], bool]) -> bool:
    place = (id(strong), id(weak))
    if place not in known:
        known[place] = _compare(strong, weak, known)
    return known[place]


def _compare(strong: Tree | Limit | Aspect, weak: Tree | Limit | Aspect, known: dict[tuple[int, int], bool]) -> bool:
    if isinstance(weak, Tree) and weak.every:
        return all(_implies(strong, part, known) for part in weak.parts)
    if isinstance(strong, Tree) and not strong.every:
        return all(_implies(part, weak, known) for part in strong.parts)
    if isinstance(weak, Tree) and any(_implies(strong, part, known) for part in weak.parts):
        return True
    if isinstance(strong, Tree):
        return any(_implies(part, weak, known) for part in strong.parts)
    if isinstance(strong, Aspect):
        return strong == weak
    return isinstance(weak, Limit) and strong.implies(weak)


def decided_before(rules: Sequence[Rule], place: int) -> list[Rule]:
    """The earlier rules that together always decide before the rule at `place`; empty where it can be reached."""
    later = rules[place]
    condition = limits_of(rule_check(later))
    blockers: dict[str, Rule] = {}
    for kind in later.kinds:
        for earlier in rules[:place]:
            if (
                kind in earlier.kinds
                and at_least_as_wide(earlier.match, later.match)
                and implies(condition, limits_of(rule_check(earlier)))
            ):
                blockers[earlier.name] = earlier
                break
        else:
            return []
    return list(blockers.values())
