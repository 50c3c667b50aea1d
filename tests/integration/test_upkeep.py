# ruff: noqa: F811
"""Looking after negatives: what stands and who made it, review dates, and conflicts before and at the time of sending."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.ids import PlanId
from harvester.domain.plan import PlannedAction
from harvester.domain.profile import Mode
from harvester.domain.review import Review, Selection, Verdict
from harvester.domain.target import Level, Match
from harvester.rules.fragments import negative_keyword
from harvester.sandbox.market import Kind
from harvester.sandbox.serving import Running
from harvester.usecases.account_map import read_account
from harvester.usecases.conflicts import OwnTargets
from tests.acceptance.records import Ledger
from tests.crash.conftest import amazon  # noqa: F401
from tests.crash.faults import rules
from tests.crash.scene import Desk, open_desk
from tests.crash.stages import state
from tests.integration.by_hand import edit, rules_in
from tests.integration.test_apply_later import evidence
from tests.unit.rules.builders import item as an_item

DAY = timedelta(days=1)
NEWBORN, NEWBORN_KEYWORDS = "100002654435761", "100005308871522"
HERON = "18840219071"
RULES = f"""
version: 1
rules:
  - name: stop-losers
    match: {{campaigns: ["{NEWBORN}"]}}
    when: {{all: [{{clicks: {{at_least: 12}}}}, {{conversions: {{at_most: 0}}}}]}}
    then: {{negate: {{match: exact, review_after: 30d}}}}
brands: [{{name: rivals, ids: ["{HERON}"], match: {{campaigns: ["{NEWBORN}"]}}, level: campaign, review_after: 30d}}]
guard: {{negative_share: 100%}}
"""


async def applied(desk: Desk) -> list[Mapping[str, Any]]:
    """Everything of one plan, done."""
    await desk.services.profiles.save([desk.profile])
    plan_id = await desk.plan()
    sendable = [each["id"] for each in await desk.items(plan_id) if each["state"] in ("planned", "guarded")]
    await desk.approve(plan_id, action_ids=sendable)
    await desk.apply(plan_id)
    done = [each for each in await desk.items(plan_id) if each["state"] == "done"]
    assert {each["kind"] for each in done} == {"negate_keyword", "negate_product", "negate_brand"}
    return done


async def lifts(desk: Desk, after: timedelta) -> tuple[PlanId, list[Mapping[str, Any]]]:
    """What a plan of that day proposes to lift."""
    plan_id = await desk.later(after).plan()
    items = await desk.items(plan_id)
    return plan_id, [each for each in items if each["kind"].startswith("archive_")]


async def test_a_review_date_proposes_lifting(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """Not before its day; then once, guarded in every mode; applied, the negatives are gone."""
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES), mode=Mode.AUTO) as desk:
        done = await applied(desk)
        assert (await lifts(desk, 29 * DAY))[1] == []
        plan_id, due = await lifts(desk, 31 * DAY)
        undoes = Ledger(dsn).rows("SELECT undoes FROM harvester.action WHERE plan_id = $1", plan_id)
        assert {row["undoes"] for row in undoes if row["undoes"]} == {each["id"] for each in done}
        assert {(each["state"], each["reason"]) for each in due} == {("guarded", "review_due")}
        assert all("its review date has come" in each["note"] for each in due)
        then = desk.later(31 * DAY)
        assert (await then.apply(plan_id)).done == 0
        assert (await lifts(desk, 32 * DAY))[1] == []
        await then.approve(plan_id, action_ids=[each["id"] for each in due], holds=60 * DAY)
        assert (await then.apply(plan_id)).done == len(due)
        found = await desk.services.list_negatives(desk.profile, desk.reader)
        standing = {(f"negate_{each.kind}", each.standing.amazon_id) for each in found}
        assert not standing & {(each["kind"], each["amazon_id"]) for each in done}


async def test_a_declined_review_comes_again_after_as_long(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """Thirty days more, counted from the day of the verdict."""
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await applied(desk)
        plan_id, due = await lifts(desk, 31 * DAY)
        now = datetime.now(UTC) + 31 * DAY
        review = Review(plan_id, await desk.fingerprint(plan_id), Verdict.DECLINE, "anna", now)
        await desk.services.actions.review(review, Selection([each["id"] for each in due]), ())
        assert (await lifts(desk, 60 * DAY))[1] == []
        again = (await lifts(desk, 62 * DAY))[1]
        assert {each["key"] for each in again} == {each["key"] for each in due}


async def test_what_a_person_lifted_or_paused_is_no_question_any_more(
    dsn: str, amazon: Running, tmp_path: Path
) -> None:
    """A negative that is gone, or paused, is not proposed; the others are."""
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        done = await applied(desk)
        brand = next(each for each in done if each["kind"] == "negate_brand")
        keyword = next(each for each in done if each["kind"] == "negate_keyword")
        edit(amazon, do="archive", kind=Kind.CAMPAIGN_NEGATIVE_TARGET, id=brand["amazon_id"])
        edit(amazon, do="set", kind=Kind.NEGATIVE_KEYWORD, id=keyword["amazon_id"], fields={"state": "PAUSED"})
        _, due = await lifts(desk, 31 * DAY)
    assert len(due) == len(done) - 2
    asked = {(each["kind"].removeprefix("archive_negative_"), each["key"]) for each in due}
    assert not asked & {("brand", brand["amazon_id"]), ("keyword", keyword["amazon_id"])}


async def test_the_negative_at_a_source_hands_its_date_on(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """`negate_at_source` says when; the negative that follows the promotion carries it."""
    text = f"""
version: 1
rules:
  - name: promote
    match: {{target_type: keyword, campaigns: ["{NEWBORN}"]}}
    when: {{all: [{{clicks: {{at_least: 10}}}}, {{conversions: {{at_least: 2}}}}]}}
    then: {{promote: {{}}, negate_at_source: {{after: {{days: 14}}, review_after: 8w}}}}
"""
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, text)) as desk:
        await desk.services.profiles.save([desk.profile])
        plan_id = await desk.plan()
        await desk.approve(plan_id)
        await desk.apply(plan_id)
        follow = await desk.items(await desk.later(15 * DAY).plan())
    dates = [each["follow_up"] for each in follow if each["kind"] == "negate_keyword"]
    assert dates
    assert all(each == {"review_after_days": 56} for each in dates)


async def test_every_negative_is_listed_with_who_made_it(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """Ours with plan, rule, reviewer and date; the account's own ones as not by Harvester; every kind and level."""
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        done = {(each["kind"], each["amazon_id"]): each for each in await applied(desk)}
        found = await desk.services.list_negatives(desk.profile, desk.reader)
    ours = [each for each in found if each.made_by is not None]
    assert len(ours) == len(done)
    for each in ours:
        item = done[f"negate_{each.kind}", each.standing.amazon_id]
        assert each.made_by is not None
        assert (each.made_by.rule, each.made_by.reviewed_by) == (item["rule"], "anna")
        assert each.review_at is not None
        assert each.made_by.settled_at is not None
        assert each.review_at - each.made_by.settled_at == 30 * DAY
    account = state(amazon)
    keys = ("negativeKeywords", "negativeTargets", "campaignNegativeKeywords", "campaignNegativeTargets")
    live = sum(each["state"] != "ARCHIVED" for key in keys for each in account[key])
    assert len(found) == live > len(ours)
    brand = next(each for each in found if each.kind == "brand")
    assert (brand.standing.text, brand.standing.brand_name, brand.level) == (HERON, "Blue Heron", Level.CAMPAIGN)


async def test_a_negative_in_a_manual_campaign_that_blocks_ones_own_is_held(
    dsn: str, amazon: Running, tmp_path: Path
) -> None:
    """Enabled keywords and products only, by what each negative blocks; AUTO campaigns are not even listed."""
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        fields = {"campaignId": NEWBORN_KEYWORDS, "adGroupId": NEWBORN_KEYWORDS, "matchType": "PHRASE"}
        made = edit(amazon, do="add", kind=Kind.KEYWORD, fields={**fields, "keywordText": "Soft Bath towel"})
        paused = {**fields, "keywordText": "bath towel sale", "state": "PAUSED"}
        edit(amazon, do="add", kind=Kind.KEYWORD, fields=paused)
        targets = OwnTargets(await read_account(desk.reader))
        await targets.read(desk.reader, [(NEWBORN_KEYWORDS, NEWBORN_KEYWORDS), (NEWBORN, NEWBORN)])

    def blocked(text: str, match: Match, level: Level = Level.AD_GROUP, place: str = NEWBORN_KEYWORDS) -> list[str]:
        item = negation(text, match, level, place)
        return [each.amazon_id for each in targets.blocked_by(item)]

    assert blocked("bath towel", Match.PHRASE) == [made["keywordId"]]
    assert blocked("soft bath towel", Match.EXACT) == [made["keywordId"]]
    assert blocked("soft bath towel", Match.EXACT, Level.CAMPAIGN) == [made["keywordId"]]
    assert blocked("bath towel", Match.EXACT) == []
    assert blocked("bath", Match.PHRASE, place=NEWBORN) == []
    asked = {entry.path for entry in amazon.sandbox.journal._entries if NEWBORN in entry.body.decode()}
    assert "/sp/keywords/list" not in asked


def negation(text: str, match: Match, level: Level, place: str) -> PlannedAction:
    ad_group = None if level is Level.CAMPAIGN else place
    return an_item(
        ActionKind.NEGATE_KEYWORD,
        key=text,
        target=text,
        match=match,
        level=level,
        campaign_id=place,
        ad_group_id=ad_group or "",
        group_id="",
        bid=None,
        fragment=negative_keyword(text, match, place, ad_group),
        effect=effect_of(ActionKind.NEGATE_KEYWORD, place, text, match),
    )


async def test_what_sold_since_the_plan_is_not_blocked(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """A later run saw orders of it: the approved negative becomes stale and names them; without a later run nobody asks."""
    async with open_desk(dsn, amazon.url, rules=rules_in(tmp_path, RULES)) as desk:
        await desk.services.profiles.save([desk.profile])
        plan_id = await desk.plan()
        keywords = [each for each in await desk.items(plan_id) if each["kind"] == "negate_keyword"]
        await desk.approve(plan_id, action_ids=[each["id"] for each in keywords])
        amazon.sandbox.faults.replace(rules(*evidence(30, 4)))
        await desk.plan()
        amazon.sandbox.faults.replace(())
        result = await desk.apply(plan_id)
        after = [each for each in await desk.items(plan_id) if each["kind"] == "negate_keyword"]
    assert (result.done, result.stale) == (0, len(keywords))
    assert {each["state"] for each in after} == {ActionState.STALE}
    assert all("was seen here, and it would block that" in each["error"] for each in after)
