"""Who is next: repeats before first attempts, else in the order of their coming."""

import asyncio
import heapq
from itertools import count


class Turns:
    """One caller at a time stands in front. Handing over costs the same however many wait."""

    def __init__(self) -> None:
        self._taken = False
        self._order = count()
        self._waiting: list[tuple[bool, int, asyncio.Future[None]]] = []

    def __len__(self) -> int:
        """How many wait behind the one in front."""
        return len(self._waiting)

    @property
    def repeats(self) -> int:
        return sum(not first for first, _, _ in self._waiting)

    async def come_to_the_front(self, *, first_attempt: bool) -> None:
        if not self._taken:
            self._taken = True
            return
        turn = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (first_attempt, next(self._order), turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self.leave()
            raise

    def leave(self) -> None:
        while self._waiting:
            turn = heapq.heappop(self._waiting)[-1]
            if not turn.done():
                turn.set_result(None)
                return
        self._taken = False
