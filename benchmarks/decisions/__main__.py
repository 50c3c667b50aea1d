"""`python -m benchmarks.decisions [SEEDS]`: every figure of every policy, as Markdown."""

import sys

from benchmarks.decisions.measure import SEEDS, seasons, table

if __name__ == "__main__":
    print(table(seasons(int(sys.argv[1]) if len(sys.argv) > 1 else SEEDS)))
