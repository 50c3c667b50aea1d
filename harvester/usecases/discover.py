"""Which profiles the logins of the settings can edit now; a login that fails stops none of the others."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from harvester.domain.errors import AccountClosed, HarvesterError
from harvester.domain.ids import ProfileId
from harvester.domain.profile import FoundProfiles
from harvester.ports import AdsLogin, Clock, Profiles
from harvester.ports.fleet import FleetProfiles


@dataclass(frozen=True)
class Discover:
    logins: Sequence[AdsLogin]
    profiles: Profiles
    fleet: FleetProfiles
    clock: Clock

    async def __call__(self) -> Sequence[str]:
        """Which logins could not be asked and which profiles could not be read, a sentence each.

        A profile of several logins belongs to the first of them.
        """
        await self.fleet.forget_others([login.account for login in self.logins])
        answers = await asyncio.gather(*(profiles_of(login) for login in self.logins))
        taken: set[ProfileId] = set()
        failures = []
        for login, answer in zip(self.logins, answers, strict=True):
            if isinstance(answer, HarvesterError):
                closed = isinstance(answer, AccountClosed)
                await self.fleet.note_failure(login.account, str(answer), closed=closed, now=self.clock.now())
                failures.append(f"{login.account}: {answer}")
                continue
            failures += [f"{login.account}: {each.reason}" for each in answer.unreadable]
            mine = [profile for profile in answer.readable if profile.profile_id not in taken]
            taken |= {profile.profile_id for profile in mine}
            await self.profiles.save(mine)
            await self.fleet.note_listed(login.account, mine, self.clock.now())
        return failures


async def profiles_of(login: AdsLogin) -> FoundProfiles | HarvesterError:
    """An error is an answer too: the other logins are asked all the same."""
    try:
        return await login.profiles()
    except HarvesterError as error:
        return error
