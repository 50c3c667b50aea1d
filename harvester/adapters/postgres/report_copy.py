"""Rows of a report as a binary COPY reads them. What rows share is encoded once."""

import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date
from itertools import repeat

from harvester.adapters.postgres.storable import storable
from harvester.domain.history import ReportKind
from harvester.domain.ids import ProfileId
from harvester.domain.report import Place, ReportPage, Unread, term_key

_PLACES = ("profile_id", "day", "campaign_id", "ad_group_id", "keyword_id", "targeting", "match_type")
_FIGURES = ("impressions", "clicks", "cost", "orders", "sales")
COLUMNS = {
    ReportKind.SEARCH_TERMS: (*_PLACES, "term", "key", *_FIGURES),
    ReportKind.TARGETING: (*_PLACES, *_FIGURES),
}
"""In this order: what all rows of a day share, what those of a keyword share, what is a row's own."""

_SIGNATURE = b"PGCOPY\n\xff\r\n\x00" + bytes(8)
"""Signature, no flags, no header extension."""
_END = struct.pack(">h", -1)
_length = struct.Struct(">i").pack
_date = struct.Struct(">ii").pack
_figures = struct.Struct(">iqiqiqiqiq").pack
_MOST_REMEMBERED = 2**15
"""Of places: so that memory stays flat."""
_SIZE = repeat(8)
_EPOCH = date(2000, 1, 1).toordinal()


class ReportCopy:
    """Encodes the pages of one report; `rows` and `unreadable` say how many there were so far."""

    def __init__(self, profile_id: ProfileId, kind: ReportKind, days: Collection[date]) -> None:
        """Rows of other days than these are left out."""
        self.rows = self.unreadable = 0
        self.unread: defaultdict[date, set[str]] = defaultdict(set)
        """Campaigns of which rows of a day could not be read; an empty one: it is not known of which."""
        opening = struct.pack(">h", len(COLUMNS[kind])) + _text(profile_id)
        self._days = {each: opening + _date(4, each.toordinal() - _EPOCH) for each in days}
        self._places: dict[Place, bytes] = {}
        self._term = _term if kind is ReportKind.SEARCH_TERMS else _no_term
        self._page_before: AbstractSet[bytes] = frozenset()

    def __call__(self, pages: Iterable[ReportPage], asked: Collection[date]) -> Iterator[bytes]:
        """The whole COPY in pieces. Rows of days that were never asked for count as unreadable."""
        yield _SIGNATURE
        for page in pages:
            yield self._page(page, asked)
        yield _END

    def _page(self, page: ReportPage, asked: Collection[date]) -> bytes:
        if not set(page.days) <= self._days.keys():
            page = self._of_our_days(page, asked)
        self._count(page.unread)
        known, new = self._places.get, self._place
        days, terms = map(self._days.__getitem__, page.days), map(self._term, page.terms)
        places = [known(place) or new(place) for place in page.places]
        figures = map(
            _figures, *(_SIZE, page.impressions), *(_SIZE, page.clicks), *(_SIZE, page.costs), *(_SIZE, page.orders),
            *(_SIZE, page.sales),
        )  # fmt: skip
        return self._once(map(b"".join, zip(days, places, terms, figures, strict=True)))

    def _of_our_days(self, page: ReportPage, asked: Collection[date]) -> ReportPage:
        rows = page.rows
        strange = [Unread(None, row.place.campaign_id) for row in rows if row.day not in asked]
        return ReportPage.of([row for row in rows if row.day in self._days], [*page.unread, *strange])

    def _count(self, unread: Sequence[Unread]) -> None:
        self.unreadable += len(unread)
        for row in unread:
            for each in self._days if row.day is None else self._days.keys() & {row.day}:
                self.unread[each].add(row.campaign_id)

    def _once(self, rows: Iterable[bytes]) -> bytes:
        """What comes a second time, in the same page or the next one, is left out: it would be counted twice."""
        once = dict.fromkeys(rows)
        for row in once.keys() & self._page_before:
            del once[row]
        self._page_before = once.keys()
        self.rows += len(once)
        return b"".join(once)

    def _place(self, place: Place) -> bytes:
        if len(self._places) >= _MOST_REMEMBERED:
            self._places.clear()
        encoded = self._places[place] = b"".join(map(_text, place))
        return encoded


def _term(term: str) -> bytes:
    """Not remembered: most terms of a large report come again too late, and to look one up among many takes as long."""
    text, key = _text(term), term_key(term)
    return text + (text if key == term else _text(key))


def _no_term(_term: str) -> bytes:
    return b""


def _text(value: str) -> bytes:
    encoded = storable(value).encode()
    return _length(len(encoded)) + encoded
