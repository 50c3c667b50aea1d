"""Slots: put once, taken by one, written to by whoever took it last, and never forgotten."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.replicas import PostgresFleetProfiles, PostgresModes, PostgresReplicas
from harvester.adapters.postgres.slots import PostgresSlots
from harvester.domain.errors import Refused
from harvester.domain.fleet import RuntimeModes, Sign
from harvester.domain.ids import ProfileId, RunId
from harvester.domain.profile import Mode
from harvester.domain.slot import Done, Failed, NotTaken, Result, SetAside, Slot, Taken, Task

from .conftest import Sql, a_profile

NOW = datetime.now(UTC).replace(microsecond=0)
PROFILE = ProfileId("1234567890")
MOST = 3
ODD = "no: \0\ud800"
"""What Postgres takes in no text."""


def a_slot(minutes: int = 0, task: Task = Task.PLAN, profile_id: ProfileId | None = PROFILE) -> Slot:
    return Slot(task, profile_id, NOW + timedelta(minutes=minutes))


@pytest.fixture
def slots(database: Database) -> PostgresSlots:
    return PostgresSlots(database, timedelta(seconds=15))


async def put(slots: PostgresSlots, *wanted: Slot) -> int:
    return await slots.put([(slot, NOW) for slot in wanted], NOW)


async def taken(slots: PostgresSlots, slot: Slot, replica: str = "one") -> Taken:
    found = await slots.take(slot, replica, NOW, MOST)
    assert isinstance(found, Taken)
    return found


async def jobs(sql: Sql) -> int:
    count: int = await sql.fetchval("SELECT count(*) FROM harvester.pgqueuer")
    return count


async def alive(database: Database, replica: str) -> datetime:
    sign = Sign(replica, "serve", "host", 1, "0", NOW, holds_clock=False, draining=False, running=0,
                ruleset_fingerprint="f", rules_error=None)  # fmt: skip
    return await PostgresReplicas(database).sign(sign)


async def silent_for(sql: Sql, replica: str, seconds: int) -> None:
    await sql.execute(
        "UPDATE harvester.replica SET seen_at = seen_at - make_interval(secs => $2) WHERE replica_id = $1",
        replica, seconds,
    )  # fmt: skip


async def test_however_many_put_it_a_slot_is_put_once(slots: PostgresSlots, sql: Sql) -> None:
    """Replicas that believe to hold the clock at the same moment put one slot and one job."""
    counts = await asyncio.gather(*(put(slots, a_slot()) for _ in range(8)))

    assert sorted(counts) == [0] * 7 + [1]
    assert await jobs(sql) == 1


async def test_only_what_is_later_is_new(slots: PostgresSlots) -> None:
    """A clock that goes back, or a schedule that was moved to an earlier hour, harvests nothing again."""
    assert await put(slots, a_slot(10)) == 1
    assert await put(slots, a_slot(5)) == 0
    assert await put(slots, a_slot(10), a_slot(0, Task.RECONCILE)) == 1
    assert await put(slots, a_slot(15)) == 1


async def test_a_slot_has_one_worker(slots: PostgresSlots, database: Database, sql: Sql) -> None:
    """Who lives keeps it; who is silent loses it, and may write to it no more."""
    await put(slots, a_slot())
    first = await taken(slots, a_slot(), "first")
    await alive(database, "first")

    assert await slots.take(a_slot(), "second", NOW, MOST) is NotTaken.BUSY

    await silent_for(sql, "first", 20)
    second = await taken(slots, a_slot(), "second")
    assert not await slots.settle(first, Done(RunId("r1")), NOW)
    assert await slots.settle(second, Done(RunId("r2")), NOW)
    assert await slots.take(a_slot(), "first", NOW, MOST) is NotTaken.OVER


@pytest.mark.parametrize("hours", [-1, 1])
async def test_no_clock_of_a_replica_makes_another_look_dead(
    hours: int, slots: PostgresSlots, database: Database
) -> None:
    """Signs of life and silence go by Postgres' clock: one that is an hour ahead or behind takes nobody's slot."""
    await put(slots, a_slot())
    await taken(slots, a_slot(), "first")

    seen_at = await alive(database, "first")

    assert abs(datetime.now(UTC) - seen_at) < timedelta(minutes=1)
    assert await slots.take(a_slot(), "second", NOW + timedelta(hours=hours), MOST) is NotTaken.BUSY


async def test_what_kills_its_workers_is_given_up(slots: PostgresSlots, sql: Sql) -> None:
    """After so many takings that nobody reported back from; a report in between starts the count anew."""
    await put(slots, a_slot())
    for _ in range(MOST - 1):
        await taken(slots, a_slot())
    again = await taken(slots, a_slot())
    assert await slots.settle(again, SetAside(NOW, "away"), NOW)
    for _ in range(MOST):
        await taken(slots, a_slot())

    assert await slots.take(a_slot(), "one", NOW, MOST) is NotTaken.GIVEN_UP
    row = await sql.fetchrow("SELECT state, deliveries, failures, reason FROM ledger.slots")
    assert (row["state"], row["deliveries"], row["failures"]) == ("given_up", 2 * MOST, 1)
    assert "ended while they were at it" in row["reason"]


async def test_what_is_set_aside_waits(slots: PostgresSlots) -> None:
    """Nobody takes it earlier, whoever is handed it."""
    await put(slots, a_slot())
    until = NOW + timedelta(hours=1)
    await slots.settle(await taken(slots, a_slot()), SetAside(until, "throttled"), NOW)

    assert await slots.take(a_slot(), "two", NOW, MOST) == until
    later = await slots.take(a_slot(), "two", until, MOST)
    assert isinstance(later, Taken)
    assert later.failures == 1


@pytest.mark.parametrize("result", [Done(note=ODD), Failed(ODD), SetAside(NOW, ODD)])
async def test_whatever_an_error_quotes_can_be_kept(result: Result, slots: PostgresSlots, sql: Sql) -> None:
    """Else the slot would be taken again and again, and given up without a word of why."""
    await put(slots, a_slot())

    assert await slots.settle(await taken(slots, a_slot()), result, NOW)

    assert await sql.fetchval("SELECT reason FROM ledger.slots") == "no: \ufffd?"


async def test_a_run_covers_older_slots_that_wait(slots: PostgresSlots, sql: Sql) -> None:
    """One run begun after both were due is the run of both; another profile's slot is none of its business."""
    other = Slot(Task.PLAN, ProfileId("2"), NOW)
    await put(slots, a_slot(), other)
    await put(slots, a_slot(5))

    await taken(slots, a_slot(5))

    assert await slots.take(a_slot(), "two", NOW, MOST) is NotTaken.OVER
    rows = await sql.fetch("SELECT profile_id, state, reason FROM ledger.slots ORDER BY profile_id, due_at")
    assert [row["state"] for row in rows] == ["done", "running", "waiting"]
    assert "covered by the slot of" in rows[0]["reason"]


async def test_what_the_queue_forgot_is_put_back(slots: PostgresSlots, sql: Sql) -> None:
    """An open slot without a job gets one again; one that is over does not, and neither does one that has its job."""
    for minutes in (0, 1, 2):
        await put(slots, a_slot(minutes, profile_id=ProfileId(f"{minutes}")))
    await slots.settle(await taken(slots, a_slot(1, profile_id=ProfileId("1"))), Failed("no"), NOW)
    await sql.execute("DELETE FROM harvester.pgqueuer WHERE dedupe_key NOT LIKE 'plan/2/%'")

    assert await slots.put_back_lost(NOW) == 0  # a transaction may still be on its way
    assert await slots.put_back_lost(NOW + timedelta(minutes=5)) == 1
    assert await slots.put_back_lost(NOW + timedelta(minutes=5)) == 0
    keys = await sql.fetch("SELECT dedupe_key FROM harvester.pgqueuer ORDER BY dedupe_key")
    assert [row["dedupe_key"].split("/")[1] for row in keys] == ["0", "2"]


async def test_profiles_are_those_a_login_shows_now(database: Database) -> None:
    """One that it showed before and not this time is harvested no more; while a login fails the old ones stay."""
    fleet, profiles = PostgresFleetProfiles(database), PostgresProfiles(database)
    one, two = a_profile("1"), a_profile("2")
    await profiles.save([one, two])
    assert await fleet.listed(["main"]) == []

    await fleet.note_listed("main", [one, two], NOW)
    assert await fleet.listed(["main"]) == [one, two]
    await fleet.note_failure("main", "revoked", closed=True, now=NOW)
    assert await fleet.listed(["main"]) == [one, two]
    assert [(login.failure, login.closed) for login in await fleet.logins()] == [("revoked", True)]
    await fleet.note_listed("main", [two], NOW + timedelta(hours=1))
    assert await fleet.listed(["main"]) == [two]
    assert await fleet.listed(["other"]) == []
    assert [login.failure for login in await fleet.logins()] == [None]
    assert await fleet.find(ProfileId("1")) == one


async def test_modes_narrow_and_are_lifted(database: Database) -> None:
    """For all or for one; whatever the settings say is never widened."""
    modes = PostgresModes(database)
    await PostgresProfiles(database).save([a_profile()])
    assert await modes.current(PROFILE) == RuntimeModes()

    await modes.set(None, Mode.REVIEW, "anna", NOW)
    await modes.set(PROFILE, Mode.DRY_RUN, "ben", NOW)
    assert await modes.current(PROFILE) == RuntimeModes(Mode.REVIEW, Mode.DRY_RUN)
    assert [(each.profile_id, each.mode, each.by) for each in await modes.narrowed()] == [
        (None, Mode.REVIEW, "anna"),
        (PROFILE, Mode.DRY_RUN, "ben"),
    ]
    await modes.set(PROFILE, None, "ben", NOW)
    assert (await modes.current(PROFILE)).within(Mode.AUTO) is Mode.REVIEW
    assert (await modes.current(PROFILE)).within(Mode.DRY_RUN) is Mode.DRY_RUN
    with pytest.raises(Refused, match="there is no profile 77"):
        await modes.set(ProfileId("77"), Mode.REVIEW, "anna", NOW)
