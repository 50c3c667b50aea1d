"""The sandbox against the official specification: every operation, every version, and the same strictness."""

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from harvester.sandbox import ads
from harvester.sandbox.calls import Operation, Version
from harvester.sandbox.settings import Options
from harvester.sandbox.wire import ApiError, Family
from tests.contracts.spec import Spec, SpecMismatch
from tests.unit.sandbox.customer import SPONSORED, Customer, product_line, shop

ELSEWHERE = {Family.SUGGESTIONS, Family.REPORTS}
PAGED = {key: operation for key, operation in ads.OPERATIONS.items() if operation.family not in ELSEWHERE}
OPERATIONS = [
    pytest.param(operation, version, id=f"{operation.name} v{version.number}")
    for operation in PAGED.values()
    for version in operation.versions
]

IN_AD_GROUP = {"campaignId": "1", "adGroupId": "2", "state": "ENABLED"}
IN_CAMPAIGN = {"campaignId": "1", "state": "PAUSED"}
ASIN = [{"type": "ASIN_SAME_AS", "value": "B000000001"}]
PAGE = {"maxResults": 10, "nextToken": "abc"}
STATES = {"stateFilter": {"include": ["ENABLED", "PAUSED"]}, "includeExtendedDataFields": True}
PARENTS = {"campaignIdFilter": {"include": ["1"]}, "adGroupIdFilter": {"include": ["2"]}}
TEXTS = {"include": ["a"], "queryTermMatchType": "EXACT_MATCH"}
ASINS = {"asinFilter": {"include": ["B000000001"], "queryTermMatchType": "EXACT_MATCH"}}
BIDDING = {"strategy": "MANUAL", "placementBidding": [{"percentage": 10, "placement": "PLACEMENT_TOP"}]}
BUDGET = {"budget": 10, "budgetType": "DAILY"}
NEW_CAMPAIGN = {
    "budget": BUDGET,
    "dynamicBidding": BIDDING,
    "startDate": "2026-01-01",
    "endDate": "2026-12-31",
    "tags": {"a": "b"},
}
TARGETS_LIST = {**PAGE, "adGroupIdFilter": {"include": ["1"]}, "targetPromotionGroupIdFilter": {"include": ["1"]}}
COHORT = {
    "audienceSegments": [{"audienceId": "a", "audienceSegmentType": "SPONSORED_ADS_AMC"}],
    "percentage": 5,
    "shopperCohortType": "AUDIENCE_SEGMENT",
}
BID_PLACE = {"recommendationType": "BIDS_FOR_EXISTING_AD_GROUP", "campaignId": "1", "adGroupId": "2"}
KEYWORD_BID = {"type": "KEYWORD_EXACT_MATCH", "value": "a"}
ASIN_BID = {"type": "PAT_ASIN", "value": "B000000001"}

# A full body for every operation: each field of the specification appears.
FULL: dict[str, dict[str, Any]] = {
    "POST /sp/targetPromotionGroups v1": {
        "adGroupId": "1",
        "adIds": ["2"],
        "existingCampaignDetails": {"keywordCampaignAdGroupIds": ["3"], "productCampaignAdGroupIds": ["4"]},
        "newCampaignDetails": {**NEW_CAMPAIGN, "namePrefix": "a", "defaultBid": 1},
    },
    "POST /sp/targetPromotionGroups v2": {
        "adGroupId": "1",
        "targetPromotionGroupName": "g",
        "adIds": ["2"],
        "existingCampaignDetails": [{"adGroupId": "3"}],
        "newCampaignDetails": [
            {
                **NEW_CAMPAIGN,
                "campaignName": "c",
                "adGroups": [{"adGroupName": "a", "defaultBid": 1.5, "targetingTypes": ["KEYWORD"]}],
            }
        ],
    },
    "POST /sp/targetPromotionGroups/list v1": {
        **PAGE,
        "adGroupIdFilter": {"include": ["1"]},
        "targetPromotionGroupIdFilter": {"include": ["1"]},
    },
    "POST /sp/targetPromotionGroups/list v2": {
        **PAGE,
        "sourceAdGroupIdFilter": {"include": ["1"]},
        "destinationAdGroupIdFilter": {"include": ["1"]},
        "targetPromotionGroupIdFilter": {"include": ["1"]},
    },
    "POST /sp/targetPromotionGroups/targets v1": {
        "targetPromotionGroupId": "1",
        "targets": [{"target": "a", "expressionType": "QUERY_EXACT_MATCHES", "bid": 1.0}],
    },
    "POST /sp/targetPromotionGroups/targets v2": {
        "targetPromotionGroupId": "1",
        "targets": [
            {"keywordTarget": {"keyword": "a", "matchType": "BROAD", "bid": 1}},
            {"productTarget": {"target": "B000000001", "matchType": "PRODUCT_EXACT", "bid": 1}},
        ],
    },
    "POST /sp/targetPromotionGroups/targets/list v1": TARGETS_LIST,
    "POST /sp/targetPromotionGroups/targets/list v2": TARGETS_LIST,
    "POST /sp/targetPromotionGroups/recommendations v1": {
        **PAGE,
        **PARENTS,
        "adIdFilter": {"include": ["1"]},
    },
    "POST /sp/campaigns/list v3": {
        **PAGE,
        **STATES,
        "campaignIdFilter": {"include": ["1"]},
        "nameFilter": {"include": ["a"], "queryTermMatchType": "BROAD_MATCH"},
        "portfolioIdFilter": {"include": ["1"]},
        "marketplaceBudgetAllocationFilter": {"include": ["AUTO"]},
    },
    "PUT /sp/campaigns v3": {
        "campaigns": [
            {
                **NEW_CAMPAIGN,
                "campaignId": "1",
                "name": "a",
                "state": "PAUSED",
                "targetingType": "AUTO",
                "portfolioId": None,
                "dynamicBidding": {**BIDDING, "shopperCohortBidding": [COHORT]},
                "offAmazonSettings": {"offAmazonBudgetControlStrategy": "MAXIMIZE_REACH"},
                "siteRestrictions": ["AMAZON_HAUL"],
            }
        ]
    },
    "POST /sp/campaigns/delete v3": {"campaignIdFilter": {"include": ["1"]}},
    "POST /sp/adGroups/list v3": {
        **PAGE,
        **STATES,
        **PARENTS,
        "nameFilter": {"include": ["a"], "queryTermMatchType": "BROAD_MATCH"},
        "campaignTargetingTypeFilter": "AUTO",
    },
    "PUT /sp/adGroups v3": {"adGroups": [{"adGroupId": "1", "name": "a", "state": "PAUSED", "defaultBid": 1.0}]},
    "POST /sp/productAds/list v3": {**PAGE, **STATES, **PARENTS, "adIdFilter": {"include": ["1"]}},
    "POST /sp/keywords/list v3": {
        **PAGE,
        **STATES,
        **PARENTS,
        "keywordIdFilter": {"include": ["1"]},
        "keywordTextFilter": TEXTS,
        "matchTypeFilter": ["EXACT"],
        "locale": "en_US",
    },
    "POST /sp/keywords v3": {
        "keywords": [
            {
                **IN_AD_GROUP,
                "keywordText": "a",
                "matchType": "EXACT",
                "bid": None,
                "nativeLanguageKeyword": "a",
                "nativeLanguageLocale": "de_DE",
            }
        ]
    },
    "PUT /sp/keywords v3": {"keywords": [{"keywordId": "1", "state": "PAUSED", "bid": 1.0}]},
    "POST /sp/keywords/delete v3": {"keywordIdFilter": {"include": ["1"]}},
    "POST /sp/targets/list v3": {
        **PAGE,
        **STATES,
        **PARENTS,
        **ASINS,
        "targetIdFilter": {"include": ["1"]},
        "expressionTypeFilter": {"include": ["MANUAL"]},
    },
    "POST /sp/targets v3": {
        "targetingClauses": [{**IN_AD_GROUP, "expression": ASIN, "expressionType": "MANUAL", "bid": 1.0}]
    },
    "PUT /sp/targets v3": {
        "targetingClauses": [
            {"targetId": "1", "state": "PAUSED", "bid": 1.0, "expression": ASIN, "expressionType": "MANUAL"}
        ]
    },
    "POST /sp/targets/delete v3": {"targetIdFilter": {"include": ["1"]}},
    "POST /sp/negativeKeywords/list v3": {
        **PAGE,
        **STATES,
        **PARENTS,
        "negativeKeywordIdFilter": {"include": ["1"]},
        "negativeKeywordTextFilter": TEXTS,
        "matchTypeFilter": ["NEGATIVE_EXACT"],
        "locale": "en_US",
    },
    "POST /sp/negativeKeywords v3": {
        "negativeKeywords": [
            {
                **IN_AD_GROUP,
                "keywordText": "a",
                "matchType": "NEGATIVE_EXACT",
                "nativeLanguageKeyword": "a",
                "nativeLanguageLocale": "de_DE",
            }
        ]
    },
    "PUT /sp/negativeKeywords v3": {"negativeKeywords": [{"keywordId": "1", "state": "PAUSED"}]},
    "POST /sp/negativeKeywords/delete v3": {"negativeKeywordIdFilter": {"include": ["1"]}},
    "POST /sp/campaignNegativeKeywords/list v3": {
        **PAGE,
        **STATES,
        "campaignIdFilter": {"include": ["1"]},
        "campaignNegativeKeywordIdFilter": {"include": ["1"]},
        "campaignNegativeKeywordTextFilter": TEXTS,
        "matchTypeFilter": ["NEGATIVE_PHRASE"],
    },
    "POST /sp/campaignNegativeKeywords v3": {
        "campaignNegativeKeywords": [{**IN_CAMPAIGN, "keywordText": "a", "matchType": "NEGATIVE_PHRASE"}]
    },
    "PUT /sp/campaignNegativeKeywords v3": {"campaignNegativeKeywords": [{"keywordId": "1", "state": "PAUSED"}]},
    "POST /sp/campaignNegativeKeywords/delete v3": {"campaignNegativeKeywordIdFilter": {"include": ["1"]}},
    "POST /sp/negativeTargets/list v3": {
        **PAGE,
        **STATES,
        **PARENTS,
        **ASINS,
        "negativeTargetIdFilter": {"include": ["1"]},
    },
    "POST /sp/negativeTargets v3": {"negativeTargetingClauses": [{**IN_AD_GROUP, "expression": ASIN}]},
    "PUT /sp/negativeTargets v3": {
        "negativeTargetingClauses": [{"targetId": "1", "state": "PAUSED", "expression": ASIN}]
    },
    "POST /sp/negativeTargets/delete v3": {"negativeTargetIdFilter": {"include": ["1"]}},
    "POST /sp/campaignNegativeTargets/list v3": {
        **PAGE,
        **STATES,
        **ASINS,
        "campaignIdFilter": {"include": ["1"]},
        "campaignNegativeTargetIdFilter": {"include": ["1"]},
    },
    "POST /sp/campaignNegativeTargets v3": {"campaignNegativeTargetingClauses": [{**IN_CAMPAIGN, "expression": ASIN}]},
    "PUT /sp/campaignNegativeTargets v3": {
        "campaignNegativeTargetingClauses": [{"targetId": "1", "state": "PAUSED", "expression": ASIN}]
    },
    "POST /sp/campaignNegativeTargets/delete v3": {"campaignNegativeTargetIdFilter": {"include": ["1"]}},
    "POST /sp/targets/bid/recommendations v3": {**BID_PLACE, "targetingExpressions": [KEYWORD_BID]},
    "POST /sp/targets/bid/recommendations v4": {**BID_PLACE, "targetingExpressions": [KEYWORD_BID, ASIN_BID]},
    "POST /sp/targets/bid/recommendations v5": {
        **BID_PLACE,
        "includeAnalysis": True,
        "targetingExpressions": [KEYWORD_BID, ASIN_BID],
    },
}


def full_body(operation: Operation, version: Version) -> dict[str, Any]:
    return copy.deepcopy(FULL[f"{operation.name} v{version.number}"])


def spec_schema(operation: Operation, version: Version) -> dict[str, Any]:
    body: dict[str, Any] = SPONSORED.operation(operation.method, operation.path).body["requestBody"]
    schema: dict[str, Any] = next(
        content["schema"] for name, content in body["content"].items() if name.lower() == version.media_type.lower()
    )
    return schema


def accepts(version: Version, body: object) -> bool:
    try:
        version.shape.check(body, "$")
    except ApiError:
        return False
    return True


def spoiled(body: Any) -> Iterator[tuple[str, Any]]:
    """Every body that differs from `body` in one place: a field gone, unknown, of another type; an array too long."""
    for path, value in _places(body):
        for name, replacement in (
            ("number", 7),
            ("text", "x" * 30),
            ("null", None),
            ("flag", True),
            ("list", []),
            ("object", {}),
            ("negative", -1),
            ("fraction", 1.5),
            ("huge", 10_000),
        ):
            if path and replacement != value:
                yield f"{path} {name}", _with(body, path, replacement)
        if isinstance(value, dict):
            yield f"{path} unknown field", _with(body, (*path, "unheardOf"), 1)
            for field in value:
                yield f"{path} without {field}", _without(body, (*path, field))
        if isinstance(value, list) and value:
            for length in (0, 2, 3, 4, 11, 51, 101, 1001):
                yield f"{path} of {length}", _with(body, path, [value[0]] * length)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    yield path, value
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in pairs:
        yield from _places(inner, (*path, key))


def _with(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = copy.deepcopy(body)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return changed


def _without(body: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(body)
    holder = changed
    for key in path[:-1]:
        holder = holder[key]
    del holder[path[-1]]
    return changed


# Where the sandbox is stricter than the schema, because the specification's prose is.
PROSE = ("budgetType", "strategy", "placement", "targetingTypes", "tags", "matchType")


@pytest.mark.parametrize(("operation", "version"), OPERATIONS)
def test_every_operation_of_the_sandbox_is_one_of_the_specification(operation: Operation, version: Version) -> None:
    """Method, path, media type and success status are the official ones, and a full body passes both judges."""
    body = full_body(operation, version)
    answers = operation.answers or (version.media_type,)
    headers = {
        "Amazon-Advertising-API-ClientId": "c",
        "Amazon-Advertising-API-Scope": "1",
        "Content-Type": version.media_type,
        "Accept": answers[0],
    }

    SPONSORED.validate_request(operation.method, operation.path, headers, body)

    assert accepts(version, body)
    assert version.media_type in SPONSORED.operation(operation.method, operation.path).request_media_types
    answer_types = SPONSORED.operation(operation.method, operation.path).answer_media_types(operation.status)
    assert set(answers) <= set(answer_types)


@pytest.mark.parametrize(("operation", "version"), OPERATIONS)
def test_the_sandbox_refuses_what_the_specification_refuses(operation: Operation, version: Version) -> None:
    """One spoiled place at a time, both judges agree; only prose makes the sandbox stricter, nothing makes it laxer."""
    schema = spec_schema(operation, version)
    disagreements = []
    tried = 0
    for name, body in spoiled(full_body(operation, version)):
        tried += 1
        by_spec = not SPONSORED.faults_of(schema, body, strict=True)
        by_sandbox = accepts(version, body)
        if by_spec != by_sandbox and not (by_spec and any(word in name for word in PROSE)):
            disagreements.append(f"{name}: specification {by_spec}, sandbox {by_sandbox}")

    assert tried > 10
    assert disagreements == []


def test_all_promotion_group_and_entity_operations_are_there() -> None:
    """Nothing of what the service calls is missing: everything below /sp but suggestions and brands."""
    later = ("/categor", "/products/", "/brands/")
    official = {
        (operation.method, operation.path)
        for operation in SPONSORED.operations()
        if not any(part in operation.path for part in later)
    }

    assert set(PAGED) == official


LISTS = [
    key
    for key, operation in ads.OPERATIONS.items()
    if not operation.writes and operation.family.value in {"entities", "groups", "recommendations"}
]


@pytest.mark.parametrize("method_and_path", LISTS)
@pytest.mark.parametrize("size", [3, 1000])
async def test_every_list_answers_as_specified(method_and_path: tuple[str, str], size: int) -> None:
    """Each page of each list in each version fits the specification, in profiles of sellers and of vendors."""
    operation = ads.OPERATIONS[method_and_path]
    async with shop(Options(recommendations=30)) as customer:
        for profile in customer.profiles:
            customer.profile = profile
            for version in operation.versions:
                await customer.every(operation.path, version=version.number, size=size)


@pytest.mark.parametrize("operation", [one for one in ads.OPERATIONS.values() if one.family.value == "entities"])
async def test_every_entity_write_answers_as_specified(operation: Operation) -> None:
    """Failures item by item: an unknown parent or id is an error of its item, in the official shape."""
    if not operation.writes:
        return
    async with shop() as customer:
        reply = await customer.call(operation.method, operation.path, full_body(operation, operation.versions[0]))

    (results,) = reply.body.values()
    assert reply.status == 207
    assert results["success"] == []
    assert [error["index"] for error in results["error"]] == [0]


CREATED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "keywords": ("keywords", "keywordId", {"keywordText": "made", "matchType": "PHRASE", "bid": 0.5}),
    "targets": ("targetingClauses", "targetId", {"expression": ASIN, "expressionType": "MANUAL", "bid": 0.5}),
    "negativeKeywords": ("negativeKeywords", "keywordId", {"keywordText": "made", "matchType": "NEGATIVE_PHRASE"}),
    "negativeTargets": ("negativeTargetingClauses", "targetId", {"expression": ASIN}),
    "campaignNegativeKeywords": (
        "campaignNegativeKeywords",
        "keywordId",
        {"keywordText": "made", "matchType": "NEGATIVE_EXACT"},
    ),
    "campaignNegativeTargets": ("campaignNegativeTargetingClauses", "targetId", {"expression": ASIN}),
}


@pytest.mark.parametrize("path", CREATED)
@pytest.mark.parametrize("prefer", [None, "return=representation"])
@pytest.mark.parametrize("vendor", [False, True])
async def test_the_life_of_every_entity_answers_as_specified(path: str, prefer: str | None, vendor: bool) -> None:
    """Created, changed, listed by its id and archived, each answer official, with and without representation."""
    key, id_name, fields = CREATED[path]
    async with shop() as customer:
        customer.profile = customer.profiles[int(vendor)]
        line = await product_line(customer)
        place = {"keywords": line.in_keyword, "targets": line.in_product}.get(path, line.in_source)
        if path.startswith("campaign"):
            place = {"campaignId": line.source_campaign, "state": "ENABLED"}
        headers = {"Prefer": prefer}
        made = await customer.post(f"/sp/{path}", {key: [{**place, **fields}]}, headers=headers)
        (success,) = made.body[key]["success"]
        own_id = next(value for name, value in success.items() if name.endswith("Id"))
        changed = await customer.put(f"/sp/{path}", {key: [{id_name: own_id, "state": "PAUSED"}]}, headers=headers)
        (own_filter,) = FULL[f"POST /sp/{path}/delete v3"]
        (listed,) = await customer.every(f"/sp/{path}/list", {own_filter: {"include": [own_id]}})
        archived = await customer.post(f"/sp/{path}/delete", {own_filter: {"include": [own_id]}}, headers=headers)

    assert listed == {**place, **fields, **listed, id_name: own_id, "state": "PAUSED"}
    for reply in (made, changed, archived):
        (success,) = reply.body[key]["success"]
        entities = [value for value in success.values() if isinstance(value, dict)]
        represented = prefer is not None and reply is not archived
        assert [entity[id_name] for entity in entities] == ([own_id] if represented else [])


@pytest.mark.parametrize("operation", PAGED.values(), ids=lambda one: one.name)
async def test_every_refusal_answers_as_specified(operation: Operation) -> None:
    """400, 401, 403, 406, 415 and 429 of every operation have the body and media type of its family."""
    async with shop() as customer:
        await _refusals(customer, operation)


UNFIT = {"bids": 422}
"""Families that answer this to a body that does not fit, in place of 400."""


async def _refusals(customer: Customer, operation: Operation) -> None:
    unfit = UNFIT.get(operation.family.value, 400)
    for version in operation.versions:

        async def refused(body: object, _number: int = version.number, **headers: str) -> int:
            changed = {name.replace("_", "-"): value for name, value in headers.items()}
            call = customer.call(operation.method, operation.path, body, version=_number, headers=changed)
            return (await call).status

        assert await refused({"unheardOf": 1}) == unfit
        assert await refused(b"{") == 400
        assert await refused([]) == unfit
        assert await refused({}, Authorization="Bearer Atza|no") == 401
        assert await refused({}, Accept="application/json") == 406
        assert await refused({}, Content_Type="application/json") == 415
        await customer.control("edit", {"do": "access", "profile": customer.profile, "fields": {"access": "view"}})
        assert await refused(full_body(operation, version) if operation.writes else {}) == (
            403 if operation.writes else unfit if operation.family.value in UNFIT else 200
        )
        await customer.control("edit", {"do": "access", "profile": customer.profile, "fields": {"access": "edit"}})
        for status in {429, 500, 501, 503} & set(SPONSORED.operation(operation.method, operation.path).statuses):
            await customer.control("faults", [{"action": {"status": status}}])
            assert await refused({}) == status
        await customer.control("faults", [])


async def test_profiles_answer_as_specified() -> None:
    """The list and the single profile, for every marketplace that the sandbox opens."""
    async with shop(Options(profiles=20)) as customer:
        profiles = await customer.call("GET", "/v2/profiles")
        single = await customer.call("GET", f"/v2/profiles/{customer.profiles[7]}")
        unknown = await customer.call("GET", "/v2/profiles/12")

    assert len(profiles.body) == 20
    assert single.body == profiles.body[7]
    assert unknown.status == 404


def test_the_judge_finds_what_is_wrong_with_a_request() -> None:
    """A missing header, a parameter on the media type and an unknown field are each named."""
    media_type = "application/vnd.spKeyword.v3+json"
    headers = {"Amazon-Advertising-API-Scope": "1", "Content-Type": f"{media_type}; charset=utf-8"}

    fitting = {**headers, "Amazon-Advertising-API-ClientId": "c", "Content-Type": media_type, "Accept": media_type}
    with pytest.raises(SpecMismatch) as mismatch:
        SPONSORED.validate_request("POST", "/sp/keywords/list", headers, {"unheardOf": 1})
    with pytest.raises(SpecMismatch) as unknown_field:
        SPONSORED.validate_request("POST", "/sp/keywords/list", fitting, {"unheardOf": 1})

    for fault in ("Amazon-Advertising-API-ClientId is missing", "charset", "Accept"):
        assert fault in str(mismatch.value)
    assert "unheardOf" in str(unknown_field.value)


def test_the_judge_finds_what_is_wrong_with_an_answer() -> None:
    """An unlisted status, a foreign media type and a body that does not fit are each named."""
    spec = Spec.load("sponsored-products")
    media_type = "application/vnd.spKeyword.v3+json"

    for status, media, body, fault in (
        (418, media_type, {}, "status"),
        (207, "application/json", {"keywords": {}}, "is none of"),
        (207, media_type, {"keywords": {"success": [{}]}}, "index"),
    ):
        with pytest.raises(SpecMismatch, match=fault):
            spec.validate_response("POST", "/sp/keywords", status, media, body)
    spec.validate_response("POST", "/sp/keywords", 207, media_type, {"keywords": {"success": [{"index": 0}]}})
