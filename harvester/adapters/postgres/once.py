"""Work that must be kept exactly once, also when the connection breaks during its COMMIT."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from harvester.adapters.postgres.database import Connection, Database
from harvester.adapters.postgres.queries import named
from harvester.domain.errors import Unavailable

T = TypeVar("T")

_THIS_TRANSACTION = named("this_transaction")
_WHAT_BECAME_OF = named("what_became_of")


async def once(database: Database, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Like `Database.repeat`, but `work` need not look first.

    A repeat asks Postgres what became of the attempt before it, by its transaction id; what was kept is not done again,
    and its result is returned. Raises Unavailable.
    """
    kept: list[tuple[str | None, T]] = []
    """The attempt that was ready to be kept: its transaction and its result."""

    async def attempt(connection: Connection, _repeated: bool) -> T:
        if kept:
            transaction, result = kept[0]
            status = await connection.fetchval(_WHAT_BECAME_OF, transaction)
            if status == "committed":
                return result
            if status == "in progress":
                raise Unavailable("Postgres is still busy with the attempt before")
            kept.clear()
        result = await work(connection)
        kept.append((await connection.fetchval(_THIS_TRANSACTION), result))
        return result

    return await database.repeat(attempt)
