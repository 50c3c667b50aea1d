"""A real harvest under watch: metrics, log lines and answers over HTTP, with Postgres there and away."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import structlog
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client.parser import text_string_to_metric_families

from harvester.adapters.postgres.database import Database
from harvester.adapters.postgres.fleet import PostgresFleet
from harvester.config import logs, settings
from harvester.domain.profile import Profile
from harvester.domain.vitals import ProcessVitals
from harvester.entrypoints.web.pulse import Pulse
from harvester.entrypoints.web.server import Probes, application
from harvester.ports import AdsLogin
from harvester.usecases.plan_profile import Planned
from harvester.wiring import Services, open_services
from harvester.wiring.instruments import Instruments, open_instruments
from tests.acceptance.command_line import settings_for
from tests.acceptance.pretend_amazon import RECOMMENDATIONS, PretendAmazon, on
from tests.acceptance.records import Ledger
from tests.crash.cable import Cable


@dataclass(frozen=True)
class Replica:
    services: Services
    instruments: Instruments

    async def harvest_all(self) -> None:
        async def work(profile: Profile, login: AdsLogin) -> Planned:
            with self.instruments.job("plan", profile.profile_id):
                return await self.services.plan_profile(profile, login, "schedule", lambda _profile, _progress: None)

        result = await self.services.fleet((), work)
        assert result.failed == []


@asynccontextmanager
async def replica() -> AsyncIterator[Replica]:
    loaded = settings.load()
    async with AsyncExitStack() as stack:
        instruments = await stack.enter_async_context(open_instruments(loaded, "host-1", ProcessVitals))
        services = await stack.enter_async_context(open_services(loaded, instruments.watch))
        yield Replica(services, instruments)


@pytest.fixture
def _configured(amazon: PretendAmazon, dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in settings_for(amazon, dsn).items():
        monkeypatch.setenv(name, value)
    structlog.contextvars.clear_contextvars()


def counted(replica: Replica) -> dict[tuple[str, str], float]:
    """Name and label values of every sample."""
    text = replica.instruments.metrics.exposition(None, "")[0].decode()
    return {
        (sample.name, " ".join(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.mark.usefixtures("_configured")
async def test_what_is_counted_is_what_the_ledger_has(
    amazon: PretendAmazon, ledger: Ledger, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runs, pages, decisions and calls, each as often as it is on record; and a failed call's line leads to its row."""
    amazon.begin(on(RECOMMENDATIONS, {"status": 500}, nth=[1, 3]))
    logs.configure("json", "info")
    async with replica() as here:
        await here.harvest_all()
        await here.services.calls.flush()
        seen = counted(here)
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    one = ledger.rows("SELECT sum(pages)::float AS pages, sum(recommendations)::float AS rows FROM ledger.runs")[0]
    assert seen["harvester_runs_total", "complete schedule"] == len(amazon.profiles) == 3
    assert seen["harvester_pages_total", ""] == one["pages"]
    assert seen["harvester_recommendations_total", ""] == one["rows"] > 100
    decisions = {row["outcome"]: row["n"] for row in ledger.rows(
        "SELECT outcome, count(*) AS n FROM ledger.decisions GROUP BY outcome"
    )}  # fmt: skip
    assert {name[1]: n for name, n in seen.items() if name[0] == "harvester_decisions_total"} == decisions
    calls = {f"{row['method']} {row['path']} {row['status']}": row["n"] for row in ledger.rows(
        "SELECT method, path, status, count(*) AS n FROM ledger.api_calls GROUP BY method, path, status"
    )}  # fmt: skip
    assert {name[1]: n for name, n in seen.items() if name[0] == "harvester_api_calls_total"} == calls
    assert calls[f"POST {RECOMMENDATIONS} 500"] == 2

    failed = [line for line in lines if line["event"] == "call.failed"]
    assert len(failed) == 2
    for line in failed:
        (row,) = ledger.rows(f"SELECT * FROM ledger.api_calls WHERE call_id = '{line['call_id']}'")
        assert [row[name] for name in ("run_id", "profile_id", "status", "attempt", "request_id")] == [
            line[name] for name in ("run_id", "profile_id", "status", "attempt", "request_id")
        ]
    of_jobs = [line for line in lines if "task" in line]
    assert {line["event"] for line in of_jobs} >= {"run.begun", "plan.stored", "run.ended", "call.failed"}
    assert all({"replica_id", "task", "profile_id", "run_id"} <= set(line) for line in of_jobs)


async def told(client: TestClient[Any, Any], path: str) -> tuple[int, str]:
    async with client.get(path) as response:
        return response.status, await response.text()


@pytest.mark.usefixtures("_configured")
async def test_probes_and_scrapes_live_through_a_postgres_that_goes_away(dsn: str) -> None:
    """Cut off in the middle of the service: answers go on, say so, and are whole again when it is back."""
    async with (
        Cable.laid(dsn) as cable,
        Database.open(cable.dsn, most_connections=2, connect_timeout_seconds=2) as database,
        replica() as here,
    ):
        fleet = PostgresFleet(database)
        probes = Probes(
            lambda: fleet.vitals(datetime.now(UTC)), list, lambda: False, here.instruments.metrics.exposition
        )
        pulse = Pulse(probes.vitals, patience_seconds=20, monotonic=iter(range(0, 10_000, 10)).__next__)
        async with TestClient(TestServer(application(probes, pulse), host="127.0.0.1")) as client:
            _, before = await told(client, "/metrics")
            cable.cut_all()
            await asyncio.sleep(0)
            alive, _ = await told(client, "/healthz")
            ready, why = await told(client, "/readyz")
            status, away = await told(client, "/metrics")
            cable.dead = False
            _, after = await told(client, "/metrics")
        await pulse.stop()

    assert "harvester_database_up 1.0" in before
    assert "harvester_clock_seen_seconds +Inf" in before
    assert (alive, ready, status) == (200, 503, 200)
    assert json.loads(why)["checks"]["database"]["ok"] is False
    assert "harvester_database_up 0.0" in away
    assert "harvester_pages_total 0.0" in away
    assert "harvester_database_up 1.0" in after
