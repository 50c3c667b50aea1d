"""Items as the catalog sends them, read leniently: every part of one is optional, and none loses the others."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from harvester.adapters.exchange import Answer, Unreadable
from harvester.adapters.mending import decode
from harvester.domain.catalog import CatalogItem, Category, SalesRank

_RELATED = "relationships"
_DEEPEST = 30
_MOST_DIGITS = 30
_anything = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class ItemPage:
    items: list[CatalogItem]
    identifiers: list[frozenset[tuple[str, str]]]
    """Of each item, (type, identifier) as far as asked for and given."""
    total: int
    next_token: str | None
    """None at the end."""


def read_page(answer: Answer, marketplace_id: str) -> ItemPage:
    """Raises Unreadable where the body is no page of items."""
    said = _object(answer)
    found = said.get("items")
    if not isinstance(found, list):
        raise Unreadable("it has no items")
    rows = [row for row in found if isinstance(row, dict) and _text(row.get("asin"))]
    total, pagination = said.get("numberOfResults"), said.get("pagination")
    token = _text(pagination.get("nextToken")) if isinstance(pagination, dict) else ""
    return ItemPage(
        items=[_item(row, marketplace_id) for row in rows],
        identifiers=[_identifiers(row, marketplace_id) for row in rows],
        total=max(total, len(found)) if type(total) is int else len(found),
        next_token=token or None,
    )


def read_item(answer: Answer, marketplace_id: str) -> CatalogItem:
    """Raises Unreadable where the body is no item."""
    said = _object(answer)
    if not _text(said.get("asin")):
        raise Unreadable("it has no asin")
    return _item(said, marketplace_id)


def _object(answer: Answer) -> dict[str, Any]:
    said = decode(_anything, answer.body.replace(rb"\u0000", rb"\ufffd"), "it is no JSON")
    if not isinstance(said, dict):
        raise Unreadable("it is JSON, but no object")
    return said


def _item(row: Mapping[str, Any], marketplace_id: str) -> CatalogItem:
    summary = next(_here(row, "summaries", marketplace_id), {})
    attributes = _mapping(row.get("attributes"))
    category, path = _categories(row, summary, marketplace_id)
    price, currency = _list_price(attributes, marketplace_id)
    return CatalogItem(
        asin=_text(row.get("asin")).upper(),
        title=_text(summary.get("itemName")) or _attribute(attributes, "item_name", marketplace_id),
        brand=_text(summary.get("brand")) or _attribute(attributes, "brand", marketplace_id),
        item_class=_text(summary.get("itemClassification")),
        category=category,
        path=path,
        ranks=tuple(_ranks(row, marketplace_id)),
        parents=tuple(_relatives(row, "parentAsins", marketplace_id)),
        children=tuple(_relatives(row, "childAsins", marketplace_id)),
        related=any(isinstance(part.get(_RELATED), list) for part in _here(row, _RELATED, marketplace_id)),
        list_price=price,
        currency=currency,
        image=_image(row, marketplace_id),
    )


def _here(row: Mapping[str, Any], section: str, marketplace_id: str) -> Iterator[Mapping[str, Any]]:
    """What a section says about this marketplace."""
    for each in _rows(row.get(section)):
        if _text(each.get("marketplaceId")) == marketplace_id:
            yield each


def _categories(
    row: Mapping[str, Any], summary: Mapping[str, Any], marketplace_id: str
) -> tuple[Category | None, tuple[Category, ...]]:
    """The lowest category, and the path down to it: of several, that of the summary's category, else the first."""
    leaf = _category(_mapping(summary.get("browseClassification")))
    given = [
        one for part in _here(row, "classifications", marketplace_id) for one in _rows(part.get("classifications"))
    ]
    paths = [path for each in given if (path := _path(each))]
    first = paths[0] if paths else ()
    path = next((each for each in paths if leaf and each[-1].category_id == leaf.category_id), first)
    return (path[-1] if path else leaf), path


def _path(lowest: Mapping[str, Any]) -> tuple[Category, ...]:
    """From the top; empty where one on the way has no id."""
    path: list[Category] = []
    step: Mapping[str, Any] = lowest
    while step and len(path) < _DEEPEST:
        category = _category(step)
        if category is None:
            return ()
        path.append(category)
        step = _mapping(step.get("parent"))
    return tuple(reversed(path))


def _category(given: Mapping[str, Any]) -> Category | None:
    category_id = _text(given.get("classificationId"))
    return Category(category_id, _text(given.get("displayName"))) if category_id else None


def _ranks(row: Mapping[str, Any], marketplace_id: str) -> Iterator[SalesRank]:
    for part in _here(row, "salesRanks", marketplace_id):
        for kind in ("displayGroupRanks", "classificationRanks"):
            for each in _rows(part.get(kind)):
                rank, category_id = each.get("rank"), _text(each.get("classificationId"))
                if type(rank) is int and rank > 0 and (kind == "displayGroupRanks" or category_id):
                    yield SalesRank(_text(each.get("title")), rank, category_id)


def _relatives(row: Mapping[str, Any], kind: str, marketplace_id: str) -> Iterator[str]:
    for part in _here(row, _RELATED, marketplace_id):
        for each in _rows(part.get(_RELATED)):
            if _text(each.get("type")) == "VARIATION" and isinstance(each.get(kind), list):
                yield from (asin.upper() for given in each[kind] if (asin := _text(given)))


def _list_price(attributes: Mapping[str, Any], marketplace_id: str) -> tuple[str, str]:
    for each in _of_marketplace(attributes, "list_price", marketplace_id):
        currency, price = _text(each.get("currency")), _amount(each.get("value"))
        if currency and price:
            return price, currency
    return "", ""


def _amount(value: object) -> str:
    """Plain decimal text over zero; empty for everything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return ""
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        return ""
    if not amount.is_finite() or amount <= 0 or abs(amount.adjusted()) > _MOST_DIGITS:
        return ""
    return format(amount, "f")


def _attribute(attributes: Mapping[str, Any], name: str, marketplace_id: str) -> str:
    return next((_text(each.get("value")) for each in _of_marketplace(attributes, name, marketplace_id)), "")


def _of_marketplace(attributes: Mapping[str, Any], name: str, marketplace_id: str) -> Iterator[Mapping[str, Any]]:
    for each in _rows(attributes.get(name)):
        if _text(each.get("marketplace_id")) in (marketplace_id, ""):
            yield each


def _image(row: Mapping[str, Any], marketplace_id: str) -> str:
    """The main one, in its largest size."""
    images = [one for part in _here(row, "images", marketplace_id) for one in _rows(part.get("images"))]
    main = [each for each in images if _text(each.get("variant")) == "MAIN" and _text(each.get("link"))]
    return _text(max(main, key=_width).get("link")) if main else ""


def _width(image: Mapping[str, Any]) -> float:
    width = image.get("width")
    return width if isinstance(width, int | float) else 0


def _identifiers(row: Mapping[str, Any], marketplace_id: str) -> frozenset[tuple[str, str]]:
    return frozenset(
        (_text(each.get("identifierType")).upper(), _text(each.get("identifier")))
        for part in _here(row, "identifiers", marketplace_id)
        for each in _rows(part.get("identifiers"))
    )


def _rows(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """Ids also come as numbers."""
    if isinstance(value, str):
        return value.strip()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
