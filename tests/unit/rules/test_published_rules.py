"""The published rules that the docs hold: each can be loaded, and does what it says."""

from pathlib import Path

import pytest

from harvester.config.rules_file import load
from harvester.rules.file_tests import run_tests

FOLDER = Path(__file__).parents[3] / "docs" / "published-rules"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_published_rule_does_what_it_says(path: Path) -> None:
    """Its own tests pass, one for what it takes up and one for what it leaves."""
    results = run_tests(load(path))

    assert len(results) >= 2
    assert [result for result in results if not result.passed] == []


def test_every_published_rule_is_listed() -> None:
    """Whoever looks for one finds it in the table."""
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")

    assert len(FILES) >= 29
    assert [path.name for path in FILES if f"({path.name})" not in listed] == []


def test_what_is_recommended_stands_in_the_example_too() -> None:
    """Word for word, so that both stay the same."""
    recommended = load(FOLDER / "recommended.yaml").rules
    example = load(FOLDER.parents[1] / "rules.example.yaml").rules

    assert [rule for rule in recommended if rule not in example] == []
