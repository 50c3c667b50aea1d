"""Every call of an apply goes wrong in every way: what arrived is done, what did not is sent again, and nothing twice."""

import asyncio
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import pytest

from harvester.domain.errors import HarvesterError
from harvester.sandbox.serving import Running
from harvester.usecases.apply import Applied
from tests.crash.agreement import CHANGES, Round
from tests.crash.cable import Cable
from tests.crash.commands import A_MOMENT_SECONDS
from tests.crash.faults import rules
from tests.crash.scene import open_desk
from tests.crash.stages import Stage

PARTS = 9
"""Of the points of a stage; each is a test: short ones spread better over the cores."""
FEWEST = {"applying": 120, "undoing": 50}
"""Points of a stage, all parts together."""
Fault = dict[str, Any]

FAULTS: dict[str, Fault] = {
    "connection reset before the work": {"drop": "before"},
    "connection reset after the work": {"drop": "after"},
    "half an answer": {"cut": 0.5},
    "500 before the work": {"status": 500},
    "500 after the work": {"status": 500, "after_work": True},
    "503 as a page after the work": {"status": 503, "form": "html", "after_work": True},
    "502 without a word": {"status": 502, "form": "empty"},
    "429": {"status": 429},
    "401": {"expire_tokens": True},
    "401 twice": {"status": 401},
    "408": {"status": 408, "after_work": True},
    "400 for the whole call": {"status": 400},
}
DEATHS: dict[str, Fault] = {
    "dies while Amazon has not begun": {"hang_seconds": 0.03},
    "dies while Amazon has done it": {"hang_seconds": 0.03, "after_work": True},
}
STOPS: dict[str, Fault] = {"stopped in the middle of a call": {"delay_seconds": 0.03}}


_found: "WeakKeyDictionary[Stage, list[tuple[int, str]]]" = WeakKeyDictionary()
"""Looked for once by each worker."""


async def _points(stage: Stage, amazon: Running, *, all_ways: bool) -> list[tuple[int, str]]:
    """Every call that changes the account in all ways, or in half of them by turns; all others in one by turns."""
    stage.set_up(amazon)
    before = amazon.sandbox.journal.total
    async with stage.ledger() as dsn, open_desk(dsn, amazon.url) as desk:
        await desk.apply(stage.plan_id, stage.fingerprint)
    seen = amazon.sandbox.journal.select(before, {})
    ways = [*FAULTS, *DEATHS, *STOPS]
    found = []
    for number, request in enumerate(seen, 1):
        changing = ways if all_ways else ways[number % 2 :: 2]
        mine = changing if request["path"] in CHANGES else [ways[number % len(ways)]]
        found += [(number, way) for way in mine]
    return found


async def survive(stage: Stage, amazon: Running, number: int, way: str) -> None:
    stage.set_up(amazon)
    fault = {**FAULTS, **DEATHS, **STOPS}[way]
    amazon.sandbox.faults.replace(rules({"match": {"nth": number}, "action": fault}))
    async with stage.ledger() as dsn:
        if way in DEATHS:
            await _die(stage, amazon, dsn)
        elif way in STOPS:
            await _stop(stage, amazon, dsn)
        else:
            await _live(stage, amazon, dsn)
        assert amazon.sandbox.faults.rules[0].fired == 1
        await stage.finish(dsn, amazon)
        await stage.demand_agreement(dsn, amazon, Round(deaths=1 if way in DEATHS else 0), verify=False)


async def _live(stage: Stage, amazon: Running, dsn: str) -> None:
    async with open_desk(dsn, amazon.url) as desk:
        try:
            await desk.apply(stage.plan_id, stage.fingerprint)
        except HarvesterError as error:
            assert str(error)


async def _die(stage: Stage, amazon: Running, dsn: str) -> None:
    """Nothing of the process reaches Postgres any more once its call has left."""
    async with Cable.laid(dsn) as cable, open_desk(cable.dsn, amazon.url, patience_seconds=0) as desk:
        work = asyncio.create_task(desk.apply(stage.plan_id, stage.fingerprint))
        await _until(lambda: amazon.sandbox.faults.rules[0].fired == 1, work)
        cable.cut_all()
        with pytest.raises(HarvesterError):
            await work


async def _stop(stage: Stage, amazon: Running, dsn: str) -> None:
    async with open_desk(dsn, amazon.url) as desk:
        work = asyncio.create_task(desk.apply(stage.plan_id, stage.fingerprint))
        await _until(lambda: amazon.sandbox.faults.rules[0].fired == 1, work)
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work


async def _until(reached: Callable[[], bool], work: "asyncio.Task[Applied]") -> None:
    while not reached():
        ended, _ = await asyncio.wait([work], timeout=A_MOMENT_SECONDS)
        assert not ended, "the work ended before it was put to the test"


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("stage_name", ["applying", "undoing"])
async def test_a_call_that_goes_wrong_is_settled(
    stage_name: str, part: int, amazon: Running, request: pytest.FixtureRequest
) -> None:
    """Whatever becomes of a call, the ledger equals the account once a person has gone on."""
    stage: Stage = request.getfixturevalue(stage_name)
    if stage not in _found:
        _found[stage] = await _points(stage, amazon, all_ways=stage_name == "applying")
    found = _found[stage]
    assert len(found) >= FEWEST[stage_name]
    for number, way in found[part::PARTS]:
        try:
            await survive(stage, amazon, number, way)
        except BaseException as error:
            error.add_note(f"call {number}: {way}")
            raise
