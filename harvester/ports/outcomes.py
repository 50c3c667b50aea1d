"""What became of what was done, as those need it who look and judge."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple, Protocol

from harvester.domain.aftermath import Deed, Measured, Reading
from harvester.domain.history import ReportKind
from harvester.domain.ids import PlanId, ProfileId
from harvester.domain.profile import Profile


class Regretted(Protocol):
    """An action that turned out to be a mistake, and for which no undo was opened yet."""

    @property
    def action_id(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def undo_plan_id(self) -> PlanId | None:
        """A plan that would take it back already."""
        ...


class DayIn(NamedTuple):
    asked_at: datetime
    """Of the report that the day was last read from."""
    unread: Collection[str]
    """Campaigns of which rows could not be read; an empty one: nobody knows of which."""


class Outcomes(Protocol):
    async def due(self, profile: Profile, now: datetime, most: int) -> Sequence[Deed]:
        """Of what is done, the first so many whose next reading is due and whose reports have caught up with it."""
        ...

    async def days_in(self, profile_id: ProfileId, kind: ReportKind, since: date) -> Mapping[date, DayIn]: ...

    async def measure(self, profile_id: ProfileId, deeds: Sequence[tuple[Deed, int, bool]]) -> Mapping[str, Measured]:
        """By action, over so many days before and after; the source only where it is asked for."""
        ...

    async def orders(self, profile_id: ProfileId, asked: Sequence[tuple[Deed, str]]) -> Sequence[int]:
        """Of other keys at the places of these negatives, from the days that each looked at until it was made."""
        ...

    async def record(self, profile_id: ProfileId, readings: Sequence[Reading], now: datetime) -> None:
        """Each once: what another replica has recorded already stays."""
        ...

    async def regretted(self, profile_id: ProfileId) -> Sequence[Regretted]:
        """By their newest reading; done, and without an undo that was opened for it."""
        ...

    async def note_opened(self, action_ids: Sequence[str], plan_id: PlanId | None, now: datetime) -> None: ...

    async def kinds_needed(
        self, profile_ids: Sequence[ProfileId], now: datetime
    ) -> Mapping[ProfileId, frozenset[ReportKind]]:
        """Which reports are needed for what was done, whatever the rules say now: while readings are to come, and while
        a negative at a source waits for impressions. Profiles that need none are left out.
        """
        ...

    async def profiles_due(self, now: datetime) -> Sequence[ProfileId]:
        """Where readings may be due, or undos are to be opened."""
        ...
