"""What a command stands on: settings, logs, event loop, open services."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Self, TypeVar

from harvester.config import logs, settings
from harvester.config.settings import Settings
from harvester.domain.errors import Misconfigured, Refused
from harvester.domain.profile import Mode, Profile
from harvester.entrypoints.cli.app import Invocation, say
from harvester.wiring import Login, Records, Services, open_records, open_services

T = TypeVar("T")


@dataclass(frozen=True)
class Session:
    """Of a command that looks, settles or stops: it works whatever the rules file is like."""

    services: Records
    _opened: ClassVar[Callable[[Settings], AbstractAsyncContextManager[Records]]] = open_records

    @classmethod
    @asynccontextmanager
    async def open(
        cls, invocation: Invocation, mode: Mode | None = None, most_patience_seconds: float | None = None
    ) -> AsyncIterator[Self]:
        """`mode`, and how long a call is tried again: whatever the settings say."""
        settings = load_settings(invocation)
        if mode is not None:
            settings = settings.model_copy(update={"mode": mode})
        if most_patience_seconds is not None:
            patience = min(settings.api_patience, most_patience_seconds)
            settings = settings.model_copy(update={"api_patience": patience})
        async with cls._opened(settings) as services:
            yield cls(services)

    async def owner_of(self, plan_id: str) -> tuple[Profile, Login]:
        """The profile of a plan, and the login that may act for it."""
        plan = await self.services.reports.plan(plan_id)
        if plan is None:
            raise Refused(f"there is no plan {plan_id}; `harvester plans` lists them")
        return await self.login_of(plan["profile_id"])

    async def login_of(self, profile_id: str) -> tuple[Profile, Login]:
        profile = next((each for each in await self.services.profiles.known() if each.profile_id == profile_id), None)
        if profile is None:
            raise Refused(f"profile {profile_id} is not known; `harvester plan` finds the profiles of a login")
        for login in self.services.logins:
            if login.account == profile.account:
                return profile, login
        raise Refused(f"no login named {profile.account} is set, and profile {profile_id} belongs to it")

    def demand_accounts(self) -> None:
        demand_accounts(self.services.settings)


@dataclass(frozen=True)
class JudgingSession(Session):
    """Of a command that judges, decides or sends: it refuses a rules file that cannot be used, before all else."""

    services: Services
    _opened = open_services


def demand_accounts(settings: Settings) -> None:
    """Raises Misconfigured with what to do where there is no login."""
    if not settings.accounts:
        raise Misconfigured(
            "no advertising login is set. To look around without one, run `harvester demo`; for your own account "
            "set HARVESTER_ACCOUNTS__MAIN__CLIENT_ID, __CLIENT_SECRET, __REFRESH_TOKEN and __REGION "
            "(see docs/settings.md)"
        )


def load_settings(invocation: Invocation) -> Settings:
    """Also turns logging on, and tells of variables that are no settings."""
    loaded = settings.load(invocation.env_file)
    logs.configure(loaded.log_format, loaded.log_level)
    for sentence in settings.unknown(env_file=invocation.env_file):
        say(f"harvester: {sentence}")
    return loaded


def run(work: Coroutine[Any, Any, int], if_stopped: str = "stopped; what is recorded stays recorded") -> None:
    """Runs a command to its exit code. SIGTERM and Ctrl-C end it in order, with a word on how to go on."""
    sys.exit(run_loop(_ended_by_signals(work, if_stopped)))


def run_loop(work: Coroutine[Any, Any, T]) -> T:
    """On the fastest event loop there is."""
    try:
        import uvloop
    except ImportError:
        runner = asyncio.Runner()
    else:
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
    with runner:
        return runner.run(work)


async def _ended_by_signals(work: Coroutine[Any, Any, int], if_stopped: str) -> int:
    task = asyncio.ensure_future(work)
    loop = asyncio.get_running_loop()
    received: list[signal.Signals] = []

    def stop(which: signal.Signals) -> None:
        received.append(which)
        task.cancel()

    for which in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(which, stop, which)
    try:
        return await task
    except asyncio.CancelledError:
        if not received:
            raise
        say(if_stopped)
        return 128 + received[0]
