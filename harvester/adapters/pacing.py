"""What the HTTP client asks before and tells after each call."""

from typing import Protocol

from harvester.adapters.exchange import Budget


class Pacing(Protocol):
    """Says when a request may go."""

    async def enter(self, budget: Budget, give_up_at: float | None = None) -> bool:
        """Waits for this budget's turn. False: it would come only after `give_up_at`, and nothing was taken.

        Raises Unavailable where a first attempt makes no sense now.
        """
        ...

    def succeeded(self, budget: Budget) -> None: ...

    def answered(self, budget: Budget) -> None:
        """Any answer but a 429."""
        ...

    def refused(self, budget: Budget, *, sent_at: float, pause_seconds: float) -> None:
        """A 429."""
        ...

    def gave_up(self, budget: Budget, *, open_seconds: float) -> float | None:
        """A call ended with nothing but 429s. The seconds until the next may be tried, where that is known."""
        ...
