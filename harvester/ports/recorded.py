"""The recorded evidence, read to be judged again; and the names that rules match by, kept for that."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Protocol

from harvester.domain.candidate import Place
from harvester.domain.ids import ProfileId
from harvester.domain.recorded import RecordedRow


class Places(Protocol):
    async def remember(self, profile_id: ProfileId, places: Sequence[Place]) -> None:
        """What campaigns and ad groups are called now."""
        ...


class RecordedEvidence(Protocol):
    def newest(self, since: datetime, profile_ids: Sequence[str] | None) -> AsyncIterator[Sequence[RecordedRow]]:
        """The newest row of each target of an ad (and of what is said of it, where it comes without evidence) that was
        recorded since then, profile by profile; without rows that only repeat another of their run.
        """
        ...
