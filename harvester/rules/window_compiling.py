"""Thresholds on search terms as checks of windows."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from harvester.domain.history import DEFAULT_WINDOW_DAYS, MICROS, Window
from harvester.domain.profile import Profile
from harvester.rules.checks.evidence import Side
from harvester.rules.checks.windowed import MONEY, USUAL_SKIP, Measure, Unit, WindowBound
from harvester.rules.conditions import Condition
from harvester.rules.window_scalars import factor_of
from harvester.rules.window_sections import ShareThreshold
from harvester.rules.windows import default_window, measure_of, thresholds, window_of


@dataclass(frozen=True, slots=True)
class Terms:
    """What thresholds on search terms mean where they leave it open."""

    usual: Window
    currency: str


ANY = Terms(Window(DEFAULT_WINDOW_DAYS, USUAL_SKIP), "")
"""Of no profile in particular: the usual days left out are like no others, amounts per currency like no amount."""


def terms_of(profile: Profile) -> Terms:
    return Terms(default_window(profile), profile.currency)


def window_bounds(condition: Condition, terms: Terms) -> Iterator[WindowBound]:
    """Of the thresholds that stand in the condition itself."""
    for key, threshold in thresholds(condition):
        measure = measure_of(key)
        window = window_of(threshold, terms.usual)
        confidence = threshold.confidence if isinstance(threshold, ShareThreshold) else None
        for side, said in ((Side.AT_LEAST, threshold.at_least), (Side.AT_MOST, threshold.at_most)):
            if said is not None:
                yield _bound(measure, side, said, window, terms, confidence)


def _bound(
    measure: Measure,
    side: Side,
    said: float | str | Decimal | dict[str, Decimal],
    window: Window,
    terms: Terms,
    confidence: float | None,
) -> WindowBound:
    if isinstance(said, str):
        factor, unit = factor_of(said)
        return WindowBound(measure, side, float(factor), window, Unit(unit))
    if isinstance(said, dict):
        amount = said.get(terms.currency)
        amounts = tuple(f"{currency} {said[currency]}" for currency in sorted(said))
        if amount is None:
            return WindowBound(measure, side, 1.0, window, amounts=amounts, unsaid=True)
        return WindowBound(measure, side, float(amount * MICROS), window, amounts=amounts)
    value = float(said * MICROS) if measure in MONEY else float(said)
    return WindowBound(measure, side, value, window, confidence=confidence)
