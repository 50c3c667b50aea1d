"""The recorded evidence, read to be judged again."""

from datetime import timedelta

import msgspec
import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.recorded import PostgresEvidence, PostgresPlaces
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.candidate import Place
from harvester.domain.decision import Outcome
from harvester.domain.profile import AdGroup, Campaign
from harvester.domain.recorded import RecordedRow
from harvester.domain.run import Cursor, RunState

from .conftest import NOW, BeginRun, a_decision, a_page, a_profile, a_row

WEEK = timedelta(days=7)


@pytest.fixture
def evidence(database: Database) -> PostgresEvidence:
    return PostgresEvidence(database)


async def everything(
    evidence: PostgresEvidence, since: timedelta = WEEK, profile_ids: list[str] | None = None
) -> list[RecordedRow]:
    return [row async for page in evidence.newest(NOW - since, profile_ids) for row in page]


async def test_of_each_target_of_an_ad_the_newest_row_counts(
    begin: BeginRun, runs: PostgresRuns, evidence: PostgresEvidence
):
    """Of two runs, and of two pages of one; what only repeats another row of its run counts nowhere."""
    first = await begin()
    await runs.save_page(first, 0, a_page(0, 3), Cursor(), NOW - timedelta(days=1))
    await runs.finish(first, RunState.COMPLETE, None)
    second = await begin()
    newer = [(a_row(1, clicks=99.0), "running shoes 1", a_decision(Outcome.PROMOTE))]
    again = [(a_row(1, clicks=7.0), "running shoes 1", a_decision(Outcome.SKIP, "duplicate"))]
    other_ad = [(a_row(1, ad_id="721"), "running shoes 1", a_decision())]
    await runs.save_page(second, 0, newer + again + other_ad, Cursor(), NOW)

    found = {(row.row.target, row.row.ad_id): row for row in await everything(evidence)}

    assert sorted(found) == [(f"Running Shoes {number}", "720") for number in (0,)] + [
        ("Running Shoes 1", "720"),
        ("Running Shoes 1", "721"),
        ("Running Shoes 2", "720"),
    ]
    newest = found["Running Shoes 1", "720"]
    assert (newest.decision_id, newest.row.clicks, newest.decision.outcome) == (
        f"{second.run_id}-0",
        99.0,
        Outcome.PROMOTE,
    )
    assert newest.decision == a_decision(Outcome.PROMOTE)
    assert newest.key == "running shoes 1"


async def test_only_what_is_asked_for_is_read(begin: BeginRun, runs: PostgresRuns, evidence: PostgresEvidence):
    """Since when, of which profiles, and nothing of brands, which no rule is about."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 1), Cursor(), NOW - 2 * WEEK)
    await runs.save_page(run, 1, a_page(1, 1), Cursor(), NOW)
    await runs.save_page(run, 2, [(a_row(2, source="brands"), "b", a_decision())], Cursor(), NOW)
    other = await begin(a_profile("22"))
    await runs.save_page(other, 0, a_page(5, 1), Cursor(), NOW)

    assert [row.row.target for row in await everything(evidence)] == ["Running Shoes 1", "Running Shoes 5"]
    assert sorted(row.row.target for row in await everything(evidence, 3 * WEEK, ["1234567890"])) == [
        "Running Shoes 0",
        "Running Shoes 1",
    ]


async def test_a_suggestion_is_read_with_what_is_said_of_it(
    begin: BeginRun, runs: PostgresRuns, evidence: PostgresEvidence
):
    """The same product under another theme is another row."""
    run = await begin()
    rows = [
        a_row(
            source="products", target="B000000007", evidence_note=f'{{"themes":["{theme}"],"asked_for":["B000000001"]}}'
        )
        for theme in ("Top", "New")
    ]
    await runs.save_page(run, 0, [(row, "B000000007", a_decision()) for row in rows], Cursor(), NOW)

    found = await everything(evidence)

    assert sorted(row.row.themes for row in found) == [("New",), ("Top",)]
    assert {row.row.asked_for for row in found} == {("B000000001",)}


async def test_a_search_term_is_read_with_what_its_ad_group_advertises(
    begin: BeginRun, runs: PostgresRuns, evidence: PostgresEvidence
):
    """Its economics are those of these products; without a note there is nothing to tell."""
    run = await begin()
    notes = ['{"windows":{},"asked_for":["B000000001"]}', None]
    rows = [a_row(at, source="search_terms", evidence_note=note) for at, note in enumerate(notes)]
    await runs.save_page(run, 0, [(row, row.target.lower(), a_decision()) for row in rows], Cursor(), NOW)

    assert sorted(row.row.asked_for for row in await everything(evidence)) == [(), ("B000000001",)]


async def test_rows_come_with_the_names_that_a_run_kept(
    begin: BeginRun, runs: PostgresRuns, evidence: PostgresEvidence, database: Database
):
    """The newest ones; where no run has kept any, there are none."""
    run, places = await begin(), PostgresPlaces(database)
    rows = [(a_row(number, ad_group_id=f"71{number}"), f"k{number}", a_decision()) for number in range(2)]
    await runs.save_page(run, 0, rows, Cursor(), NOW)
    place = Place(Campaign("700", "Auto", "AUTO", "ENABLED"), AdGroup("710", "700", "All", "ENABLED"))

    await places.remember(run.profile_id, [])
    await places.remember(run.profile_id, [place, place])
    renamed = Place(msgspec.structs.replace(place.campaign, name="Auto \x00new"), place.ad_group)
    await places.remember(run.profile_id, [renamed])

    assert [(row.campaign_name, row.ad_group_name) for row in await everything(evidence)] == [
        ("Auto \N{REPLACEMENT CHARACTER}new", "All"),
        (None, None),
    ]
