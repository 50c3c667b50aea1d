"""A category with refinements as a target: reviewed, sent, settled, watched and taken back like any other."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harvester.domain.action import ActionKind, effect_of
from harvester.domain.category import CategoryTarget, Range
from harvester.domain.ids import ProfileId
from harvester.domain.plan import PlannedAction
from harvester.domain.profile import Profile, Region
from harvester.domain.target import Match
from harvester.rules.fragments import category_target
from tests.acceptance.command_line import Harvester
from tests.acceptance.partner import REVIEW
from tests.acceptance.pretend_amazon import PretendAmazon
from tests.acceptance.product_rules import Ways, ways_without_group
from tests.acceptance.records import Ledger
from tests.acceptance.test_sources_faults import TO_TARGETS
from tests.integration.postgres.conftest import an_action
from tests.integration.reviewer import Desk

WANTED = [
    CategoryTarget("16225007011"),
    CategoryTarget("16225007011", brand="18681839011", price=Range(Decimal(10), Decimal(20)), prime=True),
    CategoryTarget("3760901", rating=Range(most=Decimal(3)), genre="7", age_range="8"),
]


def planned(category: CategoryTarget, ways: Ways) -> PlannedAction:
    kind = ActionKind.TARGET_CATEGORY
    return an_action(
        kind=kind,
        effect=effect_of(kind, ways.into, category.key, Match.SAME),
        target=f"category {category.category}",
        key=category.key,
        match=Match.SAME,
        campaign_id=ways.campaign,
        ad_group_id=ways.into,
        group_id="",
        source_ad_group_id=ways.source,
        clicks=None,
        conversions=None,
        bid="0.60",
        fragment=category_target(category, ways.campaign, ways.into, Decimal("0.60")),
    )


def stands(account: Any, ways: Ways) -> dict[str, str]:
    """Key -> state of the category targets of the ad group."""
    found = {}
    for target in account["targets"]:
        category = CategoryTarget.of((each["type"], each.get("value", "")) for each in target["expression"])
        if target["adGroupId"] == ways.into and category is not None:
            found[category.key] = target["state"]
    return found


@pytest.mark.parametrize("action", [None, {"drop": "after"}], ids=["smooth", "lost answer"])
def test_a_category_is_targeted_and_taken_back(
    action: dict[str, Any] | None,
    harvester: Harvester,
    amazon: PretendAmazon,
    ledger: Ledger,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Its clauses make it one target, also when its answer is lost; a bid that a person changes is seen, and not undone."""
    profile_id, account = amazon.profiles[0], amazon.state()[amazon.profiles[0]]
    ways = ways_without_group(account)
    harvester("migrate").succeeded()
    profile = Profile(ProfileId(profile_id), "first", Region.NA, "US", "USD", "America/Los_Angeles", "seller", "Shop")
    plan_id = Desk(ledger.dsn, tmp_path, monkeypatch, capfd).plan([planned(each, ways) for each in WANTED], profile)
    shown = harvester("show", plan_id, "--json", **REVIEW).succeeded().json
    harvester("edit", plan_id, "--item", shown["items"][0]["id"], "--bid", "0.70", "--by", "Ann", **REVIEW).succeeded()
    harvester("approve", plan_id, "--by", "Ann", **REVIEW).succeeded()
    fingerprint = harvester("show", plan_id, "--json", **REVIEW).json["fingerprint"]
    if action:
        amazon.fail({"match": TO_TARGETS, "action": action})

    applied = harvester("apply", plan_id, "--fingerprint", fingerprint, **REVIEW)

    assert applied.code == (1 if action else 0)
    amazon.fail()
    harvester("reconcile", **REVIEW).succeeded()
    items = harvester("show", plan_id, "--json", **REVIEW).json["items"]
    assert [item["state"] for item in items] == ["done"] * 3
    assert stands(amazon.state()[profile_id], ways) == {each.key: "ENABLED" for each in WANTED}
    ids = {item["key"]: item["amazon_id"] for item in ledger.rows("SELECT key, amazon_id FROM harvester.action")}
    edited = ids[WANTED[2].key]
    amazon.control("edit", {"do": "set", "profile": profile_id, "kind": "target", "id": edited, "fields": {"bid": 0.9}})
    drifted = harvester("drift", "--json", **REVIEW).succeeded().json["drifted"]
    assert [each["what"] for each in drifted] == ["edited"]

    undone = harvester("undo", plan_id, "--json", **REVIEW).succeeded().json["plan"]
    harvester("approve", undone["id"], "--by", "Ann", **REVIEW).succeeded()
    harvester("apply", undone["id"], "--fingerprint", undone["fingerprint"], **REVIEW).succeeded()

    after = stands(amazon.state()[profile_id], ways)
    assert after == {each.key: "ENABLED" if ids[each.key] == edited else "PAUSED" for each in WANTED}
