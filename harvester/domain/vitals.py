"""How the fleet is, in numbers: what a probe, a scrape and a glance look at."""

from collections.abc import Mapping
from dataclasses import dataclass, field

SEEN_SECONDS = 15.0
"""A replica that was seen this lately is there, unless its signs of life are meant to be rarer."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """As Postgres knows it at one moment. Ages are seconds; None: there is no such thing."""

    seen_seconds: float
    """A replica that was seen this lately is there."""
    profiles: int
    paused_profiles: int
    all_paused: bool
    accounts_closed: int
    """Logins that Amazon refuses for good."""
    accounts_failing: int
    """Logins that could not be asked for their profiles the last time, those included."""
    due: int
    """Slots that a worker could take now."""
    coming: int
    """Slots that nobody had yet and that are spread over the next minutes."""
    set_aside: int
    """Slots that were tried and wait for a reason."""
    running: int
    failing: int
    """Profiles and chores of which the last slot of some task failed or was given up."""
    lag_seconds: float | None
    """How long the oldest slot that nobody had yet has been due."""
    stuck_seconds: float | None
    """How long the slot that has waited longest could have been taken, and was not."""
    jobs_queued: int
    """Jobs of the queue that could be picked now."""
    jobs_picked: int
    job_seconds: float | None
    """How long the oldest of `jobs_queued` could have been picked."""
    serving: int
    """Replicas there that serve: they could hold the clock."""
    working: int
    """Replicas there that only work."""
    draining: int
    busy: int
    """Slots under way, as the replicas say."""
    rules_broken: int
    """Replicas there whose rules file is broken."""
    clock_seconds: float | None
    """How long ago a holder of the clock was seen."""
    unknown_seconds: float | None
    """How long the oldest unknown action has been so."""
    harvested_seconds: float | None
    """How long ago a run of the schedule ended well."""
    actions: Mapping[str, int]
    """Actions that are not settled yet, by state."""


@dataclass(frozen=True, slots=True)
class ProcessVitals:
    """As a replica knows itself at one moment."""

    holds_clock: bool = False
    draining: bool = False
    running: int = 0
    """Slots under way here."""
    rules_broken: bool = False
    """The rules file as it is now is not in force."""
    calls_waiting: int = 0
    """Calls that are not in the ledger yet."""
    calls_lost: int = 0
    """Calls that never reached the ledger, since the start."""
    rates: Mapping[str, float] = field(default_factory=dict)
    """Host -> requests a second that are sent there at most now; infinite: as many as there are."""
    throttled: Mapping[str, int] = field(default_factory=dict)
    """`login`, `profile`, `operation` -> how many budgets of that width have a limit now."""
