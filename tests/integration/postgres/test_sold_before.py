"""What once sold is found for ever: by recorded days, by days that were dropped since, by runs; variants of it too."""

from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.report_days import PostgresReportDays
from harvester.adapters.postgres.runs import PostgresRuns
from harvester.adapters.postgres.search_terms import PostgresSearchTerms
from harvester.domain.history import Sold, SoldTerm
from harvester.domain.profile import AdGroup, Campaign, ProductAd
from harvester.domain.run import Cursor, Run
from harvester.usecases.account_map import AccountMap, build
from harvester.usecases.sold_before import Asked, SoldBefore, WhatSold

from .conftest import NOW, BeginRun, Sql, a_decision, a_profile, a_row
from .reported import search_term

DAY = date(2026, 9, 1)
LATER = DAY + timedelta(days=30)


def an_account() -> AccountMap:
    """Two ad groups of the same product in two campaigns, and one of another product."""
    return build(
        [Campaign(each, each, "AUTO", "ENABLED") for each in ("700", "800", "900")],
        [AdGroup(f"{each[0]}10", each, each, "ENABLED") for each in ("700", "800", "900")],
        [
            ProductAd("1", "710", "700", "ENABLED", sku="a"),
            ProductAd("2", "810", "800", "ENABLED", sku="a"),
            ProductAd("3", "910", "900", "ENABLED", sku="b"),
        ],
    )


@pytest.fixture
async def run(begin: BeginRun) -> Run:
    return await begin()


async def before(database: Database, run: Run, asked: Sequence[Asked], asked_runs: int = 0) -> dict[Asked, Sold]:
    what_sold = WhatSold(PostgresSearchTerms(database), a_profile())
    return dict(await SoldBefore(what_sold, run, an_account(), asked_runs)(asked))


def asked(*keys: str) -> list[Asked]:
    return [("700", "710", key) for key in keys]


async def test_what_ever_sold_in_a_campaign_is_found(database: Database, sql: Sql, run: Run, runs: PostgresRuns):
    """By any recorded day, or where no day knows, by what an earlier run was told; of that campaign and profile alone."""
    await search_term(sql, "red hat", DAY, orders=2)
    await search_term(sql, "red hat", LATER, orders=1, ad_group_id="711")
    await search_term(sql, "red hat", LATER, orders=4, ad_group_id="910", campaign_id="900")
    await search_term(sql, "blue hat", LATER)
    await search_term(sql, "green hat", LATER, orders=1, profile_id="99")
    row = a_row(source="products", target="old hat", campaign_id="700", conversions=3.0)
    await runs.save_page(run, 0, [(row, "old hat", a_decision())], Cursor(), NOW)
    questions = asked("red hat", "blue hat", "green hat", "old hat")

    assert await before(database, run, questions) == {
        ("700", "710", "red hat"): Sold(3, LATER),
        ("700", "710", "old hat"): Sold(3, NOW.date()),
    }
    assert await before(database, run, questions, asked_runs=500) == {("700", "710", "red hat"): Sold(3, LATER)}


async def test_a_variant_that_sold_is_named_with_its_orders(database: Database, sql: Sql, run: Run):
    """Amazon's negative would shut it out too."""
    await search_term(sql, "yoga mat", DAY, orders=2)
    await search_term(sql, "yoga mat", LATER, orders=1, ad_group_id="711")
    await search_term(sql, "mats for yoga kids", DAY, orders=9)

    assert await before(database, run, asked("yoga mats", "yoga block")) == {
        ("700", "710", "yoga mats"): Sold(3, LATER, "yoga mat")
    }


async def test_what_another_ad_group_of_the_same_products_sold_counts(database: Database, sql: Sql, run: Run):
    """And not what sold something else."""
    await search_term(sql, "yoga mat", DAY, orders=2, ad_group_id="810", campaign_id="800")
    await search_term(sql, "yoga mat", DAY, orders=2, ad_group_id="811", campaign_id="800")
    await search_term(sql, "yoga block", DAY, orders=2, ad_group_id="910", campaign_id="900")

    assert await before(database, run, asked("yoga mats", "yoga block")) == {
        ("700", "710", "yoga mats"): Sold(2, DAY, "yoga mat", "810")
    }


async def test_what_sold_on_days_that_were_dropped_is_still_known(database: Database, sql: Sql, run: Run):
    """Added up over days and droppings, whichever partition they lay in; clicks and money go."""
    days = PostgresReportDays(database)
    await days.make_partitions(DAY, DAY + timedelta(days=1))
    for day, orders in ((DAY, 2), (DAY + timedelta(days=1), 1), (DAY + timedelta(days=2), 4), (LATER, 5)):
        await search_term(sql, "yoga mat", day, orders=orders)
        await search_term(sql, "*", day, orders=orders)
        await search_term(sql, "blue hat", day)

    await days.drop_before(DAY + timedelta(days=1))
    await days.drop_before(LATER)

    assert await sql.fetchval("SELECT min(day) FROM harvester.search_term_day") == LATER
    assert [tuple(row) for row in await sql.fetch("SELECT key, by, orders, last_day FROM harvester.sold_term")] == [
        ("yoga mat", "days", 7, DAY + timedelta(days=2))
    ]
    assert await before(database, run, asked("yoga mat", "blue hat")) == {("700", "710", "yoga mat"): Sold(12, LATER)}


async def test_what_recommendations_told_of_orders_is_kept_with_its_variants(
    database: Database, sql: Sql, run: Run, runs: PostgresRuns, begin: BeginRun
):
    """Of the run that asks: once and for all, the most that it was told; days that know of more say more."""
    rows = [
        a_row(target="yoga mat", conversions=2.5),
        a_row(target="yoga mat", conversions=1.0, ad_id="721"),
        a_row(target="yoga block", conversions=0.0),
        a_row(target="yoga strap", conversions=None),
        a_row(target="B000000009", conversions=1.0, target_type="PRODUCT"),
        a_row(target="yoga towel", conversions=5.0, source="search_terms"),
    ]
    page = [(row, row.target, a_decision()) for row in rows]
    await runs.save_page(run, 0, page, Cursor(), NOW)
    told = {("700", "710", "yoga mats"): Sold(3, NOW.date(), "yoga mat")}
    questions = asked("yoga mats", "yoga blocks", "yoga straps", "yoga towels")

    assert await before(database, run, questions) == told
    run = await begin()
    assert await before(database, run, questions) == told
    assert await before(database, run, asked("B000000009")) == {("700", "710", "B000000009"): Sold(1, NOW.date())}
    await search_term(sql, "yoga mat", DAY, orders=4)
    assert await before(database, run, questions) == {("700", "710", "yoga mats"): Sold(4, DAY, "yoga mat")}


async def test_campaigns_are_read_once_until_too_much_is_remembered(database: Database, sql: Sql, run: Run):
    """Then memory is freed, and they are read again."""
    asked_for: list[list[str]] = []

    class Counting(PostgresSearchTerms):
        async def sold_in(self, profile_id: str, campaign_ids: Sequence[str]) -> Sequence[SoldTerm]:
            asked_for.append(list(campaign_ids))
            return await PostgresSearchTerms.sold_in(self, a_profile(profile_id).profile_id, campaign_ids)

    await search_term(sql, "yoga mat", DAY, orders=2)
    await search_term(sql, "yoga block", DAY, orders=2)
    what_sold = WhatSold(Counting(database), a_profile(), most_kept=1)

    for campaigns in (["700"], ["700", "800"], ["800"]):
        await what_sold.of(campaigns)
    roomy = WhatSold(Counting(database), a_profile())
    for campaigns in (["700"], ["700", "800"], ["800"]):
        await roomy.of(campaigns)

    assert asked_for == [["700"], ["700", "800"], ["700"], ["800"]]
    asked_for.clear()
    await roomy.ahead(["800", "900", "700"])
    await what_sold.ahead(["900"])
    assert asked_for == [["900"]], "nobody reads ahead where too much is remembered already"
    assert await PostgresSearchTerms(database).sold_in(a_profile().profile_id, []) == []
