"""What a suggested category is, and how many products it holds, in a sentence for whoever approves it."""

import msgspec


class _Products(msgspec.Struct, frozen=True):
    least: int
    most: int


class _Note(msgspec.Struct, frozen=True):
    """What the ledger keeps of a suggested category."""

    name: str = ""
    path: str = ""
    products: _Products | None = None


_notes = msgspec.json.Decoder(_Note)


def suggested_category(evidence_note: str | None) -> str:
    """Amazon's count has two ends, and both are shown."""
    note = _notes.decode(evidence_note or "{}")
    what = " > ".join(part for part in note.path.split("/") if part) or note.name or "a category without a name"
    if note.products is None:
        return f"Suggested by Amazon: {what}; how many products that reaches, it did not say."
    least, most = note.products.least, note.products.most
    count = f"{least:,}" if least == most else f"{least:,} to {most:,}"
    return f"Suggested by Amazon: reaches {count} products of {what}."
