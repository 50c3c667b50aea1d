"""The demo: nothing is needed, nothing configured is touched, and one can go on from what it leaves."""

import os
import shutil
import signal
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.acceptance.command_line import Harvester

REAL_ONES = {
    "HARVESTER_DATABASE_URL": "postgresql://nobody:nothing@127.0.0.1:1/production",
    "HARVESTER_MODE": "auto",
    "HARVESTER_RULES_FILE": "real-rules.yaml",
    "HARVESTER_ACCOUNTS__REAL__CLIENT_ID": "amzn1.application-oa2-client.real",
    "HARVESTER_ACCOUNTS__REAL__CLIENT_SECRET": "real secret",
    "HARVESTER_ACCOUNTS__REAL__REFRESH_TOKEN": "real token",
    "HARVESTER_ACCOUNTS__REAL__REGION": "NA",
    "HARVESTER_ACCOUNTS__REAL__ADS_URL": "http://127.0.0.1:1",
    "HARVESTER_ACCOUNTS__REAL__LWA_URL": "http://127.0.0.1:1/token",
}


@pytest.fixture
def visitor() -> Iterator[Harvester]:
    """Somebody with real settings in the environment, in a folder that a server without rights may enter."""
    folder = Path(tempfile.mkdtemp(prefix="harvester-demo-"))
    folder.chmod(0o755)
    harvester = Harvester(folder, REAL_ONES)
    harvester.warm = False
    try:
        yield harvester
    finally:
        harvester.stop()
        shutil.rmtree(folder)


def test_a_demo_and_what_comes_after_it(visitor: Harvester) -> None:
    """Tables for every profile, twice; then the same plans through sandbox.env, in review mode, without the real login."""
    for _ in range(2):
        shown = visitor("demo", "--once").succeeded()

        assert "Traceback" not in shown.err
        assert "The pretend Amazon ends here" in shown.out
        for profile in ("Sandbox Store 1 · US · USD", "Sandbox Vendor 2 · UK · GBP", "Sandbox Store 3 · DE · EUR"):
            assert profile in shown.out
        for heading in ("To promote: ", "To negate: ", "Held: ", "Skipped: "):
            assert shown.out.count(f"\n{heading}") == 3
        for said in (
            "  from search terms of the report",
            " spent, ACOS ",
            "how to draw ",
            "  from suggested categories",
            "category target, bid",
            "Blue Heron (18840219071)",
        ):
            assert shown.out.count(said) >= 3
        assert "  from suggested products" in shown.out, "where the catalog says enough about them"
        assert "price_ratio" in shown.out, "the catalog was asked"
        assert max(map(len, shown.out.splitlines())) <= 80

    environment = (visitor.folder / "sandbox.env").read_text()
    assert "HARVESTER_MODE='review'" in environment
    assert "REAL" not in environment
    plans = visitor("--env-file", "sandbox.env", "plans", "--json").succeeded().json["plans"]
    assert {plan["account"] for plan in plans} == {"sandbox"}
    assert [(plan["mode"], plan["state"]) for plan in plans] == [("dry-run", "planned")] * 3
    doctor = visitor("--env-file", "sandbox.env", "doctor", "--json").failed().json
    settings = next(check for check in doctor["checks"] if check["what"] == "settings")
    assert settings["detail"] == "mode review, 1 account"


def test_a_demo_of_weeks_ago_shows_what_became_of_it(visitor: Harvester) -> None:
    """All that was sent then has a verdict today, the ledger is whole, and dated as it happened."""
    shown = visitor("demo", "--once", "--weeks", "6", "--profiles", "1", "--recommendations", "60").succeeded()

    begun, _, told = shown.out.splitlines()[1].partition(": ")
    assert datetime.fromisoformat(f"{begun}T00:00Z") < datetime.now(UTC) - timedelta(weeks=6)
    assert told.startswith("every profile is planned, “demo” approves")
    assert "Sandbox Store 1 (US), profile 1034000000000000\n" in shown.out
    assert "How often each rule was right, and what that was worth\n" in shown.out
    assert max(map(len, shown.out.splitlines())) <= 80
    asked = ("--env-file", "sandbox.env")
    outcomes = visitor(*asked, "outcomes", "--json").json["outcomes"]
    assert {outcome["reading"] for outcome in outcomes} == {42}
    assert "good" in {outcome["verdict"] for outcome in outcomes}
    assert {outcome["made_at"][:10] for outcome in outcomes} == {begun}
    plans = visitor(*asked, "plans", "--json").succeeded().json["plans"]
    assert (plans[-1]["id"], plans[-1]["state"], plans[-1]["created_at"][:10]) == ("p1", "applied", begun)
    assert visitor(*asked, "ledger", "verify").succeeded().out == "the ledger is whole\n"


def test_the_end_of_a_demo_says_what_goes_with_it(visitor: Harvester) -> None:
    """Its Postgres, too: a service that still uses it is not left to wonder."""
    demo = visitor.start("demo", "--profiles", "1", "--recommendations", "10")
    demo.runs_until(lambda: "shows what became of plans sent six weeks ago" in " ".join(demo.said.split()))
    assert "harvester --env-file sandbox.env show p1\n" in demo.said

    demo.process.send_signal(signal.SIGINT)

    result = demo.end(longest_seconds=300)
    assert result.code == 128 + signal.SIGINT
    assert "The pretend Amazon and its Postgres are gone, also for a `harvester serve` that" in result.err


def test_a_demo_leaves_nothing_running(visitor: Harvester) -> None:
    """Neither its sandbox nor its Postgres."""
    visitor("demo", "--once", "--profiles", "1", "--recommendations", "30").succeeded()

    running = [
        command
        for process in Path("/proc").iterdir()
        if process.name.isdigit() and str(visitor.folder) in (command := command_of(process))
    ]
    assert running == []


def command_of(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace") + os.fsdecode((process / "cwd").readlink())
    except (FileNotFoundError, PermissionError, ProcessLookupError):
        return ""
