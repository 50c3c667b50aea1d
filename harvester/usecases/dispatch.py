"""What is due is put into the queue: by the clock, and whatever was missed while there was none."""

import hashlib
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from harvester.domain.fleet import Login
from harvester.domain.ids import Fingerprint, ProfileId
from harvester.domain.profile import Mode, Profile
from harvester.domain.slot import Slot, Task
from harvester.ports import Clock
from harvester.ports.fleet import Calendar, FleetProfiles, Slots

APPLY_AFTER = timedelta(minutes=1)
APPLY_PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
RECONCILE_PAUSES = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6))
"""Before the next try, after one in vain, after two, ...; when something has changed, from the beginning."""
LOOK_FOR_FOLLOW_UPS = timedelta(minutes=1)
LOOK_INTO_HISTORY = timedelta(hours=1)
"""Of what was done: it is much to look through, and reports for it are in no hurry."""
REPORTS_BEFORE = timedelta(hours=4)
"""So long before a run of the schedule its reports are asked for: Amazon takes three hours at most."""
FOLLOW_UP_PAUSE = timedelta(hours=25)
"""The daily run plans them by itself."""


async def none_of_them(_profile_ids: Sequence[ProfileId], _now: datetime) -> Collection[ProfileId]:
    return ()


@dataclass
class Dispatch:
    """May be called at any time, by any number of replicas: what is in the queue already is not put there again."""

    slots: Slots
    profiles: FleetProfiles
    calendar: Calendar
    clock: Clock
    only: Mapping[str, Collection[str]]
    """Account -> the profile ids it may touch; empty: all. Accounts that are not named here have no login."""
    jitter: timedelta
    chores: Mapping[Task, timedelta]
    """How often each chore of the fleet falls due."""
    settle_after: timedelta
    mode_of: Callable[[ProfileId], Mode]
    """What the settings and the rules in force allow."""
    ruleset: Callable[[], Fingerprint]
    """In force now."""
    wants_reports: Callable[[Profile], bool] = field(default=lambda _profile: False, kw_only=True)
    """Whether those rules need any."""
    needs_reports: Callable[[Sequence[ProfileId], datetime], Awaitable[Collection[ProfileId]]] = field(
        default=none_of_them, kw_only=True
    )
    """Which of these need some for what was done before, whatever the rules say now. Asked once an hour."""
    _put: dict[ProfileId, datetime] = field(default_factory=dict, init=False)
    """What this process has put last: it need not ask again."""
    _reports_put: dict[ProfileId, datetime] = field(default_factory=dict, init=False)
    _history_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _logins: Sequence[Login] = field(default=(), init=False)
    _listed: Sequence[Profile] = field(default=(), init=False)
    """The profiles that those logins showed; a fleet of thousands is read again only when one was asked again."""
    _ruleset: Fingerprint | None = field(default=None, init=False)
    _rules_since: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    """As far as this process knows."""
    _follow_ups_at: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)

    async def __call__(self) -> int:
        """How many slots are new."""
        now = self.clock.now()
        await self.slots.put_back_lost(now)
        return (
            await self._put_chores(now)
            + await self._put_plans(now)
            + await self._put_reports(now)
            + await self._put_reconciles(now)
            + await self._put_follow_ups(now)
            + await self._put_applies(now)
        )

    async def timezones(self) -> set[str]:
        """Of all profiles that are harvested."""
        return {profile.timezone for profile in await self._profiles()}

    async def _put_chores(self, now: datetime) -> int:
        due = [(task, _floor(now, every)) for task, every in self.chores.items()]
        return await self.slots.put([(Slot(task, None, at), at) for task, at in due], now)

    async def _put_plans(self, now: datetime) -> int:
        profiles = await self._profiles()
        last = {timezone: self.calendar.last_due(timezone, now) for timezone in {each.timezone for each in profiles}}
        fresh = [
            (Slot(Task.PLAN, profile.profile_id, last[profile.timezone]), profile)
            for profile in profiles
            if self._put.get(profile.profile_id) != last[profile.timezone]
        ]
        put = await self.slots.put([(slot, slot.due_at + self._offset(profile)) for slot, profile in fresh], now)
        self._put.update((profile.profile_id, slot.due_at) for slot, profile in fresh)
        return put

    async def _put_reports(self, now: datetime) -> int:
        """Before each run of the schedule; for a profile that is new, or whose rules are, at once."""
        profiles = await self._profiles()
        ahead = now + REPORTS_BEFORE
        due = {zone: self.calendar.last_due(zone, ahead) - REPORTS_BEFORE for zone in {p.timezone for p in profiles}}
        waiting = [each for each in profiles if self._reports_put.get(each.profile_id) != due[each.timezone]]
        fresh = [
            (Slot(Task.REPORT, profile.profile_id, due[profile.timezone]), profile)
            for profile in await self._in_need(waiting, now)
        ]
        put = await self.slots.put([(slot, slot.due_at + self._offset(profile)) for slot, profile in fresh], now)
        self._reports_put.update((profile.profile_id, slot.due_at) for slot, profile in fresh)
        return put

    async def _in_need(self, profiles: Sequence[Profile], now: datetime) -> Sequence[Profile]:
        wanted = {profile.profile_id for profile in profiles if self.wants_reports(profile)}
        others = [profile.profile_id for profile in profiles if profile.profile_id not in wanted]
        if others and abs(now - self._history_at) >= LOOK_INTO_HISTORY:
            self._history_at = now
            wanted.update(await self.needs_reports(others, now))
        return [profile for profile in profiles if profile.profile_id in wanted]

    async def _put_reconciles(self, now: datetime) -> int:
        found = await self.slots.profiles_to_reconcile(now, now - self.settle_after, RECONCILE_PAUSES)
        return await self._put_for(Task.RECONCILE, found, now)

    async def _put_follow_ups(self, now: datetime) -> int:
        """They are due by the day: to look once a minute is enough."""
        if abs(now - self._follow_ups_at) < LOOK_FOR_FOLLOW_UPS:
            return 0
        self._follow_ups_at = now
        found = await self.slots.profiles_to_follow_up(now, now - FOLLOW_UP_PAUSE)
        return await self._put_for(Task.FOLLOW_UP, found, now)

    async def _put_applies(self, now: datetime) -> int:
        if self.ruleset() != self._ruleset:
            self._ruleset, self._rules_since = self.ruleset(), now
        found = await self.slots.profiles_to_apply(now, now - APPLY_AFTER, APPLY_PAUSES, self._rules_since)
        automatic = [
            profile_id for profile_id, modes in found.items() if modes.within(self.mode_of(profile_id)) is Mode.AUTO
        ]
        return await self._put_for(Task.APPLY, automatic, now)

    async def _put_for(self, task: Task, profile_ids: Sequence[ProfileId], now: datetime) -> int:
        """Of these, the ones that a login can edit now: for the others it would fail again and again."""
        if not profile_ids:
            return 0
        due_at, editable = now.replace(microsecond=0), {profile.profile_id for profile in await self._profiles()}
        slots = [(Slot(task, profile_id, due_at), due_at) for profile_id in profile_ids if profile_id in editable]
        return await self.slots.put(slots, now)

    async def _profiles(self) -> Sequence[Profile]:
        logins = await self.profiles.logins()
        if logins != self._logins:
            self._listed = [
                profile
                for profile in await self.profiles.listed(self.only)
                if not self.only[profile.account] or profile.profile_id in self.only[profile.account]
            ]
            self._logins = logins
        return self._listed

    def _offset(self, profile: Profile) -> timedelta:
        """The same for a profile every day, and even over all of them."""
        digest = hashlib.sha256(profile.profile_id.encode()).digest()
        return timedelta(seconds=int(self.jitter.total_seconds() * int.from_bytes(digest[:4]) / 2**32))


def _floor(now: datetime, every: timedelta) -> datetime:
    seconds = int(every.total_seconds())
    return datetime.fromtimestamp(int(now.timestamp()) // seconds * seconds, UTC)
