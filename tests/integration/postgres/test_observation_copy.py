"""What is encoded by hand must be in Postgres as it was said, to the last bit."""

from datetime import UTC, datetime

import pytest

from harvester.adapters.postgres import observation_copy
from harvester.adapters.postgres.observation_copy import COLUMNS, Rows
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.domain.decision import Decision, Outcome
from harvester.domain.run import Cursor

from .conftest import BeginRun, Sql, a_decision, a_page, a_row

SEEN = datetime(2026, 11, 21, 6, 30, 12, 345678, tzinfo=UTC)

ODD: Rows = [
    (a_row(clicks=None, conversions=None, evidence_note=None), "k", a_decision()),
    (a_row(clicks=0.1 + 0.2, conversions=5e-324, evidence_note='{"ACOS": "12%"}'), "k", a_decision()),
    (a_row(clicks=1.7976931348623157e308, conversions=-0.0), "k", a_decision()),
    (a_row(target="  Hängematte für Zwei ", evidence_note=""), "hängematte für zwei", a_decision(Outcome.PROMOTE)),
    (a_row(target="हिन्दी 👟\t\\N\n"), "", a_decision(Outcome.NEGATE)),
    (a_row(campaign_id="", ad_group_id="", ad_id="", ad_asin="", target="", target_type=""), "", a_decision()),
    (a_row(), "k", Decision(Outcome.SKIP, "malformed", "", '[["","malformed.empty","",null,false,""]]')),
    (a_row(target="x" * 100_000), "y" * 100_000, a_decision()),
]


def as_given(run_id: str, rows: Rows, seen_at: datetime) -> list[dict[str, object]]:
    return [
        {
            "run_id": run_id,
            "profile_id": "1234567890",
            "seen_at": seen_at,
            "place": place,
            "key": key,
            **{name: getattr(row, name) for name in type(row).__struct_fields__ if name in COLUMNS},
            **{name: getattr(decision, name) for name in type(decision).__struct_fields__},
        }
        for place, (row, key, decision) in enumerate(rows)
    ]


async def kept(sql: Sql) -> list[dict[str, object]]:
    rows = await sql.fetch(f"SELECT {', '.join(COLUMNS)} FROM harvester.observation ORDER BY place")
    return [dict(row) for row in rows]


async def test_every_column_is_kept_as_it_was_said(begin: BeginRun, runs: PostgresRuns, sql: Sql):
    """Unknown stays unknown, empty stays empty, and no digit, blank or letter is lost."""
    run = await begin()
    await runs.save_page(run, 0, ODD, Cursor(), SEEN)

    assert await kept(sql) == as_given(run.run_id, ODD, SEEN)


async def test_a_whole_page_is_kept_row_by_row(begin: BeginRun, runs: PostgresRuns, sql: Sql):
    """Also one of more rows than are encoded in one go."""
    run = await begin()
    rows = [*a_page(0, 301), *ODD]
    await runs.save_page(run, 0, rows, Cursor(), SEEN)

    assert await kept(sql) == as_given(run.run_id, rows, SEEN)


async def test_what_is_remembered_stays_within_its_bounds(
    begin: BeginRun, runs: PostgresRuns, sql: Sql, monkeypatch: pytest.MonkeyPatch
):
    """Decisions that hardly ever come twice cost no memory, and none gets the findings of another."""
    monkeypatch.setattr(observation_copy, "_MOST_VERDICTS", 5)
    run = await begin()
    rows = [
        (a_row(number), "k", Decision(Outcome.HOLD, "not_proven", "", f'[["","number",{number},null,false]]'))
        for number in range(40)
    ]
    for first in range(0, 40, 4):
        await runs.save_page(run, first, rows[first : first + 4], Cursor(token=str(first)), SEEN)

    assert len(runs.page_copy._verdicts) <= 5 + 4
    assert await kept(sql) == as_given(run.run_id, rows, SEEN)
