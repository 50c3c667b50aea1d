"""Walks a list page by page, and stops one that goes round in circles."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

import msgspec

from harvester.adapters.ads.wire import WirePage
from harvester.domain.errors import PageBroken, Rejected

W = TypeVar("W", bound=msgspec.Struct)

MOST_IDLE_PAGES = 3
"""Pages in a row that bring nothing new, and still name a next one."""
_BAD_TOKEN = (400, 422)

Fetch = Callable[[str | None], Awaitable[WirePage[W]]]


class PageGuard:
    """Remembers where a list has been. One per list; `what` names it in errors."""

    def __init__(self, what: str, token: str | None) -> None:
        self._what = what
        self._tokens = set() if token is None else {hash(token)}
        self._pages: set[int] = set()
        self._idle = 0

    def check(self, page: WirePage[W]) -> None:
        """Raises PageBroken when the page's token came before, or too many pages brought nothing new."""
        if page.items:
            mark = hash((len(page.items), msgspec.json.encode((page.items[0], page.items[-1]))))
            self._idle = self._idle + 1 if mark in self._pages else 0
            self._pages.add(mark)
        else:
            self._idle += 1
        if page.next_token is None:
            return
        if self._idle >= MOST_IDLE_PAGES:
            raise PageBroken(
                f"{self._what}: {self._idle} pages in a row brought nothing new, and still name a next one"
            )
        token = hash(page.next_token)
        if token in self._tokens:
            raise PageBroken(f"{self._what}: a page token came again, so the list goes round in circles")
        self._tokens.add(token)


async def fetched(fetch: Fetch[W], what: str, token: str | None) -> WirePage[W]:
    """One page. A token that Amazon refuses breaks the list, it does not refuse the whole profile."""
    try:
        return await fetch(token)
    except Rejected as rejected:
        if token is None or rejected.status not in _BAD_TOKEN:
            raise
        message = rejected.message
    raise PageBroken(f"{what}: the page token was refused: {message}")


async def walked(fetch: Fetch[W], what: str, token: str | None = None) -> AsyncGenerator[WirePage[W]]:
    """Every page, from the one that `token` names. The page that breaks the list is still given out first."""
    guard = PageGuard(what, token)
    while True:
        page = await fetched(fetch, what, token)
        yield page
        guard.check(page)
        token = page.next_token
        if token is None:
            return


def batches(values: Sequence[str], most: int) -> Iterator[list[str]]:
    """Each value once, in their order."""
    unique = list(dict.fromkeys(values))
    for start in range(0, len(unique), most):
        yield unique[start : start + most]
