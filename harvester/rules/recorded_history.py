"""What the ledger recorded of a search term's windows, made into a history again."""

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import TypeVar

import msgspec

from harvester.domain.candidate import Place
from harvester.domain.decision import Finding
from harvester.domain.history import MICROS, Around, Gap, History, Sold, Totals, Window
from harvester.domain.profile import Profile
from harvester.domain.recommendation import SEARCH_TERMS, Recommendation
from harvester.domain.recorded import Money, RecordedRow
from harvester.rules.checks.windowed import Unit, window_name, window_named
from harvester.rules.ruleset import ProfileRules
from harvester.rules.scope import covers_place, covers_profile
from harvester.rules.term_notes import rates_of, read_note
from harvester.rules.windowed_findings import bound_in
from harvester.rules.windows import default_window, spans, totals_told, window_of

_findings = msgspec.json.Decoder(list[Finding])
_UNKNOWN_DAY = date(2000, 1, 1)
_MANY = 2**100
"""Clicks of an ad group of which only the rate is known: so many times it is a whole number, and gives it back."""
_GAPS = ("window.missing", "window.immature", "window.unread")
T = TypeVar("T")


def windows_noted(row: Recommendation) -> Mapping[Window, Totals]:
    """Empty where the row has none that can be read."""
    if row.source != SEARCH_TERMS:
        return {}
    try:
        return totals_told(row.evidence_note)
    except (msgspec.MsgspecError, ValueError, ArithmeticError):
        return {}


def money_of(row: Recommendation, profile: Profile) -> Money | None:
    """Of the rules' usual window, where the row has it, else of its longest; None where it says nothing of money."""
    windows = windows_noted(row)
    if not windows:
        return None
    usual = default_window(profile)
    window = usual if usual in windows else max(windows)
    sums = windows[window]
    return Money(window_name(window), Decimal(sums.cost) / MICROS, sums.orders, Decimal(sums.sales) / MICROS)


def history_of(recorded: RecordedRow, windows: Mapping[Window, Totals]) -> History:
    """Of what the ad group does only what somebody asked then is known; of its orders elsewhere nothing."""
    rates, gaps = _of_ad_group(recorded.row.evidence_note)
    for finding in _findings.decode(recorded.decision.findings):
        if finding.check.startswith(_GAPS):
            window, gap = _gap_in(finding)
            gaps[window] = gap
        elif f"x_{Unit.EXPECTED}@" in finding.check and isinstance(finding.bound, float | int):
            bound = bound_in(finding)
            rates.setdefault(bound.window, bound.value / finding.bound)
    ad_group = {window: Totals(clicks=_MANY, orders=int(rate * _MANY)) for window, rate in rates.items()}
    orders = max((sums.orders for sums in windows.values()), default=0)
    sold = Sold(orders, _UNKNOWN_DAY) if orders else None
    return History(windows, Around(ad_group, {}, gaps, _UNKNOWN_DAY), sold)


Needs = tuple[tuple[Window, bool], ...]
"""Windows, each with whether the ad group's rate over it is asked for."""


def lacking(history: History, needs: Needs) -> str | None:
    """What is looked at and the row does not have, as the end of a sentence."""
    for window, of_ad_group in needs:
        if window in history.around.gaps:
            continue
        if window not in history.windows:
            return f"a rule looks at {window_name(window)}, which was not recorded with it"
        if of_ad_group and window not in history.around.ad_group:
            return (
                f"a rule looks at expected clicks over {window_name(window)}, and its ad group's rate was not recorded"
            )
    return None


def needs_of(rulesets: Iterable[ProfileRules], profile: Profile, place: Place) -> Needs:
    """Of all rules on search terms of the place, whichever set they stand in."""
    usual = default_window(profile)
    found: dict[tuple[Window, bool], None] = {}
    for rule in (rule for rules in rulesets for rule in rules.rules):
        if (
            rule.match.source == SEARCH_TERMS
            and covers_profile(rule.match, profile)
            and covers_place(rule.match, place)
        ):
            for threshold in spans(rule.when):
                expected = any(str(said).endswith(Unit.EXPECTED) for said in (threshold.at_least, threshold.at_most))
                found[window_of(threshold, usual), expected] = None
    return tuple(found)


def _gap_in(finding: Finding) -> tuple[Window, Gap]:
    name, _, window = finding.check.partition("@")
    days = int(finding.measured or 1)
    first_day = date.fromisoformat(str(finding.bound)) if finding.bound else _UNKNOWN_DAY
    immature = name == "window.immature"
    return window_named(window), Gap(0 if immature else days, days if immature else 0, first_day)


def _of_ad_group(evidence_note: str | None) -> tuple[dict[Window, float], dict[Window, Gap]]:
    """As far as the note says and can be read: its rates, and what of its windows was not whole."""
    try:
        note = read_note(evidence_note)
        gaps = {} if isinstance(note.gaps, msgspec.UnsetType) else note.gaps
        return _by_window(rates_of(note)), _by_window(gaps)
    except (msgspec.MsgspecError, ValueError):
        return {}, {}


def _by_window(by_name: Mapping[str, T]) -> dict[Window, T]:
    return {window_named(name): value for name, value in by_name.items()}
