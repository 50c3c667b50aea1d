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
_MOST_ROWS_REMEMBERED = 2**17
"""As few reports have."""
_MOST_ID_BYTES, _MOST_TEXT_BYTES = 100, 2000
"""No index takes what is much longer, and nothing of Amazon's is: a row with it is spoiled."""
MOST_CAMPAIGNS = 1000
"""Kept by name; of more, it is the whole day that cannot be relied on."""
_SIZE = repeat(8)
_EPOCH = date(2000, 1, 1).toordinal()


class _TooLong(Exception):
    """A text is longer than any of Amazon's."""


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
        self._first_rows: set[int] = set()

    def __call__(self, pages: Iterable[ReportPage], asked: Collection[date]) -> Iterator[bytes]:
        """The whole COPY in pieces. Rows of days that were never asked for count as unreadable."""
        yield _SIGNATURE
        for page in pages:
            yield self._page(page, asked)
        yield _END

    def _page(self, page: ReportPage, asked: Collection[date]) -> bytes:
        if not set(page.days) <= self._days.keys():
            page = self._of_our_days(page, asked)
        try:
            rows = self._encoded(page)
        except _TooLong:
            page = self._without_spoiled(page)
            rows = self._encoded(page)
        self._count(page.unread)
        return self._once(rows)

    def _encoded(self, page: ReportPage) -> list[bytes]:
        known, new = self._places.get, self._place
        days, terms = map(self._days.__getitem__, page.days), map(self._term, page.terms)
        places = [known(place) or new(place) for place in page.places]
        figures = map(
            _figures, *(_SIZE, page.impressions), *(_SIZE, page.clicks), *(_SIZE, page.costs), *(_SIZE, page.orders),
            *(_SIZE, page.sales),
        )  # fmt: skip
        return list(map(b"".join, zip(days, places, terms, figures, strict=True)))

    def _of_our_days(self, page: ReportPage, asked: Collection[date]) -> ReportPage:
        rows = page.rows
        strange = [Unread(None, row.place.campaign_id) for row in rows if row.day not in asked]
        return ReportPage.of([row for row in rows if row.day in self._days], [*page.unread, *strange])

    def _without_spoiled(self, page: ReportPage) -> ReportPage:
        fitting, spoiled = [], []
        for row in page.rows:
            try:
                self._encoded(ReportPage.of([row]))
                fitting.append(row)
            except _TooLong:
                spoiled.append(Unread(row.day, row.place.campaign_id))
        return ReportPage.of(fitting, [*page.unread, *spoiled])

    def _count(self, unread: Sequence[Unread]) -> None:
        self.unreadable += len(unread)
        for row in unread:
            for each in self._days if row.day is None else self._days.keys() & {row.day}:
                if len(self.unread[each]) <= MOST_CAMPAIGNS:
                    self.unread[each].add(row.campaign_id if len(row.campaign_id) <= _MOST_ID_BYTES else "")

    def _once(self, rows: list[bytes]) -> bytes:
        """What comes a second time is left out: it would be counted twice.

        In the same page, in the next one, or anywhere after it among the first so many rows, which are remembered by 64
        bits each: that two of them agree in those by chance happens once in two thousand million reports.
        """
        once = dict.fromkeys(rows)
        again = once.keys() & self._page_before
        self._page_before = once.keys()
        if len(self._first_rows) < _MOST_ROWS_REMEMBERED:
            hashes = dict(zip(map(hash, once), once, strict=True))
            again |= {hashes[each] for each in hashes.keys() & self._first_rows}
            self._first_rows.update(hashes)
        if again:
            once = {row: None for row in once if row not in again}
        self.rows += len(once)
        return b"".join(once)

    def _place(self, place: Place) -> bytes:
        """Raises _TooLong."""
        texts = [_text(each) for each in place]
        if max(map(len, texts[:3])) > _MOST_ID_BYTES or max(map(len, texts)) > _MOST_TEXT_BYTES:
            raise _TooLong
        if len(self._places) >= _MOST_REMEMBERED:
            self._places.clear()
        encoded = self._places[place] = b"".join(texts)
        return encoded


def _term(term: str) -> bytes:
    """Not remembered: most terms of a large report come again too late, and to look one up among many takes as long.

    Raises _TooLong.
    """
    text, key = _text(term), term_key(term)
    encoded = text + (text if key == term else _text(key))
    if len(encoded) > _MOST_TEXT_BYTES and max(len(text), len(encoded) - len(text)) > _MOST_TEXT_BYTES:
        raise _TooLong
    return encoded


def _no_term(_term: str) -> bytes:
    return b""


def _text(value: str) -> bytes:
    encoded = storable(value).encode()
    return _length(len(encoded)) + encoded
