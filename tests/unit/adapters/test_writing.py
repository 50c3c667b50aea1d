"""One changing call against a scripted Amazon: the gate, the attempts, and what whole answers mean."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port

from harvester.adapters.ads.writing import AmazonWriter
from harvester.domain.action import ActionKind
from harvester.domain.errors import LeaseLost, Refused, Rejected, Unavailable
from harvester.domain.ids import ActionId, PlanId
from harvester.domain.outcome import ItemOutcome, Made, NotSent, Reply, TurnedDown, Unsure
from harvester.domain.target import Level
from harvester.ports import AccountWriter
from harvester.rules.requests import NEGATIVE_KEYWORDS, Request
from tests.contracts.writing_calls import CALLS, the_request
from tests.unit.adapters import loopback
from tests.unit.adapters.conftest import OpenBench
from tests.unit.adapters.loopback import ACCESS_TOKEN, CLIENT_SECRET, PROFILE, Bench
from tests.unit.rules.builders import item

BY_NAME = {call.name: call.request() for call in CALLS}
NEGATIVES = BY_NAME["negative keywords"]
GROUP = BY_NAME["group of existing ad groups"]
PATH = NEGATIVES.path
PLAN = PlanId("p7")
GOOD = loopback.Reply(
    {"negativeKeywords": {"success": [{"index": at, "negativeKeywordId": f"7{at}"} for at in range(2)], "error": []}},
    207,
)
MADE = (Made("70"), Made("71"))
TOO_MANY = loopback.Reply({"message": "Too Many Requests"}, 429, {"Retry-After": "5"})


async def open_gate() -> None:
    """Lets everything pass."""


async def send(bench: Bench, request: Request = NEGATIVES, gate: Callable[[], Awaitable[None]] = open_gate) -> Reply:
    writer: AccountWriter = bench.login().writer(PROFILE)
    return await writer.send(request, PLAN, gate)


async def answered(bench: Bench, reply: loopback.Reply, request: Request = NEGATIVES) -> tuple[ItemOutcome, ...]:
    bench.amazon.on(request.path, reply)
    return (await send(bench, request)).outcomes


def logged(bench: Bench) -> list[tuple[str, int | None]]:
    """What the client's own log has, without the token calls."""
    return [(call.path, call.status) for call in bench.log.calls if not call.path.startswith("/auth")]


# --- the gate ----------------------------------------------------------------------------------------------------


async def test_the_gate_is_the_last_thing_before_the_socket(bench: Bench):
    """After the wait for a turn and the token, before each attempt, and again after a 429 and a 401."""
    bench.amazon.on(PATH, TOO_MANY, loopback.Reply({"message": "expired"}, 401), GOOD)
    moments: list[tuple[float, int, int]] = []

    async def gate() -> None:
        moments.append((bench.time.seconds, bench.amazon.tokens, len(bench.amazon.asked(PATH))))

    reply = await send(bench, gate=gate)

    assert reply.outcomes == MADE
    assert [(tokens, asked) for _, tokens, asked in moments] == [(1, 0), (1, 1), (2, 2)]
    assert moments[1][0] == moments[0][0] + 5
    assert [(call.attempt, call.status) for call in reply.calls] == [(1, 429), (2, 401), (3, 207)]


@pytest.mark.parametrize(
    "error",
    [Refused("paused by anna"), LeaseLost("taken over"), Unavailable("no database"), Rejected("x", 400), OSError()],
)
async def test_what_the_gate_raises_comes_out_and_nothing_was_sent(bench: Bench, error: Exception):
    """Whatever it is, it is never taken for an answer of Amazon's."""

    async def gate() -> None:
        raise error

    with pytest.raises(type(error)) as raised:
        await send(bench, gate=gate)

    assert raised.value is error
    assert bench.amazon.asked(PATH) == []
    assert logged(bench) == []


@pytest.mark.parametrize("first", [TOO_MANY, loopback.Reply({"message": "expired"}, 401)])
async def test_attempts_before_a_refusal_of_the_gate_are_not_lost(bench: Bench, first: loopback.Reply):
    """They were proven undone, and stand in the client's own log."""
    bench.amazon.on(PATH, first, GOOD)
    answers = iter([None, Refused("paused by anna")])

    async def gate() -> None:
        error = next(answers)
        if error is not None:
            raise error

    with pytest.raises(Refused, match="paused by anna"):
        await send(bench, gate=gate)

    assert logged(bench) == [(PATH, first.status)]
    assert [call.plan_id for call in bench.log.calls if call.path == PATH] == [PLAN]


async def test_a_cancelled_call_is_on_record(bench: Bench):
    """Its caller shields it; where nobody does, the attempt still stands in the client's own log."""
    arrived = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        arrived.set()
        await asyncio.Event().wait()
        raise AssertionError

    bench.amazon.on(PATH, loopback.Reply(does=hang))
    task = asyncio.create_task(send(bench))
    await arrived.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert logged(bench) == [(PATH, None)]
    assert bench.log.calls[-1].error == "ended before an answer came"


# --- the attempts ------------------------------------------------------------------------------------------------


async def test_a_call_is_kept_whole(bench: Bench):
    """Neither body is cut, however long; nothing of it goes to the client's own log."""
    texts = [f"keyword {at} " + "x" * 60 for at in range(1000)]
    fragments = ",".join(
        json.dumps(
            {
                "campaignId": "1",
                "adGroupId": "2",
                "keywordText": text,
                "matchType": "NEGATIVE_EXACT",
                "state": "ENABLED",
            }
        )
        for text in texts
    )
    request = replace(
        NEGATIVES,
        body=f'{{"negativeKeywords":[{fragments}]}}',
        action_ids=tuple(ActionId(f"a{at}") for at in range(1000)),
    )
    said = {"negativeKeywords": {"success": [{"index": at, "negativeKeywordId": str(at)} for at in range(1000)]}}
    bench.amazon.on(PATH, loopback.Reply(said, 207))

    reply = await send(bench, request)

    assert reply.outcomes == tuple(Made(str(at)) for at in range(1000))
    (call,) = reply.calls
    assert call.request_body == request.body
    assert json.loads(call.response_body or "") == said
    assert (call.plan_id, call.profile_id, call.account, call.run_id) == (PLAN, "1001", "acme", None)
    assert logged(bench) == []


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
async def test_a_broken_connection_is_not_tried_again_by_anybody(bench: Bench, call: Any):
    """Not for PUT either, which the HTTP library would repeat by itself, past the gate and off the record."""
    bench.amazon.on(call.path, loopback.Reply(does=drop))
    passed: list[int] = []

    async def gate() -> None:
        passed.append(1)

    reply = await send(bench, call.request(), gate)

    assert len(bench.amazon.asked(call.path)) == len(passed) == len(reply.calls) == 1
    assert [type(outcome) for outcome in reply.outcomes] == [Unsure] * len(call.items)


async def test_the_throttle_of_one_operation_does_not_hold_another(bench: Bench):
    """Budgets are per profile and operation."""
    bench.amazon.on(PATH, TOO_MANY, GOOD)
    await send(bench)
    slept = len(bench.time.slept)
    request = BY_NAME["paused targets"]
    bench.amazon.on(
        request.path, loopback.Reply({"targetingClauses": {"success": [{"index": 0, "targetId": "7"}]}}, 207)
    )

    assert (await send(bench, request)).outcomes == (Made("7"),)
    assert len(bench.time.slept) == slept


# --- whole answers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 202, 207, 299])
async def test_any_success_with_results_is_read_the_same(bench: Bench, status: int):
    """The specification says 207; what counts is what it says."""
    assert await answered(bench, replace(GOOD, status=status)) == MADE


@pytest.mark.parametrize("body", [b"", b"{}", b"<html></html>", b'{"negativeKeywords": {"success": [', b"null"])
async def test_a_success_that_cannot_be_read_leaves_doubt(bench: Bench, body: bytes):
    """Something was done; nobody knows what."""
    outcomes = await answered(bench, loopback.Reply(body, 207))

    assert [type(outcome) for outcome in outcomes] == [Unsure, Unsure]
    assert len(bench.amazon.asked(PATH)) == 1


async def test_an_answer_beyond_all_bounds_leaves_doubt(open_bench: OpenBench):
    """It is not read to its end."""
    bench = await open_bench(most_body_bytes=100)

    outcomes = await answered(bench, loopback.Reply(b" " * 1000, 207))

    assert [type(outcome) for outcome in outcomes] == [Unsure, Unsure]


@pytest.mark.parametrize("status", [301, 307, 400, 403, 404, 406, 409, 413, 415, 422, 501, 505])
async def test_a_refusal_of_the_whole_call_turns_all_items_down(bench: Bench, status: int):
    """With Amazon's code and sentence, once."""
    reply = loopback.Reply({"code": "SOME_CODE", "message": "because"}, status, {"Location": "/elsewhere"})
    sentence = f"POST {PATH}: Amazon answered {status} SOME_CODE: because (request req-1)"

    assert await answered(bench, reply) == (TurnedDown("SOME_CODE", sentence),) * 2
    assert len(bench.amazon.seen) == 2


async def test_a_refusal_without_a_code_has_its_status(bench: Bench):
    """A proxy gives none."""
    reply = loopback.Reply(b"<html><title>403 Forbidden</title></html>", 403, {"Content-Type": "text/html"})

    (outcome, _) = await answered(bench, reply)

    assert outcome == TurnedDown("HTTP_403", f"POST {PATH}: Amazon answered 403: 403 Forbidden (request req-1)")


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504, 529])
async def test_a_failure_on_their_side_leaves_doubt(bench: Bench, status: int):
    """Nothing about it says whether it was done, so it is not repeated."""
    outcomes = await answered(bench, loopback.Reply({"message": "oops"}, status))

    assert [type(outcome) for outcome in outcomes] == [Unsure, Unsure]
    assert len(bench.amazon.asked(PATH)) == 1


ERROR = {"errorType": "e", "errorValue": {"entityStateError": {"reason": "PARENT_ARCHIVED", "message": "archived"}}}
DUPLICATE = {"errorType": "e", "errorValue": {"duplicateValueError": {"reason": "DUPLICATE_VALUE", "message": "there"}}}


async def test_the_errors_of_a_refused_call_are_read(bench: Bench):
    """They have no positions: they speak of the whole call."""
    reply = loopback.Reply({"code": "INVALID_ARGUMENT", "message": "no", "errors": [ERROR, DUPLICATE]}, 400)

    (outcome, other) = await answered(bench, reply)

    assert outcome == other
    assert outcome == TurnedDown(
        "entityStateError/PARENT_ARCHIVED",
        f"POST {PATH}: Amazon answered 400 INVALID_ARGUMENT: no (request req-1): archived; there",
    )


async def test_the_errors_of_a_refused_call_with_one_item_are_the_items(bench: Bench):
    """So a duplicate is there already, and a missing one needs no archiving."""
    gone = {"errorType": "e", "errorValue": {"entityNotFoundError": {"reason": "ENTITY_NOT_FOUND", "message": "gone"}}}
    create, lift = BY_NAME["negative products"], BY_NAME["lifted negative products of a campaign"]

    assert await answered(bench, loopback.Reply({"errors": [DUPLICATE]}, 400), create) == (Made(""),)
    assert await answered(bench, loopback.Reply({"errors": [ERROR]}, 400), create) == (
        TurnedDown("entityStateError/PARENT_ARCHIVED", "archived"),
    )
    assert await answered(bench, loopback.Reply({"errors": [gone]}, 400), lift) == (Made("7"),)


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({"code": "DUPLICATE_VALUE", "message": "same"}, Made("")),
        ({"code": "INVALID_ARGUMENT", "message": "The target promotion group already exists"}, Made("")),
        ({"code": "INVALID_ARGUMENT", "message": "no", "errors": [DUPLICATE]}, Made("")),
        (
            {"code": "INVALID_ARGUMENT", "message": "The campaign already exists"},
            TurnedDown(
                "INVALID_ARGUMENT",
                f"POST {GROUP.path}: Amazon answered 400 INVALID_ARGUMENT: The campaign already exists (request req-1)",
            ),
        ),
    ],
)
async def test_a_group_that_is_there_already_is_not_refused(bench: Bench, body: Any, outcome: ItemOutcome):
    """Only where Amazon says clearly that it is this group."""
    assert await answered(bench, loopback.Reply(body, 400), GROUP) == (outcome,)


# --- nothing was done --------------------------------------------------------------------------------------------


async def test_a_login_refused_twice_has_done_nothing(bench: Bench):
    """One renewal, one repeat; then the items wait for the login to be mended."""
    bench.amazon.on(PATH, loopback.Reply({"code": "UNAUTHORIZED", "message": "not yours"}, 401))

    reply = await send(bench)

    assert [call.status for call in reply.calls] == [401, 401]
    (outcome, other) = reply.outcomes
    assert outcome == other
    assert isinstance(outcome, NotSent)
    assert "the login was refused, twice, and nothing was done" in outcome.why
    assert "not yours" in outcome.why


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (400, {"error": "invalid_grant"}, "authorise the app again and set HARVESTER_ACCOUNTS__ACME__REFRESH_TOKEN"),
        (401, {"error": "invalid_client"}, "set HARVESTER_ACCOUNTS__ACME__CLIENT_SECRET"),
        (400, {"error": "invalid_scope"}, "invalid_scope"),
    ],
)
async def test_without_a_token_nothing_was_sent(bench: Bench, status: int, body: Any, sentence: str):
    """A refusal of the token service is none of the items'."""
    bench.amazon.token_replies.append(loopback.Reply(body, status))

    reply = await send(bench)

    assert reply.calls == ()
    assert bench.amazon.asked(PATH) == []
    for outcome in reply.outcomes:
        assert isinstance(outcome, NotSent)
        assert sentence in outcome.why


@pytest.mark.parametrize("status", [400, 401])
async def test_a_token_that_cannot_be_renewed_leaves_nothing_done(bench: Bench, status: int):
    """The 401 before it proves that; the attempt is kept."""
    bench.amazon.on(PATH, loopback.Reply({"message": "expired"}, 401))
    await bench.login()._endpoint.bearer.token()
    bench.amazon.token_replies.append(loopback.Reply({"error": "invalid_grant"}, status))

    reply = await send(bench)

    assert [call.status for call in reply.calls] == [401]
    assert all(isinstance(outcome, NotSent) and "REFRESH_TOKEN" in outcome.why for outcome in reply.outcomes)


async def test_a_token_refused_after_a_throttle_leaves_nothing_done(bench: Bench):
    """The token ends while the call waits for its turn; what the token service then says is none of the items'."""
    bench.amazon.on(PATH, TOO_MANY)
    short = {"access_token": f"{ACCESS_TOKEN}0", "token_type": "bearer", "expires_in": 4}
    bench.amazon.token_replies.extend([loopback.Reply(short), loopback.Reply({"error": "invalid_scope"}, 400)])

    reply = await send(bench)

    assert [call.status for call in reply.calls] == [429]
    assert all(isinstance(outcome, NotSent) and "invalid_scope" in outcome.why for outcome in reply.outcomes)


async def test_an_answer_that_the_http_library_chokes_on_leaves_doubt(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    """It had begun: the address and the headers were right, and something was done."""

    async def choke(_: object, response: aiohttp.ClientResponse, attempt: Any, _keep: object) -> None:
        attempt.status = response.status
        raise ValueError("impossible")

    await bench.login()._endpoint.bearer.token()
    monkeypatch.setattr("harvester.adapters.http.HttpClient._read", choke)

    outcomes = await answered(bench, GOOD)

    assert [type(outcome) for outcome in outcomes] == [Unsure, Unsure]


async def test_without_a_connection_nothing_was_sent(bench: Bench):
    """Nobody listens there; the attempt is on record."""
    writer = bench.login().writer(PROFILE)
    endpoint = replace(writer._endpoint, url=f"http://127.0.0.1:{unused_port()}")

    reply = await AmazonWriter(bench.http, endpoint, "acme", PROFILE.profile_id).send(NEGATIVES, PLAN, open_gate)

    assert [type(outcome) for outcome in reply.outcomes] == [NotSent, NotSent]
    assert "cannot be reached" in str(reply.outcomes[0])
    assert [(call.status, call.plan_id) for call in reply.calls] == [(None, PLAN)]


async def test_an_impossible_header_sends_nothing(bench: Bench):
    """The client id of the settings is none."""
    writer = bench.login().writer(PROFILE)
    endpoint = replace(writer._endpoint, client_id="one\nX: y")

    reply = await AmazonWriter(bench.http, endpoint, "acme", PROFILE.profile_id).send(NEGATIVES, PLAN, open_gate)

    assert [type(outcome) for outcome in reply.outcomes] == [NotSent, NotSent]
    assert bench.amazon.asked(PATH) == []


async def test_throttled_until_the_patience_ends_and_then_at_once(open_bench: OpenBench):
    """The second call does not even try while the profile is stuck."""
    bench = await open_bench(patience_seconds=60.0)
    bench.amazon.on(PATH, TOO_MANY)

    first, second = await send(bench), await send(bench)

    assert [type(outcome) for outcome in (*first.outcomes, *second.outcomes)] == [NotSent] * 4
    assert {call.status for call in first.calls} == {429}
    assert second.calls == ()


# --- what must never show or be sent -----------------------------------------------------------------------------


@pytest.mark.parametrize("status", [207, 400, 429, 401, 500])
async def test_no_secret_shows_in_a_reply(bench: Bench, status: int):
    """However an answer echoes it: in messages, codes, ids, headers."""
    echo = f"you sent Bearer {ACCESS_TOKEN}1 and {CLIENT_SECRET} and Atzr%7Ccanary-refresh-9c1d and Atza|canary-unknown"
    error = {"errorType": CLIENT_SECRET, "errorValue": {CLIENT_SECRET: {"reason": CLIENT_SECRET, "message": echo}}}
    said = {
        "code": CLIENT_SECRET,
        "message": echo,
        "errors": [error],
        "negativeKeywords": {
            "success": [{"index": 0, "negativeKeywordId": CLIENT_SECRET}],
            "error": [{"index": 1, "errors": [error]}],
        },
    }
    bench.amazon.on(PATH, loopback.Reply(said, status, {"x-amzn-RequestId": "R1"}))

    reply = await send(bench)

    assert "canary" not in repr(reply)
    assert "canary" not in repr(bench.log.calls)
    if status == 207:
        assert reply.outcomes == (
            Made(""),
            TurnedDown("[hidden]/[hidden]", "you sent Bearer [hidden] and [hidden] and [hidden] and [hidden]"),
        )


@pytest.mark.parametrize(
    "request_",
    [
        replace(NEGATIVES, action_ids=NEGATIVES.action_ids[:1]),
        replace(NEGATIVES, body="{}"),
        replace(NEGATIVES, body="no json"),
        replace(NEGATIVES, path="/sp/productAds"),
        replace(GROUP, action_ids=()),
        replace(BY_NAME["paused keywords"], body='{"keywords":[{"state":"PAUSED"},{"state":"PAUSED"}]}'),
        replace(BY_NAME["lifted negative keywords"], body='{"negativeKeywordIdFilter":[]}'),
        the_request(item(group_id="")),
    ],
    ids=lambda request: f"{request.path} {request.body[:30]}",
)
async def test_a_request_that_is_none_of_ours_is_not_sent(bench: Bench, request_: Request):
    """Outcomes could not be told apart; a group that does not exist yet cannot be written to."""
    with pytest.raises(ValueError, match="/sp/"):
        await send(bench, request_)

    assert bench.amazon.seen == []


def test_the_scripted_calls_are_what_the_planner_makes():
    """The negatives of these tests come from the code that builds real ones."""
    one = item(ActionKind.NEGATE_KEYWORD, level=Level.AD_GROUP, group_id="", fragment="{}")

    assert the_request(one).path == NEGATIVE_KEYWORDS.path == PATH
