"""What is true at the moment of a scrape: of this replica, and of the fleet as Postgres knows it."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from harvester.domain.vitals import ProcessVitals, Vitals

_NEVER = float("inf")


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"harvester_{name}", help_text, value=value)


def _gauges(name: str, help_text: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(f"harvester_{name}", help_text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


@dataclass(eq=False)
class Gauges(Collector):
    process: Callable[[], ProcessVitals]
    _vitals: Vitals | None = field(default=None, init=False)

    @contextmanager
    def showing(self, vitals: Vitals | None) -> Iterator[None]:
        self._vitals = vitals
        try:
            yield
        finally:
            self._vitals = None

    def describe(self) -> Iterator[Metric]:
        """Nobody else makes metrics of these names."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        yield from _of_process(self.process())
        yield _gauge("database_up", "Whether Postgres answered; without it nothing is known of the fleet.",
                     float(self._vitals is not None))  # fmt: skip
        if self._vitals is not None:
            yield from _of_slots(self._vitals)
            yield from _of_fleet(self._vitals)


def _of_process(process: ProcessVitals) -> Iterator[Metric]:
    yield _gauge("clock_holder", "1 in the replica that holds the clock.", process.holds_clock)
    yield _gauge("draining", "1 while this replica takes no new work.", process.draining)
    yield _gauge("slots_running_here", "Slots under way in this replica.", process.running)
    yield _gauge("rules_broken", "1 while the rules file cannot be used and older rules hold.", process.rules_broken)
    yield _gauge("call_log_waiting", "Calls that are not in the ledger yet.", process.calls_waiting)
    yield CounterMetricFamily(
        "harvester_call_log_lost", "Calls that never reached the ledger.", value=process.calls_lost
    )
    yield _gauges(
        "throttle_rate", "Requests a second that this replica sends to a host at most now.", "host", process.rates
    )
    yield _gauges("throttle_limited", "Budgets that are limited now, by their width.", "level", process.throttled)


def _of_slots(vitals: Vitals) -> Iterator[Metric]:
    slots = {
        "due": vitals.due, "coming": vitals.coming, "set_aside": vitals.set_aside, "running": vitals.running
    }  # fmt: skip
    yield _gauges("slots", "Slots that are not over, by what they wait for.", "state", slots)
    yield _gauge("tasks_failing", "Profiles' tasks and chores whose last slot failed or was given up.", vitals.failing)
    yield _gauge("lag_seconds", "How long the oldest slot that nobody had yet has been due.", vitals.lag_seconds or 0)
    yield _gauge("stuck_seconds", "How long the slot that has waited longest could have been taken.",
                 vitals.stuck_seconds or 0)  # fmt: skip
    jobs = {"queued": vitals.jobs_queued, "picked": vitals.jobs_picked}
    yield _gauges("queue_jobs", "Jobs of the queue that could be picked now, or are.", "status", jobs)
    yield _gauge("queue_oldest_seconds", "How long the oldest of them could have been picked.", vitals.job_seconds or 0)
    if vitals.harvested_seconds is not None:
        yield _gauge("last_harvest_seconds", "How long ago a run of the schedule ended well.", vitals.harvested_seconds)


def _of_fleet(vitals: Vitals) -> Iterator[Metric]:
    yield _gauge("profiles", "Profiles ever seen.", vitals.profiles)
    yield _gauge("profiles_paused", "Profiles whose kill switch is pulled.", vitals.paused_profiles)
    yield _gauge("accounts_closed", "Logins that Amazon refuses for good.", vitals.accounts_closed)
    yield _gauge("accounts_failing", "Logins that could not be asked for their profiles.", vitals.accounts_failing)
    yield _gauge("all_paused", "1 while the kill switch for all is pulled.", vitals.all_paused)
    yield _gauges("replicas", "Replicas that showed a sign of life in the last 15 s.", "kind",
                  {"serve": vitals.serving, "worker": vitals.working})  # fmt: skip
    yield _gauge("replicas_draining", "Those of them that take no new work.", vitals.draining)
    yield _gauge("replicas_rules_broken", "Those of them whose rules file is broken.", vitals.rules_broken)
    clock_seconds = _NEVER if vitals.clock_seconds is None else vitals.clock_seconds
    yield _gauge("clock_seen_seconds", "How long ago a holder of the clock was seen.", clock_seconds)
    yield _gauges("actions", "Actions that are not settled yet, by state.", "state", vitals.actions)
    yield _gauge("unknown_oldest_seconds", "How long the oldest unknown action has been so.",
                 vitals.unknown_seconds or 0)  # fmt: skip
