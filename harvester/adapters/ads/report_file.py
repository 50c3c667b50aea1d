"""The file of a report, read as a stream: gunzip, and the objects of one JSON array, a batch at a time. No network."""

import re
import zlib
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import IO, Generic, NamedTuple, TypeVar

import msgspec

from harvester.adapters.ads.wire import NUL
from harvester.adapters.exchange import UNDECODABLE, Unreadable

W = TypeVar("W")

READ_BYTES = 2**14
BATCH_BYTES = 2**16
"""Small enough for the cache of a core, and for memory to be used again instead of asked for anew."""
MOST_ROW_BYTES = 2**22
MOST_PLAIN_BYTES = 2**36
"""A hundred million rows. What unpacks to more was made to do so."""
_GZIP = b"\x1f\x8b"
_BLANK = b" \t\r\n"
_BOM = b"\xef\xbb\xbf"
_MARKS = re.compile(rb'"(?:[^"\\]++|\\.)*+\\?(?:"|\Z)|[{}\[\]]', re.DOTALL)
"""Whole strings, also one that the end cuts off, and brackets outside of them. It never steps back: what it would
have to remember for that is a hundred times as large as a long string."""
_raw_items = msgspec.json.Decoder(list[msgspec.Raw])

_CUT = "it ends in the middle"


def plain(file: IO[bytes]) -> Iterator[bytes]:
    """What a file holds, gunzipped, in small pieces. Raises Unreadable where the gzip is cut, broken, or without end.

    A file that is no gzip is taken as it is: whoever delivers it may have unpacked it on the way.
    """
    size = 0
    for piece in _plain(file):
        size += len(piece)
        if size > MOST_PLAIN_BYTES:
            raise Unreadable(f"it unpacks to more than {MOST_PLAIN_BYTES} bytes")
        yield piece


def _plain(file: IO[bytes]) -> Iterator[bytes]:
    file.seek(0)
    chunk = file.read(READ_BYTES)
    if not chunk.startswith(_GZIP):
        while chunk:
            yield chunk
            chunk = file.read(BATCH_BYTES)
        return
    unzip = zlib.decompressobj(wbits=31)
    try:
        while chunk or not unzip.eof:
            if unzip.eof:
                if not chunk.strip(b"\0"):
                    return
                unzip = zlib.decompressobj(wbits=31)
            if not chunk:
                raise Unreadable(_CUT)
            piece = unzip.decompress(chunk, BATCH_BYTES)
            if piece:
                yield piece
            chunk = unzip.unused_data if unzip.eof else unzip.unconsumed_tail
            chunk = chunk or file.read(READ_BYTES)
    except zlib.error as error:
        raise Unreadable(f"its gzip is broken: {error}") from None


class Batch(NamedTuple, Generic[W]):
    rows: list[W]
    odd: list[bytes]
    """Objects, or what stands in their place, that are not such rows."""


class ArrayReader(Generic[W]):
    """Cuts an array into batches of whole objects, wherever its pieces begin and end.

    It guesses where an object ends, and decodes up to there. That goes wrong only where the guess lies inside of a
    string or of an object, and then it always does: the brackets or the quotes do not match. Only then every string and
    bracket is looked at.
    """

    def __init__(self, row: type[W]) -> None:
        self._rows: msgspec.json.Decoder[list[W]] = msgspec.json.Decoder(list[row])  # type: ignore[valid-type]  # mypy takes no type from a variable
        self._row: msgspec.json.Decoder[W] = msgspec.json.Decoder(row)

    def read(self, pieces: Iterable[bytes], batch_bytes: int = BATCH_BYTES) -> Iterator[Batch[W]]:
        """Raises Unreadable where it is no array, or ends too early."""
        begun = False
        gathered = bytearray()
        wanted = before = 0
        for piece in pieces:
            gathered += piece
            if not begun:
                begun = _begin(gathered)
                before += len(piece)
                if not begun and before > MOST_ROW_BYTES:
                    raise Unreadable("it is no array of rows")
            if not begun or len(gathered) < max(wanted, batch_bytes):
                continue
            batch, rest = self._batch(bytes(gathered))
            if batch is not None:
                yield batch
            gathered = bytearray(rest)
            if len(gathered) > MOST_ROW_BYTES:
                raise Unreadable(f"a row of it is larger than {MOST_ROW_BYTES} bytes")
            wanted = 2 * len(gathered)
        if not begun:
            raise Unreadable(_CUT if not gathered.strip(_BLANK) else "it is no array of rows")
        yield self._last(bytes(gathered))

    def _batch(self, text: bytes) -> tuple[Batch[W] | None, bytes]:
        """The objects that are whole, and what is left."""
        at = _boundary(text)
        if at > 0:
            batch = self._decoded(text[:at].rstrip(_BLANK)[:-1])
            if batch is not None:
                return batch, text[at:]
        found = _objects(text)
        return (self._each(found.items) if found.items else None), text[found.end :]

    def _last(self, text: bytes) -> Batch[W]:
        body = text.rstrip(_BLANK)
        if body.endswith(b"]"):
            batch = self._decoded(body[:-1])
            if batch is not None:
                return batch
        found = _objects(body)
        if not found.closed:
            raise Unreadable(_CUT)
        if body[found.end :] != b"]":
            raise Unreadable("something comes after its end")
        return self._each(found.items)

    def _decoded(self, items: bytes) -> Batch[W] | None:
        """None where these are not whole items, or one of them is no JSON."""
        text = b"[" + items + b"]"
        if b"\\" not in items or NUL not in items:
            with suppress(*UNDECODABLE):
                return Batch(self._rows.decode(text), [])
        try:
            raws = _raw_items.decode(text)
        except UNDECODABLE:
            return None
        return self._each([bytes(raw) for raw in raws])

    def _each(self, items: Iterable[bytes]) -> Batch[W]:
        batch: Batch[W] = Batch([], [])
        for item in items:
            try:
                if NUL in item:
                    batch.odd.append(item)
                else:
                    batch.rows.append(self._row.decode(item))
            except UNDECODABLE:
                batch.odd.append(item)
        return batch


def _begin(gathered: bytearray) -> bool:
    """Takes away what stands before the first row; False: not enough is there to tell."""
    if gathered[:3] in (_BOM, _BOM[:1], _BOM[:2]):
        if len(gathered) < len(_BOM):
            return False
        del gathered[:3]
    head = gathered.lstrip(_BLANK)
    if not head:
        gathered.clear()
        return False
    if head[:1] != b"[":
        raise Unreadable("it is no array of rows")
    gathered[:] = head[1:]
    return True


def _boundary(text: bytes) -> int:
    """Where the last object begins that others come before, at a guess; 0: none is seen."""
    at = text.rfind(b"{")
    while at > 0:
        before = text[max(0, at - 64) : at].rstrip(_BLANK)
        if before.endswith(b",") and before[:-1].rstrip(_BLANK).endswith(b"}"):
            return at
        at = text.rfind(b"{", 0, at)
    return 0


class _Objects(NamedTuple):
    items: list[bytes]
    end: int
    """Where what is whole ends."""
    closed: bool
    """There the array ends too."""


def _objects(text: bytes) -> _Objects:
    """Every whole object at the top, by its strings and brackets; what else stands between commas is an item too."""
    items: list[bytes] = []
    depth = start = end = 0
    for mark in _MARKS.finditer(text):
        bracket = mark.group()
        if bracket in (b"{", b"["):
            if depth == 0:
                start = mark.start()
            depth += 1
        elif bracket == b"]" and depth == 0:
            items += _strays(text[end : mark.start()])
            return _Objects(items, mark.start(), closed=True)
        elif bracket in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                items += [*_strays(text[end:start]), text[start : mark.end()]]
                end = mark.end()
        if depth < 0:
            raise Unreadable("its brackets do not match")
    return _Objects(items, end, closed=False)


def _strays(between: bytes) -> list[bytes]:
    return [stray for each in between.split(b",") if (stray := each.strip(_BLANK))]
