"""Tables that read well at 80 columns, with and without colour."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich import box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from harvester.entrypoints.cli.printable import printable
from harvester.rules import counting
from harvester.rules.explain_terms import amount, figures_in

_KINDS = {
    "create_group": "new group",
    "promote_keyword": "keyword",
    "promote_product": "product",
    "target_product": "product target",
    "target_category": "category target",
    "negate_keyword": "negative keyword",
    "negate_product": "negative product",
    "negate_brand": "negative brand",
    "archive_negative_keyword": "lift negative keyword",
    "archive_negative_product": "lift negative product",
    "archive_negative_brand": "lift negative brand",
    "pause_keyword": "pause keyword",
    "pause_target": "pause product target",
    "pause_campaign": "pause campaign",
}
_WORTH_TELLING = ("suggest", " × ", ", ")
"""In the formula of a bid: a base that was taken as it stands says no more than the bid."""
_WITHOUT_EVIDENCE = ("create_group", "negate_brand", "archive_negative_brand")
_ONE_MATCH = ("target_category", "negate_brand", "archive_negative_brand")
"""Of what there is one match only, nobody needs to be told which."""
_COLOURS = {"planned": "green", "guarded": "yellow", "held": "yellow", "refused": "red", "done": "green"}
plural = counting.plural
NARROWEST = 60
WIDEST = 110
"""Of a line of a list: farther apart, the eye loses it."""


class _Careful(Console):
    """Prints what is printable, whoever wrote it; colours are added afterwards."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(printable(segment.text), segment.style)


def console(*, stderr: bool = False) -> Console:
    """As wide as the terminal, 80 columns where there is none; NO_COLOR is honoured."""
    stream = sys.stderr if stderr else sys.stdout
    return _Careful(
        file=stream,
        highlight=False,
        emoji=False,
        markup=False,
        soft_wrap=False,
        width=None if stream.isatty() else _width_of_pipe(),
    )


def _width_of_pipe() -> int:
    columns = Console().width
    return max(columns, NARROWEST)


def number(value: float | None) -> str:
    if value is None:
        return "?"
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def evidence(row: Mapping[str, Any]) -> str:
    """Orders/clicks: `3/12`, of search terms with what they cost on the next line.

    An item without any was suggested: nothing is planned on evidence that cannot be read.
    """
    clicks, conversions = row.get("clicks"), row.get("conversions")
    if clicks is None and conversions is None:
        if row.get("kind") in _WITHOUT_EVIDENCE:
            return ""
        return "suggested" if "themes" in row or "kind" in row else "unknown"
    found = figures_in(row)
    money = "" if found is None else f"\n{amount(found[0].cost, found[1])}"
    return f"{number(conversions)}/{number(clicks)}{money}"


def target(row: Mapping[str, Any]) -> str:
    """Of a decision: a category by its name, not by its number."""
    name = row["metrics"].get("name") if row.get("target_type") == "CATEGORY" else None
    return f"{name} ({row['target']})" if name else str(row["target"])


def what(item: Mapping[str, Any]) -> str:
    kind = _KINDS.get(str(item["kind"]), str(item["kind"]))
    match = None if item["kind"] in _ONE_MATCH else item.get("match")
    level = " at campaign level" if item.get("level") == "campaign" else ""
    return f"{kind}, {match}{level}" if match else f"{kind}{level}"


def money(bid: Mapping[str, Any] | None) -> str:
    return f"{bid['amount']} {bid['currency']}" if bid else ""


def state(item: Mapping[str, Any]) -> Text:
    name = str(item["state"])
    text = Text(name, style=_COLOURS.get(name, ""))
    if item.get("reason") and name != "planned":
        text.append(f": {str(item['reason']).replace('_', ' ')}")
    return text


def grid(*headings: str, ratios: Sequence[int] = (), right: Sequence[int] = (), widest: int | None = None) -> Table:
    """A plain table: a rule under the headings, no boxes. `ratios` 0: as wide as its content."""
    width = min(console().width, widest or WIDEST) if ratios else None
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, width=width, header_style="bold", padding=(0, 1))
    for index, heading in enumerate(headings):
        ratio = ratios[index] if ratios else 0
        table.add_column(
            heading,
            ratio=ratio or None,
            overflow="fold",
            justify="right" if index in right else "left",
            no_wrap=not ratio and bool(ratios),
        )
    return table


def bullet(sentence: str) -> "Hanging":
    """A line of a list; what wraps stands below its text."""
    ended = sentence if sentence.endswith(".") else f"{sentence}."
    return hanging(f"- {ended[:1].upper()}{ended[1:]}")


def hanging(line: str | Text, further: int = 2) -> "Hanging":
    """A line that may begin with blanks; what wraps goes two columns further in, or as many as are named."""
    text = line if isinstance(line, Text) else Text(line)
    blanks = len(text.plain) - len(text.plain.lstrip(" "))
    return Hanging(text[blanks:], blanks, further)


@dataclass(frozen=True)
class Hanging:
    text: Text
    blanks: int
    further: int = 2

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for number, line in enumerate(self.text.wrap(console, options.max_width - self.blanks - self.further)):
            line.rstrip()
            yield Text(" " * (self.blanks + (self.further if number else 0))).append_text(line)


ROWS_AT_A_TIME = 1000


def item_grid() -> Table:
    """One line of a list of items; every line has the same widths, so that they stand below one another."""
    width = min(console().width, WIDEST)
    table = Table(box=None, show_header=False, width=width, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column(width=6, no_wrap=True)
    table.add_column(ratio=1, overflow="fold")
    table.add_column(width=9, justify="right", overflow="fold")
    table.add_column(width=7, justify="right", no_wrap=True)
    table.add_column(width=20, overflow="fold")
    return table


def items_heading() -> Table:
    table = item_grid()
    table.add_row(*(Text(each, style="bold") for each in ("Item", "Target", "Ord/click", "Bid", "State")))
    return table


def item_lines(item: Mapping[str, Any]) -> Group:
    """Names and the advertised ASIN, because nobody approves numbers."""
    bid = item.get("bid")
    table = item_grid()
    table.add_row(str(item["id"]), Text(str(item["target"])), evidence(item), bid["amount"] if bid else "", state(item))
    place = " / ".join(filter(None, (item["campaign_name"], item["ad_group_name"])))
    arrow = "into" if str(item["kind"]).startswith("promote") else "in"
    product = f", for ASIN {item['asin']}" if item["asin"] else ""
    detail = f"{what(item)} {arrow} {place}{product}" if place else f"{what(item)}{product}"
    lines: list[RenderableType] = [table, Padding(Text(detail, style="dim"), (0, 0, 0, 7))]
    formula = str(item.get("bid_formula") or "")
    if any(sign in formula for sign in _WORTH_TELLING):
        lines.append(Padding(Text(f"bid: {formula}", style="dim"), (0, 0, 0, 7)))
    if item["note"]:
        lines.append(Padding(Text(str(item["note"]), style="yellow"), (0, 0, 0, 7)))
    if item.get("waits"):
        lines.append(Padding(Text(f"negative at the source {item['waits']}", style="yellow"), (0, 0, 0, 7)))
    return Group(*lines)


def decisions_table() -> Table:
    return grid(
        "Decision", "Target", "Orders/\nclicks", "Outcome", "Why", ratios=(0, 3, 0, 0, 5), right=(2,), widest=160
    )


def add_decision(table: Table, row: Mapping[str, Any], why: str) -> None:
    table.add_row(str(row["decision_id"]), Text(target(row)), evidence(row["metrics"]), str(row["outcome"]), Text(why))
