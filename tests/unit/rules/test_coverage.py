"""Which days are in, which windows are whole, and how windows are cut into stretches."""

from bisect import bisect_right
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as some

from harvester.domain.coverage import gap_of, gaps_of, stretches_of
from harvester.domain.history import Gap, Totals, Window
from harvester.domain.report import Coverage
from harvester.domain.report_spans import ages_of, spans_to_ask

TODAY = date(2026, 11, 27)
WINDOWS = some.builds(Window, some.integers(1, 40), some.integers(0, 20))


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def test_a_window_is_whole_when_each_day_was_read_late_enough():
    """A day counts from the age at which its window leaves days out."""
    window = Window(3, 2)
    days = [ago(age) for age in (5, 4, 3)]

    assert gap_of(window, dict.fromkeys(days, TODAY), TODAY) is None
    assert gap_of(window, {**dict.fromkeys(days, TODAY), days[1]: days[1] + timedelta(days=2)}, TODAY) is None
    assert gap_of(window, {**dict.fromkeys(days, TODAY), days[1]: days[2]}, TODAY) == Gap(0, 1, days[1])
    assert gap_of(window, {days[2]: TODAY}, TODAY) == Gap(2, 0, days[0])
    assert gap_of(window, {days[0]: days[0], days[2]: TODAY}, TODAY) == Gap(1, 1, days[0])
    assert gaps_of([window, Window(1, 2)], {days[2]: TODAY}, TODAY) == {window: Gap(2, 0, days[0])}


@given(window=WINDOWS, read=some.dictionaries(some.integers(1, 60), some.integers(0, 60), max_size=60))
def test_gaps_are_those_of_a_naive_count(window: Window, read: dict[int, int]):
    """Day by day: in no report, or asked for before it was as old as the window demands."""
    known = {ago(age): ago(asked) for age, asked in read.items()}
    days = [each for each in range(1, 100) if window.first(TODAY) <= ago(each) <= window.last(TODAY)]
    missing = [age for age in days if age not in read]
    immature = [age for age in days if age in read and age - read[age] < window.skip]

    gap = gap_of(window, known, TODAY)

    assert len(days) == window.days
    assert gap == (Gap(len(missing), len(immature), ago(max(missing + immature))) if missing or immature else None)


@given(
    windows=some.sets(WINDOWS, min_size=1, max_size=5),
    clicks=some.dictionaries(some.integers(0, 70), some.integers(0, 9), max_size=70),
)
def test_totals_of_windows_are_those_of_a_naive_sum(windows: set[Window], clicks: dict[int, int]):
    """Summed by stretch first, as Postgres does, and then by window: nothing is lost, nothing counts twice."""
    stretches = stretches_of(windows, TODAY)
    by_stretch: dict[int, Totals] = {}
    for age, number in clicks.items():
        stretch = bisect_right(stretches.starts, ago(age))  # what width_bucket answers
        by_stretch[stretch] = by_stretch.get(stretch, Totals()).plus(Totals(clicks=number, cost=number * 3))

    summed = stretches.summed(by_stretch)

    for window in windows:
        inside = [n for age, n in clicks.items() if window.first(TODAY) <= ago(age) <= window.last(TODAY)]
        assert (window in summed) is bool(inside)
        assert summed.get(window, Totals()) == Totals(clicks=sum(inside), cost=sum(inside) * 3)


PLACES = some.sampled_from(
    ["America/Los_Angeles", "Europe/London", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney", "Pacific/Chatham"]
)
BEGINNINGS = some.datetimes(datetime(2026, 3, 1), datetime(2026, 11, 10), timezones=some.just(UTC))


@settings(max_examples=60, deadline=None)
@given(place=PLACES, begun=BEGINNINGS, hours=some.lists(some.floats(0.1, 400), max_size=8), vendor=some.booleans())
def test_windows_are_whole_after_each_look_wherever_the_profile_is(
    place: str, begun: datetime, hours: list[float], vendor: bool
) -> None:
    """Looked after every few minutes or weeks, across days of 23 and 25 hours: no day counts that is not over there, each
    was read at the age that its window demands, and what was read already is not asked for once more on the same day.
    """
    skip = 14 if vendor else 7
    windows = [Window(60, skip), Window(30, 0), Window(9, 3)]
    ages = ages_of(vendor=vendor, skips=(0, 3, skip))
    read_at: dict[date, datetime] = {}
    now = begun
    for pause in [0.0, *hours]:
        now += timedelta(hours=pause)
        there = now.astimezone(ZoneInfo(place))
        spans = spans_to_ask(Coverage(read_at, (), ()), now, place, ages)
        asked = [day for span in spans for day in span.days]
        read_at |= dict.fromkeys(asked, now)

        assert all(day < there.date() and (there.date() - day).days < 95 for day in asked)
        assert len(asked) == len(set(asked))
        assert all(len(span.days) <= 31 for span in spans)
        assert not spans_to_ask(Coverage(read_at, (), ()), now, place, ages)
        read = {day: at.astimezone(ZoneInfo(place)).date() for day, at in read_at.items()}
        assert gaps_of(windows, read, there.date()) == {}
        newest = windows[0].last(there.date())
        assert (read[newest] - newest).days > skip, "its orders are complete"
        tomorrow = there.date() + timedelta(days=1)
        assert Window(30, 0) in gaps_of(windows, read, tomorrow)


def test_nothing_in_a_window_is_no_entry():
    """A stretch that lies in none of the windows counts for none."""
    stretches = stretches_of([Window(2, 10), Window(2, 1)], TODAY)

    assert stretches.summed({2: Totals(clicks=5)}) == {}
    assert stretches.starts == (ago(12), ago(10), ago(3), ago(1))
