"""What brands are called, as Amazon told it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.storable import storable
from harvester.domain.brand import Brand

_REMEMBER = named("remember_brands")


@dataclass(frozen=True, slots=True)
class PostgresBrands:
    database: Database

    async def remember(self, country: str, brands: Sequence[Brand], now: datetime) -> None:
        names = {brand.brand_id: name for brand in brands if (name := storable(brand.name).strip())}
        if not names:
            return
        ids = sorted(names)

        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.execute(_REMEMBER, country, ids, [names[each] for each in ids], now)

        await self.database.repeat(work)
