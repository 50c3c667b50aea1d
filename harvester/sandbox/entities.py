"""The operations on v3 entities: campaigns, ad groups, ads, keywords, targets and the four kinds of negatives."""

from collections.abc import Iterator
from dataclasses import dataclass

from harvester.sandbox import entity_checks as check
from harvester.sandbox import entity_shapes as shape
from harvester.sandbox import writes
from harvester.sandbox.calls import Handler, Operation, Version
from harvester.sandbox.lists import Listing
from harvester.sandbox.market import Kind
from harvester.sandbox.shapes import Shape
from harvester.sandbox.wire import Family
from harvester.sandbox.writes import Check, Names

_PARENT_IDS = {"campaignIdFilter": "campaignId", "adGroupIdFilter": "adGroupId"}
_CAMPAIGN_ID = {"campaignIdFilter": "campaignId"}


@dataclass(frozen=True, slots=True)
class _Resource:
    """One path below /sp and what may be done there; None: not."""

    path: str
    media: str
    names: Names
    list_shape: Shape
    ids: dict[str, str]
    texts: dict[str, str]
    create: tuple[Shape, Check] | None = None
    update: tuple[Shape, Check] | None = None
    deletes: bool = True

    def operations(self) -> Iterator[Operation]:
        listing = Listing(self.names.kind, self.names.key, self.ids, self.texts)
        yield self._operation("POST", "/list", self.list_shape, listing, reads=True)
        if self.create:
            yield self._operation("POST", "", self.create[0], writes.create(self.names, self.create[1]))
        if self.update:
            yield self._operation("PUT", "", self.update[0], writes.update(self.names, self.update[1]))
        if self.deletes:
            delete_shape = shape.delete(self.names.delete_filter)
            yield self._operation("POST", "/delete", delete_shape, writes.archive(self.names))

    def _operation(self, method: str, tail: str, body: Shape, handler: Handler, *, reads: bool = False) -> Operation:
        return Operation(
            method=method,
            path=f"/sp/{self.path}{tail}",
            family=Family.ENTITIES,
            versions=(Version(3, f"application/vnd.{self.media}.v3+json", body),),
            handler=handler,
            status=200 if reads else 207,
            body_required=not reads,
            writes=not reads,
            prefers=not reads and tail == "",
        )


_RESOURCES = (
    _Resource(
        "campaigns",
        "spCampaign",
        Names(Kind.CAMPAIGN, "campaigns", "campaignId", "campaign", "campaignIdFilter"),
        shape.CAMPAIGN_LIST,
        _CAMPAIGN_ID,
        {"nameFilter": "name"},
        update=(shape.CAMPAIGN_UPDATE, check.campaign_change),
    ),
    _Resource(
        "adGroups",
        "spAdGroup",
        Names(Kind.AD_GROUP, "adGroups", "adGroupId", "adGroup", "adGroupIdFilter"),
        shape.AD_GROUP_LIST,
        _PARENT_IDS,
        {"nameFilter": "name"},
        update=(shape.AD_GROUP_UPDATE, check.ad_group_change),
        deletes=False,
    ),
    _Resource(
        "productAds",
        "spProductAd",
        Names(Kind.PRODUCT_AD, "productAds", "adId", "productAd", "adIdFilter"),
        shape.PRODUCT_AD_LIST,
        {**_PARENT_IDS, "adIdFilter": "adId"},
        {},
        deletes=False,
    ),
    _Resource(
        "keywords",
        "spKeyword",
        Names(Kind.KEYWORD, "keywords", "keywordId", "keyword", "keywordIdFilter"),
        shape.KEYWORD_LIST,
        {**_PARENT_IDS, "keywordIdFilter": "keywordId"},
        {"keywordTextFilter": "keywordText"},
        create=(shape.KEYWORD_CREATE, check.new_keyword),
        update=(shape.KEYWORD_UPDATE, check.keyword_change),
    ),
    _Resource(
        "targets",
        "spTargetingClause",
        Names(Kind.TARGET, "targetingClauses", "targetId", "targetingClause", "targetIdFilter"),
        shape.TARGET_LIST,
        {**_PARENT_IDS, "targetIdFilter": "targetId"},
        {"asinFilter": "expression"},
        create=(shape.TARGET_CREATE, check.new_target),
        update=(shape.TARGET_UPDATE, check.target_change),
    ),
    _Resource(
        "negativeKeywords",
        "spNegativeKeyword",
        Names(
            Kind.NEGATIVE_KEYWORD, "negativeKeywords", "negativeKeywordId", "negativeKeyword", "negativeKeywordIdFilter"
        ),
        shape.NEGATIVE_KEYWORD_LIST,
        {**_PARENT_IDS, "negativeKeywordIdFilter": "keywordId"},
        {"negativeKeywordTextFilter": "keywordText"},
        create=(shape.NEGATIVE_KEYWORD_CREATE, check.new_negative_keyword),
        update=(shape.NEGATIVE_KEYWORD_UPDATE, check.negative_keyword_change),
    ),
    _Resource(
        "campaignNegativeKeywords",
        "spCampaignNegativeKeyword",
        Names(
            Kind.CAMPAIGN_NEGATIVE_KEYWORD,
            "campaignNegativeKeywords",
            "campaignNegativeKeywordId",
            "campaignNegativeKeyword",
            "campaignNegativeKeywordIdFilter",
        ),
        shape.CAMPAIGN_NEGATIVE_KEYWORD_LIST,
        {**_CAMPAIGN_ID, "campaignNegativeKeywordIdFilter": "keywordId"},
        {"campaignNegativeKeywordTextFilter": "keywordText"},
        create=(shape.CAMPAIGN_NEGATIVE_KEYWORD_CREATE, check.new_campaign_negative_keyword),
        update=(shape.CAMPAIGN_NEGATIVE_KEYWORD_UPDATE, check.negative_keyword_change),
    ),
    _Resource(
        "negativeTargets",
        "spNegativeTargetingClause",
        Names(
            Kind.NEGATIVE_TARGET,
            "negativeTargetingClauses",
            "targetId",
            "negativeTargetingClause",
            "negativeTargetIdFilter",
        ),
        shape.NEGATIVE_TARGET_LIST,
        {**_PARENT_IDS, "negativeTargetIdFilter": "targetId"},
        {"asinFilter": "expression"},
        create=(shape.NEGATIVE_TARGET_CREATE, check.new_negative_target),
        update=(shape.NEGATIVE_TARGET_UPDATE, check.negative_target_change),
    ),
    _Resource(
        "campaignNegativeTargets",
        "spCampaignNegativeTargetingClause",
        Names(
            Kind.CAMPAIGN_NEGATIVE_TARGET,
            "campaignNegativeTargetingClauses",
            "campaignNegativeTargetingClauseId",
            "campaignNegativeTargetingClauses",
            "campaignNegativeTargetIdFilter",
        ),
        shape.CAMPAIGN_NEGATIVE_TARGET_LIST,
        {**_CAMPAIGN_ID, "campaignNegativeTargetIdFilter": "targetId"},
        {"asinFilter": "expression"},
        create=(shape.CAMPAIGN_NEGATIVE_TARGET_CREATE, check.new_campaign_negative_target),
        update=(shape.CAMPAIGN_NEGATIVE_TARGET_UPDATE, check.negative_target_change),
    ),
)

OPERATIONS = tuple(operation for resource in _RESOURCES for operation in resource.operations())
