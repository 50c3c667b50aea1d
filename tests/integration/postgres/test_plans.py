"""Plans: written whole or not at all, in order, one per effect."""

from typing import Any

import msgspec
import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.plan_draft import PostgresPlanDraft
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.candidate import EffectRecord, EffectStanding
from harvester.domain.decision import Outcome
from harvester.domain.errors import LeaseLost, Refused
from harvester.domain.ids import Effect, Fingerprint, RunId
from harvester.domain.plan import PlanCounts
from harvester.domain.profile import Mode
from harvester.domain.run import Cursor, RunState
from harvester.domain.target import Match

from .conftest import NOW, BeginRun, Sql, StorePlan, a_decision, a_page, a_row, an_action, later


async def test_decided_yields_every_row_of_a_group_that_acts(begin: BeginRun, runs: PostgresRuns, plans: PostgresPlans):
    """Rows that hold or skip come along where one of their group acts; other groups, and duplicates, do not. Without a
    draft they are the same.
    """
    run = await begin()
    promote, hold = a_decision(Outcome.PROMOTE), a_decision(Outcome.HOLD)
    rows = [
        (a_row(0, ad_id="1"), "shoes", promote),
        (a_row(0, ad_id="2"), "shoes", hold),
        (a_row(0, ad_id="3"), "shoes", a_decision(Outcome.SKIP, "duplicate")),
        (a_row(0, ad_group_id="711"), "shoes", hold),
        (a_row(0, target_type="PRODUCT"), "shoes", hold),
        (a_row(0, ad_id="4"), "socks", hold),
        (a_row(0, ad_id="5", target_type="Asin"), "B000000009", a_decision(Outcome.NEGATE)),
        (a_row(0, ad_id="6", target_type="PRODUCT"), "B000000009", hold),
    ]
    await runs.save_page(run, 0, rows, Cursor(), NOW)

    before = [[row.place for row in group] async for group in plans.decided(run.run_id)]
    async with plans.draft(run) as draft:
        groups = [[row.place for row in group] async for group in draft.decided()]
        await _finish(draft)

    assert before == groups == [[6, 7], [0, 1]]


async def _finish(draft: PostgresPlanDraft, **changes: Any) -> None:
    settings: dict[str, Any] = {
        "complete": True,
        "mode": Mode.REVIEW,
        "ruleset": Fingerprint("f" * 64),
        "fingerprint": Fingerprint("a" * 64),
        "counts": PlanCounts(),
        "advice": ["add a group for ad group 710"],
        "now": NOW,
    }
    await draft.finish(**{**settings, **changes})


async def test_decided_rows_come_back_as_they_were_recorded(begin: BeginRun, runs: PostgresRuns, plans: PostgresPlans):
    """The planner sees what the judge decided."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 1, Outcome.PROMOTE), Cursor(), NOW)

    async with plans.draft(run) as draft:
        ((row,),) = [group async for group in draft.decided()]
        await _finish(draft)

    assert (row.place, row.target, row.key, row.clicks) == (0, "Running Shoes 0", "running shoes 0", 12.0)
    assert (row.outcome, row.reason, row.rule) == (Outcome.PROMOTE, "promote-proven", "promote-proven")


async def test_staging_while_decided_is_being_read_works(begin: BeginRun, runs: PostgresRuns, plans: PostgresPlans):
    """One pass over many decisions, staging as it goes; more rows than one round trip brings."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 5000, Outcome.PROMOTE), Cursor(), NOW)

    async with plans.draft(run) as draft:
        async for (row,) in draft.decided():
            await draft.stage([an_action(row.place)])
        staged = [action.places async for action in draft.staged()]
        await _finish(draft)

    assert staged == [(place,) for place in reversed(range(5000))]


async def test_staged_actions_come_in_plan_order(begin: BeginRun, plans: PostgresPlans):
    """Groups first, then promotions, then negatives; the strongest first; unknown evidence last; then by effect."""
    run = await begin()
    staged = [
        an_action(1, kind=ActionKind.NEGATE_KEYWORD, effect=Effect("n"), conversions=9.0),
        an_action(2, effect=Effect("b"), conversions=None, clicks=None),
        an_action(3, effect=Effect("d"), conversions=2.0, clicks=5.0),
        an_action(4, effect=Effect("c"), conversions=2.0, clicks=5.0),
        an_action(5, effect=Effect("a"), conversions=2.0, clicks=50.0),
        an_action(6, effect=Effect("e"), conversions=4.0, clicks=1.0),
        an_action(7, kind=ActionKind.CREATE_GROUP, effect=Effect("g"), conversions=None, places=()),
    ]

    async with plans.draft(run) as draft:
        await draft.stage(staged)
        ordered = [action.effect async for action in draft.staged()]
        await _finish(draft)

    assert ordered == ["g", "e", "a", "c", "d", "b", "n"]


async def test_actions_of_one_effect_are_folded_under_the_strongest(begin: BeginRun, plans: PostgresPlans):
    """Its evidence speaks, evidence is never summed, and every place is kept, the strongest first."""
    run = await begin()
    effect = Effect("same")
    weak = an_action(1, effect=effect, conversions=2.0, clicks=90.0, places=(1, 8), source_ad_group_id="711")
    strong = an_action(2, effect=effect, conversions=5.0, clicks=10.0, places=(4,), source_ad_group_id="712")
    unknown = an_action(3, effect=effect, conversions=None, clicks=None, places=(0,))

    async with plans.draft(run) as draft:
        for action in (weak, unknown, strong):
            await draft.stage([action])
        folded = [action async for action in draft.staged()]
        await _finish(draft)

    assert folded == [msgspec.structs.replace(strong, places=(4, 1, 8, 0))]


async def test_a_staged_action_comes_back_as_it_was(begin: BeginRun, plans: PostgresPlans):
    """Every field, empty ones too."""
    run = await begin()
    action = an_action(
        1, kind=ActionKind.NEGATE_PRODUCT, match=Match.SAME, bid=None, note="more orders than clicks", places=(3, 1)
    )

    async with plans.draft(run) as draft:
        await draft.stage([action])
        assert [found async for found in draft.staged()] == [action]
        await _finish(draft)


async def test_a_plan_is_stored_whole(begin: BeginRun, plans: PostgresPlans, store_plan: StorePlan, sql: Sql):
    """The plan, its actions in order, their first events and their decisions are there together."""
    run = await begin()
    plan_id = await store_plan(run, [an_action(0), an_action(1, places=(1, 7))])

    assert await plans.plan_of(run.run_id) == plan_id
    actions = await sql.fetch("SELECT * FROM ledger.actions ORDER BY position")
    assert [action["target"] for action in actions] == ["Running Shoes 0", "Running Shoes 1"]
    assert [action["decision_id"] for action in actions] == [f"{run.run_id}-0", f"{run.run_id}-1"]
    assert [str(action["bid"]) for action in actions] == ["0.75", "0.75"]
    assert {action["planned_at"] for action in actions} == {NOW}
    folded = await sql.fetch("SELECT decision_id FROM ledger.action_decisions ORDER BY action_id, ordinal")
    assert [row[0] for row in folded] == [f"{run.run_id}-{place}" for place in (0, 1, 7)]
    events = await sql.fetch("SELECT action_id, to_state, fragment FROM harvester.action_event ORDER BY sequence")
    assert events == [(action["action_id"], "planned", action["fragment"]) for action in actions]


async def test_nothing_of_a_draft_is_kept_when_it_fails(begin: BeginRun, plans: PostgresPlans, sql: Sql):
    """An error inside the block takes the actions with it."""
    run = await begin()

    async def fail() -> None:
        async with plans.draft(run) as draft:
            await draft.add([an_action()])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert await sql.fetchval("SELECT count(*) FROM harvester.action") == 0
    assert await sql.fetchval("SELECT count(*) FROM harvester.action_event") == 0


async def test_a_draft_that_was_not_finished_is_not_kept(begin: BeginRun, plans: PostgresPlans, sql: Sql):
    """Leaving the block early is a mistake of the program, and says so."""
    run = await begin()

    with pytest.raises(AssertionError, match="without `finish`"):
        async with plans.draft(run) as draft:
            await draft.add([an_action()])
    assert await sql.fetchval("SELECT count(*) FROM harvester.action") == 0


async def test_a_run_has_one_plan(begin: BeginRun, store_plan: StorePlan):
    """A second one is refused in words."""
    run = await begin()
    await store_plan(run, [an_action()])

    with pytest.raises(Refused, match="already has a plan"):
        await store_plan(run, [an_action(1)])


async def test_an_overtaken_run_gets_no_plan(begin: BeginRun, plans: PostgresPlans, store_plan: StorePlan):
    """Whether the newer run began before the draft or while it was being written."""
    overtaken = await begin()
    newest = await begin()

    with pytest.raises(LeaseLost):
        await store_plan(overtaken, [an_action()])

    async def be_overtaken() -> None:
        async with plans.draft(newest) as draft:
            await begin()
            await _finish(draft)

    with pytest.raises(LeaseLost):
        await be_overtaken()


async def test_a_newer_plan_supersedes_what_nobody_reviewed(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, sql: Sql
):
    """Planned, guarded and held items of older plans give way; approved ones stay; other profiles are not touched."""
    first = await begin()
    states = [ActionState.PLANNED, ActionState.GUARDED, ActionState.HELD, ActionState.PLANNED]
    old = await store_plan(first, [an_action(number, state=state) for number, state in enumerate(states)])
    await sql.execute("UPDATE harvester.action SET state = 'approved' WHERE position = 3")
    await runs.finish(first, RunState.COMPLETE, None)
    new = await store_plan(await begin(), [an_action(9)], later(10))

    found = await sql.fetch("SELECT state FROM ledger.actions WHERE plan_id = $1 ORDER BY position", old)
    assert [row["state"] for row in found] == ["superseded", "superseded", "superseded", "approved"]
    assert await sql.fetchval("SELECT state FROM ledger.actions WHERE plan_id = $1", new) == "planned"
    assert await sql.fetchval("SELECT count(*) FROM harvester.action_event WHERE to_state = 'superseded'") == 3


async def test_effects_say_why_they_are_not_free(
    begin: BeginRun, plans: PostgresPlans, store_plan: StorePlan, sql: Sql
):
    """Owned, declined and recently undone effects are told apart; planned and refused ones are free."""
    run = await begin()
    states = ["planned", "approved", "done", "declined", "undone", "undone", "refused"]
    plan_id = await store_plan(run, [an_action(number) for number in range(len(states))])
    for number, state in enumerate(states):
        await _bring_to(sql, plan_id, number, state)
    await sql.execute("ALTER TABLE harvester.action DISABLE TRIGGER check_transition")
    await sql.execute("UPDATE harvester.action SET changed_at = $1", NOW)
    await sql.execute("UPDATE harvester.action SET changed_at = $1 WHERE position = 5", later(-14 * 24 * 60))

    found = await plans.effects(run.profile_id, NOW)

    def effect(number: int) -> Effect:
        return effect_of(ActionKind.PROMOTE_KEYWORD, "910", f"running shoes {number}", Match.EXACT)

    assert found == {
        effect(1): EffectRecord(EffectStanding.PLANNED, plan_id, NOW),
        effect(2): EffectRecord(EffectStanding.PLANNED, plan_id, NOW),
        effect(3): EffectRecord(EffectStanding.DECLINED, plan_id, NOW, clicks_then=15.0),
        effect(4): EffectRecord(EffectStanding.COOLING_DOWN, plan_id, NOW, until=later(14 * 24 * 60)),
    }


PATHS: dict[str, list[str]] = {
    "planned": [],
    "approved": ["approved"],
    "declined": ["declined"],
    "done": ["approved", "sending", "done"],
    "refused": ["approved", "sending", "refused"],
    "undone": ["approved", "sending", "done", "undone"],
}


async def _bring_to(sql: Sql, plan_id: str, position: int, state: str) -> None:
    for step in PATHS[state]:
        await sql.execute(
            "UPDATE harvester.action SET state = $3 WHERE plan_id = $1 AND position = $2", plan_id, position, step
        )


async def test_every_undo_doubles_the_cooling(
    begin: BeginRun, runs: PostgresRuns, plans: PostgresPlans, store_plan: StorePlan, sql: Sql
):
    """14 days after the first, 56 after the third."""
    run = await begin()
    for _ in range(3):
        run = await begin()
        plan_id = await store_plan(run, [an_action()])
        await _bring_to(sql, plan_id, 0, "undone")
        await runs.finish(run, RunState.COMPLETE, None)
    await sql.execute("UPDATE harvester.action SET changed_at = $1", NOW)

    (record,) = (await plans.effects(run.profile_id, NOW)).values()
    assert record.until == later(56 * 24 * 60)


async def test_counts_tell_the_outcomes_of_a_run(begin: BeginRun, runs: PostgresRuns, plans: PostgresPlans):
    """Every decision is counted once, under its outcome."""
    run = await begin()
    place = 0
    for outcome, size in ((Outcome.PROMOTE, 3), (Outcome.NEGATE, 2), (Outcome.HOLD, 4), (Outcome.SKIP, 1)):
        await runs.save_page(run, place, a_page(place, size, outcome), Cursor(), NOW)
        place += size

    assert await plans.counts(run.run_id) == PlanCounts(candidates=10, promote=3, negate=2, hold=4, skip=1)
    assert await plans.counts(RunId("r999")) == PlanCounts()


async def test_decided_ad_groups_are_those_that_act(begin: BeginRun, runs: PostgresRuns, plans: PostgresPlans):
    """Once each, in order; those that only hold are left out."""
    run = await begin()
    decisions = [("712", Outcome.PROMOTE), ("711", Outcome.NEGATE), ("712", Outcome.NEGATE), ("710", Outcome.HOLD)]
    rows = [
        (a_row(number, ad_group_id=ad_group), f"k{number}", a_decision(outcome))
        for number, (ad_group, outcome) in enumerate(decisions)
    ]
    await runs.save_page(run, 0, rows, Cursor(), NOW)

    assert await plans.decided_ad_groups(run.run_id) == ["711", "712"]


async def test_sent_counts_what_went_out_that_day(
    begin: BeginRun, plans: PostgresPlans, store_plan: StorePlan, sql: Sql
):
    """By kind, from that moment on, without what was refused."""
    run = await begin()
    negative = {"kind": ActionKind.NEGATE_KEYWORD}
    actions = [an_action(0), an_action(1), an_action(2), an_action(3, **negative, effect=Effect("n")), an_action(4)]
    plan_id = await store_plan(run, actions)
    for position, state in ((0, "done"), (1, "refused"), (2, "done"), (3, "done")):
        await _bring_to(sql, plan_id, position, state)
        await sql.execute(
            "UPDATE harvester.action SET sent_at = $2 WHERE position = $1",
            position,
            later(-60) if position == 2 else NOW,
        )

    assert await plans.sent_on(run.profile_id, NOW) == (1, 1)
    assert await plans.sent_on(run.profile_id, later(-60)) == (2, 1)


async def test_what_is_approved_counts_as_sent_that_day(
    begin: BeginRun, plans: PostgresPlans, store_plan: StorePlan, sql: Sql
):
    """It goes out beside whatever the next plan holds; where its approval has run out it does not."""
    run = await begin()
    plan_id = await store_plan(run, [an_action(place) for place in range(3)])
    await sql.execute("UPDATE harvester.action SET state = 'approved' WHERE plan_id = $1", plan_id)
    await sql.execute("UPDATE harvester.action SET expires_at = now() + interval '1 hour' WHERE position = 1")
    await sql.execute("UPDATE harvester.action SET expires_at = now() - interval '1 s' WHERE position = 2")

    assert await plans.sent_on(run.profile_id, NOW) == (2, 0)


async def test_one_effect_has_one_owner(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, database: Database, sql: Sql
):
    """A second action with an effect that is approved, on its way or done cannot be approved."""
    first = await begin()
    await store_plan(first, [an_action()])
    await sql.execute("UPDATE harvester.action SET state = 'approved'")
    await runs.finish(first, RunState.COMPLETE, None)
    second = await store_plan(await begin(), [an_action()])

    for state in ("approved", "sending", "unknown", "done"):
        if state != "approved":
            await sql.execute("UPDATE harvester.action SET state = $2 WHERE plan_id <> $1", second, state)
        with pytest.raises(Refused, match="same effect"):
            async with database.transaction() as connection:
                await connection.execute("UPDATE harvester.action SET state = 'approved' WHERE plan_id = $1", second)
    await sql.execute("UPDATE harvester.action SET state = 'undone' WHERE plan_id <> $1", second)
    await sql.execute("UPDATE harvester.action SET state = 'approved' WHERE plan_id = $1", second)
