"""Whether both ends of one threshold leave anything in between."""

from collections.abc import Iterator, Mapping
from decimal import Decimal

from harvester.domain.numbers import plain
from harvester.rules.checks.evidence import percent_text
from harvester.rules.sections import CountThreshold
from harvester.rules.window_scalars import factor_of
from harvester.rules.window_sections import AcosThreshold, ShareThreshold, Threshold
from harvester.rules.wording import Path, Problem

_Said = float | str | Decimal | Mapping[str, Decimal]


def threshold_problems(path: Path, threshold: Threshold | CountThreshold) -> Iterator[Problem]:
    low, high = threshold.at_least, threshold.at_most
    if low is None and high is None:
        yield Problem(path, "needs at_least or at_most")
    elif low is not None and high is not None:
        percent = isinstance(threshold, (ShareThreshold, AcosThreshold))
        for least, most, currency in _pairs(low, high):
            if least > most:
                shown = [_shown(each, percent=percent) + currency for each in (least, most)]
                yield Problem(path, f"at_least {shown[0]} is over at_most {shown[1]}: nothing can pass")


def _pairs(low: _Said, high: _Said) -> Iterator[tuple[Decimal, Decimal, str]]:
    """What can be compared, with what to call it."""
    if isinstance(low, str) or isinstance(high, str):
        if isinstance(low, str) and isinstance(high, str):
            (least, unit), (most, _) = factor_of(low), factor_of(high)
            yield least, most, f"x {unit}"
    elif isinstance(low, Mapping) and isinstance(high, Mapping):
        yield from ((low[each], high[each], f" {each}") for each in low if each in high)
    elif not isinstance(low, Mapping) and not isinstance(high, Mapping):
        yield _exact(low), _exact(high), ""


def _exact(value: float | Decimal) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(repr(value))


def _shown(value: Decimal, *, percent: bool) -> str:
    return percent_text(float(value)) if percent else plain(value)
