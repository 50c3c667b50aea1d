"""Which days of reports are in, and what of windows can be relied on."""

from collections.abc import Iterable, Mapping
from datetime import date, timedelta

import msgspec

from harvester.domain.history import Gap, Totals, Window

Read = Mapping[date, date]
"""Day -> the day on which the report was asked for that it was last read from; both the profile's own."""

_DAY = timedelta(days=1)


def gap_of(window: Window, read: Read, today: date) -> Gap | None:
    """Why nothing can be decided from a window; None where it is whole."""
    first = window.first(today)
    missing, immature = [], []
    for day in (first + _DAY * place for place in range(window.days)):
        asked = read.get(day)
        if asked is None:
            missing.append(day)
        elif (asked - day).days < window.skip:
            immature.append(day)
    if not missing and not immature:
        return None
    return Gap(len(missing), len(immature), min(missing + immature))


def gaps_of(windows: Iterable[Window], read: Read, today: date) -> Mapping[Window, Gap]:
    """Of those that are not whole."""
    found = {window: gap_of(window, read, today) for window in windows}
    return {window: gap for window, gap in found.items() if gap is not None}


class Stretches(msgspec.Struct, frozen=True):
    """The days of several windows, cut wherever one of them begins or ends: a stretch lies in a window or outside it.

    Stretch n (from 1) begins on `starts[n - 1]` and ends before `starts[n]`; the last start only ends the one before.
    """

    starts: tuple[date, ...]
    of: Mapping[Window, range]
    """The stretches of each window."""

    def summed(self, stretches: Mapping[int, Totals]) -> Mapping[Window, Totals]:
        """By window, from totals by stretch; a window without any is left out."""
        sums: dict[Window, Totals] = {}
        for window, mine in self.of.items():
            for stretch, totals in stretches.items():
                if stretch in mine:
                    before = sums.get(window)
                    sums[window] = totals if before is None else before.plus(totals)
        return sums


def stretches_of(windows: Iterable[Window], today: date) -> Stretches:
    """Of at least one window."""
    ends = {window: (window.first(today), window.last(today) + _DAY) for window in windows}
    starts = tuple(sorted({day for both in ends.values() for day in both}))
    place = {day: number for number, day in enumerate(starts, start=1)}
    return Stretches(starts, {window: range(place[first], place[end]) for window, (first, end) in ends.items()})
