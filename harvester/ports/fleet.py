"""What the daemon needs from outside: a calendar, slots, replicas, and how far anybody may go."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from harvester.domain.fleet import Login, RuntimeModes, Sign
from harvester.domain.ids import PlanId, ProfileId
from harvester.domain.profile import Mode, Profile
from harvester.domain.slot import NotTaken, Result, Slot, Taken


class Calendar(Protocol):
    """When a profile is due, by the wall clock of its own time zone."""

    def last_due(self, timezone: str, now: datetime) -> datetime:
        """The latest moment up to `now`, in UTC."""
        ...

    def next_due(self, timezone: str, now: datetime) -> datetime:
        """The first moment after `now`, in UTC."""
        ...


class Slots(Protocol):
    async def put(self, slots: Sequence[tuple[Slot, datetime]], now: datetime) -> int:
        """Those that are new, with the moment before which no worker takes them; into the queue with the same COMMIT.

        A slot is new if none of its task and profile is as late or later. Returns how many were.
        """
        ...

    async def profiles_to_reconcile(
        self, now: datetime, unsettled_since: datetime, pauses: Sequence[timedelta]
    ) -> Sequence[ProfileId]:
        """Those with something unknown sent before then, unless somebody is at it, or has been lately.

        `pauses`: after one try in vain, after two, ...; the last for all after it. A change begins them anew.
        """
        ...

    async def profiles_to_apply(
        self, now: datetime, approved_by: datetime, pauses: Sequence[timedelta], rules_since: datetime
    ) -> Mapping[ProfileId, RuntimeModes]:
        """Those with something approved by then that still holds, unless somebody is at it, or has been lately.

        What is paused is left alone. `pauses` as above; since `rules_since` the rules are what they are.
        """
        ...

    async def plans_to_apply(self, profile_id: ProfileId, now: datetime) -> Sequence[PlanId]:
        """Those that hold something approved, the oldest first; and the newest, where it is to be sent by itself."""
        ...

    async def profiles_to_follow_up(self, now: datetime, none_since: datetime) -> Sequence[ProfileId]:
        """Those with a due negative at the source, and no run of their own begun or asked for since then."""
        ...

    async def put_back_lost(self, now: datetime) -> int:
        """Slots that are open and in no queue go back into it: the queue forgets, the slot does not."""
        ...

    async def take(
        self, slot: Slot, replica_id: str, now: datetime, most_unanswered: int
    ) -> Taken | NotTaken | datetime:
        """Together with the older slots of its task and profile that still wait: one run covers them.

        A time: it was set aside until then.
        """
        ...

    async def settle(self, taken: Taken, result: Result, now: datetime) -> bool:
        """False: another worker has taken it meanwhile, and nothing was written."""
        ...

    async def plans_with_expired_approvals(self, now: datetime) -> Sequence[PlanId]: ...


class JobQueue(Protocol):
    async def work(self, handle: Callable[[Slot], Awaitable[datetime | None]]) -> None:
        """Hands out slots until `stop`; the handler says when to come again with the same one, or None: never.

        Raises Unavailable when the line to Postgres does not come back.
        """
        ...

    def stop(self) -> None:
        """No new work; `work` returns when what is under way has ended."""
        ...


class Replicas(Protocol):
    async def sign(self, sign: Sign) -> datetime:
        """A sign of life. The answer is what time it is by the clock that silence is measured with."""
        ...

    async def leave(self, replica_id: str) -> None: ...


class FleetProfiles(Protocol):
    async def find(self, profile_id: ProfileId) -> Profile | None: ...

    async def listed(self, accounts: Collection[str]) -> Sequence[Profile]:
        """Those that the accounts' logins could edit when they were last asked and answered."""
        ...

    async def note_listed(self, account: str, profiles: Sequence[Profile], now: datetime) -> None: ...

    async def note_failure(self, account: str, failure: str, *, closed: bool, now: datetime) -> None: ...

    async def forget_others(self, accounts: Collection[str]) -> None:
        """Logins that the settings name no more are nobody's trouble."""
        ...

    async def logins(self) -> Sequence[Login]: ...


class Modes(Protocol):
    async def current(self, profile_id: ProfileId) -> RuntimeModes:
        """What people have set while the service runs."""
        ...

    async def set(self, profile_id: ProfileId | None, mode: Mode | None, by: str, now: datetime) -> None:
        """None as the mode: as far as the settings go. Raises Refused for a profile that is not known."""
        ...
