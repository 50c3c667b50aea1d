"""Facts for a run: from memory while they are young, from Amazon where they are not, and never twice."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from harvester.adapters.postgres.catalog import PostgresCatalog
from harvester.adapters.postgres.database import Database
from harvester.domain.catalog import CatalogItem
from harvester.domain.errors import HarvesterError, PageBroken, Unavailable
from harvester.ports.catalog import Found
from harvester.rules.checks.catalog import CatalogCheck, SharedCategory, UnknownAsin, VariationOfOwn
from harvester.usecases.catalog import CatalogFacts

MORNING = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
WEEK = timedelta(days=7)


@dataclass
class Clock:
    moment: datetime = MORNING

    def now(self) -> datetime:
        return self.moment


@dataclass
class Shelf:
    """Amazon's catalog: what it holds, what it refuses, and what it was asked."""

    marketplace_id: str = "ATVPDKIKX0DER"
    unknown: frozenset[str] = frozenset()
    malformed: frozenset[str] = frozenset()
    parents: dict[str, str] = field(default_factory=dict)
    troubles: list[HarvesterError] = field(default_factory=list)
    asked: list[Sequence[str]] = field(default_factory=list)

    async def find(self, asins: Sequence[str]) -> Found:
        self.asked.append(asins)
        if self.troubles:
            raise self.troubles.pop()
        absent = self.unknown | self.malformed
        items = [
            CatalogItem(asin, brand="Acme", parents=(self.parents[asin],) if asin in self.parents else ())
            for asin in asins
            if asin not in absent
        ]
        return Found(items, sorted(self.unknown & set(asins)), sorted(self.malformed & set(asins)))


def asins(count: int) -> list[str]:
    return [f"B{number:09d}" for number in range(count)]


def pairs(count: int) -> list[tuple[str, str]]:
    return [(asin, "") for asin in asins(count)]


@dataclass
class Memory:
    """What stays from run to run."""

    database: Database
    shelf: Shelf = field(default_factory=Shelf)
    clock: Clock = field(default_factory=Clock)

    def run(self, *checks: CatalogCheck, longest: timedelta = WEEK) -> CatalogFacts:
        store = PostgresCatalog(self.database)
        return CatalogFacts(self.shelf, store, self.clock, longest, checks or (UnknownAsin(wanted=False),))


@pytest.fixture
def memory(database: Database) -> Memory:
    return Memory(database)


async def test_products_are_asked_for_in_twenties_and_once(memory: Memory):
    """However often a page names them, and in any later run within the age limit."""
    first = await memory.run()([*pairs(50), *pairs(50)])
    memory.clock.moment += WEEK
    second = await memory.run()(pairs(50))

    assert sorted(len(batch) for batch in memory.shelf.asked) == [10, 20, 20]
    assert first == second
    assert first.keys() == set(asins(50))


async def test_what_is_older_than_the_limit_is_read_again(memory: Memory):
    """One second too old is too old; with a limit of nothing it is read in every run."""
    await memory.run()(pairs(1))
    memory.clock.moment += WEEK + timedelta(seconds=1)
    await memory.run()(pairs(1))
    memory.clock.moment += timedelta(seconds=1)
    await memory.run(longest=timedelta(0))(pairs(1))

    assert len(memory.shelf.asked) == 3


async def test_products_that_there_are_not_are_remembered_too(memory: Memory):
    """Unknown ones, and those that Amazon takes for no ASIN at all."""
    memory.shelf.unknown, memory.shelf.malformed = frozenset({asins(3)[0]}), frozenset({asins(3)[1]})

    facts = await memory.run()(pairs(3))
    again = await memory.run()(pairs(3))

    assert [facts[asin].known for asin in asins(3)] == [False, False, True]
    assert again == facts
    assert len(memory.shelf.asked) == 1


async def test_only_what_the_rules_look_at_is_read_beside_the_products(memory: Memory):
    """Advertised products for shared categories and prices, parents for variations; a text that is no ASIN never."""
    memory.shelf.parents = {"B000000001": "B00PARENT1", "B000000002": "B00PARENT1", "B000000003": "junk"}
    asked = [("B000000001", "b00advert1"), ("B000000002", "SKU-7"), ("B000000003", "")]

    alone = await memory.run()(asked)
    beside = await memory.run(SharedCategory(None))(asked)
    family = await memory.run(VariationOfOwn(wanted=True))(asked)

    assert alone.keys() == {"B000000001", "B000000002", "B000000003"}
    assert beside.keys() - alone.keys() == {"B00ADVERT1"}
    assert family.keys() - alone.keys() == {"B00PARENT1"}
    assert memory.shelf.asked[1:] == [["B00ADVERT1"], ["B00PARENT1"]]


async def test_an_amazon_that_is_away_is_waited_for_once_in_a_run(memory: Memory):
    """What was remembered is still told; the trouble is told once, and the next run tries again."""
    await memory.run()(pairs(1))
    memory.shelf.troubles = [Unavailable("the catalog is away") for _ in range(9)]
    run = memory.run()

    first = await run(pairs(200))
    calls = len(memory.shelf.asked)
    second = await run(pairs(200))

    assert first == second == {asins(1)[0]: CatalogItem(asins(1)[0], brand="Acme")}
    assert (calls <= 5, len(memory.shelf.asked)) == (True, calls)
    assert run.new_troubles() == ["catalog facts could not be read: the catalog is away"]
    assert run.new_troubles() == []
    memory.shelf.troubles.clear()
    assert len(await memory.run()(pairs(200))) == 200


async def test_an_answer_that_cannot_be_read_loses_its_own_products_only(memory: Memory):
    """The others are read, and the trouble says how many are not."""
    memory.shelf.troubles = [PageBroken("no JSON")]
    run = memory.run()

    facts = await run(pairs(60))

    assert len(facts) == 40
    assert run.new_troubles() == ["catalog facts of 20 products could not be read: no JSON"]


async def test_answers_that_cannot_be_read_are_waited_for_three_times(memory: Memory):
    """Each of them takes all the patience there is."""
    memory.shelf.troubles = [PageBroken("no JSON") for _ in range(50)]
    run = memory.run()

    facts = await run(pairs(1000))

    assert facts == {}
    assert len(memory.shelf.asked) <= 4
    assert "after 3 such answers in a row no more catalog facts were asked for" in run.new_troubles()


async def test_nothing_is_asked_for_nothing(memory: Memory):
    """Neither Amazon nor Postgres."""
    assert await memory.run(VariationOfOwn(wanted=True))([]) == {}
    assert memory.shelf.asked == []
