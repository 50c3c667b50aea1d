"""Reports of the service: beside `plan`, and when a replica dies or stops in the middle of one."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from harvester.sandbox.fault_rules import Action, FaultBook, Match, Rule
from harvester.sandbox.settings import Options
from tests.acceptance.test_search_terms import RULES
from tests.fleet.service import HURRY, Fleet

ONE = Options(profiles=1, recommendations=40)
QUESTIONS, REPORTS, FILES = "/reporting/reports", "/reporting/reports/*", "/offline-report-storage/*"


@pytest.fixture
async def fleet(dsn: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    rules = tmp_path / "terms.yaml"
    rules.write_text(RULES)
    async with Fleet.opened(ONE, dsn, tmp_path, RULES_FILE=str(rules), MODE="dry-run") as opened:
        yield opened


def fail(fleet: Fleet, action: Action, path: str) -> None:
    """The second such call."""
    rule = Rule(action=action, match=Match(method="GET", path=path, nth=2))
    fleet.amazon.sandbox.faults = FaultBook((rule,), ONE.seed)


async def struck(fleet: Fleet) -> bool:
    return sum(rule.fired for rule in fleet.amazon.sandbox.faults.rules) > 0


def questions(fleet: Fleet) -> int:
    return sum(entry.path == QUESTIONS and entry.method == "POST" for entry in fleet.amazon.sandbox.journal._entries)


async def all_is_in(fleet: Fleet) -> bool:
    await fleet.fetch(HURRY)
    return bool(await fleet.value("SELECT count(*) = 94 FROM harvester.report_day"))


async def each_once(fleet: Fleet) -> bool:
    reports = await fleet.fetch("SELECT state, rows FROM harvester.report")
    assert [each["state"] for each in reports] == ["loaded"] * 4
    rows = sum(each["rows"] for each in reports)
    assert await fleet.value("SELECT count(*) FROM harvester.search_term_day") == rows
    assert questions(fleet) == 4
    assert not any(replica.surprises for replica in fleet.replicas)
    return True


async def test_beside_plan_each_report_is_asked_for_once(fleet: Fleet) -> None:
    """Whoever comes first fetches them, the other waits; then both plan."""
    fail(fleet, Action(hang_seconds=1), FILES)
    replica = fleet.start()
    result = await fleet.run("plan", "--json")
    await fleet.until(lambda: all_is_in(fleet))

    assert "Traceback" not in result.err
    assert result.code == 0 or "is being worked on by another process" in result.json["failed"][0]["reason"]
    assert await replica.stops() == 0
    assert await each_once(fleet)


@pytest.mark.parametrize(
    ("path", "sign"),
    [(FILES, signal.SIGKILL), (FILES, signal.SIGTERM), (REPORTS, signal.SIGKILL)],
    ids=["downloaded, killed", "downloaded, stopped", "looked after, killed"],
)
async def test_the_next_replica_goes_on_with_the_same_reports(path: str, sign: signal.Signals, fleet: Fleet) -> None:
    """Soon, and in order where it was told to stop."""
    fail(fleet, Action(hang_seconds=60), path)
    first = fleet.start()
    await fleet.until(lambda: struck(fleet))
    first.send(sign)
    code = await asyncio.to_thread(first.process.wait, 30)
    fleet.amazon.sandbox.faults.replace(())

    second = fleet.start()
    await fleet.until(lambda: all_is_in(fleet))

    assert code == (0 if sign is signal.SIGTERM else -sign)
    assert await second.stops() == 0
    assert await each_once(fleet)
