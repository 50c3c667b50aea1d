"""What keeps `apply` fast when a ledger is large: steps that touch no index, and questions that read what they ask about."""

import json
from typing import Any

import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.queries import named
from harvester.domain.outcome import Made

from .acting import PROFILE, approve_all, ids
from .conftest import NOW, BeginRun, Sql, StorePlan, a_profile, an_action, later

MANY = """
INSERT INTO harvester.action (plan_id, position, profile_id, run_id, kind, effect, state, reason, rule, target, key,
    campaign_id, campaign_name, ad_group_id, ad_group_name, group_id, source_campaign_id, source_campaign_name,
    source_ad_group_id, source_ad_group_name, ad_id, asin, currency, bid_formula, fragment, follow_up, note, leader,
    amazon_id, changed_at, changed_by)
SELECT plan_id, number, profile_id, run_id, 'negate_keyword', number::text || $2, (ARRAY['done', 'done', 'done', 'refused',
        'superseded', 'declined', 'done', 'undone', 'done', $3])[1 + number % 10], '', 'r', number::text, number::text,
    '1', 'c', '2', 'g', '', '1', 'c', '2', 'g', '3', 'B000000001', 'USD', '', '{}', '', '', 0,
    CASE $3 WHEN 'done' THEN 'T' || plan_id || number END, now(), 'plan'
FROM harvester.plan, generate_series(1000 + $5::integer, 999 + $4 + $5) AS number WHERE plan_id = $1
"""
"""Items of every kind of past in one plan."""


NEVER = later(60 * 24 * 365)


@pytest.fixture
def actions(database: Database) -> PostgresActions:
    return PostgresActions(database)


@pytest.fixture
async def plan_id(begin: BeginRun, store_plan: StorePlan, sql: Sql) -> str:
    """A small plan of the profile, among the many items of two others and its own past."""
    for number in range(2):
        other = await store_plan(await begin(a_profile(f"9{number}")), [an_action()])
        await sql.execute(MANY, other, "x", "sending", 6000, 0)
    past = await store_plan(await begin(resume_after=NEVER), [an_action(99)])
    await sql.execute(MANY, past, "y", "done", 1000, 0)
    plan = await store_plan(await begin(resume_after=NEVER), [an_action(number) for number in range(40)])
    await sql.execute("ANALYZE harvester.action, harvester.action_event, harvester.open_plan, harvester.plan")
    return plan


async def test_a_step_rewrites_an_item_where_it_lies(begin: BeginRun, store_plan: StorePlan, sql: Sql):
    """From approved to sending, and from sending to done: in its own page, which has room for it, and in no index."""
    plan_id = await store_plan(await begin(), [an_action(99)])
    steps = [
        ("approved", "state = 'sending', attempts = 1, sent_at = now(), fence = 1, call_number = 1"),
        ("sending", "state = 'done', settled_at = now(), amazon_id = '123456789012345'"),
    ]
    for place, (before, change) in enumerate(steps):
        await sql.execute(MANY, plan_id, before, before, 500, 1000 * place)
        async with sql.transaction():
            await sql.execute(f"UPDATE harvester.action SET {change} WHERE state = $1", before)
            moved, rewritten = await sql.fetchrow(
                """SELECT pg_stat_get_xact_tuples_updated(oid), pg_stat_get_xact_tuples_hot_updated(oid)
                   FROM pg_class WHERE oid = 'harvester.action'::regclass"""
            )
        assert rewritten == moved >= 50


async def test_no_index_looks_at_what_a_step_changes(sql: Sql):
    """Neither as a key nor in a condition: one that does makes every step rewrite all of them."""
    changed = ["state", "attempts", "sent_at", "settled_at", "fence", "call_number", "changed_at", "changed_by", "reason",
               "error_code", "error_message", "amazon_id"]  # fmt: skip
    definitions = [
        row[0]
        for row in await sql.fetch(
            "SELECT pg_get_indexdef(indexrelid) FROM pg_index WHERE indrelid = 'harvester.action'::regclass"
        )
    ]

    assert len(definitions) >= 10
    assert [text for text in definitions for column in changed if column in text.replace("(", " ").split()] == []


async def test_a_question_about_one_profile_reads_no_other(plan_id: str, sql: Sql):
    """Whatever `apply`, `plan`, `undo` and `why --id` ask: no table of items is read from end to end."""
    (one, *_) = await ids(sql, plan_id)
    questions: dict[str, list[Any]] = {
        "strays_unknown": [PROFILE, 9],
        "close_plans": [PROFILE],
        "actions_in_state": [PROFILE, ["unknown"], [plan_id]],
        "effects": [PROFILE, NOW],
        "supersede_older": [PROFILE, plan_id, NOW, 1],
        "expire_approvals": [plan_id, NOW],
        "done_of_profile": [PROFILE, "", 100],
        "done_actions": [PROFILE, [], plan_id, None, None],
        "due_follow_ups": [PROFILE, NOW, True],
        "open_undos": [[one]],
        "due_outcomes": [PROFILE, NOW, 100],
        "unopened_regrets": [PROFILE],
        "profiles_in_need": [[PROFILE], NOW],
        "review_named": [plan_id, [one]],
        "actions_at_amazon": ["Tp11000", None],
        "why_not_sent": [[one], NOW],
    }
    for name, arguments in questions.items():
        told = await _plan_of(sql, name, *arguments)
        assert "Seq Scan on action" not in told, f"{name}: {told}"


async def test_items_of_a_call_are_looked_up_one_by_one(plan_id: str, sql: Sql):
    """Before and after the call, however few Postgres thinks are approved or on their way."""
    named_ids = json.dumps(await ids(sql, plan_id))
    nothing = "[]"
    calls: dict[str, list[Any]] = {
        "begin_sending": [named_ids, 1, 1, NOW, PROFILE],
        "settle_actions": [named_ids, *[nothing] * 5, "sending", 1, 1, NOW, "apply", PROFILE],
    }
    for name, arguments in calls.items():
        async with sql.transaction():
            await sql.execute(named("lock_profile_of_action"), json.loads(named_ids)[0])
            told = await _plan_of(sql, name, *arguments)
        assert "action_pkey" in told, told
        assert "Seq Scan on action" not in told, told
        assert "Join Filter" not in told, told


async def _plan_of(sql: Sql, name: str, *arguments: object) -> str:
    return "\n".join(row[0] for row in await sql.fetch(f"EXPLAIN {named(name)}", *arguments))


async def test_plans_are_open_while_something_of_them_is(plan_id: str, actions: PostgresActions, sql: Sql):
    """From the first approval on; what is settled is let go of with the next fence."""
    (item, *_) = await approve_all(actions, plan_id)
    assert await _open(sql) == {plan_id}
    await sql.execute(
        "UPDATE harvester.action SET state = 'declined' WHERE plan_id = $1 AND action_id <> $2", plan_id, item
    )
    fence = await actions.take_fence(PROFILE)
    assert await _open(sql) == {plan_id}

    call_number = await actions.begin_sending([item], fence, NOW)
    assert [each.action_id for each in await actions.in_state(PROFILE, ["sending"], None)] == [item]
    fence = await actions.take_fence(PROFILE)
    assert [each.action_id for each in await actions.in_state(PROFILE, ["unknown"], None)] == [item]
    await actions.settle_unknown([(item, Made("T1"))], fence, NOW)
    await actions.take_fence(PROFILE)

    assert call_number > 0
    assert await _open(sql) == set()
    assert len(await actions.in_state(PROFILE, ["done"], None)) > 500


async def _open(sql: Sql) -> set[str]:
    return {row[0] for row in await sql.fetch("SELECT plan_id FROM harvester.open_plan WHERE profile_id = $1", PROFILE)}
