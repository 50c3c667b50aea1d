"""How long to wait before asking again."""

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST_BACKOFF_SECONDS = 60.0
LONGEST_RETRY_AFTER_SECONDS = 300.0


def backoff_seconds(failures: int, first_seconds: float, random: float) -> float:
    """Full jitter over 2, 4, 8 ... s (`first_seconds` doubled per failure), never over a minute.

    `random` is in [0, 1); `failures` counts from 1. Amazon Ads guide, rate limiting.
    """
    ceiling = min(LONGEST_BACKOFF_SECONDS, first_seconds * 2.0 ** min(failures - 1, 30))
    return ceiling * random


def retry_after_seconds(text: str | None, now: datetime) -> float | None:
    """What a Retry-After header asks for: whole seconds or an HTTP date, at most five minutes.

    None where it is absent, unreadable or not in the future: then the caller's own backoff holds.
    """
    if text is None:
        return None
    seconds = _seconds(text.strip(), now)
    if seconds is None or not seconds > 0:
        return None
    return min(seconds, LONGEST_RETRY_AFTER_SECONDS)


def _seconds(text: str, now: datetime) -> float | None:
    try:
        seconds = float(text)
    except ValueError:
        return _until(text, now)
    return None if math.isnan(seconds) else seconds


def _until(text: str, now: datetime) -> float | None:
    try:
        when = parsedate_to_datetime(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=UTC)
    return (when - now).total_seconds()
