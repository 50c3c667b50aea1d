"""What is a marketplace's matter is asked in the name of one of its profiles; of another where that one fails."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from harvester.domain.profile import Profile

_Answer = TypeVar("_Answer")

_MOST_TRIES = 3
"""In one marketplace: where Amazon is away, it is so for all of them."""


@dataclass
class OnePerMarketplace:
    """Of one look at several marketplaces."""

    _turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))
    _answered: set[str] = field(default_factory=set)
    _tries: Counter[str] = field(default_factory=Counter)

    async def __call__(self, profile: Profile, ask: Callable[[], Awaitable[_Answer]]) -> _Answer | None:
        """None where another profile stands for the marketplace. Raises what `ask` raises."""
        country = profile.country
        async with self._turns[country]:
            if country in self._answered or self._tries[country] >= _MOST_TRIES:
                return None
            self._tries[country] += 1
            found = await ask()
            self._answered.add(country)
            return found
