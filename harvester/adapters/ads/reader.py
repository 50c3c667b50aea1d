"""Reads one profile's account and its recommendations."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from harvester.adapters.ads import bid_suggestions, categories, entities, negatives, promotion_groups, protocol
from harvester.adapters.ads.asking import Asker
from harvester.adapters.ads.brands import read_brands
from harvester.adapters.ads.category_source import CategorySource
from harvester.adapters.ads.paging import PageGuard, batches, fetched, walked
from harvester.adapters.ads.products import ProductSource
from harvester.adapters.ads.protocol import MOST_GROUP_IDS, MOST_PARENT_IDS, Endpoint, Operation, ids
from harvester.adapters.ads.wire import PageReader, WirePage
from harvester.adapters.exchange import Caller
from harvester.adapters.http import HttpClient
from harvester.domain.bid import BidPlace, BidTarget, SuggestedBids
from harvester.domain.brand import Brand
from harvester.domain.category_tree import Category, Narrowed, ProductCount, Refinements, SuggestedCategory
from harvester.domain.errors import PageBroken
from harvester.domain.profile import (
    AdGroup,
    Campaign,
    ProductAd,
    PromotionGroup,
    StandingNegative,
    StandingTarget,
)
from harvester.domain.recommendation import PROMOTION, RecommendationPage
from harvester.domain.suggestion import Advertised, Asking

W = TypeVar("W", bound=msgspec.Struct)
D = TypeVar("D")
T = TypeVar("T")

_NOT_ARCHIVED: Mapping[str, object] = {"stateFilter": ids(["ENABLED", "PAUSED"])}
"""Of the read states, the specification says that only these two and ARCHIVED can be filtered by. An entity list gets
no `maxResults`: it has no documented bound, and the default is the largest page."""
_FULL_PAGES: Mapping[str, object] = {"maxResults": 1000}
"""The documented bound of the promotion group family."""


@dataclass(frozen=True, slots=True)
class _List(Generic[W, D]):
    operation: Operation
    pages: PageReader[W]
    convert: Callable[[W], D | None]
    always: Mapping[str, object] = field(default_factory=lambda: _NOT_ARCHIVED)
    parent_filter: str = "adGroupIdFilter"
    most_parents: int = MOST_PARENT_IDS


_CAMPAIGNS = _List(protocol.LIST_CAMPAIGNS, entities.campaign_pages, entities.campaign)
_AD_GROUPS = _List(protocol.LIST_AD_GROUPS, entities.ad_group_pages, entities.ad_group)
_PRODUCT_ADS = _List(protocol.LIST_PRODUCT_ADS, entities.product_ad_pages, entities.product_ad)
_KEYWORDS = _List(protocol.LIST_KEYWORDS, entities.keyword_pages, entities.keyword)
_TARGETS = _List(protocol.LIST_TARGETS, entities.target_pages, entities.target)
_NEGATIVE_KEYWORDS = _List(
    protocol.LIST_NEGATIVE_KEYWORDS, negatives.negative_keyword_pages, negatives.negative_keyword
)
_NEGATIVE_TARGETS = _List(protocol.LIST_NEGATIVE_TARGETS, negatives.negative_target_pages, negatives.negative_target)
_CAMPAIGN_NEGATIVE_KEYWORDS = _List(
    protocol.LIST_CAMPAIGN_NEGATIVE_KEYWORDS,
    negatives.campaign_negative_keyword_pages,
    negatives.negative_keyword,
    parent_filter="campaignIdFilter",
)
_CAMPAIGN_NEGATIVE_TARGETS = _List(
    protocol.LIST_CAMPAIGN_NEGATIVE_TARGETS,
    negatives.campaign_negative_target_pages,
    negatives.negative_target,
    parent_filter="campaignIdFilter",
)
_GROUPS = _List(
    protocol.LIST_GROUPS,
    promotion_groups.group_pages,
    promotion_groups.promotion_group,
    always=_FULL_PAGES,
    most_parents=MOST_GROUP_IDS,
)
_GROUP_TARGETS = _List(
    protocol.LIST_GROUP_TARGETS,
    promotion_groups.group_target_pages,
    promotion_groups.group_target,
    always=_FULL_PAGES,
    parent_filter="targetPromotionGroupIdFilter",
    most_parents=MOST_GROUP_IDS,
)


class PromotionSource:
    """Target promotion recommendations; the page after is fetched while this one is worked on."""

    name = PROMOTION
    most_ad_groups = 200
    """Few enough that the recorded requests stay small."""
    tokens_last = True

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    async def pages(self, ad_group_ids: Sequence[str], token: str | None) -> AsyncGenerator[RecommendationPage]:
        """At most 1000 ad groups: a page token belongs to the filter it was given for. None asked, none given."""
        if len(ad_group_ids) > MOST_GROUP_IDS:
            raise ValueError(f"at most {MOST_GROUP_IDS} ad groups at a time")
        if not ad_group_ids:
            return
        what = protocol.RECOMMENDATIONS.name
        body = {**_FULL_PAGES, "adGroupIdFilter": ids(list(ad_group_ids))}

        async def fetch(at: str | None) -> WirePage[promotion_groups.RecommendedItem]:
            return await self._asker.page(protocol.RECOMMENDATIONS, promotion_groups.recommendation_pages, body, at)

        guard = PageGuard(what, token)
        page = await fetched(fetch, what, token)
        while True:
            broken = _complaint(guard, page)
            ahead = None
            if broken is None and page.next_token is not None:
                ahead = asyncio.create_task(fetched(fetch, what, page.next_token))
            try:
                yield promotion_groups.recommendation_page(page)
                if broken is not None:
                    raise broken
                if ahead is None:
                    return
                page = await ahead
            finally:
                if ahead is not None and not ahead.done():
                    ahead.cancel()
                    await asyncio.wait([ahead])
                if ahead is not None and not ahead.cancelled():
                    ahead.exception()


def _complaint(guard: PageGuard, page: WirePage[promotion_groups.RecommendedItem]) -> PageBroken | None:
    try:
        guard.check(page)
    except PageBroken as broken:
        return broken
    return None


class AmazonReader:
    """`unreadable` counts, per list, the items that were not what the list should hold."""

    def __init__(self, http: HttpClient, endpoint: Endpoint, caller: Caller) -> None:
        self._asker = Asker(http, endpoint, caller)
        self._promotion = PromotionSource(self._asker)
        self.unreadable: Counter[str] = Counter()

    @property
    def promotion(self) -> PromotionSource:
        return self._promotion

    def products(self, advertised: Sequence[Advertised], asking: Asking) -> ProductSource:
        return ProductSource(self._asker, advertised, asking)

    def categories(self, advertised: Sequence[Advertised]) -> CategorySource:
        return CategorySource(self._asker, advertised)

    def campaigns(self) -> AsyncIterator[Sequence[Campaign]]:
        return self._all(_CAMPAIGNS)

    def ad_groups(self) -> AsyncIterator[Sequence[AdGroup]]:
        return self._all(_AD_GROUPS)

    def product_ads(self) -> AsyncIterator[Sequence[ProductAd]]:
        return self._all(_PRODUCT_ADS)

    async def promotion_groups(self, source_ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[PromotionGroup]]:
        """Each once: pages are independent reads, so one group may come on two. One that does not say which ad group it
        takes from counts as unreadable, for it may be the one that was asked for.
        """
        known: set[str] = set()
        async with aclosing(self._below(_GROUPS, source_ad_group_ids)) as pages:
            async for page in pages:
                fresh = {group.group_id: group for group in page if group.group_id not in known}
                known.update(fresh)
                named = [group for group in fresh.values() if group.source_ad_group_id]
                self.unreadable[_GROUPS.operation.name] += len(fresh) - len(named)
                yield named

    def group_targets(self, group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingTarget]]:
        return self._below(_GROUP_TARGETS, group_ids)

    def keywords(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingTarget]]:
        return self._below(_KEYWORDS, ad_group_ids)

    def targets(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingTarget]]:
        return self._below(_TARGETS, ad_group_ids)

    def negative_keywords(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]:
        return self._below(_NEGATIVE_KEYWORDS, ad_group_ids)

    def negative_targets(self, ad_group_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]:
        return self._below(_NEGATIVE_TARGETS, ad_group_ids)

    def campaign_negative_keywords(self, campaign_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]:
        return self._below(_CAMPAIGN_NEGATIVE_KEYWORDS, campaign_ids)

    def campaign_negative_targets(self, campaign_ids: Sequence[str]) -> AsyncIterator[Sequence[StandingNegative]]:
        return self._below(_CAMPAIGN_NEGATIVE_TARGETS, campaign_ids)

    async def suggested_bids(self, place: BidPlace, targets: Sequence[BidTarget]) -> Mapping[BidTarget, SuggestedBids]:
        body = bid_suggestions.body(place, targets)
        return await self._asker.answer(protocol.SUGGEST_BIDS, body, bid_suggestions.reads(targets))

    async def category_tree(self) -> Sequence[Category]:
        return await self._asker.answer(protocol.CATEGORY_TREE, None, categories.read_tree)

    async def suggested_categories(
        self, asins: Sequence[str], *, with_ancestors: bool = False
    ) -> Sequence[SuggestedCategory]:
        body = categories.suggestion_body(asins, with_ancestors=with_ancestors)
        return await self._asker.answer(protocol.SUGGEST_CATEGORIES, body, categories.read_suggested)

    async def refinements(self, category_id: str) -> Refinements:
        return await self._asker.answer(protocol.refinements_of(category_id), None, categories.read_refinements)

    async def product_count(self, narrowed: Narrowed) -> ProductCount:
        return await self._asker.answer(protocol.COUNT_PRODUCTS, categories.count_body(narrowed), categories.read_count)

    async def search_brands(self, text: str) -> Sequence[Brand]:
        return await self._asker.answer(protocol.SEARCH_BRANDS, {"keyword": text}, read_brands)

    async def recommended_brands(self) -> Sequence[Brand]:
        return await self._asker.answer(protocol.RECOMMENDED_BRANDS, None, read_brands)

    async def _below(self, what: _List[W, D], parents: Sequence[str]) -> AsyncGenerator[Sequence[D]]:
        for batch in batches(parents, what.most_parents):
            async with aclosing(self._pages(what, {what.parent_filter: ids(batch)})) as pages:
                async for page in pages:
                    yield page

    async def _all(self, what: _List[W, D]) -> AsyncIterator[Sequence[D]]:
        async with aclosing(self._pages(what, {})) as pages:
            async for page in pages:
                yield page

    async def _pages(self, what: _List[W, D], filters: Mapping[str, object]) -> AsyncGenerator[Sequence[D]]:
        body = {**what.always, **filters}

        async def fetch(token: str | None) -> WirePage[W]:
            return await self._asker.page(what.operation, what.pages, body, token)

        async with aclosing(walked(fetch, what.operation.name)) as pages:
            async for page in pages:
                self.unreadable[what.operation.name] += page.unreadable
                found = [item for each in page.items if (item := what.convert(each)) is not None]
                if found:
                    yield found
