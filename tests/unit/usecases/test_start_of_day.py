"""The day that the guard counts is the profile's own."""

from datetime import UTC, datetime

import pytest

from harvester.domain.ids import ProfileId
from harvester.domain.profile import Profile, Region
from harvester.usecases.make_plan import _start_of_day


def start_of_day(now: str, timezone: str) -> datetime:
    profile = Profile(ProfileId("1"), "main", Region.NA, "US", "USD", timezone, "seller", "Shop")
    return _start_of_day(datetime.fromisoformat(now).replace(tzinfo=UTC), profile).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "timezone", "start"),
    [
        ("2026-11-21T07:59", "America/Los_Angeles", "2026-11-20T08:00"),
        ("2026-11-21T08:00", "America/Los_Angeles", "2026-11-21T08:00"),
        ("2026-03-08T20:00", "America/Los_Angeles", "2026-03-08T08:00"),  # clocks went forward at two
        ("2026-11-01T20:00", "America/Los_Angeles", "2026-11-01T07:00"),  # and back
        ("2026-11-20T18:30", "Asia/Kolkata", "2026-11-20T18:30"),
        ("2026-11-20T15:00", "Asia/Tokyo", "2026-11-20T15:00"),
        ("2026-04-24T03:00", "Africa/Cairo", "2026-04-23T22:00"),  # midnight itself was left out
    ],
)
def test_it_begins_at_midnight_there(now: str, timezone: str, start: str):
    """Also on the days on which the clocks change."""
    assert start_of_day(now, timezone) == datetime.fromisoformat(start).replace(tzinfo=UTC)


@pytest.mark.parametrize("timezone", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "America", "x" * 5000])
def test_a_zone_that_nobody_knows_is_utc(timezone: str):
    """Whatever Amazon sends: it stops no plan."""
    assert start_of_day("2026-11-21T07:59", timezone) == datetime(2026, 11, 21, tzinfo=UTC)
