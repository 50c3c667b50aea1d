"""What is asked every day stays as cheap as it is, however many months lie behind: read off Postgres' own plans."""

import json
from collections.abc import AsyncIterator, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from harvester.adapters.postgres.queries import named
from tests.conftest import Databases, in_a_loop_of_its_own

from .conftest import Sql

MONTHS, RUNS_A_MONTH, ROWS_A_RUN, OLD_RUNS = 6, 10, 1200, 20_000
PROFILE = "1000"

_SEED = f"""
DO $$ BEGIN PERFORM harvester.ensure_partitions(now() - month * interval '1 month') FROM generate_series(0, {MONTHS}) AS month; END $$;
INSERT INTO harvester.profile
SELECT 1000 + number, 'main', 'NA', 'US', 'USD', 'UTC', 'seller', 'A', NULL FROM generate_series(0, 499) AS number;
INSERT INTO harvester.run (run_id, profile_id, account, source, trigger, mode, ruleset_fingerprint, started_at, finished_at,
    state, fence, recommendations, seen_from, seen_until)
SELECT 'r' || number, 1000 + number % 500, 'main', 'promotion', 'schedule', 'review', 'f', at, at, 'complete', number, 0, at, at
FROM (SELECT number, date_trunc('month', now()) - number % {MONTHS} * interval '1 month' + number % 600 * interval '1 second' AS at
    FROM generate_series(1, {OLD_RUNS}) AS number) AS runs;
INSERT INTO harvester.observation
SELECT 'r' || run, place, 1000 + run % 500, 'promotion', '700', 'g' || place % 40, 'ad', '', 'key ' || place, 'key ' || place,
    'KEYWORD', 12, place % 5, NULL, CASE place % 50 WHEN 0 THEN 'promote' ELSE 'hold' END, 'not_proven', '', '',
    date_trunc('month', now()) - run % {MONTHS} * interval '1 month' + run % 600 * interval '1 second'
FROM generate_series(1, {MONTHS * RUNS_A_MONTH}) AS run, generate_series(0, {ROWS_A_RUN - 1}) AS place;
INSERT INTO harvester.plan
SELECT 'p' || substr(run_id, 2), profile_id, account, run_id, true, 'f', mode, 'f', started_at, 1, 1, 0, 0, 0, 1, 0, '{{}}'
FROM harvester.run;
INSERT INTO harvester.action (action_id, plan_id, position, profile_id, run_id, kind, effect, state, reason, rule, target, key,
    campaign_id, campaign_name, ad_group_id, ad_group_name, group_id, source_campaign_id, source_campaign_name,
    source_ad_group_id, source_ad_group_name, ad_id, asin, currency, bid_formula, fragment, follow_up, note, changed_at,
    changed_by, amazon_id, settled_at)
SELECT 'a' || substr(run_id, 2), plan_id, 0, profile_id, run_id, 'promote_keyword', 'effect of ' || plan_id,
    CASE WHEN number % 50 = 0 THEN 'done' ELSE 'superseded' END, '', '', 'x', 'x', '', '', '', '', '', '', '', '', '', '', '',
    'USD', '', '{{}}', CASE WHEN number % 100 = 0 THEN '{{"after_days": 14}}' ELSE '' END, '', created_at, 'plan',
    CASE WHEN number % 50 = 0 THEN 'T' || number END, created_at
FROM (SELECT *, substr(plan_id, 2)::integer AS number FROM harvester.plan) AS plan WHERE number <= 5000;
INSERT INTO harvester.action_observation SELECT action_id, 0, run_id, 3 FROM harvester.action;
INSERT INTO harvester.api_call (call_number, at, method, path, duration_ms, attempt, account, run_id)
SELECT number, date_trunc('month', now()) - number % {MONTHS} * interval '1 month', 'POST', '/x', 1, 1, 'main', 'r' || number
FROM generate_series(1, 20000) AS number;
INSERT INTO harvester.action_call SELECT api_call.at, action_id, api_call.call_number, 0
FROM harvester.action JOIN harvester.api_call ON api_call.run_id = action.run_id;
INSERT INTO harvester.slot (task, profile_id, due_at, state, finished_at)
SELECT 'plan', 1000 + number % 500, now() - number * interval '1 minute', CASE WHEN number < 50 THEN 'waiting' ELSE 'done' END,
    CASE WHEN number >= 50 THEN now() END
FROM generate_series(1, 20000) AS number;
SELECT brin_summarize_new_values(inhrelid) FROM pg_inherits WHERE inhparent = 'harvester.observation_why'::regclass;
ANALYZE;
"""

Node = Mapping[str, Any]


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()


@pytest.fixture(scope="module")
def half_a_year(databases: Databases, template_database: str) -> Iterator[str]:
    """The address of a ledger of five hundred profiles, with rows of sixty of their runs."""
    with databases.made(f"{template_database}_scale", template_database) as dsn:
        in_a_loop_of_its_own(_execute(dsn, _SEED))
        yield dsn


@pytest.fixture
async def months(half_a_year: str) -> AsyncIterator[Sql]:
    """A connection to it; nothing is changed for good."""
    connection = await asyncpg.connect(half_a_year)
    transaction = connection.transaction()
    await transaction.start()
    yield connection
    await transaction.rollback()
    await connection.close()


def nodes(plan: Node) -> Iterator[Node]:
    yield plan
    for below in plan.get("Plans", []):
        yield from nodes(below)


async def plan_of(sql: Sql, query: str, *arguments: object) -> list[Node]:
    """The steps that Postgres took, without those that it never came to."""
    (row,) = await sql.fetch(f"EXPLAIN (ANALYZE, TIMING off, FORMAT json) {query}", *arguments)
    return [node for node in nodes(json.loads(row[0])[0]["Plan"]) if node["Actual Loops"] > 0]


def read_whole(steps: list[Node]) -> list[str]:
    """Tables read from end to end, but for those that stay small."""
    small = ("fleet_state", "ruleset", "partitioning", "profile", "observation_default", "api_call_default")
    return [
        each["Relation Name"]
        for each in steps
        if each["Node Type"] == "Seq Scan" and each["Relation Name"] not in small and each["Actual Rows"] > 0
    ]


def partitions_read(steps: list[Node], parent: str) -> set[str]:
    names = {each["Relation Name"] for each in steps if each.get("Relation Name", "").startswith(f"{parent}_2")}
    return {name.removeprefix(f"{parent}_") for name in names}


def month_of(run: int) -> str:
    """Where the rows of a run lie, as the seed put them there."""
    this = datetime.now(UTC)
    total = this.year * 12 + this.month - 1 - run % MONTHS
    return f"{total // 12}_{total % 12 + 1:02}"


OF_A_RUN: dict[str, list[object]] = {
    "decision_counts": [],
    "decided_ad_groups": [],
    "held_ad_groups": [],
    "decided_rows": [],
    "run_reasons": [],
    "run_examples": ["hold", "not_proven", 5],
    "run_decisions": [100, 50],
    "recent_rows": [100],
}


@pytest.mark.parametrize("mode", ["force_custom_plan", "force_generic_plan"])
async def test_a_run_is_read_in_its_own_month_alone(months: Sql, mode: str):
    """Its plan, `show --all`, and taking it up again; whether Postgres plans each time anew or once for all."""
    await months.execute(f"SET LOCAL plan_cache_mode = {mode}")
    for run in (1, 10):
        for name, arguments in OF_A_RUN.items():
            steps = await plan_of(months, named(name), f"r{run}", *arguments)
            assert partitions_read(steps, "observation") == {month_of(run)}, name
            assert read_whole(steps) == [], name


async def test_the_story_of_an_action_is_read_where_it_happened(months: Sql):
    """Its decisions and its calls, out of the months in which they were made; its history by index."""
    for action in (1, 10):
        decisions = await plan_of(months, named("decisions_of_action"), f"a{action}")
        assert partitions_read(decisions, "observation") == {month_of(action)}
        calls = await plan_of(months, named("calls_of_action"), f"a{action}")
        assert len(partitions_read(calls, "api_call")) <= 2
        events = await plan_of(months, named("events_of_action"), f"a{action}")
        assert read_whole(decisions) + read_whole(calls) + read_whole(events) == []


async def test_why_looks_into_every_month_and_reads_little_of_each(months: Sql):
    """By the index of keys, as it promises: every decision ever made."""
    await months.execute(named("by_index_alone"))
    steps = await plan_of(months, named("decisions_about"), ["key 7"], None)

    assert len(partitions_read(steps, "observation")) >= MONTHS
    assert read_whole(steps) == []
    await months.execute("SET LOCAL enable_seqscan = on")
    story = await plan_of(months, named("actions_at_amazon"), "T50", None)
    assert read_whole(story) == []


@pytest.mark.parametrize(
    ("name", "last"), [("converting_same", ["key"]), ("converting_phrase", ["key"]), ("converting_products", 200)]
)
async def test_what_a_negative_would_block_is_looked_for_in_recent_months(months: Sql, name: str, last: object):
    """Those of the profile's runs of the last ninety days; what came before is not read."""
    await months.execute(named("by_index_alone"))
    steps = await plan_of(months, named(name), "1001", "700", None, last)

    assert 0 < len(partitions_read(steps, "observation") & {month_of(run) for run in range(MONTHS)}) <= 4
    assert read_whole(steps) == []


DAILY: dict[str, list[object]] = {
    "plan_headers": [None, 30],
    "plan_header": ["p4000"],
    "plan_items": ["p4000", -1, 100],
    "item_states": ["p4000"],
    "run_headers": [None, 30],
    "effects": [PROFILE, datetime(2100, 1, 1, tzinfo=UTC)],
    "due_follow_ups": [PROFILE, datetime(2100, 1, 1, tzinfo=UTC), True],
    "actions_in_state": [PROFILE, ["approved", "sending", "unknown"], None],
    "done_of_profile": [PROFILE, "", 1000],
    "take_up_run": [PROFILE, "promotion", "f", "review", datetime(2000, 1, 1, tzinfo=UTC), 99],
    "sent_since": [PROFILE, datetime(2000, 1, 1, tzinfo=UTC)],
    "call_is_written": [77],
}


@pytest.mark.parametrize("name", DAILY)
async def test_daily_questions_are_answered_by_index(months: Sql, name: str):
    """Lists of plans, what is due, what waits to be sent: none of them reads a whole table."""
    assert read_whole(await plan_of(months, named(name), *DAILY[name])) == []


FLEET = {
    "what is due": "SELECT * FROM harvester.slot WHERE state IN ('waiting', 'running') ORDER BY due_at LIMIT 100",
    "the last slots of a profile": (
        f"SELECT * FROM harvester.slot WHERE profile_id = '{PROFILE}' ORDER BY due_at DESC LIMIT 5"
    ),
    "the newest run of each profile": (
        "SELECT newest.* FROM (SELECT profile_id FROM harvester.profile LIMIT 20) AS profile CROSS JOIN LATERAL "
        "(SELECT * FROM harvester.run WHERE run.profile_id = profile.profile_id ORDER BY started_at DESC LIMIT 1) AS newest"
    ),
    "runs since a moment": "SELECT state, count(*) FROM harvester.run WHERE started_at > now() - interval '1 minute' GROUP BY 1",
}


@pytest.mark.parametrize("question", FLEET)
async def test_the_state_of_the_fleet_is_read_by_index(months: Sql, question: str):
    """What is due and running, what came of it last: whatever lies behind."""
    assert read_whole(await plan_of(months, FLEET[question])) == []
