"""Tokens are fetched once for all who wait, renewed early, and a closed grant is asked for once."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from harvester.adapters.lwa import AccessTokens, Credentials, GrantBearer
from harvester.domain.errors import AccountClosed, Rejected, Unavailable
from tests.unit.adapters.conftest import OpenBench
from tests.unit.adapters.loopback import CLIENT_SECRET, CREDENTIALS, PROFILE, REFRESH_TOKEN, Bench, Reply

TOKEN = "/auth/o2/token"


def bearer(bench: Bench, account: str = "acme", credentials: Credentials = CREDENTIALS) -> GrantBearer:
    return bench.tokens.bearer(account, credentials, bench.amazon.token_url)


def says(**fields: Any) -> Reply:
    return Reply({"access_token": "Atza|one", "token_type": "bearer", "expires_in": 3600, **fields})


async def test_a_token_is_asked_for_by_form_and_kept(bench: Bench):
    """One call, form-encoded, whatever number of uses; a token serves all accounts of its grant."""
    tokens = [await bearer(bench).token() for _ in range(3)] + [await bearer(bench, "other").token()]

    assert tokens == ["Atza|canary-access-1"] * 4
    (seen,) = bench.amazon.asked(TOKEN)
    assert seen.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert seen.raw.decode() == (
        "grant_type=refresh_token&refresh_token=Atzr%7Ccanary-refresh-9c1d"
        f"&client_id=amzn1.application-oa2-client.one&client_secret={CLIENT_SECRET}"
    )


async def test_all_who_wait_share_one_renewal(bench: Bench):
    """Fifty calls without a token make one call for it."""
    one = bearer(bench)

    assert set(await asyncio.gather(*(one.token() for _ in range(50)))) == {"Atza|canary-access-1"}
    assert len(bench.amazon.asked(TOKEN)) == 1


async def test_all_who_wait_share_one_failure(bench: Bench):
    """A renewal that fails for good is not tried again by each of the waiters."""
    bench.amazon.token_replies.extend([Reply({"error": "invalid_scope"}, status=400)] * 50)
    one = bearer(bench)

    results = await asyncio.gather(*(one.token() for _ in range(50)), return_exceptions=True)

    assert {type(result) for result in results} == {Rejected}
    assert len(bench.amazon.asked(TOKEN)) == 1


async def test_who_is_cancelled_while_renewing_leaves_it_to_the_next(bench: Bench):
    """The others who wait get their token all the same."""
    asked = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    bench.amazon.token_replies.append(Reply(does=hang))
    one = bearer(bench)
    first = asyncio.ensure_future(one.token())
    second = asyncio.ensure_future(one.token())
    await asyncio.wait_for(asked.wait(), 5)

    first.cancel()

    assert await asyncio.wait_for(second, 5) == "Atza|canary-access-1"
    assert first.cancelled()


async def test_a_token_is_renewed_before_it_ends(bench: Bench):
    """Five minutes before the end of an hour; earlier in proportion where life is short."""
    one = bearer(bench)
    first = await one.token()
    bench.time.seconds += 3299
    still = await one.token()
    bench.time.seconds += 2
    second = await one.token()

    assert (first, still, second) == ("Atza|canary-access-1", "Atza|canary-access-1", "Atza|canary-access-2")


@pytest.mark.parametrize(
    ("said", "life"), [(100, 85), ("100", 85), (None, 3300), ("soon", 3300), (-1, 3300), (True, 3300), (10**400, 3300)]
)
async def test_a_life_is_read_leniently(bench: Bench, said: Any, life: float):
    """What makes no sense is the documented hour."""
    bench.amazon.token_replies.append(says(expires_in=said))
    one = bearer(bench)
    await one.token()

    bench.time.seconds += life - 0.1
    await one.token()
    assert len(bench.amazon.asked(TOKEN)) == 1
    bench.time.seconds += 0.2
    await one.token()
    assert len(bench.amazon.asked(TOKEN)) == 2


async def test_only_the_current_token_can_be_refused(bench: Bench):
    """A late 401 to an old token does not throw the new one away."""
    one = bearer(bench)
    first = await one.token()
    one.refused(first)
    second = await one.token()

    one.refused(first)

    assert second == await one.token() == "Atza|canary-access-2"


async def test_a_new_refresh_token_is_kept(bench: Bench):
    """The general manual says that one comes back; then the next renewal uses it."""
    bench.amazon.token_replies.append(says(refresh_token="Atzr|rotated"))
    one = bearer(bench)
    one.refused(await one.token())
    await one.token()

    assert b"refresh_token=Atzr%7Crotated&" in bench.amazon.asked(TOKEN)[1].raw
    assert "Atzr|rotated" in one.hidden()


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("invalid_grant", 400, "the grant was revoked: authorise the app again and set HARVESTER_ACCOUNTS__ACME__REFRESH_TOKEN"),
        ("invalid_client", 401, "the client secret may have expired or been rotated: look it up in the developer console"),
        ("unauthorized_client", 400, "this app may not use this grant"),
    ],
)  # fmt: skip
async def test_a_closed_grant_is_asked_for_once_and_says_what_to_do(bench: Bench, code: str, status: int, advice: str):
    """Not retried, remembered for every profile, and told to each account in its own words."""
    bench.amazon.token_replies.append(Reply({"error": code, "error_description": "x"}, status=status))
    login = bench.login()

    with pytest.raises(AccountClosed) as first:
        await login.profiles()
    with pytest.raises(AccountClosed):
        [page async for page in login.reader(PROFILE, None).campaigns()]
    with pytest.raises(AccountClosed, match="HARVESTER_ACCOUNTS__OTHER__"):
        await bench.login("other").profiles()

    assert len(bench.amazon.seen) == 1
    assert advice in str(first.value)
    assert (first.value.account, first.value.code, first.value.status) == ("acme", code, status)
    assert bench.time.slept == []


async def test_a_new_secret_opens_the_account_again(bench: Bench):
    """Credentials that changed are a new grant."""
    bench.amazon.token_replies.append(Reply({"error": "invalid_client"}, status=401))
    with pytest.raises(AccountClosed):
        await bearer(bench).token()

    renewed = Credentials(CREDENTIALS.client_id, "new-secret-1234", REFRESH_TOKEN)

    assert await bearer(bench, credentials=renewed).token() == "Atza|canary-access-1"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(b"<html>busy</html>", status=503),
        Reply({"error": "slow_down"}, status=429),
        Reply(b"not json"),
        Reply({"token_type": "bearer"}),
        Reply({"access_token": ""}),
    ],
)
async def test_other_failures_are_repeated(bench: Bench, reply: Reply):
    """A token is a read like any other."""
    bench.amazon.token_replies.append(reply)

    assert await bearer(bench).token() == "Atza|canary-access-1"
    assert len(bench.amazon.asked(TOKEN)) == 2


async def test_a_token_that_never_comes_makes_the_account_unavailable(open_bench: OpenBench):
    """Also where the answers are success without a token."""
    bench = await open_bench(patience_seconds=5.0)
    bench.amazon.token_replies.extend([Reply(b"{}")] * 50)

    with pytest.raises(Unavailable):
        await bearer(bench).token()


async def test_the_old_token_serves_while_renewing_fails(open_bench: OpenBench):
    """A token that still holds is used to its end, and renewing is not tried on every call."""
    bench = await open_bench(patience_seconds=5.0)
    one = bearer(bench)
    first = await one.token()
    bench.amazon.token_replies.extend([Reply(b"", status=503)] * 20)
    bench.time.seconds += 3301

    assert await one.token() == first
    asked = len(bench.amazon.asked(TOKEN))
    assert await one.token() == first
    assert len(bench.amazon.asked(TOKEN)) == asked

    bench.time.seconds += 300
    with pytest.raises(Unavailable):
        await one.token()


async def test_nobody_waits_for_a_renewal_while_the_old_token_holds(bench: Bench):
    """One call renews early; the others go on with what they have."""
    one = bearer(bench)
    first = await one.token()
    asked, answer = asyncio.Event(), asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        asked.set()
        await answer.wait()
        return web.json_response({"access_token": "Atza|late", "expires_in": 3600})

    bench.amazon.token_replies.append(Reply(does=slow))
    bench.time.seconds += 3301
    renewing = asyncio.ensure_future(one.token())
    await asyncio.wait_for(asked.wait(), 5)

    assert await asyncio.wait_for(one.token(), 5) == first
    answer.set()
    assert await asyncio.wait_for(renewing, 5) == "Atza|late"


async def test_token_calls_are_recorded_without_bodies(bench: Bench):
    """The call log knows when a token was fetched, and nothing that is in it."""
    await bearer(bench).token()

    (call,) = bench.log.calls
    assert (call.method, call.path, call.status, call.account) == ("POST", TOKEN, 200, "acme")
    assert (call.request_body, call.response_body, call.profile_id) == (None, None, None)


async def test_an_account_elsewhere_has_its_own_grant(bench: Bench):
    """Other credentials, another token."""
    other = Credentials("amzn1.application-oa2-client.two", "other-secret", "Atzr|other")

    first, second = await bearer(bench).token(), await bearer(bench, credentials=other).token()

    assert (first, second) == ("Atza|canary-access-1", "Atza|canary-access-2")


def test_secrets_never_show_in_a_repr(bench: Bench):
    """Not in credentials, bearers or stores of tokens."""
    shown = f"{CREDENTIALS!r} {bearer(bench)!r} {bench.tokens!r} {AccessTokens(bench.http)!r} {bearer(bench)._grant!r}"

    assert CLIENT_SECRET not in shown
    assert REFRESH_TOKEN not in shown
