"""What counts as paying for what was done, and which reports the rules need to find out."""

import msgspec

from harvester.domain.history import ReportKind
from harvester.rules.reports_needed import reports_needed
from harvester.rules.target_acos import target_acos

from .builders import PROFILE, profile_rules, ruleset
from .test_aftermath import NEGATIVE, PROMOTION
from .test_delivery import GATED

ECONOMICS = {
    "default": {"target_acos": "30%"},
    "campaigns": [{"names": ["Auto*"], "target_acos": "25%"}],
    "asins": {"B000000001": {"target_acos": "20%"}},
}


def test_the_target_is_that_of_the_product_then_of_the_campaign() -> None:
    """The default where neither says anything; none where the rules are silent."""
    rules = ruleset(economics=ECONOMICS)
    elsewhere = msgspec.structs.replace(PROMOTION, asins=(), campaign_name="Manual")

    assert target_acos(rules, PROFILE, PROMOTION) == 0.2
    assert target_acos(rules, PROFILE, msgspec.structs.replace(PROMOTION, asins=("B000000002",))) == 0.25
    assert target_acos(rules, PROFILE, elsewhere) == 0.3
    assert target_acos(ruleset(), PROFILE, PROMOTION) is None


def test_of_several_products_the_strictest_counts_for_a_promotion() -> None:
    """And the most generous for a negative; none, where one of them has none."""
    several = ("B000000001", "B000000002")
    promotion, negative = (msgspec.structs.replace(each, asins=several) for each in (PROMOTION, NEGATIVE))
    rules = ruleset(economics=ECONOMICS)
    half = ruleset(economics={"asins": ECONOMICS["asins"]})

    assert (target_acos(rules, PROFILE, promotion), target_acos(rules, PROFILE, negative)) == (0.2, 0.25)
    assert target_acos(half, PROFILE, promotion) is None


def test_rules_need_the_reports_that_they_look_at() -> None:
    """Of targets where one waits for impressions; rules for other profiles need nothing here."""
    elsewhere = {**GATED, "match": {"target_type": "keyword", "profiles": ["nobody"]}}

    assert reports_needed(profile_rules(GATED), PROFILE) == {ReportKind.TARGETING}
    assert reports_needed(profile_rules(elsewhere), PROFILE) == frozenset()
