"""Everything that goes wrong with reports, one fault at a time."""

import gzip
import json
import zlib
from typing import Any

import aiohttp
import pytest

from harvester.sandbox.fault_rules import load_rules
from harvester.sandbox.settings import Options
from tests.unit.sandbox.customer import Customer, shop
from tests.unit.sandbox.reporting import PATH, ask, back, download, ready, show

DOWNLOAD = "/offline-report-storage/*"


async def force(customer: Customer, action: dict[str, Any], **match: object) -> None:
    await customer.control("faults", [{"match": match, "action": action}])


@pytest.mark.parametrize(
    ("status", "seen"), [("PENDING", "PENDING"), ("PROCESSING", "PROCESSING"), ("FAILED", "FAILED")]
)
async def test_a_report_ends_as_it_was_told(customer: Customer, status: str, seen: str) -> None:
    """Stuck before or within its making, or failed."""
    await force(customer, {"report": {"status": status}}, method="POST", path=PATH)
    asked = await ask(customer, back(customer, 5, 1))
    customer.sandbox.clock.advance(3000)

    assert (await show(customer, asked.body["reportId"])).body["status"] == seen


async def test_a_report_takes_as_long_as_it_was_told(customer: Customer) -> None:
    """Three hours, say."""
    await force(customer, {"report": {"seconds": 3000}}, method="POST", path=PATH)
    asked = await ask(customer, back(customer, 5, 1))
    found = []
    for seconds in (1000, 1000, 1000):
        customer.sandbox.clock.advance(seconds)
        found.append((await show(customer, asked.body["reportId"])).body["status"])

    assert found == ["PENDING", "PROCESSING", "COMPLETED"]


async def test_an_address_may_have_expired_already(customer: Customer) -> None:
    """The one that the faulty answer names; the next is good."""
    await force(customer, {"report": {"expired": True}}, method="GET", path=f"{PATH}/*", nth=1)
    report = await ready(customer, back(customer, 5, 1))
    renewed = (await show(customer, report["reportId"])).body

    assert (await download(customer, report["url"])).status == 403
    assert (await download(customer, renewed["url"])).status == 200


async def test_a_download_may_be_refused(customer: Customer) -> None:
    """403 and 503 look as those of the storage do, unless told otherwise."""
    report = await ready(customer, back(customer, 5, 1))
    for status, form, media_type in ((403, "json", "application/xml"), (503, "html", "text/html")):
        await force(customer, {"status": status, "form": form}, path=DOWNLOAD)
        reply = await download(customer, report["url"])

        assert (reply.status, reply.media_type) == (status, media_type)


@pytest.mark.parametrize("size", [200, 20_000])
async def test_a_file_may_end_early(size: int) -> None:
    """The transport is fine, the gzip is not."""
    async with shop(Options(recommendations=size)) as customer:
        report = await ready(customer, back(customer, 31, 1))
        await force(customer, {"report": {"truncate": 0.3}}, path=DOWNLOAD)
        reply = await download(customer, report["url"])

    unpacked = zlib.decompressobj(31)
    unpacked.decompress(reply.raw)
    assert reply.status == 200
    assert not unpacked.eof


@pytest.mark.parametrize("size", [200, 20_000])
async def test_the_connection_may_end_early(size: int) -> None:
    """Fewer bytes arrive than were announced, or the last piece never does."""
    async with shop(Options(recommendations=size)) as customer:
        report = await ready(customer, back(customer, 31, 1))
        await force(customer, {"cut": 0.3}, path=DOWNLOAD)

        with pytest.raises(aiohttp.ClientPayloadError):
            await download(customer, report["url"])


async def test_rows_may_have_columns_that_nobody_asked_for(customer: Customer) -> None:
    """Every fifth has one more, the others are as they were."""
    report = await ready(customer, back(customer, 5, 1))
    await force(customer, {"report": {"set": {"brandNew": "x", "clicks": "many"}, "every": 5}}, path=DOWNLOAD)
    found = json.loads(gzip.decompress((await download(customer, report["url"])).raw))
    odd = [place for place, row in enumerate(found) if "brandNew" in row]

    assert odd == list(range(4, len(found), 5))
    assert found[4]["clicks"] == "many"


async def test_rows_may_come_twice(customer: Customer) -> None:
    """Every third does, right after itself."""
    report = await ready(customer, back(customer, 5, 1))
    whole = json.loads(gzip.decompress((await download(customer, report["url"])).raw))
    await force(customer, {"report": {"twice": True, "every": 3}}, path=DOWNLOAD)
    found = json.loads(gzip.decompress((await download(customer, report["url"])).raw))

    assert len(found) == len(whole) + len(whole) // 3
    assert found[:5] == [*whole[:3], whole[2], whole[3]]


async def test_a_status_may_be_unknown(customer: Customer) -> None:
    """As any field of an answer may hold what nobody expects."""
    customer.judging = False
    await force(customer, {"set_field": {"field": "status", "value": "CANCELLED"}}, method="GET", path=f"{PATH}/*")

    assert (await ready(customer, back(customer, 5, 1)))["status"] == "CANCELLED"


async def test_downloads_are_not_throttled(customer: Customer) -> None:
    """The storage is another host in real life."""
    report = await ready(customer, back(customer, 5, 1))
    await customer.control("rate", {"rate": 0.001})
    found = [(await download(customer, report["url"])).status for _ in range(3)]
    asked = [(await show(customer, report["reportId"])).status for _ in range(2)]

    assert found == [200] * 3
    assert asked == [200, 429]


async def test_a_row_may_be_unreadable(customer: Customer) -> None:
    """Text in its place, whatever it does to the file."""
    report = await ready(customer, back(customer, 5, 1))
    await force(customer, {"report": {"raw": '{"clicks": ', "every": 7}}, path=DOWNLOAD)
    text = gzip.decompress((await download(customer, report["url"])).raw)

    with pytest.raises(json.JSONDecodeError):
        json.loads(text)
    assert text.startswith(b"[")


@pytest.mark.parametrize("action", [{"drop": "after"}, {"status": 500, "after_work": True}])
async def test_a_lost_answer_leaves_the_report(customer: Customer, action: dict[str, Any]) -> None:
    """It is there and being made, and asking again names it."""
    await force(customer, action, method="POST", path=PATH, nth=1)
    body = back(customer, 5, 1)
    if "drop" in action:
        with pytest.raises(aiohttp.ClientError):
            await ask(customer, body)
    else:
        assert (await ask(customer, body)).status == 500
    (report,) = (await customer.state())["reports"]
    again = await ask(customer, body)

    assert again.status == 425
    assert report["reportId"] in again.body["detail"]


async def test_throttling_names_no_time(customer: Customer) -> None:
    """429 of reports has no Retry-After, unless a fault puts one there."""
    await force(customer, {"status": 429}, path=f"{PATH}*")
    reply = await ask(customer, back(customer, 5, 1))

    assert reply.status == 429
    assert "Retry-After" not in reply.headers


def test_an_unknown_end_of_a_report_is_refused() -> None:
    """With the place in the file."""
    with pytest.raises(ValueError, match=r"\$\[0\]\.action\.report\.status"):
        load_rules(b'[{"action": {"report": {"status": "LOST"}}}]')
