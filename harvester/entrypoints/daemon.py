"""The service: clock, workers, signs of life, the rules file, signals; everything else waits until it is told to."""

import asyncio
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

import structlog

from harvester.config.rules_in_force import RulesInForce
from harvester.config.settings import Settings
from harvester.domain.errors import HarvesterError
from harvester.domain.orders import Orders, changes
from harvester.domain.vitals import ProcessVitals
from harvester.entrypoints.clock import ClockKeeper
from harvester.entrypoints.lasting import lasting
from harvester.entrypoints.web.server import Probes, address, web_server
from harvester.entrypoints.workers import Workers
from harvester.wiring.daemon import DaemonServices, new_replica_id, open_daemon, set_clock
from harvester.wiring.instruments import open_instruments

_INTRODUCTION_SECONDS = 2.0
SIGNS_IN_A_SILENCE = 5
"""So many signs of life may be late before a replica is taken for dead."""

CLOCK_OFF = timedelta(seconds=5)
"""From there on a difference between two clocks is worth a line: Amazon's and a person's times are read beside ours."""

log = structlog.get_logger()


@dataclass
class Daemon:
    parts: DaemonServices
    kind: Literal["serve", "worker"]
    workers: Workers
    clock: ClockKeeper | None = None
    """None: a worker leaves the clock to others."""
    _stop: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _news: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    """There is something to say before the next sign of life is due."""
    _told_off: timedelta = field(default=timedelta(), init=False)
    """How far our clock was ahead of Postgres' when that was told last."""
    _tasks: "list[asyncio.Task[None]]" = field(default_factory=list, init=False)

    async def run(self) -> None:
        """Until it is told to stop and what was under way is recorded."""
        parts = {"signs of life": self._give_signs, "rules file": self.parts.rules.watch, "workers": self.workers.run}
        if self.clock is not None:
            parts["clock"] = self.clock.keep
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(lasting(name, work), name=name) for name, work in parts.items()}
            self._tasks = list(tasks.values())
            log.info("daemon.ready", **await self._introduction())
            await self._stop.wait()
            self.workers.stop()
            if "clock" in tasks:
                tasks["clock"].cancel()
            await tasks["workers"]
            for task in self._tasks:
                task.cancel()
        await self._leave()

    async def _introduction(self) -> Mapping[str, object]:
        """What an operator asks first. The schedule is the clock's business."""
        settings = self.parts.settings
        metrics = address(settings.metrics_host, settings.metrics_port) or "off"
        said = {"kind": self.kind, "mode": settings.mode.value, "metrics": metrics}
        if self.clock is None:
            return said
        due = None
        with suppress(HarvesterError, TimeoutError):
            async with asyncio.timeout(_INTRODUCTION_SECONDS):
                due = await self.parts.next_due()
        soon = {"next_due": due.isoformat()} if due else {}
        return {**said, "schedule": settings.schedule, **soon}

    @property
    def probes(self) -> Probes:
        return Probes(
            vitals=self.parts.vitals,
            dead=lambda: [] if self._stop.is_set() else [task.get_name() for task in self._tasks if task.done()],
            draining=self._stop.is_set,
            exposition=self.parts.instruments.metrics.exposition,
        )

    def vitals(self) -> ProcessVitals:
        holds_clock = self.clock is not None and self.clock.holds
        return self.parts.process_vitals(
            holds_clock=holds_clock, draining=self._stop.is_set(), running=self.workers.running
        )

    def clock_changed(self, holds: bool) -> None:
        log.info("clock.taken" if holds else "clock.given_back")
        self._news.set()

    def stop(self) -> None:
        """The first time in order; the second time at once, as if the power had gone: that loses nothing either."""
        if self._stop.is_set():
            log.warning("daemon.killed")
            os._exit(128 + signal.SIGTERM)
        log.info("daemon.draining", running=self.workers.running)
        self._stop.set()
        self._news.set()
        asyncio.get_running_loop().call_later(self.parts.settings.drain, _give_up_draining)

    async def _give_signs(self) -> None:
        orders: Orders = {}
        while True:
            try:
                await self._sign()
                before, orders = orders, await self.parts.services.modes.orders()
                _tell_of_orders(before, orders)
            except HarvesterError as error:
                log.warning("replica.silent", error=str(error))
            await self.parts.news_or(self._news, self.parts.settings.worker_silence / SIGNS_IN_A_SILENCE)

    async def _sign(self) -> None:
        sign = self.parts.sign(
            self.kind,
            holds_clock=self.clock is not None and self.clock.holds,
            draining=self._stop.is_set(),
            running=self.workers.running,
        )
        clock = self.parts.clock
        await set_clock(clock, lambda: self.parts.replicas.sign(sign))
        if abs(clock.off - self._told_off) > CLOCK_OFF:
            self._told_off = clock.off
            tell = log.warning if abs(clock.off) > CLOCK_OFF else log.info
            tell("clock.off", ahead_of_postgres_seconds=round(clock.off.total_seconds(), 1))

    async def _leave(self) -> None:
        try:
            await self.parts.replicas.leave(self.parts.replica_id)
        except HarvesterError as error:
            log.warning("replica.silent", error=str(error))
        log.info("daemon.stopped")


async def serve(settings: Settings, kind: Literal["serve", "worker"]) -> None:
    """Raises Misconfigured or Unavailable where it cannot start. Returns when it was told to stop and has stopped."""
    replica_id, born = new_replica_id(), list[Daemon]()
    async with (
        open_instruments(settings, replica_id, lambda: born[0].vitals() if born else ProcessVitals()) as instruments,
        open_daemon(settings, instruments, replica_id, _tell_of_rules) as parts,
    ):
        daemon = _daemon(parts, kind)
        born.append(daemon)
        async with web_server(settings.metrics_host, settings.metrics_port, daemon.probes):
            with _obeying_signals(daemon):
                await daemon.run()


def _daemon(parts: DaemonServices, kind: Literal["serve", "worker"]) -> Daemon:
    settings = parts.settings
    if settings.lease_grace <= settings.call_timeout:
        log.warning("lease.short", lease_grace=settings.lease_grace, call_timeout=settings.call_timeout)
    busy_pause = timedelta(seconds=settings.worker_silence / SIGNS_IN_A_SILENCE)
    workers = Workers(
        parts.slots, parts.queue, parts.clock, parts.replica_id, busy_pause, parts.work, parts.instruments.job
    )
    daemon = Daemon(parts, kind, workers)
    if kind == "serve":
        daemon.clock = ClockKeeper(parts.clock_lease, parts.dispatch, parts.calendar, daemon.clock_changed)
    return daemon


@contextmanager
def _obeying_signals(daemon: Daemon) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    for which in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(which, daemon.stop)
    loop.add_signal_handler(signal.SIGHUP, daemon.parts.rules.reload)
    try:
        yield
    finally:
        for which in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.remove_signal_handler(which)


def _give_up_draining() -> None:
    log.error("daemon.drain_timeout", hint="what was under way is gone on with by others, or at the next start")
    os._exit(1)


def _tell_of_rules(rules: RulesInForce) -> None:
    if rules.error:
        in_force, hint = rules.current.fingerprint[:12], "`harvester rules check` names every mistake"
        log.error("rules.refused", error=rules.error, in_force=in_force, hint=f"{hint}; until then the old rules hold")
    else:
        log.info("rules.loaded", in_force=rules.current.fingerprint[:12], rules=len(rules.current.rules))


def _tell_of_orders(before: Orders, now: Orders) -> None:
    """Who looks into the log for why nothing is sent finds it there."""
    for said in changes(before, now):
        whose = {"profile_id": said.profile_id} if said.profile_id else {"whose": "all profiles"}
        log.info(said.event, by=said.by, **whose, **({"mode": said.mode.value} if said.mode else {}))
