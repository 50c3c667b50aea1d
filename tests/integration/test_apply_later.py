# ruff: noqa: F811
"""What follows from an apply days later: negatives at the source, cooling down, what was declined, what sold before."""

import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harvester.domain.ids import PlanId
from harvester.domain.profile import Mode
from harvester.rules.ruleset import RuleSet
from harvester.sandbox.edits import Edit, apply_edit
from harvester.sandbox.market import Kind
from harvester.sandbox.serving import Running
from harvester.sandbox.world import World
from harvester.usecases.apply import APPROVAL_HOLDS, OTHER_RULES
from harvester.usecases.undo import ToUndo
from tests.acceptance.records import Ledger
from tests.crash.agreement import Round
from tests.crash.conftest import amazon, applying  # noqa: F401
from tests.crash.faults import rules
from tests.crash.scene import PROFILE, RULES_FILE, Desk, open_desk
from tests.crash.stages import Stage
from tests.integration.by_hand import rules_in

DAY = timedelta(days=1)
NEGATED = {"negate_keyword", "negate_product"}


@asynccontextmanager
async def desk_on(stage: Stage, amazon: Running, mode: Mode = Mode.REVIEW) -> AsyncIterator[tuple[Desk, str]]:
    stage.set_up(amazon)
    async with stage.ledger() as dsn, open_desk(dsn, amazon.url, mode=mode) as desk:
        yield desk, dsn


def evidence(clicks: int, conversions: int) -> tuple[object, ...]:
    """Every recommendation says so."""
    data = json.dumps({"CLICKS": clicks, "CONVERSIONS": conversions})
    value = [{"reason": "HISTORICAL_PERF", "data": data}]
    field = {"field": "recommendationReasons", "value": value}
    return ({"match": {"path": "*/recommendations"}, "action": {"set_field": field}},)


async def _follow_ups(desk: Desk, plan_id: PlanId, dsn: str) -> set[str]:
    """Which promotions the plan's negatives at the source follow."""
    rows = Ledger(dsn).rows("SELECT follows FROM ledger.actions WHERE plan_id = $1 AND follows IS NOT NULL", plan_id)
    return {row["follows"] for row in rows}


async def _judged_otherwise(desk: Desk, plan_id: PlanId) -> set[str]:
    """Keywords that stand as negatives at their source from the start, or that the plan itself would negate there."""
    negated = {item["target"] for item in await desk.items(plan_id) if item["kind"] == "negate_keyword"}
    return {"newborn hospital essentials sale", *negated}


async def test_a_negative_at_the_source_is_due_after_its_delay(applying: Stage, amazon: Running) -> None:
    """13 days: nothing. 15 days: an item of its own for each promoted keyword that still serves, and an undo lifts it first."""
    async with desk_on(applying, amazon) as (desk, dsn):
        await desk.apply(applying.plan_id, applying.fingerprint)
        done = Ledger(dsn).rows(
            "SELECT action_id, amazon_id, target FROM ledger.actions WHERE state = 'done' AND kind = 'promote_keyword'"
        )
        assert await _follow_ups(desk, await desk.later(13 * DAY).plan(), dsn) == set()
        paused, negated = done[0], done[1]
        market, now = amazon.sandbox.world.market(PROFILE), amazon.sandbox.clock.now()
        apply_edit(market, Edit(do="set", kind=Kind.KEYWORD, id=paused["amazon_id"], fields={"state": "PAUSED"}), now)
        source = Ledger(dsn).rows("SELECT * FROM harvester.action WHERE action_id = $1", negated["action_id"])[0]
        place = {"campaignId": source["source_campaign_id"], "adGroupId": source["source_ad_group_id"]}
        words = {"keywordText": negated["target"], "matchType": "NEGATIVE_EXACT"}
        theirs = apply_edit(market, Edit(do="add", kind=Kind.NEGATIVE_KEYWORD, fields={**place, **words}), now)

        then = desk.later(15 * DAY)
        follow_up = await then.plan()
        closed = {paused["target"], negated["target"], *await _judged_otherwise(desk, applying.plan_id)}
        wanted = {row["action_id"] for row in done if row["target"] not in closed}
        assert len(wanted) > 5
        assert await _follow_ups(desk, follow_up, dsn) == wanted
        planned = Ledger(dsn).rows(
            "SELECT action_id, state, note FROM ledger.actions WHERE follows IS NOT NULL ORDER BY position"
        )
        items = [row["action_id"] for row in planned]
        assert [row["note"] for row in planned if row["state"] != "planned"] == [], "what it promoted sold, of course"
        await then.approve(follow_up, action_ids=items, holds=30 * DAY)
        assert (await then.apply(follow_up)).done == len(items)
        assert await _follow_ups(desk, await desk.later(16 * DAY).plan(), dsn) == set()

        undo = await then.undo(ToUndo(plan_id=applying.plan_id))
        assert undo.plan_id is not None
        undone = Ledger(dsn).rows(
            "SELECT kind, position, undoes FROM ledger.actions WHERE plan_id = $1 ORDER BY position", undo.plan_id
        )
        assert set(items) <= {row["undoes"] for row in undone}
        lifts = [row["position"] for row in undone if row["kind"].startswith("archive_")]
        assert max(lifts) < min(row["position"] for row in undone if not row["kind"].startswith("archive_"))
        await then.approve(undo.plan_id, holds=30 * DAY)
        await then.apply(undo.plan_id)
        people = [("keywords", paused["amazon_id"]), ("negativeKeywords", theirs["keywordId"])]
        await applying.demand_agreement(dsn, amazon, Round(people=people))


async def test_a_negative_that_would_block_what_sold_is_held(dsn: str, amazon: Running) -> None:
    """What converted in an earlier run is not negated until a person names it; the rest is planned as ever."""
    async with open_desk(dsn, amazon.url) as desk:
        await desk.services.profiles.save([desk.profile])
        amazon.sandbox.faults.replace(rules(*evidence(3, 1)))
        await desk.plan()
        amazon.sandbox.faults.replace(())
        items = [item for item in await desk.items(await desk.plan()) if item["kind"] in NEGATED]
    blocking = [item for item in items if item["reason"] == "would_block_orders"]
    assert len(blocking) >= 5
    assert {item["state"] for item in blocking} == {"held"}
    assert all("It would block what sold here before" in item["note"] for item in blocking)
    assert {item["reason"] for item in items} <= {"would_block_orders", "conflicting_evidence"}


@pytest.fixture
def cautious(tmp_path: Path) -> RuleSet:
    """The rules of the other tests, with caps that only some items fit under."""
    text = RULES_FILE.read_text().replace("promotions_per_run: 100", "promotions_per_run: 6")
    assert "promotions_per_run: 6" in text
    return rules_in(tmp_path, text)


async def test_auto_takes_what_the_guard_allows(dsn: str, amazon: Running, cautious: RuleSet) -> None:
    """Without a person planned items are sent, in the name of their rule; guarded, held and campaign-making ones never."""
    async with open_desk(dsn, amazon.url, rules=cautious, mode=Mode.AUTO) as desk:
        await desk.services.profiles.save([desk.profile])
        plan_id = await desk.plan()
        before = {item["id"]: item for item in await desk.items(plan_id)}
        applied = await desk.apply(plan_id)
        after = {item["id"]: item for item in await desk.items(plan_id)}
    assert {item["state"] for item in before.values()} == {"planned", "guarded", "held"}
    makes_campaigns = [item for item in before.values() if item["reason"] == "creates_campaigns"]
    assert [item["state"] for item in makes_campaigns] == ["guarded"]
    for item_id, item in before.items():
        if item["state"] != "planned":
            assert after[item_id]["state"] == item["state"]
        else:
            assert after[item_id]["state"] in ("done", "approved")
    done = [item_id for item_id, item in after.items() if item["state"] == "done"]
    assert applied.done == len(done) > 10
    reviewers = Ledger(dsn).rows("SELECT DISTINCT reviewed_by, rule FROM ledger.actions WHERE state = 'done'")
    assert all(row["reviewed_by"] == f"auto:{row['rule']}" for row in reviewers)
    assert {entity["name"] for entity in _campaigns(amazon)} == {
        entity["name"] for entity in _campaigns(amazon, first=True)
    }


async def test_auto_takes_nothing_of_a_plan_that_other_rules_made(dsn: str, amazon: Running, cautious: RuleSet) -> None:
    """The rules were changed after the plan was made: a person decides, or the next run; and it is said."""
    async with open_desk(dsn, amazon.url, rules=cautious, mode=Mode.AUTO) as desk:
        await desk.services.profiles.save([desk.profile])
        plan_id = await desk.plan()
    async with open_desk(dsn, amazon.url, mode=Mode.AUTO) as desk:
        applied = await desk.apply(plan_id)
        after = await desk.items(plan_id)
    assert (applied.done, applied.waiting) == (0, 0)
    planned = sum(item["state"] == "planned" for item in after)
    assert {item["state"] for item in after} == {"planned", "guarded", "held"}
    assert applied.reasons == {("planned", OTHER_RULES): planned}


async def test_what_other_rules_approved_by_themselves_waits_again(
    dsn: str, amazon: Running, cautious: RuleSet
) -> None:
    """Approved by a rule, not sent, and then the rules were changed: nobody answers for it any more, and it says so."""
    async with open_desk(dsn, amazon.url, rules=cautious, mode=Mode.AUTO) as desk:
        await desk.services.profiles.save([desk.profile])
        plan_id = await desk.plan()
        planned = {item["id"]: item["rule"] for item in await desk.items(plan_id) if item["state"] == "planned"}
        now = datetime.now(UTC)
        by_rule = await desk.services.actions.approve_automatically(
            plan_id, set(planned.values()), cautious.fingerprint, now, now + APPROVAL_HOLDS
        )
    async with open_desk(dsn, amazon.url, mode=Mode.REVIEW) as desk:
        applied = await desk.apply(plan_id)
        after = {item["id"]: item for item in await desk.items(plan_id)}
    assert (applied.done, applied.waiting) == (0, 0)
    assert {(after[each]["state"], after[each]["reason"], after[each]["reviewed_by"]) for each in by_rule} == {
        ("planned", "rules_changed", None)
    }
    assert applied.reasons == {("planned", OTHER_RULES): len(by_rule)}


def _campaigns(amazon: Running, *, first: bool = False) -> list[dict[str, str]]:
    world = World(amazon.sandbox.options) if first else amazon.sandbox.world
    return list(world.market(PROFILE).bodies(Kind.CAMPAIGN))


async def _negated_again(desk: Desk, targets: Collection[str]) -> set[str]:
    """Which of the targets a new plan would negate."""
    return {item["target"] for item in await desk.items(await desk.plan()) if item["kind"] in NEGATED} & {*targets}


async def test_what_was_undone_cools_down_and_longer_each_time(applying: Stage, amazon: Running) -> None:
    """14 days after the first undo, 28 after the second, the same is proposed again, and not a day earlier."""
    async with desk_on(applying, amazon) as (desk, dsn):
        await desk.apply(applying.plan_id, applying.fingerprint)
        rows = Ledger(dsn).rows(
            "SELECT action_id, target FROM ledger.actions WHERE state = 'done' AND kind = 'negate_product' ORDER BY 1"
        )
        targets = {row["target"] for row in rows}
        await _undo(desk, [row["action_id"] for row in rows])
        assert await _negated_again(desk.later(13 * DAY), targets) == set()
        later = desk.later(15 * DAY)
        again = await later.plan()
        items = [item["id"] for item in await desk.items(again) if item["target"] in targets]
        assert len(items) == len(targets)
        await later.approve(again, action_ids=items, holds=90 * DAY)
        await later.apply(again)
        await _undo(later, items)
        assert await _negated_again(desk.later((15 + 27) * DAY), targets) == set()
        assert await _negated_again(desk.later((15 + 29) * DAY), targets) == targets
        await applying.demand_agreement(dsn, amazon, Round())


async def _undo(desk: Desk, action_ids: list[str]) -> None:
    undone = await desk.undo(ToUndo(action_ids=action_ids))
    assert undone.plan_id is not None
    await desk.approve(undone.plan_id, holds=90 * DAY)
    assert (await desk.apply(undone.plan_id)).done == len(action_ids)


async def test_what_was_declined_waits_for_twice_the_clicks(dsn: str, amazon: Running) -> None:
    """Declined with 20 clicks it is not proposed at 39, and is at 40."""
    async with open_desk(dsn, amazon.url) as desk:
        await desk.services.profiles.save([desk.profile])
        amazon.sandbox.faults.replace(rules(*evidence(20, 0)))
        first = await desk.plan()
        items = [item for item in await desk.items(first) if item["kind"] in NEGATED and item["state"] == "planned"]
        assert len(items) > 10
        await desk.decline(first, [item["id"] for item in items])
        targets = {item["target"] for item in items}
        amazon.sandbox.faults.replace(rules(*evidence(39, 0)))
        assert await _negated_again(desk, targets) == set()
        amazon.sandbox.faults.replace(rules(*evidence(40, 0)))
        assert await _negated_again(desk, targets) == targets
