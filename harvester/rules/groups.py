"""Which `groups` entry makes the promotion group of a source ad group that has none, and with what request."""

from harvester.domain.candidate import NewGroup, NoDestination, Place
from harvester.domain.decision import Reason
from harvester.domain.numbers import plain
from harvester.domain.profile import Profile
from harvester.rules.ruleset import Create, ExistingAdGroups, GroupEntry, NewCampaigns, ProfileRules
from harvester.rules.scope import covers_place, covers_profile


def entry_for(rules: ProfileRules, source: Place, profile: Profile) -> GroupEntry | None:
    """The first that covers the ad group."""
    for entry in rules.groups:
        if covers_profile(entry.source, profile) and covers_place(entry.source, source):
            return entry
    return None


def group_for(rules: ProfileRules, source: Place, profile: Profile) -> NewGroup | NoDestination:
    entry = entry_for(rules, source, profile)
    ad_group_id = source.ad_group.ad_group_id
    if entry is None:
        return NoDestination(
            Reason.NO_DESTINATION,
            f"No promotion group takes from ad group {_named(source)}, and no entry under `groups` covers it. To mend "
            f'it, add one there with `source: {{ad_groups: ["{ad_group_id}"]}}` and a `create`.',
        )
    create = entry.create or Create()
    if create.existing is not None:
        return _existing(entry, create.existing, ad_group_id)
    if create.new is None or profile.currency not in create.new.daily_budget:
        return NoDestination(
            Reason.NO_DESTINATION,
            f"No promotion group takes from ad group {_named(source)}, and the `groups` entry{_at(entry)} that covers "
            f"it names no {profile.currency} budget. To mend it, add {profile.currency} to its daily_budget and "
            "default_bid.",
        )
    return _new(entry, create.new, ad_group_id, profile.currency)


def _existing(entry: GroupEntry, existing: ExistingAdGroups, ad_group_id: str) -> NewGroup:
    details: dict[str, object] = {}
    if existing.keyword_ad_group is not None:
        details["keywordCampaignAdGroupIds"] = [existing.keyword_ad_group]
    if existing.product_ad_group is not None:
        details["productCampaignAdGroupIds"] = [existing.product_ad_group]
    request: dict[str, object] = {"adGroupId": ad_group_id, "existingCampaignDetails": details}
    return NewGroup(line=entry.line, request=request, makes_campaigns=False)


def _new(entry: GroupEntry, new: NewCampaigns, ad_group_id: str, currency: str) -> NewGroup:
    budget, bid = new.daily_budget[currency], new.default_bid[currency]
    details: dict[str, object] = {
        "namePrefix": new.name_prefix,
        "defaultBid": bid,
        "budget": {"budget": budget, "budgetType": "DAILY"},
        "dynamicBidding": {"strategy": new.strategy},
    }
    return NewGroup(
        line=entry.line,
        request={"adGroupId": ad_group_id, "newCampaignDetails": details},
        makes_campaigns=True,
        daily_budget=plain(budget),
        default_bid=plain(bid),
        names=(f"{new.name_prefix}…",),
        strategy=new.strategy,
    )


def _named(source: Place) -> str:
    return f"{source.ad_group.ad_group_id} (`{source.ad_group.name}` in campaign `{source.campaign.name}`)"


def _at(entry: GroupEntry) -> str:
    return "" if entry.line is None else f" in line {entry.line}"
