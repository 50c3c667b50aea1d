"""From the decisions about one target to the items of a plan: folding, never adding up evidence."""

from collections.abc import Iterable, Mapping, Sequence

from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.bid import SuggestedBids, Suggestion
from harvester.domain.candidate import Destination, Ground, NoDestination
from harvester.domain.decision import DecidedRow, Outcome, Reason
from harvester.domain.ids import Effect
from harvester.domain.plan import PlannedAction
from harvester.domain.reach import targets_of
from harvester.domain.recommendation import WITHOUT_EVIDENCE
from harvester.domain.target import (
    MOST_KEYWORD_WORDS,
    MOST_PHRASE_NEGATIVE_WORDS,
    Level,
    Match,
    TargetKind,
    kind_of,
)
from harvester.rules.checks.overlap import destination_of, new_group_place, open_negative, open_promotions, taken
from harvester.rules.earnings import earned_by
from harvester.rules.evaluate import asks_amazon, missing_destination, promotion_bid
from harvester.rules.items import Folded, Refusal, group_item, negative_item, promotion_effect, promotion_item
from harvester.rules.ruleset import Negate, ProfileRules
from harvester.rules.suggestions import NOT_ASKED, Suggestions

Grounds = Mapping[tuple[str, str], Ground]
"""By source ad group and ad."""

_MOST_NAMED = 5


def fold(
    rows: Sequence[DecidedRow], grounds: Grounds, rules: ProfileRules, suggestions: Suggestions = NOT_ASKED
) -> list[PlannedAction]:
    """The items that follow from all rows of one ad group and key.

    One row is enough to promote; a negative needs every row. Where both are wished for, the promotion is planned and
    the negative held. Evidence is never summed: the strongest row leads, and its rule and evidence stand on the item.
    """
    items: list[PlannedAction] = []
    for kind in TargetKind:
        mine = [row for row in rows if kind_of(row.target_type) is kind]
        promoting = [row for row in mine if row.outcome is Outcome.PROMOTE]
        items += _promotions(promoting, kind, grounds, rules, suggestions)
        items += _negatives(mine, kind, grounds, rules)
    return items


def _promotions(
    rows: Iterable[DecidedRow], kind: TargetKind, grounds: Grounds, rules: ProfileRules, suggestions: Suggestions
) -> list[PlannedAction]:
    """One item for each destination and match: rows of ads that share both are one."""
    wishes: dict[tuple[str | None, str, Match], list[DecidedRow]] = {}
    closed: dict[tuple[str | None, str, Match], tuple[DecidedRow, Reason]] = {}
    for row in sorted(rows, key=_strongest):
        ground = grounds[row.ad_group_id, row.ad_id]
        where, wanted = destination_of(ground, kind), rules.rule(row.rule).promotes(kind)
        openings = {key: open_promotions(ground, kind, key, wanted, row.clicks or 0) for key in _keys_of(row, kind)}
        for key, opening in openings.items():
            for match in opening.matches:
                wishes.setdefault((where, key, match), []).append(row)
        shut = {key: opening.reason for key, opening in openings.items() if opening.reason is not None}
        if len(shut) == len(openings):
            for key, reason in shut.items():
                closed.setdefault((where, key, wanted[0]), (row, reason))
    items = []
    for (_, key, match), folded_rows in wishes.items():
        folded = _folded(folded_rows, kind, grounds, rules, key)
        suggestion = suggestions.of(promotion_effect(folded, match)) if asks_amazon(folded.rule) else None
        bid = promotion_bid(folded.ground, kind, folded.rule, rules, suggestion, earned_by(folded, rules))
        refusal = _why_not_promote(folded, rules) or (None if bid else _no_bid(folded, suggestion))
        items.append(promotion_item(folded, match, bid, refusal, suggestion))
    for (where, key, match), (row, reason) in closed.items():
        if (where, key, match) not in wishes:
            folded = _folded([row], kind, grounds, rules, key)
            bid = promotion_bid(folded.ground, kind, folded.rule, rules, earned=earned_by(folded, rules))
            items.append(promotion_item(folded, match, bid, _moved(reason)))
    return items


def _negatives(
    rows: Sequence[DecidedRow], kind: TargetKind, grounds: Grounds, rules: ProfileRules
) -> list[PlannedAction]:
    saying_so = sorted((row for row in rows if row.outcome is Outcome.NEGATE), key=_most_clicks)
    if not saying_so:
        return []
    others = [row for row in rows if row.outcome is not Outcome.NEGATE and _speaks_against(row)]
    folded = _folded([*saying_so, *others], kind, grounds, rules)
    negate = folded.rule.then.negate or Negate()
    return [negative_item(folded, negate, _why_not_negate(folded, negate, others, rules))]


def _speaks_against(row: DecidedRow) -> bool:
    """What only suggests, and is not taken up, is no evidence for or against anything."""
    return row.outcome is Outcome.PROMOTE or row.source not in WITHOUT_EVIDENCE


def _keys_of(row: DecidedRow, kind: TargetKind) -> list[str]:
    """A category may become several targets, each narrowed down in its way."""
    if kind is not TargetKind.CATEGORY:
        return [row.key]
    return [each.key for each in targets_of(row.target, row.evidence_note)]


def _folded(
    rows: Sequence[DecidedRow], kind: TargetKind, grounds: Grounds, rules: ProfileRules, key: str = ""
) -> Folded:
    leader = rows[0]
    return Folded(rows, grounds[leader.ad_group_id, leader.ad_id], rules.rule(leader.rule), kind, key or leader.key)


def _strongest(row: DecidedRow) -> tuple[float, float, int]:
    """Most conversions, then most clicks, then the first in the run."""
    return (-(row.conversions or 0), -(row.clicks or 0), row.place)


def _most_clicks(row: DecidedRow) -> tuple[float, float, int]:
    return (-(row.clicks or 0), row.conversions or 0, row.place)


def _moved(reason: Reason) -> Refusal:
    return Refusal(reason, f"When it was decided nothing stood in the way; now it is {reason}.")


def _no_bid(folded: Folded, suggestion: Suggestion | None) -> Refusal:
    if not asks_amazon(folded.rule):
        return _moved(Reason.NO_BID)
    if isinstance(suggestion, SuggestedBids):
        return Refusal(Reason.NO_BID, "Its ceiling is under the lowest bid that the marketplace takes.")
    return Refusal(Reason.NO_BID, "The rule names no other base that gives a bid in this currency.")


def _why_not_promote(folded: Folded, rules: ProfileRules) -> Refusal | None:
    ground, kind = folded.ground, folded.kind
    own = _own_product(folded, rules)
    if own is not None:
        return own
    reason = missing_destination(ground, kind)
    if reason is not None:
        note = (
            ground.destination.detail if isinstance(ground.destination, NoDestination) else f"It has no {kind} place."
        )
        return Refusal(reason, note)
    makes_group = isinstance(ground.destination, Destination) and ground.destination.new is not None
    if makes_group and kind is not TargetKind.CATEGORY:
        effect = group_effect(ground)
        standing = taken(ground.account, effect, folded.leader.clicks or 0)
        if standing is not None:
            plan_id = ground.account.effects[effect].plan_id
            return Refusal(standing, f"The promotion group that it needs: {standing}, in plan {plan_id}.")
    return None


def _why_not_negate(
    folded: Folded, negate: Negate, others: Sequence[DecidedRow], rules: ProfileRules
) -> Refusal | None:
    ground, leader, keyword = folded.ground, folded.leader, folded.kind is TargetKind.KEYWORD
    own = _own_product(folded, rules)
    if own is not None:
        return own
    if others:
        agreeing = len(folded.rows) - len(others)
        return Refusal(
            "conflicting_evidence",
            f"{agreeing} of {len(folded.rows)} rows about it say negate. Not so: {_named(others)}.",
        )
    opening = open_negative(ground, folded.kind, leader.key, negate, leader.clicks or 0)
    if opening.reason is not None:
        return _moved(opening.reason)
    words, most = len(leader.key.split()), MOST_KEYWORD_WORDS
    if negate.match is Match.PHRASE:
        most = MOST_PHRASE_NEGATIVE_WORDS
    if keyword and words > most:
        return Refusal("too_many_words", f"A negative {negate.match} has at most {most} words, this one {words}.")
    if not keyword and negate.level is Level.CAMPAIGN and not _takes_campaign_negatives(ground):
        return Refusal(
            "level_not_allowed",
            "Sellers' manual campaigns take no negative products at campaign level; use level ad_group.",
        )
    return None


def _own_product(folded: Folded, rules: ProfileRules) -> Refusal | None:
    own = folded.kind is TargetKind.PRODUCT and folded.leader.key in folded.ground.account.own_asins
    if not own or not rules.protect.own_products:
        return None
    return Refusal(Reason.OWN_PRODUCT, "The profile advertises this product itself, as came out later in the run.")


def _takes_campaign_negatives(ground: Ground) -> bool:
    return ground.source.campaign.targeting.upper() == "AUTO" or ground.account.profile.is_vendor


def _named(rows: Sequence[DecidedRow]) -> str:
    told = [f"ad {row.ad_id} ({row.outcome}: {row.reason}, {_evidence(row)})" for row in rows[:_MOST_NAMED]]
    more = len(rows) - _MOST_NAMED
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _evidence(row: DecidedRow) -> str:
    return f"{row.clicks or 0:g} clicks, {row.conversions or 0:g} conversions"


def group_effect(ground: Ground) -> Effect:
    """Of creating the promotion group of a source ad group."""
    return effect_of(ActionKind.CREATE_GROUP, new_group_place(ground), ground.source.ad_group.ad_group_id, None)


class GroupsInUse:
    """Collects which promotion groups a plan must create; keeps one promotion per source ad group."""

    def __init__(self) -> None:
        self._strongest: dict[str, PlannedAction] = {}

    def add(self, items: Iterable[PlannedAction]) -> None:
        for item in items:
            if item.kind.goes_through_group and item.state is not ActionState.HELD and not item.group_id:
                before = self._strongest.setdefault(item.source_ad_group_id, item)
                if _weight(item) > _weight(before):
                    self._strongest[item.source_ad_group_id] = item

    def items(self, grounds: Grounds) -> list[PlannedAction]:
        """A group that creates campaigns is guarded at once, and so never automatic."""
        items = []
        for source_id, strongest in sorted(self._strongest.items()):
            ground = grounds[source_id, strongest.ad_id]
            if isinstance(ground.destination, Destination) and ground.destination.new is not None:
                items.append(group_item(ground, ground.destination.new, strongest))
        return items


def _weight(item: PlannedAction) -> tuple[float, float]:
    return item.conversions or 0, item.clicks or 0
