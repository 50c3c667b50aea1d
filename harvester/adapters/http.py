"""The one HTTP session: timeouts, repeats, call log, and foreign errors made into ours."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from types import TracebackType
from typing import Generic, Self, TypeVar

import aiohttp

from harvester.adapters.backoff import backoff_seconds, retry_after_seconds
from harvester.adapters.exchange import Answer, Repeat, Request, Unreadable
from harvester.adapters.failures import RETRIED_READS, Kind, Trouble, trouble_of
from harvester.adapters.pacing import Pacing
from harvester.adapters.scrub import readable, scrub
from harvester.adapters.unreachable import why_unreachable
from harvester.adapters.watching import NOBODY, CallWatch
from harvester.domain.run import ApiCall, operation_of
from harvester.ports import CallLog

T = TypeVar("T")

KEPT_OF_READS_BYTES = 4096
MOST_BODY_BYTES = 64 * 2**20
LONGEST_DOWNLOAD_SECONDS = 3600.0
"""As long as a signed address is good for."""
_CHUNK_BYTES = 2**18
_MOST_CONNECTIONS = 500
"""The throttle decides how many requests are on their way; this only keeps file descriptors in bounds."""
_SLACK_SECONDS = 0.5
"""A turn that comes this little after the patience has ended is still taken."""
_NO_WAIT_SECONDS = 0.001
_USER_AGENT = "harvester/0.1 (Language=Python)"
_REQUEST_IDS = ("x-amzn-RequestId", "x-amz-rid", "x-amz-request-id", "requestid")


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Timing:
    """Everything the client knows of time and chance."""

    now: Callable[[], datetime] = _utc_now
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    random: Callable[[], float] = random.random


@dataclass(frozen=True, slots=True)
class _Done(Generic[T]):
    value: T


@dataclass(slots=True)
class _Attempt:
    """One attempt's part of the call log, filled in as it goes."""

    number: int
    at: datetime
    started: float
    token: str | None
    log: CallLog
    answer: Answer | None = None
    status: int | None = None
    request_id: str | None = None


class HttpClient:
    """Used as an async context manager. `timeout_seconds` is for one attempt; answers may take Amazon 30 s."""

    def __init__(
        self,
        log: CallLog,
        throttle: Pacing,
        *,
        patience_seconds: float = 120.0,
        timeout_seconds: float = 60.0,
        backoff_first_seconds: float = 2.0,
        most_body_bytes: int = MOST_BODY_BYTES,
        timing: Timing | None = None,
        watch: CallWatch = NOBODY,
    ) -> None:
        self._log = log
        self._watch = watch
        self._throttle = throttle
        self._patience_seconds = patience_seconds
        self._timeout = aiohttp.ClientTimeout(total=timeout_seconds, sock_connect=min(10.0, timeout_seconds))
        self._downloading = aiohttp.ClientTimeout(
            total=LONGEST_DOWNLOAD_SECONDS, sock_connect=min(10.0, timeout_seconds), sock_read=timeout_seconds
        )
        self._backoff_first_seconds = backoff_first_seconds
        self._most_body_bytes = most_body_bytes
        self._timing = timing or Timing()
        self._session: aiohttp.ClientSession | None = None

    @property
    def log(self) -> CallLog:
        """Where calls go that nobody keeps in a log of their own."""
        return self._log

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            timeout=self._timeout,
            connector=aiohttp.TCPConnector(limit=_MOST_CONNECTIONS),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": _USER_AGENT},
            middlewares=(_sent_once,),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def send(
        self,
        request: Request,
        parse: Callable[[Answer], T],
        *,
        repeat: Repeat = Repeat.READ,
        log: CallLog | None = None,
        gate: Callable[[], Awaitable[None]] | None = None,
    ) -> T:
        """The parsed answer of success. `parse` raises Unreadable for an answer that does not say what it should.

        Reads are repeated until the patience is used up; with NEVER only a 429 and one 401 are. Raises Rejected,
        Unavailable, PageBroken (reads), OutcomeUnknown (NEVER), and what the bearer and the gate raise.
        `log` is told of this call's attempts instead of the client's own log. `gate` is awaited after every other
        wait, right before an attempt is sent; when it raises, that attempt is not made.
        """
        attempts = failures = 0
        give_up_at: float | None = None
        trouble: Trouble | None = None
        renewed = False
        while await self._turn(request, give_up_at and give_up_at + _SLACK_SECONDS):
            token = await request.bearer.token() if request.bearer else None
            if gate is not None:
                await gate()
            started = self._timing.monotonic()
            give_up_at = started + self._patience_seconds if give_up_at is None else give_up_at
            attempts += 1
            attempt = _Attempt(attempts, self._timing.now(), started, token, self._log if log is None else log)
            result = await self._recorded(request, attempt, parse, repeat)
            if isinstance(result, _Done):
                self._throttle.succeeded(request.budget)
                return result.value
            trouble = result
            if trouble.kind is Kind.TOKEN and request.bearer and token and not renewed:
                renewed, trouble = True, None
                request.bearer.refused(token)
                continue
            failures += 1
            if not await self._wait(request, trouble, failures, give_up_at, started, repeat):
                break
        if trouble is not None and trouble.kind is Kind.THROTTLED:
            trouble = self._set_aside(request, trouble)
        raise self._named(request, trouble).error(repeat)

    async def download(self, request: Request, keep: Callable[[bytes], object]) -> None:
        """The body of one answer, handed on piece by piece: asked for once, however large, and without a bearer.

        Raises Rejected, Unavailable, PageBroken, and what `keep` does. Of a refusal only the status is told.
        """
        attempt = _Attempt(1, self._timing.now(), self._timing.monotonic(), None, self._log)
        error: str | None = "ended before all of it came"
        try:
            fetched = await self._fetch(request, attempt, keep)
            trouble = fetched if isinstance(fetched, Trouble) else trouble_of(replace(fetched[0], body=b""), fetched[1])
            error = trouble.message if trouble else None
        finally:
            self._record(request, attempt, error, Repeat.READ)
        if trouble is not None:
            hidden = replace(trouble, message=scrub(trouble.message, request.hidden))
            raise self._named(request, hidden).error(Repeat.READ)

    async def _turn(self, request: Request, give_up_at: float | None) -> bool:
        asked_at = self._timing.monotonic()
        try:
            return await self._throttle.enter(request.budget, give_up_at)
        finally:
            waited_seconds = self._timing.monotonic() - asked_at
            if waited_seconds > _NO_WAIT_SECONDS:
                self._watch.waited(operation_of(request.method, request.path), waited_seconds)

    def _set_aside(self, request: Request, trouble: Trouble) -> Trouble:
        """Says when the next try makes sense: after the longer of what Amazon asked for and our breaker's time."""
        open_seconds = self._throttle.gave_up(request.budget, open_seconds=self._patience_seconds)
        known = [seconds for seconds in (trouble.retry_after_seconds, open_seconds) if seconds is not None]
        return replace(trouble, retry_after_seconds=max(known, default=self._patience_seconds))

    async def _wait(
        self, request: Request, trouble: Trouble, failures: int, give_up_at: float, started: float, repeat: Repeat
    ) -> bool:
        """False: the call is over. A 429's pause is kept by the throttle, for all calls of that pair."""
        throttled = trouble.kind is Kind.THROTTLED
        if not throttled and trouble.status is not None:
            self._throttle.answered(request.budget)
        if not throttled and (repeat is Repeat.NEVER or trouble.kind not in RETRIED_READS):
            return False
        remaining_seconds = give_up_at - self._timing.monotonic()
        own_seconds = backoff_seconds(failures, self._backoff_first_seconds, self._timing.random())
        asked_seconds = trouble.retry_after_seconds
        seconds = max(0.0, min(own_seconds if asked_seconds is None else asked_seconds, remaining_seconds))
        if throttled:
            self._throttle.refused(request.budget, sent_at=started, pause_seconds=seconds)
        if remaining_seconds <= 0:
            return False
        if not throttled:
            await self._timing.sleep(seconds)
        return True

    async def _recorded(
        self, request: Request, attempt: _Attempt, parse: Callable[[Answer], T], repeat: Repeat
    ) -> _Done[T] | Trouble:
        error: str | None = "ended before an answer came"
        try:
            result = await self._exchange(request, attempt, parse)
            error = result.message if isinstance(result, Trouble) else None
        finally:
            self._record(request, attempt, error, repeat)
        if isinstance(result, Trouble):
            return replace(result, message=scrub(result.message, self._secrets(request, attempt)))
        return result

    async def _exchange(self, request: Request, attempt: _Attempt, parse: Callable[[Answer], T]) -> _Done[T] | Trouble:
        fetched = await self._fetch(request, attempt)
        if isinstance(fetched, Trouble):
            return fetched
        answer, retry_after = fetched
        trouble = trouble_of(answer, retry_after)
        if trouble is not None:
            return trouble
        try:
            return _Done(parse(answer))
        except Unreadable as unreadable:
            reason = str(unreadable)
        return Trouble(Kind.UNREADABLE, f"The answer cannot be read: {reason}", answer.status, None, answer.request_id)

    async def _fetch(
        self, request: Request, attempt: _Attempt, keep: Callable[[bytes], object] | None = None
    ) -> tuple[Answer, float | None] | Trouble:
        """What came back, with its Retry-After. Foreign errors end here: they carry headers, and those the token.

        `keep` takes the body of a success, which may go on coming for an hour.
        """
        headers = dict(request.headers)
        if request.bearer and attempt.token:
            name, value = request.bearer.header(attempt.token)
            headers[name] = value
        try:
            async with self._opened().request(
                request.method,
                request.url,
                headers=headers,
                data=request.body,
                allow_redirects=False,
                timeout=self._timeout if keep is None else self._downloading,
            ) as response:
                return await self._read(response, attempt, keep)
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            return Trouble(Kind.ADDRESS, f"{request.url} is not an http address")
        except ValueError:
            return Trouble(Kind.ADDRESS, "the client id or the token holds a character that no header may")
        except (aiohttp.ConnectionTimeoutError, aiohttp.ClientConnectorError) as error:
            patience_seconds = self._timeout.sock_connect or 0
            return Trouble(Kind.UNSENT, why_unreachable(request.url, error, patience_seconds))
        except TimeoutError as error:
            return Trouble(Kind.LOST, self._late(error, whole=keep is not None), attempt.status)
        except (aiohttp.ClientError, ConnectionError, OSError) as error:
            return Trouble(Kind.LOST, f"the connection broke: {_words(error)}", attempt.status)

    def _late(self, error: TimeoutError, *, whole: bool) -> str:
        if whole and not isinstance(error, aiohttp.ServerTimeoutError):
            return f"not all of it within {self._downloading.total:g} s"
        return f"no answer within {self._timeout.total:g} s"

    async def _read(
        self, response: aiohttp.ClientResponse, attempt: _Attempt, keep: Callable[[bytes], object] | None
    ) -> tuple[Answer, float | None] | Trouble:
        headers = response.headers
        attempt.status = response.status
        attempt.request_id = next((headers[name] for name in _REQUEST_IDS if name in headers), None)
        chunks: list[bytes] = []
        size = 0
        trouble: Trouble | None = None
        kept = keep if response.status < HTTPStatus.MULTIPLE_CHOICES else None
        try:
            async for chunk in response.content.iter_chunked(_CHUNK_BYTES):
                if kept is not None:
                    kept(chunk)
                    continue
                size += len(chunk)
                if size > self._most_body_bytes:
                    trouble = Trouble(
                        Kind.OVERSIZED, f"an answer of over {self._most_body_bytes} bytes", response.status
                    )
                    break
                chunks.append(chunk)
        except aiohttp.ClientPayloadError as error:
            trouble = Trouble(Kind.UNREADABLE, f"the answer was cut short: {_words(error)}", response.status)
        body, media_type = b"".join(chunks), response.content_type.lower()
        answer = Answer(
            status=response.status,
            body=body,
            media_type=media_type,
            request_id=attempt.request_id,
            date=_date(headers.get("Date")),
            rate_limit=headers.get("x-amzn-RateLimit-Limit"),
        )
        attempt.answer = answer
        if trouble is not None and response.status < HTTPStatus.MULTIPLE_CHOICES:
            return replace(trouble, request_id=attempt.request_id)
        return answer, retry_after_seconds(headers.get("Retry-After"), self._timing.now())

    def _record(self, request: Request, attempt: _Attempt, error: str | None, repeat: Repeat) -> None:
        secrets = self._secrets(request, attempt)
        answer = None if request.confidential else attempt.answer
        kept_bytes = KEPT_OF_READS_BYTES if repeat is Repeat.READ else None
        shown = request.body is not None and not request.confidential
        caller = request.caller
        call = ApiCall(
            at=attempt.at,
            method=request.method,
            path=request.path,
            status=attempt.status,
            duration_ms=(self._timing.monotonic() - attempt.started) * 1000,
            attempt=attempt.number,
            request_id=attempt.request_id,
            request_body=readable(request.body, secrets, None) if shown and request.body is not None else None,
            response_body=readable(answer.body, secrets, kept_bytes) if answer else None,
            error=None if error is None else scrub(error, secrets),
            account=caller.account,
            profile_id=caller.profile_id,
            run_id=caller.run_id,
            plan_id=caller.plan_id,
        )
        self._watch.called(call, attempt.log.record(call))

    @staticmethod
    def _secrets(request: Request, attempt: _Attempt) -> list[str]:
        hidden = [*request.hidden, *(request.bearer.hidden() if request.bearer else ())]
        return [*hidden, attempt.token] if attempt.token else hidden

    @staticmethod
    def _named(request: Request, trouble: Trouble | None) -> Trouble:
        if trouble is None:
            return Trouble(Kind.THROTTLED, f"{request.method} {request.path}: no turn within the patience", 429)
        suffix = f" (request {trouble.request_id})" if trouble.request_id else ""
        return replace(trouble, message=f"{request.method} {request.path}: {trouble.message}{suffix}")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("the HTTP client is not open")
        return self._session


async def _sent_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keeps aiohttp from sending a GET or PUT again by itself when the connection breaks: it would be on no record."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(_words(error)) from error


def _date(text: str | None) -> datetime | None:
    try:
        return parsedate_to_datetime(text).astimezone(UTC) if text else None
    except ValueError:
        return None


def _words(error: BaseException) -> str:
    """What an aiohttp error says, without the request it may carry."""
    if isinstance(error, aiohttp.ClientResponseError):
        return f"{error.status} {error.message}"
    return str(error) or type(error).__name__
