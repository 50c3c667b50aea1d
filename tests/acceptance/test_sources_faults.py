"""Two sources in one run: killed, broken, refused or stumbling, neither costs the other anything."""

from typing import Any

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.pretend_amazon import RECOMMENDATIONS, PretendAmazon, on
from tests.acceptance.product_rules import Ways, write_rules
from tests.acceptance.records import Ledger
from tests.acceptance.test_sources import REVIEW, SUGGESTIONS, targets_in

OVERCOME = [
    on(SUGGESTIONS, {"status": 429, "form": "message"}, nth=1),
    on(SUGGESTIONS, {"status": 500}, nth=3),
    on(SUGGESTIONS, {"cut": 0.5}, nth=5),
    on(SUGGESTIONS, {"drop": "before"}, nth=7),
    on(SUGGESTIONS, {"plain_json": True}, nth=9),
]
TO_TARGETS = {"path": "/sp/targets", "method": "POST"}


@pytest.fixture
def ways(harvester: Harvester, amazon: PretendAmazon) -> Ways:
    return write_rules(harvester.folder, amazon.state()[amazon.profiles[0]])


def plan(harvester: Harvester, amazon: PretendAmazon) -> Any:
    (planned,) = harvester("plan", "--profile", amazon.profiles[0], "--json", **REVIEW).json["plans"]
    return planned


def asked(amazon: PretendAmazon, path: str) -> list[Any]:
    return [request for request in amazon.requests() if request["path"] == path]


def test_a_run_killed_in_its_second_source_goes_on_there(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, ways: Ways
) -> None:
    """The first source is not asked again, nor an ad group that was done; in the end there is what a whole run has."""
    amazon.fail(on(SUGGESTIONS, {"hang_seconds": 30}, nth=3))
    started = harvester.start("plan", "--profile", amazon.profiles[0], "--json", **REVIEW)
    started.runs_until(lambda: any("hang_seconds" in request["fault"] for request in amazon.requests()))
    started.runs_until(lambda: ledger.value("SELECT pages FROM ledger.runs") == 3)
    started.kill()
    before = len(asked(amazon, RECOMMENDATIONS))
    amazon.fail()

    resumed = plan(harvester, amazon)

    (run,) = ledger.rows("SELECT * FROM ledger.runs")
    assert (run["state"], run["troubles"]) == ("complete", [])
    assert len(asked(amazon, RECOMMENDATIONS)) == before
    bodies = [request["body"] for request in asked(amazon, SUGGESTIONS)]
    assert len(bodies) == len({str(body) for body in bodies}) + 1, "only the one that hung is asked about again"
    assert ledger.places_have_no_gap()
    whole = plan(harvester, amazon)
    assert resumed["fingerprint"] == whole["fingerprint"]
    assert resumed["counts"] == whole["counts"]


def test_stumbles_on_the_way_leave_no_trace(harvester: Harvester, amazon: PretendAmazon, ways: Ways) -> None:
    """Whatever is overcome, the plan is the same to the last byte."""
    smooth = plan(harvester, amazon)
    amazon.fail(*OVERCOME)

    stumbled = plan(harvester, amazon)

    assert sum(amazon.fired()) >= 3
    assert (stumbled["complete"], stumbled["fingerprint"]) == (True, smooth["fingerprint"])


@pytest.mark.parametrize(
    ("action", "told"),
    [
        ({"status": 403}, "recommendations (products) were refused"),
        ({"repeat_token": True}, "went"),
        ({"status": 400}, "it was refused"),
    ],
    ids=["forbidden", "round in circles", "bad request"],
)
def test_a_broken_source_leaves_the_other_its_plan(
    action: dict[str, Any], told: str, harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, ways: Ways
) -> None:
    """The run is partial and says why; what promotions ask for is planned."""
    amazon.fail(on(SUGGESTIONS, action))

    result = harvester("plan", "--profile", amazon.profiles[0], "--json", **REVIEW).failed()

    (planned,) = result.json["plans"]
    (run,) = ledger.rows("SELECT state, troubles FROM ledger.runs")
    assert (planned["complete"], run["state"]) == (False, "partial")
    assert any(told in trouble or "came again" in trouble for trouble in run["troubles"]), run["troubles"]
    shown = harvester("show", planned["id"], "--json", **REVIEW).succeeded().json["items"]
    assert "promote_keyword" in {item["kind"] for item in shown}


def test_a_refused_first_source_leaves_the_second_its_plan(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, ways: Ways
) -> None:
    """What earlier runs saw tells which products to ask about; without that the plan says what is missing."""
    amazon.fail(on(RECOMMENDATIONS, {"status": 403}))
    blind = harvester("plan", "--profile", amazon.profiles[0], "--json", **REVIEW).failed().json["plans"]
    amazon.fail()
    plan(harvester, amazon)
    amazon.fail(on(RECOMMENDATIONS, {"status": 403}))

    seeing = harvester("plan", "--profile", amazon.profiles[0], "--json", **REVIEW).failed().json["plans"]

    advice = ledger.rows("SELECT advice FROM harvester.plan WHERE plan_id = $1", blind[0]["id"])[0]["advice"]
    assert any("is not known yet" in sentence for sentence in advice)
    assert blind[0]["counts"]["candidates"] == 0
    assert seeing[0]["counts"]["promote"] > 0
    sources = ledger.rows("SELECT DISTINCT source FROM ledger.decisions WHERE run_id = $1", seeing[0]["run_id"])
    assert [row["source"] for row in sources] == ["products"]


@pytest.mark.parametrize(
    "action",
    [
        {"drop": "after"},
        {"status": 500, "after_work": True},
        {"items": {"answer": "missing", "every": 2, "done": True}},
    ],
    ids=["lost answer", "500 after the work", "missing items"],
)
def test_targets_without_a_known_outcome_are_settled_by_listing(
    action: dict[str, Any], harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, ways: Ways
) -> None:
    """Nothing is sent twice, and in the end the ledger and the account say the same."""
    planned = plan(harvester, amazon)
    harvester("approve", planned["id"], "--kind", "target_product", "--by", "Ann", **REVIEW).succeeded()
    before = targets_in(amazon.state()[amazon.profiles[0]], ways.into)
    amazon.fail({"match": TO_TARGETS, "action": action})
    harvester("apply", planned["id"], "--fingerprint", planned["fingerprint"], **REVIEW).failed()
    amazon.fail()

    harvester("reconcile", **REVIEW).succeeded()

    shown = harvester("show", planned["id"], "--json", **REVIEW).json["items"]
    made = [item for item in shown if item["kind"] == "target_product"]
    assert {item["state"] for item in made} == {"done"}
    account = amazon.state()[amazon.profiles[0]]
    assert sum((targets_in(account, ways.into) - before).values()) == len(made)
    assert {item["amazon_id"] for item in made} <= {target["targetId"] for target in account["targets"]}
    assert len([request for request in asked(amazon, "/sp/targets") if request["method"] == "POST"]) == 1


def test_a_target_that_somebody_made_meanwhile_is_not_made_again(
    harvester: Harvester, amazon: PretendAmazon, ways: Ways
) -> None:
    """Looked at right before sending: that one is stale and says which target it is, the rest goes on."""
    planned = plan(harvester, amazon)
    shown = harvester("show", planned["id"], "--json", **REVIEW).json["items"]
    first = next(item for item in shown if item["kind"] == "target_product" and item["match"] == "same")
    harvester("approve", planned["id"], "--kind", "target_product", "--by", "Ann", **REVIEW).succeeded()
    fields = {
        "campaignId": ways.campaign,
        "adGroupId": ways.into,
        "expression": [{"type": "ASIN_SAME_AS", "value": first["target"]}],
        "expressionType": "MANUAL",
        "state": "ENABLED",
    }
    edit = {"do": "add", "profile": amazon.profiles[0], "kind": "target", "fields": fields}
    amazon.control("edit", edit)

    harvester("apply", planned["id"], "--fingerprint", planned["fingerprint"], **REVIEW).failed()

    after = {item["id"]: item for item in harvester("show", planned["id"], "--json", **REVIEW).json["items"]}
    assert after[first["id"]]["state"] == "stale"
    others = [item for item in after.values() if item["kind"] == "target_product" and item["id"] != first["id"]]
    assert {item["state"] for item in others} == {"done"}
