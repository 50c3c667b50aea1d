"""The chore that looks back: in every profile what became of what was done, and plans for what is regretted."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from harvester.domain.errors import HarvesterError
from harvester.domain.ids import ProfileId
from harvester.ports import AdsLogin, Clock
from harvester.ports.fleet import FleetProfiles
from harvester.ports.outcomes import Outcomes
from harvester.usecases.open_regrets import OpenRegrets
from harvester.usecases.read_outcomes import ReadOutcomes


@dataclass(frozen=True)
class FollowOutcomes:
    outcomes: Outcomes
    profiles: FleetProfiles
    logins: Mapping[str, AdsLogin]
    only: Mapping[str, Collection[str]]
    """Account -> the profile ids it may touch; empty: all."""
    back: Callable[[], tuple[ReadOutcomes, OpenRegrets]]
    """Under the rules in force now."""
    clock: Clock

    async def __call__(self) -> str:
        """What hindered it in one profile is said, stops no other, and is tried again the next time."""
        notes = []
        for profile_id in await self.outcomes.profiles_due(self.clock.now()):
            try:
                await self._follow(profile_id)
            except HarvesterError as error:
                notes.append(f"profile {profile_id}: {error}")
        return "; ".join(notes)

    async def _follow(self, profile_id: ProfileId) -> None:
        profile = await self.profiles.find(profile_id)
        login = self.logins.get(profile.account) if profile else None
        if profile is None or login is None:
            return
        only = self.only.get(profile.account, ())
        if only and profile_id not in only:
            return
        read, open_regrets = self.back()
        await read(profile)
        await open_regrets(profile, lambda: login.reader(profile, None))
