"""A login at a sandbox that runs in the test's own process."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from harvester.adapters.ads.client import AmazonLogin
from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens, Credentials
from harvester.adapters.throttle import Throttle
from harvester.domain.profile import Region
from harvester.sandbox.sandbox import ready_line
from harvester.sandbox.serving import Running
from tests.unit.adapters.loopback import FakeTime, Log


@asynccontextmanager
async def logged_in(started: Running, log: Log, time: FakeTime, **settings: float) -> AsyncIterator[AmazonLogin]:
    """`settings` are those of `HttpClient`."""
    ready = json.loads(ready_line(started.sandbox, started.url))
    throttle = Throttle(time=time.monotonic, sleep=time.sleep)
    async with HttpClient(log, throttle, timing=time.timing(), **settings) as http:  # type: ignore[arg-type]  # numbers all
        yield AmazonLogin(
            account="shop",
            region=Region.NA,
            credentials=Credentials(ready["client_id"], ready["client_secret"], ready["refresh_token"]),
            http=http,
            tokens=AccessTokens(http, time=time.monotonic),
            ads_url=ready["ads_url"],
            lwa_url=ready["lwa_url"],
        )
