"""Media types: exact, but for the case of letters."""

import pytest

from harvester.sandbox.settings import Options
from tests.unit.sandbox.customer import RECOMMENDATIONS, Customer, shop

KEYWORD = "application/vnd.spKeyword.v3+json"


@pytest.mark.parametrize("spelling", [KEYWORD, KEYWORD.lower(), KEYWORD.upper()])
async def test_letter_case_does_not_matter(customer: Customer, spelling: str) -> None:
    """RFC 9110 says so, and the official spelling has changed over time."""
    headers = {"Content-Type": spelling, "Accept": spelling}

    reply = await customer.post("/sp/keywords/list", headers=headers)

    assert (reply.status, reply.media_type) == (200, KEYWORD)


@pytest.mark.parametrize(
    "content_type",
    [f"{KEYWORD}; charset=utf-8", "application/json", "application/vnd.spKeyword.v4+json", "text/plain", ""],
)
async def test_any_other_content_type_is_refused(customer: Customer, content_type: str) -> None:
    """Parameters, plain JSON, other versions and other families are 415."""
    reply = await customer.post("/sp/keywords/list", headers={"Content-Type": content_type})

    assert (reply.status, reply.body["code"]) == (415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/vnd.spTargetingClause.v3+json"])
async def test_any_other_accept_is_refused(customer: Customer, accept: str) -> None:
    """The answer has one media type, and the customer has to want it."""
    assert (await customer.post("/sp/keywords/list", headers={"Accept": accept})).status == 406


async def test_accept_may_name_several_types(customer: Customer) -> None:
    """One of them has to be the right one."""
    assert (await customer.post("/sp/keywords/list", headers={"Accept": f"application/json, {KEYWORD}"})).status == 200


async def test_both_versions_of_a_group_call_are_told_apart(customer: Customer) -> None:
    """The media type alone decides about the shape, and Accept must name the same version."""
    first = await customer.post("/sp/targetPromotionGroups/list", version=1)
    second = await customer.post("/sp/targetPromotionGroups/list", version=2)
    mixed = await customer.post(
        "/sp/targetPromotionGroups/list",
        version=1,
        headers={"Accept": "application/vnd.sptargetpromotiongroup.v2+json"},
    )

    assert "autoTargetingCampaignAdGroupId" in first.body["targetPromotionGroups"][0]
    assert "sourceAdGroupId" in second.body["targetPromotionGroups"][0]
    assert mixed.status == 406


async def test_plain_json_can_be_allowed() -> None:
    """For clients that want to try the guide's form."""
    plain = {"Content-Type": "application/json", "Accept": "application/json"}
    async with shop(Options(accept_plain_json=True)) as customer:
        assert (await customer.post(RECOMMENDATIONS, headers=plain)).status == 200


async def test_a_list_needs_no_body(customer: Customer) -> None:
    """The body of list calls is optional; that of writing calls is not."""
    assert (await customer.call("POST", "/sp/keywords/list", b"")).status == 200
    assert (await customer.call("POST", "/sp/keywords", b"")).status == 400
