"""The fleet's vitals for whoever asks, with one question to Postgres at a time."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import structlog

from harvester.domain.errors import HarvesterError
from harvester.domain.vitals import Vitals

PATIENCE_SECONDS = 2.0

log = structlog.get_logger()


class Pulse:
    """`ask` raises HarvesterError where Postgres is away; it may also never return."""

    def __init__(
        self,
        ask: Callable[[], Awaitable[Vitals]],
        *,
        patience_seconds: float = PATIENCE_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ask = ask
        self._patience_seconds = patience_seconds
        self._monotonic = monotonic
        self._asking: asyncio.Task[Vitals | None] | None = None
        self._answer: Vitals | None = None
        self._answered_at = float("-inf")

    async def latest(self, fresh_seconds: float) -> Vitals | None:
        """Not older than that. None: Postgres gave no answer within the patience.

        Who asks while a question is under way waits for its answer; one that is never answered is not asked again.
        """
        if self._monotonic() - self._answered_at < fresh_seconds:
            return self._answer
        if self._asking is None:
            self._asking = asyncio.create_task(self._look(), name="pulse")
        asking = self._asking
        await asyncio.wait([asking], timeout=self._patience_seconds)
        return asking.result() if asking.done() and not asking.cancelled() else None

    async def _look(self) -> Vitals | None:
        try:
            self._answer = await self._ask()
        except HarvesterError:
            return None
        except Exception:  # a scrape has this replica's own numbers to give, whatever Postgres does
            log.exception("vitals.failed")
            return None
        finally:
            self._asking = None
        self._answered_at = self._monotonic()
        return self._answer

    async def stop(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking], timeout=self._patience_seconds)
