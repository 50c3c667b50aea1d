"""Approvals that have run out lead back to review."""

from dataclasses import dataclass

from harvester.ports import Actions, Clock
from harvester.ports.fleet import Slots


@dataclass(frozen=True)
class ExpireApprovals:
    slots: Slots
    actions: Actions
    clock: Clock

    async def __call__(self) -> str:
        """How many of how many plans, in words; empty: none."""
        now = self.clock.now()
        plans = await self.slots.plans_with_expired_approvals(now)
        expired = sum([len(await self.actions.expire(plan_id, now)) for plan_id in plans])
        return f"{expired} approvals of {len(plans)} plans have run out" if expired else ""
