"""Categories: the tree, suggestions for products, refinements, product counts. All answers are read leniently."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import msgspec

from harvester.adapters.ads.naming import MOST_OF_A_PATH, named
from harvester.adapters.ads.wire import Text, lenient, text
from harvester.adapters.exchange import UNDECODABLE, Answer, Unreadable
from harvester.adapters.mending import decode
from harvester.domain.category_tree import Category, NamedId, Narrowed, ProductCount, Refinements, SuggestedCategory

_NO_PARENT = frozenset({"-1", "0"})
"""What a category at the top may name as its parent."""
_DEEPEST = 100
_NO_TREE = "it holds no tree of categories"


class _Range(msgspec.Struct):
    min: int | float | None = None
    max: int | float | None = None


class _Node(msgspec.Struct, rename="camel"):
    id: Text = None
    na: Text = None
    ch: list[msgspec.Raw] | None = None
    ta: bool | None = None
    asin_count_range: _Range | None = None


class _Tree(msgspec.Struct, rename="camel"):
    category_tree: msgspec.Raw


class _Suggested(msgspec.Struct, rename="camel"):
    """Versions 3 to 5 at once: `parent`, `path` and `canBeTargeted` are version 3's."""

    id: Text = None
    name: Text = None
    parent_category_id: Text = None
    parent: Text = None
    category_path: Text = None
    path: Text = None
    can_be_targeted: bool | None = None
    asin_counts: _Range | None = None


class _Suggestions(msgspec.Struct):
    categories: list[msgspec.Raw] | None = None


class _Named(msgspec.Struct):
    id: Text = None
    name: Text = None


class _Refinements(msgspec.Struct, rename="camel"):
    brands: list[msgspec.Raw] | None = None
    age_ranges: list[msgspec.Raw] | None = None
    genres: list[msgspec.Raw] | None = None


class _Counts(msgspec.Struct, rename="camel"):
    asin_counts: _Range


_nodes = msgspec.json.Decoder(_Node)
_trees = msgspec.json.Decoder(_Tree)
_lists = msgspec.json.Decoder(list[msgspec.Raw])
_texts = msgspec.json.Decoder(str)
_suggested = msgspec.json.Decoder(_Suggested)
_suggestions = msgspec.json.Decoder(_Suggestions)
_named = msgspec.json.Decoder(_Named)
_refinements = msgspec.json.Decoder(_Refinements)
_counts = msgspec.json.Decoder(_Counts)


def read_tree(answer: Answer) -> Sequence[Category]:
    """An object whose `categoryTree` is the tree as JSON text, or the bare tree: nobody knows which of them comes."""
    found: list[Category] = []
    for node in _array(answer.body):
        _take(node, "", "", 0, found)
    return found


def _array(body: bytes) -> list[msgspec.Raw]:
    start = body.lstrip()[:1]
    if start == b"{":
        return _array(bytes(decode(_trees, body, _NO_TREE).category_tree))
    if start == b'"':
        return decode(_lists, decode(_texts, body, _NO_TREE).encode(), _NO_TREE)
    return decode(_lists, body, _NO_TREE)


def _take(raw: msgspec.Raw, parent_id: str, above: str, depth: int, found: list[Category]) -> None:
    """A node without an id is left out, and what is below it hangs from the one above."""
    node = lenient(_nodes, raw)
    if node is None or depth > _DEEPEST:
        return
    category_id, name = text(node.id), text(node.na)
    place = len(found)
    path = f"{above}/{name}" if category_id else above
    if category_id:
        found.append(
            Category(category_id, parent_id, name, path, node.ta is True, _count(node.asin_count_range), place)
        )
    for child in node.ch or ():
        _take(child, category_id or parent_id, path, depth + 1, found)
    if category_id:
        found[place] = msgspec.structs.replace(found[place], last_below=len(found) - 1)


def suggestion_body(asins: Sequence[str], *, with_ancestors: bool) -> Mapping[str, object]:
    return {"asins": list(asins), "includeAncestor": with_ancestors}


def read_suggested(answer: Answer) -> Sequence[SuggestedCategory]:
    items = decode(_suggestions, answer.body, "it holds no categories").categories
    found = {}
    for item in (each for raw in items or () if (each := lenient(_suggested, raw)) is not None):
        category_id = text(item.id)
        if category_id:
            found[category_id] = SuggestedCategory(
                category_id=category_id,
                parent_id=_parent(text(item.parent_category_id) or text(item.parent)),
                name=named(text(item.name)),
                path=named(text(item.category_path) or text(item.path), MOST_OF_A_PATH),
                targetable=item.can_be_targeted is not False,
                products=_count(item.asin_counts),
            )
    return list(found.values())


def read_refinements(answer: Answer) -> Refinements:
    """Each of the three lists may be null, or missing."""
    said = decode(_refinements, answer.body, "it holds no refinements")
    return Refinements(*(tuple(_all_named(each)) for each in (said.brands, said.age_ranges, said.genres)))


def count_body(narrowed: Narrowed) -> Mapping[str, object]:
    body: dict[str, object] = {"category": narrowed.category_id}
    for name, ids in (
        ("brands", narrowed.brands),
        ("ageRanges", narrowed.age_ranges),
        ("genres", narrowed.genres),
    ):
        if ids:
            body[name] = [{"id": each} for each in ids]
    if narrowed.prime is not None:
        body["isPrimeShipping"] = narrowed.prime
    for name, ends in (("priceRange", narrowed.price), ("ratingRange", narrowed.rating)):
        said = {end: _number(value) for end, value in zip(("min", "max"), ends, strict=True) if value is not None}
        if said:
            body[name] = said
    return body


def read_count(answer: Answer) -> ProductCount:
    try:
        count = _count(_counts.decode(answer.body).asin_counts)
    except UNDECODABLE:
        count = None
    if count is None:
        raise Unreadable("it holds no count of products")
    return count


def _number(value: Decimal | int) -> msgspec.Raw:
    """A plain number, exactly as it is."""
    return msgspec.Raw(format(value, "f").encode() if isinstance(value, Decimal) else str(value).encode())


def _count(ends: _Range | None) -> ProductCount | None:
    """None where an end is missing: half a count is none."""
    if ends is None or ends.min is None or ends.max is None or not 0 <= ends.min <= ends.max <= 2**31:
        return None
    return ProductCount(int(ends.min), int(ends.max))


def _parent(named: str) -> str:
    return "" if named in _NO_PARENT else named


def _all_named(raws: list[msgspec.Raw] | None) -> Iterator[NamedId]:
    for raw in raws or ():
        item = lenient(_named, raw)
        if item is not None and item.id:
            yield NamedId(text(item.id), named(text(item.name)))
