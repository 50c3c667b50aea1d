"""Whatever can go wrong while reading: what is overcome leaves no trace in the plan, what is not is said."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.conftest import CleanRun, OpenMarket
from tests.acceptance.pretend_amazon import RECOMMENDATIONS, Fault, PretendAmazon, on
from tests.acceptance.records import Ledger

LISTS = "/sp/*"
CAMPAIGNS = "/sp/campaigns/list"
KEYWORDS = "/sp/keywords/list"
NEGATIVES = "/sp/negativeKeywords/list"
PROFILES = ("1034000000000000", "1041919000000007")
"""Two of the sandbox's three."""

OVERCOME: dict[str, list[Fault]] = {
    "the token ends in the middle": [on(LISTS, {"expire_tokens": True}, nth=[7, 15])],
    "a token ends before its time is over": [on(LISTS, {"status": 401}, nth=4)],
    "429 as HTML without Retry-After": [on(LISTS, {"status": 429, "form": "html"}, every=9)],
    "429 with Retry-After": [on(LISTS, {"status": 429, "headers": {"Retry-After": "1"}}, nth=[3, 10])],
    "429 with a Retry-After that says nothing": [
        on(LISTS, {"status": 429, "form": "message", "headers": {"Retry-After": "soon"}}, nth=3),
        on(LISTS, {"status": 429, "form": "empty", "headers": {"Retry-After": "-7"}}, nth=9),
    ],
    "a body cut short": [on(LISTS, {"cut": 0.4}, nth=[2, 12]), on(RECOMMENDATIONS, {"cut": 0.9}, nth=2)],
    "an answer that takes its time": [on(LISTS, {"hang_seconds": 2}, nth=[4, 11])],
    "500 as JSON": [on(LISTS, {"status": 500}, every=8)],
    "502 as HTML": [on(LISTS, {"status": 502, "form": "html"}, every=8)],
    "503 as text": [on(LISTS, {"status": 503, "form": "text"}, every=8)],
    "504 without a body": [on(LISTS, {"status": 504, "form": "empty"}, every=8)],
    "a connection that breaks": [on(LISTS, {"drop": "before"}, nth=5), on(LISTS, {"drop": "after"}, nth=13)],
    "success as plain JSON": [on("*", {"plain_json": True})],
    "empty pages with a token": [
        on(path, {"empty_page": True}, nth=1, profile=profile)
        for path in (RECOMMENDATIONS, CAMPAIGNS, KEYWORDS, NEGATIVES)
        for profile in PROFILES
    ],
    "Login with Amazon stumbles": [on("/auth/*", {"lwa_error": "server_error"}, nth=1)],
    "states nobody knows": [on("/sp/*/list", {"set_field": {"field": "servingStatus", "value": "ON_THE_MOON"}})],
}


def planned(harvester: Harvester) -> Any:
    answer = harvester("plan", "--json").succeeded().json
    assert answer["failed"] == []
    return answer["plans"]


@pytest.mark.parametrize("name", OVERCOME)
def test_what_can_be_overcome_leaves_no_trace(
    name: str, harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, clean: CleanRun
) -> None:
    """The same decisions, the same plans to the last byte, and every attempt on record."""
    amazon.begin(*OVERCOME[name])

    planned(harvester)

    assert all(amazon.fired())
    assert ledger.decided() == clean.ledger.decided()
    assert ledger.plans() == clean.ledger.plans()
    assert ledger.value("SELECT count(*) FROM ledger.api_calls") == amazon.seen()


@pytest.mark.parametrize("dialect", ["guide", "mixed"])
def test_every_dialect_gives_the_same_plans(
    dialect: str,
    markets: OpenMarket,
    harvesters: Callable[[PretendAmazon, str], Harvester],
    dsn: str,
    ledger: Ledger,
    clean: CleanRun,
) -> None:
    """Target types and metrics as the guide prints them mean what they mean in the specification."""
    planned(harvesters(markets("--dialect", dialect), dsn))

    planned_for = ledger.plans()
    other = frozenset({"target_type", "metrics"})
    only_here = ledger.decided(without=other) - clean.ledger.decided(without=other)
    unsupported = ledger.value("SELECT count(*) FROM ledger.decisions WHERE reason = 'unsupported_type'")
    assert unsupported == sum(only_here.values()) == 3
    assert all("PRODUCT_CATEGORY" in row for row in only_here)
    assert {profile: plan[0] for profile, plan in planned_for.items()} == {
        profile: plan[0] for profile, plan in clean.ledger.plans().items()
    }
