"""A bulk sheet says what the plan says, in Amazon's words, and names what it cannot say."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from harvester.domain.action import ActionKind
from harvester.entrypoints.cli import bulksheet
from tests.unit.cli.items import a_negative, an_item

Rows = list[dict[str, Any]]


async def written(path: Path, *items: dict[str, Any], with_unapproved: bool = False) -> tuple[Rows, Rows]:
    """The filled cells of both sheets, by heading, as a spreadsheet program reads them."""

    async def stream() -> AsyncIterator[dict[str, Any]]:
        for item in items:
            yield item

    counts = await bulksheet.write(stream(), path, with_unapproved=with_unapproved)
    workbook = openpyxl.load_workbook(path)
    assert workbook.sheetnames == ["Sponsored Products Campaigns", "Not included"]
    rows, rest = (_rows(sheet) for sheet in workbook)
    assert (counts.rows, counts.left_out) == (len(rows), len(rest))
    return rows, rest


def _rows(sheet: Any) -> Rows:
    headings, *lines = sheet.iter_rows(values_only=True)
    return [{name: cell for name, cell in zip(headings, line, strict=True) if cell is not None} for line in lines]


WHERE = {
    "Product": "Sponsored Products",
    "Campaign ID": "123456789012345678",
    "Ad Group ID": "223456789012345678",
    "Campaign Name (Informational only)": "Manual",
    "Ad Group Name (Informational only)": "Exact",
}
AT_CAMPAIGN = {name: cell for name, cell in WHERE.items() if "Ad Group" not in name}


@pytest.mark.parametrize(
    ("item", "row"),
    [
        (
            an_item(match="broad"),
            {**WHERE, "Entity": "Keyword", "Operation": "Create", "State": "enabled", "Bid": 0.6,
             "Keyword Text": "running shoes", "Match Type": "broad"},
        ),
        (
            an_item(kind="promote_product", target="B000000002", match="same"),
            {**WHERE, "Entity": "Product Targeting", "Operation": "Create", "State": "enabled", "Bid": 0.6,
             "Product Targeting Expression": 'asin="B000000002"'},
        ),
        (
            an_item(kind="promote_product", target="B000000002", match="expanded"),
            {**WHERE, "Entity": "Product Targeting", "Operation": "Create", "State": "enabled", "Bid": 0.6,
             "Product Targeting Expression": 'asin-expanded="B000000002"'},
        ),
        (
            an_item(kind="target_product", target="B000000002", match="same", group_id=None),
            {**WHERE, "Entity": "Product Targeting", "Operation": "Create", "State": "enabled", "Bid": 0.6,
             "Product Targeting Expression": 'asin="B000000002"'},
        ),
        (
            an_item(kind="target_category", target="Towels", match="same", group_id=None,
                    fragment='{"expression":[{"type":"ASIN_CATEGORY_SAME_AS","value":"166"}]}'),
            {**WHERE, "Entity": "Product Targeting", "Operation": "Create", "State": "enabled", "Bid": 0.6,
             "Product Targeting Expression": 'category="166"'},
        ),
        (
            a_negative(match="exact"),
            {**WHERE, "Entity": "Negative Keyword", "Operation": "Create", "State": "enabled",
             "Keyword Text": "running shoes", "Match Type": "negativeExact"},
        ),
        (
            a_negative(match="phrase", level="campaign", ad_group_id=None, ad_group_name=None),
            {**AT_CAMPAIGN, "Entity": "Campaign Negative Keyword", "Operation": "Create", "State": "enabled",
             "Keyword Text": "running shoes", "Match Type": "negativePhrase"},
        ),
        (
            a_negative(kind="negate_product", target="B000000002", match="same"),
            {**WHERE, "Entity": "Negative Product Targeting", "Operation": "Create", "State": "enabled",
             "Product Targeting Expression": 'asin="B000000002"'},
        ),
        (
            a_negative(kind="negate_product", target="B000000002", match="same", level="campaign", ad_group_id=None),
            {**AT_CAMPAIGN, "Entity": "Campaign Negative Product Targeting", "Operation": "Create", "State": "enabled",
             "Product Targeting Expression": 'asin="B000000002"'},
        ),
        (
            a_negative(kind="negate_brand", target="Acme (18681839011)", key="18681839011", match="same"),
            {**WHERE, "Entity": "Negative Product Targeting", "Operation": "Create", "State": "enabled",
             "Product Targeting Expression": 'brand="18681839011"'},
        ),
        (
            a_negative(kind="archive_negative_brand", key="423", level="campaign"),
            {**AT_CAMPAIGN, "Entity": "Campaign Negative Product Targeting", "Operation": "Archive",
             "Product Targeting ID": "423"},
        ),
        (
            a_negative(kind="archive_negative_keyword", key="423"),
            {**WHERE, "Entity": "Negative Keyword", "Operation": "Archive", "Keyword ID": "423"},
        ),
        (
            a_negative(kind="archive_negative_product", key="423", level="campaign"),
            {**AT_CAMPAIGN, "Entity": "Campaign Negative Product Targeting", "Operation": "Archive",
             "Product Targeting ID": "423"},
        ),
        (
            an_item(kind="pause_keyword", key="423"),
            {**WHERE, "Entity": "Keyword", "Operation": "Update", "State": "paused", "Keyword ID": "423"},
        ),
        (
            an_item(kind="pause_target", key="423"),
            {**WHERE, "Entity": "Product Targeting", "Operation": "Update", "State": "paused",
             "Product Targeting ID": "423"},
        ),
        (
            an_item(kind="pause_campaign", key="123456789012345678"),
            {**AT_CAMPAIGN, "Entity": "Campaign", "Operation": "Update", "State": "paused"},
        ),
    ],
)  # fmt: skip
async def test_each_kind_is_said_in_amazons_words(item: dict[str, Any], row: dict[str, Any], tmp_path: Path) -> None:
    """Entity, operation, ids and what is targeted; nothing else is filled in."""
    assert await written(tmp_path / "sheet.xlsx", {**item, "state": "approved"}) == ([row], [])


def test_every_kind_but_a_group_has_a_row() -> None:
    """A kind that is added later is asked for here."""
    unsaid = [kind for kind in ActionKind if bulksheet.why_left_out(an_item(kind=kind), with_unapproved=True)]

    assert unsaid == [ActionKind.CREATE_GROUP]
    with pytest.raises(ValueError, match="no row"):
        bulksheet.row_of(an_item(kind=ActionKind.CREATE_GROUP))


def test_a_category_that_is_narrowed_down_is_left_out() -> None:
    """How a bulk sheet writes a refinement is documented nowhere, and a guess would target something else."""
    clauses = '[{"type":"ASIN_CATEGORY_SAME_AS","value":"166"},{"type":"ASIN_BRAND_SAME_AS","value":"9"}]'
    item = an_item(kind="target_category", group_id=None, fragment=f'{{"expression":{clauses}}}')

    assert "narrows its category down" in bulksheet.why_left_out(item, with_unapproved=True)


async def test_the_headings_stand_in_amazons_order(tmp_path: Path) -> None:
    """An upload finds its columns, whether it holds a row or none."""
    path = tmp_path / "sheet.xlsx"
    await written(path)

    (headings,) = openpyxl.load_workbook(path)["Sponsored Products Campaigns"].iter_rows(values_only=True)
    assert headings == bulksheet.COLUMNS
    assert headings[:9] == (
        "Product", "Entity", "Operation", "Campaign ID", "Ad Group ID", "Portfolio ID", "Ad ID", "Keyword ID",
        "Product Targeting ID",
    )  # fmt: skip


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+size", "@home", "0312345678", "1e5", "march 5"])
async def test_text_stays_text(text: str, tmp_path: Path) -> None:
    """No keyword is run as a formula, and no id becomes a number."""
    path = tmp_path / "sheet.xlsx"
    rows, _ = await written(path, an_item(state="approved", target=text, campaign_name=text))

    assert rows[0]["Keyword Text"] == text
    kinds = {cell.data_type for row in openpyxl.load_workbook(path).worksheets[0].iter_rows() for cell in row}
    assert "f" not in kinds
    cells = dict(zip(bulksheet.COLUMNS, openpyxl.load_workbook(path).worksheets[0][2], strict=True))
    assert (cells["Campaign ID"].data_type, cells["Bid"].data_type) == ("s", "n")


@pytest.mark.parametrize(
    ("state", "approved_only", "all_items"),
    [
        ("approved", "", ""),
        ("planned", "it is planned, not approved", ""),
        ("guarded", "it is guarded, not approved", ""),
        ("held", "it is held", "it is held"),
        ("declined", "it is declined", "it is declined"),
        ("superseded", "it is superseded", "it is superseded"),
        ("sending", "it is sending", "it is sending"),
        ("unknown", "it is unknown", "it is unknown"),
        ("done", "it is done", "it is done"),
        ("stale", "it is stale", "it is stale"),
    ],
)
def test_only_what_may_still_be_sent_is_in_the_sheet(state: str, approved_only: str, all_items: str) -> None:
    """By default what is approved; never what is on its way, done, or not to be done."""
    item = an_item(state=state)

    assert bulksheet.why_left_out(item, with_unapproved=False) == approved_only
    assert bulksheet.why_left_out(item, with_unapproved=True) == all_items


async def test_what_a_sheet_cannot_say_is_on_the_second_one(tmp_path: Path) -> None:
    """Groups, promotions into groups that do not exist yet, and text that no cell takes: each with its reason."""
    rows, rest = await written(
        tmp_path / "sheet.xlsx",
        an_item(id="a1", kind="create_group", state="approved", target="Auto"),
        an_item(id="a2", state="approved", group_id=None),
        an_item(id="a3", state="approved", target="bell\x07"),
        an_item(id="a4", state="approved", campaign_id=None),
        an_item(id="a5", state="approved"),
    )

    assert [row["Keyword Text"] for row in rows] == ["running shoes"]
    assert [(each["Item"], each["Target"], each["Why it is not in the sheet"]) for each in rest] == [
        ("a1", "Auto", "a bulk sheet cannot create a promotion group"),
        ("a2", "running shoes", "its promotion group, and with it the ad group, does not exist yet"),
        ("a3", "bell�", "it holds a control character that no spreadsheet can hold"),
        ("a4", "running shoes", "where it would go is not known"),
    ]
