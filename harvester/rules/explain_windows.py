"""Sentences about figures of search terms over windows of days."""

from decimal import Decimal

from harvester.domain.decision import Finding
from harvester.domain.money import to_the_coin
from harvester.rules.checks.evidence import Side, percent_text
from harvester.rules.checks.windowed import NOT_READ, Measure, Unit, WindowBound, window_name
from harvester.rules.windowed_findings import bound_in, number_in

WINDOW_TELLING = {
    "window.missing": "{days} of {window} {were} never read, the first {bound}",
    "window.immature": "{days} of {window} {were} read before {their} orders were complete, the first {bound}",
    "window.unread": "its figures of {window} were not read",
    "economics.unknown": "`economics` does not say its {bound}: {measured}",
}
NAMES = {
    Measure.IMPRESSIONS: "impressions",
    Measure.CLICKS: "clicks",
    Measure.SPEND: "spend",
    Measure.ORDERS: "orders",
    Measure.SALES: "sales",
    Measure.CPC: "cost per click",
    Measure.CTR: "click-through rate",
    Measure.CONVERSION_RATE: "conversion rate",
    Measure.ACOS: "ACOS",
    Measure.ROAS: "ROAS",
    Measure.AOV: "sales per order",
}
COUNTS = frozenset({Measure.IMPRESSIONS, Measure.CLICKS, Measure.ORDERS})
PERCENTAGES = frozenset({Measure.CTR, Measure.CONVERSION_RATE, Measure.ACOS})
_WITHOUT = {
    Measure.CPC: "clicks",
    Measure.CTR: "impressions",
    Measure.CONVERSION_RATE: "clicks",
    Measure.ACOS: "sales",
    Measure.ROAS: "spend",
    Measure.AOV: "orders",
}
_UNITS = {Unit.EXPECTED: "expected", Unit.TARGET_COST: "target cost", Unit.TARGET: "target ACOS"}
_OWN = frozenset({Unit.TARGET_COST, Unit.TARGET})
"""What has a name of its own, where it is not multiplied."""
SIDES = {Side.AT_LEAST: "at least", Side.AT_MOST: "at most"}


def window_words(finding: Finding) -> tuple[str, str]:
    """What was asked, and what was found: (`clicks in 60d-7d at least 20`, `31`)."""
    bound = bound_in(finding)
    asked = f"{NAMES[bound.measure]} in {window_name(bound.window)} {SIDES[bound.side]} {wanted(finding, bound)}"
    return asked, _found(finding, bound)


def against(finding: Finding) -> str:
    """`3 orders in 60d-7d, at most 0`"""
    bound, window = bound_in(finding), window_name(bound_in(finding).window)
    found, name = _found(finding, bound), NAMES[bound.measure]
    if bound.unit:
        return f"{found}, in {window}"
    limit = f"in {window}, {SIDES[bound.side]} {wanted(finding, bound)}"
    return f"{found} {name} {limit}" if bound.measure in COUNTS else f"{name} {found} {limit}"


def wanted(finding: Finding, bound: WindowBound) -> str:
    if bound.unit:
        return _multiple(bound)
    if finding.bound is None:
        return "what the file does not say in this currency"
    return _shown(finding.bound, bound.measure, beside=finding.measured, exact=True)


def worth(finding: Finding, bound: WindowBound) -> str:
    """The same with what a multiple amounts to: `30% (the target ACOS)`."""
    if bound.unit and isinstance(finding.bound, float):
        return f"{percent_text(round(finding.bound, 4))} ({_multiple(bound)})"
    return wanted(finding, bound)


def _multiple(bound: WindowBound) -> str:
    name = _UNITS[bound.unit]
    return f"the {name}" if bound.value == 1 and bound.unit in _OWN else f"{bound.value:g} x {name}"


def _found(finding: Finding, bound: WindowBound) -> str:
    if finding.measured is None:
        return f"unknown without {_WITHOUT[bound.measure]}"
    has = _shown(finding.measured, bound.measure, beside=finding.bound)
    if bound.confidence is not None:
        end = "lower" if bound.side is Side.AT_LEAST else "upper"
        has += f" at the {end} end with {percent_text(bound.confidence)} confidence"
    if not bound.unit:
        return has
    if bound.unit is Unit.EXPECTED:
        has += " clicks"
    if finding.bound is None:
        unknown = "nothing sells around it" if bound.unit is Unit.EXPECTED else "`economics` does not say enough"
        return f"{has}, and {_multiple(bound)} is not known: {unknown}"
    rate = ""
    if bound.unit is Unit.EXPECTED:
        rate = f" (the ad group converts {bound.value / (number_in(finding.bound) or 1):.1%})"
    is_ = "is" if bound.value == 1 and bound.unit in _OWN else "would be"
    return f"{has}, {_multiple(bound)} {is_} {_shown(finding.bound, bound.measure, beside=finding.measured)}{rate}"


def _shown(value: float | str, measure: Measure, *, beside: float | str | None, exact: bool = False) -> str:
    """`beside`: what it is held against."""
    if isinstance(value, str):
        return value if value == NOT_READ else _money(value, beside)
    if measure in PERCENTAGES:
        return percent_text(value) if exact else f"{value:.1%}"
    return f"{round(value, 2 if measure is Measure.ROAS else 1):.10g}"


def _money(text: str, beside: float | str | None) -> str:
    """`7.4970 USD` -> `7.50 USD`; to the last place where it would look like what it is held against, and is not."""
    amount, _, currency = text.partition(" ")
    shown = f"{to_the_coin(Decimal(amount), currency)} {currency}"
    if beside in (None, NOT_READ, text):
        return shown
    other = Decimal(str(beside).partition(" ")[0])
    return text if f"{to_the_coin(other, currency)} {currency}" == shown else shown
