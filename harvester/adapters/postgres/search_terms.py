"""What the recorded reports say of search terms, read for judging."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

import asyncpg

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.domain.history import Sold, SoldTerm, Totals
from harvester.domain.ids import ProfileId, RunId
from harvester.ports.search_terms import TermPart

_DAYS_READ = named("term_days_read")
_DAYS_IN_PART = named("term_days_in_part")
_OF_AD_GROUPS = named("term_totals_of_ad_groups")
_PARTS = named("term_parts")
_SOLD_IN = named("terms_sold_in")
_NOTE_SOLD = named("note_sold")
_MANY_AT_ONCE = named("no_lookups_one_by_one")
_SOLD_BY_RUNS = named("terms_sold_by_runs")
_BY_INDEX_ALONE = named("by_index_alone")

_SUMS = 5
"""The last columns of what sums up."""


@dataclass(frozen=True, slots=True)
class PostgresSearchTerms:
    database: Database

    async def days_read(self, profile_id: ProfileId) -> Mapping[date, datetime]:
        return {row["day"]: row["asked_at"] for row in await self.database.ask(_DAYS_READ, profile_id)}

    async def days_in_part(self, profile_id: ProfileId) -> Mapping[date, Collection[str]]:
        return {row["day"]: row["unread"] for row in await self.database.ask(_DAYS_IN_PART, profile_id)}

    async def ad_group_totals(
        self, profile_id: ProfileId, starts: Sequence[date]
    ) -> Mapping[str, Mapping[int, Totals]]:
        totals: defaultdict[str, dict[int, Totals]] = defaultdict(dict)
        for row in await self.database.ask(_OF_AD_GROUPS, profile_id, list(starts)):
            totals[row["ad_group_id"]][row["stretch"]] = _totals(row)
        return totals

    async def parts(
        self, profile_id: ProfileId, starts: Sequence[date], after: tuple[str, str], through: str, most: int
    ) -> Sequence[TermPart]:
        rows = await self.database.ask(_PARTS, profile_id, list(starts), *after, through, most)
        return [TermPart(*(*row[:-_SUMS], _totals(row))) for row in map(tuple, rows)]

    async def sold_in(self, profile_id: ProfileId, campaign_ids: Sequence[str]) -> Sequence[SoldTerm]:
        rows = await self._by_index(_SOLD_IN, profile_id, list(campaign_ids)) if campaign_ids else []
        ids = {each: each for row in rows for each in row[:2]}
        return [SoldTerm(ids[row[0]], ids[row[1]], *row[2:]) for row in map(tuple, rows)]

    async def note_sold(self, run_id: RunId) -> None:
        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.execute(_MANY_AT_ONCE)
            await connection.execute(_NOTE_SOLD, run_id)

        await self.database.repeat(work)

    async def sold_by_runs(
        self, profile_id: ProfileId, asked: Sequence[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Sold]:
        if not asked:
            return {}
        campaigns, keys = [campaign for campaign, _ in asked], [key for _, key in asked]
        rows = await self._by_index(_SOLD_BY_RUNS, profile_id, campaigns, keys)
        return {(row["campaign_id"], row["key"]): Sold(row["orders"], row["last_day"]) for row in rows}

    async def _by_index(self, query: str, *values: object) -> list[asyncpg.Record]:
        async def work(connection: Connection, _repeated: bool) -> list[asyncpg.Record]:
            await connection.execute(_BY_INDEX_ALONE)
            return await connection.fetch(query, *values)

        return await self.database.repeat(work)


def _totals(row: "asyncpg.Record | tuple[int, ...]") -> Totals:
    return Totals(*tuple(row)[-_SUMS:])
