"""Trees of categories in Postgres: kept whole, replaced whole, found by what lies where."""

import asyncio
from datetime import UTC, datetime

import pytest

from harvester.adapters.postgres.categories import PostgresCategoryTrees
from harvester.adapters.postgres.database import Database
from harvester.domain.category_tree import Category, KeptTree, ProductCount

NOW = datetime(2026, 3, 1, tzinfo=UTC)
TREE = [
    Category("1", "", "Home", "/Home", False, ProductCount(1, 2**31), 0, 3),
    Category("2", "1", "100% Cotton", "/Home/100% Cotton", True, ProductCount(5, 9), 1, 2),
    Category("3", "2", "Bath_Towels", "/Home/100% Cotton/Bath_Towels", True, None, 2, 2),
    Category("4", "1", "Bath Towels", "/Home/Bath Towels", True, None, 3, 3),
    Category("5", "", "Éclairage \\ Lampes", "/Éclairage \\ Lampes", True, None, 4, 5),
    Category("3", "5", "Bath_Towels", "/Éclairage \\ Lampes/Bath_Towels", True, None, 5, 5),
]


@pytest.fixture
async def trees(database: Database) -> PostgresCategoryTrees:
    kept = PostgresCategoryTrees(database)
    await kept.keep("US", TREE, NOW)
    return kept


async def places(trees: PostgresCategoryTrees, text: str = "", under: str = "", most: int | None = None) -> list[int]:
    (tree,) = await trees.kept()
    return [each.place for each in (await trees.find(tree, text, under, most)).categories]


async def test_a_tree_comes_back_as_it_was_kept(trees: PostgresCategoryTrees):
    """Every field of every category, in its order, with when it was read."""
    (tree,) = await trees.kept()

    assert tree == KeptTree("US", NOW, 6)
    assert (await trees.find(tree, "/", "", None)).categories == TREE


@pytest.mark.parametrize(
    ("text", "under", "found"),
    [
        ("", "", [0, 4]),
        ("", "1", [1, 3]),
        ("", "4", []),
        ("", "9", []),
        ("towels", "", [2, 3, 5]),
        ("TOWELS cotton", "", [2]),
        ("bath_towels", "", [2, 5]),
        ("100%", "", [1, 2]),
        ("0%c", "", []),
        ("éclairage", "", [4, 5]),
        ("\\", "", [4, 5]),
        ("3", "", [2, 5]),
        ("towels", "5", [5]),
        ("towels", "2", [2]),
        ("cotton", "2", [2]),
        ("4", "5", []),
    ],
)
async def test_what_is_looked_for_is_found_where_it_lies(
    trees: PostgresCategoryTrees, text: str, under: str, found: list[int]
):
    """Every word somewhere in the path, in any case, or the very id; no character is a wildcard."""
    assert await places(trees, text, under) == found


async def test_a_part_of_a_long_list_says_how_long_it_is(trees: PostgresCategoryTrees):
    """The first ones, and how many there are in all."""
    (tree,) = await trees.kept()

    part = await trees.find(tree, "towels", "", 2)

    assert ([each.place for each in part.categories], part.total) == ([2, 3], 3)
    assert (await trees.find(tree, "nothing", "", 2)).total == 0


async def test_a_tree_read_anew_takes_the_place_of_the_old_one(trees: PostgresCategoryTrees):
    """Whole; and the tree of another marketplace stays where it is."""
    later = NOW.replace(day=2)
    await trees.keep("UK", TREE, NOW)

    await trees.keep("US", TREE[3:4], later)

    uk, us = await trees.kept()
    assert (uk, us) == (KeptTree("UK", NOW, 6), KeptTree("US", later, 1))
    assert [each.place for each in (await trees.find(us, "home", "", None)).categories] == [3]
    assert (await trees.find(uk, "home", "", None)).total == 4


async def test_two_that_read_it_at_once_leave_one_whole_tree(trees: PostgresCategoryTrees):
    """One after the other; neither fails."""
    await asyncio.gather(*(trees.keep("US", TREE[:4] if number % 2 else TREE, NOW) for number in range(8)))

    (tree,) = await trees.kept()
    assert tree.categories == len((await trees.find(tree, "/", "", None)).categories)


async def test_what_postgres_cannot_hold_is_kept_as_well_as_can_be(trees: PostgresCategoryTrees):
    """A character that no text may hold costs no tree."""
    tree = await trees.keep("DE", [Category("1\x00", "", "a\x00\ud800", "/a\x00", True)], NOW)

    (only,) = (await trees.find(tree, "", "", None)).categories
    assert only.name.startswith("a\ufffd")
