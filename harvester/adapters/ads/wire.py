"""Reads pages of Amazon's lists leniently: one bad item never loses the others."""

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, Generic, TypeVar, cast

import msgspec

from harvester.adapters.exchange import UNDECODABLE, Answer, Unreadable
from harvester.adapters.mending import mended

W = TypeVar("W", bound=msgspec.Struct)

Text = str | int | None
"""What should be text: ids also come as numbers, and as null."""
NOTHING = msgspec.Raw(b"")

_PAGE_KEYS = frozenset({"nextToken", "previousToken", "totalResults", "nextCursor", "previousCursor"})
_NO_RESULTS = (b"", b"0", b"null")
NUL = b"\\u0000"
"""As JSON writes what Postgres keeps in no text."""
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_raw_items = msgspec.json.Decoder(list[msgspec.Raw])
_MOST_DIGITS = 30
"""Before or after the point: `1e999999999` is ten characters on the wire and a gigabyte as plain decimal text."""
_token = msgspec.json.Decoder(str | int | None)


@dataclass(frozen=True, slots=True)
class WirePage(Generic[W]):
    items: list[W]
    next_token: str | None
    """None at the end of the list."""
    unreadable: int = 0
    """Items that are not what the list holds."""


class _PlainPage(msgspec.Struct, Generic[W]):
    """What `_plain_page` makes for one list."""

    items: list[W]
    next_token: str | None


class PageReader(Generic[W]):
    """Reads one list's pages: `key` names the array in the answer.

    `plain` is a narrower form of the item that is quicker to read; pages where all items have it are read as that.
    `leads_on` names the token of the next page.
    """

    def __init__(self, key: str, item: type[W], plain: type[W] | None = None, *, leads_on: str = "nextToken") -> None:
        self._key = key
        self._leads_on = leads_on
        self._plain = None if plain is None else msgspec.json.Decoder(_plain_page(key, plain))
        self._all: msgspec.json.Decoder[list[W]] = msgspec.json.Decoder(list[item])  # type: ignore[valid-type]  # mypy takes no type from a variable
        self._one: msgspec.json.Decoder[W] = msgspec.json.Decoder(item)

    def read(self, answer: Answer) -> WirePage[W]:
        """Raises Unreadable when the body is no JSON, or no page of this list."""
        # Postgres keeps no NUL, so an item with one is as good as none.
        if self._plain is not None and NUL not in answer.body:
            with suppress(*UNDECODABLE):
                page = self._plain.decode(answer.body)
                return WirePage(page.items, page.next_token or None)
        fields = _object(answer.body)
        try:
            token = _token.decode(fields[self._leads_on]) if self._leads_on in fields else None
        except msgspec.DecodeError:
            raise Unreadable("its page token is no text") from None
        next_token = str(token) if token is not None and token != "" else None
        array = fields.get(self._key)
        if array is None:
            if fields.keys() <= _PAGE_KEYS and bytes(fields.get("totalResults", NOTHING)) in _NO_RESULTS:
                return WirePage([], next_token)
            raise Unreadable(f"it has no {self._key}")
        items, unreadable = self._items(array)
        return WirePage(items, next_token, unreadable)

    def _items(self, array: msgspec.Raw) -> tuple[list[W], int]:
        if NUL not in bytes(array):
            with suppress(*UNDECODABLE):
                return self._all.decode(array), 0
        return self._one_by_one(array)

    def _one_by_one(self, array: msgspec.Raw) -> tuple[list[W], int]:
        try:
            raws = _raw_items.decode(array)
        except msgspec.ValidationError:
            if bytes(array) == b"null":
                return [], 0
            raise Unreadable(f"its {self._key} is no array") from None
        items: list[W] = []
        for raw in raws:
            if NUL not in bytes(raw):
                with suppress(*UNDECODABLE):
                    items.append(self._one.decode(raw))
        return items, len(raws) - len(items)


def _plain_page(key: str, item: type[W]) -> type[_PlainPage[W]]:
    """A page that is nothing but such items and, where there is more, the next page's token."""
    fields: list[tuple[str, Any] | tuple[str, Any, Any]]
    fields = [("items", list[item]), ("next_token", str | None, None)]  # type: ignore[valid-type]  # as above
    return cast(
        "type[_PlainPage[W]]", msgspec.defstruct("PlainPage", fields, rename={"items": key, "next_token": "nextToken"})
    )


def _object(body: bytes) -> dict[str, msgspec.Raw]:
    for attempt in (bytes, mended):
        try:
            return _fields.decode(attempt(body))
        except msgspec.ValidationError:
            raise Unreadable("it is JSON, but no object") from None
        except RecursionError:
            break
        except (msgspec.DecodeError, UnicodeError):
            continue
        except ValueError:
            break
    raise Unreadable("it is no JSON")


def lenient(decoder: "msgspec.json.Decoder[W]", raw: msgspec.Raw) -> W | None:
    """One item of an answer that is no page; None for what is not what it should be."""
    try:
        return decoder.decode(raw)
    except UNDECODABLE:
        return None


def text(value: Text) -> str:
    """Empty for what is absent."""
    if type(value) is str:
        return value
    return "" if value is None else str(value)


def decimal_text(raw: msgspec.Raw) -> str | None:
    """An amount as plain decimal text, exactly as written; None where it is absent or no amount of money."""
    written = bytes(raw).decode("ascii", "replace").strip('"')
    try:
        amount = Decimal(written)
    except InvalidOperation:
        return None
    if not amount.is_finite() or amount < 0 or abs(amount.adjusted()) > _MOST_DIGITS:
        return None
    return format(amount, "f")
