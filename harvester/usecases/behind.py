"""Writes that go on behind the work that hands them in."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, Self

MOST_UNSETTLED = 2
"""One under way and one that waits for it: whoever writes never waits for work, and memory stays flat."""


class Behind:
    """Writes one at a time, in the order they are handed in, while what comes after them is worked on.

    What a write raised is raised by the next `begin` or `settled`, and at the end of the block; a write behind it is
    never begun. An error that leaves the block lets the writes end first; a cancellation takes them along.
    """

    def __init__(self) -> None:
        self._writes: deque[asyncio.Task[None]] = deque()

    async def begin(self, write: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Waits while MOST_UNSETTLED others are unsettled."""
        while len(self._writes) >= MOST_UNSETTLED:
            await self._oldest()
        before = self._writes[-1] if self._writes else None
        self._writes.append(asyncio.create_task(_after(before, write)))

    async def settled(self) -> None:
        while self._writes:
            await self._oldest()

    async def _oldest(self) -> None:
        await self._writes[0]
        self._writes.popleft()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, Exception):
            for write in self._writes:
                write.cancel()
        try:
            if error is None:
                await self.settled()
        finally:
            await asyncio.gather(*self._writes, return_exceptions=True)


async def _after(before: asyncio.Task[None] | None, write: Callable[[], Coroutine[Any, Any, None]]) -> None:
    if before is not None:
        await before
    await write()
