"""Category suggestions from the first question to a target in the account, and back."""

from pathlib import Path
from typing import Any

from tests.acceptance.command_line import Harvester
from tests.acceptance.pretend_amazon import PretendAmazon
from tests.acceptance.product_rules import Ways, ways_without_group
from tests.acceptance.records import Ledger
from tests.acceptance.test_category_targets import stands

REVIEW = {"MODE": "review", "RECONCILE_AFTER": "0", "RULES_FILE": "categories.yaml"}
SUGGESTIONS = "/sp/targets/categories/recommendations"
RULES = """
version: 1
rules:
  - name: promote-proven-keywords
    match: {{source: promotion, target_type: keyword}}
    when: {{all: [{{clicks: {{at_least: 20}}}}, {{conversions: {{at_least: 3}}}}]}}
    then: {{promote: {{match: [exact]}}}}
  - name: target-fitting-categories
    match: {{source: categories}}
    then: {{promote: {{bid: {{fixed: {{USD: 0.40, GBP: 0.40, EUR: 0.40}}}}}}}}
groups:
  - source: {{ad_groups: ["{source}"]}}
    without_group: {{product_ad_group: "{into}"}}
guard: {{promotions_per_run: 1000, promotions_per_day: 1000}}
tests:
  - {{name: a fitting category, given: {{source: categories}}, expect: promote, rule: target-fitting-categories}}
"""


def write_rules(folder: Path, account: Any) -> Ways:
    ways = ways_without_group(account)
    text = RULES.format(source=ways.source, into=ways.into)
    (folder / "categories.yaml").write_text(text, encoding="utf-8")
    return ways


def test_suggested_categories_become_targets_and_are_taken_back(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Shown with what each would reach, made in the ad group itself with a promotion group and without, planned once, undone."""
    profile = amazon.profiles[0]
    ways = write_rules(harvester.folder, amazon.state()[profile])
    harvester("rules", "test", "categories.yaml").succeeded()

    (plan,) = harvester("plan", "--profile", profile, "--json", **REVIEW).succeeded().json["plans"]

    items = harvester("show", plan["id"], "--json", **REVIEW).succeeded().json["items"]
    made = [item for item in items if item["kind"] == "target_category" and item["state"] == "planned"]
    assert {item["rule"] for item in made} == {"target-fitting-categories"}
    places = {item["ad_group_id"] for item in made}
    assert ways.into in places
    assert len(places) > 1
    assert all(item["note"].startswith("Suggested by Amazon: reaches ") for item in made)
    assert all(" products of " in item["note"] for item in made)
    rows = ledger.rows("SELECT source FROM ledger.decisions")
    assert {row["source"] for row in rows} == {"promotion", "categories"}
    harvester("approve", plan["id"], "--kind", "target_category", "--by", "Ann", **REVIEW).succeeded()

    harvester("apply", plan["id"], "--fingerprint", plan["fingerprint"], **REVIEW).succeeded()

    wanted = {item["key"] for item in made if item["ad_group_id"] == ways.into}
    assert stands(amazon.state()[profile], ways) == dict.fromkeys(wanted, "ENABLED")
    assert harvester("drift", "--json", **REVIEW).succeeded().json["drifted"] == []
    story = harvester("why", made[0]["target"], "--profile", profile, **REVIEW).succeeded().out
    assert "target-fitting-categories" in story
    (again,) = harvester("plan", "--profile", profile, "--json", **REVIEW).succeeded().json["plans"]
    left = harvester("show", again["id"], "--json", **REVIEW).succeeded().json["items"]
    assert not [item for item in left if item["kind"] == "target_category" and item["state"] == "planned"]

    undone = harvester("undo", plan["id"], "--json", **REVIEW).succeeded().json["plan"]
    harvester("approve", undone["id"], "--by", "Ann", **REVIEW).succeeded()
    harvester("apply", undone["id"], "--fingerprint", undone["fingerprint"], **REVIEW).succeeded()

    assert stands(amazon.state()[profile], ways) == dict.fromkeys(wanted, "PAUSED")
    harvester("ledger", "verify", **REVIEW).succeeded()


def test_categories_that_amazon_refuses_to_suggest_leave_the_other_source_alone(
    harvester: Harvester, amazon: PretendAmazon
) -> None:
    """The plan is partial and says what broke off; keywords are promoted all the same."""
    profile = amazon.profiles[0]
    write_rules(harvester.folder, amazon.state()[profile])
    amazon.fail({"match": {"path": SUGGESTIONS}, "action": {"status": 400}})

    (plan,) = harvester("plan", "--profile", profile, "--json", **REVIEW).json["plans"]

    items = harvester("show", plan["id"], "--json", **REVIEW).json["items"]
    assert "promote_keyword" in {item["kind"] for item in items}
    assert "target_category" not in {item["kind"] for item in items}
    assert plan["complete"] is False
