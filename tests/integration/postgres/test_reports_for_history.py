# ruff: noqa: F811
"""Reports are fetched for what was done before, whatever the rules say now."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from harvester.adapters.postgres.database import Database
from harvester.domain.history import ReportKind
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile
from harvester.domain.slot import Done, Task
from harvester.usecases.advance_reports import AdvanceReports
from harvester.usecases.dispatch import Dispatch
from harvester.usecases.fetch_reports import FetchReports

from .acting import PROFILE
from .conftest import Sql, a_profile
from .test_dispatch import HandedIn, clock, dispatch, slots  # noqa: F401
from .test_dispatch import _open as opened
from .test_fetch_reports import counter, fetch, hands  # noqa: F401


async def test_reports_are_put_for_what_was_done_before(
    dispatch: Dispatch, database: Database, clock: HandedIn
) -> None:
    """Where no rule needs any; the history is looked through once an hour."""
    asked: list[list[ProfileId]] = []
    needed: list[ProfileId] = []

    async def needs(profile_ids: Sequence[ProfileId], _now: datetime) -> list[ProfileId]:
        asked.append(list(profile_ids))
        return needed

    dispatch.needs_reports = needs
    clock.time += timedelta(hours=2)
    assert await dispatch() == 0
    clock.time += timedelta(minutes=59)
    needed.append(PROFILE)
    assert await dispatch() == 0
    clock.time += timedelta(minutes=1)
    assert await dispatch() == 1
    assert (await opened(database)).task is Task.REPORT
    assert asked == [[PROFILE], [PROFILE]]
    clock.time += timedelta(hours=1)
    assert await dispatch() == 0
    assert len(asked) == 2


async def test_what_was_done_before_has_its_reports_too(fetch: FetchReports, sql: Sql) -> None:
    """Beside those that the rules need, and where they need none; each kind is asked for once."""

    async def also(_profile: Profile) -> Collection[ReportKind]:
        return tuple(ReportKind)

    await AdvanceReports(fetch, lambda _profile: [ReportKind.SEARCH_TERMS], also)(a_profile())
    kinds = await sql.fetch("SELECT DISTINCT kind FROM harvester.report ORDER BY kind")
    assert [row["kind"] for row in kinds] == ["search_terms", "targeting"]
    assert isinstance(await AdvanceReports(fetch, lambda _profile: ())(a_profile()), Done)
