# ruff: noqa: F811
"""Kill -9 in the very call that carries category targets: they are found again by their clauses."""

from pathlib import Path

import pytest

from harvester.sandbox.fault_rules import Action
from harvester.sandbox.serving import Running
from tests.crash.agreement import Round
from tests.crash.commands import Office
from tests.crash.conftest import amazon, applying, undoing  # noqa: F401
from tests.crash.faults import Trouble
from tests.crash.stages import Stage, state
from tests.crash.test_killed_brands import at_path

CATEGORY = "ASIN_CATEGORY_SAME_AS"


def categories(amazon: Running) -> list[str]:
    """States of the category targets of the account."""
    return [each["state"] for each in state(amazon)["targets"] if each["expression"][0]["type"] == CATEGORY]


def in_the_call(action: Action) -> Trouble:
    return at_path("/sp/targets", action)


@pytest.mark.parametrize("after_work", [False, True], ids=["call left", "answer under way"])
async def test_killed_while_categories_are_targeted(
    after_work: bool, applying: Stage, amazon: Running, tmp_path: Path
) -> None:
    """Done or not, each stands once, as it was reviewed, in the ledger as in the account."""
    async with Office.opened(applying, amazon, tmp_path) as office:
        before = len(categories(amazon))
        trouble = amazon.sandbox.faults = in_the_call(Action(hang_seconds=60, after_work=after_work))
        started = office.start_apply()
        assert await office.until(lambda: trouble.fired == 1, started)
        (sent,) = [entry for entry in amazon.sandbox.journal._entries if entry.path == "/sp/targets"]
        assert CATEGORY in sent.body.decode()
        await office.kill(started)
        await office.finish(Round(deaths=1))
        assert len(categories(amazon)) == before + sent.body.decode().count(CATEGORY)
        assert set(categories(amazon)) == {"ENABLED"}


async def test_killed_while_categories_are_paused(undoing: Stage, amazon: Running, tmp_path: Path) -> None:
    """The answer never comes: a listing shows that they are."""
    async with Office.opened(undoing, amazon, tmp_path) as office:
        trouble = amazon.sandbox.faults = in_the_call(Action(hang_seconds=60, after_work=True))
        started = office.start_apply()
        assert await office.until(lambda: trouble.fired == 1, started)
        await office.kill(started)
        await office.finish(Round(deaths=1))
        assert "PAUSED" in categories(amazon)
