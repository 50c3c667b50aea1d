"""Is it alive, is it ready: what probes ask, and what stands behind the answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from harvester.domain.vitals import Vitals

STUCK_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Check:
    """One reason to be ready, or not to be."""

    well: bool
    detail: str


def readiness(vitals: Vitals | None, *, draining: bool) -> Mapping[str, Check]:
    """By name; ready is who passes all of them. What only Postgres could tell is left out when it does not answer."""
    checks = {
        "serving": Check(not draining, "it drains and takes no new work" if draining else "it takes work"),
        "database": Check(vitals is not None, "it answers" if vitals else "Postgres does not answer"),
    }
    if vitals is not None:
        checks |= {"clock": _clock(vitals), "queue": _queue(vitals)}
    return checks


def _clock(vitals: Vitals) -> Check:
    if vitals.clock_seconds is None:
        return Check(well=False, detail="no replica holds the clock: is `harvester serve` running?")
    detail = f"a replica with the clock was seen {vitals.clock_seconds:.0f} s ago"
    return Check(vitals.clock_seconds <= vitals.seen_seconds, detail)


def _queue(vitals: Vitals) -> Check:
    """A queue that grows because everybody is busy moves."""
    if vitals.stuck_seconds is None:
        return Check(well=True, detail="nothing waits")
    due = "one slot is due, and" if vitals.due == 1 else f"{vitals.due} slots are due, one of them"
    waited = f"{due} could have been taken {vitals.stuck_seconds:.0f} s ago"
    if vitals.busy:
        return Check(well=True, detail=f"{waited}; under way: {vitals.busy}")
    return Check(vitals.stuck_seconds < STUCK_SECONDS, f"{waited}, and no replica is at work")


def readiness_json(checks: Mapping[str, Check]) -> dict[str, object]:
    return {
        "ready": all(check.well for check in checks.values()),
        "checks": {name: {"ok": check.well, "detail": check.detail} for name, check in checks.items()},
    }


def liveness_json(dead: Sequence[str]) -> dict[str, object]:
    """`dead`: names of background tasks that have ended and should not have."""
    return {"alive": not dead, "dead": list(dead)}
