# ruff: noqa: F811
"""What nobody knows after an apply, settled by listing; and what people change of ours afterwards."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from harvester.sandbox.edits import Edit, apply_edit
from harvester.sandbox.fault_rules import Action, ItemFault
from harvester.sandbox.market import Kind
from harvester.sandbox.serving import Running
from tests.acceptance.records import Ledger
from tests.crash.agreement import Round
from tests.crash.conftest import amazon, applying  # noqa: F401
from tests.crash.faults import Trouble, rules
from tests.crash.scene import PROFILE, Desk, open_desk
from tests.crash.stages import Stage

TARGETS = "/sp/targetPromotionGroups/targets"
LAG = [{"match": {"path": f"/sp/{kind}/list"}, "action": {"lag_seconds": 60}} for kind in ("keywords", "targets")]
NEVER_ARRIVED = Action(drop="before")
ARRIVED = Action(drop="after")


@asynccontextmanager
async def desk_on(stage: Stage, amazon: Running, wait_seconds: float = 120) -> AsyncIterator[tuple[Desk, str]]:
    """Reconciling waits as long as by default."""
    stage.set_up(amazon)
    async with stage.ledger() as dsn, open_desk(dsn, amazon.url) as desk:
        services = desk.services
        patient = replace(services.reconcile, wait=timedelta(seconds=wait_seconds))
        yield replace(desk, services=replace(services, reconcile=patient)), dsn


async def _apply_with(desk: Desk, stage: Stage, amazon: Running, action: Action) -> int:
    """Every call that puts targets into groups goes wrong; how many items nobody knows of then."""
    amazon.sandbox.faults = Trouble(lambda number, path: action if number and path == TARGETS else None)
    applied = await desk.apply(stage.plan_id, stage.fingerprint)
    amazon.sandbox.faults.replace(())
    assert applied.unknown > 10
    return applied.unknown


def _states(dsn: str, stage: Stage) -> Counter[str]:
    rows = Ledger(dsn).rows("SELECT state FROM ledger.actions WHERE plan_id = $1", stage.plan_id)
    return Counter(row["state"] for row in rows)


async def test_too_early_nothing_is_said_to_have_never_arrived(applying: Stage, amazon: Running) -> None:
    """Within the wait an item that no listing shows stays unknown; after it, it may be sent again, once."""
    async with desk_on(applying, amazon) as (desk, dsn):
        unknown = await _apply_with(desk, applying, amazon, NEVER_ARRIVED)
        settled = await desk.reconcile()
        assert (settled.arrived, settled.never_arrived, settled.too_early) == (0, 0, unknown)
        assert (await desk.apply(applying.plan_id, applying.fingerprint)).done == 0
        settled = await desk.later(timedelta(seconds=125)).reconcile()
        assert (settled.arrived, settled.never_arrived, settled.too_early) == (0, unknown, 0)
        assert (await desk.apply(applying.plan_id, applying.fingerprint)).done == unknown
        await applying.demand_agreement(dsn, amazon, Round())


async def test_what_arrived_needs_no_wait(applying: Stage, amazon: Running) -> None:
    """An item that a listing shows is done at once, with the id it has there."""
    async with desk_on(applying, amazon) as (desk, dsn):
        unknown = await _apply_with(desk, applying, amazon, ARRIVED)
        settled = await desk.reconcile()
        assert (settled.arrived, settled.never_arrived, settled.too_early) == (unknown, 0, 0)
        await applying.demand_agreement(dsn, amazon, Round())


async def test_what_never_arrived_and_expired_is_stale(applying: Stage, amazon: Running) -> None:
    """An approval that ran out meanwhile is not taken for one that holds."""
    async with desk_on(applying, amazon) as (desk, dsn):
        unknown = await _apply_with(desk, applying, amazon, NEVER_ARRIVED)
        assert (await desk.later(timedelta(hours=73)).reconcile()).never_arrived == unknown
        assert _states(dsn, applying)["stale"] == unknown
        assert (await desk.apply(applying.plan_id, applying.fingerprint)).done == 0
        await applying.demand_agreement(dsn, amazon, Round())


async def test_a_listing_that_lags_is_waited_for(applying: Stage, amazon: Running) -> None:
    """What Amazon has done and does not show yet stays unknown as long as the wait, and is found then."""
    async with desk_on(applying, amazon) as (desk, dsn):
        unknown = await _apply_with(desk, applying, amazon, ARRIVED)
        amazon.sandbox.faults.replace(rules(*LAG))
        assert (await desk.reconcile()).too_early == unknown
        amazon.sandbox.clock.advance(61)
        assert (await desk.later(timedelta(seconds=61)).reconcile()).arrived == unknown
        await applying.demand_agreement(dsn, amazon, Round())


async def test_a_listing_that_lags_longer_than_the_wait_still_doubles_nothing(applying: Stage, amazon: Running) -> None:
    """Sent again too early, Amazon refuses the double; a listing then gives the one that is there its id."""
    async with desk_on(applying, amazon, wait_seconds=0) as (desk, dsn):
        unknown = await _apply_with(desk, applying, amazon, ARRIVED)
        amazon.sandbox.faults.replace(rules(*LAG))
        assert (await desk.reconcile()).never_arrived == unknown
        applied = await desk.apply(applying.plan_id, applying.fingerprint)
        assert applied.unknown == unknown
        settled = await desk.reconcile()
        assert len(settled.open) == unknown
        assert _states(dsn, applying)["unknown"] == unknown
        assert (await desk.apply(applying.plan_id, applying.fingerprint)).done == 0
        amazon.sandbox.faults.replace(())
        assert (await desk.reconcile()).arrived == unknown
        await applying.demand_agreement(dsn, amazon, Round(again=True))


@pytest.mark.parametrize("done", [False, True], ids=["not done", "done all the same"])
async def test_items_that_an_answer_leaves_out_are_looked_for(done: bool, applying: Stage, amazon: Running) -> None:
    """An index in neither list is unknown, and a listing says which of them arrived."""
    async with desk_on(applying, amazon, wait_seconds=0) as (desk, dsn):
        action = Action(items=ItemFault(answer="missing", every=2, done=done))
        amazon.sandbox.faults = Trouble(lambda number, _path: action if number else None)
        applied = await desk.apply(applying.plan_id, applying.fingerprint)
        amazon.sandbox.faults.replace(())
        assert applied.unknown > 10
        settled = await desk.reconcile()
        assert (settled.arrived, settled.never_arrived) == ((applied.unknown, 0) if done else (0, applied.unknown))
        again = await desk.apply(applying.plan_id, applying.fingerprint)
        assert again.done == (0 if done else applied.unknown)
        await applying.demand_agreement(dsn, amazon, Round())


async def test_drift_finds_what_people_changed(applying: Stage, amazon: Running) -> None:
    """Removed, paused and edited, each by its item; everything else is as it was left."""
    async with desk_on(applying, amazon) as (desk, dsn):
        await desk.apply(applying.plan_id, applying.fingerprint)
        assert await desk.services.drift(desk.profile, desk.reader) == []
        rows = Ledger(dsn).rows("SELECT * FROM ledger.actions WHERE state = 'done' ORDER BY position")
        keywords = [row for row in rows if row["kind"] == "promote_keyword"]
        negative = next(row for row in rows if row["kind"] == "negate_keyword" and row["level"] == "ad_group")
        group = next(row for row in rows if row["kind"] == "create_group")
        market, now = amazon.sandbox.world.market(PROFILE), amazon.sandbox.clock.now()
        edits = {
            keywords[0]["action_id"]: Edit(do="archive", kind=Kind.KEYWORD, id=keywords[0]["amazon_id"]),
            keywords[1]["action_id"]: Edit(
                do="set", kind=Kind.KEYWORD, id=keywords[1]["amazon_id"], fields={"state": "PAUSED"}
            ),
            keywords[2]["action_id"]: Edit(
                do="set", kind=Kind.KEYWORD, id=keywords[2]["amazon_id"], fields={"bid": 0.31}
            ),
            negative["action_id"]: Edit(do="archive", kind=Kind.NEGATIVE_KEYWORD, id=negative["amazon_id"]),
            group["action_id"]: Edit(do="set", kind=Kind.GROUP, id=group["amazon_id"], fields={"state": "ARCHIVED"}),
        }
        for edit in edits.values():
            apply_edit(market, edit, now)
        found = {each.action.action_id: each.what for each in await desk.services.drift(desk.profile, desk.reader)}
        assert found == dict(zip(edits, ["removed", "paused", "edited", "removed", "removed"], strict=True))
