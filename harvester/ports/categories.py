"""What is needed of Amazon's categories, and where their trees are kept."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from harvester.domain.category_tree import (
    Category,
    Found,
    KeptTree,
    Narrowed,
    ProductCount,
    Refinements,
    SuggestedCategory,
)


class ProductCounts(Protocol):
    async def product_count(self, narrowed: Narrowed) -> ProductCount:
        """Raises PageBroken, Rejected, Unavailable."""
        ...


class CategoryReader(ProductCounts, Protocol):
    """Every method raises PageBroken, Rejected, Unavailable."""

    async def category_tree(self) -> Sequence[Category]:
        """Of the profile's marketplace, in the order of the tree. What cannot be read of it is left out."""
        ...

    async def suggested_categories(
        self, asins: Sequence[str], *, with_ancestors: bool = False
    ) -> Sequence[SuggestedCategory]:
        """For all of these products together: at most 10,000, which should be similar."""
        ...

    async def refinements(self, category_id: str) -> Refinements: ...


class CategoryTrees(Protocol):
    async def kept(self) -> Sequence[KeptTree]:
        """By country."""
        ...

    async def keep(self, country: str, categories: Sequence[Category], now: datetime) -> KeptTree:
        """In place of the tree before, whole or not at all."""
        ...

    async def find(self, tree: KeptTree, text: str, under: str, most: int | None) -> Found:
        """Categories whose path holds every word of the text, or whose id it is.

        Without a text: those at the top, or directly below `under`. With `under`, an id: only what lies below it.
        `most` None: all.
        """
        ...
