"""What a recorded search term has cost and sold, for the bid of its item."""

from harvester.rules.economics import worths
from harvester.rules.evaluate import takes_money
from harvester.rules.items import Folded
from harvester.rules.money_bids import Earned
from harvester.rules.ruleset import ProfileRules
from harvester.rules.windows import asins_told, default_window, totals_told


def earned_by(folded: Folded, rules: ProfileRules) -> Earned | None:
    """Of the leading row over the usual window; None where its rule does not ask, or that window was not whole."""
    if not takes_money(folded.rule):
        return None
    row, profile = folded.leader, folded.ground.account.profile
    sums = totals_told(row.evidence_note).get(default_window(profile))
    if sums is None:
        return None
    advertised = asins_told(row.evidence_note) or (row.ad_asin,)
    campaign = folded.ground.source.campaign
    return Earned(sums, worths(rules.economics, campaign, advertised, profile.currency))
