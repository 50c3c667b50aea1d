"""A ready-made plan that would take back what turned out to be a mistake: once per action, for a person to judge."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from harvester.domain.ids import PlanId
from harvester.domain.profile import Profile
from harvester.ports import AccountReader, Clock
from harvester.ports.outcomes import Outcomes
from harvester.usecases.undo import ToUndo, Undone


@dataclass(frozen=True)
class OpenRegrets:
    outcomes: Outcomes
    undo: Callable[[Profile, ToUndo, AccountReader], Awaitable[Undone]]
    clock: Clock

    async def __call__(self, profile: Profile, reader: Callable[[], AccountReader]) -> PlanId | None:
        """The plan, where there is one to be made; nothing of it is approved. What is taken back already, or was
        declined by a person, is not asked again. Raises what `undo` does.
        """
        found = await self.outcomes.regretted(profile.profile_id)
        for each in found:
            if each.undo_plan_id is not None:
                await self.outcomes.note_opened([each.action_id], each.undo_plan_id, self.clock.now())
        fresh = [each for each in found if each.undo_plan_id is None]
        if not fresh:
            return None
        ids = [each.action_id for each in fresh]
        because = {each.action_id: f"Regretted: {each.sentence}." for each in fresh}
        undone = await self.undo(profile, ToUndo(action_ids=ids, because=because, once=True), reader())
        await self.outcomes.note_opened(ids, undone.plan_id, self.clock.now())
        return undone.plan_id
