"""How the fleet is: counts, ages, lists, and how little that costs."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.fleet import PostgresFleet
from harvester.adapters.postgres.queries import named
from harvester.domain.action import ActionState
from harvester.domain.errors import Unavailable

from .conftest import NOW, BeginRun, Sql, StorePlan, an_action, later


@pytest.fixture
def fleet(database: Database) -> PostgresFleet:
    return PostgresFleet(database)


async def add_profiles(sql: Sql, *profile_ids: str) -> None:
    await sql.executemany(
        "INSERT INTO harvester.profile (profile_id, account, region, country, currency, timezone, kind, name) "
        "VALUES ($1, 'main', 'NA', 'US', 'USD', 'America/Los_Angeles', 'seller', 'Acme ' || $1)",
        [(each,) for each in profile_ids],
    )


async def add_slot(sql: Sql, profile_id: str, due_at: datetime, state: str = "waiting", **more: Any) -> None:
    values: dict[str, Any] = {
        "task": "plan",
        "profile_id": profile_id,
        "due_at": due_at,
        "state": state,
        "put_at": due_at,
    }
    if state not in ("waiting", "running"):
        values["finished_at"] = due_at
    values |= more
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await sql.execute(f"INSERT INTO harvester.slot ({', '.join(values)}) VALUES ({places})", *values.values())


async def add_replica(sql: Sql, replica_id: str, kind: str, seen_at: datetime, **more: Any) -> None:
    values: dict[str, Any] = {"replica_id": replica_id, "kind": kind, "host": "h", "pid": 1, "version": "0.1.0"}
    values |= {"started_at": NOW, "seen_at": seen_at, **more}
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await sql.execute(f"INSERT INTO harvester.replica ({', '.join(values)}) VALUES ({places})", *values.values())


async def add_job(sql: Sql, key: str, execute_after: datetime, status: str = "queued") -> None:
    await sql.execute(
        "INSERT INTO harvester.pgqueuer (priority, created, execute_after, status, entrypoint, dedupe_key) "
        "VALUES (0, $1, $1, $2::text::harvester.pgqueuer_status, 'slot', $3)",
        execute_after, status, key,
    )  # fmt: skip


async def test_an_empty_fleet_has_vitals_too(fleet: PostgresFleet):
    """Nothing is due, nobody is there, and no age is made up."""
    vitals = await fleet.vitals(NOW)

    assert (vitals.profiles, vitals.due, vitals.running, vitals.failing, vitals.busy) == (0, 0, 0, 0, 0)
    assert (vitals.lag_seconds, vitals.stuck_seconds, vitals.job_seconds, vitals.clock_seconds) == (None,) * 4
    assert (vitals.unknown_seconds, vitals.harvested_seconds) == (None, None)
    assert (vitals.all_paused, dict(vitals.actions)) == (False, {})


async def test_slots_are_counted_by_what_they_wait_for(sql: Sql, fleet: PostgresFleet):
    """Due, spread over the next minutes, set aside, running; with the ages that a lag and a standstill show in."""
    await add_profiles(sql, "1", "2", "3", "4", "5")
    await add_slot(sql, "1", later(-20), put_at=later(-1))
    await add_slot(sql, "2", later(-5), not_before=later(7))
    await add_slot(sql, "3", later(-60), not_before=later(30), deliveries=2, failures=2, reason="throttled")
    await add_slot(sql, "4", later(-90), "running", deliveries=1, started_at=later(-3))
    await add_slot(sql, "5", later(-30), deliveries=1, started_at=later(-8))

    vitals = await fleet.vitals(NOW)

    assert (vitals.profiles, vitals.due, vitals.coming, vitals.set_aside, vitals.running) == (5, 2, 1, 1, 1)
    assert vitals.lag_seconds == 20 * 60
    assert vitals.stuck_seconds == 8 * 60


async def test_what_failed_last_is_failing_until_it_succeeds(sql: Sql, fleet: PostgresFleet):
    """Per task of a profile, and per chore; a chore's or a reconcile's old failure is forgotten after a week."""
    await add_profiles(sql, "1", "2", "3", "4")
    await add_slot(sql, "1", later(-3000), "done", run_id="r1")
    await add_slot(sql, "1", later(-60), "failed", reason="the login was refused")
    await add_slot(sql, "1", later(-1), "running")
    await add_slot(sql, "2", later(-3000), "given_up", reason="three workers died of it")
    await add_slot(sql, "2", later(-30), "done", run_id="r2")
    await add_slot(sql, "3", later(-30), "given_up", task="reconcile", reason="three workers died of it")
    await add_slot(sql, "4", later(-60 * 24 * 8), "failed", task="reconcile", reason="long ago")
    await add_slot(sql, "", later(-10), "failed", task="discover", reason="no login answered")

    vitals, lists = await fleet.glance(NOW, 10)

    assert vitals.failing == len(lists.failing) == 3
    assert [(each["profile_id"], each["task"], each["state"]) for each in lists.failing] == [
        (None, "discover", "failed"),
        ("3", "reconcile", "given_up"),
        ("1", "plan", "failed"),
    ]
    assert lists.failing[2]["reason"] == "the login was refused"
    assert lists.failing[2]["name"] == "Acme 1"
    assert vitals.harvested_seconds == 30 * 60


async def test_replicas_are_there_while_they_show_signs_of_life(sql: Sql, fleet: PostgresFleet):
    """One that was not seen for 15 s counts for nothing, but its last moment with the clock is remembered."""
    await add_replica(sql, "a", "serve", later(-1), holds_clock=True)
    await add_replica(sql, "b", "serve", NOW, running=3, rules_error="rules.yaml:3: no")
    await add_replica(sql, "c", "worker", NOW, running=4, draining=True)

    vitals, lists = await fleet.glance(NOW, 10)

    assert (vitals.serving, vitals.working, vitals.draining, vitals.busy, vitals.rules_broken) == (1, 1, 1, 7, 1)
    assert vitals.clock_seconds == 60
    assert [(each["replica_id"], each["there"]) for each in lists.replicas] == [("b", True), ("c", True), ("a", False)]


async def test_signs_of_life_may_be_meant_to_be_rare(sql: Sql, database: Database):
    """Who shows one a minute is there for longer than who shows one every few seconds."""
    await add_replica(sql, "a", "serve", later(-1), holds_clock=True)

    vitals, lists = await PostgresFleet(database, seen_seconds=150).glance(NOW, 10)

    assert (vitals.serving, vitals.seen_seconds, lists.replicas[0]["there"]) == (1, 150, True)


async def test_queue_logins_and_kill_switches_are_told(sql: Sql, fleet: PostgresFleet):
    """Jobs that could be picked and since when; logins that fail; who pulled which switch, and how far people let the fleet go."""
    await add_profiles(sql, "1", "2", "3")
    await add_job(sql, "a", later(-4))
    await add_job(sql, "b", later(4))
    await add_job(sql, "c", later(-9), "picked")
    await sql.execute(
        "INSERT INTO harvester.account_state (profile_id, paused, paused_by, paused_at, mode) VALUES "
        "('1', true, 'Dana', $1, 'review'), ('2', false, NULL, NULL, 'dry-run'), ('3', false, NULL, NULL, 'review')",
        NOW,
    )
    await sql.execute(
        "INSERT INTO harvester.login (account, failed_since, failure, closed) "
        "VALUES ('a', $1, 'revoked', true), ('b', $1, '503', false), ('c', NULL, NULL, false)",
        NOW,
    )
    await sql.execute("UPDATE harvester.fleet_state SET paused = true, paused_by = 'Kim', paused_at = $1", NOW)

    vitals, lists = await fleet.glance(NOW, 10)

    assert (vitals.jobs_queued, vitals.jobs_picked, vitals.job_seconds) == (1, 1, 240)
    assert (vitals.paused_profiles, vitals.all_paused) == (1, True)
    assert [(each["profile_id"], each["paused_by"]) for each in lists.paused] == [("1", "Dana")]
    assert lists.modes["profile_modes"] == {"dry-run": 1, "review": 2}
    assert (lists.modes["paused_by"], lists.modes["paused_at"]) == ("Kim", NOW.isoformat())
    assert (vitals.accounts_closed, vitals.accounts_failing) == (1, 2)
    assert [(each["account"], each["closed"]) for each in lists.logins] == [("a", True), ("b", False)]
    assert lists.timezones == ["America/Los_Angeles"]


async def test_open_actions_are_counted_by_state(begin: BeginRun, store_plan: StorePlan, fleet: PostgresFleet):
    """What waits for a person, what waits to be sent, what nobody knows and since when; not what is settled."""
    states = ["planned", "planned", "guarded", "held", "approved", "unknown", "done", "refused", "stale"]
    actions = [an_action(number, state=ActionState(state)) for number, state in enumerate(states)]
    await store_plan(await begin(), actions)

    vitals = await fleet.vitals(datetime.now(UTC))

    assert dict(vitals.actions) == {"planned": 2, "guarded": 1, "held": 1, "approved": 1, "unknown": 1}
    assert vitals.unknown_seconds is not None


async def test_lists_end_where_they_are_told_to(sql: Sql, fleet: PostgresFleet):
    """The oldest or newest of each group, as many as asked for, in words of JSON."""
    profile_ids = [str(number) for number in range(1, 31)]
    await add_profiles(sql, *profile_ids)
    for number, profile_id in enumerate(profile_ids):
        state = ("waiting", "running", "waiting")[number % 3]
        tried = {"deliveries": 1, "reason": "throttled", "failures": 1} if number % 3 else {}
        until = {"not_before": later(number)} if number % 3 == 2 else {}
        await add_slot(sql, profile_id, later(-number), state, **tried, **until)

    vitals, lists = await fleet.glance(NOW, 3)

    assert (vitals.due, vitals.running, vitals.set_aside) == (10, 10, 10)
    assert [each["profile_id"] for each in lists.due] == ["28", "25", "22"]
    assert [each["profile_id"] for each in lists.set_aside] == ["3", "6", "9"]
    assert len(lists.running) == 3
    encoded = msgspec.json.encode([lists.due, lists.set_aside, lists.running])
    assert msgspec.json.decode(encoded) == [lists.due, lists.set_aside, lists.running]


async def test_a_postgres_that_does_not_answer_is_not_waited_for(sql: Sql, database: Database):
    """One try of bounded time, then the truth: whoever asks has no patience."""
    async with sql.transaction():
        await sql.execute("LOCK TABLE harvester.slot IN ACCESS EXCLUSIVE MODE")

        with pytest.raises(Unavailable):
            await PostgresFleet(database, most_seconds=0.05).vitals(NOW)


async def test_ten_thousand_profiles_with_a_month_behind_them_are_seen_at_a_glance(sql: Sql, fleet: PostgresFleet):
    """The open slots, and the last slot of each profile, are found by their indexes: history costs nothing."""
    await seed_fleet(sql, profiles=10_000, days=30)

    plans = [await explained(sql, name, arguments) for name, arguments in ASKED.items()]

    assert [name for name, plan in zip(ASKED, plans, strict=True) if "Seq Scan on slot" in plan] == []
    assert "slot_pkey" in plans[0]
    vitals, lists = await fleet.glance(NOW, 10)
    assert (vitals.profiles, vitals.due, vitals.failing) == (10_000, 10_000, 100)
    assert [len(group) for group in (lists.due, lists.failing)] == [10, 10]


ASKED: dict[str, Sequence[object]] = {
    "last_ends": [NOW],
    "vitals": [NOW, later(-0.25)],
    "fleet_failing": [NOW, 10],
    "fleet_due": [NOW, 10],
    "fleet_running": [10],
    "fleet_set_aside": [NOW, 10],
}


async def seed_fleet(sql: Sql, *, profiles: int, days: int) -> None:
    """Each profile with one plan a day, the last of which failed for one in a hundred, and one that is due."""
    await sql.execute(
        "INSERT INTO harvester.profile (profile_id, account, region, country, currency, timezone, kind, name) "
        "SELECT lpad(n::text, 10, '0'), 'main', 'NA', 'US', 'USD', 'America/Los_Angeles', 'seller', 'Acme' "
        "FROM generate_series(1, $1::integer) AS n",
        profiles,
    )
    await sql.execute(
        "INSERT INTO harvester.slot (task, profile_id, due_at, put_at, state, finished_at, deliveries) "
        "SELECT 'plan', profile_id, at, at, CASE WHEN day = 0 THEN 'waiting' "
        "WHEN day = 1 AND profile_id LIKE '%00' THEN 'failed' ELSE 'done' END, "
        "CASE WHEN day > 0 THEN at + interval '5 minutes' END, least(day, 1) "
        "FROM harvester.profile, generate_series(0, $1::integer) AS day, "
        "LATERAL (SELECT $2::timestamptz - make_interval(days => day, mins => 1) AS at) AS moment",
        days, NOW,
    )  # fmt: skip
    await sql.execute("VACUUM ANALYZE harvester.slot, harvester.profile")


async def explained(sql: Sql, name: str, arguments: Sequence[object]) -> str:
    rows = await sql.fetch(f"EXPLAIN (ANALYZE, COSTS off, TIMING off) {named(name)}", *arguments)
    return "\n".join(row[0] for row in rows)
