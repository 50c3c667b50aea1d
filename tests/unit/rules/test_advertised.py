"""Which products of an ad group matter to rules on its search terms."""

from harvester.rules.advertised import named_products, told_apart
from tests.unit.rules.builders import PROMOTE, profile_rules, ruleset
from tests.unit.rules.terms import judged, on_terms, sums, term

WHEN = {"clicks": {"at_least": 1}}


def test_only_products_that_the_rules_name_are_told_apart() -> None:
    """Under economics, a profile's own too, and in rules on search terms; of the others one stands for all."""
    rules = profile_rules(
        on_terms(WHEN, match={"asins": ["B000000001"]}),
        {**PROMOTE, "match": {"asins": ["B000000009"]}},
        economics={"asins": {"B000000002": {"target_acos": "30%"}}},
        profiles={"11": {"economics": {"asins": {"B000000003": {"target_acos": "10%"}}}}},
    )
    named = named_products(rules)

    assert named == {"B000000001", "B000000002", "B000000003"}
    assert told_apart(named, ["B000000005", "B000000004", "B000000002"]) == ("B000000002", "B000000004")
    assert told_apart(named, ["B000000003"]) == ("B000000003",)
    assert named_products(profile_rules(on_terms(WHEN))) == frozenset()


def test_a_rule_on_search_terms_can_be_for_products() -> None:
    """It looks at the ad groups that advertise one of them, as far as known."""
    rules = ruleset(on_terms(WHEN, match={"asins": ["B000000001"]}))

    assert judged(rules, term(sums(1), asins=("B000000002", "B000000001"))).outcome == "negate"
    assert judged(rules, term(sums(1), asins=("B000000002",))).reason == "out_of_scope"
    assert judged(rules, term(sums(1))).reason == "out_of_scope"
