"""Orders of old: whether what a rule would negate, or a close variant of it, ever sold what its ad group sells."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from harvester.domain.history import Sold
from harvester.domain.profile import Profile
from harvester.domain.run import Run
from harvester.ports.search_terms import SearchTerms
from harvester.rules.sold_terms import SoldTerms
from harvester.usecases.account_map import AccountMap

_MOST_ASKED = 500
"""As many as a plan asks for the reach of its negatives."""
_MOST_KEPT = 100_000
"""Terms that sold, remembered from one page to the next: some fifty megabytes."""
_SLICE = 1000
"""Of them, sorted in before everything else gets its turn."""

_CAMPAIGNS_AT_ONCE = 100

Asked = tuple[str, str, str]
"""Campaign, ad group and key."""


@dataclass
class WhatSold:
    """By campaign, each read once: all that ever sold there is little beside what was searched for."""

    terms: SearchTerms
    profile: Profile
    most_kept: int = _MOST_KEPT
    _known: SoldTerms = field(init=False)

    def __post_init__(self) -> None:
        self._known = SoldTerms(self.profile.country)

    async def of(self, campaign_ids: Collection[str]) -> SoldTerms:
        """At least of these campaigns."""
        fresh = self._known.lacking(campaign_ids)
        if fresh and self._known.size > self.most_kept:
            self._known = SoldTerms(self.profile.country)
            fresh = self._known.lacking(campaign_ids)
        if fresh:
            sold = await self.terms.sold_in(self.profile.profile_id, fresh)
            self._known.open(fresh)
            for start in range(0, len(sold), _SLICE):
                self._known.add(sold[start : start + _SLICE])
                await asyncio.sleep(0)
        return self._known

    async def ahead(self, campaign_ids: Collection[str]) -> None:
        """What will be asked for one by one, as far as memory goes: many together take no longer than a few."""
        wanted = sorted(set(campaign_ids))
        for start in range(0, len(wanted), _CAMPAIGNS_AT_ONCE):
            if self._known.size > self.most_kept:
                break
            await self.of(wanted[start : start + _CAMPAIGNS_AT_ONCE])


def kin_of(account: AccountMap, ad_group_id: str) -> Sequence[tuple[str, str]]:
    """The other ad groups that advertise the same products, each with its campaign."""
    return [(account.ad_groups[each].campaign_id, each) for each in account.sisters(ad_group_id)]


@dataclass
class SoldBefore:
    """One run's questions for orders of old, asked of what rules would negate."""

    what_sold: WhatSold
    run: Run
    account: AccountMap
    asked_runs: int = 0
    _noted: bool = field(default=False, init=False)

    async def __call__(self, asked: Sequence[Asked]) -> Mapping[Asked, Sold]:
        """Of what is on record nowhere else, the first are looked for in earlier runs, one by one; the rest are once
        they are planned.
        """
        terms = self.what_sold.terms
        if not self._noted:
            await terms.note_sold(self.run.run_id)
            self._noted = True
        kin = {ad_group_id: kin_of(self.account, ad_group_id) for _, ad_group_id, _ in asked}
        campaigns = {campaign_id for each in kin.values() for campaign_id, _ in each}
        known = await self.what_sold.of([*campaigns, *(campaign_id for campaign_id, _, _ in asked)])
        found = {
            each: sold
            for each in asked
            if (sold := known.sold(each[0], kin[each[1]], each[2])) is not None
        }  # fmt: skip
        rest = [each for each in asked if each not in found][: _MOST_ASKED - self.asked_runs]
        self.asked_runs += len(rest)
        by_runs = await terms.sold_by_runs(
            self.run.profile_id, sorted({(campaign_id, key) for campaign_id, _, key in rest})
        )
        return found | {each: by_runs[each[0], each[2]] for each in rest if (each[0], each[2]) in by_runs}
