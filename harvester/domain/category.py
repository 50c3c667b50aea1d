"""A category of products as a target, with what narrows it down: one expression of several clauses at Amazon."""

import re
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Self

import msgspec

from harvester.domain.numbers import plain
from harvester.domain.target import CATEGORY, PRODUCT, TargetKind, fold

_CATEGORY, _PRIME = "ASIN_CATEGORY_SAME_AS", "ASIN_IS_PRIME_SHIPPING_ELIGIBLE"
_CALLED = re.compile(r"\((\d{1,20})\)(?:,|\s*$)", re.ASCII)
_SINGLE = (
    ("brand", "ASIN_BRAND_SAME_AS"),
    ("age_range", "ASIN_AGE_RANGE_SAME_AS"),
    ("genre", "ASIN_GENRE_SAME_AS"),
)
_RANGES = (("price", "ASIN_PRICE"), ("rating", "ASIN_REVIEW_RATING"))


class Range(msgspec.Struct, frozen=True):
    """At least one end. Amazon counts both ends of a range as in it; one end alone lies outside."""

    least: Decimal | None = None
    most: Decimal | None = None

    def clause(self, kind: str) -> tuple[str, str]:
        if self.least is not None and self.most is not None:
            return f"{kind}_BETWEEN", f"{plain(self.least)}-{plain(self.most)}"
        if self.least is not None:
            return f"{kind}_GREATER_THAN", plain(self.least)
        assert self.most is not None
        return f"{kind}_LESS_THAN", plain(self.most)


class CategoryTarget(msgspec.Struct, frozen=True):
    """Ids are Amazon's; each refinement at most once, empty or None where it does not narrow."""

    category: str
    brand: str = ""
    age_range: str = ""
    genre: str = ""
    price: Range | None = None
    rating: Range | None = None
    prime: bool = False

    @property
    def key(self) -> str:
        """The same for the same products, whatever the order of the clauses: `CATEGORY=123 BRAND=9 PRICE=10-20`."""
        named = {"category": self.category, "brand": self.brand, "age_range": self.age_range, "genre": self.genre}
        parts = [f"{name}={value}" for name, value in named.items() if value]
        for name, narrowed in (("price", self.price), ("rating", self.rating)):
            if narrowed is not None:
                ends = ("" if end is None else plain(end) for end in (narrowed.least, narrowed.most))
                parts.append(f"{name}={'-'.join(ends)}")
        return " ".join([*parts, *(["prime"] if self.prime else [])]).upper()

    def clauses(self) -> list[tuple[str, str]]:
        """Type and value of each, the category first."""
        found = [(_CATEGORY, self.category)]
        found += [(kind, value) for name, kind in _SINGLE if (value := getattr(self, name))]
        found += [narrowed.clause(kind) for name, kind in _RANGES if (narrowed := getattr(self, name)) is not None]
        return [*found, (_PRIME, "true")] if self.prime else found

    @classmethod
    def of(cls, clauses: Iterable[tuple[str, str]]) -> Self | None:
        """None for an expression that is no category, or holds what nobody knows. Types in any spelling."""
        said: dict[str, str] = {}
        for kind, value in clauses:
            name = kind.upper().replace("_", "")
            if name in said:
                return None
            said[name] = value.strip()
        category = said.pop(_bare(_CATEGORY), "")
        if not category:
            return None
        fields: dict[str, str | Range | bool | None] = {name: said.pop(_bare(kind), "") for name, kind in _SINGLE}
        fields |= {name: _range_in(said, kind) for name, kind in _RANGES}
        fields["prime"] = said.pop(_bare(_PRIME), "false").casefold() == "true"
        return None if said else msgspec.convert({"category": category, **fields}, cls)


def key_of(kind: TargetKind | None, text: str) -> str:
    """Under which a recommended target is compared: an ASIN, the key of a category by its id, else the folded text."""
    if kind is PRODUCT:
        return text.strip().upper()
    return CategoryTarget(text.strip()).key if kind is CATEGORY else fold(text)


def category_id_of(key: str) -> str:
    """Amazon's id in the key of a `CategoryTarget`."""
    return key.partition(" ")[0].removeprefix("CATEGORY=")


def whole_key_of(text: str) -> str | None:
    """The key of the whole category that a text means: its id, the name that people are shown (`Bakeware (289668)`), or
    the key of a target that was made of it.
    """
    called = _CALLED.search(text)
    if called is not None:
        return CategoryTarget(called[1]).key
    first = next(iter(text.upper().split()), "")
    if first.isascii() and first.isdigit():
        return CategoryTarget(first).key
    return first if first.startswith("CATEGORY=") else None


def _range_in(said: dict[str, str], kind: str) -> Range | None:
    """Taken out of what was said; what cannot be read stays in."""
    for ending in ("BETWEEN", "GREATERTHAN", "LESSTHAN"):
        name = f"{_bare(kind)}{ending}"
        ends = _numbers(said.get(name, ""))
        if ends is None or len(ends) != (2 if ending == "BETWEEN" else 1):
            continue
        del said[name]
        if ending == "BETWEEN":
            return Range(*ends)
        return Range(least=ends[0]) if ending == "GREATERTHAN" else Range(most=ends[0])
    return None


def _numbers(value: str) -> list[Decimal] | None:
    try:
        found = [Decimal(part.strip()) for part in value.split("-")]
    except InvalidOperation:
        return None
    return found if all(each.is_finite() and each >= 0 for each in found) else None


def _bare(kind: str) -> str:
    return kind.replace("_", "")
