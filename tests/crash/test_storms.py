"""Rounds in which everything goes wrong at once, out of a seed; a few of them always, thousands on demand."""

import os

import pytest

from harvester.sandbox.serving import Running
from tests.crash.stages import Stage
from tests.crash.storms import Storm

ALWAYS = range(0, 60, 15)
ROUNDS = int(os.environ.get("SOAK_ROUNDS", "2000"))
FIRST = int(os.environ.get("SOAK_SEED", "1000"))


async def blow(seed: int, applying: Stage, undoing: Stage, amazon: Running) -> None:
    try:
        await Storm(seed).blow({"applying": applying, "undoing": undoing}, amazon)
    except BaseException as error:
        error.add_note(f"again: SOAK_SEED={seed} SOAK_ROUNDS=1 make soak ARGS=tests/crash")
        raise


@pytest.mark.parametrize("first", ALWAYS)
async def test_a_storm_passes(first: int, applying: Stage, undoing: Stage, amazon: Running) -> None:
    """Broken lines, lost answers, mixed answers and stops, in any order: the ledger equals the account afterwards."""
    for seed in range(first, first + ALWAYS.step):
        await blow(seed, applying, undoing, amazon)


@pytest.mark.soak
async def test_storms_pass(applying: Stage, undoing: Stage, amazon: Running) -> None:
    """The same, for as many seeds as asked for; the one that fails is named with the command that replays it."""
    for seed in range(FIRST, FIRST + ROUNDS):
        await blow(seed, applying, undoing, amazon)
