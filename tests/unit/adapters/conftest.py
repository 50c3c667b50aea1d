"""A client of a scripted Amazon, in time that passes only when somebody sleeps."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from tests.unit.adapters.loopback import Bench, opened

OpenBench = Callable[..., Awaitable[Bench]]


@pytest.fixture
async def open_bench() -> AsyncIterator[OpenBench]:
    """Opens benches with settings of the test's own."""
    async with AsyncExitStack() as stack:

        async def open_one(**settings: float) -> Bench:
            return await stack.enter_async_context(opened(**settings))

        yield open_one


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened() as one:
        yield one
