"""Rows of a report as a binary COPY reads them. What rows share is encoded once."""

import struct
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date

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
"""Of places, and of terms: so that memory stays flat."""
_MOST_ROWS_REMEMBERED = 2**17
"""As few reports have."""
_MOST_ID_BYTES, _MOST_TEXT_BYTES = 100, 2000
"""No index takes what is much longer, and nothing of Amazon's is: a row with it is spoiled."""
MOST_CAMPAIGNS = 1000
"""Kept by name; of more, it is the whole day that cannot be relied on."""
_EPOCH = date(2000, 1, 1).toordinal()


class ReportCopy:
    """Encodes the pages of one report; `rows` and `unreadable` say how many there were so far."""

    def __init__(self, profile_id: ProfileId, kind: ReportKind, days: Collection[date]) -> None:
        """Rows of other days than these are left out."""
        self.rows = self.unreadable = 0
        self.unread: defaultdict[date, set[str]] = defaultdict(set)
        """Campaigns of which rows of a day could not be read; an empty one: it is not known of which."""
        self._about_terms = kind is ReportKind.SEARCH_TERMS
        opening = struct.pack(">h", len(COLUMNS[kind])) + _text(profile_id)
        self._days = {each: opening + _date(4, each.toordinal() - _EPOCH) for each in days}
        self._places: dict[int, tuple[Place, bytes]] = {}
        """By identity, which is told faster than equality; with the place, so that its id stays its own."""
        self._terms: dict[str, bytes] = {}
        self._page_before: AbstractSet[bytes] = frozenset()
        self._first_rows: set[int] = set()

    def __call__(self, pages: Iterable[ReportPage], asked: Collection[date]) -> Iterator[bytes]:
        """The whole COPY in pieces. Rows of days that were never asked for count as unreadable."""
        yield _SIGNATURE
        for page in pages:
            yield self._page(page, asked)
        yield _END

    def _page(self, page: ReportPage, asked: Collection[date]) -> bytes:
        day_of, place_of, term_of = self._days.get, self._places.get, self._terms.get
        rows: list[bytes] = []
        strange: list[Unread] = []
        for row in page.rows:
            day = day_of(row.day)
            if day is None:
                if row.day not in asked:
                    strange.append(Unread(None, row.place.campaign_id))
                continue
            place = place_of(id(row.place)) or self._place(row.place)
            term = term_of(row.term)
            if term is None:
                term = self._term(row.term)
            if place is None or term is None:
                strange.append(Unread(row.day, row.place.campaign_id))
                continue
            figures = _figures(8, row.impressions, 8, row.clicks, 8, row.cost, 8, row.orders, 8, row.sales)
            rows.append(b"".join((day, place[1], term, figures)))
        self._count([*page.unread, *strange])
        return self._once(rows)

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

    def _place(self, place: Place) -> tuple[Place, bytes] | None:
        """None: it is longer than any."""
        texts = [_text(each) for each in place]
        if max(map(len, texts[:3])) > _MOST_ID_BYTES or max(map(len, texts)) > _MOST_TEXT_BYTES:
            return None
        if len(self._places) >= _MOST_REMEMBERED:
            self._places.clear()
        encoded = self._places[id(place)] = place, b"".join(texts)
        return encoded

    def _term(self, term: str) -> bytes | None:
        """None: it is longer than any."""
        texts = (_text(term), _text(term_key(term))) if self._about_terms else (b"",)
        if max(map(len, texts)) > _MOST_TEXT_BYTES:
            return None
        if len(self._terms) >= _MOST_REMEMBERED:
            self._terms.clear()
        encoded = self._terms[term] = b"".join(texts)
        return encoded


def _text(value: str) -> bytes:
    encoded = storable(value).encode()
    return _length(len(encoded)) + encoded
