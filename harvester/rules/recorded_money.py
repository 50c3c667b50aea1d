"""What the note of a recorded row says of money, and of its windows."""

from collections.abc import Mapping
from decimal import Decimal

import msgspec

from harvester.domain.history import DEFAULT_WINDOW_DAYS
from harvester.domain.recommendation import SEARCH_TERMS, Recommendation
from harvester.domain.recorded import Money


class NotedTotals(msgspec.Struct, gc=False):
    """Sums over a window as the note has them: money as decimal text."""

    impressions: int = 0
    clicks: int = 0
    cost: Decimal = Decimal()
    orders: int = 0
    sales: Decimal = Decimal()


class Note(msgspec.Struct, gc=False):
    windows: Mapping[str, NotedTotals] = {}


_note = msgspec.json.Decoder(Note)


def note_of(row: Recommendation) -> Note:
    """Empty where the row has none that can be read."""
    if row.source != SEARCH_TERMS or not row.evidence_note:
        return Note()
    try:
        return _note.decode(row.evidence_note)
    except msgspec.MsgspecError:
        return Note()


def money_of(row: Recommendation) -> Money | None:
    """Of the rules' usual window, where the row has it, else of its longest; None where it says nothing of money."""
    windows = note_of(row).windows
    if not windows:
        return None
    name = max(windows, key=lambda each: (each.startswith(f"{DEFAULT_WINDOW_DAYS}d"), _days(each), each))
    totals = windows[name]
    return Money(name, totals.cost, totals.orders, totals.sales)


def _days(window: str) -> int:
    days = window.partition("d")[0]
    return int(days) if days.isdigit() else 0
