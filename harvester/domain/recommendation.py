"""What a source recommends, and the pages it comes in."""

from collections.abc import Mapping, Sequence

import msgspec

from harvester.domain.history import History
from harvester.domain.target import CATEGORY, KEYWORD, PRODUCT, TargetKind

PROMOTION = "promotion"
"""The source name of target promotion recommendations."""
PRODUCTS = "products"
"""Product suggestions: what shoppers view or buy beside what is advertised."""

CATEGORIES = "categories"
"""Category suggestions: the categories of products that fit what is advertised."""

SEARCH_TERMS = "search_terms"
"""What shoppers typed, or looked at, when they clicked; from the search-term report, with its money."""

SOURCES = (PROMOTION, PRODUCTS, CATEGORIES, SEARCH_TERMS)
"""In the order in which a run reads them: promotions tell which ad advertises which product."""
WITHOUT_EVIDENCE = frozenset({PRODUCTS, CATEGORIES})
"""Sources whose rows never have clicks or conversions: they suggest, they do not report."""
RECOMMENDS: Mapping[str, tuple[TargetKind, ...]] = {
    PROMOTION: (KEYWORD, PRODUCT),
    PRODUCTS: (PRODUCT,),
    CATEGORIES: (CATEGORY,),
    SEARCH_TERMS: (KEYWORD, PRODUCT),
}
"""The kinds of target that each source brings; the first where none is named."""


class Recommendation(msgspec.Struct, frozen=True, gc=False):
    """One row as a source delivers it: a keyword, product or category for one ad, with the evidence for it.

    Every text is as Amazon sent it, empty where it sent none. `clicks` and `conversions` are None where they cannot
    be read: unknown is not zero. `evidence_note` keeps, as JSON text, whatever else the reasons held: further metrics,
    or the raw text that could not be read.
    """

    source: str
    campaign_id: str
    ad_group_id: str
    ad_id: str
    ad_asin: str
    target: str
    target_type: str
    clicks: float | None
    conversions: float | None
    evidence_note: str | None = None
    themes: tuple[str, ...] = ()
    """Why it is suggested, in Amazon's words; in the note too, which is what the ledger keeps."""
    asked_for: tuple[str, ...] = ()
    """The advertised ASINs that it was suggested for together, where a row is about no single ad."""

    @property
    def advertised(self) -> tuple[str, ...]:
        """The ad's ASIN, which may be empty; where the row is about no single ad, those that it was suggested for."""
        return (self.ad_asin,) if self.ad_asin or not self.asked_for else self.asked_for


class RecommendationPage(msgspec.Struct, frozen=True):
    rows: list[Recommendation]
    next_token: str | None
    """None at the end of the list."""
    unreadable: int = 0
    """Items of the page that were no recommendation at all."""
    histories: Sequence[History] = ()
    """Of search terms: one for each row."""
