"""A plan survives a spreadsheet, and what a spreadsheet broke is refused with the line."""

import csv
import io
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile, Region
from harvester.domain.review import Verdict
from harvester.entrypoints.cli import csvfile
from harvester.entrypoints.cli.csvfile import COLUMNS, Problem
from harvester.entrypoints.cli.reviewed_csv import wishes
from harvester.usecases.review import Wish
from tests.unit.cli.items import FINGERPRINT, PLAN, a_negative, an_item

Cells = dict[str, str]


def a_profile(country: str = "US", currency: str = "USD") -> Profile:
    return Profile(ProfileId("1"), "main", Region.NA, country, currency, "UTC", "seller", "Acme")


def exported(*items: dict[str, Any]) -> str:
    lines = [csvfile.item_line(item, PLAN, FINGERPRINT) for item in items]
    return "".join([csvfile.heading_line(), *lines])


def rows_of(text: str) -> list[Cells]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def saved(rows: Sequence[Cells], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def taken(
    data: bytes, *items: dict[str, Any], profile: Profile | None = None
) -> tuple[Sequence[Wish], Sequence[Problem]]:
    lines, problems = csvfile.read(data)
    if problems:
        return (), problems
    return wishes(lines, {item["id"]: item for item in items}, PLAN, FINGERPRINT, profile or a_profile())


def reviewed(*items: dict[str, Any], profile: Profile | None = None, **changes: str) -> Wish:
    """What one line asks for after its cells were changed; the others stay."""
    rows = rows_of(exported(*items))
    rows[0] |= changes
    found, problems = taken(saved(rows), *items, profile=profile)
    assert problems == []
    (wish,) = found
    return wish


def refused(item: dict[str, Any], changes: Cells, profile: Profile | None = None) -> str:
    """The sentence about the only line after its cells were changed."""
    rows = rows_of(exported(item))
    rows[0] |= changes
    found, problems = taken(saved(rows), item, profile=profile)
    (problem,) = problems
    assert (problem.line, found) == (2, [])
    return problem.message


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+size tops", "-20 degree bag", "@home", "\tx", "'tis", "123456789012345678", "0312345678", "1.5", "1e5",
     "12345678E9", "3-4", "1/2", "march 5", "Mar-5", "5 may 2026", "5-dec", "10:30 pm", "TRUE", "50%", "$5", "dec 2026"],
)  # fmt: skip
def test_what_a_spreadsheet_would_run_or_convert_gets_an_apostrophe(text: str) -> None:
    """A formula is not run, an id keeps its digits, a keyword does not become a date; and all of it is read back."""
    assert csvfile.guarded(text) == f"'{text}"
    assert csvfile.unguarded(csvfile.guarded(text)) == text


@pytest.mark.parametrize(
    "text", ["running shoes", "100 cotton towels", "B000000001", "marching band", "truth", "", "may dress", "4k tv"]
)
def test_ordinary_text_is_written_as_it_is(text: str) -> None:
    """A reviewer reads keywords, not escapes."""
    assert csvfile.guarded(text) == text


def test_an_item_is_one_line() -> None:
    """Whatever its names hold: tools that read by line can."""
    item = an_item(target="a\r\nb", campaign_name="one\rtwo", note="three\u2028four  five")

    (line,) = csvfile.item_line(item, PLAN, FINGERPRINT).splitlines()
    assert "one two" in line
    assert "three four five" in line


def test_numbers_stay_numbers() -> None:
    """Clicks, orders and bids can be sorted and summed."""
    (row,) = rows_of(exported(an_item(clicks=12.5, conversions=None)))

    assert (row["clicks"], row["conversions"], row["bid"]) == ("12.5", "", "0.60")
    assert list(row) == list(COLUMNS)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@given(texts, texts, st.booleans())
def test_whatever_stands_in_a_plan_an_untouched_file_asks_for_nothing(target: str, campaign: str, excel: bool) -> None:
    """Formulas, quotes, line breaks and any script go out and come back, also through a European Excel."""
    item = an_item(target=target, campaign_name=campaign, note=f"{campaign}; {target}")
    data = exported(item).encode()
    if excel:
        data = saved(rows_of(data.decode()), ";", "utf-8-sig")

    assert taken(data, item) == ([], [])


@pytest.mark.parametrize("text", ["'tis the season", "=1+1", "123456789012345678"])
def test_a_spreadsheet_that_eats_the_apostrophe_changes_nothing(text: str) -> None:
    """Some take it for a mark of their own and drop it."""
    item = an_item(target=text)
    rows = rows_of(exported(item))
    rows = [{name: cell.removeprefix("'") for name, cell in row.items()} for row in rows]

    assert taken(saved(rows), item) == ([], [])


@pytest.mark.parametrize(
    ("cell", "verdict"),
    [("approve", Verdict.APPROVE), (" Decline ", Verdict.DECLINE), ("HOLD", Verdict.HOLD)],
)
def test_a_verdict_is_taken_over(cell: str, verdict: Verdict) -> None:
    """In any case, with its note, for the item of the line."""
    assert reviewed(an_item(), an_item(id="a2"), verdict=cell, note="'-- seasonal") == Wish(
        "a1", verdict, None, "-- seasonal"
    )


@pytest.mark.parametrize("cell", ["0.75", "0,75", "0.750", "'0.75"])
def test_a_bid_is_taken_over_however_the_spreadsheet_writes_it(cell: str) -> None:
    """With a decimal comma where Excel speaks German, with zeros at the end; what was written is what is bid."""
    wish = reviewed(an_item(), verdict="approve", bid=cell)

    assert wish.bid is not None
    assert Decimal(wish.bid.amount) == Decimal("0.75")
    assert wish.bid.instead_of == "ad group default 0.60 USD → 0.60 USD"


@pytest.mark.parametrize("cell", ["0.6", "0,6", "0,60", "0.600"])
def test_the_same_bid_in_another_dress_is_no_edit(cell: str) -> None:
    """Spreadsheets drop zeros and change the decimal point."""
    assert reviewed(an_item(), verdict="approve", bid=cell) == Wish("a1", Verdict.APPROVE, None, "")


def test_a_bid_without_a_verdict_is_an_edit() -> None:
    """The item waits on, at the new bid."""
    wish = reviewed(an_item(), bid="0.75")

    assert (wish.verdict, wish.bid and wish.bid.amount) == (None, "0.75")


def test_an_approved_item_with_another_bid_is_approved_anew() -> None:
    """The edit voids the approval, and the line says approve."""
    wish = reviewed(an_item(state="approved"), verdict="approve", bid="0.75")

    assert wish.verdict is Verdict.APPROVE
    assert wish.bid is not None


@pytest.mark.parametrize(
    ("item", "changes", "sentence"),
    [
        (an_item(), {"verdict": "yes"}, "verdict is approve, decline, hold or empty, not 'yes'"),
        (an_item(), {"bid": "0.605"}, "bids in US go in steps of 0.01 USD"),
        (an_item(), {"bid": "0.01"}, "from 0.02 to 1000"),
        (an_item(), {"bid": "1,000"}, "a positive plain decimal"),
        (an_item(), {"bid": "6E-1x"}, "a positive plain decimal"),
        (an_item(), {"bid": "-1"}, "a positive plain decimal"),
        (an_item(), {"bid": ""}, "bid is empty; it was 0.60"),
        (an_item(), {"bid": "0.75", "verdict": "decline"}, "declined and given another bid"),
        (an_item(state="done"), {"bid": "0.75"}, "it is done; its bid stays as it was"),
        (an_item(state="done"), {"verdict": "decline"}, "it is done and can take no decline"),
        (an_item(state="held", reason="no_bid", fragment="", bid=None), {"verdict": "approve"}, "never be sent"),
        (an_item(state="held", reason="too_many_words"), {"verdict": "approve"}, "too many words"),
        (a_negative(), {"bid": "0.75"}, "it has no bid that could be changed to 0.75"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_by_line(item: dict[str, Any], changes: Cells, sentence: str) -> None:
    """With the item, and what would do."""
    message = refused(item, changes)

    assert message.startswith("item a1: ")
    assert sentence in message


def test_a_bid_follows_the_steps_of_its_marketplace() -> None:
    """Yen have no decimals."""
    item = an_item(bid={"amount": "60", "currency": "JPY"})

    assert "steps of 1 JPY" in refused(item, {"bid": "60.5"}, a_profile("JP", "JPY"))
    assert reviewed(item, profile=a_profile("JP", "JPY"), bid="75").bid is not None


@pytest.mark.parametrize(
    "name", [name for name in COLUMNS if name not in {*csvfile.EDITABLE, "item", "plan", "fingerprint"}]
)
def test_nothing_else_may_be_changed(name: str) -> None:
    """A cell beside verdict, bid and note says what the plan says, or the file is refused."""
    message = refused(an_item(note="Unusual.", reason="x", level="ad_group"), {"verdict": "approve", name: "tampered"})

    assert name in message
    assert "tampered" in message


def test_a_state_that_moved_matters_only_where_something_is_asked() -> None:
    """Somebody else may approve one half while the file holds the other."""
    before, now = an_item(), an_item(state="approved")

    assert taken(exported(before).encode(), now) == ([], [])
    rows = [{**row, "verdict": "decline"} for row in rows_of(exported(before))]
    _, (problem,) = taken(saved(rows), now)
    assert "state is approved now, and the file says planned" in problem.message
    rows = [{**row, "verdict": "approve"} for row in rows_of(exported(before))]
    assert taken(saved(rows), now) == ([Wish("a1", Verdict.APPROVE, None, "")], [])


@pytest.mark.parametrize(
    ("stored", "cell"),
    [
        ({"campaign_id": "123456789012345678"}, {"campaign_id": "1.23457E+17"}),
        ({"campaign_id": "123456789012345678"}, {"campaign_id": "1,23457E+17"}),
        ({"campaign_id": "123456789012345678"}, {"campaign_id": "123456789012345000"}),
        ({"asin": "0312345678"}, {"asin": "312345678"}),
        ({"asin": "12345678E9"}, {"asin": "1.23E+16"}),
        ({"target": "march 5"}, {"target": "05-Mar"}),
        ({"target": "3-4"}, {"target": "2026-03-04"}),
    ],
)
def test_what_a_spreadsheet_broke_is_called_by_its_name(stored: Cells, cell: Cells) -> None:
    """Scientific notation, lost digits, lost zeros and dates: the reviewer learns that it was not their own doing."""
    message = refused(an_item(**stored), cell)

    assert "a spreadsheet took it for a number or a date" in message
    assert next(iter(stored.values())) in message


def test_every_wrong_line_is_named() -> None:
    """Unknown items and items that stand twice, by the line in the file."""
    items = [an_item(), an_item(id="a2"), an_item(id="a3")]
    rows = rows_of(exported(*items))
    rows[2]["item"] = "a1"
    rows.append({**rows[1], "item": "a9"})
    rows.append({**rows[1], "item": ""})

    _, problems = taken(saved(rows), *items)

    assert [(each.line, each.message) for each in problems] == [
        (4, "item a1 stands in line 2 already"),
        (5, "there is no item a9 in plan p3"),
        (6, "there is no item (empty) in plan p3"),
    ]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"fingerprint": "e" * 64}, "was exported when the fingerprint of plan p3 was eeee"),
        ({"fingerprint": ""}, "was (empty)"),
        ({"plan": "p4"}, "is about plan p4, not p3"),
    ],
)
def test_a_file_about_another_plan_is_one_problem(changes: Cells, sentence: str) -> None:
    """Not one per line."""
    items = [an_item(), an_item(id="a2")]
    rows = [{**row, **changes} for row in rows_of(exported(*items))]

    _, problems = taken(saved(rows), *items)

    assert [each.line for each in problems] == [2]
    assert sentence in problems[0].message


def test_a_short_file_is_enough() -> None:
    """Item, fingerprint and verdict: what a script would write; columns of one's own are left alone."""
    data = f"item,fingerprint,verdict,my notes\n\n a1 ,{FINGERPRINT},approve,call Sam\n,,,\n".encode()

    assert taken(data, an_item()) == ([Wish("a1", Verdict.APPROVE, None, "")], [])


@pytest.mark.parametrize(
    "dress",
    [
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: b"sep=,\r\n" + text.replace("\n", "\r\n").encode(),
        lambda text: saved(rows_of(text), ";"),
        lambda text: saved(rows_of(text), "\t"),
        lambda text: text.replace("verdict", " Verdict ", 1).encode(),
    ],
)
def test_the_dress_of_a_file_does_not_matter(dress: Callable[[str], bytes]) -> None:
    """Byte-order marks, line ends, `sep=`, semicolons and tabs are read as what they are."""
    item = an_item(target="café, crème")
    text = exported(item).replace("a1,,0.60", "a1,approve,0.60", 1)

    assert taken(dress(text), item) == ([Wish("a1", Verdict.APPROVE, None, "")], [])


def test_lines_are_counted_as_an_editor_does() -> None:
    """A cell with a line break in it does not shift what follows, nor does Excel's `sep=` line."""
    items = [an_item(), an_item(id="a2")]
    text = exported(*items).replace("a1,,0.60,", 'a1,,0.60,"one\ntwo"', 1).replace("a2,,", "a2,perhaps,", 1)

    _, (problem,) = taken(text.encode(), *items)
    assert problem.line == 4
    _, (problem,) = taken(b"sep=,\n" + text.encode(), *items)
    assert problem.line == 5


@pytest.mark.parametrize(
    ("data", "line", "sentence"),
    [
        (b"", 1, "empty"),
        (b"PK\x03\x04 workbook", 1, "not CSV"),
        (b"item,fingerprint\na1,f\n", 1, "no heading verdict"),
        (b"name;bid\n", 1, "no heading item and no heading fingerprint and no heading verdict"),
        (b"item,fingerprint,verdict,bid,bid\n", 1, "the heading bid twice"),
        (b"item,fingerprint,verdict\na1,f,approve,and more\n", 2, "4 cells under 3 headings"),
        (b"item,fingerprint,verdict\na1,f,approve\na2,f,K\xfcche\n", 3, "not UTF-8"),
        (b"item,fingerprint,verdict\na1,f,app\0rove\n", 2, "NUL"),
        (b'item,fingerprint,verdict\na1,f,approve\na2,"f,approve\n', 3, "cannot be read as CSV"),
        (b"item,fingerprint,verdict\na1,f," + b"x" * 140_000, 2, "cannot be read as CSV"),
        (b"\xff\xfeodd", 1, "not UTF-8"),
    ],
)
def test_what_is_no_exported_plan_is_refused_in_a_sentence(data: bytes, line: int, sentence: str) -> None:
    """Whatever the file is, there is one problem with its line, and no traceback."""
    lines, (problem,) = csvfile.read(data)

    assert (lines, problem.line) == ((), line)
    assert sentence in problem.message


@given(st.binary(max_size=300))
def test_no_bytes_are_a_traceback(data: bytes) -> None:
    """Anything can be named on the command line."""
    lines, problems = csvfile.read(data)

    assert not (lines and problems)
