"""How the fleet looks to a person."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from harvester.adapters.postgres.fleet import FleetLists
from harvester.entrypoints.cli import glance
from harvester.entrypoints.cli.glance import Seen, span
from tests.unit.web.vitals import WELL

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
MODES = {
    "paused": False, "paused_by": None, "paused_at": None, "mode": "review", "mode_by": "Kim",
    "mode_at": NOW.isoformat(), "profile_modes": {"dry-run": 2},
}  # fmt: skip


def shown(next_due: datetime | None = None, **lists: Any) -> str:
    none: dict[str, Any] = dict.fromkeys(("running", "due", "set_aside", "failing", "paused", "logins", "replicas"), ())
    seen = Seen(NOW, "auto", WELL, FleetLists(**{**none, "modes": MODES, "timezones": [], **lists}), next_due)
    out = io.StringIO()
    Console(file=out, width=80).print(glance.page(seen))
    return out.getvalue()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3599, "60 min"), (7200, "2 h"), (86_400 * 3, "3 days")],
)
def test_a_span_is_told_in_one_unit(seconds: float, words: str) -> None:
    """As exactly as anybody needs it."""
    assert span(seconds) == words


def test_what_comes_next_and_what_is_unsettled_are_told() -> None:
    """The schedule's next moment, and actions by state, beside how far behind it is."""
    text = " ".join(shown(NOW + timedelta(minutes=25)).split())

    assert (
        "20 s behind the schedule; next due in 25 min by the schedule here; last run of the schedule ended 1 h ago"
        in text
    )
    assert "actions: 7 planned, 1 unknown" in text
    assert "2 about to start" in text


def test_how_far_people_let_it_go_is_told() -> None:
    """The settings, what somebody said since for all, and how many profiles go less far."""
    assert "Mode auto by the settings here, review by Kim since 2026-11-21 06:30 UTC; 2 profiles" in " ".join(
        shown().split()
    )


def test_a_broken_rules_file_names_itself() -> None:
    """At the replica that has it."""
    row = {
        "replica_id": "box-1", "kind": "serve", "running": 2, "holds_clock": True, "draining": True, "there": True,
        "rules_error": "rules.yaml:3: no such check", "seen_at": NOW.isoformat(),
    }  # fmt: skip

    text = " ".join(shown(replicas=[row]).split())

    assert "holds the clock, draining, rules file broken: rules.yaml:3: no such check" in text


def replica(name: str, **more: Any) -> dict[str, Any]:
    row = {"replica_id": name, "kind": "serve", "running": 0, "holds_clock": False, "draining": False, "there": True}
    return {**row, "rules_error": None, "seen_at": NOW.isoformat(), **more}


def test_replicas_that_go_by_different_settings_say_so() -> None:
    """Who is there, that is: what a dead one went by matters to nobody, and a worker has no schedule."""
    one, other = {"mode": "auto", "schedule": "30 6 * * *"}, {"mode": "review", "schedule": "0 5 * * *"}

    differ = " ".join(shown(replicas=[replica("a", **one), replica("b", **other), replica("c", mode="auto")]).split())
    alike = " ".join(shown(replicas=[replica("a", **one), replica("b", **other, there=False)]).split())
    elsewhere = " ".join(shown(replicas=[replica("b", **other)]).split())

    assert "a serve, 0 running, mode auto, schedule 30 6 * * *" in differ
    assert "b serve, 0 running, mode review, schedule 0 5 * * *" in differ
    assert "c serve, 0 running, mode auto" in differ
    assert "mode" not in alike
    assert "Mode auto by the settings here, review by those of the replicas" in elsewhere


def test_a_login_that_fails_is_named() -> None:
    """Closed for good, or not to be asked for now, since when and why."""
    rows = [
        {
            "account": "main",
            "failed_since": (NOW - timedelta(hours=3)).isoformat(),
            "closed": True,
            "failure": "revoked",
        },
        {
            "account": "emea",
            "failed_since": (NOW - timedelta(minutes=5)).isoformat(),
            "closed": False,
            "failure": "503",
        },
    ]

    text = shown(logins=rows)

    assert "! 2 logins failing" in text
    assert "  main  closed by Amazon for 3 h: revoked" in text
    assert "  emea  cannot be asked for 5 min: 503" in text
