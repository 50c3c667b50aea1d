"""Several reads at once: all of them, or the first failure as itself."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_Item = TypeVar("_Item")


async def together(*reads: Coroutine[Any, Any, _Item]) -> list[_Item]:
    """Their results in order. The first to fail cancels the others, and its own error is raised, not a group.

    No TaskGroup: before Python 3.13 one whose member fails leaves its own task marked as being cancelled, and the
    lease could not tell its loss from a stop any more.
    """
    tasks = [asyncio.ensure_future(read) for read in reads]
    try:
        return await asyncio.gather(*tasks)
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
