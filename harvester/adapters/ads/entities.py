"""Campaigns, ad groups, product ads, keywords and targets as Sponsored Products v3 sends them."""

import msgspec

from harvester.adapters.ads.wire import NOTHING, PageReader, Text, decimal_text, text
from harvester.domain.category import CategoryTarget
from harvester.domain.profile import AdGroup, Campaign, ProductAd, StandingTarget
from harvester.domain.target import Match, TargetKind

_KEYWORD_MATCHES = {"BROAD": Match.BROAD, "PHRASE": Match.PHRASE, "EXACT": Match.EXACT}
_PRODUCT_MATCHES = {"ASINSAMEAS": Match.SAME, "ASINEXPANDEDFROM": Match.EXPANDED}
_GONE = frozenset({"ARCHIVED", "USER_DELETED"})


class Budget(msgspec.Struct, rename="camel"):
    budget: msgspec.Raw = NOTHING


class CampaignItem(msgspec.Struct, rename="camel"):
    campaign_id: Text = None
    name: Text = None
    targeting_type: Text = None
    state: Text = None
    budget: Budget | None = None


class AdGroupItem(msgspec.Struct, rename="camel"):
    ad_group_id: Text = None
    campaign_id: Text = None
    name: Text = None
    state: Text = None
    default_bid: msgspec.Raw = NOTHING


class ProductAdItem(msgspec.Struct, rename="camel"):
    ad_id: Text = None
    ad_group_id: Text = None
    campaign_id: Text = None
    state: Text = None
    asin: Text = None
    sku: Text = None


class KeywordItem(msgspec.Struct, rename="camel"):
    keyword_id: Text = None
    ad_group_id: Text = None
    campaign_id: Text = None
    keyword_text: Text = None
    match_type: Text = None
    state: Text = None
    bid: msgspec.Raw = NOTHING


class Predicate(msgspec.Struct):
    type: Text = None
    value: Text = None


class TargetItem(msgspec.Struct, rename="camel"):
    target_id: Text = None
    ad_group_id: Text = None
    campaign_id: Text = None
    expression: list[Predicate] | None = None
    state: Text = None
    bid: msgspec.Raw = NOTHING


campaign_pages = PageReader("campaigns", CampaignItem)
ad_group_pages = PageReader("adGroups", AdGroupItem)
product_ad_pages = PageReader("productAds", ProductAdItem)
keyword_pages = PageReader("keywords", KeywordItem)
target_pages = PageReader("targetingClauses", TargetItem)


def is_gone(state: str) -> bool:
    """Archived for good, whatever the filter asked for."""
    return state in _GONE


def campaign(item: CampaignItem) -> Campaign | None:
    state = text(item.state).upper()
    if not item.campaign_id or is_gone(state):
        return None
    budget = decimal_text(item.budget.budget) if item.budget else None
    return Campaign(text(item.campaign_id), text(item.name), text(item.targeting_type).upper(), state, budget)


def ad_group(item: AdGroupItem) -> AdGroup | None:
    state = text(item.state).upper()
    if not item.ad_group_id or is_gone(state):
        return None
    bid = decimal_text(item.default_bid)
    return AdGroup(text(item.ad_group_id), text(item.campaign_id), text(item.name), state, bid)


def product_ad(item: ProductAdItem) -> ProductAd | None:
    state = text(item.state).upper()
    if not item.ad_id or is_gone(state):
        return None
    asin, sku = text(item.asin) or None, text(item.sku) or None
    return ProductAd(text(item.ad_id), text(item.ad_group_id), text(item.campaign_id), state, asin, sku)


def keyword(item: KeywordItem) -> StandingTarget | None:
    """None for a match type that nobody knows: it cannot be one of ours."""
    state = text(item.state).upper()
    match = _KEYWORD_MATCHES.get(text(item.match_type).upper())
    if not item.keyword_id or match is None or is_gone(state):
        return None
    return StandingTarget(
        amazon_id=text(item.keyword_id),
        ad_group_id=text(item.ad_group_id),
        campaign_id=text(item.campaign_id),
        kind=TargetKind.KEYWORD,
        text=text(item.keyword_text),
        match=match,
        state=state,
        bid=decimal_text(item.bid),
    )


def target(item: TargetItem) -> StandingTarget | None:
    """None for all but clauses of one ASIN, and categories with refinements: their text is `CategoryTarget.key`."""
    state = text(item.state).upper()
    found = product_of(item.expression) or category_of(item.expression)
    if not item.target_id or found is None or is_gone(state):
        return None
    match, what = found
    return StandingTarget(
        amazon_id=text(item.target_id),
        ad_group_id=text(item.ad_group_id),
        campaign_id=text(item.campaign_id),
        kind=TargetKind.PRODUCT,
        text=what,
        match=match,
        state=state,
        bid=decimal_text(item.bid),
    )


def product_of(expression: list[Predicate] | None) -> tuple[Match, str] | None:
    """The match and ASIN of an expression with exactly one ASIN predicate, its type in any spelling."""
    if expression is None or len(expression) != 1:
        return None
    match = _PRODUCT_MATCHES.get(text(expression[0].type).upper().replace("_", ""))
    value = text(expression[0].value)
    return None if match is None or not value else (match, value)


def category_of(expression: list[Predicate] | None) -> tuple[Match, str] | None:
    """The key of an expression that is a category with refinements that are known."""
    found = CategoryTarget.of((text(each.type), text(each.value)) for each in expression or ())
    return None if found is None else (Match.SAME, found.key)
