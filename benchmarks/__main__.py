"""`python -m benchmarks`: measured ceilings and us, side by side."""

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping

from benchmarks import apply, catalog, fleet, harvest, judge, judge_windows, memory, reports, service, startup
from benchmarks.decisions import measure as decisions
from benchmarks.results import Result, show, write

Measure = Callable[..., list[Result]]

BENCHMARKS: Mapping[str, tuple[str, Measure]] = {
    "harvest": ("Recommendations recorded per second, end to end", harvest.measure),
    "apply": ("Approved actions applied per second", apply.measure),
    "memory": ("Memory of a whole `harvester plan`", memory.measure),
    "judge": ("One decision", judge.measure),
    "windows": ("Rules over windows of money", judge_windows.measure),
    "fleet": ("A fleet within Amazon's limits", fleet.measure),
    "service": ("The service", service.measure),
    "catalog": ("Facts of Amazon's catalog", catalog.measure),
    "reports": ("A large report of search terms", reports.measure),
    "startup": ("Waiting", startup.measure),
    "decisions": ("Seasons of simulated markets", decisions.measure),
}


def main() -> int:
    """A missed goal stands in the table; it is no error, because a busy machine misses goals too."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", choices=tuple(BENCHMARKS), action="append", help="may be repeated")
    parser.add_argument("--quick", action="store_true", help="fewer rows and rounds, in under two minutes")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # what is installed is compiled: a start does not wait for that
    print(f"Python {platform.python_version()}, {platform.machine()}, {os.cpu_count()} cores", flush=True)
    for name in given.only or BENCHMARKS:
        title, measure = BENCHMARKS[name]
        started = time.perf_counter()
        results = measure(quick=given.quick)
        show(f"{title} ({time.perf_counter() - started:.0f} s)", results)
        sys.stdout.flush()
        write(f"{name}-quick" if given.quick else name, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
