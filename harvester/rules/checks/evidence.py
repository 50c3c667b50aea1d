"""Evidence: clicks, conversions and their rate, each against one bound."""

import math
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from statistics import NormalDist
from typing import assert_never

from harvester.domain.numbers import plain


class Metric(StrEnum):
    CLICKS = "clicks"
    CONVERSIONS = "conversions"
    CONVERSION_RATE = "conversion_rate"


class Side(StrEnum):
    AT_LEAST = "at_least"
    AT_MOST = "at_most"


@dataclass(frozen=True, slots=True)
class Bound:
    """One side of one threshold; it makes one finding."""

    metric: Metric
    side: Side
    value: float
    """Rates as fractions: 5 % is 0.05."""
    confidence: float | None = None
    """Of rates only, as a fraction: the lower end of the interval is measured for `at_least`, the upper for
    `at_most`."""

    @property
    def check(self) -> str:
        """The id of the check in findings: `clicks.at_least`, `conversion_rate.at_least@80%`."""
        tail = "" if self.confidence is None else f"@{percent_text(self.confidence)}"
        return f"{self.metric}.{self.side}{tail}"

    @property
    def about(self) -> Metric:
        """Bounds of the same can be compared."""
        return self.metric

    @property
    def is_share(self) -> bool:
        return self.metric is Metric.CONVERSION_RATE

    def measure(self, clicks: float, conversions: float) -> float | None:
        """None for a rate without clicks: unknown is not zero."""
        match self.metric:
            case Metric.CLICKS:
                return clicks
            case Metric.CONVERSIONS:
                return conversions
            case Metric.CONVERSION_RATE:
                if clicks <= 0:
                    return None
                rate = min(conversions / clicks, 1.0)
                if self.confidence is None:
                    return rate
                return wilson(rate, clicks, self.confidence)[0 if self.side is Side.AT_LEAST else 1]
            case _:
                assert_never(self.metric)

    def passes(self, measured: float | None) -> bool | None:
        """None where nothing was measured."""
        if measured is None:
            return None
        return measured >= self.value if self.side is Side.AT_LEAST else measured <= self.value

    def holds(self, clicks: float, conversions: float) -> bool | None:
        return self.passes(self.measure(clicks, conversions))


def is_evidence(check: str) -> bool:
    """Whether a finding's check is one of this family."""
    return check.partition(".")[0] in _METRICS and not is_windowed(check)


def is_windowed(check: str) -> bool:
    """Whether a finding's check looks at a window of days: it ends in one, `@60d-7d`."""
    return check.endswith("d") and "@" in check


_METRICS = frozenset(Metric)


def bound_of(check: str, value: float) -> Bound:
    """The bound that a finding came from: the reverse of `Bound.check`."""
    name, _, confidence = check.partition("@")
    metric, _, side = name.partition(".")
    return Bound(Metric(metric), Side(side), value, fraction_of(confidence) if confidence else None)


def wilson(rate: float, trials: float, confidence: float) -> tuple[float, float]:
    """Both ends of the two-sided Wilson score interval, the rate never outside; `trials` is over zero."""
    z = _z(confidence)
    spread = z * z / trials
    centre = (rate + spread / 2) / (1 + spread)
    half = math.sqrt(spread * (rate * (1 - rate) + spread / 4)) / (1 + spread)
    return max(0.0, min(rate, centre - half)), min(1.0, max(rate, centre + half))


@cache
def _z(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)


def fraction_of(percentage: str) -> float:
    """`5%` -> 0.05, exactly as the decimal reads."""
    return float(Decimal(percentage.strip().removesuffix("%").strip()) / 100)


def percent_text(fraction: float) -> str:
    """0.05 -> `5%`"""
    return f"{plain(Decimal(repr(fraction)) * 100)}%"
