"""Tests in a rules file may say what the catalog says."""

from typing import Any

import pytest

from harvester.rules.file_tests import run_tests
from tests.unit.rules.builders import ruleset

TABLE: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"brand": {"in": ["Acme"]}}, {"brand": "acme"}, "promote"),
    ({"brand": {"in": ["Acme"]}}, {"brand": "Bolt"}, "not_proven"),
    ({"brand": {"in": ["Acme"]}}, {}, "missing_facts"),
    ({"shared_category": {"same": True}}, {"same_category": True}, "promote"),
    ({"shared_category": {"same": True}}, {"same_category": False}, "not_proven"),
    ({"shared_category": {"same": True}}, {}, "missing_facts"),
    ({"shared_category": {"levels": 2}}, {"shared_levels": 2}, "promote"),
    ({"shared_category": {"levels": 2}}, {"shared_levels": 1}, "not_proven"),
    ({"shared_category": {"levels": 2}}, {}, "missing_facts"),
    ({"sales_rank": {"at_most": 10}}, {"sales_rank": 10}, "promote"),
    ({"sales_rank": {"at_most": 10}}, {"category_rank": 1}, "missing_facts"),
    ({"category_rank": {"at_most": 10}}, {"category_rank": 11}, "not_proven"),
    ({"price_ratio": {"at_least": 0.8}}, {"price_ratio": 0.8}, "promote"),
    ({"price_ratio": {"at_least": 0.8}}, {}, "missing_facts"),
    ({"variation_of_own": True}, {"variation_of_own": True}, "promote"),
    ({"variation_of_own": True}, {"variation_of_own": False}, "not_proven"),
    ({"variation_of_own": True}, {}, "missing_facts"),
    ({"unknown_asin": True}, {"unknown_asin": True}, "promote"),
    ({"unknown_asin": True}, {}, "not_proven"),
]


@pytest.mark.parametrize("asin", [{}, {"asin": "B00ADVERT1"}])
@pytest.mark.parametrize(("condition", "facts", "reason"), TABLE)
def test_what_is_given_is_what_the_checks_see(
    condition: dict[str, Any], facts: dict[str, Any], reason: str, asin: dict[str, str]
) -> None:
    """And what is not given is missing, whichever product is advertised."""
    rule = {"name": "promote", "match": {"target_type": "product"}, "when": condition, "then": {"promote": {}}}
    given = {"target_type": "product", "clicks": 9, "conversions": 1, "catalog": facts, **asin}
    outcome = "promote" if reason == "promote" else "hold"

    (result,) = run_tests(ruleset(rule, tests=[{"name": "t", "given": given, "expect": outcome, "reason": reason}]))

    assert result.passed, result.got


def test_without_a_catalog_nothing_was_looked_up() -> None:
    """The test fails with the sentence that says so."""
    rule = {"name": "r", "match": {"target_type": "product"}, "when": {"unknown_asin": False}, "then": {"promote": {}}}
    given = {"target_type": "product", "clicks": 9, "conversions": 1}

    (result,) = run_tests(ruleset(rule, tests=[{"name": "t", "given": given, "expect": "promote"}]))

    assert (result.passed, result.got) == (False, "hold (missing_facts): the catalog has not been asked about it")
