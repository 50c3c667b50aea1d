"""Many profiles, many rows, and which profiles are meant."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.conftest import OpenMarket
from tests.acceptance.pretend_amazon import PretendAmazon, on
from tests.acceptance.records import Ledger

Harvesters = Callable[[PretendAmazon, str], Harvester]


def profiles_of(answer: Any) -> list[str]:
    return [plan["profile_id"] for plan in answer["plans"]]


def test_twelve_profiles(markets: OpenMarket, harvesters: Harvesters, dsn: str, ledger: Ledger) -> None:
    """In every currency and time zone there is; each has its own plan, and no row stands in another's run."""
    amazon = markets("--profiles", "12", "--recommendations", "60")

    answer = harvesters(amazon, dsn)("plan", "--json").succeeded().json

    assert profiles_of(answer) == amazon.profiles
    assert len(amazon.profiles) == 12
    assert ledger.value("SELECT count(DISTINCT profile_id) FROM ledger.decisions") == 12
    mixed = (
        "SELECT count(*) FROM ledger.decisions AS one JOIN ledger.runs AS run USING (run_id) "
        "WHERE run.profile_id <> one.profile_id"
    )
    assert ledger.value(mixed) == 0


def test_twenty_thousand_rows(markets: OpenMarket, harvesters: Harvesters, dsn: str, ledger: Ledger) -> None:
    """Page after page, every row once."""
    amazon = markets("--profiles", "1", "--recommendations", "20000")

    (plan,) = harvesters(amazon, dsn)("plan", "--json").succeeded().json["plans"]

    (run,) = ledger.runs().values()
    assert plan["complete"] is True
    assert plan["counts"]["candidates"] == run["recommendations"] > 18_000
    assert run["pages"] == -(-run["recommendations"] // 1000)
    assert ledger.places_have_no_gap()
    assert ledger.value("SELECT count(DISTINCT effect) = count(*) FROM ledger.actions")


def test_an_account_without_recommendations(
    markets: OpenMarket, harvesters: Harvesters, dsn: str, ledger: Ledger
) -> None:
    """Nothing to do is done: an empty plan and exit code 0."""
    amazon = markets("--profiles", "1", "--recommendations", "0")

    (plan,) = harvesters(amazon, dsn)("plan", "--json").succeeded().json["plans"]

    assert (plan["state"], plan["complete"], plan["counts"]["candidates"]) == ("empty", True, 0)


def test_only_the_profiles_asked_for(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """Named twice it is planned once, and no other profile is touched."""
    first, second, _ = amazon.profiles

    answer = harvester("plan", "--json", "--profile", second, "--profile", first, "--profile", second)

    assert profiles_of(answer.succeeded().json) == [first, second]
    assert set(ledger.runs()) == {first, second}
    assert {request["profile"] for request in amazon.requests()} == {None, first, second}


def test_a_profile_that_no_login_has(harvester: Harvester, amazon: PretendAmazon) -> None:
    """It fails with a sentence, once, also where it was named twice; the others are planned."""
    first = amazon.profiles[0]

    answer = harvester("plan", "--json", "--profile", "42", "--profile", first, "--profile", "42").failed().json

    assert profiles_of(answer) == [first]
    ((failure),) = answer["failed"]
    assert failure["profile_id"] == "42"
    assert failure["reason"]


def test_the_settings_name_the_profiles(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """What PROFILES leaves out is not asked for, also not when a command names it."""
    first, second, third = amazon.profiles

    answer = harvester("plan", "--json", ACCOUNTS__FIRST__PROFILES=f"{first}, {third}").succeeded().json
    refused = harvester("plan", "--json", "--profile", second, ACCOUNTS__FIRST__PROFILES=first).failed().json

    assert profiles_of(answer) == [first, third]
    assert [failure["profile_id"] for failure in refused["failed"]] == [second]
    assert set(ledger.runs()) == {first, third}


def test_a_profile_of_the_settings_that_the_login_has_not(harvester: Harvester, amazon: PretendAmazon) -> None:
    """A misspelt id is no empty wish: it is told, and the others are planned."""
    first = amazon.profiles[0]

    answer = harvester("plan", "--json", ACCOUNTS__FIRST__PROFILES=f"{first}, 4711").failed().json

    assert profiles_of(answer) == [first]
    ((failure),) = answer["failed"]
    assert (failure["profile_id"], failure["account"]) == ("4711", "first")


def test_two_logins_of_the_same_profiles(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """Each profile is planned once."""
    for name, value in list(harvester.environment.items()):
        if "__FIRST__" in name:
            harvester.environment[name.replace("__FIRST__", "__AGAIN__")] = value

    answer = harvester("plan", "--json").succeeded().json

    assert profiles_of(answer) == amazon.profiles
    assert set(ledger.runs()) == set(amazon.profiles)


@pytest.mark.parametrize("field", ["profileId", "currencyCode"])
def test_a_profile_that_cannot_be_read(field: str, harvester: Harvester, amazon: PretendAmazon) -> None:
    """It is told by its id or its place in the list, in the plan, in the log and by the doctor; the others are planned."""
    first, second, third = amazon.profiles
    amazon.fail(on("/v2/profiles", {"set_field": {"field": field, "value": None, "every": 3}}))

    result = harvester("plan", "--json").failed()
    doctor = harvester("doctor", "--json").failed().json

    assert profiles_of(result.json) == [first, second]
    ((failure),) = result.json["failed"]
    assert (failure["profile_id"], failure["account"]) == (None if field == "profileId" else third, "first")
    assert f"it has no {field}" in failure["reason"]
    assert "profile.unreadable" in result.err
    ((check),) = [check for check in doctor["checks"] if not check["well"]]
    assert f"it has no {field}" in check["detail"]
    assert check["advice"]


def test_a_profile_that_cannot_be_read_and_is_not_wanted(harvester: Harvester, amazon: PretendAmazon) -> None:
    """Who names the profiles to work on is not bothered with the others."""
    first, second, third = amazon.profiles
    amazon.fail(on("/v2/profiles", {"set_field": {"field": "profileId", "value": None, "every": 3}}))

    harvester("plan", "--json", "--profile", first).succeeded()
    harvester("plan", "--json", ACCOUNTS__FIRST__PROFILES=f"{first},{second}").succeeded()
    missing = harvester("plan", "--json", "--profile", third).failed().json

    assert {failure["profile_id"] for failure in missing["failed"]} == {None, third}
