"""Names of categories, brands and themes are anybody's text."""

import pytest

from harvester.adapters.ads.naming import named


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Kitchen  Towels\r\n", "Kitchen Towels"),
        ("a\x00b", "a b"),
        ("x" * 200, "x" * 200),
        ("x" * 201, "x" * 199 + "…"),
        ("", ""),
    ],
)
def test_a_name_is_one_short_line_that_can_be_stored(text: str, kept: str) -> None:
    """What no column takes is a blank, what nobody would read to its end is cut."""
    assert named(text) == kept
