"""The real `harvester`, each in a process of its own, beside the pretend Amazon of this process."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from harvester.sandbox.serving import Running
from tests.acceptance.command_line import Harvester, Result, Started
from tests.crash.agreement import CHANGES, Round
from tests.crash.scene import RULES_FILE
from tests.crash.stages import Stage

LONGEST_SECONDS = 120.0
A_MOMENT_SECONDS = 0.002
"""Between two questions: the process that is asked about needs the machine too."""
_PREFIX = "HARVESTER_"


def environment(amazon: Running, dsn: str) -> dict[str, str]:
    settings = {
        "DATABASE_URL": dsn,
        "MODE": "review",
        "RULES_FILE": str(RULES_FILE),
        "RECONCILE_AFTER": "0",
        "API_PATIENCE": "3",
        "TWO_PERSON": "[]",
        "ACCOUNTS__MAIN__CLIENT_ID": "amzn1.application-oa2-client.5a4db0c50001",
        "ACCOUNTS__MAIN__CLIENT_SECRET": "amzn1.oa2-cs.v1.sandbox0001",
        "ACCOUNTS__MAIN__REFRESH_TOKEN": "Atzr|IwEBIsandbox0001",
        "ACCOUNTS__MAIN__REGION": "NA",
        "ACCOUNTS__MAIN__ADS_URL": amazon.url,
        "ACCOUNTS__MAIN__LWA_URL": f"{amazon.url}/auth/o2/token",
    }
    return {_PREFIX + name: value for name, value in settings.items()}


@dataclass(frozen=True)
class Office:
    """A stage, a copy of its ledger, and commands that work on it."""

    stage: Stage
    amazon: Running
    dsn: str
    harvester: Harvester

    @classmethod
    @asynccontextmanager
    async def opened(cls, stage: Stage, amazon: Running, folder: Path) -> AsyncIterator["Office"]:
        stage.set_up(amazon)
        async with stage.ledger() as dsn:
            harvester = Harvester(folder, environment(amazon, dsn))
            try:
                yield cls(stage, amazon, dsn, harvester)
            finally:
                harvester.stop()

    def start_apply(self, dsn: str = "") -> Started:
        return self.harvester.start(
            "apply", self.stage.plan_id, "--fingerprint", self.stage.fingerprint, "--json", DATABASE_URL=dsn or self.dsn
        )

    async def until(self, reached: Callable[[], bool], started: Started | None = None) -> bool:
        """False: the process ended before."""
        async with asyncio.timeout(LONGEST_SECONDS):
            while not reached():
                if started is None:
                    await asyncio.sleep(0)
                elif await asyncio.to_thread(started.ends_within, A_MOMENT_SECONDS):
                    return reached()
        return True

    async def has_seen(self, more: int, started: Started) -> bool:
        """So many calls more than now; False: the process ended before."""
        enough = self.seen + more
        return await self.until(lambda: self.seen >= enough, started)

    async def end(self, started: Started) -> Result:
        return await asyncio.to_thread(started.end, LONGEST_SECONDS)

    async def run(self, *arguments: str) -> Result:
        return await self.end(self.harvester.start(*arguments))

    async def run_on(self, started: Started, seconds: float) -> None:
        """What dies at a random moment lives until then, unless it ends before."""
        await asyncio.to_thread(started.ends_within, seconds)

    async def kill(self, started: Started) -> None:
        await asyncio.to_thread(started.kill)

    def stop(self, started: Started) -> None:
        started.process.send_signal(signal.SIGSTOP)

    def go_on(self, started: Started) -> None:
        started.process.send_signal(signal.SIGCONT)

    @property
    def seen(self) -> int:
        return self.amazon.sandbox.journal.total

    @property
    def changes(self) -> int:
        """Calls that change the account, so far."""
        return sum(entry.path in CHANGES for entry in self.amazon.sandbox.journal._entries)

    async def finish(self, allowed: Round) -> None:
        await self.stage.finish(self.dsn, self.amazon)
        await self.stage.demand_agreement(self.dsn, self.amazon, allowed)
