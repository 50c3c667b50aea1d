"""What is wrong with a rules file about windows and money, part by part."""

from typing import Any

import jsonschema
import pytest

from harvester.rules.reading import read
from harvester.rules.ruleset import schema
from harvester.rules.window_soundness import unkept
from tests.unit.rules.builders import PROMOTE, ruleset
from tests.unit.rules.terms import on_terms

NOT_SAID = "recommendations come with clicks and conversions only; {} goes with `match: {{source: search_terms}}`"
ONE_COUNT = (
    "recommendations come with one count of clicks and conversions, of days that Amazon chooses; windows go with "
    "`match: {source: search_terms}`"
)
NEEDS = "needs what an order may cost: name price or aov, and target_acos, under `economics`"
AIM = {"default": {"target_acos": "30%"}}
WHEN = {"clicks": {"at_least": 1}}


def terms(when: object, then: object = None, **sections: Any) -> dict[str, Any]:
    return {"rules": [on_terms(when, then)], **sections}


def plain(**when: Any) -> dict[str, Any]:
    return {"rules": [{**PROMOTE, "when": when}]}


def given(**keys: Any) -> dict[str, Any]:
    return {"tests": [{"name": "t", "given": keys, "expect": "hold"}]}


def economics(**keys: Any) -> dict[str, Any]:
    return {"economics": keys}


TABLE: list[tuple[dict[str, Any], str, str]] = [
    (plain(acos={"at_most": "30%"}), "rules[0].when.acos", NOT_SAID.format("acos")),
    (plain(all=[{"not": {"any": [{"spend": {"at_least": 1}}]}}]), "rules[0].when.all[0].not.any[0].spend",
     NOT_SAID.format("spend")),
    (plain(clicks={"at_least": 9, "window": "30d"}), "rules[0].when.clicks.window",
     ONE_COUNT),
    (plain(conversions={"at_least": 9, "exclude_recent": "0d"}), "rules[0].when.conversions.exclude_recent",
     ONE_COUNT),
    (plain(clicks={"at_least": "3x expected"}), "rules[0].when.clicks.at_least",
     "`3x expected` goes with `match: {source: search_terms}`: only there an ad group's rate is known"),
    (terms({"clicks": {"at_least": 1, "window": "366d"}}), "rules[0].when.clicks.window", "must be at most 365d, not 366d"),
    (terms({"clicks": {"at_least": 1, "window": "0d"}}), "rules[0].when.clicks.window", "must be from 1d to 3650d, not 0d"),
    (terms({"clicks": {"at_least": 1, "window": "a month"}}), "rules[0].when.clicks.window",
     "must be a time in days or weeks, such as 90d or 12w, not `a month`"),
    (terms({"clicks": {"at_least": 1, "exclude_recent": "91d"}}), "rules[0].when.clicks.exclude_recent",
     "must be at most 90d, not 91d"),
    (terms({"clicks": {"at_least": 1, "exclude_recent": False}}), "rules[0].when.clicks.exclude_recent",
     "must be a time in days or weeks, such as 90d or 12w, not `false`"),
    (terms({"clicks": {"at_least": "3x expcted"}}), "rules[0].when.clicks.at_least",
     "must be a number, or a multiple such as `3x expected`, not `3x expcted`"),
    (terms({"clicks": {"at_least": "x expected"}}), "rules[0].when.clicks.at_least",
     "must be a number, or a multiple such as `3x expected`, not `x expected`"),
    (terms({"clicks": {"at_least": "0x expected"}}), "rules[0].when.clicks.at_least",
     "must be a number, or a multiple such as `3x expected`, not `0x expected`"),
    (terms({"clicks": {"at_least": "many!"}}), "rules[0].when.clicks.at_least",
     "must be a number, or a multiple such as `3x expected`, not `many!`"),
    (terms({"clicks": {"at_least": "5x expected", "at_most": "3x expected"}}), "rules[0].when.clicks",
     "at_least 5x expected is over at_most 3x expected: nothing can pass"),
    (terms({"spend": {"at_least": {"USD": 9}, "at_most": {"EUR": 1, "USD": 8}}}), "rules[0].when.spend",
     "at_least 9 USD is over at_most 8 USD: nothing can pass"),
    (terms({"acos": {"at_least": "150%", "at_most": "120%"}}), "rules[0].when.acos",
     "at_least 150% is over at_most 120%: nothing can pass"),
    (terms({"aov": {"at_least": 9, "at_most": 8}}), "rules[0].when.aov", "at_least 9 is over at_most 8: nothing can pass"),
    (terms({"sales": {}}), "rules[0].when.sales", "needs at_least or at_most"),
    (terms({"sales": {"at_least": {}}}), "rules[0].when.sales.at_least",
     "names no currency; write for example {USD: 20}, or a number in the profile's currency"),
    (terms({"sales": {"at_least": {"UDS": 1}}}), "rules[0].when.sales.at_least", "unknown currency `UDS`; did you mean `USD`?"),
    (terms({"sales": {"at_least": "20"}}), "rules[0].when.sales.at_least", "must be a number, not `20`"),
    (terms({"spend": {"at_least": "2x target"}}), "rules[0].when.spend.at_least",
     "must be a number, or a multiple such as `3x target_cost`, not `2x target`"),
    (terms({"spend": {"at_least": [1]}}), "rules[0].when.spend.at_least", "must be a number, not a list"),
    (terms({"acos": {"at_most": 30}}), "rules[0].when.acos.at_most", "must be a percentage such as 30%, or `target`, not `30`"),
    (terms({"acos": {"at_most": "goal"}}), "rules[0].when.acos.at_most",
     "must be a number, or a multiple such as `3x target`, not `goal`"),
    (terms({"acos": {"at_most": "30%", "confidence": "80%"}}), "rules[0].when.acos.confidence",
     "goes with conversion_rate and ctr: only a part of a whole has an interval around it"),
    (terms({"cost": {"at_most": 3}}), "rules[0].when.cost", "is called `spend`"),
    (terms({"orders": {"at_least": 1}, "conversions": {"at_least": 1}}), "rules[0].when",
     "holds conversions and orders side by side; list them under `all`, one per dash"),
    (terms({"all": [{"orders": {"at_least": 2}}, {"conversions": {"at_most": 1}}]}), "rules[0].when",
     "rule `r` can never pass: its conditions exclude one another"),
    (terms({"spend": {"at_least": "1x target_cost"}}), "rules[0].when.spend.at_least", NEEDS),
    (terms({"spend": {"at_least": "1x target_cost"}}, economics=AIM), "rules[0].when.spend.at_least", NEEDS),
    (terms({"not": {"acos": {"at_most": "target"}}}), "rules[0].when.not.acos.at_most",
     "needs a target: name target_acos under `economics`"),
    (terms(WHEN, {"promote": {"bid": {"target_acos": True}}}), "rules[0].then.promote.bid.target_acos",
     "needs a target: name target_acos under `economics`"),
    (terms(WHEN, {"promote": {"bid": {"cpc": True, "prior_orders": 1}}}), "rules[0].then.promote.bid.prior_orders",
     "changes the conversion rate of `target_acos`; name that too"),
    (terms(WHEN, {"promote": {"bid": {"cpc": False, "ad_group_default": False}}}), "rules[0].then.promote.bid.ad_group_default",
     "is the only base there is without `fixed` and `suggested`; leave it out or set one of them"),
    ({"rules": [{**PROMOTE, "then": {"promote": {"bid": {"cpc": True}}}}]}, "rules[0].then.promote.bid.cpc",
     "source promotion comes without money; it goes with `match: {source: search_terms}`"),
    ({"rules": [{"name": "x", "match": {"source": "products"}, "then": {"promote": {"bid": {"target_acos": True}}}}]},
     "rules[0].then.promote.bid.target_acos",
     "source products comes without money; it goes with `match: {source: search_terms}`"),
    ({"rules": [{"name": "x", "match": {"source": "products"}, "when": {"acos": {"at_most": "1%"}}, "then": {"promote": {}}}]},
     "rules[0].when.acos", "rows of source products have no clicks or conversions"),
    ({"rules": [{"name": "x", "match": {"source": "search_terms"}, "then": {"promote": {}}}]}, "rules[0]", "`when` is missing"),
    (economics(default={"price": {"USD": 1}, "aov": {"USD": 1}}), "economics.default.aov",
     "stands in place of `price`; name one of the two"),
    (economics(default={"price": {}}), "economics.default.price", "names no currency; write for example {USD: 24.99}"),
    (economics(default={"target_acos": "0%"}), "economics.default.target_acos",
     "must be a percentage over 0%, such as 30%, not `0%`"),
    (economics(default={"target_acos": "target"}), "economics.default.target_acos",
     "must be a percentage over 0%, such as 30%, not `target`"),
    (economics(asins={"B000000001": {}}), "economics.asins.B000000001",
     "says nothing; name price or aov, target_acos, or both"),
    (economics(asins={"B0": {"target_acos": "1%"}}), "economics.asins.B0",
     "`B0` is no ASIN: ten letters and digits, such as B000000001"),
    (economics(campaigns=[{"names": [], "target_acos": "1%"}]), "economics.campaigns[0].names",
     "names no campaign; what holds for all stands under `default`"),
    (economics(campaigns=[{"target_acos": "1%"}]), "economics.campaigns[0]", "`names` is missing"),
    (economics(asins={"B000000001": {"price": {"USD": 1}}, "b000000001": {"price": {"USD": 2}}}), "economics.asins",
     "`B000000001` and `b000000001` are one product; write it once"),
    (economics(asins={'asin="B000000001"': {"price": {"USD": 1}}}), 'economics.asins.asin="B000000001"',
     '`asin="B000000001"` is no ASIN: ten letters and digits, such as B000000001'),
    ({"profiles": {"11": {"economics": {"default": {"aov": {}}}}}}, "profiles.11.economics.default.aov",
     "names no currency; write for example {USD: 24.99}"),
    (given(clicks=1, conversions=0, spend=3), "tests[0].given.spend", "only search terms have it: add `source: search_terms`"),
    (given(source="search_terms", orders=1), "tests[0].given", "`clicks` is missing"),
    (given(source="search_terms", clicks=1), "tests[0].given", "`orders` is missing"),
    (given(source="search_terms", clicks=1, orders=1, conversions=1), "tests[0].given.conversions",
     "is the same as `orders`; name one of the two"),
    (given(source="search_terms", clicks=1, orders=1, windows={"a": {}}), "tests[0].given.windows.a",
     "must be a time in days or weeks, such as 90d or 12w, not `a`"),
]  # fmt: skip


@pytest.mark.parametrize(("data", "field", "message"), TABLE)
def test_each_mistake_is_told_where_it_is_and_what_to_do(data, field, message):
    """One problem, one sentence, at the key that it is about."""
    ruleset, problems = read(data)

    assert ruleset is None
    assert [(problem.field, problem.message) for problem in problems][0:1] == [(field, message)]


@pytest.mark.parametrize(
    "data",
    [
        terms({"clicks": {"at_least": 3, "at_most": "5x expected"}}),
        terms({"spend": {"at_least": 3, "at_most": {"USD": 2}}}),
        terms({"spend": {"at_least": "target_cost"}}, economics={"asins": {"B000000001": {"price": {"USD": 1}}}, **AIM}),
        terms({"spend": {"at_least": "1x target_cost"}},
              profiles={"11": {"economics": {"default": {"price": {"USD": 1}, "target_acos": "5%"}}}}),
        terms({"all": [{"orders": {"at_most": 0}}, {"orders": {"at_least": 1, "window": "90d"}}]}),
        terms({"all": [{"orders": {"at_most": 0}}, {"orders": {"at_least": 1, "window": "14d", "exclude_recent": "0d"}}]}),
        terms({"all": [{"orders": {"at_most": 0}}, {"orders": {"at_least": 1, "exclude_recent": "7d"}}]}),
        terms(WHEN, {"promote": {"bid": {"cpc": True, "ad_group_default": False}}}),
        given(source="search_terms", clicks=1, conversions=1, windows={"30d-0d": {"spend": 1}}, ad_group_rate="5%"),
    ],
)  # fmt: skip
def test_what_is_right_is_taken(data):
    """No problem is made up; what no profile's window makes impossible is left to the profile."""
    assert read(data)[1] == []


def test_a_rule_that_an_earlier_one_always_decides_before_is_refused():
    """Within the same window or a wider one, and the same amounts, per currency too; another unit or currency says nothing."""
    again = "rule `b` can never decide: `a` before it passes whenever it would; move it up or tighten the other"

    def refused(earlier: object, later: object) -> bool:
        data = {
            "rules": [on_terms(earlier, name="a"), on_terms(later, name="b")],
            "economics": {"default": {"price": {"USD": 1}, "target_acos": "1%"}},
        }
        return again in [problem.message for problem in read(data)[1]]

    assert refused({"clicks": {"at_least": 9}}, {"clicks": {"at_least": 10}})
    assert refused({"clicks": {"at_least": "2x expected"}}, {"clicks": {"at_least": "3x expected"}})
    assert refused({"spend": {"at_least": {"USD": 9}}}, {"spend": {"at_least": {"USD": 9}}})
    assert refused({"ctr": {"at_least": "1%"}}, {"ctr": {"at_least": "1%", "confidence": "80%"}})
    assert not refused({"ctr": {"at_least": "1%", "confidence": "80%"}}, {"ctr": {"at_least": "1%"}})
    assert refused({"clicks": {"at_least": 9}}, {"clicks": {"at_least": 10, "window": "30d"}})
    assert refused({"orders": {"at_most": 0, "window": "30d"}}, {"orders": {"at_most": 0}})
    assert refused({"spend": {"at_least": {"USD": 9}}}, {"spend": {"at_least": {"USD": 9}, "window": "30d"}})
    assert refused({"spend": {"at_least": "1x target_cost"}}, {"spend": {"at_least": "2x target_cost", "window": "7d"}})
    assert not refused({"clicks": {"at_least": 9, "window": "30d"}}, {"clicks": {"at_least": 10}})
    assert not refused({"orders": {"at_most": 0}}, {"orders": {"at_most": 0, "window": "30d"}})
    assert not refused({"acos": {"at_least": "30%"}}, {"acos": {"at_least": "40%", "window": "30d"}})
    assert not refused({"clicks": {"at_least": "2x expected"}}, {"clicks": {"at_least": "3x expected", "window": "7d"}})
    assert not refused({"clicks": {"at_least": 9}}, {"clicks": {"at_least": 10, "exclude_recent": "7d"}})
    assert not refused({"clicks": {"at_least": 9}}, {"clicks": {"at_least": "3x expected"}})
    assert not refused({"spend": {"at_least": {"USD": 9}}}, {"spend": {"at_least": {"USD": 10}}})
    assert not refused({"spend": {"at_least": {"USD": 9}}}, {"spend": {"at_least": {"USD": 9, "EUR": 9}}})


@pytest.mark.parametrize(
    "conditions",
    [
        [{"clicks": {"at_least": 20, "window": "30d"}}, {"clicks": {"at_most": 10}}],
        [{"orders": {"at_most": 0}}, {"acos": {"at_least": "60%"}}],
        [{"orders": {"at_most": 0}}, {"acos": {"at_most": "1x target"}}],
        [{"orders": {"at_most": 0}}, {"not": {"acos": {"at_most": "60%"}}}],
        [{"orders": {"at_most": 0}}, {"aov": {"at_most": 60}}],
        [{"orders": {"at_most": 0}}, {"conversion_rate": {"at_least": "1%", "window": "30d"}}],
        [{"clicks": {"at_most": 0}}, {"cpc": {"at_most": 1}}],
        [{"impressions": {"at_most": 0}}, {"ctr": {"at_most": "1%"}}],
        [{"sales": {"at_most": 0}}, {"roas": {"at_least": 0.1}}],
        [{"orders": {"at_most": 0}}, {"roas": {"at_least": 2}}],
        [{"spend": {"at_most": 0}}, {"roas": {"at_most": 9}}],
    ],
)
def test_figures_that_exclude_one_another_are_refused(conditions):
    """Across windows, and where a figure cannot be measured without what another condition forbids."""
    problems = [read(terms({"all": each}, economics=AIM))[1] for each in (conditions, conditions[::-1])]

    assert [[each.message for each in found] for found in problems] == [
        ["rule `r` can never pass: its conditions exclude one another"]
    ] * 2


@pytest.mark.parametrize(
    "conditions",
    [
        [{"orders": {"at_most": 0}}, {"conversion_rate": {"at_most": "5%"}}],
        [{"orders": {"at_most": 0}}, {"conversion_rate": {"at_least": "0%"}}],
        [{"orders": {"at_most": 0}}, {"acos": {"at_least": "60%", "window": "90d"}}],
        [{"sales": {"at_most": 0}}, {"roas": {"at_most": 9}}],
        [{"spend": {"at_most": 0}}, {"cpc": {"at_least": {"USD": 1}}}],
    ],
)
def test_figures_that_can_come_together_are_taken(conditions):
    """A rate of nothing is measured; what holds in a longer window need not hold in a shorter one."""
    assert read(terms({"all": conditions}, economics=AIM))[1] == []


@pytest.mark.parametrize(
    ("when", "kept", "refused"),
    [
        ({"clicks": {"at_least": 9, "window": "365d", "exclude_recent": "90d"}}, 400, "clicks.window"),
        ({"clicks": {"at_least": 9, "window": "365d", "exclude_recent": "90d"}}, None, None),
        ({"clicks": {"at_least": 9, "window": "365d", "exclude_recent": "33d"}}, 400, None),
        (
            {"all": [{"not": {"acos": {"at_least": "9%", "exclude_recent": "34d"}}}]},
            95,
            "all[0].not.acos.exclude_recent",
        ),
        ({"clicks": {"at_least": 9}}, 95, None),
    ],
)
def test_a_window_that_reports_are_not_kept_for_is_refused(when, kept, refused):
    """It would hold its terms for ever, and say that days are missing which nobody can fetch."""
    found = unkept(ruleset(on_terms(when), {**PROMOTE, "name": "plain"}), kept)

    assert [each.field for each in found] == ([f"rules[0].when.{refused}"] if refused else [])
    assert all("HARVESTER_KEEP_REPORTS" in each.message and f"{kept}" in each.message for each in found)


def test_a_negated_amount_per_currency_is_not_taken_for_impossible():
    """No currency's amount is zero."""
    assert read(terms({"not": {"spend": {"at_least": {"USD": 9}}}}))[1] == []


def test_the_schema_takes_what_is_taken_and_refuses_what_is_refused():
    """Editors complete and check windows, amounts per currency and multiples."""
    made = schema()
    good = terms({"all": [
        {"clicks": {"at_least": "3x expected", "window": "60d", "exclude_recent": "0d"}},
        {"spend": {"at_least": {"USD": 20}, "at_most": "5x target_cost"}},
        {"sales": {"at_least": 20}}, {"acos": {"at_most": "target"}}, {"acos": {"at_least": "30%"}},
        {"cpc": {"at_most": 1}}, {"aov": {"at_most": 1}}, {"roas": {"at_least": 1}}, {"ctr": {"at_least": "1%", "confidence": "80%"}},
    ]}, economics={"default": {"price": {"USD": 1}, "target_acos": "30%"}, "campaigns": [{"names": ["x"], "aov": {"USD": 1}}]})  # fmt: skip
    good |= given(source="search_terms", clicks=1, orders=1, windows={"30d-7d": {"clicks": 1}}, ad_group_rate="5%")

    jsonschema.validate(good, made)
    for wrong in (
        {"clicks": {"at_least": "3x target"}},
        {"clicks": {"at_least": 1, "window": 60}},
        {"sales": {"at_least": "20"}},
        {"acos": {"at_most": 30}},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(terms(wrong), made)


def test_the_fingerprint_is_of_what_windows_and_money_say():
    """Each key that decides changes it; another way to write the same does not."""
    plain_rules = ruleset(on_terms(WHEN))
    others = [
        ruleset(on_terms({"clicks": {"at_least": 1, "window": "30d"}})),
        ruleset(on_terms({"clicks": {"at_least": 1, "exclude_recent": "0d"}})),
        ruleset(on_terms({"clicks": {"at_least": "1x expected"}})),
        ruleset(on_terms(WHEN), economics=AIM),
        ruleset(on_terms(WHEN), profiles={"11": {"economics": AIM}}),
    ]
    written = [{"clicks": {"at_least": each}} for each in ("1x expected", "1.0 x expected", "expected")]

    assert len({each.fingerprint for each in (plain_rules, *others)}) == 6
    assert len({ruleset(on_terms(each)).fingerprint for each in written}) == 1
    assert '"economics"' not in plain_rules.text
    assert '"window"' not in plain_rules.text
