"""What a suggested category is, and how many products it holds, in a sentence for whoever approves it."""

import msgspec

from harvester.domain.category import CategoryTarget, Range
from harvester.domain.decision import Finding


class _Products(msgspec.Struct, frozen=True):
    least: int
    most: int


class _Note(msgspec.Struct, frozen=True):
    """What the ledger keeps of a suggested category."""

    name: str = ""
    path: str = ""
    products: _Products | None = None
    refined: tuple[CategoryTarget, ...] = ()
    """What the rule that promotes it made of it."""
    reach: _Products | None = None
    """Of all of these together."""


_notes = msgspec.json.Decoder(_Note)


def suggested_category(evidence_note: str | None, key: str) -> str:
    """Of the target with this key. Amazon's count has two ends, and both are shown."""
    note = _notes.decode(evidence_note or "{}")
    what = " > ".join(part for part in note.path.split("/") if part) or note.name or "a category without a name"
    mine = next((each for each in note.refined if each.key == key), None)
    if mine is not None:
        what += f", {in_words(mine)}"
        others = len(note.refined) - 1
        if others:
            what += f"; counted together with {others} more target{'' if others == 1 else 's'} of this category"
    products = note.products if mine is None else note.reach
    if products is None:
        return f"Suggested by Amazon: {what}; how many products that reaches, it did not say."
    least, most = products.least, products.most
    count = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"Suggested by Amazon: reaches {count} products of {what}."


def called(evidence_note: str | None, target: CategoryTarget) -> str:
    """For people: `Bakeware (289668), ratings 0 to 3`."""
    note = _notes.decode(evidence_note or "{}")
    name = " ".join(note.name.split()) or "category"
    return ", ".join(filter(None, (f"{name} ({target.category})", in_words(target))))


def in_words(target: CategoryTarget) -> str:
    """What narrows it down: `brand 18681839011, prices from 12.99, ratings 0 to 3`."""
    named = (("brand", target.brand), ("age range", target.age_range), ("genre", target.genre))
    parts = [f"{name} {value}" for name, value in named if value]
    parts += [_range("prices", target.price)] if target.price else []
    parts += [_range("ratings", target.rating)] if target.rating else []
    return ", ".join([*parts, *(["Prime only"] if target.prime else [])])


def _range(name: str, ends: Range) -> str:
    if ends.least is None:
        return f"{name} under {ends.most}"
    return f"{name} over {ends.least}" if ends.most is None else f"{name} {ends.least} to {ends.most}"


CATEGORY_TELLING = {
    "category.not_looked_up": "its products have not been counted",
    "category.not_counted": "Amazon did not say how many products it has",
    "refine.no_currency": "the rule refines it by price, and names none in {measured}",
    "refine.no_price": "the rule refines it by our prices, and the catalog does not say what {measured} costs",
    "refine.nothing_left": "the rule refines it to prices from {measured} to {bound}: nothing is left",
}


def refined_words(finding: Finding) -> str:
    """What a rule narrowed it down to."""
    key, more = str(finding.measured), int(finding.bound or 0)
    return f"refined to {key}" + (f" and {more} more targets" if more else "")
