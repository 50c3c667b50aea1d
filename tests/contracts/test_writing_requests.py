"""Every request that changes an account is what Amazon's specification says, to the letter."""

import json
from collections.abc import AsyncIterator

import pytest

from harvester.adapters.ads import group_replies
from harvester.adapters.ads.group_replies import in_version_2
from harvester.domain.action import ActionKind
from harvester.domain.ids import PlanId
from harvester.domain.target import Level
from harvester.rules.requests import Request, operation_of
from tests.contracts.spec import Spec, SpecMismatch
from tests.contracts.writing_calls import CALLS, WritingCall
from tests.unit.adapters.loopback import PROFILE, Bench, Seen, opened

EVERY_CALL = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
TARGETS = next(call for call in CALLS if call.name == "targets of a group")


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened() as one:
        yield one


async def open_gate() -> None:
    """Lets everything pass."""


async def sent(bench: Bench, request: Request) -> Seen:
    await bench.login().writer(PROFILE).send(request, PlanId("p1"), open_gate)
    (seen,) = bench.amazon.asked(request.path)
    return seen


@EVERY_CALL
async def test_every_request_fits_the_specification(call: WritingCall, bench: Bench):
    """Path, required headers, exact media types, and a body with no field unknown and none missing."""
    seen = await sent(bench, call.request())

    Spec.load("sponsored-products").validate_request(seen.method, seen.path, seen.headers, seen.raw)


@EVERY_CALL
async def test_every_request_says_exactly_this(call: WritingCall, bench: Bench):
    """The body to the byte, media types in the specification's letter case without a charset, the profile's scope."""
    seen = await sent(bench, call.request())

    assert (seen.method, seen.path) == (call.method, call.path)
    assert seen.raw.decode() == call.body == call.request().body
    assert seen.headers["Content-Type"] == call.media_type
    assert seen.headers["Accept"] == call.media_type
    assert seen.headers["Amazon-Advertising-API-ClientId"] == "amzn1.application-oa2-client.one"
    assert seen.headers["Amazon-Advertising-API-Scope"] == "1001"
    assert seen.headers["Authorization"] == "Bearer Atza|canary-access-1"
    assert "Prefer" not in seen.headers


@EVERY_CALL
async def test_a_request_with_an_unknown_field_would_be_found(call: WritingCall, bench: Bench):
    """The judge of these tests can say no to each of them."""
    seen = await sent(bench, call.request())

    with pytest.raises(SpecMismatch):
        Spec.load("sponsored-products").validate_request(
            seen.method, seen.path, seen.headers, {**seen.json, "dryRun": True}
        )


def test_every_kind_of_action_at_every_level_is_checked_here():
    """A new operation needs its row in the table of calls."""
    needed = {
        (operation.method, operation.path)
        for kind in ActionKind
        for level in (None, *Level)
        for operation in [operation_of(kind, level)]
    }

    assert needed == {(call.method, call.path) for call in CALLS}


async def test_version_2_of_the_targets_fits_its_own_specification(bench: Bench, monkeypatch: pytest.MonkeyPatch):
    """One constant changes the version; texts and bids stay as they were written."""
    monkeypatch.setattr(group_replies, "SPOKEN", 2)

    seen = await sent(bench, TARGETS.request())

    Spec.load("target-promotion-groups-v2").validate_request(seen.method, seen.path, seen.headers, seen.raw)
    assert seen.headers["Content-Type"] == "application/vnd.sptargetpromotiongrouptarget.v2+json"
    assert seen.headers["Accept"] == "application/vnd.sptargetpromotiongrouptarget.v2+json"
    assert seen.raw.decode() == (
        '{"targetPromotionGroupId":"g1","targets":['
        '{"keywordTarget":{"keyword":"Größe 42\\" 毛巾 \\\\ déco","matchType":"PHRASE","bid":0.80}},'
        '{"productTarget":{"target":"B000000001","matchType":"PRODUCT_SIMILAR","bid":1.10}}]}'
    )


def test_a_request_in_version_2_stays_as_it_is():
    """Translating twice changes nothing."""
    request = in_version_2(TARGETS.request())

    assert in_version_2(request) is request


@pytest.mark.parametrize("call", [call for call in CALLS if call.path == "/sp/targetPromotionGroups"], ids=str)
async def test_version_2_of_a_creation_fits_its_own_specification(
    call: WritingCall, bench: Bench, monkeypatch: pytest.MonkeyPatch
):
    """Version 2 wants names where version 1 takes a prefix; amounts stay as they were written."""
    monkeypatch.setattr(group_replies, "SPOKEN", 2)

    seen = await sent(bench, call.request())

    Spec.load("target-promotion-groups-v2").validate_request(seen.method, seen.path, seen.headers, seen.raw)
    assert seen.headers["Content-Type"] == "application/vnd.sptargetpromotiongroup.v2+json"
    assert in_version_2(in_version_2(call.request())) == in_version_2(call.request())
    asked = json.loads(call.request().body)
    if "newCampaignDetails" in asked:
        campaigns = seen.json["newCampaignDetails"]
        assert [each["adGroups"][0]["targetingTypes"] for each in campaigns] == [["KEYWORD"], ["PRODUCT"]]
        assert all(each["budget"] == asked["newCampaignDetails"]["budget"] for each in campaigns)
        assert all(each["campaignName"].startswith(asked["newCampaignDetails"]["namePrefix"]) for each in campaigns)
    else:
        wanted = [each for ids in asked["existingCampaignDetails"].values() for each in ids]
        assert [each["adGroupId"] for each in seen.json["existingCampaignDetails"]] == wanted
