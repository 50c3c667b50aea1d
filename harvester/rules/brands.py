"""What the rules file says about brands, place by place: a decision for each, and the item that follows from it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.brand import Brand
from harvester.domain.candidate import AccountFacts, EffectStanding
from harvester.domain.decision import Decision, Finding, Outcome, Reason
from harvester.domain.ids import Effect
from harvester.domain.plan import PlannedAction
from harvester.domain.profile import AdGroup, Campaign, Profile
from harvester.domain.target import Level, Match, fold
from harvester.rules import fragments
from harvester.rules.brand_entries import BrandEntry
from harvester.rules.checks.overlap import taken
from harvester.rules.guard import GuardReason
from harvester.rules.name_patterns import names
from harvester.rules.ruleset import ProfileRules

SOURCE = "brands"
"""Of the decisions about brands."""
TARGET_TYPE = "BRAND"


@dataclass(frozen=True, slots=True)
class Spot:
    """One brand of an entry at one of its places."""

    entry: BrandEntry
    brand_id: str
    campaign: Campaign
    ad_group: AdGroup | None
    """None at campaign level."""

    @property
    def place(self) -> tuple[str, str]:
        """Campaign and ad group; the latter empty at campaign level."""
        return self.campaign.campaign_id, self.ad_group.ad_group_id if self.ad_group else ""

    @property
    def effect(self) -> Effect:
        campaign_id, ad_group_id = self.place
        return effect_of(ActionKind.NEGATE_BRAND, ad_group_id or f"campaign:{campaign_id}", self.brand_id, Match.SAME)


@dataclass(frozen=True, slots=True)
class StandingBrands:
    """The negative brands that bear on one place."""

    by_id: Mapping[str, str] = field(default_factory=dict)
    """Brand id -> Amazon's id of the negative."""
    nameless: Collection[str] = ()
    """Amazon's ids of those, at this place itself, of which only a name is shown."""


def spots_of(
    rules: ProfileRules, profile: Profile, campaigns: Mapping[str, Campaign], ad_groups: Mapping[str, AdGroup]
) -> list[Spot]:
    """In the file's order; a brand that two entries put at one place is the first one's."""
    found: dict[tuple[str, tuple[str, str]], Spot] = {}
    for entry in rules.brands:
        if not names(entry.match.profiles, profile.name, profile.profile_id):
            continue
        for place in _places(entry, campaigns, ad_groups):
            for brand_id in entry.ids:
                spot = Spot(entry, brand_id, *place)
                found.setdefault((brand_id, spot.place), spot)
    return list(found.values())


def _places(
    entry: BrandEntry, campaigns: Mapping[str, Campaign], ad_groups: Mapping[str, AdGroup]
) -> Sequence[tuple[Campaign, AdGroup | None]]:
    match = entry.match
    covered = {
        campaign_id: campaign
        for campaign_id, campaign in sorted(campaigns.items())
        if names(match.campaigns, campaign.name, campaign_id)
    }
    if entry.level is Level.CAMPAIGN:
        return [(campaign, None) for campaign in covered.values()]
    return [
        (covered[ad_group.campaign_id], ad_group)
        for ad_group_id, ad_group in sorted(ad_groups.items())
        if ad_group.campaign_id in covered and names(match.ad_groups, ad_group.name, ad_group_id)
    ]


def judge(spot: Spot, rules: ProfileRules, facts: AccountFacts, standing: StandingBrands, name: str = "") -> Decision:
    """The first that applies: own brand, a place that takes none, negative already, waiting or cooling or declined.

    `name`: what Amazon calls the brand, as far as it told. It never makes a negative, and may forbid one.
    """
    if spot.brand_id in rules.protect.brands:
        return _skip(Reason.PROTECTED, Finding("", "protect.brands", spot.brand_id, None, passed=False))
    if is_called_own(name, rules):
        return _skip(Reason.PROTECTED, Finding("", "catalog.own_brands", name, None, passed=False))
    if spot.ad_group is None and spot.campaign.targeting.upper() != "AUTO" and not facts.profile.is_vendor:
        targeting = spot.campaign.targeting.lower() or "unknown"
        return _skip(Reason.OUT_OF_SCOPE, Finding("", "brands.level", targeting, None, passed=False))
    covering = standing.by_id.get(spot.brand_id)
    if covering is not None:
        finding = Finding("", "overlap.negative_at_source", covering, Match.SAME.value, passed=False)
        return _skip(Reason.ALREADY_NEGATIVE, finding)
    why = taken(facts, spot.effect, 0)
    if why is not None and not _named_anew(spot, facts):
        finding = Finding(
            "", f"overlap.{why.value}", facts.effects[spot.effect].plan_id, Match.SAME.value, passed=False
        )
        return _skip(Reason(why.value), finding)
    if standing.nameless:
        finding = Finding("", "brands.nameless", min(standing.nameless), None, passed=False)
        return Decision(Outcome.HOLD, Reason.MISSING_FACTS, "", msgspec.json.encode([finding]).decode())
    return Decision(Outcome.NEGATE, spot.entry.name, spot.entry.name, "[]")


def is_called_own(name: str, rules: ProfileRules) -> bool:
    """Whether Amazon's name for a brand stands under `catalog: own_brands`."""
    return bool(name) and fold(name) in {fold(own) for own in rules.own_brands}


def _named_anew(spot: Spot, facts: AccountFacts) -> bool:
    """A brand has no evidence that could change: declined, it stays so until another entry of the file names it."""
    record = facts.effects[spot.effect]
    return record.standing is EffectStanding.DECLINED and record.entry not in ("", spot.entry.name)


def declined(spots: Sequence[Spot], decisions: Sequence[Decision], facts: AccountFacts) -> Sequence[str]:
    """One sentence for each entry that people have declined somewhere, and how to have it planned again."""
    plans: dict[str, list[str]] = {}
    for spot, decision in zip(spots, decisions, strict=True):
        if decision.reason == Reason.DECLINED_BEFORE:
            plans.setdefault(spot.entry.name, []).append(facts.effects[spot.effect].plan_id)
    return [
        f"Entry `{name}` under `brands` was declined at {len(found)} {'place' if len(found) == 1 else 'places'} "
        f"({', '.join(dict.fromkeys(found))}) and is left alone there: give the entry another name to have it planned "
        "again, or take it out"
        for name, found in plans.items()
    ]


def _skip(reason: Reason, finding: Finding) -> Decision:
    return Decision(Outcome.SKIP, reason, "", msgspec.json.encode([finding]).decode())


def brand_item(spot: Spot, brand: Brand, place_in_run: int, hints: Sequence[str], hold: str = "") -> PlannedAction:
    """Guarded from the start: nothing but a person who names it lets it go. `hold`: why only its own id does."""
    campaign_id, ad_group_id = spot.place
    ad_group_name = spot.ad_group.name if spot.ad_group else ""
    return PlannedAction(
        kind=ActionKind.NEGATE_BRAND,
        effect=spot.effect,
        state=ActionState.HELD if hold else ActionState.GUARDED,
        reason=hold or GuardReason.NEGATES_BRAND,
        rule=spot.entry.name,
        target=f"{brand.name} ({brand.brand_id})" if brand.name else brand.brand_id,
        key=spot.brand_id,
        match=Match.SAME,
        level=spot.entry.level,
        campaign_id=campaign_id,
        campaign_name=spot.campaign.name,
        ad_group_id=ad_group_id,
        ad_group_name=ad_group_name,
        group_id="",
        source_campaign_id=campaign_id,
        source_campaign_name=spot.campaign.name,
        source_ad_group_id=ad_group_id,
        source_ad_group_name=ad_group_name,
        ad_id="",
        asin="",
        clicks=None,
        conversions=None,
        bid=None,
        currency="",
        bid_formula="",
        fragment=fragments.negative_brand(spot.brand_id, campaign_id, ad_group_id or None),
        follow_up=fragments.review_after(spot.entry.review_after),
        note=" ".join(hints),
        places=(place_in_run,),
    )
