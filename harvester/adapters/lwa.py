"""Access tokens of Login with Amazon: obtained once for all who wait, kept, renewed early, never shown."""

import asyncio
import math
import time as clock
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode, urlsplit

import msgspec

from harvester.adapters.exchange import UNDECODABLE, Answer, Budget, Caller, Request, Unreadable
from harvester.adapters.http import HttpClient
from harvester.domain.errors import AccountClosed, HarvesterError, PageBroken, Rejected, Unavailable

_LONGEST_MARGIN_SECONDS = 300.0
_MARGIN_SHARE = 0.15
_DOCUMENTED_LIFE_SECONDS = 3600.0
_NEXT_TRY_SECONDS = 30.0
"""After a renewal that failed while the old token still holds."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """One login's secrets; only the client id ever shows."""

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)


class _Token(msgspec.Struct, frozen=True):
    access_token: str
    refresh_token: str | None
    life_seconds: float

    def __repr__(self) -> str:
        return f"<access token for {self.life_seconds:g} s>"


class _Grant:
    """What is known of one (client id, refresh token): the token, and whether Amazon has closed it."""

    def __init__(self, credentials: Credentials, url: str) -> None:
        self.client_id = credentials.client_id
        self.client_secret = credentials.client_secret
        self.refresh_token = credentials.refresh_token
        self.first_refresh_token = credentials.refresh_token
        self.url = url
        self.access_token: str | None = None
        self.renew_at = 0.0
        self.ends_at = 0.0
        self.lock = asyncio.Lock()
        self.tries = 0
        """Renewals that ended, well or not."""
        self.failure: HarvesterError | None = None
        """Of the last renewal."""

    def secrets(self) -> tuple[str, ...]:
        known = (self.client_secret, self.first_refresh_token, self.refresh_token)
        return known if self.access_token is None else (*known, self.access_token)


class AccessTokens:
    """The tokens of all logins of the process. One token serves all regions and profiles of its grant."""

    def __init__(self, http: HttpClient, *, time: Callable[[], float] = clock.monotonic) -> None:
        self._http = http
        self._time = time
        self._grants: dict[tuple[str, str], _Grant] = {}

    def bearer(self, account: str, credentials: Credentials, url: str) -> "GrantBearer":
        key = (credentials.client_id, credentials.refresh_token)
        grant = self._grants.get(key)
        if grant is None or grant.client_secret != credentials.client_secret or grant.url != url:
            grant = self._grants[key] = _Grant(credentials, url)
        return GrantBearer(self, grant, account)

    async def token(self, grant: _Grant, account: str) -> str:
        if isinstance(grant.failure, AccountClosed):
            raise _again(grant.failure, account)
        if grant.access_token is not None:
            now = self._time()
            if now < grant.renew_at or (now < grant.ends_at and grant.lock.locked()):
                return grant.access_token
        tries_before = grant.tries
        async with grant.lock:
            if grant.tries == tries_before:
                await self._renew(grant, account)
        now = self._time()
        if grant.access_token is not None and (grant.failure is None or now < grant.ends_at):
            return grant.access_token
        if grant.failure is not None:
            raise _again(grant.failure, account)
        return await self.token(grant, account)

    async def _renew(self, grant: _Grant, account: str) -> None:
        """Leaves a token or a failure in the grant, for all who wait. A cancelled renewal leaves neither."""
        asked_at = self._time()
        try:
            token = await self._http.send(_request(grant, account), _read)
        except HarvesterError as error:
            grant.failure = _translated(error, account)
            grant.renew_at = asked_at + _NEXT_TRY_SECONDS
            if isinstance(grant.failure, AccountClosed):
                grant.access_token = None
        else:
            grant.failure = None
            grant.access_token = token.access_token
            grant.refresh_token = token.refresh_token or grant.refresh_token
            grant.ends_at = asked_at + token.life_seconds
            grant.renew_at = grant.ends_at - min(_LONGEST_MARGIN_SECONDS, _MARGIN_SHARE * token.life_seconds)
        grant.tries += 1


class GrantBearer:
    """One account's view of its grant; what `Request.bearer` wants."""

    def __init__(self, tokens: AccessTokens, grant: _Grant, account: str) -> None:
        self._tokens = tokens
        self._grant = grant
        self._account = account

    async def token(self) -> str:
        return await self._tokens.token(self._grant, self._account)

    def header(self, token: str) -> tuple[str, str]:
        return "Authorization", f"Bearer {token}"

    def refused(self, token: str) -> None:
        """Forget the token, unless another call has renewed it already."""
        if self._grant.access_token == token:
            self._grant.access_token = None

    def hidden(self) -> Sequence[str]:
        return self._grant.secrets()


def _request(grant: _Grant, account: str) -> Request:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": grant.refresh_token,
        "client_id": grant.client_id,
        "client_secret": grant.client_secret,
    }
    parts = urlsplit(grant.url)
    return Request(
        method="POST",
        url=grant.url,
        path=parts.path,
        headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
        body=urlencode(form).encode(),
        caller=Caller(account),
        budget=Budget(f"{parts.netloc} {grant.client_id}", "", f"token {account}"),
        confidential=True,
        hidden=grant.secrets(),
    )


def _read(answer: Answer) -> _Token:
    try:
        said = msgspec.json.decode(answer.body)
    except UNDECODABLE:
        said = None
    if not isinstance(said, dict) or not isinstance(said.get("access_token"), str) or not said["access_token"]:
        raise Unreadable("it holds no access token")
    renewed = said.get("refresh_token")
    return _Token(said["access_token"], renewed if isinstance(renewed, str) else None, _life(said.get("expires_in")))


def _life(said: object) -> float:
    """What `expires_in` says; the documented hour where it says nothing that makes sense."""
    try:
        seconds = float(said) if isinstance(said, int | float | str) and not isinstance(said, bool) else 0.0
    except (ValueError, OverflowError):
        seconds = 0.0
    return seconds if math.isfinite(seconds) and seconds > 0 else _DOCUMENTED_LIFE_SECONDS


def _translated(error: HarvesterError, account: str) -> HarvesterError:
    if isinstance(error, PageBroken):
        return Unavailable(error.message)
    if isinstance(error, Rejected) and error.code in ("invalid_grant", "invalid_client", "unauthorized_client"):
        closed = AccountClosed(error.message, error.status, error.code, error.request_id, account)
        return _again(closed, account)
    return error


def _again(error: HarvesterError, account: str) -> HarvesterError:
    """The same failure for another caller, with what that caller's account should do."""
    if not isinstance(error, AccountClosed):
        return replace(error)
    prefix = f"HARVESTER_ACCOUNTS__{account.upper()}__"
    advice = {
        "invalid_grant": f"the grant was revoked: authorise the app again and set {prefix}REFRESH_TOKEN",
        "invalid_client": "the client secret may have expired or been rotated: "
        f"look it up in the developer console and set {prefix}CLIENT_SECRET (and check {prefix}CLIENT_ID)",
        "unauthorized_client": "this app may not use this grant: authorise the app again with the client id of the "
        f"settings and set {prefix}REFRESH_TOKEN",
    }
    message = f"Login with Amazon refused account {account} ({error.code}): {advice[str(error.code)]}"
    return replace(error, message=message, account=account)
