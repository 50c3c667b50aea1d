"""Makes the partitions to come and drops the old ones, so that the ledger does not grow for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from harvester.domain.errors import Refused
from harvester.domain.retention import Bulk, Droppable, Dropped, Keeping, Retained
from harvester.ports import Clock


class Archive(Protocol):
    """The ledger by its age. What cannot be had now, or is under way elsewhere, raises Refused and changes nothing."""

    async def make_partitions(self, now: datetime) -> int:
        """How many of those to come were missing."""
        ...

    async def narrow_partitions(self) -> Sequence[str]:
        """Tables that go over to partitions of a day, because a month of them is too large."""
        ...

    async def droppable(self, what: Bulk, before: datetime) -> Sequence[Droppable]: ...

    async def drop_oldest(self, what: Bulk, before: datetime) -> Dropped | None:
        """One month, or days of one, without what actions refer to; None: nothing is that old."""
        ...

    async def sweep(self, now: datetime) -> Mapping[str, int]:
        """Deletes the daemon's own rows of former days: rows by table."""
        ...


@dataclass(frozen=True)
class Retain:
    """One round, to be run once a day by whoever comes first; a second one at the same time does no harm."""

    archive: Archive
    clock: Clock
    keeping: Keeping

    async def __call__(self) -> Retained:
        """What somebody else holds, or is at, is put off until the next round. Raises Unavailable without Postgres."""
        now = self.clock.now()
        put_off: list[str] = []
        made, by_day = await self._make(now, put_off)
        dropped = [each for what in Bulk for each in await self._drop(what, now, put_off)]
        swept = await self.archive.sweep(now)
        return Retained(made, by_day, tuple(dropped), tuple(put_off), swept)

    async def preview(self) -> list[Droppable]:
        """What a round would drop now, the oldest first."""
        now = self.clock.now()
        found: list[Droppable] = []
        for what in Bulk:
            keep = self.keeping.of(what)
            if keep is not None:
                found += await self.archive.droppable(what, now - keep)
        return found

    async def _make(self, now: datetime, put_off: list[str]) -> tuple[int, tuple[str, ...]]:
        made = await self.archive.make_partitions(now)
        try:
            return made, tuple(await self.archive.narrow_partitions())
        except Refused as refusal:
            put_off.append(str(refusal))
            return made, ()

    async def _drop(self, what: Bulk, now: datetime, put_off: list[str]) -> list[Dropped]:
        """Month by month, each in a transaction of its own."""
        keep = self.keeping.of(what)
        dropped: list[Dropped] = []
        if keep is None:
            return dropped
        try:
            while (each := await self.archive.drop_oldest(what, now - keep)) is not None:
                dropped.append(each)
        except Refused as refusal:
            put_off.append(str(refusal))
        return dropped
