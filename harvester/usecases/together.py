"""Several reads at once: all of them, or the first failure as itself."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_Item = TypeVar("_Item")


async def together(*reads: Coroutine[Any, Any, _Item]) -> list[_Item]:
    """Their results in order. The first to fail cancels the others, and its own error is raised, not a group."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read) for read in reads]
    except BaseExceptionGroup as failures:
        raise failures.exceptions[0] from None
    return [task.result() for task in tasks]
