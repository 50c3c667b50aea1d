"""On which day of a profile something happened: Postgres and the program say the same."""

from datetime import UTC, datetime, timedelta

from harvester.domain.report_spans import day_of

from .conftest import Sql

ZONES = (
    "America/Los_Angeles", "America/Sao_Paulo", "Europe/London", "Europe/Paris", "Africa/Cairo", "Asia/Kolkata", "Asia/Tokyo",
    "Australia/Sydney", "UTC", "Mars/Olympus_Mons", "", "America/Los Angeles",
)  # fmt: skip
CHANGES = (
    datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC), datetime(2026, 4, 5, tzinfo=UTC),
    datetime(2026, 10, 4, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC),
)  # fmt: skip
"""Days on which clocks go forward or back somewhere."""


async def test_both_know_the_same_day_of_a_profile(sql: Sql):
    """Every quarter of an hour of the three days around each change; a name that is none is UTC to both."""
    moments = [day + timedelta(minutes=15 * each - 1) for day in CHANGES for each in range(-96, 192)]
    asked = [(moment, zone) for zone in ZONES for moment in moments]

    rows = await sql.fetch(
        "SELECT at, zone, harvester.local_day(at, zone) AS day FROM unnest($1::timestamptz[], $2::text[]) AS asked (at, zone)",
        [moment for moment, _ in asked], [zone for _, zone in asked],
    )  # fmt: skip

    assert len(rows) == len(asked)
    assert [row for row in rows if row["day"] != day_of(row["at"], row["zone"])] == []
