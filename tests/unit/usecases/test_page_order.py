"""While a page is on its way to the ledger, the next one is judged: what that must never change."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harvester.domain.candidate import Candidate
from harvester.domain.decision import Decision, Outcome
from harvester.domain.errors import HarvesterError, LeaseLost, PageBroken, Rejected, Unavailable
from harvester.domain.ids import ProfileId, RunId
from harvester.domain.recommendation import Recommendation, RecommendationPage
from harvester.domain.run import Cursor, Run
from harvester.usecases.harvest import Harvest, Harvested

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
RUN = Run(RunId("r1"), ProfileId("1"), "main", 1, NOW, Cursor(), pages=0, recommendations=0, resumed=False)


class Account:
    """Pages of one batch; what is an error is raised in its place."""

    name = "promotion"
    most_ad_groups = 200
    tokens_last = True

    def __init__(self, *pages: RecommendationPage | HarvesterError) -> None:
        self._pages = pages
        self.given = 0

    async def pages(self, ad_group_ids: Sequence[str], token: str | None) -> AsyncIterator[RecommendationPage]:
        for page in self._pages:
            if isinstance(page, HarvesterError):
                raise page
            self.given += 1
            yield page


class Ledger:
    """Takes its time over every page: as many turns of the loop as a database would need."""

    def __init__(self, fails_at: int | None = None, error: HarvesterError | None = None) -> None:
        self.begun: list[int] = []
        self.kept: list[int] = []
        self.cursors: list[tuple[Cursor, str | None]] = []
        self.cancelled = False
        self.open_end = asyncio.Event()
        self.open_end.set()
        self._fails_at, self._error = fails_at, error

    async def save_page(
        self, run: Run, first_place: int, rows: Any, cursor: Cursor, seen_at: datetime, trouble: str | None = None
    ) -> None:
        assert self.begun == self.kept, "the page before is not kept yet"
        self.begun.append(first_place)
        try:
            for _ in range(50):
                await asyncio.sleep(0)
            await self.open_end.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        if first_place == self._fails_at and self._error:
            raise self._error
        self.kept.append(first_place)
        self.cursors.append((cursor, None))

    async def save_cursor(self, run: Run, cursor: Cursor, trouble: str | None = None) -> None:
        assert self.begun == self.kept, "a page is still on its way"
        self.cursors.append((cursor, trouble))


class Around:
    account = SimpleNamespace(sources=lambda: ["710"])

    def __init__(self, fails: bool = False) -> None:
        self._fails = fails

    async def cover(self, ad_group_ids: set[str]) -> None:
        if self._fails and "elsewhere" in ad_group_ids:
            raise Unavailable("the list of groups is away")

    def ground(self, ad_group_id: str, ad_id: str) -> object:
        return None


class Clock:
    def now(self) -> datetime:
        return NOW


class Judge:
    def __init__(self) -> None:
        self.repeated: list[bool] = []

    def judge(self, candidate: Candidate) -> Decision:
        self.repeated.append(candidate.repeated)
        return Decision(Outcome.HOLD, "not_proven", "", "[]")


class Profiles:
    async def add_own_asins(self, profile_id: str, asins: Sequence[str]) -> None: ...


def page(number: int, rows: int = 3, last: bool = False, ad_group_id: str = "710") -> RecommendationPage:
    found = [
        Recommendation("promotion", "700", ad_group_id, "720", "", f"shoes {number} {at}", "KEYWORD", 1.0, 0.0)
        for at in range(rows)
    ]
    return RecommendationPage(found, None if last else f"t{number}")


async def harvest(
    ledger: Ledger, account: Account, around: Around | None = None, judge: Judge | None = None
) -> Harvested:
    work = Harvest(cast("Any", ledger), cast("Any", Profiles()), Clock())
    return await work(RUN, cast("Any", account), cast("Any", around or Around()), judge or Judge(), set())


async def not_refused(harvesting: Awaitable[Harvested]) -> None:
    """Raises the refusal of a source, which the harvest gives back."""
    refused = (await harvesting).refused
    if refused is not None:
        raise refused


async def test_pages_are_kept_in_their_order_one_at_a_time():
    """Every page is kept once, none before the one in front of it, and each with the cursor after it."""
    ledger = Ledger()
    harvested = await harvest(ledger, Account(page(1), page(2, rows=2), page(3, last=True)))
    assert harvested == Harvested(3, 8, ())
    assert ledger.kept == [0, 3, 5]
    places = [cursor.token or cursor.finished_through for cursor, _ in ledger.cursors]
    assert places == ["t1", "t2", "710", "710"]


async def test_a_lost_lease_ends_the_harvest_before_another_page_is_begun():
    """A page that the ledger refuses is the last one it was offered."""
    ledger = Ledger(fails_at=3, error=LeaseLost("taken over"))
    with pytest.raises(LeaseLost):
        await harvest(ledger, Account(page(1), page(2), page(3), page(4, last=True)))
    assert ledger.begun == [0, 3]
    assert ledger.kept == [0]


async def test_the_refusal_of_the_last_page_is_not_lost():
    """The harvest does not end well while the last page is still on its way and then fails."""
    ledger = Ledger(fails_at=3, error=LeaseLost("taken over"))
    with pytest.raises(LeaseLost):
        await harvest(ledger, Account(page(1), page(2, last=True)))


async def test_a_database_that_stays_away_is_no_trouble_of_the_list():
    """A page that could not be kept fails the run: the cursor never moves past it."""
    ledger = Ledger(fails_at=3, error=Unavailable("Postgres is away"))
    with pytest.raises(Unavailable, match="Postgres"):
        await harvest(ledger, Account(page(1), page(2), page(3, last=True)))
    assert [cursor.token for cursor, _ in ledger.cursors] == ["t1"]


async def test_a_list_that_breaks_off_leaves_every_page_before_it_kept():
    """The pages that came are in the ledger before the cursor says that the batch is over."""
    ledger = Ledger()
    harvested = await harvest(ledger, Account(page(1), page(2), PageBroken("round in circles")))
    assert ledger.kept == [0, 3]
    assert harvested.troubles
    assert ledger.cursors[-1] == (Cursor(finished_through="710", source="promotion"), harvested.troubles[0])


@pytest.mark.parametrize(
    ("account", "around"),
    [
        (Account(page(1), Rejected("no access", 403, "ACCESS_DENIED")), Around()),
        (Account(page(1), page(2, ad_group_id="elsewhere")), Around(fails=True)),
    ],
    ids=["refused profile", "supporting list"],
)
async def test_what_fails_the_harvest_lets_the_page_before_be_kept(account: Account, around: Around):
    """A page that was judged is not thrown away because the next one cannot be."""
    ledger = Ledger()
    with pytest.raises((Rejected, Unavailable)):
        await not_refused(harvest(ledger, account, around))
    assert ledger.kept == [0]


async def test_a_cancelled_harvest_takes_the_page_on_its_way_along():
    """Nothing is written in the background after the harvest was told to stop."""
    ledger = Ledger()
    ledger.open_end.clear()
    harvesting = asyncio.create_task(harvest(ledger, Account(page(1), page(2), page(3, last=True))))
    while not ledger.begun:
        await asyncio.sleep(0)
    harvesting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await harvesting
    assert ledger.cancelled
    assert ledger.kept == []


async def test_a_ledger_that_is_slow_is_not_run_away_from():
    """Two pages may be on their way, a third is judged and waits: what is in memory stays the same however long it is."""
    ledger, account = Ledger(), Account(*(page(number) for number in range(20)), page(20, last=True))
    ledger.open_end.clear()
    harvesting = asyncio.create_task(harvest(ledger, account))
    for _ in range(2000):
        await asyncio.sleep(0)
    assert (ledger.begun, account.given) == ([0], 3)
    ledger.open_end.set()
    assert (await harvesting).rows == 63
    assert ledger.kept == list(range(0, 63, 3))


async def test_an_error_behind_an_error_is_never_spoken_of(caplog: pytest.LogCaptureFixture):
    """The page that waited for the one that failed is not written, and its end is nobody's surprise."""
    ledger = Ledger(fails_at=0, error=Unavailable("Postgres is away"))
    with pytest.raises(Unavailable):
        await harvest(ledger, Account(page(1), page(2), page(3, last=True)))
    gc.collect()
    assert ledger.begun == [0]
    assert not caplog.records


async def test_a_row_is_recognised_in_its_page_and_in_the_five_after_it():
    """The first time it is judged for itself, then it is a repeat, until it has not been seen for long enough."""
    judge = Judge()
    twice = RecommendationPage([*page(1).rows, page(1).rows[0]], "t1")
    again = RecommendationPage([page(9).rows[0], page(1).rows[1]], None)
    await harvest(Ledger(), Account(twice, *(page(number) for number in range(2, 6)), again), judge=judge)
    assert judge.repeated == [False] * 3 + [True] + [False] * 12 + [False, True]

    judge = Judge()
    await harvest(Ledger(), Account(twice, *(page(number) for number in range(2, 8)), again), judge=judge)
    assert judge.repeated == [False] * 3 + [True] + [False] * 18 + [False, False]
