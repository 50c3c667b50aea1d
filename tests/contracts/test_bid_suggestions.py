"""Bid recommendations against the official specification: what the client asks, what the sandbox takes and says."""

import copy
from collections.abc import AsyncIterator
from typing import Any

import pytest

from harvester.domain.bid import AdGroupToCome, BidPlace, BidTarget, StandingAdGroup
from harvester.domain.target import Match
from harvester.sandbox import bid_suggestions as sandboxed
from harvester.sandbox.calls import Version
from harvester.sandbox.settings import Options
from harvester.sandbox.shapes import Shape
from harvester.sandbox.wire import ApiError
from tests.contracts.reading_calls import open_reader
from tests.contracts.spec import Spec
from tests.contracts.test_sandbox_answers import spoiled
from tests.unit.adapters.loopback import Bench, Reply, opened
from tests.unit.sandbox.customer import Customer, product_line, shop

PATH = "/sp/targets/bid/recommendations"
SPONSORED = Spec.load("sponsored-products")
(OPERATION,) = sandboxed.OPERATIONS
VERSIONS = pytest.mark.parametrize("version", OPERATION.versions, ids=lambda one: f"v{one.number}")

KEYWORDS = [
    BidTarget(match, f"towel {number}") for number in range(32) for match in (Match.BROAD, Match.PHRASE, Match.EXACT)
]
PRODUCTS = [BidTarget(Match.SAME, f"B00000000{number}") for number in range(4)]
HUNDRED = [*KEYWORDS, *PRODUCTS]
STANDING = StandingAdGroup("18446744073709551615", "7")
TO_COME = AdGroupToCome(tuple(f"B0000000{number}" for number in range(10, 60)), "AUTO_FOR_SALES")

NEW_GROUP: dict[str, Any] = {
    "recommendationType": "BIDS_FOR_NEW_AD_GROUP",
    "asins": ["B000000001"],
    "bidding": {
        "strategy": "RULE_BASED",
        "adjustments": [{"predicate": "PLACEMENT_TOP", "percentage": 900}],
    },
    "targetingExpressions": [{"type": "CLOSE_MATCH"}, {"type": "KEYWORD_BROAD_MATCH", "value": "towel"}],
}


def full(version: Version) -> dict[str, Any]:
    body = copy.deepcopy(NEW_GROUP)
    if version.number > 3:
        details = {"asin": "B000000001", "globalStoreSetting": {"catalogSourceCountryCode": "US"}}
        body["productDetailsList"] = [details]
        body["targetingExpressions"].append({"type": "PAT_CATEGORY", "value": "11056341"})
    if version.number > 4:
        body["includeAnalysis"] = True
    return body


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    async with opened() as one:
        yield one


@pytest.mark.parametrize("place", [STANDING, TO_COME], ids=["standing", "to come"])
async def test_the_clients_question_fits_the_specification(bench: Bench, place: BidPlace):
    """A hundred targets, fifty products: exact media type of version 4, ids as text, `bidding` an object."""
    bench.amazon.on(PATH, Reply({"bidRecommendations": []}))

    assert await open_reader(bench.login()).suggested_bids(place, HUNDRED) == {}

    (request,) = bench.amazon.asked(PATH)
    SPONSORED.validate_request("POST", PATH, request.headers, request.raw)
    assert request.headers["Content-Type"] == "application/vnd.spthemebasedbidrecommendation.v4+json"
    assert request.headers["Accept"] == request.headers["Content-Type"]
    assert len(request.json["targetingExpressions"]) == 100
    assert request.json["targetingExpressions"][:3] == [
        {"type": "KEYWORD_BROAD_MATCH", "value": "towel 0"},
        {"type": "KEYWORD_PHRASE_MATCH", "value": "towel 0"},
        {"type": "KEYWORD_EXACT_MATCH", "value": "towel 0"},
    ]
    assert request.json["targetingExpressions"][-1] == {"type": "PAT_ASIN", "value": "B000000003"}
    if place is TO_COME:
        assert request.json["bidding"] == {"strategy": "AUTO_FOR_SALES"}
        assert request.json["asins"] == list(TO_COME.asins)
    else:
        assert (request.json["campaignId"], request.json["adGroupId"]) == ("18446744073709551615", "7")


def test_version_three_would_not_do():
    """It knows no products, so a plan with one would be refused whole."""
    three, four, five = OPERATION.versions
    body = {**NEW_GROUP, "targetingExpressions": [{"type": "PAT_ASIN", "value": "B000000001"}]}

    with pytest.raises(ApiError, match="must be one of"):
        three.shape.check(body, "$")
    four.shape.check(body, "$")
    five.shape.check(body, "$")


@VERSIONS
def test_the_sandbox_takes_and_refuses_of_new_ad_groups_what_the_specification_does(version: Version):
    """One spoiled place at a time, both judges agree. Standing ad groups are judged with all other operations."""
    content = SPONSORED.operation("POST", PATH).body["requestBody"]["content"]
    schema, body = content[version.media_type]["schema"], full(version)
    disagreements = []
    for name, changed in spoiled(body):
        by_spec = not SPONSORED.faults_of(schema, changed, strict=True)
        if by_spec != accepted(version, changed):
            disagreements.append(f"{name}: specification {by_spec}")

    assert accepted(version, body)
    assert disagreements == []


def accepted(version: Version, body: object) -> bool:
    return accepted_with(version.shape, body, refused=422)


def accepted_with(shape: Shape, body: object, refused: int = 400) -> bool:
    try:
        shape.check(body, "$")
    except ApiError as error:
        assert error.status == refused
        return False
    return True


async def ask(customer: Customer, body: dict[str, Any], version: int = 4) -> tuple[int, Any]:
    reply = await customer.post(PATH, body, version=version)
    return reply.status, reply.body


@VERSIONS
async def test_the_sandboxs_answer_fits_the_specification_in_every_market(version: Version):
    """Three rising bids per target, within the market's range, mostly; the customer judges every answer it gets."""
    keywords = [{"type": "KEYWORD_EXACT_MATCH", "value": f"towel {number}"} for number in range(100)]
    async with shop(Options(profiles=8)) as customer:
        for profile in customer.profiles:
            customer.profile = profile
            marketplace = customer.sandbox.world.profiles[profile].marketplace
            line = await product_line(customer)
            place = {"campaignId": line.keyword_campaign, "adGroupId": line.keyword}
            body = {"recommendationType": "BIDS_FOR_EXISTING_AD_GROUP", **place, "targetingExpressions": keywords}

            status, answer = await ask(customer, body, version.number)
            again = await ask(customer, body, version.number)

            assert (status, answer) == again
            found = {
                theme["theme"]: theme["bidRecommendationsForTargetingExpressions"]
                for theme in answer["bidRecommendations"]
            }
            bids = [[bid["suggestedBid"] for bid in item["bidValues"]] for item in found["CONVERSION_OPPORTUNITIES"]]
            assert found.keys() == {"CONVERSION_OPPORTUNITIES", "PRIME_DAY"}
            assert 80 < len(bids) < 100
            assert 75 < sum(len(each) == 3 for each in bids) < len(bids)
            for each in filter(None, bids):
                assert marketplace.lowest_bid <= each[0] < each[1] < each[2] <= marketplace.highest_bid


@pytest.mark.parametrize(
    "changes",
    [
        {"bidding": [{"strategy": "MANUAL"}]},
        {"asins": []},
        {"asins": ["towel"]},
        {"targetingExpressions": [{"type": "KEYWORD_EXACT_MATCH"}]},
        {"targetingExpressions": [{"type": "PAT_ASIN", "value": "towel"}]},
        {"targetingExpressions": [{"type": "PAT_CATEGORY", "value": "1"}]},
        {"targetingExpressions": [{"type": "CLOSE_MATCH"}] * 101},
        {"recommendationType": "BIDS_FOR_EXISTING_AD_GROUP"},
        {"recommendationType": "BIDS_FOR_EXISTING_AD_GROUP", "campaignId": "1", "adGroupId": "2", "asins": None},
    ],
    ids=str,
)
async def test_what_does_not_fit_is_answered_422_in_the_familys_form(changes: dict[str, Any]):
    """`{code, details}`, the code being the status, in the media type of the answer; and no word of where it failed is lost."""
    async with shop() as customer:
        reply = await customer.post(PATH, {**NEW_GROUP, **changes}, version=4)

    assert reply.status == 422
    assert reply.media_type == OPERATION.versions[1].media_type
    assert reply.body["code"] == "422"
    assert reply.body["details"]


async def test_an_ad_group_of_nobody_gets_no_bids():
    """It has to exist, in that campaign."""
    async with shop() as customer:
        line = await product_line(customer)
        body = {"recommendationType": "BIDS_FOR_EXISTING_AD_GROUP", "targetingExpressions": []}

        statuses = [
            (await ask(customer, {**body, "campaignId": campaign, "adGroupId": ad_group}))[0]
            for campaign, ad_group in (
                (line.keyword_campaign, line.keyword),
                (line.product_campaign, line.keyword),
                (line.keyword_campaign, "1"),
            )
        ]

    assert statuses == [200, 422, 422]
