"""The real `harvester apply`, killed at any moment, stopped, raced and paused: the ledger equals the account."""

import asyncio
import json
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from harvester.adapters.embedded_postgres import EmbeddedPostgres
from harvester.adapters.postgres.migrate import migrate
from harvester.sandbox.edits import Edit
from harvester.sandbox.fault_rules import Action
from harvester.sandbox.market import Kind
from harvester.sandbox.serving import Running
from tests.conftest import Databases
from tests.crash.agreement import Round
from tests.crash.cable import Cable, Cut
from tests.crash.commands import Office
from tests.crash.faults import Trouble, at_change, rules
from tests.crash.scene import PROFILE
from tests.crash.stages import Stage, built, state

INTENT = b"attempts = attempts + 1"
OUTCOME = b"AS outcome (action_id, state"
SLOW = {"match": {}, "action": {"delay_seconds": 0.01}}
SEEDS = 14
_SOAK_FIRST, _SOAK_ROUNDS = int(os.environ.get("SOAK_SEED", "1000")), int(os.environ.get("SOAK_ROUNDS", "2000"))
SOAKED = range(_SOAK_FIRST, _SOAK_FIRST + _SOAK_ROUNDS, 20)


def stage_of(request: pytest.FixtureRequest, name: str) -> Stage:
    found: Stage = request.getfixturevalue(name)
    return found


@pytest.mark.parametrize("seed", range(SEEDS))
async def test_killed_at_any_moment(
    seed: int, applying: Stage, undoing: Stage, amazon: Running, tmp_path: Path
) -> None:
    """Kill -9 at a random call and a random moment after it, up to three times over."""
    await _kill_at_random(seed, [applying, undoing], amazon, tmp_path)


@pytest.mark.soak
async def test_killed_at_any_moment_many_times(
    applying: Stage, undoing: Stage, amazon: Running, tmp_path: Path
) -> None:
    """The same for one in twenty of the soak's seeds; the one that fails is named with the command that replays it."""
    for seed in SOAKED:
        try:
            folder = tmp_path / f"{seed}"
            folder.mkdir()
            await _kill_at_random(seed, [applying, undoing], amazon, folder)
        except BaseException as error:
            error.add_note(f"again: SOAK_SEED={seed} SOAK_ROUNDS=1 make soak ARGS=tests/crash/test_killed.py")
            raise


async def _kill_at_random(seed: int, stages: list[Stage], amazon: Running, folder: Path) -> None:
    dice = random.Random(seed)
    async with Office.opened(dice.choice(stages), amazon, folder) as office:
        amazon.sandbox.faults.replace(rules(SLOW))
        deaths = 0
        for _ in range(dice.choice([1, 1, 1, 2, 3])):
            started = office.start_apply()
            if not await office.has_seen(dice.randint(1, 20), started):
                break
            await office.run_on(started, dice.uniform(0, 0.02))
            await office.kill(started)
            deaths += 1
        await office.finish(Round(deaths=deaths))


@pytest.mark.parametrize("stage_name", ["applying", "undoing"])
@pytest.mark.parametrize(
    ("what", "how", "states"),
    [
        (INTENT, Cut.BEFORE, set()),
        (INTENT, Cut.AFTER, {"sending"}),
        (OUTCOME, Cut.BEFORE, {"sending"}),
        (OUTCOME, Cut.AFTER, {"done"}),
    ],
    ids=["before the intent", "after the intent", "before the outcome", "after the outcome"],
)
async def test_killed_around_a_commit(
    what: bytes,
    how: Cut,
    states: set[str],
    stage_name: str,
    amazon: Running,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:
    """Kill -9 while the COMMIT of an intent or an outcome is on its way, or its answer."""
    nth = 4
    async with Office.opened(stage_of(request, stage_name), amazon, tmp_path) as office:
        before = office.changes
        async with Cable.laid(office.dsn) as cable:
            cable.hold(what, nth, how)
            started = office.start_apply(cable.dsn)
            assert await office.until(lambda: cable.fired, started)
            await office.kill(started)
        assert {state for state, call in await _states(office) if call == nth} == states
        sent = office.changes - before
        assert sent < nth if what is INTENT else sent >= nth
        await office.finish(Round(deaths=1))


async def _states(office: Office) -> list[tuple[str, int]]:
    """State of each item, and the how manieth announced call of the plan carried it last."""
    connection = await asyncpg.connect(office.dsn)
    try:
        rows = await connection.fetch(
            "SELECT state, dense_rank() OVER (ORDER BY call_number) FROM harvester.action "
            "WHERE plan_id = $1 AND call_number IS NOT NULL",
            office.stage.plan_id,
        )
    finally:
        await connection.close()
    return [(row[0], row[1]) for row in rows]


@pytest.mark.parametrize("stage_name", ["applying", "undoing"])
@pytest.mark.parametrize("after_work", [False, True], ids=["call left", "answer under way"])
@pytest.mark.parametrize("nth", [1, 3, 6])
async def test_killed_in_the_middle_of_a_call(
    nth: int, after_work: bool, stage_name: str, amazon: Running, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """Kill -9 once the call has left: done or not, it is found out by listing, and nothing is done twice."""
    async with Office.opened(stage_of(request, stage_name), amazon, tmp_path) as office:
        trouble = amazon.sandbox.faults = at_change(nth, Action(hang_seconds=60, after_work=after_work))
        before = office.changes
        started = office.start_apply()
        assert await office.until(lambda: trouble.fired == 1, started)
        assert office.changes == before + nth
        await office.kill(started)
        await office.finish(Round(deaths=1))


async def test_a_stopped_process_that_wakes_up_is_told_that_it_is_late(
    applying: Stage, amazon: Running, tmp_path: Path
) -> None:
    """SIGSTOP in the middle of a call, Postgres gives its lease away, another one goes on, SIGCONT: nothing is doubled."""
    async with Office.opened(applying, amazon, tmp_path) as office:
        trouble = amazon.sandbox.faults = at_change(3, Action(hang_seconds=0.1, after_work=True))
        async with Cable.laid(office.dsn) as cable:
            sleeper = office.start_apply(cable.dsn)
            assert await office.until(lambda: trouble.fired == 1, sleeper)
            office.stop(sleeper)
            cable.drop_all()
            await applying.finish(office.dsn, amazon)
            changes = office.changes
            office.go_on(sleeper)
            result = await office.end(sleeper)
        result.failed()
        assert office.changes == changes
        await office.finish(Round(deaths=1))


@pytest.mark.parametrize("stage_name", ["applying", "undoing"])
@pytest.mark.parametrize("at", [3, 40, 90])
async def test_a_postgres_that_goes_away_and_comes_back(
    at: int, stage_name: str, amazon: Running, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """All lines break in the middle of an apply, and can be opened again."""
    async with Office.opened(stage_of(request, stage_name), amazon, tmp_path) as office:
        async with Cable.laid(office.dsn) as cable:
            started = office.start_apply(cable.dsn)
            assert await office.until(lambda: cable.said >= at, started)
            cable.drop_all()
            result = await office.end(started)
        assert result.code in (0, 1), result
        assert "Traceback" not in result.err
        await office.finish(Round())


async def test_two_at_once(applying: Stage, amazon: Running, tmp_path: Path) -> None:
    """Of two that apply the same plan one works; the other says so, or finds nothing left."""
    async with Office.opened(applying, amazon, tmp_path) as office:
        amazon.sandbox.faults.replace(rules(SLOW))
        both = [office.start_apply(), office.start_apply()]
        results = [await office.end(started) for started in both]
        assert min(result.code for result in results) == 0
        for result in results:
            assert result.code == 0 or "is being worked on by another process" in result.err
        await applying.demand_agreement(office.dsn, amazon, Round())


@pytest.mark.parametrize("beside", [("undo", "p1"), ("plan",), ("reconcile",)], ids=["undo", "plan", "reconcile"])
async def test_beside_another_command(
    beside: tuple[str, ...], applying: Stage, amazon: Running, tmp_path: Path
) -> None:
    """What works on the same profile waits its turn or says that it is taken; the apply goes on."""
    async with Office.opened(applying, amazon, tmp_path) as office:
        amazon.sandbox.faults.replace(rules(SLOW))
        started = office.start_apply()
        assert await office.until(lambda: office.changes >= 1, started)
        other = await office.run(*beside, "--json")
        assert "is being worked on by another process" in other.out + other.err or other.code == 0
        (await office.end(started)).succeeded()
        await applying.demand_agreement(office.dsn, amazon, Round())


async def test_the_kill_switch_stops_what_is_under_way(applying: Stage, amazon: Running, tmp_path: Path) -> None:
    """Once `pause` has returned no call leaves any more; the one under way is recorded."""
    async with Office.opened(applying, amazon, tmp_path) as office:
        trouble = amazon.sandbox.faults = at_change(3, Action(hang_seconds=0.2))
        started = office.start_apply()
        assert await office.until(lambda: trouble.fired == 1, started)
        office.stop(started)
        (await office.run("pause", "--by", "anna")).succeeded()
        office.go_on(started)
        result = await office.end(started)
        assert "paused, by anna" in result.failed().out + result.err
        assert office.changes == 3
        (await office.run("apply", applying.plan_id, "--fingerprint", applying.fingerprint)).failed()
        assert office.changes == 3
        (await office.run("resume", "--by", "anna")).succeeded()
        await office.finish(Round())


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_call_under_way_and_stops(
    sign: signal.Signals, applying: Stage, amazon: Running, tmp_path: Path
) -> None:
    """The call under way gets its answer and its record; then the process ends, soon, and no other call leaves."""
    async with Office.opened(applying, amazon, tmp_path) as office:
        trouble = amazon.sandbox.faults = at_change(4, Action(hang_seconds=0.3, after_work=True))
        started = office.start_apply()
        assert await office.until(lambda: trouble.fired == 1, started)
        started.process.send_signal(sign)
        result = await office.end(started)
        assert result.code == 128 + sign
        assert "Traceback" not in result.err
        assert office.changes == 4
        assert {state for state, call in await _states(office) if call <= 4} == {"done"}
        await office.finish(Round())


async def test_a_person_edits_meanwhile(applying: Stage, amazon: Running, tmp_path: Path) -> None:
    """Somebody makes the very keyword right before our call: it is theirs, found by listing, and there once."""
    async with Office.opened(applying, amazon, tmp_path) as office:
        target = await _a_keyword(office)
        edit = Edit(do="add", kind=Kind.KEYWORD, profile=PROFILE, fields=target)
        path = "/sp/targetPromotionGroups/targets"
        trouble = amazon.sandbox.faults = Trouble(
            lambda number, seen: Action(edit=edit) if number and seen == path and not trouble.fired else None
        )
        result = await office.end(office.start_apply())
        assert result.failed().json["unknown"] == 1
        (await office.run("reconcile")).succeeded()
        made = [each["keywordId"] for each in state(amazon)["keywords"] if each["keywordText"] == target["keywordText"]]
        await office.finish(Round(people=[("keywords", amazon_id) for amazon_id in made], again=True))


async def _a_keyword(office: Office) -> dict[str, Any]:
    """One that the plan will make in the first group."""
    fragments = [json.loads(fragment) for fragment in office.stage.approved.values()]
    wanted = next(each for each in fragments if each.get("target") == "newborn hospital essentials")
    ad_group = next(
        each for each in state(office.amazon)["adGroups"] if each["name"] == "Newborn hospital essentials keywords"
    )
    place = {name: ad_group[name] for name in ("campaignId", "adGroupId")}
    return {**place, "keywordText": wanted["target"].upper(), "matchType": "EXACT", "bid": 0.5}


async def test_postgres_restarts_in_the_middle(amazon: Running, tmp_path: Path) -> None:
    """A server that is really stopped and started while a call is under way: the apply, or the next one, ends it whole."""
    server = EmbeddedPostgres(tmp_path / "postgres", durable=False)
    try:
        dsn = await asyncio.to_thread(server.join)
        folder = tmp_path / "at"
        folder.mkdir()
        async with _its_stage(dsn) as stage, Office.opened(stage, amazon, folder) as office:
            trouble = amazon.sandbox.faults = at_change(3, Action(hang_seconds=0.3, after_work=True))
            started = office.start_apply()
            assert await office.until(lambda: trouble.fired == 1, started)
            stage.databases.hang_up()
            await asyncio.to_thread(server.leave)
            assert await asyncio.to_thread(server.join) == dsn
            result = await office.end(started)
            assert result.code in (0, 1), result
            assert "Traceback" not in result.err, result
            await office.finish(Round(deaths=1))
    finally:
        server.leave()


@asynccontextmanager
async def _its_stage(dsn: str) -> AsyncIterator[Stage]:
    """On a server that holds nothing yet."""
    with Databases.of(dsn) as databases, databases.made("restarted") as restarted:
        await migrate(restarted)
        with built(databases, "restarted") as stage:
            yield stage
