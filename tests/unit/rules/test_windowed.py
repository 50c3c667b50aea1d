"""Conditions on windows and money: what is measured, what is not, and what waits."""

from functools import partial

import pytest

from harvester.domain.catalog import CatalogItem
from harvester.domain.history import Window
from harvester.rules.checks.evidence import wilson
from harvester.rules.explain import findings_of, short
from harvester.rules.windows import windows_of
from tests.unit.rules.builders import JAPAN, PROFILE, VENDOR, account, ground, profile_rules, ruleset
from tests.unit.rules.terms import SHORT, TODAY, USUAL, VENDORS, around, immature, judged, missing, on_terms, sums, term

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


FIGURES = sums(40, 4, 20, 100, 2000)


@pytest.mark.parametrize(
    ("condition", "check", "measured", "bound", "passed"),
    [
        ({"impressions": {"at_least": 2000}}, "impressions.at_least@60d-7d", 2000, 2000, True),
        ({"clicks": {"at_most": 39}}, "clicks.at_most@60d-7d", 40, 39, False),
        ({"spend": {"at_least": 20}}, "spend.at_least@60d-7d", "20.00 USD", "20.00 USD", True),
        ({"spend": {"at_least": {"USD": 20.005}}}, "spend.at_least@60d-7d", "20.00 USD", "20.0050 USD", False),
        ({"spend": {"at_least": {"EUR": 20}}}, "spend.at_least@60d-7d", "20.00 USD", None, False),
        ({"orders": {"at_least": 4}}, "orders.at_least@60d-7d", 4, 4, True),
        ({"conversions": {"at_least": 5}}, "orders.at_least@60d-7d", 4, 5, False),
        ({"sales": {"at_most": 100}}, "sales.at_most@60d-7d", "100.00 USD", "100.00 USD", True),
        ({"cpc": {"at_most": 0.5}}, "cpc.at_most@60d-7d", "0.50 USD", "0.50 USD", True),
        ({"ctr": {"at_least": "2%"}}, "ctr.at_least@60d-7d", 0.02, 0.02, True),
        ({"conversion_rate": {"at_least": "10%"}}, "conversion_rate.at_least@60d-7d", 0.1, 0.1, True),
        ({"acos": {"at_most": "20%"}}, "acos.at_most@60d-7d", 0.2, 0.2, True),
        ({"roas": {"at_least": 5}}, "roas.at_least@60d-7d", 5, 5, True),
        ({"aov": {"at_least": 25.01}}, "aov.at_least@60d-7d", "25.00 USD", "25.01 USD", False),
        ({"clicks": {"at_least": "3x expected"}}, "clicks.at_least@3x_expected@60d-7d", 40, pytest.approx(35.643564), True),
        ({"spend": {"at_most": "0.5x target_cost"}}, "spend.at_most@0.5x_target_cost@60d-7d", "20.00 USD", "3.75 USD", False),
        ({"acos": {"at_most": "target"}}, "acos.at_most@1x_target@60d-7d", 0.2, 0.3, True),
    ],
)  # fmt: skip
def test_every_figure_is_measured_against_its_bound(condition, check, measured, bound, passed):
    """With the window in the check's name; both ends included; money with its currency."""
    rules = ruleset(on_terms(condition), economics={"default": {"price": {"USD": 25}, "target_acos": "30%"}})
    decision = judged(rules, term(FIGURES))
    finding = findings_of(decision)[0]

    assert (finding.check, finding.measured, finding.bound, finding.passed) == (check, measured, bound, passed)
    assert decision.outcome == ("negate" if passed else "hold")


@pytest.mark.parametrize(
    "condition",
    [
        {"cpc": {"at_most": 5}},
        {"ctr": {"at_most": "50%"}},
        {"conversion_rate": {"at_most": "50%"}},
        {"conversion_rate": {"at_most": "50%", "confidence": "80%"}},
        {"acos": {"at_most": "500%"}},
        {"roas": {"at_most": 99}},
        {"aov": {"at_most": 99}},
    ],
)
def test_what_cannot_be_measured_neither_passes_nor_fails(condition):
    """Unknown is not zero, also under `not`."""
    for when in (condition, {"not": condition}):
        decision = judged(ruleset(on_terms(when)), term(sums()))

        assert (decision.outcome, decision.reason) == ("hold", "not_proven")
        assert findings_of(decision)[0].measured is None


def test_the_ends_of_an_interval_are_those_of_other_evidence():
    """Confidence means the same for windows; of clicks per impression the trials are the impressions."""
    sure = {"at_least": "1%", "confidence": "80%"}
    rates = ruleset(on_terms({"all": [{"conversion_rate": sure}, {"ctr": {"at_most": "9%", "confidence": "95%"}}]}))
    rate, ctr = findings_of(judged(rates, term(FIGURES)))

    assert (rate.check, ctr.check) == ("conversion_rate.at_least@80%@60d-7d", "ctr.at_most@95%@60d-7d")
    assert rate.measured == wilson(0.1, 40, 0.8)[0]
    assert ctr.measured == wilson(0.02, 2000, 0.95)[1]


def test_more_orders_than_clicks_are_a_rate_of_all():
    """Legal at Amazon, and never over 100 %."""
    decision = judged(ruleset(on_terms({"conversion_rate": {"at_least": "100%"}})), term(sums(2, 5)))

    assert findings_of(decision)[0].measured == 1.0


def test_each_condition_counts_its_own_days():
    """Sixty days say one thing, the last two weeks another."""
    alive = {"clicks": {"at_least": 5, "window": "2w", "exclude_recent": "0d"}}
    rules = ruleset(on_terms({"all": [{"clicks": {"at_least": 20}}, alive]}))

    assert judged(rules, term({USUAL: sums(30), SHORT: sums(5)})).outcome == "negate"
    assert judged(rules, term({USUAL: sums(30)})).outcome == "hold"


def test_vendors_leave_out_two_weeks():
    """Orders count for a vendor up to 14 days after the click."""
    on = ground(account(VENDOR))
    decision = judged(ruleset(LOSER), term({VENDORS: sums(20), USUAL: sums(0, 9)}, on=on))

    assert decision.outcome == "negate"
    assert findings_of(decision)[0].check == "clicks.at_least@60d-14d"


def test_yen_have_no_cents():
    """Whole yen are shown whole."""
    decision = judged(
        ruleset(on_terms({"spend": {"at_least": 1200}})), term(sums(9, spend=1200), on=ground(account(JAPAN)))
    )

    assert findings_of(decision)[0].measured == "1200 JPY"


def test_a_gap_does_not_matter_where_the_rule_fails_anyway():
    """An order in a whole window rules the negative out; the next rule is asked."""
    rule = on_terms(
        {"all": [{"orders": {"at_most": 0}}, {"clicks": {"at_least": 1, "window": "14d", "exclude_recent": "0d"}}]}
    )
    next_ = on_terms({"orders": {"at_least": 1}}, {"promote": {}}, name="next")
    among = around(gaps={SHORT: missing()})

    assert judged(ruleset(rule, next_), term(sums(9, 1), among=among)).rule == "next"
    waiting = judged(ruleset(rule, next_), term(sums(9, 0), among=among))
    assert (waiting.reason, waiting.rule) == ("missing_days", "r")


def test_a_gap_does_not_matter_where_another_way_passes():
    """One of `any` is enough; under `not` a window that is not whole may say either."""
    short = {"clicks": {"at_least": 1, "window": "14d", "exclude_recent": "0d"}}
    among = around(gaps={SHORT: immature()})

    assert (
        judged(ruleset(on_terms({"any": [{"clicks": {"at_least": 9}}, short]})), term(sums(9), among=among)).outcome
        == "negate"
    )
    assert judged(ruleset(on_terms({"not": short})), term(sums(9), among=among)).reason == "immature_window"


def test_missing_days_are_named_before_immature_ones():
    """Each window is named once, and the reason is what takes longer."""
    rule = on_terms({"all": [{"clicks": {"at_least": 9}}, {"orders": {"at_most": 0}},
                             {"spend": {"at_least": 1, "window": "14d", "exclude_recent": "0d"}}]})  # fmt: skip
    decision = judged(ruleset(rule), term(sums(9), among=around(gaps={USUAL: immature(), SHORT: missing()})))

    assert decision.reason == "missing_days"
    assert [(each.check, each.measured) for each in findings_of(decision) if not each.rule] == [
        ("window.immature@60d-7d", 2),
        ("window.missing@14d-0d", 3),
    ]
    assert {each.measured for each in findings_of(decision) if each.rule} == {"not read"}


def test_a_term_whose_figures_were_not_read_waits():
    """Nothing is decided from nothing."""
    decision = judged(ruleset(LOSER), term(unread=True))
    expecting = judged(EXPECTED, term(unread=True))

    assert (decision.reason, findings_of(decision)[-1].check) == ("missing_days", "window.unread@60d-7d")
    assert (expecting.reason, findings_of(expecting)[0].bound) == ("missing_days", None)


def test_products_among_search_terms_can_be_asked_about_in_the_catalog():
    """Windows and catalog facts stand side by side: what was not looked up is named once the windows say yes."""
    rule = on_terms({"all": [{"clicks": {"at_least": 9}}, {"unknown_asin": True}]}, match={"target_type": "product"})
    rules = ruleset(rule)
    gone = {"B000000009": CatalogItem("B000000009", known=False)}
    asked = partial(term, text="b000000009", target_type="PRODUCT")

    assert judged(rules, asked(sums(9))).reason == "missing_facts"
    assert judged(rules, asked(sums(8))).reason == "not_proven"
    assert judged(rules, asked(sums(9), catalog=gone)).outcome == "negate"


EXPECTED = ruleset(on_terms({"clicks": {"at_least": "2x expected"}}))


@pytest.mark.parametrize(
    ("ad_group", "profile", "bound"),
    [
        (sums(950, 95), sums(10_000, 500), 2 / ((95 + 50 * 0.05) / 1000)),
        (sums(0), sums(10_000, 500), 2 / 0.05),
        (sums(10, 0), sums(10_000, 500), 2 / (2.5 / 60)),
        (sums(20, 5), sums(), 2 / 0.25),
        (sums(2, 5), sums(), 2.0),
        (sums(2, 500), sums(10, 2), 2.0),
        (sums(), sums(), None),
        (sums(9), sums(90), None),
    ],
)
def test_expected_clicks_come_from_a_rate_that_is_drawn_towards_the_profiles(ad_group, profile, bound):
    """The profile counts as fifty clicks; without a click, or an order, anywhere, nothing can be expected."""
    among = around({USUAL: ad_group}, {USUAL: profile})
    decision = judged(EXPECTED, term(sums(10_000), among=among))

    assert findings_of(decision)[0].bound == (bound and pytest.approx(bound))
    assert decision.outcome == ("negate" if bound else "hold")


ECONOMICS = {
    "default": {"price": {"USD": 25, "EUR": 20}, "target_acos": "30%"},
    "campaigns": [{"names": ["auto *"], "target_acos": "40%"}, {"names": ["*"], "price": {"USD": 1}}],
    "asins": {"B000000001": {"aov": {"USD": 50}}, "B000000002": {"target_acos": "10%"}},
}


@pytest.mark.parametrize(
    ("asins", "least", "most"),
    [
        ((), "10.00 USD", "10.00 USD"),
        (("b000000001 ",), "20.00 USD", "20.00 USD"),
        (("B000000002",), "2.50 USD", "2.50 USD"),
        (("B000000001", "B000000002", "B000000003"), "20.00 USD", "2.50 USD"),
    ],
)
def test_economics_are_the_narrowest_that_say_something(asins, least, most):
    """Product, campaign, default, key by key; of several products the one that is harder to meet."""
    both = {"all": [{"spend": {"at_least": "1x target_cost"}}, {"spend": {"at_most": "target_cost"}}]}
    findings = findings_of(judged(ruleset(on_terms(both), economics=ECONOMICS), term(sums(1, spend=9), asins=asins)))

    assert [each.bound for each in findings] == [least, most]


def test_a_profiles_own_economics_come_first():
    """An agency's clients differ."""
    own = {"11": {"economics": {"default": {"target_acos": "80%"}, "asins": {"B000000002": {"price": {"USD": 10}}}}}}
    rules = ruleset(on_terms({"spend": {"at_least": "1x target_cost"}}), economics=ECONOMICS, profiles=own)

    assert findings_of(judged(rules, term(asins=("B000000002",))))[0].bound == "1.00 USD"
    assert findings_of(judged(rules, term(asins=("B000000009",))))[0].bound == "10.00 USD"


@pytest.mark.parametrize(
    ("when", "economics", "wanted"),
    [
        ({"acos": {"at_most": "target"}}, {"asins": {"B000000001": {"target_acos": "30%"}}}, "target_acos"),
        ({"spend": {"at_least": "target_cost"}}, {"default": {"price": {"EUR": 9}, "target_acos": "30%"}},
         "price or aov, and target_acos"),
    ],
)  # fmt: skip
def test_economics_that_are_not_known_hold_a_term(when, economics, wanted):
    """Unknown is not zero: the products are named, and what the file does not say of them."""
    decision = judged(ruleset(on_terms(when), economics=economics), term(FIGURES, asins=("B000000001", "B000000002")))
    found = findings_of(decision)[-1]

    assert (decision.outcome, decision.reason) == ("hold", "missing_facts")
    assert (found.check, found.bound) == ("economics.unknown", wanted)
    assert found.measured in ("B000000002", "B000000001, B000000002")
    assert short(decision, 40, 4) == f"`economics` does not say its {wanted}: {found.measured}"
