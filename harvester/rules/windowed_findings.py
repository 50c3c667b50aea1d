"""Findings of windowed checks, read back: what was asked, what was measured, and in which currency."""

from harvester.domain.decision import Finding
from harvester.domain.history import MICROS
from harvester.rules.checks.evidence import Side, fraction_of
from harvester.rules.checks.windowed import MONEY, NOT_READ, Measure, Unit, WindowBound, window_named


def bound_in(finding: Finding) -> WindowBound:
    """The bound that a finding came from; its value is the factor of a multiple, else what the finding says."""
    name, *middle, window = finding.check.split("@")
    measure, _, side = name.partition(".")
    confidence, unit, value = None, Unit.ONE, number_in(finding.bound) or 0.0
    for each in middle:
        if each.endswith("%"):
            confidence = fraction_of(each)
        else:
            factor, _, unit_name = each.partition("x_")
            value, unit = float(factor), Unit(unit_name)
    if Measure(measure) in MONEY and unit is Unit.ONE:
        value *= MICROS
    return WindowBound(Measure(measure), Side(side), value, window_named(window), unit, confidence)


def number_in(value: float | str | None) -> float | None:
    """`33.10 USD` -> 33.1; None for what was not read."""
    if value == NOT_READ:
        return None
    return float(value.partition(" ")[0]) if isinstance(value, str) else value


def currency_in(value: float | str | None) -> str:
    """`33.10 USD` -> `USD`"""
    return value.partition(" ")[2] if isinstance(value, str) else ""
