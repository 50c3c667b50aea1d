"""Catalog facts for the candidates of one run: what is remembered and young enough, the rest from Amazon."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from harvester.domain.catalog import CatalogItem
from harvester.domain.errors import HarvesterError, PageBroken
from harvester.domain.target import asin_of
from harvester.ports import Clock
from harvester.ports.catalog import CatalogReader, CatalogStore
from harvester.rules.checks.catalog import CatalogCheck
from harvester.usecases.together import together

BATCH = 20
"""Products in one call."""
SIDE_BY_SIDE = 4
"""Calls under way: enough that answers which take their time leave no turn unused."""
_MOST_UNREADABLE = 3
"""Answers in a row that cannot be read, each asked for again and again: what comes after them is not asked for."""


@dataclass
class CatalogFacts:
    """Of one profile during one run. What cannot be read is missing, and one of the troubles."""

    reader: CatalogReader
    store: CatalogStore
    clock: Clock
    longest: timedelta
    """So old what is remembered may be."""
    checks: Sequence[CatalogCheck]
    """Those of the rules in force: they say what is looked up beside the products themselves."""
    _troubles: list[str] = field(default_factory=list)
    _over: bool = False
    """The login was refused, Amazon stayed away, or says nothing readable: nobody waits for that again in this run."""
    _unreadable: int = 0
    """Answers in a row."""

    async def __call__(self, asked: Iterable[tuple[str, str]]) -> Mapping[str, CatalogItem]:
        """Of (target, advertised) ASINs, by ASIN. Raises what the store raises."""
        pairs = list(asked)
        wanted = {target for target, _ in pairs}
        if any(check.of_advertised for check in self.checks):
            wanted |= {asin for _, text in pairs if (asin := asin_of(text)) is not None}
        items = await self._read(wanted)
        if any(check.of_family for check in self.checks):
            parents = {parent for target, _ in pairs if target in items for parent in items[target].parents}
            items |= await self._read({asin for each in parents if (asin := asin_of(each))} - items.keys())
        return items

    def new_troubles(self) -> Sequence[str]:
        troubles, self._troubles = self._troubles, []
        return troubles

    async def _read(self, asins: set[str]) -> dict[str, CatalogItem]:
        if not asins:
            return {}
        since = self.clock.now() - self.longest
        items = dict(await self.store.known(self.reader.marketplace_id, sorted(asins), since))
        rest = sorted(asins - items.keys())
        batches = deque(rest[start : start + BATCH] for start in range(0, len(rest), BATCH))
        await together(*(self._work(batches, items) for _ in range(min(SIDE_BY_SIDE, len(batches)))))
        return items

    def _note(self, error: HarvesterError, products: int) -> None:
        """Once for an Amazon that is away, and for each answer that cannot be read."""
        if isinstance(error, PageBroken):
            self._troubles.append(f"catalog facts of {products} products could not be read: {error}")
            self._unreadable += 1
            if self._unreadable == _MOST_UNREADABLE:
                self._end(f"after {_MOST_UNREADABLE} such answers in a row no more catalog facts were asked for")
        else:
            self._end(f"catalog facts could not be read: {error}")

    def _end(self, why: str) -> None:
        if not self._over:
            self._over = True
            self._troubles.append(why)

    async def _work(self, batches: deque[list[str]], items: dict[str, CatalogItem]) -> None:
        while batches and not self._over:
            batch = batches.popleft()
            try:
                found = await self.reader.find(batch)
            except HarvesterError as error:
                self._note(error, len(batch))
                continue
            self._unreadable = 0
            absent = [CatalogItem(asin, known=False) for asin in (*found.unknown, *found.malformed)]
            fresh = {item.asin: item for item in (*absent, *found.items)}
            await self.store.save(self.reader.marketplace_id, list(fresh.values()), self.clock.now())
            items |= fresh
