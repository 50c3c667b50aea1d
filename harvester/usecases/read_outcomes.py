"""What became of what was done: each reading that is due, once, from the reports that are in."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

import msgspec

from harvester.domain.action import ActionKind
from harvester.domain.aftermath import LONGEST_WINDOW, Deed, Reading
from harvester.domain.history import SELLERS_SKIP_DAYS, VENDORS_SKIP_DAYS, ReportKind
from harvester.domain.profile import Profile
from harvester.domain.zones import zone
from harvester.ports import Clock
from harvester.ports.outcomes import DayIn, Outcomes
from harvester.ports.search_terms import SearchTerms
from harvester.rules.aftermath import judge, windows_of
from harvester.usecases.sold_before import WhatSold

AT_A_TIME = 500

TargetAcos = Callable[[Profile, Deed], float | None]
"""What counts as paying for what an action is about, by the rules in force; None: they say nothing."""


def nothing_said(_profile: Profile, _deed: Deed) -> float | None:
    return None


@dataclass(frozen=True)
class ReadOutcomes:
    outcomes: Outcomes
    clock: Clock
    terms: SearchTerms
    target_acos: TargetAcos = nothing_said

    async def __call__(self, profile: Profile) -> int:
        """How many readings were made. Asks nobody but Postgres; does nothing before the next is due."""
        made, now = 0, self.clock.now()
        while deeds := await self.outcomes.due(profile, now, AT_A_TIME):
            await self.outcomes.record(profile.profile_id, await self._read(profile, deeds), now)
            made += len(deeds)
        return made

    async def _read(self, profile: Profile, deeds: Sequence[Deed]) -> Sequence[Reading]:
        since = min(deed.made_on for deed in deeds) - timedelta(days=LONGEST_WINDOW)
        terms, targets = [
            _complete(await self.outcomes.days_in(profile.profile_id, kind, since), profile)
            for kind in (ReportKind.SEARCH_TERMS, ReportKind.TARGETING)
        ]
        asked = [(deed, *windows_of(deed, terms(deed.campaign_id), targets(deed.served_in))) for deed in deeds]
        measured = await self.outcomes.measure(profile.profile_id, asked)
        more = await self._sold_beside(profile, deeds)
        found = []
        for deed in deeds:
            target = self.target_acos(profile, deed)
            figures = measured[deed.action_id]
            if more.get(deed.action_id):
                orders = (figures.orders_now or 0) + more[deed.action_id]
                figures = msgspec.structs.replace(figures, orders_now=orders)
            found.append(Reading(deed, figures, target, judge(deed, figures, target)))
        return found

    async def _sold_beside(self, profile: Profile, deeds: Sequence[Deed]) -> Mapping[str, int]:
        """Orders of what else negatives shut out, close variants and what holds a phrase, where nobody was told."""
        negatives = [deed for deed in deeds if deed.kind is ActionKind.NEGATE_KEYWORD and not deed.follows]
        sold = await WhatSold(self.terms, profile).of([deed.campaign_id for deed in negatives])
        asked = [
            (deed, key)
            for deed in negatives
            for key in sorted({term.key for term in sold.shut_out(deed.campaign_id, deed.key, deed.match)})
            if key != deed.key and key not in deed.shown
        ]
        orders = await self.outcomes.orders(profile.profile_id, asked)
        more: Counter[str] = Counter()
        for (deed, _), count in zip(asked, orders, strict=True):
            more[deed.action_id] += count
        return more


def _complete(read: Mapping[date, DayIn], profile: Profile) -> Callable[[str], Collection[date]]:
    """By campaign: the days whose orders were all attributed when they were last read, and of which each row could be.

    A row that says nothing of its campaign may be of any; so may one where it is not known which campaign is meant.
    """
    skip = VENDORS_SKIP_DAYS if profile.is_vendor else SELLERS_SKIP_DAYS
    here = zone(profile.timezone)
    grown = {day: each for day, each in read.items() if (each.asked_at.astimezone(here).date() - day).days >= skip}
    whole = {day for day, each in grown.items() if not each.unread}

    @cache
    def of(campaign_id: str) -> Collection[date]:
        return whole | {
            day
            for day, each in grown.items()
            if each.unread and campaign_id and "" not in each.unread and campaign_id not in each.unread
        }

    return of
