"""Which item of which kind of entity is acceptable, and what of it is kept."""

from harvester.sandbox import brands, checks, item_errors
from harvester.sandbox.calls import Call
from harvester.sandbox.item_errors import ItemError
from harvester.sandbox.market import ENTITY_TYPE, Kind
from harvester.sandbox.wire import Json


def new_keyword(call: Call, item: Json) -> Json:
    campaign, ad_group = checks.ad_group_of(call.market, item["campaignId"], item["adGroupId"])
    checks.manual_and_free(call.market, campaign, ad_group, Kind.KEYWORD)
    checks.keyword_text(item["keywordText"], item["matchType"])
    checks.bid(call.market, item.get("bid"), campaign)
    return _without_nulls(item)


def new_target(call: Call, item: Json) -> Json:
    campaign, ad_group = checks.ad_group_of(call.market, item["campaignId"], item["adGroupId"])
    checks.manual_and_free(call.market, campaign, ad_group, Kind.TARGET)
    checks.expression(item["expression"], negative=False)
    checks.bid(call.market, item.get("bid"), campaign)
    return {**_without_nulls(item), "resolvedExpression": item["expression"]}


def new_negative_keyword(call: Call, item: Json) -> Json:
    checks.ad_group_of(call.market, item["campaignId"], item["adGroupId"])
    checks.keyword_text(item["keywordText"], item["matchType"])
    return item


def new_campaign_negative_keyword(call: Call, item: Json) -> Json:
    checks.campaign_of(call.market, item["campaignId"])
    checks.keyword_text(item["keywordText"], item["matchType"])
    return item


def new_negative_target(call: Call, item: Json) -> Json:
    checks.ad_group_of(call.market, item["campaignId"], item["adGroupId"])
    checks.expression(item["expression"], negative=True)
    return {**item, "resolvedExpression": brands.resolved(item["expression"])}


def new_campaign_negative_target(call: Call, item: Json) -> Json:
    """Automatic campaigns; manual ones of vendors only ("Negative product and brand targeting" guide)."""
    campaign = checks.campaign_of(call.market, item["campaignId"])
    if campaign["targetingType"] != "AUTO" and not call.market.profile.is_vendor:
        message = "Sellers cannot exclude products from a whole manual campaign"
        raise item_errors.state("PARENT_ENTITY_FORBIDS_CREATION", ENTITY_TYPE[Kind.CAMPAIGN], message)
    checks.expression(item["expression"], negative=True)
    return {**item, "resolvedExpression": brands.resolved(item["expression"])}


def keyword_change(call: Call, item: Json) -> Json:
    return _bid_change(call, Kind.KEYWORD, item, "keywordId")


def target_change(call: Call, item: Json) -> Json:
    fields = _bid_change(call, Kind.TARGET, item, "targetId")
    return fields | _expression_change(item, negative=False)


def negative_target_change(_call: Call, item: Json) -> Json:
    return {**_fields(item, "targetId"), **_expression_change(item, negative=True)}


def negative_keyword_change(_call: Call, item: Json) -> Json:
    return _fields(item, "keywordId")


def campaign_change(call: Call, item: Json) -> Json:
    place = call.market.profile.marketplace
    if "budget" in item and item["budget"]["budget"] < place.lowest_budget:
        raise item_errors.budget_too_low(place)
    if "name" in item:
        _name(
            call,
            Kind.CAMPAIGN,
            {"name": item["name"]},
            item["campaignId"],
            116 if call.market.profile.is_vendor else 128,
        )
    known = call.market.find(Kind.CAMPAIGN, item["campaignId"])
    if known and item.get("targetingType", known["targetingType"]) != known["targetingType"]:
        message = "The targeting type of a campaign cannot be changed"
        raise ItemError("otherError", "OTHER_ERROR", message)
    return _fields(item, "campaignId")


def ad_group_change(call: Call, item: Json) -> Json:
    known = call.market.find(Kind.AD_GROUP, item["adGroupId"])
    campaign = call.market.find(Kind.CAMPAIGN, known["campaignId"]) if known else None
    if campaign is not None:
        checks.bid(call.market, item.get("defaultBid"), campaign)
        if "name" in item:
            named = {"campaignId": campaign["campaignId"], "name": item["name"]}
            _name(call, Kind.AD_GROUP, named, item["adGroupId"], 255)
    return _fields(item, "adGroupId")


def _name(call: Call, kind: Kind, named: Json, own_id: str, longest: int) -> None:
    if not named["name"].strip():
        raise item_errors.malformed("BLANK", "name", named["name"], "The name is empty")
    if len(named["name"]) > longest:
        raise item_errors.malformed("TOO_LONG", "name", named["name"], f"A name has at most {longest} characters")
    if call.market.holder_of(kind, named) not in {None, own_id}:
        raise item_errors.duplicate("The name is in use", "NAME_NOT_UNIQUE")


def _bid_change(call: Call, kind: Kind, item: Json, own_id: str) -> Json:
    known = call.market.find(kind, item[own_id])
    campaign = call.market.find(Kind.CAMPAIGN, known["campaignId"]) if known else None
    if campaign is not None:
        checks.bid(call.market, item.get("bid"), campaign)
    return _fields(item, own_id)


def _expression_change(item: Json, *, negative: bool) -> Json:
    if "expression" not in item:
        return {}
    checks.expression(item["expression"], negative=negative)
    shown = brands.resolved(item["expression"]) if negative else item["expression"]
    return {"resolvedExpression": shown}


def _fields(item: Json, own_id: str) -> Json:
    return {name: value for name, value in item.items() if name != own_id}


def _without_nulls(item: Json) -> Json:
    return {name: value for name, value in item.items() if value is not None}
