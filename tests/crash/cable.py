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
    """At a message by number, or at the COMMIT of the nth transaction that holds a statement with `mark` in it."""

    how: Cut
    at: int = 0
    mark: bytes = b""
    lasting: bool = False
    hold: bool = False


@dataclass(eq=False)
class Cable:
    """Counts what the program says; one write to the socket is one message."""

    upstream: str
    port: int = 0
    said: int = 0
    commits: list[int] = field(default_factory=list)
    """Which of the messages commit a transaction."""
    fired: bool = False
    """The cut was made, or what is to be held is held."""
    dead: bool = False
    marked: int = 0
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
        self._plan = _Plan(how, at, lasting=lasting)

    def hold(self, mark: bytes, nth: int, how: Cut) -> None:
        """Stops the nth such COMMIT on its way to Postgres, or its answer on the way back; `fired` tells when."""
        self.marked, self.fired = 0, False
        self._plan = _Plan(how, nth, mark, hold=True)

    def count(self) -> None:
        """Counts from now, and cuts nothing."""
        self.said, self.commits = 0, []

    def cut_all(self) -> None:
        """For good."""
        self.dead = True
        self.drop_all()

    def drop_all(self) -> None:
        """All lines; new ones may be opened."""
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

    def decide(self, message: bytes, spoken: "_Spoken") -> Cut | None:
        """Told of every message before it goes on."""
        self.said += 1
        commits = b"COMMIT" in message
        if commits:
            self.commits.append(self.said)
        transaction = spoken.hear(message)
        plan = self._plan
        if plan is None or self.fired:
            return None
        if plan.mark:
            self.marked += commits and any(plan.mark in statement for statement in transaction)
            at_it = commits and self.marked == plan.at
        else:
            at_it = self.said == plan.at
        if not at_it:
            return None
        self.fired = True
        return plan.how

    @property
    def holds(self) -> bool:
        return self._plan is not None and self._plan.hold

    def struck(self) -> None:
        if self._plan is not None and self._plan.lasting:
            self.cut_all()


@dataclass
class _Spoken:
    """What one connection says, as far as a transaction's statements matter."""

    prepared: dict[bytes, bytes] = field(default_factory=dict)
    transaction: list[bytes] = field(default_factory=list)

    def hear(self, message: bytes) -> list[bytes]:
        """The statements of the transaction that the message belongs to, or ends."""
        at = 0
        while at + 5 <= len(message):
            kind, length = message[at : at + 1], int.from_bytes(message[at + 1 : at + 5], "big")
            first, _, rest = message[at + 5 : at + 1 + length].partition(b"\0")
            second = rest.partition(b"\0")[0]
            if kind == b"P":
                self.prepared[first] = second
            elif kind == b"B":
                self.transaction.append(self.prepared.get(second, b""))
            elif kind == b"Q" and first.startswith(b"BEGIN"):
                self.transaction = []
            at += 1 + length
        return self.transaction


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
    spoken: _Spoken = field(default_factory=_Spoken)

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
            cut = self.cable.decide(message, self.spoken)
            if cut is Cut.BEFORE:
                await self._strike()
                return
            self.ending = cut is Cut.AFTER
            self.to_there.write(message)
            await self.to_there.drain()
            if self.ending:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.answered.wait(), _SILENCE_SECONDS)
                await self._strike()
                return

    async def _strike(self) -> None:
        if self.cable.holds:
            while await self.reader.read(_CHUNK):
                pass  # held until whoever said it is gone
        self.cable.struck()

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
