"""A plain customer of the sandbox: logs in, sends what it is told, and holds every answer against the specification."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import aiohttp

from harvester.sandbox.sandbox import Sandbox
from harvester.sandbox.serving import running
from harvester.sandbox.settings import Options
from tests.contracts.spec import Spec

SPONSORED = Spec.load("sponsored-products")
PROFILES = Spec.load("profiles")
REPORTING = Spec.load("reporting")
RECOMMENDATIONS = "/sp/targetPromotionGroups/recommendations"

# Statuses that the real service gives although the specification of the call does not list them.
UNLISTED = {400, 401, 403, 404, 405, 406, 415, 429, 500, 502, 503, 504}


Headers = Mapping[str, str | None]


@dataclass(frozen=True)
class Reply:
    status: int
    media_type: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


@dataclass
class Customer:
    url: str
    sandbox: Sandbox
    http: aiohttp.ClientSession
    account: int = 0
    token: str = ""
    profile: str = ""
    profiles: list[str] = field(default_factory=list)
    judging: bool = True

    async def log_in(self, **changes: str) -> Reply:
        login = self.sandbox.world.accounts[self.account]
        form = {
            "grant_type": "refresh_token",
            "client_id": login.client_id,
            "client_secret": login.client_secret,
            "refresh_token": login.refresh_token,
            **changes,
        }
        reply = await self._send("POST", "/auth/o2/token", data=form)
        if reply.status == 200:
            self.token = reply.body["access_token"]
        return reply

    async def post(
        self, path: str, body: object = None, *, version: int = 1, headers: Headers = MappingProxyType({})
    ) -> Reply:
        return await self.call("POST", path, {} if body is None else body, version=version, headers=headers)

    async def put(self, path: str, body: object, *, headers: Headers = MappingProxyType({})) -> Reply:
        return await self.call("PUT", path, body, headers=headers)

    async def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        version: int = 1,
        headers: Headers = MappingProxyType({}),
    ) -> Reply:
        """`headers` change the usual ones; None leaves one out. While `judging`, the answer must fit the specification."""
        sent = {**self.usual_headers(method, path, version), **headers}
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        reply = await self._send(method, path, data=data, headers={k: v for k, v in sent.items() if v is not None})
        if self.judging:
            self.judge(method, path, reply)
        return reply

    def usual_headers(self, method: str, path: str, version: int = 1) -> dict[str, str | None]:
        login = self.sandbox.world.accounts[self.account]
        headers: dict[str, str | None] = {
            "Authorization": f"Bearer {self.token}",
            "Amazon-Advertising-API-ClientId": login.client_id,
        }
        if path.startswith("/reporting/"):
            operation = REPORTING.operation(method, path)
            headers |= {"Amazon-Advertising-API-Scope": self.profile, "Accept": operation.answer_media_types(200)[0]}
            types = operation.request_media_types
            return headers | ({"Content-Type": types[0]} if types else {})
        if path.startswith("/sp/"):
            media_types = SPONSORED.operation(method, path).request_media_types
            headers |= {"Amazon-Advertising-API-Scope": self.profile}
            if not media_types:
                return headers | {"Accept": _answer_type(method, path, "", version)}
            named = [each for each in media_types if each.endswith(f".v{version}+json")]
            media_type = named[0] if named else media_types[min(version, len(media_types)) - 1]
            headers |= {"Content-Type": media_type, "Accept": _answer_type(method, path, media_type, version)}
        return headers

    @staticmethod
    def judge(method: str, path: str, reply: Reply) -> None:
        specs = {"/sp/": SPONSORED, "/reporting/": REPORTING}
        spec = next((one for start, one in specs.items() if path.startswith(start)), PROFILES)
        listed = spec.operation(method, path).statuses
        if reply.status in listed:
            spec.validate_response(method, path, reply.status, reply.media_type, reply.raw)
        else:
            assert reply.status in UNLISTED
            assert any({"code", name} <= reply.body.keys() for name in ("message", "details", "detail"))

    async def control(self, name: str, body: object = None, *, query: str = "") -> Any:
        method = "GET" if body is None else "POST"
        data = None if body is None else json.dumps(body).encode()
        return (await self._send(method, f"/_sandbox/{name}{query}", data=data)).body

    async def state(self, profile: str | None = None) -> Any:
        wanted = profile or self.profile
        return (await self.control("state", query=f"?profile={wanted}"))["profiles"][wanted]

    async def every(
        self, path: str, body: dict[str, Any] | None = None, *, version: int = 1, size: int = 100
    ) -> list[Any]:
        """All rows of a list, page by page."""
        rows: list[Any] = []
        asked: dict[str, Any] = {**(body or {}), "maxResults": size}
        while True:
            reply = await self.post(path, asked, version=version)
            assert reply.status == 200, reply.raw
            page = next(value for value in reply.body.values() if isinstance(value, list))
            assert len(page) <= size
            rows += page
            if not reply.body.get("nextToken"):
                assert reply.body["totalResults"] == len(rows)
                return rows
            asked["nextToken"] = reply.body["nextToken"]

    async def _send(self, method: str, path: str, **options: Any) -> Reply:
        async with self.http.request(method, self.url + path, **options) as answer:
            raw = await answer.read()
            return Reply(answer.status, answer.headers.get("Content-Type", ""), dict(answer.headers), raw)


@asynccontextmanager
async def shop(options: Options | None = None, *, log_in: bool = True) -> AsyncIterator[Customer]:
    """A running sandbox and its first customer, logged in, looking at the first (US, seller) profile."""
    async with running(options or Options()) as started, aiohttp.ClientSession() as http:
        profiles = list(started.sandbox.world.profiles)
        customer = Customer(started.url, started.sandbox, http, profile=profiles[0], profiles=profiles)
        if log_in:
            await customer.log_in()
        yield customer


@dataclass(frozen=True)
class ProductLine:
    """The parts of one promotion group: ids of the source, of both destinations, and of their campaigns."""

    group: str
    source: str
    source_campaign: str
    keyword: str
    keyword_campaign: str
    product: str
    product_campaign: str
    ads: list[str]

    @property
    def in_source(self) -> dict[str, Any]:
        return {"campaignId": self.source_campaign, "adGroupId": self.source, "state": "ENABLED"}

    @property
    def in_keyword(self) -> dict[str, Any]:
        return {"campaignId": self.keyword_campaign, "adGroupId": self.keyword, "state": "ENABLED"}

    @property
    def in_product(self) -> dict[str, Any]:
        return {"campaignId": self.product_campaign, "adGroupId": self.product, "state": "ENABLED"}


async def product_line(customer: Customer, number: int = 0) -> ProductLine:
    """The `number`th promotion group of the profile that the customer looks at."""
    state = await customer.state()
    group = state["groups"][number]
    campaign_of = {one["adGroupId"]: one["campaignId"] for one in state["adGroups"]}
    return ProductLine(
        group=group["targetPromotionGroupId"],
        source=group["source"],
        source_campaign=campaign_of[group["source"]],
        keyword=group["keyword"],
        keyword_campaign=campaign_of[group["keyword"]],
        product=group["product"],
        product_campaign=campaign_of[group["product"]] if group["product"] else "",
        ads=[one["adId"] for one in state["productAds"] if one["adGroupId"] == group["source"]],
    )


def only_error(reply: Reply) -> tuple[str, str]:
    """Selector and reason of the one error of a v3 entity answer that has no success."""
    (results,) = reply.body.values()
    assert results["success"] == []
    ((item,),) = [results["error"]]
    ((error,),) = [item["errors"]]
    ((selector, value),) = error["errorValue"].items()
    return selector, value["reason"]


def successes(reply: Reply) -> list[dict[str, Any]]:
    (results,) = reply.body.values()
    found: list[dict[str, Any]] = results["success"]
    return found


def _answer_type(method: str, path: str, media_type: str, version: int) -> str:
    """The request's own, unless the answers of the operation have names of their own; then the version counts them."""
    operation = SPONSORED.operation(method, path)
    offered = next((types for status in (200, 207) if (types := operation.answer_media_types(status))), ())
    return media_type if not offered or media_type in offered else offered[version - 1]
