"""Rules that ask the catalog, from end to end: what is asked, what is decided, what is said, and what goes wrong."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.command_line import Harvester, settings_for
from tests.acceptance.conftest import OpenMarket
from tests.acceptance.pretend_amazon import Fault, PretendAmazon, on
from tests.acceptance.records import Ledger

ITEMS = "/catalog/2022-04-01/items"
RULES = """\
version: 1
catalog: {own_brands: [Oakhurst]}
rules:
  - name: rivals-on-the-same-shelf
    match: {target_type: product}
    when:
      all:
        - clicks: {at_least: 5}
        - conversions: {at_least: 1}
        - own_brand: false
        - shared_category: {same: true}
        - price_ratio: {at_least: 0.5}
    then: {promote: {}}
  - name: not-our-family
    match: {target_type: product}
    when: {all: [{clicks: {at_least: 15}}, {conversions: {at_most: 0}}, {variation_of_own: false}]}
    then: {negate: {}}
  - name: words
    match: {target_type: keyword}
    when: {all: [{clicks: {at_least: 10}}, {conversions: {at_least: 2}}]}
    then: {promote: {}}
"""


@pytest.fixture
def amazon(markets: OpenMarket) -> PretendAmazon:
    """One profile, and a catalog that is strict about its pace but has a quick one."""
    return markets("--profiles", "1", "--catalog-rate", "50")


@pytest.fixture
def harvester(harvesters: Callable[[PretendAmazon, str], Harvester], amazon: PretendAmazon, dsn: str) -> Harvester:
    """With a Selling Partner login, and rules that need it."""
    made = harvesters(amazon, dsn)
    rules = made.folder / "catalog.yaml"
    rules.write_text(RULES)
    partner = amazon.ready["accounts"][0]["selling_partner"]
    made.environment |= settings_for(amazon, dsn) | {"HARVESTER_RULES_FILE": str(rules)}
    made.environment |= {
        f"HARVESTER_ACCOUNTS__FIRST__SELLING_PARTNER__{name.upper()}": value for name, value in partner.items()
    }
    made.environment["HARVESTER_ACCOUNTS__FIRST__SELLING_PARTNER__URL"] = amazon.ready["selling_partner_url"]
    return made


@pytest.fixture
def ledger(dsn: str) -> Ledger:
    return Ledger(dsn)


def looked_up(amazon: PretendAmazon) -> list[dict[str, Any]]:
    return [request for request in amazon.requests() if request["path"].startswith(ITEMS)]


def decisions(ledger: Ledger, run: str = "r1") -> dict[tuple[str, str, str], tuple[str, str]]:
    rows = ledger.rows(
        "SELECT ad_group_id, ad_id, target, outcome, reason FROM ledger.decisions WHERE run_id = $1", run
    )
    return {(row["ad_group_id"], row["ad_id"], row["target"]): (row["outcome"], row["reason"]) for row in rows}


def flat(text: str) -> str:
    """Without the line breaks of a narrow terminal."""
    return " ".join(text.split())


def test_the_catalog_decides_and_why_tells_it(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """Promoted and negated by facts, held where one is missing; each fact in a sentence; every call on record."""
    (plan,) = harvester("plan", "--json").succeeded().json["plans"]
    shown = harvester("show", plan["id"], "--all", "--json").succeeded().json
    reasons = {decision["reason"] for decision in shown["decisions"]}
    promoted = next(item for item in shown["items"] if item["rule"] == "rivals-on-the-same-shelf")
    held = next(decision for decision in shown["decisions"] if decision["reason"] == "missing_facts")

    assert plan["complete"] is True
    assert reasons >= {"rivals-on-the-same-shelf", "not-our-family", "missing_facts", "words", "not_proven"}
    assert "meets same lowest category as the advertised product" in flat(harvester("why", promoted["target"]).out)
    why_held = flat(harvester("why", held["target"]).succeeded().out)
    assert "Hold: facts that a rule asks for are missing." in why_held
    assert "cannot tell" in why_held
    assert "the catalog does not say enough" in why_held.lower()
    calls = ledger.rows("SELECT * FROM ledger.api_calls WHERE path LIKE $1", f"{ITEMS}%")
    assert len(calls) == len(looked_up(amazon)) > 0
    assert {call["profile_id"] for call in calls} == {plan["profile_id"]}


def test_only_what_a_rule_needs_is_asked_and_only_once(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """Products whose evidence passes, what they are compared with and their parents; nothing in a second run."""
    harvester("plan", "--json").succeeded()
    first = looked_up(amazon)
    asked = {asin for request in first for asin in request["query"].split("identifiers=")[1].split("&")[0].split(",")}
    proven = ledger.rows(
        "SELECT target, ad_asin FROM ledger.decisions WHERE target_type = 'ASIN' AND ("
        " (metrics->>'clicks')::float >= 5 AND (metrics->>'conversions')::float >= 1"
        " OR (metrics->>'clicks')::float >= 15 AND (metrics->>'conversions')::float = 0)"
    )

    allowed = {row["target"].strip().upper() for row in proven} | {row["ad_asin"] for row in proven}
    assert {asin for asin in asked if not asin.startswith("B0P")} <= allowed
    assert all("pageSize=20" in request["query"] for request in first)
    harvester("plan", "--json").succeeded()
    assert looked_up(amazon) == first
    assert decisions(ledger, "r2") == decisions(ledger)
    harvester("plan", "--json", CATALOG_MAX_AGE="0").succeeded()
    assert len(looked_up(amazon)) > len(first)


OVERCOME: list[Fault] = [
    on(ITEMS, {"status": 429}, nth=1),
    on(ITEMS, {"cut": 0.5}, nth=3),
    on(ITEMS, {"expire_tokens": True}, nth=5),
    on(ITEMS, {"status": 400}, nth=7),
    on(ITEMS, {"status": 503, "form": "html"}, nth=9),
    on(ITEMS, {"drop": "after"}, nth=10),
]
"""Quota exceeded, a cut body, a token that has expired, a batch refused for one product, a server that stumbles, and
an answer that is lost."""


def test_what_goes_wrong_is_overcome_or_said(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """Faults that pass change no decision. A catalog that stays away makes the run partial, holds its products, and
    stops nothing else.
    """
    harvester("plan", "--json").succeeded()
    undisturbed = decisions(ledger)

    ledger.execute("DELETE FROM harvester.catalog_item")
    amazon.begin(*OVERCOME)
    (plan,) = harvester("plan", "--json", API_PATIENCE="30").succeeded().json["plans"]
    assert amazon.fired() == [1] * len(OVERCOME)
    assert plan["complete"] is True
    assert decisions(ledger, "r2") == undisturbed

    ledger.execute("DELETE FROM harvester.catalog_item")
    amazon.begin(on(ITEMS, {"status": 503}))
    (plan,) = harvester("plan", "--json").failed(1).json["plans"]
    after = decisions(ledger, "r3")
    assert plan["complete"] is False
    assert {after[place][1] for place in after if after[place] != undisturbed[place]} == {"missing_facts"}
    assert any(reason == "words" for _, reason in after.values())
    troubles = ledger.value("SELECT array_to_string(troubles, '; ') FROM harvester.run ORDER BY run_id DESC LIMIT 1")
    assert troubles.startswith("catalog facts could not be read: GET /catalog/2022-04-01/items")


def test_rules_on_facts_need_a_login(harvester: Harvester, amazon: PretendAmazon) -> None:
    """Refused with file, line and key by whatever reads the rules, before anything is asked."""
    without = {
        f"ACCOUNTS__FIRST__SELLING_PARTNER__{name}": None
        for name in ("CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN", "URL")
    }
    sentence = "asks for a catalog fact, and no account has a Selling Partner login that could deliver it"
    seen = amazon.seen()

    checked = harvester("rules", "check", **without).failed(2)
    planned = harvester("plan", **without).failed(2)
    assert amazon.seen() == seen
    examined = harvester("doctor", "--json", **without).failed(1)

    (rules,) = [each["detail"] for each in examined.json["checks"] if each["what"] == "rules"]
    for said in (checked.out, planned.err, rules):
        assert f"catalog.yaml:10: rules[0].when.all[2].own_brand: {sentence}" in said
    assert "catalog.yaml:16: rules[1].when.all[2].variation_of_own" in checked.out


def test_the_doctor_asks_the_catalog(harvester: Harvester) -> None:
    """One line: it answers; or it does not, which setting to look at, and no secret."""
    well = harvester("doctor").succeeded()
    ill = harvester("doctor", ACCOUNTS__FIRST__SELLING_PARTNER__CLIENT_SECRET="canary-8f2a").failed(1)

    assert "account first, catalog: 127.0.0.1:" in well.out
    assert "HARVESTER_ACCOUNTS__FIRST__SELLING_PARTNER__CLIENT_SECRET" in ill.out
    assert "canary-8f2a" not in ill.out + ill.err


def test_an_account_without_a_login_holds_its_products(
    markets: OpenMarket, harvesters: Callable[[PretendAmazon, str], Harvester], harvester: Harvester, dsn: str
) -> None:
    """Of two accounts one can deliver facts; the other's products wait, and the doctor says why."""
    two = markets("--accounts", "2")
    both = harvesters(two, dsn)
    partner = two.ready["accounts"][0]["selling_partner"]
    both.environment |= {
        f"HARVESTER_ACCOUNTS__FIRST__SELLING_PARTNER__{name.upper()}": value for name, value in partner.items()
    }
    both.environment |= {
        "HARVESTER_ACCOUNTS__FIRST__SELLING_PARTNER__URL": two.ready["selling_partner_url"],
        "HARVESTER_RULES_FILE": harvester.environment["HARVESTER_RULES_FILE"],
    }

    examined = both("doctor").failed(1)
    plans = both("plan", "--json").succeeded().json["plans"]

    assert (
        "account second, catalog: rules ask for catalog facts, and this account has no Selling Partner login"
        in flat(examined.out)
    )
    seconds = next(plan for plan in plans if plan["account"] == "second")
    decided = both("show", seconds["id"], "--all", "--json").succeeded().json["decisions"]
    assert {row["reason"] for row in decided if row["rule"] in ("rivals-on-the-same-shelf", "not-our-family")} == {
        "missing_facts"
    }
