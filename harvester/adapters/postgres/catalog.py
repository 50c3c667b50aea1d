"""What was read of Amazon's catalog, and the turns for reading more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import msgspec

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.storable import storable
from harvester.domain.catalog import CatalogItem

_KNOWN = named("known_catalog_items")
_SAVE = named("save_catalog_items")
_FORGET = named("forget_catalog_items")
_TAKE_TURN = named("take_turn")

_NUL = (r"\u0000", r"\ufffd")
"""As JSON writes it: jsonb keeps none."""
_json = msgspec.json.Encoder()
_item = msgspec.json.Decoder(CatalogItem)


@dataclass(frozen=True, slots=True)
class PostgresCatalog:
    database: Database

    async def known(self, marketplace_id: str, asins: Sequence[str], since: datetime) -> Mapping[str, CatalogItem]:
        async def work(connection: Connection, _repeated: bool) -> list[asyncpg.Record]:
            return await connection.fetch(_KNOWN, marketplace_id, list(asins), since)

        found = [_item.decode(row["facts"]) for row in await self.database.repeat(work)]
        return {item.asin: item for item in found}

    async def save(self, marketplace_id: str, items: Sequence[CatalogItem], read_at: datetime) -> None:
        once = {item.asin: item for item in items}
        facts = [storable(_json.encode(item).decode().replace(*_NUL)) for item in once.values()]
        known = [item.known for item in once.values()]

        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.execute(_SAVE, marketplace_id, read_at, list(once), known, facts)

        await self.database.repeat(work)

    async def forget(self, before: datetime) -> None:
        """What was read before then: nobody has asked for it since, and it is read anew when somebody does."""

        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.execute(_FORGET, before)

        await self.database.repeat(work)


@dataclass(frozen=True, slots=True)
class PostgresTurns:
    """One short statement for each call, and no waiting inside Postgres."""

    database: Database

    async def take(self, login: str, operation: str, rate: float, burst: float, most_seconds: float) -> float | None:
        async with self.database.connection() as connection:
            wait_seconds = await connection.fetchval(_TAKE_TURN, login, operation, rate, burst, most_seconds)
        return None if wait_seconds is None else max(float(wait_seconds), 0.0)
