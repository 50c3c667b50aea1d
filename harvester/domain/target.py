"""What can be targeted: keywords and products, and when two of them are the same."""

import re
import unicodedata
from enum import StrEnum
from functools import lru_cache

_ASIN = re.compile(r"[A-Z0-9]{10}", re.ASCII)

LONGEST_KEYWORD = 80
"""Characters; Amazon's limits page."""
MOST_KEYWORD_WORDS = 10
MOST_PHRASE_NEGATIVE_WORDS = 4


class TargetKind(StrEnum):
    KEYWORD = "keyword"
    PRODUCT = "product"
    CATEGORY = "category"
    """Of products."""


class Match(StrEnum):
    """How close a shopper's search, or a product page, must be."""

    BROAD = "broad"
    PHRASE = "phrase"
    EXACT = "exact"
    SAME = "same"
    """The product itself (ASIN_SAME_AS)."""
    EXPANDED = "expanded"
    """The product and similar ones (ASIN_EXPANDED_FROM)."""


KEYWORD, PRODUCT, CATEGORY = TargetKind.KEYWORD, TargetKind.PRODUCT, TargetKind.CATEGORY
"""For the hot path: looking up a member of an enum takes longer than most of what is done with it."""

KEYWORD_MATCHES = (Match.BROAD, Match.PHRASE, Match.EXACT)
PRODUCT_MATCHES = (Match.SAME, Match.EXPANDED)


class Level(StrEnum):
    """Where a negative is put."""

    AD_GROUP = "ad_group"
    CAMPAIGN = "campaign"


@lru_cache(64)
def kind_of(target_type: str) -> TargetKind | None:
    """KEYWORD, PRODUCT, ASIN and CATEGORY in any case (specification and guide disagree); None for anything else."""
    match target_type.upper():
        case "KEYWORD":
            return TargetKind.KEYWORD
        case "PRODUCT" | "ASIN":
            return TargetKind.PRODUCT
        case "CATEGORY":
            return TargetKind.CATEGORY
        case _:
            return None


def fold(text: str) -> str:
    """The form in which two keywords are compared: NFKC, case-folded, blanks collapsed and trimmed."""
    if text.isascii():
        return " ".join(text.lower().split())
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).split())


def asin_of(text: str) -> str | None:
    """The ASIN in upper case, or None where the text is none (ISBN-10s are ASINs)."""
    upper = text.strip().upper()
    return upper if _ASIN.fullmatch(upper) else None


def is_asin_shaped(text: str) -> bool:
    """Whether a keyword is an ASIN in disguise: ten characters, with a digit or opening as ASINs do.

    `toothbrush` and `headphones` have ten letters too, and are keywords: only a text with a digit counts.
    """
    upper = text.strip().upper()
    return _ASIN.fullmatch(upper) is not None and any(character.isdigit() for character in upper)
