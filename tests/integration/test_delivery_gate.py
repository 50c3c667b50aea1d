# ruff: noqa: F811
"""A negative at the source that waits for impressions: from the rules file to the plan that has it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from harvester.domain.ids import PlanId
from harvester.sandbox.market import Kind
from harvester.sandbox.serving import Running
from tests.crash.conftest import amazon  # noqa: F401
from tests.crash.scene import PROFILE, Desk, open_desk
from tests.integration.by_hand import edit, rules_in
from tests.integration.postgres.reported import days, read_days, targeting
from tests.integration.test_upkeep import DAY, NEWBORN

RULES = f"""
version: 1
rules:
  - name: promote
    match: {{target_type: keyword, campaigns: ["{NEWBORN}"]}}
    when: {{all: [{{clicks: {{at_least: 10}}}}, {{conversions: {{at_least: 2}}}}]}}
    then: {{promote: {{}}, negate_at_source: {{after: {{days: 14, impressions: 1}}}}}}
"""


async def promoted(desk: Desk) -> tuple[PlanId, list[Mapping[str, Any]]]:
    """A plan, and its promotions that are done, with exact match."""
    await desk.services.profiles.save([desk.profile])
    plan_id = await desk.plan()
    await desk.approve(plan_id)
    await desk.apply(plan_id)
    return plan_id, [each for each in await desk.items(plan_id) if each["state"] == "done" and each["match"] == "exact"]


async def test_a_negative_at_the_source_waits_for_impressions(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """After its days it still waits, and says for what; of the targets that the report shows, the negatives come."""
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        plan_id, done = await promoted(desk)
        assert len(done) > 1
        later = desk.later(15 * DAY)
        assert await desk.items(await later.plan()) == []

        today = datetime.now(UTC).date()
        sql = await asyncpg.connect(dsn)
        await read_days(sql, "targeting", days(today - timedelta(days=1), 15), profile_id=PROFILE)
        await targeting(sql, done[0]["amazon_id"], today, profile_id=PROFILE)
        await sql.close()
        follow = await desk.items(await later.plan())
        assert [each["key"] for each in follow] == [done[0]["key"]]
        assert [(each["state"], each["reason"]) for each in follow] == [("planned", "")]
        assert "(shown once or more, by the targeting report)" in follow[0]["note"]
        said = {each["id"]: each["waits"] for each in await desk.items(plan_id)}
        assert said[done[0]["id"]] is None
        assert said[done[1]["id"]].startswith("waits: 0 of 1 impression by ")


@pytest.mark.parametrize("after", ["{days: 14, impressions: 1}", "{days: 14}"])
async def test_a_source_kept_open_says_why(dsn: str, amazon: Running, tmp_path: Path, after: str) -> None:
    """A target that is archived ends the wait for good; one that is paused only while it is."""
    rules = rules_in(tmp_path, RULES.replace("{days: 14, impressions: 1}", after))
    async with open_desk(dsn, amazon.url, rules=rules) as desk:
        plan_id, done = await promoted(desk)
        gone, paused = done[:2]
        edit(amazon, do="archive", kind=Kind.KEYWORD, id=gone["amazon_id"])
        edit(amazon, do="set", kind=Kind.KEYWORD, id=paused["amazon_id"], fields={"state": "PAUSED"})
        later = desk.later(15 * DAY)
        await later.plan()
        said = {each["id"]: each["waits"] for each in await desk.items(plan_id)}
        assert said[gone["id"]] == "will not be made: the promoted target is no longer there, it is archived"
        assert said[paused["id"]] == "is not made while the promoted target is paused"

        edit(amazon, do="set", kind=Kind.KEYWORD, id=paused["amazon_id"], fields={"state": "ENABLED"})
        now = datetime.now(UTC) + 15 * DAY
        histories = desk.services.plan_profile.histories
        shown = "impressions" not in after
        asked = await histories.due_follow_ups(desk.profile.profile_id, now, shown=shown)
        assert paused["id"] in {each.action_id for each in asked}
        assert gone["id"] not in {each.action_id for each in asked}
        await later.plan()
        assert "paused" not in str([each["waits"] for each in await desk.items(plan_id)])


async def taken_back(dsn: str, action_id: str) -> None:
    """As if a plan had taken it back meanwhile."""
    sql = await asyncpg.connect(dsn)
    await sql.execute(
        "UPDATE harvester.action SET state = 'undone', changed_at = now() WHERE action_id = $1", action_id
    )
    await sql.close()


async def test_a_source_is_not_closed_for_a_target_that_went_since(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """Approved while the target served: it becomes stale where that is archived or was undone, and says so."""
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES.replace(", impressions: 1", ""))) as desk:
        plan_id, done = await promoted(desk)
        gone, undone = done[:2]
        later = desk.later(15 * DAY)
        follow = await later.plan()
        await later.approve(follow, holds=60 * DAY)
        edit(amazon, do="archive", kind=Kind.KEYWORD, id=gone["amazon_id"])
        await taken_back(dsn, undone["id"])
        await later.apply(follow)
        ended = {each["key"]: each["error"] for each in await desk.items(follow) if each["state"] == "stale"}
        assert ended == {
            gone["key"]: "the promoted target served, and is archived now",
            undone["key"]: f"its promotion, item {undone['id']}, does not stand any more",
        }
        said = {each["id"]: each["waits"] for each in await desk.items(plan_id)}
        assert said[gone["id"]] == "will not be made: the promoted target is no longer there, it is archived"
