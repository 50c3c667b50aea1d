"""A scripted Amazon on loopback: tokens, and for each path the replies to give, in order; the last one stays."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Self

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestServer

from harvester.adapters.ads.client import AmazonLogin
from harvester.adapters.http import HttpClient, Timing
from harvester.adapters.lwa import AccessTokens, Credentials
from harvester.adapters.throttle import Throttle
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile, Region
from harvester.domain.run import ApiCall

CLIENT_SECRET = "canary-client-secret-7f3a"
REFRESH_TOKEN = "Atzr|canary-refresh-9c1d"
ACCESS_TOKEN = "Atza|canary-access-"
CREDENTIALS = Credentials("amzn1.application-oa2-client.one", CLIENT_SECRET, REFRESH_TOKEN)
PROFILE = Profile(ProfileId("1001"), "acme", Region.NA, "US", "USD", "America/Los_Angeles", "seller", "Acme")


@dataclass(slots=True)
class Reply:
    """`does` answers by hand instead: hang, cut the body, drop the connection."""

    body: bytes | object = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    does: Callable[[web.Request], Awaitable[web.StreamResponse]] | None = None

    async def give(self, request: web.Request) -> web.StreamResponse:
        if self.does is not None:
            return await self.does(request)
        raw = self.body if isinstance(self.body, bytes) else msgspec.json.encode(self.body)
        headers = {"Content-Type": "application/json", "x-amzn-RequestId": "req-1", **self.headers}
        return web.Response(body=raw, status=self.status, headers=headers)


@dataclass(slots=True)
class Seen:
    method: str
    path: str
    headers: Mapping[str, str]
    raw: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.raw)


class Amazon:
    """Wants the newest token on every call but the token address, as Amazon does."""

    def __init__(self) -> None:
        self.replies: dict[str, deque[Reply]] = defaultdict(deque)
        self.seen: list[Seen] = []
        self.tokens = 0
        self.token_replies: deque[Reply] = deque()
        self.checks_tokens = True
        app = web.Application(client_max_size=2**26)
        app.router.add_post("/auth/o2/token", self._token)
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._server = TestServer(app, host="127.0.0.1")

    async def __aenter__(self) -> Self:
        await self._server.start_server()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.close()

    @property
    def url(self) -> str:
        return str(self._server.make_url("")).rstrip("/")

    @property
    def token_url(self) -> str:
        return f"{self.url}/auth/o2/token"

    def on(self, path: str, *replies: Reply) -> None:
        self.replies[path] = deque(replies)

    def asked(self, path: str) -> list[Seen]:
        return [seen for seen in self.seen if seen.path == path]

    def expire_token(self) -> None:
        self.tokens += 1

    async def _token(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(Seen("POST", request.path_qs, dict(request.headers), await request.read()))
        if self.token_replies:
            return await self.token_replies.popleft().give(request)
        self.tokens += 1
        said = {"access_token": f"{ACCESS_TOKEN}{self.tokens}", "token_type": "bearer", "expires_in": 3600}
        return web.json_response(said)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.seen.append(Seen(request.method, request.path_qs, dict(request.headers), await request.read()))
        if self.checks_tokens and request.headers.get("Authorization") != f"Bearer {ACCESS_TOKEN}{self.tokens}":
            return web.json_response({"code": "UNAUTHORIZED", "details": "token expired"}, status=401)
        replies = self.replies[request.path]
        if not replies:
            return web.json_response({"code": "404", "message": f"no reply for {request.path}"}, status=404)
        return await (replies.popleft() if len(replies) > 1 else replies[0]).give(request)


class FakeTime:
    """Time that passes only when somebody sleeps; each sleep lets the loop's other work go first."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.seconds

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds = max(self.seconds, self.seconds + seconds)
        await asyncio.sleep(0)

    def timing(self) -> Timing:
        return Timing(self.now, self.monotonic, self.sleep, lambda: 0.5)


class Spectator:
    """Remembers what it was told of calls."""

    def __init__(self) -> None:
        self.calls: list[tuple[ApiCall, str | None]] = []
        self.waits: list[tuple[str, float]] = []

    def called(self, call: ApiCall, call_id: str | None) -> None:
        self.calls.append((call, call_id))

    def waited(self, operation: str, seconds: float) -> None:
        self.waits.append((operation, seconds))


class Log:
    """A call log in memory."""

    def __init__(self) -> None:
        self.calls: list[ApiCall] = []

    def record(self, call: ApiCall) -> None:
        self.calls.append(call)


@dataclass(slots=True)
class Bench:
    """A client of the scripted Amazon, and everything a test looks at."""

    amazon: Amazon
    http: HttpClient
    log: Log
    time: FakeTime
    throttle: Throttle
    tokens: AccessTokens
    spectator: Spectator

    def login(self, account: str = "acme", credentials: Credentials = CREDENTIALS) -> AmazonLogin:
        return AmazonLogin(
            account=account,
            region=Region.NA,
            credentials=credentials,
            http=self.http,
            tokens=self.tokens,
            ads_url=self.amazon.url,
            lwa_url=self.amazon.token_url,
        )


@asynccontextmanager
async def opened(**settings: float) -> AsyncIterator[Bench]:
    """`settings` are those of `HttpClient`."""
    async with Amazon() as amazon:
        time, log = FakeTime(), Log()
        throttle = Throttle(time=time.monotonic, sleep=time.sleep)
        spectator = Spectator()
        http = HttpClient(log, throttle, timing=time.timing(), watch=spectator, **settings)  # type: ignore[arg-type]  # numbers all
        async with http:
            yield Bench(amazon, http, log, time, throttle, AccessTokens(http, time=time.monotonic), spectator)
