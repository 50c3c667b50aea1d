"""Waiting for news, but not for ever."""

import asyncio


async def news_or(event: asyncio.Event, seconds: float) -> None:
    """Returns when the event is set, at the latest after `seconds`; clears it.

    Not `asyncio.wait_for`: in Python 3.11 that loses a cancellation which comes at the moment of the event.
    """
    alarm = asyncio.get_running_loop().call_later(seconds, event.set)
    try:
        await event.wait()
    finally:
        alarm.cancel()
    event.clear()
