"""What goes wrong around a person who means well: processes that sleep through what others do, two at a time."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.acceptance.command_line import Harvester
from tests.acceptance.pretend_amazon import PretendAmazon, on
from tests.acceptance.records import Ledger

TARGETS = "/sp/targetPromotionGroups/targets"
TOKEN = "/auth/o2/token"
REVIEW = {"MODE": "review", "RECONCILE_AFTER": "0"}


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
    sleeper = harvester.start(*arguments, **REVIEW).runs_until(lambda: asked_for(amazon, TOKEN) == before + 2)
    os.kill(sleeper.process.pid, signal.SIGSTOP)

    end_leases(ledger)
    harvester("reconcile", "--json", **REVIEW).succeeded()
    harvester(*arguments, **REVIEW)
    sent = len(written(amazon))
    assert sent
    history = ledger.value("SELECT count(*) FROM harvester.action_event")
    os.kill(sleeper.process.pid, signal.SIGCONT)

    assert "lost" in sleeper.end().failed().sentence
    assert len(written(amazon)) == sent
    assert ledger.value("SELECT count(*) FROM harvester.action_event") == history
    assert harvester("ledger", "verify").succeeded().out
