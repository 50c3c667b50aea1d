"""What the clock puts beside the schedule: only what somebody can do, and never the same again and again."""

from datetime import datetime, timedelta

import pytest

from harvester.adapters.calendar import CronCalendar
from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.replicas import PostgresFleetProfiles, PostgresModes
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.adapters.postgres.slots import PostgresSlots
from harvester.domain.ids import Fingerprint, ProfileId
from harvester.domain.outcome import ItemOutcome, Made, NotSent, Unsure
from harvester.domain.profile import Mode
from harvester.domain.review import Selection, Verdict
from harvester.domain.slot import Done, Failed, Result, Slot, Taken, Task
from harvester.usecases.dispatch import Dispatch

from .acting import PROFILE, a_review, a_writing_call, approve_all, harvest, ids, send
from .conftest import NOW, RULES, BeginRun, Sql, StorePlan, a_profile, an_action, later

FOLLOW_UP = '{"after_days": 5}'


class HandedIn:
    """A clock that stands."""

    def __init__(self, now: datetime) -> None:
        self.time = now

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> HandedIn:
    return HandedIn(later(10))


@pytest.fixture
def slots(database: Database) -> PostgresSlots:
    return PostgresSlots(database, timedelta(seconds=15))


@pytest.fixture
async def dispatch(database: Database, slots: PostgresSlots, clock: HandedIn) -> Dispatch:
    """Of one profile that its login shows, in mode auto; what the schedule brings at first is done."""
    fleet = PostgresFleetProfiles(database)
    await PostgresProfiles(database).save([a_profile()])
    await fleet.note_listed("main", [a_profile()], NOW)
    built = Dispatch(
        slots=slots,
        profiles=fleet,
        calendar=CronCalendar("0 6 1 1 *"),
        clock=clock,
        only={"main": ()},
        jitter=timedelta(),
        chores={},
        settle_after=timedelta(minutes=2),
        mode_of=lambda _profile_id: Mode.AUTO,
        ruleset=lambda: RULES,
    )
    assert await built() == 1
    await end(slots, await _open(database), clock.now(), Done())
    return built


@pytest.fixture
async def plan(
    begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, dispatch: Dispatch, database: Database
) -> str:
    """Of two items, approved by Ann at NOW."""
    plan_id = await harvest(begin, runs, store_plan, [an_action(0), an_action(1, follow_up=FOLLOW_UP)])
    await approve_all(PostgresActions(database), plan_id)
    return plan_id


async def _open(database: Database) -> Slot:
    async with database.connection() as connection:
        (row,) = await connection.fetch("SELECT task, profile_id, due_at FROM ledger.slots WHERE finished_at IS NULL")
    return Slot(Task(row["task"]), ProfileId(row["profile_id"]), row["due_at"])


async def end(slots: PostgresSlots, slot: Slot, now: datetime, result: Result) -> None:
    taken = await slots.take(slot, "one", now, 5)
    assert isinstance(taken, Taken)
    assert await slots.settle(taken, result, now)


async def sent(database: Database, sql: Sql, plan_id: str, outcome: ItemOutcome) -> None:
    await send(PostgresActions(database), await ids(sql, plan_id), [outcome, outcome], NOW)


async def test_what_is_approved_is_sent_where_somebody_may(
    dispatch: Dispatch, plan: str, database: Database, clock: HandedIn
) -> None:
    """Not while it is paused or narrowed, for one or for all; a pause of days leaves no slots behind."""
    actions, modes = PostgresActions(database), PostgresModes(database)
    for profile_id in (None, PROFILE):
        await actions.pause(profile_id, "anna", True)
        assert await dispatch() == 0
        await actions.pause(profile_id, "anna", False)
        await modes.set(profile_id, Mode.REVIEW, "anna", clock.now())
        assert await dispatch() == 0
        await modes.set(profile_id, None, "anna", clock.now())

    assert await dispatch() == 1
    assert (await _open(database)).task is Task.APPLY


async def tried_at(
    dispatch: Dispatch, slots: PostgresSlots, database: Database, clock: HandedIn, hours: int
) -> list[int]:
    """Minutes from now at which a try begins, each of which ends at once and changes nothing; looked for every minute."""
    began, minutes = clock.time, []
    for minute in range(hours * 60 + 1):
        clock.time = began + timedelta(minutes=minute)
        if await dispatch():
            minutes.append(minute)
            await end(slots, await _open(database), clock.now(), Done(note="in vain"))
    return minutes


async def test_what_cannot_be_sent_is_tried_more_and_more_slowly(
    dispatch: Dispatch, slots: PostgresSlots, plan: str, database: Database, sql: Sql, clock: HandedIn
) -> None:
    """Until something changes: an item, a mode, a pause, the rules. Then at once, as far as five minutes have passed."""
    actions, modes = PostgresActions(database), PostgresModes(database)
    assert await tried_at(dispatch, slots, database, clock, 3) == [0, 5, 20, 80, 140]

    item = await ids(sql, plan)
    for verdict in (Verdict.HOLD, Verdict.APPROVE):
        said = a_review(plan, verdict, reviewed_at=clock.now(), expires_at=later(9999))
        assert (await actions.review(said, Selection(item[:1]), ())).changed == item[:1]
    clock.time += timedelta(minutes=2)
    assert await tried_at(dispatch, slots, database, clock, 1) == [0, 5, 20]
    await modes.set(None, Mode.REVIEW, "anna", clock.now())
    await modes.set(None, None, "anna", clock.now() + timedelta(minutes=1))
    clock.time += timedelta(minutes=2)
    assert await tried_at(dispatch, slots, database, clock, 1) == [0, 5, 20]
    dispatch.ruleset = lambda: Fingerprint("e" * 64)
    assert await tried_at(dispatch, slots, database, clock, 1) == [0, 5, 20]


async def test_what_a_listing_cannot_settle_is_listed_more_and_more_slowly(
    dispatch: Dispatch, slots: PostgresSlots, plan: str, database: Database, sql: Sql, clock: HandedIn
) -> None:
    """Five minutes, a quarter of an hour, an hour, then every six; what becomes unknown anew begins anew."""
    await sent(database, sql, plan, Made(""))
    assert await tried_at(dispatch, slots, database, clock, 14) == [0, 5, 20, 80, 440, 800]

    other = await ids(sql, plan)
    actions, fence = PostgresActions(database), await PostgresActions(database).take_fence(PROFILE)
    await actions.settle_unknown([(other[0], NotSent("it never arrived"))], fence, clock.now())
    number = await actions.begin_sending(other[:1], fence, clock.now())
    await actions.settle(other[:1], [Unsure("no answer")], [a_writing_call()], number, fence, clock.now())
    clock.time += timedelta(minutes=10)

    assert await tried_at(dispatch, slots, database, clock, 2) == [0, 5, 20, 80]


@pytest.mark.parametrize(("outcome", "task"), [(Unsure("no answer"), Task.RECONCILE), (Made("T1"), Task.FOLLOW_UP)])
async def test_a_profile_that_no_login_shows_is_left_alone(
    outcome: ItemOutcome, task: Task, dispatch: Dispatch, plan: str, database: Database, sql: Sql, clock: HandedIn
) -> None:
    """Whatever is open there: its slots could only fail, again and again. When it comes back, it is done."""
    fleet = PostgresFleetProfiles(database)
    await sent(database, sql, plan, outcome)
    clock.time = await a_week_after_the_run(sql)
    await fleet.note_listed("main", [], clock.now())

    assert await dispatch() == 0

    clock.time += timedelta(minutes=2)
    await fleet.note_listed("main", [a_profile()], clock.now())
    assert await dispatch() == 1
    assert (await _open(database)).task is task


async def a_week_after_the_run(sql: Sql) -> datetime:
    """Postgres dates runs by itself."""
    started_at: datetime = await sql.fetchval("SELECT max(started_at) FROM ledger.runs")
    return started_at + timedelta(days=7)


async def test_a_follow_up_that_cannot_even_begin_waits_a_day(
    dispatch: Dispatch, slots: PostgresSlots, plan: str, database: Database, sql: Sql, clock: HandedIn
) -> None:
    """It failed before there was a run: once a minute would be a thousand times a day."""
    await sent(database, sql, plan, Made("T1"))
    clock.time = await a_week_after_the_run(sql)
    assert await dispatch() == 1
    await end(slots, await _open(database), clock.now(), Failed("no"))

    for _ in range(3):
        clock.time += timedelta(minutes=2)
        assert await dispatch() == 0
    clock.time += timedelta(hours=26)
    assert await dispatch() == 1
