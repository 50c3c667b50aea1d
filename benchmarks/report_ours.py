"""A report as Harvester reads it: download to a file, gunzip and decode as a stream, COPY into partitions of days."""

from datetime import UTC, datetime, timedelta

import uvloop

from benchmarks.report_server import DAYS, FIRST_DAY
from benchmarks.report_task import ReportAnswer, read, write
from benchmarks.task import Stopwatch
from harvester.adapters.ads.protocol import Endpoint
from harvester.adapters.ads.reports import AmazonReports
from harvester.adapters.exchange import Caller
from harvester.adapters.http import HttpClient
from harvester.adapters.lwa import AccessTokens, Credentials
from harvester.adapters.postgres.calls import PostgresCallLog
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.profiles import PostgresProfiles
from harvester.adapters.postgres.report_days import PostgresReportDays
from harvester.adapters.throttle import Throttle
from harvester.domain.history import ReportKind
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile, Region
from harvester.domain.report import Span

_PROFILE = Profile(ProfileId("1"), "bench", Region.NA, "US", "USD", "America/Los_Angeles", "seller", "Bench")


async def run() -> ReportAnswer:
    task = read()
    span = Span(FIRST_DAY, FIRST_DAY + timedelta(days=DAYS - 1))
    kind, now = ReportKind.SEARCH_TERMS, datetime.now(UTC)
    async with (
        Database.open(task.dsn) as database,
        PostgresCallLog.open(database, lambda _what, _lost: None) as calls,
        HttpClient(calls, Throttle()) as http,
    ):
        bearer = AccessTokens(http).bearer("bench", Credentials("bench", "bench", "bench"), "http://127.0.0.1")
        endpoint = Endpoint("http://127.0.0.1", "bench", bearer)
        client = AmazonReports(http, endpoint, Caller("bench", _PROFILE.profile_id), vendor=False)
        store = PostgresReportDays(database)
        await PostgresProfiles(database).save([_PROFILE])
        await store.make_partitions(span.first, span.last)
        (report,) = await store.ask(_PROFILE.profile_id, kind, [span], now)
        await store.named(report.number, "bench", now)
        watch = Stopwatch()
        async with client.download(kind, task.url) as pages:
            loaded = await store.load(_PROFILE.profile_id, report, pages)
        assert loaded is not None
        assert loaded.unreadable == 0
        return ReportAnswer.of(watch.answer(loaded.rows))


if __name__ == "__main__":
    write(uvloop.run(run()))
