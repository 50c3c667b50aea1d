"""The pretend Amazon as a page server: a page of recommendations that was asked for before comes from memory."""

import argparse
import asyncio
import signal
import sys

import msgspec
import uvloop
from aiohttp import web

from harvester.sandbox.sandbox import Sandbox, ready_line
from harvester.sandbox.settings import Options

SCOPE = "Amazon-Advertising-API-Scope"
PATH = "/sp/targetPromotionGroups/recommendations"


class PageServer:
    """What it remembers of a profile it gives to anybody, named or not: it is there to cost little."""

    def __init__(self, recommendations: int, *, remember: bool, profiles: int = 1) -> None:
        self.sandbox = Sandbox(Options(profiles=profiles, recommendations=recommendations, journal_size=100))
        self._remember = remember
        self._pages: dict[tuple[str, bytes], tuple[bytes, str]] = {}

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        if not self._remember or request.path != PATH:
            return await self.sandbox.handle(request)
        question = (request.headers.get(SCOPE, ""), _normal(await request.read()))
        known = self._pages.get(question)
        if known is None:
            answer = await self.sandbox.handle(request)
            if answer.status != web.HTTPOk.status_code or not isinstance(answer, web.Response):
                return answer
            body = answer.body
            assert isinstance(body, bytes)
            known = self._pages[question] = body, answer.headers["Content-Type"]
            self._pages.setdefault(("", question[1]), known)
        body, media_type = known
        return web.Response(body=body, headers={"Content-Type": media_type})


def _normal(question: bytes) -> bytes:
    """The same for the same question, however its JSON is written."""
    return msgspec.json.encode(msgspec.json.decode(question), order="sorted")


async def _serve(server: PageServer) -> None:
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    runner = web.ServerRunner(web.Server(server.handle, access_log=None), shutdown_timeout=0.5)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    sys.stdout.write(ready_line(server.sandbox, f"http://{host}:{port}").decode() + "\n")
    sys.stdout.flush()
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recommendations", type=int, required=True)
    parser.add_argument("--remember", action="store_true")
    parser.add_argument("--profiles", type=int, default=1)
    given = parser.parse_args()
    server = PageServer(given.recommendations, remember=given.remember, profiles=given.profiles)
    uvloop.run(_serve(server))


if __name__ == "__main__":
    main()
