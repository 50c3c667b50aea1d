"""A report that Amazon is asked for: of which days, what came of it, and what its rows say."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

import msgspec

from harvester.domain.history import ReportKind
from harvester.domain.target import fold

_QUOTES = "[\"'\u2018\u2019\u201c\u201d]"
_ASIN_TERM = re.compile(rf"asin(?:-expanded)?\s*=\s*{_QUOTES}([a-z0-9]{{10}}){_QUOTES}", re.ASCII | re.IGNORECASE)
_BARE_ASIN = re.compile(r"b0[a-z0-9]{8}", re.ASCII | re.IGNORECASE)


class Span(NamedTuple):
    """Whole days of the profile, both ends included."""

    first: date
    last: date

    @property
    def days(self) -> Sequence[date]:
        return [self.first + timedelta(days=each) for each in range((self.last - self.first).days + 1)]

    def __str__(self) -> str:
        return f"{self.first}" if self.first == self.last else f"{self.first} to {self.last}"


class Stage(StrEnum):
    """Of a report at Amazon."""

    PENDING = "pending"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class ReportStatus:
    stage: Stage
    url: str | None = field(default=None, repr=False)
    """Where a report that is ready can be had, for an hour or so, by anybody: a secret."""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class OpenReport:
    """Asked for, and neither loaded nor failed."""

    number: int
    kind: ReportKind
    span: Span
    amazon_id: str | None
    """None: whether Amazon has heard of it is not known."""
    asked_at: datetime
    polled_at: datetime | None
    """When something was last tried for it."""
    tries: int
    """How often its rows could not be read."""
    note: str
    """Why it was in vain, the last time."""


class FailedSpan(NamedTuple):
    span: Span
    at: datetime
    failure: str


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of one profile and kind: what is in, and what is on its way."""

    read_at: Mapping[date, datetime]
    """Of each day that is in: when the report that it was last read from was asked for."""
    open: Sequence[OpenReport]
    failed: Sequence[FailedSpan]
    """Of late, in the order of time."""
    in_part: Collection[date] = ()
    """Days that are in, but for rows that could not be read."""


class Place(NamedTuple):
    """Which keyword or target a row is about; rows share it."""

    campaign_id: str
    ad_group_id: str
    keyword_id: str
    targeting: str
    match_type: str


class ReportRow(msgspec.Struct, frozen=True, gc=False):
    """One day of a keyword or target, and of a search term where the report is about those."""

    day: date
    place: Place
    term: str
    """Empty in a report of targets."""
    impressions: int
    clicks: int
    cost: int
    """Money in millionths."""
    orders: int
    sales: int


class Unread(NamedTuple):
    """A row that cannot be read, as far as it says what it is about."""

    day: date | None
    campaign_id: str
    """Empty where that cannot be read either."""


@dataclass(frozen=True, slots=True)
class ReportPage:
    """Rows by column: there are millions, and to make an object of each takes longer than to decode it."""

    days: Sequence[date]
    places: Sequence[Place]
    terms: Sequence[str]
    impressions: Sequence[int]
    clicks: Sequence[int]
    costs: Sequence[int]
    orders: Sequence[int]
    sales: Sequence[int]
    unread: Sequence[Unread] = ()
    """Rows beside them that are not what the report should hold."""

    @classmethod
    def of(cls, rows: Sequence[ReportRow], unread: Sequence[Unread] = ()) -> "ReportPage":
        return cls(
            [row.day for row in rows],
            [row.place for row in rows],
            [row.term for row in rows],
            [row.impressions for row in rows],
            [row.clicks for row in rows],
            [row.cost for row in rows],
            [row.orders for row in rows],
            [row.sales for row in rows],
            unread,
        )

    @property
    def rows(self) -> Sequence[ReportRow]:
        figures = (self.impressions, self.clicks, self.costs, self.orders, self.sales)
        return [*map(ReportRow, self.days, self.places, self.terms, *figures)]

    @property
    def unreadable(self) -> int:
        return len(self.unread)


class Loaded(NamedTuple):
    """What came of a report that is in."""

    rows: int
    unreadable: int


def term_key(term: str) -> str:
    """What a search term is recognised by: the ASIN of `b0...` and `asin="b0..."`, in any case and quotes, else the
    folded text.
    """
    folded = fold(term)
    if not folded.startswith(("b0", "asin")):
        return folded
    bare = term.strip()
    named = _ASIN_TERM.fullmatch(bare)
    if named is not None:
        return named.group(1).upper()
    return bare.upper() if _BARE_ASIN.fullmatch(bare) else folded
