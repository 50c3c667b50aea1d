"""What the core needs of Amazon's reports, and of what was read of them."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import date, datetime
from typing import Protocol

from harvester.domain.history import ReportKind
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile
from harvester.domain.report import Coverage, Loaded, OpenReport, ReportPage, ReportStatus, Span


class ReportClient(Protocol):
    """Reports of one profile. What Amazon refuses raises Rejected, what may pass Unavailable."""

    async def ask(self, kind: ReportKind, span: Span) -> str | None:
        """The report's id. None: the same report is on its way already, and Amazon does not say under which id.

        Raises OutcomeUnknown where the answer was lost: there may be a report by now.
        """
        ...

    async def status(self, kind: ReportKind, span: Span, report_id: str) -> ReportStatus: ...

    def download(self, kind: ReportKind, url: str) -> AbstractAsyncContextManager[Iterable[ReportPage]]:
        """The rows, read anew at every iteration, which raises PageBroken where the file is cut or no report.

        Raises Rejected for an address that has expired.
        """
        ...


class ReportLogin(Protocol):
    """One advertising login."""

    def reports(self, profile: Profile) -> ReportClient: ...


class ReportStore(Protocol):
    """Reports outlive the process that asked for them."""

    async def coverage(self, profile_id: ProfileId, kind: ReportKind, since: date, failed_since: datetime) -> Coverage:
        """Of the days since then. `open` comes the newest days first."""
        ...

    async def ask(
        self, profile_id: ProfileId, kind: ReportKind, spans: Sequence[Span], now: datetime
    ) -> Sequence[OpenReport]:
        """On record before Amazon hears of them; a span that is open already is left out."""
        ...

    async def named(self, number: int, amazon_id: str, now: datetime) -> None:
        """Amazon has taken it up under this id."""
        ...

    async def tried(self, number: int, note: str, now: datetime, *, unread: bool = False) -> None:
        """Nothing has come of it yet. `unread`: its rows could not be read."""
        ...

    async def fail(self, number: int, failure: str, now: datetime) -> None: ...

    async def load(self, profile_id: ProfileId, report: OpenReport, pages: Iterable[ReportPage]) -> Loaded | None:
        """All of its rows in place of what was there of its days, in one transaction; days that a later report has
        brought already stay as they are. None: somebody else has settled it. Raises what `pages` does.
        """
        ...


class ReportWatch(Protocol):
    """Neither method may wait, or fail."""

    def report_loaded(self, profile_id: ProfileId, kind: ReportKind, loaded: Loaded, seconds: float) -> None: ...

    def report_failed(self, profile_id: ProfileId, kind: ReportKind, failure: str) -> None: ...


class NobodyWatches:
    def report_loaded(self, profile_id: ProfileId, kind: ReportKind, loaded: Loaded, seconds: float) -> None:
        pass

    def report_failed(self, profile_id: ProfileId, kind: ReportKind, failure: str) -> None:
        pass


NOBODY = NobodyWatches()
Logins = Mapping[str, ReportLogin]
"""By account."""
