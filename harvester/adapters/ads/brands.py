"""Brands that Amazon names for negative targeting, in whatever form it lists them."""

from typing import Any

from harvester.adapters.ads.bulk_replies import decoded
from harvester.adapters.ads.item_errors import id_of
from harvester.adapters.ads.naming import named
from harvester.adapters.exchange import Answer, Unreadable
from harvester.domain.brand import Brand

_IDS = ("id", "brandId", "brandRefinementId", "value")
_NAMES = ("name", "brandName", "brand")


def read_brands(answer: Answer) -> list[Brand]:
    """Each once, in Amazon's order. The specification says an array of `{id, name}`; an object around it, ids as
    numbers and other names of the fields are read too. What has no id is left out: it can be of no use.

    Raises Unreadable for an answer that holds no list.
    """
    found: dict[str, Brand] = {}
    for entry in _entries(decoded(answer.body)):
        brand = _brand(entry)
        if brand is not None:
            found.setdefault(brand.brand_id, brand)
    return list(found.values())


def _entries(said: object) -> list[Any]:
    if isinstance(said, list):
        return said
    lists = [value for value in said.values() if isinstance(value, list)] if isinstance(said, dict) else []
    if len(lists) == 1:
        return lists[0]
    if isinstance(said, dict) and not said:
        return []
    raise Unreadable("it holds no list of brands")


def _brand(entry: object) -> Brand | None:
    if not isinstance(entry, dict):
        return None
    brand_id = next((found for name in _IDS if (found := id_of(entry.get(name)))), "")
    name = next((text for key in _NAMES if isinstance(text := entry.get(key), str)), "")
    return Brand(brand_id, named(name)) if brand_id.isascii() and brand_id.isdigit() else None
