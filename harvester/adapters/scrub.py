"""Takes secrets out of texts that are kept."""

import re
from collections.abc import Iterable
from json import dumps
from urllib.parse import quote_plus

_MARK = "[hidden]"
_SHORTEST_SECRET = 4
_SHAPES = re.compile(
    r"Atz[ar](?:\||%7C|\\u007c)[^\s\"'&<>,}]+|amzn1\.oa2-cs\.v1\.[0-9a-z]+|Bearer\s+[\w.~+/|=-]{20,}", re.IGNORECASE
)
"""Access and refresh tokens and client secrets, as Amazon makes them; and what follows `Bearer`, unless it is as short
as a word: "ball bearer set" is a keyword."""
_SIGNS = ("atza", "atzr", "amzn1.", "bearer")
"""One of them is in every such shape: a long body without any is told at a glance. No letter here has a third case."""


def scrub(text: str, secrets: Iterable[str]) -> str:
    """The text without these secrets, in plain, JSON or URL spelling, and without anything shaped like one."""
    for secret in secrets:
        if len(secret) < _SHORTEST_SECRET:
            continue
        for spelling in {secret, dumps(secret)[1:-1], quote_plus(secret)}:
            if spelling in text:
                text = text.replace(spelling, _MARK)
    folded = text.lower()
    return _SHAPES.sub(_MARK, text) if any(sign in folded for sign in _SIGNS) else text


def readable(raw: bytes, secrets: Iterable[str], most_bytes: int | None) -> str:
    """At most the first `most_bytes` of a body as text that Postgres can store, scrubbed before it is cut."""
    head = raw if most_bytes is None else raw[: 2 * most_bytes]
    text = scrub(head.decode("utf-8", "replace").replace("\x00", "\ufffd"), secrets)
    return text if most_bytes is None else text.encode()[:most_bytes].decode("utf-8", "ignore")
