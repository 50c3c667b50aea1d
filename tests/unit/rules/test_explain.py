"""Findings as sentences."""

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.domain.candidate import EffectStanding
from harvester.domain.decision import Decision, Finding, Outcome, Reason
from harvester.domain.target import Match
from harvester.rules.check import ask
from harvester.rules.compiling import check_of
from harvester.rules.conditions import Condition
from harvester.rules.explain import REASONS, ad_groups_in, describe, findings_of, long, short
from harvester.rules.guard import GuardReason
from harvester.rules.margin import missing
from tests.unit.rules.builders import NEGATE, PROMOTE, account, blocked, candidate, ground, judged, ruleset
from tests.unit.rules.test_overlap import promotion_effect
from tests.unit.rules.test_reach import CONDITIONS

RULES = ruleset(PROMOTE, NEGATE, protect={"keywords": ["acme"], "asins": ["B000000009"]})
SURE = {**PROMOTE, "when": {"conversion_rate": {"at_least": "5%", "confidence": "80%"}}}
POOR = {**NEGATE, "when": {"all": [{"clicks": {"at_least": 5}}, {"conversion_rate": {"at_most": "2%"}}]}}
DOUBTED = {**NEGATE, "when": {"not": {"conversion_rate": {"at_least": "2%"}}}}
STANDING = ground(standing={("bath towel", Match.EXACT): "77"})
WAITING = ground(account(effects={promotion_effect(Match.EXACT): blocked(EffectStanding.PLANNED)}))


@pytest.mark.parametrize(
    ("rules", "clicks", "conversions", "line"),
    [
        (RULES, 31, 0, "needs 2 more conversions, or 14 more clicks without one"),
        (RULES, 8, 1, "needs 1 more conversion and 2 more clicks"),
        (RULES, 9.5, 2, "needs 1 more click"),
        (ruleset(NEGATE), 44, 0, "needs 1 more click without a conversion"),
        (ruleset(NEGATE), 44, 1, "only negate covers it, and can never pass: 1 conversions, at most 0"),
        (ruleset(NEGATE), 45, 1, "only negate covers it, and can never pass: 1 conversions, at most 0"),
        (ruleset(SURE), 100, 3, "needs 5 more conversions"),
        (ruleset(SURE), 0, 0, "needs 1 more conversion and 1 more click"),
        (ruleset(POOR), 10, 1, "needs 40 more clicks without a conversion"),
        (ruleset(DOUBTED), 10, 1, "needs 41 more clicks without a conversion"),
        (ruleset({**PROMOTE, "when": {"any": [{"clicks": {"at_least": 9}}, {"conversions": {"at_least": 3}}]}}), 8, 2,
         "needs 1 more click, or 1 more conversion"),
        (ruleset({**PROMOTE, "when": {"not": {"any": [{"clicks": {"at_most": 9}}, {"conversions": {"at_most": 3}}]}}}), 8, 2,
         "needs 2 more conversions and 2 more clicks"),
        (ruleset({**PROMOTE, "when": {"not": {"conversion_rate": {"at_most": "50%"}}}}), 4, 2, "needs 1 more conversion"),
        (ruleset({**PROMOTE, "when": {"conversion_rate": {"at_least": "90%", "confidence": "80%"}}}), 4, 2,
         "needs 43 more conversions and 43 more clicks"),
        (ruleset({**PROMOTE, "when": {"conversion_rate": {"at_least": "100%", "confidence": "80%"}}}), 4, 2,
         "only promote covers it, and can never pass: conversion rate 23.0% at the lower end with 80% confidence, at least 100%"),
        (ruleset({**PROMOTE, "when": {"not": {"clicks": {"at_least": 5}}}}), 8, 2, "only promote covers it, and can never pass"),
        (ruleset({**PROMOTE, "when": {"clicks": {"at_least": 3, "at_most": 5}}}), 8, 2,
         "only promote covers it, and can never pass: 8 clicks, at most 5"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_clicks_and_conversions(rules, clicks, conversions, line):
    """By how much it fails, and what would help; or that nothing would."""
    assert short(judged(rules, candidate(clicks=clicks, conversions=conversions)), clicks, conversions) == line


@pytest.mark.parametrize(
    ("asked", "line"),
    [
        (candidate(), "promote, by rule promote"),
        (candidate(clicks=50, conversions=0), "negate, by rule negate"),
        (candidate(""), "it is empty"),
        (candidate("t" * 81), "it has 81 characters, at most 80 are taken"),
        (candidate("a " * 11), "it has 11 words, at most 10 are taken"),
        (candidate("*"), "`*` stands for no search term at all"),
        (candidate("b0abcdefg1"), "the keyword is an ASIN"),
        (candidate("B00", target_type="ASIN"), "`B00` is no ASIN"),
        (candidate(target_type="THEME"), "its target type is `THEME`"),
        (candidate(clicks=None), "its clicks cannot be read"),
        (candidate(conversions=-1), "its conversions cannot be read"),
        (candidate("acme"), "`acme` under protect.keywords covers it"),
        (candidate("B000000009", target_type="ASIN"), "it stands under protect.asins"),
        (candidate("B000000001", target_type="ASIN", on=ground(account(own={"B000000001"}))), "the profile advertises it itself"),
        (candidate(repeated=True), "the same row came before in this run"),
        (candidate(on=STANDING), "it stands already, as exact, in ad group 77"),
        (candidate(on=WAITING), "it waits in plan p9, as exact"),
    ],
)  # fmt: skip
def test_every_decision_has_a_line(asked, line):
    """For a table: as short as it can be, with what matters in it."""
    assert short(judged(RULES, asked), asked.row.clicks, asked.row.conversions) == line


def test_the_whole_story_tells_every_rule_and_every_check():
    """What `why` shows: the outcome, the rules in order, what each check saw and wanted."""
    when = {
        "all": [{"clicks": {"at_least": 10}}, {"any": [{"conversion_rate": {"at_least": "5%", "confidence": "80%"}}]}]
    }
    rules = ruleset({**PROMOTE, "name": "sure", "when": when}, NEGATE)

    assert long(judged(rules, candidate(clicks=0, conversions=0)), 0, 0) == [
        "hold: no rule that covers it passes.",
        "Rule sure does not pass:",
        "  misses clicks at least 10: 0",
        "  misses conversion rate at least 5%: unknown without clicks (any2)",
        "  It would with 2 more conversions and 10 more clicks.",
        "Rule negate does not pass:",
        "  misses clicks at least 45: 0",
        "  meets conversions at most 0: 0",
        "  It would with 45 more clicks without a conversion.",
    ]
    assert long(judged(RULES, candidate(clicks=45, conversions=1)), 45, 1)[-1] == "  More evidence cannot make it pass."
    assert long(judged(RULES, candidate(on=STANDING)), 12, 3) == [
        "skip: it is targeted already, at the destination or in another ad group of the same products.",
        "Rule promote passes:",
        "  meets clicks at least 10: 12",
        "  meets conversions at least 2: 3",
        "It stands already, as exact, in ad group 77.",
    ]
    assert long(judged(RULES, candidate(clicks=50, conversions=0)), 50, 0)[0] == "negate: rule negate."


def test_ad_groups_are_told_by_name_where_it_is_known():
    """With their id, which the other views have."""
    decision = judged(RULES, candidate(on=STANDING))
    names = {"77": "“Towels” of campaign “Manual”"}
    told = "it stands already, as exact, in ad group “Towels” of campaign “Manual” (77)"

    assert list(ad_groups_in(findings_of(decision))) == ["77"]
    assert short(decision, 12, 3, names) == told
    assert long(decision, 12, 3, names)[-1] == f"I{told[1:]}."


def test_a_decision_of_another_version_is_still_told():
    """An unknown reason or check stands as it was recorded; evidence that is gone is not made up."""
    findings = msgspec.json.encode([Finding("", "new.check", None, None, passed=False)]).decode()
    old = Decision(Outcome.SKIP, "other_reason", "", findings)
    proven = judged(RULES, candidate(clicks=1, conversions=1))

    assert short(old, 1, 1) == "new.check"
    assert long(old, None, None) == ["skip: other_reason.", "New.check."]
    assert short(proven, None, None) == "no rule that covers it passes"
    assert "  It would" not in "".join(long(proven, None, None))


def test_a_hold_without_findings_of_its_own_tells_its_reason():
    """`no_destination` has nothing to measure."""
    assert short(Decision(Outcome.HOLD, Reason.NO_DESTINATION, "promote", "[]"), 1, 1) == (
        "there is no ad group that it could be promoted into"
    )
    assert short(Decision(Outcome.HOLD, Reason.NOT_PROVEN, "", "[]"), 1, 1) == "no rule that covers it can ever pass"


@pytest.mark.parametrize(
    "reason", [*Reason, *GuardReason, "conflicting_evidence", "too_many_words", "level_not_allowed"]
)
def test_every_reason_has_a_sentence(reason):
    """Of decisions, of the guard and of the planner."""
    assert describe(reason) == REASONS[reason]
    assert describe(reason) != reason


@settings(max_examples=400)
@given(CONDITIONS, st.integers(0, 40), st.integers(0, 8))
def test_what_is_said_to_be_missing_is_enough(when, clicks, conversions):
    """Added to the evidence, it makes the rule pass; nothing is missing only where the rule passes."""
    check = check_of(Condition.model_validate(when))
    findings: list[Finding] = []
    passed = ask(check, clicks, conversions, "r", findings)
    ways = missing(findings, clicks, conversions)

    for way in ways:
        assert ask(check, clicks + way.clicks, conversions + way.conversions, "r", [])
    if passed:
        assert [(way.clicks, way.conversions) for way in ways] in ([(0, 0)], [])
    else:
        assert all(way.clicks or way.conversions for way in ways)


@given(st.integers(0, 60), st.integers(0, 5))
def test_one_less_than_what_is_missing_is_not_enough(clicks, conversions):
    """For plain thresholds the margin is exact."""
    when = Condition.model_validate({"all": [{"clicks": {"at_least": 40}}, {"conversions": {"at_least": 4}}]})
    findings: list[Finding] = []
    ask(check_of(when), clicks, conversions, "r", findings)
    [way] = missing(findings, clicks, conversions)

    assert (way.clicks, way.conversions) == (max(0, 40 - clicks), max(0, 4 - conversions))


def test_limits_that_chase_one_another_leave_nothing_to_say():
    """Each step towards one leads away from the other: the search ends."""
    wants, allows = (
        Finding("r", f"conversion_rate.{bound}", 0.0, limit, passed=False)
        for bound, limit in (("at_least", 0.5), ("at_most", 0.1))
    )

    assert missing([wants, allows], 10, 1) == []
