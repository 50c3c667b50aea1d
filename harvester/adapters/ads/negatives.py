"""Negative keywords and products, of ad groups and of campaigns, as Sponsored Products v3 sends them."""

import msgspec

from harvester.adapters.ads.entities import Predicate, is_gone, product_of
from harvester.adapters.ads.wire import PageReader, Text, text
from harvester.domain.profile import StandingNegative
from harvester.domain.target import Match, TargetKind

_MATCHES = {"EXACT": Match.EXACT, "PHRASE": Match.PHRASE, "BROAD": Match.BROAD}


class NegativeKeywordItem(msgspec.Struct, rename="camel"):
    keyword_id: Text = None
    ad_group_id: Text = None
    campaign_id: Text = None
    keyword_text: Text = None
    match_type: Text = None
    state: Text = None


class NegativeTargetItem(msgspec.Struct, rename="camel"):
    target_id: Text = None
    ad_group_id: Text = None
    campaign_id: Text = None
    expression: list[Predicate] | None = None
    state: Text = None


negative_keyword_pages = PageReader("negativeKeywords", NegativeKeywordItem)
negative_target_pages = PageReader("negativeTargetingClauses", NegativeTargetItem)
campaign_negative_keyword_pages = PageReader("campaignNegativeKeywords", NegativeKeywordItem)
campaign_negative_target_pages = PageReader("campaignNegativeTargetingClauses", NegativeTargetItem)


def negative_keyword(item: NegativeKeywordItem) -> StandingNegative | None:
    """None for a match type that nobody knows."""
    state = text(item.state)
    match = _MATCHES.get(text(item.match_type).upper().removeprefix("NEGATIVE_"))
    if not item.keyword_id or match is None or is_gone(state):
        return None
    return StandingNegative(
        amazon_id=text(item.keyword_id),
        campaign_id=text(item.campaign_id),
        ad_group_id=text(item.ad_group_id) or None,
        kind=TargetKind.KEYWORD,
        text=text(item.keyword_text),
        match=match,
        state=state,
    )


def negative_target(item: NegativeTargetItem) -> StandingNegative | None:
    """None for brands, and for what Amazon calls OTHER."""
    state = text(item.state)
    found = product_of(item.expression)
    if not item.target_id or found is None or is_gone(state):
        return None
    return StandingNegative(
        amazon_id=text(item.target_id),
        campaign_id=text(item.campaign_id),
        ad_group_id=text(item.ad_group_id) or None,
        kind=TargetKind.PRODUCT,
        text=found[1],
        match=Match.SAME,
        state=state,
    )
