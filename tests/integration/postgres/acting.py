"""What tests of review, sending and settling do over and over."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.decision import Outcome
from harvester.domain.ids import Fingerprint, PlanId, ProfileId
from harvester.domain.outcome import ItemOutcome
from harvester.domain.plan import PlannedAction
from harvester.domain.review import Review, Selection, Verdict
from harvester.domain.run import ApiCall, Cursor, RunState

from .conftest import NOW, BeginRun, Sql, StorePlan, a_page, later

PROFILE = ProfileId("1234567890")
FIRST_FINGERPRINT = Fingerprint("a" * 64)
IN_FORCE = later(72 * 60)


def a_review(plan_id: str, verdict: Verdict = Verdict.APPROVE, by: str = "Ann", **changes: Any) -> Review:
    fields: dict[str, Any] = {
        "plan_id": PlanId(plan_id),
        "fingerprint": FIRST_FINGERPRINT,
        "verdict": verdict,
        "reviewed_by": by,
        "reviewed_at": NOW,
        "expires_at": IN_FORCE if verdict is Verdict.APPROVE else None,
    }
    return Review(**{**fields, **changes})


def a_writing_call(attempt: int = 1, status: int | None = 207, **changes: Any) -> ApiCall:
    fields: dict[str, Any] = {
        "at": NOW, "method": "POST", "path": "/sp/targetPromotionGroups/targets", "status": status, "duration_ms": 80.0,
        "attempt": attempt, "request_id": f"R{attempt}", "request_body": "{}", "response_body": "{}", "error": None,
        "account": "main", "profile_id": PROFILE, "plan_id": "p1",
    }  # fmt: skip
    return ApiCall(**{**fields, **changes})


async def harvest(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, items: Sequence[PlannedAction], **changes: Any
) -> str:
    """A run with one recommendation for each item and of its evidence, ended, and the plan of it."""
    run = await begin()
    page = [
        (msgspec.structs.replace(row, clicks=item.clicks, conversions=item.conversions), key, decision)
        for (row, key, decision), item in zip(a_page(0, len(items), Outcome.PROMOTE), items, strict=True)
    ]
    await runs.save_page(run, 0, page, Cursor(), datetime.now(UTC))
    placed = [msgspec.structs.replace(item, places=(place,)) for place, item in enumerate(items)]
    plan_id = await store_plan(run, placed, **changes)
    await runs.finish(run, RunState.COMPLETE, None)
    return plan_id


async def states(sql: Sql, plan_id: str) -> list[str]:
    """Of a plan's items, in plan order."""
    return [
        row[0] for row in await sql.fetch("SELECT state FROM harvester.action WHERE plan_id = $1 ORDER BY position", plan_id)
    ]  # fmt: skip


async def ids(sql: Sql, plan_id: str) -> list[str]:
    return [
        row[0]
        for row in await sql.fetch("SELECT action_id FROM harvester.action WHERE plan_id = $1 ORDER BY position", plan_id)
    ]  # fmt: skip


async def approve_all(actions: PostgresActions, plan_id: str, **changes: Any) -> Sequence[str]:
    review = await actions.review(a_review(plan_id, **changes), Selection(guarded=True), ())
    assert review.refused == []
    return review.changed


async def send(
    actions: PostgresActions, action_ids: Sequence[str], outcomes: Sequence[ItemOutcome], at: datetime = NOW
) -> int:
    """Under a new fence: the whole way of one call; the fence."""
    fence = await actions.take_fence(PROFILE)
    call_number = await actions.begin_sending(action_ids, fence, at)
    await actions.settle(action_ids, outcomes, [a_writing_call()], call_number, fence, at)
    return fence
