"""Windows and money in sentences: what was seen, what is missing, what is waited for."""

import pytest

from harvester.domain.decision import Finding
from harvester.rules.checks.evidence import is_evidence, is_windowed
from harvester.rules.checks.windowed import Seen, WindowBound
from harvester.rules.compiling import check_of
from harvester.rules.conditions import Condition
from harvester.rules.explain import findings_of, long, short
from harvester.rules.explain_windows import window_words
from harvester.rules.window_compiling import Terms
from harvester.rules.window_margin import ways_in_windows
from harvester.rules.windowed_findings import bound_in, currency_in, number_in
from tests.unit.rules.builders import JAPAN, account, ground, ruleset
from tests.unit.rules.terms import SHORT, USUAL, around, immature, judged, missing, on_terms, sums, term

ECONOMICS = {"default": {"price": {"USD": 25}, "target_acos": "30%"}}
SHORTLY = {"window": "14d", "exclude_recent": "0d"}
NO_ORDERS = {"orders": {"at_most": 0}}


@pytest.mark.parametrize(
    ("when", "totals", "line"),
    [
        ({"all": [{"clicks": {"at_least": 45}}, NO_ORDERS]}, sums(31), "needs 14 more clicks without an order"),
        ({"all": [{"clicks": {"at_least": 45}}, NO_ORDERS]}, sums(44), "needs 1 more click without an order"),
        ({"all": [{"clicks": {"at_least": 45}}, {"orders": {"at_most": 1}}]}, sums(44), "needs 1 more click"),
        ({"all": [{"clicks": {"at_least": 45}}, {"not": {"orders": {"at_least": 1}}}]}, sums(44),
         "needs 1 more click without an order"),
        ({"all": [{"spend": {"at_least": 20}}, NO_ORDERS]}, sums(9, spend=16.8), "needs 3.20 USD more spend without an order"),
        ({"spend": {"at_least": 20}}, sums(9, spend=19.9999), "needs 0.01 USD more spend"),
        ({"not": {"spend": {"at_most": 20}}}, sums(9, spend=20), "needs 0.01 USD more spend"),
        ({"not": {"spend": {"at_most": 20}}}, sums(9, spend=15), "needs 5.01 USD more spend"),
        ({"all": [{"spend": {"at_least": 5}}, {"any": [{"orders": {"at_least": 1}}, {"spend": {"at_most": 9}}]}]},
         sums(9, spend=3), "needs 2.00 USD more spend"),
        ({"all": [{"clicks": {"at_least": 9}}, {"any": [{"orders": {"at_most": 0}}, {"orders": {"at_least": 2}}]}]},
         sums(3), "needs 6 more clicks without an order, or 6 more clicks and 2 more orders"),
        ({"all": [{"orders": {"at_least": 5}}, {"orders": {"at_least": 2}}, {"clicks": {"at_least": 9}}]}, sums(3, 1),
         "needs 4 more orders and 6 more clicks"),
        ({"all": [{"any": [{"clicks": {"at_least": 30}}, {"orders": {"at_least": 1}}]}, {"clicks": {"at_most": 20}}]}, sums(3),
         "needs 1 more order"),
        ({"any": [{"spend": {"at_least": 9}}, {"all": [{"spend": {"at_least": 2}}, {"not": {"spend": {"at_least": 2.01}}}]}]},
         sums(3, spend=1), "needs 8.00 USD more spend, or 1.00 USD more spend"),
        ({"sales": {"at_least": 20}}, sums(9), "needs 20.00 USD more sales"),
        ({"not": {"clicks": {"at_most": 45}}}, sums(44), "needs 2 more clicks"),
        ({"all": [{"orders": {"at_least": 2}}, {"impressions": {"at_least": 9}}]}, sums(3, 1),
         "needs 1 more order and 9 more impressions"),
        ({"any": [{"orders": {"at_least": 2}}, {"clicks": {"at_least": 5}}]}, sums(3, 1), "needs 1 more order, or 2 more clicks"),
        ({"all": [{"clicks": {"at_least": 9}}, {"clicks": {"at_least": 2, **SHORTLY}}]}, sums(3),
         "needs 6 more clicks in 60d-7d and 2 more clicks in 14d-0d"),
        ({"clicks": {"at_least": "3x expected"}}, sums(31), "needs 5 more clicks"),
        ({"spend": {"at_least": "1x target_cost"}}, sums(3, spend=1), "needs 6.50 USD more spend"),
        ({"acos": {"at_most": "30%"}}, sums(3, 1, 9, 20), "needs an ACOS of at most 30%"),
        ({"acos": {"at_most": "target"}}, sums(3, 1, 9, 20), "needs an ACOS of at most 30% (the target ACOS)"),
        ({"not": {"acos": {"at_least": "30%"}}}, sums(3, 1, 9, 20), "needs an ACOS of under 30%"),
        ({"acos": {"at_least": "90%"}}, sums(3, 1, 9, 20), "needs an ACOS of at least 90%"),
        ({"not": {"roas": {"at_most": 5}}}, sums(3, 1, 9, 20), "needs a ROAS of over 5"),
        ({"aov": {"at_least": 25}}, sums(3, 1, 9, 20), "needs sales per order of at least 25.00 USD"),
        ({"conversion_rate": {"at_least": "50%", "confidence": "80%"}}, sums(9, 4), "needs a conversion rate of at least 50% with 80% confidence"),
        ({"ctr": {"at_least": "1%"}}, sums(), "needs 1 more impression"),
        ({"cpc": {"at_most": 1}}, sums(), "needs 1 more click"),
        ({"aov": {"at_least": 1}}, sums(), "needs 1 more order"),
        ({"all": [{"orders": {"at_least": 2}}, {"acos": {"at_most": "30%"}}]}, sums(3), "needs 2 more orders"),
        ({"all": [{"orders": {"at_least": 2, **SHORTLY}}, {"acos": {"at_most": "30%"}}]}, sums(3),
         "needs 2 more orders in 14d-0d and 1 more order in 60d-7d"),
        (NO_ORDERS, sums(3, 2), "no rule that covers it passes: 2 orders in 60d-7d, at most 0"),
        ({"spend": {"at_most": 5}}, sums(3, spend=6), "no rule that covers it passes: spend 6.00 USD in 60d-7d, at most 5.00 USD"),
        ({"spend": {"at_most": "target_cost"}}, sums(9, spend=9),
         "no rule that covers it passes: 9.00 USD, the target cost is 7.50 USD, in 60d-7d"),
        ({"spend": {"at_most": "3x target_cost"}}, sums(9, spend=23.333),
         "no rule that covers it passes: 23.33 USD, 3 x target cost would be 22.50 USD, in 60d-7d"),
        ({"spend": {"at_least": {"EUR": 5}}}, sums(3, spend=6),
         "no rule that covers it passes: spend 6.00 USD in 60d-7d, at least what the file does not say in this currency"),
        ({"all": [{"conversion_rate": {"at_most": "10%"}}, NO_ORDERS]}, sums(3, 1),
         "no rule that covers it passes: conversion rate 33.3% in 60d-7d, at most 10%"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_clicks_orders_and_money(when, totals, line):
    """By how much it fails, and what would help; or what stands against it."""
    assert (
        short(judged(ruleset(on_terms(when), economics=ECONOMICS), term(totals)), totals.clicks, totals.orders) == line
    )


def test_the_whole_story_tells_each_window_and_each_multiple():
    """What `why` shows of a term."""
    stop = on_terms(
        {
            "all": [
                {"clicks": {"at_least": "3x expected"}},
                {"orders": {"at_most": 0, **SHORTLY}},
                {"any": [{"spend": {"at_least": "2x target_cost"}}, {"acos": {"at_least": "1.5x target"}}]},
            ]
        },
        name="stop",
    )
    weak = on_terms(
        {"all": [{"clicks": {"at_least": 99}}, {"cpc": {"at_most": 1}}, {"roas": {"at_least": 2}}]}, name="weak"
    )
    decision = judged(ruleset(weak, stop, economics=ECONOMICS), term(sums(36, 0, 15)))

    assert long(decision, 36, 0) == [
        "negate: rule stop.",
        "Rule weak does not pass:",
        "  misses clicks in 60d-7d at least 99: 36",
        "  meets cost per click in 60d-7d at most 1.00 USD: 0.42 USD",
        "  misses ROAS in 60d-7d at least 2: 0",
        "  It would with 63 more clicks and a ROAS of at least 2.",
        "Rule stop passes:",
        "  meets clicks in 60d-7d at least 3 x expected: 36 clicks, 3 x expected would be 35.6 (the ad group converts 8.4%)",
        "  meets orders in 14d-0d at most 0: 0",
        "  meets spend in 60d-7d at least 2 x target cost: 15.00 USD, 2 x target cost would be 15.00 USD (any3)",
        "  misses ACOS in 60d-7d at least 1.5 x target ACOS: unknown without sales (any3)",
    ]


@pytest.mark.parametrize(
    ("currency", "most", "told"),
    [
        ("USD", "0.3", "at most 0.30 USD: 0.33 USD"),
        ("USD", "0.33", "at most 0.33 USD: 0.3333 USD"),
        ("USD", "0.335", "at most 0.34 USD: 0.33 USD"),
        ("INR", "0.5", "at most 0.50 INR: 0.33 INR"),
        ("JPY", "1", "at most 1 JPY: 0 JPY"),
    ],
)
def test_money_is_told_to_the_coin(currency, most, told):
    """Further only where what is held against one another would look alike and is not."""
    check = check_of(Condition.model_validate({"cpc": {"at_most": float(most)}}), terms=Terms(USUAL, currency))
    assert isinstance(check, WindowBound)
    shown, bound, passed, _ = check.look(Seen(term(sums(3, spend=1)).history, (), currency))

    asked, found = window_words(Finding("r", check.check, shown, bound, passed=passed is True))
    assert f"{asked}: {found}" == f"cost per click in 60d-7d {told}"


def test_yen_are_lacking_whole():
    """There is no coin below it."""
    when = {"spend": {"at_least": 1500}}
    japan = term(sums(9, spend=1200.5), on=ground(account(profile=JAPAN)))

    assert short(judged(ruleset(on_terms(when)), japan), 9, 0) == "needs 300 JPY more spend"


def test_what_is_waited_for_is_told():
    """The window, how many of its days, and from when."""
    rules = ruleset(
        on_terms({"all": [{"clicks": {"at_least": 9}}, {"conversion_rate": {"at_most": "5%", "confidence": "80%"}}]})
    )
    late = judged(rules, term(sums(9), among=around(gaps={USUAL: immature()})))
    unread = judged(rules, term(unread=True))
    gone = judged(rules, term(sums(9), among=around(gaps={USUAL: missing()})))

    assert long(late, 9, 0) == [
        "hold: days of a window that a rule looks at were read before their orders were complete.",
        "Rule r waits for days:",
        "  cannot tell clicks in 60d-7d at least 9",
        "  cannot tell conversion rate in 60d-7d at most 5%",
        "2 days of 60d-7d were read before their orders were complete, the first 2026-02-20.",
    ]
    assert short(gone, 9, 0) == "3 days of 60d-7d were never read, the first 2026-02-01"
    assert short(unread, 9, 0) == "its figures of 60d-7d were not read"
    one = [judged(rules, term(sums(9), among=around(gaps={USUAL: gap}))) for gap in (missing(1), immature(1))]
    assert [short(each, 9, 0) for each in one] == [
        "1 day of 60d-7d was never read, the first 2026-02-01",
        "1 day of 60d-7d was read before its orders were complete, the first 2026-02-20",
    ]


def test_economics_that_are_waited_for_are_told():
    """The rule waits for facts, and the multiple says what it would be of."""
    rules = ruleset(
        on_terms({"all": [{"spend": {"at_least": "1x target_cost"}}, {"acos": {"at_most": "target"}}]}),
        economics={"asins": {"B000000001": {"price": {"USD": 1}, "target_acos": "30%"}}},
    )
    story = long(judged(rules, term(sums(9, 1, 9, 90))), 9, 1)

    assert story[1:] == [
        "Rule r waits for facts:",
        "  misses spend in 60d-7d at least the target cost: 9.00 USD, and the target cost is not known: `economics` does not say enough",
        "  misses ACOS in 60d-7d at most the target ACOS: 10.0%, and the target ACOS is not known: `economics` does not say enough",
        "`economics` does not say its price or aov, and target_acos: what its ad group advertises.",
    ]


def test_nothing_is_expected_where_nothing_sells():
    """The check says so, and nothing is said to be missing."""
    rules = ruleset(on_terms({"clicks": {"at_least": "3x expected"}}))
    decision = judged(rules, term(sums(9), among=around({USUAL: sums(99)}, {USUAL: sums(999)})))

    assert long(decision, 9, 0)[2:] == [
        "  misses clicks in 60d-7d at least 3 x expected: 9 clicks, and 3 x expected is not known: nothing sells around it",
        "  More evidence cannot make it pass.",
    ]


def test_confidence_is_told_with_its_end():
    """As for other evidence."""
    sure = {"at_least": "90%", "confidence": "80%"}
    loose = {"at_most": "1%", "confidence": "95%"}
    rules = ruleset(on_terms({"all": [{"conversion_rate": sure}, {"ctr": loose}]}))
    story = long(judged(rules, term(sums(10, 2, impressions=100))), 10, 2)

    assert story[2] == "  misses conversion rate in 60d-7d at least 90%: 8.6% at the lower end with 80% confidence"
    assert story[3] == "  misses click-through rate in 60d-7d at most 1%: 17.4% at the upper end with 95% confidence"


@pytest.mark.parametrize(
    "condition",
    [
        {"clicks": {"at_least": 9, "window": "30d"}},
        {"clicks": {"at_most": "2.5x expected"}},
        {"conversion_rate": {"at_least": "5%", "confidence": "80%"}},
        {"spend": {"at_least": 20.5}},
        {"spend": {"at_most": "1x target_cost"}},
        {"acos": {"at_most": "120%"}},
    ],
)
def test_a_bound_can_be_read_back_from_its_finding(condition):
    """What the margin is worked out from is what was asked."""
    check = check_of(Condition.model_validate(condition), terms=Terms(USUAL, "USD"))
    assert isinstance(check, WindowBound)
    said = check.said("USD") if check.plain else 7.0

    assert bound_in(Finding("r", check.check, 1.0, said, passed=True)) == check
    assert is_windowed(check.check)
    assert not is_evidence(check.check)


def test_numbers_are_read_from_what_is_shown():
    """Money carries its currency; what was not read is no number."""
    assert [number_in(each) for each in ("33.10 USD", 5, None, "not read")] == [33.1, 5, None, None]
    assert [currency_in(each) for each in ("33.10 USD", 5, None)] == ["USD", "", ""]


def test_a_catalog_fact_among_windows_stands_in_the_way_or_does_not():
    """What is known against it leaves nothing to wait for; what is not known stands in nobody's way."""
    clicks = Finding("r", "clicks.at_least@60d-7d", 5.0, 9.0, passed=False)
    unread = Finding("r", "orders.at_most@14d-0d", "not read", 0.0, passed=False)
    known = Finding("r", "unknown_asin", "known", "yes", passed=False)
    unknown = Finding("r", "unknown_asin", None, "yes", passed=False)

    assert ways_in_windows([clicks, known]) == []
    assert ways_in_windows([clicks, unknown]) == ["4 more clicks"]
    assert ways_in_windows([clicks, unread]) == ["4 more clicks in 60d-7d without an order"]
    assert ways_in_windows([Finding("r", "clicks.at_least@60d-7d", 9.0, 9.0, passed=True)]) == []


def test_two_rules_that_miss_the_same_say_it_once():
    """Whoever reads a table reads it once."""
    rules = ruleset(
        on_terms({"clicks": {"at_least": 9}}, name="a", match={"target_type": "keyword"}),
        on_terms(
            {"all": [{"clicks": {"at_least": 9}}, {"cpc": {"at_most": 9}}]},
            {"promote": {}},
            name="b",
            match={"campaigns": ["A*"]},
        ),
    )
    decision = judged(rules, term({USUAL: sums(5, spend=1), SHORT: sums()}))

    assert short(decision, 5, 0) == "needs 4 more clicks"
    assert len(findings_of(decision)) == 3
