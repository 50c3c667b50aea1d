"""What people must know: found in the database, told once, whoever looks."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import pytest

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.notices import TURN_LASTS, PostgresNotices
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.replicas import PostgresFleetProfiles
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.action import ActionState
from harvester.domain.notice import News, Notice, NoticeKind, NoticeTurn
from harvester.domain.outcome import TurnedDown, Unsure
from harvester.domain.profile import Mode
from harvester.domain.run import RunState

from .acting import approve_all, harvest, send
from .conftest import NOW, BeginRun, Sql, StorePlan, a_profile, an_action, later

EVERY = timedelta(minutes=15)
DAY = 24 * 60
Told = tuple[NoticeKind, News, str, int]


@pytest.fixture
def actions(database: Database) -> PostgresActions:
    return PostgresActions(database)


class Reader:
    """Somebody who reads every message, and what was in the last one."""

    def __init__(self, database: Database) -> None:
        self.notices = PostgresNotices(database)
        self.last: Sequence[Notice] = ()

    async def take(
        self, at: datetime, kinds: Collection[NoticeKind] = tuple(NoticeKind), accounts: Collection[str] = ("main",)
    ) -> NoticeTurn | None:
        return await self.notices.take_turn(at, EVERY, accounts, kinds)

    async def reads(
        self, at: datetime, kinds: Collection[NoticeKind] = tuple(NoticeKind), accounts: Collection[str] = ("main",)
    ) -> list[Told]:
        turn = await self.take(at, kinds, accounts)
        if turn is None:
            return []
        await self.notices.told(turn, at)
        self.last = turn.notices
        return [(notice.kind, notice.news, notice.subject, notice.items) for notice in turn.notices]


@pytest.fixture
def reader(database: Database) -> Reader:
    return Reader(database)


async def a_slot(
    sql: Sql,
    due_at: datetime,
    state: str,
    reason: str = "",
    task: str = "plan",
    profile_id: str = "1234567890",
    failures: int = 0,
) -> None:
    finished_at = due_at + timedelta(minutes=5) if state in ("done", "failed", "given_up") else None
    await sql.execute(
        "INSERT INTO harvester.slot (task, profile_id, due_at, state, finished_at, reason, failures) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        task, profile_id, due_at, state, finished_at, reason, failures,
    )  # fmt: skip


async def a_replica(sql: Sql, name: str, seen_at: datetime, rules_error: str | None) -> None:
    await sql.execute(
        "INSERT INTO harvester.replica (replica_id, kind, host, pid, version, started_at, seen_at, rules_error)"
        " VALUES ($1, 'serve', 'here', 1, '0.1.0', $2, $2, $3)"
        " ON CONFLICT (replica_id) DO UPDATE SET seen_at = excluded.seen_at, rules_error = excluded.rules_error",
        name, seen_at, rules_error,
    )  # fmt: skip


async def test_nothing_to_tell_takes_no_turn(reader: Reader):
    """An empty look neither sends a message nor makes the next one wait."""
    assert await reader.take(NOW) is None
    assert await reader.take(NOW) is None


async def test_a_plan_that_waits_is_told_once_and_again_after_a_day(
    reader: Reader, begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan
):
    """With the profile's name, id and marketplace; what the guard holds is told beside it."""
    guarded = an_action(2, state=ActionState.GUARDED, reason="promotions_per_run")
    plan_id = await harvest(begin, runs, store_plan, [an_action(0), an_action(1), guarded])

    assert await reader.reads(NOW) == [
        (NoticeKind.ITEMS_GUARDED, News.NEW, plan_id, 1),
        (NoticeKind.PLAN_WAITING, News.NEW, plan_id, 2),
    ]
    first, second = reader.last
    assert (first.detail, second.detail) == ("promotions_per_run", "review")
    assert [(whose.profile_id, whose.name, whose.country) for whose in first.whose] == [("1234567890", "Acme", "US")]
    assert await reader.reads(later(16)) == []
    assert await reader.reads(later(DAY - 1)) == []
    assert await reader.reads(later(DAY)) == [
        (NoticeKind.ITEMS_GUARDED, News.STILL, plan_id, 1),
        (NoticeKind.PLAN_WAITING, News.STILL, plan_id, 2),
    ]
    assert await reader.reads(later(DAY + 20)) == []


async def test_a_plan_that_was_reviewed_is_not_told_again(
    reader: Reader, begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, actions: PostgresActions
):
    """Whoever reviewed it knows; its end is no news."""
    plan_id = await harvest(begin, runs, store_plan, [an_action(0)])
    assert len(await reader.reads(NOW)) == 1

    await approve_all(actions, plan_id)

    assert await reader.reads(later(16)) == []
    assert await reader.reads(later(2 * DAY)) == []


async def test_in_auto_mode_a_plan_waits_when_nobody_took_it_for_an_hour(
    reader: Reader, begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan
):
    """What takes itself within minutes wakes nobody."""
    plan_id = await harvest(begin, runs, store_plan, [an_action(0)], mode=Mode.AUTO)

    assert await reader.reads(later(30)) == []
    assert await reader.reads(later(61)) == [(NoticeKind.PLAN_WAITING, News.NEW, plan_id, 1)]


async def test_refused_items_are_told_once_and_again_when_there_are_more(
    reader: Reader, begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, actions: PostgresActions
):
    """They stay refused, so nobody is reminded; the next message says how many came since."""
    plan_id = await harvest(begin, runs, store_plan, [an_action(0), an_action(1)])
    first, second = await approve_all(actions, plan_id)
    await send(actions, [first], [TurnedDown("BID_TOO_LOW", "the bid is too low")])

    assert await reader.reads(later(1)) == [(NoticeKind.ITEMS_REFUSED, News.NEW, plan_id, 1)]
    assert reader.last[0].detail == "the bid is too low"
    assert await reader.reads(later(2 * DAY)) == []

    await send(actions, [second], [TurnedDown("BID_TOO_LOW", "the bid is too low")], at=later(2 * DAY))

    assert await reader.reads(later(2 * DAY + 20)) == [(NoticeKind.ITEMS_REFUSED, News.NEW, plan_id, 2)]
    assert reader.last[0].told_items == 1
    assert await reader.reads(later(20 * DAY)) == []


async def test_unknown_items_are_told_when_an_hour_has_not_settled_them(
    reader: Reader, begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, actions: PostgresActions
):
    """Reconciling has had its time by then; that they are settled is told, too."""
    plan_id = await harvest(begin, runs, store_plan, [an_action(0)])
    (action_id,) = await approve_all(actions, plan_id)
    fence = await send(actions, [action_id], [Unsure("no answer")])

    assert await reader.reads(later(30)) == []
    assert await reader.reads(later(61)) == [(NoticeKind.ITEMS_UNKNOWN, News.NEW, "1234567890", 1)]

    await actions.settle_unknown([(action_id, TurnedDown("GONE", "gone"))], fence, later(70))

    assert (NoticeKind.ITEMS_UNKNOWN, News.OVER, "1234567890", 1) in await reader.reads(later(80))
    assert await reader.reads(later(100)) == []


async def test_a_login_that_is_refused_is_told_with_its_profiles_and_that_it_works_again(
    reader: Reader, database: Database, sql: Sql
):
    """Its profiles are not told one by one beside it, though none of them runs."""
    await PostgresProfiles(database).save([a_profile(str(number)) for number in range(1, 6)])
    await a_slot(sql, later(-60), "failed", "the login is refused", profile_id="1")
    logins = PostgresFleetProfiles(database)
    await logins.note_failure("main", "the grant was revoked", closed=True, now=NOW)

    assert await reader.reads(NOW) == [(NoticeKind.ACCOUNT_CLOSED, News.NEW, "main", 5)]
    (notice,) = reader.last
    assert notice.detail == "the grant was revoked"
    assert [whose.profile_id for whose in notice.whose] == ["1", "2", "3"]
    assert await reader.reads(later(16)) == []

    await logins.note_listed("main", [a_profile(str(number)) for number in range(1, 6)], later(20))
    await a_slot(sql, later(20), "done", profile_id="1")

    assert await reader.reads(later(32)) == [(NoticeKind.ACCOUNT_CLOSED, News.OVER, "main", 5)]
    assert await reader.reads(later(50)) == []


async def test_a_login_that_was_refused_again_is_news_again(reader: Reader, database: Database):
    """One message for each time, and nothing for the hours in which it stays so."""
    logins = PostgresFleetProfiles(database)
    news = []
    for minutes, closed in ((0, True), (20, True), (40, False), (60, False), (80, True)):
        if closed:
            await logins.note_failure("main", "the grant was revoked", closed=True, now=later(minutes))
        else:
            await logins.note_listed("main", [], later(minutes))
        news.append([told[1] for told in await reader.reads(later(minutes))])

    assert news == [[News.NEW], [], [News.OVER], [], [News.NEW]]


async def test_a_login_that_did_not_answer_is_not_taken_for_a_closed_one(reader: Reader, database: Database):
    """Amazon away for a moment wakes nobody."""
    await PostgresFleetProfiles(database).note_failure("main", "no answer", closed=False, now=NOW)

    assert await reader.reads(NOW) == []


async def test_an_account_that_left_the_settings_is_told_no_more(reader: Reader, database: Database):
    """Not as well again either: nobody knows."""
    await PostgresFleetProfiles(database).note_failure("main", "no", closed=True, now=NOW)
    assert len(await reader.reads(NOW)) == 1

    assert await reader.reads(later(2 * DAY), accounts=("other",)) == []


async def test_a_profile_that_its_login_no_longer_shows_is_left_alone(reader: Reader, database: Database, sql: Sql):
    """An advertiser who left has not stopped."""
    await PostgresProfiles(database).save([a_profile("1"), a_profile("2")])
    logins = PostgresFleetProfiles(database)
    await logins.note_listed("main", [a_profile("1"), a_profile("2")], later(-DAY))
    await logins.note_listed("main", [a_profile("2")], later(-90))
    for profile_id in ("1", "2"):
        await a_slot(sql, later(-60), "failed", "no login can edit this profile", profile_id=profile_id)

    assert [told[2] for told in await reader.reads(NOW)] == ["plan 2"]


@pytest.mark.parametrize(
    ("state", "failures", "due_minutes_ago", "detail"),
    [
        ("failed", 0, 60, "planning failed: page 3 cannot be read"),
        ("given_up", 0, 60, "planning given up: page 3 cannot be read"),
        ("waiting", 4, 181, "planning set aside: page 3 cannot be read"),
        ("running", 4, 181, "planning set aside: page 3 cannot be read"),
        ("waiting", 4, 179, None),
        ("waiting", 0, 181, None),
        ("done", 0, 60, None),
        ("failed", 0, 8 * DAY, None),
    ],
)
async def test_a_profile_stopped_when_its_last_slot_came_to_nothing(
    reader: Reader, database: Database, sql: Sql, state: str, failures: int, due_minutes_ago: int, detail: str | None
):
    """Failed, given up, or set aside for three hours; not while it may still come right by itself."""
    await PostgresProfiles(database).save([a_profile()])
    await a_slot(sql, later(-due_minutes_ago), state, "page 3 cannot be read", failures=failures)

    told = await reader.reads(NOW)

    assert told == ([(NoticeKind.PROFILE_STOPPED, News.NEW, "plan 1234567890", 0)] if detail else [])
    assert [notice.detail for notice in reader.last] == ([detail] if detail else [])


async def test_a_profile_that_runs_again_is_told_as_such(reader: Reader, database: Database, sql: Sql):
    """A slot that waits for its turn is no sign of it yet; one that is done is. Told once."""
    await PostgresProfiles(database).save([a_profile()])
    await a_slot(sql, later(-60), "failed", "no")
    assert len(await reader.reads(NOW)) == 1

    await a_slot(sql, later(60), "waiting")
    assert await reader.reads(later(70)) == []
    await sql.execute("UPDATE harvester.slot SET state = 'done', finished_at = $1 WHERE state = 'waiting'", later(80))

    assert await reader.reads(later(90)) == [(NoticeKind.PROFILE_STOPPED, News.OVER, "plan 1234567890", 0)]
    assert await reader.reads(later(110)) == []


async def test_without_a_clock_a_failed_run_is_what_tells(
    reader: Reader, begin: BeginRun, runs: PostgresRuns, sql: Sql
):
    """For those who start `harvester plan` by a cron of their own."""
    run = await begin()
    await runs.finish(run, RunState.FAILED, "the listing cannot be read")
    now = await sql.fetchval("SELECT now()")

    assert await reader.reads(now) == [(NoticeKind.PROFILE_STOPPED, News.NEW, "plan 1234567890", 0)]
    assert reader.last[0].detail == "planning failed: the listing cannot be read"

    await runs.finish(await begin(), RunState.PARTIAL, None)

    again = await sql.fetchval("SELECT now()") + EVERY
    assert await reader.reads(again) == [(NoticeKind.PROFILE_STOPPED, News.OVER, "plan 1234567890", 0)]


async def test_a_profile_that_is_never_complete_is_told_after_two_days(
    reader: Reader, begin: BeginRun, runs: PostgresRuns, sql: Sql
):
    """Slots that are done with partial runs only; a schedule of once a week alone alarms nobody."""
    now = await sql.fetchval("SELECT now()")
    await runs.finish(await begin(), RunState.PARTIAL, None)
    await a_slot(sql, now - timedelta(hours=47), "done")
    assert await reader.reads(now) == []

    await a_slot(sql, now - timedelta(hours=49), "done")

    assert await reader.reads(now) == [(NoticeKind.PROFILE_STOPPED, News.NEW, "plan 1234567890", 0)]
    assert reader.last[0].detail == "no complete run for two days"

    await runs.finish(await begin(), RunState.COMPLETE, None)

    assert await reader.reads(now + EVERY) == [(NoticeKind.PROFILE_STOPPED, News.OVER, "plan 1234567890", 0)]


async def test_a_chore_of_the_fleet_that_failed_is_told(reader: Reader, sql: Sql):
    """It belongs to no profile, and every replica relies on it."""
    await a_slot(sql, later(-5), "failed", "disk full", task="retain", profile_id="")

    assert await reader.reads(NOW) == [(NoticeKind.CHORE_STOPPED, News.NEW, "retain", 0)]
    assert reader.last[0].detail == "keeping the tables in order failed: disk full"
    assert reader.last[0].whose == ()

    await a_slot(sql, later(10), "done", task="retain", profile_id="")

    assert await reader.reads(later(20)) == [(NoticeKind.CHORE_STOPPED, News.OVER, "retain", 0)]


async def test_a_broken_rules_file_is_told_once_for_all_replicas_and_anew_when_it_breaks_elsewhere(
    reader: Reader, sql: Sql
):
    """Replicas that are gone have no say."""
    await a_replica(sql, "one", NOW, "rules.yaml:7: no such check")
    await a_replica(sql, "two", NOW, "rules.yaml:7: no such check")
    await a_replica(sql, "gone", later(-60), "rules.yaml:1: long mended")

    assert await reader.reads(NOW) == [(NoticeKind.RULES_BROKEN, News.NEW, "rules", 2)]
    assert reader.last[0].detail == "rules.yaml:7: no such check"

    await a_replica(sql, "one", later(20), "rules.yaml:9: twice the same name")
    assert await reader.reads(later(20)) == [(NoticeKind.RULES_BROKEN, News.NEW, "rules", 1)]

    await a_replica(sql, "one", later(40), None)
    assert await reader.reads(later(40)) == [(NoticeKind.RULES_BROKEN, News.OVER, "rules", 1)]


async def test_only_the_kinds_that_are_asked_for_are_told(reader: Reader, sql: Sql):
    """What is left out is neither told nor taken as over; asked for later, it is news."""
    await a_replica(sql, "one", NOW, "broken")
    await a_slot(sql, later(-5), "failed", "disk full", task="retain", profile_id="")

    assert await reader.reads(NOW, [NoticeKind.RULES_BROKEN]) == [(NoticeKind.RULES_BROKEN, News.NEW, "rules", 1)]
    assert await reader.reads(later(20), [NoticeKind.CHORE_STOPPED]) == [
        (NoticeKind.CHORE_STOPPED, News.NEW, "retain", 0)
    ]


async def test_messages_keep_their_distance(reader: Reader, sql: Sql):
    """What happens meanwhile is in the next one, all together; a call that comes a moment early is not sent away."""
    await a_slot(sql, later(-5), "failed", task="retain", profile_id="")
    assert len(await reader.reads(NOW)) == 1
    await a_slot(sql, later(2), "failed", task="expire", profile_id="")
    assert await reader.reads(later(5)) == []
    await a_slot(sql, later(6), "failed", task="discover", profile_id="")

    assert [told[2] for told in await reader.reads(later(14.9))] == ["discover", "expire"]


async def test_what_nobody_was_told_is_news_again(reader: Reader, sql: Sql):
    """An address that was down costs no notice, and not even the waiting time."""
    await a_slot(sql, later(-5), "failed", task="retain", profile_id="")
    turn = await reader.take(NOW)
    assert turn is not None

    await reader.notices.give_up(turn)

    assert await reader.reads(NOW) == [(NoticeKind.CHORE_STOPPED, News.NEW, "retain", 0)]


async def test_what_was_mended_before_anybody_was_told_is_told_to_nobody(reader: Reader, sql: Sql):
    """Neither that it broke nor that it works again."""
    await a_slot(sql, later(-5), "failed", task="retain", profile_id="")
    turn = await reader.take(NOW)
    assert turn is not None
    await reader.notices.give_up(turn)

    await a_slot(sql, later(5), "done", task="retain", profile_id="")

    assert await reader.reads(later(20)) == []


async def test_an_end_that_nobody_was_told_is_told_next_time(reader: Reader, sql: Sql):
    """The good news survives an address that was down."""
    await a_slot(sql, later(-5), "failed", task="retain", profile_id="")
    await reader.reads(NOW)
    await a_slot(sql, later(5), "done", task="retain", profile_id="")
    turn = await reader.take(later(20))
    assert turn is not None
    await reader.notices.give_up(turn)

    assert await reader.reads(later(25)) == [(NoticeKind.CHORE_STOPPED, News.OVER, "retain", 0)]
    assert await reader.reads(later(45)) == []


async def test_ten_replicas_at_once_tell_each_thing_once(reader: Reader, sql: Sql):
    """Exactly one of them has the turn; the others have nothing to say, then and after it."""
    await a_slot(sql, later(-5), "failed", task="retain", profile_id="")

    turns = [turn for turn in await asyncio.gather(*(reader.take(NOW) for _ in range(10))) if turn is not None]

    assert len(turns) == 1
    await reader.notices.told(turns[0], NOW)
    assert [turn for turn in await asyncio.gather(*(reader.take(later(20)) for _ in range(10))) if turn] == []


async def test_the_turn_of_a_replica_that_died_ends_by_itself(reader: Reader, sql: Sql):
    """Then another one tells; what the dead one still says comes too late to change that."""
    await a_slot(sql, later(-5), "failed", task="retain", profile_id="")
    dead = await reader.take(NOW)
    assert dead is not None
    assert await reader.take(NOW + TURN_LASTS - timedelta(seconds=1)) is None

    second = await reader.take(NOW + TURN_LASTS)
    assert second is not None
    await reader.notices.told(dead, NOW + TURN_LASTS)
    await reader.notices.give_up(dead)
    assert await reader.take(NOW + TURN_LASTS) is None, "the turn is the second one's"
    await reader.notices.told(second, NOW + TURN_LASTS)

    assert await reader.reads(later(30)) == []


async def test_what_is_over_for_a_month_is_forgotten(reader: Reader, sql: Sql):
    """The table holds what is so now, and a while of what was."""
    await a_slot(sql, later(-5), "failed", task="retain", profile_id="")
    await reader.reads(NOW)
    await a_slot(sql, later(5), "done", task="retain", profile_id="")
    await reader.reads(later(20))

    await reader.reads(later(29 * DAY))
    assert await sql.fetchval("SELECT count(*) FROM harvester.notice") == 1
    await reader.reads(later(31 * DAY))
    assert await sql.fetchval("SELECT count(*) FROM harvester.notice") == 0
