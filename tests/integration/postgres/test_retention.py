"""Old months are dropped; what an action refers to stays, and the ledger knows what it no longer holds."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest

from harvester.adapters.postgres.archive import PostgresArchive
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.report_days import PostgresReportDays
from harvester.adapters.postgres.reports import PostgresReports
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.adapters.postgres.story import PostgresStories
from harvester.adapters.postgres.verify import PostgresVerify
from harvester.domain.errors import Refused
from harvester.domain.retention import Bulk, Keeping, Retained
from harvester.domain.run import Cursor

from .acting import PROFILE
from .ages import READS, ROWS, YEAR, a_round, dropped, live, partitions
from .conftest import BeginRun, Sql, a_page, a_profile
from .reported import days, read_days, search_term

JANUARY = datetime(2025, 1, 15, 6, 30, tzinfo=UTC)
MONTHS = [JANUARY, JANUARY.replace(month=2), JANUARY.replace(month=3)]
TOLD = [
    *[("decisions", f"2025-0{month}-01", ROWS - 1, 1) for month in (1, 2, 3)],
    ("decisions", "2025-04-01", 0, 0),
    *[("api_calls", f"2025-0{month}-01", READS, 1) for month in (1, 2, 3)],
    ("api_calls", "2025-04-01", 0, 0),
]


@pytest.fixture
async def aged(database: Database, sql: Sql) -> None:
    """A run in each of three months of 2025 (r1 to r3), and one now (r4)."""
    await sql.execute("SELECT harvester.ensure_partitions($1)", JANUARY)
    for number, moment in enumerate([*MONTHS, datetime.now(UTC)]):
        await live(database, sql, moment, number)


@pytest.mark.usefixtures("aged")
async def test_old_months_go_and_what_actions_refer_to_stays(database: Database, sql: Sql):
    """Decisions that became actions and the calls that carried them are where they were; the rest frees its space."""
    before = await sql.fetch("SELECT * FROM ledger.decisions WHERE place = 2 ORDER BY run_id")
    carried = await sql.fetch("SELECT * FROM ledger.api_calls WHERE plan_id IS NOT NULL ORDER BY at")

    done = await a_round(database)()

    assert (len(done.dropped), done.put_off) == (8, ())
    assert sorted(await dropped(sql)) == sorted(TOLD)
    assert await sql.fetch("SELECT * FROM ledger.decisions WHERE place = 2 ORDER BY run_id") == before
    assert await sql.fetch("SELECT * FROM ledger.api_calls WHERE plan_id IS NOT NULL ORDER BY at") == carried
    assert await sql.fetchval("SELECT count(*) FROM ledger.decisions") == 3 + ROWS
    assert await sql.fetchval("SELECT count(*) FROM ledger.api_calls") == 3 + READS + 1
    assert await sql.fetchval("SELECT count(*) FROM ledger.action_calls") == 4
    assert (await a_round(database)()).dropped == ()


@pytest.mark.usefixtures("aged")
async def test_a_round_can_be_looked_at_first(database: Database, sql: Sql):
    """What it would drop, by kind and month, and nothing happens."""
    await sql.execute("ANALYZE harvester.observation_2025_01")
    seen = await a_round(database).preview()

    assert [(each.what.value, f"{each.opens:%Y-%m}") for each in seen] == [
        (what, f"2025-0{month}") for what in ("decisions", "api_calls") for month in (1, 2, 3, 4)
    ]
    assert (seen[0].rows, seen[0].bytes > 0) == (ROWS, True)
    assert await dropped(sql) == []


@pytest.mark.usefixtures("aged")
async def test_the_ledger_knows_what_it_no_longer_holds(database: Database):
    """`verify` finds nothing broken and says from when on it looks; `why` and the story of an id know all they must."""
    await a_round(database)()
    now = datetime.now(UTC)

    flaws = [flaw async for flaw in PostgresVerify(database).flaws()]
    assert [(flaw.severity.value, flaw.where) for flaw in flaws] == [("note", "2025-05-01")]
    assert flaws[0].what == (
        f"history before 2025-05-01 was dropped on {now:%Y-%m-%d} by retention; what actions refer to is there, and the "
        "other rows of 3 older runs are not counted"
    )
    horizon = await PostgresReports(database).horizon()
    assert horizon is not None
    assert (horizon.before, horizon.dropped_at.date()) == (datetime(2025, 5, 1, tzinfo=UTC), now.date())
    told = [row async for row in PostgresReports(database).why("running shoes 2", "x")]
    assert [(row["run_id"], len(row["actions"])) for row in told] == [(f"r{number}", 1) for number in (1, 2, 3, 4)]
    assert [row async for row in PostgresReports(database).why("running shoes 1", "x")] != []
    (chapter,) = await PostgresStories(database).of("T0")
    assert [decision["decision_id"] for decision in chapter["decisions"]] == ["r1-2"]
    assert [call["status"] for call in chapter["calls"]] == [207]


async def test_a_ledger_that_dropped_nothing_has_no_horizon(database: Database):
    """Nothing is said of what did not happen."""
    assert await PostgresReports(database).horizon() is None


@pytest.mark.usefixtures("aged")
async def test_a_month_that_somebody_dropped_by_hand_is_a_gap(database: Database, sql: Sql):
    """Only what retention wrote down is excused."""
    await sql.execute("DROP TABLE harvester.observation_2025_02")

    flaws = {(flaw.severity.value, flaw.where) async for flaw in PostgresVerify(database).flaws()}
    assert flaws == {("broken", "r2"), ("broken", "p2"), ("broken", "a2")}


@pytest.mark.usefixtures("aged")
async def test_what_is_kept_is_as_closed_as_before(database: Database, sql: Sql):
    """No UPDATE, DELETE or TRUNCATE, not of the record of what was dropped either; and nobody but the owner drops."""
    await a_round(database)()

    for table in ("observation_kept_2025_01_01", "api_call_kept_2025_01_01", "retained"):
        column = {"ob": "place", "ap": "attempt", "re": "kept"}[table[:2]]
        for attempt in (f"UPDATE {{}} SET {column} = {column}", "DELETE FROM {}", "TRUNCATE {}"):
            with pytest.raises(asyncpg.RestrictViolationError, match="kept as it was"):
                await sql.execute(attempt.format(f"harvester.{table}"))
    open_to_all = await sql.fetch(
        """SELECT proname FROM pg_proc, aclexplode(proacl) AS granted
           WHERE proname IN ('drop_oldest', 'take_table', 'partition_by', 'narrow_partitions') AND granted.grantee = 0"""
    )
    assert open_to_all == []


@pytest.mark.usefixtures("aged")
async def test_for_ever_is_for_ever(database: Database, sql: Sql):
    """Of each kind alone."""
    await a_round(database, decisions=None)()
    assert {what for what, *_ in await dropped(sql)} == {"api_calls"}

    await a_round(database, calls=None)()
    assert sorted(await dropped(sql)) == sorted(TOLD)


async def test_a_clock_that_jumps_drops_nothing_of_this_week(database: Database, sql: Sql):
    """Postgres' own clock has the last word."""
    now = datetime.now(UTC)
    await sql.execute("SELECT harvester.partition_by('observation', 'day')")
    await sql.execute("SELECT harvester.ensure_partitions($1)", now - timedelta(days=40))
    await sql.execute("SELECT harvester.ensure_partitions($1)", now - timedelta(days=6))
    await live(database, sql, now - timedelta(days=40), 0)
    await live(database, sql, now - timedelta(days=6), 1)

    await a_round(database, datetime(2040, 1, 1, tzinfo=UTC))()

    assert await sql.fetch("SELECT run_id, count(*) FROM harvester.observation GROUP BY 1 ORDER BY 1") == [
        ("r1", 1),
        ("r2", ROWS),
    ]


@pytest.mark.usefixtures("aged")
async def test_two_replicas_at_once_drop_each_month_once(database: Database, sql: Sql, dsn: str):
    """The other one finds nothing left, or lets the first one be."""
    async with Database.open(dsn, most_connections=2) as other:
        await asyncio.gather(a_round(database)(), a_round(other)(), a_round(database)())

    assert sorted(await dropped(sql)) == sorted(TOLD)
    assert await sql.fetchval("SELECT count(*) FROM ledger.decisions") == 3 + ROWS


@pytest.mark.usefixtures("aged")
async def test_while_another_is_at_it_nothing_is_begun(database: Database, sql: Sql, dsn: str):
    """And that is told."""
    other = await asyncpg.connect(dsn)
    async with other.transaction():
        await other.execute(
            """SELECT pg_advisory_xact_lock(hashtextextended('harvester.drop_oldest ' || parent, 0))
               FROM unnest('{observation,api_call}'::text[]) AS parent"""
        )
        done = await a_round(database)()
    await other.close()

    assert done.put_off == ("another process is dropping old months already",) * 2
    assert await dropped(sql) == []


@pytest.mark.usefixtures("aged")
async def test_a_harvest_under_way_is_not_disturbed(database: Database, sql: Sql, dsn: str):
    """A page that is being written keeps its table; the months wait until the next time, whole."""
    await sql.execute("ALTER FUNCTION harvester.take_table SET lock_timeout = '10ms'")
    other = await asyncpg.connect(dsn)
    async with other.transaction():
        await other.execute("LOCK TABLE harvester.observation IN ROW EXCLUSIVE MODE")
        done = await a_round(database)()
        assert done.put_off == ("old decisions wait until the next time: somebody holds the table",)
    await other.close()

    assert {what for what, *_ in await dropped(sql)} == {"api_calls"}
    assert await sql.fetchval("SELECT count(*) FROM ledger.decisions") == 4 * ROWS
    assert (await a_round(database)()).put_off == ()
    assert sorted(await dropped(sql)) == sorted(TOLD)


async def test_days_of_a_month_go_one_by_one_into_one_kept_table(database: Database, sql: Sql):
    """Where partitions are days, each goes when it is old enough; what is kept of a month lies together."""
    await sql.execute("UPDATE harvester.partitioning SET width = 'day'")
    await sql.execute("SELECT harvester.ensure_partitions('2025-01-29')")
    days = [datetime(2025, 1, day, 12, tzinfo=UTC) for day in (29, 30, 31)] + [datetime(2025, 2, 1, 12, tzinfo=UTC)]
    for number, day in enumerate(days):
        await live(database, sql, day, number)
    archive = PostgresArchive(database)
    found = []
    for day in days:
        midnight = day.replace(hour=0) + timedelta(days=1)
        assert await archive.drop_oldest(Bulk.DECISIONS, midnight) is not None
        assert await archive.drop_oldest(Bulk.DECISIONS, midnight) is None
        found.append(await partitions(sql))

    kept, later = "observation_kept_2025_01_29", "observation_2025_"
    assert found == [
        [kept, f"{later}01_30", f"{later}01_31", f"{later}02_01"],
        [kept, f"{later}01_31", f"{later}02_01"],
        [kept, f"{later}02_01"],
        [kept, "observation_kept_2025_02_01"],
    ]
    assert [row[3] for row in await dropped(sql)] == [1, 2, 3, 1]
    assert await sql.fetchval("SELECT count(*) FROM harvester.observation") == len(days)
    assert [flaw.severity.value async for flaw in PostgresVerify(database).flaws()] == ["note"]


async def test_a_day_without_a_partition_is_not_in_the_way(database: Database, sql: Sql):
    """Its rows lie in the default partition and stay; the days before and after it go."""
    await sql.execute("UPDATE harvester.partitioning SET width = 'day'")
    await sql.execute("SELECT harvester.ensure_partitions('2025-01-10')")
    await sql.execute("DROP TABLE harvester.observation_2025_01_12")
    for number, day in enumerate((11, 12, 13)):
        await live(database, sql, datetime(2025, 1, day, 12, tzinfo=UTC), number)

    done = await a_round(database)()

    assert done.put_off == ()
    assert await partitions(sql) == ["observation_kept_2025_01_10", "observation_kept_2025_01_13"]
    assert await sql.fetchval("SELECT count(*) FROM harvester.observation_default") == ROWS
    assert await sql.fetchval("SELECT count(*) FROM harvester.observation") == ROWS + 2


async def test_a_table_that_grows_too_large_goes_over_to_days(database: Database, sql: Sql, begin: BeginRun):
    """What holds rows stays as it is; empty months to come are made anew, fourteen days ahead."""
    now = datetime.now(UTC)
    await PostgresRuns(database).save_page(await begin(), 0, a_page(0, 10), Cursor(), now)

    with pytest.raises(Refused, match=r"is too large .* set max_locks_per_transaction to 100000"):
        await PostgresArchive(database, most_bytes_a_month=1, fewest_locks=100_000).narrow_partitions()
    archive = PostgresArchive(database, most_bytes_a_month=1, fewest_locks=1)
    assert await archive.narrow_partitions() == ["action_call", "api_call", "observation"]
    assert await archive.narrow_partitions() == []
    assert await archive.make_partitions(now) == 0

    names = [row[0] for row in await sql.fetch("SELECT name FROM harvester.partition WHERE parent = 'observation'")]
    month = f"observation_{now:%Y_%m}"
    later = [now + timedelta(days=day) for day in range(1, 15)]
    assert sorted(names) == [month, *(f"observation_{day:%Y_%m_%d}" for day in later if day.month != now.month)]
    names = [row[0] for row in await sql.fetch("SELECT name FROM harvester.partition WHERE parent = 'api_call'")]
    assert sorted(names) == [f"api_call_{day:%Y_%m_%d}" for day in [now, *later]]
    assert await sql.fetchval("SELECT harvester.partition_by('observation', 'month')") == 3


async def test_ordinary_tables_stay_with_months(database: Database, sql: Sql, begin: BeginRun):
    """A hundred gigabytes a month are far away."""
    await PostgresRuns(database).save_page(await begin(), 0, a_page(0, 10), Cursor(), datetime.now(UTC))

    done = await a_round(database)()

    assert (done.partitions_made, done.by_day, done.dropped) == (0, (), ())
    assert await sql.fetchval("SELECT count(*) FROM harvester.partitioning WHERE width = 'month'") == 3


SWEPT = {
    "slot": 5,
    "pgqueuer_log": 1,
    "pgqueuer_statistics": 1,
    "replica": 1,
}


async def test_rows_of_former_days_are_swept(database: Database, sql: Sql):
    """Closed slots, the queue's log and figures, replicas that are gone; what is open or young stays."""
    await sql.execute(
        """INSERT INTO harvester.slot (task, profile_id, due_at, state, finished_at)
           SELECT task, state, now() - days * interval '1 day', state, CASE state WHEN 'done' THEN now() END
           FROM unnest('{plan,follow_up,reconcile,notify}'::text[], '{91,91,3,3}'::int[]) AS old (task, days),
               unnest('{done,waiting}'::text[]) AS state
           UNION ALL SELECT 'plan', '2', now() - interval '89 days', 'done', now()
           UNION ALL SELECT 'retain', '', now() - interval '1 day', 'done', now()
           UNION ALL SELECT 'retain', '', now() - interval '91 days', 'failed', now()"""
    )
    await sql.execute(
        """INSERT INTO harvester.pgqueuer_log (created, job_id, status, priority, entrypoint)
           SELECT now() - days * interval '1 day', days, 'successful', 0, 'x' FROM unnest('{6,8}'::int[]) AS days"""
    )
    await sql.execute(
        """INSERT INTO harvester.pgqueuer_statistics (created, count, priority, status, entrypoint)
           SELECT now() - days * interval '1 day', 1, 0, 'successful', 'x' FROM unnest('{6,8}'::int[]) AS days"""
    )
    await sql.execute(
        """INSERT INTO harvester.replica (replica_id, kind, host, pid, version, started_at, seen_at)
           SELECT hours::text, 'serve', 'h', 1, '1', now(), now() - hours * interval '1 hour'
           FROM unnest('{1,25}'::int[]) AS hours"""
    )

    first, second = await a_round(database)(), await a_round(database)()

    assert first.swept == SWEPT
    assert second.swept == dict.fromkeys(SWEPT, 0)
    assert await sql.fetchval("SELECT count(*) FROM harvester.slot WHERE finished_at IS NULL") == 4


async def test_pages_of_an_older_version_can_be_anywhere(database: Database, sql: Sql, begin: BeginRun):
    """It does not say when it recorded them: whoever reads the run looks into every partition."""
    runs = PostgresRuns(database)
    run, now = await begin(), datetime.now(UTC)
    await runs.save_page(run, 0, a_page(0, 2), Cursor(token="a"), now)
    known = await sql.fetchrow("SELECT seen_from, seen_until FROM harvester.run")
    await sql.execute(
        """INSERT INTO harvester.observation
           SELECT run_id, place + 2, profile_id, source, campaign_id, ad_group_id, ad_id, ad_asin, target, key, target_type,
               clicks, conversions, evidence_note, outcome, reason, rule, findings, '2025-01-01' FROM harvester.observation"""
    )
    await sql.execute("UPDATE harvester.run SET pages = pages + 1")
    await runs.save_page(run, 4, a_page(4, 1), Cursor(token="b"), now + timedelta(seconds=1))

    assert tuple(known) == (now, now)
    assert len(await runs.recent_rows(run, 10)) == 5
    assert await sql.fetchval("SELECT seen_from = '-infinity' AND seen_until = 'infinity' FROM harvester.run")


async def test_nothing_to_do_is_nothing_done(database: Database):
    """A new ledger: partitions are there, nothing is old."""
    assert await a_round(database)() == Retained(swept=dict.fromkeys(SWEPT, 0))


async def filled_report_days(database: Database, sql: Sql, first: date, count: int) -> None:
    """In, with a row each."""
    await PostgresProfiles(database).save([a_profile(PROFILE)])
    which = days(first, count)
    await PostgresReportDays(database).make_partitions(which[0], which[-1])
    await read_days(sql, "search_terms", which)
    for day in which:
        await search_term(sql, "shoes", day)


async def test_days_of_reports_go_with_the_rest(database: Database, sql: Sql):
    """Told first, by month; what is younger stays, and so does the day that has no partition of its own until it is old."""
    await filled_report_days(database, sql, date(2025, 1, 30), 4)
    await search_term(sql, "shoes", date(2025, 2, 20))
    keeping = Keeping(None, None, datetime.now(UTC) - datetime(2025, 2, 2, tzinfo=UTC))
    retain = replace(a_round(database), keeping=keeping)

    told = [(each.what, f"{each.opens:%m-%d}", f"{each.closes:%m-%d}") for each in await retain.preview()]
    done = await retain()

    assert told == [(Bulk.REPORT_DAYS, "01-30", "02-01"), (Bulk.REPORT_DAYS, "02-01", "02-02")]
    assert [f"{each.closes:%m-%d}" for each in done.dropped] == ["02-01", "02-02"]
    left = [row["day"] for row in await sql.fetch("SELECT day FROM harvester.search_term_day ORDER BY day")]
    assert left == [date(2025, 2, 2), date(2025, 2, 20)]
    assert await sql.fetchval("SELECT min(day) FROM harvester.report_day") == date(2025, 2, 2)
    assert (await retain()).dropped == ()
    later = replace(retain, keeping=Keeping(None, None, datetime.now(UTC) - datetime(2025, 3, 1, tzinfo=UTC)))
    await later()
    assert await sql.fetchval("SELECT count(*) FROM harvester.search_term_day") == 0


async def test_a_day_that_cannot_go_yet_is_forgotten_all_the_same(database: Database, sql: Sql, dsn: str):
    """Of its two tables one may be gone: it must not count as a day on which nothing was clicked."""
    await filled_report_days(database, sql, date(2025, 1, 30), 1)
    retain = replace(a_round(database), keeping=Keeping(None, None, YEAR))
    reader = await asyncpg.connect(dsn)
    try:
        async with reader.transaction():
            await reader.execute("LOCK TABLE harvester.targeting_day IN ACCESS SHARE MODE")
            done = await retain()
    finally:
        await reader.close()

    assert await sql.fetchval("SELECT count(*) FROM harvester.report_day") == 0
    assert done.put_off == ("old report days wait until the next time: somebody holds the table",)
    assert (await retain()).put_off == ()
    assert await sql.fetchval("SELECT to_regclass('harvester.targeting_day_2025_01_30') IS NULL")


async def test_a_clock_that_jumps_drops_no_report_day_of_this_week(database: Database, sql: Sql):
    """Postgres' own clock has the last word about them too."""
    await filled_report_days(database, sql, datetime.now(UTC).date() - timedelta(days=20), 20)

    await replace(a_round(database, datetime.now(UTC) + 3 * YEAR), keeping=Keeping(None, None, YEAR))()

    assert await sql.fetchval("SELECT count(*) FROM harvester.search_term_day") == 7
