"""Judges the recorded evidence again, under the rules in force and under others; asks nobody else."""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from harvester.domain.errors import Refused
from harvester.domain.profile import Profile
from harvester.ports import Clock, Profiles
from harvester.ports.recorded import RecordedEvidence
from harvester.rules.policy_diff import Comparison, Flip, Totals, strength
from harvester.rules.ruleset import RuleSet

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
        comparison, rows = None, 0
        async for page in self.evidence.newest(self.clock.now() - span, list(profile_ids) or None):
            for row in page:
                if comparison is None or row.profile_id != seen[-1].profile_id:
                    seen.append(known[row.profile_id])
                    own_asins = await self.profiles.own_asins(row.profile_id)
                    comparison = Comparison(self.in_force, new, seen[-1], own_asins)
                flip = comparison.judge(row, totals)
                if flip is not None:
                    strongest.add(flip)
            rows += len(page)
            self.watch(rows)
            await asyncio.sleep(0)
        return PolicyDiff(totals, strongest.sorted(), seen)


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
