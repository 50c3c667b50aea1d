"""`harvester categories`: browsing and searching, what is kept and for how long, and what if Amazon does not answer."""

from typing import Any

import pytest

from tests.acceptance.command_line import Harvester, Result
from tests.acceptance.pretend_amazon import PretendAmazon, on
from tests.acceptance.records import Ledger

ROUTE = "/sp/targets/categories"
WIDTH = 80


def asked(amazon: PretendAmazon) -> list[str]:
    """In whose name the tree was read."""
    return [request["profile"] for request in amazon.requests() if request["path"] == ROUTE]


def found(result: Result) -> dict[str, list[str]]:
    """Country -> paths."""
    return {each["country"]: [one["path"] for one in each["found"]] for each in result.json["marketplaces"]}


def aged(ledger: Ledger, hours: int, country: str = "%") -> None:
    query = "UPDATE harvester.category_tree SET read_at = read_at - make_interval(hours => $1) WHERE country LIKE $2"
    ledger.execute(query, hours, country)


def test_a_tree_is_read_once_and_looked_at_without_a_call(harvester: Harvester, amazon: PretendAmazon) -> None:
    """One reading per marketplace, in the name of one profile; after that nothing at all is asked, not even for a token."""
    first = harvester("categories", "--json").succeeded()
    seen = amazon.seen()

    again = harvester("categories", "--json").succeeded()
    searched = harvester("categories", "SLIPPERS  men's", "--json").succeeded()

    assert sorted(asked(amazon)) == amazon.profiles
    assert amazon.seen() == seen
    assert found(again) == found(first)
    assert set(found(first)) == {"US", "UK", "DE"}
    assert found(searched)["DE"] == ["/Clothing, Shoes & Jewelry/Men/Men's Slippers"]
    assert amazon.state() == amazon.state()


def test_who_finds_nothing_is_told_where_to_look(harvester: Harvester, amazon: PretendAmazon) -> None:
    """A word that no path holds: the categories from the top, in a command that can be typed."""
    told = harvester("categories", "couch", "--profile", amazon.profiles[0]).succeeded().out

    assert "US: 0 categories with “couch” in the path\n" in told
    assert "Try fewer or other words, or go down from the top: harvester categories --profile" in " ".join(told.split())
    assert max(map(len, told.splitlines())) <= WIDTH


def test_the_document_says_everything_of_a_category(harvester: Harvester, amazon: PretendAmazon) -> None:
    """Id and parent as text, whether it can be targeted, how many products and how many categories are below."""
    document = harvester("categories", "--profile", amazon.profiles[0], "--json").succeeded().json

    (market,) = document["marketplaces"]
    assert document["failed"] == []
    assert (market["country"], market["total"], market["categories"]) == ("US", len(market["found"]), 72)
    assert 0 <= market["age_seconds"] < 3600
    top = market["found"][0]
    assert {name: type(value) for name, value in top.items()} == {
        "id": str, "parent_id": type(None), "name": str, "path": str, "targetable": bool, "below": int, "products": dict
    }  # fmt: skip
    assert (top["path"], top["targetable"], top["below"]) == ("/Home & Kitchen", False, 9)
    below = harvester("categories", "--under", top["id"], "--profile", amazon.profiles[0], "--json").succeeded().json
    assert {one["parent_id"] for one in below["marketplaces"][0]["found"]} == {top["id"]}
    by_id = harvester("categories", top["id"], "--json").succeeded()
    assert found(by_id)["US"] == ["/Home & Kitchen"]


def test_one_can_look_below_a_category(harvester: Harvester, amazon: PretendAmazon) -> None:
    """Directly below it, or with a text anywhere below it and nowhere else."""
    profile = ("--profile", amazon.profiles[0], "--json")
    ids = {
        one["name"]: one["id"]
        for one in harvester("categories", "&", "--all", *profile).succeeded().json["marketplaces"][0]["found"]
    }
    home, clothing = ids["Home & Kitchen"], ids["Clothing, Shoes & Jewelry"]

    shelves = found(harvester("categories", "--under", home, *profile).succeeded())
    slippers = found(harvester("categories", "slippers", "--under", clothing, *profile).succeeded())
    none = found(harvester("categories", "slippers", "--under", home, *profile).succeeded())
    nowhere = harvester("categories", "--under", "1", *profile).failed()

    assert shelves == {"US": ["/Home & Kitchen/Kitchen & Dining", "/Home & Kitchen/Bedding & Decor"]}
    assert len(slippers["US"]) == 2
    assert none == {"US": []}
    assert nowhere.json == {"error": "there is no category 1; `harvester categories` shows those at the top"}


def test_the_table_fits_eighty_columns_and_tells_its_age(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """What it is, whether it can be targeted, and how to read it anew; long lists are cut and say so."""
    one = ("--profile", amazon.profiles[0])
    top = harvester("categories", *one).succeeded()
    aged(ledger, 50)
    everything = harvester("categories", "/", *one).succeeded()
    whole = harvester("categories", "/", "--all", *one).succeeded()

    for result in (top, everything, whole):
        assert result.err == ""
        assert max(map(len, result.out.splitlines())) <= WIDTH
    assert "US: 11 categories at the top" in top.out
    assert "read from Amazon just now" in top.out
    assert "What is in one: harvester categories --under 1055398" in top.out
    assert "read from Amazon 2 days ago; --refresh reads them anew." in everything.out
    assert "And 22 more: name more words" in everything.out
    assert "more: name" not in whole.out


def test_a_tree_is_read_anew_when_asked(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """Only of the marketplace asked for; what there was goes, and the age begins anew."""
    harvester("categories", "--json").succeeded()
    ledger.execute("UPDATE harvester.category SET path = path || ' (old)'")
    aged(ledger, 50)
    before = len(asked(amazon))

    one = harvester("categories", "--profile", amazon.profiles[0], "--refresh", "--json").succeeded()

    ages = {
        each["country"]: each["age_seconds"]
        for each in harvester("categories", "--json").succeeded().json["marketplaces"]
    }
    assert asked(amazon)[before:] == [amazon.profiles[0]]
    assert "/Home & Kitchen" in found(one)["US"]
    assert ages["US"] < 3600 < ages["UK"]
    assert ledger.value("SELECT count(*) FROM harvester.category WHERE path LIKE '% (old)'") == 2 * 72


def test_a_category_says_what_it_can_be_narrowed_down_to(harvester: Harvester, amazon: PretendAmazon) -> None:
    """Ids with their names, asked for each time; a list that Amazon has not is empty, whatever form it comes in."""
    one = ("--profile", amazon.profiles[0])
    tree = harvester("categories", "card games", *one, "--json").succeeded().json["marketplaces"][0]["found"]
    category_id = tree[0]["id"]

    told = harvester("categories", category_id, "--refinements", *one, "--json").succeeded().json
    shown = harvester("categories", category_id, "--refinements", *one).succeeded().out
    nothing = harvester("categories", "1", "--refinements", *one).succeeded().out
    wrong = harvester("categories", "card games", "--refinements").failed(2)
    amazon.fail(on("/sp/targets/category/*", {"status": 422, "text": "no such category"}))
    refused = harvester("categories", category_id, "--refinements", *one, "--json").failed().json

    (market,) = told["marketplaces"]
    assert (market["country"], market["category_id"], market["genres"]) == ("US", category_id, [])
    assert market["age_ranges"][0]["name"] == "Birth to 24 Months"
    assert market["brands"]
    assert all(each["id"] in shown and each["name"] in shown for each in market["brands"])
    assert max(map(len, shown.splitlines())) <= WIDTH
    assert "no brands, age ranges or genres" in nothing
    assert "goes with the id of one category" in wrong.err
    assert "no such category" in refused["failed"][0]["reason"]


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "forbidden": ({"status": 403}, "Amazon answered 403"),
    "failing": ({"status": 500, "form": "html"}, "Amazon answered 500"),
    "throttled": ({"status": 429, "headers": {"Retry-After": "9"}}, "Amazon answered 429"),
    "silent": ({"drop": "after"}, "the connection broke"),
    "cut": ({"cut": 0.5}, "cut short"),
    "no tree": ({"set_field": {"field": "categoryTree", "value": None}}, "no tree of categories"),
    "empty": ({"set_field": {"field": "categoryTree", "value": "[]"}}, "holds no categories for US"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_tree_that_cannot_be_read_leaves_what_was_kept(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger, name: str
) -> None:
    """One sentence and exit code 1 for that marketplace; the others are shown; nothing half read is kept."""
    action, why = FAULTS[name]
    harvester("categories", "--profile", amazon.profiles[0], "--json").succeeded()
    amazon.begin(on(ROUTE, action, profile=amazon.profiles[0]))

    failed = harvester("categories", "--refresh", "--json", API_PATIENCE="0.5").failed().json

    assert [(each["profile_id"], why in each["reason"]) for each in failed["failed"]] == [(amazon.profiles[0], True)]
    assert {each["country"] for each in failed["marketplaces"]} == {"UK", "DE"}
    assert ledger.value("SELECT count(*) FROM harvester.category WHERE country = 'US'") == 72
    kept = harvester("categories", "--profile", amazon.profiles[0], "--json").succeeded()
    assert len(found(kept)["US"]) == 11


def test_a_moment_of_trouble_is_waited_out(harvester: Harvester, amazon: PretendAmazon) -> None:
    """A reading call may be repeated; an answer of plain JSON is read too."""
    amazon.begin(on(ROUTE, {"status": 503}, nth=1), on(ROUTE, {"plain_json": True}))

    result = harvester("categories", "--profile", amazon.profiles[0], "--json", API_PATIENCE="20").succeeded()

    assert amazon.fired()[0] == 1
    assert len(found(result)["US"]) == 11


def test_a_profile_of_nobody_is_told_as_such(harvester: Harvester) -> None:
    """As everywhere."""
    failed = harvester("categories", "--profile", "12", "--json").failed().json

    assert failed["marketplaces"] == []
    assert [each["reason"] for each in failed["failed"]] == ["no login of the settings can edit this profile"]
