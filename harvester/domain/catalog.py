"""What Amazon's catalog says about a product in one marketplace."""

import msgspec


class Category(msgspec.Struct, frozen=True, gc=False):
    category_id: str
    name: str


class SalesRank(msgspec.Struct, frozen=True, gc=False):
    title: str
    rank: int
    category_id: str = ""
    """Empty: of a whole department, such as Electronics."""


class CatalogItem(msgspec.Struct, frozen=True):
    """Every text is empty, and every list too, where the catalog says nothing: that is missing, not none."""

    asin: str
    known: bool = True
    """False: the catalog of this marketplace has no such ASIN."""
    title: str = ""
    brand: str = ""
    item_class: str = ""
    """BASE_PRODUCT, VARIATION_PARENT, PRODUCT_BUNDLE, OTHER, or whatever comes later."""
    category: Category | None = None
    """The lowest one."""
    path: tuple[Category, ...] = ()
    """From the top down to `category`."""
    ranks: tuple[SalesRank, ...] = ()
    parents: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    """Of variations only; no packages."""
    related: bool = False
    """Whether the catalog said what it is related to at all: without a relative it has none then."""
    list_price: str = ""
    """Decimal text."""
    currency: str = ""
    image: str = ""

    def best_rank(self, *, of_categories: bool) -> int | None:
        """The best of its ranks in categories, or in whole departments."""
        return min((each.rank for each in self.ranks if bool(each.category_id) is of_categories), default=None)
