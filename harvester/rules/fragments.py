"""The JSON of single items, byte for byte as it will be sent. Shapes: promotion groups v1, negatives and targets v3."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

import msgspec

from harvester.domain.category import CategoryTarget
from harvester.domain.plan import PlannedAction
from harvester.domain.target import Match

_EXPRESSIONS = {
    Match.BROAD: "QUERY_BROAD_MATCHES",
    Match.PHRASE: "QUERY_PHRASE_MATCHES",
    Match.EXACT: "QUERY_EXACT_MATCHES",
    Match.SAME: "ASIN_SAME_AS",
    Match.EXPANDED: "ASIN_EXPANDED_FROM",
}


def compact(value: object) -> str:
    """Compact JSON, keys in the given order, amounts as plain numbers: 0.75, never "0.75" or 7.5E-1."""
    return msgspec.json.encode(_numbers(value)).decode()


def _numbers(value: object) -> object:
    if isinstance(value, Decimal):
        return msgspec.Raw(format(value, "f").encode())
    if isinstance(value, Mapping):
        return {key: _numbers(part) for key, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [_numbers(part) for part in value]
    return value


def group_target(target: str, match: Match, bid: Decimal) -> str:
    return compact({"target": target, "expressionType": _EXPRESSIONS[match], "bid": bid})


def product_target(asin: str, match: Match, campaign_id: str, ad_group_id: str, bid: Decimal) -> str:
    return _target([(_EXPRESSIONS[match], asin)], campaign_id, ad_group_id, bid)


def category_target(category: CategoryTarget, campaign_id: str, ad_group_id: str, bid: Decimal) -> str:
    return _target(category.clauses(), campaign_id, ad_group_id, bid)


def _target(clauses: Sequence[tuple[str, str]], campaign_id: str, ad_group_id: str, bid: Decimal) -> str:
    place = {"campaignId": campaign_id, "adGroupId": ad_group_id}
    expression = [{"type": kind, "value": value} for kind, value in clauses]
    return compact({**place, "expression": expression, "expressionType": "MANUAL", "state": "ENABLED", "bid": bid})


def negative_keyword(text: str, match: Match, campaign_id: str, ad_group_id: str | None) -> str:
    """Without an ad group: at campaign level."""
    place = (
        {"campaignId": campaign_id} if ad_group_id is None else {"campaignId": campaign_id, "adGroupId": ad_group_id}
    )
    return compact({**place, "keywordText": text, "matchType": f"NEGATIVE_{match.upper()}", "state": "ENABLED"})


def negative_product(asin: str, campaign_id: str, ad_group_id: str | None) -> str:
    place = (
        {"campaignId": campaign_id} if ad_group_id is None else {"campaignId": campaign_id, "adGroupId": ad_group_id}
    )
    return compact({**place, "expression": [{"type": "ASIN_SAME_AS", "value": asin}], "state": "ENABLED"})


def negative_brand(brand_id: str, campaign_id: str, ad_group_id: str | None) -> str:
    """By id: Amazon takes no name."""
    place = (
        {"campaignId": campaign_id} if ad_group_id is None else {"campaignId": campaign_id, "adGroupId": ad_group_id}
    )
    return compact({**place, "expression": [{"type": "ASIN_BRAND_SAME_AS", "value": brand_id}], "state": "ENABLED"})


def review_after(days: int | None) -> str:
    """What an item keeps of its review date; empty where it has none."""
    return compact({"review_after_days": days}) if days else ""


def with_other_bid(fragment: str, amount: Decimal) -> str:
    """Of a promotion, however it is made: nothing but the bid is another."""
    return compact({**msgspec.json.decode(fragment), "bid": amount})


def with_bid(action: PlannedAction, amount: Decimal) -> PlannedAction:
    """A promotion with another bid, as a reviewer wrote it; formula and fragment follow."""
    if action.match is None or action.bid is None:
        raise ValueError(f"{action.kind} has no bid of its own")
    return msgspec.structs.replace(
        action,
        bid=format(amount, "f"),
        bid_formula=f"{format(amount, 'f')} {action.currency} by the reviewer, instead of {action.bid_formula}",
        fragment=with_other_bid(action.fragment, amount),
    )
