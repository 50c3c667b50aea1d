"""Every call that the reading client can make, with its media types to the letter."""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harvester.adapters.ads.client import AmazonLogin
from harvester.adapters.ads.reader import AmazonReader
from harvester.domain.ids import RunId
from tests.unit.adapters.loopback import PROFILE

PARENTS = [str(10**14 + number) for number in range(1000)]
"""As many as one filter of the promotion group family takes, and ten filters of an entity list."""
_NOT_ARCHIVED = {"stateFilter": {"include": ["ENABLED", "PAUSED"]}}
_FULL = {"maxResults": 1000}


@dataclass(frozen=True)
class ReadingCall:
    path: str
    media_type: str
    """Of the request and of the answer asked for."""
    make: Callable[[AmazonReader], AsyncIterator[Any]]
    fixed: Mapping[str, Any] = field(default_factory=lambda: _NOT_ARCHIVED)
    parent_filter: str | None = None
    most_parents: int = 100


CALLS = [
    ReadingCall("/sp/campaigns/list", "application/vnd.spCampaign.v3+json", lambda reader: reader.campaigns()),
    ReadingCall("/sp/adGroups/list", "application/vnd.spAdGroup.v3+json", lambda reader: reader.ad_groups()),
    ReadingCall("/sp/productAds/list", "application/vnd.spProductAd.v3+json", lambda reader: reader.product_ads()),
    ReadingCall(
        "/sp/keywords/list",
        "application/vnd.spKeyword.v3+json",
        lambda reader: reader.keywords(PARENTS),
        parent_filter="adGroupIdFilter",
    ),
    ReadingCall(
        "/sp/targets/list",
        "application/vnd.spTargetingClause.v3+json",
        lambda reader: reader.targets(PARENTS),
        parent_filter="adGroupIdFilter",
    ),
    ReadingCall(
        "/sp/negativeKeywords/list",
        "application/vnd.spNegativeKeyword.v3+json",
        lambda reader: reader.negative_keywords(PARENTS),
        parent_filter="adGroupIdFilter",
    ),
    ReadingCall(
        "/sp/negativeTargets/list",
        "application/vnd.spNegativeTargetingClause.v3+json",
        lambda reader: reader.negative_targets(PARENTS),
        parent_filter="adGroupIdFilter",
    ),
    ReadingCall(
        "/sp/campaignNegativeKeywords/list",
        "application/vnd.spCampaignNegativeKeyword.v3+json",
        lambda reader: reader.campaign_negative_keywords(PARENTS),
        parent_filter="campaignIdFilter",
    ),
    ReadingCall(
        "/sp/campaignNegativeTargets/list",
        "application/vnd.spCampaignNegativeTargetingClause.v3+json",
        lambda reader: reader.campaign_negative_targets(PARENTS),
        parent_filter="campaignIdFilter",
    ),
    ReadingCall(
        "/sp/targetPromotionGroups/list",
        "application/vnd.sptargetpromotiongroup.v1+json",
        lambda reader: reader.promotion_groups(PARENTS),
        _FULL,
        "adGroupIdFilter",
        1000,
    ),
    ReadingCall(
        "/sp/targetPromotionGroups/targets/list",
        "application/vnd.sptargetpromotiongrouptarget.v1+json",
        lambda reader: reader.group_targets(PARENTS),
        _FULL,
        "targetPromotionGroupIdFilter",
        1000,
    ),
    ReadingCall(
        "/sp/targetPromotionGroups/recommendations",
        "application/vnd.spTargetPromotionGroupsRecommendations.v1+json",
        lambda reader: reader.promotion.pages(PARENTS, None),
        _FULL,
        "adGroupIdFilter",
        1000,
    ),
]
PROFILES_PATH = "/v2/profiles"
SINGLE_PATHS = {"/sp/targets/bid/recommendations", "/sp/targets/categories/recommendations"}
"""Of calls that are no lists: each has a test of its own."""


def open_reader(login: AmazonLogin) -> AmazonReader:
    return login.reader(PROFILE, RunId("r1"))
