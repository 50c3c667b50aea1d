"""The ledger by its age: partitions to come, old ones that go, and rows of former days."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.report_days import PostgresReportDays
from harvester.domain.errors import Refused
from harvester.domain.retention import Bulk, Droppable, Dropped

_MAKE = named("make_partitions")
_NARROW = named("narrow_partitions")
_DROPPABLE = named("droppable")
_DROPPABLE_REPORT_DAYS = named("droppable_report_days")
_DROP_OLDEST = named("drop_oldest")
_SWEEPS = {
    "slot": named("sweep_slots"),
    "pgqueuer_log": named("sweep_queue_log"),
    "pgqueuer_statistics": named("sweep_queue_statistics"),
    "replica": named("sweep_replicas"),
}
_AT_A_TIME = 10_000

_TABLES = {Bulk.DECISIONS: "observation", Bulk.CALLS: "api_call"}

REPORT_DAYS_AHEAD = timedelta(days=7)
MOST_BYTES_A_MONTH = 100 * 1024**3
"""Of a table: from there on its partitions are days."""
FEWEST_LOCKS = 512
"""Postgres' max_locks_per_transaction, for that."""


@dataclass(frozen=True, slots=True)
class PostgresArchive:
    database: Database
    most_bytes_a_month: int = MOST_BYTES_A_MONTH
    fewest_locks: int = FEWEST_LOCKS

    async def make_partitions(self, now: datetime) -> int:
        """Days of reports, too, while nobody looks into them; those are not counted."""
        today = now.date()
        await self._report_days.make_partitions(today - timedelta(days=1), today + REPORT_DAYS_AHEAD)
        return int(await self.database.fetchval(_MAKE, now))

    @property
    def _report_days(self) -> PostgresReportDays:
        return PostgresReportDays(self.database)

    async def narrow_partitions(self) -> Sequence[str]:
        async def work(connection: Connection, _repeated: bool) -> list[str]:
            with _put_off("partitions of a day"):
                return list(await connection.fetchval(_NARROW, self.most_bytes_a_month, self.fewest_locks))

        return await self.database.repeat(work)

    async def droppable(self, what: Bulk, before: datetime) -> Sequence[Droppable]:
        if what is Bulk.REPORT_DAYS:
            rows = await self.database.fetch(_DROPPABLE_REPORT_DAYS, before.date())
        else:
            rows = await self.database.fetch(_DROPPABLE, _TABLES[what], before)
        return [Droppable(what, row["opens"], row["closes"], row["rows"], row["bytes"]) for row in rows]

    async def drop_oldest(self, what: Bulk, before: datetime) -> Dropped | None:
        if what is Bulk.REPORT_DAYS:
            return await self._drop_report_days(before)

        async def work(connection: Connection, _repeated: bool) -> asyncpg.Record | None:
            with _put_off(f"old {what.value.replace('_', ' ')}"):
                return await connection.fetchrow(_DROP_OLDEST, _TABLES[what], before)

        row = await self.database.repeat(work)
        assert row is not None
        if row["outcome"] == "busy":
            raise Refused("another process is dropping old months already")
        if row["outcome"] == "nothing":
            return None
        return Dropped(what, row["opens"], row["closes"], row["dropped"], row["kept"], row["bytes"])

    async def _drop_report_days(self, before: datetime) -> Dropped | None:
        """A month of them; also what of older days lies in no partition of its own."""
        month = next(iter(await self.droppable(Bulk.REPORT_DAYS, before)), None)
        gone = await self._report_days.drop_before((before if month is None else month.closes).date())
        if month is None:
            return None
        if not gone:
            raise Refused("old report days wait until the next time: somebody holds the table")
        return Dropped(Bulk.REPORT_DAYS, month.opens, month.closes, month.rows, 0, month.bytes)

    async def sweep(self, now: datetime) -> Mapping[str, int]:
        return {table: await self._sweep(query, now) for table, query in _SWEEPS.items()}

    async def _sweep(self, query: str, now: datetime) -> int:
        """Ten thousand rows a transaction, so that nobody waits for it."""

        async def work(connection: Connection, _repeated: bool) -> int:
            return int((await connection.execute(query, now, _AT_A_TIME)).split()[-1])

        deleted = 0
        while (some := await self.database.repeat(work)) > 0:
            deleted += some
        return deleted


@contextmanager
def _put_off(what: str) -> Iterator[None]:
    """Not tried again at once, as other work is that meets a lock: it would read a whole month anew."""
    try:
        yield
    except (asyncpg.LockNotAvailableError, asyncpg.DeadlockDetectedError) as error:
        raise Refused(f"{what} wait until the next time: somebody holds the table") from error
    except (asyncpg.CheckViolationError, asyncpg.InvalidObjectDefinitionError) as error:
        raise Refused(f"{what} cannot be dropped: {error}") from error
