"""A fleet against a limit that nobody publishes: wall time beside the ideal, and the share of calls refused."""

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass

import asyncpg
import msgspec

from benchmarks.fleet_replica import Part, Planning
from benchmarks.results import Result, result
from benchmarks.stage import fleet_of_amazon, postgres
from benchmarks.task import Amazon, Task

PROFILES, RATE, LATENCY_MS, RECOMMENDATIONS = 500, 50, 50, 3
REPLICAS, QUICK_REPLICAS = (1, 2, 4), (1, 2)
QUICK_PROFILES = 150
_START_SECONDS = 4.0
_PATIENCE_SECONDS = 900
_CALLS = """
    SELECT count(*) FILTER (WHERE status <> 429), count(*) FILTER (WHERE status = 429)
    FROM harvester.api_call WHERE path NOT LIKE '%/token' AND at >= to_timestamp($1)"""
"""Logins are not throttled."""


@dataclass(frozen=True)
class Race:
    replicas: int
    seconds: float
    passed: int
    refused: int
    cpu_seconds: float
    waited_seconds: float

    @property
    def ideal_seconds(self) -> float:
        return self.passed / RATE

    @property
    def over_ideal(self) -> float:
        return self.seconds / self.ideal_seconds

    @property
    def refused_percent(self) -> float:
        return 100 * self.refused / (self.passed + self.refused)


def measure(*, quick: bool) -> list[Result]:
    profiles = QUICK_PROFILES if quick else PROFILES
    results: list[Result] = []
    with postgres() as server:
        for replicas in QUICK_REPLICAS if quick else REPLICAS:
            with server.database() as dsn, fleet_of_amazon(profiles, RECOMMENDATIONS, LATENCY_MS, RATE) as amazon:
                results += _figures(_race(dsn, amazon, replicas, profiles), profiles)
    return results


def _figures(race: Race, profiles: int) -> list[Result]:
    one = race.replicas == 1
    name = f"{profiles} profiles, {race.replicas} {'replica' if one else 'replicas'}"
    return [
        result(f"{name}: requests that got through", race.passed, "requests"),
        result(f"{name}: wall time", race.seconds, "s"),
        result(f"{name}: wall time / (requests / {RATE} a second)", race.over_ideal, "ratio", "<= 1.1"),
        result(f"{name}: calls answered 429", race.refused_percent, "%", "< 2"),
        result(f"{name}: CPU of the replicas", race.cpu_seconds, "s"),
    ]


def _race(dsn: str, amazon: Amazon, replicas: int, profiles: int) -> Race:
    task, start_at = Task(amazon, dsn), time.time() + _START_SECONDS
    running = []
    for number in range(replicas):
        command = [sys.executable, "-m", "benchmarks.fleet_replica"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin is not None
        process.stdin.write(msgspec.json.encode(Part(task, number, replicas, start_at)))
        process.stdin.close()
        process.stdin = None
        running.append(process)
    try:
        plannings = [_ended(process) for process in running]
    finally:
        for process in running:
            process.kill()
    failed = [reason for each in plannings for reason in each.failed]
    if failed or sum(each.profiles for each in plannings) != profiles:
        raise SystemExit(f"not every profile was planned: {failed[:3]}")
    started_at = min(each.started_at for each in plannings)
    passed, refused = asyncio.run(_calls(dsn, started_at))
    seconds = max(each.ended_at for each in plannings) - started_at
    cpu_seconds, waited = (
        sum(each) for each in zip(*((p.cpu_seconds, p.waited_seconds) for p in plannings), strict=True)
    )
    return Race(replicas, seconds, passed, refused, cpu_seconds, waited)


def _ended(process: "subprocess.Popen[bytes]") -> Planning:
    out, _ = process.communicate(timeout=_PATIENCE_SECONDS)
    if process.returncode != 0:
        raise SystemExit(f"a replica ended with {process.returncode}")
    *warnings, answer = out.splitlines()
    sys.stderr.buffer.write(b"".join(line + b"\n" for line in warnings[:10]))
    return msgspec.json.decode(answer, type=Planning)


async def _calls(dsn: str, since: float) -> tuple[int, int]:
    connection = await asyncpg.connect(dsn)
    try:
        row = await connection.fetchrow(_CALLS, since)
        assert row is not None
        return row[0], row[1]
    finally:
        await connection.close()
