"""A demo that begins weeks ago: what happens under its clock is dated by it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.plan import PlanCounts
from harvester.domain.profile import Mode
from harvester.domain.run import RunState
from harvester.wiring.earlier import EarlierClock

from .conftest import LONG_AGO, RULES, Sql, a_profile, an_action


async def test_a_run_its_plan_and_their_items_are_dated_by_an_earlier_clock(runs: PostgresRuns, sql: Sql) -> None:
    """All of them; without one they are dated by Postgres."""
    clock = EarlierClock(timedelta(weeks=6))
    from_then, until_then = clock.now(), clock.now() + timedelta(days=1)
    asked: dict[str, Any] = {"source": "promotion", "trigger": "command", "mode": Mode.REVIEW, "ruleset": RULES}
    past = replace(runs, clock=clock)

    run = await past.begin(a_profile(), resume_after=LONG_AGO, **asked)
    async with PostgresPlans(runs.database, clock=clock).draft(run) as draft:
        await draft.add([an_action()])
        counts, now = PlanCounts(actions=1), clock.now()
        await draft.finish(
            complete=True, mode=Mode.REVIEW, ruleset=RULES, fingerprint=RULES, counts=counts, advice=(), now=now
        )
    await past.finish(run, RunState.COMPLETE, None)

    dates = await sql.fetchrow(
        "SELECT started_at, finished_at, planned_at FROM ledger.runs, ledger.actions WHERE run_id = $1", run.run_id
    )
    assert [when for when in (run.started_at, *dates) if not from_then <= when < until_then] == []
    assert (await runs.begin(a_profile(), resume_after=LONG_AGO, **asked)).started_at > datetime.now(UTC) - timedelta(1)
