from collections.abc import AsyncIterator

import pytest

from tests.unit.sandbox.customer import Customer, shop


@pytest.fixture
async def customer() -> AsyncIterator[Customer]:
    async with shop() as opened:
        yield opened
