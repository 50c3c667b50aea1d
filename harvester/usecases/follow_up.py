"""The negative at the source of a promotion: an item of its own, once the promoted target serves."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from harvester.domain.action import ActionKind, Standing
from harvester.domain.ids import ProfileId
from harvester.domain.plan import PlannedAction
from harvester.ports import AccountReader
from harvester.ports.histories import Histories
from harvester.rules.compensate import source_negative
from harvester.rules.delivery import KeptOpen, why_open
from harvester.usecases.account_map import ENABLED, AccountMap, serves
from harvester.usecases.live import Live, look
from harvester.usecases.moved import moved
from harvester.usecases.surroundings import Surroundings


async def due_negatives(histories: Histories, surroundings: Surroundings, now: datetime) -> Sequence[PlannedAction]:
    """Of promotions whose delay has passed, whose target exists and is enabled, and whose source is not closed yet.

    Of the others it is recorded why their source stays open, also of those that wait for impressions: a target that is
    archived or paused is never shown.
    """
    profile_id = surroundings.facts.profile.profile_id
    due = await histories.due_follow_ups(profile_id, now)
    unseen = await histories.due_follow_ups(profile_id, now, shown=False)
    if not due and not unseen:
        return []
    reader, account = surroundings.reader, surroundings.account
    live = await look(reader, [*due, *unseen], account)
    open_still = {each.action_id: _kept_open(each, live) for each in (*due, *unseen)}
    await histories.keep_open(list(open_still.items()))
    serving = [promotion for promotion in due if open_still[promotion.action_id] is None]
    pairs = [
        (promotion, item)
        for promotion in serving
        if (item := source_negative(promotion, account.place(promotion.source_ad_group_id))) is not None
    ]
    closed = await look(reader, [_as_standing(promotion, item) for promotion, item in pairs], account)
    return [item for promotion, item in pairs if moved(_as_standing(promotion, item), closed) is None]


async def unreplaced(
    histories: Histories,
    profile_id: ProfileId,
    negatives: Sequence[Standing],
    reader: AccountReader,
    account: AccountMap,
) -> list[tuple[str, str]]:
    """Of negatives that are about to be sent: whose source would be closed with nothing that serves in its stead."""
    following = [each for each in negatives if each.follows]
    if not following:
        return []
    wanted = sorted({each.follows for each in following})
    found = await histories.done_actions(profile_id, action_ids=wanted)
    promotions = [each for each in found if each.action_id in wanted]
    live = await look(reader, promotions, account)
    open_still = {each.action_id: _kept_open(each, live) for each in promotions}
    await histories.keep_open(list(open_still.items()))
    why_of = {each: f"its promotion, item {each}, does not stand any more" for each in wanted} | {
        action_id: why and f"the promoted target served, and {why_open(why)}" for action_id, why in open_still.items()
    }
    return [(each.action_id, why) for each in following if (why := why_of[each.follows])]


def _kept_open(promotion: Standing, live: Live) -> KeptOpen | None:
    """By itself or by the place where it is: nothing replaces at the source what a paused campaign holds."""
    where = live.destination(promotion)
    target, place = live.targets[where].get(promotion.kind, promotion.amazon_id), live.account.place(where)
    if where and target is None:
        return KeptOpen.ARCHIVED
    if target is None or place is None or not serves(place):
        return KeptOpen.PLACE
    return None if target.state == ENABLED else KeptOpen.PAUSED


def _as_standing(promotion: Standing, item: PlannedAction) -> Standing:
    return msgspec.structs.replace(
        promotion,
        kind=ActionKind(item.kind),
        match=item.match,
        level=item.level,
        campaign_id=item.campaign_id,
        ad_group_id=item.ad_group_id,
    )
