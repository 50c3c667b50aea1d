"""Every call that changes an account, built by the planner's own code, with its media type to the letter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harvester.domain.action import ActionKind
from harvester.domain.category import CategoryTarget, Range
from harvester.domain.ids import ActionId
from harvester.domain.plan import PlannedAction
from harvester.domain.target import Level, Match
from harvester.rules.fragments import (
    category_target,
    compact,
    group_target,
    negative_brand,
    negative_keyword,
    negative_product,
    product_target,
)
from harvester.rules.requests import Request, requests
from tests.unit.rules.builders import item

ODD_TEXT = 'Größe 42" 毛巾 \\ déco'
_NEW = {
    "namePrefix": "Harvest",
    "defaultBid": Decimal("0.75"),
    "budget": {"budget": Decimal("25.00"), "budgetType": "DAILY"},
    "dynamicBidding": {"strategy": "AUTO_FOR_SALES"},
}


@dataclass(frozen=True)
class WritingCall:
    name: str
    method: str
    path: str
    media_type: str
    """Of Content-Type and Accept."""
    body: str
    items: Sequence[PlannedAction]

    def request(self) -> Request:
        return the_request(*self.items)


def the_request(*items: PlannedAction) -> Request:
    """The one call that carries these items."""
    (request,) = requests((ActionId(f"a{at}"), each) for at, each in enumerate(items, start=1))
    return request


def _group(body: Mapping[str, Any]) -> PlannedAction:
    return item(ActionKind.CREATE_GROUP, group_id="", fragment=compact(body))


def _negative(kind: ActionKind, level: Level, fragment: str) -> PlannedAction:
    return item(kind, level=level, group_id="", bid=None, fragment=fragment)


def _stop(kind: ActionKind, fragment: object, level: Level | None = None) -> PlannedAction:
    return item(kind, level=level, group_id="", bid=None, fragment=compact(fragment))


def _target(kind: ActionKind, fragment: str) -> PlannedAction:
    return item(kind, group_id="", fragment=fragment)


NARROWED = CategoryTarget(
    category="16225007011",
    brand="18681839011",
    age_range="7",
    genre="8",
    price=Range(Decimal("9.50"), Decimal(20)),
    rating=Range(most=Decimal(3)),
    prime=True,
)
_KEYWORD, _PRODUCT = ActionKind.NEGATE_KEYWORD, ActionKind.NEGATE_PRODUCT
_BRAND, _LIFT_BRAND = ActionKind.NEGATE_BRAND, ActionKind.ARCHIVE_NEGATIVE_BRAND
_LIFT_KEYWORD, _LIFT_PRODUCT = ActionKind.ARCHIVE_NEGATIVE_KEYWORD, ActionKind.ARCHIVE_NEGATIVE_PRODUCT

CALLS = [
    WritingCall(
        "group of existing ad groups",
        "POST",
        "/sp/targetPromotionGroups",
        "application/vnd.sptargetpromotiongroup.v1+json",
        '{"adGroupId":"200","existingCampaignDetails":{"keywordCampaignAdGroupIds":["400"],'
        '"productCampaignAdGroupIds":["500"]}}',
        [
            _group(
                {
                    "adGroupId": "200",
                    "existingCampaignDetails": {
                        "keywordCampaignAdGroupIds": ["400"],
                        "productCampaignAdGroupIds": ["500"],
                    },
                }
            )
        ],
    ),
    WritingCall(
        "group of new campaigns",
        "POST",
        "/sp/targetPromotionGroups",
        "application/vnd.sptargetpromotiongroup.v1+json",
        '{"adGroupId":"200","newCampaignDetails":{"namePrefix":"Harvest","defaultBid":0.75,'
        '"budget":{"budget":25.00,"budgetType":"DAILY"},"dynamicBidding":{"strategy":"AUTO_FOR_SALES"}}}',
        [_group({"adGroupId": "200", "newCampaignDetails": _NEW})],
    ),
    WritingCall(
        "targets of a group",
        "POST",
        "/sp/targetPromotionGroups/targets",
        "application/vnd.sptargetpromotiongrouptarget.v1+json",
        '{"targetPromotionGroupId":"g1","targets":['
        '{"target":"Größe 42\\" 毛巾 \\\\ déco","expressionType":"QUERY_PHRASE_MATCHES","bid":0.80},'
        '{"target":"B000000001","expressionType":"ASIN_EXPANDED_FROM","bid":1.10}]}',
        [
            item(fragment=group_target(ODD_TEXT, Match.PHRASE, Decimal("0.80"))),
            item(ActionKind.PROMOTE_PRODUCT, fragment=group_target("B000000001", Match.EXPANDED, Decimal("1.10"))),
        ],
    ),
    WritingCall(
        "negative keywords",
        "POST",
        "/sp/negativeKeywords",
        "application/vnd.spNegativeKeyword.v3+json",
        '{"negativeKeywords":[{"campaignId":"100","adGroupId":"200","keywordText":"bath towel",'
        '"matchType":"NEGATIVE_EXACT","state":"ENABLED"},{"campaignId":"100","adGroupId":"200",'
        '"keywordText":"rug","matchType":"NEGATIVE_PHRASE","state":"ENABLED"}]}',
        [
            _negative(_KEYWORD, Level.AD_GROUP, negative_keyword("bath towel", Match.EXACT, "100", "200")),
            _negative(_KEYWORD, Level.AD_GROUP, negative_keyword("rug", Match.PHRASE, "100", "200")),
        ],
    ),
    WritingCall(
        "negative keywords of a campaign",
        "POST",
        "/sp/campaignNegativeKeywords",
        "application/vnd.spCampaignNegativeKeyword.v3+json",
        '{"campaignNegativeKeywords":[{"campaignId":"100","keywordText":"bath towel",'
        '"matchType":"NEGATIVE_EXACT","state":"ENABLED"}]}',
        [_negative(_KEYWORD, Level.CAMPAIGN, negative_keyword("bath towel", Match.EXACT, "100", None))],
    ),
    WritingCall(
        "negative products",
        "POST",
        "/sp/negativeTargets",
        "application/vnd.spNegativeTargetingClause.v3+json",
        '{"negativeTargetingClauses":[{"campaignId":"100","adGroupId":"200",'
        '"expression":[{"type":"ASIN_SAME_AS","value":"B000000001"}],"state":"ENABLED"}]}',
        [_negative(_PRODUCT, Level.AD_GROUP, negative_product("B000000001", "100", "200"))],
    ),
    WritingCall(
        "negative products of a campaign",
        "POST",
        "/sp/campaignNegativeTargets",
        "application/vnd.spCampaignNegativeTargetingClause.v3+json",
        '{"campaignNegativeTargetingClauses":[{"campaignId":"100",'
        '"expression":[{"type":"ASIN_SAME_AS","value":"B000000001"}],"state":"ENABLED"}]}',
        [_negative(_PRODUCT, Level.CAMPAIGN, negative_product("B000000001", "100", None))],
    ),
    WritingCall(
        "targets without a group",
        "POST",
        "/sp/targets",
        "application/vnd.spTargetingClause.v3+json",
        '{"targetingClauses":[{"campaignId":"100","adGroupId":"200","expression":[{"type":"ASIN_SAME_AS",'
        '"value":"B000000001"}],"expressionType":"MANUAL","state":"ENABLED","bid":0.75},{"campaignId":"100",'
        '"adGroupId":"200","expression":[{"type":"ASIN_EXPANDED_FROM","value":"B000000001"}],'
        '"expressionType":"MANUAL","state":"ENABLED","bid":1.10}]}',
        [
            _target(ActionKind.TARGET_PRODUCT, product_target("B000000001", Match.SAME, "100", "200", Decimal("0.75"))),
            _target(
                ActionKind.TARGET_PRODUCT, product_target("B000000001", Match.EXPANDED, "100", "200", Decimal("1.10"))
            ),
        ],
    ),
    WritingCall(
        "category targets",
        "POST",
        "/sp/targets",
        "application/vnd.spTargetingClause.v3+json",
        '{"targetingClauses":[{"campaignId":"100","adGroupId":"200","expression":['
        '{"type":"ASIN_CATEGORY_SAME_AS","value":"16225007011"},{"type":"ASIN_BRAND_SAME_AS","value":"18681839011"},'
        '{"type":"ASIN_AGE_RANGE_SAME_AS","value":"7"},{"type":"ASIN_GENRE_SAME_AS","value":"8"},'
        '{"type":"ASIN_PRICE_BETWEEN","value":"9.5-20"},{"type":"ASIN_REVIEW_RATING_LESS_THAN","value":"3"},'
        '{"type":"ASIN_IS_PRIME_SHIPPING_ELIGIBLE","value":"true"}],'
        '"expressionType":"MANUAL","state":"ENABLED","bid":0.75}]}',
        [_target(ActionKind.TARGET_CATEGORY, category_target(NARROWED, "100", "200", Decimal("0.75")))],
    ),
    WritingCall(
        "negative brands beside products",
        "POST",
        "/sp/negativeTargets",
        "application/vnd.spNegativeTargetingClause.v3+json",
        '{"negativeTargetingClauses":[{"campaignId":"100","adGroupId":"200",'
        '"expression":[{"type":"ASIN_SAME_AS","value":"B000000001"}],"state":"ENABLED"},'
        '{"campaignId":"100","adGroupId":"200",'
        '"expression":[{"type":"ASIN_BRAND_SAME_AS","value":"18681839011"}],"state":"ENABLED"}]}',
        [
            _negative(_PRODUCT, Level.AD_GROUP, negative_product("B000000001", "100", "200")),
            _negative(_BRAND, Level.AD_GROUP, negative_brand("18681839011", "100", "200")),
        ],
    ),
    WritingCall(
        "negative brands of a campaign",
        "POST",
        "/sp/campaignNegativeTargets",
        "application/vnd.spCampaignNegativeTargetingClause.v3+json",
        '{"campaignNegativeTargetingClauses":[{"campaignId":"100",'
        '"expression":[{"type":"ASIN_BRAND_SAME_AS","value":"18681839011"}],"state":"ENABLED"}]}',
        [_negative(_BRAND, Level.CAMPAIGN, negative_brand("18681839011", "100", None))],
    ),
    WritingCall(
        "paused keywords",
        "PUT",
        "/sp/keywords",
        "application/vnd.spKeyword.v3+json",
        '{"keywords":[{"keywordId":"7","state":"PAUSED"},{"keywordId":"8","state":"PAUSED"}]}',
        [_stop(ActionKind.PAUSE_KEYWORD, {"keywordId": each, "state": "PAUSED"}) for each in ("7", "8")],
    ),
    WritingCall(
        "paused targets",
        "PUT",
        "/sp/targets",
        "application/vnd.spTargetingClause.v3+json",
        '{"targetingClauses":[{"targetId":"7","state":"PAUSED"}]}',
        [_stop(ActionKind.PAUSE_TARGET, {"targetId": "7", "state": "PAUSED"})],
    ),
    WritingCall(
        "paused campaigns",
        "PUT",
        "/sp/campaigns",
        "application/vnd.spCampaign.v3+json",
        '{"campaigns":[{"campaignId":"300","state":"PAUSED"}]}',
        [_stop(ActionKind.PAUSE_CAMPAIGN, {"campaignId": "300", "state": "PAUSED"})],
    ),
    WritingCall(
        "lifted negative keywords",
        "POST",
        "/sp/negativeKeywords/delete",
        "application/vnd.spNegativeKeyword.v3+json",
        '{"negativeKeywordIdFilter":{"include":["7","8"]}}',
        [_stop(_LIFT_KEYWORD, each, Level.AD_GROUP) for each in ("7", "8")],
    ),
    WritingCall(
        "lifted negative keywords of a campaign",
        "POST",
        "/sp/campaignNegativeKeywords/delete",
        "application/vnd.spCampaignNegativeKeyword.v3+json",
        '{"campaignNegativeKeywordIdFilter":{"include":["7"]}}',
        [_stop(_LIFT_KEYWORD, "7", Level.CAMPAIGN)],
    ),
    WritingCall(
        "lifted negative products",
        "POST",
        "/sp/negativeTargets/delete",
        "application/vnd.spNegativeTargetingClause.v3+json",
        '{"negativeTargetIdFilter":{"include":["7","8"]}}',
        [_stop(_LIFT_PRODUCT, "7", Level.AD_GROUP), _stop(_LIFT_BRAND, "8", Level.AD_GROUP)],
    ),
    WritingCall(
        "lifted negative products of a campaign",
        "POST",
        "/sp/campaignNegativeTargets/delete",
        "application/vnd.spCampaignNegativeTargetingClause.v3+json",
        '{"campaignNegativeTargetIdFilter":{"include":["7"]}}',
        [_stop(_LIFT_PRODUCT, "7", Level.CAMPAIGN)],
    ),
]
