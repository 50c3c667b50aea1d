"""The calls that would carry a plan's items: fixed envelopes around their fragments, in plan order."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from harvester.domain.action import ActionKind
from harvester.domain.ids import ActionId
from harvester.domain.target import Level
from harvester.rules.fragments import compact

MOST_ITEMS = 1000
"""Of one call; all creating operations (official specification)."""


@dataclass(frozen=True, slots=True)
class Operation:
    path: str
    media_type: str
    key: str
    """Of the array in the body; empty: the fragment is the body."""
    method: str = "POST"
    by_id: bool = False
    """The body is a filter of ids, and a fragment is one id."""


GROUPS = Operation("/sp/targetPromotionGroups", "application/vnd.sptargetpromotiongroup.v1+json", "")
GROUP_TARGETS = Operation(
    "/sp/targetPromotionGroups/targets", "application/vnd.sptargetpromotiongrouptarget.v1+json", "targets"
)
NEGATIVE_KEYWORDS = Operation("/sp/negativeKeywords", "application/vnd.spNegativeKeyword.v3+json", "negativeKeywords")
NEGATIVE_PRODUCTS = Operation(
    "/sp/negativeTargets", "application/vnd.spNegativeTargetingClause.v3+json", "negativeTargetingClauses"
)
CAMPAIGN_NEGATIVE_KEYWORDS = Operation(
    "/sp/campaignNegativeKeywords", "application/vnd.spCampaignNegativeKeyword.v3+json", "campaignNegativeKeywords"
)
CAMPAIGN_NEGATIVE_PRODUCTS = Operation(
    "/sp/campaignNegativeTargets",
    "application/vnd.spCampaignNegativeTargetingClause.v3+json",
    "campaignNegativeTargetingClauses",
)
TARGETS = Operation("/sp/targets", "application/vnd.spTargetingClause.v3+json", "targetingClauses")
PAUSED_KEYWORDS = Operation("/sp/keywords", "application/vnd.spKeyword.v3+json", "keywords", "PUT")
PAUSED_TARGETS = Operation("/sp/targets", "application/vnd.spTargetingClause.v3+json", "targetingClauses", "PUT")
PAUSED_CAMPAIGNS = Operation("/sp/campaigns", "application/vnd.spCampaign.v3+json", "campaigns", "PUT")
LIFTED_KEYWORDS = Operation(
    "/sp/negativeKeywords/delete", NEGATIVE_KEYWORDS.media_type, "negativeKeywordIdFilter", by_id=True
)
LIFTED_PRODUCTS = Operation(
    "/sp/negativeTargets/delete", NEGATIVE_PRODUCTS.media_type, "negativeTargetIdFilter", by_id=True
)
LIFTED_CAMPAIGN_KEYWORDS = Operation(
    "/sp/campaignNegativeKeywords/delete",
    CAMPAIGN_NEGATIVE_KEYWORDS.media_type,
    "campaignNegativeKeywordIdFilter",
    by_id=True,
)
LIFTED_CAMPAIGN_PRODUCTS = Operation(
    "/sp/campaignNegativeTargets/delete",
    CAMPAIGN_NEGATIVE_PRODUCTS.media_type,
    "campaignNegativeTargetIdFilter",
    by_id=True,
)


class Sendable(Protocol):
    """What of an item decides which call carries it; a `PlannedAction` is one."""

    @property
    def kind(self) -> ActionKind: ...
    @property
    def level(self) -> Level | None: ...
    @property
    def group_id(self) -> str: ...
    @property
    def source_ad_group_id(self) -> str: ...
    @property
    def fragment(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Request:
    """One call. `body` is exact, but for the marked placeholder of a group that does not exist yet."""

    method: str
    path: str
    media_type: str
    """Of Content-Type and Accept."""
    body: str
    action_ids: tuple[ActionId, ...]
    """In the order of the items in the body."""


@dataclass
class _Batch:
    operation: Operation
    group_id: str
    items: list[tuple[ActionId, str]] = field(default_factory=list)

    def request(self) -> Request:
        body = envelope(self.operation, self.group_id, (fragment for _, fragment in self.items))
        ids = tuple(action_id for action_id, _ in self.items)
        return Request(self.operation.method, self.operation.path, self.operation.media_type, body, ids)


def operation_of(kind: ActionKind, level: Level | None) -> Operation:
    campaign = level is Level.CAMPAIGN
    match kind:
        case ActionKind.CREATE_GROUP:
            return GROUPS
        case ActionKind.PROMOTE_KEYWORD | ActionKind.PROMOTE_PRODUCT:
            return GROUP_TARGETS
        case ActionKind.TARGET_PRODUCT | ActionKind.TARGET_CATEGORY:
            return TARGETS
        case ActionKind.NEGATE_KEYWORD:
            return CAMPAIGN_NEGATIVE_KEYWORDS if campaign else NEGATIVE_KEYWORDS
        case ActionKind.NEGATE_PRODUCT | ActionKind.NEGATE_BRAND:
            return CAMPAIGN_NEGATIVE_PRODUCTS if campaign else NEGATIVE_PRODUCTS
        case ActionKind.ARCHIVE_NEGATIVE_KEYWORD:
            return LIFTED_CAMPAIGN_KEYWORDS if campaign else LIFTED_KEYWORDS
        case ActionKind.ARCHIVE_NEGATIVE_PRODUCT | ActionKind.ARCHIVE_NEGATIVE_BRAND:
            return LIFTED_CAMPAIGN_PRODUCTS if campaign else LIFTED_PRODUCTS
        case ActionKind.PAUSE_KEYWORD:
            return PAUSED_KEYWORDS
        case ActionKind.PAUSE_TARGET:
            return PAUSED_TARGETS
        case ActionKind.PAUSE_CAMPAIGN:
            return PAUSED_CAMPAIGNS
        case _:
            assert_never(kind)


def envelope(operation: Operation, group_id: str, fragments: Iterable[str]) -> str:
    """The body of one call: its fixed part around the items' fragments, which stay as they are."""
    items = ",".join(fragments)
    if not operation.key:
        return items
    if operation.by_id:
        return f'{{"{operation.key}":{{"include":[{items}]}}}}'
    head = f'"targetPromotionGroupId":{compact(group_id)},' if operation is GROUP_TARGETS else ""
    return f'{{{head}"{operation.key}":[{items}]}}'


def requests(items: Iterable[tuple[ActionId, Sendable]]) -> Iterator[Request]:
    """Of items in plan order; a call comes when it is full, the rest in order of their first item."""
    makers: dict[str, ActionId] = {}
    batches: dict[tuple[str, str, str], _Batch] = {}
    for action_id, item in items:
        operation = operation_of(item.kind, item.level)
        if item.kind is ActionKind.CREATE_GROUP:
            makers[item.source_ad_group_id] = action_id
            yield _Batch(operation, "", [(action_id, item.fragment)]).request()
            continue
        group = _group_of(item, makers) if item.kind.goes_through_group else ""
        batch = batches.setdefault((operation.method, operation.path, group), _Batch(operation, group))
        batch.items.append((action_id, item.fragment))
        if len(batch.items) == MOST_ITEMS:
            yield batches.pop((operation.method, operation.path, group)).request()
    for batch in batches.values():
        yield batch.request()


def _group_of(item: Sendable, makers: dict[str, ActionId]) -> str:
    if item.group_id:
        return item.group_id
    maker = makers.get(item.source_ad_group_id)
    if maker is None:
        return f"{{group of ad group {item.source_ad_group_id}}}"
    return f"{{group created by item {maker}}}"
