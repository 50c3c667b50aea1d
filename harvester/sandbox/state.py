"""The whole account as JSON, for tests that compare it with what a client believes."""

import math

from harvester.sandbox.market import Kind, Market
from harvester.sandbox.wire import Json
from harvester.sandbox.world import World, profile_body

_KEYS = {
    Kind.CAMPAIGN: "campaigns",
    Kind.AD_GROUP: "adGroups",
    Kind.PRODUCT_AD: "productAds",
    Kind.KEYWORD: "keywords",
    Kind.TARGET: "targets",
    Kind.NEGATIVE_KEYWORD: "negativeKeywords",
    Kind.NEGATIVE_TARGET: "negativeTargets",
    Kind.CAMPAIGN_NEGATIVE_KEYWORD: "campaignNegativeKeywords",
    Kind.CAMPAIGN_NEGATIVE_TARGET: "campaignNegativeTargets",
    Kind.GROUP: "groups",
    Kind.GROUP_TARGET: "groupTargets",
}


def state_of(world: World, only: str | None, now: float = math.inf) -> Json:
    """`now`: what reports have come to by then. Raises ValueError for an unknown profile."""
    if only is not None and only not in world.profiles:
        raise ValueError(f"There is no profile {only}")
    wanted = world.profiles if only is None else [only]
    return {"profiles": {profile_id: _market_state(world.market(profile_id), now) for profile_id in wanted}}


def _market_state(market: Market, now: float) -> Json:
    profile = market.profile
    return {
        "profile": profile_body(profile),
        "account": profile.account,
        "region": profile.marketplace.region,
        "access": market.access,
        "recommendations": market.recommendations.total,
        "adAsins": market.ad_asins,
        "reports": [
            {"reportId": one.report_id, "status": one.status(now), **one.asked} for one in market.reports.values()
        ],
        **{key: list(market.bodies(kind)) for kind, key in _KEYS.items()},
    }
