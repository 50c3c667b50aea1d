"""The line between one replica and Postgres, which a test can silence: nothing is refused, nothing arrives."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from tests.crash.cable import Cable

_CHUNK = 1 << 16


@dataclass(eq=False)
class Wire:
    """Both ways; whoever connects while it is silent waits too."""

    cable: Cable
    port: int = 0
    _speaks: asyncio.Event = field(default_factory=asyncio.Event)
    _served: set["asyncio.Task[None]"] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def laid(cls, dsn: str) -> AsyncIterator["Wire"]:
        async with Cable.laid(dsn) as cable:
            wire = cls(cable)
            wire._speaks.set()
            server = await asyncio.start_server(wire._serve, "127.0.0.1", 0)
            wire.port = server.sockets[0].getsockname()[1]
            try:
                yield wire
            finally:
                server.close()
                for task in wire._served:
                    task.cancel()
                await asyncio.gather(*wire._served, return_exceptions=True)

    @property
    def dsn(self) -> str:
        return self.cable.dsn.replace(f":{self.cable.port}/", f":{self.port}/")

    def silence(self) -> None:
        self._speaks.clear()

    def speak(self) -> None:
        self._speaks.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._served.add(task)
        task.add_done_callback(self._served.discard)
        await self._speaks.wait()
        there, to_there = await asyncio.open_connection("127.0.0.1", self.cable.port)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, to_there))
                group.create_task(self._pass_on(there, writer))
        finally:
            for each in (writer, to_there):
                each.transport.abort()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(_CHUNK):
                await self._speaks.wait()
                writer.write(data)
                await writer.drain()
        writer.transport.abort()
