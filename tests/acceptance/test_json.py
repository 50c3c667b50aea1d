"""Every command answers with one JSON document under --json, whatever its exit code."""

from pathlib import Path

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.conftest import CleanRun
from tests.acceptance.pretend_amazon import PretendAmazon, on
from tests.acceptance.records import Ledger

NOWHERE = "postgresql://127.0.0.1:1/nowhere"


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        (("plans",), {"plans"}),
        (("coverage",), {"profiles", "failed"}),
        (("doctor",), {"healthy", "checks"}),
        (("migrate",), {"applied"}),
        (("why", "no such thing"), {"decisions", "complete_since"}),
        (("rules", "check"), {"file", "problems"}),
        (("rules", "test"), {"file", "tests", "failed"}),
        (("rules", "schema"), {"$defs", "properties", "type", "title"}),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_what_goes_well_is_one_document(
    arguments: tuple[str, ...], names: set[str], clean: CleanRun, amazon: PretendAmazon
) -> None:
    """With the keys that it is known by, and a silent standard error."""
    result = clean.harvester(*arguments, "--json").succeeded()

    assert result.json.keys() >= names
    assert result.err == ""


def test_why_gives_the_decisions_about_a_target(clean: CleanRun) -> None:
    """However it is written: the same decisions as the ledger's, with what became of them."""
    (item,) = clean.ledger.rows(
        "SELECT target, profile_id FROM ledger.actions WHERE kind = 'promote_keyword' AND state = 'planned' LIMIT 1"
    )

    found = clean.harvester("why", f"  {item['target'].upper()} ", "--profile", item["profile_id"], "--json").json

    kept = clean.ledger.rows(
        "SELECT decision_id FROM ledger.decisions WHERE target = $1 AND profile_id = $2 ORDER BY place",
        item["target"],
        item["profile_id"],
    )
    assert {row["decision_id"] for row in kept} <= {row["decision_id"] for row in found["decisions"]}
    assert any(row["actions"] for row in found["decisions"])


def test_coverage_names_every_source_ad_group(clean: CleanRun, amazon: PretendAmazon) -> None:
    """Those with a group and those without, and what the others miss."""
    found = clean.harvester("coverage", "--json").succeeded().json

    assert found["failed"] == []
    for profile in found["profiles"]:
        lines = profile["ad_groups"]
        assert {line["ad_group_id"] for line in lines} == amazon.source_ad_groups(profile["profile_id"])
        assert all(line["covered"] != bool(line["misses"]) for line in lines)
        assert 0 < sum(line["covered"] for line in lines) < len(lines)


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "p99"),
        ("show", "p99", "--requests"),
        ("show", "nonsense", "--all"),
    ],
    ids=" ".join,
)
def test_what_is_refused_is_one_document(arguments: tuple[str, ...], clean: CleanRun) -> None:
    """It says the sentence that standard error says."""
    result = clean.harvester(*arguments, "--json").failed()

    assert result.json.keys() == {"error"}
    assert f"there is no plan {arguments[1]}" in result.json["error"]
    assert result.sentence == f"harvester: {result.json['error']}"


@pytest.mark.parametrize("command", ["plan", "plans", "coverage", "migrate", "why", "doctor"])
def test_a_database_that_is_away_is_one_document(command: str, clean: CleanRun) -> None:
    """And one sentence for people; the password is in neither."""
    arguments = (command, "towel") if command == "why" else (command,)

    result = clean.harvester(*arguments, "--json", DATABASE_URL="postgresql://me:swordfish@127.0.0.1:1/x").failed()

    assert "Postgres" in (str(result.json) if command == "doctor" else result.json["error"])
    assert "swordfish" not in result.out + result.err


def test_a_standby_is_told_as_what_it_is(harvester: Harvester, dsn: str, ledger: Ledger) -> None:
    """What only reads works there; what writes says in one sentence, and soon, why it cannot."""
    ledger.execute(f'ALTER DATABASE "{ledger.name}" SET default_transaction_read_only = on')

    harvester("plans", "--json").succeeded()
    plan = harvester("plan", "--json").failed()
    doctor = harvester("doctor", "--json").failed().json

    assert "takes no changes: it is a standby" in plan.json["error"]
    ((check),) = [check for check in doctor["checks"] if not check["well"]]
    assert "takes no changes" in check["detail"]


def test_bad_configuration_is_one_document(clean: CleanRun, tmp_path: Path) -> None:
    """Also where the exit code is 2."""
    rules = tmp_path / "rules.yaml"
    rules.write_text("version: 1\nrulez: []\n")

    plan = clean.harvester("plan", "--json", RULES_FILE=str(rules)).failed(2)
    check = clean.harvester("rules", "check", str(rules), "--json").failed(2)

    assert f"{rules}:2" in plan.json["error"]
    ((problem),) = check.json["problems"]
    assert (problem["file"], problem["line"]) == (str(rules), 2)


def test_a_doctor_who_finds_something_says_so_in_one_document(clean: CleanRun, amazon: PretendAmazon) -> None:
    """With what to do about it, and exit code 1."""
    amazon.fail(on("/auth/*", {"lwa_error": "invalid_client"}))

    result = clean.harvester("doctor", "--json").failed()

    assert result.json["healthy"] is False
    (account,) = [check for check in result.json["checks"] if check["what"] == "account first"]
    assert account["well"] is False
    assert "CLIENT_SECRET" in account["detail"]
    assert account["advice"]


def test_failed_tests_of_the_rules_file_are_one_document(harvester: Harvester) -> None:
    """Exit code 1, each test with what came of it."""
    (harvester.folder / "rules.yaml").write_text(
        "version: 1\ntests:\n"
        "  - {name: wrong, given: {target_type: keyword, clicks: 10, conversions: 2}, expect: negate}\n"
        "  - {name: right, given: {target_type: keyword, clicks: 10, conversions: 2}, expect: promote}\n"
    )

    result = harvester("rules", "test", "--json", RULES_FILE=None).failed()

    assert [(test["name"], test["passed"]) for test in result.json["tests"]] == [("wrong", False), ("right", True)]
    assert result.json["failed"] == 1
