"""When two searches are close variants: plural or singular, other word order, stop words, accents, blanks or signs.

Amazon lets an exact keyword, and so a negative one, meet such variants too; how far it goes it does not say.
What is folded together here is only ever held, never acted on: rather one too many than one too few.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product

from harvester.rules.checks.protection import words_of
from harvester.rules.languages import spoken_in

_ACCENTS = re.compile("[\u0300-\u036f]")
_WITHOUT_ACCENTS = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ı": "i"})
"""Letters of their own, which nothing can be taken off of."""
_UMLAUTS = re.compile("([aou])e")
"""As they are written where a keyboard has none."""
_KATAKANA = str.maketrans({code: code + 0x60 for code in range(0x3041, 0x3097)} | {0x30FC: None})
"""For hiragana; and the mark of a long vowel, which many leave out."""
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
    "dice": "die",
    "elves": "elf",
    "feet": "foot",
    "geese": "goose",
    "halves": "half",
    "knives": "knife",
    "leaves": "leaf",
    "lives": "life",
    "loaves": "loaf",
    "men": "man",
    "mice": "mouse",
    "people": "person",
    "scarves": "scarf",
    "shelves": "shelf",
    "teeth": "tooth",
    "thieves": "thief",
    "wives": "wife",
    "wolves": "wolf",
    "women": "woman",
}
_SHORTEST = 3
"""Letters: shorter words are left as they are, and so is a `y` at the end of one as short."""
_HISSING = ("s", "x", "z", "ch", "sh", "o")
"""What takes `es` in the plural; `size` and `shoe` keep an e of their own, so that it is taken off of both."""
_NO_PLURAL = ("ss", "us", "is")
_MOST_SPELLINGS = 64
_MOST_REMEMBERED = 65_536


@lru_cache(_MOST_REMEMBERED)
def singular(word: str, country: str = "") -> str:
    """A form that a word and its plural share, in English and in what is spoken in that country; itself no word of any
    language.
    """
    return _form(word, country)


def _form(word: str, country: str) -> str:
    if len(word) < _SHORTEST:
        return word
    stem = _IRREGULAR.get(word) or _IRREGULAR.get(word.removesuffix("s"), word)
    for language in spoken_in(country):
        stem = language.reduced(stem)
    return _UMLAUTS.sub(r"\1", _in_english(stem))


def _in_english(word: str) -> str:
    stem = _without_s(word)
    if stem.endswith("men"):
        return f"{stem[:-2]}an"
    if stem.endswith("e") and stem[:-1].endswith(_HISSING):
        return _without_s(stem[:-1])
    if len(stem) > _SHORTEST and stem.endswith("ie"):
        return stem[:-1]
    return f"{stem[:-1]}i" if len(stem) > _SHORTEST and stem.endswith("y") else stem


def _without_s(word: str) -> str:
    """`lenses` are of a `lens`, which has lost its own s."""
    return word[:-1] if len(word) >= _SHORTEST and word.endswith("s") and not word.endswith(_NO_PLURAL) else word


def plain_singulars(words: Sequence[str]) -> Iterator[str]:
    """The text as it is, and as it may read in the singular: for whoever asks about words, and not about forms."""
    yield " ".join(words)
    for ending, instead in (("s", ""), ("es", ""), ("ies", "y")):
        yield " ".join(
            _IRREGULAR.get(word) or (word[: -len(ending)] + instead if word.endswith(ending) else word)
            for word in words
        )


def variant_words(folded: str, country: str = "") -> list[str]:
    """The words of a folded text that count, in their order, without accents."""
    languages = spoken_in(country)
    for language in languages if "'" in folded or "\u2019" in folded else ():
        folded = re.sub(rf"\b(?:{language.elided})['\u2019]", " ", folded) if language.elided else folded
    words = words_of(folded.translate(_APOSTROPHES))
    plain = [word if word.isascii() else _plain(word) for word in words]
    counting = [
        bare
        for word, bare in zip(words, plain, strict=True)
        if word not in _STOP_WORDS and not any(bare in language.stop_words for language in languages)
    ]
    return counting or plain


def variant_keys(words: Sequence[str], country: str = "") -> tuple[str, str]:
    """Two texts are variants where they share one of these: their words in any order, or all letters in a row."""
    forms = [singular(word, country) for word in words]
    return " ".join(sorted(forms)), forms[0] if len(forms) == 1 else _form("".join(words), country)


def variants_within(words: Sequence[str], country: str = "") -> Iterator[str]:
    """The keys of every run of words, the whole first."""
    for length in range(len(words), 0, -1):
        for start in range(len(words) - length + 1):
            yield from variant_keys(words[start : start + length], country)


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
    plain = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
    return plain.translate(_WITHOUT_ACCENTS).translate(_KATAKANA)
