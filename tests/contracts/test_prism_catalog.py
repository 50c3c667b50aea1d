"""A mock server made from the official document of the Catalog API takes every call that asks for products."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import pytest

from harvester.adapters.catalog.client import SellingPartnerLogin, SellingPartnerReader
from harvester.adapters.catalog.pace import OwnTurns, SteadyPace
from harvester.adapters.catalog.protocol import SEARCH, Identifier
from harvester.adapters.exchange import Caller
from harvester.adapters.http import HttpClient
from harvester.domain.errors import PageBroken, Rejected
from harvester.domain.profile import Region
from tests.contracts import test_prism
from tests.contracts.test_prism import serving
from tests.unit.adapters.loopback import CREDENTIALS, PROFILE, Bench

pytestmark = [pytest.mark.prism, pytest.mark.timeout(400)]

npx = test_prism.npx
bench = test_prism.bench
ITEMS = "/catalog/2022-04-01/items"


@pytest.fixture(scope="module")
def catalog_items(npx: str) -> Iterator[str]:
    with serving(npx, "catalog-items.json", errors=False) as url:
        yield url


@asynccontextmanager
async def reading(bench: Bench, url: str) -> AsyncIterator[SellingPartnerReader]:
    pace = SteadyPace(OwnTurns())
    async with HttpClient(bench.log, pace, patience_seconds=2.0) as http:
        login = SellingPartnerLogin(
            account="acme",
            region=Region.NA,
            credentials=CREDENTIALS,
            http=http,
            pace=pace,
            tokens=bench.tokens,
            url=url,
            lwa_url=bench.amazon.token_url,
        )
        reader = login.reader(PROFILE, None)
        assert reader is not None
        yield reader


def statuses(bench: Bench) -> list[int | None]:
    return [call.status for call in bench.log.calls if urlsplit(call.path).path.startswith(ITEMS)]


async def test_prism_takes_a_call_for_one_item(bench: Bench, catalog_items: str):
    """With all that facts are read from."""
    async with reading(bench, catalog_items) as reader:
        item = await reader.get("B07N4M94X4")

    assert item.known
    assert statuses(bench) == [200]


@pytest.mark.parametrize("kind", Identifier)
async def test_prism_takes_a_search_by_every_kind_of_identifier(kind: Identifier, bench: Bench, catalog_items: str):
    """Twenty of them, where there are so many; a page that leads to itself is told at once."""
    twenty = [f"B{number:09d}" for number in range(20)]
    alike = {Identifier.ASIN: twenty, Identifier.ISBN: ["080442957X"], Identifier.MINSAN: ["A000000000"]}.get(
        kind, ["000123456785" if kind is Identifier.UPC else "00012345"]
    )
    assert all(map(kind.fits, alike))
    async with reading(bench, catalog_items) as reader:
        try:
            await reader.look_up(kind, alike, seller_id="A1SELLER" if kind is Identifier.SKU else None)
        except PageBroken as broken:
            assert "came again" in str(broken)

    assert statuses(bench)
    assert set(statuses(bench)) == {200}


async def test_prism_takes_a_search_by_keywords(bench: Bench, catalog_items: str):
    """With brands, categories and a locale."""
    async with reading(bench, catalog_items) as reader:
        search = reader.search(["red", "polo"], brands=["Acme"], classification_ids=["12345678"], locale="en_US")
        try:
            async for _ in search:
                pass
        except PageBroken as broken:
            assert "came again" in str(broken)

    assert set(statuses(bench)) == {200}


@pytest.mark.parametrize(
    "query",
    [
        {"identifiers": "B000000001", "identifiersType": "ASIN"},
        {"marketplaceIds": "ATVPDKIKX0DER", "identifiers": "B000000001", "identifiersType": "NAME"},
        {"marketplaceIds": "ATVPDKIKX0DER", "keywords": "mug", "pageSize": "21"},
    ],
    ids=["no marketplace", "no such kind", "too large a page"],
)
async def test_prism_refuses_a_search_that_does_not_fit(query: dict[str, str], bench: Bench, catalog_items: str):
    """Else what it takes would prove nothing."""
    async with reading(bench, catalog_items) as reader:
        request = reader._endpoint.request(SEARCH, Caller("acme"), ITEMS, query)
        with pytest.raises(Rejected):
            await reader._http.send(request, lambda answer: answer)
