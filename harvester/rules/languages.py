"""How the languages of Amazon's marketplaces make plurals, and which of their words count for nothing in a search.

Rough on purpose: what is told alike here is only ever held, never acted on. Letters come without accents.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

_FEWEST_LETTERS = 3
"""Are left of a word, whatever is taken off."""


class Language(NamedTuple):
    endings: tuple[tuple[re.Pattern[str], str], ...] = ()
    """Each with what stands for it; asked again and again until nothing changes."""
    stop_words: frozenset[str] = frozenset()
    elided: str = ""
    """Words that stand before an apostrophe and count for nothing, as alternatives of a pattern."""

    def reduced(self, word: str) -> str:
        """What a word shares with its plural, as far as this language goes."""
        while True:
            shorter = word
            for ending, instead in self.endings:
                shorter = ending.sub(instead, shorter)
            if shorter == word or len(shorter) < _FEWEST_LETTERS:
                return word
            word = shorter


def _language(stop_words: str, *endings: tuple[str, str], elided: str = "") -> Language:
    compiled = tuple((re.compile(ending), instead) for ending, instead in endings)
    return Language(compiled, frozenset(stop_words.split()), elided)


_KEPT = r"(?<=\w{3})"
_DUTCH = _language("de het een voor met van en", (r"([a-z])\1", r"\1"), (_KEPT + r"(?:eren|en|e)$", ""))
_FRENCH = _language("a au de", (r"(?:aux|al)$", "au"), (_KEPT + r"x$", ""), elided="d|qu")
_GERMAN = _language("am im aus auf zu", (_KEPT + r"(?:ern|en|er|e|n)$", ""))
_ITALIAN = _language(
    "e con lo un uno una a i", (_KEPT + r"[aeio]+$", ""), (r"(?<=[cg])h$", ""), elided="d|all|dall|dell|nell|sull|un"
)
_POLISH = _language("dla i z do na w ze", (_KEPT + r"(?:ami|ach|ow|om|[aeiouy])$", ""))
_PORTUGUESE = _language(
    "com da do das dos e em os as para por um uma",
    (r"(?:oes|aes|aos|ao)$", "o"),
    (r"([aeo])is$", r"\1l"),
    (r"ns$", "m"),
    (_KEPT + r"(?:es|s|e)$", ""),
)
_SPANISH = _language("al e en un", (r"z$", "c"), (_KEPT + r"(?:es|s|e)$", ""))
_SWEDISH = _language("och for med till av i", (_KEPT + r"(?:orna|arna|erna|or|ar|er|a|n|r)$", ""))
_TURKISH = _language("ve ile icin bir", (_KEPT + r"(?:lar|ler)$", ""))

_SPOKEN: dict[str, Sequence[Language]] = {
    "AT": [_GERMAN],
    "BE": [_DUTCH, _FRENCH],
    "BR": [_PORTUGUESE],
    "DE": [_GERMAN],
    "ES": [_SPANISH],
    "FR": [_FRENCH],
    "IT": [_ITALIAN],
    "MX": [_SPANISH],
    "NL": [_DUTCH],
    "PL": [_POLISH],
    "SE": [_SWEDISH],
    "TR": [_TURKISH],
}
"""Beside English, by country of the marketplace."""


def spoken_in(country: str) -> Sequence[Language]:
    return _SPOKEN.get(country, ())
