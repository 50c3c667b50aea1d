"""On which days something served: states of campaigns, ad groups and targets over time, less what negatives stop."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import tzinfo

from harvester.sandbox import brands
from harvester.sandbox.clock import Clock
from harvester.sandbox.market import Kind, Market, Row, folded
from harvester.sandbox.wire import Json

Span = tuple[int, int]
"""First and last ordinal of days."""

ASIN = re.compile(r"b[0-9a-z]{9}|\d{9}[\dx]")
_EVER = 1
_FOREVER = 3_000_000
STOPPED_BEFORE_OPENING = 20
"""Days since which everything that is paused on the first morning has been so."""
NEGATED_BEFORE_OPENING = 30
"""Days since which the negatives of the first morning have stood."""


class Calendar:
    def __init__(self, clock: Clock, zone: tzinfo) -> None:
        self._clock = clock
        self._zone = zone
        self.opened = clock.day(clock.begun, zone)

    def day(self, at: float) -> int:
        return int(self._clock.day(at, self._zone))

    def enabled(self, row: Row, *, opening_days: int | None = None) -> tuple[Span, ...]:
        """When the entity was on, the days of switching included. What is there from the first morning on has been
        enabled since ever, or for `opening_days`; what is paused there, until some days before.
        """
        changes = [(at, held["state"]) for at, held in row.before if "state" in held]
        states = [*(state for _, state in changes), row.body["state"]]
        spans: list[Span] = []
        start = self._first_day(row, opening_days) if states[0] == "ENABLED" else None
        if states[0] == "PAUSED" and row.born_at <= self._clock.begun:
            spans.append((_EVER, int(self.opened) - STOPPED_BEFORE_OPENING))
        for (at, _), after in zip(changes, states[1:], strict=True):
            if after == "ENABLED" and start is None:
                start = self.day(at)
            elif after != "ENABLED" and start is not None:
                spans.append((start, self.day(at)))
                start = None
        return (*spans, (start, _FOREVER)) if start is not None else tuple(spans)

    def _first_day(self, row: Row, opening_days: int | None) -> int:
        if row.born_at > self._clock.begun:
            return self.day(row.born_at)
        return _EVER if opening_days is None else int(self.opened) - opening_days


def both(first: Iterable[Span], second: Iterable[Span]) -> tuple[Span, ...]:
    other = list(second)
    found = ((max(one[0], two[0]), min(one[1], two[1])) for one in first for two in other)
    return tuple(span for span in found if span[0] <= span[1])


def minus(spans: tuple[Span, ...], stopped: Iterable[Span]) -> tuple[Span, ...]:
    """A negative stops its term from the day after it was made, up to the day on which it was taken away."""
    for first, last in stopped:
        left = []
        for start, end in spans:
            if last < start or first >= end:
                left.append((start, end))
                continue
            left += [(start, first)] if start <= first else []
            left += [(last + 1, end)] if last < end else []
        spans = tuple(left)
    return spans


@dataclass(slots=True)
class Stops:
    """What the negatives of one ad group and its campaign stop, and when."""

    exact: dict[str, list[Span]] = field(default_factory=dict)
    phrases: list[tuple[str, Span]] = field(default_factory=list)

    def of(self, term: str) -> list[Span]:
        key = folded(term)
        found = list(self.exact.get(key, ()))
        if ASIN.fullmatch(key):
            found += self.exact.get(brands.brand_of(key), ())
        if self.phrases:
            padded = f" {key} "
            found += [span for phrase, span in self.phrases if phrase in padded]
        return found

    def extend(self, other: "Stops") -> "Stops":
        exact = {key: list(found) for key, found in self.exact.items()}
        for key, found in other.exact.items():
            exact.setdefault(key, []).extend(found)
        return Stops(exact, [*self.phrases, *other.phrases])


_NEGATIVES = (
    (Kind.NEGATIVE_KEYWORD, "adGroupId"),
    (Kind.NEGATIVE_TARGET, "adGroupId"),
    (Kind.CAMPAIGN_NEGATIVE_KEYWORD, "campaignId"),
    (Kind.CAMPAIGN_NEGATIVE_TARGET, "campaignId"),
)


def stops_of(market: Market, calendar: Calendar) -> dict[tuple[str, str], Stops]:
    """By the field that names the place, and its id."""
    places: dict[tuple[str, str], Stops] = {}
    for kind, field_name in _NEGATIVES:
        for row in market.rows[kind].values():
            stops = places.setdefault((field_name, row.body[field_name]), Stops())
            for span in calendar.enabled(row, opening_days=NEGATED_BEFORE_OPENING):
                _enter(stops, row.body, span)
    return places


def _enter(stops: Stops, body: Json, span: Span) -> None:
    if "keywordText" not in body:
        for part in body["expression"]:
            stops.exact.setdefault(folded(part.get("value", "")), []).append(span)
    elif body["matchType"] == "NEGATIVE_PHRASE":
        stops.phrases.append((f" {folded(body['keywordText'])} ", span))
    else:
        stops.exact.setdefault(folded(body["keywordText"]), []).append(span)
