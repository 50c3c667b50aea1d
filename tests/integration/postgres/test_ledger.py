"""What has happened is append-only, chained, partitioned, and read through views that take no writes."""

import asyncio
import json
from datetime import UTC, datetime

import asyncpg
import pytest

from harvester.adapters.postgres.calls import PostgresCallLog
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.action import ActionKind
from harvester.domain.decision import Outcome
from harvester.domain.ids import Effect
from harvester.domain.run import ApiCall, Cursor

from .conftest import NOW, BeginRun, Sql, StorePlan, a_decision, a_page, a_profile, a_row, an_action
from .reported import search_term, targeting

APPEND_ONLY = [
    "observation",
    "api_call",
    "action_call",
    "action_event",
    "action_observation",
    "plan",
    "plan_review",
    "ruleset",
    "retained",
    "outcome_reading",
    "regret",
]
VIEWS = [
    "runs",
    "recommendations",
    "decisions",
    "actions",
    "api_calls",
    "action_calls",
    "action_decisions",
    "retention",
    "slots",
    "outcomes",
    "outcome_readings",
    "places",
    "profiles",
    "search_terms",
    "targeting",
]


async def _fill(begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, sql: Sql) -> str:
    """One row at least in every table that is append-only."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 3, Outcome.PROMOTE), Cursor(), NOW)
    plan_id = await store_plan(run, [an_action()])
    await sql.execute("INSERT INTO harvester.ruleset VALUES ('f', 'rules')")
    await sql.execute(
        """INSERT INTO harvester.outcome_reading (action_id, reading, profile_id, read_at, made_on, days, verdict, reason)
           VALUES ('a1', 7, '1234567890', $1, '2026-11-21', 0, 'too_early', 'no_days')""",
        NOW,
    )
    await sql.execute("INSERT INTO harvester.place VALUES ('1234567890', '1', '2', 'Campaign', 'Ad group')")
    await search_term(sql, "shoes", NOW.date())
    await targeting(sql, "77", NOW.date())
    await sql.execute("INSERT INTO harvester.regret VALUES ('a1', $1, $2)", plan_id, NOW)
    for state in ("approved", "sending", "done"):
        await sql.execute(
            """UPDATE harvester.action SET state = $1, reviewed_by = 'Ann',
                   amazon_id = CASE $1 WHEN 'done' THEN 'T1' END""",
            state,
        )
    await sql.execute(
        """INSERT INTO harvester.retained (parent, opens, closes, dropped, kept, bytes, horizon)
           VALUES ('observation', $1, $1, 0, 0, 0, $1)""",
        NOW,
    )
    await sql.execute(
        """INSERT INTO harvester.plan_review (plan_id, fingerprint, verdict, reviewed_by, reviewed_at, action_ids)
           VALUES ($1, 'f', 'approve', 'Ann', $2, '{}')""",
        plan_id, NOW,
    )  # fmt: skip
    await sql.execute(
        """INSERT INTO harvester.api_call (at, method, path, duration_ms, attempt, account)
           VALUES ($1, 'GET', '/v2/profiles', 12.5, 1, 'main')""",
        NOW,
    )
    await sql.execute("INSERT INTO harvester.slot (task, due_at) VALUES ('expire', $1)", NOW)
    await sql.execute("INSERT INTO harvester.action_call SELECT $1, action_id, 1, 0 FROM harvester.action", NOW)
    return plan_id


async def test_nothing_that_happened_can_be_changed(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, sql: Sql
):
    """UPDATE, DELETE and TRUNCATE are refused for the owner, a superuser at that, in every mode of a session."""
    await _fill(begin, runs, store_plan, sql)

    for role in ("origin", "replica"):
        await sql.execute(f"SET session_replication_role = {role}")
        for table in APPEND_ONLY:
            assert await sql.fetchval(f"SELECT count(*) FROM harvester.{table}") > 0
            column = "fragment" if table == "action_event" else await _a_column(sql, table)
            for attempt in (
                f"UPDATE harvester.{table} SET {column} = {column}",
                f"DELETE FROM harvester.{table}",
                f"TRUNCATE harvester.{table} CASCADE",
            ):
                with pytest.raises(asyncpg.RestrictViolationError, match="kept as it was"):
                    await sql.execute(attempt)


async def _a_column(sql: Sql, table: str) -> str:
    return str(
        await sql.fetchval(
            """SELECT attname FROM pg_attribute
               WHERE attrelid = $1::regclass AND attnum > 0 AND attidentity = '' ORDER BY attnum LIMIT 1""",
            f"harvester.{table}",
        )
    )


async def test_partitions_are_as_closed_as_their_parents(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, sql: Sql
):
    """Going to a month's own table is no way around, nor the default one; months made later are closed too."""
    await _fill(begin, runs, store_plan, sql)
    await sql.fetchval("SELECT harvester.ensure_partitions('2031-05-05')")
    partitions = [
        row[0]
        for row in await sql.fetch(
            "SELECT relname FROM pg_inherits JOIN pg_class ON inhrelid = oid WHERE relkind = 'r'"
            " AND inhparent::regclass::text NOT LIKE '%_day'"  # days of reports are read again
        )
    ]

    assert len(partitions) >= 3 * (4 + 4 + 1)
    for partition in partitions:
        column = await _a_column(sql, partition)
        for attempt in (
            f"UPDATE harvester.{partition} SET {column} = {column}",
            f"DELETE FROM harvester.{partition}",
            f"TRUNCATE harvester.{partition}",
        ):
            with pytest.raises(asyncpg.RestrictViolationError, match="kept as it was"):
                await sql.execute(attempt)


async def test_an_owner_who_is_no_superuser_lacks_the_grants_too(empty_dsn: str, sql: Sql):
    """Even with the triggers gone, Postgres would say no."""
    from harvester.adapters.postgres.migrate import migrate

    name = f"owner_{sql.get_server_pid()}"
    database = empty_dsn.rsplit("@/", maxsplit=1)[-1].split("?", maxsplit=1)[0].rsplit("/", 1)[-1]
    await sql.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'x'")
    try:
        await sql.execute(f'GRANT CREATE ON DATABASE "{database}" TO {name}')
        owner = empty_dsn.replace(empty_dsn.split("//")[1].split("@", maxsplit=1)[0], f"{name}:x")
        await migrate(owner)
        connection = await asyncpg.connect(owner)
        rights = await connection.fetch(
            """SELECT table_name, right_name FROM unnest($1::text[]) AS table_name,
                   unnest('{UPDATE, DELETE, TRUNCATE}'::text[]) AS right_name
               WHERE has_table_privilege(table_name, right_name)""",
            [f"harvester.{table}" for table in APPEND_ONLY] + [f"ledger.{view}" for view in VIEWS],
        )
        await connection.close()
        assert rights == []
    finally:
        admin = await asyncpg.connect(empty_dsn)
        await admin.execute(f"DROP OWNED BY {name} CASCADE")
        await admin.execute(f"DROP ROLE {name}")
        await admin.close()


async def test_the_views_take_no_writes(begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, sql: Sql):
    """Neither changing, deleting nor adding."""
    await _fill(begin, runs, store_plan, sql)

    for view in VIEWS:
        column = await sql.fetchval(
            "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum = 1", f"ledger.{view}"
        )
        for attempt in (
            f"UPDATE ledger.{view} SET {column} = 'x'",
            f"DELETE FROM ledger.{view}",
            f"INSERT INTO ledger.{view} ({column}) VALUES ('x')",
        ):
            with pytest.raises(asyncpg.RestrictViolationError, match="kept as it was"):
                await sql.execute(attempt)


async def test_an_analyst_needs_the_ledger_schema_alone(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, sql: Sql
):
    """USAGE on it and SELECT on its views; the tables behind stay closed."""
    await _fill(begin, runs, store_plan, sql)
    name = f"analyst_{sql.get_server_pid()}"
    await sql.execute(f"CREATE ROLE {name}")
    try:
        await sql.execute(f"GRANT USAGE ON SCHEMA ledger TO {name}")
        await sql.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA ledger TO {name}")
        await sql.execute(f"SET ROLE {name}")
        for view in VIEWS:
            assert len(await sql.fetch(f"SELECT * FROM ledger.{view}")) > 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await sql.execute("SELECT * FROM harvester.observation")
    finally:
        await sql.execute("RESET ROLE")
        await sql.execute(f"DROP OWNED BY {name}")
        await sql.execute(f"DROP ROLE {name}")


async def test_every_view_and_column_is_described(sql: Sql):
    """An analyst finds the meaning with \\d+."""
    missing = await sql.fetch(
        """SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
           WHERE c.relnamespace = 'ledger'::regnamespace AND a.attnum > 0
             AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)"""
    )
    assert missing == []
    views = await sql.fetch("SELECT viewname FROM pg_views WHERE schemaname = 'ledger'")
    assert {row[0] for row in views} == {*VIEWS, "slots"}


async def test_one_query_leads_from_an_amazon_id_to_its_recommendation(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, sql: Sql
):
    """To the recommendation, the rule, the reviewer and the request behind it."""
    await _fill(begin, runs, store_plan, sql)

    found = await sql.fetchrow(
        """SELECT d.target, d.rule, a.reviewed_by, c.path, d.findings::text AS findings
           FROM ledger.actions a
           JOIN ledger.action_decisions USING (action_id) JOIN ledger.decisions d ON d.decision_id = action_decisions.decision_id
           JOIN ledger.action_calls USING (action_id) JOIN ledger.api_calls c USING (call_id)
           WHERE a.amazon_id = 'T1'"""
    )
    assert tuple(found)[:4] == ("Running Shoes 0", "promote-proven", "Ann", "/v2/profiles")
    assert json.loads(found["findings"])[0]["check"] == "clicks.at_least"


async def test_each_action_has_the_currency_of_its_profile(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, sql: Sql
):
    """Negatives, which have no bid, too: what they saved is in some currency."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 2), Cursor(), NOW)
    negative = an_action(1, kind=ActionKind.NEGATE_KEYWORD, effect=Effect("n"), bid=None, currency="")
    await store_plan(run, [an_action(0), negative])

    rows = await sql.fetch("SELECT bid::text, currency FROM ledger.actions ORDER BY position")
    assert rows == [("0.75", "USD"), (None, "USD")]


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        (None, {}),
        ("", {}),
        ('{"SALES": 3.5}', {"SALES": 3.5}),
        ('{"clicks": 99}', {}),
        ('["odd"]', {"note": ["odd"]}),
        ("{broken", {"note": "{broken"}),
    ],
)
async def test_metrics_survive_any_note(
    begin: BeginRun, runs: PostgresRuns, sql: Sql, note: str | None, expected: dict
):
    """What the source said beside clicks and conversions is there; a note that is no JSON breaks no query."""
    run = await begin()
    await runs.save_page(run, 0, [(a_row(evidence_note=note), "k", a_decision())], Cursor(), NOW)

    found = json.loads(await sql.fetchval("SELECT metrics::text FROM ledger.recommendations"))
    assert found == {**expected, "clicks": 12, "conversions": 3}


async def test_the_event_chain_binds_every_event_to_the_one_before(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, sql: Sql
):
    """Per profile, from 1 without a gap, each hash over the one before and the row's content."""
    for profile_id in ("1", "2"):
        await store_plan(await begin(a_profile(profile_id)), [an_action(number) for number in range(20)])
    await sql.execute("UPDATE harvester.action SET state = 'approved', changed_by = 'Ann' WHERE position < 5")

    broken = await sql.fetch(
        """SELECT profile_id, sequence FROM (
               SELECT *, event, lag(hash, 1, ''::bytea) OVER chain AS before, row_number() OVER chain AS expected
               FROM harvester.action_event AS event WINDOW chain AS (PARTITION BY profile_id ORDER BY sequence)
           ) AS linked
           WHERE prev_hash <> before OR sequence <> expected OR hash <> harvester.event_hash(event)"""
    )
    assert broken == []
    assert await sql.fetch("SELECT profile_id, count(*) FROM harvester.action_event GROUP BY 1 ORDER BY 1") == [
        ("1", 25),
        ("2", 25),
    ]


async def test_a_writer_cannot_choose_his_own_hash(begin: BeginRun, store_plan: StorePlan, sql: Sql):
    """Sequence and hashes are Postgres' to give."""
    await store_plan(await begin(), [an_action()])
    await sql.execute(
        """INSERT INTO harvester.action_event (profile_id, sequence, action_id, plan_id, at, to_state, reason, changed_by,
               fragment, prev_hash, hash)
           SELECT profile_id, 77, action_id, plan_id, at, to_state, reason, changed_by, fragment, 'x', 'x'
           FROM harvester.action_event"""
    )

    assert await sql.fetch("SELECT sequence, length(hash) FROM harvester.action_event ORDER BY 1") == [(1, 32), (2, 32)]


async def test_events_at_the_same_time_do_not_fork_the_chain(
    begin: BeginRun, store_plan: StorePlan, database: Database, sql: Sql
):
    """Transactions of one profile append one after the other."""
    await store_plan(await begin(), [an_action(number) for number in range(20)])

    async def approve(position: int) -> None:
        async with database.transaction() as connection:
            await connection.execute("UPDATE harvester.action SET state = 'approved' WHERE position = $1", position)

    await asyncio.gather(*(approve(position) for position in range(20)))

    assert await sql.fetchval("SELECT array_agg(sequence ORDER BY sequence) FROM harvester.action_event") == list(
        range(1, 41)
    )
    assert await sql.fetchval("SELECT count(DISTINCT prev_hash) FROM harvester.action_event") == 40


async def test_an_edited_bid_is_an_event_of_its_own(begin: BeginRun, store_plan: StorePlan, sql: Sql):
    """The history keeps both fragments; a change that says nothing new is no event."""
    await store_plan(await begin(), [an_action()])
    await sql.execute("UPDATE harvester.action SET fragment = '{\"bid\":0.60}', bid = 0.60, changed_by = 'Ann'")
    await sql.execute("UPDATE harvester.action SET expires_at = now()")

    events = await sql.fetch(
        "SELECT from_state, to_state, bid, changed_by FROM harvester.action_event ORDER BY sequence"
    )
    assert [(*row[:2], str(row[2]), row[3]) for row in events] == [
        (None, "planned", "0.75", "plan"),
        ("planned", "planned", "0.60", "Ann"),
    ]


async def test_rows_go_to_their_month(begin: BeginRun, runs: PostgresRuns, sql: Sql):
    """The months ahead are there before they are needed; what has no month goes to the default one."""
    run = await begin()
    now = datetime.now(UTC)
    await runs.save_page(run, 0, a_page(0, 1), Cursor(token="a"), now)
    await runs.save_page(run, 1, a_page(1, 1), Cursor(token="b"), datetime(2001, 2, 3, tzinfo=UTC))

    found = await sql.fetch(
        "SELECT relname FROM harvester.observation JOIN pg_class ON pg_class.oid = observation.tableoid ORDER BY place"
    )
    assert [row[0] for row in found] == [f"observation_{now:%Y_%m}", "observation_default"]
    ahead = await sql.fetchval("SELECT count(*) FROM pg_inherits WHERE inhparent = 'harvester.observation'::regclass")
    assert ahead == 4 + 1


async def test_a_month_that_lies_in_the_default_partition_is_left_there(begin: BeginRun, runs: PostgresRuns, sql: Sql):
    """No row is lost or in the way: the other months around it are made."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 1), Cursor(), datetime(2001, 2, 3, tzinfo=UTC))

    assert await sql.fetchval("SELECT harvester.ensure_partitions('2001-01-31 23:59:59+00')") == 3 * 4 - 1
    assert await sql.fetchval("SELECT to_regclass('harvester.observation_2001_02') IS NULL")
    assert await sql.fetchval("SELECT harvester.ensure_partitions('2001-01-31 23:59:59+00')") == 0
    assert await sql.fetchval("SELECT count(*) FROM harvester.observation") == 1


async def test_partitions_wait_for_nobody_long(begin: BeginRun, runs: PostgresRuns, sql: Sql, dsn: str):
    """While somebody holds the table, nothing is made, nothing fails; afterwards it is made up for."""
    other = await asyncpg.connect(dsn)
    async with sql.transaction():
        await sql.fetch("SELECT * FROM harvester.observation")
        assert await other.fetchval("SELECT harvester.ensure_partitions('2031-01-01')") == 8
    assert await other.fetchval("SELECT harvester.ensure_partitions('2031-01-01')") == 4
    await other.close()


def a_call(number: int = 0, **changes) -> ApiCall:
    fields: dict = {
        "at": NOW, "method": "POST", "path": f"/sp/{number}", "status": 207, "duration_ms": 12.5, "attempt": 1,
        "request_id": "R", "request_body": "{}", "response_body": "{}", "error": None, "account": "main",
        "profile_id": "1", "run_id": "r1", "plan_id": None,
    }  # fmt: skip
    return ApiCall(**{**fields, **changes})


async def test_calls_are_in_the_ledger_after_a_flush(database: Database, sql: Sql):
    """In order, with ids, nulls as nulls, and texts that Postgres cannot hold made fit."""
    troubles: list = []
    async with PostgresCallLog.open(database, lambda *trouble: troubles.append(trouble), every_seconds=60) as log:
        log.record(a_call(1))
        log.record(a_call(2, status=None, response_body="a\x00b", error="no answer", run_id=None))
        await log.flush()
        found = await sql.fetch(
            "SELECT call_id, path, status, response_body, error, run_id FROM ledger.api_calls ORDER BY path"
        )

    assert found == [("c1", "/sp/1", 207, "{}", None, "r1"), ("c2", "/sp/2", None, "a\ufffdb", "no answer", None)]
    assert troubles == []


async def test_calls_are_written_by_themselves(database: Database, sql: Sql):
    """As soon as a batch is full, long before the clock strikes; the rest when the log is closed."""
    async with PostgresCallLog.open(database, print, batch=10, every_seconds=3600) as log:
        for number in range(14):
            log.record(a_call(number))
        while not await sql.fetchval("SELECT count(*) FROM ledger.api_calls"):
            await asyncio.sleep(0)
        log.record(a_call(99))

    assert await sql.fetchval("SELECT count(*) FROM ledger.api_calls") == 15


async def test_calls_outlive_a_postgres_that_is_away(database: Database, sql: Sql, dsn: str):
    """They are kept, told of, and written once it is back."""
    troubles: list = []
    async with (
        Database.open(dsn, patience_seconds=0) as impatient,
        PostgresCallLog.open(impatient, lambda *trouble: troubles.append(trouble), every_seconds=0.01) as log,
    ):
        async with sql.transaction():
            await sql.execute("LOCK TABLE harvester.api_call IN ACCESS EXCLUSIVE MODE")
            log.record(a_call(1))
            while not troubles:
                await sql.execute(
                    """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                           WHERE datname = current_database() AND wait_event_type = 'Lock'"""
                )
                await asyncio.sleep(0)
        log.record(a_call(2))

    assert {lost for _, lost in troubles} == {0}
    assert await sql.fetchval("SELECT array_agg(path ORDER BY call_number) FROM harvester.api_call") == [
        "/sp/1",
        "/sp/2",
    ]


async def test_what_finally_cannot_be_written_is_told(dsn: str, sql: Sql):
    """How many calls are missing from the ledger, and why; nothing raises."""
    troubles: list = []
    async with (
        Database.open(dsn, patience_seconds=0) as database,
        PostgresCallLog.open(
            database, lambda *trouble: troubles.append(trouble), most_waiting=3, every_seconds=3600, batch=100
        ) as log,
    ):
        await sql.execute("ALTER TABLE harvester.api_call RENAME TO elsewhere")
        for number in range(5):
            log.record(a_call(number))

    assert [(lost, "harvester migrate" in why) for why, lost in troubles] == [(5, True)]
