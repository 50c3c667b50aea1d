"""Which of Amazon's reports the rules in force cannot do without."""

from harvester.domain.history import ReportKind
from harvester.domain.profile import Profile
from harvester.domain.recommendation import SEARCH_TERMS
from harvester.rules.delivery import needs_targeting
from harvester.rules.ruleset import ProfileRules
from harvester.rules.scope import covers_profile


def reports_needed(rules: ProfileRules, profile: Profile) -> frozenset[ReportKind]:
    """None is asked for that no rule about this profile names."""
    mine = [rule for rule in rules.rules if covers_profile(rule.match, profile)]
    found = {ReportKind.SEARCH_TERMS} if SEARCH_TERMS in {rule.match.source for rule in mine} else set()
    return frozenset(found | {ReportKind.TARGETING} if needs_targeting(mine) else found)
