"""How many of something, in a sentence."""


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 click`, `2,310 clicks`"""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
