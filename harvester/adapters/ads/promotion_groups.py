"""Promotion groups, their targets and their recommendations: version 1 of the wire, and what Amazon's guide shows."""

from typing import Any

import msgspec

from harvester.adapters.ads.evidence import evidence_in, evidence_of
from harvester.adapters.ads.wire import NOTHING, PageReader, Text, WirePage, decimal_text, text
from harvester.domain.profile import PromotionGroup, StandingTarget
from harvester.domain.recommendation import PROMOTION, Recommendation, RecommendationPage
from harvester.domain.target import Match, TargetKind

NO_STATE = "UNKNOWN"
"""The state of a target that is listed without one."""

_EXPRESSIONS = {
    "QUERY_BROAD_MATCHES": (TargetKind.KEYWORD, Match.BROAD),
    "QUERY_PHRASE_MATCHES": (TargetKind.KEYWORD, Match.PHRASE),
    "QUERY_EXACT_MATCHES": (TargetKind.KEYWORD, Match.EXACT),
    # The guide's spelling, which is in no version of the specification.
    "KEYWORD_BROAD": (TargetKind.KEYWORD, Match.BROAD),
    "KEYWORD_PHRASE": (TargetKind.KEYWORD, Match.PHRASE),
    "KEYWORD_EXACT": (TargetKind.KEYWORD, Match.EXACT),
    "ASIN_SAME_AS": (TargetKind.PRODUCT, Match.SAME),
    "ASIN_EXPANDED_FROM": (TargetKind.PRODUCT, Match.EXPANDED),
}


class RecommendedItem(msgspec.Struct, rename="camel", gc=False):
    campaign_id: Text = None
    ad_group_id: Text = None
    ad_id: Text = None
    ad_asin: Text = None
    recommended_target: Text = None
    target_type: Text = None
    recommendation_reasons: Any = None


class PlainItem(RecommendedItem, rename="camel", gc=False):
    """As the specification and the guide have it: every text a text. What the reasons hold is read later."""

    campaign_id: str = ""
    ad_group_id: str = ""
    ad_id: str = ""
    ad_asin: str = ""
    recommended_target: str = ""
    target_type: str = ""
    recommendation_reasons: msgspec.Raw = msgspec.Raw(b"null")


class GroupItem(msgspec.Struct, rename="camel"):
    target_promotion_group_id: Text = None
    target_promotion_group_name: Text = None
    state: Text = None
    auto_targeting_campaign_ad_group_id: Text = None
    auto_targeting_campaign_ad_ids: list[Text] | None = None
    keyword_campaign_ad_group_ids: list[Text] | None = None
    product_campaign_ad_group_ids: list[Text] | None = None
    target_promotion_group: "GroupItem | None" = None
    """The guide wraps each item of the list once more."""


class GroupTargetItem(msgspec.Struct, rename="camel"):
    target_promotion_group_id: Text = None
    target_id: Text = None
    target: Text = None
    expression_type: Text = None
    manual_targeting_ad_group_id: Text = None
    bid: msgspec.Raw = NOTHING


recommendation_pages = PageReader("targets", RecommendedItem, PlainItem)
group_pages = PageReader("targetPromotionGroups", GroupItem)
group_target_pages = PageReader("targets", GroupTargetItem)


def recommendation_page(page: WirePage[RecommendedItem]) -> RecommendationPage:
    """Items that name neither a target nor an ad group count as unreadable."""
    rows = [recommendation(item) for item in page.items if item.recommended_target or item.ad_group_id]
    return RecommendationPage(rows, page.next_token, page.unreadable + len(page.items) - len(rows))


def recommendation(item: RecommendedItem) -> Recommendation:
    if type(item) is PlainItem:
        clicks, conversions, note = evidence_in(bytes(item.recommendation_reasons))
        return Recommendation(
            PROMOTION,
            item.campaign_id,
            item.ad_group_id,
            item.ad_id,
            item.ad_asin,
            item.recommended_target,
            item.target_type,
            clicks,
            conversions,
            note,
        )
    clicks, conversions, note = evidence_of(item.recommendation_reasons)
    return Recommendation(
        PROMOTION,
        text(item.campaign_id),
        text(item.ad_group_id),
        text(item.ad_id),
        text(item.ad_asin),
        text(item.recommended_target),
        text(item.target_type),
        clicks,
        conversions,
        note,
    )


def promotion_group(item: GroupItem) -> PromotionGroup | None:
    """A group in the guide's older shape names campaigns only: its ad groups stay empty."""
    item = item.target_promotion_group or item
    if not item.target_promotion_group_id:
        return None
    return PromotionGroup(
        group_id=text(item.target_promotion_group_id),
        name=text(item.target_promotion_group_name),
        state=text(item.state),
        source_ad_group_id=text(item.auto_targeting_campaign_ad_group_id),
        ad_ids=frozenset(text(ad) for ad in item.auto_targeting_campaign_ad_ids or () if ad),
        keyword_ad_group_id=_first(item.keyword_campaign_ad_group_ids),
        product_ad_group_id=_first(item.product_campaign_ad_group_ids),
    )


def group_target(item: GroupTargetItem) -> StandingTarget | None:
    """None for an expression that nobody knows. The campaign is not listed, so it is empty."""
    known = _EXPRESSIONS.get(text(item.expression_type).upper())
    if not item.target_id or known is None:
        return None
    kind, match = known
    return StandingTarget(
        amazon_id=text(item.target_id),
        ad_group_id=text(item.manual_targeting_ad_group_id),
        campaign_id="",
        kind=kind,
        text=text(item.target),
        match=match,
        state=NO_STATE,
        bid=decimal_text(item.bid),
    )


def _first(values: list[Text] | None) -> str | None:
    """The specification allows exactly one."""
    return next((text(value) for value in values or () if value), None)
