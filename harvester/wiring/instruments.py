"""What a replica is watched with: metrics, log lines, traces."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog

from harvester.adapters.metrics import Metrics
from harvester.adapters.traces import Traces, open_traces
from harvester.adapters.watching import Watch, Watches
from harvester.config import log_lines
from harvester.config.settings import Settings
from harvester.domain.history import ReportKind
from harvester.domain.ids import PlanId, ProfileId
from harvester.domain.profile import Profile
from harvester.domain.report import Loaded
from harvester.domain.vitals import ProcessVitals
from harvester.ports import AccountReader
from harvester.usecases.apply import Applied, Apply
from harvester.usecases.reconcile import Reconcile, Settled

log = structlog.get_logger()


@dataclass(frozen=True)
class Instruments:
    """What a replica is watched with."""

    metrics: Metrics
    traces: Traces
    watch: Watch
    """For `open_services`: all of them."""

    @contextmanager
    def job(self, task: str, profile_id: str | None) -> Iterator[None]:
        """Around the work on one slot: its lines and spans say whose they are."""
        with log_lines.job(task, profile_id), self.traces.job(task, profile_id):
            yield

    async def apply(self, apply: Apply, profile: Profile, plan_id: PlanId, *arguments: Any) -> Applied:
        """An `apply` as it is, seen and counted."""
        with self.traces.part("apply", plan_id=plan_id):
            applied = await apply(profile, plan_id, *arguments)
        self.metrics.settled(done=applied.done, refused=applied.refused, unknown=applied.unknown, stale=applied.stale)
        return applied

    async def reconcile(self, reconcile: Reconcile, profile: Profile, reader: AccountReader) -> Settled:
        """A `reconcile` as it is, seen and counted."""
        with self.traces.part("reconcile"):
            settled = await reconcile(profile, reader)
        self.metrics.settled(done=settled.arrived)
        return settled

    def report_loaded(self, profile_id: ProfileId, kind: ReportKind, loaded: Loaded, seconds: float) -> None:
        self.metrics.report_loaded(profile_id, kind, loaded, seconds)
        log.info("report.loaded", profile_id=profile_id, kind=kind.value, rows=loaded.rows, seconds=round(seconds, 1))
        if loaded.unreadable:
            log.warning("report.rows_unreadable", profile_id=profile_id, kind=kind.value, rows=loaded.unreadable)

    def report_failed(self, profile_id: ProfileId, kind: ReportKind, failure: str) -> None:
        self.metrics.report_failed(profile_id, kind, failure)
        log.warning("report.failed", profile_id=profile_id, kind=kind.value, reason=failure)


@asynccontextmanager
async def open_instruments(
    settings: Settings, replica_id: str, process: Callable[[], ProcessVitals]
) -> AsyncIterator[Instruments]:
    """Opened before the services and closed after them. `process` is asked at every scrape."""
    log_lines.bind_replica(replica_id)
    installed = own_version()
    metrics = Metrics(installed, process)
    async with open_traces(
        settings.traces_url,
        version=installed,
        replica_id=replica_id,
        on_trouble=lambda what: log.warning("traces.off", reason=what),
    ) as traces:
        yield Instruments(metrics, traces, Watches((metrics, log_lines.LogLines(), traces)))


def own_version() -> str:
    try:
        return version("harvester")
    except PackageNotFoundError:
        return "unknown"
