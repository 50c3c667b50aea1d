"""Work on many profiles side by side: what fails for one stops none of the others."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from harvester.domain.errors import AccountClosed, HarvesterError
from harvester.domain.ids import ProfileId
from harvester.domain.profile import FoundProfiles, Profile
from harvester.ports import AdsLogin, Profiles
from harvester.usecases.discover import profiles_of

_Done = TypeVar("_Done")


@dataclass(frozen=True, slots=True)
class Failure:
    """`profile_id` None: the login failed before its profiles were known."""

    account: str
    profile_id: ProfileId | None
    reason: str
    profile: Profile | None = None


@dataclass(frozen=True, slots=True)
class FleetResult(Generic[_Done]):
    done: list[tuple[Profile, _Done]] = field(default_factory=list)
    failed: list[Failure] = field(default_factory=list)


@dataclass(frozen=True)
class Fleet:
    """The profiles of all logins, and work done on many of them side by side."""

    logins: Sequence[AdsLogin]
    only: Mapping[str, Collection[str]]
    """Account -> the profile ids it may touch; empty or absent: all that the login can edit."""
    profiles: Profiles
    concurrency: int
    surprised: Callable[[Profile, Exception], None]
    """Told of an error that nobody foresaw, with its traceback."""

    async def __call__(
        self, asked: Collection[str], work: Callable[[Profile, AdsLogin], Awaitable[_Done]]
    ) -> FleetResult[_Done]:
        """`asked`: profile ids; empty: all. Results come in the order of accounts and profile ids.

        A profile that several logins may touch is worked on by the first of them.
        """
        result: FleetResult[_Done] = FleetResult()
        found: dict[ProfileId, tuple[Profile, AdsLogin]] = {}
        refused: list[tuple[str, HarvesterError]] = []
        readable: dict[str, FoundProfiles] = {}
        for login, answer in zip(self.logins, await self._profiles_of_all(), strict=True):
            if isinstance(answer, HarvesterError):
                refused.append((login.account, answer))
                continue
            mine = [each for each in self._allowed(login.account, answer.readable) if each.profile_id not in found]
            await self.profiles.save(mine)
            found |= {each.profile_id: (each, login) for each in mine}
            readable[login.account] = answer
            result.failed.extend(self._missing(login.account, answer, asked))
        for account, answer in readable.items():
            result.failed.extend(self._unreadable(account, answer, asked, found))
        for account, error in refused:
            result.failed.extend(await self._account_failed(account, error, asked, found))
        seen = {*found, *(failure.profile_id for failure in result.failed)}
        result.failed.extend(
            Failure("", ProfileId(profile_id), "no login of the settings can edit this profile")
            for profile_id in dict.fromkeys(asked)
            if profile_id not in seen
        )
        wanted = [pair for profile_id, pair in found.items() if not asked or profile_id in asked]
        await self._work_on_all(wanted, work, result)
        return result

    async def _profiles_of_all(self) -> Sequence[FoundProfiles | HarvesterError]:
        return await asyncio.gather(*(profiles_of(login) for login in self.logins))

    def _allowed(self, account: str, profiles: Sequence[Profile]) -> Sequence[Profile]:
        """Those that the settings let this account touch, by id."""
        only = self.only.get(account, ())
        allowed = [profile for profile in profiles if not only or profile.profile_id in only]
        return sorted(allowed, key=lambda profile: profile.profile_id)

    def _unreadable(
        self, account: str, answer: FoundProfiles, asked: Collection[str], found: Collection[str]
    ) -> Sequence[Failure]:
        """Of those that are wanted. One that does not say whose it is may be any of them that was not found."""
        only = self.only.get(account, ())
        named = [each for each in asked or only if not only or each in only]
        limited = bool(asked or only)
        complete = limited and all(profile_id in found for profile_id in named)
        return [
            Failure(account, each.profile_id, each.reason)
            for each in answer.unreadable
            if (not complete if each.profile_id is None else not limited or each.profile_id in named)
            and each.profile_id not in found
        ]

    def _missing(self, account: str, found: FoundProfiles, asked: Collection[str]) -> Sequence[Failure]:
        """The profiles that the settings name for this account, and that it does not have."""
        there: set[str | None] = {profile.profile_id for profile in found.readable}
        there |= {each.profile_id for each in found.unreadable}
        reason = "the settings name this profile, but their login cannot edit it"
        return [
            Failure(account, ProfileId(profile_id), reason)
            for profile_id in self.only.get(account, ())
            if profile_id not in there and (not asked or profile_id in asked)
        ]

    async def _account_failed(
        self, account: str, error: HarvesterError, asked: Collection[str], found: Collection[str]
    ) -> Sequence[Failure]:
        """One failure per profile that the account is known to have; without any, one for the account."""
        if asked and all(profile_id in found for profile_id in asked):
            return []
        known = [profile for profile in await self.profiles.known() if profile.account == account]
        mine = [
            profile
            for profile in self._allowed(account, known)
            if profile.profile_id not in found and (not asked or profile.profile_id in asked)
        ]
        return [Failure(account, profile.profile_id, str(error), profile) for profile in mine] or (
            [] if known and not isinstance(error, AccountClosed) else [Failure(account, None, str(error))]
        )

    async def _work_on_all(
        self,
        found: Sequence[tuple[Profile, AdsLogin]],
        work: Callable[[Profile, AdsLogin], Awaitable[_Done]],
        result: FleetResult[_Done],
    ) -> None:
        turns = asyncio.Semaphore(self.concurrency)

        async def one(profile: Profile, login: AdsLogin) -> _Done | HarvesterError:
            async with turns:
                try:
                    return await work(profile, login)
                except HarvesterError as error:
                    return error
                except Exception as error:  # noqa: BLE001 - one profile's surprise is recorded, and stops no other
                    self.surprised(profile, error)
                    return HarvesterError(f"unexpected {type(error).__name__}: {error}")

        outcomes = await asyncio.gather(*(one(profile, login) for profile, login in found))
        for (profile, _), outcome in zip(found, outcomes, strict=True):
            if isinstance(outcome, HarvesterError):
                result.failed.append(Failure(profile.account, profile.profile_id, str(outcome), profile))
            else:
                result.done.append((profile, outcome))
