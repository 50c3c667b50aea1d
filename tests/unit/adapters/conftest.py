"""A client of a scripted Amazon, in time that passes only when somebody sleeps."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens
from harvester.adapters.throttle import Throttle
from tests.unit.adapters.loopback import Amazon, Bench, FakeTime, Log

OpenBench = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def open_bench() -> AsyncIterator[OpenBench]:
    """Opens benches with settings of the test's own."""
    async with AsyncExitStack() as stack:

        async def open_one(**settings: float) -> Bench:
            amazon = await stack.enter_async_context(Amazon())
            time, log = FakeTime(), Log()
            throttle = Throttle(time=time.monotonic, sleep=time.sleep)
            http = HttpClient(log, throttle, timing=time.timing(), **settings)  # type: ignore[arg-type]  # numbers all
            await stack.enter_async_context(http)
            return Bench(amazon, http, log, time, throttle, AccessTokens(http, time=time.monotonic))

        yield open_one


@pytest.fixture
async def bench(open_bench: OpenBench) -> Bench:
    return await open_bench()
