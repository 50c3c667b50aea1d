"""Which reports rules need."""

from dataclasses import replace

import pytest

from harvester.domain.history import ReportKind
from harvester.domain.recommendation import SOURCES
from harvester.rules.reports_needed import reports_needed
from harvester.rules.ruleset import ProfileRules, RuleSet
from tests.unit.adapters.loopback import PROFILE


def rules_on(source: str, **match: object) -> ProfileRules:
    """The built-in rule, about rows of another source."""
    built_in = RuleSet().for_profile(PROFILE.profile_id)
    rule = built_in.rules[0]
    about = rule.match.model_copy(update={"source": source, **match})
    return replace(built_in, rules=(rule.model_copy(update={"match": about}),))


@pytest.mark.parametrize("source", SOURCES)
def test_only_rules_on_search_terms_need_reports(source: str) -> None:
    """All other sources are asked themselves."""
    needed = {ReportKind.SEARCH_TERMS} if source == "search_terms" else set()

    assert reports_needed(rules_on(source), PROFILE) == needed


def test_rules_about_another_profile_need_nothing_of_this_one() -> None:
    """Nobody waits for reports that nobody looks at."""
    assert reports_needed(rules_on("search_terms", profiles=["999"]), PROFILE) == frozenset()
    assert reports_needed(rules_on("search_terms", profiles=[PROFILE.profile_id]), PROFILE)
