"""What a rules file says about windows and money: whether its source delivers it, and whether economics are there."""

from collections.abc import Iterator

from harvester.rules.checks.evidence import Metric
from harvester.rules.conditions import Condition
from harvester.rules.window_scalars import factor_of
from harvester.rules.windows import thresholds
from harvester.rules.wording import Path, Problem

_ON_TERMS = "`match: {source: search_terms}`"


def unmeasured(path: Path, condition: Condition) -> Iterator[Problem]:
    """What recommendations do not come with: they have clicks and conversions of no window in particular."""
    for key, threshold in thresholds(condition):
        at = (*path, key)
        if key not in set(Metric):
            yield Problem(at, f"recommendations come with clicks and conversions only; {key} goes with {_ON_TERMS}")
            continue
        for name in ("window", "exclude_recent"):
            if getattr(threshold, name) is not None:
                why = "recommendations come with one count of clicks and conversions, of days that Amazon chooses"
                yield Problem((*at, name), f"{why}; windows go with {_ON_TERMS}")
        for name in ("at_least", "at_most"):
            said = getattr(threshold, name)
            if isinstance(said, str):
                unit = factor_of(said)[1]
                yield Problem((*at, name), f"`{said}` goes with {_ON_TERMS}: only there it is known what is {unit}")
    for key, parts in (("all", condition.all), ("any", condition.any)):
        for place, part in enumerate(parts or ()):
            yield from unmeasured((*path, key, place), part)
    if condition.not_ is not None:
        yield from unmeasured((*path, "not"), condition.not_)
