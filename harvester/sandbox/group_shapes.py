"""Request bodies of the promotion group calls, in both versions."""

from harvester.sandbox.shapes import Items, Number, OneOf, Record, Shape, Text, TextMap, include, one_of, record

_MONEY = Number(0)
_BUDGET = record({"budget": _MONEY, "budgetType": one_of("DAILY")}, "budget", "budgetType")
_PLACEMENT = record(
    {
        "percentage": Number(whole=True),
        "placement": one_of("PLACEMENT_TOP", "PLACEMENT_PRODUCT_PAGE", "PLACEMENT_REST_OF_SEARCH"),
    },
    "percentage",
    "placement",
)
_BIDDING = record(
    {
        "strategy": one_of("LEGACY_FOR_SALES", "AUTO_FOR_SALES", "MANUAL", "RULE_BASED"),
        "placementBidding": Items(_PLACEMENT, 0, 3),
    },
    "strategy",
)
_CAMPAIGN: dict[str, Shape] = {
    "budget": _BUDGET,
    "dynamicBidding": _BIDDING,
    "startDate": Text(date=True),
    "endDate": Text(date=True),
    "tags": TextMap(),
}

CREATE_V1 = record(
    {
        "adGroupId": Text(),
        "adIds": Items(Text(), 1, 1000),
        "existingCampaignDetails": record(
            {
                "keywordCampaignAdGroupIds": Items(Text(), 1, 1),
                "productCampaignAdGroupIds": Items(Text(), 1, 1),
            }
        ),
        "newCampaignDetails": record(
            {**_CAMPAIGN, "namePrefix": Text(), "defaultBid": _MONEY},
            *("namePrefix", "defaultBid", "budget"),
        ),
    },
    "adGroupId",
)
_NEW_AD_GROUP = record(
    {
        "adGroupName": Text(),
        "defaultBid": _MONEY,
        "targetingTypes": Items(one_of("KEYWORD", "PRODUCT"), 1, 1),
    },
    *("adGroupName", "defaultBid", "targetingTypes"),
)
CREATE_V2 = record(
    {
        "adGroupId": Text(),
        "targetPromotionGroupName": Text(),
        "adIds": Items(Text(), 0, 1000),
        "existingCampaignDetails": Items(record({"adGroupId": Text()}, "adGroupId"), 1, 2),
        "newCampaignDetails": Items(
            record(
                {**_CAMPAIGN, "campaignName": Text(), "adGroups": Items(_NEW_AD_GROUP, 1, 1)},
                *("campaignName", "budget", "adGroups"),
            ),
            1,
            2,
        ),
    },
    "adGroupId",
    "targetPromotionGroupName",
)


def _listing(*filters: str) -> Record:
    fields: dict[str, Shape] = {name: include(1000) for name in filters}
    return record({**fields, "maxResults": Number(1, 1000, whole=True), "nextToken": Text()})


LIST_V1 = _listing("adGroupIdFilter", "targetPromotionGroupIdFilter")
LIST_V2 = _listing("sourceAdGroupIdFilter", "destinationAdGroupIdFilter", "targetPromotionGroupIdFilter")
TARGETS_LIST = _listing("adGroupIdFilter", "targetPromotionGroupIdFilter")
RECOMMENDATIONS = _listing("campaignIdFilter", "adGroupIdFilter", "adIdFilter")

TARGETS_V1 = record(
    {
        "targetPromotionGroupId": Text(),
        "targets": Items(
            record({"target": Text(), "expressionType": Text(), "bid": _MONEY}, "target", "expressionType"), 0, 1000
        ),
    },
    "targetPromotionGroupId",
)
_KEYWORD = record(
    {"keyword": Text(), "matchType": one_of("BROAD", "PHRASE", "EXACT"), "bid": _MONEY}, "keyword", "matchType"
)
_PRODUCT = record(
    {"target": Text(), "matchType": one_of("PRODUCT_EXACT", "PRODUCT_SIMILAR"), "bid": _MONEY}, "target", "matchType"
)
TARGETS_V2 = record(
    {
        "targetPromotionGroupId": Text(),
        "targets": Items(OneOf({"keywordTarget": _KEYWORD, "productTarget": _PRODUCT}), 1, 1000),
    },
    "targetPromotionGroupId",
)
