"""Which of Amazon's reports the rules in force cannot do without."""

from harvester.domain.history import ReportKind
from harvester.domain.profile import Profile
from harvester.domain.recommendation import SEARCH_TERMS
from harvester.rules.ruleset import ProfileRules
from harvester.rules.scope import covers_profile


def reports_needed(rules: ProfileRules, profile: Profile) -> frozenset[ReportKind]:
    """None is asked for that no rule about this profile names."""
    named = {rule.match.source for rule in rules.rules if covers_profile(rule.match, profile)}
    return frozenset({ReportKind.SEARCH_TERMS} if SEARCH_TERMS in named else ())
