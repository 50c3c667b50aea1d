"""Does what a slot asks for; whatever goes wrong becomes a result: set aside until when, or failed, and why."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from harvester.domain.errors import (
    AccountClosed,
    HarvesterError,
    LeaseLost,
    PageBroken,
    ProfileBusy,
    Refused,
    Unavailable,
)
from harvester.domain.ids import Fingerprint, PlanId, ProfileId
from harvester.domain.profile import Mode, Profile
from harvester.domain.slot import Done, Failed, Result, SetAside, Slot, Taken, Task
from harvester.ports import AccountReader, AccountWriter, Actions, AdsLogin, Clock
from harvester.ports.fleet import FleetProfiles, Modes, Slots
from harvester.usecases.apply import Applied, Watch
from harvester.usecases.plan_profile import Planned, PlanProfile
from harvester.usecases.reconcile import Settled

THROTTLED = 429
BUSY_PAUSE, LEASE_PAUSE = timedelta(seconds=15), timedelta(seconds=5)
THROTTLED_PAUSE, LONGEST_THROTTLED_PAUSE = timedelta(minutes=15), timedelta(hours=6)
AWAY_PAUSE, LONGEST_AWAY_PAUSE = timedelta(minutes=1), timedelta(hours=1)
MOST_SURPRISES = 3
"""A page that cannot be read, or an error that nobody foresaw, may pass; not for ever."""

Chore = Callable[[], Awaitable[str]]
"""What it has to say when it is done; mostly nothing."""


@dataclass(frozen=True)
class WorkSlot:
    """Under one set of rules. Built anew when those change; what is under way goes on under the old ones."""

    logins: Mapping[str, AdsLogin]
    only: Mapping[str, Collection[str]]
    profiles: FleetProfiles
    slots: Slots
    modes: Modes
    actions: Actions
    plan_profile: PlanProfile
    apply: Callable[[Profile, PlanId, Fingerprint, AccountReader, AccountWriter, Watch], Awaitable[Applied]]
    reconcile: Callable[[Profile, AccountReader], Awaitable[Settled]]
    settle_after: timedelta
    """Before a listing may say that something never arrived."""
    clock: Clock
    mode_of: Callable[[ProfileId], Mode]
    writer: Callable[[Profile], AccountWriter]
    chores: Mapping[Task, Chore]
    surprised: Callable[[Taken, Exception], None]
    """Told of an error that nobody foresaw, with its traceback."""
    reports: Callable[[Profile], Awaitable[Result]]

    async def __call__(self, taken: Taken) -> Result:
        """Cancelled, it stops where it can be gone on with."""
        try:
            return await self._do(taken)
        except HarvesterError as error:
            if isinstance(error, AccountClosed) and error.account:
                await self.profiles.note_failure(error.account, str(error), closed=True, now=self.clock.now())
            return result_of(error, taken.failures, self.clock.now())
        except Exception as error:  # noqa: BLE001 - recorded, and stops no other slot
            self.surprised(taken, error)
            sentence = f"unexpected {type(error).__name__}: {error}"
            return _again_a_few_times(sentence, taken.failures, self.clock.now())

    async def _do(self, taken: Taken) -> Result:
        chore = self.chores.get(taken.slot.task)
        if chore is not None:
            return Done(note=await chore())
        assert taken.slot.profile_id is not None
        found = await self._find(taken.slot.profile_id)
        if found is None:
            return Failed("no login of the settings can edit this profile any more")
        profile, login = found
        if taken.slot.task is Task.REPORT:
            return await self.reports(profile)
        if taken.slot.task is Task.RECONCILE:
            return await self._reconcile(profile, login)
        if taken.slot.task is Task.APPLY:
            return Done(note=await self._apply(profile, login))
        planned = await self._plan(taken, profile, login)
        notes = [*planned.troubles, await self._send(profile, login, planned.plan_id)]
        return Done(planned.run_id, "; ".join(filter(None, notes)))

    async def _plan(self, taken: Taken, profile: Profile, login: AdsLogin) -> Planned:
        """Whoever had the slot before may have ended between the plan and its sending: then that plan goes on."""
        trigger = "schedule" if taken.slot.task is Task.PLAN else taken.slot.task.value
        if taken.again and (found := await self.plan_profile.done_before(profile, trigger, taken.slot.due_at)):
            return found
        return await self.plan_profile(profile, login, trigger, lambda _profile, _progress: None)

    async def _find(self, profile_id: ProfileId) -> tuple[Profile, AdsLogin] | None:
        profile = await self.profiles.find(profile_id)
        login = self.logins.get(profile.account) if profile else None
        if profile is None or login is None:
            return None
        only = self.only[profile.account]
        return (profile, login) if not only or profile_id in only else None

    async def _reconcile(self, profile: Profile, login: AdsLogin) -> Result:
        settled = await self.reconcile(profile, login.reader(profile, None))
        if settled.open:
            return Done(note=f"cannot be settled by listing: {', '.join(settled.open)}")
        if settled.too_early:
            until = self.clock.now() + max(self.settle_after, timedelta(seconds=1))
            return SetAside(until, "too early to say what became of what was sent", counts=False)
        return Done()

    async def _send(self, profile: Profile, login: AdsLogin, fresh: PlanId) -> str:
        """What may pass is tried again by an `apply` of its own: nothing is harvested a second time for it."""
        try:
            return await self._apply(profile, login, fresh)
        except HarvesterError as error:
            now = self.clock.now()
            result = result_of(error, 0, now)
            if not isinstance(result, SetAside):
                raise
            apply = Slot(Task.APPLY, profile.profile_id, now.replace(microsecond=0))
            await self.slots.put([(apply, result.until)], now)
            return f"plan {fresh} is sent later: {error}"

    async def _apply(self, profile: Profile, login: AdsLogin, fresh: PlanId | None = None) -> str:
        """Sends what is approved, or may be by itself, where the mode is auto. What hinders it is said, and waits."""
        profile_id, now = profile.profile_id, self.clock.now()
        mode = (await self.modes.current(profile_id)).within(self.mode_of(profile_id))
        if mode is not Mode.AUTO:
            return ""
        paused = await self.actions.paused(profile_id)
        if paused:
            return f"nothing is sent: {paused}"
        waiting = await self.slots.plans_to_apply(profile_id, now)
        notes = []
        for plan_id in dict.fromkeys([*waiting, *([fresh] if fresh else [])]):
            found = await self.actions.fingerprint(plan_id)
            assert found is not None
            reader, writer = login.reader(profile, None), self.writer(profile)
            try:
                applied = await self.apply(profile, plan_id, found[1], reader, writer, lambda _sent, _total: None)
            except ProfileBusy:
                raise
            except Refused as refusal:  # a pause, a narrower mode, an approval that ran out: since we looked
                notes.append(f"plan {plan_id} is not sent: {refusal}")
                break
            notes.extend(_left(plan_id, applied))
            if applied.stopped:
                notes.append(f"plan {plan_id} is not sent whole: {applied.stopped}")
                break
        return "; ".join(notes)


def _left(plan_id: PlanId, applied: Applied) -> Iterator[str]:
    """What is not sent, and is not sent by trying again either before something changes; and why."""
    for (state, why), items in applied.reasons.items():
        if state in ("planned", "waiting"):
            yield f"{items} {state} of plan {plan_id}: {why}"


def result_of(error: HarvesterError, failures: int, now: datetime) -> Result:
    """What an error means for the slot that met it, set aside for a reason so often before."""
    reason = str(error)
    match error:
        case ProfileBusy():
            return SetAside(now + BUSY_PAUSE, reason, counts=False)
        case LeaseLost():
            return SetAside(now + LEASE_PAUSE, reason, counts=False)
        case Unavailable(status=status, retry_after_seconds=after):
            throttled = status == THROTTLED
            first, longest = (
                (THROTTLED_PAUSE, LONGEST_THROTTLED_PAUSE) if throttled else (AWAY_PAUSE, LONGEST_AWAY_PAUSE)
            )
            asked = timedelta(seconds=min(after or 0.0, longest.total_seconds()))
            return SetAside(now + max(asked, _longer(first, failures, longest)), reason)
        case PageBroken():
            return _again_a_few_times(reason, failures, now)
        case _:
            return Failed(reason)


def _again_a_few_times(reason: str, failures: int, now: datetime) -> Result:
    if failures + 1 >= MOST_SURPRISES:
        return Failed(reason)
    return SetAside(now + _longer(AWAY_PAUSE, failures, LONGEST_AWAY_PAUSE), reason)


def _longer(first: timedelta, failures: int, longest: timedelta) -> timedelta:
    return min(first * float(2 ** min(failures, 20)), longest)
