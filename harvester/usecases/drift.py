"""What we made and somebody changed or removed since."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from harvester.domain.action import ActionKind, Standing
from harvester.domain.profile import Profile
from harvester.ports import AccountReader
from harvester.ports.histories import Histories
from harvester.usecases.account_map import ENABLED
from harvester.usecases.live import Live, look

_BATCH = 5000
"""Actions compared at a time: their places are listed together, and memory stays bounded."""


@dataclass(frozen=True, slots=True)
class Drifted:
    action: Standing
    what: str
    """removed, paused or edited"""
    detail: str


@dataclass(frozen=True)
class FindDrift:
    histories: Histories

    async def __call__(self, profile: Profile, reader: AccountReader) -> Sequence[Drifted]:
        """Of everything done and not undone; raises what the reader raises."""
        found: list[Drifted] = []
        batch: list[Standing] = []
        async for action in self.histories.done(profile.profile_id):
            if not action.kind.is_undo:
                batch.append(action)
            if len(batch) == _BATCH:
                found += await _compare(batch, reader)
                batch = []
        return [*found, *(await _compare(batch, reader) if batch else ())]


async def _compare(actions: Sequence[Standing], reader: AccountReader) -> Sequence[Drifted]:
    live = await look(reader, actions)
    return [drifted for action in actions if (drifted := _drift(action, live)) is not None]


def _drift(action: Standing, live: Live) -> Drifted | None:
    match action.kind:
        case ActionKind.CREATE_GROUP:
            there = any(group.group_id == action.amazon_id for group in live.groups[action.source_ad_group_id])
            return None if there else Drifted(action, "removed", "the promotion group is gone")
        case kind if kind.is_promotion:
            return _target_drift(action, live)
        case _:
            return _negative_drift(action, live)


def _target_drift(action: Standing, live: Live) -> Drifted | None:
    now = live.targets[live.destination(action)].get(action.kind, action.amazon_id)
    if now is None:
        return Drifted(action, "removed", f"{action.amazon_id} is archived")
    if now.state != ENABLED:
        return Drifted(action, "paused", f"{action.amazon_id} is {now.state.lower()}")
    if action.bid is not None and now.bid is not None and Decimal(action.bid) != Decimal(now.bid):
        return Drifted(action, "edited", f"bid {action.bid} → {now.bid}")
    return None


def _negative_drift(action: Standing, live: Live) -> Drifted | None:
    now = live.negatives_at(action).get(action.kind, action.amazon_id)
    if now is None:
        return Drifted(action, "removed", f"negative {action.amazon_id} is archived")
    return None if now.state == ENABLED else Drifted(action, "paused", f"negative {action.amazon_id} is paused")
