"""A large report from download to Postgres: us and the ceiling, taking turns in one run; and our memory."""

import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from benchmarks.report_task import ReportAnswer, ReportTask
from benchmarks.results import Result, ratio, result
from benchmarks.stage import Server, postgres

ROWS, QUICK_ROWS = 2_000_000, 200_000
SMALL_SHARE = 10
"""How many times smaller the report is that memory is compared with."""
ROUNDS = 3
_PATIENCE_SECONDS = 900


def measure(*, quick: bool) -> list[Result]:
    rows = QUICK_ROWS if quick else ROWS
    answers: dict[str, list[ReportAnswer]] = defaultdict(list)
    with postgres() as server:
        with report_of(rows) as url:
            for _ in range(ROUNDS):
                for name in ("ours", "ceiling"):
                    answers[name].append(read_report(server, url, name))
        with report_of(rows // SMALL_SHARE) as url:
            small = read_report(server, url, "ours")
    return _results(answers["ours"], answers["ceiling"], small)


def read_report(server: Server, url: str, name: str) -> ReportAnswer:
    """In a fresh process, into a database of its own."""
    with server.database() as dsn:
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.report_{name}"],
            input=msgspec.json.encode(ReportTask(url, dsn)),
            stdout=subprocess.PIPE,
            check=True,
            timeout=_PATIENCE_SECONDS,
        )
    return msgspec.json.decode(done.stdout, type=ReportAnswer)


@contextmanager
def report_of(rows: int) -> Iterator[str]:
    """Its address, while the block lasts."""
    with tempfile.TemporaryDirectory(prefix="harvester-bench-") as folder:
        command = [sys.executable, "-m", "benchmarks.report_server", "--rows", str(rows)]
        with subprocess.Popen([*command, "--file", str(Path(folder) / "report.gz")], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            try:
                yield process.stdout.readline().decode().strip()
            finally:
                process.terminate()


def _results(ours: list[ReportAnswer], ceiling: list[ReportAnswer], small: ReportAnswer) -> list[Result]:
    mine, theirs = ([each.rows_a_second for each in given] for given in (ours, ceiling))
    peak = max(each.peak_megabytes for each in ours)
    return [
        result(f"us, {ours[0].rows:,} rows", statistics.median(mine), "rows/s"),
        result("ceiling: gunzip, decode, one COPY", statistics.median(theirs), "rows/s"),
        result("us, its own CPU", statistics.median(each.cpu_microseconds_a_row for each in ours), "µs/row"),
        result("ceiling, its own CPU", statistics.median(each.cpu_microseconds_a_row for each in ceiling), "µs/row"),
        result("us / ceiling", ratio(mine, theirs), "ratio", ">= 0.6"),
        result(f"peak memory, {small.rows:,} rows", small.peak_megabytes, "MB"),
        result(f"peak memory, {ours[0].rows:,} rows", peak, "MB"),
        result("peak memory, large / small", peak / small.peak_megabytes, "ratio", "<= 1.1"),
    ]
