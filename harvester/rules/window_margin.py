"""How far a search term is from passing a rule, worked out from the rule's findings alone."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from harvester.domain.decision import Finding
from harvester.domain.history import MICROS, Window
from harvester.domain.money import smallest_coin
from harvester.rules.checks.evidence import Bound, Side, is_windowed, percent_text
from harvester.rules.checks.windowed import MONEY, NOT_READ, Measure, WindowBound, money_text, window_name
from harvester.rules.explain_windows import COUNTS, NAMES, worth
from harvester.rules.margin import combined
from harvester.rules.windowed_findings import bound_in, currency_in, number_in

_FIRST = {
    Measure.CPC: "click",
    Measure.CTR: "impression",
    Measure.CONVERSION_RATE: "click",
    Measure.ACOS: "order",
    Measure.ROAS: "click",
    Measure.AOV: "order",
}
"""What a figure that cannot be measured yet waits for."""


class _Wish(NamedTuple):
    """What one finding should say for the rule to pass."""

    finding: Finding
    bound: WindowBound | None
    """None: of something else than a window."""
    positive: bool

    @property
    def holds(self) -> bool:
        """What is not known of the catalog, or was not read, stands in nobody's way."""
        known = self.finding.measured is not None
        if self.finding.measured == NOT_READ or (self.bound is None and not known):
            return True
        return known and (self.bound is None or self.finding.bound is not None) and self.finding.passed is self.positive

    @property
    def from_below(self) -> bool:
        return self.bound is not None and (self.bound.side is Side.AT_LEAST) is self.positive

    @property
    def counted(self) -> tuple[Measure, Window] | None:
        """What it counts, in which days; None of what is no count or sum, or not known."""
        bound, finding = self.bound, self.finding
        if bound is None or bound.measure not in _COUNTED or finding.measured == NOT_READ or finding.bound is None:
            return None
        return bound.measure, bound.window

    @property
    def room(self) -> int:
        """How much more of what it counts is lacking, or can be borne; in coins where that is money."""
        assert self.bound is not None
        lacking = (number_in(self.finding.bound) or 0.0) - (number_in(self.finding.measured) or 0.0)
        lacking = round(lacking / _unit(self.finding, self.bound), 4)
        whole = math.ceil(lacking) if self.bound.side is Side.AT_LEAST else math.floor(lacking)
        return whole if self.positive else whole + (1 if self.from_below else -1)

    @property
    def forbids_orders(self) -> bool:
        """Whether not one order more may come."""
        if self.bound is None or self.bound.measure is not Measure.ORDERS or self.from_below:
            return False
        measured, most = number_in(self.finding.measured), number_in(self.finding.bound)
        room = (most or 0.0) - (measured or 0.0)
        return room < 1 if self.positive else room <= 1

    def waits_with(self, other: "_Wish") -> bool:
        """A first order is waited for, and another wish asks for orders of the same window anyway."""
        if self.bound is None or other.bound is None or self.finding.measured is not None:
            return False
        first, counted = _FIRST.get(self.bound.measure), NAMES[other.bound.measure].removesuffix("s")
        return first == counted and self.bound.window == other.bound.window and other.from_below and not other.holds

    def more(self) -> str | None:
        """What would meet it; None where nothing that is still to come does."""
        bound, finding = self.bound, self.finding
        if bound is None or finding.bound is None:
            return None
        if finding.measured is None:
            first = _FIRST.get(bound.measure)
            return first and f"1 more {first}"
        if bound.measure in _COUNTED:
            return _count(finding, bound, max(self.room, 1)) if self.from_below else None
        side = ("at least" if self.positive else "over") if self.from_below else "at most" if self.positive else "under"
        sure = "" if bound.confidence is None else f" with {percent_text(bound.confidence)} confidence"
        article = "" if bound.measure is Measure.AOV else "an " if bound.measure is Measure.ACOS else "a "
        return f"{article}{NAMES[bound.measure]} of {side} {worth(finding, bound)}{sure}"


_COUNTED = COUNTS | {Measure.SPEND, Measure.SALES}


def _unit(finding: Finding, bound: WindowBound) -> float:
    return float(smallest_coin(currency_in(finding.measured))) if bound.measure in MONEY else 1.0


def _count(finding: Finding, bound: WindowBound, more: int) -> str:
    if bound.measure in MONEY:
        amount = more * _unit(finding, bound) * MICROS
        return f"{money_text(amount, currency_in(finding.measured))} more {bound.measure}"
    noun = NAMES[bound.measure]
    return f"{more} more {noun if more != 1 else noun.removesuffix('s')}"


def ways_in_windows(findings: Sequence[Finding]) -> list[str]:
    """The ways to pass, of one rule's findings; none where nothing that is still to come helps."""
    windows = {bound_in(each).window for each in findings if is_windowed(each.check)}
    told: dict[tuple[frozenset[str], bool], str] = {}
    for way in combined(findings, _wish):
        failing = [wish for wish in way if not (wish.holds or any(wish.waits_with(other) for other in way))]
        most = _most(failing)
        if any(_breaks(wish, most) for wish in way):
            continue
        largest = [each for each in failing if each.counted is None or each.room == most.get(each.counted, each.room)]
        texts = [_text(wish, several=len(windows) > 1) for wish in largest]
        parts = dict.fromkeys(text for text in texts if text is not None)
        if parts and None not in texts:
            orders = any("order" in part for part in parts)
            quiet = any(wish.forbids_orders for wish in way) and not orders
            told[frozenset(parts), quiet] = " and ".join(parts) + (" without an order" if quiet else "")
    return [text for (parts, _), text in told.items() if not any(less < parts and not quiet for less, quiet in told)]


def _breaks(wish: _Wish, more: Mapping[tuple[Measure, Window], int]) -> bool:
    """Whether it fails once so much more of everything has come."""
    return not wish.from_below and wish.counted is not None and wish.room < more.get(wish.counted, wish.room)


def _most(failing: Sequence[_Wish]) -> Mapping[tuple[Measure, Window], int]:
    """The most of each that is lacking: less than that meets the others only."""
    most: dict[tuple[Measure, Window], int] = {}
    for wish in failing:
        if wish.from_below and wish.counted is not None:
            most[wish.counted] = max(most.get(wish.counted, 0), wish.room)
    return most


def _text(wish: _Wish, *, several: bool) -> str | None:
    text = wish.more()
    return f"{text} in {window_name(wish.bound.window)}" if text and several and wish.bound else text


def _wish(finding: Bound | Finding, positive: bool) -> _Wish:
    assert isinstance(finding, Finding)
    return _Wish(finding, bound_in(finding) if is_windowed(finding.check) else None, positive)
