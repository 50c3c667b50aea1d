"""What a rules file means: defaults, overrides, fingerprint, schema."""

from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
import yaml

from harvester.domain.ids import ProfileId
from harvester.domain.profile import Mode
from harvester.domain.target import Match, TargetKind
from harvester.rules.reading import read
from harvester.rules.ruleset import RuleSet, schema
from tests.unit.rules.builders import NEGATE, PROMOTE, candidate, judged, profile_rules, ruleset

ROOT = Path(__file__).parents[3]


def test_without_a_file_proven_keywords_and_products_are_promoted_and_nothing_is_negated():
    """Ten clicks, two conversions, the destination's default bid."""
    rules = RuleSet()

    assert judged(rules, candidate(clicks=10, conversions=2)).outcome == "promote"
    assert judged(rules, candidate("B000000001", 10, 2, target_type="ASIN")).rule == "promote-proven-products"
    assert judged(rules, candidate(clicks=9, conversions=2)).outcome == "hold"
    assert judged(rules, candidate(clicks=10, conversions=1)).outcome == "hold"
    assert judged(rules, candidate(clicks=1000, conversions=0)).outcome == "hold"
    assert [rule.promotes(kind) for rule in rules.rules for kind in rule.kinds] == [(Match.EXACT,), (Match.SAME,)]


def test_the_guard_has_defaults():
    """Ten promotions and twenty negatives a run and a day, a tenth of negatives, five dollars."""
    guard = RuleSet().guard

    assert guard.model_dump() == {
        "promotions_per_run": 10,
        "negatives_per_run": 20,
        "promotions_per_day": 10,
        "negatives_per_day": 20,
        "negative_share": 0.1,
        "highest_bid": {"USD": Decimal(5)},
    }


def test_a_promotion_without_matches_asks_for_exact_and_same():
    """An omitted key keeps its default, also within a rule."""
    [rule] = ruleset(PROMOTE).rules

    assert {kind: rule.promotes(kind) for kind in TargetKind} == {
        TargetKind.KEYWORD: (Match.EXACT,),
        TargetKind.PRODUCT: (Match.SAME,),
        TargetKind.CATEGORY: (),
    }


def test_a_profiles_override_changes_single_numbers_and_adds_protection():
    """What it does not name stays as it is for everybody; other profiles do not notice."""
    rules = ruleset(
        PROMOTE,
        protect={"keywords": ["acme"], "own_products": False},
        guard={"negatives_per_run": 7, "highest_bid": {"USD": 3, "EUR": 2}},
        profiles={
            "11": {
                "mode": "review",
                "protect": {"keywords": ["north"], "asins": ["B000000001"], "brands": [7], "own_products": True},
                "guard": {"promotions_per_run": 50, "negative_share": "2%", "highest_bid": {"EUR": 9}},
                "bids": {"USD": {"ceiling": 1.1}},
            }
        },
    )
    mine, other = rules.for_profile(ProfileId("11")), rules.for_profile(ProfileId("12"))

    assert mine.protect.keywords == ("acme", "north")
    assert (mine.protect.asins, mine.protect.brands, mine.protect.own_products) == (("B000000001",), ("7",), True)
    assert (mine.guard.promotions_per_run, mine.guard.negatives_per_run, mine.guard.negative_share) == (50, 7, 0.02)
    assert mine.guard.highest_bid == {"USD": 3, "EUR": 9}
    assert mine.bids["USD"].ceiling == Decimal("1.1")
    assert (other.protect, other.guard, other.bids, other.mode) == (rules.protect, rules.guard, {}, None)


@pytest.mark.parametrize(
    ("service", "profile", "rule", "holds"),
    [
        ("auto", None, None, "auto"),
        ("auto", "review", None, "review"),
        ("auto", "review", "dry-run", "dry-run"),
        ("auto", None, "review", "review"),
        ("dry-run", "auto", "auto", "dry-run"),
        ("review", "auto", None, "review"),
    ],
)
def test_a_profile_or_a_rule_may_be_stricter_than_the_mode_never_laxer(service, profile, rule, holds):
    """The strictest of the three holds."""
    override = {"profiles": {"11": {"mode": profile}}} if profile else {}
    rules = profile_rules({**PROMOTE, **({"mode": rule} if rule else {})}, NEGATE, **override)

    assert rules.strictest_mode(Mode(service), "promote") == holds
    assert rules.strictest_mode(Mode(service)) == min([Mode(service), Mode(profile or "auto")], key=list(Mode).index)


def test_a_rule_is_found_by_its_name():
    """And a name that no rule has is an error."""
    rules = profile_rules(PROMOTE, NEGATE)

    assert rules.rule("negate") is rules.rules[1]
    with pytest.raises(KeyError):
        rules.rule("other")


def test_the_fingerprint_is_of_what_decides():
    """Tests and ways of writing do not change it; a threshold, an override or a bid does."""
    plain = ruleset(PROMOTE)
    spelled_out = ruleset({**PROMOTE, "match": {"source": "promotion", "campaigns": []}}, version=1, protect={})
    tested = ruleset(PROMOTE, tests=[{"name": "t", "given": {"clicks": 1, "conversions": 1}, "expect": "hold"}])
    bids = [{**PROMOTE, "then": {"promote": {"bid": {"fixed": {"USD": amount}}}}} for amount in (0.5, Decimal("0.50"))]
    others = [
        ruleset({**PROMOTE, "when": {"clicks": {"at_least": 11}}}),
        ruleset(PROMOTE, NEGATE),
        ruleset(PROMOTE, profiles={"11": {"mode": "review"}}),
        ruleset(PROMOTE, protect={"own_products": False}),
        ruleset(PROMOTE, protect={"own_products": False}, profiles={"11": {"protect": {"own_products": True}}}),
        ruleset(bids[0]),
    ]

    assert len(plain.fingerprint) == 64
    assert plain.fingerprint == spelled_out.fingerprint == tested.fingerprint
    assert ruleset(bids[0]).fingerprint == ruleset(bids[1]).fingerprint
    assert len({each.fingerprint for each in (plain, *others)}) == 1 + len(others)


def test_the_built_in_defaults_keep_their_fingerprint():
    """A run of an earlier version under the same rules can be told to be one; a change here must be meant."""
    assert RuleSet().fingerprint == "31dbf003756113ab855de7481f52fe2e9347872aaba982f10137193df0e39ff5"


def test_the_canonical_text_leads_back_to_the_same_rules():
    """The ledger keeps the text, and the text is the rules."""
    rules = ruleset(PROMOTE, NEGATE, groups=[{"create": {"existing": {"keyword_ad_group": 5}}}])

    assert '"at_least":10' in rules.text
    assert '"name":"promote"' in rules.text
    assert "\n" not in rules.text


def test_the_schema_takes_the_example_file_and_refuses_typing_errors():
    """An editor that follows the schema agrees with the loader."""
    example = yaml.safe_load((ROOT / "rules.example.yaml").read_text(encoding="utf-8"))
    validator = jsonschema.Draft202012Validator(schema())
    validator.check_schema(schema())

    assert list(validator.iter_errors(example)) == []
    assert list(validator.iter_errors({"rulez": []})) != []
    assert list(validator.iter_errors({"guard": {"negative_share": 0.1}})) != []
    assert list(validator.iter_errors({"rules": [{**PROMOTE, "when": {}}]})) != []


def test_a_groups_entry_knows_its_line():
    """So that a held promotion can say which lines would mend it."""
    data = {"groups": [{"create": {"existing": {"keyword_ad_group": 5}}}]}
    made, _ = read(data, lambda path: 12 if path == ("groups", 0) else None)

    assert made is not None
    assert made.groups[0].line == 12
