"""Product suggestions: `POST /sp/targets/products/recommendations`, by ASIN with themes or by theme with ASINs."""

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Generic, TypeVar

import msgspec
from msgspec.structs import replace

from harvester.adapters.ads.asking import Asker
from harvester.adapters.ads.naming import MOST_OF_A_PATH, named
from harvester.adapters.ads.paging import batches, walked
from harvester.adapters.ads.protocol import PRODUCTS_BY_ASIN, PRODUCTS_BY_THEME, Operation
from harvester.adapters.ads.wire import PageReader, Text, WirePage, text
from harvester.domain.errors import PageBroken, Rejected
from harvester.domain.recommendation import PRODUCTS, Recommendation, RecommendationPage
from harvester.domain.suggestion import Advertised, Asking

W = TypeVar("W", bound=msgspec.Struct)

MOST_ASINS = 100
"""In one request. The specification has no bound; an ad group with more products is asked about in parts."""
MOST_BY_ASIN, MOST_THEMES = 1000, 10
"""Of one page, whatever is asked for: the specification of GetProductRecommendationsRequest."""
_NAMED = 10
"""Advertised ASINs that a row's note names; the recorded request has them all."""
_BAD_REQUEST = (400, 422)
_MORE = "more"
"""Stands for the cursor of a list that goes on with further products of the ad group."""


class SuggestedProduct(msgspec.Struct, rename="camel"):
    recommended_asin: Text = None
    themes: list[Text] | None = None


class SuggestedTheme(msgspec.Struct, rename="camel"):
    theme: Text = None
    description: Text = None
    recommended_asins: list[Text] | None = None


by_asin_pages = PageReader("recommendations", SuggestedProduct, leads_on="nextCursor")
by_theme_pages = PageReader("recommendations", SuggestedTheme, leads_on="nextCursor")

_Suggestions = dict[str, dict[str, str]]
"""ASIN -> its themes, each with its description, which is empty where none came."""


def suggested_by_asin(items: Sequence[SuggestedProduct]) -> _Suggestions:
    found: _Suggestions = {}
    for item in items:
        if item.recommended_asin:
            found.setdefault(text(item.recommended_asin), {}).update(
                (named(text(each)), "") for each in item.themes or ()
            )
    return found


def suggested_by_theme(items: Sequence[SuggestedTheme]) -> _Suggestions:
    found: _Suggestions = {}
    for item in items:
        for asin in [each for each in item.recommended_asins or () if each]:
            found.setdefault(text(asin), {})[named(text(item.theme))] = named(text(item.description), MOST_OF_A_PATH)
    return found


class _Form(Generic[W]):
    """One of the two forms of the answer."""

    def __init__(
        self, operation: Operation, pages: PageReader[W], read: Callable[[Sequence[W]], _Suggestions], most: int
    ) -> None:
        self.operation = operation
        self.pages = pages
        self.read = read
        self.most = most


_BY_ASIN = _Form(PRODUCTS_BY_ASIN, by_asin_pages, suggested_by_asin, MOST_BY_ASIN)
_BY_THEME = _Form(PRODUCTS_BY_THEME, by_theme_pages, suggested_by_theme, MOST_THEMES)


class ProductSource:
    """The products of one ad group share a request: a suggestion is for all of its ASINs together.

    Themes come in English: no locale is named, so that a rule's patterns fit in every marketplace.
    """

    name = PRODUCTS
    most_ad_groups = 1
    tokens_last = False
    """Cursors expire: an interrupted ad group is asked about again."""

    def __init__(self, asker: Asker, advertised: Sequence[Advertised], asking: Asking) -> None:
        self._asker = asker
        self._advertised = {each.ad_group_id: each for each in advertised}
        self._asking = asking

    async def pages(self, ad_group_ids: Sequence[str], token: str | None) -> AsyncGenerator[RecommendationPage]:
        """Of ad groups whose products are known. A request that Amazon refuses breaks the list of its ad group."""
        assert token is None
        for ad_group_id in ad_group_ids:
            advertised = self._advertised[ad_group_id]
            left, parts = self._asking.most, list(batches(advertised.asins, MOST_ASINS))
            for place, asins in enumerate(parts, start=1):
                if left == 0:
                    break
                async with aclosing(self._of(advertised, asins, left)) as pages:
                    async for page in pages:
                        left = None if left is None else left - len(page.rows)
                        yield page if place == len(parts) else replace(page, next_token=page.next_token or _MORE)

    def _of(self, advertised: Advertised, asins: Sequence[str], most: int | None) -> AsyncGenerator[RecommendationPage]:
        if self._asking.by_theme:
            return self._read(_BY_THEME, advertised, asins, most)
        return self._read(_BY_ASIN, advertised, asins, most)

    async def _read(
        self, form: _Form[W], advertised: Advertised, asins: Sequence[str], most: int | None
    ) -> AsyncGenerator[RecommendationPage]:
        count = form.most if most is None or form is _BY_THEME else min(form.most, most)
        body = {"adAsins": list(asins), "count": count}
        what = f"{form.operation.name} of ad group {advertised.ad_group_id}"

        async def fetch(cursor: str | None) -> WirePage[W]:
            try:
                return await self._asker.page(form.operation, form.pages, body, cursor, "cursor")
            except Rejected as rejected:
                if rejected.status not in _BAD_REQUEST:
                    raise
                message = rejected.message
            raise PageBroken(f"{what}: it was refused: {message}")

        left = most
        async with aclosing(walked(fetch, what)) as pages:
            async for page in pages:
                shown = _page(page, form.read(page.items), advertised, asins, left)
                yield shown
                left = None if left is None else left - len(shown.rows)
                if left == 0:
                    return


def _page(
    page: WirePage[W], found: _Suggestions, advertised: Advertised, asins: Sequence[str], most: int | None
) -> RecommendationPage:
    """The note is what the ledger keeps of a suggestion: its themes, and which products it is for."""
    asked_for = tuple(asins)
    rows = []
    for asin, said in list(found.items())[:most]:
        themes = tuple(filter(None, said))
        note: dict[str, object] = {"themes": themes, "asked_for": asked_for[:_NAMED]}
        if any(said.values()):
            note["descriptions"] = [said[theme] for theme in themes]
        rows.append(
            Recommendation(
                source=PRODUCTS,
                campaign_id=advertised.campaign_id,
                ad_group_id=advertised.ad_group_id,
                ad_id="",
                ad_asin=asked_for[0] if len(asked_for) == 1 else "",
                target=asin,
                target_type="PRODUCT",
                clicks=None,
                conversions=None,
                evidence_note=msgspec.json.encode(note).decode(),
                themes=themes,
                asked_for=asked_for,
            )
        )
    return RecommendationPage(rows, page.next_token, page.unreadable)
