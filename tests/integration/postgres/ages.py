"""A ledger with rows of former months, for what becomes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from harvester.adapters.postgres.actions import PostgresActions
from harvester.adapters.postgres.archive import PostgresArchive
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.plans import PostgresPlans
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.decision import Outcome
from harvester.domain.ids import Fingerprint
from harvester.domain.outcome import Made
from harvester.domain.plan import PlanCounts
from harvester.domain.profile import Mode
from harvester.domain.retention import Keeping
from harvester.domain.run import Cursor, RunState
from harvester.usecases.retain import Retain

from .acting import PROFILE, a_writing_call, approve_all
from .conftest import LONG_AGO, RULES, Sql, a_page, a_profile, an_action

ROWS = 5
READS = 4
YEAR = timedelta(days=400)


@dataclass(frozen=True)
class At:
    """A clock that stands."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment


def a_round(
    database: Database,
    moment: datetime | None = None,
    decisions: timedelta | None = YEAR,
    calls: timedelta | None = YEAR,
) -> Retain:
    return Retain(PostgresArchive(database), At(moment or datetime.now(UTC)), Keeping(decisions, calls))


async def live(database: Database, sql: Sql, moment: datetime, number: int) -> str:
    """A run then: five decisions, one of them promoted and sent, four reading calls and one that wrote; its id."""
    runs, actions = PostgresRuns(database), PostgresActions(database)
    run = await runs.begin(
        a_profile(), source="promotion", trigger="command", mode=Mode.REVIEW, ruleset=RULES, resume_after=LONG_AGO
    )
    await runs.save_page(run, 0, a_page(0, ROWS, Outcome.PROMOTE), Cursor(), moment)
    async with PostgresPlans(database).draft(run) as draft:
        item = an_action(number)
        await draft.add([msgspec.structs.replace(item, places=(2,))])
        await draft.finish(
            complete=True,
            mode=Mode.REVIEW,
            ruleset=RULES,
            fingerprint=Fingerprint("a" * 64),
            counts=PlanCounts(candidates=ROWS, promote=ROWS, actions=1),
            advice=[],
            now=moment,
        )
    await runs.finish(run, RunState.COMPLETE, None)
    named = await approve_all(actions, draft.plan_id, expires_at=None)
    fence = await actions.take_fence(PROFILE)
    call_number = await actions.begin_sending(named, fence, moment)
    call = a_writing_call(at=moment, plan_id=draft.plan_id)
    await actions.settle(named, [Made(f"T{number}")], [call], call_number, fence, moment)
    await sql.execute(
        """INSERT INTO harvester.api_call (at, method, path, duration_ms, attempt, account, profile_id, run_id)
           SELECT $1, 'POST', '/sp/keywords/list', 5, 1, 'main', $2, $3 FROM generate_series(1, $4::int)""",
        moment, PROFILE, run.run_id, READS,
    )  # fmt: skip
    return run.run_id


async def partitions(sql: Sql, parent: str = "observation") -> list[str]:
    """With a row in them, in order of time."""
    names = await sql.fetch("SELECT name FROM harvester.partition WHERE parent = $1 ORDER BY opens", parent)
    return [row[0] for row in names if await sql.fetchval(f"SELECT EXISTS (SELECT FROM harvester.{row[0]})")]


async def dropped(sql: Sql) -> Sequence[tuple[str, str, int, int]]:
    """What, from when on, how many rows, and how many were kept: as the ledger tells."""
    rows = await sql.fetch(
        "SELECT what, dropped_from, dropped, kept FROM ledger.retention ORDER BY what DESC, dropped_from, dropped_at"
    )
    return [(row[0], f"{row[1]:%Y-%m-%d}", row[2], row[3]) for row in rows]
