"""Judges the recorded evidence again, under the rules in force and under others; asks nobody else."""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from harvester.domain.errors import Refused
from harvester.domain.profile import Profile
from harvester.domain.recorded import RecordedRow
from harvester.ports import Clock, Profiles
from harvester.ports.recorded import RecordedEvidence
from harvester.ports.search_terms import SearchTerms
from harvester.rules.policy_diff import Comparison, Flip, Judged, Totals, newly_negated, strength
from harvester.rules.ruleset import RuleSet
from harvester.rules.sold_terms import SoldTerms
from harvester.usecases.sold_before import WhatSold

_MOST_KEPT = 20_000
"""Terms that sold, remembered from one page to the next: some ten megabytes."""

_Ranked = tuple[tuple[object, ...], int, Flip]


@dataclass(frozen=True, slots=True)
class PolicyDiff:
    totals: Totals
    flips: Sequence[Flip]
    """The strongest of them, at most as many as were asked for."""
    profiles: Sequence[Profile]
    """Whose evidence was judged."""


@dataclass(frozen=True)
class DiffRules:
    evidence: RecordedEvidence
    profiles: Profiles
    clock: Clock
    in_force: RuleSet
    terms: SearchTerms
    watch: Callable[[int], None] = field(default=lambda _rows: None)
    """Told how many rows were read so far."""

    async def __call__(
        self, new: RuleSet, span: timedelta, profile_ids: Sequence[str] = (), most: int = 100
    ) -> PolicyDiff:
        """Raises Refused for a profile that is not known. However many rows there are, `most` flips are held."""
        known = {profile.profile_id: profile for profile in await self.profiles.known()}
        for profile_id in profile_ids:
            if profile_id not in known:
                raise Refused(f"profile {profile_id} is not known; `harvester plan` finds the profiles of a login")
        totals, strongest = Totals(), _Strongest(most)
        seen: list[Profile] = []
        judging: _Judging | None = None
        rows = 0
        async for page in self.evidence.newest(self.clock.now() - span, list(profile_ids) or None):
            for row in page:
                if judging is None or row.profile_id != seen[-1].profile_id:
                    await _finish(judging, totals, strongest)
                    seen.append(known[row.profile_id])
                    own_asins = await self.profiles.own_asins(row.profile_id)
                    comparison = Comparison(self.in_force, new, seen[-1], own_asins)
                    judging = _Judging(comparison, WhatSold(self.terms, seen[-1], _MOST_KEPT))
                judging.add(row)
            await _finish(judging, totals, strongest)
            rows += len(page)
            self.watch(rows)
            await asyncio.sleep(0)
        return PolicyDiff(totals, strongest.sorted(), seen)


@dataclass
class _Judging:
    """Of a profile's rows, page by page."""

    comparison: Comparison
    what_sold: WhatSold
    judged: list[tuple[RecordedRow, Judged]] = field(default_factory=list)

    def add(self, row: RecordedRow) -> None:
        self.judged.append((row, self.comparison.judged(row)))

    async def flips(self, totals: Totals) -> list[Flip]:
        """Of the page; what sold before in the campaign is not negated by the new rules either."""
        asked = {row.row.campaign_id for row, judged in self.judged if newly_negated(row, judged)}
        known = await self.what_sold.of(asked)
        found = (self.comparison.count(row, self._as_sold(row, judged, known), totals) for row, judged in self.judged)
        flips = [flip for flip in found if flip is not None]
        self.judged.clear()
        return flips

    def _as_sold(self, row: RecordedRow, judged: Judged, known: SoldTerms) -> Judged:
        sold = known.sold(row.row.campaign_id, (), row.key) if newly_negated(row, judged) else None
        return judged if sold is None else self.comparison.with_sold(row, judged, sold)


async def _finish(judging: _Judging | None, totals: Totals, strongest: "_Strongest") -> None:
    for flip in await judging.flips(totals) if judging is not None else ():
        strongest.add(flip)


class _Strongest:
    """Of equal ones, those that came first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._heap: list[_Ranked] = []
        self._order = count()

    def add(self, flip: Flip) -> None:
        entry = (strength(flip), -next(self._order), flip)
        if len(self._heap) < self._most:
            heapq.heappush(self._heap, entry)
        elif self._most:
            heapq.heappushpop(self._heap, entry)

    def sorted(self) -> list[Flip]:
        return [flip for _, _, flip in sorted(self._heap, reverse=True)]
