"""One request at a time through journal, faults, throttle and API."""

import asyncio
import time
from collections.abc import Mapping

import msgspec
from aiohttp import web

from harvester.sandbox import ads, auth, control, misbehaviour, page_faults
from harvester.sandbox.auth import Logins
from harvester.sandbox.edits import apply_edit, edit_from
from harvester.sandbox.fault_rules import Action, FaultBook
from harvester.sandbox.journal import Entry, Journal
from harvester.sandbox.settings import Options
from harvester.sandbox.throttle import Buckets
from harvester.sandbox.wire import Answer, ApiError, Family, error_answer
from harvester.sandbox.world import World


class Sandbox:
    """`handle` serves requests; `begin` puts everything back to the first morning."""

    world: World
    logins: Logins
    journal: Journal
    faults: FaultBook
    buckets: Buckets

    def __init__(self, options: Options) -> None:
        self.options = options
        self.begin()

    def begin(self) -> None:
        self.world = World(self.options)
        self.logins = Logins(self.world.accounts, self.options.token_lifetime_seconds)
        self.journal = Journal(self.options.journal_size)
        self.faults = FaultBook(self.options.faults, self.options.seed)
        self.buckets = Buckets(self.options.rate)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if request.path.startswith(control.PREFIX):
            answer = control.answer(request.method, request.path, control.Wish(self, request.query, body))
            return web.Response(status=answer.status, body=answer.body, content_type=answer.media_type)
        started = time.monotonic()
        is_login = request.path.endswith(auth.TOKEN_PATH)
        kept = b"" if is_login else body
        entry = self.journal.begin(request.method, request.path, request.query_string, request.headers, kept)
        action = self.faults.action_for(
            request.method, request.path, entry.profile, body.decode(errors="replace") if self.faults.rules else ""
        )
        entry.fault = page_faults.names(action)
        await self._wait(action)
        if action.drop == "before":
            return misbehaviour.drop(request)
        answer = self._answer(request, body, action, entry)
        if action.drop == "after":
            return misbehaviour.drop(request)
        entry.status = answer.status
        entry.duration_ms = (time.monotonic() - started) * 1000
        headers = {"x-amzn-RequestId": _request_id(entry), "Content-Type": answer.media_type, **answer.headers}
        if action.cut is not None:
            return await misbehaviour.cut(request, answer, headers, action.cut)
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    async def _wait(self, action: Action) -> None:
        seconds = self.options.latency_ms / 1000 + action.delay_seconds + action.hang_seconds
        if seconds:
            await asyncio.sleep(seconds)

    def _answer(self, request: web.BaseRequest, body: bytes, action: Action, entry: Entry) -> Answer:
        """Everything from here on happens at once: no other request comes between check and deed."""
        self._happen(action, entry)
        wait_seconds = self.buckets.wait_seconds(request.host, self.world.now())
        if wait_seconds:
            return _too_many(wait_seconds, _request_id(entry))
        if action.status is not None and not action.after_work:
            return misbehaviour.wrong_answer(action)
        answer = self._work(request, body, action, entry)
        if answer.status == 207:
            entry.answer = answer.body
        return answer if action.status is None else misbehaviour.wrong_answer(action)

    def _happen(self, action: Action, entry: Entry) -> None:
        if action.expire_tokens:
            self.logins.expire_all()
        if action.edit is not None:
            edit = edit_from(action.edit)
            profile = edit.profile or entry.profile
            if profile in self.world.profiles:
                apply_edit(self.world.market(profile), edit, self.world.now())

    def _work(self, request: web.BaseRequest, body: bytes, action: Action, entry: Entry) -> Answer:
        now = self.world.now()
        headers: Mapping[str, str] = request.headers
        if request.path.endswith(auth.TOKEN_PATH):
            if request.method != "POST":
                return Answer(405, b'{"error":"invalid_request","error_description":"POST only"}')
            return self.logins.answer(headers.get("Content-Type", ""), body, action, now)
        incoming = ads.Request(
            request.method, request.path, request.query, headers, body, _request_id(entry), now, action
        )
        answer, account = ads.answer(self.world, self.logins, incoming)
        entry.account = None if account is None else account.number
        return answer


def _request_id(entry: Entry) -> str:
    return f"SANDBOX{entry.number:013d}"


def _too_many(wait_seconds: float, request_id: str) -> Answer:
    error = ApiError(429, "THROTTLED", "Too Many Requests")
    answer = error_answer(error, Family.ENTITIES, "application/json", request_id)
    answer.headers["Retry-After"] = str(max(1, round(wait_seconds)))
    return answer


def ready_line(sandbox: Sandbox, url: str) -> bytes:
    """What a caller needs to log in, as one line of JSON."""
    accounts = [
        {
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "refresh_token": account.refresh_token,
            "profiles": [one.profile_id for one in sandbox.world.profiles.values() if one.account == account.number],
        }
        for account in sandbox.world.accounts
    ]
    first = {name: accounts[0][name] for name in ("client_id", "client_secret", "refresh_token")}
    line = {
        "url": url,
        "ads_url": url,
        "ads_urls": {region: f"{url}/{region.lower()}" for region in ("NA", "EU", "FE")},
        "lwa_url": url + auth.TOKEN_PATH,
        "selling_partner_url": url,
        **first,
        "accounts": accounts,
    }
    return msgspec.json.encode(line)
