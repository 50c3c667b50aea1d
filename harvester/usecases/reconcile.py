"""Settles what nobody knows by looking at the account: it arrived, or it never did."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

import msgspec

from harvester.domain.action import ActionKind, ActionState, Standing
from harvester.domain.outcome import ItemOutcome, Made, NotSent
from harvester.domain.profile import Profile
from harvester.domain.target import TargetKind
from harvester.ports import AccountReader, Actions, Clock, Lease
from harvester.usecases.live import Live, look, what_of
from harvester.usecases.moved import as_it_was

_PAUSED = "PAUSED"


@dataclass(frozen=True, slots=True)
class Settled:
    arrived: int = 0
    never_arrived: int = 0
    too_early: int = 0
    """A listing may not show them yet."""
    open: Sequence[str] = ()
    """Action ids that a listing cannot settle: they stay unknown, and block a second send of the same effect."""


@dataclass(frozen=True)
class Reconcile:
    lease: Lease
    actions: Actions
    clock: Clock
    wait: timedelta
    """What an answer to a listing may lag behind; longer than any call's timeout."""

    async def __call__(self, profile: Profile, reader: AccountReader) -> Settled:
        """Raises Refused while another process works on the profile, and what the reader raises."""
        async with self.lease.hold(profile.profile_id):
            fence = await self.actions.take_fence(profile.profile_id)
            unknown = await self.actions.in_state(profile.profile_id, [ActionState.UNKNOWN], None)
            if not unknown:
                return Settled()
            live = await look(reader, unknown)
            now = self.clock.now()
            found: list[tuple[str, ItemOutcome]] = []
            early, open_ones = 0, []
            for action in unknown:
                outcome = arrived(action, live)
                if outcome is not None:
                    found.append((action.action_id, outcome))
                elif action.sent_at is not None and now < action.sent_at + self.wait:
                    early += 1
                elif action.reason == "already_there" or may_have_arrived(action, live):
                    open_ones.append(action.action_id)
                else:
                    found.append((action.action_id, NotSent("a listing does not show it: it never arrived")))
            await self.actions.settle_unknown(found, fence, now)
            made = sum(isinstance(outcome, Made) for _, outcome in found)
            return Settled(made, len(found) - made, early, tuple(open_ones))


def arrived(action: Standing, live: Live) -> Made | None:
    """What the account shows of an action, by the fields that make two things the same."""
    match action.kind:
        case ActionKind.CREATE_GROUP:
            return _group(action, live)
        case (
            ActionKind.PROMOTE_KEYWORD
            | ActionKind.PROMOTE_PRODUCT
            | ActionKind.TARGET_PRODUCT
            | ActionKind.TARGET_CATEGORY
        ):
            kind = TargetKind.KEYWORD if action.kind is ActionKind.PROMOTE_KEYWORD else TargetKind.PRODUCT
            target = live.target(live.destination(action), kind, action.key, action.match)
            return Made(target.amazon_id) if target else None
        case ActionKind.NEGATE_KEYWORD | ActionKind.NEGATE_PRODUCT | ActionKind.NEGATE_BRAND:
            return _negative(action, live)
        case ActionKind.PAUSE_KEYWORD | ActionKind.PAUSE_TARGET:
            still = live.targets[action.ad_group_id].get(action.kind, action.key)
            return Made(action.key) if still is None or still.state == _PAUSED else None
        case ActionKind.PAUSE_CAMPAIGN:
            campaign = live.account.campaigns.get(action.campaign_id)
            return Made(action.key) if campaign is None or campaign.state == _PAUSED else None
        case (
            ActionKind.ARCHIVE_NEGATIVE_KEYWORD
            | ActionKind.ARCHIVE_NEGATIVE_PRODUCT
            | ActionKind.ARCHIVE_NEGATIVE_BRAND
        ):
            return None if live.negatives_at(action).get(action.kind, action.key) else Made(action.key)
        case _:
            assert_never(action.kind)


def _group(action: Standing, live: Live) -> Made | None:
    """Where the request names ad groups, only a group that leads to them is ours."""
    wanted = msgspec.json.decode(action.fragment).get("existingCampaignDetails") or {}
    named = {*wanted.get("keywordCampaignAdGroupIds", ()), *wanted.get("productCampaignAdGroupIds", ())}
    for group in live.groups[action.source_ad_group_id]:
        parts = tuple(filter(None, (group.keyword_ad_group_id, group.product_ad_group_id)))
        if named <= set(parts):
            return Made(group.group_id, parts)
    return None


def _negative(action: Standing, live: Live) -> Made | None:
    negative = live.negatives_at(action).by_what.get(what_of(action))
    return Made(negative.amazon_id) if negative else None


def may_have_arrived(action: Standing, live: Live) -> bool:
    """A negative brand whose id Amazon does not show stands there, and was not there when this was planned."""
    if action.kind is not ActionKind.NEGATE_BRAND:
        return False
    return bool(live.nameless_brands(action) - set(as_it_was(action).get("nameless", ())))
