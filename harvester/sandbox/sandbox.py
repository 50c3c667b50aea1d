"""One request at a time through journal, faults, throttle and API."""

import asyncio
import math
import time
from collections.abc import Mapping

import msgspec
from aiohttp import web

from harvester.sandbox import ads, auth, catalog, control, misbehaviour, page_faults, report_download
from harvester.sandbox.auth import Logins
from harvester.sandbox.clock import Clock
from harvester.sandbox.edits import Edit, apply_edit
from harvester.sandbox.fault_rules import Action, FaultBook
from harvester.sandbox.journal import Entry, Journal
from harvester.sandbox.settings import Options
from harvester.sandbox.throttle import Buckets
from harvester.sandbox.wire import Answer, ApiError, Json, json_answer
from harvester.sandbox.world import Account, World


class Sandbox:
    """`handle` serves requests; `begin` puts everything back to the first morning."""

    world: World
    logins: Logins
    journal: Journal
    faults: FaultBook
    buckets: Buckets
    catalog_buckets: Buckets

    def __init__(self, options: Options) -> None:
        self.options = options
        self.clock = Clock(options.first_day)
        self.begin()

    def begin(self) -> None:
        self.clock.begin()
        self.world = World(self.options)
        self.logins = Logins(self.world.accounts, self.options.token_lifetime_seconds, self.world.selling_partners)
        self.journal = Journal(self.options.journal_size)
        self.faults = FaultBook(self.options.faults, self.options.seed)
        self.buckets = Buckets(self.options.rate)
        self.catalog_buckets = Buckets(self.options.catalog_rate, catalog.BURST)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await request.read()
        if request.path.startswith(control.PREFIX):
            answer = control.answer(request.method, request.path, control.Wish(self, request.query, body))
            return web.Response(status=answer.status, body=answer.body, content_type=answer.media_type)
        started = time.monotonic()
        entry = self._noted(request, body)
        action = self._action_for(entry, body)
        await asyncio.sleep(self.options.latency_ms / 1000 + action.delay_seconds)
        if not action.after_work:
            await asyncio.sleep(action.hang_seconds)
        if action.drop == "before":
            return misbehaviour.drop(request)
        answer = self._answer(request, body, action, entry)
        if action.after_work:
            await asyncio.sleep(action.hang_seconds)
        if action.drop == "after":
            return misbehaviour.drop(request)
        entry.status = answer.status
        entry.duration_ms = (time.monotonic() - started) * 1000
        headers = {"x-amzn-RequestId": _request_id(entry), "Content-Type": answer.media_type, **answer.headers}
        if answer.stream is not None:
            return await misbehaviour.streamed(request, answer.stream, headers, action.cut)
        if action.cut is not None:
            return await misbehaviour.cut(request, answer, headers, action.cut)
        return web.Response(status=answer.status, body=answer.body, headers=headers)

    def _noted(self, request: web.BaseRequest, body: bytes) -> Entry:
        """The token endpoint's body holds nothing but secrets."""
        kept = b"" if request.path.endswith(auth.TOKEN_PATH) else body
        region, path = ads.split_region(request.path)
        return self.journal.begin(request.method, path, region, request.query_string, request.headers, kept)

    def _action_for(self, entry: Entry, body: bytes) -> Action:
        text = body.decode(errors="replace") if self.faults.rules else ""
        action = self.faults.action_for(entry.method, entry.path, entry.profile, text)
        entry.fault = page_faults.names(action)
        return action

    def _answer(self, request: web.BaseRequest, body: bytes, action: Action, entry: Entry) -> Answer:
        """Everything in here happens at once: no other request comes between check and deed."""
        now = self.clock.now()
        if action.expire_tokens:
            self.logins.expire_all()
        impossible = None if action.edit is None else self._edit(action.edit, entry, now)
        if impossible is not None:
            return impossible
        elsewhere = request.path.endswith(auth.TOKEN_PATH) or report_download.concerns(request.path)
        wait_seconds = 0.0 if elsewhere else self.buckets.wait_seconds(request.host, now)
        if wait_seconds:
            return self._too_many(request, entry, wait_seconds)
        if action.status is not None and not action.after_work:
            return self._wrong(request, entry, action)
        answer = self._work(request, body, action, entry)
        if ads.writes(entry.method, entry.path):
            entry.answer = answer.body
        return answer if action.status is None else self._wrong(request, entry, action)

    def _edit(self, edit: Edit, entry: Entry, now: float) -> Answer | None:
        """An answer only when the edit cannot be done, so that the test that ordered it fails."""
        profile = edit.profile or entry.profile or ""
        try:
            apply_edit(self.world.market(profile), edit, now)
        except (ValueError, KeyError) as error:
            return json_answer({"error": f"A fault cannot edit profile {profile}: {error}"}, 500)
        return None

    @staticmethod
    def _wrong(request: web.BaseRequest, entry: Entry, action: Action) -> Answer:
        error = misbehaviour.error_of(action)
        ordinary = action.form == "json"
        answer = _refusal(error, request, entry) if ordinary else misbehaviour.formless(error, action.form)
        answer.headers.update(action.headers)
        return answer

    @staticmethod
    def _too_many(request: web.BaseRequest, entry: Entry, wait_seconds: float) -> Answer:
        error = ApiError(429, "THROTTLED", "Too Many Requests")
        answer = _refusal(error, request, entry)
        answer.headers["Retry-After"] = str(max(1, math.ceil(wait_seconds)))
        return answer

    def _work(self, request: web.BaseRequest, body: bytes, action: Action, entry: Entry) -> Answer:
        headers: Mapping[str, str] = request.headers
        if request.path.endswith(auth.TOKEN_PATH):
            if request.method != "POST":
                return json_answer({"error": "invalid_request", "error_description": "POST only"}, 405)
            return self.logins.answer(headers.get("Content-Type", ""), body, action, self.clock.now())
        base_url = f"{request.scheme}://{request.host}"
        incoming = ads.Request(
            request.method, request.path, request.query, headers, body, _request_id(entry), self.clock, action, base_url
        )
        if report_download.concerns(request.path):
            return report_download.answer(self.world, incoming)
        if catalog.concerns(request.path):
            answer, account = catalog.answer(self.logins, self.catalog_buckets, incoming)
        else:
            answer, account = ads.answer(self.world, self.logins, incoming)
        entry.account = None if account is None else account.number
        return answer


def _refusal(error: ApiError, request: web.BaseRequest, entry: Entry) -> Answer:
    if catalog.concerns(request.path):
        return catalog.refusal(error)
    if report_download.concerns(request.path):
        return report_download.refusal(error.status, error.message)
    return ads.refusal(error, request.method, request.path, request.headers, _request_id(entry))


def _request_id(entry: Entry) -> str:
    return f"SANDBOX{entry.number:013d}"


def _credentials(account: Account) -> Json:
    return {name: getattr(account, name) for name in ("client_id", "client_secret", "refresh_token")}


def ready_line(sandbox: Sandbox, url: str) -> bytes:
    """What a caller needs to log in, as one line of JSON."""
    accounts = [
        {
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "refresh_token": account.refresh_token,
            "profiles": [one.profile_id for one in sandbox.world.profiles.values() if one.account == account.number],
            "selling_partner": _credentials(sandbox.world.selling_partners[account.number]),
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
        "selling_partner": _credentials(sandbox.world.selling_partners[0]),
        **first,
        "accounts": accounts,
    }
    return msgspec.json.encode(line)
