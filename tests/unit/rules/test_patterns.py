"""Which regular expressions of the rules file could keep a plan waiting."""

import pytest

from harvester.rules.patterns import repeats_a_repeat


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+",
        "^(a+)+$",
        "([a-z]+)*b",
        "(.*a){20}",
        "(?:a{2,})+x",
        "((ab*)c)*d",
        "(?i:x+ ?){2,5}y",
        "(?P<word>\\w+\\s*)+!",
        "(a*?)+?b",
        "([)]+)+x",
    ],
)
def test_a_repeat_in_a_repeat_is_found(pattern: str):
    """However the groups are written and however deep the inner one lies."""
    assert repeats_a_repeat(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "^acme\\b",
        "acme.*tools",
        "(foo|bar)+",
        "(?:[a-z]{2})+-x",
        "a+b+(c)d*",
        "(a+)b",
        "(a+)?b",
        "(a+){1}b",
        "\\(a+\\)+",
        "[(a+)+]+x",
        "(x\\+)+",
        "(?i)acme+",
        "a{,3}",
        "{a}+",
    ],
)
def test_what_repeats_once_is_left_alone(pattern: str):
    """Escaped signs, sets and fixed numbers are no repeats."""
    assert not repeats_a_repeat(pattern)
