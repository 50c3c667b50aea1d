"""Rows of reports as they come, and as we keep them."""

import gzip
import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harvester.adapters.ads import report_rows
from harvester.adapters.ads.report_rows import ReportReader
from harvester.domain.errors import PageBroken
from harvester.domain.history import ReportKind
from harvester.domain.report import Place, ReportPage, ReportRow, Unread
from tests.unit.adapters.report_desk import a_row

DAY = date(2026, 11, 20)
PLACE = Place("700", "710", "730", "shoes", "BROAD")
ROW = ReportRow(DAY, PLACE, "running shoes", 40, 3, 1_230_000, 1, 19_990_000)


def read(
    text: bytes, kind: ReportKind = ReportKind.SEARCH_TERMS, *, vendor: bool = False
) -> tuple[list[ReportRow], int]:
    pages = list(ReportReader(kind, vendor=vendor).pages(io.BytesIO(gzip.compress(text))))
    return [row for page in pages for row in page.rows], sum(page.unreadable for page in pages)


def read_rows(*rows: object, **how: Any) -> tuple[list[ReportRow], int]:
    return read(json.dumps(rows).encode(), **how)


def test_a_row_is_read_with_all_that_we_keep() -> None:
    """Ids as text, money in millionths, orders and sales within 7 days."""
    assert read_rows(a_row(DAY)) == ([ROW], 0)


def test_orders_of_vendors_are_those_of_14_days() -> None:
    """And their sales."""
    (row,), unreadable = read_rows(a_row(DAY), vendor=True)

    assert (row.orders, row.sales, unreadable) == (2, 39_980_000, 0)


def test_a_row_about_a_target_has_no_term() -> None:
    """None is asked for."""
    without = {name: value for name, value in a_row(DAY).items() if name != "searchTerm"}

    assert read_rows(without, kind=ReportKind.TARGETING) == ([replace(ROW, term="")], 0)


def test_unknown_columns_are_read_over() -> None:
    """Amazon may add any, of any form."""
    assert read_rows(a_row(DAY, somethingNew={"a": [1, {"b": "}"}]}, another=None)) == ([ROW], 0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"campaignId": "700", "adGroupId": "710", "keywordId": "730"}, {}),
        ({"cost": "1.23"}, {}),
        ({"cost": 1.23e0, "clicks": 3.0}, {}),
        ({"clicks": "3", "impressions": "40"}, {}),
        ({"keywordId": None}, {"place": PLACE._replace(keyword_id="")}),
        ({"targeting": None}, {"place": PLACE._replace(targeting="")}),
        ({"keywordType": None, "matchType": "PHRASE"}, {"place": PLACE._replace(match_type="PHRASE")}),
        ({"keywordType": None, "matchType": None}, {"place": PLACE._replace(match_type="")}),
        ({"cost": "999999999.999999"}, {"cost": 999_999_999_999_999}),
    ],
    ids=str,
)
def test_what_is_written_in_another_way_is_read_all_the_same(changes: dict[str, Any], expected: dict[str, Any]) -> None:
    """Numbers as text, ids as text, nulls for words."""
    rows, unreadable = read_rows(a_row(DAY, **changes), a_row(DAY))

    assert unreadable == 0
    assert sorted(rows, key=str) == sorted([ROW, replace(ROW, **expected)], key=str)


@pytest.mark.parametrize(
    "changes",
    [
        {"clicks": None}, {"clicks": -1}, {"clicks": 2.5}, {"clicks": "many"}, {"clicks": 10**30}, {"cost": None},
        {"cost": -0.01}, {"cost": "NaN"}, {"cost": 10**9 + 1}, {"cost": "999999999999"}, {"clicks": 10**9 + 1}, {"sales7d": None}, {"purchases7d": "x"}, {"date": "yesterday"},
        {"date": None}, {"searchTerm": None}, {"searchTerm": "a\0b"}, {"campaignId": None}, {"adGroupId": [1]},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_unknown_is_not_taken_for_zero(changes: dict[str, Any]) -> None:
    """Such a row is counted, and costs no other."""
    assert read_rows(a_row(DAY, **changes), a_row(DAY), "no row", None) == ([ROW], 3)


def test_what_cannot_be_read_says_what_it_is_about_if_it_can() -> None:
    """So that only its campaign is held, and only that day."""
    rows = [a_row(DAY, clicks=None), a_row(DAY, campaignId=None), "no row"]

    (page,) = ReportReader(ReportKind.SEARCH_TERMS, vendor=False).pages(io.BytesIO(json.dumps(rows).encode()))

    assert page == ReportPage.of([], [Unread(DAY, "700"), Unread(None, ""), Unread(None, "")])


@given(st.decimals(0, 10**9 - 1, places=6), st.sampled_from(["plain", "e", "text"]))
def test_money_is_exact_to_the_millionth(amount: Decimal, form: str) -> None:
    """However it is written."""
    written = {"plain": f"{amount:f}", "e": f"{amount:E}", "text": f'"{amount:f}"'}[form]
    text = json.dumps([a_row(DAY, cost="COST")]).replace('"COST"', written)

    (row,), unreadable = read(text.encode())

    assert (row.cost, unreadable) == (int(amount * 10**6), 0)


def test_more_than_a_millionth_is_rounded() -> None:
    """Clicks of less than that nobody pays for."""
    (row,), _ = read_rows(a_row(DAY, cost=0.1234567))

    assert row.cost == 123_457


def test_places_are_shared_and_not_remembered_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory stays flat however many keywords there are."""
    monkeypatch.setattr(report_rows, "_MOST_REMEMBERED", 10)
    reader = ReportReader(ReportKind.SEARCH_TERMS, vendor=False)
    text = json.dumps([a_row(DAY, keywordId=number // 2) for number in range(100)]).encode()

    (page,) = reader.pages(io.BytesIO(text))

    assert [place.keyword_id for place in page.places] == [str(number // 2) for number in range(100)]
    assert page.places[0] is page.places[1]
    assert len(reader._places) <= 10


@pytest.mark.parametrize(
    "body",
    [gzip.compress(b"[{}]")[:-9], b"<html>", gzip.compress(b'[{"date":')],
    ids=["cut gzip", "a page", "cut JSON"],
)
def test_a_file_that_is_cut_or_no_report_is_refused(body: bytes) -> None:
    """In one sentence."""
    with pytest.raises(PageBroken, match="the report cannot be read: it "):
        list(ReportReader(ReportKind.SEARCH_TERMS, vendor=False).pages(io.BytesIO(body)))
