"""What the demo shows of a cycle."""

import pytest

from harvester.entrypoints.cli.cycle import worth_showing


@pytest.mark.parametrize(("profiles", "shown"), [(0, 0), (3, 3), (8, 8), (9, 3), (1000, 3)])
def test_of_many_profiles_the_first_few_are_shown(profiles: int, shown: int) -> None:
    """A thousand would scroll past whoever waits for the list of plans."""
    assert list(worth_showing(range(profiles))) == list(range(shown))
