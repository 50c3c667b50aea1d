"""How benchmarks report: figures, goals, ratios. No timing is asserted here."""

import json
from pathlib import Path

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from benchmarks import catalog
from benchmarks.page_server import PATH, SCOPE, PageServer
from benchmarks.results import FOLDER, Result, meets, ratio, result, write


@pytest.mark.parametrize(
    ("value", "goal", "met"),
    [
        (0.6, ">= 0.6", True),
        (0.59, ">= 0.6", False),
        (1.1, "<= 1.1", True),
        (1.11, "<= 1.1", False),
        (0.3, "< 0.3", False),
        (10.1, "> 10", True),
    ],
)
def test_a_goal_is_met_or_missed_at_its_bound(value: float, goal: str, met: bool):
    """A goal says by its sign whether the bound itself still counts."""
    assert meets(value, goal) is met


def test_a_goal_is_asked_of_what_was_measured():
    """Rounding for the table never turns a miss into a hit."""
    missed = result("ours / ceiling", 0.599999, "ratio", ">= 0.6")
    assert missed.value == 0.6
    assert missed.met is False


@pytest.mark.parametrize("goal", ["0.6", "about 0.6", "=> 0.6", ">= much"])
def test_a_goal_that_cannot_be_read_is_refused(goal: str):
    """A typing mistake in a goal never passes for a goal that is met."""
    with pytest.raises(ValueError, match=r"goal|float"):
        result("ours / ceiling", 1.0, "ratio", goal)


def test_a_figure_without_a_goal_is_information():
    """What has no goal is neither met nor missed."""
    assert result("rows", 12_345.678, "rows/s") == Result("rows", 12_346, "rows/s", None, None)


def test_a_ratio_is_that_of_the_middle_round():
    """One round in which the machine was busy for one side only does not move the ratio."""
    assert ratio([60, 30, 6], [100, 50, 50]) == pytest.approx(0.6)
    assert ratio([4, 1], [2, 1]) == pytest.approx(1.5)


@pytest.mark.parametrize(("ours", "theirs"), [([], []), ([1.0], []), ([1.0, 2.0], [1.0]), ([1.0], [0.0])])
def test_rounds_that_cannot_be_compared_are_no_ratio(ours: list[float], theirs: list[float]):
    """A contender that did not run, or did nothing, is an error and not a figure."""
    with pytest.raises(ValueError, match="rounds"):
        ratio(ours, theirs)


def test_results_are_written_as_a_list_of_figures(tmp_path: Path):
    """Whoever reads the file finds exactly name, value, unit, goal and met, and the latest run only."""
    write("harvest", [result("old", 1.0, "s")], tmp_path)
    path = write("harvest", [result("us / peer", 12.0, "ratio", ">= 10"), result("us", 9.0, "rows/s")], tmp_path)
    assert path == tmp_path / "harvest.json"
    assert json.loads(path.read_text()) == [
        {"name": "us / peer", "value": 12.0, "unit": "ratio", "goal": ">= 10", "met": True},
        {"name": "us", "value": 9.0, "unit": "rows/s", "goal": None, "met": None},
    ]


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_the_kept_results_say_the_truth_about_their_goals(path: Path):
    """The figures in the repository are of the form that is written today, and `met` follows from value and goal."""
    for figure in json.loads(path.read_text()):
        assert set(figure) == {"name", "value", "unit", "goal", "met"}
        assert (figure["goal"] is None) == (figure["met"] is None)


async def test_the_section_on_catalog_facts_runs(dsn: str):
    """Five calls for a hundred products, none refused, and none at all in a second run within the age limit."""
    figures = {each.name: each.value for each in await catalog.measured(dsn, 100)}

    assert figures["calls for them"] == 5
    assert figures["of these refused (429)"] == 0
    assert figures["calls in a second run within the age limit"] == 0


async def test_a_page_that_was_asked_for_before_is_given_to_anybody(monkeypatch: pytest.MonkeyPatch):
    """The ceiling names no profile and has no login: it is what a bare script could do."""
    server = PageServer(10, remember=True)
    asked: list[str] = []

    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        asked.append(request.headers.get(SCOPE, ""))
        return web.json_response({"targets": [len(asked)]})

    monkeypatch.setattr(server.sandbox, "handle", handle)
    async with RawTestServer(server.handle) as raw, aiohttp.ClientSession() as client:
        for scope in ({SCOPE: "1"}, {SCOPE: "2"}, {SCOPE: "1"}, {}):
            async with client.post(raw.make_url(PATH), json={"maxResults": 5}, headers=scope) as answer:
                found = (await answer.json())["targets"]
            assert found == ([2] if scope == {SCOPE: "2"} else [1])

    assert asked == ["1", "2"]
