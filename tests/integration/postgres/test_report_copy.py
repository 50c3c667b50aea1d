"""What stands in Postgres after a report was loaded, beside what a slow and simple reading of its file says."""

import io
import json
import random
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest

from harvester.adapters.ads.report_rows import ReportReader
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.report_days import PostgresReportDays
from harvester.domain.history import ReportKind
from harvester.domain.report import Loaded, ReportPage, Span, term_key
from tests.unit.adapters.report_desk import a_row

from .conftest import NOW, Sql, a_profile

PROFILE = a_profile()
SPAN = Span(date(2026, 11, 1), date(2026, 11, 4))
NEWER = date(2026, 11, 2)
"""A later report has brought it already."""
TERMS = [
    *(f"running shoes {number}" for number in range(300)), "*", "Läufer  Schuhe", "b07abc1234", 'asin="b07abc1234"', " B07ABC1234",
    "\u3000ｗｉｄｅ\u3000", "跑鞋", "red\tshoes", "",
]  # fmt: skip
Row = dict[str, Any]


def a_report(rows: int) -> list[Row]:
    """Rows of days asked for and of others, some twice, some that are none, and some in another form."""
    dice = random.Random(20261104)
    found: list[Row] = []
    while len(found) < rows:
        keyword, day = dice.randrange(60), SPAN.first + timedelta(days=dice.randrange(4) if dice.random() < 0.99 else 9)
        row = a_row(
            day, campaignId=700 + keyword // 20, adGroupId=710 + keyword // 5, keywordId=str(7300 + keyword),
            targeting=f"schuhe {keyword} ß", keywordType=dice.choice(["BROAD", "EXACT"]), searchTerm=dice.choice(TERMS),
            impressions=dice.randrange(10**9), clicks=dice.randrange(99), cost=dice.randrange(10**6) / 100,
            purchases7d=dice.randrange(3), sales7d=dice.randrange(10**9) / 10**6,
        )  # fmt: skip
        odd = dice.random()
        row |= {"clicks": str(row["clicks"])} if odd < 0.02 else {"cost": None} if odd < 0.04 else {}
        found += [row] * (2 if dice.random() < 0.1 else 1)
    return [*found, *found[:9]]


def pages_of(rows: list[Row], kind: ReportKind) -> Iterable[ReportPage]:
    return ReportReader(kind, vendor=False).pages(io.BytesIO(json.dumps(rows).encode()))


def simply(row: Row, about: Mapping[str, str]) -> tuple[object, ...]:
    """As it is to stand there."""
    money = [round(row[each] * 1_000_000) for each in ("cost", "sales7d")]
    return (
        PROFILE.profile_id, date.fromisoformat(row["date"]), str(row["campaignId"]), str(row["adGroupId"]), row["keywordId"],
        *about.values(), row["targeting"], row["keywordType"], row["impressions"], int(row["clicks"]), money[0],
        row["purchases7d"], money[1],
    )  # fmt: skip


@pytest.fixture
async def store(database: Database) -> PostgresReportDays:
    await PostgresProfiles(database).save([PROFILE])
    return PostgresReportDays(database)


async def load(store: PostgresReportDays, kind: ReportKind, span: Span, later: int, rows: list[Row]) -> Loaded | None:
    (report,) = await store.ask(PROFILE.profile_id, kind, [span], NOW + timedelta(hours=later))
    await store.named(report.number, "id", NOW)
    return await store.load(PROFILE.profile_id, report, pages_of(rows, kind))


@pytest.mark.parametrize("kind", ReportKind)
async def test_every_row_stands_there_once_as_it_came(store: PostgresReportDays, sql: Sql, kind: ReportKind):
    """Of days that were asked for, and that no later report has brought; beside them rows of another report."""
    table = {ReportKind.SEARCH_TERMS: "search_term_day", ReportKind.TARGETING: "targeting_day"}[kind]
    of_term = kind is ReportKind.SEARCH_TERMS
    restated = [a_row(NEWER, keywordId="1", searchTerm="restated")]
    rows = a_report(3000)
    assert await load(store, kind, Span(NEWER, NEWER), 1, restated) == Loaded(1, 0)

    loaded = await load(store, kind, SPAN, 0, rows)

    expected = {
        simply(row, {"term": row["searchTerm"], "key": term_key(row["searchTerm"])} if of_term else {})
        for row in rows
        if row["cost"] is not None and SPAN.first <= date.fromisoformat(row["date"]) <= SPAN.last
        and date.fromisoformat(row["date"]) != NEWER
    }  # fmt: skip
    read = await sql.fetch(f"SELECT * FROM harvester.{table} WHERE day <> $1", NEWER)
    assert len(read) == len(expected)
    assert {tuple(row) for row in read} == expected
    unreadable = [row for row in rows if row["cost"] is None or date.fromisoformat(row["date"]) > SPAN.last]
    assert loaded == Loaded(len(expected), len(unreadable))
    assert await sql.fetchval(f"SELECT count(*) FROM harvester.{table} WHERE day = $1", NEWER) == 1
