"""What counts as paying for what an action is about, by the `economics` of the rules in force."""

from harvester.domain.aftermath import Deed
from harvester.domain.profile import Campaign, Profile
from harvester.rules.economics import worths
from harvester.rules.ruleset import RuleSet


def target_acos(rules: RuleSet, profile: Profile, deed: Deed) -> float | None:
    """As a fraction, by the campaign and the advertised product that it came from; None: the rules do not say."""
    campaign = Campaign(deed.campaign_id, deed.campaign_name, "", "")
    sections = rules.for_profile(profile.profile_id).economics
    return worths(sections, campaign, [deed.asin], profile.currency)[0].target_acos
