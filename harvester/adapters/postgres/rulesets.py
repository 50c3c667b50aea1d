"""The rules that were ever in force, by fingerprint."""

from dataclasses import dataclass

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.queries import named
from harvester.domain.ids import Fingerprint

_SAVE = named("save_ruleset")
_TEXT = named("ruleset_text")


@dataclass(frozen=True, slots=True)
class PostgresRulesets:
    database: Database

    async def save(self, fingerprint: Fingerprint, text: str) -> None:
        await self.database.execute(_SAVE, fingerprint, text)

    async def text(self, fingerprint: Fingerprint) -> str | None:
        found: str | None = await self.database.fetchval(_TEXT, fingerprint)
        return found
