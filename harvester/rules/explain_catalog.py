"""Sentences about facts that are looked up."""

from harvester.domain.decision import Finding

CATALOG_TELLING = {
    "catalog.not_looked_up": "the catalog has not been asked about it",
    "catalog.not_read": "the catalog could not be read about {measured}",
    "catalog.unknown_asin": "the catalog of this marketplace has no {measured}",
    "catalog.lacks": "the catalog does not say enough about {measured} or what it is compared with: {bound}",
}
_ASKED = {
    "brand.in": "brand one of {bound}",
    "brand.not_in": "brand none of {bound}",
    "shared_category.same": "same lowest category as the advertised product, {bound}",
    "shared_category.levels": "categories shared with the advertised product at least {bound}",
    "sales_rank.at_least": "sales rank at least {bound}",
    "sales_rank.at_most": "sales rank at most {bound}",
    "category_rank.at_least": "rank in a category at least {bound}",
    "category_rank.at_most": "rank in a category at most {bound}",
    "products.at_least": "products at least {bound}",
    "products.at_most": "products at most {bound}",
    "price_ratio.at_least": "list price at least {bound} times ours",
    "price_ratio.at_most": "list price at most {bound} times ours",
}
_ASKED_YES = {
    "own_brand": "an own brand",
    "variation_of_own": "a variation of an own product",
    "unknown_asin": "unknown to the catalog",
}


def catalog_words(finding: Finding) -> tuple[str, str]:
    """What was asked, and what was found: (`brand one of Acme`, `Bolt`)."""
    found = "not known" if finding.measured is None else _plain(finding.measured)
    if finding.check in _ASKED_YES:
        wanted = _ASKED_YES[finding.check]
        return (wanted if finding.bound == "yes" else f"not {wanted}"), found
    bound = "whose category is not known" if finding.bound is None else _plain(finding.bound)
    return _ASKED.get(finding.check, finding.check).format(bound=bound), found


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,.10g}"
