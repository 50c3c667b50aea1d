"""`python -m benchmarks.decisions [FIRST LAST]`: every figure of every policy, as Markdown."""

import sys

from benchmarks.decisions.measure import SEEDS, seasons, table

if __name__ == "__main__":
    named = [int(each) for each in sys.argv[1:]]
    print(table(seasons(range(named[0], named[1] + 1) if named else SEEDS)))
