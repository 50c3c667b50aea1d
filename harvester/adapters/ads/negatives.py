"""Negative keywords, products and brands, of ad groups and of campaigns, as Sponsored Products v3 sends them."""

from collections.abc import Sequence

import msgspec

from harvester.adapters.ads.entities import Predicate, is_gone, product_of
from harvester.adapters.ads.wire import PageReader, Text, text
from harvester.domain.profile import StandingNegative
from harvester.domain.target import Match, TargetKind, asin_of

_BRAND = "ASINBRANDSAMEAS"
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
    resolved_expression: list[Predicate] | None = None
    state: Text = None


negative_keyword_pages = PageReader("negativeKeywords", NegativeKeywordItem)
negative_target_pages = PageReader("negativeTargetingClauses", NegativeTargetItem)
campaign_negative_keyword_pages = PageReader("campaignNegativeKeywords", NegativeKeywordItem)
campaign_negative_target_pages = PageReader("campaignNegativeTargetingClauses", NegativeTargetItem)


def negative_keyword(item: NegativeKeywordItem) -> StandingNegative | None:
    """None for a match type that nobody knows."""
    state = text(item.state).upper()
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
    """A product or a brand; None for anything else."""
    state = text(item.state).upper()
    found = product_of(item.expression)
    if not item.target_id or is_gone(state):
        return None
    if found is None:
        return _negative_brand(item, state)
    return StandingNegative(
        amazon_id=text(item.target_id),
        campaign_id=text(item.campaign_id),
        ad_group_id=text(item.ad_group_id) or None,
        kind=TargetKind.PRODUCT,
        text=found[1],
        match=Match.SAME,
        state=state,
    )


def _negative_brand(item: NegativeTargetItem, state: str) -> StandingNegative | None:
    """Its type may read OTHER, and its name may stand where the id was: what is no brand id is a name."""
    said, resolved = item.expression or [], item.resolved_expression or []
    values = [text(part.value).strip() for part in (*said, *resolved)]
    if len(said) != 1 or len(resolved) > 1 or not any(values) or not _of_brand(said, resolved):
        return None
    brand_id = next((value for value in values if value.isascii() and value.isdigit()), "")
    return StandingNegative(
        amazon_id=text(item.target_id),
        campaign_id=text(item.campaign_id),
        ad_group_id=text(item.ad_group_id) or None,
        kind=TargetKind.PRODUCT,
        text=brand_id,
        match=Match.SAME,
        state=state,
        is_brand=True,
        brand_name=next((value for value in values if value and value != brand_id), ""),
    )


def _of_brand(said: Sequence[Predicate], resolved: Sequence[Predicate]) -> bool:
    """OTHER is a brand where a type beside it says so, or where its value can be no ASIN."""
    types = {text(part.type).upper().replace("_", "") for part in (*said, *resolved)}
    if _BRAND in types:
        return types <= {_BRAND, "OTHER", ""}
    return types <= {"OTHER", ""} and any(asin_of(text(part.value)) is None for part in (*said, *resolved))
