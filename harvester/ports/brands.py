"""What the core needs to know of brands."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from harvester.domain.brand import Brand


class BrandLookup(Protocol):
    """Asks Amazon in one profile's name. Raises Rejected, Unavailable, PageBroken."""

    async def search_brands(self, text: str) -> Sequence[Brand]:
        """Brands that Amazon relates to the text, at most 100; their names need not hold it."""
        ...

    async def recommended_brands(self) -> Sequence[Brand]:
        """What Amazon suggests to exclude, the profile's own brands among them."""
        ...


class BrandNames(Protocol):
    """Keeps the names that Amazon tells, by marketplace."""

    async def remember(self, country: str, brands: Sequence[Brand], now: datetime) -> None: ...
