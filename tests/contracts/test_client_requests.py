"""Every request of the client is what Amazon's specification says, to the letter."""

from collections.abc import AsyncIterator

import pytest

from harvester.adapters.ads import protocol
from harvester.adapters.ads.protocol import ADS_URLS, LWA_URLS, Operation
from harvester.domain.profile import Region
from tests.contracts.reading_calls import CALLS, PARENTS, PROFILES_PATH, SINGLE_PATHS, ReadingCall, open_reader
from tests.contracts.spec import Spec, SpecMismatch
from tests.contracts.test_product_suggestions import PATH as SUGGESTIONS_PATH
from tests.unit.adapters.loopback import Amazon, Bench, Reply, Seen, opened

BY_PATH = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.path)


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened() as one:
        yield one


async def made(call: ReadingCall, bench: Bench) -> list[Seen]:
    """The requests of one call whose first answer names a second page."""
    bench.amazon.on(call.path, Reply({"nextToken": "AbC+/=", "totalResults": 0}), Reply({"totalResults": 0}))
    async for _ in call.make(open_reader(bench.login())):
        pass
    return bench.amazon.asked(call.path)


@BY_PATH
async def test_every_request_fits_the_specification(call: ReadingCall, bench: Bench):
    """Path, required headers, exact media types, and a body with no field unknown and no list too long."""
    spec = Spec.load("sponsored-products")

    requests = await made(call, bench)

    assert len(requests) == 1 + (len(PARENTS) // call.most_parents if call.parent_filter else 1)
    for request in requests:
        spec.validate_request(request.method, request.path, request.headers, request.raw)


@BY_PATH
async def test_every_request_says_exactly_this(call: ReadingCall, bench: Bench):
    """Media types in the specification's letter case without a charset; ids and tokens unchanged."""
    first, second, *rest = await made(call, bench)

    assert first.headers["Content-Type"] == call.media_type
    assert first.headers["Accept"] == call.media_type
    assert first.headers["Amazon-Advertising-API-ClientId"] == "amzn1.application-oa2-client.one"
    assert first.headers["Amazon-Advertising-API-Scope"] == "1001"
    assert first.headers["Authorization"] == "Bearer Atza|canary-access-1"
    asked = {call.parent_filter: {"include": PARENTS[: call.most_parents]}} if call.parent_filter else {}
    assert first.json == {**call.fixed, **asked}
    assert second.json == {**first.json, "nextToken": "AbC+/="}
    parents = [
        each
        for seen in (first, *rest)
        for each in (seen.json[call.parent_filter] if call.parent_filter else {"include": []})["include"]
    ]
    assert parents == (PARENTS if call.parent_filter else [])


async def test_the_profiles_call_fits_its_specification(bench: Bench):
    """It has no scope and no body."""
    bench.amazon.on(PROFILES_PATH, Reply([]))

    await bench.login().profiles()

    (request,) = bench.amazon.asked(PROFILES_PATH)
    Spec.load("profiles").validate_request("GET", request.path, request.headers, request.raw)
    assert request.headers["Accept"] == "application/json"
    assert request.raw == b""


def test_every_operation_of_the_client_is_checked_here():
    """A new operation needs its row in the table of calls."""
    operations = {
        each.path
        for each in vars(protocol).values()
        if isinstance(each, Operation)
        and each.path.endswith(("/list", "/recommendations", "/profiles"))
        and "/brands/" not in each.path
    }

    assert operations == {PROFILES_PATH, SUGGESTIONS_PATH, *SINGLE_PATHS, *(call.path for call in CALLS)}


def test_hosts_are_those_of_the_specification():
    """Three hosts, one per region, and a token address for each."""
    servers = {server["url"] for server in Spec.load("sponsored-products").document["servers"]}

    assert set(ADS_URLS.values()) == servers
    assert ADS_URLS[Region.EU] == "https://advertising-api-eu.amazon.com"
    assert LWA_URLS == {
        Region.NA: "https://api.amazon.com/auth/o2/token",
        Region.EU: "https://api.amazon.co.uk/auth/o2/token",
        Region.FE: "https://api.amazon.co.jp/auth/o2/token",
    }


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Content-Type", "application/json"),
        ("Content-Type", "application/vnd.spCampaign.v3+json; charset=utf-8"),
        ("Accept", "application/json"),
        ("Amazon-Advertising-API-Scope", None),
    ],
)
async def test_a_request_with_a_wrong_header_would_be_found(bench: Bench, header: str, value: str | None):
    """The judge of these tests can say no."""
    request = (await made(CALLS[0], bench))[0]
    headers = {**request.headers, header: value} if value else {k: v for k, v in request.headers.items() if k != header}

    with pytest.raises(SpecMismatch):
        Spec.load("sponsored-products").validate_request("POST", request.path, headers, request.raw)


def test_the_scripted_amazon_answers_what_the_specification_allows():
    """The pages that these tests answer with are legal ones, so nothing here leans on leniency."""
    spec = Spec.load("sponsored-products")

    for call in CALLS:
        key: dict[str, object] = {"targets": []} if call.path.endswith("recommendations") else {}
        spec.validate_response("POST", call.path, 200, call.media_type, {**key, "totalResults": 0})
    assert Amazon().replies == {}
