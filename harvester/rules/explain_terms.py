"""What a search term cost and brought, in the words of plans, exports and stories."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from harvester.domain.history import DEFAULT_WINDOW_DAYS, SELLERS_SKIP_DAYS, VENDORS_SKIP_DAYS, Window
from harvester.domain.money import to_the_coin
from harvester.rules.checks.windowed import window_name
from harvester.rules.term_notes import TermNote, WindowFigures, read_note

_TARGETINGS = {"BROAD": "broad keyword", "PHRASE": "phrase keyword", "EXACT": "exact keyword"}


def term_in_a_sentence(evidence_note: str | None) -> str:
    """`Search term of broad keyword “hat”: 24 clicks, 0 orders, 19.20 USD spent (60d-7d).`"""
    note = read_note(evidence_note)
    told = "; ".join(f"{figures(each, note.currency)} ({name})" for name, each in note.windows.items())
    return f"Search term{came_by(note)}: {told}." if told else ""


def came_by(note: TermNote) -> str:
    """` of broad keyword “hat” and 2 more`"""
    if not note.targeting:
        return ""
    more = f" and {note.keywords - 1} more" if note.keywords > 1 else ""
    return f" of {_TARGETINGS.get(note.match_type, 'target')} “{note.targeting}”{more}"


def figures(each: WindowFigures, currency: str) -> str:
    """`24 clicks, 2 orders, 19.20 USD spent, 60.00 USD sold, ACOS 32%`"""
    parts = [
        _counted(each.clicks, "click"),
        _counted(each.orders, "order"),
        f"{amount(each.cost, currency)} spent",
    ]
    if Decimal(each.sales):
        parts += [f"{amount(each.sales, currency)} sold", f"ACOS {acos_percent(each)}%"]
    return ", ".join(parts)


def amount(text: str, currency: str) -> str:
    """Of recorded decimal text: `19.20 USD`, `1200 JPY`."""
    return f"{to_the_coin(Decimal(text), currency)} {currency}"


def acos_percent(each: WindowFigures) -> str:
    """Spend over sales; empty without sales."""
    sales = Decimal(each.sales)
    if not sales:
        return ""
    percent = (Decimal(each.cost) / sales * 100).quantize(Decimal("0.1"))
    return f"{percent:f}".removesuffix(".0")


def figures_in(row: Mapping[str, Any]) -> tuple[WindowFigures, str] | None:
    """Of the window that its clicks and conversions are of, and the currency; None where it has no windows.

    `row`: an item or a decision, or its metrics. Of several windows with the same counts the usual one is taken.
    """
    windows, currency = _told(row if "windows" in row else row.get("metrics"))
    counted = (row.get("clicks"), row.get("conversions"))

    def rank(named: tuple[str, WindowFigures]) -> tuple[bool, bool, tuple[int, str]]:
        name, each = named
        return (each.clicks, each.orders) != counted, name not in _USUAL, _longest(named)

    return (min(windows, key=rank)[1], currency) if windows else None


_USUAL = frozenset(window_name(Window(DEFAULT_WINDOW_DAYS, skip)) for skip in (SELLERS_SKIP_DAYS, VENDORS_SKIP_DAYS))


def words_in(metrics: Mapping[str, Any] | None) -> str:
    """As `figures` of every window, from what the ledger shows of a row; empty where it has no windows."""
    windows, currency = _told(metrics)
    return "; ".join(f"{figures(each, currency)} ({name})" for name, each in windows)


def _told(metrics: Mapping[str, Any] | None) -> tuple[Sequence[tuple[str, WindowFigures]], str]:
    """Windows by name, the longest first, and the currency; rows of other sources have none."""
    if not metrics or not metrics.get("windows"):
        return (), ""
    note = msgspec.convert(metrics, TermNote)
    return sorted(note.windows.items(), key=_longest), note.currency


def _longest(named: tuple[str, WindowFigures]) -> tuple[int, str]:
    """The ledger keeps keys in an order of its own: the longest window first."""
    days, _, _ = named[0].partition("d")
    return -int(days), named[0]


def _counted(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"
