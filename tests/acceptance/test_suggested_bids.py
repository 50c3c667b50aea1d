"""Bids that Amazon suggests, through the command line: asked for once, shown, sent as reviewed, and what if not."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.pretend_amazon import Fault, PretendAmazon, on
from tests.acceptance.records import Ledger, Row
from tests.contracts.spec import Spec

RULES = str(Path(__file__).with_name("suggested_bids.yaml"))
ROUTE = "/sp/targets/bid/recommendations"
BIDS = "SELECT * FROM ledger.actions WHERE kind LIKE 'promote%' ORDER BY action_id"
KEYWORD = re.compile(
    r"suggested middle (?P<middle>\S+) (?P<currency>\w+) \((?P<low>\S+) to (?P<high>\S+)\) × 0\.9 = (?P<made>[\d.]+)"
    r"(, ceiling (?P<ceiling>\S+))? → (?P<bid>\S+) \w+"
)
LEFT_OUT = "its answer holds no low, middle and high bid for this target"


@pytest.fixture
def suggesting(harvester: Harvester) -> Harvester:
    """Under rules that ask Amazon for bids."""
    harvester.environment["HARVESTER_RULES_FILE"] = RULES
    return harvester


def asked(amazon: PretendAmazon) -> list[dict[str, Any]]:
    return [request for request in amazon.requests() if request["path"].endswith(ROUTE)]


def questions(requests: Sequence[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Profile, ad group (none for one to come), type, text."""
    return [
        (request["profile"], request["body"].get("adGroupId", ""), each["type"], each["value"])
        for request in requests
        for each in request["body"]["targetingExpressions"]
    ]


def question_of(item: Row) -> tuple[str, str, str, str]:
    kind = "PAT_ASIN" if item["match"] == "same" else f"KEYWORD_{item['match'].upper()}_MATCH"
    return item["profile_id"], item["ad_group_id"] or "", kind, item["target"]


def test_every_item_whose_rule_asks_is_asked_for_once(
    suggesting: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """In one call per ad group, as the specification says; and the formula names all that Amazon said."""
    suggesting("plan", "--json").succeeded()

    items, requests = ledger.rows(BIDS), asked(amazon)
    assert sorted(questions(requests)) == sorted(question_of(item) for item in items)
    assert len({(request["profile"], str(request["body"].get("adGroupId"))) for request in requests}) < len(items)
    for request in requests:
        Spec.load("sponsored-products").validate_request("POST", ROUTE, request["headers"], request["body"])
    for item in items:
        told = KEYWORD.fullmatch(item["bid_formula"])
        if told is None:
            continue
        made = (Decimal(told["middle"]) * Decimal("0.9")).quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert Decimal(told["low"]) < Decimal(told["middle"]) < Decimal(told["high"])
        assert (Decimal(told["made"]), told["currency"]) == (made, item["currency"])
        assert item["bid"] == Decimal(told["bid"]) == min(made, Decimal(told["ceiling"] or "9"))
    rules = {item["rule"] for item in items if "suggested" in item["bid_formula"]}
    assert rules == {"keywords-as-suggested", "products-as-suggested", "new-groups-as-suggested"}


def test_a_group_to_come_is_asked_about_by_its_products(suggesting: Harvester, amazon: PretendAmazon) -> None:
    """There is no ad group to name yet: what it will advertise and how it will bid stand in its place."""
    suggesting("plan", "--profile", amazon.profiles[0], "--json").succeeded()

    new = [each["body"] for each in asked(amazon) if each["body"]["recommendationType"] == "BIDS_FOR_NEW_AD_GROUP"]
    own = set(amazon.state()[amazon.profiles[0]]["adAsins"].values())
    assert new
    for body in new:
        assert body["bidding"] == {"strategy": "AUTO_FOR_SALES"}
        assert set(body["asins"]) <= own
        assert "adGroupId" not in body


def test_nothing_is_asked_unless_a_rule_says_so(harvester: Harvester, amazon: PretendAmazon) -> None:
    """Under rules with other bids the route is never called."""
    harvester("plan", "--json").succeeded()

    assert asked(amazon) == []


def test_what_was_reviewed_is_sent_and_nothing_is_asked_again(
    suggesting: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Amazon may suggest something else by then: the bid of the plan is what counts."""
    profile, review = amazon.profiles[0], {"MODE": "review", "RECONCILE_AFTER": "0"}
    (plan,) = suggesting("plan", "--profile", profile, "--json", **review).succeeded().json["plans"]
    suggesting("approve", plan["id"], "--rule", "keywords-as-suggested", "--by", "Ann", **review).succeeded()
    before = asked(amazon)

    suggesting("apply", plan["id"], "--fingerprint", plan["fingerprint"], "--json", **review).succeeded()

    done = ledger.rows(f"SELECT * FROM ({BIDS}) AS item WHERE state = 'done'")
    account = {each["keywordId"]: each["bid"] for each in amazon.state()[profile]["keywords"] if "bid" in each}
    assert done
    assert all(Decimal(str(account[item["amazon_id"]])) == item["bid"] for item in done)
    assert asked(amazon) == before


def test_what_amazon_leaves_out_falls_back_and_says_so(suggesting: Harvester, ledger: Ledger) -> None:
    """In the order of the rule: fixed in its currency, the ad group's default, else held; the plan counts them."""
    suggesting("plan", "--json").succeeded()

    silent = [item for item in ledger.rows(BIDS) if LEFT_OUT in item["note"]]
    assert silent
    for item in silent:
        falls_back(item)
    advice = ledger.value("SELECT string_agg(array_to_string(advice, ' '), ' ') FROM harvester.plan")
    assert re.search(r"Amazon suggested no bid for \d+ of \d+ items whose rule asks for one", advice)


def test_the_reviewer_sees_what_amazon_said(suggesting: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """All three bids and what was made of them, under each item, within 80 columns; the plan counts what did not come."""
    profile = amazon.profiles[0]
    (plan,) = suggesting("plan", "--profile", profile, "--json").succeeded().json["plans"]

    shown = suggesting("show", plan["id"]).succeeded().out

    told = " ".join(shown.split())
    formulas = [item["bid_formula"] for item in ledger.rows(BIDS) if item["bid_formula"]]
    assert all(f"bid: {formula}" in told for formula in formulas)
    assert "Amazon suggested no bid for " in told
    assert max(map(len, shown.splitlines())) <= 80


def falls_back(item: Row) -> None:
    assert "Amazon suggested no bid: " in item["note"]
    if item["rule"] == "keywords-as-suggested" and item["currency"] == "USD":
        assert item["bid_formula"] == "no suggestion, fixed 0.33 USD × 0.9 = 0.30 → 0.30 USD"
    elif item["rule"] == "products-as-suggested" and item["bid"] is not None:
        assert item["bid_formula"].startswith("no suggestion, ad group default ")
    else:
        assert (item["state"], item["reason"], item["bid"], item["bid_formula"]) == ("held", "no_bid", None, "")
        assert "The rule names no other base" in item["note"]


FAULTS: dict[str, tuple[Fault, str]] = {
    "refused": (on(f"*{ROUTE}", {"status": 422, "text": "Target is unsupported"}), "Target is unsupported"),
    "forbidden": (on(f"*{ROUTE}", {"status": 403}), "Amazon answered 403"),
    "failing": (on(f"*{ROUTE}", {"status": 500, "form": "html"}), "Amazon answered 500"),
    "throttled": (on(f"*{ROUTE}", {"status": 429}), "Amazon answered 429"),
    "silent": (on(f"*{ROUTE}", {"drop": "after"}), "the connection broke"),
    "cut": (on(f"*{ROUTE}", {"cut": 0.5}), "the answer was cut short"),
    "nothing": (on(f"*{ROUTE}", {"set_field": {"field": "bidRecommendations", "value": []}}), LEFT_OUT),
    "no list": (on(f"*{ROUTE}", {"set_field": {"field": "bidRecommendations", "value": 7}}), "cannot be read"),
    "partial": (
        on(f"*{ROUTE}", {"set_field": {"field": "bidValues", "value": [{"suggestedBid": 0.5}, {"suggestedBid": 1}]}}),
        LEFT_OUT,
    ),
    "another theme": (on(f"*{ROUTE}", {"set_field": {"field": "theme", "value": "PRIME_DAY"}}), LEFT_OUT),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_route_that_fails_costs_the_suggestions_and_nothing_else(
    suggesting: Harvester, amazon: PretendAmazon, ledger: Ledger, name: str
) -> None:
    """The plan is made, every item falls back as its rule says, and each note holds the reason."""
    fault, why = FAULTS[name]
    amazon.begin(fault)

    result = suggesting("plan", "--profile", amazon.profiles[0], "--json", API_PATIENCE="0.5").succeeded()

    (plan,) = result.json["plans"]
    items = ledger.rows(BIDS)
    assert plan["complete"]
    assert len(items) > 10
    for item in items:
        falls_back(item)
    notes = [item["note"] for item in items]
    assert any(why in note for note in notes), notes
    assert all(why in note or "it was not asked any more" in note for note in notes), notes


def test_one_lost_answer_is_asked_for_again(suggesting: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """A reading call may be repeated: nothing falls back for a moment's trouble."""
    amazon.begin(on(f"*{ROUTE}", {"status": 503}, every=2), on(f"*{ROUTE}", {"plain_json": True}))

    suggesting("plan", "--profile", amazon.profiles[0], "--json", API_PATIENCE="20").succeeded()

    assert amazon.fired()[0]
    assert all(LEFT_OUT in item["note"] or "suggested " in item["bid_formula"] for item in ledger.rows(BIDS))
