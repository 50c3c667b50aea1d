"""One look at the reports of a profile, for a worker that has other things to do meanwhile."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass

from harvester.domain.history import ReportKind
from harvester.domain.profile import Profile
from harvester.domain.slot import Done, Result, SetAside
from harvester.usecases.fetch_reports import Fetched, FetchReports


async def none_else(_profile: Profile) -> Collection[ReportKind]:
    return ()


@dataclass(frozen=True)
class AdvanceReports:
    fetch: FetchReports
    kinds_of: Callable[[Profile], Collection[ReportKind]]
    """Which ones the rules in force need."""
    also: Callable[[Profile], Awaitable[Collection[ReportKind]]] = none_else
    """Which ones are needed for what was done before, whatever the rules say now."""
    skips_of: Callable[[Profile], Collection[int]] = lambda _profile: ()
    """Of their windows."""

    async def __call__(self, profile: Profile) -> Result:
        """Set aside while Amazon is at it. Raises ProfileBusy, AccountClosed, Unavailable."""
        kinds = {*self.kinds_of(profile), *await self.also(profile)}
        fetched = await self.fetch.advance(profile, kinds, skips=self.skips_of(profile))
        said = "; ".join(fetched.troubles)
        if fetched.look_at is not None:
            return SetAside(fetched.look_at, _waiting(fetched), counts=False)
        if fetched.again_at is not None:
            return SetAside(fetched.again_at, said)
        return Done(note=said)


def _waiting(fetched: Fetched) -> str:
    """How many, and of one that is not just being made, why."""
    noted = next((each.note for each in fetched.pending if each.note), "")
    return f"waiting for {len(fetched.pending)} reports of Amazon's" + (f": {noted}" if noted else "")
