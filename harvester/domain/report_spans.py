"""Which days of reports are to be asked for, and when to look again. Days are the profile's own; no I/O."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta

from harvester.domain.report import Coverage, FailedSpan, Span
from harvester.domain.zones import zone

MOST_DAYS = 31
"""In one report (G:reporting v3, spSearchTerm and spTargeting)."""
KEPT_DAYS = 95
"""By Amazon. The oldest day is not asked for: it may be over before the question arrives."""
RESTATED_AGES, VENDORS_AGE = (1, 7, 28), 14
"""A day is read when it is so many days old: Amazon restates orders then. Those of vendors count for 14 days."""
IN_PART_PAUSE = timedelta(days=7)
"""Before an old day of which rows could not be read is asked for again: not daily for as long as Amazon keeps it."""
MERGED_DAYS = 6
"""So many days in between are read along: each report asked for costs more than its rows."""
FAILED_PAUSES = (timedelta(0), timedelta(minutes=15), timedelta(hours=1), timedelta(hours=6))
"""Before a span that failed is asked for again: after once, after twice, ..."""
FAILURES_COUNT_FOR = timedelta(days=1)
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=5)
AGAIN_PAUSES = (timedelta(0), timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""Before a report whose rows could not be read is downloaded again; after the last it has failed."""


def day_of(moment: datetime, timezone: str) -> date:
    """On the wall of the profile: on the days that the clocks change too."""
    return moment.astimezone(zone(timezone)).date()


def ages_of(*, vendor: bool, skips: Collection[int] = ()) -> Sequence[int]:
    """At which ages a day is read: those at which it is restated, and those of windows.

    A window takes a day that was read at the age of `skip`, and begins to count it a day later: then it is read once
    more, as orders that a shopper has a whole week for are complete only when that is over.
    """
    of_windows = {age for each in skips if each > 0 for age in (each, each + 1)}
    return sorted({*RESTATED_AGES, *of_windows, *([VENDORS_AGE] if vendor else [])})


def spans_to_ask(coverage: Coverage, now: datetime, timezone: str, ages: Sequence[int]) -> Sequence[Span]:
    """What is missing or was read too early, the newest first; nothing that is on its way, or rests after a failure.

    A day of which rows could not be read is asked for again on the day after, an old one a week later.
    """
    today = day_of(now, timezone)
    read = {day: day_of(moment, timezone) for day, moment in coverage.read_at.items()}
    for day in coverage.in_part:
        if today - read[day] >= _again_after(today - day):
            del read[day]
    busy = {day for report in coverage.open for day in report.span.days}
    busy |= {day for span in resting(coverage.failed, now) for day in span.days}
    return spans_due(today, read, busy, ages)


def _again_after(age: timedelta) -> timedelta:
    """What is restated no more will hardly be another report: it may have been our mistake, which an update mends."""
    return timedelta(days=1) if age.days <= RESTATED_AGES[-1] else IN_PART_PAUSE


def spans_due(today: date, read: Mapping[date, date], busy: Collection[date], ages: Sequence[int]) -> Sequence[Span]:
    """`read`: each day that is in, and the day on which its report was asked for. `busy`: not to be asked for."""
    spans: list[Span] = []
    for age in range(1, KEPT_DAYS):
        day = today - timedelta(days=age)
        if day in busy or not _is_due(age, day, read, ages):
            continue
        last = spans[-1] if spans else None
        if last is not None and _reaches(last, day, busy):
            spans[-1] = Span(day, last.last)
        else:
            spans.append(Span(day, day))
    return spans


def resting(failed: Sequence[FailedSpan], now: datetime) -> Mapping[Span, tuple[datetime, str]]:
    """Spans that failed of late, until when they are left alone, and why they failed the last time."""
    times = Counter(each.span for each in failed)
    last = {each.span: each for each in failed}
    until = {span: each.at + FAILED_PAUSES[min(times[span], len(FAILED_PAUSES)) - 1] for span, each in last.items()}
    return {span: (at, last[span].failure) for span, at in until.items() if at > now}


def next_look(asked_at: datetime, polled_at: datetime | None, tries: int) -> datetime:
    """When to try for an open report again: half as long after the last time as it was on its way then."""
    if polled_at is None:
        return asked_at
    pause = min(max((polled_at - asked_at) / 2, FIRST_PAUSE), LONGEST_PAUSE)
    return polled_at + max(pause, AGAIN_PAUSES[min(tries, len(AGAIN_PAUSES) - 1)])


def _is_due(age: int, day: date, read: Mapping[date, date], ages: Sequence[int]) -> bool:
    asked_on = read.get(day)
    if asked_on is None:
        return True
    age_then = (asked_on - day).days
    return any(age_then < each <= age for each in ages)


def _reaches(span: Span, day: date, busy: Collection[date]) -> bool:
    """Whether an older day may be asked for together with a span."""
    between = [day + timedelta(days=each) for each in range(1, (span.first - day).days)]
    if len(between) > MERGED_DAYS or (span.last - day).days >= MOST_DAYS:
        return False
    return not any(each in busy for each in between)
