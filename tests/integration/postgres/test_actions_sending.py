"""Sending and settling: the intent before the call, its outcome after it."""

import asyncio
import json
from typing import Any

import msgspec
import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.domain.action import ActionKind, Standing
from harvester.domain.errors import LeaseLost, Refused
from harvester.domain.ids import Effect, PlanId, ProfileId
from harvester.domain.outcome import ItemOutcome, Made, NotSent, TurnedDown, Unsure
from harvester.domain.review import Selection, Verdict

from .acting import IN_FORCE, PROFILE, a_review, a_writing_call, approve_all, ids, send, states
from .conftest import NOW, BeginRun, Sql, StorePlan, an_action, later


@pytest.fixture
def actions(database: Database) -> PostgresActions:
    return PostgresActions(database)


@pytest.fixture
async def approved(begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql) -> list[str]:
    """Five approved items of plan p1."""
    plan_id = await store_plan(await begin(), [an_action(number) for number in range(5)])
    await approve_all(actions, plan_id)
    return await ids(sql, plan_id)


async def test_the_view_is_read_in_the_order_of_its_fields(sql: Sql):
    """A column of `harvester.standing` is a field of Standing, place by place."""
    statement = await sql.prepare("SELECT * FROM harvester.standing")
    columns = [attribute.name for attribute in statement.get_attributes()]

    assert columns == [*(field.name for field in msgspec.structs.fields(Standing)), "run_id"]


async def test_an_intent_is_in_the_ledger_before_the_call(approved: list[str], actions: PostgresActions, sql: Sql):
    """State, fence, time, attempt, and the call at its positions in the order that was asked for."""
    fence = await actions.take_fence(PROFILE)
    order = [approved[3], approved[0]]

    call_number = await actions.begin_sending(order, fence, later(1))

    assert await states(sql, "p1") == ["sending", "approved", "approved", "sending", "approved"]
    sent = await actions.action(approved[3])
    assert sent is not None
    assert (sent.fence, sent.attempts, sent.sent_at, sent.settled_at) == (fence, 1, later(1), None)
    assert await sql.fetch(
        "SELECT action_id, position FROM harvester.action_call WHERE call_number = $1 ORDER BY position", call_number
    ) == [(approved[3], 0), (approved[0], 1)]
    assert await sql.fetch(
        "SELECT action_id, fence, call_number FROM harvester.step WHERE to_state = 'sending' ORDER BY action_id"
    ) == [(approved[number], fence, call_number) for number in (0, 3)]


@pytest.mark.parametrize(
    ("prepare", "at", "why"),
    [
        ("UPDATE harvester.action SET state = 'declined' WHERE action_id = 'a2'", NOW, "a2 is declined"),
        ("SELECT 1", IN_FORCE, "the approval of a1 has run out"),
        ("UPDATE harvester.account_state SET paused = true, paused_by = 'Ann', paused_at = now()", NOW, "is paused, by Ann"),
        ("UPDATE harvester.fleet_state SET paused = true, paused_by = 'Bob', paused_at = now()", NOW, "everything is paused"),
    ],
)  # fmt: skip
async def test_what_may_not_be_sent_stops_the_whole_call(
    approved: list[str], actions: PostgresActions, sql: Sql, prepare: str, at: Any, why: str
):
    """No longer approved, run out, paused: nothing is on its way, and the sentence says which."""
    fence = await actions.take_fence(PROFILE)
    await sql.execute(prepare)

    with pytest.raises(Refused, match=why):
        await actions.begin_sending(approved, fence, at)
    assert "sending" not in await states(sql, "p1")
    assert await sql.fetchval("SELECT count(*) FROM harvester.action_call") == 0


async def test_items_that_are_no_call_are_refused(approved: list[str], actions: PostgresActions, sql: Sql):
    """Named twice, not there, none at all."""
    fence = await actions.take_fence(PROFILE)

    for items in ([approved[0], approved[0]], [approved[0], "a99"], ["a99"], []):
        with pytest.raises(Refused):
            await actions.begin_sending(items, fence, NOW)
    assert set(await states(sql, "p1")) == {"approved"}


async def test_a_promotion_waits_for_its_group(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """It is not sent before the group exists; the group's outcome gives it to all of the same source and plan."""
    items = [
        an_action(0, kind=ActionKind.CREATE_GROUP, bid=None, group_id=""),
        an_action(1, group_id=""),
        an_action(2, group_id="", source_ad_group_id="999"),
        an_action(3),
    ]
    plan_id = await store_plan(await begin(), items)
    await approve_all(actions, plan_id)
    group, promotion, elsewhere, has_one = await ids(sql, plan_id)
    fence = await actions.take_fence(PROFILE)
    with pytest.raises(Refused, match=f"promotion group of {promotion} does not exist yet"):
        await actions.begin_sending([promotion], fence, NOW)

    await send(actions, [group], [Made("G77", ("901", "902"))])

    found = dict(await sql.fetch("SELECT action_id, group_id FROM harvester.action"))
    assert found == {group: "", promotion: "G77", elsewhere: "", has_one: "990"}
    await send(actions, [promotion], [Made("T1")])
    assert await states(sql, plan_id) == ["done", "done", "approved", "approved"]


async def test_why_an_item_waits_stands_with_it(approved: list[str], actions: PostgresActions, sql: Sql):
    """In the ledger, until it is sent; it is no step of its history, and no change that another try would wait for."""
    events = await sql.fetchval("SELECT count(*) FROM harvester.action_event")
    changed = "SELECT changed_at FROM harvester.action WHERE action_id = $1"
    before, fence = await sql.fetchval(changed, approved[0]), await actions.take_fence(PROFILE)

    await actions.say_why([(approved[0], "rule promote-proven is in dry-run")], fence)

    shown = "SELECT state, error_message FROM ledger.actions WHERE action_id = $1"
    assert await sql.fetchrow(shown, approved[0]) == ("approved", "rule promote-proven is in dry-run")
    assert await sql.fetchval("SELECT count(*) FROM harvester.action_event") == events
    assert await sql.fetchval(changed, approved[0]) == before
    await send(actions, approved[:1], [Made("T1")])
    assert await sql.fetchrow(shown, approved[0]) == ("done", None)
    with pytest.raises(LeaseLost):
        await actions.say_why([(approved[1], "late")], fence)


async def test_every_outcome_leads_to_its_state(approved: list[str], actions: PostgresActions, sql: Sql):
    """One call, five outcomes; the call with its answer, and what each item says of it."""
    outcomes: list[ItemOutcome] = [
        Made("T1"),
        Made(""),
        TurnedDown("INVALID", "no \x00 such"),
        NotSent("throttled"),
        Unsure("the connection broke"),
    ]
    await send(actions, approved, outcomes, later(1))

    rows = await sql.fetch(
        """SELECT state, amazon_id, error_code, error_message, attempts, settled_at IS NOT NULL FROM harvester.action
           ORDER BY position"""
    )
    assert rows == [
        ("done", "T1", None, None, 1, True),
        ("unknown", None, None, "already there; its id is not known yet", 1, False),
        ("refused", None, "INVALID", "no \ufffd such", 1, True),
        ("approved", None, None, "throttled", 1, False),
        ("unknown", None, None, "the connection broke", 1, False),
    ]
    there = await actions.action(approved[1])
    assert there is not None
    assert there.reason == "already_there"
    assert await sql.fetch(
        """SELECT position, status FROM ledger.action_calls JOIN ledger.api_calls USING (call_id) ORDER BY position"""
    ) == [(position, 207) for position in range(5)]


async def test_each_attempt_is_a_call_that_carried_the_items(approved: list[str], actions: PostgresActions, sql: Sql):
    """The one that counted has the number of the intent; those before it numbers of their own."""
    fence = await actions.take_fence(PROFILE)
    call_number = await actions.begin_sending(approved[:2], fence, NOW)
    calls = [a_writing_call(1, 429), a_writing_call(2, 401), a_writing_call(3)]

    await actions.settle(approved[:2], [Made("T1"), Made("T2")], calls, call_number, fence, NOW)

    found = await sql.fetch(
        """SELECT attempt, status, call_number = $1, array_agg(action_id ORDER BY position)
           FROM harvester.api_call JOIN harvester.action_call USING (call_number) GROUP BY 1, 2, 3 ORDER BY 1""",
        call_number,
    )
    assert found == [(1, 429, False, approved[:2]), (2, 401, False, approved[:2]), (3, 207, True, approved[:2])]


async def test_what_never_left_is_approved_again(approved: list[str], actions: PostgresActions, sql: Sql):
    """No call is recorded, and it may be sent again at once: its second attempt."""
    fence = await actions.take_fence(PROFILE)
    call_number = await actions.begin_sending(approved, fence, NOW)
    await actions.settle(approved, [NotSent("paused")] * 5, [], call_number, fence, NOW)

    assert await sql.fetchval("SELECT count(*) FROM harvester.api_call") == 0
    again = await actions.begin_sending(approved, fence, NOW)
    assert again > call_number
    assert await sql.fetch("SELECT DISTINCT state, attempts, error_message FROM harvester.action") == [
        ("sending", 2, None)
    ]


async def test_an_outcome_of_another_call_is_refused(approved: list[str], actions: PostgresActions, sql: Sql):
    """Nothing is recorded: neither states nor calls. An item without an outcome is a mistake in the program."""
    fence = await actions.take_fence(PROFILE)
    first = await actions.begin_sending(approved[:2], fence, NOW)
    second = await actions.begin_sending(approved[2:], fence, NOW)

    with pytest.raises(Refused, match=f"of 3 items 2 were on their way with call c{first}"):
        await actions.settle(approved[:3], [Made("T")] * 3, [a_writing_call()], first, fence, NOW)
    with pytest.raises(ValueError, match="zip"):
        await actions.settle(approved[:2], [Made("T")], [a_writing_call()], first, fence, NOW)
    assert second == first + 1
    assert set(await states(sql, "p1")) == {"sending"}
    assert await sql.fetchval("SELECT count(*) FROM harvester.api_call") == 0


async def test_a_new_fence_makes_strays_unknown(approved: list[str], actions: PostgresActions, sql: Sql):
    """Whatever an older process left on its way; its own late outcome is refused, but its call is recorded."""
    fence = await actions.take_fence(PROFILE)
    call_number = await actions.begin_sending(approved[:2], fence, NOW)

    newer = await actions.take_fence(PROFILE)

    assert newer == fence + 1
    assert await states(sql, "p1") == ["unknown", "unknown", "approved", "approved", "approved"]
    assert await sql.fetchval("SELECT DISTINCT error_message FROM harvester.action WHERE state = 'unknown'") == (
        "the process that sent it ended before an answer was recorded"
    )
    with pytest.raises(LeaseLost, match="taken over by another process"):
        await actions.settle(approved[:2], [Made("T1"), Made("T2")], [a_writing_call()], call_number, fence, NOW)
    assert await states(sql, "p1") == ["unknown", "unknown", "approved", "approved", "approved"]
    assert await sql.fetchval("SELECT call_number FROM harvester.api_call") == call_number
    for late in (
        actions.begin_sending(approved[2:], fence, NOW),
        actions.mark_stale([(approved[2], "moved")], fence, NOW),
        actions.settle_unknown([(approved[0], Made("T1"))], fence, NOW),
    ):
        with pytest.raises(LeaseLost):
            await late


async def test_no_fence_comes_between_an_intent_and_its_commit(approved: list[str], actions: PostgresActions, sql: Sql):
    """Taken at the same moment: either the intent is refused, or the new owner finds it and calls it unknown."""
    for action_id in approved:
        fence = await actions.take_fence(PROFILE)
        intent, newer = await asyncio.gather(
            actions.begin_sending([action_id], fence, NOW), actions.take_fence(PROFILE), return_exceptions=True
        )
        standing = await actions.action(action_id)
        assert standing is not None
        assert newer == fence + 1
        assert isinstance(intent, int | LeaseLost)
        assert standing.state == ("unknown" if isinstance(intent, int) else "approved")


async def test_what_moved_is_stale(approved: list[str], actions: PostgresActions, sql: Sql):
    """With what moved; what was declined meanwhile stays declined."""
    fence = await actions.take_fence(PROFILE)
    await actions.review(a_review("p1", Verdict.DECLINE), Selection([approved[1]]), ())

    await actions.mark_stale([(approved[0], "bid 0.75, now 0.90"), (approved[1], "gone")], fence, later(3))
    await actions.mark_stale([], fence, NOW)

    assert await sql.fetch(
        "SELECT state, error_message, settled_at FROM harvester.action ORDER BY position LIMIT 2"
    ) == [("stale", "bid 0.75, now 0.90", later(3)), ("declined", None, None)]


async def test_a_listing_settles_what_is_unknown(approved: list[str], actions: PostgresActions, sql: Sql):
    """Found: done. Never arrived: approved again while the approval holds. Refused. What it cannot tell stays."""
    fence = await send(actions, approved, [Unsure("lost")] * 5)
    found: list[tuple[str, ItemOutcome]] = [
        (approved[0], Made("T1")),
        (approved[1], NotSent("not listed")),
        (approved[2], TurnedDown("X", "no")),
        (approved[3], Made("")),
        (approved[4], Unsure("who knows")),
    ]

    await actions.settle_unknown(found, fence, later(1))
    await actions.settle_unknown(found[:3], fence, later(2))

    assert await sql.fetch("SELECT state, amazon_id, error_message FROM harvester.action ORDER BY position") == [
        ("done", "T1", None),
        ("approved", None, "not listed"),
        ("refused", None, "no"),
        ("unknown", None, "lost"),
        ("unknown", None, "lost"),
    ]


async def test_what_never_arrived_is_stale_when_its_approval_is_over(
    approved: list[str], actions: PostgresActions, sql: Sql
):
    """It is not sent on an approval that has run out; what did arrive is done however late that is found."""
    fence = await send(actions, approved[:2], [Unsure("lost")] * 2)

    await actions.settle_unknown([(approved[0], NotSent("not listed")), (approved[1], Made("T1"))], fence, IN_FORCE)

    assert await sql.fetch("SELECT state, error_message FROM harvester.action ORDER BY position LIMIT 2") == [
        ("stale", "never arrived, and its approval has expired"),
        ("done", None),
    ]


async def test_an_undo_that_is_done_makes_its_action_undone(
    begin: BeginRun, store_plan: StorePlan, approved: list[str], actions: PostgresActions, sql: Sql
):
    """In the same transaction, and the effect is free again; a promotion group waits for all of its campaigns."""
    await send(actions, approved[:2], [Made("T1"), Made("G1")])
    undos = [
        an_action(0, kind=ActionKind.PAUSE_KEYWORD, effect=Effect("pause|T1"), undoes=approved[0], places=()),
        an_action(1, kind=ActionKind.PAUSE_CAMPAIGN, effect=Effect("pause|C1"), undoes=approved[1], places=()),
        an_action(2, kind=ActionKind.PAUSE_CAMPAIGN, effect=Effect("pause|C2"), undoes=approved[1], places=()),
    ]
    plan_id = await store_plan(await begin(resume_after=later(9999)), undos)
    await approve_all(actions, plan_id)
    keyword, one, two = await ids(sql, plan_id)

    await send(actions, [keyword], [Made("T1")], later(5))
    await send(actions, [one], [Made("C1")], later(5))
    assert await states(sql, "p1") == ["undone", "done", "approved", "approved", "approved"]
    await send(actions, [two], [Unsure("lost")], later(6))
    fence = await actions.take_fence(PROFILE)
    await actions.settle_unknown([(two, Made("C2"))], fence, later(7))

    assert await states(sql, "p1") == ["undone", "undone", "approved", "approved", "approved"]
    assert await sql.fetchrow(
        "SELECT from_state, changed_by, at FROM harvester.action_event WHERE action_id = $1 ORDER BY sequence DESC",
        approved[0],
    ) == ("done", f"undo {keyword}", later(5))
    again = await store_plan(await begin(resume_after=later(99999)), [an_action(0)])
    assert len(await approve_all(actions, again)) == 1


async def test_pausing_says_who_and_since_when(begin: BeginRun, actions: PostgresActions):
    """A profile or everybody; letting go of one leaves the other; nobody can pause what is not there."""
    await begin()
    assert await actions.paused(PROFILE) is None

    await actions.pause(PROFILE, "Ann", True)
    why = await actions.paused(PROFILE)
    assert why is not None
    assert why.startswith(f"profile {PROFILE} is paused, by Ann since ")
    assert why.endswith(f"`harvester resume --profile {PROFILE} --by YOUR-NAME` lifts it")
    assert await actions.paused(ProfileId("2")) is None
    await actions.pause(None, "Bob", True)
    for profile_id in (PROFILE, ProfileId("2")):
        assert (await actions.paused(profile_id) or "").startswith("everything is paused, by Bob since ")
    await actions.pause(None, "Bob", False)
    assert await actions.paused(PROFILE) == why
    await actions.pause(PROFILE, "Cid", False)
    assert await actions.paused(PROFILE) is None
    with pytest.raises(Refused, match="no profile 2"):
        await actions.pause(ProfileId("2"), "Ann", True)


async def test_in_state_is_in_plan_order(begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql):
    """Of one plan or of all, the oldest plan first; by number, not by letter."""
    for number in range(11):
        plan_id = await store_plan(
            await begin(resume_after=later(9999 + number)), [an_action(number), an_action(50 + number)]
        )
        await approve_all(actions, plan_id)

    found = await actions.in_state(PROFILE, ["approved"], None)
    assert [each.plan_id for each in found] == [f"p{1 + place // 2}" for place in range(22)]
    assert [each.position for each in await actions.in_state(PROFILE, ["approved"], PlanId("p11"))] == [0, 1]
    assert await actions.in_state(PROFILE, ["done", "planned"], None) == []
    assert await actions.in_state(ProfileId("2"), ["approved"], None) == []


@pytest.mark.parametrize(
    "change",
    ["undoes = 'a2'", "follows = 'a2'", "seen = 'x'", "group_id = 'G'", "campaign_id = 'x'", "source_ad_group_id = 'x'"],
)  # fmt: skip
async def test_what_was_planned_stays_as_it_was(approved: list[str], sql: Sql, change: str):
    """What it takes back, what it follows, what must still be so, where it goes."""
    from asyncpg import RestrictViolationError

    with pytest.raises(RestrictViolationError):
        await sql.execute(f"UPDATE harvester.action SET {change} WHERE action_id = 'a1'")


async def test_a_standing_is_what_was_planned(
    begin: BeginRun, store_plan: StorePlan, actions: PostgresActions, sql: Sql
):
    """Every field of the plan's item that it shares comes back as it was, links and what must still be so included."""
    first = await store_plan(await begin(), [an_action()])
    await approve_all(actions, first)
    (promotion,) = await ids(sql, first)
    planned = an_action(
        7, kind=ActionKind.NEGATE_KEYWORD, seen='{"default_bid":"0.75"}', follows=promotion, follow_up="", places=()
    )
    (action_id,) = await ids(sql, await store_plan(await begin(resume_after=later(9999)), [planned]))

    standing = await actions.action(action_id)

    assert standing is not None
    shared = {field.name for field in msgspec.structs.fields(Standing)} & set(planned.__struct_fields__)
    assert len(shared) > 20
    assert {name: getattr(standing, name) for name in shared} == {name: getattr(planned, name) for name in shared}
    row = await sql.fetchrow("SELECT undoes, follows FROM ledger.actions WHERE action_id = $1", action_id)
    assert row == (None, promotion)
    assert json.loads(standing.seen) == {"default_bid": "0.75"}
