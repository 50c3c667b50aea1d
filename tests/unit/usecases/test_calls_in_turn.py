"""Calls of one apply: while one is under way, the one before is recorded and the next is announced."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harvester.domain.errors import Unavailable
from harvester.domain.ids import ActionId, PlanId
from harvester.domain.outcome import ItemOutcome, Made, NotSent, Reply
from harvester.domain.profile import Mode
from harvester.rules.requests import Request
from harvester.usecases.apply import _Session


class Desk:
    """Notes what is asked of it, in order; call `a1` does not end before it is told to."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.go_on = asyncio.Event()
        self.announced = asyncio.Event()
        self.fails: HarvesterFailure = None
        self.forgets = ""
        """The call whose outcome cannot be recorded."""

    def now(self) -> None:
        return None

    async def begin_sending(self, action_ids: Sequence[str], _fence: int, _at: None) -> int:
        self.told.append(f"announce {action_ids[0]}")
        if action_ids[0] == "a2":
            self.announced.set()
        return 7

    async def settle(self, action_ids: Sequence[str], outcomes: Sequence[ItemOutcome], *_: object) -> None:
        if action_ids[0] == self.forgets:
            raise Unavailable("Postgres is away")
        self.told.append(f"{type(outcomes[0]).__name__} {action_ids[0]}")

    async def send(self, request: Request, _plan: PlanId, _gate: Callable[[], Awaitable[None]]) -> Reply:
        self.told.append(f"call {request.action_ids[0]}")
        if request.action_ids[0] == "a1":
            await self.go_on.wait()
        if self.fails is not None:
            raise self.fails
        return Reply((Made("9"),), ())


HarvesterFailure = Unavailable | None


def begun(desk: Desk) -> "asyncio.Task[None]":
    parts = cast("Any", SimpleNamespace(actions=desk, clock=desk))
    session = _Session(
        parts, cast("Any", None), PlanId("p1"), 1, Mode.REVIEW, cast("Any", desk), lambda _sent, _total: None
    )
    return asyncio.create_task(session._send_all(cast("Any", [])))


@pytest.fixture(autouse=True)
def three_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    def calls(_items: object) -> Iterator[Request]:
        return (Request("POST", "/", "", "", (ActionId(f"a{number}"),)) for number in (1, 2, 3))

    monkeypatch.setattr("harvester.usecases.apply.requests", calls)


async def test_a_call_is_announced_early_and_made_after_the_one_before_is_answered():
    """And not announced before the one before that is recorded: a process that dies leaves two calls open at most."""
    desk = Desk()
    work = begun(desk)
    await desk.announced.wait()
    assert desk.told == ["announce a1", "call a1", "announce a2"]
    desk.go_on.set()
    await work
    assert desk.told[3:] == ["call a2", "Made a1", "announce a3", "call a3", "Made a2", "Made a3"]


async def test_a_record_that_fails_while_the_next_call_is_under_way_loses_nothing_of_that_call():
    """Its outcome is recorded all the same, then the failure is told; no other call is announced or made."""
    desk = Desk()
    desk.go_on.set()
    desk.forgets = "a1"
    with pytest.raises(Unavailable, match="Postgres is away"):
        await begun(desk)
    assert desk.told == ["announce a1", "call a1", "announce a2", "call a2", "Made a2"]


async def test_a_stop_makes_no_call_and_records_what_was_announced_as_not_sent():
    """The call in flight is ended and recorded first."""
    desk = Desk()
    work = begun(desk)
    await desk.announced.wait()
    work.cancel()
    asyncio.get_running_loop().call_soon(desk.go_on.set)
    with pytest.raises(asyncio.CancelledError):
        await work
    assert desk.told[3:] == ["Made a1", f"{NotSent.__name__} a2"]


async def test_a_call_that_may_not_be_made_stops_those_after_it():
    """Its items and those of the next are approved again."""
    desk = Desk()
    desk.fails = Unavailable("the gate is shut")
    desk.go_on.set()
    await begun(desk)
    assert desk.told == ["announce a1", "call a1", "announce a2", "NotSent a1", "NotSent a2"]
