"""What an error means for the slot that met it."""

from datetime import UTC, datetime, timedelta

import pytest

from harvester.domain.errors import (
    AccountClosed,
    HarvesterError,
    LeaseLost,
    Misconfigured,
    PageBroken,
    ProfileBusy,
    Refused,
    Rejected,
    Unavailable,
)
from harvester.domain.slot import Failed, SetAside
from harvester.usecases.work_slot import result_of

NOW = datetime(2026, 11, 26, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("error", "failures", "seconds", "counts"),
    [
        (ProfileBusy("busy"), 3, 15, False),
        (LeaseLost("lost"), 3, 5, False),
        (Unavailable("throttled", 429), 0, 15 * 60, True),
        (Unavailable("throttled", 429), 1, 30 * 60, True),
        (Unavailable("throttled", 429), 3, 2 * 3600, True),
        (Unavailable("throttled", 429), 99, 6 * 3600, True),
        (Unavailable("throttled", 429, 3600.0), 0, 3600, True),
        (Unavailable("throttled", 429, 1e12), 0, 6 * 3600, True),
        (Unavailable("away", 503), 0, 60, True),
        (Unavailable("away"), 2, 240, True),
        (Unavailable("away"), 1000, 3600, True),
        (PageBroken("in circles"), 0, 60, True),
        (PageBroken("in circles"), 1, 120, True),
    ],
)
def test_what_passes_is_tried_again_more_and_more_slowly(
    error: HarvesterError, failures: int, seconds: int, counts: bool
) -> None:
    """Set aside for so long; somebody else's work on the profile is no failure of its own."""
    assert result_of(error, failures, NOW) == SetAside(NOW + timedelta(seconds=seconds), str(error), counts)


@pytest.mark.parametrize(
    ("error", "failures"),
    [
        (AccountClosed("revoked", 400, "invalid_grant", None, "main"), 0),
        (Rejected("no access", 403), 0),
        (Refused("a rule said no"), 0),
        (Misconfigured("no such table"), 0),
        (PageBroken("in circles"), 2),
    ],
)
def test_what_needs_a_change_fails(error: HarvesterError, failures: int) -> None:
    """With the sentence that says what; the schedule's next slot tries again."""
    assert result_of(error, failures, NOW) == Failed(str(error))
