"""The ceiling of a report: download, gunzip, typed decode, one COPY, and nothing else.

Everything at once in memory, into a table without index or partitions; amounts as they come.
"""

import zlib
from collections.abc import Iterator
from datetime import date

import aiohttp
import asyncpg
import msgspec
import uvloop

from benchmarks.report_task import ReportAnswer, read, write
from benchmarks.task import Stopwatch

_TABLE = """
CREATE TABLE public.bare (
    profile_id text, day date, campaign_id text, ad_group_id text, keyword_id text, term text, key text, targeting text,
    match_type text, impressions bigint, clicks bigint, cost bigint, orders bigint, sales bigint)
"""


class Row(msgspec.Struct, rename="camel", gc=False):
    date: date
    campaign_id: int
    ad_group_id: int
    keyword_id: int
    targeting: str
    keyword_type: str
    impressions: int
    clicks: int
    cost: float
    search_term: str
    purchases7d: int
    sales7d: float


def records(rows: list[Row]) -> Iterator[tuple[object, ...]]:
    for row in rows:
        yield (
            "1", row.date, str(row.campaign_id), str(row.ad_group_id), str(row.keyword_id), row.search_term,
            row.search_term, row.targeting, row.keyword_type, row.impressions, row.clicks, round(row.cost * 1_000_000),
            row.purchases7d, round(row.sales7d * 1_000_000),
        )  # fmt: skip


async def run() -> ReportAnswer:
    task = read()
    connection = await asyncpg.connect(task.dsn)
    await connection.execute(_TABLE)
    async with aiohttp.ClientSession() as session:
        watch = Stopwatch()
        async with session.get(task.url) as response:
            rows = msgspec.json.decode(zlib.decompress(await response.read(), wbits=31), type=list[Row])
        await connection.copy_records_to_table("bare", schema_name="public", records=records(rows))
        answer = watch.answer(len(rows))
    await connection.close()
    return ReportAnswer.of(answer)


if __name__ == "__main__":
    write(uvloop.run(run()))
