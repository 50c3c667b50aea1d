"""Items that go the same step with the same call share one event of the history, which says as much of each of them."""

import asyncpg
import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.story import PostgresStories
from harvester.adapters.postgres.verify import PostgresVerify
from harvester.domain.outcome import ItemOutcome, Made, NotSent, TurnedDown
from harvester.domain.review import Selection, Verdict

from .acting import PROFILE, a_review, a_writing_call, approve_all, ids
from .conftest import NOW, BeginRun, Sql, StorePlan, an_action, later

CONTENT = """
SELECT profile_id, sequence, action_id, plan_id, extract(epoch FROM at)::text, from_state, to_state, reason, changed_by,
    fence, call_number, amazon_id, error_code, error_message, bid::text, fragment
FROM harvester.action_event WHERE action_ids IS NULL
"""


@pytest.fixture
def actions(database: Database) -> PostgresActions:
    return PostgresActions(database)


@pytest.fixture
async def approved(begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql) -> list[str]:
    plan_id = await store_plan(await begin(), [an_action(number) for number in range(5)])
    await approve_all(actions, plan_id)
    return await ids(sql, plan_id)


async def _send(actions: PostgresActions, items: list[str], outcomes: list[ItemOutcome]) -> int:
    fence = await actions.take_fence(PROFILE)
    call_number = await actions.begin_sending(items, fence, later(1))
    await actions.settle(items, outcomes, [a_writing_call()], call_number, fence, later(2))
    return call_number


async def _chain_flaws(database: Database) -> list[str]:
    return [flaw.what async for flaw in PostgresVerify(database).flaws() if "event" in flaw.where]


async def test_items_that_go_the_same_step_with_a_call_share_an_event(
    approved: list[str], actions: PostgresActions, database: Database, sql: Sql
):
    """In plan order, each with its id at Amazon; whoever goes another step has an event of its own, with its request."""
    no, never = TurnedDown("X", "no"), TurnedDown("X", "never")
    call_number = await _send(actions, approved, [Made("T0"), no, Made("T2"), never, Made("T4")])

    shared = await sql.fetch(
        """SELECT to_state, action_ids, amazon_ids, call_number FROM harvester.action_event
           WHERE action_ids IS NOT NULL ORDER BY sequence"""
    )
    assert shared == [
        ("sending", approved, None, call_number),
        ("done", approved[::2], ["T0", "T2", "T4"], call_number),
    ]
    own = await sql.fetch(
        """SELECT action_id, error_message, fragment LIKE '%Running Shoes%' FROM harvester.action_event
           WHERE to_state = 'refused' ORDER BY sequence"""
    )
    assert own == [(approved[1], "no", True), (approved[3], "never", True)]
    assert await _chain_flaws(database) == []


async def test_every_step_of_an_item_can_be_asked_for_as_if_it_were_alone(
    approved: list[str], actions: PostgresActions, sql: Sql
):
    """The view `harvester.step` has a row for each item and change."""
    call_number = await _send(actions, approved, [Made(f"T{number}") for number in range(5)])

    for number, item in enumerate(approved):
        steps = await sql.fetch(
            "SELECT from_state, to_state, amazon_id, call_number FROM harvester.step WHERE action_id = $1 ORDER BY sequence",
            item,
        )
        assert steps == [
            (None, "planned", None, None),
            ("planned", "approved", None, None),
            ("approved", "sending", None, call_number),
            ("sending", "done", f"T{number}", call_number),
        ]


async def test_a_story_tells_shared_steps_with_the_bid_that_was_in_force(
    approved: list[str], actions: PostgresActions, database: Database
):
    """Also where the bid was edited between two attempts; the id at Amazon leads to the item that made it."""
    first = await _send(actions, approved, [NotSent("throttled")] * 5)
    edit = a_review("p1", Verdict.EDIT)
    fingerprint = await actions.edit_bid(edit, approved[2], "0.60", "edited", '{"bid":0.60}')
    again = a_review("p1", fingerprint=fingerprint, reviewed_at=NOW)
    await actions.review(again, Selection([approved[2]]), ())
    second = await _send(actions, approved, [Made(f"T{number}") for number in range(5)])

    (chapter,) = await PostgresStories(database).of("T2")

    assert chapter["action_id"] == approved[2]
    assert [(each["to_state"], each["bid"], each["call_id"]) for each in chapter["events"]] == [
        ("planned", "0.75", None),
        ("approved", "0.75", None),
        ("sending", "0.75", f"c{first}"),
        ("approved", "0.75", f"c{first}"),
        ("planned", "0.60", f"c{first}"),
        ("approved", "0.60", f"c{first}"),
        ("sending", "0.60", f"c{second}"),
        ("done", "0.60", f"c{second}"),
    ]


async def test_an_event_of_one_item_is_hashed_as_it_always_was(approved: list[str], actions: PostgresActions, sql: Sql):
    """Histories written before events were shared stay readable and whole."""
    await _send(actions, approved[:1], [Made("T0")])

    broken = await sql.fetch(
        f"""SELECT told.sequence FROM ({CONTENT}) AS told JOIN harvester.action_event AS event USING (sequence)
            WHERE event.hash <> sha256(event.prev_hash || convert_to((
                SELECT '[' || string_agg(value::text, ', ') || ']' FROM json_each(row_to_json(told))), 'UTF8'))"""
    )
    assert broken == []
    assert await sql.fetchval("SELECT count(*) FROM harvester.action_event WHERE action_ids IS NULL") == 12


@pytest.mark.parametrize(
    "change",
    [
        "amazon_ids = amazon_ids[2:] || amazon_ids[:1]",
        "action_ids = action_ids[2:] || action_ids[:1]",
        "amazon_ids = NULL",
    ],
)
async def test_a_shared_event_that_was_changed_is_found(
    approved: list[str], actions: PostgresActions, database: Database, sql: Sql, change: str
):
    """Ids that change places, or go, do not fit the hash."""
    call_number = await _send(actions, approved, [Made(f"T{number}") for number in range(5)])
    await sql.execute("ALTER TABLE harvester.action_event DISABLE TRIGGER ALL")
    await sql.execute(f"UPDATE harvester.action_event SET {change} WHERE to_state = 'done'")
    await sql.execute("ALTER TABLE harvester.action_event ENABLE TRIGGER ALL")

    assert await _chain_flaws(database) == [
        f"the event of 5 actions of call c{call_number} (sending to done) is not what was recorded"
    ]


async def test_nobody_writes_an_event_that_is_neither_shared_nor_an_items_own(approved: list[str], sql: Sql):
    """A shared event names a call; an event of one item names that item."""
    for shape in ("'', NULL, 1", f"'{approved[0]}', '{{a1,a2}}', 1", "'', '{a1,a2}', NULL"):
        with pytest.raises(asyncpg.CheckViolationError, match="action_event_shared"):
            await sql.execute(
                f"""INSERT INTO harvester.action_event (profile_id, action_id, action_ids, call_number, plan_id, at,
                        to_state, reason, changed_by, fragment)
                    SELECT '{PROFILE}', {shape}, 'p1', now(), 'done', '', 'somebody', ''"""
            )
