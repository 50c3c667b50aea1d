"""The Amazon Ads API without I/O: hosts, operations with their exact media types, requests.

Media types, paths and headers: the Sponsored Products 3.0 and Profiles specifications; hosts and token addresses: the
Ads guide, reference/api-overview and access-tokens.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

import msgspec

from harvester.adapters.exchange import Bearer, Budget, Caller, Request
from harvester.domain.profile import Region

ADS_URLS: Mapping[Region, str] = {
    Region.NA: "https://advertising-api.amazon.com",
    Region.EU: "https://advertising-api-eu.amazon.com",
    Region.FE: "https://advertising-api-fe.amazon.com",
}
LWA_URLS: Mapping[Region, str] = {
    Region.NA: "https://api.amazon.com/auth/o2/token",
    Region.EU: "https://api.amazon.co.uk/auth/o2/token",
    Region.FE: "https://api.amazon.co.jp/auth/o2/token",
}
MOST_PARENT_IDS = 100
"""Campaign or ad group ids in one filter of an entity list (ReducedObjectIdFilter)."""
MOST_GROUP_IDS = 1000
"""Ids in one filter of the promotion group family (ObjectIdFilter)."""


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    """What its request budget is called."""
    method: str
    path: str
    accept: str
    content_type: str | None


def _vnd(name: str) -> str:
    """Letter case counts: it is sent as the specification writes it, and without a charset, which Amazon refuses."""
    return f"application/vnd.{name}+json"


def _list(what: str, media_type: str) -> Operation:
    path = f"/sp/{what}/list"
    return Operation(f"{what}/list", "POST", path, _vnd(media_type), _vnd(media_type))


PROFILES = Operation("profiles", "GET", "/v2/profiles", "application/json", None)
LIST_CAMPAIGNS = _list("campaigns", "spCampaign.v3")
LIST_AD_GROUPS = _list("adGroups", "spAdGroup.v3")
LIST_PRODUCT_ADS = _list("productAds", "spProductAd.v3")
LIST_KEYWORDS = _list("keywords", "spKeyword.v3")
LIST_TARGETS = _list("targets", "spTargetingClause.v3")
LIST_NEGATIVE_KEYWORDS = _list("negativeKeywords", "spNegativeKeyword.v3")
LIST_NEGATIVE_TARGETS = _list("negativeTargets", "spNegativeTargetingClause.v3")
LIST_CAMPAIGN_NEGATIVE_KEYWORDS = _list("campaignNegativeKeywords", "spCampaignNegativeKeyword.v3")
LIST_CAMPAIGN_NEGATIVE_TARGETS = _list("campaignNegativeTargets", "spCampaignNegativeTargetingClause.v3")
# Promotion groups speak v1: the shape of Amazon's guide, and the only one that recommendations has.
LIST_GROUPS = _list("targetPromotionGroups", "sptargetpromotiongroup.v1")
LIST_GROUP_TARGETS = _list("targetPromotionGroups/targets", "sptargetpromotiongrouptarget.v1")
RECOMMENDATIONS = Operation(
    "targetPromotionGroups/recommendations",
    "POST",
    "/sp/targetPromotionGroups/recommendations",
    _vnd("spTargetPromotionGroupsRecommendations.v1"),
    _vnd("spTargetPromotionGroupsRecommendations.v1"),
)
SUGGEST_BIDS = Operation(
    "targets/bid/recommendations",
    "POST",
    "/sp/targets/bid/recommendations",
    _vnd("spthemebasedbidrecommendation.v4"),
    _vnd("spthemebasedbidrecommendation.v4"),
)
_CATEGORIES = _vnd("spproducttargetingresponse.v5")
CATEGORY_TREE = Operation("targets/categories", "GET", "/sp/targets/categories", _CATEGORIES, None)
SUGGEST_CATEGORIES = Operation(
    "targets/categories/recommendations",
    "POST",
    "/sp/targets/categories/recommendations",
    _CATEGORIES,
    _vnd("spproducttargeting.v3"),
)
COUNT_PRODUCTS = Operation(
    "targets/products/count",
    "POST",
    "/sp/targets/products/count",
    _vnd("spproducttargetingresponse.v3"),
    _vnd("spproducttargeting.v3"),
)


def refinements_of(category_id: str) -> Operation:
    """One budget, whatever the category."""
    path = f"/sp/targets/category/{quote(category_id, safe='')}/refinements"
    return Operation("targets/category/refinements", "GET", path, _vnd("spproducttargetingresponse.v4"), None)


# The form of the answer is chosen by Accept.
PRODUCTS_BY_ASIN, PRODUCTS_BY_THEME = (
    Operation(
        "targets/products/recommendations",
        "POST",
        "/sp/targets/products/recommendations",
        _vnd(f"spproductrecommendationresponse.{form}.v3"),
        _vnd("spproductrecommendation.v3"),
    )
    for form in ("asins", "themes")
)
SEARCH_BRANDS = Operation(
    "negativeTargets/brands/search",
    "POST",
    "/sp/negativeTargets/brands/search",
    _vnd("spproducttargetingresponse.v3"),
    _vnd("spproducttargeting.v3"),
)
RECOMMENDED_BRANDS = Operation(
    "negativeTargets/brands/recommendations",
    "GET",
    "/sp/negativeTargets/brands/recommendations",
    _vnd("spproducttargetingresponse.v3"),
    None,
)
ASK_REPORT = Operation(
    "reports",
    "POST",
    "/reporting/reports",
    _vnd("createasyncreportresponse.v3"),
    _vnd("createasyncreportrequest.v3"),
)


def report_of(report_id: str) -> Operation:
    """One budget, whatever the report."""
    path = f"/reporting/reports/{quote(report_id, safe='')}"
    return Operation("reports/status", "GET", path, _vnd("getasyncreportresponse.v3"), None)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One login at its host: what all its requests share."""

    url: str
    """Base address, no slash at the end."""
    client_id: str
    bearer: Bearer

    def request(self, operation: Operation, caller: Caller, body: Mapping[str, object] | None = None) -> Request:
        """`caller.profile_id` becomes the scope; the profiles call has none."""
        headers = {"Accept": operation.accept, "Amazon-Advertising-API-ClientId": self.client_id}
        if caller.profile_id is not None:
            headers["Amazon-Advertising-API-Scope"] = caller.profile_id
        if operation.content_type is not None:
            headers["Content-Type"] = operation.content_type
        base = urlsplit(self.url)
        return Request(
            method=operation.method,
            url=self.url + operation.path,
            path=base.path + operation.path,
            headers=headers,
            body=None if body is None else msgspec.json.encode(body),
            caller=caller,
            budget=Budget(f"{base.netloc} {self.client_id}", caller.profile_id or "", operation.name),
            bearer=self.bearer,
        )


def ids(values: object) -> dict[str, object]:
    """An id or state filter."""
    return {"include": values}
