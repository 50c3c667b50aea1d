"""Starting and stopping a sandbox, in this process or as a program of its own."""

import asyncio
import os
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


async def serve(options: Options, *, until_stdin_closes: bool) -> None:
    """Serves until SIGINT or SIGTERM, or until whoever started it is gone; prints the ready line first."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    if until_stdin_closes:
        loop.add_reader(sys.stdin.fileno(), _set_at_end_of_input, stop)
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    async with running(options) as started:
        sys.stdout.write(ready_line(started.sandbox, started.url).decode() + "\n")
        sys.stdout.flush()
        await stop.wait()


def _set_at_end_of_input(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stop.set()


def run(options: Options, *, until_stdin_closes: bool = False) -> None:
    serving = serve(options, until_stdin_closes=until_stdin_closes)
    try:
        import uvloop  # noqa: PLC0415 - optional, and not on every platform
    except ImportError:
        asyncio.run(serving)
    else:
        uvloop.run(serving)
