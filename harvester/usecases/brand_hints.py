"""What a negative brand may touch: told to its reviewer as a hint, because a name in a text proves nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harvester.domain.brand import Brand
from harvester.domain.ids import ProfileId
from harvester.domain.target import Match, TargetKind, fold
from harvester.ports.histories import ConvertingTerm
from harvester.ports.negatives import PlanHistories
from harvester.rules.brands import Spot
from harvester.rules.checks.protection import words_of
from harvester.usecases.conflicts import OwnTargets

_MOST_ASKED = 200
"""Questions to the history for the brands of one plan."""
_MOST_NAMED = 5
_NAMELESS = (
    "What brand {} is called is not known here, so nothing can be said about what it touches: `harvester brands` asks "
    "Amazon."
)


@dataclass
class BrandHints:
    """Of the spots of one plan."""

    own: OwnTargets
    """Read at all spots."""
    histories: PlanHistories
    profile_id: ProfileId
    brands: Mapping[str, Brand]
    _asked: int = 0

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

    def _own_keywords(self, spot: Spot, brand: Brand) -> Sequence[str]:
        phrase = f" {brand.words} "
        found = [
            f"“{target.text}”"
            for target in self.own.at(*spot.place)
            if target.kind is TargetKind.KEYWORD and phrase in f" {' '.join(words_of(fold(target.text)))} "
        ]
        return [f"Own keywords there that hold its name: {_named(found)}."] if found else []

    def _own_products(self, spot: Spot) -> Sequence[str]:
        count = sum(target.kind is TargetKind.PRODUCT for target in self.own.at(*spot.place))
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
        sold = [f"“{term.key}” with {term.conversions:g} orders, seen {term.seen_at:%Y-%m-%d}" for term in terms]
        return [f"Terms with its name that sold here: {_named(sold)}."] if sold else []


def _named(found: Sequence[str]) -> str:
    more = len(found) - _MOST_NAMED
    return "; ".join(found[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
