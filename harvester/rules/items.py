"""One item of a plan, whole: what it does where, its request fragment, and what the reviewer should know."""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.bid import NoSuggestion, Suggestion
from harvester.domain.candidate import Ground, NewGroup, NoDestination, Place
from harvester.domain.category import CategoryTarget
from harvester.domain.decision import DecidedRow
from harvester.domain.ids import Effect
from harvester.domain.plan import PlannedAction
from harvester.domain.reach import targets_of
from harvester.domain.recommendation import CATEGORIES, SEARCH_TERMS, WITHOUT_EVIDENCE
from harvester.domain.target import MOST_PHRASE_NEGATIVE_WORDS, Level, Match, TargetKind
from harvester.rules import fragments
from harvester.rules.bids import StartingBid
from harvester.rules.checks.overlap import (
    destination_of,
    kind_at,
    negative_kind,
    negative_place,
    new_group_place,
    promotion_kind,
)
from harvester.rules.checks.shape import as_sent
from harvester.rules.explain_category import called, suggested_category
from harvester.rules.explain_terms import term_in_a_sentence
from harvester.rules.ruleset import Negate, Rule


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an item is held, and the sentence for its reviewer."""

    reason: str
    note: str


@dataclass(frozen=True, slots=True)
class Folded:
    """The rows of one item, the leader first, with the leader's ground and rule."""

    rows: Sequence[DecidedRow]
    ground: Ground
    rule: Rule
    kind: TargetKind
    key: str
    """Of the item; several items of a category have the same rows."""

    @property
    def leader(self) -> DecidedRow:
        return self.rows[0]

    @property
    def category(self) -> CategoryTarget:
        """Of the item, where it is one."""
        made = targets_of(self.leader.target, self.leader.evidence_note)
        return next(each for each in made if each.key == self.key)

    @property
    def target(self) -> str:
        """As people call it; keywords and products also as they are sent."""
        if self.kind is TargetKind.CATEGORY:
            return called(self.leader.evidence_note, self.category)
        return as_sent(self.leader.target) if self.kind is TargetKind.KEYWORD else self.key


@dataclass(frozen=True, slots=True)
class _Change:
    """What an item does to the account, and where."""

    kind: ActionKind
    where: str
    """In its effect."""
    match: Match
    fragment: str
    place: Place | None
    level: Level | None = None


def promotion_place(folded: Folded) -> str:
    """In its effect; where there is nowhere to go, a place that is none."""
    ground = folded.ground
    return destination_of(ground, folded.kind) or f"nowhere:{ground.source.ad_group.ad_group_id}"


def promotion_effect(folded: Folded, match: Match) -> Effect:
    return effect_of(promotion_kind(folded.kind), promotion_place(folded), folded.key, match)


def promotion_item(
    folded: Folded,
    match: Match,
    bid: StartingBid | None,
    refusal: Refusal | None,
    suggestion: Suggestion | None = None,
) -> PlannedAction:
    """Without a bid there is no fragment, and always a refusal."""
    ground, kind = folded.ground, folded.kind
    destination = None if isinstance(ground.destination, NoDestination) else ground.destination
    follow_up, why_none = _follow_up(folded)
    notes = [_told(folded), _suggested(folded), _marked(folded.leader), why_none, not_suggested(suggestion)]
    made_by = kind_at(ground.destination, kind)
    makes_group = destination is not None and destination.new is not None
    if makes_group and made_by.goes_through_group and refusal is None:
        notes.insert(0, "Goes into the promotion group that this plan creates.")
    place = destination.place(kind) if destination else None
    change = _Change(
        kind=made_by,
        where=promotion_place(folded),
        match=match,
        fragment=_promotion_fragment(made_by, folded, match, bid, place) if bid else "",
        place=place,
    )
    return msgspec.structs.replace(
        _item(folded, change, notes, refusal),
        group_id=(destination.group_id if destination and made_by.goes_through_group else None) or "",
        bid=bid.text if bid else None,
        currency=bid.currency if bid else "",
        bid_formula=bid.formula if bid else "",
        follow_up=follow_up,
        seen=fragments.compact({"default_bid": bid.default_bid}) if bid and bid.default_bid else "",
    )


def not_suggested(suggestion: Suggestion | None) -> str:
    return f"Amazon suggested no bid: {suggestion.why}." if isinstance(suggestion, NoSuggestion) else ""


def _promotion_fragment(kind: ActionKind, folded: Folded, match: Match, bid: StartingBid, place: Place | None) -> str:
    """Empty for a category that has no ad group to go to."""
    if kind.is_direct_target and place is not None:
        campaign_id, ad_group_id = place.campaign.campaign_id, place.ad_group.ad_group_id
        if kind is ActionKind.TARGET_CATEGORY:
            return fragments.category_target(folded.category, campaign_id, ad_group_id, bid.amount)
        return fragments.product_target(folded.target, match, campaign_id, ad_group_id, bid.amount)
    return "" if kind is ActionKind.TARGET_CATEGORY else fragments.group_target(folded.target, match, bid.amount)


def negative_item(folded: Folded, negate: Negate, refusal: Refusal | None) -> PlannedAction:
    source, keyword = folded.ground.source, folded.kind is TargetKind.KEYWORD
    match = negate.match if keyword else Match.SAME
    campaign_id = source.campaign.campaign_id
    ad_group_id = source.ad_group.ad_group_id if negate.level is Level.AD_GROUP else None
    if keyword:
        fragment = fragments.negative_keyword(folded.target, match, campaign_id, ad_group_id)
    else:
        fragment = fragments.negative_product(folded.target, campaign_id, ad_group_id)
    where = negative_place(folded.ground, negate.level)
    change = _Change(negative_kind(folded.kind), where, match, fragment, source, negate.level)
    item = _item(folded, change, [_told(folded), _marked(folded.leader)], refusal)
    return msgspec.structs.replace(item, follow_up=fragments.review_after(negate.review_after))


def group_item(ground: Ground, new: NewGroup, strongest: PlannedAction) -> PlannedAction:
    """The promotion group that promotions of one source ad group wait for; the strongest lends it its evidence."""
    source, currency = ground.source, ground.account.profile.currency
    source_id = source.ad_group.ad_group_id
    costs = new.makes_campaigns
    return PlannedAction(
        kind=ActionKind.CREATE_GROUP,
        effect=effect_of(ActionKind.CREATE_GROUP, new_group_place(ground), source_id, None),
        state=ActionState.GUARDED if costs else ActionState.PLANNED,
        reason="creates_campaigns" if costs else "",
        rule=strongest.rule,
        target=source.ad_group.name,
        key=source_id,
        match=None,
        level=None,
        campaign_id=source.campaign.campaign_id,
        campaign_name=source.campaign.name,
        ad_group_id=source_id,
        ad_group_name=source.ad_group.name,
        group_id="",
        source_campaign_id=source.campaign.campaign_id,
        source_campaign_name=source.campaign.name,
        source_ad_group_id=source_id,
        source_ad_group_name=source.ad_group.name,
        ad_id="",
        asin="",
        clicks=strongest.clicks,
        conversions=strongest.conversions,
        bid=new.default_bid if costs else None,
        currency=currency if costs else "",
        bid_formula=f"default_bid of the rules file, {new.default_bid} {currency}" if costs else "",
        fragment=fragments.compact(new.request),
        follow_up="",
        note=_group_note(ground, new),
        places=strongest.places[:1],
    )


def _group_note(ground: Ground, new: NewGroup) -> str:
    stays = "Undo cannot delete the promotion group: Amazon has no call for it."
    if new.makes_campaigns:
        names = " and ".join(new.names)
        return (
            f"Creates campaigns that spend money, named {names}: up to {new.daily_budget} "
            f"{ground.account.profile.currency} a day each. Undo can pause them. {stays}"
        )
    destination = ground.destination
    places = [] if isinstance(destination, NoDestination) else [destination.keyword, destination.product]
    into = " and ".join(f"`{place.ad_group.name}` in `{place.campaign.name}`" for place in places if place is not None)
    return f"Promotes into the existing ad groups {into}. {stays}"


def _item(folded: Folded, change: _Change, notes: Sequence[str], refusal: Refusal | None) -> PlannedAction:
    leader, source, place = folded.leader, folded.ground.source, change.place
    ad_group = place.ad_group if place and change.level is not Level.CAMPAIGN else None
    return PlannedAction(
        kind=change.kind,
        effect=effect_of(change.kind, change.where, folded.key, change.match),
        state=ActionState.HELD if refusal else ActionState.PLANNED,
        reason=refusal.reason if refusal else "",
        rule=leader.rule,
        target=folded.target,
        key=folded.key,
        match=change.match,
        level=change.level,
        campaign_id=place.campaign.campaign_id if place else "",
        campaign_name=place.campaign.name if place else "",
        ad_group_id=ad_group.ad_group_id if ad_group else "",
        ad_group_name=ad_group.name if ad_group else "",
        group_id="",
        source_campaign_id=source.campaign.campaign_id,
        source_campaign_name=source.campaign.name,
        source_ad_group_id=source.ad_group.ad_group_id,
        source_ad_group_name=source.ad_group.name,
        ad_id=leader.ad_id,
        asin=leader.ad_asin,
        clicks=leader.clicks,
        conversions=leader.conversions,
        bid=None,
        currency="",
        bid_formula="",
        fragment=change.fragment,
        follow_up="",
        note=" ".join(note for note in (*notes, refusal.note if refusal else "") if note),
        places=tuple(row.place for row in folded.rows),
    )


def _told(folded: Folded) -> str:
    """What its first search-term row cost and brought; empty where none of its rows is one."""
    rows = (row for row in folded.rows if row.source == SEARCH_TERMS)
    return next((term_in_a_sentence(row.evidence_note) for row in rows), "")


def _suggested(folded: Folded) -> str:
    """Why Amazon suggests it; empty for what has evidence of its own."""
    row = folded.leader
    if row.source not in WITHOUT_EVIDENCE:
        return ""
    if row.source == CATEGORIES:
        return suggested_category(row.evidence_note, folded.key)
    themes: list[str] = msgspec.json.decode(row.evidence_note or "{}").get("themes", [])
    return f"Suggested by Amazon: {'; '.join(themes)}." if themes else "Suggested by Amazon, without a theme."


def _marked(row: DecidedRow) -> str:
    clicks, conversions = row.clicks or 0, row.conversions or 0
    return f"More conversions ({conversions:g}) than clicks ({clicks:g})." if conversions > clicks else ""


def _follow_up(folded: Folded) -> tuple[str, str]:
    """The negative that falls due at the source, and why there is none where the rule wants one."""
    wanted, source = folded.rule.then.negate_at_source, folded.ground.source
    if wanted is None:
        return "", ""
    keyword = folded.kind is TargetKind.KEYWORD
    words = len(folded.leader.key.split())
    if keyword and wanted.match is Match.PHRASE and words > MOST_PHRASE_NEGATIVE_WORDS:
        most = MOST_PHRASE_NEGATIVE_WORDS
        return (
            "",
            f"No negative at the source will follow: a negative phrase has at most {most} words, this one {words}.",
        )
    due: dict[str, object] = {
        "kind": negative_kind(folded.kind).value,
        "match": (wanted.match if keyword else Match.SAME).value,
        "after_days": wanted.after.days,
        "campaign_id": source.campaign.campaign_id,
        "ad_group_id": source.ad_group.ad_group_id,
    }
    if wanted.after.impressions:
        due["after_impressions"] = wanted.after.impressions
    if wanted.review_after:
        due["review_after_days"] = wanted.review_after
    return fragments.compact(due), ""
