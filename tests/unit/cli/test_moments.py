"""What is said of a moment that is none."""

from datetime import datetime

import click
import pytest

from harvester.entrypoints.cli.moments import Moment


@pytest.mark.parametrize(
    ("written", "meant"),
    [("2026-11-20", datetime(2026, 11, 20)), ("2026-11-20T18:30", datetime(2026, 11, 20, 18, 30))],
)
def test_a_day_or_a_time_is_taken(written: str, meant: datetime) -> None:
    """The day begins at midnight."""
    assert Moment().convert(written, None, None) == meant


def test_anything_else_is_refused_with_an_example() -> None:
    """No pattern of letters and percent signs: nobody types those."""
    with pytest.raises(click.BadParameter, match="write a day like 2026-11-20 or a time like 2026-11-20T18:30"):
        Moment().convert("tomorrow", None, None)
