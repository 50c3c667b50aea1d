"""Figures: what is written to `results/`, and what stands in the table."""

import operator
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

FOLDER = Path(__file__).parent / "results"

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    "<": operator.lt,
    ">": operator.gt,
}
_DIGITS = 4
"""That a figure is worth."""


class Result(msgspec.Struct, frozen=True):
    """One figure. `goal` reads `>= 0.6`; without one the figure is for information, and `met` is None."""

    name: str
    value: float
    unit: str
    goal: str | None
    met: bool | None


def result(name: str, value: float, unit: str, goal: str | None = None) -> Result:
    return Result(name, _rounded(value), unit, goal, None if goal is None else meets(value, goal))


def meets(value: float, goal: str) -> bool:
    """Asked of the figure as measured, not as rounded. Raises ValueError for a goal that cannot be read."""
    sign, _, bound = goal.partition(" ")
    if sign not in _COMPARISONS:
        raise ValueError(f"`{goal}` is no goal: it must read like `>= 0.6`")
    return _COMPARISONS[sign](value, float(bound))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median of the rounds' ratios: what slows the machine down for a while slows both sides of a round down.

    Raises ValueError where the rounds cannot be compared.
    """
    if not ours or len(ours) != len(theirs) or min(theirs) <= 0:
        raise ValueError("a ratio needs as many rounds on both sides, and figures over zero")
    return statistics.median(mine / other for mine, other in zip(ours, theirs, strict=True))


def _rounded(value: float) -> float:
    return float(f"{value:.{_DIGITS}g}") if abs(value) < 10**_DIGITS else float(round(value))


def write(file: str, results: Iterable[Result], folder: Path = FOLDER) -> Path:
    """Replaces the latest figures of that benchmark."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{file}.json"
    path.write_bytes(msgspec.json.format(msgspec.json.encode(list(results)), indent=2) + b"\n")
    return path


def show(title: str, results: Iterable[Result]) -> None:
    table = Table(title=title, title_justify="left")
    table.add_column("figure")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("goal")
    table.add_column("met")
    for each in results:
        told = "" if each.met is None else "yes" if each.met else "NO"
        table.add_row(each.name, f"{each.value:,g}", each.unit, each.goal or "", told)
    Console().print(table)
