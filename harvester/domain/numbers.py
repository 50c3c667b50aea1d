"""Numbers as people write them."""

from decimal import Decimal


def plain(number: Decimal) -> str:
    """Without exponent and without zeros at the end: `25`, `0.75`."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
