"""The recorded evidence, streamed; and the names of places."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from harvester.adapters.postgres.database import Database, translated
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.storable import storable
from harvester.domain.candidate import Place
from harvester.domain.decision import Decision, Outcome
from harvester.domain.ids import ProfileId
from harvester.domain.recommendation import PROMOTION, SOURCES, Recommendation
from harvester.domain.recorded import RecordedRow

_NEWEST = named("newest_evidence")
_REMEMBER = named("remember_places")

_PREFETCH = 1000
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


class _Said(msgspec.Struct):
    """What the note of a suggestion or search term says of it, beside figures."""

    themes: tuple[str, ...] = ()
    asked_for: tuple[str, ...] = ()


_said = msgspec.json.Decoder(_Said)


@dataclass(frozen=True, slots=True)
class PostgresEvidence:
    database: Database

    async def newest(self, since: datetime, profile_ids: Sequence[str] | None) -> AsyncIterator[Sequence[RecordedRow]]:
        wanted = None if profile_ids is None else list(profile_ids)
        async with self.database.transaction() as connection:
            cursor = await connection.cursor(_NEWEST, since, wanted, list(SOURCES))
            while True:
                with translated():
                    rows = await cursor.fetch(_PREFETCH)
                if not rows:
                    return
                yield [_recorded(row) for row in rows]


@dataclass(frozen=True, slots=True)
class PostgresPlaces:
    database: Database

    async def remember(self, profile_id: ProfileId, places: Sequence[Place]) -> None:
        by_id = {place.ad_group.ad_group_id: place for place in places}
        ordered = [by_id[ad_group_id] for ad_group_id in sorted(by_id)]
        columns = (
            [place.ad_group.ad_group_id for place in ordered],
            [place.campaign.campaign_id for place in ordered],
            [storable(place.campaign.name) for place in ordered],
            [storable(place.ad_group.name) for place in ordered],
        )
        await self.database.execute(_REMEMBER, profile_id, *columns)


def _recorded(row: asyncpg.Record) -> RecordedRow:
    said = _said_of(row["source"], row["evidence_note"])
    recommendation = Recommendation(
        source=row["source"],
        campaign_id=row["campaign_id"],
        ad_group_id=row["ad_group_id"],
        ad_id=row["ad_id"],
        ad_asin=row["ad_asin"],
        target=row["target"],
        target_type=row["target_type"],
        clicks=row["clicks"],
        conversions=row["conversions"],
        evidence_note=row["evidence_note"],
        themes=said.themes,
        asked_for=said.asked_for,
    )
    return RecordedRow(
        decision_id=row["decision_id"],
        profile_id=ProfileId(row["profile_id"]),
        row=recommendation,
        key=row["key"],
        decision=Decision(_OUTCOMES[row["outcome"]], row["reason"], row["rule"], row["findings"]),
        campaign_name=row["campaign_name"],
        ad_group_name=row["ad_group_name"],
    )


def _said_of(source: str, note: str | None) -> _Said:
    if source == PROMOTION or note is None:
        return _Said()
    return _said.decode(note)
