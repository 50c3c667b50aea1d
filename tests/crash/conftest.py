"""Stages that all rounds of a worker start from, and the pretend Amazon they meet."""

from collections.abc import AsyncIterator, Iterator

import pytest

from harvester.sandbox.serving import Running, running
from tests.conftest import in_a_loop_of_its_own
from tests.crash.scene import OPTIONS
from tests.crash.stages import Stage, build, on_server


@pytest.fixture(scope="session")
def applying(server_dsn: str, template_database: str) -> Iterator[Stage]:
    """A plan with work of every kind is approved."""
    yield from _staged(server_dsn, template_database, undo=False)


@pytest.fixture(scope="session")
def undoing(server_dsn: str, template_database: str) -> Iterator[Stage]:
    """All of it was done, and taking it back is approved."""
    yield from _staged(server_dsn, template_database, undo=True)


def _staged(server_dsn: str, template: str, *, undo: bool) -> Iterator[Stage]:
    stage = in_a_loop_of_its_own(build(server_dsn, template, undo=undo))
    yield stage
    in_a_loop_of_its_own(on_server(server_dsn, f'DROP DATABASE "{stage.database}" WITH (FORCE)'))


@pytest.fixture
async def amazon() -> AsyncIterator[Running]:
    async with running(OPTIONS) as started:
        yield started
