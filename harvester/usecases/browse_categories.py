"""Looks into the categories of marketplaces: read from Amazon once, kept with their age, read anew when asked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from harvester.domain.category_tree import Found, KeptTree
from harvester.domain.errors import Refused
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile
from harvester.ports import Clock, Profiles
from harvester.ports.categories import CategoryReader, CategoryTrees
from harvester.usecases.one_per_marketplace import OnePerMarketplace


@dataclass(frozen=True)
class BrowseCategories:
    trees: CategoryTrees
    profiles: Profiles
    clock: Clock

    async def kept_for(self, profile_ids: Collection[str], accounts: Collection[str]) -> Sequence[KeptTree] | None:
        """The trees of the profiles asked for, of all known ones where none is named; None where Amazon has to be asked
        first: a profile is not known yet, or a tree is missing.
        """
        known = {each.profile_id: each for each in await self.profiles.known() if each.account in accounts}
        wanted = [known.get(ProfileId(each)) for each in profile_ids or known]
        trees = {tree.country: tree for tree in await self.trees.kept()}
        countries = dict.fromkeys("" if profile is None else profile.country for profile in wanted)
        found = [trees.get(country) for country in countries]
        return [tree for tree in found if tree is not None] if found and None not in found else None

    async def find(self, tree: KeptTree, text: str, under: str, most: int | None) -> Found:
        return await self.trees.find(tree, " ".join(text.split()), under, most)

    async def holds(self, tree: KeptTree, category_id: str) -> bool:
        found = await self.trees.find(tree, category_id, "", None)
        return any(each.category_id == category_id for each in found.categories)


@dataclass
class Gathering:
    """One look at several marketplaces: each is read at most once."""

    browse: BrowseCategories
    refresh: bool
    _one: OnePerMarketplace = field(default_factory=OnePerMarketplace)

    async def __call__(self, profile: Profile, reader: CategoryReader) -> KeptTree | None:
        """None where another profile stands for the marketplace. Raises what the reader raises."""
        return await self._one(profile, lambda: self._gather(profile, reader))

    async def _gather(self, profile: Profile, reader: CategoryReader) -> KeptTree:
        trees = self.browse.trees
        if not self.refresh:
            for tree in await trees.kept():
                if tree.country == profile.country:
                    return tree
        categories = await reader.category_tree()
        if not categories:
            raise Refused(
                f"Amazon's answer holds no categories for {profile.country}; what was kept of them stays as it is"
            )
        return await trees.keep(profile.country, categories, self.browse.clock.now())
