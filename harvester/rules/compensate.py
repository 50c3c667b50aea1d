"""What takes an action back, and the negative that follows a promotion: pure, from what the ledger keeps of it."""

from dataclasses import dataclass
from typing import Any

import msgspec

from harvester.domain.action import ActionKind, ActionState, Standing, effect_of
from harvester.domain.candidate import Place
from harvester.domain.plan import PlannedAction
from harvester.domain.profile import Campaign
from harvester.domain.target import Level, Match
from harvester.rules import fragments
from harvester.rules.delivery import shown_enough

_PAUSES = {
    ActionKind.PROMOTE_KEYWORD: ActionKind.PAUSE_KEYWORD,
    ActionKind.PROMOTE_PRODUCT: ActionKind.PAUSE_TARGET,
    ActionKind.TARGET_PRODUCT: ActionKind.PAUSE_TARGET,
    ActionKind.TARGET_CATEGORY: ActionKind.PAUSE_TARGET,
}
_LIFTS = {
    ActionKind.NEGATE_KEYWORD: ActionKind.ARCHIVE_NEGATIVE_KEYWORD,
    ActionKind.NEGATE_PRODUCT: ActionKind.ARCHIVE_NEGATIVE_PRODUCT,
    ActionKind.NEGATE_BRAND: ActionKind.ARCHIVE_NEGATIVE_BRAND,
}
_ID_FIELDS = {ActionKind.PAUSE_KEYWORD: "keywordId", ActionKind.PAUSE_TARGET: "targetId"}


@dataclass(frozen=True, slots=True)
class Undo:
    """A compensation before it is known where the thing stands now."""

    of: Standing
    kind: ActionKind
    key: str
    """Amazon's id of what is taken back."""
    fragment: str
    seen: str
    target: str


def undo_of(action: Standing) -> Undo | None:
    """Of a promotion or a negative; None for a promotion group, of which only the campaigns can be paused."""
    pause, lift = _PAUSES.get(action.kind), _LIFTS.get(action.kind)
    if pause is not None:
        fragment = fragments.compact({_ID_FIELDS[pause]: action.amazon_id, "state": "PAUSED"})
        seen = fragments.compact({"bid": action.bid}) if action.bid else ""
        return Undo(action, pause, action.amazon_id, fragment, seen, action.target)
    if lift is not None:
        return Undo(action, lift, action.amazon_id, fragments.compact(action.amazon_id), "", action.target)
    return None


def undo_of_campaign(group: Standing, campaign: Campaign) -> Undo:
    """Stops a campaign that came into being with a promotion group; the group itself stays."""
    fragment = fragments.compact({"campaignId": campaign.campaign_id, "state": "PAUSED"})
    return Undo(group, ActionKind.PAUSE_CAMPAIGN, campaign.campaign_id, fragment, "", campaign.name)


def undo_item(undo: Undo, place: Place | None, refusal: str, campaign_name: str = "") -> PlannedAction:
    """`refusal`: why a person has to look first; empty where it can be taken back as it is. `campaign_name`: for what
    stands in no ad group.
    """
    action = undo.of
    campaign_id = undo.key if undo.kind is ActionKind.PAUSE_CAMPAIGN else action.campaign_id
    note = f"Takes back item {action.action_id} of plan {action.plan_id}. {refusal}"
    following = _following(action, undo.kind, place)
    return msgspec.structs.replace(
        following,
        campaign_name=following.campaign_name or campaign_name,
        effect=effect_of(undo.kind, action.ad_group_id or campaign_id, undo.key, None),
        state=ActionState.HELD if refusal else ActionState.PLANNED,
        reason="edited_since" if refusal else "",
        target=undo.target,
        key=undo.key,
        campaign_id=campaign_id,
        fragment=undo.fragment,
        note=note.strip(),
        seen=undo.seen,
        undoes=action.action_id,
    )


def source_negative(promotion: Standing, place: Place | None) -> PlannedAction | None:
    """The negative at the source of a promotion that is due; None where the rule wanted none."""
    if not promotion.follow_up:
        return None
    due: dict[str, Any] = msgspec.json.decode(promotion.follow_up)
    kind, match = ActionKind(due["kind"]), Match(due["match"])
    campaign_id, ad_group_id = str(due["campaign_id"]), str(due["ad_group_id"])
    if kind is ActionKind.NEGATE_KEYWORD:
        fragment = fragments.negative_keyword(promotion.target, match, campaign_id, ad_group_id)
    else:
        fragment = fragments.negative_product(promotion.target, campaign_id, ad_group_id)
    return msgspec.structs.replace(
        _following(promotion, kind, place),
        effect=effect_of(kind, ad_group_id, promotion.key, match),
        match=match,
        level=Level.AD_GROUP,
        campaign_id=campaign_id,
        ad_group_id=ad_group_id,
        fragment=fragment,
        follow_up=fragments.review_after(due.get("review_after_days")),
        note=(
            f"Promoted by item {promotion.action_id} of plan {promotion.plan_id} "
            f"{due['after_days']} days ago or more, and the target serves{shown_enough(due)}: "
            "the source can stop paying for it."
        ),
        follows=promotion.action_id,
    )


def _following(of: Standing, kind: ActionKind, place: Place | None) -> PlannedAction:
    """An item that follows from an earlier action, with what they share."""
    return PlannedAction(
        kind=kind,
        effect=of.effect,
        state=ActionState.PLANNED,
        reason="",
        rule=of.rule,
        target=of.target,
        key=of.key,
        match=of.match,
        level=of.level,
        campaign_id=of.campaign_id,
        campaign_name=place.campaign.name if place else "",
        ad_group_id=of.ad_group_id,
        ad_group_name=place.ad_group.name if place else "",
        group_id="",
        source_campaign_id=of.source_campaign_id,
        source_campaign_name="",
        source_ad_group_id=of.source_ad_group_id,
        source_ad_group_name="",
        ad_id="",
        asin="",
        clicks=of.clicks,
        conversions=of.conversions,
        bid=None,
        currency="",
        bid_formula="",
        fragment="",
        follow_up="",
        note="",
        places=(),
    )
