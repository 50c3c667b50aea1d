"""What contenders run against: an embedded Postgres with its default settings, and a page server."""

import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import msgspec

from benchmarks.task import Amazon, Answer, Task
from harvester.adapters.embedded_postgres import EmbeddedPostgres
from harvester.adapters.postgres.migrate import migrate

_TEMPLATE = "harvester_bench_template"
_PATIENCE_SECONDS = 600
_numbers = count(1)


class Server:
    """One Postgres; every contender gets a migrated, empty database of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    def at(self, name: str) -> str:
        return urlunsplit(urlsplit(self._dsn)._replace(path=f"/{name}"))

    def execute(self, *statements: str) -> None:
        asyncio.run(self._execute(statements))

    async def _execute(self, statements: tuple[str, ...]) -> None:
        connection = await asyncpg.connect(self._dsn)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    @contextmanager
    def database(self) -> Iterator[str]:
        """With nothing left to be written from whoever came before."""
        name = f"harvester_bench_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}", "CHECKPOINT")
        try:
            yield self.at(name)
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def postgres() -> Iterator[Server]:
    """Settings are those that users get: every commit is on disk when it is acknowledged."""
    with tempfile.TemporaryDirectory(prefix="harvester-bench-") as folder:
        embedded = EmbeddedPostgres(Path(folder), die_with_parent=True)
        server = Server(embedded.join())
        try:
            server.execute(f"CREATE DATABASE {_TEMPLATE}")
            asyncio.run(migrate(server.at(_TEMPLATE)))
            yield server
        finally:
            embedded.leave()


@contextmanager
def page_server(recommendations: int, *, remember: bool, profiles: int = 1) -> Iterator[Amazon]:
    """In a process of its own, which ends with the block. `recommendations`: of each profile."""
    numbers = ["--recommendations", str(recommendations), "--profiles", str(profiles)]
    command = [sys.executable, "-m", "benchmarks.page_server", *numbers]
    if remember:
        command.append("--remember")
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield msgspec.convert(json.loads(process.stdout.readline()), Amazon)
        finally:
            process.terminate()


@contextmanager
def pretend_amazon() -> Iterator[Amazon]:
    """The sandbox, in a process of its own, with one advertiser who has next to nothing recommended."""
    with _sandbox("--profiles", "1", "--recommendations", "1") as amazon:
        yield amazon


@contextmanager
def fleet_of_amazon(profiles: int, recommendations: int, latency_ms: int, rate: int) -> Iterator[Amazon]:
    """The sandbox, in a process of its own, with one login for many profiles, and a limit for all of them."""
    numbers = {"profiles": profiles, "recommendations": recommendations, "latency": latency_ms, "rate": rate}
    with _sandbox(*(text for name, number in numbers.items() for text in (f"--{name}", str(number)))) as amazon:
        yield amazon


@contextmanager
def _sandbox(*options: str) -> Iterator[Amazon]:
    command = [sys.executable, "-m", "harvester.sandbox", "--port", "0", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield msgspec.convert(json.loads(process.stdout.readline()), Amazon)
        finally:
            process.terminate()


def perform(module: str, task: Task, *options: str) -> Answer:
    """Runs a contender in a fresh process. Raises CalledProcessError when it fails."""
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.{module}", *options],
        input=msgspec.json.encode(task),
        stdout=subprocess.PIPE,
        check=True,
        timeout=_PATIENCE_SECONDS,
    )
    return msgspec.json.decode(done.stdout, type=Answer)
