"""What became of what was done, through the command line: verdicts, a plan for what is regretted, and the score."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.acceptance.command_line import Harvester
from tests.acceptance.partner import REVIEW
from tests.acceptance.pretend_amazon import PretendAmazon
from tests.acceptance.records import Ledger

AWAY = {"ACCOUNTS__FIRST__ADS_URL": "http://127.0.0.1:1", "API_PATIENCE": "1"}
ASKED = datetime.now(UTC)
TOMORROW = (ASKED + timedelta(days=1)).date().isoformat()
DAYS_AGO = 43
MADE = (ASKED - timedelta(days=DAYS_AGO)).date()
"""Nearly, wherever the profile is: a day more or less is in."""


def done_long_ago(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A plan, and what of it was promoted and negated six weeks ago; all days since a quarter are in."""
    profile = amazon.profiles[0]
    (plan,) = harvester("plan", "--profile", profile, "--json", **REVIEW).succeeded().json["plans"]
    for kind in ("promote_keyword", "negate_keyword", "negate_product"):
        harvester("approve", plan["id"], "--kind", kind, "--guarded", "--by", "Ann", **REVIEW)
    harvester("apply", plan["id"], "--fingerprint", plan["fingerprint"], **REVIEW)
    ledger.execute(
        f"UPDATE harvester.action SET settled_at = settled_at - interval '{DAYS_AGO} days' WHERE state = 'done'"
    )
    ledger.execute(
        "INSERT INTO harvester.report (profile_id, kind, first_day, last_day, state, asked_at, settled_at) "
        "SELECT $1, kind, $2, $2, 'loaded', $3, $3 FROM unnest('{search_terms,targeting}'::text[]) AS kind",
        profile, MADE, ASKED,
    )  # fmt: skip
    ledger.execute(
        "INSERT INTO harvester.report_day SELECT profile_id, kind, first_day + days, asked_at, number "
        "FROM harvester.report CROSS JOIN generate_series(-60, $1) AS days",
        DAYS_AGO,
    )
    return plan, [each for each in harvester("show", plan["id"], "--json").json["items"] if each["state"] == "done"]


def a_term(ledger: Ledger, item: dict[str, Any], profile: str, orders: int) -> None:
    ledger.execute(
        "INSERT INTO harvester.search_term_day VALUES ($1, $2, $3, $4, '7', $5, $5, 'x', 'x', 900, 30, 30000000, $6, $7)",
        profile, MADE - timedelta(days=9), item["campaign_id"], item["ad_group_id"], item["key"], orders,
        orders * 25_000_000,
    )  # fmt: skip


def a_target(ledger: Ledger, item: dict[str, Any], profile: str, orders: int) -> None:
    ledger.execute(
        "INSERT INTO harvester.targeting_day VALUES ($1, $2, '1', '1', $3, 'x', 'EXACT', 900, 50, 20000000, $4, $5)",
        profile, MADE + timedelta(days=9), item["amazon_id"], orders, orders * 25_000_000,
    )  # fmt: skip


def test_what_is_regretted_gets_a_plan_that_takes_it_back(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Made once, as soon as Amazon can be asked, and approved by nobody but a person; applied, what it regretted is gone
    and everything else stands. Verdicts and scores read well on the way.
    """
    profile = amazon.profiles[0]
    plan, done = done_long_ago(harvester, amazon, ledger)
    sells, fails = [each for each in done if each["kind"] == "promote_keyword"][:2]
    late, saves = [each for each in done if each["kind"].startswith("negate_")][:2]
    a_target(ledger, sells, profile, 3)
    a_target(ledger, fails, profile, 0)
    a_term(ledger, late, profile, 1)
    a_term(ledger, saves, profile, 0)

    away = harvester("outcomes", "--profile", profile, "--json", **AWAY, **REVIEW).failed().json
    assert [each["profile_id"] for each in away["failed"]] == [profile]
    assert "no plan was made for what is regretted" in away["failed"][0]["reason"]
    said = harvester("outcomes", "--json", **REVIEW).succeeded().json
    verdicts = {each["action_id"]: (each["verdict"], each["reason"]) for each in said["outcomes"]}
    assert verdicts[sells["id"]] == ("good", "sells")
    assert verdicts[fails["id"]] == ("regretted", "no_orders")
    assert verdicts[late["id"]] == ("regretted", "sold_late")
    assert verdicts[saves["id"]] == ("good", "saves")
    assert said["complete"]
    (undo,) = said["opened_plans"]
    reads_well(harvester, late["rule"], undo)
    told = " ".join(harvester("why", late["target"], "--profile", profile).succeeded().out.split())
    assert (
        told.count("After 42 days: regretted, sold: 1 order in the days before it, of which its decision saw 0.") == 1
    )
    assert f"Plan {undo} would take it back." in told
    chapter, *_ = harvester("why", "--id", late["amazon_id"], "--json").succeeded().json["actions"]
    assert chapter["outcome"]["reason"] == "sold_late"
    assert "After 42 days: regretted" in harvester("why", "--id", late["amazon_id"]).succeeded().out
    scores_well(harvester, late["rule"])

    shown = harvester("show", undo, "--json").succeeded().json
    notes = {each["kind"]: each["note"] for each in shown["items"]}
    assert {each["state"] for each in shown["items"]} == {"planned"}
    assert notes[late["kind"].replace("negate", "archive_negative")].endswith(
        "Regretted: sold: 1 order in the days before it, of which its decision saw 0."
    )
    assert "Regretted: does not sell: 50 clicks and 20.00 USD without an order in 30 days." in notes["pause_keyword"]
    harvester("approve", undo, "--by", "Ann", **REVIEW).succeeded()
    harvester("apply", undo, "--fingerprint", shown["fingerprint"], **REVIEW).succeeded()
    rows = harvester("outcomes", "--json", **REVIEW).succeeded().json
    assert rows["opened_plans"] == []
    assert {each["action_id"] for each in rows["outcomes"] if each["undo_plan_id"] == undo} == {fails["id"], late["id"]}
    states = {each["action_id"]: each["state"] for each in rows["outcomes"]}
    assert [states[each["id"]] for each in (sells, fails, late, saves)] == ["done", "undone", "undone", "done"]
    fetches_for_what_is_new(harvester, ledger, plan)


def fetches_for_what_is_new(harvester: Harvester, ledger: Ledger, plan: dict[str, Any]) -> None:
    """Both reports, though no rule names them: readings are to come again."""
    ledger.execute("DELETE FROM harvester.report_day WHERE day > $1", MADE + timedelta(days=DAYS_AGO - 5))
    before = ledger.value("SELECT max(number) FROM harvester.report")
    assert harvester("outcomes", "--fetch", "--json", **REVIEW).succeeded().json["failed"] == []
    assert ledger.value("SELECT max(number) FROM harvester.report") == before, "nothing is needed yet"
    harvester("approve", plan["id"], "--kind", "promote_product", "--guarded", "--by", "Ann", **REVIEW).succeeded()
    harvester("apply", plan["id"], "--fingerprint", plan["fingerprint"], **REVIEW)
    assert harvester("outcomes", "--fetch", "--json", **REVIEW).succeeded().json["failed"] == []
    fetched = ledger.rows("SELECT DISTINCT kind FROM harvester.report WHERE number > $1 AND state = 'loaded'", before)
    assert {row["kind"] for row in fetched} == {"search_terms", "targeting"}


def reads_well(harvester: Harvester, rule: str, undo: str) -> None:
    """In sentences, within 80 columns; by rule and by time."""
    told = harvester("outcomes", "--rule", rule, **REVIEW).succeeded().out
    words = " ".join(told.split())
    assert "sold: 1 order in the days before it, of which its decision saw 0" in words
    assert "saves: 30 clicks, 30.00 USD and no order in 30 days before it, nothing since" in words
    assert f"to take it back: harvester show {undo}" in words
    assert "promote" not in told
    assert told.startswith("Sandbox Store 1 (US), profile 1034000000000000\n")
    assert words.index("regretted") < words.index("good"), "what waits for a person stands first"
    assert "  regretted  -25.00 USD\n" in told
    assert "  good  +30.00 USD\n" in told
    assert max(len(line) for line in told.splitlines()) <= 80
    assert (
        harvester("outcomes", "--since", TOMORROW).out
        == "nothing that was promoted or negated fits the options given\n"
    )
    regretted = harvester("outcomes", "--rule", rule, "--verdict", "regretted", "--json", **REVIEW).json["outcomes"]
    assert [each["verdict"] for each in regretted] == ["regretted"]
    assert "this profile is not known" in harvester("outcomes", "--profile", "1").failed().err


def scores_well(harvester: Harvester, rule: str) -> None:
    """The share of mistakes with its interval, and money; the same as a table."""
    rules = harvester("rules", "score", "--json").succeeded().json["rules"]
    (score,) = [each for each in rules if each["rule"] == rule]
    assert (score["regretted"], score["false_negatives"]["regretted"]) == (1, 1)
    assert score["false_negatives"]["low"] < score["false_negatives"]["rate"] < score["false_negatives"]["high"]
    assert score["money"] == [{"currency": "USD", "saved": "30.00", "lost": "25.00"}]
    table = harvester("rules", "score").succeeded().out
    assert max(len(line) for line in table.splitlines()) <= 80
    assert "30 USD" in table
    assert harvester("rules", "score", "--since", TOMORROW, "--json").json == {"rules": [], "failed": []}
    strange = harvester("rules", "score", "--profile", "1", "--json").failed().json
    assert strange == {"rules": [], "failed": [{"profile_id": "1", "reason": "this profile is not known"}]}
    assert "profile 1: this profile is not known" in harvester("rules", "score", "--profile", "1").failed().err
