"""Conditions on windows and money: what is measured, what is not, and what waits."""

import pytest

from harvester.domain.history import Window
from harvester.rules.explain import findings_of
from harvester.rules.windows import windows_of
from tests.unit.rules.builders import PROFILE, VENDOR, profile_rules, ruleset
from tests.unit.rules.terms import SHORT, TODAY, USUAL, around, immature, judged, missing, on_terms, sums, term

LOSER = on_terms({"all": [{"clicks": {"at_least": 20}}, {"orders": {"at_most": 0}}]})


def test_a_term_is_judged_on_its_usual_window():
    """Sixty days without the newest seven, and the finding says so."""
    decision = judged(ruleset(LOSER), term(sums(clicks=20)))

    assert (decision.outcome, decision.reason) == ("negate", "r")
    assert [(each.check, each.measured, each.bound, each.passed) for each in findings_of(decision)] == [
        ("clicks.at_least@60d-7d", 20, 20, True),
        ("orders.at_most@60d-7d", 0, 0, True),
    ]


def test_windows_that_rules_look_at_are_told_for_a_profile():
    """What a rule names, and the usual one, which is another for vendors; nothing for other sources."""
    rule = on_terms({"any": [{"clicks": {"at_least": 1, "window": "14d", "exclude_recent": "0d"}},
                             {"not": {"orders": {"at_least": 1, "window": "4w"}}}]})  # fmt: skip
    rules = profile_rules(rule)

    assert windows_of(rules, PROFILE) == {USUAL, SHORT, Window(28, 7)}
    assert windows_of(rules.rules[0], VENDOR) == {Window(60, 14), SHORT, Window(28, 14)}
    assert windows_of(profile_rules(), PROFILE) == frozenset()
    assert windows_of(profile_rules(on_terms(rule["when"], match={"profiles": ["99"]})), PROFILE) == frozenset()


@pytest.mark.parametrize(
    ("gap", "reason"), [(missing(), "missing_days"), (immature(), "immature_window")], ids=["missing", "immature"]
)
def test_a_window_with_a_gap_never_decides(gap, reason):
    """The term waits, with the window and its first day named."""
    decision = judged(ruleset(LOSER), term(sums(clicks=500), among=around(gaps={USUAL: gap})))

    assert (decision.outcome, decision.reason, decision.rule) == ("hold", reason, "r")
    assert findings_of(decision)[-1].bound == gap.first_day.isoformat()
    assert gap.first_day < TODAY
