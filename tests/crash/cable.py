"""The line between the program and Postgres, which a test can cut at any message."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from urllib.parse import parse_qs, urlsplit

_CHUNK = 1 << 16
_SILENCE_SECONDS = 0.05


class Cut(Enum):
    BEFORE = "before"
    """The message never reaches Postgres."""
    AFTER = "after"
    """Postgres does what it says, and its answer is lost."""


@dataclass
class _Plan:
    at: int
    how: Cut
    lasting: bool


@dataclass(eq=False)
class Cable:
    """Counts what the program says; one write to the socket is one message."""

    upstream: str
    port: int = 0
    said: int = 0
    commits: list[int] = field(default_factory=list)
    """Which of the messages commit a transaction."""
    fired: bool = False
    dead: bool = False
    _plan: _Plan | None = None
    _open: set[asyncio.StreamWriter] = field(default_factory=set)
    _served: set["asyncio.Task[None]"] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def laid(cls, dsn: str) -> AsyncIterator["Cable"]:
        cable = cls(dsn)
        server = await asyncio.start_server(cable._serve, "127.0.0.1", 0)
        cable.port = server.sockets[0].getsockname()[1]
        try:
            yield cable
        finally:
            server.close()
            cable.cut_all()
            await asyncio.gather(*cable._served, return_exceptions=True)

    @property
    def dsn(self) -> str:
        """The same database, by way of this cable."""
        parts = urlsplit(self.upstream)
        login = parts.netloc.rpartition("@")[0]
        return f"postgresql://{login}@127.0.0.1:{self.port}{parts.path}?sslmode=disable"

    def arm(self, at: int, how: Cut, *, lasting: bool) -> None:
        """Cuts at a message, counted from now and from 1; `lasting`: all lines, and nobody gets through again."""
        self.said, self.commits, self.fired = 0, [], False
        self._plan = _Plan(at, how, lasting)

    def count(self) -> None:
        """Counts from now, and cuts nothing."""
        self.said, self.commits = 0, []

    def cut_all(self) -> None:
        self.dead = True
        for writer in [*self._open]:
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self.upstream)
        query = parse_qs(parts.query)
        if "host" in query:
            port = query.get("port", ["5432"])[0]
            return await asyncio.open_unix_connection(f"{query['host'][0]}/.s.PGSQL.{port}")
        return await asyncio.open_connection(parts.hostname, parts.port or 5432)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._served.add(task)
        task.add_done_callback(self._served.discard)
        if self.dead:
            writer.transport.abort()
            return
        there, to_there = await self._connect()
        self._open |= {writer, to_there}
        try:
            await _Line(self, reader, writer, there, to_there).work()
        finally:
            for each in (writer, to_there):
                each.transport.abort()
                self._open.discard(each)

    def decide(self, message: bytes) -> Cut | None:
        """Told of every message before it goes on."""
        self.said += 1
        if b"COMMIT" in message:
            self.commits.append(self.said)
        plan = self._plan
        if plan is None or self.fired or self.said != plan.at:
            return None
        self.fired = True
        return plan.how

    def struck(self) -> None:
        if self._plan is not None and self._plan.lasting:
            self.cut_all()


@dataclass(eq=False)
class _Line:
    """One connection."""

    cable: Cable
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    there: asyncio.StreamReader
    to_there: asyncio.StreamWriter
    ending: bool = False
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    async def work(self) -> None:
        back = asyncio.create_task(self._back())
        try:
            with suppress(ConnectionError):
                await self._forth()
        finally:
            back.cancel()
            with suppress(asyncio.CancelledError):
                await back

    async def _forth(self) -> None:
        while message := await self.reader.read(_CHUNK):
            cut = self.cable.decide(message)
            if cut is Cut.BEFORE:
                self.cable.struck()
                return
            self.ending = cut is Cut.AFTER
            self.to_there.write(message)
            await self.to_there.drain()
            if self.ending:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.answered.wait(), _SILENCE_SECONDS)
                self.cable.struck()
                return

    async def _back(self) -> None:
        with suppress(ConnectionError):
            while answer := await self.there.read(_CHUNK):
                if self.ending:
                    self.answered.set()
                    continue
                self.writer.write(answer)
                await self.writer.drain()
        if not self.ending:
            self.writer.transport.abort()
