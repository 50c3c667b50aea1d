"""Product suggestions from the first question to a target in the account, and back."""

from collections import Counter
from typing import Any

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.pretend_amazon import PretendAmazon
from tests.acceptance.product_rules import write_rules
from tests.acceptance.records import Ledger

REVIEW = {"MODE": "review", "RECONCILE_AFTER": "0", "RULES_FILE": "products.yaml"}
SUGGESTIONS = "/sp/targets/products/recommendations"


def targets_in(account: Any, ad_group_id: str) -> Counter[tuple[str, str, str]]:
    return Counter(
        (clause["type"], clause["value"], target["state"])
        for target in account["targets"]
        if target["adGroupId"] == ad_group_id
        for clause in target["expression"]
    )


@pytest.mark.parametrize("by", ["asin", "theme"])
def test_suggested_products_become_targets_and_are_taken_back(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, by: str
) -> None:
    """Planned from two sources, shown with their themes, sent without a promotion group and through one, undone."""
    profile = amazon.profiles[0]
    ways = write_rules(harvester.folder, amazon.state()[profile], by)
    before = targets_in(amazon.state()[profile], ways.into)
    harvester("rules", "test", "products.yaml").succeeded()

    (plan,) = harvester("plan", "--profile", profile, "--json", **REVIEW).succeeded().json["plans"]

    shown = harvester("show", plan["id"], "--json", **REVIEW).succeeded().json
    made = [item for item in shown["items"] if item["kind"] == "target_product" and item["state"] == "planned"]
    assert {item["ad_group_id"] for item in made} == {ways.into}
    assert {item["rule"] for item in made} == {"target-what-sold", "target-complements"}
    assert {item["kind"] for item in shown["items"]} == {"promote_keyword", "promote_product", "target_product"}
    assert {(item["clicks"], item["conversions"]) for item in made} == {(None, None)}
    assert all(item["note"].startswith("Suggested by Amazon: ") for item in made)
    assert {row["source"] for row in ledger.rows("SELECT source FROM ledger.runs")} == {"promotion,products"}
    assert {row["source"] for row in ledger.rows("SELECT source FROM ledger.decisions")} == {"promotion", "products"}

    harvester("approve", plan["id"], "--by", "Ann", **REVIEW).succeeded()
    harvester("apply", plan["id"], "--fingerprint", plan["fingerprint"], **REVIEW).succeeded()

    account = amazon.state()[profile]
    types = {"same": "ASIN_SAME_AS", "expanded": "ASIN_EXPANDED_FROM"}
    wanted = Counter((types[item["match"]], item["target"], "ENABLED") for item in made)
    assert targets_in(account, ways.into) - before == wanted
    bids = {target["bid"] for target in account["targets"] if target["adGroupId"] == ways.into and "bid" in target}
    assert 0.44 in bids
    done = harvester("show", plan["id"], "--json", **REVIEW).json["items"]
    assert {item["state"] for item in done if item["state"] not in ("held", "guarded")} == {"done"}
    ids = {item["amazon_id"] for item in done if item["kind"] == "target_product"}
    assert ids <= {target["targetId"] for target in account["targets"]}
    assert harvester("drift", "--json", **REVIEW).succeeded().json["drifted"] == []

    story = harvester("why", made[0]["target"], "--profile", profile, **REVIEW).succeeded().out
    assert "suggest" in story.casefold()
    undone = harvester("undo", plan["id"], "--json", **REVIEW).succeeded().json["plan"]
    harvester("approve", undone["id"], "--by", "Ann", **REVIEW).succeeded()
    harvester("apply", undone["id"], "--fingerprint", undone["fingerprint"], **REVIEW).succeeded()
    stopped = targets_in(amazon.state()[profile], ways.into) - before
    assert stopped == Counter({(kind, asin, "PAUSED"): count for (kind, asin, _), count in wanted.items()})
    harvester("ledger", "verify", **REVIEW).succeeded()
