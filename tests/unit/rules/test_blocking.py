"""What a negative keyword shuts out."""

import pytest

from harvester.domain.target import Match
from harvester.rules.blocking import blocks, protected_by
from harvester.rules.sections import Protect


@pytest.mark.parametrize(
    ("negative", "match", "text", "blocked"),
    [
        ("yoga mat", Match.EXACT, "yoga mat", True),
        ("yoga mat", Match.EXACT, "mats for yoga", True),
        ("yoga mat", Match.EXACT, "blue yoga mat", False),
        ("yoga mat", Match.PHRASE, "blue yoga mats", True),
        ("yoga mat", Match.PHRASE, "yogamat", True),
        ("yoga mat", Match.PHRASE, "yoga for mat lovers", True),
        ("yoga mat", Match.PHRASE, "mat blue yoga", False),
        ("for", Match.PHRASE, "shoes for men", True),
        ("cord", Match.PHRASE, "cordless phone", False),
        ("B000000001", Match.SAME, "B000000001", True),
        ("B000000001", None, "B000000002", False),
    ],
)
def test_a_negative_meets_its_variants_and_a_phrase_what_holds_it(
    negative: str, match: Match | None, text: str, blocked: bool
):
    """Words as they stand, and in the forms that variants share."""
    assert blocks(negative, match, text, "US") is blocked


def test_plurals_are_those_of_the_marketplace():
    """In Germany a `Matte` meets `Matten`, and in an English marketplace not."""
    assert blocks("yoga matte", Match.PHRASE, "rote yoga matten", "DE")
    assert not blocks("yoga matte", Match.PHRASE, "rote yoga matten", "US")


def test_what_is_protected_is_not_shut_out_by_what_it_holds():
    """A phrase of some of its words, or the text itself in the plural; patterns are not asked."""
    protect = Protect(keywords=("/gnome/", "acme gnome hats"))

    assert protected_by(protect, "gnome hat", Match.PHRASE, "US") == "acme gnome hats"
    assert protected_by(protect, "acme gnome hat", Match.EXACT, "US") == "acme gnome hats"
    assert protected_by(protect, "gnome hat", Match.EXACT, "US") is None
