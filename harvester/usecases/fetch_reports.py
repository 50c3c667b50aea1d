"""Reports are asked for, looked after, and read when they are there. Each step is on record before the next."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TypeAlias

from harvester.domain.errors import (
    AccountClosed,
    LeaseLost,
    OutcomeUnknown,
    PageBroken,
    ProfileBusy,
    Rejected,
    Unavailable,
)
from harvester.domain.history import ReportKind
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile
from harvester.domain.report import Coverage, OpenReport, ReportPage, ReportStatus, Span, Stage
from harvester.domain.report_spans import (
    AGAIN_PAUSES,
    FAILURES_COUNT_FOR,
    KEPT_DAYS,
    ages_of,
    day_of,
    next_look,
    resting,
    spans_to_ask,
)
from harvester.ports import Clock, Lease
from harvester.ports.reports import NOBODY, Logins, ReportClient, ReportStore, ReportWatch

THROTTLED = 429
GIVE_UP_AFTER = timedelta(hours=24)
"""Amazon takes three hours at most: what it has not made by then it never will."""
ENOUGH_UNREADABLE = 100_000
"""Of rows, and none that can be read: the rest is not looked at."""
BUSY_PAUSE = timedelta(seconds=5)
IN_PROGRESS = "Amazon has the same report in progress, and does not say under which id"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A report that is not there yet."""

    kind: ReportKind
    span: Span
    note: str
    """Why not, if it is not just being made."""


@dataclass(frozen=True, slots=True)
class FailedReport:
    kind: ReportKind
    span: Span
    reason: str


@dataclass(slots=True)
class Fetched:
    """What came of asking, so far."""

    reports: int = 0
    rows: int = 0
    unreadable: int = 0
    pending: list[Waiting] = field(default_factory=list)
    failed: list[FailedReport] = field(default_factory=list)
    look_at: datetime | None = None
    """When there may be more to say; None: all that is needed is there, or rests after a failure."""
    again_at: datetime | None = None
    """When what has failed is asked for again."""

    @property
    def troubles(self) -> list[str]:
        """One sentence each, for a person: what is missing, and why."""
        said = [f"report of {words(each.kind)}, {each.span}: {each.reason}" for each in self.failed]
        said += [self._pending(*alike) for alike in dict.fromkeys((each.kind, each.note) for each in self.pending)]
        if self.unreadable:
            said.append(f"{self.unreadable} rows of reports could not be read")
        return said

    def _pending(self, kind: ReportKind, note: str) -> str:
        """A first plan needs several reports: what they all wait for is said once."""
        spans = sorted(each.span for each in self.pending if (each.kind, each.note) == (kind, note))
        days = Span(spans[0].first, max(each.last for each in spans))
        which, it = ("report", "it") if len(spans) == 1 else (f"{len(spans)} reports", "them")
        because = f": {note}" if note else ""
        goes_on = f"the next `harvester plan`, or the service, goes on with {it}"
        return f"{which} of {words(kind)}, {days}: Amazon has not delivered {it} yet{because}; {goes_on}"


Told: TypeAlias = Callable[[Profile, Fetched], None]


def words(kind: ReportKind) -> str:
    return "search terms" if kind is ReportKind.SEARCH_TERMS else "targets"


@dataclass(frozen=True)
class FetchReports:
    """Under a lease of its own, apart from that of the profile: plans go on while reports are being made."""

    logins: Logins
    store: ReportStore
    lease: Lease
    clock: Clock
    watch: ReportWatch = NOBODY
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep

    async def __call__(
        self,
        profile: Profile,
        kinds: Collection[ReportKind],
        patience: timedelta,
        told: Told,
        *,
        skips: Collection[int] = (),
    ) -> Fetched:
        """Until everything is there or has failed, at most so long. Raises AccountClosed, Unavailable (Postgres).

        `skips`: how old days must be to count in the windows that are looked at.
        """
        give_up_at = self.clock.now() + patience
        fetched = Fetched()
        while True:
            try:
                await self.advance(profile, kinds, fetched, skips=skips)
            except (ProfileBusy, LeaseLost):
                fetched.look_at = self.clock.now() + BUSY_PAUSE
            told(profile, fetched)
            now = self.clock.now()
            if fetched.look_at is None or max(fetched.look_at, now) >= give_up_at:
                return fetched
            await self.sleep(max(0.0, (fetched.look_at - now).total_seconds()))

    async def advance(
        self,
        profile: Profile,
        kinds: Collection[ReportKind],
        fetched: Fetched | None = None,
        *,
        skips: Collection[int] = (),
    ) -> Fetched:
        """Asks for what is missing, looks once after what is due, reads what is ready. Waits for nothing.

        Adds to what was fetched before. Raises ProfileBusy while another process is at it, and AccountClosed.
        """
        fetched = Fetched() if fetched is None else fetched
        fetched.pending.clear()
        fetched.failed.clear()
        fetched.look_at = fetched.again_at = None
        client = self.logins[profile.account].reports(profile)
        ages = ages_of(vendor=profile.is_vendor, skips=skips)
        async with self.lease.hold(lease_of(profile)):
            for kind in sorted(kinds):
                await _Round(self, profile, client, kind, ages, fetched).go()
        return fetched


def lease_of(profile: Profile) -> ProfileId:
    return ProfileId(f"{profile.profile_id} reports")


@dataclass
class _Round:
    """Of one kind of report."""

    fetch: FetchReports
    profile: Profile
    client: ReportClient
    kind: ReportKind
    ages: Sequence[int]
    fetched: Fetched
    throttled: str = ""
    """Amazon takes no more questions now, and why."""

    async def go(self) -> None:
        before = await self._coverage()
        asked = await self._asked(before)
        for report in [*asked, *before.open]:
            if next_look(report.asked_at, report.polled_at, report.tries) <= self._now():
                await (self._ask(report) if report.amazon_id is None else self._look(report.amazon_id, report))
        self._tell(await self._coverage())

    async def _coverage(self) -> Coverage:
        now = self._now()
        since = day_of(now, self.profile.timezone) - timedelta(days=KEPT_DAYS)
        return await self.fetch.store.coverage(self.profile.profile_id, self.kind, since, now - FAILURES_COUNT_FOR)

    def _due(self, coverage: Coverage) -> Sequence[Span]:
        return spans_to_ask(coverage, self._now(), self.profile.timezone, self.ages)

    async def _asked(self, coverage: Coverage) -> Sequence[OpenReport]:
        spans = self._due(coverage)
        if not spans:
            return []
        found = await self.fetch.store.ask(self.profile.profile_id, self.kind, spans, self._now())
        return sorted(found, key=lambda report: report.span, reverse=True)

    async def _ask(self, report: OpenReport) -> None:
        """A question without an answer is asked again: a second report of the same days does no harm."""
        if self.throttled:
            return await self._note(report, self.throttled)
        try:
            amazon_id = await self.client.ask(self.kind, report.span)
        except AccountClosed:
            raise
        except Rejected as refusal:
            return await self._fail(report, str(refusal))
        except (Unavailable, OutcomeUnknown) as error:
            if isinstance(error, Unavailable) and error.status == THROTTLED:
                self.throttled = str(error)
            return await self._note(report, str(error))
        if amazon_id is None:
            return await self._note(report, IN_PROGRESS)
        return await self.fetch.store.named(report.number, amazon_id, self._now())

    async def _look(self, amazon_id: str, report: OpenReport) -> None:
        status = await self._status(amazon_id, report)
        if status is None:
            return None
        if status.stage is Stage.FAILED:
            return await self._fail(report, status.failure)
        if status.stage is Stage.PENDING or status.url is None:
            return await self._note(report, "")
        refusal = await self._read(report, status.url)
        if refusal is None:
            return None
        fresh = await self._status(amazon_id, report)
        if fresh is not None:
            refusal = await self._read(report, fresh.url) if fresh.url else refusal
            if refusal is not None:
                await self._note(report, str(refusal), unread=True)
        return None

    async def _status(self, amazon_id: str, report: OpenReport) -> ReportStatus | None:
        """None: there is no answer, which is on record."""
        try:
            return await self.client.status(self.kind, report.span, amazon_id)
        except AccountClosed:
            raise
        except Rejected as refusal:
            await self._fail(report, str(refusal))
        except (Unavailable, PageBroken) as error:
            await self._note(report, str(error))
        return None

    async def _read(self, report: OpenReport, url: str) -> Rejected | None:
        """A refusal: the address has expired, and Amazon is to be asked for a new one."""
        started = time.monotonic()
        async with AsyncExitStack() as stack:
            try:
                pages = await stack.enter_async_context(self.client.download(self.kind, url))
            except Rejected as refusal:
                return refusal
            except (Unavailable, PageBroken) as error:
                await self._note(report, str(error), unread=isinstance(error, PageBroken))
                return None
            try:
                loaded = await self.fetch.store.load(
                    self.profile.profile_id, report, _Readable(pages, frozenset(report.span.days))
                )
            except PageBroken as error:
                await self._note(report, str(error), unread=True)
                return None
        if loaded is None:
            raise ProfileBusy(f"a report of profile {self.profile.profile_id} is being read by another process")
        self.fetched.reports += 1
        self.fetched.rows += loaded.rows
        self.fetched.unreadable += loaded.unreadable
        self.fetch.watch.report_loaded(self.profile.profile_id, self.kind, loaded, time.monotonic() - started)
        return None

    async def _note(self, report: OpenReport, why: str, *, unread: bool = False) -> None:
        """It stays open, unless it never will come to anything."""
        now = self._now()
        if unread and report.tries + 1 >= len(AGAIN_PAUSES):
            return await self._fail(report, f"{why}, {report.tries + 1} times in a row")
        if now - report.asked_at > GIVE_UP_AFTER:
            return await self._fail(report, why or f"Amazon has not made it since {report.asked_at:%Y-%m-%d %H:%M} UTC")
        return await self.fetch.store.tried(report.number, why, now, unread=unread)

    async def _fail(self, report: OpenReport, why: str) -> None:
        await self.fetch.store.fail(report.number, why, self._now())
        self.fetch.watch.report_failed(self.profile.profile_id, self.kind, why)

    def _tell(self, coverage: Coverage) -> None:
        """What is left, and when to come again."""
        now, fetched = self._now(), self.fetched
        fetched.pending += [Waiting(self.kind, each.span, each.note) for each in coverage.open]
        rests = resting(coverage.failed, now)
        fetched.failed += [FailedReport(self.kind, span, why) for span, (_, why) in rests.items()]
        looks = [next_look(each.asked_at, each.polled_at, each.tries) for each in coverage.open]
        looks += [now] if self._due(coverage) else []
        fetched.look_at = min([*looks, *([fetched.look_at] if fetched.look_at else [])], default=None)
        again = [until for until, _ in rests.values()]
        fetched.again_at = min([*again, *([fetched.again_at] if fetched.again_at else [])], default=None)

    def _now(self) -> datetime:
        return self.fetch.clock.now()


@dataclass(frozen=True, slots=True)
class _Readable:
    """Pages of which at least one row can be read and is of the days asked for, if there is any."""

    pages: Iterable[ReportPage]
    days: Collection[date]

    def __iter__(self) -> Iterator[ReportPage]:
        rows = unreadable = 0
        of_use = False
        for page in self.pages:
            rows += len(page.days)
            unreadable += page.unreadable
            of_use = of_use or any(day in self.days for day in page.days)
            yield page
            if unreadable >= ENOUGH_UNREADABLE and not rows:
                break
        if unreadable and not rows:
            raise PageBroken(f"none of the report's {unreadable} rows can be read")
        if rows and not of_use:
            raise PageBroken(f"none of the report's {rows} rows is of a day that was asked for")
