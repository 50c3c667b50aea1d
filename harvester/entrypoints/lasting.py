"""Parts of the service that last as long as it does: a surprise begins them anew, visibly, and ends nothing else."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0

log = structlog.get_logger()


async def lasting(part: str, work: Callable[[], Awaitable[None]]) -> None:
    """Until `work` returns. An error that nobody foresaw is told with its traceback, and it begins again.

    After a pause that is longer each time.
    """
    pause_seconds = FIRST_PAUSE_SECONDS
    while True:
        started_at = asyncio.get_running_loop().time()
        try:
            return await work()
        except Exception as error:
            if asyncio.get_running_loop().time() - started_at > 2 * LONGEST_PAUSE_SECONDS:
                pause_seconds = FIRST_PAUSE_SECONDS
            log.exception("daemon.surprised", part=part, again_in_seconds=pause_seconds, exc_info=error)
        await asyncio.sleep(pause_seconds)
        pause_seconds = min(2 * pause_seconds, LONGEST_PAUSE_SECONDS)
