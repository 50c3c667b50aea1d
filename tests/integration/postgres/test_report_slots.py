"""Reports as a task of the service: when it is put into the queue, and what a worker makes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from harvester.adapters.calendar import CronCalendar
from harvester.adapters.postgres.archive import REPORT_DAYS_AHEAD, PostgresArchive
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.replicas import PostgresFleetProfiles
from harvester.adapters.postgres.slots import PostgresSlots
from harvester.domain.history import ReportKind
from harvester.domain.profile import Mode
from harvester.domain.retention import Keeping
from harvester.domain.slot import Done, Result, SetAside, Slot, Task
from harvester.usecases.advance_reports import AdvanceReports
from harvester.usecases.dispatch import Dispatch
from harvester.usecases.fetch_reports import FetchReports
from harvester.usecases.retain import Retain
from tests.unit.adapters.report_desk import Counter

from .conftest import RULES, Sql, a_profile
from .test_fetch_reports import PROFILE, TERMS, Hands, counter, fetch, hands

__all__ = ["counter", "fetch", "hands"]
EVERY_MORNING = "30 6 * * *"


def six_in_the_morning_of_the(day: int) -> datetime:
    """At the profile: in Los Angeles."""
    return datetime(2026, 11, day, 14, 0, tzinfo=UTC)


@pytest.fixture
async def dispatch(database: Database, hands: Hands) -> Dispatch:
    """Of one profile whose rules need reports."""
    fleet = PostgresFleetProfiles(database)
    await PostgresProfiles(database).save([a_profile()])
    await fleet.note_listed("main", [a_profile()], hands.now())
    return Dispatch(
        slots=PostgresSlots(database, timedelta(seconds=15)),
        profiles=fleet,
        calendar=CronCalendar(EVERY_MORNING),
        clock=hands,
        only={"main": ()},
        jitter=timedelta(),
        chores={},
        settle_after=timedelta(minutes=2),
        mode_of=lambda _profile_id: Mode.AUTO,
        ruleset=lambda: RULES,
        wants_reports=lambda profile: profile == a_profile(),
    )


async def due(sql: Sql) -> list[datetime]:
    rows = await sql.fetch("SELECT due_at FROM harvester.slot WHERE task = 'report' ORDER BY due_at")
    return [row["due_at"] for row in rows]


async def test_reports_are_due_four_hours_before_each_run(dispatch: Dispatch, hands: Hands, sql: Sql):
    """At once at first; then every night, once, however often somebody looks."""
    hands.time = six_in_the_morning_of_the(20)
    for _ in range(3):
        await dispatch()
    hands.time = six_in_the_morning_of_the(21) - timedelta(hours=4)
    await dispatch()
    assert await due(sql) == [datetime(2026, 11, 20, 10, 30, tzinfo=UTC)]

    hands.pass_by(hours=1)
    await dispatch()

    assert await due(sql) == [datetime(2026, 11, day, 10, 30, tzinfo=UTC) for day in (20, 21)]


async def test_nobody_asks_for_reports_that_no_rule_needs(dispatch: Dispatch, sql: Sql):
    """Until one does: then at once."""
    idle = replace(dispatch, wants_reports=lambda _profile: False)
    await idle()
    assert await due(sql) == []

    await dispatch()

    assert len(await due(sql)) == 1


async def test_a_worker_asks_looks_and_comes_again(fetch: FetchReports, counter: Counter, hands: Hands):
    """It never waits: the slot is set aside, which is no failure, until all is there."""
    counter.desk.pending_polls = 1
    advance = AdvanceReports(fetch, lambda _profile: TERMS)
    results: list[Result] = []
    while not results or isinstance(results[-1], SetAside):
        before = hands.now()
        results.append(await advance(PROFILE))
        assert hands.now() == before
        if isinstance(results[-1], SetAside):
            assert not results[-1].counts
            hands.time = max(hands.time, results[-1].until)

    assert results[-1] == Done()
    assert len(results) == 3
    assert [each.reason for each in results if isinstance(each, SetAside)] == ["waiting for 4 reports of Amazon's"] * 2
    assert len(counter.desk.asked) == 4


async def test_a_worker_that_met_a_failure_comes_again_later(fetch: FetchReports, counter: Counter, hands: Hands):
    """It says which report, and why; and this one counts."""
    counter.desk.fails = "internal error"
    advance = AdvanceReports(fetch, lambda _profile: TERMS)
    result = await advance(PROFILE)
    while isinstance(result, SetAside) and not result.counts:
        hands.time = max(hands.time, result.until)
        result = await advance(PROFILE)

    assert isinstance(result, SetAside)
    assert result.until > hands.now() + timedelta(minutes=14)
    assert "report of search terms, 2026-08-19: internal error" in result.reason


async def test_a_worker_says_why_a_report_is_not_being_made(fetch: FetchReports, counter: Counter):
    """Amazon's words stand with the slot."""
    counter.desk.answers = [(429, {"message": "Too Many Requests"})] * 1000

    result = await AdvanceReports(fetch, lambda _profile: TERMS)(PROFILE)

    assert isinstance(result, SetAside)
    assert result.reason.startswith("waiting for 4 reports of Amazon's: POST /reporting/reports")
    assert "429" in result.reason


async def test_the_queue_takes_the_task(database: Database, hands: Hands):
    """The table of slots knows it."""
    await PostgresProfiles(database).save([PROFILE])
    slot = Slot(Task.REPORT, PROFILE.profile_id, hands.now())

    assert await PostgresSlots(database, timedelta(seconds=15)).put([(slot, hands.now())], hands.now()) == 1


async def test_the_chore_makes_days_ahead_and_drops_old_ones(
    fetch: FetchReports, database: Database, hands: Hands, sql: Sql
):
    """As a round of retention does; without a time all of them stay."""
    await fetch(PROFILE, [ReportKind.SEARCH_TERMS], timedelta(hours=3), lambda _profile, _fetched: None)
    count = "SELECT count(*) FROM harvester.search_term_day"
    retain = Retain(PostgresArchive(database), hands, Keeping(None, None))
    await retain()
    ahead = hands.now().date() + REPORT_DAYS_AHEAD
    assert await sql.fetchval(f"SELECT to_regclass('harvester.targeting_day_{ahead:%Y_%m_%d}') IS NOT NULL")
    assert await sql.fetchval(count) == 94

    await replace(retain, keeping=Keeping(None, None, timedelta(days=30)))()

    assert await sql.fetchval(count) == 30
