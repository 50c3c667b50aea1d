"""A mock server made from the official specification takes every call that changes an account."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from harvester.adapters.ads import group_replies
from harvester.adapters.ads.protocol import Operation
from harvester.adapters.exchange import Caller, Repeat
from harvester.domain.errors import Rejected
from harvester.domain.ids import PlanId
from harvester.domain.outcome import Reply
from harvester.rules.requests import Request
from tests.contracts import test_prism
from tests.contracts.test_prism import login_at, serving
from tests.contracts.writing_calls import CALLS, WritingCall
from tests.unit.adapters.loopback import PROFILE, Bench

pytestmark = [pytest.mark.prism, pytest.mark.timeout(400)]

npx = test_prism.npx
sponsored_products = test_prism.sponsored_products
bench = test_prism.bench
TARGETS = next(call for call in CALLS if call.name == "targets of a group")


@pytest.fixture(scope="module")
def groups_in_version_2(npx: str) -> Iterator[str]:
    """Prism checks bodies against the first version of a call only, so version 2 has a document of its own."""
    with serving(npx, "target-promotion-groups-v2.json") as url:
        yield url


async def open_gate() -> None:
    """Lets everything pass."""


async def sent(bench: Bench, url: str, request: Request) -> Reply:
    return await login_at(bench, url).writer(PROFILE).send(request, PlanId("p1"), open_gate)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
async def test_prism_takes_every_writing_call(call: WritingCall, bench: Bench, sponsored_products: str):
    """Each is answered with success, once, and what its examples say is read for each item."""
    reply = await sent(bench, sponsored_products, call.request())

    assert [made.status for made in reply.calls] == [200 if call.path == "/sp/targetPromotionGroups" else 207]
    assert reply.calls[0].error is None
    assert len(reply.outcomes) == len(call.items)


async def test_prism_takes_version_2_of_the_targets(
    bench: Bench, groups_in_version_2: str, monkeypatch: pytest.MonkeyPatch
):
    """The other version, should the first be withdrawn."""
    monkeypatch.setattr(group_replies, "SPOKEN", 2)

    reply = await sent(bench, groups_in_version_2, TARGETS.request())

    assert [made.status for made in reply.calls] == [207]
    assert len(reply.outcomes) == 2


def without_a_required_field(call: WritingCall) -> bytes:
    """The same body with one required field misspelt."""
    if call.path.endswith("/delete"):
        field = "include"
    elif call.method == "PUT":
        field = "campaignId" if "campaigns" in call.path else call.path.removeprefix("/sp/").removesuffix("s") + "Id"
    else:
        field = {"/sp/targetPromotionGroups": "adGroupId", "/sp/targetPromotionGroups/targets": "target"}.get(
            call.path, "state"
        )
    assert f'"{field}":' in call.body
    return call.body.replace(f'"{field}":', f'"{field}_":').encode()


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
async def test_prism_refuses_a_writing_call_that_lacks_something(
    call: WritingCall, bench: Bench, sponsored_products: str
):
    """Were it to take everything, the tests above would prove nothing."""
    endpoint = login_at(bench, sponsored_products)._endpoint
    operation = Operation(call.name, call.method, call.path, call.media_type, call.media_type)
    request = endpoint.request(operation, Caller("acme", PROFILE.profile_id))

    with pytest.raises(Rejected) as refused:
        await bench.http.send(
            replace(request, body=without_a_required_field(call)), lambda answer: answer, repeat=Repeat.NEVER
        )

    assert refused.value.status in (400, 422)
