"""When two searches are close variants: plural or singular, other word order, stop words, accents, blanks or signs.

Amazon lets an exact keyword, and so a negative one, meet such variants too; how far it goes it does not say.
What is folded together here is only ever held, never acted on: rather one too many than one too few.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import product

from harvester.rules.checks.protection import words_of

_ACCENTS = re.compile("[\u0300-\u036f]")
_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc`")
_STOP_WORDS = frozenset(
    word
    for words in (
        "a an and at by for from in of on or the to with",
        "das dem den der des die ein eine einen einer für mit oder und von zum zur",
        "aux avec dans des du en et la le les ou par pour sur un une",
        "con de del el las los para por una y",
        "al da di gli il per",
    )
    for word in words.split()
)
"""English, German, French, Spanish, Italian: nobody says in which of them a search was meant."""
_IRREGULAR = {
    "calves": "calf",
    "children": "child",
    "feet": "foot",
    "geese": "goose",
    "halves": "half",
    "knives": "knife",
    "leaves": "leaf",
    "loaves": "loaf",
    "men": "man",
    "mice": "mouse",
    "people": "person",
    "scarves": "scarf",
    "shelves": "shelf",
    "teeth": "tooth",
    "wives": "wife",
    "wolves": "wolf",
    "women": "woman",
}
_SHORTEST = 4
"""Letters: shorter words are left as they are."""
_HISSING = ("s", "x", "z", "ch", "sh", "o")
"""What takes `es` in the plural; `size` and `shoe` keep an e of their own, so that it is taken off of both."""
_NO_PLURAL = ("ss", "us", "is")
_MOST_SPELLINGS = 64


def singular(word: str) -> str:
    """A form that a word and its plural share; itself no word of any language."""
    word = _IRREGULAR.get(word, word)
    if len(word) < _SHORTEST:
        return word
    stem = word[:-1] if word.endswith("s") and not word.endswith(_NO_PLURAL) else word
    if stem.endswith("e") and stem[:-1].endswith(_HISSING):
        return stem[:-1]
    if len(stem) >= _SHORTEST and stem.endswith("ie"):
        return stem[:-1]
    return f"{stem[:-1]}i" if len(stem) >= _SHORTEST and stem.endswith("y") else stem


def variant_words(folded: str) -> list[str]:
    """The words of a folded text that count, in their order, without accents."""
    words = words_of(folded.translate(_APOSTROPHES))
    counting = [word for word in words if word not in _STOP_WORDS]
    return [word if word.isascii() else _plain(word) for word in counting or words]


def variant_keys(words: Sequence[str]) -> tuple[str, str]:
    """Two texts are variants where they share one of these: their words in any order, or all letters in a row."""
    return " ".join(sorted(map(singular, words))), singular("".join(words))


def variants_within(words: Sequence[str]) -> Iterator[str]:
    """The keys of every run of words, the whole first."""
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            yield from variant_keys(words[start : start + length])


def spellings(folded: str) -> list[str]:
    """The text, and what it reads like with words in the plural for the singular, or the other way round: all of them
    for a few words, for many those with one word changed. For looking up what is kept as it was typed.
    """
    words = folded.split()
    numbers = [_numbers(word) for word in words]
    changed = [
        " ".join([*words[:at], other, *words[at + 1 :]]) for at, others in enumerate(numbers) for other in others[1:]
    ]
    ways = 1
    for each in numbers:
        ways *= len(each)
    every = [" ".join(each) for each in product(*numbers)] if ways <= _MOST_SPELLINGS else []
    return list(dict.fromkeys([folded, *changed, *every]))


def _numbers(word: str) -> list[str]:
    """The word, and those that differ from it in being many or one."""
    stem = word.removesuffix("s")
    made = [f"{word}s", f"{word}es", f"{word[:-1]}ies", stem, stem.removesuffix("e"), f"{stem[:-2]}y"]
    made += [one for many, one in _IRREGULAR.items() if many == word]
    made += [many for many, one in _IRREGULAR.items() if one == word]
    alike = variant_keys(variant_words(word))
    found = (each for each in made if each and variant_keys(variant_words(each)) == alike)
    return list(dict.fromkeys([word, *found]))


def _plain(text: str) -> str:
    """Without accents; marks of other alphabets than ours stay, being letters there."""
    return unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
