"""The service as its operator meets it: stops in order, obeys at once, goes on when lines break, and says what it does."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from harvester.sandbox.fault_rules import Action, FaultBook, Match, Rule
from harvester.sandbox.settings import Options
from harvester.wiring import open_services
from tests.crash.agreement import CHANGES
from tests.fleet.service import HURRY, RULES_FILE, Fleet

FEW = Options(profiles=3, recommendations=40)
THROTTLED = "1041919000000007"


@pytest.fixture
async def fleet(dsn: str, tmp_path: Path) -> AsyncIterator[Fleet]:
    async with Fleet.opened(FEW, dsn, tmp_path) as opened:
        yield opened


def fail(fleet: Fleet, action: Action, **match: Any) -> None:
    fleet.amazon.sandbox.faults = FaultBook((Rule(action=action, match=Match(**match)),), FEW.seed)


def fired(fleet: Fleet) -> int:
    return sum(rule.fired for rule in fleet.amazon.sandbox.faults.rules)


def changes(fleet: Fleet) -> int:
    """Calls that changed an account, so far."""
    return sum(entry.path in CHANGES for entry in fleet.amazon.sandbox.journal._entries)


async def struck(fleet: Fleet) -> bool:
    return fired(fleet) > 0


async def test_a_stop_ends_the_call_under_way_and_exits_with_0(fleet: Fleet) -> None:
    """What a call to Amazon did is recorded, no other call leaves, and the next one goes on where it stopped."""
    fail(fleet, Action(hang_seconds=0.5, after_work=True), path="/sp/targetPromotionGroups/targets", nth=1)
    first = fleet.start()
    await fleet.until(lambda: struck(fleet))

    assert await first.stops() == 0

    assert not first.surprises
    assert await fleet.value("SELECT count(*) FROM ledger.actions WHERE state IN ('sending', 'unknown')") == 0
    assert await fleet.value("SELECT count(*) FROM harvester.replica") == 0
    assert await fleet.value("SELECT count(*) FROM ledger.slots WHERE state = 'running'") == 0
    fleet.start()
    await fleet.finish()
    await fleet.demand_agreement()


async def test_a_second_stop_is_at_once(fleet: Fleet) -> None:
    """As if the power had gone; and that loses nothing."""
    fail(fleet, Action(hang_seconds=60, after_work=True), path="/sp/targetPromotionGroups/targets", nth=1)
    first = fleet.start()
    await fleet.until(lambda: struck(fleet))
    first.send(signal.SIGTERM)
    await fleet.until(lambda: said(first.log, "daemon.draining"))

    assert await first.stops() == 128 + signal.SIGTERM

    fleet.deaths = 1
    fleet.start()
    await fleet.finish()
    await fleet.demand_agreement()


async def said(log: Path, words: str) -> bool:
    return words in log.read_text()


async def test_a_death_between_harvest_and_apply_costs_no_second_harvest(fleet: Fleet) -> None:
    """The plan is made and its first call under way: whoever takes the slot next sends that plan."""
    fail(fleet, Action(hang_seconds=60), profile=THROTTLED, path="/sp/targetPromotionGroups/targets", nth=1)
    first = fleet.start()
    await fleet.until(lambda: struck(fleet))
    first.kill()
    fleet.deaths = 1

    fleet.start()
    await fleet.finish()

    await fleet.demand_agreement()
    assert await fleet.value("SELECT count(*) FROM ledger.runs WHERE profile_id = $1", THROTTLED) == 1


async def test_modes_and_pauses_hold_in_every_replica_at_once(fleet: Fleet) -> None:
    """Once the command has returned no call leaves any more; lifted, what is approved is sent by itself."""
    fail(fleet, Action(hang_seconds=0.4), path="/sp/targetPromotionGroups/targets", every=1)
    for _ in range(2):
        fleet.start()
    await fleet.until(lambda: struck(fleet))
    (await fleet.run("mode", "review", "--by", "anna")).succeeded()
    (await fleet.run("pause", "--by", "anna")).succeeded()
    before = changes(fleet)
    fleet.amazon.sandbox.faults.replace(())

    await fleet.until(fleet.all_are_done)

    assert changes(fleet) == before
    shown = (await fleet.run("mode", "--json")).succeeded().json
    assert [(each["mode"], each["by"]) for each in shown["narrowed"]] == [("review", "anna")]
    (await fleet.run("mode", "default", "--by", "anna")).succeeded()
    (await fleet.run("resume", "--by", "anna")).succeeded()
    await fleet.finish()
    await fleet.demand_agreement()


async def test_a_pause_in_the_middle_is_no_failure(fleet: Fleet) -> None:
    """The run is done, and says that nothing is sent and why; nobody is told that a profile stopped."""
    fail(fleet, Action(hang_seconds=4), profile=THROTTLED, path="/sp/keywords/list", nth=2)
    async with open_services(fleet.settings()) as services:  # a command would have to start while the call hangs
        replica = fleet.start()
        await fleet.until(lambda: struck(fleet))
        await services.actions.pause(None, "anna", paused=True)
    await fleet.until(lambda: ended(fleet))

    assert await replica.stops() == 0
    (row,) = await fleet.fetch("SELECT state, reason FROM ledger.slots WHERE profile_id = $1", THROTTLED)
    assert row["state"] == "done"
    assert "everything is paused, by anna" in row["reason"]


async def ended(fleet: Fleet) -> bool:
    """Each plan slot, one way or another."""
    over = "SELECT count(*) FROM ledger.slots WHERE task = 'plan' AND finished_at IS NOT NULL"
    return bool(await fleet.value(over) == FEW.profiles)


async def test_what_hinders_sending_costs_no_second_harvest(fleet: Fleet) -> None:
    """The account cannot be looked at before something is sent: that waits, the run is done, and nothing is read anew."""
    fleet.changes = {"API_PATIENCE": "1"}
    fail(fleet, Action(status=503), profile=THROTTLED, path="/sp/keywords/list", skip=1)
    fleet.start()
    await fleet.until(fleet.all_are_done)

    assert await fleet.value("SELECT count(*) FROM ledger.runs WHERE profile_id = $1", THROTTLED) == 1
    fleet.amazon.sandbox.faults.replace(())
    await fleet.until(lambda: all_is_sent(fleet))
    await fleet.finish()
    await fleet.demand_agreement()
    assert await fleet.value("SELECT count(*) FROM ledger.runs WHERE profile_id = $1", THROTTLED) == 1


async def all_is_sent(fleet: Fleet) -> bool:
    await fleet.fetch(HURRY)
    query = "SELECT count(*) FROM ledger.actions WHERE profile_id = $1 AND state = 'done'"
    return bool(await fleet.value(query, THROTTLED))


async def test_a_narrower_setting_is_never_widened(fleet: Fleet) -> None:
    """`harvester mode auto` on a service that was started in review sends nothing."""
    fleet.changes = {"MODE": "review"}
    (await fleet.run("mode", "auto", "--by", "anna")).succeeded()
    replica = fleet.start()
    await fleet.until(fleet.all_are_done)

    assert await replica.stops() == 0
    assert changes(fleet) == 0


async def test_a_changed_rules_file_is_in_force_and_a_broken_one_is_refused(fleet: Fleet, tmp_path: Path) -> None:
    """Without a restart, in words that say where the mistake is."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES_FILE.read_text())
    replica = fleet.start(RULES_FILE=str(rules))
    await fleet.until(fleet.all_are_done)

    rules.write_text(RULES_FILE.read_text() + "surprise: 1\n")
    await fleet.until(lambda: said(replica.log, "rules.refused"))
    assert "rules.yaml:" in replica.said
    assert "harvester rules check" in replica.said
    await fleet.until(lambda: shows(fleet, "rules_error IS NOT NULL"))
    rules.write_text(RULES_FILE.read_text().replace("at_least: 5", "at_least: 7"))
    await fleet.until(lambda: said(replica.log, "rules.loaded"))
    replica.send(signal.SIGHUP)
    await fleet.until(lambda: shows(fleet, "rules_error IS NULL"))
    assert await replica.stops() == 0


@pytest.mark.parametrize("escape", ["\\ud800", "\\0"])
async def test_no_rules_file_ends_the_service(escape: str, fleet: Fleet, tmp_path: Path) -> None:
    """Its mistake may quote what neither Postgres nor a log takes: it is refused like any other."""
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES_FILE.read_text())
    replica = fleet.start(RULES_FILE=str(rules))
    await fleet.until(lambda: fleet.are_up([replica]))

    rules.write_text(f'version: "{escape}"\n')

    await fleet.until(lambda: shows(fleet, "rules_error IS NOT NULL"))
    assert "rules.refused" in replica.said
    rules.write_text(RULES_FILE.read_text())
    await fleet.until(lambda: shows(fleet, "rules_error IS NULL"))
    assert await replica.stops() == 0


async def shows(fleet: Fleet, condition: str) -> bool:
    return bool(await fleet.fetch(f"SELECT FROM harvester.replica WHERE {condition}"))


async def test_a_throttled_profile_is_set_aside_and_stalls_nobody(fleet: Fleet) -> None:
    """The others are done; it waits with its reason, and is done when Amazon lets it."""
    fleet.changes = {"API_PATIENCE": "1"}
    fail(fleet, Action(status=429), profile=THROTTLED)
    fleet.start()
    await fleet.until(lambda: set_aside(fleet))

    (row,) = await fleet.fetch("SELECT * FROM ledger.slots WHERE profile_id = $1", THROTTLED)
    assert row["state"] == "waiting"
    assert (row["not_before"] - row["started_at"]).total_seconds() > 600
    assert "429" in row["reason"] or "throttled" in row["reason"]
    await fleet.until(lambda: others_are_done(fleet))
    fleet.amazon.sandbox.faults.replace(())
    await fleet.finish()
    await fleet.demand_agreement()


async def set_aside(fleet: Fleet) -> bool:
    return bool(await fleet.fetch("SELECT FROM ledger.slots WHERE not_before > now() + interval '1 minute'"))


async def others_are_done(fleet: Fleet) -> bool:
    return await fleet.done() == FEW.profiles - 1


async def test_a_lost_line_of_the_queue_is_laid_anew(fleet: Fleet) -> None:
    """No silence: the loop begins again, says so, and works."""
    replica = fleet.start()
    await fleet.until(fleet.all_are_done)
    ended = await fleet.fetch(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE application_name = 'harvester queue' AND datname = current_database()"
    )
    assert len(ended) == 1
    await fleet.until(lambda: said(replica.log, "queue.restarted"))

    await fleet.fetch("UPDATE harvester.slot SET due_at = due_at - interval '3 days' WHERE task = 'plan'")
    assert await replica.stops() == 0
    second = fleet.start()
    await fleet.until(lambda: twice(fleet))
    assert await second.stops() == 0


async def twice(fleet: Fleet) -> bool:
    return await fleet.done() == 2 * FEW.profiles


async def test_a_revoked_grant_stops_its_login_and_is_said(fleet: Fleet) -> None:
    """In the slots, in the login's own row, and in the log; nothing is tried again and again."""
    fail(fleet, Action(lwa_error="invalid_grant"), path="/auth/*")
    replica = fleet.start()
    await fleet.until(lambda: closed(fleet))

    (login,) = await fleet.fetch("SELECT * FROM harvester.login")
    assert "authorise the app again" in login["failure"]
    await fleet.until(lambda: said(replica.log, "authorise the app again"))
    assert await replica.stops() == 0


async def closed(fleet: Fleet) -> bool:
    return bool(await fleet.fetch("SELECT FROM harvester.login WHERE closed"))


async def test_every_line_says_who_and_what_for(fleet: Fleet) -> None:
    """JSON, with the replica in all and the profile, the task and the run where there is one."""
    replica = fleet.start()
    await fleet.until(fleet.all_are_done)
    assert await replica.stops() == 0

    lines = [json.loads(line) for line in replica.said.splitlines()]
    assert all(line.get("replica_id") for line in lines)
    done = [line for line in lines if line["event"] == "slot.done" and line["task"] == "plan"]
    assert len(done) == FEW.profiles
    assert all(line["profile_id"] and line["run_id"] for line in done)
    assert await fleet.value("SELECT count(*) FROM ledger.runs WHERE trigger = 'schedule'") == FEW.profiles
    assert not [line for line in lines if line.get("run_id", "") is None]


async def test_the_first_line_and_every_order_tell_an_operator_how_it_is(fleet: Fleet) -> None:
    """How far it goes, by which schedule, where to look; then who paused it or narrowed it, each once."""
    replica = fleet.start(WORKER_SILENCE="1")
    await fleet.until(fleet.all_are_done)
    (await fleet.run("mode", "review", "--by", "anna")).succeeded()
    await fleet.until(lambda: said(replica.log, "mode.narrowed"))
    (await fleet.run("pause", "--by", "bert")).succeeded()
    await fleet.until(lambda: said(replica.log, "sending.paused"))
    assert await replica.stops() == 0
    second = fleet.start()
    await fleet.until(lambda: said(second.log, "sending.paused"))
    assert await second.stops() == 0

    lines = [json.loads(line) for line in replica.said.splitlines()]
    (ready,) = [line for line in lines if line["event"] == "daemon.ready"]
    assert (ready["mode"], ready["schedule"], ready["metrics"]) == ("auto", "30 6 * * *", "off")
    (narrowed,) = [line for line in lines if line["event"] == "mode.narrowed"]
    assert (narrowed["mode"], narrowed["by"], narrowed["whose"]) == ("review", "anna", "all profiles")
    (paused,) = [line for line in lines if line["event"] == "sending.paused"]
    assert (paused["by"], paused["whose"]) == ("bert", "all profiles")


async def test_a_service_without_a_login_does_not_start(fleet: Fleet) -> None:
    """In one sentence that says what to set, with exit code 2; so does a schedule that never comes."""
    without = fleet.command()
    for name in list(without.environment):
        if "ACCOUNTS" in name:
            del without.environment[name]
    result = await asyncio.to_thread(without, "serve")
    assert "no advertising login is set" in result.failed(2).sentence

    result = await asyncio.to_thread(fleet.command(), "serve", SCHEDULE="0 6 30 2 *")
    assert "HARVESTER_SCHEDULE" in result.failed(2).sentence
