"""The schedule: cron on the wall clock of a profile, with the time handed in."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.adapters.calendar import CronCalendar

LOS_ANGELES, PARIS, TOKYO = "America/Los_Angeles", "Europe/Paris", "Asia/Tokyo"
DAILY = CronCalendar("30 2 * * *")
MORNING = CronCalendar("30 6 * * *")


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fired(calendar: CronCalendar, timezone: str, since: str, until: str) -> list[str]:
    """Every moment after `since`, up to `until`."""
    moments, now, end = [], utc(since), utc(until)
    while (now := calendar.next_due(timezone, now)) <= end:
        moments.append(f"{now:%m-%d %H:%M}")
    return moments


@pytest.mark.parametrize(
    ("timezone", "since", "until", "moments"),
    [
        # clocks go from 02:00 to 03:00 on March 8: after the gap, once
        (LOS_ANGELES, "2026-03-07T12:00", "2026-03-10T00:00", ["03-08 10:30", "03-09 09:30"]),
        # clocks go from 02:00 back to 01:00 on November 1; 02:30 comes once
        (LOS_ANGELES, "2026-10-31T12:00", "2026-11-02T20:00", ["11-01 10:30", "11-02 10:30"]),
        # from 02:00 to 03:00 on March 29, and from 03:00 back to 02:00 on October 25: 02:30 comes twice, the first counts
        (PARIS, "2026-03-28T12:00", "2026-03-30T12:00", ["03-29 01:30", "03-30 00:30"]),
        (PARIS, "2026-10-24T12:00", "2026-10-26T12:00", ["10-25 00:30", "10-26 01:30"]),
        (TOKYO, "2026-03-28T12:00", "2026-03-30T12:00", ["03-28 17:30", "03-29 17:30"]),
    ],
)
def test_a_named_hour_fires_once_a_day(timezone: str, since: str, until: str, moments: list[str]) -> None:
    """Through the nights when clocks change, and where they never do."""
    assert fired(DAILY, timezone, since, until) == moments


def test_every_hour_goes_by_elapsed_time() -> None:
    """A night of 23 hours has 23 of them, one of 25 hours has 25."""
    hourly = CronCalendar("0 * * * *")

    assert len(fired(hourly, PARIS, "2026-03-28T23:00", "2026-03-29T22:00")) == 23
    assert len(fired(hourly, PARIS, "2026-10-24T22:00", "2026-10-25T23:00")) == 25


def test_a_leap_day_comes_every_four_years() -> None:
    """And is found however far away it is."""
    leap = CronCalendar("0 6 29 2 *")

    assert leap.next_due("UTC", utc("2026-11-26T00:00")) == utc("2028-02-29T06:00")
    assert leap.last_due("UTC", utc("2026-11-26T00:00")) == utc("2024-02-29T06:00")


@pytest.mark.parametrize(
    ("cron", "weekday"), [("0 6 * * 0", 6), ("0 6 * * 7", 6), ("0 6 * * 1", 0), ("0 6 * * sun", 6)]
)
def test_weekdays_are_those_of_cron(cron: str, weekday: int) -> None:
    """Sunday is 0 and 7, and Monday is 1."""
    assert CronCalendar(cron).next_due("UTC", utc("2026-11-26T00:00")).weekday() == weekday


def test_a_zone_that_nobody_knows_is_utc() -> None:
    """A profile is harvested all the same."""
    assert MORNING.next_due("Mars/Olympus", utc("2026-11-26T06:00")) == utc("2026-11-26T06:30")


@given(
    st.sampled_from([LOS_ANGELES, PARIS, TOKYO, "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"]),
    st.sampled_from(
        ["30 6 * * *", "30 2 * * *", "0 0 * * *", "*/20 * * * *", "0 */6 * * *", "15 1,2,3 * * *", "@weekly"]
    ),
    st.datetimes(datetime(2024, 1, 1), datetime(2028, 12, 31)),
)
def test_last_and_next_enclose_every_moment(timezone: str, cron: str, moment: datetime) -> None:
    """No moment of the schedule lies between them, none is skipped, and both look alike from either side."""
    calendar, now = CronCalendar(cron), moment.replace(tzinfo=UTC)
    last, following = calendar.last_due(timezone, now), calendar.next_due(timezone, now)

    assert last <= now < following
    assert calendar.next_due(timezone, last) == following
    assert calendar.last_due(timezone, following - timedelta(microseconds=1)) == last
