"""What may become of an action: Postgres refuses the rest."""

from itertools import product

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvester.domain.action import ActionState

from .conftest import BeginRun, Sql, StorePlan, an_action, later

UNREVIEWED = {"approved", "declined", "superseded"}
ALLOWED = {
    "planned": UNREVIEWED | {"held"},
    "guarded": UNREVIEWED | {"held"},
    "held": UNREVIEWED,
    "approved": {"sending", "declined", "held", "superseded", "stale", "planned", "guarded"},
    "sending": {"done", "refused", "unknown", "approved"},
    "unknown": {"done", "refused", "stale", "approved"},
    "done": {"undone"},
}
OWNING = {"approved", "sending", "unknown", "done"}
"""Where another item owns the same effect, Postgres says that first."""
STATES = [state.value for state in ActionState]
SET_STATE = "UPDATE harvester.action SET state = $1 WHERE position = $2"


async def test_every_step_that_is_not_allowed_is_refused(begin: BeginRun, store_plan: StorePlan, sql: Sql):
    """All 144 pairs of states; a refused step leaves state and history as they were."""
    pairs = list(product(STATES, STATES))
    await store_plan(await begin(), [an_action(place, state=ActionState(old)) for place, (old, _) in enumerate(pairs)])

    for place, (old, new) in enumerate(pairs):
        if new == old or new in ALLOWED.get(old, set()):
            await sql.execute(SET_STATE, new, place)
        else:
            with pytest.raises(asyncpg.RestrictViolationError, match=f"is {old} and cannot become {new}"):
                await sql.execute(SET_STATE, new, place)

    found = await sql.fetch("SELECT state FROM harvester.action ORDER BY position")
    assert [row["state"] for row in found] == [new if new in ALLOWED.get(old, set()) else old for old, new in pairs]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.sampled_from(STATES), max_size=12))
async def test_the_history_is_the_path_that_was_walked(
    begin: BeginRun, store_plan: StorePlan, sql: Sql, steps: list[str]
):
    """Whatever is attempted: the events of an action are its allowed steps, in order, and lead to its state."""
    plan_id = await store_plan(await begin(resume_after=later(60 * 24 * 365)), [an_action()])
    walked = ["planned"]
    for step in steps:
        try:
            await sql.execute("UPDATE harvester.action SET state = $1 WHERE plan_id = $2", step, plan_id)
        except asyncpg.RestrictViolationError:
            assert step not in ALLOWED.get(walked[-1], set())
        except asyncpg.UniqueViolationError:
            assert step in OWNING
        else:
            if step != walked[-1]:
                walked.append(step)

    events = await sql.fetch(
        "SELECT from_state, to_state FROM harvester.action_event WHERE plan_id = $1 ORDER BY sequence", plan_id
    )
    assert [row["to_state"] for row in events] == walked
    assert [row["from_state"] for row in events] == [None, *walked[:-1]]


@pytest.mark.parametrize(
    "change",
    ["effect = 'x'", "profile_id = '2'", "plan_id = 'p77'", "kind = 'negate_keyword'", "key = 'x'", "position = 9"],
)
async def test_an_action_cannot_become_another_one(begin: BeginRun, store_plan: StorePlan, sql: Sql, change: str):
    """What it brings about, where and for whom stay as they were planned."""
    await store_plan(await begin(), [an_action()])

    with pytest.raises(asyncpg.RestrictViolationError, match="cannot become another action"):
        await sql.execute(f"UPDATE harvester.action SET {change}")


async def test_a_request_that_was_sent_stays_as_it_was(begin: BeginRun, store_plan: StorePlan, sql: Sql):
    """From sending on its fragment cannot be edited."""
    await store_plan(await begin(), [an_action()])
    for state in ("approved", "sending", "unknown", "done"):
        await sql.execute("UPDATE harvester.action SET state = $1", state)
        if state != "approved":
            with pytest.raises(asyncpg.RestrictViolationError, match="stays as it was"):
                await sql.execute("UPDATE harvester.action SET fragment = '{}'")


async def test_an_action_cannot_be_deleted(begin: BeginRun, store_plan: StorePlan, sql: Sql):
    """Neither one nor all."""
    await store_plan(await begin(), [an_action()])

    for attempt in ("DELETE FROM harvester.action", "TRUNCATE harvester.action CASCADE"):
        with pytest.raises(asyncpg.RestrictViolationError):
            await sql.execute(attempt)


async def test_every_state_of_the_program_is_known_to_postgres(begin: BeginRun, store_plan: StorePlan, sql: Sql):
    """And Postgres knows no other."""
    check = await sql.fetchval(
        """SELECT pg_get_constraintdef(oid) FROM pg_constraint
           WHERE conrelid = 'harvester.action'::regclass AND conname = 'action_state_check'"""
    )
    assert {word for word in STATES if f"'{word}'" in check} == set(STATES)
    assert check.count("::text") - check.count("::text[]") <= len(STATES) + 1
