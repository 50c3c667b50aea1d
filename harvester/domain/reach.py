"""What a rule makes of a suggested category: its targets, their reach, and what the ledger keeps of it."""

import msgspec

from harvester.domain.category import CategoryTarget
from harvester.domain.category_tree import ProductCount


class Reached(msgspec.Struct, frozen=True):
    """Without targets, something that they need is not known; without a count, how many products all of them reach."""

    targets: tuple[CategoryTarget, ...] = ()
    products: ProductCount | None = None
    lacks: tuple[str, str, str] | None = None
    """Check id of the finding that says what is not known, what was measured, and its bound."""


class _Kept(msgspec.Struct, frozen=True):
    refined: tuple[CategoryTarget, ...] = ()
    reach: ProductCount | None = None


class _Suggested(msgspec.Struct, frozen=True):
    products: ProductCount | None = None


_kept = msgspec.json.Decoder(_Kept)
_suggested = msgspec.json.Decoder(_Suggested)


def noted(note: str | None, reached: Reached) -> str:
    """The note of a suggestion, with what the rule that promotes it made of it."""
    said = msgspec.json.decode(note or "{}")
    kept = {**said, "refined": reached.targets}
    return msgspec.json.encode(kept if reached.products is None else {**kept, "reach": reached.products}).decode()


def as_suggested(note: str | None) -> str | None:
    """The note as it came, without what a rule made of it."""
    if note is None:
        return None
    said = {key: value for key, value in msgspec.json.decode(note).items() if key not in _Kept.__struct_fields__}
    return msgspec.json.encode(said).decode()


def targets_of(category_id: str, note: str | None) -> tuple[CategoryTarget, ...]:
    """As refined by the rule that promoted it; the whole category where none did."""
    kept = _kept.decode(note or "{}")
    return kept.refined or (CategoryTarget(category_id.strip()),)


def suggested_count(note: str | None) -> ProductCount | None:
    """How many products the whole category has, as the suggestion said."""
    return _suggested.decode(note or "{}").products
