"""Trees of categories, one per marketplace, as they were read last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.adapters.postgres.storable import storable
from harvester.domain.category_tree import Category, Found, KeptTree, ProductCount

_KEPT = named("kept_trees")
_FORGET = named("forget_tree")
_LOCK = named("lock_tree")
_KEEP = named("keep_tree")
_FOUND = named("found_categories")
_COLUMNS = (
    *("country", "place", "last_below", "category_id", "parent_id", "name", "path", "targetable"),
    *("products_least", "products_most"),
)


@dataclass(frozen=True, slots=True)
class PostgresCategoryTrees:
    database: Database

    async def kept(self) -> Sequence[KeptTree]:
        async def work(connection: Connection, _repeated: bool) -> list[KeptTree]:
            return [KeptTree(**dict(row)) for row in await connection.fetch(_KEPT)]

        return await self.database.repeat(work)

    async def keep(self, country: str, categories: Sequence[Category], now: datetime) -> KeptTree:
        async def work(connection: Connection, _repeated: bool) -> None:
            await connection.execute(_LOCK, country)
            await connection.execute(_FORGET, country)
            await connection.execute(_KEEP, country, now, len(categories))
            await connection.copy_records_to_table(
                "category",
                schema_name="harvester",
                columns=_COLUMNS,
                records=(_columns(country, each) for each in categories),
            )

        await self.database.repeat(work)
        return KeptTree(country, now, len(categories))

    async def find(self, tree: KeptTree, text: str, under: str, most: int | None) -> Found:
        words = [f"%{_plain(word)}%" for word in text.split()]

        async def work(connection: Connection, _repeated: bool) -> list[asyncpg.Record]:
            return await connection.fetch(_FOUND, tree.country, under, words, text.strip(), most)

        rows = await self.database.repeat(work)
        return Found(tree, [_category(row) for row in rows], rows[0]["total"] if rows else 0)


def _columns(country: str, category: Category) -> tuple[object, ...]:
    products = category.products
    return (
        country,
        category.place,
        category.last_below,
        storable(category.category_id),
        storable(category.parent_id),
        storable(category.name),
        storable(category.path),
        category.targetable,
        products.least if products else None,
        products.most if products else None,
    )


def _category(row: asyncpg.Record) -> Category:
    least = row["products_least"]
    return Category(
        category_id=row["category_id"],
        parent_id=row["parent_id"],
        name=row["name"],
        path=row["path"],
        targetable=row["targetable"],
        products=None if least is None else ProductCount(least, row["products_most"]),
        place=row["place"],
        last_below=row["last_below"],
    )


def _plain(word: str) -> str:
    """As it is, where LIKE would take a character for a wildcard."""
    return word.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
