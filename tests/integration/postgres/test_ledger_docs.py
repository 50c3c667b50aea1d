"""docs/ledger.md says what is there, and its queries run."""

import re
from pathlib import Path

import pytest

from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.decision import Outcome
from harvester.domain.run import Cursor

from .conftest import NOW, BeginRun, Sql, StorePlan, a_page, an_action

TEXT = (Path(__file__).parents[3] / "docs" / "ledger.md").read_text(encoding="utf-8")
QUERIES = [query for query in re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL) if "CREATE ROLE" not in query]


async def test_every_view_and_column_is_in_the_reference(sql: Sql):
    """Under the heading of its view."""
    columns = await sql.fetch(
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'ledger'"
    )
    sections = dict(re.findall(r"### (.*?)\n(.*?)(?=\n##)", TEXT, re.DOTALL))

    def described(view: str, column: str) -> bool:
        return any(f"ledger.{view}" in heading and f"`{column}`" in body for heading, body in sections.items())

    assert len(columns) > 80
    assert [tuple(row) for row in columns if not described(*row)] == []


async def test_the_reference_names_no_column_that_is_not_there(sql: Sql):
    """In the first column of its tables."""
    known = {
        row[0]
        for row in await sql.fetch("SELECT column_name FROM information_schema.columns WHERE table_schema = 'ledger'")
    }
    tables = re.findall(r"^\| column \| meaning \|\n(.*?)\n\n", TEXT, re.MULTILINE | re.DOTALL)
    first_cells = [cell for table in tables for cell in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)]

    assert len(first_cells) > 30

    assert {name for cell in first_cells for name in re.findall(r"`(\w+)`", cell)} - known == set()


@pytest.mark.parametrize("query", QUERIES, ids=[re.sub(r"\s+", " ", query)[:40] for query in QUERIES])
async def test_its_queries_run(begin: BeginRun, runs: PostgresRuns, store_plan: StorePlan, sql: Sql, query: str):
    """Against a ledger with something in it."""
    run = await begin()
    await runs.save_page(run, 0, a_page(0, 3, Outcome.PROMOTE), Cursor(), NOW)
    await store_plan(run, [an_action()])

    await sql.execute(query)


async def test_its_grants_are_enough(begin: BeginRun, runs: PostgresRuns, sql: Sql):
    """An analyst made as described reads every view."""
    (grants,) = [text for text in re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL) if "CREATE ROLE" in text]
    name = f"analyst_of_docs_{sql.get_server_pid()}"
    try:
        await sql.execute(re.sub(r"\banalyst\b", name, grants))
        await sql.execute(f"SET ROLE {name}")
        assert await sql.fetchval("SELECT count(*) FROM ledger.decisions") == 0
    finally:
        await sql.execute("RESET ROLE")
        await sql.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
