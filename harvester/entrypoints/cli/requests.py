"""The calls that would carry a plan, from its stored items."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.ids import ActionId
from harvester.domain.target import Level
from harvester.rules.requests import requests


@dataclass(frozen=True, slots=True)
class _Stored:
    """What decides which call carries a stored item."""

    kind: ActionKind
    level: Level | None
    group_id: str
    source_ad_group_id: str
    fragment: str


_NEVER_SENT = frozenset({ActionState.HELD, ActionState.DECLINED, ActionState.SUPERSEDED, ActionState.STALE})


async def requests_of(items: AsyncIterator[Mapping[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    """Of every item that could still be sent; held ones cannot."""
    waiting = [
        (
            ActionId(item["id"]),
            _Stored(
                kind=ActionKind(item["kind"]),
                level=Level(item["level"]) if item["level"] else None,
                group_id=item["group_id"] or "",
                source_ad_group_id=item["source_ad_group_id"] or "",
                fragment=item["fragment"],
            ),
        )
        async for item in items
        if ActionState(item["state"]) not in _NEVER_SENT and item["fragment"]
    ]
    for call in requests(waiting):
        yield {
            "method": call.method,
            "path": call.path,
            "media_type": call.media_type,
            "body": call.body,
            "items": list(call.action_ids),
        }
