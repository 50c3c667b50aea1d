"""What is counted, under which labels, and what that costs."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from prometheus_client import REGISTRY
from prometheus_client.parser import text_string_to_metric_families

from harvester.adapters.metrics import Metrics
from harvester.adapters.watching import Watches
from harvester.domain.decision import Decision, Outcome
from harvester.domain.ids import PlanId, ProfileId, RunId
from harvester.domain.run import ApiCall, Cursor, Run, RunState, operation_of
from harvester.domain.vitals import ProcessVitals
from tests.integration.postgres.conftest import a_decision, a_row
from tests.unit.web.vitals import WELL

NOW = datetime(2026, 11, 21, 6, 30, tzinfo=UTC)
CALL = ApiCall(
    at=NOW, method="POST", path="/sp/keywords/list", status=200, duration_ms=120.0, attempt=1, request_id="R1",
    request_body=None, response_body=None, error=None, account="main", profile_id=ProfileId("1234567890"),
)  # fmt: skip
RUN = Run(RunId("r1"), ProfileId("1234567890"), "main", 1, NOW, Cursor(), 0, 0, resumed=False)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("0.1.0")


def samples(metrics: Metrics, vitals: Any = WELL) -> Iterator[tuple[str, dict[str, str], float]]:
    text = metrics.exposition(vitals, "")[0].decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name, sample.labels, sample.value


def value(metrics: Metrics, name: str, vitals: Any = WELL, **labels: str) -> float:
    (found,) = [number for each, its, number in samples(metrics, vitals) if each == name and its == labels]
    return found


def rows(*outcomes: Outcome) -> list[tuple[Any, str, Decision]]:
    return [(a_row(number), "key", a_decision(outcome)) for number, outcome in enumerate(outcomes)]


def test_no_counter_brings_a_second_series(metrics: Metrics) -> None:
    """When it was made is nobody's question, and doubles what Prometheus keeps."""
    metrics.called(CALL, None)
    metrics.settled(done=1)

    assert [name for name, _, _ in samples(metrics) if name.endswith("_created")] == []


def test_attempts_are_counted_by_operation_and_status(metrics: Metrics) -> None:
    """With their latency; an attempt without an answer has the status `none`."""
    for call in (CALL, CALL, msgspec.structs.replace(CALL, status=429), msgspec.structs.replace(CALL, status=None)):
        metrics.called(call, None)

    operation = "POST /sp/keywords/list"
    counted = {status: value(metrics, "harvester_api_calls_total", operation=operation, status=status)
               for status in ("200", "429", "none")}  # fmt: skip
    assert counted == {"200": 2, "429": 1, "none": 1}
    assert value(metrics, "harvester_api_call_seconds_count", operation=operation) == 4
    assert value(metrics, "harvester_api_call_seconds_sum", operation=operation) == pytest.approx(0.48)


def test_waits_for_a_turn_are_counted_and_summed(metrics: Metrics) -> None:
    """How many calls waited, and how long together."""
    metrics.waited("POST /sp/keywords/list", 1.5)
    metrics.waited("POST /sp/keywords/list", 2.0)

    assert value(metrics, "harvester_throttle_waits_total", operation="POST /sp/keywords/list") == 2
    assert value(metrics, "harvester_throttle_wait_seconds_total", operation="POST /sp/keywords/list") == 3.5


def test_a_run_is_counted_from_its_pages_to_its_end(metrics: Metrics) -> None:
    """Pages, recommendations, decisions by outcome, the plan, and the run by state and by what started it."""
    watches = Watches([metrics])
    watches.began(RUN, "schedule")
    watches.recorded(RUN, rows(Outcome.PROMOTE, Outcome.HOLD, Outcome.HOLD), 0.01)
    watches.recorded(RUN, rows(Outcome.SKIP), 0.01)
    watches.planned(RUN, PlanId("p1"), 0.1)
    watches.ended(RUN, RunState.PARTIAL)

    assert value(metrics, "harvester_pages_total") == 2
    assert value(metrics, "harvester_recommendations_total") == 4
    assert [value(metrics, "harvester_decisions_total", outcome=outcome) for outcome in ("promote", "hold", "skip")] == [
        1, 2, 1,
    ]  # fmt: skip
    assert value(metrics, "harvester_plans_total") == 1
    assert value(metrics, "harvester_runs_total", state="partial", trigger="schedule") == 1
    assert value(metrics, "harvester_page_write_seconds_count") == 2


def test_what_an_apply_came_to_is_counted(metrics: Metrics) -> None:
    """By the state that its items ended in."""
    metrics.settled(done=3, stale=1)
    metrics.settled(done=1, unknown=2)

    counted = {
        state: value(metrics, "harvester_actions_settled_total", state=state)
        for state in ("done", "refused", "unknown", "stale")
    }
    assert counted == {"done": 4, "refused": 0, "unknown": 2, "stale": 1}


def test_a_scrape_says_what_the_replica_is_at_that_moment() -> None:
    """The clock, the rules, the call log, the rates: asked for when they are shown."""
    state = ProcessVitals()
    metrics = Metrics("0.1.0", lambda: state)
    assert value(metrics, "harvester_clock_holder") == 0

    state = replace(
        state, holds_clock=True, rules_broken=True, calls_waiting=7, calls_lost=2, running=3,
        rates={"advertising-api.amazon.com": 12.5}, throttled={"login": 1, "profile": 2, "operation": 9},
    )  # fmt: skip
    shown = {name: value(metrics, name) for name in (
        "harvester_clock_holder", "harvester_rules_broken", "harvester_call_log_waiting",
        "harvester_call_log_lost_total", "harvester_slots_running_here",
    )}  # fmt: skip
    assert list(shown.values()) == [1, 1, 7, 2, 3]
    assert value(metrics, "harvester_throttle_rate", host="advertising-api.amazon.com") == 12.5
    assert value(metrics, "harvester_throttle_limited", level="operation") == 9


def test_a_scrape_says_how_the_fleet_is(metrics: Metrics) -> None:
    """As Postgres knows it: slots, queue, lag, replicas, actions; a clock that was never seen was seen never."""
    expected = {
        "harvester_lag_seconds": 20, "harvester_stuck_seconds": 10, "harvester_tasks_failing": 2,
        "harvester_profiles_paused": 1, "harvester_queue_oldest_seconds": 9, "harvester_clock_seen_seconds": 1,
        "harvester_last_harvest_seconds": 3600, "harvester_unknown_oldest_seconds": 120, "harvester_all_paused": 0,
        "harvester_accounts_closed": 1, "harvester_accounts_failing": 2,
    }  # fmt: skip
    assert {name: value(metrics, name) for name in expected} == expected
    assert value(metrics, "harvester_slots", state="set_aside") == 1
    assert value(metrics, "harvester_replicas", kind="worker") == 3
    assert value(metrics, "harvester_actions", state="planned") == 7
    assert value(metrics, "harvester_queue_jobs", status="queued") == 3
    assert value(metrics, "harvester_clock_seen_seconds", replace(WELL, clock_seconds=None)) == float("inf")


def test_labels_have_few_values(metrics: Metrics) -> None:
    """Never a profile, never an id: whatever comes in, the series do not grow without end."""
    for number in range(1000):
        metrics.called(msgspec.structs.replace(CALL, path=f"/v{number}", status=number), None)
        metrics.waited(f"GET /w{number}", 1.0)
    metrics.began(RUN, "schedule")
    metrics.recorded(RUN, rows(*Outcome), 0.01)
    metrics.ended(RUN, RunState.COMPLETE)

    labels = [its for _, its, _ in samples(metrics)]
    assert len({its["operation"] for its in labels if "operation" in its}) == 101
    assert "other" in {its.get("operation") for its in labels}
    assert not [its for its in labels if "1234567890" in its.values()]


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/sp/keywords/list", "POST /sp/keywords/list"),
        ("/auth/o2/token", "POST /auth/o2/token"),
        ("/v2/profiles?profileTypeFilter=seller", "POST /v2/profiles"),
        ("/reporting/reports/0c8f1a7e-8f5b-4d51-a2f0-0d4f3a1b2c3d", "POST /reporting/reports/{id}"),
        ("/catalog/2022-04-01/items/B07XJ8C8F5", "POST /catalog/2022-04-01/items/{id}"),
        ("/sp/campaigns/123456789012345/negatives", "POST /sp/campaigns/{id}/negatives"),
    ],
)
def test_an_operation_is_a_method_and_a_path_without_ids(path: str, operation: str) -> None:
    """Versions and dates belong to the path; what differs from call to call does not."""
    assert operation_of("POST", path) == operation


def test_there_is_nothing_global(metrics: Metrics) -> None:
    """Two of them in one process count apart, and the library's own registry holds nothing of ours."""
    metrics.called(CALL, None)
    Metrics("0.1.0")

    assert [family.name for family in REGISTRY.collect() if family.name.startswith("harvester")] == []
