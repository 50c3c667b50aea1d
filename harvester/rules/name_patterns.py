"""Names by pattern, or ids."""

from collections.abc import Sequence
from fnmatch import fnmatchcase


def names(patterns: Sequence[str], name: str, amazon_id: str) -> bool:
    """An empty list names everything. Patterns (`*`, `?`) match in any case; digits alone are an id or a name."""
    if not patterns:
        return True
    folded = name.casefold()
    return any(
        (pattern == amazon_id and pattern.isdigit()) or fnmatchcase(folded, pattern.casefold().replace("[", "[[]"))
        for pattern in patterns
    )
