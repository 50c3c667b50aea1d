"""The read side of the ledger, in the shapes that commands and pages show."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.report_rows import decision_row, item_row, plan_row, run_row, why_row
from harvester.domain.category import whole_key_of
from harvester.domain.retention import Horizon

_PLAN_HEADERS = named("plan_headers")
_PLAN_HEADER = named("plan_header")
_PLAN_ITEMS = named("plan_items")
_ITEM_STATES = named("item_states")
_RUN_HEADERS = named("run_headers")
_RUN_REASONS = named("run_reasons")
_RUN_SOURCES = named("run_sources")
_RUN_EXAMPLES = named("run_examples")
_RUN_OF_PLAN = named("run_of_plan")
_RUN_DECISIONS = named("run_decisions")
_DECISIONS_ABOUT = named("decisions_about")
_PLACES_NAMED = named("places_named")
_HORIZON = named("retention_horizon")
_BY_INDEX_ALONE = named("by_index_alone")
_PROFILE_OF = named("profile_of")
_SERVER_VERSION = named("server_version")
_TAKES_CHANGES = named("takes_changes")

_ROWS_AT_A_TIME = 1000

Row = dict[str, Any]
"""JSON-shaped: times are ISO 8601 text, amounts decimal text, ids text."""


@dataclass(frozen=True, slots=True)
class PostgresReports:
    """Streams ask for so many rows at a time and hold nothing open between, however slowly they are read."""

    database: Database

    async def plans(self, profile_ids: Sequence[str] | None = None, limit: int = 50) -> Sequence[Row]:
        """The newest first, without items."""
        wanted = None if profile_ids is None else list(profile_ids)
        return [plan_row(row) for row in await self.database.fetch(_PLAN_HEADERS, wanted, limit)]

    async def plan(self, plan_id: str) -> Row | None:
        """Without items; None where there is no such plan."""
        rows = await self.database.fetch(_PLAN_HEADER, plan_id)
        return plan_row(rows[0]) if rows else None

    async def items(self, plan_id: str) -> AsyncIterator[Row]:
        """In plan order."""
        async for row in self._stream(_PLAN_ITEMS, plan_id, "position"):
            yield item_row(row)

    async def item_states(self, plan_id: str) -> Mapping[str, int]:
        return {row["state"]: row["items"] for row in await self.database.fetch(_ITEM_STATES, plan_id)}

    async def runs(self, profile_ids: Sequence[str] | None = None, limit: int = 50) -> Sequence[Row]:
        """The newest first, with the columns of ledger.runs."""
        wanted = None if profile_ids is None else list(profile_ids)
        return [run_row(row) for row in await self.database.fetch(_RUN_HEADERS, wanted, limit)]

    async def reasons(self, run_id: str) -> Sequence[tuple[str, str, int]]:
        """Outcome, reason and how many decisions of the run have them, the most frequent first."""
        return [
            (row["outcome"], row["reason"], row["decisions"]) for row in await self.database.fetch(_RUN_REASONS, run_id)
        ]

    async def sources(self, run_id: str) -> Sequence[tuple[str, int]]:
        """Source, and how many decisions of the run come from it, the most frequent first."""
        return [(row["source"], row["decisions"]) for row in await self.database.fetch(_RUN_SOURCES, run_id)]

    async def examples(self, run_id: str, outcome: str, reason: str, most: int) -> Sequence[Row]:
        """Those with the most conversions, then the most clicks; with the columns of ledger.decisions."""
        return [decision_row(row) for row in await self.database.fetch(_RUN_EXAMPLES, run_id, outcome, reason, most)]

    async def decisions(self, run_or_plan_id: str) -> AsyncIterator[Row]:
        """In the order they were made, with the columns of ledger.decisions."""
        run_id = run_or_plan_id
        if run_or_plan_id.startswith("p"):
            rows = await self.database.fetch(_RUN_OF_PLAN, run_or_plan_id)
            run_id = rows[0]["run_id"] if rows else ""
        async for row in self._stream(_RUN_DECISIONS, run_id, "place"):
            yield decision_row(row)

    async def why(self, key: str, text: str, profile_id: str | None = None) -> AsyncIterator[Row]:
        """Every decision ever made about the folded `key`, or about `text` as an ASIN or category; profile by profile.

        Within a profile the oldest first. Beside the columns of ledger.decisions: campaign_name and ad_group_name as
        far as known, account, run_started_at, run_state, mode, ruleset_fingerprint, and `actions` (id, kind, state,
        reason, plan_id, reviewed_by, amazon_id).
        """
        keys = sorted({key, text.strip().upper(), whole_key_of(text) or key})

        async def work(connection: Connection, _repeated: bool) -> list[asyncpg.Record]:
            await connection.execute(_BY_INDEX_ALONE)
            return await connection.fetch(_DECISIONS_ABOUT, keys, profile_id)

        for row in await self.database.repeat(work):
            yield why_row(row)

    async def names(self, ad_groups: Collection[tuple[str, str]]) -> Mapping[str, tuple[str, str]]:
        """Of (profile, ad group): what the ad group and its campaign are called, by the ad group's id, where known."""
        asked = sorted(ad_groups)
        ids = [[profile_id for profile_id, _ in asked], [each for _, each in asked]]
        rows = await self.database.fetch(_PLACES_NAMED, *ids) if asked else []
        return {row["ad_group_id"]: (row["ad_group_name"], row["campaign_name"]) for row in rows}

    async def horizon(self) -> Horizon | None:
        """Before when only those decisions are left that an action refers to; None: they are all there."""
        rows = await self.database.fetch(_HORIZON)
        return Horizon(*rows[0]) if rows else None

    async def profile_of(self, plan_id: str | None, action_ids: Sequence[str], run_id: str | None) -> str | None:
        """Whose plan, run or actions these are; None where there are none, or where they are of several profiles."""
        rows = await self.database.fetch(_PROFILE_OF, plan_id, list(action_ids), run_id)
        return str(rows[0]["profile_id"]) if len(rows) == 1 else None

    async def takes_changes(self) -> bool:
        """False on a standby."""
        rows = await self.database.fetch(_TAKES_CHANGES)
        return bool(rows[0][0])

    async def server_version(self) -> str:
        """`18.6`"""
        rows = await self.database.fetch(_SERVER_VERSION)
        return str(rows[0][0])

    async def _stream(self, query: str, of: str, order: str) -> AsyncIterator[asyncpg.Record]:
        last = -1
        while rows := await self.database.fetch(query, of, last, _ROWS_AT_A_TIME):
            for row in rows:
                yield row
            if len(rows) < _ROWS_AT_A_TIME:
                return
            last = rows[-1][order]
