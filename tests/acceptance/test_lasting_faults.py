"""What does not go away: one list, one profile or one login fails, says why, and stops nobody else."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.command_line import PATIENCE_SECONDS, Harvester, Result
from tests.acceptance.conftest import CleanRun, OpenMarket
from tests.acceptance.pretend_amazon import RECOMMENDATIONS, PretendAmazon, on
from tests.acceptance.records import Ledger

Harvesters = Callable[[PretendAmazon, str], Harvester]
SECOND_LOGIN = "*sandbox0002*"
JUDGED_BEFORE_REPEATS = {"malformed", "unsupported_type", "unreadable_evidence", "protected", "own_product"}
SUPPORTING = ["/sp/adGroups/list", "/sp/keywords/list", "/sp/negativeTargets/list", "/sp/targetPromotionGroups/list"]


@pytest.fixture
def large(markets: OpenMarket) -> PretendAmazon:
    """One profile with three pages of recommendations."""
    return markets("--profiles", "1", "--recommendations", "2600")


def plan(harvester: Harvester) -> Result:
    """A run in which something went wrong, and nothing unforeseen."""
    return harvester("plan", "--json").failed()


def failures(result: Result) -> dict[str | None, str]:
    return {failure["profile_id"]: failure["reason"] for failure in result.json["failed"]}


def only_the_first_fails(result: Result, amazon: PretendAmazon, ledger: Ledger, clean: CleanRun) -> str:
    """The sentence about it; the other profiles have the plans of a clean run."""
    first, *others = amazon.profiles
    assert [each["profile_id"] for each in result.json["plans"]] == others
    assert list(failures(result)) == [first]
    clean_plans = clean.ledger.plans()
    assert ledger.plans() == {profile: clean_plans[profile] for profile in others}
    reason = failures(result)[first]
    run = ledger.runs()[first]
    assert (run["state"], run["error"]) == ("failed", reason)
    assert run["finished_at"] is not None
    return reason


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        ("invalid_grant", "authorise the app again and set HARVESTER_ACCOUNTS__SECOND__REFRESH_TOKEN"),
        ("invalid_client", "set HARVESTER_ACCOUNTS__SECOND__CLIENT_SECRET"),
    ],
)
def test_a_refused_login_fails_alone(
    error: str, advice: str, harvesters: Harvesters, two_logins: PretendAmazon, dsn: str, clean: CleanRun
) -> None:
    """The sentence says what to do; the other login's profiles are planned."""
    two_logins.fail(on("/auth/*", {"lwa_error": error}, body=SECOND_LOGIN))

    result = plan(harvesters(two_logins, dsn))

    first, _ = two_logins.ready["accounts"]
    assert [each["profile_id"] for each in result.json["plans"]] == sorted(first["profiles"])
    ((profile_id, reason),) = failures(result).items()
    assert profile_id is None
    assert result.json["failed"][0]["account"] == "second"
    assert advice in reason


def test_a_grant_revoked_later_fails_every_profile_it_served(
    harvesters: Harvesters, two_logins: PretendAmazon, dsn: str
) -> None:
    """Known profiles are named; once the grant is back, everything is as before."""
    harvester = harvesters(two_logins, dsn)
    (theirs,) = two_logins.ready["accounts"][1]["profiles"]
    assert len(harvester("plan", "--json").succeeded().json["plans"]) == 3
    two_logins.fail(on("/auth/*", {"lwa_error": "invalid_grant"}, body=SECOND_LOGIN))

    assert list(failures(plan(harvester))) == [theirs]
    two_logins.fail()
    assert len(harvester("plan", "--json").succeeded().json["plans"]) == 3


def test_a_grant_revoked_in_the_middle_fails_what_is_under_way(
    harvesters: Harvesters, two_logins: PretendAmazon, dsn: str, ledger: Ledger
) -> None:
    """The run is recorded as failed, with the sentence that says what to do."""
    (theirs,) = two_logins.ready["accounts"][1]["profiles"]
    two_logins.fail(
        on("/sp/keywords/list", {"expire_tokens": True}, nth=1, profile=theirs),
        on("/auth/*", {"lwa_error": "invalid_grant"}, body=SECOND_LOGIN, skip=1),
    )

    result = plan(harvesters(two_logins, dsn))

    assert list(failures(result)) == [theirs]
    run = ledger.runs()[theirs]
    assert run["state"] == "failed"
    assert "HARVESTER_ACCOUNTS__SECOND__REFRESH_TOKEN" in run["error"]


@pytest.mark.parametrize("path", SUPPORTING)
def test_an_unreadable_list_of_what_exists_leaves_no_plan(
    path: str, harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, clean: CleanRun
) -> None:
    """Overlap would be unknown, so the profile has no plan, and the sentence names the list."""
    amazon.begin(on(path, {"cut": 0.5}, profile=amazon.profiles[0]))

    reason = only_the_first_fails(plan(harvester), amazon, ledger, clean)

    assert path in reason
    assert "cut short" in reason


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ({"status": 501}, "501"),
        ({"status": 403}, "403 ACCESS_DENIED"),
        ({"status": 401}, "401"),
        ({"status": 429, "form": "html"}, "429"),
        ({"status": 503, "form": "text"}, "503"),
        ({"drop": "before"}, "connection"),
    ],
    ids=str,
)
def test_a_profile_that_is_refused_for_good_fails_alone(
    action: dict[str, Any], words: str, harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, clean: CleanRun
) -> None:
    """Within our patience, whatever Amazon's refusal looks like, while the others finish."""
    amazon.begin(on("/sp/*", action, profile=amazon.profiles[0]))
    started = time.monotonic()

    reason = only_the_first_fails(plan(harvester), amazon, ledger, clean)

    assert time.monotonic() - started < 10 * PATIENCE_SECONDS
    assert words in reason


def test_a_list_of_what_exists_that_goes_round_leaves_no_plan(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, clean: CleanRun
) -> None:
    """A page token that comes again ends the list; nobody asks for ever."""
    amazon.begin(on("/sp/productAds/list", {"repeat_token": True}, profile=amazon.profiles[0]))

    assert "came again" in only_the_first_fails(plan(harvester), amazon, ledger, clean)


@pytest.mark.parametrize(
    ("action", "words"),
    [
        ({"cut": 0.5}, "cut short"),
        ({"status": 429, "form": "html"}, "429"),
        ({"status": 500, "form": "text"}, "500"),
        ({"drop": "before"}, "connection"),
        ({"status": 400}, "page token was refused"),
    ],
    ids=str,
)
def test_recommendations_that_break_off_leave_a_partial_plan(
    action: dict[str, Any], words: str, harvesters: Harvesters, large: PretendAmazon, dsn: str, ledger: Ledger
) -> None:
    """The plan is made of the page that was read, says so everywhere, and the exit code is 1."""
    large.begin(on(RECOMMENDATIONS, action, body="*nextToken*"))
    harvester = harvesters(large, dsn)

    result = plan(harvester)

    (made,) = result.json["plans"]
    assert result.json["failed"] == []
    assert made["complete"] is False
    assert made["counts"]["candidates"] == 1000
    assert made["counts"]["actions"] > 0
    (trouble,) = made["troubles"]
    assert words in trouble
    (run,) = ledger.runs().values()
    assert (run["state"], run["pages"], run["recommendations"], run["troubles"]) == ("partial", 1, 1000, [trouble])
    assert harvester("show", made["id"], "--json").succeeded().json["complete"] is False
    assert trouble[:40] in harvester("show", made["id"], "--markdown").succeeded().out


def test_recommendations_that_never_come_leave_an_empty_partial_plan(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, clean: CleanRun
) -> None:
    """Nothing was read, so nothing is planned; the profile is not complete, and the others are."""
    first, *others = amazon.profiles
    amazon.begin(on(RECOMMENDATIONS, {"status": 503}, profile=first))

    made = {each["profile_id"]: each for each in plan(harvester).json["plans"]}

    assert (made[first]["state"], made[first]["complete"]) == ("empty", False)
    clean_plans = clean.ledger.plans()
    assert all(ledger.plans()[profile] == clean_plans[profile] for profile in others)


def test_recommendations_that_go_round_leave_a_partial_plan(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, clean: CleanRun
) -> None:
    """Rows that came again are duplicates; everything else is judged as in a clean run."""
    amazon.begin(on(RECOMMENDATIONS, {"repeat_token": True}))

    made = plan(harvester).json["plans"]

    assert [each["complete"] for each in made] == [False, False, False]
    assert all("came again" in each["troubles"][0] for each in made)
    assert clean.ledger.decided() - ledger.decided() == {}
    again = [json.loads(row) for row in (ledger.decided() - clean.ledger.decided()).elements()]
    assert len(again) == sum(clean.ledger.decided().values())
    assert {row["reason"] for row in again} <= JUDGED_BEFORE_REPEATS | {"duplicate"}


def test_rows_that_come_again_are_planned_once(
    harvesters: Harvesters, large: PretendAmazon, dsn: str, ledger: Ledger
) -> None:
    """A page that repeats the first page's rows costs nothing but their numbers."""
    large.begin(on(RECOMMENDATIONS, {"repeat_rows": True}, nth=2))

    (made,) = harvesters(large, dsn)("plan", "--json").succeeded().json["plans"]

    assert made["complete"] is True
    identity = "(campaign_id, ad_group_id, ad_id, target, target_type)"
    assert ledger.value(f"SELECT count(*) - count(DISTINCT {identity}) FROM ledger.decisions") == 1000
    assert ledger.value("SELECT count(*) FROM ledger.decisions WHERE reason = 'duplicate'") > 900
    assert ledger.value("SELECT count(DISTINCT effect) = count(*) FROM ledger.actions")
    assert ledger.places_have_no_gap()


def test_values_nobody_knows_are_skipped_with_a_reason(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, clean: CleanRun
) -> None:
    """A target type of tomorrow costs its own rows and no others."""
    amazon.begin(on(RECOMMENDATIONS, {"set_field": {"field": "targetType", "value": "SOUND", "every": 5}}))

    harvester("plan", "--json").succeeded()

    unknown = ledger.value("SELECT count(*) FROM ledger.decisions WHERE reason = 'unsupported_type'")
    assert unknown >= 3 * (182 // 5)
    assert sum((ledger.decided() - clean.ledger.decided()).values()) == unknown


def test_unreadable_rows_make_the_run_partial(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """An item that is no recommendation loses no other; how many were lost is said and kept."""
    amazon.begin(on(RECOMMENDATIONS, {"set_field": {"field": "recommendedTarget", "value": {"odd": 1}, "every": 10}}))

    result = plan(harvester)

    for made in result.json["plans"]:
        assert made["complete"] is False
        assert made["counts"]["candidates"] == 182 - 18
        (trouble,) = made["troubles"]
        assert "18" in trouble
        assert ledger.runs()[made["profile_id"]]["troubles"] == [trouble]


def test_unreadable_items_of_what_exists_leave_no_plan(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, clean: CleanRun
) -> None:
    """A keyword that cannot be read may be the very one that stands in the way."""
    odd = {"set_field": {"field": "keywordText", "value": {"odd": 1}, "every": 2}}
    amazon.begin(on("/sp/keywords/list", odd, profile=amazon.profiles[0]))

    reason = only_the_first_fails(plan(harvester), amazon, ledger, clean)

    assert reason.startswith("keywords/list: ")
    assert "cannot be read" in reason
