"""Time for many tasks at once: it jumps to the next sleeper when all of them wait."""

import asyncio
import heapq
from collections.abc import Coroutine, Iterable
from itertools import count
from typing import Any

_TURNS_TO_SETTLE = 12


class VirtualTime:
    def __init__(self) -> None:
        self.now = 0.0
        self._order = count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.now + max(seconds, 0.0), next(self._order), woken))
        await woken

    async def pass_by(self, seconds: float) -> None:
        """Nobody sleeps meanwhile."""
        self.now += seconds

    async def run(self, work: Iterable[Coroutine[Any, Any, None]]) -> None:
        tasks = [asyncio.ensure_future(each) for each in work]
        while not all(task.done() for task in tasks):
            for _ in range(_TURNS_TO_SETTLE):
                await asyncio.sleep(0)
            if self._sleepers:
                at, _, woken = heapq.heappop(self._sleepers)
                self.now = max(self.now, at)
                if not woken.done():
                    woken.set_result(None)
        for task in tasks:
            task.result()
