# ruff: noqa: F811
"""Where promotions go: nothing goes where it can never serve, and what sleeps is told of."""

from collections import Counter
from datetime import timedelta

from harvester.sandbox.edits import Edit, apply_edit
from harvester.sandbox.market import Kind
from harvester.sandbox.serving import Running
from tests.acceptance.records import Ledger
from tests.crash.conftest import amazon, applying  # noqa: F401
from tests.crash.scene import PROFILE, Desk, open_desk
from tests.crash.stages import Stage


def edit(amazon: Running, do: str, kind: Kind, amazon_id: str, **fields: str) -> None:
    market, now = amazon.sandbox.world.market(PROFILE), amazon.sandbox.clock.now()
    apply_edit(market, Edit(do=do, kind=kind, id=amazon_id, fields=fields), now)  # type: ignore[arg-type]  # text of a test


async def planned(desk: Desk) -> tuple[Counter[str], list[str]]:
    """Keywords per ad group that they go into, and the advice."""
    plan_id = await desk.plan()
    items = [item for item in await desk.items(plan_id) if item["kind"] == "promote_keyword"]
    plan = await desk.services.reports.plan(plan_id)
    assert plan is not None
    return Counter(item["ad_group_id"] for item in items if item["ad_group_id"]), plan["advice"]


async def test_nothing_is_promoted_into_what_is_archived(dsn: str, amazon: Running) -> None:
    """The ad group or its campaign, of a group or of the rules file: its rows are held, and plan and coverage say why."""
    async with open_desk(dsn, amazon.url) as desk:
        await desk.services.profiles.save([desk.profile])
        before, _ = await planned(desk)
        (one, _), (two, _) = before.most_common(2)
        edit(amazon, "archive", Kind.AD_GROUP, one)
        campaign = amazon.sandbox.world.market(PROFILE).rows[Kind.AD_GROUP][two].body["campaignId"]
        edit(amazon, "archive", Kind.CAMPAIGN, campaign)

        after, advice = await planned(desk)
        covered = await desk.services.cover(desk.profile, desk.reader)

    assert not {one, two} & after.keys()
    held = "SELECT count(*) FROM ledger.decisions WHERE run_id = 'r2' AND reason = 'no_destination'"
    assert Ledger(dsn).value(held) >= before[one] + before[two]
    misses = " ".join(line.misses for line in covered.lines)
    for ad_group_id in (one, two):
        sentences = (
            f"leads keywords to ad group {ad_group_id}, which is archived or not visible, so they are held",
            f"The destination {ad_group_id} of ad group",
        )
        assert [each for each in advice if any(sentence in each for sentence in sentences)]
        assert any(sentence in misses for sentence in sentences)


async def test_what_goes_where_nothing_serves_is_told(dsn: str, amazon: Running) -> None:
    """A paused destination may be meant so: the items stand, and the plan says what they will not do."""
    async with open_desk(dsn, amazon.url) as desk:
        await desk.services.profiles.save([desk.profile])
        before, _ = await planned(desk)
        (one, _), (two, _) = before.most_common(2)
        edit(amazon, "set", Kind.AD_GROUP, one, state="PAUSED")
        campaign = amazon.sandbox.world.market(PROFILE).rows[Kind.AD_GROUP][two].body["campaignId"]
        edit(amazon, "set", Kind.CAMPAIGN, campaign, state="PAUSED")

        after, advice = await planned(desk)

    assert after == before
    asleep = [each for each in advice if "will not serve" in each]
    assert len(asleep) >= 2
    assert [each for each in asleep if f"({one}) will not serve: it is paused" in each]
    assert [each for each in asleep if f"({two}) will not serve: its campaign “" in each and "” is paused" in each]


async def test_a_second_group_takes_over_from_one_that_leads_nowhere(dsn: str, amazon: Running) -> None:
    """Who made another group as advised is not told to keep one of the two."""
    async with open_desk(dsn, amazon.url) as desk:
        await desk.services.profiles.save([desk.profile])
        before, _ = await planned(desk)
        ((place, count),) = before.most_common(1)
        market = amazon.sandbox.world.market(PROFILE)
        group = next(body for body in market.bodies(Kind.GROUP) if body["keyword"] == place)
        market.add(Kind.GROUP, {**group, "targetPromotionGroupId": None, "keyword": "1", "product": None})

        after, _ = await planned(desk)

    assert after[place] == count


async def test_no_source_is_closed_for_what_sleeps(applying: Stage, amazon: Running) -> None:
    """The promoted keyword is enabled, and its campaign paused since: the negative at the source waits."""
    applying.set_up(amazon)
    async with applying.ledger() as dsn, open_desk(dsn, amazon.url) as desk:
        await desk.apply(applying.plan_id, applying.fingerprint)
        for campaign in [*amazon.sandbox.world.market(PROFILE).bodies(Kind.CAMPAIGN)]:
            if campaign["targetingType"] == "MANUAL":
                edit(amazon, "set", Kind.CAMPAIGN, campaign["campaignId"], state="PAUSED")
        await desk.later(timedelta(days=15)).plan()

        assert Ledger(dsn).value("SELECT count(*) FROM ledger.actions WHERE follows IS NOT NULL") == 0
