"""What is remembered of the catalog, and turns that all replicas take from one bucket."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from harvester.adapters.postgres.catalog import PostgresCatalog, PostgresTurns
from harvester.adapters.postgres.database import Database
from harvester.domain.catalog import CatalogItem, Category, SalesRank

from .conftest import NOW, Sql, later

US, DE = "ATVPDKIKX0DER", "A1PA6795UKMFR9"
WHOLE = CatalogItem(
    "B000000001",
    title="A “towel”, 2 × 3\x00",
    brand="Acme",
    item_class="BASE_PRODUCT",
    category=Category("2", "Towels"),
    path=(Category("1", "Home"), Category("2", "Towels")),
    ranks=(SalesRank("Home", 12), SalesRank("Towels", 1, "2")),
    parents=("B00PARENT1",),
    children=("B00CHILD01", "B00CHILD02"),
    list_price="12.50",
    currency="USD",
    image="https://example.com/a.jpg",
)
GONE = CatalogItem("B000000002", known=False)


@pytest.fixture
def catalog(database: Database) -> PostgresCatalog:
    return PostgresCatalog(database)


async def test_what_was_read_is_remembered_per_marketplace(catalog: PostgresCatalog):
    """Every fact as it was, that there is no such product too; a NUL, which Postgres keeps not, is replaced."""
    await catalog.save(US, [WHOLE, GONE, WHOLE], NOW)

    found = await catalog.known(US, ["B000000001", "B000000002", "B000000003"], NOW)

    assert found["B000000001"].title == "A “towel”, 2 × 3\ufffd"
    assert found["B000000001"].path == WHOLE.path
    assert found["B000000001"].ranks == WHOLE.ranks
    assert found.keys() == {"B000000001", "B000000002"}
    assert found["B000000002"] == GONE
    assert await catalog.known(DE, ["B000000001"], NOW) == {}


async def test_what_is_too_old_is_not_known(catalog: PostgresCatalog):
    """The moment of reading counts; what was read again is young again."""
    await catalog.save(US, [GONE], NOW)

    assert await catalog.known(US, ["B000000002"], later(1)) == {}
    await catalog.save(US, [CatalogItem("B000000002", brand="Acme")], later(2))
    assert (await catalog.known(US, ["B000000002"], later(1)))["B000000002"].brand == "Acme"


async def test_what_nobody_reads_again_is_forgotten(catalog: PostgresCatalog):
    """From the moment named, and nothing younger."""
    await catalog.save(US, [CatalogItem("B000000001")], NOW)
    await catalog.save(US, [CatalogItem("B000000002")], later(1))

    await catalog.forget(later(1))

    assert (await catalog.known(US, ["B000000001", "B000000002"], NOW)).keys() == {"B000000002"}


async def test_older_news_never_replaces_newer(catalog: PostgresCatalog):
    """Two replicas may read the same product; the later answer stays."""
    await catalog.save(US, [CatalogItem("B000000001", brand="New")], later(2))
    await catalog.save(US, [CatalogItem("B000000001", brand="Old")], later(1))

    assert (await catalog.known(US, ["B000000001"], NOW))["B000000001"].brand == "New"


async def test_many_replicas_save_the_same_products_at_once(catalog: PostgresCatalog):
    """Whatever their order, none waits for ever for another."""
    items = [CatalogItem(f"B{number:09d}") for number in range(200)]

    await asyncio.gather(*(catalog.save(US, items[:: 1 if n % 2 else -1], later(n)) for n in range(8)))

    assert len(await catalog.known(US, [item.asin for item in items], later(7))) == 200


@pytest.fixture
async def replicas(dsn: str) -> AsyncIterator[list[PostgresTurns]]:
    """Two processes' worth of turns."""
    async with Database.open(dsn, most_connections=2) as one, Database.open(dsn, most_connections=2) as two:
        yield [PostgresTurns(one), PostgresTurns(two)]


async def test_replicas_share_one_bucket(replicas: list[PostgresTurns]):
    """Two go at once, whoever asks; each further one waits for its own turn, two a minute here."""
    rate = 2 / 60
    waits = [
        wait
        for number in range(6)
        if (wait := await replicas[number % 2].take("host app one", "searchCatalogItems", rate, 2, 1e9)) is not None
    ]

    assert waits[:2] == [0, 0]
    assert waits[2:] == [pytest.approx(30 * number, abs=10) for number in range(1, 5)]


async def test_turns_taken_at_the_same_moment_are_different_ones(replicas: list[PostgresTurns]):
    """However many ask, no turn is given twice."""
    takes = (replicas[number % 2].take("a", "b", 1 / 60, 2, 1e9) for number in range(20))

    waits = sorted(wait for wait in await asyncio.gather(*takes) if wait is not None)

    assert waits[:2] == [0, 0]
    assert [round(wait / 60) for wait in waits[2:]] == list(range(1, 19))


async def test_a_turn_that_is_too_far_is_not_taken(replicas: list[PostgresTurns], sql: Sql):
    """And what others wait for does not move."""
    one, two = replicas
    await one.take("a", "b", 1 / 60, 2, 1e9)
    await one.take("a", "b", 1 / 60, 2, 1e9)
    before = await sql.fetchval("SELECT full_at FROM harvester.turn")

    assert await two.take("a", "b", 1 / 60, 2, 5.0) is None
    assert await sql.fetchval("SELECT full_at FROM harvester.turn") == before
    assert await two.take("a", "other", 1 / 60, 2, 5.0) == 0


async def test_an_idle_bucket_fills_to_its_burst(replicas: list[PostgresTurns], sql: Sql):
    """Not beyond, however long nobody asked."""
    await replicas[0].take("a", "b", 1 / 60, 2, 1e9)
    await sql.execute("UPDATE harvester.turn SET full_at = now() - interval '1 hour'")

    waits = [await each.take("a", "b", 1 / 60, 2, 1e9) for each in (*replicas, replicas[0])]

    assert waits[:2] == [0, 0]
    assert waits[2] == pytest.approx(60, abs=20)
