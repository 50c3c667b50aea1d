"""Rules that can never decide are found, and no other is called one."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.domain.candidate import Place
from harvester.domain.profile import AdGroup, Campaign
from harvester.rules.check import ask
from harvester.rules.compiling import check_of
from harvester.rules.conditions import Condition
from harvester.rules.evaluate import compile_rules
from harvester.rules.reach import decided_before, implies, limits_of, never_passes
from harvester.rules.ruleset import RuleSet
from tests.unit.rules.builders import PROFILE, PROMOTE, candidate, ground


def at_least(check: str, bound: object, **more: object) -> dict:
    return {check: {"at_least": bound, **more}}


def at_most(check: str, bound: object, **more: object) -> dict:
    return {check: {"at_most": bound, **more}}


RATE = "conversion_rate"
CLICKS_10, CLICKS_20 = at_least("clicks", 10), at_least("clicks", 20)


@pytest.mark.parametrize(
    ("strong", "weak", "implied"),
    [
        (CLICKS_20, CLICKS_10, True),
        (CLICKS_10, CLICKS_20, False),
        (CLICKS_10, CLICKS_10, True),
        (CLICKS_10, at_least("conversions", 10), False),
        (CLICKS_10, at_most("clicks", 10), False),
        (at_most("clicks", 5), at_most("clicks", 6), True),
        (at_most("clicks", 6), at_most("clicks", 5), False),
        ({"not": at_most("clicks", 10)}, CLICKS_10, True),
        (CLICKS_10, {"not": at_most("clicks", 10)}, False),
        (at_least("clicks", 11), {"not": at_most("clicks", 10)}, True),
        ({"not": {"not": CLICKS_10}}, CLICKS_10, True),
        ({"all": [CLICKS_10, at_least("conversions", 2)]}, CLICKS_10, True),
        (CLICKS_10, {"all": [CLICKS_10, at_least("conversions", 2)]}, False),
        (CLICKS_10, {"any": [at_least("conversions", 2), CLICKS_10]}, True),
        ({"any": [CLICKS_10, CLICKS_20]}, CLICKS_10, True),
        ({"any": [CLICKS_10, at_least("conversions", 2)]}, CLICKS_10, False),
        ({"any": [CLICKS_10]}, {"any": [CLICKS_20, {"any": [CLICKS_10]}]}, True),
        ({"all": [CLICKS_10]}, {"any": [CLICKS_20, at_least("conversions", 1)]}, False),
        ({"not": {"any": [at_most("clicks", 10), at_most("conversions", 1)]}}, CLICKS_10, True),
        (at_least(RATE, "6%"), at_least(RATE, "5%"), True),
        (at_least(RATE, "5%", confidence="80%"), at_least(RATE, "5%"), True),
        (at_least(RATE, "5%"), at_least(RATE, "5%", confidence="80%"), False),
        (at_least(RATE, "5%", confidence="95%"), at_least(RATE, "5%", confidence="80%"), True),
        (at_most(RATE, "5%", confidence="80%"), at_most(RATE, "5%", confidence="95%"), False),
        ({"not": at_most(RATE, "5%")}, at_least(RATE, "5%"), True),
        ({"not": at_most(RATE, "5%", confidence="80%")}, at_least(RATE, "5%"), False),
        ({"clicks": {"at_least": 12, "at_most": 15}}, {"clicks": {"at_least": 10, "at_most": 20}}, True),
    ],
)  # fmt: skip
def test_what_is_surely_implied_is_known(strong, weak, implied):
    """And what may not be implied is not claimed."""
    trees = [limits_of(check_of(Condition.model_validate(each))) for each in (strong, weak)]

    assert implies(*trees) is implied


@pytest.mark.parametrize(
    ("when", "never"),
    [
        ({"all": [CLICKS_20, at_most("clicks", 10)]}, True),
        ({"all": [CLICKS_10, at_most("clicks", 10)]}, False),
        ({"all": [CLICKS_10, {"not": CLICKS_10}]}, True),
        ({"all": [at_least("clicks", 10), at_most("conversions", 0)]}, False),
        ({"all": [at_least(RATE, "1%"), at_most("conversions", 0)]}, True),
        ({"all": [at_most("clicks", 0), at_most(RATE, "1%")]}, True),
        ({"all": [at_most(RATE, "1%"), at_most("conversions", 0)]}, False),
        ({"all": [CLICKS_10, CLICKS_20]}, False),
        ({"any": [{"all": [CLICKS_20, at_most("clicks", 10)]}, CLICKS_10]}, False),
        ({"any": [{"all": [CLICKS_20, at_most("clicks", 10)]}, {"not": at_least("clicks", 0)}]}, True),
        ({"all": [CLICKS_10, {"any": [{"not": at_least("conversions", 0)}]}]}, True),
        ({"not": at_most(RATE, "100%")}, True),
        ({"not": at_most(RATE, "99%")}, False),
        ({"not": at_least(RATE, "100%")}, False),
        ({"all": [at_least(RATE, "6%", confidence="80%"), at_most(RATE, "5%", confidence="90%")]}, True),
        ({"all": [{"not": at_least(RATE, "5%", confidence="80%")}, at_least(RATE, "6%")]}, False),
        ({"all": [{"not": at_least(RATE, "5%")}, at_least(RATE, "6%")]}, True),
    ],
)
def test_a_condition_that_no_evidence_meets_is_known(when, never):
    """As far as it can be told from its bounds."""
    assert never_passes(limits_of(check_of(Condition.model_validate(when)))) is never


@pytest.mark.parametrize(
    ("earlier", "later", "unreachable"),
    [
        ({}, {}, True),
        ({}, {"campaigns": ["Auto *"]}, True),
        ({"campaigns": ["Auto *"]}, {}, False),
        ({"campaigns": ["*"]}, {}, True),
        ({"campaigns": ["Auto *"]}, {"campaigns": ["auto *"]}, True),
        ({"campaigns": ["Auto *"]}, {"campaigns": ["Auto towels", "auto u? *"]}, True),
        ({"campaigns": ["Auto *"]}, {"campaigns": ["Auto towels", "Manual"]}, False),
        ({"campaigns": ["1*"]}, {"campaigns": ["100"]}, False),
        ({"campaigns": ["?uto*"]}, {"campaigns": ["Auto towels"]}, False),
        ({"campaigns": ["100"]}, {"campaigns": ["100"]}, True),
        ({"asins": ["B000000001", "B000000002"]}, {"asins": ["B000000002"]}, True),
        ({"asins": ["B000000001"]}, {"asins": ["B000000002"]}, False),
        ({"asins": ["B000000001"]}, {}, False),
        ({"ad_groups": ["x"]}, {"ad_groups": ["y"]}, False),
        ({"profiles": ["11"]}, {"profiles": ["11"]}, True),
        ({"profiles": ["11"]}, {"profiles": ["12"]}, False),
        ({"target_type": "keyword"}, {"target_type": "keyword"}, True),
        ({"target_type": "keyword"}, {}, False),
        ({}, {"target_type": "product"}, True),
    ],
)
def test_a_rule_behind_a_wider_one_is_unreachable(earlier, later, unreachable):
    """Names that are ids may be anything, and a pattern says nothing about them."""
    rules = RuleSet.model_validate(
        {"rules": [{**PROMOTE, "name": "one", "match": earlier}, {**PROMOTE, "name": "two", "match": later}]}
    ).rules

    assert [rule.name for rule in decided_before(rules, 1)] == (["one"] if unreachable else [])


def test_two_rules_together_may_decide_before_a_third():
    """One takes its keywords, the other its products."""
    keywords, products = ({**PROMOTE, "name": kind, "match": {"target_type": kind}} for kind in ("keyword", "product"))
    rules = RuleSet.model_validate({"rules": [keywords, products, {**PROMOTE, "name": "both"}]}).rules

    assert [rule.name for rule in decided_before(rules, 2)] == ["keyword", "product"]
    assert decided_before(rules, 1) == []


COUNTS = st.integers(0, 4)
CHECKS = st.one_of(
    st.builds(lambda name, side, bound: {name: {side: bound}},
              st.sampled_from(["clicks", "conversions"]), st.sampled_from(["at_least", "at_most"]), COUNTS),
    st.builds(lambda side, bound, sure: {RATE: {side: f"{bound}%", **sure}},
              st.sampled_from(["at_least", "at_most"]), st.sampled_from([0, 20, 50, 100]),
              st.sampled_from([{}, {"confidence": "80%"}, {"confidence": "95%"}])),
)  # fmt: skip
CONDITIONS = st.recursive(
    CHECKS,
    lambda inner: st.one_of(
        st.builds(lambda word, parts: {word: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=6,
)  # fmt: skip
PLACES = [(clicks, conversions) for clicks in (0, 1, 2, 3, 4, 5, 40) for conversions in (0, 1, 2, 3, 4, 5, 40)]


@settings(max_examples=400)
@given(CONDITIONS, CONDITIONS)
def test_implication_and_impossibility_are_never_claimed_wrongly(strong, weak):
    """Checked against evidence: whatever meets the strong one meets the weak one."""
    checks = [check_of(Condition.model_validate(each)) for each in (strong, weak)]
    trees = [limits_of(check) for check in checks]
    met = [[ask(check, *place, "", []) for place in PLACES] for check in checks]

    if never_passes(trees[0]):
        assert not any(met[0])
    if implies(*trees):
        assert all(weak_met for strong_met, weak_met in zip(*met, strict=True) if strong_met)


PATTERNS = st.lists(st.sampled_from(["Auto *", "auto*", "*", "Auto towels", "?uto *", "1*", "100", "M*"]), max_size=2)
MATCHES = st.fixed_dictionaries(
    {},
    optional={
        "campaigns": PATTERNS,
        "ad_groups": PATTERNS,
        "target_type": st.sampled_from(["keyword", "product"]),
        "asins": st.lists(st.sampled_from(["B000000001", "B000000002"]), max_size=2),
        "profiles": st.sampled_from([[], ["11"], ["Shop *"], ["12"]]),
    },
)
THENS = st.sampled_from(
    [{"promote": {}}, {"promote": {"match": ["exact"]}}, {"promote": {"match": ["same"]}}, {"negate": {}}]
)
GROUNDS = [
    ground(source=Place(Campaign(number, name, "AUTO", "ENABLED"), AdGroup(other, number, ad_group, "ENABLED")))
    for number, name, other, ad_group in [
        ("100", "Auto towels", "1", "Auto x"), ("1", "auto", "100", "M"), ("7", "Manual", "8", "1"), ("9", "1x", "3", "Auto towels")
    ]
]  # fmt: skip


ASKED = [
    candidate(target, clicks, conversions, on=on, target_type=target_type, asin=asin)
    for on in GROUNDS
    for target, target_type in (("bath towel", "KEYWORD"), ("B000000005", "ASIN"))
    for clicks, conversions in PLACES[::4]
    for asin in ("B000000001", "B000000002", "")
]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(MATCHES, CONDITIONS, THENS), min_size=2, max_size=4))
def test_a_rule_that_can_decide_is_never_called_unreachable(parts):
    """No candidate is ever decided by a rule that was called unreachable."""
    rules = RuleSet.model_validate(
        {"rules": [{"name": str(at), "match": m, "when": w, "then": t} for at, (m, w, t) in enumerate(parts)]}
    )
    unreachable = {rule.name for at, rule in enumerate(rules.rules) if decided_before(rules.rules, at)}
    judge = compile_rules(rules, PROFILE)
    deciding = {judge.judge(asked).rule for asked in ASKED} if unreachable else set()

    assert deciding.isdisjoint(unreachable)
