"""What goes wrong around a person who means well: processes that sleep through what others do, two at a time."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.conftest import CleanRun
from tests.acceptance.partner import REVIEW
from tests.acceptance.pretend_amazon import PretendAmazon, on
from tests.acceptance.records import Ledger

TARGETS = "/sp/targetPromotionGroups/targets"
TOKEN = "/auth/o2/token"


@dataclass(frozen=True)
class Approved:
    """A plan whose keywords are approved."""

    plan_id: str
    fingerprint: str
    items: Sequence[str]


def approved(harvester: Harvester, profile_id: str) -> Approved:
    (plan,) = harvester("plan", "--profile", profile_id, "--json", **REVIEW).succeeded().json["plans"]
    said = harvester("approve", plan["id"], "--kind", "promote_keyword", "--by", "Ann", "--json", **REVIEW).succeeded()
    shown = harvester("show", plan["id"], "--json", **REVIEW).succeeded().json
    items = [item["id"] for item in shown["items"] if item["state"] == "approved"]
    assert items, said
    return Approved(plan["id"], shown["fingerprint"], items)


def written(amazon: PretendAmazon) -> list[dict[str, Any]]:
    """The calls that Amazon took as orders."""
    return [each for each in amazon.requests() if each["path"] == TARGETS and each["status"] == 207]


def asked_for(amazon: PretendAmazon, path: str) -> int:
    return sum(each["path"] == path for each in amazon.requests())


def end_leases(ledger: Ledger) -> None:
    """As a failover, or an administrator, does."""
    ledger.rows(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'harvester lease' AND datname = current_database()"
    )


def test_an_apply_that_slept_through_a_takeover_sends_nothing(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Stopped while it waits for a token, overtaken by one that sent everything, and woken: Amazon hears nothing new."""
    plan = approved(harvester, amazon.profiles[0])
    before = asked_for(amazon, TOKEN)
    amazon.fail(
        on(TARGETS, {"status": 401}, times=1),
        on(TOKEN, {"delay_seconds": 5.0}, skip=1, times=1),
    )
    arguments = ("apply", plan.plan_id, "--fingerprint", plan.fingerprint, "--json")
    soon = {**REVIEW, "LEASE_GRACE": "2"}  # not much longer than that it holds locks while it sleeps
    sleeper = harvester.start(*arguments, **soon).runs_until(lambda: asked_for(amazon, TOKEN) == before + 2)
    os.kill(sleeper.process.pid, signal.SIGSTOP)

    end_leases(ledger)
    harvester("reconcile", "--json", **soon).succeeded()
    harvester(*arguments, **soon)
    sent = len(written(amazon))
    assert sent
    history = ledger.value("SELECT count(*) FROM harvester.action_event")
    os.kill(sleeper.process.pid, signal.SIGCONT)

    told = sleeper.end().failed().err.splitlines()
    assert "lost" in told[-1]  # before it, on a busy machine, what else could not be recorded any more
    assert len(written(amazon)) == sent
    assert ledger.value("SELECT count(*) FROM harvester.action_event") == history
    assert harvester("ledger", "verify").succeeded().out


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_no_profile_is_not_every_profile(verb: str, clean: CleanRun) -> None:
    """A script's empty variable must not lift the kill switch of a whole fleet, nor press it."""
    said = clean.harvester(verb, "--profile", "", "--by", "Ann").failed(2)
    assert "leave the option out for all" in said.err

    nameless = clean.harvester(verb, "--by", " ").failed(2)
    assert "say who you are" in nameless.err
    assert clean.ledger.value("SELECT paused_by FROM harvester.fleet_state") is None


def test_an_argument_that_is_no_text(clean: CleanRun) -> None:
    """One sentence, as for any other mistake."""
    assert "not UTF-8" in clean.harvester("why", os.fsdecode(b"t\xffwel")).failed(2).sentence


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_locale_that_lacks_letters_loses_none(encoding: str, clean: CleanRun) -> None:
    """What goes into a pipe is UTF-8, and the JSON in it is JSON."""
    plan_id = clean.plans[0]["id"]
    plain = clean.harvester("show", plan_id).succeeded().out

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.warm.KEPT", ("PATH", "PYTHONIOENCODING"))
        patch.setattr(clean.harvester, "warm", False)
        patch.setenv("PYTHONIOENCODING", encoding)
        assert clean.harvester("show", plan_id).succeeded().out == plain
        assert clean.harvester("show", plan_id, "--json").succeeded().json["id"] == plan_id


@pytest.mark.parametrize("redirect", [">&-", "<&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_are_no_reason_to_abort(redirect: str, clean: CleanRun) -> None:
    """Schedulers start programs that way; a socket must not take the place of what is closed."""
    assert in_a_shell(clean, f"plans --json {redirect}").returncode == 0


def test_a_device_is_written_to_and_stays_one(clean: CleanRun, tmp_path: Path) -> None:
    """Exporting into a pipe writes into it: it is not replaced by a file, as a device would not be."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        clean.harvester("export", clean.plans[0]["id"], "--format", "json", "--output", str(pipe)).succeeded()

        assert pipe.is_fifo()
        assert os.read(reader, 1) == b"{"
    finally:
        os.close(reader)


def test_a_full_disk_is_told(clean: CleanRun) -> None:
    """And is a failure: what was asked for is not there."""
    for command in ("plans", "plans --json", f"show {clean.plans[0]['id']} --json --all"):
        ended = in_a_shell(clean, f"{command} > /dev/full")
        assert ended.returncode == 1
        assert ended.stderr.decode() == "harvester: the output cannot be written: No space left on device\n"


def in_a_shell(clean: CleanRun, command: str) -> "subprocess.CompletedProcess[bytes]":
    environment = {**clean.harvester._plain(), **clean.harvester.environment}
    return subprocess.run(
        ["/bin/sh", "-c", f"'{sys.executable}' -m harvester {command}"],
        check=False,
        capture_output=True,
        cwd=clean.harvester.folder,
        env=environment,
    )


def test_a_plain_owner_of_the_database_is_enough(harvester: Harvester, amazon: PretendAmazon, empty_dsn: str) -> None:
    """Managed Postgres gives no superuser: from the first migration to undo, a role that owns its database will do."""
    server, name = Ledger(empty_dsn), f"owner_{os.getpid()}"
    server.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    server.execute(f'ALTER DATABASE "{server.name}" OWNER TO {name}')
    try:
        parts = urlsplit(empty_dsn)
        plain = urlunsplit(parts._replace(netloc=f"{name}:x@{parts.netloc.rpartition('@')[2]}"))
        harvester.environment["HARVESTER_DATABASE_URL"] = plain
        harvester("migrate").succeeded()
        plan = approved(harvester, amazon.profiles[0])
        applied = harvester("apply", plan.plan_id, "--fingerprint", plan.fingerprint, "--json", **REVIEW).json
        assert applied["done"] > 0
        undone = harvester("undo", plan.plan_id, "--json", **REVIEW).succeeded().json["plan"]
        harvester("approve", undone["id"], "--by", "Ann", **REVIEW).succeeded()
        back = harvester("apply", undone["id"], "--fingerprint", undone["fingerprint"], "--json", **REVIEW).json
        assert back["done"] == applied["done"]
        harvester("ledger", "verify").succeeded()
        owned = Ledger(plain)
        for order in ("UPDATE harvester.plan SET plan_id = 'p9'", "UPDATE harvester.plan SET mode = 'auto'"):
            with pytest.raises(asyncpg.PostgresError, match=r"permission denied|is refused"):
                owned.execute(order)
    finally:
        server.execute(f"REASSIGN OWNED BY {name} TO CURRENT_USER")
        server.execute(f"DROP OWNED BY {name}")
        server.execute(f'ALTER DATABASE "{server.name}" OWNER TO CURRENT_USER')
        server.execute(f"DROP ROLE {name}")
