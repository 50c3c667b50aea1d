"""Traces of jobs, runs, pages, plans, applies and calls: off unless an address is set and the extra is installed."""

import importlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Protocol

from harvester.adapters.watching import Rows, Watch
from harvester.domain.ids import PlanId
from harvester.domain.run import ApiCall, Run, RunState


class Traces(Watch, Protocol):
    """A watch of calls and runs that also knows what they are part of."""

    def job(self, task: str, profile_id: str | None) -> AbstractContextManager[None]:
        """What happens inside, also in tasks started inside, is part of this job."""
        ...

    def part(self, name: str, **ids: str) -> AbstractContextManager[None]:
        """A part of the job that makes calls of its own, such as `apply` of a `plan_id`."""
        ...


class NoTraces:
    def job(self, task: str, profile_id: str | None) -> AbstractContextManager[None]:
        return nullcontext()

    def part(self, name: str, **ids: str) -> AbstractContextManager[None]:
        return nullcontext()

    def called(self, call: ApiCall, call_id: str | None) -> None: ...

    def waited(self, operation: str, seconds: float) -> None: ...

    def began(self, run: Run, trigger: str) -> None: ...

    def recorded(self, run: Run, rows: Rows, seconds: float) -> None: ...

    def planned(self, run: Run, plan_id: PlanId, seconds: float) -> None: ...

    def ended(self, run: Run, state: RunState) -> None: ...


@asynccontextmanager
async def open_traces(
    url: str | None, *, version: str, replica_id: str, on_trouble: Callable[[str], None]
) -> AsyncIterator[Traces]:
    """What is left is sent when the block ends, for a few seconds at most."""
    if url is None:
        yield NoTraces()
        return
    try:
        otel = importlib.import_module("harvester.adapters.otel")
    except ImportError:
        on_trouble("an address for traces is set, but OpenTelemetry is not installed: pip install harvester[otel]")
        yield NoTraces()
        return
    traces = otel.to_collector(url, version=version, replica_id=replica_id)
    try:
        yield traces
    finally:
        await traces.close()
