"""Several reads at once: what must hold when one of them fails."""

import asyncio

import pytest

from harvester.domain.errors import Unavailable
from harvester.usecases.together import together


async def _gives(value: int) -> int:
    await asyncio.sleep(0)
    return value


async def _fails() -> int:
    await asyncio.sleep(0)
    raise Unavailable("away")


async def test_results_come_in_order() -> None:
    """Whatever ends first, results stand where their reads stood."""
    assert await together(_gives(1), _gives(2), _gives(3)) == [1, 2, 3]


async def test_a_failure_is_itself_and_ends_the_others() -> None:
    """The first failure is raised as it is, and nothing goes on behind it."""
    ended = asyncio.Event()

    async def waits() -> int:
        try:
            return await asyncio.Future()
        finally:
            ended.set()

    with pytest.raises(Unavailable, match="away"):
        await together(waits(), _fails())
    assert ended.is_set()


async def test_a_failure_leaves_no_trace_in_the_task() -> None:
    """Whoever asks later whether this task is being cancelled, as the lease does, is told the truth: no."""
    task = asyncio.current_task()
    assert task is not None
    with pytest.raises(Unavailable):
        await together(_fails(), _gives(1))
    assert task.cancelling() == 0


async def test_cancelled_it_ends_all_reads() -> None:
    """A stop from outside goes through to every read, and comes out as what it is."""
    ended: list[int] = []

    async def waits(number: int) -> int:
        try:
            return await asyncio.Future()
        finally:
            ended.append(number)

    task = asyncio.create_task(together(waits(1), waits(2)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sorted(ended) == [1, 2]
