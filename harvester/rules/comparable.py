"""Bounds that say something about one another: of windows within windows, and of what a figure needs."""

from collections.abc import Iterator, Mapping

from harvester.domain.history import SELLERS_SKIP_DAYS, VENDORS_SKIP_DAYS, Window
from harvester.rules.checks.evidence import Bound, Metric, Side
from harvester.rules.checks.windowed import USUAL_SKIP, Measure, Unit, WindowBound

_SUMS = frozenset({Measure.IMPRESSIONS, Measure.CLICKS, Measure.SPEND, Measure.ORDERS, Measure.SALES})
"""What more days can only add to."""
_DIVIDED_BY: Mapping[Measure, tuple[Measure, ...]] = {
    Measure.CPC: (Measure.CLICKS,),
    Measure.CTR: (Measure.IMPRESSIONS,),
    Measure.CONVERSION_RATE: (Measure.CLICKS,),
    Measure.ACOS: (Measure.SALES, Measure.ORDERS),
    Measure.ROAS: (Measure.SPEND,),
    Measure.AOV: (Measure.ORDERS,),
}
"""Sales that no order is counted for are an oddity of a report: no rule is written for them."""
_DIVIDED: Mapping[Measure, tuple[Measure, ...]] = {
    Measure.CPC: (Measure.SPEND,),
    Measure.CTR: (Measure.CLICKS,),
    Measure.CONVERSION_RATE: (Measure.ORDERS,),
    Measure.ACOS: (Measure.SPEND,),
    Measure.ROAS: (Measure.SALES, Measure.ORDERS),
    Measure.AOV: (Measure.SALES,),
}


def never_less(narrow: Bound | WindowBound, wide: Bound | WindowBound) -> bool:
    """Whether what `wide` measures is surely no less than what `narrow` does, so that their values can be compared."""
    if narrow.about == wide.about:
        return True
    return (
        isinstance(narrow, WindowBound)
        and isinstance(wide, WindowBound)
        and (narrow.measure, narrow.unit, narrow.amounts) == (wide.measure, wide.unit, wide.amounts)
        and narrow.measure in _SUMS
        and narrow.unit is not Unit.EXPECTED
        and all(_lies_within(narrow.window, wide.window, usual) for usual in _USUAL_SKIPS)
    )


_USUAL_SKIPS = (SELLERS_SKIP_DAYS, VENDORS_SKIP_DAYS)


def _lies_within(narrow: Window, wide: Window, usual: int) -> bool:
    newest, wide_newest = (usual if each.skip == USUAL_SKIP else each.skip for each in (narrow, wide))
    return newest >= wide_newest and newest + narrow.days <= wide_newest + wide.days


def counts_needed(bound: Bound | WindowBound, *, more_than_nothing: bool) -> Iterator[Bound | WindowBound]:
    """Bounds of `at most 0` that must not hold for a figure to be measured, and to be `more_than_nothing`."""
    if isinstance(bound, Bound):
        if bound.metric is Metric.CONVERSION_RATE:
            yield Bound(Metric.CLICKS, Side.AT_MOST, 0)
            if more_than_nothing:
                yield Bound(Metric.CONVERSIONS, Side.AT_MOST, 0)
        return
    needed = _DIVIDED_BY.get(bound.measure, ())
    if more_than_nothing and bound.measure in _DIVIDED and not bound.amounts:
        needed += _DIVIDED[bound.measure]
    yield from (WindowBound(each, Side.AT_MOST, 0, bound.window) for each in needed)
