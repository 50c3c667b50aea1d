"""Stages that all rounds of a worker start from, and the pretend Amazon they meet."""

from collections.abc import AsyncIterator, Iterator

import pytest

from harvester.sandbox.serving import Running, running
from tests.conftest import Databases
from tests.crash.scene import OPTIONS
from tests.crash.stages import Stage, built


@pytest.fixture(scope="session")
def applying(databases: Databases, template_database: str) -> Iterator[Stage]:
    """A plan with work of every kind is approved."""
    with built(databases, template_database) as stage:
        yield stage


@pytest.fixture(scope="session")
def undoing(databases: Databases, template_database: str) -> Iterator[Stage]:
    """All of it was done, and taking it back is approved."""
    with built(databases, template_database, undo=True) as stage:
        yield stage


@pytest.fixture
async def amazon() -> AsyncIterator[Running]:
    async with running(OPTIONS) as started:
        yield started
