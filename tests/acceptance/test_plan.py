"""One dry run from end to end: what is printed, what is kept, what was asked, and that nothing was changed."""

import json
from collections import Counter
from typing import Any

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.conftest import CleanRun
from tests.acceptance.pretend_amazon import PretendAmazon, paths
from tests.acceptance.records import Ledger
from tests.contracts.spec import Spec

SPONSORED = Spec.load("sponsored-products")

PLAN = {
    "id": str,
    "profile_id": str,
    "account": str,
    "run_id": str,
    "state": str,
    "complete": bool,
    "fingerprint": str,
    "mode": str,
    "created_at": str,
    "ruleset_fingerprint": str,
    "counts": dict,
}
COUNTS = {"candidates", "promote", "negate", "hold", "skip", "actions", "guarded"}
ITEM = (
    "id, kind, state, target, match, level, campaign_id, campaign_name, ad_group_id, ad_group_name, group_id, asin, "
    "clicks, conversions, bid, rule, reason, amazon_id, error, request"
)
VIEWS = {
    "runs": "run_id, profile_id, account, source, trigger, mode, ruleset_fingerprint, started_at, finished_at, state, "
    "pages, recommendations",
    "recommendations": "run_id, profile_id, source, campaign_id, ad_group_id, ad_id, ad_asin, target, target_type, "
    "metrics, seen_at",
    "decisions": "decision_id, run_id, profile_id, decided_at, source, campaign_id, ad_group_id, ad_id, ad_asin, "
    "target, target_type, metrics, outcome, reason, rule, findings, plan_id",
    "actions": "action_id, plan_id, decision_id, profile_id, kind, target, match, level, campaign_id, ad_group_id, "
    "group_id, bid, currency, state, attempts, amazon_id, error_code, error_message, planned_at, reviewed_by, "
    "reviewed_at, sent_at, settled_at",
    "api_calls": "call_id, run_id, plan_id, profile_id, at, method, path, status, request_id, duration_ms, attempt, "
    "request_body, response_body, error",
    "action_calls": "action_id, call_id, position",
    "action_decisions": "action_id, decision_id",
}
READING = {"GET /v2/profiles", "POST /auth/o2/token", "POST /sp/targetPromotionGroups/recommendations"}


def has_shape(value: dict[str, Any], shape: dict[str, type]) -> bool:
    return all(isinstance(value[name], kind) for name, kind in shape.items())


def test_plan_prints_one_plan_for_every_profile(clean: CleanRun) -> None:
    """Plans without their items, each whole, with counts that add up, and not a word on standard error."""
    assert clean.result.json.keys() == {"plans", "failed"}
    assert clean.result.json["failed"] == []
    assert clean.result.err == ""
    assert [plan["profile_id"] for plan in clean.plans] == sorted(clean.before)
    for plan in clean.plans:
        counts = plan["counts"]
        assert has_shape(plan, PLAN)
        assert "items" not in plan
        assert (plan["state"], plan["mode"], plan["complete"]) == ("planned", "dry-run", True)
        assert counts.keys() == COUNTS
        assert counts["candidates"] == sum(counts[outcome] for outcome in ("promote", "negate", "hold", "skip"))
        assert min(counts[name] for name in COUNTS - {"guarded"}) > 0


def test_plans_lists_what_plan_printed(clean: CleanRun) -> None:
    """The same plans in the same form, the newest first."""
    listed = clean.harvester("plans", "--json").succeeded().json["plans"]

    assert sorted(listed, key=lambda plan: plan["profile_id"]) == clean.plans
    assert [plan["created_at"] for plan in listed] == sorted((plan["created_at"] for plan in listed), reverse=True)


def test_show_prints_the_plan_with_items_and_decisions(clean: CleanRun) -> None:
    """Items as documented, and under --all every decision with the columns of ledger.decisions."""
    plan = clean.plans[0]
    whole = clean.show(plan["id"], "--all")

    assert plan.items() <= whole.items()
    assert len(whole["items"]) == plan["counts"]["actions"]
    assert len(whole["decisions"]) == plan["counts"]["candidates"]
    assert all(item.keys() >= set(ITEM.split(", ")) for item in whole["items"])
    assert any(item["bid"] for item in whole["items"])
    assert all(item["bid"] is None or item["bid"].keys() == {"amount", "currency"} for item in whole["items"])
    kept = clean.ledger.rows(
        f"SELECT {VIEWS['decisions']} FROM ledger.decisions WHERE plan_id = $1 ORDER BY place", plan["id"]
    )
    for row in kept:
        row["decided_at"] = row["decided_at"].isoformat()
    assert [{name: decision[name] for name in kept[0]} for decision in whole["decisions"]] == kept
    assert clean.show(plan["id"]).keys() == whole.keys() - {"decisions"}


def test_every_recommendation_has_exactly_one_decision(clean: CleanRun, amazon: PretendAmazon) -> None:
    """What the account holds for its enabled automatic ad groups is what was judged, row for row."""
    ledger = clean.ledger
    for profile_id in amazon.profiles:
        sources = amazon.source_ad_groups(profile_id)
        held = Counter(
            (row["campaignId"], row["adGroupId"], row["adId"], row["recommendedTarget"], row["targetType"])
            for row in amazon.recommendations(profile_id)
            if row["adGroupId"] in sources
        )
        judged = Counter(
            (row["campaign_id"], row["ad_group_id"], row["ad_id"], row["target"], row["target_type"])
            for row in ledger.rows("SELECT * FROM ledger.decisions WHERE profile_id = $1", profile_id)
        )
        assert held
        assert judged == held
    assert ledger.places_have_no_gap()
    assert ledger.value("SELECT count(DISTINCT decision_id) = count(*) FROM ledger.decisions")
    assert ledger.value("SELECT count(*) FROM ledger.decisions WHERE reason = '' OR plan_id IS NULL") == 0
    outcomes = ledger.value("SELECT array_agg(DISTINCT outcome) FROM ledger.decisions")
    assert set(outcomes) == {"promote", "negate", "hold", "skip"}


def test_items_lead_back_to_their_decisions(clean: CleanRun) -> None:
    """Every promote and negate decision is in an item, and no item is without one."""
    lost = clean.ledger.rows(
        "SELECT decision_id FROM ledger.decisions WHERE outcome IN ('promote', 'negate') "
        "AND decision_id NOT IN (SELECT decision_id FROM ledger.action_decisions)"
    )
    orphans = clean.ledger.rows(
        "SELECT action_id FROM ledger.actions WHERE action_id NOT IN (SELECT action_id FROM ledger.action_decisions)"
    )
    assert lost == []
    assert orphans == []
    kinds = clean.ledger.value("SELECT array_agg(DISTINCT kind) FROM ledger.actions")
    assert set(kinds) == {"create_group", "promote_keyword", "promote_product", "negate_keyword", "negate_product"}


@pytest.mark.parametrize("view", VIEWS)
def test_the_views_have_their_columns(view: str, clean: CleanRun) -> None:
    """What analysts were promised can be selected by name, and is there once a run is over."""
    rows = clean.ledger.rows(f"SELECT {VIEWS[view]} FROM ledger.{view}")

    assert rows if view != "action_calls" else rows == []


def test_every_call_is_recorded(clean: CleanRun) -> None:
    """The ledger's calls are the requests that Amazon saw, with profile, body and status."""
    kept = clean.calls
    assert paths(kept) == paths(clean.requests)

    def told(rows: list[dict[str, Any]], profile: str, body: str) -> Counter[tuple[Any, ...]]:
        return Counter(
            (row["method"], row["path"], row[profile], row["status"], row[body] or None)
            for row in rows
            if not row["path"].startswith("/auth/")
        )

    assert told(kept, "profile_id", "request_body") == told(clean.requests, "profile", "raw")
    assert all(row["run_id"] for row in kept if row["path"].startswith("/sp/"))
    assert all(row["request_id"] and row["duration_ms"] > 0 and row["error"] is None for row in kept)
    assert all(len(row["response_body"].encode()) <= 4096 for row in kept if row["response_body"])


def test_a_dry_run_changes_nothing(clean: CleanRun) -> None:
    """The account is what it was, and nothing but reading calls arrived."""
    asked = set(paths(clean.requests))

    assert clean.after == clean.before
    assert {path for path in asked if not path.endswith("/list")} == READING
    assert not any(request["answer"] for request in clean.requests)


def test_the_requests_shown_are_what_amazon_accepts(clean: CleanRun) -> None:
    """Each body fits the official specification and carries the plan's own items, each once, and nothing else."""
    for plan in clean.plans:
        items = {item["id"]: item for item in clean.show(plan["id"])["items"]}
        calls = clean.show(plan["id"], "--requests")["requests"]

        for call in calls:
            headers = {
                "Content-Type": call["media_type"],
                "Accept": call["media_type"],
                "Amazon-Advertising-API-Scope": plan["profile_id"],
                "Amazon-Advertising-API-ClientId": "client",
            }
            SPONSORED.validate_request(call["method"], call["path"], headers, call["body"])
            assert fragments_of(call) == [items[item]["request"] for item in call["items"]]
        sendable = [item["id"] for item in items.values() if item["state"] != "held"]
        assert sorted(item for call in calls for item in call["items"]) == sorted(sendable)


def fragments_of(call: dict[str, Any]) -> list[Any]:
    """What a body says of each item."""
    body = json.loads(call["body"])
    lists = [value for value in body.values() if isinstance(value, list)]
    return lists[0] if lists else [body]


def test_a_second_run_replaces_the_plan_of_the_first(harvester: Harvester, ledger: Ledger) -> None:
    """Nobody reviewed the first plans, so their items are superseded, and the second plans say the same."""
    first, second = (harvester("plan", "--json").succeeded().json["plans"] for _ in range(2))

    assert [plan["fingerprint"] for plan in first] == [plan["fingerprint"] for plan in second]
    assert not {plan["run_id"] for plan in first} & {plan["run_id"] for plan in second}
    states = {plan["id"]: plan["state"] for plan in harvester("plans", "--json").succeeded().json["plans"]}
    assert [states[plan["id"]] for plan in (*first, *second)] == ["superseded"] * 3 + ["planned"] * 3
    left = ledger.rows("SELECT state FROM ledger.actions WHERE plan_id = ANY ($1)", [plan["id"] for plan in first])
    assert {row["state"] for row in left} == {"superseded"}
