"""Runs: one at a time, fenced, resumable, page by page."""

import asyncio
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.decision import Outcome
from harvester.domain.errors import LeaseLost, Refused
from harvester.domain.ids import Fingerprint
from harvester.domain.profile import Mode
from harvester.domain.run import Cursor, RunState

from .conftest import LONG_AGO, NOW, BeginRun, Sql, a_decision, a_page, a_profile, a_row


async def test_a_page_and_the_cursor_after_it_are_kept_together(begin: BeginRun, runs: PostgresRuns, sql: Sql) -> None:
    """After save_page the rows, the cursor and the counts all tell of the page."""
    run = await begin()
    cursor = Cursor(batch=("710", "711"), token="next", finished_through="709")
    await runs.save_page(run, 0, a_page(0, 3), cursor, NOW)

    taken_up = await begin()

    assert (taken_up.run_id, taken_up.cursor, taken_up.pages, taken_up.recommendations) == (run.run_id, cursor, 1, 3)
    assert taken_up.resumed
    assert taken_up.fence > run.fence
    assert await sql.fetchval("SELECT array_agg(place ORDER BY place) FROM harvester.observation") == [0, 1, 2]


async def test_every_column_of_a_row_comes_back_as_it_was(begin: BeginRun, runs: PostgresRuns, sql: Sql) -> None:
    """What was recorded is what the views show, unknown metrics and notes included."""
    run = await begin()
    row = a_row(clicks=None, conversions=None, evidence_note='{"CLICKS":"many"}', target="Zoë’s ☂")
    await runs.save_page(run, 0, [(row, "zoë’s ☂", a_decision())], Cursor(), NOW)

    shown = await sql.fetchrow("SELECT *, metrics::text, findings::text FROM ledger.decisions")
    assert shown is not None

    assert shown["decision_id"] == f"{run.run_id}-0"
    assert (shown["target"], shown["key"], shown["decided_at"]) == ("Zoë’s ☂", "zoë’s ☂", NOW)
    assert shown["metrics"] == '{"CLICKS": "many", "clicks": null, "conversions": null}'
    assert await runs.recent_rows(run, 10) == [row]
    assert await sql.fetchval(
        """SELECT findings = '[{"rule": "promote-proven", "check": "clicks.at_least", "measured": 12, "bound": 10,
                                "passed": true, "group": ""}]' FROM ledger.decisions"""
    )


async def test_recent_rows_are_the_last_ones_in_their_order(begin: BeginRun, runs: PostgresRuns) -> None:
    """A resumed run sees the newest rows, oldest of them first."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 5), Cursor(token="a"), NOW)
    await runs.save_page(run, 5, a_page(5, 5), Cursor(token="b"), NOW)

    assert await runs.recent_rows(run, 3) == [a_row(7), a_row(8), a_row(9)]


async def test_an_older_fence_can_write_nothing_more(begin: BeginRun, runs: PostgresRuns, sql: Sql) -> None:
    """A process that was overtaken is refused at every method, and leaves no row."""
    overtaken = await begin()
    await begin()

    with pytest.raises(LeaseLost):
        await runs.save_page(overtaken, 0, a_page(0, 2), Cursor(token="x"), NOW)
    with pytest.raises(LeaseLost):
        await runs.save_cursor(overtaken, Cursor(token="x"))
    with pytest.raises(LeaseLost):
        await runs.finish(overtaken, RunState.COMPLETE, None)
    assert await sql.fetchval("SELECT count(*) FROM harvester.observation") == 0


async def test_a_finished_run_takes_no_more(begin: BeginRun, runs: PostgresRuns) -> None:
    """Once it is complete, nothing can be added, and the next begin is a new run."""
    run = await begin()
    await runs.finish(run, RunState.COMPLETE, None)

    with pytest.raises(LeaseLost):
        await runs.save_page(run, 0, a_page(0, 1), Cursor(), NOW)
    following = await begin()
    assert following.run_id != run.run_id
    assert not following.resumed


@pytest.mark.parametrize(
    "changes",
    [
        {"ruleset": Fingerprint("0" * 64)},
        {"mode": Mode.DRY_RUN},
        {"source": "products"},
        {"resume_after": datetime.now(UTC) + timedelta(hours=1)},
    ],
    ids=["other rules", "other mode", "other source", "too old"],
)
async def test_an_interrupted_run_that_does_not_fit_has_failed(begin: BeginRun, sql: Sql, changes: dict) -> None:
    """It is not gone on with; it ends as failed and a new one begins."""
    interrupted = await begin()
    following = await begin(**changes)

    assert following.run_id != interrupted.run_id
    assert await sql.fetchval("SELECT state FROM ledger.runs WHERE run_id = $1", interrupted.run_id) == "failed"


async def test_two_begins_at_once_make_one_run(begin: BeginRun, sql: Sql) -> None:
    """However they interleave, one run is running and only the newest fence may write."""
    found = await asyncio.gather(*(begin() for _ in range(5)))

    assert len({run.run_id for run in found}) == 1
    assert sorted(run.fence for run in found) == [1, 2, 3, 4, 5]
    assert await sql.fetchval("SELECT count(*) FROM harvester.run") == 1


async def test_a_second_running_run_is_refused_by_postgres(begin: BeginRun, sql: Sql) -> None:
    """The invariant holds against anybody who writes past the store."""
    run = await begin()

    with pytest.raises(asyncpg.UniqueViolationError, match="run_one_running"):
        await sql.execute(
            """INSERT INTO harvester.run (profile_id, account, source, trigger, mode, ruleset_fingerprint, fence)
               VALUES ($1, 'main', 'promotion', 'command', 'review', 'x', 9)""",
            run.profile_id,
        )


async def test_a_connection_cut_inside_a_page_leaves_all_of_it_or_nothing(
    begin: BeginRun, runs: PostgresRuns, database: Database, sql: Sql
) -> None:
    """The page is repeated on a new connection, and stands there once."""
    run = await begin()
    cuts = 0

    async with sql.transaction():
        await sql.execute("LOCK TABLE harvester.observation IN ACCESS EXCLUSIVE MODE")
        saving = asyncio.create_task(runs.save_page(run, 0, a_page(0, 50), Cursor(token="next"), NOW))
        while not cuts:
            cuts = await sql.fetchval(
                """SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'"""
            )
            await asyncio.sleep(0)
    await saving

    assert await sql.fetchval("SELECT count(*) FROM harvester.observation") == 50
    assert await sql.fetch("SELECT pages, recommendations FROM harvester.run") == [(1, 50)]


async def test_a_page_whose_commit_got_no_answer_is_not_written_twice(
    begin: BeginRun, runs: PostgresRuns, sql: Sql, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit worked, the answer was lost: the repeat sees the cursor and is content."""
    run = await begin()
    honest = Database.transaction
    lost: list[bool] = []

    def losing(database: Database):
        from contextlib import asynccontextmanager

        from harvester.domain.errors import Unavailable

        @asynccontextmanager
        async def transaction():
            async with honest(database) as connection:
                yield connection
            if not lost:
                lost.append(True)
                raise Unavailable("the answer to COMMIT was lost")

        return transaction()

    monkeypatch.setattr(Database, "transaction", losing)
    await runs.save_page(run, 0, a_page(0, 7), Cursor(token="next"), NOW)

    assert lost
    assert await sql.fetch("SELECT pages, recommendations FROM harvester.run") == [(1, 7)]
    assert await sql.fetchval("SELECT count(*) FROM harvester.observation") == 7


async def test_a_text_that_postgres_cannot_hold_loses_no_page(begin: BeginRun, runs: PostgresRuns, sql: Sql) -> None:
    """NUL and half a surrogate pair become the replacement character; the other rows stay as they are."""
    run = await begin()
    rows = [*a_page(0, 2), (a_row(target="a\x00b\ud800"), "ab", a_decision())]
    await runs.save_page(run, 0, rows, Cursor(), NOW)

    found = await sql.fetch("SELECT target FROM harvester.observation ORDER BY place")
    assert [row["target"] for row in found] == ["Running Shoes 0", "Running Shoes 1", "a\ufffdb?"]


async def test_the_same_place_cannot_be_written_twice(begin: BeginRun, runs: PostgresRuns, sql: Sql) -> None:
    """The key (run, place) holds even against a store that counts wrongly."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 2), Cursor(token="a"), NOW)

    with pytest.raises(asyncpg.UniqueViolationError):
        await runs.save_page(run, 1, a_page(1, 2), Cursor(token="b"), NOW)
    assert await sql.fetchval("SELECT count(*) FROM harvester.observation") == 2


async def test_an_empty_page_moves_the_cursor(begin: BeginRun, runs: PostgresRuns) -> None:
    """A page without rows still counts as read."""
    run = await begin()
    await runs.save_page(run, 0, [], Cursor(token="b"), NOW)

    assert (await begin()).cursor == Cursor(token="b")


async def test_troubles_survive_a_crash(begin: BeginRun, runs: PostgresRuns, sql: Sql) -> None:
    """Why a run will be partial is kept with its cursor, each reason once."""
    run = await begin()
    await runs.save_cursor(run, Cursor(finished_through="1"), "a page could not be read")
    await runs.save_cursor(run, Cursor(finished_through="2"), "a page could not be read")
    await runs.save_cursor(run, Cursor(finished_through="3"))

    taken_up = await begin()
    assert taken_up.troubles == ("a page could not be read",)
    await runs.finish(taken_up, RunState.PARTIAL, None)
    assert await sql.fetchval("SELECT state FROM ledger.runs") == "partial"


async def test_profiles_do_not_wait_for_one_another(begin: BeginRun, runs: PostgresRuns, sql: Sql) -> None:
    """A run of one profile neither fences nor ends a run of another."""
    one = await begin(a_profile("1"))
    other = await begin(a_profile("2"))
    await runs.save_page(one, 0, a_page(0, 1, Outcome.PROMOTE), Cursor(), NOW)
    await runs.finish(other, RunState.FAILED, "the login was refused")

    found = await sql.fetch("SELECT profile_id, state FROM ledger.runs ORDER BY profile_id")
    assert found == [("1", "running"), ("2", "failed")]


async def test_the_fence_only_grows(begin: BeginRun, sql: Sql) -> None:
    """Postgres refuses a fence that goes back."""
    await begin()

    with pytest.raises(asyncpg.RestrictViolationError, match="only grows"):
        await sql.execute("UPDATE harvester.account_state SET fence = 0")


async def test_a_run_that_ended_cannot_be_changed_or_deleted(begin: BeginRun, runs: PostgresRuns, sql: Sql) -> None:
    """Not by its owner either."""
    run = await begin(resume_after=LONG_AGO)
    await runs.finish(run, RunState.COMPLETE, None)

    with pytest.raises(asyncpg.RestrictViolationError):
        await sql.execute("UPDATE harvester.run SET state = 'running', finished_at = NULL")
    with pytest.raises(asyncpg.RestrictViolationError):
        await sql.execute("DELETE FROM harvester.run")


async def test_refusals_are_our_own_errors(database: Database) -> None:
    """A foreign exception is translated at the edge."""
    with pytest.raises(Refused, match="is kept as it was"):
        async with database.transaction() as connection:
            await connection.execute("TRUNCATE harvester.observation")
