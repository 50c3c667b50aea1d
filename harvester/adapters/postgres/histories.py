"""What was done before, read by those who plan something new."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.standings import standing, standings
from harvester.domain.action import Standing
from harvester.domain.ids import PlanId, ProfileId, RunId
from harvester.domain.target import Match
from harvester.rules.delivery import KeptOpen
from harvester.rules.variants import spellings

_DONE_ACTIONS = named("done_actions")
_DONE = named("done_of_profile")
_OPEN_UNDOS = named("open_undos")
_DUE = named("due_follow_ups")
_KEEP_OPEN = named("keep_sources_open")
_DUE_REVIEWS = named("due_reviews")
_BRAND_NAMES = named("brand_names")
_BRAND_PLACES = named("brand_places")
_HARVESTED_SINCE = named("harvested_since")
_SAME = named("converting_same")
_PHRASE = named("converting_phrase")
_RECORDED_SAME = named("recorded_same")
_RECORDED_PHRASE = named("recorded_phrase")
_PRODUCTS = named("converting_products")
_RECORDED_PRODUCTS = named("recorded_products")
_BY_INDEX_ALONE = named("by_index_alone")

_AT_A_TIME = 1000
_MOST_TERMS = 20
_MOST_PRODUCTS = 200


class Converted(msgspec.Struct, frozen=True):
    key: str
    conversions: float
    """The most that one run has seen, or the sum of all recorded days."""
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class PostgresHistories:
    database: Database

    async def done_actions(
        self,
        profile_id: ProfileId,
        *,
        action_ids: Sequence[str] = (),
        plan_id: PlanId | None = None,
        run_id: RunId | None = None,
        since: datetime | None = None,
    ) -> Sequence[Standing]:
        """What is named narrows; raises ValueError where nothing is."""
        if not action_ids and plan_id is None and run_id is None and since is None:
            raise ValueError("everything that was ever done is never asked for at once")
        return standings(await self.database.fetch(_DONE_ACTIONS, profile_id, list(action_ids), plan_id, run_id, since))

    async def done(self, profile_id: ProfileId) -> AsyncIterator[Standing]:
        """A thousand at a time, and nothing held open between."""
        last = ""
        while rows := await self.database.fetch(_DONE, profile_id, last, _AT_A_TIME):
            for row in rows:
                yield standing(row)
            last = rows[-1]["action_id"]

    async def open_undos(self, action_ids: Sequence[str]) -> Sequence[Standing]:
        """Items that would take these actions back and are not settled yet; each names its action in `undoes`."""
        return standings(await self.database.fetch(_OPEN_UNDOS, list(action_ids)))

    async def due_follow_ups(self, profile_id: ProfileId, now: datetime, *, shown: bool = True) -> Sequence[Standing]:
        return standings(await self.database.fetch(_DUE, profile_id, now, shown))

    async def keep_open(self, found: Sequence[tuple[str, KeptOpen | None]]) -> None:
        await self.database.execute(_KEEP_OPEN, [action_id for action_id, _ in found], [why for _, why in found])

    async def due_reviews(self, profile_id: ProfileId, now: datetime) -> Sequence[Standing]:
        return standings(await self.database.fetch(_DUE_REVIEWS, profile_id, now))

    async def harvested_since(self, plan_id: str) -> bool:
        return bool((await self.database.fetch(_HARVESTED_SINCE, plan_id))[0][0])

    async def brand_names(self, country: str, brand_ids: Collection[str]) -> Mapping[str, str]:
        return {
            row["brand_id"]: row["name"] for row in await self.database.fetch(_BRAND_NAMES, country, sorted(brand_ids))
        }

    async def brand_places(self, run_id: RunId) -> Mapping[tuple[str, str, str], int]:
        rows = await self.database.fetch(_BRAND_PLACES, run_id)
        return {(row["campaign_id"], row["ad_group_id"], row["target"]): row["place"] for row in rows}

    async def converting_terms(
        self, profile_id: ProfileId, campaign_id: str, ad_group_id: str | None, key: str, match: Match
    ) -> Sequence[Converted]:
        """A phrase blocks every key that holds its words in a row, anything else the key itself; of keywords, also with
        words in the plural for the singular, or the other way round.

        Of what runs were told and what report days say about one key, the larger counts.
        """
        spelt = [key] if match is Match.SAME else spellings(key)
        queries = (_PHRASE, _RECORDED_PHRASE) if match is Match.PHRASE else (_SAME, _RECORDED_SAME)

        found = await self._converted(queries, profile_id, campaign_id, ad_group_id, spelt)
        return found[:_MOST_TERMS]

    async def converting_products(
        self, profile_id: ProfileId, campaign_id: str, ad_group_id: str | None
    ) -> Sequence[Converted]:
        queries = (_PRODUCTS, _RECORDED_PRODUCTS)
        found = await self._converted(queries, profile_id, campaign_id, ad_group_id, _MOST_PRODUCTS)
        return found[:_MOST_PRODUCTS]

    async def _converted(self, queries: Sequence[str], *asked: object) -> list[Converted]:
        """The most conversions first; what several of them say of one key once."""

        async def work(connection: Connection, _repeated: bool) -> list[asyncpg.Record]:
            await connection.execute(_BY_INDEX_ALONE)
            return [row for query in queries for row in await connection.fetch(query, *asked)]

        best: dict[str, Converted] = {}
        for found in sorted((Converted(*row) for row in await self.database.repeat(work)), key=_most_first):
            best.setdefault(found.key, found)
        return list(best.values())


def _most_first(found: Converted) -> tuple[float, float, str]:
    return -found.conversions, -found.seen_at.timestamp(), found.key
