# ruff: noqa: F811
"""Brands that the rules file names: planned with the run, never sent by themselves, found again by their id."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from harvester.domain.action import ActionState
from harvester.domain.brand import Brand
from harvester.domain.ids import PlanId
from harvester.domain.profile import Mode
from harvester.domain.run import RunState
from harvester.rules.ruleset import RuleSet
from harvester.sandbox import brands as sandbox_brands
from harvester.sandbox.fault_rules import Action
from harvester.sandbox.market import Kind
from harvester.sandbox.serving import Running
from harvester.usecases.make_plan import MakePlan
from harvester.usecases.undo import ToUndo
from tests.acceptance.records import Ledger
from tests.crash.conftest import amazon  # noqa: F401
from tests.crash.faults import at_change, rules
from tests.crash.scene import PROFILE, Desk, open_desk
from tests.crash.stages import state
from tests.integration.by_hand import edit, rules_in

NEWBORN, NEWBORN_KEYWORDS = "100002654435761", "100005308871522"
"""A source campaign and its ad group have the same id; so have a manual one and its own."""
PLACE = {"campaignId": NEWBORN, "adGroupId": NEWBORN}
HERON, FERNHILL = (
    next(own for own, name in sandbox_brands.ids().items() if name == each) for each in ("Blue Heron", "Fernhill")
)
ENTRY = """
version: 1
rules: [{name: never, when: {clicks: {at_least: 999999}}, then: {promote: {}}}]
guard: {negative_share: 1%}
"""


def with_brands(folder: Path, text: str) -> RuleSet:
    return rules_in(folder, ENTRY + text)


@pytest.fixture
def one_place(tmp_path: Path) -> RuleSet:
    return with_brands(
        tmp_path,
        f'brands: [{{name: rivals, ids: ["{HERON}"], match: {{campaigns: ["{NEWBORN}"]}}, review_after: 90d}}]',
    )


async def planned(desk: Desk) -> tuple[PlanId, list[Mapping[str, Any]]]:
    await desk.services.profiles.save([desk.profile])
    plan_id = await desk.plan()
    return plan_id, await desk.items(plan_id)


def decisions(dsn: str, plan_id: PlanId) -> list[tuple[str, str, str]]:
    rows = Ledger(dsn).rows(
        "SELECT target, outcome, reason FROM ledger.decisions JOIN harvester.plan USING (run_id) "
        "WHERE plan.plan_id = $1 AND source = 'brands' ORDER BY place",
        plan_id,
    )
    return [(row["target"], row["outcome"], row["reason"]) for row in rows]


async def test_from_the_rules_file_to_the_account_and_back(dsn: str, amazon: Running, one_place: RuleSet) -> None:
    """Planned guarded with a decision behind it, sent by id, then already negative, undone, and cooling down."""
    async with open_desk(dsn, amazon.url, rules=one_place) as desk:
        plan_id, (item,) = await planned(desk)
        assert (item["kind"], item["state"], item["reason"]) == ("negate_brand", "guarded", "negates_brand")
        assert (item["key"], item["level"], item["clicks"]) == (HERON, "ad_group", None)
        assert len(item["decision_ids"]) == 1
        assert decisions(dsn, plan_id) == [(HERON, "negate", "rivals")]
        await desk.approve(plan_id, action_ids=[item["id"]])
        assert (await desk.apply(plan_id)).done == 1
        (made,) = [each for each in state(amazon)["negativeTargets"] if each["expression"][0]["value"] == HERON]
        assert made["resolvedExpression"] == [{"type": "ASIN_BRAND_SAME_AS", "value": "Blue Heron"}]
        assert await desk.services.drift(desk.profile, desk.reader) == []
        again, items = await planned(desk)
        assert (items, decisions(dsn, again)) == ([], [(HERON, "skip", "already_negative")])
        undone = await desk.undo(ToUndo(plan_id=plan_id))
        assert undone.plan_id is not None
        (lift,) = await desk.items(undone.plan_id)
        assert (lift["kind"], lift["key"]) == ("archive_negative_brand", made["targetId"])
        await desk.approve(undone.plan_id)
        assert (await desk.apply(undone.plan_id)).done == 1
        assert {each["state"] for each in state(amazon)["negativeTargets"] if each["targetId"] == made["targetId"]} == {
            "ARCHIVED"
        }
        third, items = await planned(desk)
        assert (items, decisions(dsn, third)) == ([], [(HERON, "skip", "cooling_down")])


async def test_no_mode_and_no_bare_approval_takes_a_brand(dsn: str, amazon: Running, one_place: RuleSet) -> None:
    """Auto leaves it, and so does whoever approves what is planned; nothing is sent."""
    async with open_desk(dsn, amazon.url, rules=one_place, mode=Mode.AUTO) as desk:
        plan_id, (item,) = await planned(desk)
        assert (await desk.apply(plan_id)).done == 0
        now = desk.services.apply.clock.now()
        taken = await desk.services.actions.approve_automatically(
            plan_id, ["rivals"], one_place.fingerprint, now, now + timedelta(hours=1)
        )
        assert taken == []
        with pytest.raises(AssertionError):
            await desk.approve(plan_id)
        ((kept,),) = [await desk.items(plan_id)]
        assert (kept["id"], kept["state"]) == (item["id"], "guarded")


async def test_every_place_is_decided(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """A whole campaign only where Amazon takes it; protected in this profile; the share of negatives looks past it all."""
    text = f"""
brands:
  - {{name: everywhere, ids: ["{HERON}"], level: campaign}}
  - {{name: own, ids: ["{FERNHILL}"], level: campaign, match: {{campaigns: ["{NEWBORN}"]}}}}
  - {{name: misspelt, ids: ["{FERNHILL}"], match: {{campaigns: ["Atuo *"]}}}}
profiles: {{"{PROFILE}": {{protect: {{brands: ["{FERNHILL}"]}}}}}}
"""
    async with open_desk(dsn, amazon.url, rules=with_brands(tmp_path, text)) as desk:
        plan_id, items = await planned(desk)
        campaigns = [each for each in state(amazon)["campaigns"] if each["state"] != "ARCHIVED"]
        auto = {each["campaignId"] for each in campaigns if each["targetingType"] == "AUTO"}
        assert {item["campaign_id"] for item in items} == auto
        assert {item["reason"] for item in items} == {"negates_brand"}
        found = decisions(dsn, plan_id)
        assert len(found) == len(campaigns) + 1
        assert found.count((HERON, "skip", "out_of_scope")) == len(campaigns) - len(auto)
        assert (FERNHILL, "skip", "protected") in found
        advice = Ledger(dsn).value("SELECT advice FROM harvester.plan WHERE plan_id = $1", plan_id)
        assert any("Entry `misspelt`" in sentence for sentence in advice)
        await desk.approve(plan_id, guarded=True)
        assert (await desk.apply(plan_id)).done == len(auto)


async def test_a_negative_of_the_campaign_covers_its_ad_groups(dsn: str, amazon: Running, one_place: RuleSet) -> None:
    """What is excluded above need not be excluded below."""
    body = {"campaignId": NEWBORN, "expression": [{"type": "ASIN_BRAND_SAME_AS", "value": HERON}]}
    edit(amazon, do="add", kind=Kind.CAMPAIGN_NEGATIVE_TARGET, fields=body)
    async with open_desk(dsn, amazon.url, rules=one_place) as desk:
        plan_id, items = await planned(desk)
    assert (items, decisions(dsn, plan_id)) == ([], [(HERON, "skip", "already_negative")])


async def test_a_negative_that_shows_a_name_alone_holds_its_place(
    dsn: str, amazon: Running, one_place: RuleSet
) -> None:
    """It may be the same brand: nobody guesses that from the name, not even from the right one."""
    fields = {**PLACE, "expression": [{"type": "OTHER", "value": "Blue Heron"}]}
    edit(amazon, do="add", kind=Kind.NEGATIVE_TARGET, fields=fields)
    async with open_desk(dsn, amazon.url, rules=one_place) as desk:
        plan_id, items = await planned(desk)
    assert (items, decisions(dsn, plan_id)) == ([], [(HERON, "hold", "missing_facts")])


@pytest.mark.parametrize(("kind", "value"), [("ASIN_BRAND_SAME_AS", HERON), ("OTHER", "Somebody")])
async def test_what_a_person_did_since_makes_it_stale(
    kind: str, value: str, dsn: str, amazon: Running, one_place: RuleSet
) -> None:
    """The same brand by now, or one that shows no id."""
    async with open_desk(dsn, amazon.url, rules=one_place) as desk:
        plan_id, (item,) = await planned(desk)
        await desk.approve(plan_id, action_ids=[item["id"]])
        edit(
            amazon,
            do="add",
            kind=Kind.NEGATIVE_TARGET,
            fields={**PLACE, "expression": [{"type": kind, "value": value}]},
        )
        applied = await desk.apply(plan_id)
    assert (applied.stale, applied.done) == (1, 0)


async def test_a_brand_that_was_protected_meanwhile_is_not_sent(
    dsn: str, amazon: Running, one_place: RuleSet, tmp_path: Path
) -> None:
    """Whoever approved it did not know that it is one of their own."""
    async with open_desk(dsn, amazon.url, rules=one_place) as desk:
        plan_id, (item,) = await planned(desk)
        await desk.approve(plan_id, action_ids=[item["id"]])
    protecting = with_brands(tmp_path, f'protect: {{brands: ["{HERON}"]}}')
    async with open_desk(dsn, amazon.url, rules=protecting) as desk:
        applied = await desk.apply(plan_id)
        ((kept,),) = [await desk.items(plan_id)]
    assert (applied.stale, applied.done) == (1, 0)
    assert "stands under protect.brands now" in kept["error"]


@pytest.mark.parametrize("after_work", [True, False])
async def test_a_lost_answer_is_settled_by_the_id(
    after_work: bool, dsn: str, amazon: Running, one_place: RuleSet
) -> None:
    """Done or not, a listing tells, because it shows the id; nothing is sent twice."""
    async with open_desk(dsn, amazon.url, rules=one_place) as desk:
        plan_id, (item,) = await planned(desk)
        await desk.approve(plan_id, action_ids=[item["id"]])
        amazon.sandbox.faults = at_change(1, Action(drop="after" if after_work else "before"))
        assert (await desk.apply(plan_id)).unknown == 1
        settled = await desk.reconcile()
        assert (settled.arrived, settled.never_arrived) == ((1, 0) if after_work else (0, 1))
        await desk.apply(plan_id)
        ((kept,),) = [await desk.items(plan_id)]
        assert kept["state"] == "done"
    standing = [each for each in state(amazon)["negativeTargets"] if each["expression"][0]["value"] == HERON]
    assert [each["targetId"] for each in standing] == [kept["amazon_id"]]


async def test_a_listing_without_ids_settles_nothing(dsn: str, amazon: Running, one_place: RuleSet) -> None:
    """A negative brand of which only a name is shown may be ours: it stays unknown, and nothing is sent again."""
    async with open_desk(dsn, amazon.url, rules=one_place) as desk:
        plan_id, (item,) = await planned(desk)
        await desk.approve(plan_id, action_ids=[item["id"]])
        amazon.sandbox.faults = at_change(1, Action(drop="after"))
        assert (await desk.apply(plan_id)).unknown == 1
        (made,) = [each for each in state(amazon)["negativeTargets"] if each["expression"][0]["value"] == HERON]
        named = [{"type": "OTHER", "value": "Blue Heron"}]
        fields = {"expression": named, "resolvedExpression": named}
        edit(amazon, do="set", kind=Kind.NEGATIVE_TARGET, id=made["targetId"], fields=fields)
        settled = await desk.reconcile()
        assert settled.open == [item["id"]] or settled.open == (item["id"],)
        await desk.apply(plan_id)
        ((kept,),) = [await desk.items(plan_id)]
    assert kept["state"] == ActionState.UNKNOWN


@pytest.mark.parametrize("answer", ["throttledError", "internalServerError", "missing"])
async def test_each_brand_of_a_call_is_answered_for_itself(
    answer: str, dsn: str, amazon: Running, tmp_path: Path
) -> None:
    """One of two goes wrong item by item, the other is done."""
    text = f'brands: [{{name: rivals, ids: ["{HERON}", "{FERNHILL}"], match: {{campaigns: ["{NEWBORN}"]}}}}]'
    async with open_desk(dsn, amazon.url, rules=with_brands(tmp_path, text)) as desk:
        plan_id, items = await planned(desk)
        await desk.approve(plan_id, action_ids=[item["id"] for item in items])
        fault = {"match": {"path": "/sp/negativeTargets"}, "action": {"items": {"answer": answer, "indexes": [0]}}}
        amazon.sandbox.faults.replace(rules(fault))
        await desk.apply(plan_id)
        states = [item["state"] for item in await desk.items(plan_id)]
    wanted = {"throttledError": "approved", "internalServerError": "refused", "missing": "unknown"}
    assert states == [wanted[answer], "done"]


async def test_the_reviewer_sees_what_is_known_and_nothing_else(dsn: str, amazon: Running, tmp_path: Path) -> None:
    """Own keywords with the name as whole words; without a name, that nothing is known."""
    for text in ("Blue Heron bath mat", "blueheron mat", "BLUE-HERON"):
        body = {
            "campaignId": NEWBORN_KEYWORDS,
            "adGroupId": NEWBORN_KEYWORDS,
            "keywordText": text,
            "matchType": "PHRASE",
        }
        edit(amazon, do="add", kind=Kind.KEYWORD, fields=body)
    text = f'brands: [{{name: rivals, ids: ["{HERON}"], match: {{campaigns: ["{NEWBORN_KEYWORDS}"]}}}}]'
    async with open_desk(dsn, amazon.url, rules=with_brands(tmp_path, text)) as desk:
        _, (nameless,) = await planned(desk)
        lookup = desk.services.logins[0].reader(desk.profile, None)
        found = await desk.services.look_up_brands(desk.profile, lookup, "blue heron")
        assert [each.brand for each in found if each.entries == ("rivals",)] == [Brand(HERON, "Blue Heron")]
        _, (named,) = await planned(desk)
    assert "is not known here" in nameless["note"]
    assert nameless["target"] == HERON
    assert named["target"] == f"Blue Heron ({HERON})"
    assert "Own keywords there that hold its name: “Blue Heron bath mat”; “BLUE-HERON”." in named["note"]


async def test_terms_with_its_name_that_sold_are_shown(dsn: str, amazon: Running, one_place: RuleSet) -> None:
    """A hint, not a verdict: the item waits guarded either way."""
    async with open_desk(dsn, amazon.url, rules=one_place) as desk:
        lookup = desk.services.logins[0].reader(desk.profile, None)
        await desk.services.profiles.save([desk.profile])
        row = {"field": "recommendedTarget", "value": "blue heron towels", "every": 1}
        amazon.sandbox.faults.replace(rules({"match": {"path": "*/recommendations"}, "action": {"set_field": row}}))
        await desk.services.look_up_brands(desk.profile, lookup, "heron")
        await desk.plan()
        _, (item,) = await planned(desk)
    assert "Terms with its name that sold here: “blue heron towels” with" in item["note"]
    assert item["state"] == "guarded"


async def test_an_interrupted_run_decides_about_brands_once(
    dsn: str, amazon: Running, one_place: RuleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Taken up after its decisions are recorded and before its plan is, it keeps them and makes the same item."""
    async with open_desk(dsn, amazon.url, rules=one_place) as desk:

        async def dies(*_arguments: object, **_more: object) -> PlanId:
            raise KeyboardInterrupt

        await desk.services.profiles.save([desk.profile])
        with monkeypatch.context() as patched:
            patched.setattr(MakePlan, "__call__", dies)
            with pytest.raises(KeyboardInterrupt):
                await desk.plan()
        assert Ledger(dsn).value("SELECT state FROM harvester.run") == RunState.RUNNING
        plan_id, (item,) = await planned(desk)
        assert decisions(dsn, plan_id) == [(HERON, "negate", "rivals")]
        rows = Ledger(dsn).rows(
            "SELECT decision_id, target FROM ledger.decisions WHERE decision_id = ANY ($1)", item["decision_ids"]
        )
    assert [row["target"] for row in rows] == [HERON]
    assert Ledger(dsn).value("SELECT count(*) FROM harvester.run") == 1


async def test_what_was_declined_comes_again_under_another_name_only(
    dsn: str, amazon: Running, one_place: RuleSet, tmp_path: Path
) -> None:
    """The plan tells what is left alone and why; to name it anew is to ask for it anew."""
    async with open_desk(dsn, amazon.url, rules=one_place) as desk:
        plan_id, (item,) = await planned(desk)
        await desk.decline(plan_id, [item["id"]])
        again, items = await planned(desk)
        assert (items, decisions(dsn, again)) == ([], [(HERON, "skip", "declined_before")])
        (advice,) = (await desk.services.reports.plan(again) or {})["advice"]
        assert advice.startswith(f"Entry `rivals` under `brands` was declined at 1 place ({plan_id})")
    anew = with_brands(tmp_path, f'brands: [{{name: anew, ids: ["{HERON}"], match: {{campaigns: ["{NEWBORN}"]}}}}]')
    async with open_desk(dsn, amazon.url, rules=anew) as desk:
        _, (item,) = await planned(desk)
        assert (item["rule"], item["state"]) == ("anew", "guarded")
