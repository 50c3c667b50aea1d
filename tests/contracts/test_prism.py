"""A mock server made from the official specification takes every reading call."""

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

import pytest
from aiohttp.test_utils import unused_port

from harvester.adapters.ads import protocol
from harvester.adapters.ads.client import AmazonLogin
from harvester.adapters.ads.protocol import ids
from harvester.adapters.exchange import Caller
from harvester.domain.bid import BidTarget, StandingAdGroup
from harvester.domain.category_tree import Narrowed
from harvester.domain.errors import PageBroken, Rejected
from harvester.domain.history import ReportKind
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Region
from harvester.domain.report import Span, Stage
from harvester.domain.suggestion import Advertised, Asking
from harvester.domain.target import Match
from tests.contracts.reading_calls import CALLS, ReadingCall, open_reader
from tests.unit.adapters.loopback import CREDENTIALS, PROFILE, Bench, opened

PRISM = "@stoplight/prism-cli@5.14.2"
FOLDER = Path(__file__).parent
SECONDS_TO_START = 120
pytestmark = [pytest.mark.prism, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def npx() -> str:
    """Node's runner of packages, with Prism at hand."""
    found = shutil.which("npx")
    if found is None or shutil.which("node") is None:
        pytest.skip("NOT CHECKED AGAINST PRISM: node and npx are not installed")
    probe = subprocess.run(
        [found, "--yes", PRISM, "--version"], capture_output=True, text=True, timeout=300, check=False
    )
    if probe.returncode != 0:
        pytest.skip(f"NOT CHECKED AGAINST PRISM: it cannot be had here: {probe.stderr.strip()[-300:]}")
    return found


@contextmanager
def serving(npx: str, document: str, *, errors: bool = True) -> Iterator[str]:
    """The address of a Prism that serves one document and refuses what does not fit it. Without `errors` its own answers
    may be what does not: it makes them up.
    """
    port = unused_port()
    flags = ["--errors"] if errors else []
    command = [npx, "--yes", PRISM, "mock", *flags, "-h", "127.0.0.1", "-p", str(port), str(FOLDER / document)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    listening, said = threading.Event(), list[str]()

    def follow() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if "listening" in line.lower():
                listening.set()
        listening.set()

    reader = threading.Thread(target=follow)
    reader.start()
    try:
        assert listening.wait(SECONDS_TO_START), f"Prism did not start in {SECONDS_TO_START} s: {said}"
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(20)
        reader.join(20)
        assert process.stdout is not None
        process.stdout.close()


@pytest.fixture(scope="module")
def sponsored_products(npx: str) -> Iterator[str]:
    with serving(npx, "sponsored-products.json") as url:
        yield url


@pytest.fixture(scope="module")
def profiles(npx: str) -> Iterator[str]:
    with serving(npx, "profiles.json") as url:
        yield url


@pytest.fixture(scope="module")
def reporting(npx: str) -> Iterator[str]:
    with serving(npx, "reporting.json") as url:
        yield url


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened(patience_seconds=2.0) as one:
        yield one


def login_at(bench: Bench, url: str) -> AmazonLogin:
    return AmazonLogin(
        account="acme",
        region=Region.NA,
        credentials=CREDENTIALS,
        http=bench.http,
        tokens=bench.tokens,
        ads_url=url,
        lwa_url=bench.amazon.token_url,
    )


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.path)
async def test_prism_takes_every_reading_call(call: ReadingCall, bench: Bench, sponsored_products: str):
    """Each page is answered with 200. Its examples name the same next page for ever, which is told at once."""
    with pytest.raises(PageBroken, match="token came again"):
        async for _ in call.make(open_reader(login_at(bench, sponsored_products))):
            pass

    assert [found.status for found in bench.log.calls if found.path == call.path] == [200, 200]


async def test_prism_takes_the_calls_about_brands(bench: Bench, sponsored_products: str):
    """What it makes up is read as brands, or left out where its ids are none."""
    reader = open_reader(login_at(bench, sponsored_products))

    await reader.search_brands("towels")
    await reader.recommended_brands()

    assert [call.status for call in bench.log.calls if "/brands/" in call.path] == [200, 200]


@pytest.mark.parametrize("by_theme", [False, True], ids=["by ASIN", "by theme"])
async def test_prism_takes_product_suggestions(by_theme: bool, bench: Bench, sponsored_products: str):
    """In both forms; its examples name the same next page for ever, which is told at once."""
    source = open_reader(login_at(bench, sponsored_products)).products(
        [Advertised("1", "2", ("B000000001",))], Asking(by_theme=by_theme)
    )
    with pytest.raises(PageBroken, match="token came again"):
        async for _ in source.pages(["2"], None):
            pass

    assert [found.status for found in bench.log.calls if found.path.endswith("products/recommendations")] == [200, 200]


async def test_prism_takes_the_profiles_call(bench: Bench, profiles: str):
    """What it makes up is read as profiles."""
    found = await login_at(bench, profiles).profiles()

    assert len(found.readable) + len(found.unreadable) >= 1
    assert bench.log.calls[-1].status == 200


SINGLE = {
    "/sp/targets/bid/recommendations": lambda reader: reader.suggested_bids(
        StandingAdGroup("1", "2"), [BidTarget(Match.EXACT, "towel")]
    ),
    "/sp/targets/categories": lambda reader: reader.category_tree(),
    "/sp/targets/categories/recommendations": lambda reader: reader.suggested_categories(["B000000001"]),
    "/sp/targets/category/7/refinements": lambda reader: reader.refinements("7"),
    "/sp/targets/products/count": lambda reader: reader.product_count(Narrowed("7", ("1",), rating=(0, 3))),
}
"""Prism judges every version of a bid recommendation by version 3, which knows keywords only."""


@pytest.mark.parametrize("path", SINGLE)
async def test_prism_takes_every_single_call(path: str, bench: Bench, sponsored_products: str):
    """What it makes up is read, but for a tree that is called `string` and a count of less than nothing."""
    reader = open_reader(login_at(bench, sponsored_products))

    with suppress(PageBroken):
        await SINGLE[path](reader)

    assert {(found.path, found.status) for found in bench.log.calls if found.path.startswith("/sp")} == {(path, 200)}


@pytest.mark.parametrize(
    "body",
    [
        {"maxResults": 0},
        {"adGroupIdFilter": ids([str(number) for number in range(1001)])},
        {"adGroupIdFilter": ids([5])},
    ],
)
async def test_prism_refuses_what_the_specification_does(
    bench: Bench, sponsored_products: str, body: dict[str, object]
):
    """Were it to take everything, the test above would prove nothing."""
    endpoint = login_at(bench, sponsored_products)._endpoint
    request = endpoint.request(protocol.LIST_GROUPS, Caller("acme", ProfileId("1001")), body)

    with pytest.raises(Rejected):
        await bench.http.send(request, lambda answer: answer)


async def test_prism_refuses_a_call_without_a_profile(bench: Bench, sponsored_products: str):
    """The scope is a required header."""
    request = login_at(bench, sponsored_products)._endpoint.request(protocol.LIST_GROUPS, Caller("acme"), {})

    with pytest.raises(Rejected):
        await bench.http.send(request, lambda answer: answer)


@pytest.mark.parametrize("kind", ReportKind)
async def test_prism_takes_the_calls_about_reports(bench: Bench, reporting: str, kind: ReportKind):
    """A report is asked for and looked after; that of its example is of other days, which is told."""
    client = login_at(bench, reporting).reports(PROFILE)
    span = Span(date(2026, 10, 21), date(2026, 11, 20))

    report_id = await client.ask(kind, span)
    assert report_id is not None
    status = await client.status(kind, span, report_id)

    assert status.stage is Stage.FAILED
    assert [call.status for call in bench.log.calls if call.path.startswith("/reporting")] == [200, 200]
