"""A plan as a bulk sheet for upload by hand: Sponsored Products, bulksheets 2.0, one row per item."""

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.target import Level, Match
from harvester.rules.explain_terms import acos_percent, figures_in

if TYPE_CHECKING:
    from openpyxl.cell import Cell
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

SHEET = "Sponsored Products Campaigns"
REST = "Not included"
COLUMNS = (
    "Product",
    "Entity",
    "Operation",
    "Campaign ID",
    "Ad Group ID",
    "Portfolio ID",
    "Ad ID",
    "Keyword ID",
    "Product Targeting ID",
    "Campaign Name",
    "Ad Group Name",
    "Campaign Name (Informational only)",
    "Ad Group Name (Informational only)",
    "Start Date",
    "End Date",
    "Targeting Type",
    "State",
    "Daily Budget",
    "SKU",
    "ASIN",
    "Ad Group Default Bid",
    "Bid",
    "Keyword Text",
    "Native Language Keyword",
    "Native Language Locale",
    "Match Type",
    "Bidding Strategy",
    "Placement",
    "Percentage",
    "Product Targeting Expression",
    "Impressions",
    "Clicks",
    "Spend",
    "Sales",
    "Orders",
    "ACOS",
)
"""In the order of Amazon's own downloads, whose informational columns an upload ignores."""
REST_COLUMNS = ("Item", "Kind", "Target", "State", "Why it is not in the sheet")

_APPROVED = frozenset({ActionState.APPROVED})
_SENDABLE = frozenset({ActionState.PLANNED, ActionState.GUARDED, ActionState.APPROVED})
_NOT_IN_A_CELL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
_EXPRESSIONS = {Match.SAME: 'asin="{}"', Match.EXPANDED: 'asin-expanded="{}"'}
_LONGEST_SHEET = 1_048_576
"""Rows, headings included: what a workbook holds."""

Row = dict[str, str | Decimal]


@dataclass(frozen=True, slots=True)
class Counts:
    rows: int
    left_out: int


async def write(items: AsyncIterator[Mapping[str, Any]], path: Path, *, with_unapproved: bool) -> Counts:
    """A workbook of two sheets. What is in no row of the first is in the second, with the reason."""
    from openpyxl import Workbook

    workbook = Workbook(write_only=True)
    sheet, rest = workbook.create_sheet(SHEET), workbook.create_sheet(REST)
    _append(sheet, COLUMNS)
    _append(rest, REST_COLUMNS)
    rows = left_out = 0
    async for item in items:
        why_not = why_left_out(item, with_unapproved=with_unapproved)
        if not why_not and rows + 1 >= _LONGEST_SHEET:
            why_not = "the sheet is full; apply this plan through the API"
        if why_not:
            left_out += 1
            _append(rest, [_NOT_IN_A_CELL.sub("�", str(cell)) for cell in (*_named(item), why_not)])
        else:
            rows += 1
            row = row_of(item)
            _append(sheet, [row.get(column) for column in COLUMNS])
    workbook.save(path)
    return Counts(rows, left_out)


def why_left_out(item: Mapping[str, Any], *, with_unapproved: bool) -> str:
    """Empty where a row of a bulk sheet can say what the item does, and the item is to be in it."""
    kind, state = ActionKind(item["kind"]), ActionState(item["state"])
    if state not in (_SENDABLE if with_unapproved else _APPROVED):
        return f"it is {state}" if state not in _SENDABLE else f"it is {state}, not approved"
    if kind is ActionKind.CREATE_GROUP:
        return "a bulk sheet cannot create a promotion group"
    if kind.goes_through_group and not item["group_id"]:
        return "its promotion group, and with it the ad group, does not exist yet"
    if not item["campaign_id"] or (not item["ad_group_id"] and _needs_ad_group(item)):
        return "where it would go is not known"
    if kind is ActionKind.TARGET_CATEGORY and len(_clauses(item)) > 1:
        return "it narrows its category down, which this sheet cannot say; apply this plan through the API"
    if any(_NOT_IN_A_CELL.search(str(item[name] or "")) for name in ("target", "campaign_name", "ad_group_name")):
        return "it holds a control character that no spreadsheet can hold"
    return ""


def row_of(item: Mapping[str, Any]) -> Row:
    """By heading; amounts are numbers, all else is text."""
    return {
        "Product": "Sponsored Products",
        "Campaign ID": item["campaign_id"],
        "Ad Group ID": item["ad_group_id"] if _needs_ad_group(item) else "",
        "Campaign Name (Informational only)": item["campaign_name"] or "",
        "Ad Group Name (Informational only)": (item["ad_group_name"] or "") if _needs_ad_group(item) else "",
        **_change(item),
        **_brought(item),
    }


def _brought(item: Mapping[str, Any]) -> Row:
    """Of a search term, over the usual window; an upload does not look at it."""
    found = figures_in(item)
    if found is None:
        return {}
    figures, _ = found
    acos = acos_percent(figures)
    return {
        "Impressions": Decimal(figures.impressions),
        "Clicks": Decimal(figures.clicks),
        "Spend": Decimal(figures.cost),
        "Sales": Decimal(figures.sales),
        "Orders": Decimal(figures.orders),
        "ACOS": f"{acos}%" if acos else "",
    }


def _needs_ad_group(item: Mapping[str, Any]) -> bool:
    return str(item["level"]) != Level.CAMPAIGN and str(item["kind"]) != ActionKind.PAUSE_CAMPAIGN


def _change(item: Mapping[str, Any]) -> Row:
    kind = ActionKind(item["kind"])
    campaign = "Campaign " if item["level"] == Level.CAMPAIGN else ""
    match kind:
        case ActionKind.PROMOTE_KEYWORD:
            return {**_keyword(item, item["match"]), "Bid": Decimal(item["bid"]["amount"])}
        case ActionKind.PROMOTE_PRODUCT | ActionKind.TARGET_PRODUCT:
            return {**_product(item, "Product Targeting"), "Bid": Decimal(item["bid"]["amount"])}
        case ActionKind.TARGET_CATEGORY:
            expression = f'category="{_clauses(item)[0]["value"]}"'
            return {**_targeting("Product Targeting", expression), "Bid": Decimal(item["bid"]["amount"])}
        case ActionKind.NEGATE_KEYWORD:
            negative = f"negative{str(item['match']).capitalize()}"
            return {**_keyword(item, negative), "Entity": f"{campaign}Negative Keyword"}
        case ActionKind.NEGATE_PRODUCT | ActionKind.NEGATE_BRAND:
            return _negated(item, kind, f"{campaign}Negative Product Targeting")
        case ActionKind.ARCHIVE_NEGATIVE_KEYWORD:
            return _taken_back(f"{campaign}Negative Keyword", "Archive", "Keyword ID", item)
        case ActionKind.ARCHIVE_NEGATIVE_PRODUCT | ActionKind.ARCHIVE_NEGATIVE_BRAND:
            return _taken_back(f"{campaign}Negative Product Targeting", "Archive", "Product Targeting ID", item)
        case ActionKind.PAUSE_KEYWORD:
            return {**_taken_back("Keyword", "Update", "Keyword ID", item), "State": "paused"}
        case ActionKind.PAUSE_TARGET:
            return {**_taken_back("Product Targeting", "Update", "Product Targeting ID", item), "State": "paused"}
        case ActionKind.PAUSE_CAMPAIGN:
            return {"Entity": "Campaign", "Operation": "Update", "State": "paused"}
        case ActionKind.CREATE_GROUP:
            raise ValueError("a promotion group has no row")
        case _:
            assert_never(kind)


def _keyword(item: Mapping[str, Any], match: str) -> Row:
    return {
        "Entity": "Keyword",
        "Operation": "Create",
        "State": "enabled",
        "Keyword Text": item["target"],
        "Match Type": match,
    }


def _product(item: Mapping[str, Any], entity: str) -> Row:
    return _targeting(entity, _EXPRESSIONS[Match(item["match"])].format(item["target"]))


def _negated(item: Mapping[str, Any], kind: ActionKind, entity: str) -> Row:
    brand = kind is ActionKind.NEGATE_BRAND
    return _targeting(entity, f'brand="{item["key"]}"') if brand else _product(item, entity)


def _targeting(entity: str, expression: str) -> Row:
    return {"Entity": entity, "Operation": "Create", "State": "enabled", "Product Targeting Expression": expression}


def _clauses(item: Mapping[str, Any]) -> Sequence[Mapping[str, str]]:
    clauses: Sequence[Mapping[str, str]] = json.loads(item["fragment"]).get("expression", ())
    return clauses


def _taken_back(entity: str, operation: str, id_column: str, item: Mapping[str, Any]) -> Row:
    return {"Entity": entity, "Operation": operation, id_column: item["key"]}


def _named(item: Mapping[str, Any]) -> Sequence[str]:
    return item["id"], item["kind"], item["target"], item["state"]


def _append(sheet: "WriteOnlyWorksheet", values: Sequence[str | Decimal | None]) -> None:
    sheet.append([_cell(sheet, value) if value else None for value in values])


def _cell(sheet: "WriteOnlyWorksheet", value: str | Decimal) -> "Cell":
    """Text stays text: no id becomes a number, nothing that begins with = a formula."""
    from openpyxl.cell import WriteOnlyCell

    cell = WriteOnlyCell(sheet, value if isinstance(value, str) else float(value))
    if isinstance(value, str):
        cell.data_type = "s"
        cell.number_format = "@"
    return cell
