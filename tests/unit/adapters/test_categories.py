"""What the client makes of categories: both forms of the tree, suggestions of three versions, null lists, counts."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from harvester.domain.category_tree import (
    Category,
    NamedId,
    Narrowed,
    ProductCount,
    Refinements,
    SuggestedCategory,
)
from harvester.domain.errors import PageBroken, Rejected
from tests.unit.adapters.loopback import PROFILE, Bench, Reply

SAMPLES = Path(__file__).parents[2] / "contracts" / "samples"
TREE = "/sp/targets/categories"
SUGGESTED = "/sp/targets/categories/recommendations"
REFINED = "/sp/targets/category/2522102011/refinements"
COUNTED = "/sp/targets/products/count"
PAPER = [
    Category("2748212011", "", "Art Paper", "/Art Paper", True, ProductCount(57, 84), 0, 2),
    Category(
        "8090742011", "2748212011", "Palette Paper", "/Art Paper/Palette Paper", True, ProductCount(11, 19), 1, 1
    ),
    Category(
        "8090734011", "2748212011", "Sketchbooks & Notebooks", "/Art Paper/Sketchbooks & Notebooks", True,
        ProductCount(3, 5), 2, 2,
    ),
    Category("12898291", "", "Tracing Paper", "/Tracing Paper", True, ProductCount(24, 40), 3, 3),
]  # fmt: skip


def sample(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def node(category_id: object, name: object, *children: object, **more: object) -> dict[str, Any]:
    return {"id": category_id, "na": name, "ch": list(children), "ta": True, **more}


async def tree(bench: Bench, body: object) -> list[Category]:
    bench.amazon.on(TREE, Reply(body))
    return list(await bench.login().reader(PROFILE, None).category_tree())


@pytest.mark.parametrize("form", ["bare", "text", "object", "text of text"])
async def test_the_tree_is_read_in_every_form(bench: Bench, form: str):
    """As text within an object by the specification, bare in its example: each category after its parent."""
    bare = sample("category-tree.json")
    text = json.dumps(json.loads(bare))
    body = {
        "bare": bare,
        "text": json.dumps({"categoryTree": text}).encode(),
        "object": json.dumps({"categoryTree": json.loads(bare)}).encode(),
        "text of text": json.dumps(text).encode(),
    }[form]

    assert await tree(bench, body) == PAPER
    (request,) = bench.amazon.asked(TREE)
    assert (request.method, request.raw) == ("GET", b"")


async def test_version_three_has_no_counts(bench: Bench):
    """They are unknown then, not zero; and a category that does not say so cannot be targeted."""
    (found,) = await tree(bench, [{"id": "7", "na": "Paper"}])

    assert (found.products, found.targetable, found.last_below) == (None, False, 0)


@pytest.mark.parametrize(
    "odd",
    [
        None, 7, "towel", [], {}, {"id": None, "na": "x"}, {"id": 1, "na": ["x"]}, {"id": 1, "ch": 7},
        {"id": 1, "asinCountRange": 7},
    ],
    ids=str,
)  # fmt: skip
async def test_one_odd_category_costs_itself_alone(bench: Bench, odd: object):
    """Its neighbours are there."""
    found = await tree(bench, [node(2, "Paper", odd, node(3, "Card")), odd])

    assert [each.path for each in found] == ["/Paper", "/Paper/Card"]


async def test_what_hangs_below_a_category_without_an_id_is_kept(bench: Bench):
    """From the one above it."""
    found = await tree(bench, [node(2, "Paper", node(None, "?", node(3, "Card")))])

    assert [(each.path, each.parent_id) for each in found] == [("/Paper", ""), ("/Paper/Card", "2")]
    assert [each.last_below for each in found] == [1, 1]


@pytest.mark.parametrize(
    "counts",
    [{"min": 5}, {"max": 5}, {"min": 9, "max": 5}, {"min": -1, "max": 5}, {"min": 1, "max": 10**15}, {}, None],
    ids=str,
)
async def test_half_a_count_is_none(bench: Bench, counts: object):
    """And what cannot be."""
    (found,) = await tree(bench, [node(1, "Paper", asinCountRange=counts)])

    assert found.products is None


@pytest.mark.parametrize(
    "body", [b"", b"7", b"null", b"{}", b'{"categoryTree":null}', b'{"categoryTree":"towel"}', b'"towel"', b"<html>"]
)
async def test_what_is_no_tree_is_told_as_such(bench: Bench, body: bytes):
    """An empty tree would look like a marketplace without categories."""
    with pytest.raises(PageBroken, match="no tree of categories"):
        await tree(bench, body)


async def test_a_tree_without_end_ends(bench: Bench):
    """Nested deeper than any real one: what is too deep is left out, nothing breaks."""
    deep = '{"id":1,"na":"x","ch":[' * 300 + "]}" * 300

    assert len(await tree(bench, f"[{deep}]".encode())) == 101


async def suggested(bench: Bench, body: object) -> list[SuggestedCategory]:
    bench.amazon.on(SUGGESTED, Reply(body))
    return list(await bench.login().reader(PROFILE, None).suggested_categories(["B08LM7291W"]))


async def test_the_guides_suggestion_is_read(bench: Bench):
    """As printed; what was asked is what the guide asks."""
    path = "/Beauty & Personal Care/Skin Care Products/Body Skin Care Products/Body Cleansers/Bath Soaps"

    assert await suggested(bench, sample("categories.json")) == [
        SuggestedCategory("11056341", "11056281", "Bath Soaps", path, True, ProductCount(8988, 14980))
    ]
    (request,) = bench.amazon.asked(SUGGESTED)
    assert request.json == {"includeAncestor": False, "asins": ["B08LM7291W"]}


async def test_every_version_of_a_suggestion_is_read(bench: Bench):
    """Version 3 has other names, and says whether it can be targeted; a parent of -1 is none; each once."""
    three = {"id": "1", "name": "Books", "parent": "-1", "path": "/Books", "canBeTargeted": False}
    five = {
        "id": "2", "name": "Libros", "parentCategoryId": "1", "categoryPath": "/Books/B", "translatedName": "B",
        "translatedCategoryPath": "/B",
    }  # fmt: skip

    found = await suggested(bench, {"categories": [three, five, five, None, {}, {"id": [], "name": 7}]})

    assert found == [
        SuggestedCategory("1", "", "Books", "/Books", False),
        SuggestedCategory("2", "1", "Libros", "/Books/B", True),
    ]


@pytest.mark.parametrize("body", [{"categories": None}, {"categories": []}, {}])
async def test_no_suggestion_is_an_answer(bench: Bench, body: object):
    """Of products that Amazon does not know."""
    assert await suggested(bench, body) == []


@pytest.mark.parametrize("body", [b"[]", b"7", b'{"categories":7}', b"<html>"])
async def test_what_holds_no_list_of_categories_cannot_be_read(bench: Bench, body: bytes):
    """That is another thing than an empty one."""
    with pytest.raises(PageBroken, match="no categories"):
        await suggested(bench, body)


async def refined(bench: Bench, body: object) -> Refinements:
    bench.amazon.on(REFINED, Reply(body))
    return await bench.login().reader(PROFILE, None).refinements("2522102011")


async def test_the_guides_refinements_are_read(bench: Bench):
    """A null list, which the specification does not know, is an empty one."""
    found = await refined(bench, sample("refinements.json"))

    assert found.brands[1] == NamedId("18681839011", "DJECO")
    assert (len(found.brands), len(found.age_ranges), found.genres) == (6, 4, ())


async def test_odd_refinements_cost_themselves_alone(bench: Bench):
    """Lists that are not there, entries that are none."""
    assert await refined(bench, {"brands": [7, None, {}, {"id": 5, "name": None}], "genres": []}) == Refinements(
        (NamedId("5", ""),)
    )
    with pytest.raises(PageBroken, match="no refinements"):
        await refined(bench, {"brands": 7})


async def test_an_id_cannot_leave_its_place_in_the_path(bench: Bench):
    """Whatever stands in it."""
    bench.amazon.checks_tokens = False
    with pytest.raises(Rejected):
        await bench.login().reader(PROFILE, None).refinements("../../x?y")

    assert [seen.path for seen in bench.amazon.seen if "category" in seen.path] == [
        "/sp/targets/category/..%2F..%2Fx%3Fy/refinements"
    ]


async def counted(bench: Bench, body: object, narrowed: Narrowed | None = None) -> ProductCount:
    bench.amazon.on(COUNTED, Reply(body))
    return await bench.login().reader(PROFILE, None).product_count(narrowed or Narrowed("7"))


async def test_products_are_counted_with_what_narrows_them_down(bench: Bench):
    """Ends that are open are left out, amounts are plain numbers; nothing named, nothing sent."""
    answer = {"asinCounts": {"min": 500, "max": 20000}}
    narrowed = Narrowed("7", ("1", "2"), ("3",), ("4",), prime=False, price=(Decimal("9.50"), None), rating=(0, 3))

    assert await counted(bench, answer, narrowed) == ProductCount(500, 20000)
    assert await counted(bench, answer) == ProductCount(500, 20000)

    full, bare = bench.amazon.asked(COUNTED)
    assert full.json == {
        "category": "7",
        "brands": [{"id": "1"}, {"id": "2"}],
        "ageRanges": [{"id": "3"}],
        "genres": [{"id": "4"}],
        "isPrimeShipping": False,
        "priceRange": {"min": 9.5},
        "ratingRange": {"min": 0, "max": 3},
    }
    assert b'"min":9.50' in full.raw
    assert bare.json == {"category": "7"}


@pytest.mark.parametrize("body", [{}, {"asinCounts": None}, {"asinCounts": {"min": 5}}, {"asinCounts": 7}, []])
async def test_half_an_answer_is_no_count(bench: Bench, body: object):
    """Nobody approves a category by half a number."""
    with pytest.raises(PageBroken, match="no count of products"):
        await counted(bench, body)


async def test_half_a_letter_in_one_name_loses_no_other(bench: Bench):
    """In the tree, also where it is text within text, in suggestions and in refinements."""
    broken, good = rb'{"id": "1", "%b": "\ud800 mugs"}', rb'{"id": "2", "%b": "cups"}'
    both = b"[" + broken + b", " + good + b"]"
    bare = both.replace(b"%b", b"na")
    names = ["\ufffd mugs", "cups"]

    assert [each.name for each in await tree(bench, bare)] == names
    assert [each.name for each in await tree(bench, json.dumps({"categoryTree": bare.decode()}).encode())] == names
    bench.amazon.on(SUGGESTED, Reply(b'{"categories": ' + both.replace(b"%b", b"name") + b"}"))
    bench.amazon.on(REFINED, Reply(b'{"brands": ' + both.replace(b"%b", b"name") + b"}"))
    reader = bench.login().reader(PROFILE, None)
    assert [each.name for each in await reader.suggested_categories(["B000000001"])] == names
    assert [each.name for each in (await reader.refinements("2522102011")).brands] == names
