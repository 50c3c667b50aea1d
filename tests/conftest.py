"""One real Postgres for all tests, one fresh database for each."""

import asyncio
import functools
import itertools
import logging
import os
import re
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Coroutine, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import hypothesis
import pytest
import structlog

from harvester.adapters import embedded_postgres
from harvester.adapters.embedded_postgres import EmbeddedPostgres
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.migrate import migrate
from tests.warm import end_parent

T = TypeVar("T")

hypothesis.settings.register_profile("untimed", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("untimed")

TESTS = Path(__file__).parent
LONGEST_FIRST = ("crash", "fleet", "acceptance", "integration")
"""Folders: no core waits at the end for another one's long test."""
UNTRACED = LONGEST_FIRST
"""Tracing makes Python half as slow again: each branch of the core is demanded of the quick tests."""

TEST_DSN = os.environ.get("HARVESTER_TEST_DSN")

for _name in [name for name in os.environ if name.startswith("HARVESTER_")]:
    del os.environ[_name]
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
"""Each process that is started would compile everything anew."""


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """Two workers for every core: many tests wait for a process, and meanwhile a core would have nothing to do."""
    found = yield
    return found if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else 2 * found


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {TESTS / name: place for place, name in enumerate(LONGEST_FIRST)}
    untraced = {TESTS / name for name in UNTRACED}
    items.sort(
        key=lambda item: min((places[each] for each in item.path.parents if each in places), default=len(places))
    )
    for item in items:
        if not untraced.isdisjoint(item.path.parents):
            item.add_marker("no_cover")


@pytest.fixture(autouse=True)
def _logs_end_with_their_test() -> Iterator[None]:
    """A command run inside a test turns logging on, towards a standard error that ends with that test."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture(autouse=True)
def _the_core_has_not_seen_it_before(request: pytest.FixtureRequest) -> None:
    """What an untraced test has made it remember would be a line that no traced one runs."""
    if request.node.get_closest_marker("no_cover"):
        return
    core = [
        module for name, module in sys.modules.items() if name.startswith(("harvester.domain.", "harvester.rules."))
    ]
    for each in [value for module in core for value in vars(module).values()]:
        if isinstance(each, functools._lru_cache_wrapper):
            each.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def _nothing_stays_warm() -> Iterator[None]:
    yield
    end_parent()


def in_a_loop_of_its_own(coroutine: Coroutine[object, object, T]) -> T:
    """In a thread, so that it works whatever loop the test at hand has."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def with_database(dsn: str, name: str) -> str:
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


class Databases:
    """Makes and drops databases, over one line, in a thread of its own: it works whatever loop the test at hand has."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._thread = ThreadPoolExecutor(1)
        self._runner = asyncio.Runner()
        self._connection: asyncpg.Connection[asyncpg.Record] | None = None

    @contextmanager
    def made(self, name: str, template: str = "template1") -> Iterator[str]:
        """A copy of another database. Files are copied, not logged: that costs a third of the work."""
        self.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        try:
            yield with_database(self.dsn, name)
        finally:
            self.execute(f'DROP DATABASE "{name}" WITH (FORCE)')

    def execute(self, statement: str) -> None:
        self._thread.submit(self._runner.run, self._execute(statement)).result()

    def hang_up(self) -> None:
        """Until the next statement."""
        if self._connection is not None:
            self._thread.submit(self._runner.run, self._connection.close()).result()

    @classmethod
    @contextmanager
    def of(cls, dsn: str) -> Iterator["Databases"]:
        """Of a server."""
        databases = cls(dsn)
        try:
            yield databases
        finally:
            databases.hang_up()
            databases._thread.submit(databases._runner.close).result()
            databases._thread.shutdown()

    async def _execute(self, statement: str) -> None:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self.dsn)
        await self._connection.execute(statement)


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
        with pytest.MonkeyPatch.context() as patch:  # a storm of a fleet alone takes fifty of the usual hundred
            patch.setitem(embedded_postgres._SETTINGS, "max_connections", "500")
            dsn = server.join()
        yield dsn
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
def databases(server_dsn: str) -> Iterator[Databases]:
    """Of that server."""
    with Databases.of(server_dsn) as opened:
        yield opened


@pytest.fixture(scope="session")
def new_name(test_run: str) -> Callable[[str], str]:
    """Makes names for databases, each only once on the server."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "main")
    numbers = itertools.count(1)
    return lambda purpose: f"harvester_{purpose}_{test_run}_{worker}_{next(numbers)}"


@pytest.fixture(scope="session")
def template_database(databases: Databases, new_name: Callable[[str], str]) -> Iterator[str]:
    """The name of a migrated, empty database that is only ever copied."""
    name = new_name("template")
    with databases.made(name) as dsn:
        in_a_loop_of_its_own(migrate(dsn))
        yield name


@pytest.fixture
def empty_dsn(databases: Databases, new_name: Callable[[str], str]) -> Iterator[str]:
    """The address of a database of this test's own, with nothing in it."""
    with databases.made(new_name("empty")) as dsn:
        yield dsn


@pytest.fixture
def dsn(databases: Databases, new_name: Callable[[str], str], template_database: str) -> Iterator[str]:
    """The address of a migrated database of this test's own."""
    with databases.made(new_name("test"), template_database) as dsn:
        yield dsn


@pytest.fixture
async def database(dsn: str) -> AsyncIterator[Database]:
    """A pool on a migrated database of this test's own."""
    async with Database.open(dsn, most_connections=5, patience_seconds=20) as opened:
        yield opened
