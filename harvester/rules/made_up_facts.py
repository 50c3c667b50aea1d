"""A made-up catalog for the tests that stand in a rules file."""

from collections.abc import Mapping

from harvester.domain.catalog import CatalogItem, Category, SalesRank
from harvester.domain.numbers import plain
from harvester.rules.sections import GivenFacts

OWN_RELATIVE = "own product"
"""No ASIN, so that it can never be what a test names."""
_PARENT = "parent"
_TOP = Category("top", "Made up")
_OTHER = Category("other", "Something else")


def made_up(given: GivenFacts, asin: str, advertised: str) -> Mapping[str, CatalogItem]:
    """Of a product and the advertised one, so that checks see what is given; the rest is not said."""
    ours = CatalogItem(advertised, category=_TOP, list_price="1", currency="USD", path=_path(given.shared_levels, _TOP))
    family = CatalogItem(_PARENT, children=(asin, OWN_RELATIVE) if given.variation_of_own else (asin,))
    ranks = (("", given.sales_rank), ("category", given.category_rank))
    theirs = CatalogItem(
        asin,
        known=not given.unknown_asin,
        brand=given.brand or "",
        category=None if given.same_category is None else _TOP if given.same_category else _OTHER,
        path=_path(given.shared_levels, _OTHER),
        ranks=tuple(SalesRank("", rank, category_id) for category_id, rank in ranks if rank is not None),
        parents=(_PARENT,),
        list_price="" if given.price_ratio is None else plain(given.price_ratio),
        currency="USD",
    )
    known = {advertised.strip().upper(): ours, asin: theirs}
    return known if given.variation_of_own is None else {**known, _PARENT: family}


def _path(levels: int | None, lowest: Category) -> tuple[Category, ...]:
    """Two of them with different lowest categories share so many levels."""
    if levels is None:
        return ()
    return (*(Category(str(level), "") for level in range(min(levels, 30))), lowest)
