"""What an account holds now, at the places that some actions touch."""

from collections import defaultdict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Generic, TypeVar

from harvester.domain.action import ActionKind, Standing
from harvester.domain.brand import brand_key
from harvester.domain.candidate import Negatives
from harvester.domain.profile import PromotionGroup, StandingNegative, StandingTarget
from harvester.domain.target import Level, Match, TargetKind, asin_of, fold
from harvester.ports import AccountReader
from harvester.usecases.account_map import AccountMap, read_account
from harvester.usecases.together import together

_KEYWORDS = frozenset({ActionKind.PROMOTE_KEYWORD, ActionKind.PAUSE_KEYWORD})
_PRODUCTS = frozenset(
    {ActionKind.PROMOTE_PRODUCT, ActionKind.TARGET_PRODUCT, ActionKind.TARGET_CATEGORY, ActionKind.PAUSE_TARGET}
)
_NEGATIVE_KEYWORDS = frozenset({ActionKind.NEGATE_KEYWORD, ActionKind.ARCHIVE_NEGATIVE_KEYWORD})
_NEGATIVE_PRODUCTS = frozenset(
    {
        ActionKind.NEGATE_PRODUCT,
        ActionKind.NEGATE_BRAND,
        ActionKind.ARCHIVE_NEGATIVE_PRODUCT,
        ActionKind.ARCHIVE_NEGATIVE_BRAND,
    }
)


_Standing = TypeVar("_Standing", StandingTarget, StandingNegative)


@dataclass
class Shelf(Generic[_Standing]):
    """What stands at one place, found by its id or by what it is: a place may hold a hundred thousand negatives."""

    by_id: dict[tuple[TargetKind, str], _Standing] = field(default_factory=dict)
    """A keyword and a product at the same place may have the same id: Amazon's are unique within a kind only."""
    by_what: dict[tuple[TargetKind, str, Match], _Standing] = field(default_factory=dict)
    """By kind, folded text or ASIN, and match."""

    def put(self, standing: _Standing) -> None:
        self.by_id[standing.kind, standing.amazon_id] = standing
        self.by_what[standing.kind, key_of(standing), standing.match] = standing

    def get(self, kind: ActionKind, amazon_id: str) -> _Standing | None:
        """The one of the kind that such an action makes or takes back."""
        is_keyword = kind in _KEYWORDS or kind in _NEGATIVE_KEYWORDS
        return self.by_id.get((TargetKind.KEYWORD if is_keyword else TargetKind.PRODUCT, amazon_id))


_Targets = Shelf[StandingTarget]
_Negatives = Shelf[StandingNegative]


@dataclass
class Live:
    """Everything here is enabled or paused; what is archived is not there."""

    account: AccountMap
    groups: dict[str, list[PromotionGroup]] = field(default_factory=lambda: defaultdict(list))
    """By source ad group."""
    targets: dict[str, Shelf[StandingTarget]] = field(default_factory=lambda: defaultdict(_Targets))
    """By ad group."""
    negatives: dict[str, Shelf[StandingNegative]] = field(default_factory=lambda: defaultdict(_Negatives))
    """By ad group."""
    campaign_negatives: dict[str, Shelf[StandingNegative]] = field(
        default_factory=lambda: defaultdict(Shelf[StandingNegative])
    )
    """By campaign."""
    _bearing: dict[tuple[str, str], Negatives] = field(default_factory=dict)

    def destination(self, action: Standing) -> str:
        """The ad group that an action changes; empty while its group does not exist."""
        if action.ad_group_id or not action.kind.goes_through_group:
            return action.ad_group_id
        for group in self.groups[action.source_ad_group_id]:
            if group.group_id == action.group_id:
                keyword = action.kind is ActionKind.PROMOTE_KEYWORD
                return (group.keyword_ad_group_id if keyword else group.product_ad_group_id) or ""
        return ""

    def target(self, ad_group_id: str, kind: TargetKind, key: str, match: Match | None) -> StandingTarget | None:
        return None if match is None else self.targets[ad_group_id].by_what.get((kind, key, match))

    def negatives_at(self, action: Standing) -> Shelf[StandingNegative]:
        """At the action's own level only."""
        if action.level is Level.CAMPAIGN:
            return self.campaign_negatives[action.campaign_id]
        return self.negatives[action.ad_group_id]

    def nameless_brands(self, action: Standing) -> set[str]:
        """Amazon's ids of the negative brands at the action's own level of which only a name is shown."""
        shelf = self.negatives_at(action)
        return {each.amazon_id for each in shelf.by_id.values() if each.is_brand and not each.text}

    def negatives_bearing_on(self, action: Standing) -> Negatives:
        """At the action's place: its campaign's, and at ad group level the ad group's too."""
        place = (action.campaign_id, "" if action.level is Level.CAMPAIGN else action.ad_group_id)
        bearing = self._bearing.get(place)
        if bearing is None:
            bearing = self._bearing[place] = Negatives()
            shelves = [self.campaign_negatives[action.campaign_id], *([self.negatives[place[1]]] if place[1] else ())]
            for (kind, key, match), negative in (each for shelf in shelves for each in shelf.by_what.items()):
                bearing.add(kind, match, key, negative.amazon_id)
        return bearing


def key_of(standing: StandingTarget | StandingNegative) -> str:
    if isinstance(standing, StandingNegative):
        return standing.key
    if standing.kind is TargetKind.PRODUCT:
        return asin_of(standing.text) or standing.text.upper()
    return fold(standing.text)


def what_of(action: Standing) -> tuple[TargetKind, str, Match]:
    """Under which a negative that is to be made, or was, stands on its shelf."""
    kind = TargetKind.KEYWORD if action.kind is ActionKind.NEGATE_KEYWORD else TargetKind.PRODUCT
    key = brand_key(action.key) if action.kind is ActionKind.NEGATE_BRAND else action.key
    return kind, key, action.match or Match.SAME


async def look(reader: AccountReader, actions: Iterable[Standing], account: AccountMap | None = None) -> Live:
    """In as few lists as the actions need; `account` where it was read just now. Raises what the reader raises."""
    wanted = list(actions)
    live = Live(account or await read_account(reader))
    sources = {each.source_ad_group_id for each in wanted if each.kind.goes_through_group or _makes_group(each)}
    leading = {each: live.account.leading(each) for each in sources}
    await _read_groups(live, reader, sorted({*sources, *chain(*leading.values())} - {""}))
    for source, others in leading.items():
        if others and not live.groups[source]:
            live.groups[source] = [group for each in others for group in live.groups[each]]
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
            live.targets[target.ad_group_id].put(target)


async def _read_negatives(live: Live, pages: AsyncIterator[Sequence[StandingNegative]]) -> None:
    async for page in pages:
        for negative in page:
            if negative.ad_group_id:
                live.negatives[negative.ad_group_id].put(negative)
            else:
                live.campaign_negatives[negative.campaign_id].put(negative)
