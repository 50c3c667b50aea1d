"""Brands through the command line: looked up, named, planned, approved by two people, sent, listed, taken back."""

from typing import Any

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.partner import REVIEW
from tests.acceptance.pretend_amazon import PretendAmazon, on
from tests.acceptance.records import Ledger

SEARCH = "/sp/negativeTargets/brands/search"
RULES = """
version: 1
protect: {{brands: ["{own}"]}}
rules: [{{name: never, when: {{clicks: {{at_least: 999999}}}}, then: {{promote: {{}}}}}}]
brands:
  - name: rivals
    ids: ["{rival}"]
    match: {{campaigns: ["Auto *"]}}
    level: ad_group
    review_after: 90d
  - name: rivals-of-research
    ids: ["{rival}"]
    match: {{campaigns: ["Research *"]}}
    level: campaign
"""


def brand(harvester: Harvester, text: str, profile: str) -> str:
    """The id of the brand that is called so."""
    found = harvester("brands", text, "--profile", profile, "--json").succeeded().json
    return str(next(each["id"] for each in found["profiles"][0]["brands"] if each["name"] == text))


def shown(harvester: Harvester, plan_id: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = harvester("show", plan_id, "--json").succeeded().json["items"]
    return items


def standing(amazon: PretendAmazon, profile: str, brand_id: str) -> dict[str, str]:
    """Negatives of the brand in the account: Amazon's id -> state."""
    account = amazon.state()[profile]
    return {
        f"{kind} {each['targetId']}": each["state"]
        for kind in ("negativeTargets", "campaignNegativeTargets")
        for each in account[kind]
        if each["expression"] == [{"type": "ASIN_BRAND_SAME_AS", "value": brand_id}]
    }


def test_a_brand_from_the_look_up_to_the_account_and_back(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """The whole way through commands; at each step the account holds what the ledger says, and nothing more."""
    profile = amazon.profiles[0]
    rival, own = (brand(harvester, name, profile) for name in ("Blue Heron", "Pocket Garden"))
    rules = harvester.folder / "brands.yaml"
    rules.write_text(RULES.format(own=own, rival=rival))
    settings = {**REVIEW, "RULES_FILE": str(rules)}

    (plan,) = harvester("plan", "--profile", profile, "--json", **settings).succeeded().json["plans"]
    items = shown(harvester, plan["id"])
    assert {(item["kind"], item["state"], item["reason"]) for item in items} == {
        ("negate_brand", "guarded", "negates_brand")
    }
    assert {item["level"] for item in items} == {"ad_group", "campaign"}
    assert all(item["target"] == f"Blue Heron ({rival})" for item in items)
    assert "Nothing left to approve" not in harvester("approve", plan["id"], "--by", "Ann", **settings).out
    assert {item["state"] for item in shown(harvester, plan["id"])} == {"guarded"}
    named = ("approve", plan["id"], "--kind", "negate_brand", "--guarded", "--by")
    first = " ".join(harvester(*named, "Ann", **settings).succeeded().out.split())
    assert "Wait for a second person, under another name than Ann" in first
    harvester("apply", plan["id"], "--fingerprint", plan["fingerprint"], **settings).succeeded()
    assert standing(amazon, profile, rival) == {}
    harvester(*named, "Ben", **settings).succeeded()
    requests = harvester("show", plan["id"], "--requests", **settings).succeeded().out
    assert f'"value":"{rival}"' in "".join(requests.split())
    harvester("apply", plan["id"], "--fingerprint", plan["fingerprint"], **settings).succeeded()

    made = ledger.rows("SELECT * FROM ledger.actions WHERE kind = 'negate_brand'")
    assert {row["state"] for row in made} == {"done"}
    assert {row["reviewed_by"] for row in made} == {"Ann, Ben"}
    kinds = {"ad_group": "negativeTargets", "campaign": "campaignNegativeTargets"}
    assert standing(amazon, profile, rival) == {f"{kinds[row['level']]} {row['amazon_id']}": "ENABLED" for row in made}

    listed = harvester("negatives", "--profile", profile, "--json", **settings).succeeded().json["profiles"][0]
    ours = [each for each in listed["negatives"] if each["made_by"]]
    assert {(each["kind"], each["text"], each["brand_name"]) for each in ours} == {("brand", rival, "Blue Heron")}
    assert {each["made_by"]["item"] for each in ours} == {row["action_id"] for row in made}
    assert sorted(each["review_at"] is None for each in ours) == sorted(row["level"] == "campaign" for row in made)
    table = harvester("negatives", "--profile", profile, **settings).succeeded().out
    assert "not by Harvester" in table
    assert "to be looked at again on" in " ".join(table.split())
    why = " ".join(harvester("why", rival, "--profile", profile, **settings).succeeded().out.split())
    assert "brand that the rules file names for ad group" in why
    assert "Negate: rule rivals." in why
    assert harvester("drift", "--json", **settings).succeeded().json["drifted"] == []

    undo = harvester("undo", plan["id"], "--json", **settings).succeeded().json["plan"]
    assert {item["kind"] for item in shown(harvester, undo["id"])} == {"archive_negative_brand"}
    harvester("approve", undo["id"], "--by", "Ann", **settings).succeeded()
    harvester("apply", undo["id"], "--fingerprint", undo["fingerprint"], **settings).succeeded()
    assert set(standing(amazon, profile, rival).values()) == {"ARCHIVED"}
    states = ledger.rows("SELECT state FROM ledger.actions WHERE kind = 'negate_brand'")
    assert {row["state"] for row in states} == {"undone"}
    harvester("ledger", "verify", **settings).succeeded()


def test_an_own_brand_is_refused_at_load(harvester: Harvester, amazon: PretendAmazon) -> None:
    """With file, line and the entry's place; nothing is asked of Amazon."""
    rules = harvester.folder / "own.yaml"
    rules.write_text(RULES.format(own="77", rival="77"))

    refused = harvester("plan", "--profile", amazon.profiles[0], RULES_FILE=str(rules)).failed(2)

    assert "own.yaml" in refused.sentence
    assert "77 is one of your own brands (protect.brands): never negated" in refused.sentence
    assert amazon.requests() == []


def test_brands_asks_one_profile_of_each_marketplace(harvester: Harvester, amazon: PretendAmazon) -> None:
    """A text is the marketplace's matter; what is recommended is the profile's. Nothing changes at Amazon."""
    found = harvester("brands", "heron", "--json").succeeded().json
    recommended = harvester("brands", "--json").succeeded().json
    table = harvester("brands", "heron", "--profile", amazon.profiles[0]).succeeded().out

    countries = [each["country"] for each in found["profiles"]]
    assert sorted(countries) == sorted(set(countries))
    assert [each["profile_id"] for each in recommended["profiles"]] == amazon.profiles
    assert all(each["brands"] for each in recommended["profiles"])
    assert "Blue Heron" in table
    assert all(
        request["method"] == "GET" or request["path"].endswith(("/token", SEARCH)) for request in amazon.requests()
    )


@pytest.mark.parametrize(
    "action", [{"status": 500}, {"status": 500, "form": "html"}, {"cut": 0.5}, {"drop": "after"}, {"status": 403}]
)
def test_a_look_up_that_fails_is_one_sentence(
    action: dict[str, Any], harvester: Harvester, amazon: PretendAmazon
) -> None:
    """No traceback, exit code 1, and a document all the same."""
    amazon.fail(on(SEARCH, action))

    failed = harvester("brands", "heron", "--profile", amazon.profiles[0], "--json", API_PATIENCE="1").failed().json

    assert failed["profiles"] == []
    assert [each["profile_id"] for each in failed["failed"]] == [amazon.profiles[0]]
    assert failed["failed"][0]["reason"]


@pytest.mark.parametrize("action", [{"status": 429}, {"status": 503}, {"drop": "before"}])
def test_a_look_up_that_fails_once_goes_on(action: dict[str, Any], harvester: Harvester, amazon: PretendAmazon) -> None:
    """It only reads, so it is asked again."""
    amazon.fail(on(SEARCH, action, times=1))

    found = harvester("brands", "heron", "--profile", amazon.profiles[0], "--json").succeeded().json

    assert found["profiles"][0]["brands"]
    assert amazon.fired() == [1]
