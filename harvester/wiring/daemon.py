"""Composition of the service: what `serve` and `worker` stand on, beside what every command does."""

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Literal

import structlog

from harvester.adapters.calendar import CronCalendar
from harvester.adapters.common_clock import CommonClock
from harvester.adapters.postgres.catalog import PostgresCatalog
from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.fleet import PostgresFleet
from harvester.adapters.postgres.lease import PostgresLease
from harvester.adapters.postgres.replicas import PostgresFleetProfiles, PostgresReplicas
from harvester.adapters.postgres.slots import PostgresSlots
from harvester.adapters.queue import PostgresJobQueue
from harvester.adapters.throttle import by_host
from harvester.adapters.waiting import news_or
from harvester.config.rules_in_force import RulesInForce
from harvester.config.settings import Settings
from harvester.domain.fleet import Sign
from harvester.domain.ids import ProfileId
from harvester.domain.profile import Mode
from harvester.domain.slot import Result, Taken, Task
from harvester.domain.vitals import ProcessVitals, Vitals
from harvester.ports import Clock
from harvester.usecases.advance_reports import AdvanceReports
from harvester.usecases.discover import Discover
from harvester.usecases.dispatch import Dispatch
from harvester.usecases.expire import ExpireApprovals
from harvester.usecases.work_slot import Chore, WorkSlot
from harvester.wiring import Services, delivered, only, open_services, rules_path, under
from harvester.wiring.fetching import kinds_of, skips_of
from harvester.wiring.instruments import Instruments, own_version
from harvester.wiring.notifying import make_notifier
from harvester.wiring.outcomes import follow_outcomes, kinds_for_history

CLOCK_HEARTBEAT_SECONDS, CLOCK_GRACE_SECONDS = 2.0, 10.0
EXPIRE_EVERY, RETAIN_EVERY = timedelta(minutes=1), timedelta(hours=6)
LOOK_BACK_EVERY = timedelta(hours=1)
"""Readings are due by the day, and wait for reports."""
CATALOG_KEPT = timedelta(days=30)
"""Facts that nobody read again for so long are forgotten."""

log = structlog.get_logger()


@dataclass(frozen=True)
class DaemonServices:
    """Open until the `open_daemon` block ends."""

    settings: Settings
    services: Services
    instruments: Instruments
    replica_id: str
    started_at: datetime
    clock: CommonClock
    calendar: CronCalendar
    rules: RulesInForce
    slots: PostgresSlots
    replicas: PostgresReplicas
    profiles: PostgresFleetProfiles
    queue: PostgresJobQueue
    fleet_report: PostgresFleet
    """Through connections of its own: a busy pool is not a Postgres that is away."""
    clock_lease: PostgresLease
    dispatch: Dispatch
    chores: Mapping[Task, Chore]

    def sign(self, kind: Literal["serve", "worker"], *, holds_clock: bool, draining: bool, running: int) -> Sign:
        return Sign(
            replica_id=self.replica_id,
            kind=kind,
            host=socket.gethostname(),
            pid=os.getpid(),
            version=own_version(),
            started_at=self.started_at,
            holds_clock=holds_clock,
            draining=draining,
            running=running,
            ruleset_fingerprint=self.rules.current.fingerprint,
            rules_error=self.rules.error,
            mode=self.settings.mode,
            schedule=self.settings.schedule if kind == "serve" else None,
        )

    async def news_or(self, event: asyncio.Event, seconds: float) -> None:
        """Returns when the event is set, at the latest after so long; clears it."""
        await news_or(event, seconds)

    async def vitals(self) -> Vitals:
        """Of the fleet, as Postgres knows it. Raises Unavailable."""
        return await self.fleet_report.vitals(self.clock.now())

    async def next_due(self) -> datetime | None:
        """When the schedule brings the next profile; None: no profile is known yet. Raises Unavailable."""
        now, known = self.clock.now(), await self.services.profiles.known()
        return min((self.calendar.next_due(each, now) for each in {each.timezone for each in known}), default=None)

    def process_vitals(self, *, holds_clock: bool, draining: bool, running: int) -> ProcessVitals:
        calls, readings = self.services.calls, self.services.throttle.snapshot()
        return ProcessVitals(
            holds_clock=holds_clock,
            draining=draining,
            running=running,
            rules_broken=self.rules.error is not None,
            calls_waiting=calls.waiting,
            calls_lost=calls.lost_ever,
            rates=by_host(readings),
            throttled={"login": sum(each.ceiling is not None for each in readings)},
        )

    async def work(self, taken: Taken) -> Result:
        """Under the rules that are in force now."""
        services = under(self.services, self.rules.current, self.mode_of)
        logins = {login.account: login for login in services.logins}
        work = WorkSlot(
            logins=logins,
            only=only(self.settings),
            profiles=self.profiles,
            slots=self.slots,
            modes=services.modes,
            actions=services.actions,
            plan_profile=services.plan_profile,
            apply=partial(self.instruments.apply, services.apply),
            reconcile=partial(self.instruments.reconcile, services.reconcile),
            settle_after=timedelta(seconds=self.settings.reconcile_after),
            clock=self.clock,
            mode_of=self.mode_of,
            writer=lambda profile: services.writer(logins[profile.account], profile),
            chores=self.chores,
            surprised=_surprised,
            reports=AdvanceReports(
                replace(services.fetch_reports, watch=self.instruments),
                partial(kinds_of, services.rules),
                partial(kinds_for_history, services, self.clock),
                partial(skips_of, services.rules),
            ),
        )
        return await work(taken)

    def mode_of(self, profile_id: ProfileId) -> Mode:
        return mode_in_force(self.settings, self.rules, profile_id)


def new_replica_id() -> str:
    """Its own for every process that ever serves."""
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"


@asynccontextmanager
async def open_daemon(
    settings: Settings, instruments: Instruments, replica_id: str, changed: Callable[[RulesInForce], None]
) -> AsyncIterator[DaemonServices]:
    """Raises Misconfigured or Unavailable before anything else happens."""
    rules = RulesInForce.load(lambda: rules_path(settings), changed, delivered(settings))
    await make_notifier(settings).check()
    async with AsyncExitStack() as stack:
        clock = CommonClock()
        services = await stack.enter_async_context(open_services(settings, instruments.watch, clock))
        dsn = services.database.dsn
        clock_lease = PostgresLease.open(
            dsn, heartbeat_seconds=CLOCK_HEARTBEAT_SECONDS, grace_seconds=CLOCK_GRACE_SECONDS
        )
        replicas, chores = PostgresReplicas(services.database), _chores(services, rules, clock)
        await set_clock(clock, replicas.time)
        probing = await stack.enter_async_context(Database.open(dsn, most_connections=2))
        yield DaemonServices(
            settings=settings,
            services=services,
            instruments=instruments,
            replica_id=replica_id,
            started_at=clock.now(),
            clock=clock,
            calendar=CronCalendar(settings.schedule),
            rules=rules,
            slots=_slots(services),
            replicas=replicas,
            profiles=PostgresFleetProfiles(services.database),
            queue=PostgresJobQueue(dsn, settings.concurrency, settings.worker_silence, clock),
            fleet_report=PostgresFleet(probing, seen_seconds=services.fleet_report.seen_seconds),
            clock_lease=await stack.enter_async_context(clock_lease),
            dispatch=_dispatch(services, rules, clock, {task: every for task, (every, _) in chores.items()}),
            chores={task: chore for task, (_, chore) in chores.items()},
        )


async def set_clock(clock: CommonClock, ask: Callable[[], Awaitable[datetime]]) -> None:
    """By what Postgres answers. Raises what `ask` does."""
    asked_at = clock.own()
    theirs = await ask()
    clock.compare(asked_at, theirs, clock.own())


def _slots(services: Services) -> PostgresSlots:
    return PostgresSlots(services.database, timedelta(seconds=services.settings.worker_silence))


def _chores(services: Services, rules: RulesInForce, clock: Clock) -> Mapping[Task, tuple[timedelta, Chore]]:
    """What is done for the whole fleet, and how often."""
    database = services.database
    discover = Discover(services.logins, services.profiles, PostgresFleetProfiles(database), clock)

    looking_back = follow_outcomes(
        lambda: under(services, rules.current, lambda profile_id: mode_in_force(services.settings, rules, profile_id)),
        PostgresFleetProfiles(database),
        only(services.settings),
        clock,
    )

    async def discovered() -> str:
        return "; ".join(await discover())

    async def notified() -> str:
        done = await services.notify()
        return f"no address took the message about {done.notices}" if done.failed else ""

    async def retained() -> str:
        kept = max(CATALOG_KEPT, timedelta(seconds=services.settings.catalog_max_age))
        await PostgresCatalog(database).forget(clock.now() - kept)
        return "; ".join((await services.retain()).put_off)

    return {
        Task.RETAIN: (RETAIN_EVERY, retained),
        Task.NOTIFY: (timedelta(seconds=services.settings.notify_every), notified),
        Task.DISCOVER: (timedelta(seconds=services.settings.discover_every), discovered),
        Task.OUTCOMES: (LOOK_BACK_EVERY, looking_back),
        Task.EXPIRE: (EXPIRE_EVERY, ExpireApprovals(_slots(services), services.actions, clock)),
    }


def _dispatch(services: Services, rules: RulesInForce, clock: Clock, every: Mapping[Task, timedelta]) -> Dispatch:
    settings, database = services.settings, services.database
    return Dispatch(
        slots=_slots(services),
        profiles=PostgresFleetProfiles(database),
        calendar=CronCalendar(settings.schedule),
        clock=clock,
        only=only(settings),
        jitter=timedelta(seconds=settings.schedule_jitter),
        chores=every,
        settle_after=timedelta(seconds=settings.reconcile_after),
        mode_of=lambda profile_id: mode_in_force(settings, rules, profile_id),
        ruleset=lambda: rules.current.fingerprint,
        wants_reports=lambda profile: bool(kinds_of(rules.current, profile)),
        needs_reports=services.outcomes.kinds_needed,
    )


def mode_in_force(settings: Settings, rules: RulesInForce, profile_id: ProfileId) -> Mode:
    """What the settings and the rules in force allow now."""
    return rules.current.for_profile(profile_id).strictest_mode(settings.mode)


def _surprised(taken: Taken, error: Exception) -> None:
    log.error("slot.surprised", slot=taken.slot.key, exc_info=error)
