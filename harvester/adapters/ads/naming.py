"""Names that Amazon gives to categories and themes, as they are kept: on one line, and no longer than a name is."""

MOST_CHARACTERS = 200
MOST_OF_A_PATH = 500


def named(text: str, most: int = MOST_CHARACTERS) -> str:
    """Blanks collapsed, without NUL, which no JSON column of Postgres takes; cut where it is longer."""
    line = " ".join(text.replace("\0", " ").split())
    return line if len(line) <= most else f"{line[: most - 1]}…"
