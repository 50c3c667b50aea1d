"""The service: how soon it is ready, and what a second worker brings to harvests that only the CPU limits."""

import asyncio
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg

from benchmarks.memory import without_settings
from benchmarks.results import Result, ratio, result
from benchmarks.stage import page_server, postgres
from benchmarks.task import Amazon

PROFILES, QUICK_PROFILES = 12, 6
RECOMMENDATIONS, QUICK_RECOMMENDATIONS = 6_000, 2_000
ROUNDS, QUICK_ROUNDS = 3, 1
_PORT = 19_464
_PATIENCE_SECONDS = 600
_ASK_EVERY_SECONDS = 0.02
_RULES = Path(__file__).with_name("rules.yaml")
_ROOT = Path(__file__).parent.parent
_SPAN = """
    SELECT extract(epoch FROM max(finished_at) - min(started_at))::float AS seconds, sum(recommendations)::float AS rows
    FROM ledger.runs WHERE state = 'complete' HAVING count(*) = $1"""


def measure(*, quick: bool) -> list[Result]:
    profiles = QUICK_PROFILES if quick else PROFILES
    recommendations = QUICK_RECOMMENDATIONS if quick else RECOMMENDATIONS
    one, two, ready = [], [], []
    with postgres() as server, page_server(recommendations, remember=True, profiles=profiles) as amazon:
        with server.database() as dsn:
            _rows_a_second(dsn, amazon, profiles, workers=1)  # the page server makes its pages
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            with server.database() as dsn:
                one.append(_rows_a_second(dsn, amazon, profiles, workers=1))
            with server.database() as dsn:
                two.append(_rows_a_second(dsn, amazon, profiles, workers=2))
            with server.database() as dsn:
                ready.append(_ready_seconds(dsn, amazon))
    return [
        result("harvester serve, until /readyz says yes", statistics.median(ready), "s", "< 2"),
        result("one worker", statistics.median(one), "rows/s"),
        result("two workers", statistics.median(two), "rows/s"),
        result("two workers / one", ratio(two, one), "ratio", ">= 1.7"),
    ]


def _rows_a_second(dsn: str, amazon: Amazon, profiles: int, *, workers: int) -> float:
    """From the first run's start to the last one's end: what the start of processes costs is not in it."""
    with tempfile.TemporaryDirectory(prefix="harvester-bench-") as folder, ExitStack() as stack:
        for _ in range(workers - 1):
            stack.enter_context(_running("worker", dsn, amazon, folder, port=0))
        stack.enter_context(_running("serve", dsn, amazon, folder, port=0))
        return asyncio.run(_watched(dsn, profiles))


async def _watched(dsn: str, profiles: int) -> float:
    connection = await asyncpg.connect(dsn)
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while (row := await connection.fetchrow(_SPAN, profiles)) is None:  # noqa: ASYNC110 - others end it
                await asyncio.sleep(_ASK_EVERY_SECONDS)
    finally:
        await connection.close()
    return float(row["rows"] / row["seconds"])


def _ready_seconds(dsn: str, amazon: Amazon) -> float:
    with tempfile.TemporaryDirectory(prefix="harvester-bench-") as folder:
        started = time.perf_counter()
        with _running("serve", dsn, amazon, folder, port=_PORT):
            while not _says_yes():
                if time.perf_counter() - started > _PATIENCE_SECONDS:
                    raise SystemExit("the service was never ready")
                time.sleep(_ASK_EVERY_SECONDS)
            return time.perf_counter() - started


def _says_yes() -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{_PORT}/readyz", timeout=5) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, ConnectionError):
        return False


@contextmanager
def _running(kind: str, dsn: str, amazon: Amazon, folder: str, *, port: int) -> Iterator[None]:
    settings = {
        "DATABASE_URL": dsn,
        "RULES_FILE": str(_RULES),
        "SCHEDULE_JITTER": "0",
        "CONCURRENCY": "4",
        "METRICS_PORT": str(port),
        "ACCOUNTS__BENCH__CLIENT_ID": amazon.client_id,
        "ACCOUNTS__BENCH__CLIENT_SECRET": amazon.client_secret,
        "ACCOUNTS__BENCH__REFRESH_TOKEN": amazon.refresh_token,
        "ACCOUNTS__BENCH__REGION": "NA",
        "ACCOUNTS__BENCH__ADS_URL": amazon.ads_url,
        "ACCOUNTS__BENCH__LWA_URL": amazon.lwa_url,
    }
    env = {**without_settings(), **{f"HARVESTER_{name}": value for name, value in settings.items()}}
    with (Path(folder) / f"{kind}.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "harvester", kind],
            cwd=folder,
            env={**env, "PYTHONPATH": str(_ROOT)},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE_SECONDS)
