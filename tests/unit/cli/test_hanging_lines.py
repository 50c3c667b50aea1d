"""Lines that wrap, and what `apply` says comes next."""

import re
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import click
import pytest
from rich.console import Console

from harvester.entrypoints.cli import tables
from harvester.entrypoints.cli.app import Invocation, cli
from harvester.entrypoints.cli.apply import _what_next
from harvester.entrypoints.cli.finding import Finding
from harvester.entrypoints.cli.markdown import plan_as_markdown
from harvester.entrypoints.cli.service import _print
from harvester.usecases.apply import Applied

from .items import a_plan

RULES = """
version: 1
rules:
  - {name: two, when: {conversions: {at_least: 2}}, then: {promote: {}}}
tests:
  - {name: one order of a few clicks may be luck, given: {clicks: 9, conversions: 1}, expect: hold}
"""
PLAN: dict[str, Any] = {"id": "p1", "counts": {"candidates": 12}}
TAKES_BACK: dict[str, Any] = {"id": "p2", "counts": {"candidates": 0}}


def printed(line: Any, width: int) -> list[str]:
    console = Console(file=StringIO(), width=width)
    console.print(line)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue().splitlines()


def test_what_wraps_stands_two_columns_further_in_and_ends_without_blanks() -> None:
    """The eye finds where a line begins, and nothing is lost."""
    lines = printed(tables.hanging("  a rule that asks for ten clicks and two orders"), 24)

    assert lines == ["  a rule that asks for", "    ten clicks and two", "    orders"]


def test_a_finding_of_the_doctor_stands_in_one_column(capsys: pytest.CaptureFixture[str], monkeypatch: Any) -> None:
    """What wraps goes below its text, not below its mark; advice is typed with the settings of the call."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setattr(sys, "argv", ["harvester"])
    advice = "mend the line; `harvester rules check` names every mistake"

    _print(Invocation(Path("my.env")), [Finding("rules", well=False, detail="far " * 20, advice=advice)])

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("FAIL rules: far")
    assert lines[1].startswith("     far far")
    assert lines[2].startswith("     → mend the line;")
    assert "--env-file my.env rules check" in " ".join(" ".join(lines).split())
    assert all(line.startswith("       ") for line in lines[3:])
    assert max(len(line) for line in lines) <= 60


def test_a_test_of_the_rules_stands_in_one_column(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What wraps goes below its name, not below its mark: the eye finds the one that failed."""
    monkeypatch.setenv("COLUMNS", "60")
    file = tmp_path / "rules.yaml"
    file.write_text(RULES, "utf-8")

    monkeypatch.chdir(tmp_path)
    cli.main(["rules", "test", file.name], standalone_mode=False, obj=Invocation())

    first, *rest, count = capsys.readouterr().out.splitlines()
    assert (first, count) == ("ok   one order of a few clicks may be luck: hold", "rules.yaml: 1 passed, 0 failed")
    assert rest == ["     (not_proven): needs 1 more conversion"]


def test_a_test_of_the_rules_that_fails_says_what_it_expected(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside what came of it, with the file that has to be mended."""
    file = tmp_path / "rules.yaml"
    file.write_text(RULES.replace("expect: hold", "expect: promote"), "utf-8")
    monkeypatch.chdir(tmp_path)

    assert cli.main(["rules", "test", file.name], standalone_mode=False, obj=Invocation()) == 1

    *lines, count = capsys.readouterr().out.splitlines()
    assert " ".join(" ".join(lines).split()) == (
        "FAIL one order of a few clicks may be luck: expected promote, got hold (not_proven): needs 1 more conversion"
    )
    assert count == "rules.yaml: 0 passed, 1 failed"


def test_the_list_of_all_commands_is_in_the_parts_of_their_reference() -> None:
    """Thirty in a row are no list that anybody reads; and none is left out."""
    shown = cli.get_help(click.Context(cli, info_name="harvester", terminal_width=80))
    reference = (Path(__file__).parents[3] / "docs" / "commands.md").read_text("utf-8")
    parts = [(part, re.findall(r"^### `harvester (\w+)`", text, re.MULTILINE)) for part, _, text in (
        section.partition("\n") for section in reference.split("\n## ")[1:])]  # fmt: skip

    for part, names in parts:
        _, _, text = shown.partition(f"\n{part}:\n")
        assert re.findall(r"^  (\w+)  ", text.partition("\n\n")[0], re.MULTILINE) == names


@pytest.mark.parametrize("group", [*(cli.get_command(click.Context(cli), name) for name in ("rules", "ledger"))])
def test_a_list_of_commands_cuts_no_sentence(group: click.Group) -> None:
    """Whoever reads `--help` reads what each of them does, to its full stop."""
    shown = group.get_help(click.Context(group, info_name="harvester", terminal_width=80))

    lines = shown.partition("\nCommands:\n")[2].splitlines()
    assert lines
    assert [line for line in lines if line.endswith("...")] == []
    assert max(map(len, lines)) <= 80


def test_a_plan_in_markdown_tells_the_minute_it_was_made() -> None:
    """As every table does: nobody reads microseconds in a ticket."""
    assert "mode review, made 2026-11-24 06:30 UTC." in plan_as_markdown(a_plan(), [])


def test_a_bullet_is_a_sentence_with_its_text_in_one_column() -> None:
    """Advice begins with a capital and ends with a full stop, whoever wrote it."""
    assert printed(tables.bullet("keep one of the two groups"), 20) == ["- Keep one of the", "  two groups."]


@pytest.mark.parametrize(
    ("plan", "applied", "states", "said"),
    [
        (PLAN, Applied(unknown=1), {"unknown": 1}, "reconcile"),
        (PLAN, Applied(), {"unknown": 1, "done": 3}, "reconcile"),
        (PLAN, Applied(done=2, waiting=1), {"approved": 1}, "the same command again"),
        (PLAN, Applied(done=3), {"done": 3}, "undo p1"),
        (TAKES_BACK, Applied(done=3), {"done": 3}, ""),
        (PLAN, Applied(), {"planned": 3}, "approve p1 --by YOUR-NAME"),
        (PLAN, Applied(), {"done": 3, "guarded": 1}, "Nothing of plan p1 is left to send"),
    ],
    ids=[
        "unknown",
        "unknown of an earlier call",
        "waiting",
        "done",
        "done, of an undo",
        "not approved",
        "nothing left",
    ],
)
def test_apply_says_what_comes_next(
    plan: dict[str, Any], applied: Applied, states: dict[str, int], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above all where something is unknown, also when this call sent nothing; an undo is not offered for an undo."""
    monkeypatch.setattr(sys, "argv", ["harvester"])

    told = _what_next(Invocation(Path("my sandbox.env")), plan, applied, states)

    assert said in told if said else not told
    assert "--env-file 'my sandbox.env'" in told or "harvester" not in told
