"""Conditions of the rules file as checks."""

from harvester.rules.check import Check, Either, Every, Not
from harvester.rules.checks.evidence import Bound, Metric, Side
from harvester.rules.ruleset import Condition, CountThreshold, RateThreshold


def check_of(condition: Condition) -> Check:
    """Of a condition that the file's checks let through: exactly one key, nothing empty."""
    if condition.all is not None:
        return _every([check_of(part) for part in condition.all])
    if condition.any is not None:
        return Either(tuple(check_of(part) for part in condition.any))
    if condition.not_ is not None:
        return Not(check_of(condition.not_))
    bounds: list[Check] = []
    for metric, threshold in thresholds(condition):
        sides = ((Side.AT_LEAST, threshold.at_least), (Side.AT_MOST, threshold.at_most))
        confidence = threshold.confidence if isinstance(threshold, RateThreshold) else None
        bounds += [Bound(metric, side, value, confidence) for side, value in sides if value is not None]
    return bounds[0] if len(bounds) == 1 else Every(tuple(bounds))


def thresholds(condition: Condition) -> list[tuple[Metric, CountThreshold | RateThreshold]]:
    named = (
        (Metric.CLICKS, condition.clicks),
        (Metric.CONVERSIONS, condition.conversions),
        (Metric.CONVERSION_RATE, condition.conversion_rate),
    )
    return [(metric, threshold) for metric, threshold in named if threshold is not None]


def _every(parts: list[Check]) -> Check:
    """Flat: `all` within `all` says no more than one."""
    flat: list[Check] = []
    for part in parts:
        flat += part.parts if isinstance(part, Every) else (part,)
    return Every(tuple(flat))
