"""The negative at the source of a promotion: an item of its own, once the promoted target serves."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from harvester.domain.action import ActionKind, Standing
from harvester.domain.plan import PlannedAction
from harvester.ports.histories import Histories
from harvester.rules.compensate import source_negative
from harvester.usecases.account_map import ENABLED, serves
from harvester.usecases.live import Live, look
from harvester.usecases.moved import moved
from harvester.usecases.surroundings import Surroundings


async def due_negatives(histories: Histories, surroundings: Surroundings, now: datetime) -> Sequence[PlannedAction]:
    """Of promotions whose delay has passed, whose target exists and is enabled, and whose source is not closed yet."""
    due = await histories.due_follow_ups(surroundings.facts.profile.profile_id, now)
    if not due:
        return []
    reader, account = surroundings.reader, surroundings.account
    live = await look(reader, due, account)
    serving = [promotion for promotion in due if _serves(promotion, live)]
    pairs = [
        (promotion, item)
        for promotion in serving
        if (item := source_negative(promotion, account.place(promotion.source_ad_group_id))) is not None
    ]
    closed = await look(reader, [_as_standing(promotion, item) for promotion, item in pairs], account)
    return [item for promotion, item in pairs if moved(_as_standing(promotion, item), closed) is None]


def _serves(promotion: Standing, live: Live) -> bool:
    """Itself, and the place where it is: nothing replaces at the source what a paused campaign holds."""
    where = live.destination(promotion)
    target, place = live.targets[where].get(promotion.kind, promotion.amazon_id), live.account.place(where)
    return target is not None and target.state == ENABLED and place is not None and serves(place)


def _as_standing(promotion: Standing, item: PlannedAction) -> Standing:
    return msgspec.structs.replace(
        promotion,
        kind=ActionKind(item.kind),
        match=item.match,
        level=item.level,
        campaign_id=item.campaign_id,
        ad_group_id=item.ad_group_id,
    )
