"""The named SQL blocks."""

import pytest

from harvester.adapters.postgres.queries import QUERIES, named, parse

from .conftest import Sql


async def test_every_block_is_understood_by_the_migrated_schema(sql: Sql):
    """Postgres prepares each of them: no name of a table, column or function is wrong."""
    async with sql.transaction():
        await sql.execute(named("open_staging"))
        for query in QUERIES.values():
            await sql.prepare(query.text)
    assert len(QUERIES) > 30


def test_every_block_says_what_it_is_for():
    """One line each, a sentence."""
    assert [query.name for query in QUERIES.values() if not query.description.endswith(".")] == []


def test_a_name_that_does_not_exist_is_an_error_at_import():
    """Nobody finds out at run time."""
    with pytest.raises(KeyError):
        named("no_such_block")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("SELECT 1;\n-- name: a\n-- A.\nSELECT 1", "before the first block"),
        ("-- name: a\nSELECT 1", "one line of description"),
        ("-- name: a\n-- A.\n", "one line of description"),
    ],
)
def test_a_block_without_form_is_refused(text: str, complaint: str):
    """The file and what it lacks are named."""
    with pytest.raises(ValueError, match=complaint):
        list(parse("x.sql", text))


def test_blocks_are_split_at_their_names():
    """Name, description and text, without the last semicolon."""
    (one, two) = parse(
        "x.sql", "-- name: one\n-- First.\nSELECT 1;\n\n-- name: two\n-- Second.\nSELECT 2\n  -- inside\n;\n"
    )

    assert (one.name, one.description, one.text) == ("one", "First.", "SELECT 1")
    assert two.text == "SELECT 2\n  -- inside\n"
