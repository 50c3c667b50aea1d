"""Amazon's categories of products in one marketplace, and what can be asked about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import msgspec


class ProductCount(msgspec.Struct, frozen=True):
    """How many products there are, as far as Amazon says: it gives two ends, not a number."""

    least: int
    most: int


class Category(msgspec.Struct, frozen=True, gc=False):
    """A node of the tree. `path` leads to it from the top, as Amazon writes paths: `/Home & Kitchen/Bedding`."""

    category_id: str
    parent_id: str
    """Empty at the top."""
    name: str
    path: str
    targetable: bool
    products: ProductCount | None = None
    place: int = 0
    """In the order of the tree, a parent before its children."""
    last_below: int = 0
    """The place of the last category below it; its own where there is none."""


class SuggestedCategory(msgspec.Struct, frozen=True):
    """One that Amazon suggests for some products."""

    category_id: str
    parent_id: str
    """Empty for one at the top."""
    name: str
    path: str
    targetable: bool
    products: ProductCount | None = None


class NamedId(msgspec.Struct, frozen=True):
    named_id: str
    name: str


class Refinements(msgspec.Struct, frozen=True):
    """What a category can be narrowed down to, beside price, rating and shipping."""

    brands: Sequence[NamedId] = ()
    age_ranges: Sequence[NamedId] = ()
    genres: Sequence[NamedId] = ()


class Narrowed(msgspec.Struct, frozen=True):
    """A category with refinements; ids are Amazon's, nothing named narrows nothing."""

    category_id: str
    brands: Sequence[str] = ()
    age_ranges: Sequence[str] = ()
    genres: Sequence[str] = ()
    prime: bool | None = None
    price: tuple[Decimal | None, Decimal | None] = (None, None)
    """From and to, in the profile's currency."""
    rating: tuple[int | None, int | None] = (None, None)
    """From and to, 0 to 5 stars."""


@dataclass(frozen=True, slots=True)
class KeptTree:
    """The tree of one marketplace, as it was read."""

    country: str
    read_at: datetime
    categories: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was looked for in a kept tree, in its order."""

    tree: KeptTree
    categories: Sequence[Category]
    """The first of them."""
    total: int
