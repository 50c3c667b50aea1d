# ruff: noqa: F811
"""The chore that looks back: readings in every profile, and a plan for what they regret, once."""

from collections.abc import Collection, Mapping
from typing import Any, cast

import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.outcomes import PostgresOutcomes
from harvester.adapters.postgres.replicas import PostgresFleetProfiles
from harvester.adapters.postgres.search_terms import PostgresSearchTerms
from harvester.domain.errors import Unavailable
from harvester.domain.ids import PlanId
from harvester.domain.profile import Profile
from harvester.ports import AccountReader, AdsLogin
from harvester.usecases.follow_outcomes import FollowOutcomes
from harvester.usecases.open_regrets import OpenRegrets
from harvester.usecases.read_outcomes import ReadOutcomes
from harvester.usecases.undo import ToUndo, Undone

from .acting import PROFILE
from .conftest import Sql
from .reported import search_term
from .test_outcomes import At, Do, a_negative, caught_up, do, on, outcomes  # noqa: F401


class Undoing:
    """In place of the account: what was asked for, and what comes of it."""

    def __init__(self) -> None:
        self.asked: list[ToUndo] = []
        self.answer: Undone | Exception = Undone(PlanId("p1"), ())

    async def __call__(self, _profile: Profile, what: ToUndo, _reader: AccountReader) -> Undone:
        self.asked.append(what)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class Reading:
    """A login that hands out readers of nothing."""

    def reader(self, _profile: Profile, _run_id: None) -> AccountReader:
        return cast(AccountReader, None)


LOGINS = {"main": cast(AdsLogin, Reading())}


@pytest.fixture
def undoing() -> Undoing:
    return Undoing()


def chore(
    database: Database,
    undoing: Undoing,
    logins: Mapping[str, AdsLogin] = LOGINS,
    only: Mapping[str, Collection[str]] = {"main": ()},
    day: int = 7,
) -> FollowOutcomes:
    found, clock = PostgresOutcomes(database), At(day)

    def back() -> tuple[ReadOutcomes, OpenRegrets]:
        return ReadOutcomes(found, clock, PostgresSearchTerms(database)), OpenRegrets(found, undoing, clock)

    return FollowOutcomes(found, PostgresFleetProfiles(database), logins, only, back, clock)


@pytest.fixture
async def mistake(do: Do, sql: Sql) -> str:
    """A negative that sold late, and another that did not; the reports are in."""
    late, _ = await do(a_negative(0), a_negative(1))
    await search_term(sql, "loser 0", on(-9), orders=2)
    await caught_up(sql, 7)
    return late


async def noted(sql: Sql) -> list[Any]:
    return [tuple(row) for row in await sql.fetch("SELECT action_id, plan_id FROM harvester.regret")]


async def test_what_is_regretted_gets_its_plan_once(
    mistake: str, database: Database, undoing: Undoing, sql: Sql
) -> None:
    """The plan says why; the same action is never asked about again, whatever becomes of that plan."""
    follow = chore(database, undoing)
    assert await follow() == ""
    [what] = undoing.asked
    assert (what.action_ids, what.once) == ([mistake], True)
    assert what.because == {mistake: "Regretted: sold: 2 orders in the days before it, of which its decision saw 0."}
    assert await noted(sql) == [(mistake, "p1")]
    assert await follow() == ""
    assert await chore(database, undoing, day=8)() == ""
    assert len(undoing.asked) == 1


async def test_an_amazon_that_is_away_is_asked_again(
    mistake: str, database: Database, undoing: Undoing, sql: Sql
) -> None:
    """The readings stand; the chore says what hindered it."""
    undoing.answer = Unavailable("Amazon is away")
    assert await chore(database, undoing)() == f"profile {PROFILE}: Amazon is away"
    assert await noted(sql) == []
    undoing.answer = Undone(None, ((mistake, "it is gone"),))
    assert await chore(database, undoing)() == ""
    assert await noted(sql) == [(mistake, None)]
    assert await sql.fetchval("SELECT count(*) FROM ledger.outcome_readings") == 2


async def test_an_undo_that_waits_already_is_enough(
    mistake: str, do: Do, database: Database, undoing: Undoing, sql: Sql
) -> None:
    """A person was faster: nothing is planned beside it."""
    await do(a_negative(7, undoes=mistake), sent=False)
    assert await chore(database, undoing)() == ""
    assert undoing.asked == []
    assert await noted(sql) == [(mistake, "p2")]


@pytest.mark.parametrize(("logins", "only"), [({}, {}), (LOGINS, {"main": ("999",)})])
async def test_profiles_that_no_login_may_touch_are_left_alone(
    mistake: str,
    database: Database,
    undoing: Undoing,
    sql: Sql,
    logins: Mapping[str, AdsLogin],
    only: Mapping[str, Collection[str]],
) -> None:
    """Neither read nor planned for: they belong to somebody else's settings."""
    assert await chore(database, undoing, logins, only)() == ""
    assert await sql.fetchval("SELECT count(*) FROM ledger.outcome_readings") == 0
