"""Reports that were asked for, and the days that were read from them."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.report_copy import COLUMNS, MOST_CAMPAIGNS, ReportCopy
from harvester.adapters.postgres.storable import storable
from harvester.domain.history import ReportKind
from harvester.domain.ids import ProfileId
from harvester.domain.report import Coverage, FailedSpan, Loaded, OpenReport, ReportPage, Span

_READ = named("report_days_read")
_OPEN = named("reports_open")
_FAILED = named("reports_failed")
_ASK = named("ask_for_reports")
_NAME = named("name_report")
_TRIED = named("report_tried")
_FAIL = named("report_failed")
_TO_LOAD = named("report_to_load")
_AS_IT_IS = named("report_as_it_is")
_ENSURE = named("ensure_report_days")
_DROP = named("drop_report_days")
_TAKE_DAYS = named("take_report_days")
_LOADED = named("report_loaded")
_IN_PART = named("report_day_in_part")

_TABLES = {ReportKind.SEARCH_TERMS: "search_term_day", ReportKind.TARGETING: "targeting_day"}
_CLEAR = {
    ReportKind.SEARCH_TERMS: named("clear_search_term_days"),
    ReportKind.TARGETING: named("clear_targeting_days"),
}


@dataclass(frozen=True, slots=True)
class PostgresReportDays:
    database: Database

    async def coverage(self, profile_id: ProfileId, kind: ReportKind, since: date, failed_since: datetime) -> Coverage:
        async def work(connection: Connection, _repeated: bool) -> Coverage:
            whose = (profile_id, kind.value)
            read = await connection.fetch(_READ, *whose, since)
            waiting = await connection.fetch(_OPEN, *whose)
            failed = await connection.fetch(_FAILED, *whose, failed_since)
            return Coverage(
                {row["day"]: row["asked_at"] for row in read},
                [_open(row) for row in waiting],
                [FailedSpan(_span(row), row["settled_at"], row["failure"]) for row in failed],
                frozenset(row["day"] for row in read if row["in_part"]),
            )

        return await self.database.repeat(work)

    async def ask(
        self, profile_id: ProfileId, kind: ReportKind, spans: Sequence[Span], now: datetime
    ) -> Sequence[OpenReport]:
        firsts, lasts = [span.first for span in spans], [span.last for span in spans]
        rows = await self.database.fetch(_ASK, profile_id, kind.value, firsts, lasts, now)
        return [_open(row) for row in rows]

    async def named(self, number: int, amazon_id: str, now: datetime) -> None:
        await self.database.execute(_NAME, number, storable(amazon_id), now)

    async def tried(self, number: int, note: str, now: datetime, *, unread: bool = False) -> None:
        await self.database.execute(_TRIED, number, now, storable(note), unread)

    async def fail(self, number: int, failure: str, now: datetime) -> None:
        await self.database.execute(_FAIL, number, storable(failure), now)

    async def load(self, profile_id: ProfileId, report: OpenReport, pages: Iterable[ReportPage]) -> Loaded | None:
        span = report.span

        async def work(connection: Connection, repeated: bool) -> Loaded | None:
            asked_at = await connection.fetchval(_TO_LOAD, report.number)
            if asked_at is None:
                return await _kept(connection, report.number) if repeated else None
            taken = await connection.fetch(
                _TAKE_DAYS, profile_id, report.kind.value, span.first, span.last, asked_at, report.number
            )
            days = [row["day"] for row in taken]
            await connection.execute(_CLEAR[report.kind], profile_id, days)
            copy = ReportCopy(profile_id, report.kind, days)
            await connection.copy_to_table(
                _TABLES[report.kind], schema_name="harvester", columns=COLUMNS[report.kind],
                source=_each(copy(pages, frozenset(span.days))), format="binary",
            )  # fmt: skip
            if copy.unread:
                about = [(profile_id, report.kind.value, *each) for each in _unread(copy)]
                await connection.executemany(_IN_PART, about)
            await connection.execute(_LOADED, report.number, copy.rows, copy.unreadable)
            return Loaded(copy.rows, copy.unreadable)

        await self.make_partitions(span.first, span.last, [report.kind])
        return await self.database.repeat(work)

    async def make_partitions(self, first: date, last: date, kinds: Sequence[ReportKind] = tuple(ReportKind)) -> int:
        """How many were missing."""
        return int(await self.database.fetchval(_ENSURE, first, last, [_TABLES[kind] for kind in kinds]))

    async def drop_before(self, day: date) -> int:
        """How many partitions of older days are gone, and with them what was known of those days."""
        return int(await self.database.fetchval(_DROP, day))


async def _kept(connection: Connection, number: int) -> Loaded | None:
    """What the attempt whose COMMIT got no answer has brought."""
    row = await connection.fetchrow(_AS_IT_IS, number)
    return Loaded(row["rows"], row["unreadable"]) if row is not None and row["state"] == "loaded" else None


def _unread(copy: ReportCopy) -> Iterable[tuple[date, list[str]]]:
    for day, campaigns in copy.unread.items():
        yield day, sorted(map(storable, campaigns)) if len(campaigns) <= MOST_CAMPAIGNS else [""]


async def _each(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
        await asyncio.sleep(0)


def _open(row: asyncpg.Record) -> OpenReport:
    return OpenReport(
        number=row["number"],
        kind=ReportKind(row["kind"]),
        span=_span(row),
        amazon_id=row["amazon_id"],
        asked_at=row["asked_at"],
        polled_at=row["polled_at"],
        tries=row["tries"],
        note=row["note"],
    )


def _span(row: asyncpg.Record) -> Span:
    return Span(row["first_day"], row["last_day"])
