"""Rows of the reports spSearchTerm and spTargeting, as they come and as we keep them.

Columns: guides/reporting/v3, report types; unknown ones are read over. Orders and sales: within 7 days of the click,
for vendors within 14.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from operator import attrgetter
from typing import IO, Annotated, Any, Protocol, cast

import msgspec

from harvester.adapters.ads.report_file import ArrayReader, Batch, plain
from harvester.adapters.exchange import UNDECODABLE, Unreadable
from harvester.domain.errors import PageBroken
from harvester.domain.history import MICROS, ReportKind
from harvester.domain.report import Place, ReportPage, ReportRow, Unread

_ALWAYS = (
    "date", "campaignId", "adGroupId", "keywordId", "targeting", "keywordType", "matchType", "impressions", "clicks",
    "cost",
)  # fmt: skip
_MOST = 10**9
"""Of anything, in one row: more is a mistake. So sums of many rows stay within what Postgres counts, and of money the
nearest whole millionth is found exactly."""
_Count = Annotated[int, msgspec.Meta(ge=0, le=_MOST)]
_Money = Annotated[float, msgspec.Meta(ge=0, le=float(_MOST))]
_MOST_REMEMBERED = 2**15


class _Row(Protocol):
    """As almost all rows are."""

    date: date
    campaign_id: int | str
    ad_group_id: int | str
    keyword_id: int | str
    targeting: str
    keyword_type: str
    impressions: int
    clicks: int
    cost: float
    orders: int
    sales: float
    search_term: str


class _OddRow(Protocol):
    """What is a row all the same: a text for a number, a null for a word."""

    date: date
    campaign_id: int | str
    ad_group_id: int | str
    keyword_id: int | str | None
    targeting: str | None
    keyword_type: str | None
    match_type: str | None
    impressions: Decimal
    clicks: Decimal
    cost: Decimal
    orders: Decimal
    sales: Decimal
    search_term: str


def columns(kind: ReportKind, *, vendor: bool) -> list[str]:
    """What a report is asked for."""
    own = ["searchTerm"] if kind is ReportKind.SEARCH_TERMS else []
    return [*_ALWAYS, *own, *_attributed(vendor=vendor).values()]


class _About(msgspec.Struct, rename="camel"):
    """The least that a row says."""

    date: date
    campaign_id: int | str


_about_row = msgspec.json.Decoder(_About)


_WHERE = attrgetter("campaign_id", "ad_group_id", "keyword_id", "targeting", "keyword_type")


class ReportReader:
    """Reads the file of one kind of report."""

    def __init__(self, kind: ReportKind, *, vendor: bool) -> None:
        renamed = _attributed(vendor=vendor)
        terms = kind is ReportKind.SEARCH_TERMS
        self._rows = ArrayReader(cast("type[_Row]", _struct(_PLAIN, renamed, terms=terms)))
        self._odd = msgspec.json.Decoder(cast("type[_OddRow]", _struct(_ODD, renamed, terms=terms)))
        self._places: dict[tuple[object, ...], Place] = {}

    def pages(self, file: IO[bytes]) -> Iterator[ReportPage]:
        """Raises PageBroken where the file is cut, or no report."""
        try:
            for batch in self._rows.read(plain(file)):
                yield self._page(batch)
        except Unreadable as unreadable:
            raise PageBroken(f"the report cannot be read: {unreadable}") from None

    def _page(self, batch: Batch[_Row]) -> ReportPage:
        known, place, rows = self._places.get, self._place, batch.rows
        page = ReportPage(
            [row.date for row in rows],
            [known(where) or place(where) for where in map(_WHERE, rows)],
            [row.search_term for row in rows],
            [row.impressions for row in rows],
            [row.clicks for row in rows],
            [round(row.cost * MICROS) for row in rows],
            [row.orders for row in rows],
            [round(row.sales * MICROS) for row in rows],
        )
        return self._with_odd(page, batch.odd) if batch.odd else page

    def _with_odd(self, page: ReportPage, items: Iterable[bytes]) -> ReportPage:
        rows, unread = [*page.rows], list[Unread]()
        for item in items:
            found = self._odd_row(item)
            if found is None:
                unread.append(_about(item))
            else:
                rows.append(found)
        return ReportPage.of(rows, unread)

    def _place(self, where: tuple[object, ...]) -> Place:
        if len(self._places) >= _MOST_REMEMBERED:
            self._places.clear()
        place = self._places[where] = Place(*map(str, where))
        return place

    def _odd_row(self, item: bytes) -> ReportRow | None:
        """None: it is no row."""
        if b"\\u0000" in item:
            return None
        try:
            row = self._odd.decode(item)
            return ReportRow(
                row.date,
                Place(
                    str(row.campaign_id),
                    str(row.ad_group_id),
                    "" if row.keyword_id is None else str(row.keyword_id),
                    row.targeting or "",
                    row.keyword_type or row.match_type or "",
                ),
                row.search_term,
                _count(row.impressions),
                _count(row.clicks),
                _micros(row.cost),
                _count(row.orders),
                _micros(row.sales),
            )
        except (*UNDECODABLE, ValueError, ArithmeticError):
            return None


def _about(item: bytes) -> Unread:
    try:
        row = _about_row.decode(item)
    except UNDECODABLE:
        return Unread(None, "")
    return Unread(row.date, str(row.campaign_id))


def _attributed(*, vendor: bool) -> dict[str, str]:
    days = 14 if vendor else 7
    return {"orders": f"purchases{days}d", "sales": f"sales{days}d"}


_Field = tuple[str, Any] | tuple[str, Any, Any]
_PLAIN: tuple[_Field, ...] = (
    ("date", date),
    ("campaign_id", int | str),
    ("ad_group_id", int | str),
    ("keyword_id", int | str),
    ("targeting", str),
    ("keyword_type", str),
    ("impressions", _Count),
    ("clicks", _Count),
    ("cost", _Money),
    ("orders", _Count),
    ("sales", _Money),
)
_ODD: tuple[_Field, ...] = (
    ("date", date),
    ("campaign_id", int | str),
    ("ad_group_id", int | str),
    ("impressions", Decimal),
    ("clicks", Decimal),
    ("cost", Decimal),
    ("orders", Decimal),
    ("sales", Decimal),
    ("keyword_id", int | str | None, None),
    ("targeting", str | None, None),
    ("keyword_type", str | None, None),
    ("match_type", str | None, None),
)


def _struct(fields: Iterable[_Field], renamed: dict[str, str], *, terms: bool) -> type[msgspec.Struct]:
    """Without terms, each row's is empty."""
    names = {"search_term": "searchTerm", **renamed}
    whole = [*fields, ("search_term", str) if terms else ("search_term", str, "")]
    for name, *_ in fields:
        words = name.split("_")
        names.setdefault(name, words[0] + "".join(word.title() for word in words[1:]))
    return msgspec.defstruct("Row", whole, rename=names, gc=False, kw_only=True)


def _count(number: Decimal) -> int:
    """Raises ValueError for what is no count."""
    if not 0 <= number <= _MOST or number != int(number):
        raise ValueError("no count")
    return int(number)


def _micros(amount: Decimal) -> int:
    if not 0 <= amount <= _MOST:
        raise ValueError("no amount")
    return int((amount * MICROS).to_integral_value())
