"""Traces by OpenTelemetry. Imported only where they are wanted: it takes its time, and is an optional extra."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, StatusCode, set_span_in_context

from harvester.adapters.watching import Rows
from harvester.domain.errors import HarvesterError
from harvester.domain.ids import PlanId, RunId
from harvester.domain.run import ApiCall, Run, RunState

_EXPORT_SECONDS = 3.0
_CLOSE_SECONDS = 5.0
_NANOSECONDS = 1_000_000_000


def to_collector(url: str, *, version: str, replica_id: str) -> "OtelTraces":
    """Spans are sent in batches by a thread of their own; a collector that is away costs spans, and nothing else."""
    return OtelTraces(BatchSpanProcessor(OTLPSpanExporter(url, timeout=_EXPORT_SECONDS)), version, replica_id)


class OtelTraces:
    def __init__(self, processor: SpanProcessor, version: str, replica_id: str) -> None:
        resource = Resource.create(
            {"service.name": "harvester", "service.version": version, "service.instance.id": replica_id}
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("harvester")
        self._around: ContextVar[Span | None] = ContextVar("the span around", default=None)
        self._runs: dict[RunId, tuple[str, Span]] = {}

    @contextmanager
    def job(self, task: str, profile_id: str | None) -> Iterator[None]:
        ids = {"profile_id": profile_id} if profile_id else {}
        try:
            with self.part(f"job {task}", task=task, **ids):
                yield
        finally:
            for run_id in [run_id for run_id, (whose, _) in self._runs.items() if whose == profile_id]:
                self._end_run(run_id, "interrupted", well=False)

    @contextmanager
    def part(self, name: str, **ids: str) -> Iterator[None]:
        span = self._tracer.start_span(name, self._inside(self._around.get()), attributes=_named(ids))
        before = self._around.set(span)
        try:
            yield
        except BaseException as error:
            span.set_status(StatusCode.ERROR, str(error) if isinstance(error, HarvesterError) else type(error).__name__)
            raise
        finally:
            self._around.reset(before)
            span.end()

    def called(self, call: ApiCall, call_id: str | None) -> None:
        started = _nanoseconds(call.at)
        span = self._tracer.start_span(
            call.operation, self._inside(self._around_run(call.run_id)), SpanKind.CLIENT, start_time=started,
            attributes={
                "http.request.method": call.method,
                "url.path": call.path,
                "http.request.resend_count": call.attempt - 1,
                **({} if call.status is None else {"http.response.status_code": call.status}),
                **_named({
                    "call_id": call_id, "request_id": call.request_id, "account": call.account,
                    "profile_id": call.profile_id, "run_id": call.run_id, "plan_id": call.plan_id,
                }),
            },
        )  # fmt: skip
        if call.error is not None:
            span.set_status(StatusCode.ERROR, call.error)
        span.end(started + int(call.duration_ms * 1_000_000))

    def waited(self, operation: str, seconds: float) -> None:
        """A gap between two calls says it."""

    def began(self, run: Run, trigger: str) -> None:
        ids = {"run_id": run.run_id, "profile_id": run.profile_id, "account": run.account, "trigger": trigger}
        span = self._tracer.start_span("run", self._inside(self._around.get()), attributes=_named(ids))
        span.set_attribute("harvester.resumed", run.resumed)
        self._runs[run.run_id] = run.profile_id, span

    def recorded(self, run: Run, rows: Rows, seconds: float) -> None:
        self._past("page", run, seconds, rows=len(rows))

    def planned(self, run: Run, plan_id: PlanId, seconds: float) -> None:
        self._past("plan", run, seconds, plan_id=plan_id)

    def ended(self, run: Run, state: RunState) -> None:
        self._end_run(run.run_id, state.value, well=state is not RunState.FAILED)

    async def close(self) -> None:
        for run_id in list(self._runs):
            self._end_run(run_id, "interrupted", well=False)
        await asyncio.wait([asyncio.create_task(asyncio.to_thread(self._provider.shutdown))], timeout=_CLOSE_SECONDS)

    def _past(self, name: str, run: Run, seconds: float, **more: str | int) -> None:
        now = time.time_ns()
        ids = {"run_id": run.run_id, "profile_id": run.profile_id, **more}
        span = self._tracer.start_span(
            name, self._inside(self._around_run(run.run_id)), attributes=_named(ids),
            start_time=now - int(seconds * _NANOSECONDS),
        )  # fmt: skip
        span.end(now)

    def _end_run(self, run_id: RunId, state: str, *, well: bool) -> None:
        _, span = self._runs.pop(run_id, ("", None))
        if span is not None:
            span.set_attribute("harvester.state", state)
            if not well:
                span.set_status(StatusCode.ERROR, state)
            span.end()

    def _around_run(self, run_id: RunId | None) -> Span | None:
        if run_id is not None and run_id in self._runs:
            return self._runs[run_id][1]
        return self._around.get()

    def _inside(self, span: Span | None) -> Context:
        """Of this span, whatever OpenTelemetry thinks is current."""
        return Context() if span is None else set_span_in_context(span, Context())


def _named(ids: dict[str, str | None] | dict[str, str] | dict[str, str | int]) -> dict[str, str | int]:
    return {f"harvester.{name}": value for name, value in ids.items() if value is not None}


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * _NANOSECONDS)
