"""Which days of reports are asked for, and when somebody looks again."""

import itertools
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.domain.history import ReportKind
from harvester.domain.report import Coverage, FailedSpan, OpenReport, Span, term_key
from harvester.domain.report_spans import (
    AGAIN_PAUSES,
    KEPT_DAYS,
    LONGEST_PAUSE,
    MERGED_DAYS,
    MOST_DAYS,
    ages_of,
    day_of,
    next_look,
    resting,
    spans_due,
    spans_to_ask,
)
from harvester.domain.target import fold
from harvester.domain.zones import zone

TODAY = date(2026, 11, 21)
NOW = datetime(2026, 11, 21, 20, 0, tzinfo=UTC)
PACIFIC = "America/Los_Angeles"
SELLERS = ages_of(vendor=False)
QUOTES = "[\"'\u2018\u2019\u201c\u201d]"
NAMED = re.compile(rf"asin(?:-expanded)?\s*=\s*{QUOTES}([a-z0-9]{{10}}){QUOTES}", re.ASCII | re.IGNORECASE)
BARE = re.compile(r"b0[a-z0-9]{8}", re.ASCII | re.IGNORECASE)


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def whole(read_at_age: int = 60) -> dict[date, date]:
    """Every day is in, each read when it was so old, or today where it is younger than that."""
    return {ago(age): ago(max(age - read_at_age, 0)) for age in range(1, KEPT_DAYS)}


def open_report(span: Span) -> OpenReport:
    return OpenReport(1, ReportKind.SEARCH_TERMS, span, None, NOW, None, 0, "")


def test_at_first_everything_that_amazon_keeps_is_asked_for() -> None:
    """From yesterday back, 31 days at a time; the very oldest day may be over before the question arrives."""
    spans = spans_due(TODAY, {}, (), SELLERS)

    assert spans == [Span(ago(31), ago(1)), Span(ago(62), ago(32)), Span(ago(93), ago(63)), Span(ago(94), ago(94))]


def test_where_everything_is_in_nothing_is_asked_for() -> None:
    """Today is never asked for: it is not over."""
    assert spans_due(TODAY, whole(), (), SELLERS) == []


def test_on_the_next_day_what_was_restated_is_read_again() -> None:
    """Days of age 1, 7 and 28; the week in one report with what lies in between."""
    read = {day: on - timedelta(days=0) for day, on in whole().items() if day != ago(1)}
    read[ago(7)], read[ago(28)] = ago(1), ago(1)

    assert spans_due(TODAY, read, (), SELLERS) == [Span(ago(7), ago(1)), Span(ago(28), ago(28))]


def test_orders_of_vendors_are_read_again_when_they_are_complete() -> None:
    """Theirs count for 14 days after the click: without that reading no window of theirs would be whole for weeks."""
    read = {**whole(), ago(14): ago(1)}

    assert spans_due(TODAY, read, (), SELLERS) == []
    assert spans_due(TODAY, read, (), ages_of(vendor=True)) == [Span(ago(14), ago(14))]


def test_the_day_that_a_window_begins_with_comes_with_the_last_week() -> None:
    """The last click of a day has sold for a week when the next day ends: in the same report as the days after it."""
    read = {day: on for day, on in whole().items() if day != ago(1)}
    read[ago(7)], read[ago(8)] = ago(1), ago(1)

    assert spans_due(TODAY, read, (), SELLERS) == [Span(ago(7), ago(1))]
    assert spans_due(TODAY, read, (), ages_of(vendor=False, skips=(7,))) == [Span(ago(8), ago(1))]


def test_windows_that_skip_another_number_of_days_have_their_days_read_then() -> None:
    """A window takes a day that was read when it was 3 days old; on the next one, when it counts, it is read once more."""
    assert ages_of(vendor=False, skips=(3, 0)) == [1, 3, 4, 7, 28]
    assert ages_of(vendor=True, skips=(14,)) == [1, 7, 14, 15, 28]
    assert spans_due(TODAY, {**whole(), ago(3): ago(2)}, (), ages_of(vendor=False, skips=(3,))) == [
        Span(ago(3), ago(3))
    ]


def test_a_day_on_its_way_is_neither_asked_for_nor_read_along() -> None:
    """A span does not reach over it."""
    read = {day: on for day, on in whole().items() if day not in (ago(1), ago(2), ago(5))}

    assert spans_due(TODAY, read, {ago(2), ago(3)}, SELLERS) == [Span(ago(1), ago(1)), Span(ago(5), ago(5))]


def test_what_is_open_or_failed_just_now_is_left_alone() -> None:
    """What failed once is asked for again at once; twice, after a while."""
    first, second, third = (Span(ago(31), ago(1)), Span(ago(62), ago(32)), Span(ago(93), ago(63)))
    failed = [FailedSpan(third, NOW, "once"), *(FailedSpan(second, NOW, "twice"),) * 2]
    coverage = Coverage({}, [open_report(first)], failed)

    assert spans_to_ask(coverage, NOW, PACIFIC, SELLERS) == [third, Span(ago(94), ago(94))]
    assert resting(failed, NOW) == {second: (NOW + timedelta(minutes=15), "twice")}
    assert resting(failed, NOW + timedelta(minutes=15)) == {}


def test_the_age_of_a_reading_is_told_by_the_profiles_days() -> None:
    """Seven in the morning UTC is still yesterday evening in Los Angeles."""
    early = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)
    read_at = {ago(age): NOW for age in range(2, KEPT_DAYS)}

    assert day_of(early, PACIFIC) == ago(1)
    assert spans_to_ask(Coverage(read_at, [], []), early, PACIFIC, SELLERS) == [
        Span(date(2026, 8, 18), date(2026, 8, 18))
    ]
    assert spans_to_ask(Coverage(read_at, [], []), early, "UTC", SELLERS) == [Span(ago(1), ago(1))]


@pytest.mark.parametrize("day", [date(2026, 3, 8), date(2026, 11, 1)])
def test_days_of_23_and_of_25_hours_are_one_day(day: date) -> None:
    """From the hour before midnight to the hour after, whichever way the clocks went."""
    start = datetime(day.year, day.month, day.day, tzinfo=zone(PACIFIC))
    end = datetime(day.year, day.month, day.day + 1, tzinfo=zone(PACIFIC))

    moments = [start.astimezone(UTC), end.astimezone(UTC) - timedelta(seconds=1), end.astimezone(UTC)]

    assert [day_of(moment, PACIFIC) for moment in moments] == [day, day, day + timedelta(days=1)]


@given(
    ages=st.lists(st.integers(1, KEPT_DAYS - 1), unique=True),
    busy=st.sets(st.integers(1, KEPT_DAYS - 1)),
    read_ages=st.lists(st.integers(1, KEPT_DAYS), min_size=KEPT_DAYS, max_size=KEPT_DAYS),
    vendor=st.booleans(),
)
def test_spans_cover_what_is_due_and_little_else(
    ages: list[int], busy: set[int], read_ages: list[int], vendor: bool
) -> None:
    """Every day that is due stands in exactly one span of at most 31 days, which holds no busy one and no long gap."""
    steps = ages_of(vendor=vendor)
    read = {ago(age): ago(age - min(read_ages[age], age)) for age in ages}
    spans = spans_due(TODAY, read, {ago(age) for age in busy}, steps)
    asked = [day for span in spans for day in span.days]

    def is_due(age: int) -> bool:
        then = min(read_ages[age], age)
        return age not in ages or any(then < step <= age for step in steps)

    due = {ago(age) for age in range(1, KEPT_DAYS) if age not in busy and is_due(age)}
    assert len(asked) == len(set(asked))
    assert due <= set(asked)
    assert not set(asked) & {ago(age) for age in busy}
    assert all(len(span.days) <= MOST_DAYS and span.first in due and span.last in due for span in spans)
    for span in spans:
        inside = [day in due for day in span.days]
        assert "0" * (MERGED_DAYS + 1) not in "".join("1" if each else "0" for each in inside)
    assert max(asked, default=ago(1)) <= ago(1)
    assert min(asked, default=ago(1)) >= ago(KEPT_DAYS - 1)


def test_asking_when_everything_has_come_asks_for_nothing() -> None:
    """What is due today is not due once more today."""
    read = dict.fromkeys([ago(age) for age in range(1, KEPT_DAYS)], TODAY)

    assert spans_due(TODAY, read, (), ages_of(vendor=True)) == []


def test_a_report_is_looked_after_less_and_less_often() -> None:
    """At once, after a second, then half as long again each time, at most five minutes later."""
    moments = [next_look(NOW, None, 0)]
    while moments[-1] < NOW + timedelta(hours=3):
        moments.append(next_look(NOW, moments[-1], 0))
    pauses = [later - earlier for earlier, later in itertools.pairwise(moments)]

    assert moments[0] == NOW
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=1), LONGEST_PAUSE)
    assert len(pauses) < 60


def test_a_file_that_could_not_be_read_is_fetched_again_after_a_while() -> None:
    """The longer the more often it was in vain."""
    pauses = [next_look(NOW, NOW, tries) - NOW for tries in range(len(AGAIN_PAUSES) + 2)]

    assert pauses == [timedelta(seconds=1), *AGAIN_PAUSES[1:], AGAIN_PAUSES[-1], AGAIN_PAUSES[-1]]


def test_a_span_says_its_days() -> None:
    """One day is said as one."""
    assert str(Span(ago(2), ago(1))) == "2026-11-19 to 2026-11-20"
    assert str(Span(ago(1), ago(1))) == "2026-11-20"
    assert Span(ago(2), ago(1)).days == [ago(2), ago(1)]


@pytest.mark.parametrize(
    ("term", "key"),
    [
        ("Running  Shoes ", "running shoes"),
        ("STRASSE", "strasse"),
        ("straße", "strasse"),
        ("b07abc1234", "B07ABC1234"),
        (" B07ABC1234 ", "B07ABC1234"),
        ('asin="b07abc1234"', "B07ABC1234"),
        ('asin = "0306406152"', "0306406152"),
        ("ASIN='b07abc1234'", "B07ABC1234"),
        ("asin-expanded=“B07ABC1234”", "B07ABC1234"),
        ("0306406152", "0306406152"),
        ("toothbrush", "toothbrush"),
        ("*", "*"),
    ],
)
def test_a_term_is_known_by_its_folded_text_or_its_asin(term: str, key: str) -> None:
    """However a shopper, or Amazon, has written it."""
    assert term_key(term) == key


@given(
    st.one_of(
        st.text(),
        st.text('bB0aAsSiInNkK="7 \t\x1c\x85\xa0\u2028\uff42\u212aß'),
        st.from_regex(NAMED),
        st.from_regex(BARE),
    )
)
def test_the_quick_look_at_a_term_misses_no_asin(term: str) -> None:
    """Most terms are told by how they begin to be none: with these two patterns at every term the keys are the same."""
    named, bare = NAMED.fullmatch(term.strip()), BARE.fullmatch(term.strip())

    assert term_key(term) == (named.group(1).upper() if named else term.strip().upper() if bare else fold(term))


@pytest.mark.parametrize(("age", "after"), [(20, 1), (27, 1), (28, 7), (40, 7)])
def test_a_day_that_was_read_in_part_is_asked_for_again_on_a_later_day(age: int, after: int) -> None:
    """Not at once: what Amazon sends now it sends a minute later too. Of what it restates no more, a week later."""
    day = ago(age)
    read = {ago(each): NOW for each in range(1, 95)}

    def asked(days: int) -> bool:
        spans = spans_to_ask(Coverage(read, [], [], {day}), NOW + timedelta(days=days), "UTC", ages_of(vendor=False))
        return any(day in span.days for span in spans)

    assert [asked(days) for days in range(9)] == [days >= after for days in range(9)]
