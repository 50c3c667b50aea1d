"""How far evidence is from passing a rule, worked out from the rule's findings alone."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice, product
from typing import TypeVar

from harvester.domain.decision import Finding
from harvester.rules.checks.evidence import Bound, Metric, bound_of, is_evidence
from harvester.rules.reach import Limit

_MOST_WAYS = 64
_MOST_STEPS = 16
_FARTHEST = 10_000_000


@dataclass(frozen=True, slots=True)
class Missing:
    """More of both together would pass; `quiet`: no conversion may come with the clicks."""

    clicks: int
    conversions: int
    quiet: bool

    def covers(self, other: "Missing") -> bool:
        return self.clicks <= other.clicks and self.conversions <= other.conversions


@dataclass(frozen=True, slots=True)
class Settled:
    """What a catalog fact says; no evidence changes it."""

    holds_now: bool

    def holds(self, clicks: float, conversions: float) -> bool:
        return self.holds_now


T = TypeVar("T")
Way = tuple[Limit | Settled, ...]
"""Limits that pass together."""


def missing(findings: Sequence[Finding], clicks: float, conversions: float) -> list[Missing]:
    """The shortest ways to pass, of one rule's findings; none where more evidence cannot help."""
    ways = combined(findings, _limit)
    found = [way for each in ways if (way := _nearest(each, clicks, conversions)) is not None]
    return [
        each
        for place, each in enumerate(found)
        if not any(
            other.covers(each) and (other != each or at < place) for at, other in enumerate(found) if at != place
        )
    ]


@dataclass(frozen=True, slots=True)
class _Node:
    """`all`, `any` or `not` of what the findings of a group say."""

    word: str
    bounds: list[Bound | Finding]
    """A finding: of a catalog fact."""
    below: dict[str, "_Node"]


def _tree(findings: Sequence[Finding]) -> _Node:
    top = _Node("all", [], {})
    for finding in findings:
        node = top
        for step in filter(None, finding.group.split(".")):
            node = node.below.setdefault(step, _Node(step.rstrip("0123456789"), [], {}))
        evidence = is_evidence(finding.check)
        node.bounds.append(bound_of(finding.check, float(finding.bound or 0)) if evidence else finding)
    return top


def combined(findings: Sequence[Finding], leaf: Callable[[Bound | Finding, bool], T]) -> list[tuple[T, ...]]:
    """What single findings should say, together, for their rule to pass; `leaf` makes it of a finding's bound, or its
    opposite.
    """
    return _ways(_tree(findings), leaf, positive=True)


def _ways(node: _Node, leaf: Callable[[Bound | Finding, bool], T], *, positive: bool) -> list[tuple[T, ...]]:
    """All combinations that pass the node, or fail it where `positive` is False."""
    inner = not positive if node.word == "not" else positive
    parts: list[list[tuple[T, ...]]] = [[(leaf(bound, inner),)] for bound in node.bounds]
    parts += [_ways(child, leaf, positive=inner) for child in node.below.values()]
    if (node.word == "any") is inner:
        return [way for part in parts for way in part][:_MOST_WAYS]
    return [tuple(limit for way in chosen for limit in way) for chosen in islice(product(*parts), _MOST_WAYS)]


def _limit(bound: Bound | Finding, positive: bool) -> Limit | Settled:
    """A fact that is not known stands in nobody's way: nobody looked it up, or somebody says so elsewhere."""
    if isinstance(bound, Bound):
        return Limit(bound, positive)
    return Settled(bound.measured is None or bound.passed is positive)


def _nearest(way: Way, clicks: float, conversions: float) -> Missing | None:
    more_clicks = more_conversions = 0
    for _ in range(_MOST_STEPS):
        now = (clicks + more_clicks, conversions + more_conversions)
        failing = next((limit for limit in way if limit.holds(*now) is not True), None)
        if failing is None:
            return Missing(more_clicks, more_conversions, _quiet(way, *now))
        step = _step(failing, *now)
        if step is None:
            return None
        more_clicks += step[0]
        more_conversions += step[1]
    return None


def _quiet(way: Way, clicks: float, conversions: float) -> bool:
    return any(limit.holds(clicks, conversions + 1) is False for limit in way)


def _step(limit: Limit | Settled, clicks: float, conversions: float) -> tuple[int, int] | None:
    """How many more clicks, and how many more conversions, would meet one limit."""
    if isinstance(limit, Settled):
        return None
    bound = limit.bound
    assert isinstance(bound, Bound)
    if bound.metric is not Metric.CONVERSION_RATE:
        if not limit.from_below:
            return None
        has = clicks if bound.metric is Metric.CLICKS else conversions
        more = math.ceil(bound.value - has) if limit.positive else math.floor(bound.value - has) + 1
        return (more, 0) if bound.metric is Metric.CLICKS else (0, more)
    if clicks <= 0:
        return 1, 0
    if limit.from_below:
        room = max(0, math.ceil(clicks - conversions))
        found = _least(lambda more: limit.holds(clicks, conversions + more) is True, room)
        if found is not None:
            return 0, found
        both = _least(lambda more: limit.holds(clicks + more, conversions + more) is True, _FARTHEST)
        return None if both is None else (both, both)
    found = _least(lambda more: limit.holds(clicks + more, conversions) is True, _FARTHEST)
    return None if found is None else (found, 0)


def _least(enough: Callable[[int], bool], most: int) -> int | None:
    """The least number up to `most` that is enough, where every larger one is enough too."""
    if not enough(most):
        return None
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        if enough(middle):
            high = middle
        else:
            low = middle + 1
    return low
