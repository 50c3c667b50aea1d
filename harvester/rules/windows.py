"""Which windows of days the rules in force look at, and how windows stand in the ledger."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

import msgspec

from harvester.domain.history import (
    DEFAULT_WINDOW_DAYS,
    MICROS,
    SELLERS_SKIP_DAYS,
    VENDORS_SKIP_DAYS,
    Totals,
    Window,
)
from harvester.domain.profile import Profile
from harvester.domain.recommendation import SEARCH_TERMS
from harvester.rules.checks.windowed import Measure, window_named
from harvester.rules.conditions import Condition
from harvester.rules.ruleset import ProfileRules, Rule
from harvester.rules.scope import covers_profile
from harvester.rules.term_notes import WindowFigures, read_note
from harvester.rules.window_sections import Span, Threshold


def default_window(profile: Profile) -> Window:
    """Sixty days, without the newest, of which orders still come in."""
    return Window(DEFAULT_WINDOW_DAYS, VENDORS_SKIP_DAYS if profile.is_vendor else SELLERS_SKIP_DAYS)


def windows_of(rules: ProfileRules | Rule, profile: Profile) -> frozenset[Window]:
    """All that rules on search terms look at, the default one among them; none where no rule is on search terms."""
    named = rules.rules if isinstance(rules, ProfileRules) else (rules,)
    on_terms = [rule for rule in named if rule.match.source == SEARCH_TERMS and covers_profile(rule.match, profile)]
    usual = default_window(profile)
    found = {window_of(span, usual) for rule in on_terms for span in spans(rule.when)}
    return frozenset(found | {usual}) if on_terms else frozenset()


def window_of(span: Span, usual: Window) -> Window:
    """Of a threshold: what it leaves out is as usual."""
    skip = usual.skip if span.exclude_recent is None else span.exclude_recent
    return Window(span.window or usual.days, skip)


def spans(condition: Condition) -> Iterator[Threshold]:
    """The thresholds in a condition and in those below it."""
    yield from (threshold for _, threshold in thresholds(condition))
    for part in (*(condition.all or ()), *(condition.any or ())):
        yield from spans(part)
    if condition.not_ is not None:
        yield from spans(condition.not_)


KEYS = ("clicks", "conversions", *(each.value for each in Measure if each is not Measure.CLICKS))
"""Of conditions that can have a window."""


def thresholds(condition: Condition) -> Iterator[tuple[str, Threshold]]:
    """Those that stand in the condition itself, by their keys."""
    for key in KEYS:
        threshold: Threshold | None = getattr(condition, key)
        if threshold is not None:
            yield key, threshold


def measure_of(key: str) -> Measure:
    return Measure.ORDERS if key == "conversions" else Measure(key)


def totals_told(evidence_note: str | None) -> Mapping[Window, Totals]:
    """The figures by window of a recorded evidence note; nothing where it has none."""
    return {window_named(name): _totals(sums) for name, sums in read_note(evidence_note).windows.items()}


def asins_told(evidence_note: str | None) -> tuple[str, ...]:
    """The advertised products under `asked_for` of a recorded evidence note."""
    asins = read_note(evidence_note).asked_for
    return () if isinstance(asins, msgspec.UnsetType) else asins


def _totals(sums: WindowFigures) -> Totals:
    cost, sales = (int(Decimal(money) * MICROS) for money in (sums.cost, sums.sales))
    return Totals(sums.impressions, sums.clicks, cost, sums.orders, sales)
