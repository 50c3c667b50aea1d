"""`ledger verify`: a ledger of ordinary days is whole, and whatever is tampered with is found and named."""

from datetime import UTC, datetime

import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.adapters.postgres.verify import WRITES, PostgresVerify
from harvester.domain.action import ActionKind
from harvester.domain.ids import Effect
from harvester.domain.outcome import ItemOutcome, Made, NotSent, TurnedDown, Unsure
from harvester.domain.review import Selection, Verdict

from .acting import PROFILE, a_review, a_writing_call, approve_all, harvest, ids
from .conftest import BeginRun, Sql, StorePlan, a_profile, an_action


@pytest.fixture
def actions(database: Database) -> PostgresActions:
    return PostgresActions(database)


@pytest.fixture
def verify(database: Database) -> PostgresVerify:
    return PostgresVerify(database)


@pytest.fixture
async def lived(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, actions: PostgresActions, sql: Sql
) -> datetime:
    """A ledger in which everything has happened: a1 done, a2 refused, a3 unknown, a4 sent again and done ...

    ... a5 edited, a6 declined; a7 in another plan, undone by a8; an empty plan of an empty run.
    """
    now = datetime.now(UTC)
    plan_id = await harvest(begin, runs, store_plan, [an_action(number) for number in range(6)])
    named = await ids(sql, plan_id)
    review = a_review(plan_id, Verdict.EDIT)
    fingerprint = await actions.edit_bid(review, named[4], "0.60", "edited", '{"bid":0.60}')
    approval = a_review(plan_id, fingerprint=fingerprint, expires_at=None)
    await actions.review(approval, Selection(named[:4]), ())
    await actions.review(a_review(plan_id, Verdict.DECLINE, fingerprint=fingerprint), Selection([named[5]]), ())
    fence = await actions.take_fence(PROFILE)
    call_number = await actions.begin_sending(named[:4], fence, now)
    calls = [a_writing_call(1, 429, at=now), a_writing_call(2, at=now)]
    outcomes: list[ItemOutcome] = [Made("T1"), TurnedDown("X", "no"), Unsure("lost"), NotSent("throttled")]
    await actions.settle(named[:4], outcomes, calls, call_number, fence, now)
    call_number = await actions.begin_sending([named[3]], fence, now)
    await actions.settle([named[3]], [Made("T4")], [a_writing_call(at=now)], call_number, fence, now)
    other = await harvest(begin, runs, store_plan, [an_action(9)])
    await _done(actions, other, sql, now)
    (promotion,) = await ids(sql, other)
    undo = an_action(kind=ActionKind.PAUSE_KEYWORD, effect=Effect("pause"), undoes=promotion)
    await _done(actions, await harvest(begin, runs, store_plan, [undo]), sql, now)
    await harvest(begin, runs, store_plan, [])
    return now


async def _done(actions: PostgresActions, plan_id: str, sql: Sql, now: datetime) -> None:
    named = await ids(sql, plan_id)
    await approve_all(actions, plan_id, expires_at=None)
    fence = await actions.take_fence(PROFILE)
    call_number = await actions.begin_sending(named, fence, now)
    calls = [a_writing_call(at=now, plan_id=plan_id)]
    await actions.settle(named, [Made("T9")] * len(named), calls, call_number, fence, now)


async def _found(verify: PostgresVerify) -> list[tuple[str, str, str]]:
    return [(flaw.severity.value, flaw.where, flaw.what) async for flaw in verify.flaws()]


@pytest.mark.usefixtures("lived")
async def test_a_ledger_of_ordinary_days_is_whole(verify: PostgresVerify, sql: Sql):
    """Edits, refusals, throttled and lost calls, a second attempt and an undo: nothing to tell."""
    assert await sql.fetchval("SELECT count(*) FROM harvester.action_event") > 25
    assert await _found(verify) == []


async def test_an_empty_ledger_is_whole(verify: PostgresVerify):
    """Nothing recorded, nothing missing."""
    assert await _found(verify) == []


TAMPERED = {
    "an event changed": (
        "UPDATE harvester.action_event SET changed_by = 'nobody' WHERE action_id = 'a2' AND to_state = 'refused'",
        f"profile {PROFILE}, event 15", "the event of action a2 (sending to refused) is not what was recorded",
    ),
    "a shared event changed": (
        "UPDATE harvester.action_event SET action_ids = array_remove(action_ids, 'a3') WHERE action_ids IS NOT NULL",
        f"profile {PROFILE}, event 13", "the event of 3 actions of call c1 (approved to sending) is not what was recorded",
    ),
    "a shared event removed": (
        "DELETE FROM harvester.action_event WHERE action_ids IS NOT NULL",
        "a4", "it says it was sent 2 times, its history 1 times",
    ),
    "an event removed": (
        "DELETE FROM harvester.action_event WHERE sequence = 4",
        f"profile {PROFILE}, event 5", "before the event of action a5 (nothing to planned) events 4 to 4 are missing",
    ),
    "the last events removed": (
        "DELETE FROM harvester.action_event WHERE action_id = 'a8' AND to_state = 'done'", "a8",
        "it is done, and its history says sending",
    ),
    "a hash changed": (
        "UPDATE harvester.action_event SET hash = sha256('x') WHERE sequence = 3",
        f"profile {PROFILE}, event 4", "the event of action a4 (nothing to planned) does not follow from the one before",
    ),
    "a state changed": (
        "UPDATE harvester.action SET state = 'done' WHERE action_id = 'a2'", "a2",
        "it is done, and its history says refused",
    ),
    "a request changed": (
        "UPDATE harvester.action SET fragment = '{}' WHERE action_id = 'a1'", "a1",
        "its request or bid is not the one in its history",
    ),
    "an id changed": (
        "UPDATE harvester.action SET amazon_id = 'T77' WHERE action_id = 'a1'", "a1",
        "its id at Amazon is T77, and its history says T1",
    ),
    "a decision removed": (
        "DELETE FROM harvester.observation WHERE run_id = 'r1' AND place = 2", "a3", "its decision r1-2 does not exist",
    ),
    "a row removed": (
        "DELETE FROM harvester.observation WHERE run_id = 'r1' AND place = 2", "r1",
        "it says 6 recommendations, and 5 are recorded",
    ),
    "a row moved": (
        "UPDATE harvester.observation SET place = 99 WHERE run_id = 'r1' AND place = 2", "r1",
        "its 6 places go from 0 to 99: one is missing",
    ),
    "rows of a run that never was": (
        "UPDATE harvester.observation SET run_id = 'r99' WHERE run_id = 'r1' AND place = 2", "r99",
        "rows are recorded of it, and it does not exist",
    ),
    "a run removed": ("DELETE FROM harvester.run WHERE run_id = 'r2'", "p2", "its run r2 does not exist"),
    "a plan removed": (
        "DELETE FROM harvester.plan WHERE plan_id = 'p2'", "a7", "no decision stands behind it (plan p2)",
    ),
    "an action removed": (
        "DELETE FROM harvester.action WHERE action_id = 'a6'", "p1", "it says 6 actions, and 5 are recorded",
    ),
    "an action removed, its history": (
        "DELETE FROM harvester.action WHERE action_id = 'a6'", "a6", "it has a history and does not exist",
    ),
    "an action with no decision": (
        "DELETE FROM harvester.action_observation WHERE action_id = 'a6'", "a6",
        "no decision stands behind it (plan p1)",
    ),
    "a plan that says other numbers": (
        "UPDATE harvester.plan SET candidates = 7 WHERE plan_id = 'p1'", "p1",
        "it says 7 candidates, and 6 are recorded",
    ),
    "an intent removed": (
        "DELETE FROM harvester.action_call WHERE action_id = 'a2' AND call_number = 1", "a2",
        "it was sent with call c1, which does not name it",
    ),
    "an attempt forgotten": (
        "UPDATE harvester.action SET attempts = 0 WHERE action_id = 'a1'", "a1",
        "it says it was sent 0 times, its history 1 times",
    ),
    "a call that nobody meant": (
        "DELETE FROM harvester.action_call WHERE call_number = 3", "c3",
        "POST /sp/targetPromotionGroups/targets of plan p1 carried no action",
    ),
    "an open plan forgotten": (
        "DELETE FROM harvester.open_plan WHERE plan_id = 'p1'", "p1",
        "it has items under way, and is not known to be open: nobody would look",
    ),
    "a call removed": (
        "DELETE FROM harvester.api_call WHERE call_number = 1", "a1",
        "call c1, which carried it, is not recorded, though an answer was: done",
    ),
}  # fmt: skip
"""What is done to the tables behind Postgres' back; where it shows, and as what."""


@pytest.mark.usefixtures("lived")
@pytest.mark.parametrize("case", TAMPERED)
async def test_whatever_is_tampered_with_is_found_and_named(verify: PostgresVerify, sql: Sql, case: str):
    """By a superuser who has switched every trigger off."""
    statement, where, what = TAMPERED[case]
    await _tamper(sql, statement)

    assert ("broken", where, what) in await _found(verify)


async def _tamper(sql: Sql, statement: str) -> None:
    tables = await sql.fetch(
        """SELECT oid::regclass::text FROM pg_class WHERE relnamespace = 'harvester'::regnamespace AND relkind IN ('r', 'p')"""
    )
    for (table,) in tables:
        await sql.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL")
    assert (await sql.execute(statement)).split()[-1] == "1"
    for (table,) in tables:
        await sql.execute(f"ALTER TABLE {table} ENABLE TRIGGER ALL")


async def test_a_crash_is_a_note_and_not_a_flaw(
    lived: datetime, actions: PostgresActions, verify: PostgresVerify, begin: BeginRun, runs: PostgresRuns,
    store_plan: StorePlan, sql: Sql,
):  # fmt: skip
    """A call that was announced and never recorded: on its way, then unknown, then settled by a listing."""
    plan_id = await harvest(begin, runs, store_plan, [an_action(50)])
    (stray,) = await approve_all(actions, plan_id, expires_at=None)
    call_number = await actions.begin_sending([stray], await actions.take_fence(PROFILE), lived)
    call = f"call c{call_number}, which carried it, is not recorded"
    assert await _found(verify) == [("note", stray, f"{call}: it was on its way and nothing came back yet")]

    fence = await actions.take_fence(PROFILE)
    told = [("note", stray, f"{call}: no answer, as its history says (unknown)")]
    assert await _found(verify) == told
    await actions.settle_unknown([(stray, Made("T50"))], fence, lived)
    assert await _found(verify) == told


@pytest.mark.usefixtures("lived")
async def test_done_without_an_id_is_a_note(verify: PostgresVerify, sql: Sql):
    """It stands, but nobody can undo it."""
    await sql.execute("UPDATE harvester.action SET state = 'done' WHERE action_id = 'a3'")

    assert await _found(verify) == [("note", "a3", "it is done, and what Amazon calls it is not known")]


async def test_every_call_that_changes_an_account_is_known():
    """By method and path; a list that is asked for by POST is none of them."""
    assert "POST /sp/targetPromotionGroups/targets" in WRITES
    assert "PUT /sp/campaigns" in WRITES
    assert "POST /sp/targets" in WRITES
    assert len(WRITES) == 14
    assert not any(path.endswith("/list") for path in WRITES)


async def test_events_of_one_statement_are_chained_like_events_of_many(
    begin: BeginRun,
    runs: PostgresRuns,
    store_plan: StorePlan,
    verify: PostgresVerify,
    actions: PostgresActions,
    sql: Sql,
):
    """Many rows at once, one by one, of two profiles at once, and written by hand: one chain for each profile."""
    plan_id = await harvest(begin, runs, store_plan, [an_action(number) for number in range(50)])
    named = await ids(sql, plan_id)
    await store_plan(await begin(a_profile("2")), [an_action(number) for number in range(20)])
    await actions.review(a_review(plan_id), Selection(named[:30]), ())
    for action_id in named[30:35]:
        await actions.review(a_review(plan_id), Selection([action_id]), ())
    await sql.execute("UPDATE harvester.action SET state = 'superseded' WHERE state = 'planned'")
    await sql.execute(
        """INSERT INTO harvester.action_event (profile_id, action_id, plan_id, at, to_state, reason, changed_by, fragment)
           SELECT profile_id, action_id, plan_id, at, to_state, reason, changed_by, fragment
           FROM harvester.action_event WHERE sequence > 18"""
    )

    assert dict(await sql.fetch("SELECT profile_id, max(sequence) FROM harvester.action_event GROUP BY 1")) == {
        PROFILE: 2 * (50 + 30 + 5 + 15) - 18,
        "2": 2 * (20 + 20) - 18,
    }
    assert [flaw async for flaw in verify.flaws() if "event" in flaw.where] == []
