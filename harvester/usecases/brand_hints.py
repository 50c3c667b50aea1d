"""What a negative brand may touch: told to its reviewer as a hint, because a name in a text proves nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harvester.domain.brand import Brand
from harvester.domain.catalog import CatalogItem
from harvester.domain.ids import ProfileId
from harvester.domain.target import Match, TargetKind, asin_of, fold
from harvester.ports.histories import ConvertingTerm
from harvester.ports.negatives import PlanHistories
from harvester.rules.brands import Spot
from harvester.rules.checks.protection import words_of
from harvester.usecases.blast_radius import OWN_REASON, REASON
from harvester.usecases.conflicts import OwnTargets
from harvester.usecases.sold_there import orders

_MOST_ASKED = 200
"""Questions to the history for the brands of one plan."""
_MOST_NAMED = 5
_NAMELESS = (
    "What brand {} is called is not known here, so nothing can be said about what it touches: `harvester brands` asks "
    "Amazon."
)


@dataclass(frozen=True, slots=True)
class Hints:
    sentences: Sequence[str]
    reason: str = ""
    """Why a person has to name the item itself: the catalog says that it would block what is ours, or sells."""


@dataclass
class BrandHints:
    """Of the spots of one plan."""

    own: OwnTargets
    """Read at all spots."""
    histories: PlanHistories
    profile_id: ProfileId
    brands: Mapping[str, Brand]
    catalog: Mapping[str, CatalogItem] = field(default_factory=dict)
    """What is remembered of it about targets and own products."""
    own_asins: Sequence[str] = ()
    """That the profile advertises."""
    sold: Mapping[tuple[str, str], Sequence[ConvertingTerm]] = field(default_factory=dict)
    """Products that brought orders, by place."""
    _asked: int = 0

    async def of(self, spot: Spot) -> Hints:
        """Nothing is said that is not known."""
        brand = self.brands[spot.brand_id]
        if not brand.words:
            return Hints([_NAMELESS.format(brand.brand_id)])
        advertised, sold = self._advertised(brand), self._sold_products(spot, brand)
        targeted = any(self._is_of(asin, brand) for asin in targeted_asins(self.own, spot))
        sentences = [
            f"Excludes every product of the brand that Amazon calls “{brand.name}”.",
            *self._own_keywords(spot, brand),
            *advertised,
            *self._own_products(spot, brand),
            *sold,
            *await self._sold(spot, brand),
        ]
        return Hints(sentences, OWN_REASON if advertised or targeted else REASON if sold else "")

    def _own_keywords(self, spot: Spot, brand: Brand) -> Sequence[str]:
        phrase = f" {brand.words} "
        found = [
            f"“{target.text}”"
            for target in self.own.at(*spot.place)
            if target.kind is TargetKind.KEYWORD and phrase in f" {' '.join(words_of(fold(target.text)))} "
        ]
        return [f"Own keywords there that hold its name: {_named(found)}."] if found else []

    def _advertised(self, brand: Brand) -> Sequence[str]:
        found = [asin for asin in self.own_asins if self._is_of(asin, brand)]
        return [f"By the catalog you advertise products of that brand yourself: {_named(found)}."] if found else []

    def _own_products(self, spot: Spot, brand: Brand) -> Sequence[str]:
        targeted = targeted_asins(self.own, spot)
        if not targeted:
            return []
        products = "one product" if len(targeted) == 1 else f"{len(targeted)} products"
        unknown = sum(self._is_of(asin, brand) is None for asin in targeted)
        if unknown == len(targeted):
            return [f"You target {products} there; which brands they are of is not known here."]
        found = [asin for asin in targeted if self._is_of(asin, brand)]
        of_it = f"of that brand by the catalog: {_named(found)}" if found else "none of that brand by the catalog"
        rest = f"; of {unknown} the brand is not known here" if unknown else ""
        return [f"You target {products} there, {of_it}{rest}."]

    def _sold_products(self, spot: Spot, brand: Brand) -> Sequence[str]:
        found = [
            f"{each.key} with {each.conversions:g} orders, seen {each.seen_at:%Y-%m-%d}"
            for each in self.sold.get(spot.place, ())
            if self._is_of(each.key, brand)
        ]
        return [f"Products of that brand, by the catalog, that sold here: {_named(found)}."] if found else []

    def _is_of(self, asin: str, brand: Brand) -> bool | None:
        """None where the catalog has said nothing. Brands have names there, and no ids: as near as it gets."""
        item = self.catalog.get(asin)
        return fold(item.brand) == fold(brand.name) if item is not None and item.brand else None

    async def _sold(self, spot: Spot, brand: Brand) -> Sequence[str]:
        if self._asked >= _MOST_ASKED:
            return [f"Earlier orders were not looked at: this plan names more than {_MOST_ASKED} places."]
        self._asked += 1
        campaign_id, ad_group_id = spot.place
        terms: Sequence[ConvertingTerm] = await self.histories.converting_terms(
            self.profile_id, campaign_id, ad_group_id or None, brand.words, Match.PHRASE
        )
        sold = [f"“{term.key}” with {orders(term.conversions)}, seen {term.seen_at:%Y-%m-%d}" for term in terms]
        return [f"Terms with its name that sold here: {_named(sold)}."] if sold else []


def targeted_asins(own: OwnTargets, spot: Spot) -> Sequence[str]:
    """Single products among the own targets there; not categories."""
    found = (asin_of(target.text) for target in own.at(*spot.place) if target.kind is TargetKind.PRODUCT)
    return sorted({asin for asin in found if asin is not None})


def _named(found: Sequence[str]) -> str:
    more = len(found) - _MOST_NAMED
    return "; ".join(found[:_MOST_NAMED]) + (f"; and {more} more" if more > 0 else "")
