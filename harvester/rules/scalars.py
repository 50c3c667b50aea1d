"""Single values of the rules file: what is taken, and the sentence when it is not."""

import math
import re
from decimal import Decimal
from difflib import get_close_matches

from harvester.domain.money import BID_RANGES
from harvester.domain.numbers import plain
from harvester.domain.target import Match, asin_of
from harvester.rules.checks.evidence import fraction_of
from harvester.rules.patterns import Pattern, Unanswerable

CURRENCIES = frozenset(
    "AED AUD BRL CAD EGP EUR GBP INR JPY MXN PLN SAR SEK SGD TRY USD ZAR".split()  # noqa: SIM905
)
"""Of the marketplaces in `BID_RANGES`."""
COUNTRIES = frozenset(BID_RANGES)


class Unusable(ValueError):
    """The value cannot stand there; its text is the sentence that says why."""


_PERCENTAGE = re.compile(r"\s*\d{1,12}(\.\d{1,12})?\s*%\s*", re.ASCII)
_DIGITS = re.compile(r"\d{1,20}", re.ASCII)
_LEAST_CONFIDENCE, _MOST_CONFIDENCE = 0.5, 0.999
_LONGEST_NAME = 80
_LONGEST_ENTRY = 500
_LONGEST_PREFIX = 100
_LARGEST = 10**12
_DAYS_IN = {"d": 1, "w": 7}
_MOST_DAYS = 3650
MOST_STARS = 5


def did_you_mean(word: str, known: object) -> str:
    """`; did you mean ...?`, or nothing when nothing is near."""
    names = [str(name) for name in known] if isinstance(known, (list, tuple, set, frozenset)) else []
    near = get_close_matches(word, names, n=1, cutoff=0.6)
    return f"; did you mean `{near[0]}`?" if near else ""


def shown(value: object) -> str:
    text = plain(value) if isinstance(value, Decimal) else str(value)
    text = text.lower() if isinstance(value, bool) else text
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004


def number(value: object) -> Decimal:
    """Not negative, finite."""
    if isinstance(value, float) and math.isfinite(value):
        value = Decimal(repr(value))
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise Unusable(f"must be a number, not {described(value)}")
    if not 0 <= value <= _LARGEST:
        raise Unusable(f"must be a number from 0 to {_LARGEST}, not {shown(value)}")
    return Decimal(value)


def described(value: object) -> str:
    """What kind of thing stands there, for a sentence."""
    match value:
        case None:
            return "nothing"
        case dict():
            return "a section of keys"
        case list() | tuple():
            return "a list"
        case _:
            return f"`{shown(value)}`"


def evidence_number(value: object) -> float:
    return float(number(value))


def whole_number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unusable(f"must be a whole number, not {described(value)}")
    return int(number(value))


def counting_number(value: object) -> int:
    whole = whole_number(value)
    if whole < 1:
        raise Unusable("must be at least 1")
    return whole


def stars(value: object) -> int:
    whole = whole_number(value)
    if not 0 <= whole <= MOST_STARS:
        raise Unusable(f"must be 0 to {MOST_STARS} stars, but is {whole}")
    return whole


def amount(value: object) -> Decimal:
    """Over zero, without zeros at the end."""
    exact = number(value)
    if exact == 0:
        raise Unusable("must be more than 0")
    return Decimal(plain(exact))


def percentage(value: object) -> float:
    """`5%` -> 0.05."""
    if isinstance(value, bool) or not isinstance(value, (str, int, Decimal, float)):
        raise Unusable(f"must be a percentage such as 5%, not {described(value)}")
    if not isinstance(value, str) or not _PERCENTAGE.fullmatch(value):
        raise Unusable(f"must be a percentage with its sign, such as 5%, not `{shown(value)}`")
    fraction = fraction_of(value)
    if fraction > 1:
        raise Unusable(f"cannot be over 100%, but is {shown(value)}")
    return fraction


def confidence(value: object) -> float:
    fraction = percentage(value)
    if not _LEAST_CONFIDENCE <= fraction <= _MOST_CONFIDENCE:
        raise Unusable(f"must be from 50% to 99.9%, not {shown(value)}")
    return fraction


def text(value: object) -> str:
    """Numbers are taken as they are written: an id needs no quotes."""
    if isinstance(value, bool):
        raise Unusable(f'must be text; put it in quotes: "{shown(value)}"')
    if not isinstance(value, (str, int, Decimal)):
        raise Unusable(f"must be text, not {described(value)}")
    written = str(value).strip()
    if not written:
        raise Unusable("must not be empty")
    if len(written) > _LONGEST_ENTRY:
        raise Unusable(f"must have at most {_LONGEST_ENTRY} characters, not {len(written)}")
    if not written.isprintable():
        raise Unusable("must not hold line breaks or other control characters")
    return written


def name(value: object) -> str:
    written = text(value)
    if len(written) > _LONGEST_NAME:
        raise Unusable(f"must have at most {_LONGEST_NAME} characters, not {len(written)}")
    return written


def name_prefix(value: object) -> str:
    written = text(value)
    if len(written) > _LONGEST_PREFIX:
        raise Unusable(
            f"must have at most {_LONGEST_PREFIX} characters, not {len(written)}: campaign names are built on it"
        )
    return written


def digits(value: object) -> str:
    written = text(value)
    if not _DIGITS.fullmatch(written):
        raise Unusable(f"must be an id of digits, not `{shown(written)}`")
    return written


def brand_id(value: object) -> str:
    """Without zeros in front: with them it is the same brand, and would not look like it."""
    return digits(value).lstrip("0") or "0"


def asin(value: object) -> str:
    written = text(value)
    found = asin_of(written)
    if found is None:
        raise Unusable(f"`{shown(written)}` is no ASIN: ten letters and digits, such as B000000001")
    return found


def currency(value: object) -> str:
    written = text(value)
    if written not in CURRENCIES:
        raise Unusable(f"unknown currency `{shown(written)}`{did_you_mean(written.upper(), CURRENCIES)}")
    return written


def yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unusable(f"must be true or false, not {described(value)}")
    return value


def days(value: object) -> int:
    """`90d` -> 90, `12w` -> 84. A number alone is one of days already."""
    written = f"{value}d" if isinstance(value, int) and not isinstance(value, bool) else str(value).strip()
    count, unit = written[:-1], written[-1:]
    if unit not in _DAYS_IN or not _DIGITS.fullmatch(count):
        raise Unusable(f"must be a time in days or weeks, such as 90d or 12w, not {described(value)}")
    found = int(count) * _DAYS_IN[unit]
    if not 0 < found <= _MOST_DAYS:
        raise Unusable(f"must be from 1d to {_MOST_DAYS}d, not {shown(value)}")
    return found


def days_to_wait(value: object) -> int:
    """From 0: what has no end in anybody's lifetime is a slip of the keyboard."""
    whole = whole_number(value)
    if whole > _MOST_DAYS:
        raise Unusable(f"must be at most {_MOST_DAYS} days, not {whole}")
    return whole


def protected_keyword(value: object) -> str:
    """Words, or a pattern between slashes that does not match everything."""
    written = text(value)
    if not written.startswith("/"):
        if not any(character.isalnum() for character in written):
            raise Unusable(f"`{shown(written)}` holds no word")
        return written
    if len(written) < 3 or not written.endswith("/"):  # noqa: PLR2004
        raise Unusable(f"`{shown(written)}` opens a pattern; close it with a slash: /acme.*/")
    try:
        pattern = Pattern(written[1:-1])
    except Unanswerable as error:
        raise Unusable(f"`{shown(written)}` {error}") from None
    if pattern.found_in(""):
        raise Unusable(f"`{shown(written)}` matches every keyword, so nothing would ever be done")
    return written


def negative_match(value: object) -> Match:
    if value not in (Match.EXACT, Match.PHRASE):
        raise Unusable(f"must be exact or phrase, the matches of negative keywords, not {described(value)}")
    return Match(str(value))
