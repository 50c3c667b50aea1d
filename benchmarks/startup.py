"""How long one waits: for the help, and for the first table of the demo."""

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.memory import without_settings
from benchmarks.results import Result, result

ROUNDS, QUICK_ROUNDS = 9, 5
_PATIENCE_SECONDS = 120
_TABLE = frozenset("─━┃│")
"""What a table is drawn with."""
_ROOT = Path(__file__).parent.parent


def measure(*, quick: bool) -> list[Result]:
    rounds = QUICK_ROUNDS if quick else ROUNDS
    with tempfile.TemporaryDirectory(prefix="harvester-bench-") as folder:
        first, second = first_table_seconds(Path(folder)), first_table_seconds(Path(folder))
    return [
        result("harvester --help", statistics.median(help_seconds() for _ in range(rounds)), "s", "< 0.3"),
        result("harvester demo --once, first table, first time", first, "s"),
        result("harvester demo --once, first table, after that", second, "s"),
    ]


def help_seconds() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "harvester", "--help"], stdout=subprocess.DEVNULL, check=True, cwd=_ROOT)
    return time.perf_counter() - started


def first_table_seconds(folder: Path) -> float:
    """The second time in the same folder there is a Postgres to start already."""
    env = {**without_settings(), "HARVESTER_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(_ROOT)}
    command = [sys.executable, "-m", "harvester", "demo", "--once"]
    started = time.perf_counter()
    with subprocess.Popen(command, cwd=folder, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        seconds = None
        for line in process.stdout:
            if seconds is None and _TABLE & set(line):
                seconds = time.perf_counter() - started
        process.wait(_PATIENCE_SECONDS)
    if process.returncode != 0 or seconds is None:
        raise SystemExit(f"the demo ended with {process.returncode}, table after {seconds} s")
    return seconds
