"""Category suggestions as a source: `POST /sp/targets/categories/recommendations`, for the products of an ad group."""

from collections.abc import AsyncGenerator, Sequence

import msgspec

from harvester.adapters.ads import protocol
from harvester.adapters.ads.asking import Asker
from harvester.adapters.ads.categories import read_suggested, suggestion_body
from harvester.adapters.ads.paging import batches
from harvester.domain.category_tree import SuggestedCategory
from harvester.domain.errors import PageBroken, Rejected
from harvester.domain.recommendation import CATEGORIES, Recommendation, RecommendationPage
from harvester.domain.suggestion import Advertised

MOST_ASINS = 10_000
"""In one request: the specification of GetCategoryRecommendationsRequest."""
_NAMED = 10
"""Advertised ASINs that a row's note names; the recorded request has them all."""
_BAD_REQUEST = (400, 422)
_MORE = "more"
"""Stands for the token of a list that goes on with further products of the ad group."""


class CategorySource:
    """The products of one ad group share a request: a suggestion is for all of its ASINs together."""

    name = CATEGORIES
    most_ad_groups = 1
    tokens_last = False
    """There are none: an interrupted ad group is asked about again."""

    def __init__(self, asker: Asker, advertised: Sequence[Advertised]) -> None:
        self._asker = asker
        self._advertised = {each.ad_group_id: each for each in advertised}

    async def pages(self, ad_group_ids: Sequence[str], token: str | None) -> AsyncGenerator[RecommendationPage]:
        """Of ad groups whose products are known. A request that Amazon refuses breaks the list of its ad group."""
        assert token is None
        for ad_group_id in ad_group_ids:
            advertised = self._advertised[ad_group_id]
            parts = list(batches(advertised.asins, MOST_ASINS))
            for place, asins in enumerate(parts, start=1):
                found = await self._ask(ad_group_id, asins)
                rows = [_row(each, advertised, tuple(asins)) for each in found if each.targetable]
                yield RecommendationPage(rows, None if place == len(parts) else _MORE)

    async def _ask(self, ad_group_id: str, asins: Sequence[str]) -> Sequence[SuggestedCategory]:
        operation, body = protocol.SUGGEST_CATEGORIES, suggestion_body(asins, with_ancestors=False)
        try:
            return await self._asker.answer(operation, body, read_suggested)
        except Rejected as rejected:
            if rejected.status not in _BAD_REQUEST:
                raise
            message = rejected.message
        raise PageBroken(f"{operation.name} of ad group {ad_group_id}: it was refused: {message}")


def _row(category: SuggestedCategory, advertised: Advertised, asked_for: tuple[str, ...]) -> Recommendation:
    """The note is what the ledger keeps of a suggestion: what the id stands for, its size, and for which products."""
    note: dict[str, object] = {"name": category.name, "path": category.path}
    if category.products is not None:
        note["products"] = category.products
    return Recommendation(
        source=CATEGORIES,
        campaign_id=advertised.campaign_id,
        ad_group_id=advertised.ad_group_id,
        ad_id="",
        ad_asin=asked_for[0] if len(asked_for) == 1 else "",
        target=category.category_id,
        target_type="CATEGORY",
        clicks=None,
        conversions=None,
        evidence_note=msgspec.json.encode({**note, "asked_for": asked_for[:_NAMED]}).decode(),
        asked_for=asked_for,
    )
