"""What a negative brand may touch: told to its reviewer as a hint, because a name in a text proves nothing."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harvester.domain.brand import Brand
from harvester.domain.ids import ProfileId
from harvester.domain.profile import StandingTarget
from harvester.domain.target import Match, TargetKind, fold
from harvester.ports import AccountReader, ConvertingTerm
from harvester.ports.negatives import PlanHistories
from harvester.rules.brands import Spot
from harvester.rules.checks.protection import words_of
from harvester.usecases.account_map import AUTO, ENABLED, AccountMap
from harvester.usecases.together import together

_MOST_ASKED = 200
"""Questions to the history for the brands of one plan."""
_MOST_NAMED = 5
_NAMELESS = (
    "What brand {} is called is not known here, so nothing can be said about what it touches: `harvester brands` asks "
    "Amazon."
)


@dataclass
class BrandHints:
    """Of the spots of one plan. Automatic ad groups hold no keywords or products of one's own, so none are listed."""

    reader: AccountReader
    account: AccountMap
    histories: PlanHistories
    profile_id: ProfileId
    brands: Mapping[str, Brand]
    _own: dict[str, list[StandingTarget]] = field(default_factory=lambda: defaultdict(list))
    """By ad group."""
    _asked: int = 0

    async def read(self, spots: Sequence[Spot]) -> None:
        """Lists the own keywords and targets of the manual places among them."""
        ad_groups = sorted({each for spot in spots for each in self._ad_groups_at(spot)})
        if ad_groups:
            await together(self._keep(ad_groups, "keywords"), self._keep(ad_groups, "targets"))

    async def of(self, spot: Spot) -> Sequence[str]:
        """Sentences. Nothing is said that is not known."""
        brand = self.brands[spot.brand_id]
        if not brand.words:
            return [_NAMELESS.format(brand.brand_id)]
        return [
            f"Excludes every product of the brand that Amazon calls “{brand.name}”.",
            *self._own_keywords(spot, brand),
            *self._own_products(spot),
            *await self._sold(spot, brand),
        ]

    def _ad_groups_at(self, spot: Spot) -> Sequence[str]:
        if spot.campaign.targeting.upper() == AUTO:
            return ()
        if spot.ad_group is not None:
            return (spot.ad_group.ad_group_id,)
        campaign_id = spot.campaign.campaign_id
        return [each.ad_group_id for each in self.account.ad_groups.values() if each.campaign_id == campaign_id]

    async def _keep(self, ad_groups: Sequence[str], what: str) -> None:
        async for page in self.reader.keywords(ad_groups) if what == "keywords" else self.reader.targets(ad_groups):
            for target in page:
                if target.state == ENABLED:
                    self._own[target.ad_group_id].append(target)

    def _own_keywords(self, spot: Spot, brand: Brand) -> Sequence[str]:
        phrase = f" {brand.words} "
        found = [
            target.text
            for ad_group_id in self._ad_groups_at(spot)
            for target in self._own[ad_group_id]
            if target.kind is TargetKind.KEYWORD and phrase in f" {' '.join(words_of(fold(target.text)))} "
        ]
        return [f"Own keywords there that hold its name: {_named(found)}."] if found else []

    def _own_products(self, spot: Spot) -> Sequence[str]:
        count = sum(
            target.kind is TargetKind.PRODUCT for each in self._ad_groups_at(spot) for target in self._own[each]
        )
        if not count:
            return []
        products = "one product" if count == 1 else f"{count} products"
        return [f"You target {products} there; which brands they are of is not known here."]

    async def _sold(self, spot: Spot, brand: Brand) -> Sequence[str]:
        if self._asked >= _MOST_ASKED:
            return [f"Earlier orders were not looked at: this plan names more than {_MOST_ASKED} places."]
        self._asked += 1
        campaign_id, ad_group_id = spot.place
        terms: Sequence[ConvertingTerm] = await self.histories.converting_terms(
            self.profile_id, campaign_id, ad_group_id or None, brand.words, Match.PHRASE
        )
        sold = [f"{term.key}” with {term.conversions:g} orders, seen {term.seen_at:%Y-%m-%d}" for term in terms]
        return [f"Terms with its name that sold here: {_named(sold, closed=True)}."] if sold else []


def _named(found: Sequence[str], *, closed: bool = False) -> str:
    told = "; ".join(f"“{each}" if closed else f"“{each}”" for each in found[:_MOST_NAMED])
    more = len(found) - _MOST_NAMED
    return told + (f"; and {more} more" if more > 0 else "")
