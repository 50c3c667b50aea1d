"""Hostile names, two planners at once, and a Postgres that goes away: while categories are counted."""

from collections.abc import Callable

import pytest

from tests.acceptance.command_line import Harvester
from tests.acceptance.conftest import OpenMarket
from tests.acceptance.partner import REVIEW, with_rules
from tests.acceptance.pretend_amazon import PretendAmazon, on
from tests.acceptance.records import Ledger

COUNT, CATEGORIES = "/sp/targets/products/count", "/sp/targets/categories/recommendations"
RULES = """
version: 1
rules:
  - name: keywords-that-sold
    match: {source: promotion, target_type: keyword}
    when: {all: [{clicks: {at_least: 20}}, {conversions: {at_least: 3}}]}
    then: {promote: {}}
  - name: weak
    match: {source: categories}
    when: {products: {at_least: 1}}
    then: {promote: {refine: {rating: {at_most: 3}}, bid: {fixed: {USD: 0.40}}}}
guard: {promotions_per_run: 1000, promotions_per_day: 1000}
"""
HOSTILE = (
    "\x1b]0;owned\x07\x1b[31mEvil\u202egnitlas \x00 | `code` <b>bold</b> [x](http://evil)\r\n# heading " + "long" * 2000
)


@pytest.fixture
def amazon(markets: OpenMarket) -> PretendAmazon:
    return markets("--profiles", "1", "--catalog-rate", "50")


@pytest.fixture
def harvester(harvesters: Callable[[PretendAmazon, str], Harvester], amazon: PretendAmazon, dsn: str) -> Harvester:
    return with_rules(harvesters(amazon, dsn), amazon, RULES)


@pytest.fixture
def ledger(dsn: str) -> Ledger:
    return Ledger(dsn)


def test_hostile_names_of_categories_stay_text(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """In every table and document: no control character, no markup, and no line that is nothing but a name."""
    amazon.fail(
        on(CATEGORIES, {"set_field": {"field": "name", "value": HOSTILE}}),
        on(CATEGORIES, {"set_field": {"field": "categoryPath", "value": f"/{HOSTILE}/{HOSTILE}"}}),
    )

    (plan,) = harvester("plan", "--json", **REVIEW).succeeded().json["plans"]

    (category, *_) = ledger.rows("SELECT target FROM ledger.decisions WHERE source = 'categories'")
    shown = [
        harvester("show", plan["id"], *more, **REVIEW).succeeded().out
        for more in ((), ("--all",), ("--markdown",), ("--requests",), ("--markdown", "--all"))
    ]
    shown.append(harvester("why", category["target"], **REVIEW).succeeded().out)
    for out in shown:
        assert not any(ord(each) < 32 and each != "\n" for each in out)
        assert not any(each in out for each in "\x7f\x9b\u202e\u2066")
    markdown = shown[2]
    assert "gnitlas" in markdown
    assert "<b>" not in markdown.replace("\\<b\\>", "")
    assert not any(line.startswith("# ") for line in markdown.splitlines())
    assert max(map(len, markdown.splitlines())) < 2000, "nobody can read that"
    items = harvester("show", plan["id"], "--json", **REVIEW).json["items"]
    assert all(
        len(item["target"]) < 300 and len(item["note"]) < 1000 for item in items if item["kind"] == "target_category"
    )
    harvester("export", plan["id"], "--format", "csv", **REVIEW).succeeded()


def test_two_planners_of_one_profile_do_not_meet(harvester: Harvester, amazon: PretendAmazon, ledger: Ledger) -> None:
    """The second is told that the first is at work; each category is counted once, and there is one plan."""
    with ledger.locked("harvester.observation") as somebody_waits:
        first = harvester.start("plan", "--json", **REVIEW)
        somebody_waits()
        second = harvester("plan", "--json", **REVIEW).failed(1).json

    assert second["plans"] == []
    assert second["failed"][0]["reason"]
    done = first.end().succeeded().json
    assert len(done["plans"]) == 1
    bodies = [str(request["body"]) for request in amazon.requests() if request["path"] == COUNT]
    assert len(bodies) == len(set(bodies))
    assert ledger.value("SELECT count(*) FROM harvester.plan") == 1


def test_a_postgres_that_is_cut_while_products_are_counted_costs_nothing(
    harvester: Harvester, amazon: PretendAmazon, ledger: Ledger
) -> None:
    """The run goes on where its last page was recorded, and the plan is the one of a quiet night."""
    (smooth,) = harvester("plan", "--json", **REVIEW).succeeded().json["plans"]
    amazon.fail(on(COUNT, {"hang_seconds": 3}, nth=2))
    before = amazon.seen()
    started = harvester.start("plan", "--json", **REVIEW)
    started.runs_until(lambda: any(each["fault"] for each in amazon.requests()[before:]))

    ledger.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
                   "AND pid <> pg_backend_pid()")  # fmt: skip
    (cut,) = started.end().succeeded().json["plans"]

    assert (cut["complete"], cut["fingerprint"], cut["counts"]) == (True, smooth["fingerprint"], smooth["counts"])
    assert ledger.places_have_no_gap()
