"""The sandbox's Catalog API against the official document: its answers fit, and it takes nothing that does not."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import aiohttp
import pytest

from harvester.sandbox import catalog, catalog_items
from harvester.sandbox.fault_rules import load_rules
from harvester.sandbox.sandbox import Sandbox, ready_line
from harvester.sandbox.serving import running
from harvester.sandbox.settings import Options
from tests.contracts.catalog_spec import ITEMS, answer_faults, document, operation, request_faults

HERE = "ATVPDKIKX0DER"
ALL = ",".join(sorted(catalog._INCLUDED))
REAL = [asin for asin, product in catalog_items.catalog().items() if not product.children][:30]


@dataclass
class Shopper:
    """A plain client that holds every answer against the document."""

    url: str
    sandbox: Sandbox
    http: aiohttp.ClientSession
    token: str = ""

    async def log_in(self, login: dict[str, str]) -> None:
        form = {"grant_type": "refresh_token", **login}
        async with self.http.post(f"{self.url}/auth/o2/token", data=form) as answer:
            self.token = (await answer.json())["access_token"]

    async def get(self, path: str, **query: str) -> tuple[int, Any]:
        status, body, _ = await self.whole(path, query, {})
        return status, body

    async def whole(self, path: str, query: dict[str, str], headers: dict[str, str | None]) -> tuple[int, Any, Any]:
        asked = path + "?" + "&".join(f"{name}={quote(value, safe=',')}" for name, value in query.items())
        sent = {"x-amz-access-token": self.token, "User-Agent": "Shop/1 (Language=Python)", **headers}
        given = {name: value for name, value in sent.items() if value is not None}
        async with self.http.get(self.url + asked, headers=given) as answer:
            body = json.loads(await answer.read())
            assert answer_faults(asked, answer.status, body) == []
            assert answer.content_type == "application/json"
            return answer.status, body, answer.headers


@asynccontextmanager
async def shop(**options: Any) -> AsyncIterator[Shopper]:
    async with (
        running(Options(profiles=1, **options)) as started,
        aiohttp.ClientSession(skip_auto_headers=["User-Agent"]) as http,
    ):
        shopper = Shopper(started.url, started.sandbox, http)
        await shopper.log_in(json.loads(ready_line(started.sandbox, started.url))["selling_partner"])
        yield shopper


@pytest.fixture
async def shopper() -> AsyncIterator[Shopper]:
    async with shop() as one:
        yield one


def by_asin(*asins: str, **more: str) -> dict[str, str]:
    return {"marketplaceIds": HERE, "identifiers": ",".join(asins), "identifiersType": "ASIN", **more}


async def test_items_with_every_section_fit_the_document(shopper: Shopper):
    """One by one and as a search, parents and children, in several currencies."""
    parent = next(asin for asin, product in catalog_items.catalog().items() if product.children)
    for asin in (*REAL[:5], parent):
        status, item = await shopper.get(f"{ITEMS}/{asin}", marketplaceIds=HERE, includedData=ALL)
        assert (status, item["asin"]) == (200, asin)
    for place in ("A1VC38T7YXB528", "A1F83G8C2ARO7P"):
        query = by_asin(*REAL[:20], pageSize="20", includedData=ALL) | {"marketplaceIds": place}
        status, found = await shopper.get(ITEMS, **query)
        assert (status, len(found["items"]), found["pagination"]) == (200, 20, {})


async def test_summaries_are_what_is_given_by_default(shopper: Shopper):
    """As the document says."""
    _, item = await shopper.get(f"{ITEMS}/{REAL[0]}", marketplaceIds=HERE)

    assert item.keys() == {"asin", "summaries"}


async def test_unknown_products_are_absent_or_not_found(shopper: Shopper):
    """A search leaves them out; asked for alone they are a 404."""
    _, found = await shopper.get(ITEMS, **by_asin("B0ZZZZZZZZ", REAL[0]))
    status, refused = await shopper.get(f"{ITEMS}/B0ZZZZZZZZ", marketplaceIds=HERE)

    assert [item["asin"] for item in found["items"]] == [REAL[0]]
    assert (status, refused["errors"][0]["code"]) == (404, "NotFound")


async def test_twenty_products_without_a_page_size_come_in_two_pages(shopper: Shopper):
    """Ten is the default; the token brings the rest, and leads back."""
    query = by_asin(*REAL[:20])
    _, first = await shopper.get(ITEMS, **query)
    _, second = await shopper.get(ITEMS, **query, pageToken=first["pagination"]["nextToken"])

    assert (len(first["items"]), first["pagination"].keys()) == (10, {"nextToken"})
    assert (len(second["items"]), second["pagination"].keys()) == (10, {"previousToken"})
    assert [item["asin"] for item in (*first["items"], *second["items"])] == REAL[:20]


async def test_a_page_token_belongs_to_its_request(shopper: Shopper):
    """Another page size, or one product less, and it is refused."""
    query = by_asin(*REAL[:20])
    _, first = await shopper.get(ITEMS, **query)
    token = first["pagination"]["nextToken"]

    for other in (query | {"pageSize": "5"}, by_asin(*REAL[:19]), query | {"includedData": "images"}):
        status, refused = await shopper.get(ITEMS, **other, pageToken=token)
        assert (status, refused["errors"][0]["code"]) == (400, "InvalidInput")


async def test_keywords_find_a_thousand_at_most(shopper: Shopper):
    """Refinements say what is in it; brand and classification narrow it."""
    query = {"marketplaceIds": HERE, "keywords": "for,women,towels", "pageSize": "20"}
    _, first = await shopper.get(ITEMS, **query)
    brand = first["refinements"]["brands"][0]
    node = first["refinements"]["classifications"][0]["classificationId"]
    _, narrowed = await shopper.get(ITEMS, **query, brandNames=brand["brandName"])
    _, nearer = await shopper.get(ITEMS, **query, classificationIds=node)

    assert narrowed["numberOfResults"] == brand["numberOfResults"]
    assert 0 < nearer["numberOfResults"] < first["numberOfResults"]


@pytest.mark.parametrize("kind", ["EAN", "GTIN", "ISBN", "JAN", "MINSAN", "SKU", "UPC"])
async def test_every_kind_of_identifier_finds_products(shopper: Shopper, kind: str):
    """And what is found is named by it."""
    value, asins = next((key[1], asins) for key, asins in catalog_items.by_identifier().items() if key[0] == kind)
    seller = {"sellerId": "A1SELLER"} if kind == "SKU" else {}
    query = {"marketplaceIds": HERE, "identifiers": value, "identifiersType": kind, "includedData": "identifiers"}

    _, found = await shopper.get(ITEMS, **query, **seller)

    assert [item["asin"] for item in found["items"]] == list(asins)
    named = [
        (each["identifierType"], each["identifier"]) for each in found["items"][0]["identifiers"][0]["identifiers"]
    ]
    assert (kind, value) in named


SEARCHES: list[tuple[dict[str, str], str]] = [
    ({}, "marketplaceIds"),
    (by_asin("B000000001") | {"marketplaceIds": f"{HERE},A1F83G8C2ARO7P"}, "marketplaceIds"),
    (by_asin("B000000001") | {"marketplaceIds": "NOWHERE"}, "marketplaceIds"),
    ({"marketplaceIds": HERE}, "identifiers"),
    (by_asin("B000000001", keywords="towel"), "keywords"),
    (by_asin(*REAL[:21]), "from 1 to 20"),
    (by_asin(), "from 1 to 20"),
    (by_asin("B000000001", "b000"), "Invalid 'asin' provided."),
    ({"marketplaceIds": HERE, "identifiers": "B000000001"}, "identifiersType"),
    (by_asin("B000000001") | {"identifiersType": "FNSKU"}, "identifiersType"),
    (by_asin("A") | {"identifiersType": "SKU"}, "sellerId"),
    (by_asin("B000000001", brandNames="Acme"), "brandNames"),
    (by_asin("B000000001", pageSize="21"), "pageSize"),
    (by_asin("B000000001", pageSize="0"), "pageSize"),
    (by_asin("B000000001", pageSize="ten"), "pageSize"),
    (by_asin("B000000001", includedData="summaries,prices"), "includedData"),
    (by_asin("B000000001", maxResults="5"), "maxResults"),
    (by_asin("B000000001", pageToken="x"), "pageToken"),
    ({"marketplaceIds": HERE, "keywords": ",".join(f"w{n}" for n in range(21))}, "from 1 to 20"),
    ({"marketplaceIds": HERE, "keywords": "towel", "sellerId": "A"}, "sellerId"),
]


@pytest.mark.parametrize(("query", "words"), SEARCHES, ids=lambda value: str(value)[:60])
async def test_a_search_that_does_not_fit_is_refused(shopper: Shopper, query: dict[str, str], words: str):
    """InvalidInput, in the one form of errors that this API has."""
    status, refused = await shopper.get(ITEMS, **query)

    assert (status, refused["errors"][0]["code"]) == (400, "InvalidInput")
    assert words in refused["errors"][0]["message"]


async def test_the_judge_of_requests_agrees(shopper: Shopper):
    """What the document says to be wrong, the sandbox refuses too."""
    wrong = [query for query, _ in SEARCHES if request_faults(f"{ITEMS}?{'&'.join(map('='.join, query.items()))}")]

    assert len(wrong) >= 9
    for query in wrong:
        assert (await shopper.get(ITEMS, **query))[0] == 400


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"x-amz-access-token": None}, 403), ({"x-amz-access-token": "Atza|other"}, 403), ({"User-Agent": None}, 400),
     ({"User-Agent": "curl/8"}, 400)],
)  # fmt: skip
async def test_a_call_needs_its_token_and_a_user_agent(shopper: Shopper, headers: dict[str, str | None], status: int):
    """The form App/1.0 (Language=...) is demanded."""
    found, body, _ = await shopper.whole(ITEMS, by_asin(REAL[0]), headers)

    assert (found, body["errors"][0]["code"]) == (status, "Unauthorized" if status == 403 else "InvalidInput")


async def test_each_grant_opens_its_own_api(shopper: Shopper):
    """An advertiser's token is none for the catalog, and a selling partner's none for advertising."""
    partner = shopper.token
    account = shopper.sandbox.world.accounts[0]
    names = ("client_id", "client_secret", "refresh_token")
    await shopper.log_in({name: getattr(account, name) for name in names})
    refused, _, _ = await shopper.whole(ITEMS, by_asin(REAL[0]), {})
    headers = {"Authorization": f"Bearer {partner}", "Amazon-Advertising-API-ClientId": account.client_id}

    async with shopper.http.get(f"{shopper.url}/v2/profiles", headers=headers) as answer:
        assert (answer.status, refused) == (401, 403)


async def test_more_than_the_quota_is_refused_when_asked_to():
    """Two at once, each operation by itself; the limit stands in every answer but a 429."""
    async with shop(catalog_rate=0.001) as shopper:
        answers = [await shopper.whole(ITEMS, by_asin(REAL[0]), {}) for _ in range(3)]
        one, _ = await shopper.get(f"{ITEMS}/{REAL[0]}", marketplaceIds=HERE)

    assert [status for status, _, _ in answers] == [200, 200, 429]
    assert answers[2][1]["errors"][0]["code"] == "QuotaExceeded"
    assert [headers.get("x-amzn-RateLimit-Limit") for _, _, headers in answers] == ["0.001", "0.001", None]
    assert one == 200


async def test_faults_come_in_the_form_of_this_api(shopper: Shopper):
    """A 503, a token that ends, a page token that comes again, a field that nobody expects."""
    query = by_asin(*REAL[:20])
    seen = []
    for action in ('{"status": 503}', '{"expire_tokens": true}', '{"repeat_token": true}',
                   '{"set_field": {"field": "brand", "value": 7}}'):  # fmt: skip
        shopper.sandbox.faults.replace(load_rules(f'[{{"match": {{"times": 1}}, "action": {action}}}]'.encode()))
        headers = {"x-amz-access-token": shopper.token, "User-Agent": "Shop/1 (Language=Python)"}
        async with shopper.http.get(f"{shopper.url}{ITEMS}", params=query, headers=headers) as answer:
            seen.append((answer.status, await answer.json()))
        if answer.status == 403:
            await shopper.log_in(json.loads(ready_line(shopper.sandbox, ""))["selling_partner"])

    (unavailable, expired, circle, strange) = seen
    assert (unavailable[0], unavailable[1]["errors"][0]["code"]) == (503, "ServiceUnavailable")
    assert (expired[0], expired[1]["errors"][0]["code"]) == (403, "Unauthorized")
    assert circle[1]["pagination"]["nextToken"]
    assert {item["summaries"][0].get("brand") for item in strange[1]["items"]} <= {7, None}


async def test_what_is_no_route_is_not_found(shopper: Shopper):
    """Below the items of this version only."""
    status, _ = await shopper.get(f"{ITEMS}/{REAL[0]}/more", marketplaceIds=HERE)
    async with shopper.http.post(f"{shopper.url}{ITEMS}", headers={
        "x-amz-access-token": shopper.token, "User-Agent": "Shop/1 (Language=Python)"}) as answer:  # fmt: skip
        assert (status, answer.status) == (404, 400)


def test_the_document_is_the_one_that_the_sandbox_speaks():
    """Its parameters and sections are all known there."""
    search = {each["name"] for each in operation(ITEMS)["parameters"]}
    get = {each["name"] for each in operation(f"{ITEMS}/x")["parameters"] if each["in"] == "query"}
    sections = document()["definitions"]["Item"]["properties"].keys() - {"asin"}

    assert (search, get, sections) == (catalog._SEARCH, catalog._GET, catalog._INCLUDED)
