"""What is never touched: protected keywords and ASINs."""

import unicodedata

from harvester.domain.decision import Finding
from harvester.domain.target import CATEGORY, PRODUCT, TargetKind, fold
from harvester.rules.patterns import Pattern
from harvester.rules.sections import Protect


class _Separators(dict[int, str]):
    """Blanks out what is neither letter, digit nor a mark on one (vowel signs are marks), as each is first met."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        kept = character.isalnum() or unicodedata.category(character).startswith("M")
        self[code] = character if kept else " "
        return self[code]


_SEPARATORS = _Separators()


def words_of(folded: str) -> list[str]:
    """`acme's tool-box` -> acme, s, tool, box."""
    if folded.replace(" ", "").isalnum():
        return folded.split()
    return folded.translate(_SEPARATORS).split()


_FEW = 10
"""So many words are looked for in the text before the text is taken apart: it hardly ever holds one."""


class Protection:
    """`protect` of one profile, made ready for asking once per row."""

    __slots__ = ("_asins", "_first_words", "_patterns", "_phrases")

    def __init__(self, protect: Protect) -> None:
        self._asins = frozenset(protect.asins)
        self._patterns = [(entry, Pattern(entry[1:-1])) for entry in protect.keywords if entry.startswith("/")]
        phrases = [(entry, words_of(fold(entry))) for entry in protect.keywords if not entry.startswith("/")]
        self._phrases = [(entry, f" {' '.join(words)} ") for entry, words in phrases]
        self._first_words = frozenset(words[0] for _, words in phrases)

    def finding(self, kind: TargetKind, key: str) -> Finding | None:
        """What protects it; None where nothing does."""
        if kind is PRODUCT:
            return Finding("", "protect.asins", key, None, passed=False) if key in self._asins else None
        if kind is CATEGORY:
            return None
        entry = (self._phrase(key) if self._phrases else None) or (self._pattern(key) if self._patterns else None)
        return None if entry is None else Finding("", "protect.keywords", key, entry, passed=False)

    def _phrase(self, key: str) -> str | None:
        if len(self._first_words) <= _FEW:
            for word in self._first_words:
                if word in key:
                    break
            else:
                return None
        words = words_of(key)
        if self._first_words.isdisjoint(words):
            return None
        text = f" {' '.join(words)} "
        return next((entry for entry, phrase in self._phrases if phrase in text), None)

    def _pattern(self, key: str) -> str | None:
        for entry, pattern in self._patterns:
            if pattern.found_in(key):
                return entry
        return None
