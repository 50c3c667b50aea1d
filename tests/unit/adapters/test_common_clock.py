"""What time it is goes by Postgres, and a slow answer is no difference."""

from datetime import UTC, datetime, timedelta

import pytest

from harvester.adapters.common_clock import CommonClock

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("answer_seconds", [0.01, 30])
def test_a_slow_answer_is_no_difference(answer_seconds: float) -> None:
    """Whenever between question and answer Postgres looked at its clock, ours may be right."""
    clock = CommonClock()

    clock.compare(NOON, NOON + SECOND * answer_seconds / 2, NOON + SECOND * answer_seconds)

    assert clock.off == timedelta()


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_clock_that_is_off_is_set(hours: int) -> None:
    """To what Postgres said, up to the time its answer took; the next answer that agrees changes nothing."""
    clock, off = CommonClock(), timedelta(hours=hours)
    ours = NOON + off

    clock.compare(ours, NOON, ours + SECOND)

    assert off <= clock.off <= off + SECOND
    first = clock.off
    clock.compare(ours + 10 * SECOND, NOON + 11 * SECOND, ours + 12 * SECOND)
    assert clock.off == first
    assert abs(clock.now() - (clock.own() - off)) <= 2 * SECOND


def test_a_clock_that_was_put_right_is_believed_again() -> None:
    """Somebody has mended the machine."""
    clock = CommonClock()
    clock.compare(NOON + timedelta(hours=1), NOON, NOON + timedelta(hours=1))

    clock.compare(NOON, NOON + SECOND / 2, NOON + SECOND)

    assert clock.off == timedelta()
