"""Items of the catalog are read as printed in the guide, and whatever else comes never loses another."""

import json
from pathlib import Path
from typing import Any

import pytest

from harvester.adapters.catalog.wire import read_item, read_page
from harvester.adapters.exchange import Answer
from harvester.domain.catalog import CatalogItem, Category, SalesRank
from tests.unit.adapters.selling_partner import HERE

SAMPLES = Path(__file__).parents[2] / "contracts" / "samples"


def answer(body: object) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(200, raw, "application/json", None)


def item(**sections: Any) -> CatalogItem:
    return read_item(answer({"asin": "b000000001", **sections}), HERE)


def here(**more: Any) -> list[Any]:
    """A section with this marketplace's part between junk and another's."""
    return [None, {"marketplaceId": "ELSEWHERE", **more}, {"marketplaceId": HERE, **more}]


def test_the_guides_item_is_read():
    """Title, brand, class, path, both kinds of rank, the parent, list price and the largest main image."""
    read = read_item(answer((SAMPLES / "catalog-item.json").read_bytes()), HERE)

    path = (
        ("172282", "Electronics"),
        ("1266092011", "Television & Video"),
        ("172659", "Televisions"),
        ("21489946011", "QLED TVs"),
    )
    assert read == CatalogItem(
        asin="B07N4M94X4",
        title="Samsung QN82Q60RAFXZA Flat 82-Inch QLED 4K Q60 Series (2019) Ultra HD Smart TV with HDR and Alexa Compatibility",
        brand="SAMSUNG",
        item_class="BASE_PRODUCT",
        category=Category("21489946011", "QLED TVs"),
        path=tuple(Category(*each) for each in path),
        ranks=(SalesRank("Electronics", 72855), SalesRank("QLED TVs", 113, "21489946011")),
        parents=("B08J7TQ9FL",),
        related=True,
        list_price="3799.99",
        currency="USD",
        image="https://m.media-amazon.com/images/I/91uohwV+k3L.jpg",
    )  # fmt: skip
    assert (read.best_rank(of_categories=True), read.best_rank(of_categories=False)) == (113, 72855)


def test_the_guides_searches_are_read():
    """Parents without pagination; an item without a brand; the token of the next page."""
    parents = read_page(answer((SAMPLES / "catalog-identifiers.json").read_bytes()), HERE)
    keywords = read_page(answer((SAMPLES / "catalog-keywords.json").read_bytes()), HERE)

    assert [(each.brand, each.item_class) for each in parents.items] == [
        ("Fred Perry", "BASE_PRODUCT"), ("Universal", "BASE_PRODUCT"), ("Muck Boot", "VARIATION_PARENT"),
    ]  # fmt: skip
    assert (parents.total, parents.next_token, keywords.total) == (3, None, 1000)
    assert keywords.next_token is not None
    assert keywords.next_token.startswith("9HkIVcuuPmX")
    assert [each.brand for each in keywords.items if each.asin == "1534418717"] == [""]


def test_another_marketplaces_facts_are_not_taken():
    """An item's sections hold one part for each marketplace."""
    summaries = [{"marketplaceId": "ELSEWHERE", "brand": "Wrong"}]

    assert item(summaries=summaries, attributes={"brand": [{"value": "Wrong", "marketplace_id": "X"}]}).brand == ""


def test_attributes_stand_in_for_a_summary():
    """Title and brand are attributes too, with or without a marketplace."""
    attributes = {"item_name": [{"value": "A towel", "marketplace_id": HERE}], "brand": [{"value": "Acme"}]}

    assert (item(attributes=attributes).title, item(attributes=attributes).brand) == ("A towel", "Acme")


def path_of(*names: str) -> dict[str, Any]:
    node: dict[str, Any] = {}
    for name in names:
        node = {"classificationId": name, "displayName": name, **({"parent": node} if node else {})}
    return node


PATHS = [
    (None, [path_of("1", "2")], ("1", "2"), "2"),
    ("4", [path_of("1", "2"), path_of("3", "4")], ("3", "4"), "4"),
    ("9", [path_of("1", "2")], ("1", "2"), "2"),
    ("9", [], (), "9"),
    ("9", [path_of("1", "", "2")], (), "9"),
    (None, [], (), None),
]


@pytest.mark.parametrize(("leaf", "given", "path", "lowest"), PATHS)
def test_the_path_is_that_of_the_summarys_category(leaf: str | None, given: Any, path: Any, lowest: str | None):
    """Else the first; a path with a hole in it is none."""
    summary = {} if leaf is None else {"browseClassification": {"classificationId": leaf, "displayName": leaf}}
    read = item(classifications=here(classifications=given), summaries=here(**summary))

    assert tuple(each.category_id for each in read.path) == path
    assert (read.category and read.category.category_id) == lowest


def test_a_path_without_end_is_cut():
    """Nothing on the wire can keep the reader going for ever."""
    read = item(classifications=here(classifications=[path_of(*map(str, range(100)))]))

    assert len(read.path) == 30


PRICES = [
    ({"currency": "USD", "value": 3799.99}, ("3799.99", "USD")),
    ({"currency": "JPY", "value": "1200"}, ("1200", "JPY")),
    ({"currency": "USD", "value": 0}, ("", "")),
    ({"currency": "USD", "value": "1e999999999"}, ("", "")),
    ({"currency": "USD", "value": True}, ("", "")),
    ({"currency": "USD", "value": "free"}, ("", "")),
    ({"value": 5}, ("", "")),
    (None, ("", "")),
]


@pytest.mark.parametrize(("given", "price"), PRICES)
def test_a_price_is_an_amount_with_its_currency(given: Any, price: tuple[str, str]):
    """What is no amount is missing, not zero."""
    read = item(attributes={"list_price": [given]})

    assert (read.list_price, read.currency) == price


def test_ranks_that_are_none_are_left_out():
    """A rank is a whole number from 1, and one of a category names it."""
    ranks = [{"title": "a", "rank": 0}, {"title": "b", "rank": "7"}, {"title": "c", "rank": 5}, "junk"]
    read = item(salesRanks=here(displayGroupRanks=ranks, classificationRanks=ranks))

    assert read.ranks == (SalesRank("c", 5),)
    assert read.best_rank(of_categories=True) is None


def test_only_variations_are_relatives():
    """A box of six is no variation."""
    relations = [
        {"type": "VARIATION", "childAsins": ["b00child01", 7, None]},
        {"type": "PACKAGE_HIERARCHY", "parentAsins": ["B00PACKAGE"]},
        {"type": "VARIATION", "parentAsins": "B00TEXT000"},
    ]
    read = item(relationships=here(relationships=relations))

    assert (read.parents, read.children) == ((), ("B00CHILD01", "7"))


@pytest.mark.parametrize(
    ("given", "related"),
    [
        (here(relationships=[]), True),
        (here(relationships=[{"type": "PACKAGE_HIERARCHY", "parentAsins": ["B00PACKAGE"]}]), True),
        (here(relationships=None), False),
        ([{"marketplaceId": "ELSEWHERE", "relationships": []}], False),
        ([], False),
        (None, False),
    ],
)
def test_no_relatives_is_not_the_same_as_nothing_said_of_them(given: Any, related: bool):
    """An empty list says that there are none; without one nobody knows."""
    assert item(relationships=given).related is related


@pytest.mark.parametrize("junk", [None, 5, "x", [], {}, [[]], [{"marketplaceId": HERE}], {"a": [1]}])
def test_junk_in_any_section_loses_nothing_else(junk: Any):
    """Every section is optional, and so is all that is in it."""
    names = ("attributes", "classifications", "images", "relationships", "salesRanks", "summaries", "identifiers")
    good = {"asin": "B000000002", "summaries": here(brand="Acme")}
    rows = [{"asin": "B000000001", **dict.fromkeys(names, junk)}, junk, good]

    read = read_page(answer({"items": rows, "numberOfResults": junk, "pagination": junk}), HERE)

    assert [(each.asin, each.brand) for each in read.items] == [("B000000001", ""), ("B000000002", "Acme")]
    assert read.next_token is None


@pytest.mark.parametrize("broken", [rb'"\ud800 mug"', b"1e400", b"NaN"])
def test_what_is_no_json_in_one_item_loses_no_other(broken: bytes):
    """Half a surrogate pair, or a number that no number is: the other products of the batch are read."""
    title = b'{"marketplaceId": "%b", "itemName": %b}' % (HERE.encode(), broken)
    body = b'{"items": [{"asin": "B000000001", "summaries": [%b]}, {"asin": "B000000002"}]}' % title

    read = read_page(answer(body), HERE)

    assert [each.asin for each in read.items] == ["B000000001", "B000000002"]


def test_a_rank_that_is_a_truth_is_none():
    """In Python it would be a number, the best rank of all."""
    assert item(salesRanks=here(displayGroupRanks=[{"title": "a", "rank": True}])).ranks == ()


def test_a_nul_is_replaced():
    """Postgres keeps none."""
    body = b'{"asin": "B000000001", "summaries": [{"marketplaceId": "%b", "brand": "Ac\\u0000me"}]}' % HERE.encode()

    assert read_item(answer(body), HERE).brand == "Ac\ufffdme"
