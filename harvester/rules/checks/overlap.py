"""What of a rule's wish is not done, forbidden or waiting already. The judge and the planner ask the same functions."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from harvester.domain.action import ActionKind, effect_of
from harvester.domain.candidate import AccountFacts, Destination, EffectStanding, Ground, Negatives, NoDestination
from harvester.domain.decision import Finding, Reason
from harvester.domain.ids import Effect
from harvester.domain.target import Level, Match, TargetKind
from harvester.rules.ruleset import Negate

_NOTHING = Negatives()


@dataclass(frozen=True, slots=True)
class Opening:
    """The matches that are still to be done; or, where there are none, why."""

    matches: tuple[Match, ...]
    reason: Reason | None = None
    finding: Finding | None = None
    """What stands in the way, as far as something does; also where only some of the matches are left."""


def promotion_kind(kind: TargetKind) -> ActionKind:
    """Categories never go through a promotion group: it takes keywords and products only."""
    if kind is TargetKind.CATEGORY:
        return ActionKind.TARGET_CATEGORY
    return ActionKind.PROMOTE_KEYWORD if kind is TargetKind.KEYWORD else ActionKind.PROMOTE_PRODUCT


def kind_at(destination: Destination | NoDestination, kind: TargetKind) -> ActionKind:
    """What promotes there: without a promotion group, a product target is made in the ad group itself."""
    direct = isinstance(destination, Destination) and destination.direct and kind is TargetKind.PRODUCT
    return ActionKind.TARGET_PRODUCT if direct else promotion_kind(kind)


def negative_kind(kind: TargetKind) -> ActionKind:
    return ActionKind.NEGATE_KEYWORD if kind is TargetKind.KEYWORD else ActionKind.NEGATE_PRODUCT


def destination_of(ground: Ground, kind: TargetKind) -> str | None:
    """Where promotions of this kind take effect: an ad group's id, or `new:` and the source ad group; None: nowhere.

    A category waits until the ad group is there: only a promotion group puts something into one that is not.
    """
    destination = ground.destination
    if isinstance(destination, NoDestination):
        return None
    place = destination.place(kind)
    if place is not None:
        return place.ad_group.ad_group_id
    return new_group_place(ground) if _makes_place(destination) and kind is not TargetKind.CATEGORY else None


def new_group_place(ground: Ground) -> str:
    return f"new:{ground.source.ad_group.ad_group_id}"


def _makes_place(destination: Destination) -> bool:
    return destination.new is not None and destination.new.makes_campaigns


def negative_place(ground: Ground, level: Level) -> str:
    """An ad group's id, or `campaign:` and the campaign's: Amazon's ids are unique per type only."""
    if level is Level.AD_GROUP:
        return ground.source.ad_group.ad_group_id
    return f"campaign:{ground.source.campaign.campaign_id}"


def open_promotions(ground: Ground, kind: TargetKind, key: str, wanted: Iterable[Match], clicks: float) -> Opening:
    """In this order: not standing yet, not negated at the destination, not waiting, cooling down or declined."""
    matches, finding = list(wanted), None
    standing = [match for match in matches if (key, match) in ground.standing]
    if standing:
        finding = _finding("targeted", ground.standing[key, standing[0]], standing[0])
        matches = [match for match in matches if match not in standing]
        if not matches:
            return Opening((), Reason.ALREADY_TARGETED, finding)
    negatives = ground.destination_negatives.get(kind, _NOTHING)
    for match in tuple(matches):
        covering = negatives.covering(kind, key, match)
        if covering is not None:
            finding = _finding("negative_at_destination", covering, match)
            matches.remove(match)
    if not matches:
        return Opening((), Reason.ALREADY_NEGATIVE, finding)
    where = destination_of(ground, kind)
    if where is None or not ground.account.effects:
        return Opening(tuple(matches), None, finding)
    effects = {match: effect_of(promotion_kind(kind), where, key, match) for match in matches}
    return _free(ground.account, effects, clicks, finding)


def open_targets(
    ground: Ground, kind: TargetKind, keys: Sequence[str], wanted: Sequence[Match], clicks: float
) -> Opening:
    """Of several targets that one row becomes: of the first that has anything left to do, else of the first of all."""
    openings = [open_promotions(ground, kind, key, wanted, clicks) for key in keys]
    return next((each for each in openings if each.reason is None), openings[0])


def open_negative(ground: Ground, kind: TargetKind, key: str, negate: Negate, clicks: float) -> Opening:
    """Not covered by a negative that stands, not waiting, cooling down or declined.

    At campaign level only the campaign's own negatives count; in the ad group both.
    """
    match = negate.match if kind is TargetKind.KEYWORD else Match.SAME
    campaign = negate.level is Level.CAMPAIGN
    negatives = ground.source_campaign_negatives if campaign else ground.source_negatives
    covering = negatives.covering(kind, key, match)
    if covering is not None:
        return Opening((), Reason.ALREADY_NEGATIVE, _finding("negative_at_source", covering, match))
    effect = effect_of(negative_kind(kind), negative_place(ground, negate.level), key, match)
    return _free(ground.account, {match: effect}, clicks, None)


def _free(account: AccountFacts, effects: dict[Match, Effect], clicks: float, finding: Finding | None) -> Opening:
    blocked = {match: standing for match in effects if (standing := taken(account, effects[match], clicks))}
    if not blocked:
        return Opening(tuple(effects), None, finding)
    first, standing = next(iter(blocked.items()))
    record = account.effects[effects[first]]
    finding = _finding(standing.value, record.plan_id, first)
    left = tuple(match for match in effects if match not in blocked)
    return Opening(left, None if left else Reason(standing.value), finding)


def taken(account: AccountFacts, effect: Effect, clicks: float) -> EffectStanding | None:
    """Why an effect is not free. A declined one is free again once the clicks have doubled."""
    record = account.effects.get(effect)
    if record is None:
        return None
    doubled = record.clicks_then is not None and clicks >= 2 * record.clicks_then
    return None if record.standing is EffectStanding.DECLINED and doubled else record.standing


def _finding(check: str, measured: str, match: Match) -> Finding:
    return Finding("", f"overlap.{check}", measured, match.value, passed=False)
