"""Whether a row is something that a keyword or a product can be at all."""

import math

from harvester.domain.candidate import Candidate
from harvester.domain.decision import Finding
from harvester.domain.target import CATEGORY, LONGEST_KEYWORD, MOST_KEYWORD_WORDS, PRODUCT, asin_of, is_asin_shaped

_ASIN_LENGTH = 10
_LONGEST_ID = 40


def as_sent(text: str) -> str:
    """A keyword as it goes to Amazon: as delivered, blanks collapsed and trimmed."""
    return " ".join(text.split())


def malformed(candidate: Candidate) -> Finding | None:
    """Limits of keywords: the limits page of the Amazon Ads guide."""
    key, target = candidate.key, candidate.row.target
    if candidate.kind is CATEGORY:
        return _no_category(target)
    if candidate.kind is PRODUCT:
        if (len(key) == _ASIN_LENGTH and key.isascii() and key.isalnum()) or asin_of(key) is not None:
            return None
        return Finding("", "malformed.product", target[:80], None, passed=False)
    if 1 < len(key) != _ASIN_LENGTH and len(target) <= LONGEST_KEYWORD and key.count(" ") < MOST_KEYWORD_WORDS:
        return None  # nearly all of them
    if not key:
        return Finding("", "malformed.empty", "", None, passed=False)
    if len(target) > LONGEST_KEYWORD and (length := len(as_sent(target))) > LONGEST_KEYWORD:
        return Finding("", "malformed.characters", length, LONGEST_KEYWORD, passed=False)
    if (words := key.count(" ") + 1) > MOST_KEYWORD_WORDS:
        return Finding("", "malformed.words", words, MOST_KEYWORD_WORDS, passed=False)
    if key == "*":
        return Finding("", "malformed.placeholder", "*", None, passed=False)
    if len(key) == _ASIN_LENGTH and is_asin_shaped(key):
        return Finding("", "malformed.asin", target, None, passed=False)
    return None


def _no_category(target: str) -> Finding | None:
    category_id = target.strip()
    if category_id.isascii() and category_id.isalnum() and len(category_id) <= _LONGEST_ID:
        return None
    return Finding("", "malformed.category", target[:80], None, passed=False)


def unreadable(clicks: float | None, conversions: float | None) -> Finding:
    """Which of the two cannot be read; asked only where one cannot."""
    name, value = ("conversions", conversions) if is_count(clicks) else ("clicks", clicks)
    told = value if value is not None and math.isfinite(value) else None
    return Finding("", f"unreadable.{name}", told, None, passed=False)


def is_count(value: float | None) -> bool:
    return value is not None and 0 <= value < math.inf
