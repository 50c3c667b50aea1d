"""Brands that Amazon knows, by text or as it recommends them, and which of them the rules file names."""

from collections.abc import Sequence
from dataclasses import dataclass

from harvester.domain.brand import Brand
from harvester.domain.profile import Profile
from harvester.ports import Clock
from harvester.ports.brands import BrandLookup, BrandNames
from harvester.rules.brands import is_called_own
from harvester.rules.ruleset import RuleSet


@dataclass(frozen=True, slots=True)
class FoundBrand:
    brand: Brand
    protected: bool
    """One of the own brands that the rules file names, by id or as the catalog calls them."""
    entries: tuple[str, ...]
    """Of the rules file, that would have it negated somewhere in this profile."""


@dataclass(frozen=True)
class LookUpBrands:
    brands: BrandNames
    clock: Clock
    rules: RuleSet

    async def __call__(self, profile: Profile, lookup: BrandLookup, text: str) -> Sequence[FoundBrand]:
        """Without a text: what Amazon recommends. Names are kept for the reviewers of plans; nothing else changes."""
        found = await (lookup.search_brands(text) if text else lookup.recommended_brands())
        await self.brands.remember(profile.country, found, self.clock.now())
        rules = self.rules.for_profile(profile.profile_id)
        return [
            FoundBrand(
                brand,
                protected=brand.brand_id in rules.protect.brands or is_called_own(brand.name, rules),
                entries=tuple(entry.name for entry in rules.brands if brand.brand_id in entry.ids),
            )
            for brand in found
        ]
