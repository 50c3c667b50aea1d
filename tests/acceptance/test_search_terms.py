"""Search terms through the command line: reports fetched, judged with their money, reviewed, sent, told of, taken back."""

import csv
import io
import json
from typing import Any

from tests.acceptance.command_line import Harvester
from tests.acceptance.pretend_amazon import PretendAmazon
from tests.acceptance.records import Ledger

RULES = """
version: 1
rules:
  - name: promote-what-sells
    match: {source: search_terms}
    when:
      all:
        - clicks: {at_least: 10, window: 60d}
        - orders: {at_least: 3, window: 60d}
        - acos: {at_most: 40%, window: 60d}
    then: {promote: {bid: {fixed: {USD: 0.75, EUR: 0.70, JPY: 75, GBP: 0.65}}}}
  - name: stop-what-only-costs
    match: {source: search_terms}
    when:
      all:
        - clicks: {at_least: 30, window: 60d}
        - orders: {at_most: 0, window: 60d}
    then: {negate: {}}
guard: {promotions_per_run: 1000, promotions_per_day: 1000, negatives_per_run: 1000, negatives_per_day: 1000, negative_share: 100%}
"""


def shown(harvester: Harvester, plan_id: str, **settings: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = harvester("show", plan_id, "--json", **settings).succeeded().json["items"]
    return items


def negatives(amazon: PretendAmazon, profile: str) -> dict[tuple[str, str], str]:
    """Of ad groups: kind of action and Amazon's id, which is unique per kind only -> state."""
    account = amazon.state()[profile]
    keywords = {("negate_keyword", str(each["keywordId"])): str(each["state"]) for each in account["negativeKeywords"]}
    targets = {("negate_product", str(each["targetId"])): str(each["state"]) for each in account["negativeTargets"]}
    return {**keywords, **targets}


def test_from_reports_to_the_account_and_back(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """Whoever reviews sees what each term cost; what is approved stands in the account, and undo takes it away again."""
    profile = amazon.profiles[0]
    rules = harvester.folder / "terms.yaml"
    rules.write_text(RULES)
    settings = {"MODE": "review", "RECONCILE_AFTER": "0", "RULES_FILE": str(rules)}

    (plan,) = harvester("plan", "--profile", profile, "--json", **settings).succeeded().json["plans"]
    items = shown(harvester, plan["id"], **settings)
    stopped = [item for item in items if item["rule"] == "stop-what-only-costs"]
    promoted = [item for item in items if item["rule"] == "promote-what-sells" and item["kind"] != "create_group"]
    assert stopped
    assert promoted
    for item in stopped:
        window = item["metrics"]["windows"]["60d-7d"]
        assert window["clicks"] >= 30
        assert window["orders"] == 0
        assert float(window["cost"]) > 0
        assert (
            f"{window['clicks']} clicks, 0 orders, {window['cost']} {item['metrics']['currency']} spent" in item["note"]
        )
    (run,) = ledger.rows("SELECT * FROM ledger.runs")
    assert (run["source"], run["state"]) == ("search_terms", "complete")
    assert any("60 of 60 days" in each for each in plan["advice"])
    held = ledger.rows("SELECT * FROM ledger.decisions WHERE reason IN ('ever_converted', 'variant_of_positive')")
    assert all(row["rule"] == "stop-what-only-costs" for row in held)

    lines = list(
        csv.DictReader(io.StringIO(harvester("export", plan["id"], "--format", "csv", **settings).succeeded().out))
    )
    told = {line["item"]: line for line in lines}
    loser = next(item for item in stopped if item["state"] == "planned")
    assert told[loser["id"]]["spend"] == loser["metrics"]["windows"]["60d-7d"]["cost"]
    markdown = harvester("export", plan["id"], "--format", "markdown", **settings).succeeded().out
    assert f"{loser['id']}: Search term of" in markdown
    why = " ".join(harvester("why", loser["target"], "--profile", profile, **settings).succeeded().out.split())
    assert f"” ({loser['ad_group_id']}), with {loser['clicks']:g} clicks, 0 orders" in why

    before = negatives(amazon, profile)
    harvester("approve", plan["id"], "--by", "Ann", **settings).succeeded()
    harvester("apply", plan["id"], "--fingerprint", plan["fingerprint"], **settings).succeeded()
    done = ledger.rows("SELECT * FROM ledger.actions WHERE plan_id = $1 AND state = 'done'", plan["id"])
    made = {(row["kind"], row["amazon_id"]): "ENABLED" for row in done if row["kind"].startswith("negate")}
    assert made
    assert {name: state for name, state in negatives(amazon, profile).items() if name not in before} == made
    harvester("ledger", "verify", **settings).succeeded()

    undo = harvester("undo", plan["id"], "--json", **settings).succeeded().json["plan"]
    harvester("approve", undo["id"], "--by", "Ann", **settings).succeeded()
    harvester("apply", undo["id"], "--fingerprint", undo["fingerprint"], **settings).succeeded()
    assert {negatives(amazon, profile)[name] for name in made} == {"ARCHIVED"}
    assert json.loads(harvester("drift", "--json", **settings).succeeded().out)["drifted"] == []
