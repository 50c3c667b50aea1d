"""A Selling Partner login at the scripted Amazon, and answers of its catalog."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from harvester.adapters.catalog.client import SellingPartnerLogin, SellingPartnerReader
from harvester.adapters.catalog.pace import OwnTurns, SteadyPace
from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens
from harvester.domain.profile import Region
from tests.unit.adapters.loopback import CREDENTIALS, PROFILE, Amazon, FakeTime, Log, Reply, Seen, opened

ITEMS = "/catalog/2022-04-01/items"
HERE = "ATVPDKIKX0DER"


@dataclass(frozen=True)
class Shelf:
    """What a test looks at."""

    amazon: Amazon
    login: SellingPartnerLogin
    log: Log
    time: FakeTime
    pace: SteadyPace
    tokens: AccessTokens

    @property
    def reader(self) -> SellingPartnerReader:
        reader = self.login.reader(PROFILE, None)
        assert reader is not None
        return reader

    def asked(self) -> list[Seen]:
        """The catalog's requests."""
        return [seen for seen in self.amazon.seen if seen.path.startswith(ITEMS)]


def page(*asins: str, total: int | None = None, token: str | None = None, **item: Any) -> Reply:
    found: dict[str, Any] = {
        "numberOfResults": len(asins) if total is None else total,
        "items": [{"asin": asin, **item} for asin in asins],
    }
    return Reply(found | ({"pagination": {"nextToken": token}} if token else {}))


def refused(status: int, code: str, message: str = "no", **headers: str) -> Reply:
    return Reply({"errors": [{"code": code, "message": message}]}, status=status, headers=headers)


def asins(count: int, first: int = 0) -> Sequence[str]:
    return [f"B{number:09d}" for number in range(first, first + count)]


@asynccontextmanager
async def shelf() -> AsyncIterator[Shelf]:
    """Its catalog takes any token."""
    async with opened() as bench:
        bench.amazon.checks_tokens = False
        pace = SteadyPace(OwnTurns(bench.time.monotonic), time=bench.time.monotonic, sleep=bench.time.sleep)
        async with HttpClient(bench.log, pace, timing=bench.time.timing()) as http:
            login = SellingPartnerLogin(
                account="acme",
                region=Region.NA,
                credentials=CREDENTIALS,
                http=http,
                pace=pace,
                tokens=bench.tokens,
                url=bench.amazon.url,
                lwa_url=bench.amazon.token_url,
            )
            yield Shelf(bench.amazon, login, bench.log, bench.time, pace, bench.tokens)
