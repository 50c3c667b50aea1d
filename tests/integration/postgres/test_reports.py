"""The read side: the shapes that commands show, streamed."""

import msgspec
import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.reports import PostgresReports
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.action import ActionKind, ActionState
from harvester.domain.decision import Outcome
from harvester.domain.ids import Effect
from harvester.domain.run import Cursor, RunState

from .conftest import NOW, RULES, BeginRun, Sql, StorePlan, a_decision, a_page, a_profile, a_row, an_action, later


@pytest.fixture
def reports(database: Database) -> PostgresReports:
    return PostgresReports(database)


async def test_a_plan_is_shown_with_its_counts_and_state(
    begin: BeginRun, store_plan: StorePlan, reports: PostgresReports
):
    """All that the header of a plan promises, and nothing where there is no such plan."""
    run = await begin()
    plan_id = await store_plan(run, [an_action(0), an_action(1)], complete=False, advice=["give ad group 7 a group"])

    assert await reports.plan(plan_id) == {
        "id": plan_id,
        "profile_id": "1234567890",
        "profile_name": "Acme",
        "country": "US",
        "account": "main",
        "run_id": run.run_id,
        "state": "planned",
        "complete": False,
        "fingerprint": "a" * 64,
        "mode": "review",
        "created_at": "2026-11-21T06:30:00+00:00",
        "ruleset_fingerprint": RULES,
        "counts": {"candidates": 2, "promote": 2, "negate": 0, "hold": 0, "skip": 0, "actions": 2, "guarded": 0},
        "advice": ["give ad group 7 a group"],
        "troubles": [],
    }
    assert await reports.plan("p999") is None


async def test_items_are_shown_in_plan_order(begin: BeginRun, store_plan: StorePlan, reports: PostgresReports):
    """Every field of an item, the request as it will be sent, absent things as null."""
    negative = an_action(
        1,
        kind=ActionKind.NEGATE_PRODUCT, effect=Effect("n"), state=ActionState.HELD, reason="conflicting_evidence",
        bid=None, ad_group_id="", ad_group_name="", group_id="", asin="", clicks=None, fragment="{}", places=(1, 4),
        follow_up='{"days":14}', note="two ads disagree",
    )  # fmt: skip
    run = await begin()
    plan_id = await store_plan(run, [an_action(0), negative])

    first, second = [item async for item in reports.items(plan_id)]

    assert first["bid"] == {"amount": "0.75", "currency": "USD"}
    assert first["request"] == {"keywordText": "Running Shoes 0", "bid": 0.75}
    assert first["fragment"] == '{"keywordText":"Running Shoes 0","bid":0.75}'
    assert (first["clicks"], first["conversions"], first["error"]) == (12, 3, None)
    assert (first["campaign_name"], first["source_ad_group_name"], first["match"]) == ("Manual", "All", "exact")
    assert second["state"] == "held"
    assert (second["reason"], second["note"]) == ("conflicting_evidence", "two ads disagree")
    assert [second[name] for name in ("bid", "ad_group_id", "group_id", "asin", "clicks")] == [None] * 5
    assert second["decision_ids"] == [f"{run.run_id}-1", f"{run.run_id}-4"]
    assert second["follow_up"] == {"days": 14}
    assert await reports.item_states(plan_id) == {"held": 1, "planned": 1}


async def test_long_lists_are_read_piece_by_piece(
    begin: BeginRun, runs: PostgresRuns, plans: PostgresPlans, store_plan: StorePlan, reports: PostgresReports
):
    """Nothing is missed and nothing comes twice at the seams between pieces."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 2500), Cursor(), NOW)
    plan_id = await store_plan(run, [an_action(number) for number in range(2000)])

    items = [item["target"] async for item in reports.items(plan_id)]
    decisions = [decision["decision_id"] async for decision in reports.decisions(plan_id)]

    assert items == [f"Running Shoes {number}" for number in range(2000)]
    assert decisions == [f"{run.run_id}-{place}" for place in range(2500)]


async def test_decisions_are_shown_with_the_columns_of_the_ledger(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, reports: PostgresReports
):
    """By run or by plan; the plan's id is there once there is a plan."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 1), Cursor(), NOW)
    before = [decision async for decision in reports.decisions(run.run_id)]
    plan_id = await store_plan(run, [])
    after = [decision async for decision in reports.decisions(plan_id)]

    assert before[0]["plan_id"] is None
    assert after == [{**before[0], "plan_id": plan_id}]
    assert after[0] == {
        "decision_id": f"{run.run_id}-0",
        "run_id": run.run_id,
        "profile_id": "1234567890",
        "decided_at": "2026-11-21T06:30:00+00:00",
        "source": "promotion",
        "campaign_id": "700",
        "ad_group_id": "710",
        "ad_id": "720",
        "ad_asin": "B000000001",
        "target": "Running Shoes 0",
        "target_type": "KEYWORD",
        "metrics": {"clicks": 12, "conversions": 3},
        "outcome": "hold",
        "reason": "not_proven",
        "rule": "",
        "findings": [
            {
                "rule": "promote-proven",
                "check": "clicks.at_least",
                "measured": 12,
                "bound": 10,
                "passed": True,
                "group": "",
            }
        ],
        "plan_id": plan_id,
        "key": "running shoes 0",
    }
    assert [decision async for decision in reports.decisions("p999")] == []


async def test_why_tells_every_decision_about_a_key(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, reports: PostgresReports
):
    """Over runs and profiles, the oldest first, with what became of it; ASINs are found by their own spelling."""
    for number, profile_id in enumerate(["1", "2", "1"]):
        run = await begin(a_profile(profile_id))
        rows = [(a_row(), "shoes", a_decision(Outcome.PROMOTE)), (a_row(1), "socks", a_decision())]
        await runs.save_page(run, 0, [*rows, (a_row(2), "B00ASIN001", a_decision())], Cursor(), later(number))
        await runs.finish(run, RunState.COMPLETE, None)
        await store_plan(run, [an_action(0, key="shoes", places=(0,))], later(number))

    everywhere = [found async for found in reports.why("shoes", "Shoes")]
    in_one = [found async for found in reports.why("shoes", "Shoes", "2")]
    asin = [found async for found in reports.why("b00asin001", "b00asin001", "1")]

    assert [found["profile_id"] for found in everywhere] == ["1", "1", "2"]
    assert [action["state"] for found in everywhere for action in found["actions"]] == [
        "superseded",
        "planned",
        "planned",
    ]
    assert [found["profile_id"] for found in in_one] == ["2"]
    assert in_one[0]["ruleset_fingerprint"] == RULES
    assert in_one[0]["run_state"] == "complete"
    assert in_one[0]["plan_id"].startswith("p")
    assert len(asin) == 2
    assert [found async for found in reports.why("hats", "hats")] == []


STATES = [
    ([], 0, "empty"),
    (["planned", "guarded", "held"], 0, "planned"),
    (["planned", "declined"], 0, "planned"),
    (["planned", "approved"], 60, "reviewed"),
    (["planned", "approved"], -60, "expired"),
    (["approved", "sending"], 60, "applying"),
    (["done", "unknown"], 60, "applying"),
    (["done", "approved"], -60, "applying"),
    (["done", "refused", "planned"], 0, "applied"),
    (["undone"], 0, "applied"),
    (["declined", "declined"], 0, "applied"),
    (["superseded", "superseded"], 0, "superseded"),
]


@pytest.mark.parametrize(("states", "minutes", "expected"), STATES, ids=[f"{row[2]}: {row[0]}" for row in STATES])
async def test_the_state_of_a_plan_follows_from_its_items(
    begin: BeginRun,
    store_plan: StorePlan,
    reports: PostgresReports,
    sql: Sql,
    states: list,
    minutes: float,
    expected: str,
):
    """From empty over planned, reviewed, applying to applied."""
    actions = [an_action(number, state=ActionState(state)) for number, state in enumerate(states)]
    plan_id = await store_plan(await begin(), actions)
    await sql.execute("UPDATE harvester.action SET expires_at = now() + make_interval(mins => $1)", int(minutes))

    plan = await reports.plan(plan_id)
    assert plan is not None
    assert plan["state"] == expected


async def test_plans_and_runs_are_listed_newest_first(begin: BeginRun, store_plan: StorePlan, reports: PostgresReports):
    """Of the profiles asked for, or of all, as many as asked for."""
    made = []
    for number in range(11):
        run = await begin(a_profile(str(number % 2)), resume_after=later(60 * 24 * 365))
        made.append((await store_plan(run, [], later(number)), run.run_id))

    assert [plan["id"] for plan in await reports.plans()] == [plan_id for plan_id, _ in reversed(made)]
    assert [plan["id"] for plan in await reports.plans(["1"], limit=2)] == [made[9][0], made[7][0]]
    assert [run["run_id"] for run in await reports.runs(["0"], limit=3)] == [made[10][1], made[8][1], made[6][1]]
    assert [run["state"] for run in await reports.runs(limit=3)] == ["running", "running", "failed"]


async def test_reasons_are_counted_per_run(begin: BeginRun, runs: PostgresRuns, reports: PostgresReports):
    """The most frequent first."""
    run = await begin()
    rows = a_page(0, 3) + [(row, key, a_decision(Outcome.SKIP, "own_product")) for row, key, _ in a_page(3, 5)]
    await runs.save_page(run, 0, rows, Cursor(), NOW)

    assert await reports.reasons(run.run_id) == [("skip", "own_product", 5), ("hold", "not_proven", 3)]


async def test_a_row_is_json(begin: BeginRun, store_plan: StorePlan, reports: PostgresReports):
    """Plans, runs and items can be printed as they are."""
    plan_id = await store_plan(await begin(), [an_action()])
    rows = [*await reports.plans(), *await reports.runs(), *[item async for item in reports.items(plan_id)]]

    assert msgspec.json.decode(msgspec.json.encode(rows)) == rows
    assert len(rows) == 3


async def test_the_version_of_postgres_is_told(reports: PostgresReports):
    """As a person writes it."""
    assert int((await reports.server_version()).split(".")[0]) >= 15
