"""What a replica counts, in a registry of its own, and how Prometheus reads it."""

from collections import Counter as Tally
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from harvester.adapters.gauges import Gauges
from harvester.adapters.watching import Rows
from harvester.domain.history import ReportKind
from harvester.domain.ids import PlanId, ProfileId
from harvester.domain.report import Loaded
from harvester.domain.run import ApiCall, Run, RunState
from harvester.domain.vitals import ProcessVitals, Vitals

_CALL_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WRITE_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5, 30)
_LOAD_SECONDS = (0.5, 1, 2.5, 5, 10, 30, 60, 300, 900)
_MOST_OPERATIONS = 100
"""Whatever an address is made of, a label has no more values than this."""
_STATUSES = range(100, 600)


class Metrics:
    """A watch of calls and runs. `process` says at each scrape what else this replica knows of itself."""

    def __init__(self, version: str, process: Callable[[], ProcessVitals] = ProcessVitals) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a series beside each counter that nobody asks for
        self.registry = CollectorRegistry(auto_describe=False)
        self._gauges = Gauges(process)
        self._operations: set[str] = set()
        self._triggers: dict[ProfileId, str] = {}
        self._count_runs()
        self._count_calls()
        self._count_reports()
        build = Gauge(
            "harvester_build_info", "Always 1; the version stands beside it.", ["version"], registry=self.registry
        )
        build.labels(version).set(1)
        self.registry.register(self._gauges)

    def _count_runs(self) -> None:
        registry = self.registry
        self._runs = Counter(
            "harvester_runs", "Runs that ended here, by how and by what started them.", ["state", "trigger"],
            registry=registry,
        )  # fmt: skip
        self._pages = Counter("harvester_pages", "Pages recorded here.", registry=registry)
        self._recommendations = Counter(
            "harvester_recommendations", "Recommendations judged and recorded here.", registry=registry
        )
        self._decisions = Counter("harvester_decisions", "Decisions made here.", ["outcome"], registry=registry)
        self._plans = Counter("harvester_plans", "Plans stored here.", registry=registry)
        self._settled = Counter(
            "harvester_actions_settled", "Items whose call came to an end here.", ["state"], registry=registry
        )
        self._writes = Histogram(
            "harvester_page_write_seconds", "How long it took to record a page.", buckets=_WRITE_SECONDS,
            registry=registry,
        )  # fmt: skip

    def _count_calls(self) -> None:
        registry = self.registry
        self._calls = Counter(
            "harvester_api_calls", "Attempts of calls; status `none`: no answer.", ["operation", "status"],
            registry=registry,
        )  # fmt: skip
        self._seconds = Histogram(
            "harvester_api_call_seconds", "How long an attempt took.", ["operation"], buckets=_CALL_SECONDS,
            registry=registry,
        )  # fmt: skip
        self._waits = Counter(
            "harvester_throttle_waits", "Calls that had to wait for their turn.", ["operation"], registry=registry
        )
        self._waited = Counter(
            "harvester_throttle_wait_seconds", "How long they waited, together.", ["operation"], registry=registry
        )

    def _count_reports(self) -> None:
        registry = self.registry
        self._reports = Counter(
            "harvester_reports", "Reports of Amazon that came to an end here.", ["kind", "state"], registry=registry
        )
        self._report_rows = Counter("harvester_report_rows", "Rows of reports read here.", ["kind"], registry=registry)
        self._report_unreadable = Counter(
            "harvester_report_rows_unreadable", "Rows that were no rows.", ["kind"], registry=registry
        )
        self._report_seconds = Histogram(
            "harvester_report_load_seconds", "From the download of a report to its last row in Postgres.",
            buckets=_LOAD_SECONDS, registry=registry,
        )  # fmt: skip

    def report_loaded(self, profile_id: ProfileId, kind: ReportKind, loaded: Loaded, seconds: float) -> None:
        self._reports.labels(kind.value, "loaded").inc()
        self._report_rows.labels(kind.value).inc(loaded.rows)
        self._report_unreadable.labels(kind.value).inc(loaded.unreadable)
        self._report_seconds.observe(seconds)

    def report_failed(self, profile_id: ProfileId, kind: ReportKind, failure: str) -> None:
        self._reports.labels(kind.value, "failed").inc()

    def called(self, call: ApiCall, call_id: str | None) -> None:
        operation = self._bounded(call.operation)
        status = "none" if call.status is None else str(call.status) if call.status in _STATUSES else "other"
        self._calls.labels(operation, status).inc()
        self._seconds.labels(operation).observe(call.duration_ms / 1000)

    def waited(self, operation: str, seconds: float) -> None:
        operation = self._bounded(operation)
        self._waits.labels(operation).inc()
        self._waited.labels(operation).inc(seconds)

    def began(self, run: Run, trigger: str) -> None:
        self._triggers[run.profile_id] = trigger

    def recorded(self, run: Run, rows: Rows, seconds: float) -> None:
        self._pages.inc()
        self._recommendations.inc(len(rows))
        for outcome, count in Tally([decision.outcome for _, _, decision in rows]).items():
            self._decisions.labels(outcome.value).inc(count)
        self._writes.observe(seconds)

    def planned(self, run: Run, plan_id: PlanId, seconds: float) -> None:
        self._plans.inc()

    def ended(self, run: Run, state: RunState) -> None:
        self._runs.labels(state.value, self._triggers.pop(run.profile_id, "unknown")).inc()

    def settled(self, *, done: int = 0, refused: int = 0, unknown: int = 0, stale: int = 0) -> None:
        """What one `apply` or `reconcile` came to."""
        for state, count in {"done": done, "refused": refused, "unknown": unknown, "stale": stale}.items():
            self._settled.labels(state).inc(count)

    def exposition(self, vitals: Vitals | None, accept: str) -> tuple[bytes, str]:
        """The text and its media type, as the `Accept` header asks for. None: Postgres did not answer."""
        encode, media_type = choose_encoder(accept)
        with self._gauges.showing(vitals):
            return encode(self.registry), media_type

    def _bounded(self, operation: str) -> str:
        if operation in self._operations:
            return operation
        if len(self._operations) >= _MOST_OPERATIONS:
            return "other"
        self._operations.add(operation)
        return operation
