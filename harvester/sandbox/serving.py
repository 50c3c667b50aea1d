"""Starting and stopping a sandbox, in this process or as a program of its own."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from harvester.sandbox.sandbox import Sandbox, ready_line
from harvester.sandbox.settings import Options


@dataclass(frozen=True, slots=True)
class Running:
    sandbox: Sandbox
    url: str


@asynccontextmanager
async def running(options: Options) -> AsyncIterator[Running]:
    """A sandbox that listens until the block is left."""
    sandbox = Sandbox(options)
    server = web.Server(sandbox.handle, handler_cancellation=True, access_log=None)
    runner = web.ServerRunner(server, shutdown_timeout=0.5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, options.host, options.port, backlog=1024)
        await site.start()
        host, port = runner.addresses[0][:2]
        yield Running(sandbox, f"http://{host}:{port}")
    finally:
        await runner.cleanup()


async def serve(options: Options) -> None:
    """Serves until SIGINT or SIGTERM; prints the ready line first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    async with running(options) as started:
        sys.stdout.write(ready_line(started.sandbox, started.url).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


def run(options: Options) -> None:
    try:
        import uvloop  # noqa: PLC0415 - optional, and not on every platform
    except ImportError:
        asyncio.run(serve(options))
    else:
        uvloop.run(serve(options))
