"""What the pretend Amazon demands of single items: parents, bids, texts, expressions."""

import re

from harvester.sandbox import item_errors
from harvester.sandbox.market import ENTITY_TYPE, Kind, Market
from harvester.sandbox.wire import Json

_ASIN = re.compile(r"[A-Z0-9]{10}")
_ALLOWED = re.compile(
    r"[A-Za-z0-9 '\"&+.,\-/%()!:;@#$*?|_"
    "\u00c0-\u024f\u0370-\u03ff\u3040-\u30ff\u3400-\u9fff\u0900-\u097f\u0b80-\u0bff\u0600-\u06ff]*"
)

# A lone star, a dot at an end, a minus or plus that does not stand inside a word.
_MISPLACED = re.compile(r"^\*$|^\.|\.$|(?:^|\s)[-+]|[-+](?:\s|$)")

# "Limits" in the Ads API guides.
LONGEST_KEYWORD = 80
_MOST_WORDS = {"NEGATIVE_PHRASE": 4}
_MOST_WORDS_OTHERWISE = 10


def campaign_of(market: Market, campaign_id: str) -> Json:
    campaign = market.find(Kind.CAMPAIGN, campaign_id)
    if campaign is None:
        raise item_errors.parent("PARENT_ENTITY_NOT_FOUND", f"There is no campaign {campaign_id}")
    if campaign["state"] == "ARCHIVED":
        raise item_errors.parent("PARENT_ENTITY_ARCHIVED", f"Campaign {campaign_id} is archived")
    return campaign


def ad_group_of(market: Market, campaign_id: str, ad_group_id: str) -> tuple[Json, Json]:
    """The campaign and its ad group, both alive, one belonging to the other."""
    campaign = campaign_of(market, campaign_id)
    ad_group = market.find(Kind.AD_GROUP, ad_group_id)
    if ad_group is None or ad_group["campaignId"] != campaign_id:
        message = f"There is no ad group {ad_group_id} in campaign {campaign_id}"
        raise item_errors.parent("PARENT_ENTITY_NOT_FOUND", message)
    if ad_group["state"] == "ARCHIVED":
        raise item_errors.parent("PARENT_ENTITY_ARCHIVED", f"Ad group {ad_group_id} is archived")
    return campaign, ad_group


def bid(market: Market, amount: float | None, campaign: Json) -> None:
    if amount is None:
        return
    place = market.profile.marketplace
    if not place.lowest_bid <= amount <= place.highest_bid:
        raise item_errors.bid_out_of_range(amount, place)
    budget = campaign["budget"]["budget"]
    if amount > budget:
        raise item_errors.bid_above_budget(amount, budget)


def keyword_text(text: str, match: str) -> None:
    if not text.strip():
        raise item_errors.malformed("BLANK", "keywordText", text, "The keyword is empty")
    if text != text.strip():
        raise item_errors.malformed("LEADING_OR_TRAILING_WHITESPACE", "keywordText", text, "Blanks around the keyword")
    if len(text) > LONGEST_KEYWORD:
        raise item_errors.malformed("TOO_LONG", "keywordText", text, "A keyword has at most 80 characters")
    most = _MOST_WORDS.get(match, _MOST_WORDS_OTHERWISE)
    if len(text.split()) > most:
        raise item_errors.malformed("TOO_LONG", "keywordText", text, f"This keyword may have at most {most} words")
    if not _ALLOWED.fullmatch(text):
        raise item_errors.malformed("FORBIDDEN_CHARS", "keywordText", text, "Characters that keywords may not hold")
    if text.count('"') % 2 or _MISPLACED.search(text):
        raise item_errors.malformed("PATTERN_NOT_MATCHED", "keywordText", text, "Punctuation in the wrong place")


_PRODUCT = {"ASIN_SAME_AS", "ASIN_EXPANDED_FROM"}
_NEEDS_CATEGORY = {
    *("ASIN_PRICE_LESS_THAN", "ASIN_PRICE_BETWEEN", "ASIN_PRICE_GREATER_THAN"),
    *("ASIN_REVIEW_RATING_LESS_THAN", "ASIN_REVIEW_RATING_BETWEEN", "ASIN_REVIEW_RATING_GREATER_THAN"),
    *("ASIN_IS_PRIME_SHIPPING_ELIGIBLE", "ASIN_AGE_RANGE_SAME_AS", "ASIN_GENRE_SAME_AS"),
}


def expression(parts: list[Json], *, negative: bool) -> None:
    """One product, or one brand (negative), or a category with refinements."""
    kinds = [part["type"] for part in parts]
    if not parts or len(set(kinds)) != len(kinds):
        raise _bad_expression("An expression needs at least one part, and each type once")
    if (negative or _PRODUCT & set(kinds)) and len(parts) != 1:
        raise _bad_expression("One product or brand per clause")
    if _NEEDS_CATEGORY & set(kinds) and "ASIN_CATEGORY_SAME_AS" not in kinds:
        raise _bad_expression("A refinement needs ASIN_CATEGORY_SAME_AS beside it")
    for part in parts:
        value = part.get("value", "")
        if part["type"] in _PRODUCT and not _ASIN.fullmatch(value.upper()):
            raise _bad_expression(f"{value!r} is not an ASIN")
        if part["type"].endswith("_SAME_AS") and part["type"] not in _PRODUCT and not value:
            raise _bad_expression(f"{part['type']} needs a value")
        if negative and part["type"] == "ASIN_BRAND_SAME_AS" and not value.isdigit():
            raise _bad_expression(f"{value!r} is not a brand id")


def _bad_expression(message: str) -> item_errors.ItemError:
    return item_errors.targeting("TARGETING_EXPRESSION_INVALID_VALUE", message)


def manual_and_free(market: Market, campaign: Json, ad_group: Json, kind: Kind) -> None:
    """A manual campaign's ad group that holds nothing of the other kind (keywords, or product targets)."""
    if campaign["targetingType"] == "AUTO":
        reason = "TARGETING_TYPE_NOT_ALLOWED_FOR_AUTO_TARGETING_CAMPAIGN"
        raise item_errors.targeting(reason, "An automatic campaign takes no targets of its own")
    other = Kind.TARGET if kind is Kind.KEYWORD else Kind.KEYWORD
    if market.standing(other, ad_group["adGroupId"]):
        message = "An ad group holds keywords or product targets, not both"
        raise item_errors.targeting("TYPE_CONFLICT_IN_AD_GROUP", message)


def unique(market: Market, kind: Kind, body: Json) -> None:
    holder = market.holder_of(kind, body)
    if holder is not None:
        raise item_errors.duplicate(f"The same {ENTITY_TYPE[kind].replace('_', ' ').lower()} exists already")
