"""Peak memory of a whole `harvester plan`, in fresh processes: a million rows must need what ten thousand do."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.results import Result, result
from benchmarks.stage import page_server, postgres
from benchmarks.task import Amazon

SMALL, LARGE, QUICK_LARGE = 10_000, 1_000_000, 200_000
_PAUSED_SHARE = 22 / 20
"""Of the pretend market's 22 ads two are paused: their recommendations are never asked for."""
_KILOBYTES = 1 if sys.platform != "darwin" else 1024
"""What `ru_maxrss` counts in."""
_RULES = Path(__file__).parent / "rules.yaml"


@dataclass(frozen=True)
class Planned:
    rows: int
    items: int
    seconds: float
    peak_megabytes: float


def measure(*, quick: bool) -> list[Result]:
    large_size = QUICK_LARGE if quick else LARGE
    small, large = plan(SMALL), plan(large_size)
    if large.rows < large_size or large.items < large.rows // 100:
        raise SystemExit(f"the large run is no large run: {large}")
    return [
        result(f"peak memory, {small.rows:,} rows, {small.items:,} items", small.peak_megabytes, "MB"),
        result(f"peak memory, {large.rows:,} rows, {large.items:,} items", large.peak_megabytes, "MB"),
        result("peak memory, large / small", large.peak_megabytes / small.peak_megabytes, "ratio", "<= 1.1"),
        result(f"harvest and plan of {large.rows:,} rows", large.seconds, "s"),
    ]


def plan(rows: int) -> Planned:
    """`harvester plan --json` of one profile, on a database of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="harvester-bench-") as folder,
        postgres() as server,
        server.database() as dsn,
        page_server(round(rows * _PAUSED_SHARE), remember=False) as amazon,
    ):
        env_file = Path(folder) / "bench.env"
        env_file.write_text(_settings(amazon, dsn), encoding="utf-8")
        out = Path(folder) / "plans.json"
        started = time.perf_counter()
        peak = _peak_megabytes([sys.executable, "-m", "harvester", "--env-file", str(env_file), "plan", "--json"], out)
        seconds = time.perf_counter() - started
        (made,) = json.loads(out.read_bytes())["plans"]
    counts = made["counts"]
    return Planned(counts["candidates"], counts["actions"], seconds, peak)


def _settings(amazon: Amazon, dsn: str) -> str:
    account = {
        "CLIENT_ID": amazon.client_id,
        "CLIENT_SECRET": amazon.client_secret,
        "REFRESH_TOKEN": amazon.refresh_token,
        "REGION": "NA",
        "ADS_URL": amazon.ads_url,
        "LWA_URL": amazon.lwa_url,
    }
    settings = {"DATABASE_URL": dsn, "RULES_FILE": _RULES, "MODE": "dry-run"}
    settings |= {f"ACCOUNTS__BENCH__{name}": value for name, value in account.items()}
    return "".join(f"HARVESTER_{name}='{value}'\n" for name, value in settings.items())


def _peak_megabytes(command: list[str], out: Path) -> float:
    """Of this one process, as the kernel counted it."""
    with out.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, env=without_settings())
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"`harvester plan` ended with {process.returncode}")
    # A child's figure begins at what its parent had when it was started.
    if usage.ru_maxrss <= resource.getrusage(resource.RUSAGE_SELF).ru_maxrss:
        raise SystemExit("the benchmark itself needs more memory than what it measures")
    return usage.ru_maxrss / _KILOBYTES / 1024


def without_settings() -> dict[str, str]:
    """The environment, without settings of some other Harvester."""
    return {name: value for name, value in os.environ.items() if not name.upper().startswith("HARVESTER_")}
