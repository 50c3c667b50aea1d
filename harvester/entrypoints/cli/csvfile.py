"""A plan as CSV that survives a spreadsheet, and such a file read back."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.printable import printable
from harvester.rules.explain_terms import acos_percent, figures_in

EDITABLE = ("verdict", "bid", "note")
NEEDED = ("item", "fingerprint", "verdict")
COLUMNS = (
    "item",
    *EDITABLE,
    "target",
    "kind",
    "match",
    "level",
    "clicks",
    "conversions",
    "spend",
    "sales",
    "acos",
    "currency",
    "campaign",
    "ad_group",
    "from_campaign",
    "from_ad_group",
    "asin",
    "rule",
    "state",
    "reason",
    "remarks",
    "campaign_id",
    "ad_group_id",
    "group_id",
    "plan",
    "fingerprint",
)
NUMBERS = frozenset({"bid", "clicks", "conversions", "spend", "sales", "acos"})
_SAME_NAME = (
    "target",
    "kind",
    "match",
    "level",
    "asin",
    "rule",
    "state",
    "reason",
    "campaign_id",
    "ad_group_id",
    "group_id",
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MONTHS = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_READ_AS_A_VALUE = re.compile(
    rf"[\d.,:/%$€£\s-]+(?:e[+-]?\d+)?(?:\s*[ap]m)?|(?:\d+[\s/-]*)?{_MONTHS}[\s/.-]*\d+.*|\d+[\s/-]*{_MONTHS}|true|false",
    re.IGNORECASE | re.ASCII,
)
"""What spreadsheets turn into a number, a date or a truth value when a file is opened."""
_DELIMITERS = (",", ";", "\t")
_LARGEST_FILE = 100_000_000


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with a file, and where."""

    line: int
    """Counted from 1, as an editor does; the headings are line 1."""
    message: str


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    cells: Mapping[str, str]
    """Trimmed, by heading; as they stand in the file, apostrophes included."""


def heading_line() -> str:
    return _written(COLUMNS)


def item_line(item: Mapping[str, Any], plan_id: str, fingerprint: str) -> str:
    """One line of text, whatever stands in the item: blanks and line breaks are single blanks."""
    cells = plain_cells(item, plan_id, fingerprint)
    return _written([text if name in NUMBERS else guarded(text) for name, text in cells.items()])


def plain_cells(item: Mapping[str, Any], plan_id: str, fingerprint: str) -> dict[str, str]:
    """What an item's line says, before anything is done for spreadsheets."""
    bid, found = item["bid"], figures_in(item)
    cells = {
        **{name: item[name] or "" for name in _SAME_NAME},
        "item": item["id"],
        "verdict": "",
        "bid": bid["amount"] if bid else "",
        "note": "",
        "clicks": "" if item["clicks"] is None else tables.number(item["clicks"]),
        "conversions": "" if item["conversions"] is None else tables.number(item["conversions"]),
        "spend": found[0].cost if found else "",
        "sales": found[0].sales if found else "",
        "acos": f"{acos}%" if found and (acos := acos_percent(found[0])) else "",
        "currency": bid["currency"] if bid else found[1] if found else "",
        "campaign": item["campaign_name"] or "",
        "ad_group": item["ad_group_name"] or "",
        "from_campaign": item["source_campaign_name"] or "",
        "from_ad_group": item["source_ad_group_name"] or "",
        "remarks": item["note"] or "",
        "plan": plan_id,
        "fingerprint": fingerprint,
    }
    return {name: printable(" ".join(str(cells[name]).split())) for name in COLUMNS}


def guarded(text: str) -> str:
    """With an apostrophe before what a spreadsheet would run as a formula or take for a number or a date."""
    if text.startswith((*_FORMULA, "'")) or _READ_AS_A_VALUE.fullmatch(text):
        return f"'{text}"
    return text


def unguarded(cell: str) -> str:
    return cell.removeprefix("'")


def _written(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(cells)
    return out.getvalue()


def read(data: bytes) -> tuple[Sequence[Line], Sequence[Problem]]:
    """The lines of a file, empty ones left out; or what is wrong with it, and then no lines.

    A byte-order mark, semicolons or tabs instead of commas, and Excel's `sep=` line are read as what they are.
    """
    try:
        text = _decoded(data)
        return _lines(text), ()
    except _Unreadable as error:
        return (), (error.problem,)


class _Unreadable(Exception):
    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.problem = Problem(line, message)


def _decoded(data: bytes) -> str:
    if len(data) > _LARGEST_FILE:
        raise _Unreadable(1, f"the file is larger than {_LARGEST_FILE // 1_000_000} MB")
    if data.startswith(b"PK"):
        raise _Unreadable(1, "this is a workbook, not CSV: save it as “CSV UTF-8”")
    try:
        text = data.decode("utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _Unreadable(line, "is not UTF-8 text: save the file as “CSV UTF-8”") from None
    if "\0" in text:
        raise _Unreadable(text.count("\n", 0, text.index("\0")) + 1, "holds a NUL character: this is no CSV file")
    return text


def _lines(text: str) -> Sequence[Line]:
    first, _, rest = text.partition("\n")
    offset = 0
    if re.fullmatch(r"sep=.\r?", first, re.IGNORECASE):
        first, text, offset = rest.partition("\n")[0], rest, 1
    delimiter = max(_DELIMITERS, key=first.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    lines: list[Line] = []
    headings: list[str] | None = None
    number = 1 + offset
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if headings is None:
                headings = _headings(cells, number)
            elif any(cells):
                lines.append(_line(headings, cells, number))
            number = rows.line_num + 1 + offset
    except csv.Error as error:
        raise _Unreadable(number, f"cannot be read as CSV: {error}") from None
    if headings is None:
        raise _Unreadable(1, "the file is empty")
    return lines


def _headings(cells: Sequence[str], number: int) -> list[str]:
    names = [cell.casefold() for cell in cells]
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise _Unreadable(number, f"has no heading {' and no heading '.join(missing)}: this is no exported plan")
    twice = sorted({name for name in names if name in COLUMNS and names.count(name) > 1})
    if twice:
        raise _Unreadable(number, f"has the heading {twice[0]} twice")
    return names


def _line(headings: Sequence[str], cells: Sequence[str], number: int) -> Line:
    if any(cells[len(headings) :]):
        raise _Unreadable(number, f"has {len(cells)} cells under {len(headings)} headings: is a delimiter unquoted?")
    padded = [*cells, *[""] * (len(headings) - len(cells))]
    return Line(number, {name: cell for name, cell in zip(headings, padded, strict=False) if name in COLUMNS})
