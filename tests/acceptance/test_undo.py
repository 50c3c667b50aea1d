"""Every way to say what is to be taken back."""

from typing import Any

from tests.acceptance.command_line import Harvester
from tests.acceptance.partner import REVIEW
from tests.acceptance.pretend_amazon import PretendAmazon


def test_what_to_undo_can_be_said_in_four_ways(harvester: Harvester, amazon: PretendAmazon) -> None:
    """By plan, item, run and time the same is found; what was named and is not done is told; nothing else is touched."""
    profile = amazon.profiles[0]
    (plan,) = harvester("plan", "--profile", profile, "--json", **REVIEW).succeeded().json["plans"]
    harvester("approve", plan["id"], "--kind", "promote_keyword", "--by", "Ann", **REVIEW).succeeded()
    waiting = next(item["id"] for item in items(harvester, plan["id"]) if item["state"] == "planned")
    harvester("apply", plan["id"], "--fingerprint", plan["fingerprint"], **REVIEW)
    done = [item["id"] for item in items(harvester, plan["id"]) if item["state"] == "done"]

    def undo(*arguments: str) -> Any:
        return harvester("undo", *arguments, "--json", **REVIEW)

    for what in ([plan["id"]], ["--run", plan["run_id"]], ["--since", "2026-01-01", "--profile", profile]):
        undone = undo(*what).succeeded().json
        notes = {item["note"] for item in items(harvester, undone["plan"]["id"])}
        assert notes == {f"Takes back item {each} of plan {plan['id']}." for each in done}
        assert undone["left_alone"] == []
    one = undo(plan["id"], "--item", done[0], "--item", waiting).succeeded().json
    assert [item["target"] for item in items(harvester, one["plan"]["id"])] == [
        item["target"] for item in items(harvester, plan["id"]) if item["id"] == done[0]
    ]
    assert one["left_alone"] == [{"item": waiting, "reason": "it is not done"}]
    assert "nothing of that is done" in undo(one["plan"]["id"], "--item", done[0]).failed().json["error"]
    assert "nothing of that is done" in undo("--since", "2099-01-01", "--profile", profile).failed().json["error"]


def test_what_waits_for_its_group_says_so(harvester: Harvester, amazon: PretendAmazon) -> None:
    """The same command again would change nothing: the item that makes the group has to be approved first."""
    (plan,) = harvester("plan", "--profile", amazon.profiles[0], "--json", **REVIEW).succeeded().json["plans"]
    harvester("approve", plan["id"], "--kind", "promote_keyword", "--by", "Ann", **REVIEW).succeeded()
    apply = ("apply", plan["id"], "--fingerprint", plan["fingerprint"])

    told = harvester(*apply, **REVIEW).failed().out
    again = harvester(*apply, "--json", **REVIEW).failed().json

    shown = items(harvester, plan["id"])
    makers = {item["source_ad_group_id"]: item for item in shown if item["kind"] == "create_group"}
    waiting = [makers[item["source_ad_group_id"]] for item in shown if item["state"] == "approved"]
    assert waiting
    assert again["waiting"] == len(waiting) == sum(reason["items"] for reason in again["reasons"])
    for maker in waiting:
        reason = f"item {maker['id']} is to make the promotion group first, and is {maker['state']}"
        assert reason in told
        assert reason in {each["reason"] for each in again["reasons"]}
    assert "once nothing stands in their way" in told


def items(harvester: Harvester, plan_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = harvester("show", plan_id, "--json").succeeded().json["items"]
    return found
