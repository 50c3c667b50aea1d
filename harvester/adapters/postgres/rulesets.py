"""The rules that were ever in force, by fingerprint."""

from dataclasses import dataclass

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.domain.ids import Fingerprint

_SAVE = named("save_ruleset")
_TEXT = named("ruleset_text")


@dataclass(frozen=True, slots=True)
class PostgresRulesets:
    database: Database

    async def save(self, fingerprint: Fingerprint, text: str) -> None:
        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.execute(_SAVE, fingerprint, text)

        await self.database.repeat(work)

    async def text(self, fingerprint: Fingerprint) -> str | None:
        async def work(connection: Connection, _repeated: bool) -> str | None:
            found: str | None = await connection.fetchval(_TEXT, fingerprint)
            return found

        return await self.database.repeat(work)
