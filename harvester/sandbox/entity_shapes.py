"""Request bodies of the v3 entities, field by field as in the specification."""

from harvester.sandbox.shapes import Flag, Items, Number, Record, Shape, Text, TextMap, include, one_of, record

STATE = one_of("ENABLED", "PAUSED", "PROPOSED")
_READ_STATE = one_of("ARCHIVED", "ENABLED", "ENABLING", "OTHER", "PAUSED", "PROPOSED", "USER_DELETED")
_TERM = one_of("BROAD_MATCH", "EXACT_MATCH")
_BID = Number(nullable=True)
_POSITIVE = (
    *("ASIN_AGE_RANGE_SAME_AS", "ASIN_BRAND_SAME_AS", "ASIN_CATEGORY_SAME_AS", "ASIN_EXPANDED_FROM"),
    *("ASIN_GENRE_SAME_AS", "ASIN_IS_PRIME_SHIPPING_ELIGIBLE", "ASIN_PRICE_BETWEEN", "ASIN_PRICE_GREATER_THAN"),
    *("ASIN_PRICE_LESS_THAN", "ASIN_REVIEW_RATING_BETWEEN", "ASIN_REVIEW_RATING_GREATER_THAN"),
    *("ASIN_REVIEW_RATING_LESS_THAN", "ASIN_SAME_AS", "KEYWORD_GROUP_SAME_AS"),
)
_AUTOMATIC = ("ASIN_ACCESSORY_RELATED", "ASIN_SUBSTITUTE_RELATED", "QUERY_BROAD_REL_MATCHES", "QUERY_HIGH_REL_MATCHES")


def _expression(*types: str) -> Items:
    return Items(record({"type": one_of(*types), "value": Text()}, "type"), 0, 1000)


_NEGATIVE_EXPRESSION = _expression("ASIN_BRAND_SAME_AS", "ASIN_SAME_AS")
_IN_AD_GROUP: dict[str, Shape] = {"campaignId": Text(), "adGroupId": Text(), "state": STATE}
_IN_CAMPAIGN: dict[str, Shape] = {"campaignId": Text(), "state": STATE}
_LANGUAGE: dict[str, Shape] = {"nativeLanguageKeyword": Text(), "nativeLanguageLocale": Text()}
_NEGATIVE_MATCH = one_of("NEGATIVE_BROAD", "NEGATIVE_EXACT", "NEGATIVE_PHRASE")

_PLACEMENT = record(
    {
        "percentage": Number(0, 900, whole=True),
        "placement": one_of(
            "PLACEMENT_PRODUCT_PAGE", "PLACEMENT_REST_OF_SEARCH", "PLACEMENT_TOP", "SITE_AMAZON_BUSINESS"
        ),
    }
)
_COHORT = record(
    {
        "audienceSegments": Items(
            record(
                {
                    "audienceId": Text(longest=20),
                    "audienceSegmentType": one_of("BEHAVIOR_DYNAMIC", "SPONSORED_ADS_AMC"),
                },
                "audienceId",
            ),
            1,
            1,
        ),
        "percentage": Number(0, 900, whole=True),
        "shopperCohortType": one_of("AUDIENCE_SEGMENT"),
    },
    "shopperCohortType",
)
_CAMPAIGN = record(
    {
        "campaignId": Text(),
        "name": Text(),
        "state": STATE,
        "targetingType": one_of("AUTO", "MANUAL"),
        "budget": record({"budget": Number(), "budgetType": one_of("DAILY")}, "budget", "budgetType"),
        "dynamicBidding": record(
            {
                "strategy": one_of("AUTO_FOR_SALES", "LEGACY_FOR_SALES", "MANUAL", "RULE_BASED"),
                "placementBidding": Items(_PLACEMENT),
                "shopperCohortBidding": Items(_COHORT, 0, 1),
            }
        ),
        "startDate": Text(date=True),
        "endDate": Text(date=True, nullable=True),
        "portfolioId": Text(nullable=True),
        "tags": TextMap(),
        "offAmazonSettings": record({"offAmazonBudgetControlStrategy": one_of("MAXIMIZE_REACH", "MINIMIZE_SPEND")}),
        "siteRestrictions": Items(one_of("AMAZON_BUSINESS", "AMAZON_HAUL"), 1, 1),
    },
    "campaignId",
)


def _bulk(key: str, item: Shape) -> Record:
    return record({key: Items(item, 0, 1000)}, key)


CAMPAIGN_UPDATE = _bulk("campaigns", _CAMPAIGN)
AD_GROUP_UPDATE = _bulk(
    "adGroups",
    record({"adGroupId": Text(), "name": Text(), "state": STATE, "defaultBid": Number()}, "adGroupId"),
)
KEYWORD_CREATE = _bulk(
    "keywords",
    record(
        {
            **_IN_AD_GROUP,
            **_LANGUAGE,
            "keywordText": Text(),
            "matchType": one_of("BROAD", "PHRASE", "EXACT"),
            "bid": _BID,
        },
        *("campaignId", "adGroupId", "keywordText", "matchType", "state"),
    ),
)
KEYWORD_UPDATE = _bulk("keywords", record({"keywordId": Text(), "state": STATE, "bid": _BID}, "keywordId"))
TARGET_CREATE = _bulk(
    "targetingClauses",
    record(
        {**_IN_AD_GROUP, "expression": _expression(*_POSITIVE), "expressionType": one_of("MANUAL"), "bid": _BID},
        *("campaignId", "adGroupId", "expression", "expressionType", "state"),
    ),
)
TARGET_UPDATE = _bulk(
    "targetingClauses",
    record(
        {
            "targetId": Text(),
            "state": STATE,
            "bid": _BID,
            "expression": _expression(*_POSITIVE, *_AUTOMATIC),
            "expressionType": one_of("AUTO", "MANUAL"),
        },
        "targetId",
    ),
)
NEGATIVE_KEYWORD_CREATE = _bulk(
    "negativeKeywords",
    record(
        {**_IN_AD_GROUP, **_LANGUAGE, "keywordText": Text(), "matchType": _NEGATIVE_MATCH},
        *("campaignId", "adGroupId", "keywordText", "matchType", "state"),
    ),
)
NEGATIVE_KEYWORD_UPDATE = _bulk("negativeKeywords", record({"keywordId": Text(), "state": STATE}, "keywordId"))
CAMPAIGN_NEGATIVE_KEYWORD_CREATE = _bulk(
    "campaignNegativeKeywords",
    record(
        {**_IN_CAMPAIGN, "keywordText": Text(), "matchType": _NEGATIVE_MATCH},
        *("campaignId", "keywordText", "matchType", "state"),
    ),
)
CAMPAIGN_NEGATIVE_KEYWORD_UPDATE = _bulk(
    "campaignNegativeKeywords", record({"keywordId": Text(), "state": STATE}, "keywordId")
)
NEGATIVE_TARGET_CREATE = _bulk(
    "negativeTargetingClauses",
    record(
        {**_IN_AD_GROUP, "expression": _NEGATIVE_EXPRESSION},
        *("campaignId", "adGroupId", "expression", "state"),
    ),
)
_NEGATIVE_TARGET = record({"targetId": Text(), "state": STATE, "expression": _NEGATIVE_EXPRESSION}, "targetId")
NEGATIVE_TARGET_UPDATE = _bulk("negativeTargetingClauses", _NEGATIVE_TARGET)
CAMPAIGN_NEGATIVE_TARGET_CREATE = _bulk(
    "campaignNegativeTargetingClauses",
    record({**_IN_CAMPAIGN, "expression": _NEGATIVE_EXPRESSION}, "campaignId", "expression", "state"),
)
CAMPAIGN_NEGATIVE_TARGET_UPDATE = _bulk("campaignNegativeTargetingClauses", _NEGATIVE_TARGET)


def delete(filter_name: str) -> Record:
    return record({filter_name: include(1000)}, filter_name)


_PAGING: dict[str, Shape] = {
    "maxResults": Number(whole=True),
    "nextToken": Text(),
    "includeExtendedDataFields": Flag(),
    "stateFilter": include(10, _READ_STATE),
}
CAMPAIGN_ID_FILTER: dict[str, Shape] = {"campaignIdFilter": include(100)}
PARENTS: dict[str, Shape] = {**CAMPAIGN_ID_FILTER, "adGroupIdFilter": include(100)}
_NAME: dict[str, Shape] = {"nameFilter": record({"include": Items(Text(), 0, 100), "queryTermMatchType": _TERM})}
_NEGATIVE_MATCHES = Items(one_of("NEGATIVE_BROAD", "NEGATIVE_EXACT", "NEGATIVE_PHRASE", "OTHER"))
_ASINS: dict[str, Shape] = {"asinFilter": record({"include": Items(Text(), 0, 100), "queryTermMatchType": _TERM})}


def _texts() -> Record:
    return record({"include": Items(Text(), 0, 100), "queryTermMatchType": _TERM}, "queryTermMatchType")


CAMPAIGN_LIST = record(
    {
        **_PAGING,
        **_NAME,
        "campaignIdFilter": include(1000),
        "portfolioIdFilter": include(100),
        "marketplaceBudgetAllocationFilter": include(2, one_of("AUTO", "MANUAL")),
    }
)
AD_GROUP_LIST = record(
    {
        **_PAGING,
        **_NAME,
        **CAMPAIGN_ID_FILTER,
        "adGroupIdFilter": include(1000),
        "campaignTargetingTypeFilter": one_of("AUTO", "MANUAL"),
    }
)
PRODUCT_AD_LIST = record({**_PAGING, **PARENTS, "adIdFilter": include(1000)})
KEYWORD_LIST = record(
    {
        **_PAGING,
        **PARENTS,
        "keywordIdFilter": include(1000),
        "keywordTextFilter": _texts(),
        "matchTypeFilter": Items(one_of("BROAD", "EXACT", "OTHER", "PHRASE")),
        "locale": Text(),
    }
)
TARGET_LIST = record(
    {
        **_PAGING,
        **PARENTS,
        **_ASINS,
        "targetIdFilter": include(1000),
        "expressionTypeFilter": include(2, one_of("AUTO", "MANUAL", "OTHER")),
    }
)
NEGATIVE_KEYWORD_LIST = record(
    {
        **_PAGING,
        **PARENTS,
        "negativeKeywordIdFilter": include(1000),
        "negativeKeywordTextFilter": _texts(),
        "matchTypeFilter": _NEGATIVE_MATCHES,
        "locale": Text(),
    }
)
CAMPAIGN_NEGATIVE_KEYWORD_LIST = record(
    {
        **_PAGING,
        **CAMPAIGN_ID_FILTER,
        "campaignNegativeKeywordIdFilter": include(1000),
        "campaignNegativeKeywordTextFilter": _texts(),
        "matchTypeFilter": _NEGATIVE_MATCHES,
    }
)
NEGATIVE_TARGET_LIST = record({**_PAGING, **PARENTS, **_ASINS, "negativeTargetIdFilter": include(1000)})
CAMPAIGN_NEGATIVE_TARGET_LIST = record(
    {**_PAGING, **CAMPAIGN_ID_FILTER, **_ASINS, "campaignNegativeTargetIdFilter": include(1000)}
)
