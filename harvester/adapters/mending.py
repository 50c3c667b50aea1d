"""Near-JSON read as JSON: one broken character or number in an answer costs nothing else of it."""

import json
from typing import TypeVar

import msgspec

from harvester.adapters.exchange import UNDECODABLE, Unreadable

T = TypeVar("T")


def decode(decoder: "msgspec.json.Decoder[T]", body: bytes, what: str) -> T:
    """Raises Unreadable, with that sentence, for what is not even near."""
    try:
        return decoder.decode(body)
    except UNDECODABLE:
        pass
    try:
        return decoder.decode(mended(body))
    except (*UNDECODABLE, ValueError):
        raise Unreadable(what) from None


def mended(body: bytes) -> bytes:
    """NaN and Infinity become null, half surrogates U+FFFD, a byte order mark goes; numbers with a point become text.

    Raises ValueError where it is nothing of the kind.
    """
    value = json.loads(body, parse_constant=lambda _: None, parse_float=str)
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
