"""Negatives whose review date has come: lifting them is proposed, and a person says whether they go or stay."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from harvester.domain.action import ActionState, Standing
from harvester.domain.plan import PlannedAction
from harvester.ports.negatives import PlanHistories
from harvester.rules.compensate import Undo, undo_item, undo_of
from harvester.rules.guard import GuardReason
from harvester.usecases.account_map import AccountMap
from harvester.usecases.live import look
from harvester.usecases.moved import moved
from harvester.usecases.surroundings import Surroundings


async def due_reviews(histories: PlanHistories, surroundings: Surroundings, now: datetime) -> Sequence[PlannedAction]:
    """Guarded items, whatever the mode. What a person has lifted or paused since is nobody's question any more."""
    due = await histories.due_reviews(surroundings.facts.profile.profile_id, now)
    if not due:
        return []
    account = surroundings.account
    undos = [(action, undo) for action in due if (undo := undo_of(action)) is not None]
    live = await look(surroundings.reader, [_as_standing(undo) for _, undo in undos], account)
    return [
        _proposed(action, undo_item(undo, account.place(action.ad_group_id), "", _campaign_name(account, action)), now)
        for action, undo in undos
        if moved(_as_standing(undo), live) is None
    ]


def review_date(action: Standing) -> datetime | None:
    """When a negative of ours is to be looked at again; None where its rule says nothing."""
    if not action.kind.is_negative or not action.follow_up or action.settled_at is None:
        return None
    said: dict[str, Any] = msgspec.json.decode(action.follow_up)
    days = said.get("review_after_days")
    return action.settled_at + timedelta(days=days) if days else None


def _campaign_name(account: AccountMap, action: Standing) -> str:
    campaign = account.campaigns.get(action.campaign_id)
    return campaign.name if campaign else ""


def _as_standing(undo: Undo) -> Standing:
    return msgspec.structs.replace(undo.of, kind=undo.kind, key=undo.key, seen=undo.seen)


def _proposed(action: Standing, item: PlannedAction, now: datetime) -> PlannedAction:
    since = action.settled_at or now
    note = (
        f"Made by item {action.action_id} of plan {action.plan_id} on {since:%Y-%m-%d}, {(now - since).days} days ago: "
        "its review date has come. Approved, it is lifted; declined, it is asked again after as long."
    )
    return msgspec.structs.replace(item, state=ActionState.GUARDED, reason=GuardReason.REVIEW_DUE.value, note=note)
