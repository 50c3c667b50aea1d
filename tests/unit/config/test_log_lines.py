"""Every line of a job says whose it is."""

import asyncio
import json
import logging
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
import structlog

from harvester.adapters.watching import Watch, Watches
from harvester.config import logs
from harvester.config.log_lines import LogLines, bind_replica, job
from harvester.domain.ids import PlanId, ProfileId, RunId
from harvester.domain.run import ApiCall, Cursor, Run, RunState

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
RUN = Run(RunId("r7"), ProfileId("1001"), "main", 1, NOW, Cursor(), 0, 0, resumed=False)
CALL = ApiCall(
    at=NOW, method="POST", path="/sp/keywords/list", status=503, duration_ms=120.4, attempt=2, request_id="R1",
    request_body=None, response_body=None, error="503: busy", account="main", profile_id=ProfileId("1001"),
    run_id=RunId("r7"),
)  # fmt: skip


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    """Nothing stays bound beyond a test."""
    structlog.contextvars.clear_contextvars()
    yield
    structlog.contextvars.clear_contextvars()


Capture = pytest.CaptureFixture[str]


def logging_to(capsys: Capture) -> Callable[[], list[dict[str, Any]]]:
    """What was logged since the last time, line by line."""
    logs.configure("json", "debug")
    return lambda: [json.loads(line) for line in capsys.readouterr().err.splitlines()]


async def test_every_line_inside_a_job_carries_its_ids(capsys: Capture) -> None:
    """Ours and the libraries', of the job's own task and of tasks it starts; the run's id once there is a run."""
    lines = logging_to(capsys)
    watch: Watch = Watches([LogLines()])
    log = structlog.get_logger()

    async def helper() -> None:
        logging.getLogger("some.library").warning("whatever")
        watch.called(CALL, "c12")

    bind_replica("host-1")
    with job("plan", "1001"):
        log.info("slot.taken")
        first = lines()
        watch.began(RUN, "schedule")
        await asyncio.create_task(helper())
        watch.recorded(RUN, [], 0.5)
        watch.planned(RUN, PlanId("p9"), 0.1)
        watch.ended(RUN, RunState.COMPLETE)
        log.error("something.failed")
    second = lines()

    assert [line["event"] for line in second] == [
        "run.begun", "whatever", "call.failed", "page.recorded", "plan.stored", "run.ended", "something.failed",
    ]  # fmt: skip
    for line in [*first, *second]:
        assert (line["replica_id"], line["task"], line["profile_id"]) == ("host-1", "plan", "1001"), line
    assert "run_id" not in first[0]
    assert {line["run_id"] for line in second} == {"r7"}
    assert second[4]["plan_id"] == "p9"


async def test_a_call_that_failed_says_all_that_leads_to_it(capsys: Capture) -> None:
    """Operation, status, attempt, its id in the ledger and at Amazon; also where no job is around it."""
    lines = logging_to(capsys)
    LogLines().called(CALL, "c12")

    (line,) = lines()
    assert line.pop("timestamp")
    assert line == {
        "event": "call.failed", "level": "warning", "operation": "POST /sp/keywords/list", "status": 503, "attempt": 2,
        "call_id": "c12", "request_id": "R1", "duration_ms": 120, "account": "main", "profile_id": "1001",
        "run_id": "r7", "error": "503: busy",
    }  # fmt: skip


async def test_ordinary_life_makes_no_noise(capsys: Capture) -> None:
    """A call that went well makes no line, one that Amazon throttled none that anybody reads by default."""
    lines = logging_to(capsys)
    watch = LogLines()
    watch.called(msgspec.structs.replace(CALL, error=None, status=200), None)
    watch.called(msgspec.structs.replace(CALL, status=429), None)
    watch.waited("POST /sp/keywords/list", 3.0)

    assert [(line["level"], line["event"]) for line in lines()] == [("debug", "call.throttled")]


async def test_what_a_job_bound_ends_with_it(capsys: Capture) -> None:
    """The next job's lines are not the last one's, and a chore is nobody's."""
    lines = logging_to(capsys)
    bind_replica("host-1")
    with job("plan", "1001"):
        LogLines().began(RUN, "schedule")
    with job("discover", None):
        structlog.get_logger().info("profiles.found")
    structlog.get_logger().info("slot.taken")

    _, chore, after = lines()
    assert {name: chore.get(name) for name in ("replica_id", "task", "profile_id", "run_id")} == {
        "replica_id": "host-1", "task": "discover", "profile_id": None, "run_id": None,
    }  # fmt: skip
    assert set(after) == {"event", "level", "timestamp", "replica_id"}


async def test_jobs_side_by_side_do_not_mix(capsys: Capture) -> None:
    """Each task has its own."""
    lines = logging_to(capsys)

    async def one(profile_id: str) -> None:
        with job("plan", profile_id):
            await asyncio.sleep(0)
            structlog.get_logger().info(profile_id)

    await asyncio.gather(*(one(str(number)) for number in range(20)))

    assert [line["profile_id"] == line["event"] for line in lines()] == [True] * 20
