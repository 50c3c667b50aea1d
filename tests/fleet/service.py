"""Replicas of the real service, each a process of its own, beside the pretend Amazon of this process."""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import msgspec

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.verify import PostgresVerify, Severity
from harvester.config.settings import Settings
from harvester.domain.ids import PlanId, ProfileId
from harvester.sandbox.serving import Running, running
from harvester.sandbox.settings import Options
from harvester.sandbox.state import state_of
from harvester.wiring import Services, open_services
from tests.acceptance.command_line import Harvester, Result
from tests.crash.agreement import CHANGES, Agreement, Round
from tests.crash.books import read_books
from tests.warm import KEPT, Process, started

ROOT = Path(__file__).parents[2]
RULES_FILE = Path(__file__).with_name("rules.yaml")
LONGEST_SECONDS = 120.0

HURRY = """
    WITH sooner AS (UPDATE harvester.slot SET not_before = now() WHERE not_before > now() RETURNING 1)
    UPDATE harvester.pgqueuer SET execute_after = now() WHERE execute_after > now()
"""
"""What was set aside is due now: a test does not wait for minutes."""
_OPEN = """
    SELECT DISTINCT plan_id, profile_id FROM ledger.actions WHERE state IN ('approved', 'sending', 'unknown')
"""
_A_MOMENT = "SELECT pg_sleep(0.05)"
"""Between two questions: those that are asked need the machine too."""
_TWICE_AT_ONCE = """
    WITH span AS (
        SELECT profile_id, run_id, min(at) AS began, max(at + duration_ms * interval '1 ms') AS ended
        FROM ledger.api_calls WHERE run_id IS NOT NULL GROUP BY profile_id, run_id)
    SELECT one.profile_id, one.run_id, other.run_id AS other FROM span AS one JOIN span AS other
        ON one.profile_id = other.profile_id AND one.run_id < other.run_id
        AND one.began < other.ended AND other.began < one.ended
"""


@dataclass
class Replica:
    process: Process
    log: Path

    @property
    def ended(self) -> bool:
        return self.process.poll() is not None

    def send(self, which: signal.Signals) -> None:
        self.process.send_signal(which)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    @property
    def is_up(self) -> bool:
        return "daemon.ready" in self.said

    async def stops(self) -> int:
        """SIGTERM, and its exit code."""
        self.send(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, LONGEST_SECONDS)

    @property
    def said(self) -> str:
        return self.log.read_text()

    @property
    def surprises(self) -> list[str]:
        """What it said with a traceback."""
        return [line for line in self.said.splitlines() if "Traceback" in line]


@dataclass
class Fleet:
    amazon: Running
    dsn: str
    folder: Path
    changes: Mapping[str, str] = field(default_factory=dict)
    """Settings without their prefix."""
    replicas: list[Replica] = field(default_factory=list)
    deaths: int = 0
    _first: Mapping[str, Any] = field(default_factory=dict)
    _numbers: "itertools.count[int]" = field(default_factory=itertools.count)
    _connection: "asyncpg.Connection[asyncpg.Record] | None" = None

    @classmethod
    @asynccontextmanager
    async def opened(cls, options: Options, dsn: str, folder: Path, **changes: str) -> AsyncIterator["Fleet"]:
        async with running(options) as amazon:
            fleet = cls(amazon, dsn, folder, changes)
            fleet._first = fleet.accounts()
            try:
                yield fleet
            finally:
                for replica in fleet.replicas:
                    if not replica.ended:
                        replica.kill()
                if fleet._connection is not None:
                    fleet._connection.terminate()

    def accounts(self) -> Mapping[str, Any]:
        """What every profile holds now; a copy that does not follow it."""
        found: Mapping[str, Any] = msgspec.json.decode(msgspec.json.encode(state_of(self.amazon.sandbox.world, None)))
        profiles: Mapping[str, Any] = found["profiles"]
        return profiles

    def environment(self, **changes: str) -> dict[str, str]:
        settings = {
            "DATABASE_URL": self.dsn,
            "MODE": "auto",
            "RULES_FILE": str(RULES_FILE),
            "RECONCILE_AFTER": "0",
            "API_PATIENCE": "5",
            "SCHEDULE_JITTER": "0",
            "WORKER_SILENCE": "3",
            "LEASE_GRACE": "3",
            "CONCURRENCY": "4",
            "LOG_FORMAT": "json",
            "METRICS_PORT": "0",
            "ACCOUNTS__MAIN__CLIENT_ID": "amzn1.application-oa2-client.5a4db0c50001",
            "ACCOUNTS__MAIN__CLIENT_SECRET": "amzn1.oa2-cs.v1.sandbox0001",
            "ACCOUNTS__MAIN__REFRESH_TOKEN": "Atzr|IwEBIsandbox0001",
            "ACCOUNTS__MAIN__REGION": "NA",
            "ACCOUNTS__MAIN__ADS_URL": self.amazon.url,
            "ACCOUNTS__MAIN__LWA_URL": f"{self.amazon.url}/auth/o2/token",
            **self.changes,
            **changes,
        }
        return {f"HARVESTER_{name}": value for name, value in settings.items()}

    def start(self, command: str = "serve", **changes: str) -> Replica:
        log = self.folder / f"replica-{next(self._numbers)}.log"
        environment = {name: os.environ[name] for name in KEPT if name in os.environ}
        environment |= self.environment(**changes) | {"PYTHONPATH": str(ROOT), "HOME": str(self.folder)}
        with log.open("wb") as file:
            process = started([command], self.folder, environment, file, file)
        replica = Replica(process, log)
        self.replicas.append(replica)
        return replica

    def command(self) -> Harvester:
        return Harvester(self.folder, self.environment())

    async def run(self, *arguments: str) -> Result:
        return await asyncio.to_thread(self.command(), *arguments)

    async def fetch(self, query: str, *arguments: object) -> list[dict[str, Any]]:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self.dsn)
        return [dict(row) for row in await self._connection.fetch(query, *arguments)]

    async def value(self, query: str, *arguments: object) -> Any:
        ((value,),) = [tuple(row.values()) for row in await self.fetch(query, *arguments)]
        return value

    async def until(self, reached: Callable[[], Awaitable[bool]]) -> None:
        """Asks again and again; says what the slots and the replicas are at where it takes too long."""
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                while not await reached():
                    await self.fetch(_A_MOMENT)
        except TimeoutError:
            slots = await self.fetch("SELECT task, profile_id, state, not_before, reason FROM ledger.slots")
            logs = "\n".join(replica.said[-3000:] for replica in self.replicas)
            raise AssertionError(f"what the test waits for never came: {slots}\n{logs}") from None

    async def done(self) -> int:
        """Plan slots that ran."""
        count: int = await self.value("SELECT count(*) FROM ledger.slots WHERE task = 'plan' AND state = 'done'")
        return count

    async def all_are_done(self) -> bool:
        await self.fetch(HURRY)
        return await self.done() >= len(self._first)

    async def are_up(self, replicas: Sequence[Replica]) -> bool:
        return all(replica.is_up for replica in replicas)

    async def finish(self) -> None:
        """As it goes on after a storm: everything runs, everybody stops in order, what is unknown is settled."""
        await self.until(self.all_are_done)
        alive = [replica for replica in self.replicas if not replica.ended]
        await self.until(lambda: self.are_up(alive))
        for replica in alive:
            code = await replica.stops()
            assert code == 0, f"{code}: {replica.said[-6000:]}"
        self.amazon.sandbox.faults.replace(())
        async with open_services(self.settings()) as services:
            for _ in range(3):
                open_plans = await self.fetch(_OPEN)
                for row in open_plans:
                    await self._settle(services, PlanId(row["plan_id"]), ProfileId(row["profile_id"]))
                if not open_plans:
                    break

    async def _settle(self, services: Services, plan_id: PlanId, profile_id: ProfileId) -> None:
        """As a person would: reconcile, then apply again."""
        (login,) = services.logins
        profile = next(each for each in await services.profiles.known() if each.profile_id == profile_id)
        reader = login.reader(profile, None)
        await services.reconcile(profile, reader)
        found = await services.actions.fingerprint(plan_id)
        assert found is not None
        await services.apply(
            profile, plan_id, found[1], reader, services.writer(login, profile), lambda _sent, _total: None
        )

    def settings(self) -> Settings:
        """Of this process, when it goes on by itself."""
        login = {
            "client_id": "amzn1.application-oa2-client.5a4db0c50001",
            "client_secret": "amzn1.oa2-cs.v1.sandbox0001",
            "refresh_token": "Atzr|IwEBIsandbox0001",
            "region": "NA",
            "ads_url": self.amazon.url,
            "lwa_url": f"{self.amazon.url}/auth/o2/token",
        }
        given: dict[str, Any] = {
            "database_url": self.dsn,
            "accounts": {"main": login},
            "mode": "auto",
            "rules_file": RULES_FILE,
            "reconcile_after": 0,
        }
        return Settings(**given)

    async def demand_agreement(self) -> None:
        """Every slot ran, the account of every profile is what the ledger says, nobody worked beside another."""
        assert await self.fetch("SELECT * FROM ledger.slots WHERE state IN ('failed', 'given_up')") == []
        ran = {
            row["profile_id"] for row in await self.fetch("SELECT profile_id FROM ledger.runs WHERE state = 'complete'")
        }
        assert ran == set(self._first)
        assert await self.fetch(_TWICE_AT_ONCE) == []
        async with Database.open(self.dsn, most_connections=1) as database:
            flaws = [flaw async for flaw in PostgresVerify(database).flaws() if flaw.severity is Severity.BROKEN]
        assert flaws == []
        now = self.accounts()
        for profile_id, first in self._first.items():
            books = await read_books(self.dsn, CHANGES, {}, profile_id)
            requests = self.amazon.sandbox.journal.select(0, {"profile": profile_id})
            Agreement(first, now[profile_id], requests, books, Round(deaths=self.deaths)).demand()
        assert await self.value("SELECT count(*) FROM ledger.actions WHERE state = 'done'") > 0

    def tracebacks(self) -> Sequence[str]:
        return [line for replica in self.replicas for line in replica.surprises]
