"""Which line belongs to what: the ids that every line of a job carries, and lines about its runs and calls."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars, get_contextvars

from harvester.domain.ids import PlanId
from harvester.domain.run import ApiCall, Run, RunState

log = structlog.get_logger()


def bind_replica(replica_id: str) -> None:
    """For every line of this process from now on, also of tasks that are started later."""
    bind_contextvars(replica_id=replica_id)


@contextmanager
def job(task: str, profile_id: str | None) -> Iterator[None]:
    """Every line from inside, also of tasks started inside, carries these, and `run_id` as soon as there is a run."""
    before = get_contextvars()
    bind_contextvars(task=task, **({"profile_id": profile_id} if profile_id else {}))
    try:
        yield
    finally:
        clear_contextvars()
        bind_contextvars(**before)


class LogLines:
    """A watch of calls and runs. What goes well with a call is in the ledger, and makes no line."""

    def called(self, call: ApiCall, call_id: str | None) -> None:
        if call.error is None:
            return
        said = {
            "operation": call.operation,
            "status": call.status,
            "attempt": call.attempt,
            "call_id": call_id,
            "request_id": call.request_id,
            "duration_ms": round(call.duration_ms),
            "account": call.account,
            "profile_id": call.profile_id,
            "run_id": call.run_id,
            "plan_id": call.plan_id,
            "error": call.error,
        }
        known = {name: value for name, value in said.items() if value is not None or name in {"status", "call_id"}}
        if call.status == HTTPStatus.TOO_MANY_REQUESTS:
            log.debug("call.throttled", **known)
        else:
            log.warning("call.failed", **known)

    def waited(self, operation: str, seconds: float) -> None:
        """Ordinary life; the metrics have it."""

    def began(self, run: Run, trigger: str) -> None:
        bind_contextvars(run_id=run.run_id)
        log.info("run.begun", profile_id=run.profile_id, account=run.account, trigger=trigger, resumed=run.resumed)

    def recorded(self, run: Run, rows: Sequence[object], seconds: float) -> None:
        log.debug(
            "page.recorded", profile_id=run.profile_id, run_id=run.run_id, rows=len(rows), seconds=round(seconds, 3)
        )

    def planned(self, run: Run, plan_id: PlanId, seconds: float) -> None:
        log.info("plan.stored", profile_id=run.profile_id, run_id=run.run_id, plan_id=plan_id)

    def ended(self, run: Run, state: RunState) -> None:
        log.info("run.ended", profile_id=run.profile_id, run_id=run.run_id, state=state.value)
