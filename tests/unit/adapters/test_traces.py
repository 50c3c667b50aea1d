"""What a trace of a job shows, and that there is none unless somebody wants one."""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from harvester.adapters.otel import OtelTraces
from harvester.adapters.traces import NoTraces, Traces, open_traces
from harvester.domain.errors import LeaseLost
from harvester.domain.ids import PlanId, ProfileId, RunId
from harvester.domain.run import ApiCall, Cursor, Run, RunState

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
RUN = Run(RunId("r7"), ProfileId("1001"), "main", 1, NOW, Cursor(), 0, 0, resumed=False)
CALL = ApiCall(
    at=NOW, method="POST", path="/sp/keywords/list", status=503, duration_ms=120.0, attempt=2, request_id="R1",
    request_body="a body", response_body="an answer", error="503: busy", account="main",
    profile_id=ProfileId("1001"), run_id=RunId("r7"),
)  # fmt: skip
WRITE = ApiCall(
    at=NOW, method="POST", path="/sp/negativeKeywords", status=207, duration_ms=80.0, attempt=1, request_id="R2",
    request_body="a body", response_body="an answer", error=None, account="main", profile_id=ProfileId("1001"),
    plan_id=PlanId("p9"),
)  # fmt: skip


@pytest.fixture
def seen() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def traces(seen: InMemorySpanExporter) -> OtelTraces:
    return OtelTraces(SimpleSpanProcessor(seen), "0.1.0", "host-1")


def by_name(seen: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in seen.get_finished_spans()}


def parents(seen: InMemorySpanExporter) -> dict[str, str | None]:
    names = {span.context.span_id: span.name for span in seen.get_finished_spans() if span.context}
    return {span.name: names[span.parent.span_id] if span.parent else None for span in seen.get_finished_spans()}


def whole_job(traces: Traces) -> None:
    with traces.job("plan", "1001"):
        traces.began(RUN, "schedule")
        traces.called(CALL, "c12")
        traces.recorded(RUN, [], 0.25)
        traces.planned(RUN, PlanId("p9"), 0.1)
        traces.ended(RUN, RunState.COMPLETE)
        with traces.part("apply", plan_id="p9"):
            traces.called(WRITE, None)


async def test_a_trace_shows_what_is_part_of_what(traces: OtelTraces, seen: InMemorySpanExporter) -> None:
    """The job around the run, the run around its pages, its plan and its calls, the apply around what it sends."""
    whole_job(traces)

    assert parents(seen) == {
        "POST /sp/keywords/list": "run",
        "page": "run",
        "plan": "run",
        "run": "job plan",
        "POST /sp/negativeKeywords": "apply",
        "apply": "job plan",
        "job plan": None,
    }


async def test_each_span_says_whose_it_is(traces: OtelTraces, seen: InMemorySpanExporter) -> None:
    """Run, profile, plan and call by their ids; times as they were; no bodies."""
    whole_job(traces)
    spans = by_name(seen)

    assert dict(spans["POST /sp/keywords/list"].attributes or {}) == {
        "http.request.method": "POST", "url.path": "/sp/keywords/list", "http.request.resend_count": 1,
        "http.response.status_code": 503, "harvester.call_id": "c12", "harvester.request_id": "R1",
        "harvester.account": "main", "harvester.profile_id": "1001", "harvester.run_id": "r7",
    }  # fmt: skip
    call, page = spans["POST /sp/keywords/list"], spans["page"]
    assert call.start_time == int(NOW.timestamp()) * 10**9
    assert call.end_time == call.start_time + 120 * 10**6
    assert page.end_time is not None
    assert page.start_time is not None
    assert page.end_time - page.start_time == 250 * 10**6
    assert not call.status.is_ok
    assert spans["POST /sp/negativeKeywords"].status.is_unset or spans["POST /sp/negativeKeywords"].status.is_ok
    for name in ("run", "page", "plan"):
        attributes = spans[name].attributes or {}
        assert (attributes["harvester.run_id"], attributes["harvester.profile_id"]) == ("r7", "1001")
    assert (spans["run"].attributes or {})["harvester.state"] == "complete"
    assert (spans["plan"].attributes or {})["harvester.plan_id"] == "p9"
    assert spans["run"].resource.attributes["service.instance.id"] == "host-1"


async def test_a_job_that_fails_shows_it(traces: OtelTraces, seen: InMemorySpanExporter) -> None:
    """With the sentence; a run that was left open is ended with it, as interrupted."""

    def overtaken() -> None:
        with traces.job("plan", "1001"):
            traces.began(RUN, "schedule")
            raise LeaseLost("another process took over")

    with pytest.raises(LeaseLost):
        overtaken()

    spans = by_name(seen)
    assert spans["job plan"].status.description == "another process took over"
    assert (spans["run"].attributes or {})["harvester.state"] == "interrupted"


async def test_jobs_side_by_side_do_not_mix(traces: OtelTraces, seen: InMemorySpanExporter) -> None:
    """Each job's calls are its own, also of tasks that it starts."""

    async def one(number: int) -> None:
        with traces.job(f"task{number}", str(number)):
            await asyncio.sleep(0)
            await asyncio.create_task(a_call(number))

    async def a_call(number: int) -> None:
        await asyncio.sleep(0)
        traces.called(ApiCall(
            at=NOW + timedelta(seconds=number), method="GET", path=f"/v{number}", status=None, duration_ms=1.0,
            attempt=1, request_id=None, request_body=None, response_body=None, error=None, account="main",
        ), None)  # fmt: skip

    await asyncio.gather(*(one(number) for number in range(5)))

    assert {name: parent for name, parent in parents(seen).items() if name.startswith("GET")} == {
        f"GET /v{number}": f"job task{number}" for number in range(5)
    }


class Collector:
    """Receives OTLP over HTTP."""

    def __init__(self) -> None:
        self.names: list[str] = []

    @asynccontextmanager
    async def up(self) -> AsyncIterator[str]:
        app = web.Application()
        app.router.add_post("/v1/traces", self._take)
        async with TestServer(app, host="127.0.0.1") as server:
            yield str(server.make_url("/v1/traces"))

    async def _take(self, request: web.Request) -> web.Response:
        batch = ExportTraceServiceRequest.FromString(await request.read())
        self.names += [
            span.name for resource in batch.resource_spans for scope in resource.scope_spans for span in scope.spans
        ]
        return web.Response(body=b"", content_type="application/x-protobuf")


async def test_spans_reach_a_collector(capsys: pytest.CaptureFixture[str]) -> None:
    """All of them, when the service ends at the latest."""
    collector = Collector()
    async with (
        collector.up() as url,
        open_traces(url, version="0.1.0", replica_id="host-1", on_trouble=print) as traces,
    ):
        whole_job(traces)

    assert sorted(collector.names) == sorted(
        ["run", "page", "plan", "apply", "job plan", "POST /sp/keywords/list", "POST /sp/negativeKeywords"]
    )
    assert capsys.readouterr().out == ""


async def test_without_an_address_nothing_is_imported() -> None:
    """The extra costs nobody anything who does not use it."""
    program = (
        "import sys, asyncio\n"
        "from harvester.adapters.traces import NoTraces, open_traces\n"
        "async def work():\n"
        "    async with open_traces(None, version='', replica_id='', on_trouble=print) as traces:\n"
        "        assert isinstance(traces, NoTraces)\n"
        "asyncio.run(work())\n"
        "print([name for name in sys.modules if name.startswith('opentelemetry')])\n"
    )
    ended = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ended.stdout.strip() == "[]"


async def test_without_the_extra_it_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing and how to get it; the service goes on."""

    def missing(name: str) -> None:
        raise ImportError(name)

    told: list[str] = []
    monkeypatch.setattr("harvester.adapters.traces.importlib.import_module", missing)
    async with open_traces("http://127.0.0.1:9/v1/traces", version="", replica_id="", on_trouble=told.append) as traces:
        assert isinstance(traces, NoTraces)
        whole_job(traces)

    assert told == ["an address for traces is set, but OpenTelemetry is not installed: pip install harvester[otel]"]
