"""What the network and Amazon do to a call, and what becomes of it."""

import asyncio
import gzip
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import unused_port
from yarl import URL

from harvester.adapters.ads import protocol
from harvester.adapters.exchange import Answer, Caller, Repeat, Unreadable
from harvester.adapters.http import HttpClient
from harvester.adapters.throttle import Throttle
from harvester.domain.errors import (
    HarvesterError,
    Misconfigured,
    OutcomeUnknown,
    PageBroken,
    Rejected,
    Unavailable,
)
from harvester.domain.ids import ProfileId, RunId
from harvester.domain.profile import Campaign, Profile
from tests.unit.adapters.conftest import OpenBench
from tests.unit.adapters.loopback import (
    ACCESS_TOKEN,
    CLIENT_SECRET,
    PROFILE,
    REFRESH_TOKEN,
    Bench,
    FakeTime,
    Log,
    Reply,
)

PATH = "/sp/campaigns/list"
GOOD = Reply({"campaigns": [{"campaignId": "1", "name": "A", "targetingType": "AUTO", "state": "ENABLED"}]})
PAGE = Reply(
    {"campaigns": [{"campaignId": "0", "name": "Z", "targetingType": "AUTO", "state": "ENABLED"}], "nextToken": "t"}
)
HTML = b"<html><head><title>429 Too Many Requests</title></head><body>slow down</body></html>"


async def campaigns(bench: Bench, profile: Profile = PROFILE) -> Sequence[Campaign]:
    return [each async for page in bench.login().reader(profile, RunId("r1")).campaigns() for each in page]


async def write(bench: Bench, url: str = "") -> bytes:
    """A call that must not be repeated blindly."""
    endpoint = bench.login()._endpoint
    endpoint = replace(endpoint, url=url or endpoint.url)
    request = endpoint.request(protocol.LIST_CAMPAIGNS, Caller("acme", ProfileId("1001")), {"campaigns": []})

    def parse(answer: Answer) -> bytes:
        if not answer.body.startswith(b"{"):
            raise Unreadable("it is no JSON")
        return answer.body

    return await bench.http.send(request, parse, repeat=Repeat.NEVER)


async def cut(request: web.Request) -> web.StreamResponse:
    """Half of what the length promised, then the connection goes."""
    response = web.StreamResponse(headers={"Content-Length": "1000", "Content-Type": "application/json"})
    await response.prepare(request)
    await response.write(b'{"campaigns": [{"campaignId"')
    assert request.transport is not None
    request.transport.close()
    return response


async def drop(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.close()
    return web.Response()


async def hang(_: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    raise AssertionError


TRANSIENT = [
    Reply(b"{}", 500),
    Reply({"code": "INTERNAL_ERROR", "message": "oops"}, 502),
    Reply(b"<html><title>503 Busy</title></html>", 503, {"Content-Type": "text/html"}),
    Reply(b"upstream timed out", 504, {"Content-Type": "text/plain"}),
    Reply(HTML, 429, {"Content-Type": "text/html"}),
    Reply({"message": "Too Many Requests"}, 429, {"x-amzn-ErrorType": "AccessDeniedException"}),
    Reply(b"this is no json"),
    Reply(b'{"campaigns": [{"campaignId": "1"'),
    Reply(does=cut),
    Reply(does=drop),
]


@pytest.mark.parametrize("fault", TRANSIENT)
async def test_a_read_survives_what_passes(bench: Bench, fault: Reply):
    """5xx of any body, 429, cut and garbled answers and lost connections are asked again, each attempt on record."""
    bench.amazon.on(PATH, fault, GOOD)

    assert [each.name for each in await campaigns(bench)] == ["A"]
    first, second = bench.log.calls[1:]
    assert (first.attempt, second.attempt) == (1, 2)
    assert first.error is not None
    assert (second.error, second.status) == (None, 200)


async def test_a_hanging_answer_is_given_up_and_asked_again(open_bench: OpenBench):
    """One attempt has its own limit."""
    bench = await open_bench(timeout_seconds=0.2)
    bench.amazon.on(PATH, Reply(does=hang), GOOD)

    assert [each.name for each in await campaigns(bench)] == ["A"]
    assert [(call.status, call.error) for call in bench.log.calls[1:]] == [
        (None, "no answer within 0.2 s"),
        (200, None),
    ]


@pytest.mark.parametrize("status", [301, 400, 403, 404, 406, 415, 422, 501])
async def test_what_will_not_change_is_asked_once(bench: Bench, status: int):
    """A refusal is reported with its status, code, sentence and request id, at once."""
    body = {"code": "SOME_CODE", "message": "because"}
    bench.amazon.on(PATH, Reply(body, status, {"x-amzn-RequestId": "R7", "Location": "/elsewhere"}))

    with pytest.raises(Rejected) as refused:
        await campaigns(bench)

    assert (refused.value.status, refused.value.code, refused.value.request_id) == (status, "SOME_CODE", "R7")
    assert str(refused.value) == f"POST {PATH}: Amazon answered {status} SOME_CODE: because (request R7)"
    assert len(bench.amazon.asked(PATH)) == 1
    assert bench.time.slept == []


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Reply(b"", 503), Unavailable),
        (Reply(HTML, 429), Unavailable),
        (Reply(does=drop), Unavailable),
        (Reply(b"no json"), PageBroken),
        (Reply(does=cut), PageBroken),
        (Reply({"unrelated": 1}), PageBroken),
    ],
)
async def test_patience_is_bounded_by_time(bench: Bench, fault: Reply, kind: type[HarvesterError]):
    """Two minutes, however many attempts; then the page is broken, or Amazon unavailable."""
    bench.amazon.on(PATH, fault)

    with pytest.raises(kind):
        await campaigns(bench)

    assert sum(bench.time.slept) == pytest.approx(120, abs=1)
    assert bench.time.slept[:5] == pytest.approx([1, 2, 4, 8, 16], rel=0.25)
    assert max(bench.time.slept) <= 60
    attempts = [call.attempt for call in bench.log.calls[1:]]
    assert attempts == list(range(1, len(attempts) + 1))
    assert len(attempts) == len(bench.amazon.asked(PATH))


async def test_a_second_page_that_cannot_be_read_breaks_the_list(open_bench: OpenBench):
    """What came before was given out; the error says why the rest is missing."""
    bench = await open_bench(patience_seconds=3.0)
    bench.amazon.on(PATH, PAGE, Reply(b"<html>oops</html>"))
    names: list[str] = []

    async def read() -> None:
        async for page in bench.login().reader(PROFILE, None).campaigns():
            names.extend(each.name for each in page)

    with pytest.raises(PageBroken, match="it is no JSON"):
        await read()
    assert names == ["Z"]


@pytest.mark.parametrize(
    ("header", "waited"),
    [("7", 7.0), ("99999999", 120.0), ("-5", 1.0), ("soon", 1.0), ("0", 1.0), ("Sun, 01 Mar 2026 00:16:50 GMT", 10.0)],
)
async def test_retry_after_decides_the_wait(bench: Bench, header: str, waited: float):
    """Seconds or a date are kept, within the patience; nonsense leaves it to the backoff."""
    bench.amazon.on(PATH, Reply(HTML, 429, {"Retry-After": header}), GOOD)

    await campaigns(bench)

    assert sum(bench.time.slept) == pytest.approx(waited, abs=0.3)


async def test_a_pair_throttled_from_the_start_fails_at_once_the_next_time(open_bench: OpenBench):
    """One stuck profile costs its patience once; another profile is read meanwhile."""
    bench = await open_bench(patience_seconds=4.0)
    bench.amazon.on(PATH, Reply(HTML, 429))
    with pytest.raises(Unavailable):
        await campaigns(bench)
    asked = len(bench.amazon.asked(PATH))

    with pytest.raises(Unavailable, match="since its first call"):
        await campaigns(bench)
    assert len(bench.amazon.asked(PATH)) == asked

    bench.amazon.on(PATH, GOOD)
    other = Profile(ProfileId("2002"), "acme", PROFILE.region, "US", "USD", "UTC", "seller", "Other")
    assert len(await campaigns(bench, other)) == 1


async def test_a_pair_that_got_any_answer_keeps_its_patience(open_bench: OpenBench):
    """An error of the server's own got past the throttle: the pair is slow, not stuck."""
    bench = await open_bench(patience_seconds=4.0)
    bench.amazon.on(PATH, Reply(b"", 500), Reply(HTML, 429))
    asked = [0]
    for _ in range(2):
        with pytest.raises(Unavailable, match="429"):
            await campaigns(bench)
        asked.append(len(bench.amazon.asked(PATH)))

    assert asked[1] - asked[0] > 1
    assert asked[2] - asked[1] > 1


async def test_a_call_whose_turn_does_not_come_after_a_renewal_is_unavailable(bench: Bench):
    """A 401 whose repeat was never sent says nothing about the scope."""

    async def expired(_: web.Request) -> web.StreamResponse:
        budget = bench.login()._endpoint.request(protocol.LIST_CAMPAIGNS, Caller("acme", PROFILE.profile_id)).budget
        bench.throttle.refused(budget, sent_at=bench.time.monotonic(), pause_seconds=1000.0)
        return web.json_response({"code": "UNAUTHORIZED"}, status=401)

    bench.amazon.on(PATH, Reply(does=expired))

    with pytest.raises(Unavailable, match="no turn within the patience"):
        await campaigns(bench)


async def test_an_expired_token_is_renewed_once_for_all_who_use_it(bench: Bench):
    """Five lists in the middle of their pages meet 401; one renewal, and each repeats its page."""
    bench.amazon.on(PATH, PAGE)
    profiles = [Profile(ProfileId(str(n)), "acme", PROFILE.region, "US", "USD", "UTC", "seller", "") for n in range(5)]
    lists = [bench.login().reader(profile, None).campaigns() for profile in profiles]
    for each in lists:
        await anext(each)
    bench.amazon.tokens = 41
    bench.time.seconds += 60
    bench.amazon.on(PATH, GOOD)

    pages = await asyncio.gather(*(anext(each) for each in lists))

    assert [page[0].name for page in pages] == ["A"] * 5
    assert len(bench.amazon.asked("/auth/o2/token")) == 2
    assert [call.status for call in bench.log.calls].count(401) == 5


async def test_a_second_401_is_a_refusal(bench: Bench):
    """One renewal and one repeat; then it is the scope, not the token."""
    bench.amazon.checks_tokens = False
    bench.amazon.on(PATH, Reply({"code": "UNAUTHORIZED", "details": "Not authorized to access scope 1001"}, 401))

    with pytest.raises(Rejected) as refused:
        await campaigns(bench)

    assert (refused.value.status, refused.value.code) == (401, "UNAUTHORIZED")
    assert "scope 1001" in str(refused.value)
    assert len(bench.amazon.asked(PATH)) == 2
    assert len(bench.amazon.asked("/auth/o2/token")) == 2


@pytest.mark.parametrize(
    "fault",
    [Reply(b"", 500), Reply(b"", 503), Reply(b"", 504), Reply(b"no json"), Reply(does=cut), Reply(does=drop)],
)
async def test_a_lost_reply_is_never_sent_twice(bench: Bench, fault: Reply):
    """A write that may have been done is unknown, after one attempt."""
    bench.amazon.on(PATH, fault, Reply(b"{}"))

    with pytest.raises(OutcomeUnknown):
        await write(bench)

    assert len(bench.amazon.asked(PATH)) == 1
    assert bench.time.slept == []


async def test_a_write_that_hangs_is_unknown(open_bench: OpenBench):
    """No answer in time says nothing of what was done."""
    bench = await open_bench(timeout_seconds=0.2)
    bench.amazon.on(PATH, Reply(does=hang))

    with pytest.raises(OutcomeUnknown):
        await write(bench)
    assert len(bench.amazon.asked(PATH)) == 1


async def test_a_write_is_repeated_when_nothing_was_done(bench: Bench):
    """429 and 401 prove it."""
    bench.amazon.on(PATH, Reply(HTML, 429), Reply(b"", 401), Reply(HTML, 429), Reply(b'{"ok": 1}', 207))

    assert await write(bench) == b'{"ok": 1}'
    assert [call.status for call in bench.log.calls if call.path == PATH] == [429, 401, 429, 207]


async def test_a_refused_write_is_refused(bench: Bench):
    """A 400 is a clear answer."""
    bench.amazon.on(PATH, Reply({"code": "INVALID_ARGUMENT", "message": "no"}, 400))

    with pytest.raises(Rejected):
        await write(bench)


async def test_a_write_that_was_never_sent_is_only_unavailable(bench: Bench):
    """Without a connection nothing can have been done."""
    with pytest.raises(Unavailable, match="cannot be reached: nobody listens there"):
        await write(bench, f"http://127.0.0.1:{unused_port()}")


async def test_a_cancelled_call_is_on_record(bench: Bench):
    """What was under way when the process was told to stop can be found."""
    asked = asyncio.Event()

    async def signal_and_hang(request: web.Request) -> web.StreamResponse:
        asked.set()
        return await hang(request)

    bench.amazon.on(PATH, Reply(does=signal_and_hang))
    task = asyncio.ensure_future(write(bench))
    await asyncio.wait_for(asked.wait(), 5)

    task.cancel()
    await asyncio.wait([task])

    assert task.cancelled()
    assert (bench.log.calls[-1].path, bench.log.calls[-1].status) == (PATH, None)
    assert bench.log.calls[-1].error == "ended before an answer came"


async def test_reads_keep_four_kilobytes_and_writes_everything(bench: Bench):
    """Request bodies are whole either way."""
    long = b'{"campaigns": [], "padding": "' + b"\xc3\xa4" * 5000 + b'"}'
    bench.amazon.on(PATH, Reply(long.replace(b'"padding"', b'"nextToken": null, "previousToken"')))
    await campaigns(bench)
    read = bench.log.calls[-1]
    bench.amazon.on(PATH, Reply(long))
    await write(bench)
    written = bench.log.calls[-1]

    assert read.response_body is not None
    assert 4094 <= len(read.response_body.encode()) <= 4096
    assert read.request_body == '{"stateFilter":{"include":["ENABLED","PAUSED"]}}'
    assert written.response_body == long.decode()
    assert written.request_body == '{"campaigns":[]}'
    assert (read.request_id, read.run_id, read.profile_id, read.account) == ("req-1", "r1", "1001", "acme")
    assert read.duration_ms >= 0


async def test_compressed_answers_are_read_and_their_size_is_bounded(open_bench: OpenBench):
    """A small answer that unpacks to a huge one is refused, not swallowed."""
    bench = await open_bench(most_body_bytes=100_000)
    packed = {"Content-Encoding": "gzip"}
    small = gzip.compress(b'{"campaigns": [{"campaignId": "1", "name": "Packed"}]}')
    bench.amazon.on(PATH, Reply(small, headers=packed))
    assert [each.name for each in await campaigns(bench)] == ["Packed"]

    bench.amazon.on(PATH, Reply(gzip.compress(b" " * 5_000_000), headers=packed))
    with pytest.raises(PageBroken, match="over 100000 bytes"):
        await campaigns(bench)
    assert bench.time.slept == []


async def test_an_endless_answer_is_left(open_bench: OpenBench):
    """The connection is closed at the bound, not read to an end that never comes."""
    bench = await open_bench(most_body_bytes=100_000)
    left = asyncio.Event()

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        try:
            while True:
                await response.write(b" " * 65_536)
        finally:
            left.set()

    bench.amazon.on(PATH, Reply(does=endless))

    with pytest.raises(PageBroken, match="over 100000 bytes"):
        await asyncio.wait_for(campaigns(bench), 10)
    await asyncio.wait_for(left.wait(), 10)


async def test_bytes_that_are_no_gzip_are_asked_for_again(bench: Bench):
    """An answer whose coding is wrong is a garbled answer."""
    bench.amazon.on(PATH, Reply(b"plain", headers={"Content-Encoding": "gzip"}), GOOD)

    assert len(await campaigns(bench)) == 1


async def test_media_types_go_out_to_the_letter(bench: Bench):
    """No charset is added, and no letter changes its case: Amazon refuses both."""
    bench.amazon.on(PATH, GOOD)
    await campaigns(bench)

    (seen,) = bench.amazon.asked(PATH)
    assert seen.headers["Content-Type"] == seen.headers["Accept"] == "application/vnd.spCampaign.v3+json"


async def test_an_address_that_is_none_is_a_wrong_setting(bench: Bench):
    """It is not asked again for two minutes."""
    login = bench.login()
    endpoint = protocol.Endpoint("ftp://nowhere", "client", login._endpoint.bearer)

    with pytest.raises(Misconfigured, match="ftp://nowhere/v2/profiles is not an http address"):
        await bench.http.send(endpoint.request(protocol.PROFILES, Caller("acme")), lambda answer: answer)


async def test_a_client_id_with_a_line_break_is_a_wrong_setting(bench: Bench):
    """What no header can carry is told without showing it."""
    endpoint = replace(bench.login()._endpoint, client_id="canary\nX: y")

    with pytest.raises(Misconfigured, match="no header may") as failed:
        await bench.http.send(endpoint.request(protocol.PROFILES, Caller("acme")), lambda answer: answer)

    assert "canary" not in str(failed.value)


async def test_a_closed_client_says_so():
    """Using it outside of its block is a mistake in the program."""
    time, log = FakeTime(), Log()
    http = HttpClient(log, Throttle(time=time.monotonic, sleep=time.sleep), timing=time.timing())
    endpoint = protocol.Endpoint("http://127.0.0.1:9", "client", None)  # type: ignore[arg-type]  # no token wanted here

    with pytest.raises(RuntimeError, match="not open"):
        await http.send(endpoint.request(protocol.PROFILES, Caller("acme")), lambda answer: answer)


def everything_said(bench: Bench, errors: list[BaseException]) -> str:
    """All that is kept or shown of a test's calls, and of its errors with whatever hangs on them."""
    texts = [repr(call) for call in bench.log.calls]
    while errors:
        error = errors.pop()
        texts += [str(error), repr(error), repr(vars(error))]
        errors += [linked for linked in (error.__cause__, error.__context__) if linked is not None]
    return "\n".join(texts)


@pytest.mark.parametrize(
    "fault",
    [
        Reply(b"", 503),
        Reply(does=cut),
        Reply(does=drop),
        Reply(b"", 401),
        Reply(b"{", 200, {"Content-Encoding": "gzip"}),
        Reply(b"", 400),
    ],
)
async def test_secrets_never_show(open_bench: OpenBench, fault: Reply):
    """Not in the call log, not in an error, not in what an error carries along."""
    bench = await open_bench(patience_seconds=1.0)
    bench.amazon.checks_tokens = False
    bench.amazon.on(PATH, fault)

    with pytest.raises(HarvesterError) as failed:
        await campaigns(bench)

    said = everything_said(bench, [failed.value])
    assert bench.log.calls
    for secret in (CLIENT_SECRET, REFRESH_TOKEN, ACCESS_TOKEN, "canary"):
        assert secret not in said


async def test_secrets_that_amazon_echoes_are_hidden(bench: Bench):
    """An answer that repeats the token, in plain, JSON or URL form, is kept without it."""
    echo = f"you sent Bearer {ACCESS_TOKEN}1 and {CLIENT_SECRET} and Atzr%7Ccanary-refresh-9c1d and Atza|canary-unknown"
    bench.amazon.on(PATH, Reply({"code": "400", "message": echo}, 400))

    with pytest.raises(Rejected) as refused:
        await campaigns(bench)

    said = everything_said(bench, [refused.value])
    assert "you sent Bearer [hidden]" in said
    assert "canary" not in said


async def test_a_secret_across_the_cut_is_hidden_whole(bench: Bench):
    """What is kept of an answer is cut after it was scrubbed, so no half of a secret stays."""
    body = b'{"campaigns": [], "nextToken": null, "previousToken": "' + b"x" * 4025 + CLIENT_SECRET.encode() + b'"}'
    assert body.index(CLIENT_SECRET.encode()) < 4096 < body.index(CLIENT_SECRET.encode()) + len(CLIENT_SECRET)
    bench.amazon.on(PATH, Reply(body))

    await campaigns(bench)

    assert "canary" not in (bench.log.calls[-1].response_body or "canary")


async def test_aiohttps_own_errors_are_cut_off(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    """They carry the request with its headers: nothing of them hangs on ours."""
    bench.amazon.on(PATH, GOOD)
    await bench.login()._endpoint.bearer.token()

    def broken(*_: Any, **given: Any) -> Any:
        info = aiohttp.RequestInfo(URL("http://x"), "POST", given["headers"], URL("http://x"))
        raise aiohttp.ClientResponseError(info, (), status=400, message="Bad Content-Length")

    monkeypatch.setattr(aiohttp.ClientSession, "request", broken)
    with pytest.raises(Unavailable, match="Bad Content-Length") as failed:
        await campaigns(bench)

    assert "canary" not in everything_said(bench, [failed.value])
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
