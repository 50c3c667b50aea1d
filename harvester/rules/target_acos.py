"""What counts as paying for what an action is about, by the `economics` of the rules in force."""

from harvester.domain.aftermath import Deed
from harvester.domain.profile import Campaign, Profile
from harvester.rules.economics import worths
from harvester.rules.ruleset import RuleSet


def target_acos(rules: RuleSet, profile: Profile, deed: Deed) -> float | None:
    """As a fraction, by the campaign and the advertised products that it came from; None: the rules do not say.

    Of several products a promotion has to pay for the strictest, and a negative was right only by the most generous, as
    the rules have it that decided.
    """
    campaign = Campaign(deed.campaign_id, deed.campaign_name, "", "")
    sections = rules.for_profile(profile.profile_id).economics
    found = [worth.target_acos for worth in worths(sections, campaign, deed.asins, profile.currency)]
    known = [each for each in found if each is not None]
    if len(known) < len(found):
        return None
    return max(known) if deed.kind.is_negative else min(known)
