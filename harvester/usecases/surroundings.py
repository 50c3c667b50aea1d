"""What stands around a recommendation: its destination, and the targets and negatives that are there already."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from harvester.domain.candidate import (
    AccountFacts,
    Destination,
    Ground,
    Negatives,
    NoDestination,
    Place,
    Positive,
)
from harvester.domain.decision import Reason
from harvester.domain.profile import AdGroup, Campaign, PromotionGroup, StandingNegative, StandingTarget
from harvester.domain.target import Match, TargetKind, asin_of, fold
from harvester.ports import AccountReader
from harvester.rules.variants import variant_keys, variant_words
from harvester.usecases.account_map import AUTO, ENABLED, AccountMap, demand_readable
from harvester.usecases.together import together

_GONE = frozenset({"ARCHIVED", "DELETED", "USER_DELETED"})


class GroundRules(Protocol):
    """What the rules in force need to know of the surroundings, and where they would make a group."""

    @property
    def promotes(self) -> bool: ...

    @property
    def negates(self) -> bool: ...

    @property
    def negates_terms(self) -> bool:
        """Whether search terms are negated: what is one's own, and what comes close to it, has to be known then."""
        ...

    def new_destination(self, source: Place, account: AccountMap) -> Destination | NoDestination:
        """For a source ad group that has no promotion group."""
        ...

    def for_suggestions(self, source: Place, account: AccountMap) -> Destination | NoDestination | None:
        """Where what is suggested for all ads of a source ad group goes without a promotion group; None: not said."""
        ...


@dataclass(slots=True)
class Surroundings:
    """Grounds of one run, listed only for the ad groups that recommendations touch, and once for each."""

    reader: AccountReader
    facts: AccountFacts
    account: AccountMap
    rules: GroundRules
    _unread_before: dict[str, int] = field(init=False)
    _covered: set[str] = field(default_factory=set)
    _groups: dict[str, list[PromotionGroup]] = field(default_factory=dict)
    _standing: dict[str, dict[tuple[str, Match], str]] = field(default_factory=dict)
    _ad_group_negatives: dict[str, list[StandingNegative]] = field(default_factory=dict)
    _campaign_negatives: dict[str, list[StandingNegative]] = field(default_factory=dict)
    _positives: dict[str, dict[str, Positive]] = field(default_factory=dict)
    _merged_positives: dict[frozenset[str], dict[str, Positive]] = field(default_factory=dict)
    _merged: dict[frozenset[str], dict[tuple[str, Match], str]] = field(default_factory=dict)
    _bearing: dict[str, Negatives] = field(default_factory=dict)
    _grounds: dict[tuple[str, str], Ground] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._unread_before = dict(self.reader.unreadable)

    def ground(self, ad_group_id: str, ad_id: str) -> Ground:
        """Only after `cover` of that ad group."""
        key = (ad_group_id, ad_id)
        ground = self._grounds.get(key)
        if ground is None:
            ground = self._grounds[key] = self._survey(ad_group_id, ad_id)
        return ground

    def surveyed(self) -> Collection[tuple[str, str]]:
        """The (source ad group, ad) pairs whose ground was asked for."""
        return self._grounds

    def listed(self) -> Collection[str]:
        """The ad groups whose targets were listed: those that findings speak of."""
        return self._standing

    async def cover(self, ad_group_ids: Iterable[str]) -> None:
        """Lists what stands at these source ad groups and at their destinations. Raises what the reader raises."""
        fresh = {ad_group_id for ad_group_id in ad_group_ids if ad_group_id not in self._covered}
        if not fresh:
            return
        await self.find_groups(fresh)
        ours = sorted(ad_group_id for ad_group_id in fresh if ad_group_id in self.account.ad_groups)
        destinations = self._destinations(ours)
        await together(
            self._list_standing(destinations),
            self._list_negatives(ours if self.rules.negates else (), destinations if self.rules.promotes else ()),
        )
        demand_readable(self.reader, self._unread_before)
        self._covered |= fresh

    async def find_groups(self, ad_group_ids: Iterable[str]) -> None:
        """Lists the promotion groups of these source ad groups, and nothing else."""
        asked = set(ad_group_ids)
        asked |= {leading for each in asked for leading in self.account.leading(each)}
        fresh = sorted(asked - self._groups.keys())
        ours = [ad_group_id for ad_group_id in fresh if ad_group_id in self.account.ad_groups]
        found: defaultdict[str, list[PromotionGroup]] = defaultdict(list)
        if ours:
            async for page in self.reader.promotion_groups(ours):
                for group in page:
                    if group.state.upper() not in _GONE:
                        found[group.source_ad_group_id].append(group)
        self._groups |= {ad_group_id: found[ad_group_id] for ad_group_id in fresh}

    def groups_of(self, ad_group_id: str) -> Sequence[PromotionGroup]:
        """Only after `cover` or `find_groups` of that ad group. A manual one without its own has those of the automatic
        ad groups of its products.
        """
        own = self._groups.get(ad_group_id, [])
        return own or [group for each in self.account.leading(ad_group_id) for group in self._groups.get(each, [])]

    def _destinations(self, sources: Sequence[str]) -> list[str]:
        places: set[str] = set()
        for source in sources:
            places.update(self.account.same_products(source))
            if self.rules.negates_terms and self._is_manual(source):
                places.add(source)
            groups = self.groups_of(source)
            for group in groups:
                places.update(filter(None, (group.keyword_ad_group_id, group.product_ad_group_id)))
            place = self.account.place(source)
            if place is not None and not groups:
                places.update(_ad_groups_of(self.rules.new_destination(place, self.account)))
            elif place is not None and len(groups) > 1:
                places.update(_ad_groups_of(self.rules.for_suggestions(place, self.account)))
        return sorted(places)

    async def _list_standing(self, ad_group_ids: Sequence[str]) -> None:
        fresh = [ad_group_id for ad_group_id in ad_group_ids if ad_group_id not in self._standing]
        if not fresh or not (self.rules.promotes or self.rules.negates_terms):
            return
        self._standing |= {ad_group_id: {} for ad_group_id in fresh}
        await together(self._read_standing(fresh, "keywords"), self._read_standing(fresh, "targets"))

    async def _read_standing(self, ad_group_ids: Sequence[str], what: str) -> None:
        pages = self.reader.keywords(ad_group_ids) if what == "keywords" else self.reader.targets(ad_group_ids)
        async for page in pages:
            for target in page:
                stands = self._standing.get(target.ad_group_id)
                if stands is not None:
                    stands[_key(target), target.match] = target.ad_group_id
                    if self.rules.negates_terms and target.state == ENABLED:
                        self._note_positive(target)

    def _note_positive(self, target: StandingTarget) -> None:
        """An exact one speaks before the others."""
        key = _key(target)
        mine = self._positives.setdefault(target.ad_group_id, {})
        keyword = target.kind is TargetKind.KEYWORD
        country = self.facts.profile.country
        for shared in variant_keys(variant_words(key, country), country) if keyword else (key,):
            if target.match in (Match.EXACT, Match.SAME) or shared not in mine:
                mine[shared] = Positive(target.text, key, target.match, target.ad_group_id)

    async def _list_negatives(self, sources: Sequence[str], destinations: Sequence[str]) -> None:
        places = [place for place in {*sources, *destinations} if place not in self._ad_group_negatives]
        campaigns = {
            ad_group.campaign_id
            for place in (*sources, *destinations)
            if (ad_group := self.account.ad_groups.get(place)) is not None
        }
        above = [campaign_id for campaign_id in campaigns if campaign_id not in self._campaign_negatives]
        self._ad_group_negatives |= {place: [] for place in places}
        self._campaign_negatives |= {campaign_id: [] for campaign_id in above}
        await together(
            *(self._read_negatives(what, sorted(places)) for what in ("keywords", "targets") if places),
            *(self._read_campaign_negatives(what, sorted(above)) for what in ("keywords", "targets") if above),
        )

    async def _read_negatives(self, what: str, ad_group_ids: Sequence[str]) -> None:
        read = self.reader.negative_keywords if what == "keywords" else self.reader.negative_targets
        async for page in read(ad_group_ids):
            for negative in page:
                if negative.ad_group_id in self._ad_group_negatives:
                    self._ad_group_negatives[negative.ad_group_id].append(negative)

    async def _read_campaign_negatives(self, what: str, campaign_ids: Sequence[str]) -> None:
        keywords = what == "keywords"
        read = self.reader.campaign_negative_keywords if keywords else self.reader.campaign_negative_targets
        async for page in read(campaign_ids):
            for negative in page:
                if negative.campaign_id in self._campaign_negatives:
                    self._campaign_negatives[negative.campaign_id].append(negative)

    def _survey(self, ad_group_id: str, ad_id: str) -> Ground:
        source = self.account.place(ad_group_id) or _unknown_place(ad_group_id)
        destination = self._destination(source, ad_id)
        negatives: dict[TargetKind, Negatives] = {}
        places = set(self.account.same_products(ad_group_id))
        if isinstance(destination, Destination):
            for kind in TargetKind:
                place = destination.place(kind)
                if place is not None and place.ad_group.ad_group_id:
                    places.add(place.ad_group.ad_group_id)
                    negatives[kind] = self._negatives_at(place)
        return Ground(
            account=self.facts,
            source=source,
            destination=destination,
            standing=self._standing_at(frozenset(places)),
            source_negatives=self._negatives_at(source),
            source_campaign_negatives=self._above(source.campaign.campaign_id),
            destination_negatives=negatives,
            positives=self._positives_at(ad_group_id, frozenset(places)) if self.rules.negates_terms else {},
        )

    def _is_manual(self, ad_group_id: str) -> bool:
        place = self.account.place(ad_group_id)
        return place is not None and place.campaign.targeting != AUTO

    def _positives_at(self, source: str, places: frozenset[str]) -> Mapping[str, Positive]:
        """What stands in the source itself speaks before what stands elsewhere, which ad groups share."""
        others, mine = places - {source}, self._positives.get(source)
        merged = self._merged_positives.get(others)
        if merged is None:
            merged = self._merged_positives[others] = {}
            for place in sorted(others):
                merged |= self._positives.get(place, {})
        return {**merged, **mine} if mine else merged

    def _standing_at(self, places: frozenset[str]) -> Mapping[tuple[str, Match], str]:
        """One for all ads whose promotions would meet the same ad groups."""
        merged = self._merged.get(places)
        if merged is None:
            merged = self._merged[places] = {}
            for place in sorted(places):
                merged |= self._standing.get(place, {})
        return merged

    def _negatives_at(self, place: Place) -> Negatives:
        """One for all ads of an ad group: there may be a hundred thousand of them."""
        ad_group_id, campaign_id = place.ad_group.ad_group_id, place.campaign.campaign_id
        bearing = self._bearing.get(ad_group_id)
        if bearing is None:
            above, here = self._campaign_negatives.get(campaign_id, ()), self._ad_group_negatives.get(ad_group_id, ())
            bearing = self._bearing[ad_group_id] = _gathered((*above, *here))
        return bearing

    def _above(self, campaign_id: str) -> Negatives:
        bearing = self._bearing.get(f"campaign:{campaign_id}")
        if bearing is None:
            negatives = self._campaign_negatives.get(campaign_id, ())
            bearing = self._bearing[f"campaign:{campaign_id}"] = _gathered(negatives)
        return bearing

    def _destination(self, source: Place, ad_id: str) -> Destination | NoDestination:
        """A row that is about no single ad fits every group."""
        name = f"ad group “{source.ad_group.name}” ({source.ad_group.ad_group_id})"
        groups = self.groups_of(source.ad_group.ad_group_id)
        fitting = [group for group in groups if not group.ad_ids or not ad_id or ad_id in group.ad_ids]
        leading = [self._existing(name, group) for group in fitting]
        somewhere = [each for each in leading if isinstance(each, Destination)]
        if len(somewhere) > 1:
            own = None if ad_id else self.rules.for_suggestions(source, self.account)
            return own or _ambiguous(name, source, somewhere, of_all_ads=not ad_id)
        if leading:
            return somewhere[0] if somewhere else leading[0]
        if groups:
            return NoDestination(
                Reason.NO_DESTINATION,
                f"{name} has a promotion group, but ad {ad_id} is not in its list of ads: add the ad there",
            )
        if source.ad_group.ad_group_id not in self.account.ad_groups:
            return NoDestination(Reason.NO_DESTINATION, f"{name} is archived or not part of this account")
        return self.rules.new_destination(source, self.account)

    def _existing(self, name: str, group: PromotionGroup) -> Destination | NoDestination:
        """What is archived is no place to go, and a group without any is none."""
        keyword = self.account.place(group.keyword_ad_group_id)
        product = self.account.place(group.product_ad_group_id)
        gaps = tuple(
            f"{name}: its promotion group {group.group_id} {_no_place(what, ad_group_id)}"
            for what, ad_group_id, place in (
                ("keywords", group.keyword_ad_group_id, keyword),
                ("products", group.product_ad_group_id, product),
            )
            if place is None
        )
        if keyword is None and product is None:
            return NoDestination(Reason.NO_DESTINATION, "; ".join(gaps))
        return Destination(group_id=group.group_id, keyword=keyword, product=product, gaps=gaps)


def _ambiguous(name: str, source: Place, somewhere: Sequence[Destination], *, of_all_ads: bool) -> NoDestination:
    ids = ", ".join(sorted(each.group_id or "" for each in somewhere))
    if not of_all_ads:
        sentence = f"{name} has {len(somewhere)} promotion groups for the same ad ({ids}): keep one of them"
        return NoDestination(Reason.AMBIGUOUS_DESTINATION, sentence)
    into = sorted({each.product.ad_group.ad_group_id for each in somewhere if each.product is not None})
    example = (
        f'{{source: {{ad_groups: ["{source.ad_group.ad_group_id}"]}}, '
        f'without_group: {{product_ad_group: "{into[0] if into else "..."}"}}}}'
    )
    which = f", one of theirs for instance ({', '.join(into)})" if into else ""
    return NoDestination(
        Reason.AMBIGUOUS_DESTINATION,
        f"{name} has {len(somewhere)} promotion groups ({ids}), and what is suggested for all of its products has no "
        f"single one to go to: name a manual ad group for it under `groups`{which}: {example}",
    )


def _ad_groups_of(destination: Destination | NoDestination | None) -> list[str]:
    if destination is None or isinstance(destination, NoDestination):
        return []
    return [place.ad_group.ad_group_id for place in (destination.keyword, destination.product) if place is not None]


def _no_place(what: str, ad_group_id: str | None) -> str:
    if ad_group_id is None:
        return f"has no ad group for {what}, so they are held: add one to it in the advertising console"
    return (
        f"leads {what} to ad group {ad_group_id}, which is archived or not visible, so they are held: "
        "make a promotion group with another ad group in the advertising console"
    )


def _gathered(standing: Iterable[StandingNegative]) -> Negatives:
    negatives = Negatives()
    for negative in standing:
        negatives.add(negative.kind, negative.match, negative.key, negative.amazon_id)
    return negatives


def _key(standing: StandingTarget) -> str:
    if standing.kind is TargetKind.PRODUCT:
        return asin_of(standing.text) or standing.text.upper()
    return fold(standing.text)


def _unknown_place(ad_group_id: str) -> Place:
    return Place(
        Campaign(campaign_id="", name="", targeting="", state="UNKNOWN"),
        AdGroup(ad_group_id=ad_group_id, campaign_id="", name="", state="UNKNOWN"),
    )
