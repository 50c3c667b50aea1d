"""The line to Postgres is cut at every message of an apply, for good or for a moment: nothing is lost or doubled."""

import os
from weakref import WeakKeyDictionary

import pytest

from harvester.domain.errors import HarvesterError
from harvester.sandbox.serving import Running
from tests.crash.agreement import Round
from tests.crash.cable import Cable, Cut
from tests.crash.scene import open_desk
from tests.crash.stages import Stage

PARTS = 12
"""Of the points of a stage; each is a test: short ones spread better over the cores."""
FEWEST = {"applying": 120, "undoing": 60}
"""Points of a stage, all parts together."""
EVERY = int(os.environ.get("CRASH_EVERY", "6"))
"""Between commits, every so many messages; 1: all of them, and every commit in all ways on every stage."""
Point = tuple[int, Cut, bool]
WAYS = [(how, lasting) for how in Cut for lasting in (True, False)]

_found: "WeakKeyDictionary[Stage, list[Point]]" = WeakKeyDictionary()
"""Looked for once by each worker."""


async def _points(stage: Stage, amazon: Running, *, all_ways: bool) -> list[Point]:
    """Around every commit in all ways, or in two of the four by turns; in between in one of them by turns."""
    stage.set_up(amazon)
    async with stage.ledger() as dsn, Cable.laid(dsn) as cable, open_desk(cable.dsn, amazon.url) as desk:
        cable.count()
        await desk.apply(stage.plan_id, stage.fingerprint)
        said, commits = cable.said, set(cable.commits)
        await stage.demand_agreement(dsn, amazon, Round(), verify=False)
    around = [
        (number, *way)
        for turn, number in enumerate(sorted(commits))
        for place, way in enumerate(WAYS)
        if all_ways or place in (turn % 2, 3 - turn % 2)
    ]
    between = [number for number in range(1, said + 1) if number not in commits][::EVERY]
    return around + [(number, *WAYS[turn % len(WAYS)]) for turn, number in enumerate(between)]


async def survive(stage: Stage, amazon: Running, point: Point) -> None:
    at, how, lasting = point
    stage.set_up(amazon)
    async with stage.ledger() as dsn:
        async with Cable.laid(dsn) as cable:
            patience_seconds = 0.0 if lasting else 5.0
            async with open_desk(cable.dsn, amazon.url, patience_seconds=patience_seconds) as desk:
                cable.arm(at, how, lasting=lasting)
                try:
                    await desk.apply(stage.plan_id, stage.fingerprint)
                except HarvesterError:
                    assert cable.fired
        await stage.finish(dsn, amazon)
        await stage.demand_agreement(dsn, amazon, Round(deaths=1), verify=False)


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.parametrize("stage_name", ["applying", "undoing"])
async def test_a_cut_line_to_postgres_loses_nothing(
    stage_name: str, part: int, amazon: Running, request: pytest.FixtureRequest
) -> None:
    """Wherever the line breaks, the ledger equals the account once a person has gone on."""
    stage: Stage = request.getfixturevalue(stage_name)
    if stage not in _found:
        _found[stage] = await _points(stage, amazon, all_ways=EVERY == 1 or stage_name == "applying")
    found = _found[stage]
    assert len(found) >= FEWEST[stage_name]
    for point in found[part::PARTS]:
        try:
            await survive(stage, amazon, point)
        except BaseException as error:
            error.add_note(f"cut at {point}")
            raise
