"""One rules file with every source, every check, suggested bids and brands: planned, reviewed, applied, undone."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.conftest import OpenMarket
from tests.acceptance.partner import REVIEW, with_rules
from tests.acceptance.pretend_amazon import Fault, PretendAmazon, on
from tests.acceptance.product_rules import ways_without_group
from tests.acceptance.records import Ledger
from tests.acceptance.test_brands import brand

RULES = Path(__file__).with_name("everything.yaml")
PRODUCTS, CATEGORIES = "/sp/targets/products/recommendations", "/sp/targets/categories/recommendations"
COUNT, BIDS = "/sp/targets/products/count", "/sp/targets/bid/recommendations"
ITEMS = "/catalog/2022-04-01/items*"
READ = (PRODUCTS, CATEGORIES, COUNT, BIDS, ITEMS)
IDS = {
    "keywords": "keywordId",
    "targets": "targetId",
    "negativeKeywords": "keywordId",
    "negativeTargets": "targetId",
    "campaignNegativeTargets": "targetId",
}
STANDS = {"ENABLED"}
STOPPED = {"PAUSED", "ARCHIVED"}


@pytest.fixture
def amazon(markets: OpenMarket) -> PretendAmazon:
    """One profile, and a catalog with a quick pace."""
    return markets("--profiles", "1", "--catalog-rate", "50")


@pytest.fixture
def harvester(harvesters: Callable[[PretendAmazon, str], Harvester], amazon: PretendAmazon, dsn: str) -> Harvester:
    """With all of it in its rules file."""
    profile = amazon.profiles[0]
    ways, made = ways_without_group(amazon.state()[profile]), harvesters(amazon, dsn)
    rival, own = (brand(made, name, profile) for name in ("Blue Heron", "Pocket Garden"))
    text = RULES.read_text("utf-8").format(source=ways.source, into=ways.into, rival=rival, own_brand=own)
    return with_rules(made, amazon, text)


@pytest.fixture
def ledger(dsn: str) -> Ledger:
    return Ledger(dsn)


def planned(harvester: Harvester, code: int = 0, **settings: str) -> Any:
    (plan,) = harvester("plan", "--json", **{**REVIEW, **settings}).failed(code).json["plans"]
    return plan


def entities(amazon: PretendAmazon) -> dict[tuple[str, str], str]:
    """Kind and Amazon's id -> state."""
    account = amazon.state()[amazon.profiles[0]]
    return {(kind, each[name]): each["state"] for kind, name in IDS.items() for each in account[kind]}


def done(ledger: Ledger) -> Iterator[str]:
    rows = ledger.rows(
        "SELECT amazon_id FROM ledger.actions WHERE state IN ('done', 'undone') AND kind !~ '^(pause|archive)'"
    )
    return (row["amazon_id"] for row in rows)


def approve_all(harvester: Harvester, plan: str) -> str:
    """By two people, as brands need it."""
    for name in ("Ann", "Ben"):
        harvester("approve", plan, "--guarded", "--by", name, **REVIEW)
    fingerprint: str = harvester("show", plan, "--json", **REVIEW).json["fingerprint"]
    return fingerprint


def test_all_of_it_goes_from_the_first_question_to_the_account_and_back(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Every kind of item comes, what is sent is what was shown, and account and ledger agree at each end."""
    plan, before = planned(harvester), entities(amazon)
    items = harvester("show", plan["id"], "--json", **REVIEW).json["items"]
    kinds = {item["kind"] for item in items if item["state"] in ("planned", "guarded")}
    assert kinds == {
        *("promote_keyword", "promote_product", "target_product", "target_category"),
        *("negate_keyword", "negate_product", "negate_brand"),
    }
    sources = {row["source"] for row in ledger.rows("SELECT DISTINCT source FROM ledger.decisions")}
    assert sources == {"promotion", "products", "categories", "brands"}
    checks = {
        finding["check"].partition(".")[0]
        for row in ledger.rows("SELECT findings FROM ledger.decisions")
        for finding in row["findings"]
    }
    assert checks >= {
        *("clicks", "conversions", "conversion_rate", "own_brand", "brand", "shared_category", "sales_rank"),
        *("category_rank", "price_ratio", "variation_of_own", "unknown_asin", "products", "refined"),
    }
    fingerprint = approve_all(harvester, plan["id"])
    shown = harvester("show", plan["id"], "--requests", "--json", **REVIEW).succeeded().json["requests"]

    harvester("apply", plan["id"], "--fingerprint", fingerprint, **REVIEW).succeeded()

    after = entities(amazon)
    made = after.keys() - before.keys()
    assert sorted(name for _, name in made) == sorted(done(ledger))
    assert {after[each] for each in made} == STANDS
    paths = {each["path"] for each in shown}
    sent = [each for each in amazon.requests() if each["path"] in paths and each["method"] == "POST"]
    assert sorted(each["path"] for each in sent) == sorted(each["path"] for each in shown)
    told = {json.dumps(json.loads(each["body"]), sort_keys=True) for each in shown}
    assert {json.dumps(each["body"], sort_keys=True) for each in sent} == told
    undone = harvester("undo", plan["id"], "--json", **REVIEW).succeeded().json["plan"]
    fingerprint = approve_all(harvester, undone["id"])
    harvester("apply", undone["id"], "--fingerprint", fingerprint, **REVIEW).succeeded()
    last = entities(amazon)
    assert {last[each] for each in made} <= STOPPED
    assert {each: last[each] for each in before} == before
    assert {row["state"] for row in ledger.rows("SELECT state FROM ledger.actions WHERE sent_at IS NOT NULL")} <= {
        *("done", "undone")
    }
    harvester("ledger", "verify", **REVIEW).succeeded()


STUMBLES: list[dict[str, Any]] = [
    {"status": 429, "form": "message"},
    {"status": 503, "form": "html"},
    {"cut": 0.5},
    {"drop": "before"},
    {"drop": "after"},
    {"plain_json": True},
    {"hang_seconds": 1},
]


def test_no_stumble_on_any_route_leaves_a_trace(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """Each fault on each route once: the plan is the same to the last byte, and nothing is partial."""
    smooth = planned(harvester)
    ledger.execute("DELETE FROM harvester.catalog_item")
    faults = [on(path, action, nth=place * 2 + 1) for path in READ for place, action in enumerate(STUMBLES)]
    amazon.fail(*faults)

    stumbled = planned(harvester, API_PATIENCE="60")

    assert sum(amazon.fired()) >= len(READ) * 3
    assert (stumbled["complete"], stumbled["fingerprint"]) == (True, smooth["fingerprint"])


@pytest.mark.parametrize(
    "action",
    [
        {"status": 403},
        {"status": 422},
        {"status": 500},
        {"set_field": {"field": "*", "value": "ON_THE_MOON"}},
    ],
    ids=str,
)
def test_routes_that_stay_broken_cost_what_they_would_have_told_and_nothing_else(
    action: Fault, harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """The run is partial and names each of them; keywords are planned, and nothing is made up."""
    if "set_field" in action:
        faults = [
            on(CATEGORIES, {"set_field": {"field": "canBeTargeted", "value": "ON_THE_MOON"}}),
            on(PRODUCTS, {"set_field": {"field": "themes", "value": ["ON_THE_MOON"]}}),
            on(COUNT, {"set_field": {"field": "asinCounts", "value": "ON_THE_MOON"}}),
            on(BIDS, {"set_field": {"field": "theme", "value": "ON_THE_MOON"}}),
        ]
    else:
        faults = [on(path, action) for path in READ]
    amazon.fail(*faults)

    result = harvester("plan", "--json", **{**REVIEW, "API_PATIENCE": "1"})

    assert result.code == 1, result
    assert result.json["failed"] == []
    (plan,) = result.json["plans"]
    assert not plan["complete"]
    troubles = " ".join(plan["troubles"])
    items = harvester("show", plan["id"], "--json", **REVIEW).succeeded().json["items"]
    kinds = {item["kind"] for item in items if item["state"] == "planned"}
    assert "promote_keyword" in kinds
    assert "negate_keyword" in kinds
    assert "target_category" not in kinds
    if "set_field" in action:
        assert "could not be counted" in troubles
        assert "target_product" in kinds
    else:
        assert "target_product" not in kinds
        for told in ("(products)", "(categories)", "catalog facts"):
            assert told in troubles, troubles
    bids = [each for each in items if each["kind"] == "promote_keyword"]
    assert bids
    assert all(each["bid"] for each in bids if each["state"] == "planned")
    assert any("Amazon suggested no bid" in (each["note"] or "") for each in bids)
