"""Version 2 of the promotion group calls: source and destinations, results by index."""

from typing import cast

from harvester.sandbox import bulk, group_core
from harvester.sandbox.calls import Call
from harvester.sandbox.group_core import NewCampaign
from harvester.sandbox.groups_v1 import in_guide_form, links, with_previous
from harvester.sandbox.item_errors import ItemError
from harvester.sandbox.lists import page, visible
from harvester.sandbox.market import Kind
from harvester.sandbox.wire import Json, invalid

_PRODUCT_MATCH = {"PRODUCT_EXACT": "ASIN_SAME_AS", "PRODUCT_SIMILAR": "ASIN_EXPANDED_FROM"}
_PRODUCT_NAME = {kept: name for name, kept in _PRODUCT_MATCH.items()}


def create(call: Call) -> Json:
    body = call.body
    source = group_core.source_ad_group(call, body["adGroupId"], automatic_only=False)
    ads = group_core.own_ads(call, body["adGroupId"], body.get("adIds", []))
    existing, new = body.get("existingCampaignDetails"), body.get("newCampaignDetails")
    if (existing is None) == (new is None):
        raise invalid("Exactly one of existingCampaignDetails and newCampaignDetails is needed")
    source_id = source["adGroupId"]
    destinations = _existing(call, source_id, existing) if existing is not None else _new(call, source_id, new or [])
    name = body["targetPromotionGroupName"]
    group = group_core.remember(call, {"name": name, "source": source_id, "ads": ads, **destinations})
    return {"targetPromotionGroup": _view(call, group)}


def _existing(call: Call, source_id: str, details: list[Json]) -> Json:
    ids = [group_core.existing_destination(call, source_id, one["adGroupId"]) for one in details]
    kinds = [group_core.holds(call, ad_group_id) for ad_group_id in ids]
    if len(set(ids)) != len(ids) or (kinds[0] is not None and kinds.count(kinds[0]) > 1):
        raise invalid("At most one ad group for keywords and one for products")
    found: Json = {"keyword": None, "product": None}
    for ad_group_id, kind in zip(ids, kinds, strict=True):
        if kind is not None:
            found["keyword" if kind is Kind.KEYWORD else "product"] = ad_group_id
    for ad_group_id, kind in zip(ids, kinds, strict=True):
        if kind is None:
            found["product" if found["keyword"] else "keyword"] = ad_group_id
    return found


def _new(call: Call, source_id: str, details: list[Json]) -> Json:
    wanted: dict[str, NewCampaign] = {}
    for one in details:
        ad_group = one["adGroups"][0]
        settings = {name: value for name, value in one.items() if name not in {"campaignName", "adGroups"}}
        what = ad_group["targetingTypes"][0].lower()
        if what in wanted:
            raise invalid("At most one ad group for keywords and one for products")
        wanted[what] = NewCampaign(one["campaignName"], ad_group["adGroupName"], ad_group["defaultBid"], settings)
    names = [campaign.name for campaign in wanted.values()]
    if len(set(names)) != len(names):
        raise invalid("NAME_NOT_UNIQUE: the campaigns need different names")
    for campaign in wanted.values():
        group_core.check_new(call, campaign)
    made = {what: group_core.make_destination(call, source_id, campaign) for what, campaign in wanted.items()}
    return {"keyword": made.get("keyword"), "product": made.get("product")}


def _view(call: Call, group: Json) -> Json:
    source = call.market.find(Kind.AD_GROUP, group["source"]) or {}
    destinations = [group[what] for what in ("keyword", "product") if group[what]]
    return {
        "targetPromotionGroupId": group["targetPromotionGroupId"],
        "targetPromotionGroupName": group["name"],
        "state": group["state"],
        "sourceAdGroupId": group["source"],
        "sourceCampaignId": source["campaignId"],
        "adIds": group["ads"],
        "destinationAdGroups": [{"adGroupId": ad_group_id} for ad_group_id in destinations],
    }


def list_groups(call: Call) -> Json:
    filters = {name: frozenset(value["include"]) for name, value in call.body.items() if name.endswith("Filter")}
    shown = [_view(call, row.body) for row in visible(call, Kind.GROUP) if _passes(row.body, filters)]
    if in_guide_form(call):
        shown = [{"targetPromotionGroup": group} for group in shown]
    return with_previous(call, page(call, "targetPromotionGroups", shown))


def _passes(group: Json, filters: dict[str, frozenset[str]]) -> bool:
    tests = {
        "targetPromotionGroupIdFilter": {group["targetPromotionGroupId"]},
        "sourceAdGroupIdFilter": {group["source"]},
        "destinationAdGroupIdFilter": {group["keyword"], group["product"]},
    }
    return all(wanted & tests[name] for name, wanted in filters.items())


def create_targets(call: Call) -> Json:
    group = group_core.group_of(call, call.body["targetPromotionGroupId"])
    items: list[Json] = call.body.get("targets", [])
    success: list[Json] = []
    errors: list[Json] = []
    for index, outcome in enumerate(bulk.each(call, items, lambda one: _promote(call, group, one))):
        if isinstance(outcome, ItemError):
            errors.append(
                {
                    "index": str(index),
                    "subErrors": [{"errorCode": outcome.reason, "errorMessage": outcome.message}],
                }
            )
        elif outcome is not None:
            success.append({"index": str(index), "targetDetails": outcome})
    return {"success": success, "error": errors}


def _promote(call: Call, group: Json, given: object) -> Json:
    name, item = next(iter(cast("Json", given).items()))
    if name == "keywordTarget":
        wanted = (Kind.KEYWORD, item["keyword"], item["matchType"])
    else:
        wanted = (Kind.TARGET, item["target"], _PRODUCT_MATCH[item["matchType"]])
    return _details(group_core.promote(call, group, *wanted, item.get("bid")))


def _details(link: Json) -> Json:
    shared = {"targetPromotionGroupId": link["group"], "destinationAdGroupId": link["destination"]}
    if Kind(link["kind"]) is Kind.KEYWORD:
        keyword = {"keywordId": link["entity"], "keywordText": link["text"], "matchType": link["match"]}
        return {"keywordTargetDetailsV2": {**shared, **keyword}}
    product = {"targetId": link["entity"], "target": link["text"], "expressionType": _PRODUCT_NAME[link["match"]]}
    return {"productTargetDetailsV2": {**shared, **product}}


def list_targets(call: Call) -> Json:
    return with_previous(call, page(call, "targets", [_details(link) for link in links(call)]))
