"""Brands that the rules file wants negative: a decision for each place, recorded with the run's, and the items."""

from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from harvester.domain.brand import Brand
from harvester.domain.catalog import CatalogItem
from harvester.domain.decision import Decision, Outcome
from harvester.domain.ids import ProfileId
from harvester.domain.plan import PlannedAction
from harvester.domain.profile import StandingNegative
from harvester.domain.recommendation import Recommendation
from harvester.domain.run import Cursor, Run
from harvester.ports import AccountReader, Clock, Runs
from harvester.ports.histories import ConvertingTerm
from harvester.ports.negatives import PlanHistories
from harvester.rules.brands import SOURCE, TARGET_TYPE, Spot, StandingBrands, brand_item, declined, judge, spots_of
from harvester.rules.ruleset import ProfileRules
from harvester.usecases.account_map import demand_readable
from harvester.usecases.brand_hints import BrandHints, targeted_asins
from harvester.usecases.conflicts import OwnTargets
from harvester.usecases.surroundings import Surroundings
from harvester.usecases.together import together

_MOST_OWN = 10_000
"""Advertised products whose brands are looked at."""
_MOST_PLACES = 200
"""Where it is looked what sold."""

Identity = tuple[str, str, str]
"""Of a decision about a brand: campaign, ad group, brand id."""


@dataclass(frozen=True, slots=True)
class BrandPlan:
    """What of a run is about brands. `judged` and `negated`: decisions, which are no evidence for a guard's share."""

    items: Sequence[PlannedAction] = ()
    judged: int = 0
    negated: int = 0
    advice: Sequence[str] = ()


NO_BRANDS = BrandPlan()


@dataclass(frozen=True)
class PlanBrands:
    runs: Runs
    histories: PlanHistories
    clock: Clock
    remembered: Callable[[Sequence[str]], Awaitable[Mapping[str, CatalogItem]]] | None = None
    """What is remembered of the catalog about ASINs; nothing is asked for a hint."""

    async def __call__(self, run: Run, recorded: int, surroundings: Surroundings, rules: ProfileRules) -> BrandPlan:
        """After the harvest, which has recorded so many rows. Raises what the reader raises. A run that is gone on with
        keeps the decisions that it has.
        """
        account, profile = surroundings.account, surroundings.facts.profile
        spots = spots_of(rules, profile, account.campaigns, account.ad_groups)
        advice = _nowhere(rules, spots)
        if not spots:
            return BrandPlan(advice=advice)
        standing = await _Standing.read(surroundings.reader, spots)
        names = await self.histories.brand_names(profile.country, {spot.brand_id for spot in spots})
        decided = [
            (spot, judge(spot, rules, surroundings.facts, standing.at(spot), names.get(spot.brand_id, "")))
            for spot in spots
        ]
        advice = [*advice, *declined(spots, [decision for _, decision in decided], surroundings.facts)]
        places = await self._recorded(run, recorded, decided)
        wanted = [
            (spot, places[_identity(spot)])
            for spot, decision in decided
            if decision.outcome is Outcome.NEGATE and _identity(spot) in places
        ]
        items = await self._items(wanted, names, surroundings)
        return BrandPlan(items, len(places), sum(each.outcome is Outcome.NEGATE for _, each in decided), advice)

    async def _recorded(
        self, run: Run, recorded: int, decided: Sequence[tuple[Spot, Decision]]
    ) -> Mapping[Identity, int]:
        """Where in the run each decision stands: written now, or before this process took the run up."""
        if run.cursor.brands:
            return await self.histories.brand_places(run.run_id)
        rows_now = [(_row(spot), spot.brand_id, decision) for spot, decision in decided]
        await self.runs.save_page(run, recorded, rows_now, Cursor(brands=True), self.clock.now())
        return {_identity(spot): recorded + at for at, (spot, _) in enumerate(decided)}

    async def _items(
        self, wanted: Sequence[tuple[Spot, int]], names: Mapping[str, str], surroundings: Surroundings
    ) -> Sequence[PlannedAction]:
        profile = surroundings.facts.profile
        brands = {spot.brand_id: Brand(spot.brand_id, names.get(spot.brand_id, "")) for spot, _ in wanted}
        own = OwnTargets(surroundings.account)
        await own.read(surroundings.reader, [spot.place for spot, _ in wanted])
        ours = sorted(surroundings.facts.own_asins)[:_MOST_OWN]
        targeted = {asin for spot, _ in wanted for asin in targeted_asins(own, spot)}
        sold = await self._sold(profile.profile_id, {spot.place for spot, _ in wanted})
        asked = sorted({*ours, *targeted, *(each.key for found in sold.values() for each in found)})
        items = await self.remembered(asked) if self.remembered and asked else {}
        hints = BrandHints(own, self.histories, profile.profile_id, brands, items, ours, sold)
        found = [(spot, place, await hints.of(spot)) for spot, place in wanted]
        return [
            brand_item(spot, brands[spot.brand_id], place, told.sentences, hold=told.reason)
            for spot, place, told in found
        ]

    async def _sold(
        self, profile_id: ProfileId, places: Collection[tuple[str, str]]
    ) -> Mapping[tuple[str, str], Sequence[ConvertingTerm]]:
        """Products that sold at the places; nobody could say of which brand they are without a catalog."""
        if self.remembered is None:
            return {}
        return {
            (campaign_id, ad_group_id): await self.histories.converting_products(
                profile_id, campaign_id, ad_group_id or None
            )
            for campaign_id, ad_group_id in sorted(places)[:_MOST_PLACES]
        }


def _identity(spot: Spot) -> Identity:
    return (*spot.place, spot.brand_id)


def _row(spot: Spot) -> Recommendation:
    campaign_id, ad_group_id = spot.place
    return Recommendation(SOURCE, campaign_id, ad_group_id, "", "", spot.brand_id, TARGET_TYPE, None, None)


def _nowhere(rules: ProfileRules, spots: Sequence[Spot]) -> Sequence[str]:
    """Entries that find no place: a misspelt name would otherwise exclude nothing, in silence."""
    found = {spot.entry.name for spot in spots}
    return [
        f"Entry `{entry.name}` under `brands` finds no place in this profile: correct its `match`, or name other "
        "`profiles` in it"
        for entry in rules.brands
        if entry.name not in found and not entry.match.profiles
    ]


@dataclass(frozen=True, slots=True)
class _Standing:
    """The negative brands that stand at the spots, listed in as few calls as that takes."""

    ad_groups: defaultdict[str, list[StandingNegative]]
    campaigns: defaultdict[str, list[StandingNegative]]

    @classmethod
    async def read(cls, reader: AccountReader, spots: Sequence[Spot]) -> "_Standing":
        before = dict(reader.unreadable)
        standing = cls(defaultdict(list), defaultdict(list))
        ad_groups = sorted({spot.ad_group.ad_group_id for spot in spots if spot.ad_group is not None})
        campaigns = sorted({spot.campaign.campaign_id for spot in spots})
        await together(
            standing._keep(reader.negative_targets(ad_groups)),
            standing._keep(reader.campaign_negative_targets(campaigns)),
        )
        demand_readable(reader, before)
        return standing

    async def _keep(self, pages: AsyncIterator[Sequence[StandingNegative]]) -> None:
        async for page in pages:
            for negative in page:
                if negative.is_brand and negative.ad_group_id:
                    self.ad_groups[negative.ad_group_id].append(negative)
                elif negative.is_brand:
                    self.campaigns[negative.campaign_id].append(negative)

    def at(self, spot: Spot) -> StandingBrands:
        """Of an ad group: its campaign's bear on it too."""
        campaign_id, ad_group_id = spot.place
        here = self.ad_groups[ad_group_id] if ad_group_id else self.campaigns[campaign_id]
        above = self.campaigns[campaign_id] if ad_group_id else ()
        return StandingBrands(
            by_id={each.text: each.amazon_id for each in (*above, *here) if each.text},
            nameless=frozenset(each.amazon_id for each in here if not each.text),
        )
