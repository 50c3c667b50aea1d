"""Rules that narrow suggested categories down and count what is left, from the question to the account and back."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from harvester.domain.category import CategoryTarget
from tests.acceptance.command_line import Harvester
from tests.acceptance.conftest import OpenMarket
from tests.acceptance.partner import REVIEW, with_rules
from tests.acceptance.pretend_amazon import Fault, PretendAmazon, on
from tests.acceptance.product_rules import ways_without_group
from tests.acceptance.records import Ledger

COUNT = "/sp/targets/products/count"
RULES = """
version: 1
rules:
  - name: keywords-that-sold
    match: {{source: promotion, target_type: keyword}}
    when: {{all: [{{clicks: {{at_least: 20}}}}, {{conversions: {{at_least: 3}}}}]}}
    then: {{promote: {{match: [exact]}}}}
  - name: weak-and-dearer
    match: {{source: categories}}
    when: {{products: {{at_least: 500, at_most: 20000}}}}
    then:
      promote:
        refine: {{rating: {{at_most: 3}}, price_ratio: {{at_least: 1}}}}
        bid: {{fixed: {{USD: 0.40, GBP: 0.40, EUR: 0.40}}}}
groups:
  - source: {{ad_groups: ["{source}"]}}
    without_group: {{product_ad_group: "{into}"}}
guard: {{promotions_per_run: 1000, promotions_per_day: 1000}}
tests:
  - {{name: enough of them, given: {{source: categories, products: 900}}, expect: promote, rule: weak-and-dearer}}
  - {{name: too few, given: {{source: categories, products: 90}}, expect: hold, reason: not_proven}}
  - {{name: nobody knows, given: {{source: categories}}, expect: hold, reason: missing_facts}}
"""


@pytest.fixture
def amazon(markets: OpenMarket) -> PretendAmazon:
    """One profile, and a catalog with a quick pace."""
    return markets("--profiles", "1", "--catalog-rate", "50")


@pytest.fixture
def harvester(harvesters: Callable[[PretendAmazon, str], Harvester], amazon: PretendAmazon, dsn: str) -> Harvester:
    """With rules that count, and a catalog that knows our prices."""
    ways = ways_without_group(amazon.state()[amazon.profiles[0]])
    return with_rules(harvesters(amazon, dsn), amazon, RULES.format(source=ways.source, into=ways.into))


@pytest.fixture
def ledger(dsn: str) -> Ledger:
    return Ledger(dsn)


def counted(amazon: PretendAmazon) -> list[Any]:
    return [request["body"] for request in amazon.requests() if request["path"] == COUNT]


def key_of(target: Any) -> str:
    """Of a category target, as it is sent or stands; empty for others."""
    found = CategoryTarget.of((each["type"], each.get("value", "")) for each in target["expression"])
    return found.key if found else ""


def decisions(ledger: Ledger) -> dict[str, Any]:
    """By outcome and reason, how many of categories."""
    rows = ledger.rows(
        "SELECT outcome, reason, count(*) FROM ledger.decisions WHERE source = 'categories' GROUP BY 1, 2"
    )
    return {f"{row['outcome']} {row['reason']}": row["count"] for row in rows}


def test_a_category_is_narrowed_down_counted_and_targeted_as_reviewed(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Each count is asked for once; the reviewer sees it, and what stands in the account is what `show --requests` printed."""
    profile = amazon.profiles[0]
    harvester("rules", "test").succeeded()

    (plan,) = harvester("plan", "--json", **REVIEW).succeeded().json["plans"]

    bodies = [json.dumps(body, sort_keys=True) for body in counted(amazon)]
    assert bodies
    assert len(bodies) == len(set(bodies)), "once per run"
    assert all(
        body["ratingRange"] == {"min": 0, "max": 3} and body["priceRange"]["min"] > 0 for body in counted(amazon)
    )
    items = [
        item
        for item in harvester("show", plan["id"], "--json", **REVIEW).succeeded().json["items"]
        if item["kind"] == "target_category"
    ]
    made = [item for item in items if item["state"] == "planned"]
    assert made
    wanted = {key_of(item["request"]) for item in made}
    assert all(" RATING=0-3" in key and " PRICE=" in key for key in wanted)
    assert all("), prices over " in item["target"] and "ratings 0 to 3" in item["target"] for item in made)
    assert all("ratings 0 to 3" in item["note"] and "reaches " in item["note"] for item in made)
    found = decisions(ledger)
    assert "hold missing_facts" in found or "hold not_proven" in found, found
    harvester("approve", plan["id"], "--kind", "target_category", "--by", "Ann", **REVIEW).succeeded()
    shown = harvester("show", plan["id"], "--requests", "--json", **REVIEW).succeeded().json
    fingerprint = harvester("show", plan["id"], "--json", **REVIEW).json["fingerprint"]

    harvester("apply", plan["id"], "--fingerprint", fingerprint, **REVIEW).succeeded()

    sent = [each for each in amazon.requests() if each["path"] == "/sp/targets" and each["method"] == "POST"]
    printed = [each["body"] for each in shown["requests"] if each["path"] == "/sp/targets"]
    assert [each["body"] for each in sent] == [json.loads(each) for each in printed]
    assert wanted <= {key_of(target) for target in amazon.state()[profile]["targets"]}
    told = harvester("why", made[0]["request"]["expression"][0]["value"], **REVIEW).succeeded().out
    assert "products at least 500" in told


@pytest.mark.parametrize(
    "action",
    [
        {"status": 429, "form": "message"},
        {"status": 500},
        {"cut": 0.5},
        {"drop": "before"},
        {"drop": "after"},
    ],
    ids=str,
)
def test_a_count_that_stumbles_once_is_asked_for_again(
    action: Fault, harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Nothing is lost and nothing is made up by it."""
    amazon.fail(on(COUNT, action, nth=1))

    (plan,) = harvester("plan", "--json", **REVIEW).succeeded().json["plans"]

    assert plan["complete"]
    assert amazon.fired() == [1]
    assert any(each.startswith("promote") for each in decisions(ledger))


@pytest.mark.parametrize("action", [{"status": 422}, {"status": 403}, {"status": 500}], ids=str)
def test_what_cannot_be_counted_is_held_and_stops_nothing_else(
    action: Fault, harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """The run is partial and says why; keywords are planned all the same."""
    amazon.fail(on(COUNT, action))

    planned = harvester("plan", "--json", **{**REVIEW, "API_PATIENCE": "1"}).failed(1).json

    assert planned["failed"] == []
    (plan,) = planned["plans"]
    assert not plan["complete"]
    assert any("could not be counted" in each for each in plan["troubles"])
    assert plan["counts"]["promote"] > 0
    assert not any(each.startswith("promote") for each in decisions(ledger))
    assert decisions(ledger)["hold missing_facts"] > 0
