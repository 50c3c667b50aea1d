"""Catalog facts at the documented rate, in time that passes only when everybody waits: minutes take seconds."""

import asyncio
import heapq
import json
import time
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

from benchmarks.results import Result, result
from benchmarks.stage import postgres
from harvester.adapters.catalog.client import SellingPartnerLogin, SellingPartnerReader
from harvester.adapters.catalog.pace import BURST, DOCUMENTED_RATE, OwnTurns, SteadyPace
from harvester.adapters.http import HttpClient, Timing
from harvester.adapters.lwa import AccessTokens, Credentials
from harvester.adapters.postgres.catalog import PostgresCatalog
from harvester.adapters.postgres.database import Database
from harvester.adapters.throttle import Throttle
from harvester.domain.catalog import CatalogItem
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile, Region
from harvester.domain.run import ApiCall
from harvester.ports.catalog import Found
from harvester.rules.checks.catalog import UnknownAsin
from harvester.sandbox.catalog_items import catalog
from harvester.sandbox.clock import Clock
from harvester.sandbox.sandbox import Sandbox, ready_line
from harvester.sandbox.serving import running
from harvester.sandbox.settings import Options
from harvester.sandbox.shopping import made_up_asin
from harvester.usecases.catalog import BATCH, CatalogFacts

T = TypeVar("T")

PRODUCTS, QUICK_PRODUCTS = 10_000, 2_000
ANSWER_SECONDS = 0.8
"""How long Amazon takes, in the time that is made up."""
_TURNS_TO_SETTLE = 12
_PROFILE = Profile(ProfileId("1"), "bench", Region.NA, "US", "USD", "UTC", "seller", "Bench")


class MadeUpTime:
    """It jumps to the next sleeper when nobody is at work."""

    def __init__(self) -> None:
        self.now = 0.0
        self._at_work = 0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + max(seconds, 0.0), next(self._order), woken))
        self._at_work -= 1
        await woken
        self._at_work += 1

    async def at_work(self, work: Awaitable[T]) -> T:
        """What takes its time really takes none here, but for what it sleeps."""
        self._at_work += 1
        try:
            return await work
        finally:
            self._at_work -= 1

    async def pass_by(self, work: "asyncio.Task[float]") -> float:
        while not work.done():
            for _ in range(_TURNS_TO_SETTLE):
                await asyncio.sleep(0)
            if self._sleepers and not self._at_work:
                at, _, woken = heapq.heappop(self._sleepers)
                self.now = max(self.now, at)
                woken.set_result(None)
        return work.result()


class _SharedClock(Clock):
    def __init__(self, made_up: MadeUpTime) -> None:
        self._made_up = made_up
        super().__init__()

    def now(self) -> float:
        return self._made_up.now


class _Log:
    def record(self, call: ApiCall) -> None:
        pass


@dataclass(frozen=True)
class _SlowReader:
    """Amazon's answers take their time."""

    reader: SellingPartnerReader
    time: MadeUpTime

    @property
    def marketplace_id(self) -> str:
        return self.reader.marketplace_id

    async def find(self, asins: Sequence[str]) -> Found:
        return await self.time.at_work(self._find(asins))

    async def _find(self, asins: Sequence[str]) -> Found:
        found = await self.reader.find(asins)
        await self.time.sleep(ANSWER_SECONDS)
        return found


@dataclass(frozen=True)
class _Memory:
    store: PostgresCatalog
    time: MadeUpTime

    async def known(self, marketplace_id: str, asins: Sequence[str], since: datetime) -> Mapping[str, CatalogItem]:
        return await self.time.at_work(self.store.known(marketplace_id, asins, since))

    async def save(self, marketplace_id: str, items: Sequence[CatalogItem], read_at: datetime) -> None:
        await self.time.at_work(self.store.save(marketplace_id, items, read_at))


class _Morning:
    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


def measure(*, quick: bool) -> list[Result]:
    products = QUICK_PRODUCTS if quick else PRODUCTS
    with postgres() as server, server.database() as dsn:
        return asyncio.run(measured(dsn, products))


async def measured(dsn: str, products: int) -> list[Result]:
    real = [asin for asin, product in catalog().items() if not product.children]
    asins = (real + [made_up_asin(number) for number in range(products)])[:products]
    async with AsyncExitStack() as stack:
        made_up = MadeUpTime()
        started = await stack.enter_async_context(running(Options(profiles=1, catalog_rate=DOCUMENTED_RATE)))
        started.sandbox.clock = _SharedClock(made_up)
        database = await stack.enter_async_context(Database.open(dsn, most_connections=4))
        reader = await _reader(stack, started.sandbox, started.url, made_up)

        async def read() -> float:
            facts = CatalogFacts(
                _SlowReader(reader, made_up),
                _Memory(PostgresCatalog(database), made_up),
                _Morning(),
                timedelta(days=7),
                [UnknownAsin(wanted=False)],
            )
            before, really = made_up.now, time.perf_counter()
            found = await facts((asin, "") for asin in asins)
            if len(found) != products or facts.new_troubles():
                raise SystemExit("the catalog was not read whole")
            seconds.append(time.perf_counter() - really)
            return made_up.now - before

        seconds: list[float] = []
        first = await made_up.pass_by(asyncio.ensure_future(read()))
        calls, refused = _calls(started.sandbox)
        await made_up.pass_by(asyncio.ensure_future(read()))
        again = _calls(started.sandbox)[0] - calls
    ideal = (products / BATCH - BURST) / DOCUMENTED_RATE
    return [
        result(f"facts for {products:,} products, at 2 calls a second", first, "s, made up"),
        result("their time / the ideal", first / ideal, "ratio", "<= 1.05"),
        result("calls for them", calls, "calls", f"<= {products / BATCH:.0f}"),
        result("of these refused (429)", refused, "calls"),
        result("calls in a second run within the age limit", again, "calls", "<= 0"),
        result("what reading and keeping them really took", seconds[0], "s"),
        result("what remembering them really took", seconds[1], "s"),
    ]


async def _reader(stack: AsyncExitStack, sandbox: Sandbox, url: str, made_up: MadeUpTime) -> SellingPartnerReader:
    partner = json.loads(ready_line(sandbox, url))["selling_partner"]
    pace = SteadyPace(OwnTurns(made_up), time=made_up, sleep=made_up.sleep)
    timing = Timing(monotonic=made_up, sleep=made_up.sleep)
    http = await stack.enter_async_context(HttpClient(_Log(), pace, timing=timing))
    login = SellingPartnerLogin(
        account="bench",
        region=Region.NA,
        credentials=Credentials(partner["client_id"], partner["client_secret"], partner["refresh_token"]),
        http=http,
        pace=pace,
        tokens=AccessTokens(await stack.enter_async_context(HttpClient(_Log(), Throttle()))),
        url=url,
        lwa_url=f"{url}/auth/o2/token",
    )
    reader = login.reader(_PROFILE, None)
    assert reader is not None
    return reader


def _calls(sandbox: Sandbox) -> tuple[int, int]:
    """Of the catalog, and how many of them were refused."""
    seen = sandbox.journal.select(0, {"path": "/catalog/2022-04-01/items"})
    return len(seen), sum(each["status"] == 429 for each in seen)
