"""What the reviewing commands do to a stored plan, on a real Postgres."""

import csv
import io
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.config import rules_file
from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.ids import Fingerprint, PlanId
from harvester.domain.review import Verdict
from harvester.domain.target import Match
from harvester.entrypoints.cli.csvfile import COLUMNS
from harvester.usecases.review import NewBid, ReviewPlan, Wish
from harvester.wiring import SystemClock
from tests.integration.postgres.conftest import a_profile
from tests.integration.reviewer import (
    ASIN,
    CONTESTED,
    DEAR,
    FORMULA,
    GROUP,
    LATER,
    LOSER,
    NOWHERE,
    SHOES,
    Desk,
    keyword,
    negative,
)

PLANNED = [SHOES, ASIN, FORMULA, LATER, LOSER]


@pytest.fixture
def desk(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Desk:
    """With one plan, p1."""
    monkeypatch.setenv("HARVESTER_DATABASE_URL", dsn)
    monkeypatch.setenv("HARVESTER_MODE", "review")
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(tmp_path)
    desk = Desk(dsn, tmp_path, monkeypatch, capfd)
    assert desk.plan() == "p1"
    return desk


def fingerprint_of(desk: Desk) -> str:
    text: str = desk("show", "p1", "--json").json["fingerprint"]
    return text


def exported(desk: Desk) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(desk("export", "p1", "--format", "csv").out, newline="")))


def reviewed_file(desk: Desk, *changes: tuple[str, dict[str, str]]) -> str:
    """The exported plan with these cells changed."""
    rows = exported(desk)
    for item, cells in changes:
        next(row for row in rows if row["item"] == item).update(cells)
    out = io.StringIO()
    writer = csv.DictWriter(out, fieldnames=COLUMNS)
    writer.writeheader()
    writer.writerows(rows)
    return desk.file("reviewed.csv", out.getvalue())


def test_a_bare_approve_takes_what_is_planned_and_nothing_else(desk: Desk) -> None:
    """Guarded and held items are named beside it, with what would take them."""
    result = desk("approve", "p1", "--by", "Dana", "--note", "all fine")

    assert result.code == 0
    assert {each for each, state in desk.states().items() if state == "approved"} == set(PLANNED)
    assert "Approved 5 items of plan p1" in result.words
    assert f"Guarded, taken only with --item or --guarded: {GROUP}, {DEAR}." in result.words
    assert f"Held, taken only with --item: {CONTESTED}, {NOWHERE}." in result.words
    assert f"Next: harvester apply p1 --fingerprint {fingerprint_of(desk)}" in result.out.splitlines()
    (review,) = desk.reviews()
    assert (review["reviewed_by"], review["note"], review["verdict"]) == ("Dana", "all fine", "approve")
    assert review["expires_at"] - review["reviewed_at"] == timedelta(hours=72)


def test_an_approval_is_one_json_document(desk: Desk) -> None:
    """With every item by id, and the fingerprint that `apply` wants."""
    document = desk("approve", "p1", "--by", "Dana", "--json").json

    assert document["changed"] == PLANNED
    assert [each["id"] for each in document["left"]] == [GROUP, DEAR, CONTESTED, NOWHERE]
    assert (document["refused"], document["already"], document["waiting_for_second"]) == ([], [], [])
    assert document["fingerprint"] == fingerprint_of(desk)


def test_guarded_items_are_taken_when_they_are_asked_for(desk: Desk) -> None:
    """By the option for all of them, or by name."""
    assert desk("approve", "p1", "--guarded", "--kind", "promote_keyword", "--by", "Dana", "--json").json["changed"] == [
        SHOES, FORMULA, DEAR, LATER,
    ]  # fmt: skip
    desk.plan([keyword("other shoes", state=ActionState.GUARDED, reason="promotions_per_run")])
    assert desk("approve", "p2", "--item", "a10", "--by", "Dana", "--json").json["changed"] == ["a10"]


def test_kinds_and_rules_narrow(desk: Desk) -> None:
    """Each may be named more than once."""
    named = desk(
        "decline", "p1", "--kind", "promote_product", "--kind", "negate_keyword", "--by", "Dana", "--json"
    ).json
    assert named["changed"] == [ASIN, LOSER]
    assert desk("hold", "p1", "--rule", "promote-proven", "--by", "Dana", "--json").json["changed"] == [
        SHOES, FORMULA, LATER,
    ]  # fmt: skip


def test_a_held_item_is_taken_by_name_if_it_could_ever_be_sent(desk: Desk) -> None:
    """What has no destination is refused with the reason."""
    result = desk("approve", "p1", "--item", CONTESTED, "--item", NOWHERE, "--by", "Dana", "--json")

    assert result.code == 1
    assert result.json["changed"] == [CONTESTED]
    (refused,) = result.json["refused"]
    assert (refused["id"], "no destination" in refused["reason"]) == (NOWHERE, True)
    assert desk.states()[NOWHERE] == "held"


def test_a_name_that_is_none_does_not_stop_the_others(desk: Desk) -> None:
    """It is listed as refused, and the exit code says that not all was done."""
    result = desk("approve", "p1", "--item", SHOES, "--item", "a99", "--item", SHOES, "--by", "Dana")

    assert result.code == 1
    assert "Approved 1 item" in result.words
    assert "Refused: item a99: there is no such item in plan p1" in result.words


def test_what_does_not_fit_the_named_kind_is_refused(desk: Desk) -> None:
    """Item and kind are both meant."""
    result = desk("approve", "p1", "--item", SHOES, "--kind", "promote_product", "--by", "Dana", "--json")

    assert (result.code, result.json["changed"]) == (1, [])
    assert [each["id"] for each in result.json["refused"]] == [SHOES]
    assert desk.states()[SHOES] == "planned"


def test_nothing_left_to_do_is_done(desk: Desk) -> None:
    """Saying the same twice changes nothing, is no failure, and says so."""
    desk("approve", "p1", "--by", "Dana")
    before = len(desk.reviews())

    again = desk("approve", "p1", "--by", "Eve")
    one = desk("approve", "p1", "--item", SHOES, "--by", "Eve", "--json")
    none = desk("decline", "p1", "--kind", "negate_product", "--by", "Eve")

    assert (again.code, one.code, none.code) == (0, 0, 0)
    assert f"Already so: {', '.join(PLANNED)}." in again.words
    assert one.json["already"] == [SHOES]
    assert "Nothing of plan p1 matched, and nothing was changed." in none.words
    assert len(desk.reviews()) == before


def test_a_plan_that_a_newer_one_took_over_says_so(desk: Desk) -> None:
    """Whoever types the command of yesterday's plan learns why nothing happens, for all of it and for one item."""
    desk.plan()

    nothing = desk("approve", "p1", "--kind", "negate_keyword", "--by", "Dana")
    one = desk("approve", "p1", "--item", SHOES, "--by", "Dana")

    assert (nothing.code, one.code) == (0, 1)
    superseded = [each for each, state in desk.states().items() if state == "superseded"]
    assert LOSER in superseded
    assert "Nothing of plan p1 matched, and nothing was changed." in nothing.words
    assert "A newer plan of the profile has taken over 2 items that nobody had reviewed." in nothing.words
    assert f"item {SHOES}: it is superseded: a newer plan of the profile has taken over" in one.words


def test_a_verdict_can_be_taken_back_until_it_is_sent(desk: Desk) -> None:
    """Approved, then held, then approved by name, then declined for good."""
    for command in ("approve", "hold", "approve", "decline"):
        assert desk(command, "p1", "--item", SHOES, "--by", "Dana").code == 0
    result = desk("approve", "p1", "--item", SHOES, "--by", "Dana", "--json")

    assert (result.code, desk.states()[SHOES]) == (1, "declined")
    assert result.json["refused"] == [{"id": SHOES, "reason": "it is declined"}]


def test_what_creates_campaigns_needs_two_people(desk: Desk) -> None:
    """The same name in other letters is the same person; the second one lets it go."""
    first = desk("approve", "p1", "--item", GROUP, "--by", "Dana Reyes")
    same = desk("approve", "p1", "--item", GROUP, "--by", " dana  REYES", "--json")
    assert (first.code, same.code, same.json["waiting_for_second"]) == (0, 0, [GROUP])
    assert f"Wait for a second person, under another name than Dana Reyes: {GROUP}" in first.words
    assert "Next:" not in first.out
    assert desk.states()[GROUP] == "guarded"

    second = desk("approve", "p1", "--item", GROUP, "--by", "Eve", "--json")

    assert (second.json["changed"], desk.states()[GROUP]) == ([GROUP], "approved")


def test_two_people_are_asked_for_whatever_the_settings_name(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kinds of one's own choice; a group is then one person's matter."""
    monkeypatch.setenv("HARVESTER_TWO_PERSON", "negate_keyword")

    document = desk("approve", "p1", "--guarded", "--by", "Dana", "--json").json

    assert document["waiting_for_second"] == [LOSER]
    assert GROUP in document["changed"]


def test_what_another_plan_has_approved_already_is_refused(desk: Desk) -> None:
    """The same effect is approved once; the rest of the plan goes on."""
    desk("approve", "p1", "--item", SHOES, "--by", "Dana")
    desk.plan(
        [
            keyword("running shoes"),
            keyword("new shoes", effect=effect_of(ActionKind.PROMOTE_KEYWORD, "910", "new", Match.EXACT)),
        ]
    )

    result = desk("approve", "p2", "--by", "Dana", "--json")

    assert (result.code, result.json["changed"]) == (1, ["a11"])
    assert f"item {SHOES} of plan p1 does the same" in result.json["refused"][0]["reason"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("approve", "p1"),
        ("approve", "p1", "--by", ""),
        ("approve", "p1", "--by", "  "),
        ("approve", "p1", "--by", "auto:promote"),
        ("approve", "p1", "--by", "a\x07b"),
        ("approve", "p1", "--by", "x" * 101),
        ("approve", "p1", "--by", "Dana", "--kind", "keyword"),
        ("approve", "--by", "Dana"),
        ("decline", "p1"),
        ("hold", "p1"),
        ("edit", "p1", "--item", SHOES, "--bid", "0.70"),
        ("edit", "p1", "--item", SHOES, "--by", "Dana"),
        ("edit", "p1", "--bid", "0.70", "--by", "Dana"),
        *(("edit", "p1", "--item", SHOES, "--bid", bid, "--by", "Dana") for bid in ("abc", "-1", "1e3", "0,60", "$1", "٣")),
        ("export", "p1"),
        ("export", "p1", "--format", "pdf"),
        ("export", "p1", "--format", "bulksheet"),
        ("export", "p1", "--format", "csv", "--json"),
        ("export", "p1", "--format", "csv", "--all-items"),
        ("export", "p1", "--format", "csv", "--output", "no/such/folder.csv"),
        ("export", "p1", "--format", "csv", "--output", ""),
        ("export", "p1", "--format", "bulksheet", "--output", "x" * 300),
        ("import", "p1", "missing.csv", "--by", "Dana"),
        ("import", "p1", "--by", "Dana"),
    ],
)  # fmt: skip
def test_bad_usage_is_exit_code_2(desk: Desk, arguments: tuple[str, ...]) -> None:
    """With a sentence on standard error, and nothing changed."""
    before = desk.states()

    result = desk(*arguments)

    assert (result.code, result.out) == (2, "")
    assert result.err.strip()
    assert (desk.states(), desk.reviews()) == (before, [])


@pytest.mark.parametrize(
    "arguments",
    [
        ("approve", "p9", "--by", "Dana"),
        ("edit", "p9", "--item", SHOES, "--bid", "0.70", "--by", "Dana"),
        ("export", "p9", "--format", "csv"),
        ("import", "p9", "here.csv", "--by", "Dana"),
    ],
)
def test_a_plan_that_is_not_there_is_one_sentence(desk: Desk, arguments: tuple[str, ...]) -> None:
    """And exit code 1."""
    desk.file("here.csv", "item,fingerprint,verdict\n")

    result = desk(*arguments)

    assert (result.code, result.out) == (1, "")
    assert result.err == "harvester: there is no plan p9; `harvester plans` lists them\n"


def test_another_bid_is_another_request_and_another_fingerprint(desk: Desk) -> None:
    """The body that will be sent has it, the formula says who and what was before, and the approval is void."""
    before = fingerprint_of(desk)
    desk("approve", "p1", "--item", SHOES, "--by", "Dana")

    result = desk("edit", "p1", "--item", SHOES, "--bid", "0.7", "--by", "Eve", "--note", "autumn")

    after = fingerprint_of(desk)
    assert result.code == 0
    assert f"Item {SHOES} (running shoes): bid 0.60 USD → 0.70 USD." in result.words
    assert "It was approved at 0.60 USD and has to be approved again." in result.words
    assert f"fingerprint {after}" in result.words
    assert after != before
    assert desk.states()[SHOES] == "planned"
    (row,) = desk.sql("SELECT fragment, bid_formula FROM harvester.action WHERE action_id = $1", SHOES)
    assert row["fragment"] == '{"target":"running shoes","expressionType":"QUERY_EXACT_MATCHES","bid":0.70}'
    assert row["bid_formula"] == "0.70 USD by Eve, instead of ad group default 0.60 USD → 0.60 USD"
    assert (desk.reviews()[-1]["verdict"], desk.reviews()[-1]["note"]) == ("edit", "autumn")


def test_the_bid_that_stands_is_no_edit(desk: Desk) -> None:
    """An approval is not lost to 0.6 for 0.60."""
    desk("approve", "p1", "--item", SHOES, "--by", "Dana")

    result = desk("edit", "p1", "--item", SHOES, "--bid", "0.6", "--by", "Eve")

    assert (result.code, desk.states()[SHOES]) == (0, "approved")
    assert "is 0.60 USD already" in result.words


@pytest.mark.parametrize(
    ("item", "bid", "sentence"),
    [
        (SHOES, "0.605", "bids in US go in steps of 0.01 USD: 0.605 is between two of them, and nothing is rounded"),
        (SHOES, "0.01", "0.01 USD is no bid that Amazon takes in US: from 0.02 to 1000"),
        (SHOES, "1000.01", "from 0.02 to 1000"),
        (SHOES, "0", "a positive plain decimal"),
        (LOSER, "0.70", "it is a negate_keyword, and only promotions have one of their own"),
        (GROUP, "0.70", "it is a create_group, and only promotions have one of their own"),
        (NOWHERE, "0.70", "it has none yet (no destination)"),
        ("a99", "0.70", "there is no item a99 in plan p1"),
    ],
)
def test_a_bid_that_cannot_be_is_refused_and_never_rounded(desk: Desk, item: str, bid: str, sentence: str) -> None:
    """In one sentence; the plan stays as it was."""
    before = fingerprint_of(desk)

    result = desk("edit", "p1", "--item", item, "--bid", bid, "--by", "Dana")

    assert (result.code, result.out) == (1, "")
    assert sentence in result.err
    assert (fingerprint_of(desk), desk.reviews()) == (before, [])


def test_a_bid_over_the_guard_is_said_loudly(desk: Desk) -> None:
    """A person may go over highest_bid, and is told so."""
    result = desk("edit", "p1", "--item", SHOES, "--bid", "5.01", "--by", "Dana")
    document = desk("edit", "p1", "--item", ASIN, "--bid", "5.00", "--by", "Dana", "--json").json

    assert "WARNING: 5.01 USD is over the guard's highest_bid of 5 USD." in result.words
    assert document["over_highest_bid"] is None
    assert document["after"] == {"amount": "5.00", "currency": "USD"}
    assert document["fingerprint"] == fingerprint_of(desk)


def test_in_dry_run_the_reviewer_learns_that_apply_refuses(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans can be reviewed in any mode."""
    monkeypatch.setenv("HARVESTER_MODE", "dry-run")

    assert "Mode is dry-run: apply refuses" in desk("approve", "p1", "--by", "Dana").words


def test_the_json_export_is_the_document_of_show(desk: Desk) -> None:
    """One shape for both, also after an edit, and also as a file."""
    desk("edit", "p1", "--item", SHOES, "--bid", "0.70", "--by", "Dana")
    shown = desk("show", "p1", "--json").json

    assert desk("export", "p1", "--format", "json").json == shown
    told = desk("export", "p1", "--format", "json", "--output", "p1.json", "--json").json
    assert json.loads((desk.folder / "p1.json").read_text()) == shown
    assert told == {
        "plan_id": "p1",
        "fingerprint": shown["fingerprint"],
        "format": "json",
        "file": "p1.json",
        "rows": 9,
    }
    assert sorted(each.name for each in desk.folder.iterdir()) == ["p1.json"]


def test_the_markdown_export_is_what_show_prints(desk: Desk) -> None:
    """For a ticket or a pull request."""
    assert desk("export", "p1", "--format", "markdown").out == desk("show", "p1", "--markdown").out


def test_a_csv_holds_every_item_ready_for_review(desk: Desk) -> None:
    """With the fingerprint on every line, and no formula."""
    rows = exported(desk)

    assert [row["item"] for row in rows] == list(desk.states())
    assert {row["fingerprint"] for row in rows} == {fingerprint_of(desk)}
    assert {row["verdict"] for row in rows} == {""}
    assert next(row for row in rows if row["item"] == FORMULA)["target"] == "'=size tops"
    assert next(row for row in rows if row["item"] == SHOES)["bid"] == "0.60"


def test_a_csv_file_has_a_mark_for_excel_only_where_it_needs_one(desk: Desk) -> None:
    """Plain ASCII stays plain; anything else would be garbled without it."""
    desk("export", "p1", "--format", "csv", "--output", "p1.csv")
    desk.plan([keyword("café shoes")])
    desk("export", "p2", "--format", "csv", "--output", "p2.csv")

    assert (desk.folder / "p1.csv").read_bytes().startswith(b"item,")
    assert (desk.folder / "p2.csv").read_bytes().startswith(b"\xef\xbb\xbfitem,")


def test_a_reviewed_csv_is_taken_over(desk: Desk) -> None:
    """Verdicts, bids and notes, guarded and held items included; lines without a verdict stay as they are."""
    before = fingerprint_of(desk)
    file = reviewed_file(
        desk,
        (SHOES, {"verdict": "approve", "bid": "0.72", "note": "autumn"}),
        (ASIN, {"bid": "0.5"}),
        (FORMULA, {"verdict": "Decline"}),
        (DEAR, {"verdict": "approve"}),
        (LOSER, {"verdict": "hold"}),
        (CONTESTED, {"verdict": "approve"}),
    )

    result = desk("import", "p1", file, "--by", "Dana")

    after = fingerprint_of(desk)
    assert result.code == 0, result
    states = desk.states()
    assert [states[each] for each in (SHOES, ASIN, FORMULA, DEAR, LATER, LOSER, CONTESTED, NOWHERE, GROUP)] == [
        "approved", "planned", "declined", "approved", "planned", "held", "approved", "held", "guarded",
    ]  # fmt: skip
    bids = desk.sql(
        "SELECT bid::text FROM harvester.action WHERE action_id = ANY ($1) ORDER BY position", [SHOES, ASIN]
    )
    assert [row["bid"] for row in bids] == ["0.72", "0.50"]
    assert after != before
    assert result.out.splitlines()[-1] == f"Next: harvester apply p1 --fingerprint {after}"
    assert {review["note"] for review in desk.reviews() if SHOES in review["action_ids"]} == {"autumn"}


def test_a_reviewed_csv_that_asks_for_two_people_waits_for_the_second(desk: Desk) -> None:
    """The file counts as one person's word."""
    file = reviewed_file(desk, (GROUP, {"verdict": "approve"}))

    first = desk("import", "p1", file, "--by", "Dana", "--json")
    second = desk("import", "p1", file, "--by", "Eve", "--json")

    assert first.json["reviews"][0]["waiting_for_second"] == [GROUP]
    assert (second.json["reviews"][0]["changed"], second.code) == ([GROUP], 0)


@pytest.mark.parametrize(
    ("item", "cells", "sentence"),
    [
        (LOSER, {"verdict": "maybe"}, "reviewed.csv:8: item a7: verdict is approve, decline, hold or empty, not 'maybe'"),
        (LOSER, {"target": "shoe"}, "target is 'shoe rack' in the plan and 'shoe' in the file"),
        (LOSER, {"campaign_id": "7.00E+02"}, "a spreadsheet took it for a number or a date"),
        (LOSER, {"item": "a99"}, "there is no item a99 in plan p1"),
        (LOSER, {"item": SHOES}, f"item {SHOES} stands in line 3 already"),
        (LOSER, {"fingerprint": "0" * 64}, "was exported when the fingerprint of plan p1 was 0000"),
        (LOSER, {"bid": "0.50"}, "it has no bid that could be changed to 0.50"),
        (ASIN, {"bid": "0.505"}, "go in steps of 0.01"),
        (NOWHERE, {"verdict": "approve"}, "can never be sent as it is (no destination)"),
    ],
)  # fmt: skip
def test_one_wrong_line_and_nothing_is_changed(desk: Desk, item: str, cells: dict[str, str], sentence: str) -> None:
    """However many right ones stand before and after it; the line is named."""
    before, fingerprint = desk.states(), fingerprint_of(desk)
    file = reviewed_file(
        desk, (SHOES, {"verdict": "approve", "bid": "0.72"}), (FORMULA, {"verdict": "decline"}), (item, cells)
    )

    result = desk("import", "p1", file, "--by", "Dana")
    document = desk("import", "p1", file, "--by", "Dana", "--json")

    assert (result.code, result.out, document.code) == (1, "", 1)
    assert sentence in result.err
    assert result.err.splitlines()[-1] == "nothing was changed"
    assert [each["message"] in result.err for each in document.json["problems"]] == [True]
    assert (desk.states(), fingerprint_of(desk), desk.reviews()) == (before, fingerprint, [])


def test_only_the_first_wrong_lines_are_told(desk: Desk) -> None:
    """A file of another kind does not flood the terminal; JSON has them all."""
    fingerprint = fingerprint_of(desk)
    lines = [f"a{number},{fingerprint},approve" for number in range(50, 75)]
    file = desk.file("many.csv", "\n".join(["item,fingerprint,verdict", *lines]))

    result = desk("import", "p1", file, "--by", "Dana")

    assert len(result.err.splitlines()) == 12
    assert "and 15 more lines" in result.err
    assert len(desk("import", "p1", file, "--by", "Dana", "--json").json["problems"]) == 25


def test_a_file_from_before_an_edit_is_refused(desk: Desk) -> None:
    """It is about requests that are no longer the plan's."""
    file = reviewed_file(desk, (SHOES, {"verdict": "approve"}))
    desk("edit", "p1", "--item", ASIN, "--bid", "0.70", "--by", "Eve")

    result = desk("import", "p1", file, "--by", "Dana")

    assert (result.code, desk.states()[SHOES]) == (1, "planned")
    assert "export it again" in result.err


def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    """Nothing left to do is done."""
    file = reviewed_file(desk, (SHOES, {"verdict": "approve"}), (LOSER, {"verdict": "decline"}))
    desk("import", "p1", file, "--by", "Dana")
    before = desk.reviews()

    again = desk("import", "p1", file, "--by", "Dana")

    assert (again.code, desk.reviews()) == (0, before)
    assert f"Already so: {SHOES}." in again.words


def test_a_file_that_asks_for_nothing_says_so(desk: Desk) -> None:
    """An untouched export is no error."""
    result = desk("import", "p1", reviewed_file(desk), "--by", "Dana")

    assert (result.code, desk.reviews()) == (0, [])
    assert "nothing was changed" in result.words


def test_what_another_plan_owns_is_refused_and_the_rest_of_the_file_goes_on(desk: Desk) -> None:
    """The file is right; one item cannot have its verdict, and is named."""
    desk("approve", "p1", "--item", SHOES, "--by", "Dana")
    desk.plan([keyword("running shoes"), negative("shoe rack")])
    fingerprint = desk("show", "p2", "--json").json["fingerprint"]
    file = desk.file("p2.csv", f"item,fingerprint,verdict\na10,{fingerprint},approve\na11,{fingerprint},approve\n")

    result = desk("import", "p2", file, "--by", "Dana")

    assert (result.code, desk.states("p2")) == (1, {"a10": "planned", "a11": "approved"})
    assert f"Refused: item a10: item {SHOES} of plan p1 does the same and is approved" in result.words


def test_an_item_of_a_superseded_plan_takes_no_verdict(desk: Desk) -> None:
    """A newer plan has taken over what nobody reviewed."""
    file = reviewed_file(desk, (SHOES, {"verdict": "decline"}))
    desk.plan([negative("shoe rack")])

    result = desk("import", "p1", file, "--by", "Dana")

    assert (result.code, desk.states()[SHOES]) == (1, "superseded")
    assert "a newer plan of the profile has taken over what nobody had reviewed" in " ".join(result.err.split())


class BesideSomebody:
    """Actions on which another person edits a bid right before ours."""

    def __init__(self, actions: PostgresActions, theirs: Callable[[], Awaitable[object]]) -> None:
        self._actions, self._theirs, self._edits = actions, theirs, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._actions, name)

    async def edit_bid(self, *arguments: Any) -> Fingerprint:
        self._edits += 1
        if self._edits == 2:
            await self._theirs()
        return await self._actions.edit_bid(*arguments)


async def test_a_file_stops_where_somebody_changes_the_plan_meanwhile(desk: Desk, database: Database) -> None:
    """What was done until then is told, and nothing is approved under a fingerprint that nobody saw."""
    actions = PostgresActions(database)
    plain = ReviewPlan(actions, PostgresProfiles(database), SystemClock(), rules_file.load(None), ())
    found = await actions.fingerprint(PlanId("p1"))
    assert found is not None

    async def theirs() -> None:
        await plain.edit(PlanId("p1"), NewBid(FORMULA, "0.99", ""), "Eve")

    beside: Any = BesideSomebody(actions, theirs)
    wishes = [
        Wish(SHOES, Verdict.APPROVE, NewBid(SHOES, "0.70", ""), ""),
        Wish(ASIN, Verdict.APPROVE, NewBid(ASIN, "0.70", ""), ""),
    ]
    taken = await replace(plain, actions=beside).take_over(PlanId("p1"), found[1], wishes, "Dana")

    assert "is not what was looked at" in taken.stopped
    assert [each.action_id for each in taken.edited] == [SHOES]
    assert taken.verdicts == []
    standing = await actions.in_state(found[0], ["approved"], PlanId("p1"))
    assert standing == []


def test_a_bulk_sheet_holds_what_is_approved_and_names_the_rest(desk: Desk) -> None:
    """Every item of the plan is on one of its two sheets."""
    for item in (SHOES, ASIN, LATER, LOSER):
        desk("approve", "p1", "--item", item, "--by", "Dana")

    told = desk("export", "p1", "--format", "bulksheet", "--output", "p1.xlsx")
    document = desk("export", "p1", "--format", "bulksheet", "--output", "all.xlsx", "--all-items", "--json").json

    assert (told.code, told.out) == (0, "")
    assert "p1.xlsx: 3 items; 6 not in the sheet, see “Not included”" in told.err
    sheet, rest = openpyxl.load_workbook(desk.folder / "p1.xlsx").worksheets
    assert [row[1] for row in sheet.iter_rows(min_row=2, values_only=True)] == [
        "Keyword", "Product Targeting", "Negative Keyword",
    ]  # fmt: skip
    assert {str(row[0]) for row in rest.iter_rows(min_row=2, values_only=True)} == {
        GROUP, FORMULA, DEAR, LATER, CONTESTED, NOWHERE,
    }  # fmt: skip
    assert (document["rows"], document["left_out"]) == (5, 4)


def test_a_marketplace_has_its_own_steps(desk: Desk) -> None:
    """Yen go by the yen."""
    japan = replace(a_profile("2234567890"), country="JP", currency="JPY")
    desk.plan([keyword("靴", bid="60", currency="JPY")], japan)

    refused = desk("edit", "p2", "--item", "a10", "--bid", "60.5", "--by", "Dana")
    taken = desk("edit", "p2", "--item", "a10", "--bid", "75", "--by", "Dana", "--json")

    assert "bids in JP go in steps of 1 JPY" in refused.err
    assert taken.json["after"] == {"amount": "75", "currency": "JPY"}
