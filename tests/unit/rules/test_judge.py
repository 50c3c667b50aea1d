"""One candidate, one decision, in one order."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.domain.action import ActionKind, effect_of
from harvester.domain.candidate import Candidate, Destination, EffectStanding, NewGroup, NoDestination
from harvester.domain.decision import Finding, Outcome, Reason
from harvester.domain.target import Match, TargetKind
from harvester.rules import evaluate
from harvester.rules.evaluate import compile_rules
from harvester.rules.explain import short
from harvester.rules.ruleset import Rule, RuleSet
from tests.unit.rules.builders import (
    GERMANY,
    KEYWORDS,
    NEGATE,
    PRODUCTS,
    PROFILE,
    PROMOTE,
    SOURCE,
    account,
    blocked,
    candidate,
    ground,
    judged,
    negatives,
    ruleset,
)

RULES = ruleset(PROMOTE, NEGATE, protect={"keywords": ["acme"], "asins": ["B000000009"]})
LONG = "towel " * 11
NOWHERE = ground(destination=NoDestination("no_destination", "none"))
TWO_GROUPS = ground(destination=NoDestination("ambiguous_destination", "two"))
KEYWORDS_ONLY = ground(destination=Destination("g1", KEYWORDS, None))
NEW_CAMPAIGNS = NewGroup(1, {}, makes_campaigns=True, default_bid="0.75")
NO_DEFAULT = ground(destination=Destination(None, None, None, NewGroup(1, {}, makes_campaigns=True)))
WAITING = {effect_of(ActionKind.PROMOTE_KEYWORD, "400", "bath towel", Match.EXACT): blocked(EffectStanding.PLANNED)}

TABLE = [
    (candidate("", 99, 9), "skip", "malformed"),
    (candidate("  ", 99, 9), "skip", "malformed"),
    (candidate("t" * 81, 99, 9), "skip", "malformed"),
    (candidate("t" * 80, 99, 9), "promote", "promote"),
    (candidate("bath" + " " * 90 + "towel", 99, 9), "promote", "promote"),
    (candidate(LONG, 99, 9), "skip", "malformed"),
    (candidate(LONG.removesuffix("towel "), 99, 9), "promote", "promote"),
    (candidate("*", 99, 9), "skip", "malformed"),
    (candidate("b0abcdefg1", 99, 9), "skip", "malformed"),
    (candidate("toothbrush", 99, 9), "promote", "promote"),
    (candidate("B00", 99, 9, target_type="PRODUCT"), "skip", "malformed"),
    (candidate("", target_type="CATEGORY"), "skip", "unsupported_type"),
    (candidate(clicks=None), "skip", "unreadable_evidence"),
    (candidate(conversions=None), "skip", "unreadable_evidence"),
    (candidate(clicks=float("nan")), "skip", "unreadable_evidence"),
    (candidate(clicks=float("inf")), "skip", "unreadable_evidence"),
    (candidate(conversions=-1), "skip", "unreadable_evidence"),
    (candidate("Acme towel"), "skip", "protected"),
    (candidate("acme", clicks=None), "skip", "unreadable_evidence"),
    (candidate("b000000009", target_type="ASIN"), "skip", "protected"),
    (candidate("B000000001", target_type="ASIN", on=ground(account(own={"B000000001"}))), "skip", "own_product"),
    (candidate(repeated=True), "skip", "duplicate"),
    (candidate("acme", repeated=True), "skip", "protected"),
    (candidate(clicks=9), "hold", "not_proven"),
    (candidate(clicks=44, conversions=0), "hold", "not_proven"),
    (candidate(clicks=12, conversions=25), "promote", "promote"),
    (candidate(on=ground(standing={("bath towel", Match.EXACT): "7"})), "skip", "already_targeted"),
    (candidate(on=ground(standing={("bath towel", Match.BROAD): "7"})), "promote", "promote"),
    (
        candidate(on=ground(destination_negatives={
            TargetKind.KEYWORD: negatives((TargetKind.KEYWORD, Match.PHRASE, "towel"))
        })),
        "skip", "already_negative",
    ),
    (
        candidate(on=ground(source_negatives=negatives((TargetKind.KEYWORD, Match.EXACT, "bath towel")))),
        "promote", "promote",
    ),
    (
        candidate(clicks=45, conversions=0, on=ground(
            source_negatives=negatives((TargetKind.KEYWORD, Match.EXACT, "bath towel"))
        )),
        "skip", "already_negative",
    ),
    (candidate(on=ground(account(effects=WAITING))), "skip", "already_planned"),
    (candidate(on=NOWHERE), "hold", "no_destination"),
    (candidate(on=TWO_GROUPS), "hold", "ambiguous_destination"),
    (candidate("B000000001", target_type="PRODUCT", on=KEYWORDS_ONLY), "hold", "no_destination"),
    (candidate(on=ground(destination=Destination(None, None, None, NEW_CAMPAIGNS))), "promote", "promote"),
    (candidate(on=NO_DEFAULT), "hold", "no_bid"),
    (
        candidate(on=ground(
            standing={("bath towel", Match.EXACT): "7"}, destination=NoDestination("no_destination", "none")
        )),
        "skip", "already_targeted",
    ),
    (candidate(clicks=45, conversions=0), "negate", "negate"),
    (candidate(clicks=45, conversions=0, on=NOWHERE), "negate", "negate"),
    (candidate("B000000001", 45, 0, target_type="product"), "negate", "negate"),
]  # fmt: skip


@pytest.mark.parametrize(("asked", "outcome", "reason"), TABLE)
def test_the_first_that_applies_gives_outcome_and_reason(asked: Candidate, outcome, reason):
    """The order of judgement is the order of the table in the rules reference."""
    decision = judged(RULES, asked)

    assert (decision.outcome, decision.reason) == (outcome, reason)
    assert msgspec.json.decode(decision.findings, type=list[Finding]) or reason == "duplicate"


@pytest.mark.parametrize(
    ("match", "covered"),
    [
        ({"campaigns": ["auto *"]}, True),
        ({"campaigns": ["100"]}, True),
        ({"campaigns": ["10?"]}, False),
        ({"campaigns": ["Manual *"]}, False),
        ({"campaigns": ["Manual *", "*TOWELS"]}, True),
        ({"campaigns": ["[a]uto*"]}, False),
        ({"ad_groups": ["200"]}, True),
        ({"ad_groups": ["towel?"]}, True),
        ({"ad_groups": ["towel"]}, False),
        ({"asins": ["b0advert01"]}, True),
        ({"asins": ["B0ADVERT02"]}, False),
        ({"profiles": ["11"]}, True),
        ({"profiles": ["Shop *"]}, True),
        ({"profiles": ["* DE"]}, False),
        ({"target_type": "keyword"}, True),
        ({"target_type": "product"}, False),
        ({}, True),
    ],
)
def test_a_rule_looks_only_at_what_its_match_covers(match, covered):
    """Names are patterns in any case, without character classes; digits are ids."""
    decision = judged(ruleset({**PROMOTE, "match": match}), candidate())

    assert decision.reason == ("promote" if covered else "out_of_scope")


@pytest.mark.parametrize(
    ("matches", "line"),
    [
        ([{"campaigns": ["Manual *"]}], "rule r0 just misses it: its `campaigns` do not name “Auto towels”"),
        ([{"ad_groups": ["x"]}], "rule r0 just misses it: its `ad_groups` do not name “Towels”"),
        ([{"asins": ["B0ADVERT02"]}], "rule r0 just misses it: its `asins` do not name B0ADVERT01"),
        ([{"target_type": "product"}], "rule r0 just misses it: it looks at no keyword"),
        ([{"campaigns": ["x"], "ad_groups": ["x"]}, {"campaigns": ["y"]}], "rule r1 just misses it: its `campaigns` do not name “Auto towels”"),
        ([{"campaigns": ["x"], "ad_groups": ["x"]}], "no rule's `match` covers it"),
        ([{"profiles": ["x"]}], "no rule's `match` covers it"),
    ],
)  # fmt: skip
def test_the_rule_that_just_missed_is_named(matches, line):
    """By the one key of its `match` that keeps it from the row; the first such rule."""
    decision = judged(
        ruleset(*({**PROMOTE, "name": f"r{place}", "match": match} for place, match in enumerate(matches))), candidate()
    )

    assert decision.reason == "out_of_scope"
    assert short(decision, 12, 3) == line


def test_a_rule_with_keyword_matches_only_says_nothing_about_products():
    """Without target_type, each match applies to its own kind."""
    rules = ruleset({**PROMOTE, "then": {"promote": {"match": ["phrase", "exact"]}}})

    assert judged(rules, candidate("B000000001", target_type="PRODUCT")).reason == "out_of_scope"
    assert judged(rules, candidate()).outcome == "promote"


def test_the_first_rule_that_passes_decides_and_all_that_were_tried_are_told():
    """Rules behind the deciding one leave no findings; those before it do."""
    strict = {**PROMOTE, "name": "strict", "when": {"conversions": {"at_least": 50}}}
    decision = judged(ruleset(strict, PROMOTE, NEGATE), candidate())
    findings = msgspec.json.decode(decision.findings, type=list[Finding])

    assert (decision.outcome, decision.rule) == ("promote", "promote")
    assert [(each.rule, each.check, each.passed) for each in findings] == [
        ("strict", "conversions.at_least", False),
        ("promote", "clicks.at_least", True),
        ("promote", "conversions.at_least", True),
    ]


def test_what_stands_in_the_way_is_told_beside_the_rules_that_were_tried():
    """The findings of an overlap follow those of the rules."""
    decision = judged(RULES, candidate(on=ground(standing={("bath towel", Match.EXACT): "7"})))
    findings = msgspec.json.decode(decision.findings, type=list[Finding])

    assert decision.rule == "promote"
    assert findings[-1] == Finding("", "overlap.targeted", "7", "exact", passed=False)


def test_groups_of_conditions_are_told_apart_in_the_findings():
    """Each finding says where it stood below `all`."""
    when = {
        "any": [
            {"clicks": {"at_least": 500, "at_most": 900}},
            {"not": {"conversion_rate": {"at_most": "5%"}}},
            {"all": [{"conversions": {"at_least": 9}}, {"any": [{"clicks": {"at_least": 99}}]}]},
        ]
    }
    decision = judged(ruleset({**PROMOTE, "when": when}), candidate())
    findings = msgspec.json.decode(decision.findings, type=list[Finding])

    assert decision.outcome == "promote"
    assert [(each.check, each.passed, each.group) for each in findings] == [
        ("clicks.at_least", False, "any1.all1"),
        ("clicks.at_most", True, "any1.all1"),
        ("conversion_rate.at_most", False, "any1.not2"),
        ("conversions.at_least", False, "any1.all3"),
        ("clicks.at_least", False, "any1.all3.any2"),
    ]


def test_a_rate_that_cannot_be_measured_does_not_pass_under_not():
    """Unknown is not zero, and not the opposite of anything."""
    negate = {"name": "n", "when": {"not": {"conversion_rate": {"at_least": "1%"}}}, "then": {"negate": {}}}
    both = {
        "name": "b",
        "when": {"any": [{"not": {"conversion_rate": {"at_least": "1%"}}}, {"conversions": {"at_most": 0}}]},
        "then": {"negate": {}},
    }

    assert judged(ruleset(negate), candidate(clicks=0, conversions=0)).reason == "not_proven"
    assert judged(ruleset(negate), candidate(clicks=9, conversions=0)).reason == "n"
    assert judged(ruleset(both), candidate(clicks=0, conversions=0)).reason == "b"


def test_a_bid_in_another_currency_is_no_bid():
    """A fixed bid holds for its own currency."""
    rules = ruleset({**PROMOTE, "then": {"promote": {"bid": {"fixed": {"USD": 1}}}}})

    assert judged(rules, candidate(on=ground(account(GERMANY)))).reason == "no_bid"
    assert judged(rules, candidate()).reason == "promote"


def test_the_second_row_of_an_ad_is_judged_like_the_first():
    """What was found out about an ad holds for all of its rows."""
    on, judge = ground(), compile_rules(RULES, PROFILE)

    assert [judge.judge(candidate(text, on=on)).reason for text in ("bath towel", "hand towel")] == ["promote"] * 2


def test_an_own_product_may_be_promoted_where_the_file_says_so():
    """`own_products: false` is an answer too."""
    asked = candidate("B000000001", target_type="PRODUCT", on=ground(account(own={"B000000001"})))

    assert judged(ruleset(PROMOTE, protect={"own_products": False}), asked).outcome == "promote"


def test_a_profiles_own_protection_is_added():
    """An agency's client protects its brand beside the agency's."""
    rules = ruleset(PROMOTE, protect={"keywords": ["acme"]}, profiles={"11": {"protect": {"keywords": ["bath"]}}})

    assert judged(rules, candidate()).reason == "protected"
    assert judged(rules, candidate("acme")).reason == "protected"
    assert judged(rules, candidate(on=ground(account(GERMANY)))).reason == "promote"


def test_what_is_remembered_is_bounded(monkeypatch):
    """However many ads and however varied the evidence, memory stays flat, and decisions stay the same."""
    monkeypatch.setattr(evaluate, "_MOST_VERDICTS", 3)
    monkeypatch.setattr(evaluate, "_MOST_GROUNDS", 2)
    judge = compile_rules(RULES, PROFILE)
    grounds = [ground() for _ in range(5)]
    for clicks in range(40):
        for on in grounds:
            asked = candidate(clicks=clicks, on=on)
            assert judge.judge(asked) == judged(RULES, asked)
    assert len(judge._known) <= 2
    assert all(len(cover._known) <= 3 for cover in judge._covers.values())


EVIDENCE = st.one_of(
    st.none(), st.just(-0.0), st.integers(0, 60), st.floats(0, 60), st.just(float("nan")), st.just(-1.0)
)
RULE_POOL: list[dict[str, Any]] = [
    PROMOTE,
    NEGATE,
    {**PROMOTE, "name": "sure", "match": {"campaigns": ["Auto*"]},
     "when": {"conversion_rate": {"at_least": "5%", "confidence": "80%"}}},
    {**PROMOTE, "name": "asins", "match": {"asins": ["B0ADVERT01"], "target_type": "product"},
     "when": {"any": [{"clicks": {"at_least": 3, "at_most": 8}}, {"not": {"clicks": {"at_most": 50}}}]}},
    {**NEGATE, "name": "poor", "match": {"ad_groups": ["T*"]},
     "when": {"all": [{"clicks": {"at_least": 20}}, {"conversion_rate": {"at_most": "9%", "confidence": "95%"}}]}},
]  # fmt: skip
GROUNDS = [
    ground(),
    NOWHERE,
    ground(standing={("bath towel", Match.EXACT): "7"}),
    ground(source=PRODUCTS),
    ground(account(own={"B000000001"}, effects=WAITING)),
    ground(source=SOURCE, destination=KEYWORDS_ONLY.destination),
]
CANDIDATES = st.builds(
    lambda on, target, clicks, conversions, repeated, asin: candidate(
        target[0], clicks, conversions, on=on, target_type=target[1], repeated=repeated, asin=asin
    ),
    st.sampled_from(GROUNDS),
    st.sampled_from([("bath towel", "KEYWORD"), ("acme", "keyword"), ("B000000001", "ASIN"), ("x", "THEME")]),
    EVIDENCE,
    EVIDENCE,
    st.booleans(),
    st.sampled_from(["B0ADVERT01", "b0advert01", "B0ADVERT02"]),
)


@given(st.lists(st.sampled_from(RULE_POOL), unique_by=lambda rule: rule["name"]), st.lists(CANDIDATES, max_size=8))
def test_what_is_remembered_never_changes_a_decision(pool, asked):
    """A judge that has seen others decides as one that has seen none."""
    rules = RuleSet.model_validate({"rules": pool, "protect": {"keywords": ["acme"]}})
    judge = compile_rules(rules, PROFILE)

    for each in [*asked, *reversed(asked)]:
        assert judge.judge(each) == judged(rules, each)


def passes(when: dict[str, Any], clicks: float, conversions: float) -> bool | None:
    """The conditions of a file, read as naively as can be."""
    [(word, inside)] = when.items()
    if word == "not":
        inner = passes(inside, clicks, conversions)
        return None if inner is None else not inner
    if word in ("all", "any"):
        verdicts = [passes(part, clicks, conversions) for part in inside]
        if word == "all":
            return False if False in verdicts else None if None in verdicts else True
        return True if True in verdicts else None if None in verdicts else False
    measured = {"clicks": clicks, "conversions": conversions}.get(word, 0)
    low, high = inside.get("at_least", 0), inside.get("at_most", 10**9)
    if word == "conversion_rate":
        if not clicks:
            return None
        rate = min(1, conversions / clicks)
        z = {"80%": 1.2815515655446004, "95%": 1.959963984540054}[inside["confidence"]]
        centre, half = rate + z * z / 2 / clicks, z * (rate * (1 - rate) / clicks + z * z / 4 / clicks**2) ** 0.5
        ends = [(centre - half) / (1 + z * z / clicks), (centre + half) / (1 + z * z / clicks)]
        percent = {key: float(value[:-1]) / 100 for key, value in inside.items() if key.startswith("at_")}
        return bool(ends[0] >= percent.get("at_least", -1) and ends[1] <= percent.get("at_most", 2))
    return bool(low <= measured <= high)


@given(
    st.lists(st.sampled_from(RULE_POOL), unique_by=lambda rule: rule["name"]), st.integers(0, 60), st.integers(0, 12)
)
def test_the_first_passing_rule_is_the_one_that_a_naive_reading_finds(pool, clicks, conversions):
    """Compiling the rules changes nothing about what they say."""
    rules = RuleSet.model_validate({"rules": pool})
    decision = judged(rules, candidate(clicks=clicks, conversions=conversions))
    covering = [rule for rule in pool if rule["name"] != "asins"]
    first = next((rule["name"] for rule in covering if passes(rule["when"], clicks, conversions)), "")

    assert decision.rule == first
    assert decision.reason == (first or ("not_proven" if covering else "out_of_scope"))


@given(CANDIDATES)
def test_the_same_candidate_and_rules_give_the_same_decision(asked):
    """And a recorded reason is one of the table, or the rule's name."""
    rules = RuleSet.model_validate({"rules": RULE_POOL})
    decision = judged(rules, asked)

    assert decision == judged(RuleSet.model_validate({"rules": RULE_POOL}), asked)
    assert decision.reason in {*Reason, *(rule.name for rule in rules.rules)}
    assert (decision.outcome in (Outcome.PROMOTE, Outcome.NEGATE)) is (decision.reason == decision.rule != "")


def test_a_rule_without_an_action_promises_no_match():
    """A negating rule promotes nothing, whatever kind is asked for."""
    rules: tuple[Rule, ...] = ruleset(NEGATE).rules

    assert [rules[0].promotes(kind) for kind in TargetKind] == [()] * len(TargetKind)
