"""A customer who asks for reports and reads them."""

import datetime as dt
import gzip
import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo

from tests.unit.sandbox.customer import Customer, Reply

PATH = "/reporting/reports"
NAMES = ("campaignId", "adGroupId", "keywordId", "targeting", "keywordType", "matchType")
FIGURES = ("impressions", "clicks", "cost", "purchases7d", "purchases14d", "sales7d", "sales14d")

Row = dict[str, Any]


def today(customer: Customer) -> dt.date:
    """Of the profile that the customer looks at."""
    profile = customer.sandbox.world.profiles[customer.profile]
    return dt.date.fromisoformat(customer.sandbox.clock.today(ZoneInfo(profile.marketplace.timezone)))


async def noon(customer: Customer) -> None:
    """Sets the clock forward to the next noon of the profile."""
    profile = customer.sandbox.world.profiles[customer.profile]
    clock = customer.sandbox.clock
    passed = clock.day(clock.now(), ZoneInfo(profile.marketplace.timezone)) % 1
    clock.advance((1.5 - passed) % 1 * 86_400)
    await customer.log_in()


def wanted(
    first: dt.date, last: dt.date, kind: str = "spSearchTerm", unit: str = "DAILY", **configuration: object
) -> dict[str, Any]:
    """A body that asks for the columns a client usually needs."""
    days = ("date",) if unit == "DAILY" else ("startDate", "endDate")
    term = ("searchTerm",) if kind == "spSearchTerm" else ()
    return {
        "name": f"{kind} of {first}",
        "startDate": first.isoformat(),
        "endDate": last.isoformat(),
        "configuration": {
            "adProduct": "SPONSORED_PRODUCTS",
            "reportTypeId": kind,
            "groupBy": ["searchTerm" if kind == "spSearchTerm" else "targeting"],
            "columns": [*days, *term, *NAMES, *FIGURES],
            "timeUnit": unit,
            "format": "GZIP_JSON",
            **configuration,
        },
    }


def back(customer: Customer, oldest: int, newest: int, **more: Any) -> dict[str, Any]:
    """A body for the days from `oldest` to `newest` days ago."""
    now = today(customer)
    return wanted(now - dt.timedelta(days=oldest), now - dt.timedelta(days=newest), **more)


async def ask(customer: Customer, body: object) -> Reply:
    return await customer.post(PATH, body)


async def show(customer: Customer, report_id: str) -> Reply:
    return await customer.call("GET", f"{PATH}/{report_id}")


async def ready(customer: Customer, body: object) -> Row:
    """The report once it is made."""
    asked = await ask(customer, body)
    assert asked.status == 200, asked.raw
    customer.sandbox.clock.advance(customer.sandbox.options.report_seconds)
    shown: Row = (await show(customer, asked.body["reportId"])).body
    return shown


async def download(customer: Customer, address: str, headers: dict[str, str] | None = None) -> Reply:
    async with customer.http.get(address, headers=headers) as answer:
        raw = await answer.read()
        return Reply(answer.status, answer.headers.get("Content-Type", ""), dict(answer.headers), raw)


async def rows(customer: Customer, body: object) -> list[Row]:
    report = await ready(customer, body)
    assert report["status"] == "COMPLETED", report
    found: list[Row] = json.loads(gzip.decompress((await download(customer, report["url"])).raw))
    return found


async def every_day(customer: Customer, oldest: int, newest: int, **more: Any) -> list[Row]:
    """Rows of a stretch of days that may be longer than one report."""
    found: list[Row] = []
    for start in range(oldest, newest - 1, -31):
        found += await rows(customer, back(customer, start, max(newest, start - 30), **more))
    return found


def summed(found: Iterable[Row], *names: str) -> dict[tuple[Any, ...], Row]:
    """Figures by the values of those columns."""
    sums: dict[tuple[Any, ...], Row] = defaultdict(lambda: dict.fromkeys(FIGURES, 0))
    for row in found:
        total = sums[tuple(row[name] for name in names)]
        for figure in FIGURES:
            total[figure] = round(total[figure] + row[figure], 2)
    return dict(sums)
