"""Search terms read page by page from the tables of days: the same as a naive recomputation in Python."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from msgspec import UNSET

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.report_days import PostgresReportDays
from harvester.adapters.postgres.search_terms import PostgresSearchTerms
from harvester.domain.coverage import stretches_of
from harvester.domain.history import Gap, History, Totals, Window
from harvester.domain.recommendation import Recommendation
from harvester.rules.term_notes import decimal_text, read_note
from harvester.usecases.search_terms import SearchTermSource

from .conftest import NOW, Sql, a_profile

TODAY = date(2026, 11, 27)
USUAL, FORTNIGHT, RECENT = Window(60, 7), Window(14, 7), Window(5, 0)
WINDOWS = (USUAL, FORTNIGHT, RECENT)
AD_GROUPS = ("710", "711", "720", "730")
Row = tuple[Any, ...]
COLUMNS = (
    "profile_id", "day", "campaign_id", "ad_group_id", "keyword_id", "term", "key", "targeting", "match_type",
    "impressions", "clicks", "cost", "orders", "sales",
)  # fmt: skip


def a_day(age: int, ad_group_id: str, term: str, keyword_id: str = "k1", *figures: int, profile_id: str = "") -> Row:
    key = term if term.isupper() else term.lower()
    place = (f"c{ad_group_id[:2]}", ad_group_id, keyword_id, term, key, f"of {keyword_id}", "BROAD")
    return (profile_id or a_profile().profile_id, TODAY - timedelta(days=age), *place, *(figures or (10, 1, 5, 0, 0)))


def made_up(seed: int, count: int = 600) -> list[Row]:
    random = Random(seed)
    terms = ["Red Hat", "blue hat", "B000000009", "*", "çay", "zz top"]
    return [
        a_day(
            random.randint(0, 80),
            random.choice([*AD_GROUPS, "715"]),
            random.choice(terms),
            f"k{random.randint(1, 3)}",
            *(random.randint(0, 50) * 10_000 for _ in range(5)),
            profile_id=random.choice(["", "", "", "99"]),
        )
        for _ in range(count)
    ]


async def put(sql: Sql, rows: Iterable[Row]) -> None:
    await sql.copy_records_to_table("search_term_day", schema_name="harvester", columns=COLUMNS, records=list(rows))


def naive(rows: Iterable[Row], *, key: Any, star: bool = False) -> Mapping[Any, Mapping[Window, Totals]]:
    """What a person would sum up by hand, row by row and window by window."""
    sums: defaultdict[Any, dict[Window, Totals]] = defaultdict(dict)
    for row in rows:
        of = dict(zip(COLUMNS, row, strict=True))
        if of["profile_id"] != a_profile().profile_id or (of["key"] == "*" and not star):
            continue
        for window in WINDOWS:
            if window.first(TODAY) <= of["day"] <= window.last(TODAY):
                before = sums[key(of)].get(window, Totals())
                sums[key(of)][window] = before.plus(Totals(*row[-5:]))
    return sums


def source(
    database: Database, gaps: Mapping[Window, Gap] | None = None, page_size: int = 1000, parts_at_once: int = 20_000
) -> SearchTermSource:
    terms = PostgresSearchTerms(database)
    found = SearchTermSource(terms, a_profile(), TODAY, USUAL, WINDOWS, gaps or {}, frozenset(AD_GROUPS))
    return replace(found, page_size=page_size, parts_at_once=parts_at_once)


async def read(
    source: SearchTermSource, ids: Sequence[str] = AD_GROUPS, token: str | None = None
) -> tuple[list[tuple[Recommendation, History]], list[tuple[int, str]]]:
    """All rows, and the tokens with how many rows came before each."""
    rows: list[tuple[Recommendation, History]] = []
    tokens: list[tuple[int, str]] = []
    async for page in source.pages(ids, token):
        rows += zip(page.rows, page.histories, strict=True)
        if page.next_token is not None:
            tokens.append((len(rows), page.next_token))
    return rows, tokens


@pytest.mark.parametrize(("seed", "page_size", "parts_at_once"), [(1, 1000, 20_000), (2, 3, 7), (3, 1, 1), (4, 2, 40)])
async def test_windows_are_those_of_a_naive_recomputation(
    database: Database, sql: Sql, seed: int, page_size: int, parts_at_once: int
):
    """Every term of every ad group asked for, each once and in order, however it is cut into pages and questions."""
    rows = made_up(seed)
    await put(sql, rows)

    found, _ = await read(source(database, page_size=page_size, parts_at_once=parts_at_once))

    terms = naive(rows, key=lambda of: (of["ad_group_id"], of["key"]))
    expected = {place: windows for place, windows in terms.items() if place[0] in AD_GROUPS}
    places = [(row.ad_group_id, row.target if row.target_type == "PRODUCT" else row.target.lower()) for row, _ in found]
    assert places == sorted(expected)
    ad_groups = naive(rows, key=lambda of: of["ad_group_id"], star=True)
    (everything,) = naive(rows, key=lambda _: "", star=True).values()
    for place, (row, history) in zip(places, found, strict=True):
        assert history.windows == expected[place]
        assert history.around.ad_group == ad_groups[row.ad_group_id]
        assert history.around.profile == everything
        usual = expected[place].get(USUAL, Totals())
        assert (row.clicks, row.conversions) == (usual.clicks, usual.orders)
        told = read_note(row.evidence_note).windows
        assert list(told) == ["60d-7d", "14d-7d", "5d-0d"]
        assert (told["60d-7d"].cost, told["60d-7d"].sales) == (decimal_text(usual.cost), decimal_text(usual.sales))


async def test_a_resumed_run_repeats_and_leaves_out_nothing(database: Database, sql: Sql):
    """From every token the rest comes as it would have come."""
    await put(sql, made_up(5))
    whole, tokens = await read(source(database, page_size=2, parts_at_once=9))

    assert len(tokens) > 5
    for before, token in tokens:
        rest, _ = await read(source(database, page_size=2, parts_at_once=9), token=token)
        assert [row for row, _ in rest] == [row for row, _ in whole[before:]]


async def test_old_days_go_meanwhile_and_days_come(database: Database, sql: Sql):
    """Partitions that are dropped or made between two pages disturb no run that counts none of their days."""
    days = PostgresReportDays(database)
    await days.make_partitions(TODAY - timedelta(days=90), TODAY - timedelta(days=1))
    rows = made_up(6)
    await put(sql, [*rows, *(a_day(90, ad_group_id, "Red Hat") for ad_group_id in AD_GROUPS)])
    whole, _ = await read(source(database, page_size=2, parts_at_once=9))

    again: list[Recommendation] = []
    ages = iter(range(89, 67, -1))
    async for page in source(database, page_size=2, parts_at_once=9).pages(AD_GROUPS, None):
        again += page.rows
        if (age := next(ages, None)) is not None:
            assert await days.drop_before(TODAY - timedelta(days=age)) == 2
            assert await days.make_partitions(TODAY + timedelta(days=age), TODAY + timedelta(days=age)) == 2

    assert len(again) > 10
    assert again == [row for row, _ in whole]


async def test_the_keyword_that_cost_most_speaks_for_a_term(database: Database, sql: Sql):
    """Rows of one term under several keywords are one row; of how many is said."""
    await put(
        sql,
        [
            a_day(10, "710", "red hat", "k1", 5, 1, 400, 0, 0),
            a_day(11, "710", "red hat", "k2", 5, 1, 300, 0, 0),
            a_day(12, "710", "Red hat", "k2", 5, 1, 300, 1, 900),
        ],
    )

    ((row, _),), _ = await read(source(database))

    note = read_note(row.evidence_note)
    assert (note.keyword_id, note.targeting, note.match_type, note.keywords) == ("k2", "of k2", "BROAD", 2)
    assert (row.clicks, row.conversions, row.ad_id, row.target) == (3, 1, "", "red hat")


async def test_rows_carry_what_their_ad_group_advertises(database: Database, sql: Sql):
    """Where the rules tell products apart: on the row for the judge, in the note for the plan."""
    await put(sql, [a_day(10, "710", "red hat"), a_day(10, "720", "red hat")])
    asked = source(database)
    asked.advertised = {"710": ("B000000001", "B000000002")}

    rows, _ = await read(asked)

    notes = {row.ad_group_id: read_note(row.evidence_note).asked_for for row, _ in rows}
    assert {row.ad_group_id: row.asked_for for row, _ in rows} == {"710": ("B000000001", "B000000002"), "720": ()}
    assert notes == {"710": ("B000000001", "B000000002"), "720": UNSET}


async def test_a_term_that_looks_like_an_asin_by_chance_is_a_keyword(database: Database, sql: Sql):
    """`nintendo64` is what somebody typed: negated as a product it would shut out nothing, or a product of that name."""
    await put(sql, [a_day(10, "710", "nintendo64"), a_day(10, "710", "B000000009")])

    rows, _ = await read(source(database))

    assert {(row.target_type, row.target) for row, _ in rows} == {("KEYWORD", "nintendo64"), ("PRODUCT", "B000000009")}


async def test_days_are_known_by_when_they_were_read(database: Database, sql: Sql):
    """Of search terms and of the profile only."""
    await sql.execute("INSERT INTO harvester.profile VALUES ('1234567890','m','NA','US','USD','UTC','seller','A',NULL)")
    await sql.execute(
        "INSERT INTO harvester.report (profile_id, kind, first_day, last_day, asked_at) "
        "VALUES ('1234567890', 'search_terms', $1, $1, $2)",
        TODAY,
        NOW,
    )
    await sql.execute(
        "INSERT INTO harvester.report_day SELECT '1234567890', kind, $1, $2, 1 "
        "FROM unnest(ARRAY['search_terms', 'targeting']) AS kind",
        TODAY,
        NOW,
    )

    terms = PostgresSearchTerms(database)

    assert await terms.days_read(a_profile().profile_id) == {TODAY: NOW}
    assert await terms.days_read(a_profile("99").profile_id) == {}


_SEED = f"""
SELECT harvester.ensure_report_days(date '{TODAY}' - 70, date '{TODAY}');
INSERT INTO harvester.search_term_day
SELECT '1234567890', date '{TODAY}' - 1 - number % 70, 'c' || number % 7, 'g' || number % 40, 'k' || number % 90,
    'term ' || number % 5000, 'term ' || number % 5000, 'x', 'BROAD', 10, 1, 5, (number % 50 = 0)::integer, 9
FROM generate_series(1, 60000) AS number;
ANALYZE;
"""


async def test_a_page_is_read_by_the_index_of_places_and_never_sorts_what_comes_later(sql: Sql):
    """Of seventy days with sixty thousand rows: in the order of the index, as far as the page goes."""
    await sql.execute(_SEED)
    starts = list(stretches_of(WINDOWS, TODAY).starts)

    plan = await explained(sql, "term_parts", "1234567890", starts, "g1", "", "g9", 500)

    kinds = {node["Node Type"] for node in plan}
    assert {"Merge Append", "Incremental Sort", "Index Scan"} <= kinds
    assert not {"Sort", "Seq Scan"} & kinds
    assert max(node["Actual Rows"] for node in plan) < 4000


async def test_what_sold_is_read_by_the_index_of_what_sold(sql: Sql):
    """Not one day is read from end to end."""
    await sql.execute(_SEED)

    async with sql.transaction():
        await sql.execute(named("by_index_alone"))
        plan = await explained(sql, "terms_sold_in", "1234567890", ["c1", "c2"])

    indexes = {node.get("Index Name", "") for node in plan}
    assert not [node for node in plan if node["Node Type"] == "Seq Scan" and "search_term" in node["Relation Name"]]
    assert any("campaign_id_key" in name for name in indexes)


async def explained(sql: Sql, name: str, *arguments: object) -> list[dict[str, Any]]:
    """The nodes of a plan that was carried out."""
    text = await sql.fetchval(f"EXPLAIN (ANALYZE, FORMAT JSON) {named(name)}", *arguments)
    nodes, found = [json.loads(text)[0]["Plan"]], []
    while nodes:
        found.append(nodes.pop())
        nodes += found[-1].get("Plans", ())
    return found
