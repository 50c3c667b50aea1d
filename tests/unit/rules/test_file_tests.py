"""The tests that stand in a rules file."""

from pathlib import Path

import pytest

from harvester.config.rules_file import load
from harvester.rules.file_tests import run_tests
from tests.unit.rules.builders import NEGATE, PROMOTE, ruleset

ROOT = Path(__file__).parents[3]
SCOPED = {**PROMOTE, "match": {"campaigns": ["Auto *"]}}
GIVEN = {"clicks": 12, "conversions": 3}


@pytest.mark.parametrize(
    ("test", "passed", "got"),
    [
        ({"given": {**GIVEN, "campaign": "Auto x"}, "expect": "promote"}, True, "promote, by rule promote"),
        ({"given": GIVEN, "expect": "promote"}, False,
         "hold (not_proven): only negate covers it, and can never pass: 3 conversions, at most 0"),
        ({"given": {**GIVEN, "campaign": "Auto x"}, "expect": "promote", "rule": "negate"}, False,
         "promote, by rule promote"),
        ({"given": GIVEN, "expect": "hold", "reason": "not_proven"}, True,
         "hold (not_proven): only negate covers it, and can never pass: 3 conversions, at most 0"),
        ({"given": GIVEN, "expect": "hold", "reason": "no_bid"}, False,
         "hold (not_proven): only negate covers it, and can never pass: 3 conversions, at most 0"),
        ({"given": {**GIVEN, "target": "their brand", "profile": 77}, "expect": "skip"}, True,
         "skip (protected): `their` under protect.keywords covers it"),
        ({"given": {"clicks": 50, "conversions": 0, "target_type": "product", "asin": "B000000001"}, "expect": "negate",
          "rule": "negate"}, True, "negate, by rule negate"),
        ({"given": {"clicks": 12, "conversions": 3, "target_type": "product", "target": "B00"}, "expect": "skip"}, True,
         "skip (malformed): `B00` is no ASIN"),
    ],
)  # fmt: skip
def test_a_test_says_what_came_of_it(test, passed, got):
    """Outcome, and rule and reason where the test names them."""
    rules = ruleset(
        SCOPED, NEGATE, profiles={"77": {"protect": {"keywords": ["their"]}}}, tests=[{"name": "t", **test}]
    )
    [result] = run_tests(rules)

    assert (result.name, result.passed, result.got) == ("t", passed, got)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({}, "hold"),
        ({"reason": "no_bid"}, "hold (no_bid)"),
        ({"rule": "negate"}, "hold, by rule negate"),
    ],
)
def test_a_test_says_what_it_expects(more, expected):
    """As it says what came of it, so that the two can be compared."""
    [result] = run_tests(ruleset(PROMOTE, NEGATE, tests=[{"name": "t", "given": GIVEN, "expect": "hold", **more}]))

    assert result.expected == expected


def test_the_tests_of_the_example_file_pass():
    """The example shows tests that hold."""
    results = run_tests(load(ROOT / "rules.example.yaml"))

    assert len(results) >= 5
    assert [result for result in results if not result.passed] == []
