"""The one HTTP server of a replica: health for probes, metrics for Prometheus."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web

from harvester.domain.errors import Misconfigured
from harvester.domain.vitals import Vitals
from harvester.entrypoints.web.health import Check, liveness_json, readiness, readiness_json
from harvester.entrypoints.web.pulse import Pulse

METRICS_FRESH_SECONDS = 5.0
READY_FRESH_SECONDS = 2.0
UNREADY_FRESH_SECONDS = 0.2
"""Who starts is ready soon: whoever waits for that is not told of what was true two seconds ago."""
_LAST_ANSWERS_SECONDS = 1.0


_PAGE = """<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Harvester</title>
<p>A replica of Harvester.
<ul>
<li><a href="/healthz">/healthz</a>: is this process alive?
<li><a href="/readyz">/readyz</a>: can it do its work, and if not, why?
<li><a href="/metrics">/metrics</a>: for Prometheus
</ul>
<p>The fleet at a glance: <code>harvester status</code>
"""


@dataclass(frozen=True, slots=True)
class Probes:
    """What the server asks of the replica it runs in."""

    vitals: Callable[[], Awaitable[Vitals]]
    """Raises HarvesterError where Postgres is away."""
    dead: Callable[[], Sequence[str]]
    """Background tasks that have ended and should not have, by name."""
    draining: Callable[[], bool]
    exposition: Callable[[Vitals | None, str], tuple[bytes, str]]
    """Vitals and the `Accept` header -> the metrics as text, and its media type."""


@asynccontextmanager
async def web_server(host: str, port: int, probes: Probes) -> AsyncIterator[None]:
    """Up inside the block; port 0: there is none. Raises Misconfigured where the address cannot be had."""
    if port == 0:
        yield
        return
    pulse = Pulse(probes.vitals)
    runner = web.AppRunner(application(probes, pulse), access_log=None, shutdown_timeout=_LAST_ANSWERS_SECONDS)
    try:
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            said = error.strerror or str(error)
            raise Misconfigured(
                f"{host}:{port} cannot be listened on: {said}; a second replica on one machine needs a port of its own",
                field="HARVESTER_METRICS_PORT",
            ) from error
        yield
    finally:
        await asyncio.gather(runner.cleanup(), pulse.stop())


def address(host: str, port: int) -> str:
    """Where the server answers; empty: there is none."""
    return f"http://{f'[{host}]' if ':' in host else host}:{port}" if port else ""


def application(probes: Probes, pulse: Pulse) -> web.Application:
    async def alive(_request: web.Request) -> web.Response:
        dead = probes.dead()
        return web.json_response(liveness_json(dead), status=_status(well=not dead))

    async def look(fresh_seconds: float) -> Mapping[str, Check]:
        return readiness(await pulse.latest(fresh_seconds), draining=probes.draining())

    async def ready(_request: web.Request) -> web.Response:
        checks = await look(READY_FRESH_SECONDS)
        if not _well(checks) and checks["database"].well:
            checks = await look(UNREADY_FRESH_SECONDS)
        return web.json_response(readiness_json(checks), status=_status(well=_well(checks)))

    async def metrics(request: web.Request) -> web.Response:
        vitals = await pulse.latest(METRICS_FRESH_SECONDS)
        body, media_type = probes.exposition(vitals, request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": media_type})

    async def page(_request: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    app = web.Application()
    routes = {"/": page, "/healthz": alive, "/readyz": ready, "/metrics": metrics}
    app.add_routes([web.get(path, handler) for path, handler in routes.items()])
    app.on_response_prepare.append(_plain)
    return app


async def _plain(_request: web.Request, response: web.StreamResponse) -> None:
    """Nobody outside needs to know what this is made of, and no answer of a probe is worth keeping."""
    response.headers["Server"] = "harvester"
    response.headers["Cache-Control"] = "no-store"


def _well(checks: Mapping[str, Check]) -> bool:
    return all(check.well for check in checks.values())


def _status(*, well: bool) -> int:
    return HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
