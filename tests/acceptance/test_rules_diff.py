"""`harvester rules diff` on what a real run has recorded."""

from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.command_line import RULES, Harvester
from tests.acceptance.pretend_amazon import PretendAmazon
from tests.acceptance.records import Ledger
from tests.acceptance.test_search_terms import RULES as ON_TERMS


@pytest.fixture
def recorded(harvester: Harvester, amazon: PretendAmazon) -> Harvester:
    harvester("plan", "--profile", amazon.profiles[0], "--json").succeeded()
    return harvester


def stricter(folder: Path) -> str:
    """The rules in force, with five clicks more for each promotion."""
    path = folder / "stricter.yaml"
    path.write_text(RULES.read_text().replace("clicks: {at_least: 10}", "clicks: {at_least: 25}"))
    return str(path)


def test_the_rules_in_force_against_themselves_flip_nothing(recorded: Harvester) -> None:
    """Every recorded row is judged, and none differs."""
    told = recorded("rules", "diff", str(RULES), "--json").succeeded().json

    assert (told["flipped"], told["flips"], told["movements"]) == (0, [], [])
    assert told["rows"] > 0
    assert told["in_force"]["fingerprint"] == told["new"]["fingerprint"]


def test_stricter_rules_flip_what_they_no_longer_promote(recorded: Harvester, amazon: PretendAmazon) -> None:
    """The same in JSON, as a table of 80 columns and as Markdown; Amazon is not asked, and flips are no failure."""
    new, asked = stricter(recorded.folder), len(amazon.requests())

    told = recorded("rules", "diff", new, "--json").succeeded().json
    table = recorded("rules", "diff", new, "--most", "3").succeeded().out
    markdown = recorded("rules", "diff", new, "--markdown").succeeded().out

    promote = told["outcomes"]["promote"]
    assert promote["fewer"]["rows"] == promote["in_force"] - promote["new"] > 0
    assert sum(each["rows"] for each in told["movements"]) == told["flipped"] == len(told["flips"])
    assert {(flip["in_force"]["outcome"], flip["new"]["outcome"]) for flip in told["flips"]} <= {
        ("promote", "hold"), ("hold", "hold"), ("skip", "hold")
    }  # fmt: skip
    fewer = f"{promote['fewer']['rows']} promotions fewer"
    assert (fewer in table, fewer in markdown) == (True, True)
    assert table.count("  + hold: needs") == min(3, told["flipped"])
    assert max(map(len, table.splitlines())) <= 80
    assert len(amazon.requests()) == asked


def test_what_was_recorded_is_decided_the_same_again(recorded: Harvester) -> None:
    """Targets and negatives that stood there, missing destinations: all of it is read back from the findings."""
    told = recorded("rules", "diff", str(RULES), "--json").succeeded().json

    assert (told["changed_since"], told["unjudged"]) == (0, [])


def test_a_file_that_cannot_be_used_is_refused_with_its_line(recorded: Harvester) -> None:
    """Before anything is judged; so is a profile that nobody knows, and a span that is none."""
    broken = recorded.folder / "broken.yaml"
    broken.write_text("version: 1\nrules: [{name: x}]\n")

    assert f"{broken}:2" in recorded("rules", "diff", str(broken)).failed(2).sentence
    assert "99 is not known" in recorded("rules", "diff", str(RULES), "--profile", "99").failed().sentence
    assert "30d" not in recorded("rules", "diff", str(RULES), "--since", "soon").failed(2).out
    both = recorded("rules", "diff", str(RULES), "--markdown", "--json")
    assert "choose one of" in both.failed(2).err


def test_search_terms_flip_with_their_money(harvester: Harvester, amazon: PretendAmazon) -> None:
    """What stricter negatives would let go on costs so much; a window that was not recorded is not taken for empty."""
    files = {name: harvester.folder / f"{name}.yaml" for name in ("terms", "stricter", "expected", "season")}
    files["terms"].write_text(ON_TERMS)
    negating = "clicks: {at_least: 30, window: 60d}"
    files["stricter"].write_text(ON_TERMS.replace(negating, "clicks: {at_least: 60}"))
    files["expected"].write_text(ON_TERMS.replace(negating, "clicks: {at_least: 3x expected}"))
    files["season"].write_text(ON_TERMS.replace(negating, "clicks: {at_least: 30, window: 12w}"))
    in_force = {"RULES_FILE": str(files["terms"])}
    harvester("plan", "--profile", amazon.profiles[0], "--json", **in_force).succeeded()

    def diff(name: str) -> Any:
        return harvester("rules", "diff", str(files[name]), "--json", **in_force).succeeded().json

    same, stricter, expected, season = (diff(name) for name in ("terms", "stricter", "expected", "season"))

    assert (same["flipped"], same["changed_since"], same["unjudged"]) == (0, 0, [])
    fewer = stricter["outcomes"]["negate"]["fewer"]
    assert fewer["rows"] > 0
    assert (fewer["with_money"], fewer["orders"]) == (fewer["rows"], 0)
    assert float(fewer["spend"]["USD"]) > 0
    assert expected["unjudged"] == []
    assert [each["why"] for each in season["unjudged"]] == ["a rule looks at 84d-7d, which was not recorded with it"]


def test_what_sold_before_is_not_told_as_a_new_negative(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """A plan would hold it: the diff asks for orders of old as a plan does, in the campaign of the term."""
    terms, looser = harvester.folder / "terms.yaml", harvester.folder / "looser.yaml"
    terms.write_text(ON_TERMS)
    looser.write_text(ON_TERMS.replace("clicks: {at_least: 30, window: 60d}", "clicks: {at_least: 10, window: 60d}"))
    in_force = {"RULES_FILE": str(terms)}
    harvester("plan", "--profile", amazon.profiles[0], "--json", **in_force).succeeded()

    def newly() -> dict[str, Any]:
        told = harvester("rules", "diff", str(looser), "--most", "1000", "--json", **in_force).succeeded().json
        return {each["decision_id"]: each for each in told["flips"]}

    before = newly()
    negated = [each for each in before.values() if each["new"]["outcome"] == "negate"]
    sold = negated[0]["decision_id"]
    ledger.execute(
        "INSERT INTO harvester.sold_term SELECT profile_id, campaign_id, ad_group_id, key, 'days', 2, '2025-03-01' "
        "FROM ledger.decisions WHERE decision_id = $1",
        sold,
    )
    after = newly()

    still = {key for key, each in after.items() if each["new"]["outcome"] == "negate"}
    assert still == {each["decision_id"] for each in negated} - {sold}
    assert (after[sold]["new"]["outcome"], after[sold]["new"]["reason"]) == ("hold", "ever_converted")
