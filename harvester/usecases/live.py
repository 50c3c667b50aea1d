"""What an account holds now, at the places that some actions touch."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field

from harvester.domain.action import ActionKind, Standing
from harvester.domain.profile import PromotionGroup, StandingNegative, StandingTarget
from harvester.domain.target import Level, Match, TargetKind, asin_of, fold
from harvester.ports import AccountReader
from harvester.usecases.account_map import AccountMap, read_account
from harvester.usecases.together import together

_KEYWORDS = frozenset({ActionKind.PROMOTE_KEYWORD, ActionKind.PAUSE_KEYWORD})
_PRODUCTS = frozenset({ActionKind.PROMOTE_PRODUCT, ActionKind.PAUSE_TARGET})
_NEGATIVE_KEYWORDS = frozenset({ActionKind.NEGATE_KEYWORD, ActionKind.ARCHIVE_NEGATIVE_KEYWORD})
_NEGATIVE_PRODUCTS = frozenset({ActionKind.NEGATE_PRODUCT, ActionKind.ARCHIVE_NEGATIVE_PRODUCT})


@dataclass
class Live:
    """Everything here is enabled or paused; what is archived is not there."""

    account: AccountMap
    groups: dict[str, list[PromotionGroup]] = field(default_factory=lambda: defaultdict(list))
    """By source ad group."""
    targets: dict[str, list[StandingTarget]] = field(default_factory=lambda: defaultdict(list))
    """By ad group."""
    negatives: dict[str, list[StandingNegative]] = field(default_factory=lambda: defaultdict(list))
    """By ad group."""
    campaign_negatives: dict[str, list[StandingNegative]] = field(default_factory=lambda: defaultdict(list))
    """By campaign."""

    def destination(self, action: Standing) -> str:
        """The ad group that an action changes; empty while its group does not exist."""
        if action.ad_group_id or not action.kind.is_promotion:
            return action.ad_group_id
        for group in self.groups[action.source_ad_group_id]:
            if group.group_id == action.group_id:
                keyword = action.kind is ActionKind.PROMOTE_KEYWORD
                return (group.keyword_ad_group_id if keyword else group.product_ad_group_id) or ""
        return ""

    def target(self, ad_group_id: str, kind: TargetKind, key: str, match: Match | None) -> StandingTarget | None:
        for target in self.targets[ad_group_id]:
            if (target.kind, target.match) == (kind, match) and key_of(target) == key:
                return target
        return None

    def negatives_at(self, action: Standing) -> Sequence[StandingNegative]:
        """At the action's own level only."""
        if action.level is Level.CAMPAIGN:
            return self.campaign_negatives[action.campaign_id]
        return self.negatives[action.ad_group_id]


def key_of(standing: StandingTarget | StandingNegative) -> str:
    if standing.kind is TargetKind.PRODUCT:
        return asin_of(standing.text) or standing.text.upper()
    return fold(standing.text)


async def look(reader: AccountReader, actions: Iterable[Standing], account: AccountMap | None = None) -> Live:
    """In as few lists as the actions need; `account` where it was read just now. Raises what the reader raises."""
    wanted = list(actions)
    live = Live(account or await read_account(reader))
    sources = {each.source_ad_group_id for each in wanted if each.kind.is_promotion or _makes_group(each)}
    await _read_groups(live, reader, sorted(sources - {""}))
    keyword_places = {live.destination(each) for each in wanted if each.kind in _KEYWORDS} - {""}
    product_places = {live.destination(each) for each in wanted if each.kind in _PRODUCTS} - {""}
    keyword_negatives = [each for each in wanted if each.kind in _NEGATIVE_KEYWORDS]
    product_negatives = [each for each in wanted if each.kind in _NEGATIVE_PRODUCTS]
    await together(
        _read_targets(live, reader.keywords(sorted(keyword_places))),
        _read_targets(live, reader.targets(sorted(product_places))),
        _read_negatives(live, reader.negative_keywords(_ad_groups(keyword_negatives))),
        _read_negatives(live, reader.negative_targets(_ad_groups(product_negatives))),
        _read_negatives(live, reader.campaign_negative_keywords(_campaigns(keyword_negatives))),
        _read_negatives(live, reader.campaign_negative_targets(_campaigns(product_negatives))),
    )
    return live


def _makes_group(action: Standing) -> bool:
    return action.kind is ActionKind.CREATE_GROUP


def _ad_groups(actions: Sequence[Standing]) -> list[str]:
    return sorted({each.ad_group_id for each in actions if each.level is not Level.CAMPAIGN} - {""})


def _campaigns(actions: Sequence[Standing]) -> list[str]:
    """Of negatives at both levels: a campaign's negative covers its ad groups too."""
    return sorted({each.campaign_id for each in actions} - {""})


async def _read_groups(live: Live, reader: AccountReader, sources: Sequence[str]) -> None:
    async for page in reader.promotion_groups(sources):
        for group in page:
            if group.state.upper() != "ARCHIVED":
                live.groups[group.source_ad_group_id].append(group)


async def _read_targets(live: Live, pages: AsyncIterator[Sequence[StandingTarget]]) -> None:
    async for page in pages:
        for target in page:
            live.targets[target.ad_group_id].append(target)


async def _read_negatives(live: Live, pages: AsyncIterator[Sequence[StandingNegative]]) -> None:
    async for page in pages:
        for negative in page:
            if negative.ad_group_id:
                live.negatives[negative.ad_group_id].append(negative)
            else:
                live.campaign_negatives[negative.campaign_id].append(negative)
