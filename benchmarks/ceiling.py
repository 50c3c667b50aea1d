"""The ceiling: fetch, typed decode, COPY, and nothing else. No judging, no index, no resume, no call log.

With `--a-page` every page is a COPY of its own, kept before the next is fetched, as somebody would write it who wants
to keep what was read. Without, the whole run is a single COPY: nothing is kept before the end, and nothing is faster.
"""

import sys
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import aiohttp
import asyncpg
import msgspec
import uvloop

from benchmarks.task import MEDIA_TYPE, PATH, TABLE, Answer, Stopwatch, Task, question, read, write


class Metrics(msgspec.Struct, rename="upper", gc=False):
    clicks: float
    conversions: float


class Reason(msgspec.Struct, gc=False):
    data: str


class Item(msgspec.Struct, rename="camel", gc=False):
    campaign_id: str
    ad_group_id: str
    ad_id: str
    ad_asin: str
    recommended_target: str
    target_type: str
    recommendation_reasons: list[Reason]


class Page(msgspec.Struct, rename="camel"):
    targets: list[Item]
    next_token: str | None = None


Row = tuple[object, ...]


class Script:
    def __init__(self, task: Task) -> None:
        self.task = task
        self.rows = 0
        self._page = msgspec.json.Decoder(Page).decode
        self._metrics = msgspec.json.Decoder(Metrics).decode

    async def pages(self, session: aiohttp.ClientSession) -> AsyncIterator[Page]:
        token = None
        for _ in range(self.task.most_pages):
            body = msgspec.json.encode(question(self.task.ad_group_ids, token))
            async with session.post(self.task.amazon.ads_url + PATH, data=body) as response:
                page = self._page(await response.read())
            yield page
            token = page.next_token
            if token is None:
                return

    def records(self, page: Page) -> Iterator[Row]:
        task, metrics_of, now = self.task, self._metrics, datetime.now(UTC)
        first = self.rows
        self.rows += len(page.targets)
        for place, item in enumerate(page.targets, first):
            metrics = metrics_of(item.recommendation_reasons[0].data)
            yield (
                "r1",
                place,
                task.profile_id,
                "promotion",
                item.campaign_id,
                item.ad_group_id,
                item.ad_id,
                item.ad_asin,
                item.recommended_target,
                item.recommended_target,
                item.target_type,
                metrics.clicks,
                metrics.conversions,
                None,
                "hold",
                "not_proven",
                "",
                task.findings,
                now,
            )

    async def all_records(self, session: aiohttp.ClientSession) -> AsyncIterator[Row]:
        async for page in self.pages(session):
            for record in self.records(page):
                yield record


async def run(task: Task, *, a_page: bool) -> Answer:
    headers = {"Content-Type": MEDIA_TYPE, "Accept": MEDIA_TYPE}
    connection = await asyncpg.connect(task.dsn)
    await connection.execute(TABLE)
    script = Script(task)
    async with aiohttp.ClientSession(headers=headers) as session:
        watch = Stopwatch()
        if a_page:
            async for page in script.pages(session):
                await connection.copy_records_to_table("bare", schema_name="public", records=script.records(page))
        else:
            records = script.all_records(session)
            await connection.copy_records_to_table("bare", schema_name="public", records=records)
        answer = watch.answer(script.rows)
    await connection.close()
    return answer


if __name__ == "__main__":
    write(uvloop.run(run(read(), a_page="--a-page" in sys.argv)))
