"""What has moved since an item was planned: an item that would no longer do what was reviewed is not sent."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, assert_never

import msgspec

from harvester.domain.action import ActionKind, Standing
from harvester.domain.profile import PromotionGroup, StandingTarget
from harvester.domain.target import Level, TargetKind
from harvester.usecases.account_map import ENABLED
from harvester.usecases.live import Live, Shelf, what_of


def moved(action: Standing, live: Live) -> str | None:
    """Before and after, in one sentence; None where everything is as it was reviewed."""
    match action.kind:
        case ActionKind.CREATE_GROUP:
            return _source_moved(action, live) or _group_moved(action, live)
        case ActionKind.PROMOTE_KEYWORD | ActionKind.PROMOTE_PRODUCT:
            return _source_moved(action, live) or _promotion_moved(action, live)
        case ActionKind.TARGET_PRODUCT | ActionKind.TARGET_CATEGORY:
            return _source_moved(action, live) or _target_moved(action, live)
        case ActionKind.NEGATE_KEYWORD | ActionKind.NEGATE_PRODUCT | ActionKind.NEGATE_BRAND:
            return _place_gone(action, live) or _negative_moved(action, live)
        case ActionKind.PAUSE_KEYWORD | ActionKind.PAUSE_TARGET:
            return edited(action, live.targets[action.ad_group_id])
        case ActionKind.PAUSE_CAMPAIGN:
            return _campaign_moved(action, live)
        case (
            ActionKind.ARCHIVE_NEGATIVE_KEYWORD
            | ActionKind.ARCHIVE_NEGATIVE_PRODUCT
            | ActionKind.ARCHIVE_NEGATIVE_BRAND
        ):
            return _negative_gone(action, live)
        case _:
            assert_never(action.kind)


def as_it_was(action: Standing) -> Mapping[str, Any]:
    seen: dict[str, Any] = msgspec.json.decode(action.seen) if action.seen else {}
    return seen


def _source_moved(action: Standing, live: Live) -> str | None:
    place = live.account.place(action.source_ad_group_id)
    if place is None:
        return f"its source ad group {action.source_ad_group_id} was there, and is archived now"
    if place.ad_group.state != ENABLED or place.campaign.state != ENABLED:
        what = "ad group" if place.ad_group.state != ENABLED else "campaign"
        return f"its source {what} was enabled, and is {(place.ad_group.state, place.campaign.state)} now".lower()
    return None


def _group_moved(action: Standing, live: Live) -> str | None:
    groups = live.groups[action.source_ad_group_id]
    if groups:
        return f"its ad group had no promotion group, and has {groups[0].group_id} now"
    wanted = msgspec.json.decode(action.fragment).get("existingCampaignDetails") or {}
    mine = live.account.products.get(action.source_ad_group_id)
    for ad_group_id in (*wanted.get("keywordCampaignAdGroupIds", ()), *wanted.get("productCampaignAdGroupIds", ())):
        if live.account.place(ad_group_id) is None:
            return f"its destination ad group {ad_group_id} was there, and is archived now"
        if live.account.products.get(ad_group_id) != mine:
            return f"its destination ad group {ad_group_id} advertised the same products, and does not now"
    return None


def _promotion_moved(action: Standing, live: Live) -> str | None:
    """A group that this plan makes first has nothing to compare yet; the ad group it will lead to may have."""
    if action.group_id:
        groups = live.groups[action.source_ad_group_id]
        group = next((each for each in groups if each.group_id == action.group_id), None)
        if group is None:
            return f"its promotion group {action.group_id} was there, and is gone now"
        leads_to = _leads_to(action, group)
        if action.ad_group_id and leads_to != action.ad_group_id:
            return f"its promotion group led to ad group {action.ad_group_id}, and leads to {leads_to or 'none'} now"
    place = live.destination(action)
    if not place:
        return None
    return _destination_moved(action, live, place) or _bid_moved(action, live)


def _target_moved(action: Standing, live: Live) -> str | None:
    return _destination_moved(action, live, action.ad_group_id) or _bid_moved(action, live)


def _leads_to(action: Standing, group: PromotionGroup) -> str:
    keyword = action.kind is ActionKind.PROMOTE_KEYWORD
    return (group.keyword_ad_group_id if keyword else group.product_ad_group_id) or ""


def _destination_moved(action: Standing, live: Live, place: str) -> str | None:
    if live.account.place(place) is None:
        return f"its destination ad group {place} was there, and is archived now"
    kind = TargetKind.KEYWORD if action.kind is ActionKind.PROMOTE_KEYWORD else TargetKind.PRODUCT
    standing = live.target(place, kind, action.key, action.match)
    if standing is not None:
        return f"it was not targeted there, and is now ({standing.amazon_id}, {standing.state.lower()})"
    return None


def _bid_moved(action: Standing, live: Live) -> str | None:
    before = as_it_was(action).get("default_bid")
    ad_group = live.account.ad_groups.get(live.destination(action))
    if before is None or ad_group is None or ad_group.default_bid is None:
        return None
    if Decimal(before) != Decimal(ad_group.default_bid):
        return f"its bid follows the ad group's default, which was {before} and is {ad_group.default_bid} now"
    return None


def _place_gone(action: Standing, live: Live) -> str | None:
    if action.level is Level.CAMPAIGN:
        here = action.campaign_id in live.account.campaigns
        return None if here else f"its campaign {action.campaign_id} was there, and is archived now"
    here = live.account.place(action.ad_group_id) is not None
    return None if here else f"its ad group {action.ad_group_id} was there, and is archived now"


def _negative_moved(action: Standing, live: Live) -> str | None:
    covering = live.negatives_bearing_on(action).covering(*what_of(action))
    if covering:
        return f"no negative covered it, and {covering} does now"
    if action.kind is ActionKind.NEGATE_BRAND:
        fresh = sorted(live.nameless_brands(action) - set(as_it_was(action).get("nameless", ())))
        if fresh:
            return f"a negative brand stands there now ({fresh[0]}) whose id Amazon does not show: it may be the same"
    return None


def edited(action: Standing, targets: Shelf[StandingTarget]) -> str | None:
    """Why a target of ours is not paused: it is not as we left it."""
    now = targets.get(action.kind, action.key)
    if now is None:
        return "we made it, and it is archived now"
    if now.state != ENABLED:
        return f"we left it enabled, and it is {now.state.lower()} now"
    before = as_it_was(action).get("bid")
    if before is not None and now.bid is not None and Decimal(before) != Decimal(now.bid):
        return f"we left its bid at {before}, and it is {now.bid} now: a person has edited it"
    return None


def _campaign_moved(action: Standing, live: Live) -> str | None:
    campaign = live.account.campaigns.get(action.campaign_id)
    if campaign is None:
        return "we made it, and it is archived now"
    return None if campaign.state == ENABLED else f"we left it enabled, and it is {campaign.state.lower()} now"


def _negative_gone(action: Standing, live: Live) -> str | None:
    now = live.negatives_at(action).get(action.kind, action.key)
    if now is None:
        return "we made it, and it is archived now"
    return None if now.state == ENABLED else f"we left it enabled, and it is {now.state.lower()} now"
