# ruff: noqa: F811
"""Kill -9 in the very calls that carry brands: they share them with products, and are found again by their id."""

from pathlib import Path

import pytest

from harvester.sandbox.fault_rules import Action
from harvester.sandbox.serving import Running
from tests.crash.agreement import Round
from tests.crash.commands import Office
from tests.crash.conftest import amazon, applying, undoing  # noqa: F401
from tests.crash.faults import Trouble
from tests.crash.stages import Stage, state

BRAND = "ASIN_BRAND_SAME_AS"


def at_path(path: str, action: Action) -> Trouble:
    """The first changing call of this path."""
    trouble = Trouble(lambda number, seen: action if number and seen == path and not trouble.fired else None)
    return trouble


@pytest.mark.parametrize("path", ["/sp/negativeTargets", "/sp/campaignNegativeTargets"])
@pytest.mark.parametrize("after_work", [False, True], ids=["call left", "answer under way"])
async def test_killed_while_brands_are_sent(
    after_work: bool, path: str, applying: Stage, amazon: Running, tmp_path: Path
) -> None:
    """Done or not, each brand ends negative once, at its place, in the ledger as in the account."""
    async with Office.opened(applying, amazon, tmp_path) as office:
        trouble = amazon.sandbox.faults = at_path(path, Action(hang_seconds=60, after_work=after_work))
        started = office.start_apply()
        assert await office.until(lambda: trouble.fired == 1, started)
        (sent,) = [entry for entry in amazon.sandbox.journal._entries if entry.path == path]
        assert BRAND in sent.body.decode()
        await office.kill(started)
        await office.finish(Round(deaths=1))
        made = [each for each in state(amazon)[path.removeprefix("/sp/")] if each["expression"][0]["type"] == BRAND]
        assert made
        assert {each["state"] for each in made} == {"ENABLED"}


@pytest.mark.parametrize("path", ["/sp/negativeTargets/delete", "/sp/campaignNegativeTargets/delete"])
async def test_killed_while_brands_are_lifted(path: str, undoing: Stage, amazon: Running, tmp_path: Path) -> None:
    """The answer never comes: a listing shows that they are gone."""
    async with Office.opened(undoing, amazon, tmp_path) as office:
        trouble = amazon.sandbox.faults = at_path(path, Action(hang_seconds=60, after_work=True))
        started = office.start_apply()
        assert await office.until(lambda: trouble.fired == 1, started)
        await office.kill(started)
        await office.finish(Round(deaths=1))
        kind = path.removeprefix("/sp/").removesuffix("/delete")
        gone = [each for each in state(amazon)[kind] if each["expression"][0]["type"] == BRAND]
        assert gone
        assert {each["state"] for each in gone} == {"ARCHIVED"}
