"""Text of other people, made safe to print."""

_CONTROLS = {*range(0x20), *range(0x7F, 0xA0)} - {ord("\n"), ord("\t")}
_TURNS_AROUND = {*range(0x202A, 0x202F), *range(0x2066, 0x206A)}
_BREAKS = {0x2028, 0x2029}
_SHOWN = dict.fromkeys(_CONTROLS | _TURNS_AROUND | _BREAKS, "\N{REPLACEMENT CHARACTER}")


def printable(text: str) -> str:
    """Without what would move the cursor, colour the terminal, end the line or turn the text around.

    A shopper's search term is anybody's text, and nobody approves what the terminal was told not to show.
    """
    return text if text.isprintable() else text.translate(_SHOWN)
