"""Work on many profiles side by side: what fails for one stops none of the others."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from harvester.domain.errors import AccountClosed, HarvesterError
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile
from harvester.ports import AdsLogin, Profiles

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
        """`asked`: profile ids; empty: all. Results come in the order of accounts and profile ids."""
        result: FleetResult[_Done] = FleetResult()
        found: list[tuple[Profile, AdsLogin]] = []
        answers = await asyncio.gather(*(self._profiles_of(login) for login in self.logins))
        for login, answer in zip(self.logins, answers, strict=True):
            if isinstance(answer, HarvesterError):
                result.failed.extend(await self._account_failed(login.account, answer, asked))
            else:
                found.extend((profile, login) for profile in self._wanted(login, answer, asked))
        seen = {profile.profile_id for profile, _ in found} | {failure.profile_id for failure in result.failed}
        result.failed.extend(
            Failure("", ProfileId(profile_id), "no login of the settings can edit this profile")
            for profile_id in asked
            if profile_id not in seen
        )
        await self._work_on_all(found, work, result)
        return result

    async def _profiles_of(self, login: AdsLogin) -> Sequence[Profile] | HarvesterError:
        try:
            profiles = await login.profiles()
        except HarvesterError as error:
            return error
        await self.profiles.save(profiles)
        return profiles

    async def _account_failed(self, account: str, error: HarvesterError, asked: Collection[str]) -> Sequence[Failure]:
        """One failure per profile that the account is known to have; without any, one for the account."""
        known = [profile for profile in await self.profiles.known() if profile.account == account]
        mine = [profile for profile in known if not asked or profile.profile_id in asked]
        return [Failure(account, profile.profile_id, str(error), profile) for profile in mine] or (
            [] if known and not isinstance(error, AccountClosed) else [Failure(account, None, str(error))]
        )

    def _wanted(self, login: AdsLogin, profiles: Sequence[Profile], asked: Collection[str]) -> Sequence[Profile]:
        allowed = self.only.get(login.account, ())
        return sorted(
            (
                profile
                for profile in profiles
                if (not allowed or profile.profile_id in allowed) and (not asked or profile.profile_id in asked)
            ),
            key=lambda profile: profile.profile_id,
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
