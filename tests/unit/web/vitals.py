"""A fleet that is well."""

from harvester.domain.vitals import Vitals

WELL = Vitals(
    seen_seconds=15.0,
    profiles=12,
    paused_profiles=1,
    all_paused=False,
    accounts_closed=1,
    accounts_failing=2,
    due=3,
    coming=2,
    set_aside=1,
    running=4,
    failing=2,
    lag_seconds=20.0,
    stuck_seconds=10.0,
    jobs_queued=3,
    jobs_picked=4,
    job_seconds=9.0,
    serving=2,
    working=3,
    draining=1,
    busy=4,
    rules_broken=0,
    clock_seconds=1.0,
    unknown_seconds=120.0,
    harvested_seconds=3600.0,
    actions={"planned": 7, "unknown": 1},
)
