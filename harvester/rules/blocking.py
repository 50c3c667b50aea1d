"""What a negative meets: the text itself and its close variants; a phrase, whatever holds its words in a row."""

from functools import lru_cache
from typing import NamedTuple

from harvester.domain.target import Match, fold
from harvester.rules.sections import Protect
from harvester.rules.variants import singular, variant_keys, variant_words

_MOST_REMEMBERED = 16_384


class Forms(NamedTuple):
    shared: frozenset[str]
    """What close variants share."""
    in_a_row: str
    """The words that count, each in the form that it shares with its plural, between blanks."""


@lru_cache(_MOST_REMEMBERED)
def forms_of(folded: str, country: str) -> Forms:
    words = variant_words(folded, country)
    in_a_row = f" {' '.join(singular(word, country) for word in words)} "
    return Forms(frozenset(variant_keys(words, country)), in_a_row)


def blocks(negative: str, match: Match | None, text: str, country: str) -> bool:
    """Whether a negative keyword shuts out this search, or a keyword of one's own; both texts are folded."""
    mine, theirs = forms_of(negative, country), forms_of(text, country)
    if match is Match.PHRASE and (f" {negative} " in f" {text} " or mine.in_a_row in theirs.in_a_row):
        return True
    return not mine.shared.isdisjoint(theirs.shared)


def protected_by(protect: Protect, negative: str, match: Match | None, country: str) -> str | None:
    """The first entry under protect.keywords that a negative keyword would shut out. Patterns are not asked: what they
    find nobody can write down.
    """
    texts = (entry for entry in protect.keywords if not entry.startswith("/"))
    return next((entry for entry in texts if blocks(negative, match, fold(entry), country)), None)
