"""Reports fetched by the command: through faults, through a power cut, and with a word on what did not come."""

from tests.acceptance.command_line import Harvester
from tests.acceptance.pretend_amazon import PretendAmazon
from tests.acceptance.records import Ledger
from tests.acceptance.test_search_terms import RULES

ASKED = {"method": "POST", "path": "/reporting/reports"}
FETCHED = {"method": "GET", "path": "/offline-report-storage/*"}


def settings_of(harvester: Harvester) -> dict[str, str]:
    rules = harvester.folder / "terms.yaml"
    rules.write_text(RULES)
    return {"RULES_FILE": str(rules)}


def questions(amazon: PretendAmazon) -> int:
    return sum(each["method"] == "POST" and each["path"].endswith("/reporting/reports") for each in amazon.requests())


def test_killed_in_the_middle_of_a_download_nothing_is_asked_twice(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """The next one goes on with the reports of the dead one, and every row is there once."""
    profile, settings = amazon.profiles[0], settings_of(harvester)
    amazon.begin({"match": {**FETCHED, "nth": 2}, "action": {"hang_seconds": 600}})
    started = harvester.start("plan", "--profile", profile, "--json", **settings)
    started.runs_until(lambda: amazon.fired() == [1]).kill()
    assert ledger.value("SELECT count(*) FROM harvester.report WHERE state = 'loaded'") == 1

    amazon.fail()
    harvester("plan", "--profile", profile, "--json", **settings).succeeded()

    assert questions(amazon) == 4
    assert ledger.value("SELECT count(*) FROM harvester.report WHERE state = 'loaded'") == 4
    assert ledger.value("SELECT count(*) FROM harvester.report_day") == 94
    assert ledger.value("SELECT sum(rows) FROM harvester.report") == ledger.value(
        "SELECT count(*) FROM harvester.search_term_day"
    )
    twice = "SELECT FROM harvester.search_term_day GROUP BY day, ad_group_id, keyword_id, term HAVING count(*) > 1"
    assert ledger.rows(twice) == []
    assert ledger.value("SELECT count(*) FROM ledger.api_calls WHERE path LIKE '%Signature%'") == 0


def test_what_did_not_come_is_said_and_the_plan_is_made_all_the_same(
    harvester: Harvester, amazon: PretendAmazon
) -> None:
    """With Amazon's reason, for each report; the exit code is 1, and the JSON whole."""
    profile, settings = amazon.profiles[0], settings_of(harvester)
    amazon.begin({"match": ASKED, "action": {"report": {"status": "FAILED", "reason": "internal error"}}})

    result = harvester("plan", "--profile", profile, "--json", **settings).failed()

    (plan,) = result.json["plans"]
    assert plan["counts"]["actions"] == 0
    said = harvester("plan", "--profile", profile, **settings).failed()
    assert "report of search terms, " in said.err
    assert "internal error" in said.err


def test_without_patience_the_plan_does_not_wait(harvester: Harvester, amazon: PretendAmazon) -> None:
    """It asks, and says what is on its way; the next one finds it."""
    profile, settings = amazon.profiles[0], settings_of(harvester)
    amazon.begin({"match": ASKED, "action": {"report": {"status": "PENDING"}}})

    said = harvester("plan", "--profile", profile, REPORT_PATIENCE="0", **settings).failed()

    assert "4 reports of search terms" in " ".join(said.err.split())
    assert questions(amazon) == 4
