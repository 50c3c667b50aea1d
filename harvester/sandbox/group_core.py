"""Promotion groups as they are kept, whatever version of the API made them."""

from dataclasses import dataclass

from harvester.sandbox import checks, entity_checks, item_errors
from harvester.sandbox.calls import Call
from harvester.sandbox.item_errors import ItemError
from harvester.sandbox.market import Kind
from harvester.sandbox.wire import ApiError, Json, invalid


@dataclass(frozen=True, slots=True)
class NewCampaign:
    """A destination to be made: a campaign with one ad group that advertises what the source advertises."""

    name: str
    ad_group_name: str
    default_bid: float
    settings: Json


def refused(error: ItemError) -> ApiError:
    """Group calls refuse as a whole what entity calls refuse item by item."""
    return invalid(f"{error.reason}: {error.message}")


def source_ad_group(call: Call, ad_group_id: str, *, automatic_only: bool) -> Json:
    ad_group = _living_ad_group(call, ad_group_id)
    campaign = call.market.find(Kind.CAMPAIGN, ad_group["campaignId"])
    if automatic_only and campaign is not None and campaign["targetingType"] != "AUTO":
        raise invalid(f"Ad group {ad_group_id} does not belong to an automatic campaign")
    return ad_group


def _living_ad_group(call: Call, ad_group_id: str) -> Json:
    ad_group = call.market.find(Kind.AD_GROUP, ad_group_id)
    if ad_group is None:
        raise invalid(f"There is no ad group {ad_group_id}")
    try:
        checks.ad_group_of(call.market, ad_group["campaignId"], ad_group_id)
    except ItemError as error:
        raise refused(error) from error
    return ad_group


def own_ads(call: Call, ad_group_id: str, ad_ids: list[str]) -> list[str]:
    for ad_id in ad_ids:
        ad = call.market.find(Kind.PRODUCT_AD, ad_id)
        if ad is None or ad["adGroupId"] != ad_group_id or ad["state"] == "ARCHIVED":
            raise invalid(f"Ad {ad_id} does not belong to ad group {ad_group_id}")
    if len(set(ad_ids)) != len(ad_ids):
        raise invalid("adIds names an ad twice")
    return list(ad_ids)


def existing_destination(call: Call, source_id: str, ad_group_id: str) -> str:
    """A manual ad group that advertises exactly what the source advertises."""
    ad_group = _living_ad_group(call, ad_group_id)
    campaign = call.market.find(Kind.CAMPAIGN, ad_group["campaignId"])
    if campaign is None or campaign["targetingType"] != "MANUAL":
        raise invalid(f"Ad group {ad_group_id} does not belong to a manual campaign")
    if call.market.products(ad_group_id) != call.market.products(source_id):
        raise invalid(f"Ad group {ad_group_id} does not advertise the same products as ad group {source_id}")
    return ad_group_id


def holds(call: Call, ad_group_id: str) -> Kind | None:
    """What an ad group targets: keywords, products, or nothing yet."""
    for kind in (Kind.KEYWORD, Kind.TARGET):
        if call.market.standing(kind, ad_group_id):
            return kind
    return None


def check_new(call: Call, new: NewCampaign) -> None:
    """Everything that can be wrong with a campaign to be made, before anything is made."""
    place = call.market.profile.marketplace
    budget = new.settings["budget"]["budget"]
    try:
        if budget < place.lowest_budget:
            raise item_errors.budget_too_low(place)
        checks.bid(call.market, new.default_bid, new.settings)
        if not new.name.strip() or len(new.name) > 128:
            raise item_errors.malformed("TOO_LONG", "name", new.name, "A campaign name has 1 to 128 characters")
        if call.market.holder_of(Kind.CAMPAIGN, {"name": new.name}) is not None:
            raise item_errors.duplicate("The campaign name is in use", "NAME_NOT_UNIQUE")
    except ItemError as error:
        raise refused(error) from error


def make_destination(call: Call, source_id: str, new: NewCampaign) -> str:
    market, now = call.market, call.now
    settings = {"startDate": call.today, "dynamicBidding": {"strategy": "LEGACY_FOR_SALES"}, **new.settings}
    campaign = market.add(
        Kind.CAMPAIGN, {"name": new.name, "state": "ENABLED", "targetingType": "MANUAL", **settings}, now
    )
    body = {"campaignId": campaign, "name": new.ad_group_name, "defaultBid": new.default_bid, "state": "ENABLED"}
    ad_group = market.add(Kind.AD_GROUP, body, now)
    ads = [body for body in market.bodies(Kind.PRODUCT_AD) if body["adGroupId"] == source_id]
    for ad in ads:
        if ad["state"] != "ARCHIVED":
            market.add_ad(campaign, ad_group, market.ad_asins[ad["adId"]], now=now)
    return ad_group


def remember(call: Call, group: Json) -> Json:
    """`group`: name, source, ads (empty: all), keyword and product (an ad group id or None)."""
    same = ("source", "keyword", "product")
    for known in call.market.bodies(Kind.GROUP):
        if all(known[name] == group[name] for name in same) and sorted(known["ads"]) == sorted(group["ads"]):
            raise invalid(f"Target promotion group {known['targetPromotionGroupId']} is the same already")
    group_id = call.market.add(Kind.GROUP, {**group, "state": "ENABLED"}, call.now)
    return call.market.rows[Kind.GROUP][group_id].body


def group_of(call: Call, group_id: str) -> Json:
    group = call.market.find(Kind.GROUP, group_id)
    if group is None:
        raise invalid(f"There is no target promotion group {group_id}")
    return group


def promote(call: Call, group: Json, kind: Kind, text: str, match: str, bid: float | None) -> Json:
    """Puts one target into the group's destination; raises `ItemError`. Gives the link that lists show."""
    destination = group["keyword" if kind is Kind.KEYWORD else "product"]
    ad_group = call.market.find(Kind.AD_GROUP, destination) if destination else None
    if ad_group is None:
        what = "keywords" if kind is Kind.KEYWORD else "products"
        raise item_errors.parent("PARENT_ENTITY_NOT_FOUND", f"The promotion group has no ad group for {what}")
    item: Json = {"campaignId": ad_group["campaignId"], "adGroupId": destination, "state": "ENABLED", "bid": bid}
    if kind is Kind.KEYWORD:
        body = entity_checks.new_keyword(call, {**item, "keywordText": text, "matchType": match})
    else:
        expression = [{"type": match, "value": text.upper()}]
        body = entity_checks.new_target(call, {**item, "expression": expression, "expressionType": "MANUAL"})
    checks.unique(call.market, kind, body)
    entity = call.market.add(kind, body, call.now)
    link = {"group": group["targetPromotionGroupId"], "kind": kind.value, "entity": entity}
    link |= {"text": text, "match": match, "destination": destination, "source": group["source"]}
    link_id = call.market.add(Kind.GROUP_TARGET, link, call.now)
    return call.market.rows[Kind.GROUP_TARGET][link_id].body
