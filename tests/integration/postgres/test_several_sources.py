"""What a run of several sources leaves in Postgres, and what later runs read of it."""

from typing import Any

import msgspec

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.decision import Outcome
from harvester.domain.outcome import Made
from harvester.domain.plan import PlanCounts
from harvester.domain.profile import Mode
from harvester.domain.recommendation import PRODUCTS, Recommendation
from harvester.domain.run import Cursor, RunState
from harvester.domain.target import Match

from .acting import FIRST_FINGERPRINT, PROFILE, approve_all, harvest, send
from .conftest import LONG_AGO, NOW, BeginRun, Sql, StorePlan, a_decision, a_row, an_action

NOTE = '{"themes":["Complements"],"asked_for":["B000000001"]}'


def suggestion(target: str) -> Recommendation:
    row = Recommendation(PRODUCTS, "700", "710", "", "", target, "PRODUCT", None, None, NOTE, ("Complements",))
    return msgspec.structs.replace(row, asked_for=("B000000001",))


async def recorded(begin: BeginRun, runs: PostgresRuns, *rows: Recommendation, **changes: Any) -> None:
    run = await begin(**changes)
    decided = [(row, row.target, a_decision(Outcome.PROMOTE)) for row in rows]
    await runs.save_page(run, 0, decided, Cursor(source="products", finished_through="710"), NOW)
    await runs.finish(run, RunState.COMPLETE, None)


async def test_the_last_three_runs_tell_who_advertises_what(begin: BeginRun, runs: PostgresRuns) -> None:
    """Runs that read promotions, alone or among others; what suggestions say is no advertisement."""
    both, alone = {"source": "promotion,products"}, {"source": "products"}
    await recorded(begin, runs, a_row(1, ad_id="0", ad_asin="B000000000"), **both)
    for number in (1, 2, 3):
        row = a_row(1, ad_id=str(number), ad_asin=f"B00000000{number}")
        await recorded(begin, runs, row, row, suggestion("B0SUGGEST1"), **both)
    await recorded(begin, runs, suggestion("B0SUGGEST1"), **alone)
    await recorded(begin, runs, a_row(1, ad_id="4", ad_asin=""), source="promotion")

    told = await runs.advertised(PROFILE)

    assert sorted((ad_id, asin) for _, ad_id, asin in told) == [("2", "B000000002"), ("3", "B000000003")]


async def test_a_run_of_other_sources_is_not_taken_up(begin: BeginRun, runs: PostgresRuns, sql: Sql) -> None:
    """The rules that named them are others, so nothing of it can be gone on with; the cursor keeps its source."""
    first = await begin(source="promotion,products")
    await runs.save_cursor(first, Cursor(source="products", finished_through="710"))

    again, other = await begin(source="promotion,products"), await begin(source="promotion")

    assert (again.run_id, again.cursor) == (first.run_id, Cursor(source="products", finished_through="710"))
    assert (other.run_id != first.run_id, other.cursor) == (True, Cursor())
    assert await sql.fetchval("SELECT state FROM ledger.runs WHERE run_id = $1", first.run_id) == "failed"


async def test_suggestions_reach_the_planner_with_what_was_said(
    begin: BeginRun, runs: PostgresRuns, plans: PostgresPlans, sql: Sql
) -> None:
    """Source and note; of a promotion the note stays where it is."""
    run = await begin(source="promotion,products")
    rows = [a_row(1, evidence_note='{"x":1}'), suggestion("B0SUGGEST1")]
    await runs.save_page(run, 0, [(row, row.target, a_decision(Outcome.PROMOTE)) for row in rows], Cursor(), NOW)

    async with plans.draft(run) as draft:
        found = [row async for group in draft.decided() for row in group]
        await draft.finish(
            complete=True,
            mode=Mode.REVIEW,
            ruleset=FIRST_FINGERPRINT,
            fingerprint=FIRST_FINGERPRINT,
            counts=PlanCounts(),
            advice=(),
            now=NOW,
        )

    assert {(row.source, row.evidence_note) for row in found} == {("promotion", None), ("products", NOTE)}
    metrics = await sql.fetchval("SELECT metrics -> 'themes' FROM ledger.decisions WHERE source = 'products'")
    assert metrics == '["Complements"]'


async def test_targets_count_as_promotions_of_the_day(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, plans: PostgresPlans, database: Database
) -> None:
    """Whoever makes them: the guard's number is one for all that is bid on."""
    kinds = (ActionKind.TARGET_PRODUCT, ActionKind.TARGET_CATEGORY, ActionKind.PROMOTE_PRODUCT)
    items = [
        an_action(at, kind=kind, effect=effect_of(kind, "910", f"B{at}", Match.SAME), state=ActionState.PLANNED)
        for at, kind in enumerate(kinds)
    ]
    plan_id = await harvest(begin, runs, store_plan, items)
    actions = PostgresActions(database)
    await send(actions, await approve_all(actions, plan_id), [Made(str(at)) for at in range(3)])

    assert await plans.sent_on(PROFILE, LONG_AGO) == (3, 0)
