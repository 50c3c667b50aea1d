"""What a recorded search term has cost and sold, for the bid of its item."""

from harvester.rules.checks.windowed import window_name
from harvester.rules.economics import worths
from harvester.rules.evaluate import takes_money
from harvester.rules.items import Folded
from harvester.rules.money_bids import Earned
from harvester.rules.ruleset import ProfileRules
from harvester.rules.term_notes import rates_of, read_note
from harvester.rules.windows import asins_told, default_window, totals_told


def earned_by(folded: Folded, rules: ProfileRules) -> Earned | None:
    """Of the leading row over the usual window; None where its rule does not ask, or that window was not whole."""
    if not takes_money(folded.rule):
        return None
    row, profile = folded.leader, folded.ground.account.profile
    usual = default_window(profile)
    sums = totals_told(row.evidence_note).get(usual)
    if sums is None:
        return None
    advertised = asins_told(row.evidence_note) or (row.ad_asin,)
    campaign = folded.ground.source.campaign
    rate = rates_of(read_note(row.evidence_note)).get(window_name(usual))
    return Earned(sums, worths(rules.economics, campaign, advertised, profile.currency), rate)
