"""One real Postgres for all tests, one fresh database for each."""

import asyncio
import logging
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
import structlog

from harvester.adapters.embedded_postgres import EmbeddedPostgres
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.migrate import migrate

T = TypeVar("T")

TEST_DSN = os.environ.get("HARVESTER_TEST_DSN")

for _name in [name for name in os.environ if name.startswith("HARVESTER_")]:
    del os.environ[_name]


@pytest.fixture(autouse=True)
def _logs_end_with_their_test() -> Iterator[None]:
    """A command run inside a test turns logging on, towards a standard error that ends with that test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def in_a_loop_of_its_own(coroutine: Coroutine[object, object, T]) -> T:
    """In a thread, so that it works whatever loop the test at hand has."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def _execute(dsn: str, *statements: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


def _fast_folder() -> Path:
    """In memory where there is room: copying a database is forty times faster there."""
    memory = Path("/dev/shm")
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 4 << 30:
        return memory
    return Path(tempfile.gettempdir())


@contextmanager
def _test_server(run: str) -> Iterator[str]:
    """HARVESTER_TEST_DSN, else an embedded one that all workers of a run share and the last one stops."""
    if TEST_DSN:
        yield TEST_DSN
        return
    folder = _fast_folder() / f"harvester-tests-{run}"
    server = EmbeddedPostgres(folder, durable=False)
    try:
        yield server.join()
    finally:
        if server.leave():
            shutil.rmtree(folder)


@pytest.fixture(scope="session")
def test_run(request: pytest.FixtureRequest) -> str:
    """The same in all workers of a run, and in no other run."""
    worker_input = getattr(request.config, "workerinput", None)
    name = worker_input["testrunuid"] if worker_input else f"{os.getpid()}"
    return re.sub(r"\W", "", name)[:16]


@pytest.fixture(scope="session")
def server_dsn(test_run: str) -> Iterator[str]:
    """The address of a Postgres where tests may make and drop databases."""
    with _test_server(test_run) as dsn:
        yield dsn


@pytest.fixture(scope="session")
def template_database(server_dsn: str, test_run: str) -> Iterator[str]:
    """The name of a migrated, empty database that is only ever copied."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"harvester_template_{test_run}_{worker}"
    in_a_loop_of_its_own(_execute(server_dsn, f'CREATE DATABASE "{name}"'))
    in_a_loop_of_its_own(migrate(with_database(server_dsn, name)))
    yield name
    in_a_loop_of_its_own(_execute(server_dsn, f'DROP DATABASE "{name}" WITH (FORCE)'))


_numbers = iter(range(1, 1_000_000))


@pytest.fixture
def empty_dsn(server_dsn: str, test_run: str) -> Iterator[str]:
    """The address of a database of this test's own, with nothing in it."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"harvester_empty_{test_run}_{worker}_{next(_numbers)}"
    in_a_loop_of_its_own(_execute(server_dsn, f'CREATE DATABASE "{name}"'))
    yield with_database(server_dsn, name)
    in_a_loop_of_its_own(_execute(server_dsn, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
def dsn(server_dsn: str, test_run: str, template_database: str) -> Iterator[str]:
    """The address of a migrated database of this test's own."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    name = f"harvester_test_{test_run}_{worker}_{next(_numbers)}"
    in_a_loop_of_its_own(_execute(server_dsn, f'CREATE DATABASE "{name}" TEMPLATE "{template_database}"'))
    yield with_database(server_dsn, name)
    in_a_loop_of_its_own(_execute(server_dsn, f'DROP DATABASE "{name}" WITH (FORCE)'))


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A pool on a migrated database of this test's own."""
    async with Database.open(dsn, most_connections=5, patience_seconds=20) as opened:
        yield opened
