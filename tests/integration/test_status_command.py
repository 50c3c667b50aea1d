"""The fleet at a glance, as a person and as a program sees it."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import in_a_loop_of_its_own
from tests.integration.postgres import test_fleet as fleet
from tests.integration.postgres.conftest import Sql
from tests.integration.reviewer import Desk

ROOT = Path(__file__).parents[2]
WIDTH = 80


@pytest.fixture
def desk(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Desk:
    """With an empty fleet."""
    monkeypatch.setenv("HARVESTER_DATABASE_URL", dsn)
    monkeypatch.setenv("COLUMNS", str(WIDTH))
    monkeypatch.chdir(tmp_path)
    return Desk(dsn, tmp_path, monkeypatch, capfd)


def ago(**time: float) -> datetime:
    return datetime.now(UTC) - timedelta(**time)


async def prepare(dsn: str, *, failing: int = 0, working: bool = True) -> None:
    import asyncpg

    sql: Sql = await asyncpg.connect(dsn)
    try:
        await fleet.add_profiles(sql, *(str(number) for number in range(1, 7 + failing)))
        await fleet.add_slot(
            sql, "1", ago(minutes=9), "running", deliveries=2, started_at=ago(minutes=4), replica_id="box-1"
        )
        await fleet.add_slot(sql, "2", ago(minutes=7))
        reason = "Amazon has throttled recommendations of this profile since its first call"
        await fleet.add_slot(
            sql, "3", ago(hours=1), deliveries=3, failures=3, not_before=ago(minutes=-21), reason=reason
        )
        await fleet.add_slot(sql, "4", ago(hours=3), "done")
        for number in range(failing):
            await fleet.add_slot(
                sql, str(7 + number), ago(hours=5), "failed", reason="the login was refused: ask again"
            )
        if working:
            await fleet.add_replica(sql, "box-1", "serve", ago(), holds_clock=True, running=1)
        await fleet.add_replica(sql, "box-2", "worker", ago(minutes=3), running=0)
        await sql.execute(
            "INSERT INTO harvester.account_state (profile_id, paused, paused_by, paused_at, mode) "
            "VALUES ('5', true, 'Dana', $1, 'dry-run')",
            ago(days=1),
        )
    finally:
        await sql.close()


def test_an_empty_fleet_says_so(desk: Desk) -> None:
    """Nothing due, nobody there, and what to start; nothing has failed."""
    result = desk("status")

    assert result.code == 0
    assert "0 profiles · 0 running · 0 due · 0 set aside · 0 failing" in result.words
    assert "No `harvester serve` is alive: nothing is harvested by the schedule until one runs" in result.words
    assert "Nothing is due" in result.out
    assert "Replicas\n  none\n" in result.out


def test_each_group_names_its_profiles_and_why(desk: Desk) -> None:
    """Running and where, due and since when, set aside until when and why, paused by whom, replicas and the clock."""
    in_a_loop_of_its_own(prepare(desk.dsn))

    result = desk("status")

    assert result.code == 0, result.out
    for sentence in (
        "6 profiles · 1 running · 1 due · 1 set aside · 0 failing",
        "Mode dry-run by the settings here; 1 profile at most dry-run",
        "7 min behind the schedule; next due in ",
        "; last run of the schedule ended 3 h ago",
        "Acme 1 (US), 1 plan for 4 min in box-1, taken 2 times",
        "Acme 2 (US), 2 plan for 7 min",
        "Acme 3 (US), 3 plan, again in 21 min: Amazon has throttled recommendations of this profile since its first",
        "Acme 5 (US), 5 by Dana since",
        "box-1 serve, 1 running, holds the clock",
        "box-2 worker, 0 running, not seen for 3 min",
    ):
        assert sentence in result.words
    assert max(len(line) for line in result.out.splitlines()) <= WIDTH


def test_who_fails_is_named_with_the_reason(desk: Desk) -> None:
    """As many as asked for and how many more; the exit code says it too."""
    in_a_loop_of_its_own(prepare(desk.dsn, failing=30))

    result = desk("status", "--limit", "2")

    assert result.code == 1
    assert "! 30 tasks failing" in result.out
    assert result.words.count("plan failed 5 h ago: the login was refused: ask again") == 2
    assert "and 28 more" in result.out


def test_what_is_due_and_nobody_takes_is_a_failure(desk: Desk) -> None:
    """A fleet without workers is not well, even if nothing has failed yet."""
    in_a_loop_of_its_own(prepare(desk.dsn, working=False))

    result = desk("status")

    assert result.code == 1
    assert "no replica is at work" in result.words


def test_a_schedule_that_nobody_keeps_is_a_failure(desk: Desk) -> None:
    """Nothing falls due where nobody holds the clock: without a word it would look like a fleet that is well."""
    in_a_loop_of_its_own(serve_once(desk.dsn))

    result = desk("status")

    assert result.code == 1
    assert "! no `harvester serve` is alive: nothing is harvested by the schedule until one runs" in result.words
    desk.sql("UPDATE harvester.replica SET seen_at = now() + interval '1 minute' RETURNING 1")
    assert "! no replica holds the clock: nothing falls due until one takes it" in desk("status").words
    desk.sql("UPDATE harvester.replica SET holds_clock = true RETURNING 1")
    assert desk("status").code == 0


async def serve_once(dsn: str) -> None:
    import asyncpg

    sql: Sql = await asyncpg.connect(dsn)
    try:
        await fleet.add_profiles(sql, "1")
        await fleet.add_slot(sql, "1", ago(hours=3), "done")
        await fleet.add_replica(sql, "box-1", "serve", ago(minutes=3))
    finally:
        await sql.close()


def test_what_was_missed_several_times_is_one_line(desk: Desk) -> None:
    """One run makes up for all of it; every slot is counted."""
    in_a_loop_of_its_own(miss_three(desk.dsn))

    result = desk("status")

    assert "3 due" in result.words
    assert result.words.count("Acme 1 (US), 1") == 1
    assert "Acme 1 (US), 1 plan for 3 days, 3 times" in result.words
    assert "more" not in result.words


def test_a_chore_is_late_only_since_it_was_put(desk: Desk) -> None:
    """Its moment may lie before the first start: a fleet that begins is not hours behind its schedule."""
    in_a_loop_of_its_own(begin(desk.dsn))

    result = desk("status")

    assert "h behind the schedule" not in result.words
    assert re.search(r"The fleet retention for \d+ (s|min)\b", result.words)


async def begin(dsn: str) -> None:
    import asyncpg

    sql: Sql = await asyncpg.connect(dsn)
    try:
        await fleet.add_slot(sql, "", ago(hours=4), task="retain", put_at=ago(seconds=12))
    finally:
        await sql.close()


async def miss_three(dsn: str) -> None:
    import asyncpg

    sql: Sql = await asyncpg.connect(dsn)
    try:
        await fleet.add_profiles(sql, "1")
        for days in (1, 2, 3):
            await fleet.add_slot(sql, "1", ago(days=days))
    finally:
        await sql.close()


def test_the_mode_in_effect_is_told_and_how_to_lift_what_narrows_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of all profiles leaves a profile's own where it is, and each has a command of its own."""
    in_a_loop_of_its_own(prepare(desk.dsn))
    monkeypatch.setenv("HARVESTER_MODE", "auto")
    assert desk("mode", "dry-run", "--profile", "5", "--by", "Dana").code == 0
    assert desk("mode", "review", "--by", "Kim").code == 0

    shown = desk("mode").out

    assert "mode default --by YOUR-NAME" in shown
    assert "mode default --profile 5 --by YOUR-NAME" in shown
    assert "in effect, where the rules do not say less: review; profile 5: dry-run" in shown
    assert desk("mode", "--json").json["in_effect"] == {"all": "review", "profiles": {"5": "dry-run"}}
    left = desk("mode", "default", "--by", "Kim").out
    assert "in effect, where the rules do not say less: auto; profile 5: dry-run" in left


def test_the_mode_says_who_is_paused_and_how_to_lift_that(desk: Desk) -> None:
    """Whoever asks why nothing is sent looks at the mode first."""
    in_a_loop_of_its_own(prepare(desk.dsn))
    assert desk("mode", "default", "--profile", "5", "--by", "Dana").code == 0
    assert desk("pause", "--profile", "5", "--by", "Dana").code == 0
    one = desk("mode").words
    assert desk("pause", "--by", "Kim").code == 0

    shown = desk("mode").words

    assert "profile 5 is paused, by Dana: whatever the mode, nothing is sent" in one
    assert "resume --profile 5 --by YOUR-NAME" in one
    assert "all profiles" not in one
    assert "all profiles are paused, by Kim: whatever the mode, nothing is sent" in shown
    assert [(each["profile_id"], each["by"]) for each in desk("mode", "--json").json["paused"]] == [
        (None, "Kim"),
        ("5", "Dana"),
    ]


def test_a_profile_that_is_not_there_is_answered_with_those_that_are(desk: Desk) -> None:
    """Nobody has their ids in mind when the kill switch is needed."""
    assert "nor any other yet" in desk("pause", "--profile", "99", "--by", "Kim").err
    in_a_loop_of_its_own(prepare(desk.dsn))

    for command in (("pause",), ("mode", "review")):
        said = desk(*command, "--profile", "99", "--by", "Kim")

        assert said.code == 1
        assert "there is no profile 99; there are 1 (Acme 1, US), 2 (Acme 2, US), " in said.err
        assert "and 1 more: `harvester plans --json` names them" in said.err


def test_a_hint_names_the_env_file_that_was_given(desk: Desk) -> None:
    """Typed as it stands, it finds the same settings; a program gets the plain sentence."""
    name = desk.file("my.env", f"HARVESTER_DATABASE_URL={desk.dsn}\n")

    assert "harvester --env-file my.env plans` lists them" in desk("--env-file", name, "show", "p99").err
    assert "harvester --env-file my.env plan` makes one" in desk("--env-file", name, "plans").out
    assert "`harvester plans` lists them" in desk("--env-file", name, "show", "p99", "--json").json["error"]


@pytest.mark.parametrize("command", [("pause",), ("resume",), ("approve", "p1"), ("mode", "review")])
def test_who_says_it_is_asked_for_with_an_example(command: tuple[str, ...], desk: Desk) -> None:
    """At the kill switch nobody wants to look things up."""
    said = desk(*command)

    assert said.code == 2
    assert "say who you are with --by NAME, as in --by anna: it is recorded" in said.err


def test_the_service_teaches_where_to_look(desk: Desk) -> None:
    """Port, health and what it may send stand in its help."""
    help_text = desk("serve", "--help").words

    for word in ("/readyz", "127.0.0.1:9464", "HARVESTER_METRICS_PORT", "HARVESTER_MODE=auto", "harvester status"):
        assert word in help_text


def test_a_program_gets_all_of_it_as_one_document(desk: Desk) -> None:
    """Counts, the first of each group, the modes, the replicas; also where the exit code is 1."""
    in_a_loop_of_its_own(prepare(desk.dsn, failing=3))

    result = desk("status", "--json", "--limit", "1")
    said: dict[str, Any] = result.json

    assert (result.code, said["well"], said["reasons"]) == (1, False, ["3 tasks failing"])
    assert said["counts"]["failing"] == 3
    assert [each["reason"] for each in said["failing"]] == ["the login was refused: ask again"]
    assert [(each["profile_id"], each["replica_id"]) for each in said["running"]] == [("1", "box-1")]
    assert [(each["replica_id"], each["holds_clock"], each["there"]) for each in said["replicas"]] == [
        ("box-1", True, True),
        ("box-2", False, False),
    ]
    assert said["mode"] == {
        "settings": "dry-run", "fleet": None, "by": None, "at": None, "profiles": {"dry-run": 1},
    }  # fmt: skip
    assert said["paused"]["all"] is False
    assert said["paused"]["profiles"][0]["paused_by"] == "Dana"
    assert datetime.fromisoformat(said["next_due"]) > datetime.now(UTC)


def test_the_kill_switch_for_all_stands_at_the_top(desk: Desk) -> None:
    """Who pulled it and when."""
    assert desk("pause", "--by", "Kim").code == 0

    lines = desk("status").out.splitlines()

    assert lines[2].startswith("All paused by Kim since ")


def test_a_wrong_clock_here_makes_nobody_absent(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signs of life are told by Postgres' clock, and so is who is there."""
    in_a_loop_of_its_own(prepare(desk.dsn))

    class Fast(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> "Fast":
            return cls.fromtimestamp(datetime.now(tz).timestamp() + 600, tz)

    monkeypatch.setattr("harvester.entrypoints.cli.status.datetime", Fast, raising=False)

    shown = desk("status").words

    assert "box-1 serve, 1 running, holds the clock" in shown
    assert "7 min behind the schedule" in shown


def test_a_pipe_is_looked_at_once(desk: Desk) -> None:
    """`--watch` is for a terminal; with `--json` it is a mistake."""
    assert desk("status", "--watch").out.count("Replicas") == 1
    assert desk("status", "--watch", "--json").code == 2


def test_on_a_terminal_it_looks_again_each_second(desk: Desk) -> None:
    """Until Ctrl-C, which ends the looking and leaves the terminal as it was."""
    in_a_loop_of_its_own(prepare(desk.dsn))
    here, there = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "harvester", "status", "--watch"], stdin=there, stdout=there, stderr=there,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
    )  # fmt: skip
    os.close(there)
    shown = b""
    while shown.count(b"Replicas") < 3:
        assert select.select([here], [], [], 60)[0], shown
        shown += os.read(here, 65_536)
    process.send_signal(signal.SIGINT)
    with contextlib.suppress(OSError):  # the terminal hangs up when the last of its users is gone
        while piece := os.read(here, 65_536):
            shown += piece

    assert process.wait(60) == 130
    assert b"stopped looking" in shown
    assert shown.count(b"\x1b[?1049h") == shown.count(b"\x1b[?1049l") == 1
    os.close(here)
