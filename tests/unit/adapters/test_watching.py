"""Whoever watches the client hears of every attempt and every wait."""

from harvester.domain.ids import PlanId, RunId
from tests.unit.adapters import loopback
from tests.unit.adapters.loopback import PROFILE, Bench
from tests.unit.adapters.test_writing import GOOD, NEGATIVES, open_gate

PATH = "/sp/campaigns/list"
EMPTY = loopback.Reply({"campaigns": []})
BUSY = loopback.Reply({"message": "busy"}, 503)
TOO_MANY = loopback.Reply({"message": "Too Many Requests"}, 429, {"Retry-After": "5"})


async def read(bench: Bench) -> None:
    async for _ in bench.login().reader(PROFILE, RunId("r1")).campaigns():
        pass


async def test_every_attempt_is_told(bench: Bench) -> None:
    """Those that fail too, as the log has them."""
    bench.amazon.on(PATH, BUSY, EMPTY)

    await read(bench)

    seen = [(call.operation, call.status, call.attempt) for call, _ in bench.spectator.calls]
    assert seen == [
        ("POST /auth/o2/token", 200, 1),
        ("POST /sp/campaigns/list", 503, 1),
        ("POST /sp/campaigns/list", 200, 2),
    ]
    assert [call for call, _ in bench.spectator.calls] == bench.log.calls


async def test_a_wait_for_a_turn_is_told(bench: Bench) -> None:
    """After a 429 the next attempt waits; the first ones did not."""
    bench.amazon.on(PATH, TOO_MANY, EMPTY)

    await read(bench)

    ((operation, seconds),) = bench.spectator.waits
    assert operation == "POST /sp/campaigns/list"
    assert seconds >= 5


async def test_a_call_that_changes_an_account_is_told_too(bench: Bench) -> None:
    """Though the client's own log never sees it: it is stored with its outcome."""
    bench.amazon.on(NEGATIVES.path, GOOD)

    await bench.login().writer(PROFILE).send(NEGATIVES, PlanId("p7"), open_gate)

    assert ("POST /sp/negativeKeywords", 207) in [(call.operation, call.status) for call, _ in bench.spectator.calls]
    assert NEGATIVES.path not in [call.path for call in bench.log.calls]
