"""What the core needs of Amazon's catalog, and of what is remembered of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from harvester.domain.catalog import CatalogItem
from harvester.domain.ids import RunId
from harvester.domain.profile import Profile


@dataclass(frozen=True, slots=True)
class Found:
    """What became of the identifiers that were looked up; each is in one of the lists, or could not be told."""

    items: Sequence[CatalogItem]
    unknown: Sequence[str] = ()
    """The catalog has nothing for them."""
    malformed: Sequence[str] = ()
    """They were not sent, as they are no such identifiers, or Amazon refused them one by one."""


class CatalogReader(Protocol):
    """The catalog of one marketplace."""

    @property
    def marketplace_id(self) -> str: ...

    async def find(self, asins: Sequence[str]) -> Found:
        """At most 20. Raises AccountClosed, Rejected, Unavailable, PageBroken."""
        ...


class CatalogLogin(Protocol):
    """One Selling Partner login."""

    def reader(self, profile: Profile, run_id: RunId | None) -> CatalogReader | None:
        """None for a profile whose marketplace nobody knows."""
        ...


class CatalogStore(Protocol):
    """What was read before, of all profiles of a marketplace together."""

    async def known(self, marketplace_id: str, asins: Sequence[str], since: datetime) -> Mapping[str, CatalogItem]:
        """Those that were read since then."""
        ...

    async def save(self, marketplace_id: str, items: Sequence[CatalogItem], read_at: datetime) -> None: ...
