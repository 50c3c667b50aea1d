"""Promotion groups and their targets, in both versions."""

from typing import Any

import pytest

from harvester.sandbox.settings import Options
from tests.unit.sandbox.customer import Customer, ProductLine, Reply, product_line, shop

GROUPS = "/sp/targetPromotionGroups"
TARGETS = f"{GROUPS}/targets"
BUDGET = {"budget": 20, "budgetType": "DAILY"}


async def add_v1(customer: Customer, group: str, *targets: tuple[str, str], **fields: object) -> Reply:
    items = [{"target": text, "expressionType": kind, **fields} for text, kind in targets]
    return await customer.post(TARGETS, {"targetPromotionGroupId": group, "targets": items})


async def add_v2(customer: Customer, group: str, *targets: dict[str, Any]) -> Reply:
    return await customer.post(TARGETS, {"targetPromotionGroupId": group, "targets": list(targets)}, version=2)


async def unused_source(customer: Customer) -> ProductLine:
    """A source ad group without a promotion group whose manual ad groups exist (the fifth product line)."""
    state = await customer.state()
    sources = {group["source"] for group in state["groups"]}
    campaigns = {one["campaignId"]: one for one in state["campaigns"]}
    products: dict[str, set[str]] = {}
    for ad in state["productAds"]:
        products.setdefault(ad["adGroupId"], set()).add(ad["sku"])
    for ad_group in state["adGroups"]:
        own, campaign = ad_group["adGroupId"], campaigns[ad_group["campaignId"]]
        if own in sources or campaign["targetingType"] != "AUTO" or campaign["state"] != "ENABLED":
            continue
        twins = [
            one
            for one in state["adGroups"]
            if campaigns[one["campaignId"]]["targetingType"] == "MANUAL"
            and products.get(one["adGroupId"]) == products[own]
        ]
        keyword = next((one for one in twins if one["name"].endswith("keywords")), None)
        product = next((one for one in twins if one["name"].endswith("products")), None)
        if keyword and product:
            ads = [one["adId"] for one in state["productAds"] if one["adGroupId"] == own]
            return ProductLine(
                "", own, campaign["campaignId"], keyword["adGroupId"], keyword["campaignId"],
                product["adGroupId"], product["campaignId"], ads,
            )  # fmt: skip
    raise AssertionError("every source has a group")


async def test_version_one_promotes_keywords_and_products(customer: Customer) -> None:
    """All five expression types end in the right ad group, as keywords and clauses with their bids."""
    line = await product_line(customer)
    kinds = {
        "QUERY_BROAD_MATCHES": "BROAD",
        "QUERY_PHRASE_MATCHES": "PHRASE",
        "QUERY_EXACT_MATCHES": "EXACT",
        "ASIN_SAME_AS": "ASIN_SAME_AS",
        "ASIN_EXPANDED_FROM": "ASIN_EXPANDED_FROM",
    }
    wanted = [("B0TEST0001" if kind.startswith("ASIN") else "a find", kind) for kind in kinds]

    reply = await add_v1(customer, line.group, *wanted, bid=0.55)

    assert reply.body["errors"] == []
    assert [(one["target"], one["expressionType"]) for one in reply.body["success"]] == wanted
    state = await customer.state()
    keywords = {one["keywordId"]: one for one in state["keywords"]}
    targets = {one["targetId"]: one for one in state["targets"]}
    for one in reply.body["success"]:
        details = one["targetDetails"]
        in_keywords = one["expressionType"].startswith("QUERY")
        entity = (keywords if in_keywords else targets)[details["targetId"]]
        match = entity["matchType"] if in_keywords else entity["expression"][0]["type"]
        assert details["manualTargetingAdGroupId"] == entity["adGroupId"]
        assert entity["adGroupId"] == (line.keyword if in_keywords else line.product)
        assert (match, entity["bid"], entity["state"]) == (kinds[one["expressionType"]], 0.55, "ENABLED")


async def test_version_one_names_errors_by_target(customer: Customer) -> None:
    """There is no index: the same text may be in both lists."""
    line = await product_line(customer)

    reply = await add_v1(
        customer,
        line.group,
        ("twice", "QUERY_EXACT_MATCHES"),
        ("twice", "QUERY_EXACT_MATCHES"),
        ("odd", "KEYWORD_BROAD"),
        ("no asin", "ASIN_SAME_AS"),
        ("", "QUERY_BROAD_MATCHES"),
    )

    assert [one["target"] for one in reply.body["success"]] == ["twice"]
    reasons = [
        (one["target"], next(iter(one["errors"][0]["errorValue"].values()))["reason"]) for one in reply.body["errors"]
    ]
    assert reasons == [
        ("twice", "DUPLICATE_VALUE"),
        ("odd", "UNSUPPORTED_EXPRESSION_TYPE"),
        ("no asin", "TARGETING_EXPRESSION_INVALID_VALUE"),
        ("", "BLANK"),
    ]


async def test_version_two_answers_by_index(customer: Customer) -> None:
    """Index is text; errors have code and message; a bid left out is the ad group's default."""
    line = await product_line(customer)
    keyword = {"keywordTarget": {"keyword": "second find", "matchType": "PHRASE"}}
    product = {"productTarget": {"target": "B0TEST0002", "matchType": "PRODUCT_SIMILAR", "bid": 0.4}}
    too_high = {"productTarget": {"target": "B0TEST0003", "matchType": "PRODUCT_EXACT", "bid": 4000}}

    reply = await add_v2(customer, line.group, keyword, keyword, product, too_high)

    first, second = reply.body["success"]
    assert [first["index"], second["index"]] == ["0", "2"]
    assert first["targetDetails"]["keywordTargetDetailsV2"]["destinationAdGroupId"] == line.keyword
    assert second["targetDetails"]["productTargetDetailsV2"]["expressionType"] == "PRODUCT_SIMILAR"
    errors = {one["index"]: one["subErrors"][0]["errorCode"] for one in reply.body["error"]}
    assert errors == {"1": "DUPLICATE_VALUE", "3": "BID_OUT_OF_MARKET_PLACE_RANGE"}


async def test_promoted_targets_are_listed_in_both_versions(customer: Customer) -> None:
    """Only what came through groups; filtered by group and by ad group."""
    line, other = await product_line(customer), await product_line(customer, 1)
    await add_v1(customer, line.group, ("listed", "QUERY_EXACT_MATCHES"), ("B0TEST0004", "ASIN_SAME_AS"))
    await add_v1(customer, other.group, ("elsewhere", "QUERY_EXACT_MATCHES"))
    by_group = {"targetPromotionGroupIdFilter": {"include": [line.group]}}

    one = await customer.every(f"{TARGETS}/list", by_group)
    two = await customer.every(f"{TARGETS}/list", by_group, version=2)
    by_ad_group = await customer.every(f"{TARGETS}/list", {"adGroupIdFilter": {"include": [other.keyword]}})
    everything = await customer.every(f"{TARGETS}/list", size=1)

    assert [(row["target"], row["expressionType"]) for row in one] == [
        ("listed", "QUERY_EXACT_MATCHES"),
        ("B0TEST0004", "ASIN_SAME_AS"),
    ]
    assert two[0]["keywordTargetDetailsV2"]["keywordText"] == "listed"
    assert two[1]["productTargetDetailsV2"]["target"] == "B0TEST0004"
    assert [row["target"] for row in by_ad_group] == ["elsewhere"]
    assert len(everything) == 3


async def test_a_group_without_a_destination_of_the_kind_refuses_the_target(customer: Customer) -> None:
    """The sixth product line promotes keywords only."""
    groups = (await customer.state())["groups"]
    number = next(place for place, group in enumerate(groups) if group["product"] is None)
    line = await product_line(customer, number)

    reply = await add_v1(customer, line.group, ("B0TEST0005", "ASIN_SAME_AS"))

    assert "parentEntityError" in reply.body["errors"][0]["errors"][0]["errorValue"]


async def test_an_unknown_group_is_refused(customer: Customer) -> None:
    """As a whole, and so is a group that somebody removed."""
    line = await product_line(customer)
    await customer.control("edit", {"do": "forget", "profile": customer.profile, "kind": "group", "id": line.group})

    for group in ("404", line.group):
        assert (await add_v1(customer, group, ("a", "QUERY_EXACT_MATCHES"))).status == 400


async def test_a_group_of_existing_ad_groups(customer: Customer) -> None:
    """Created once; the same again is refused; another ad list makes another group."""
    line = await unused_source(customer)
    body: dict[str, Any] = {
        "adGroupId": line.source,
        "existingCampaignDetails": {
            "keywordCampaignAdGroupIds": [line.keyword],
            "productCampaignAdGroupIds": [line.product],
        },
    }

    made = await customer.post(GROUPS, body)
    again = await customer.post(GROUPS, body)
    narrower = await customer.post(GROUPS, {**body, "adIds": line.ads[:1]})

    group = made.body["targetPromotionGroup"]
    assert group["autoTargetingCampaignAdGroupId"] == line.source
    assert group["autoTargetingCampaignAdIds"] == []
    assert (again.status, narrower.status) == (400, 200)
    assert narrower.body["targetPromotionGroup"]["autoTargetingCampaignAdIds"] == line.ads[:1]
    found = await customer.every(f"{GROUPS}/list", {"adGroupIdFilter": {"include": [line.source]}})
    assert group in found


async def test_a_group_needs_ad_groups_with_the_same_products(customer: Customer) -> None:
    """An ad group of another product line, an automatic one, or one holding the other kind is refused."""
    line, other = await unused_source(customer), await product_line(customer)

    async def created(**details: list[str]) -> int:
        return (await customer.post(GROUPS, {"adGroupId": line.source, "existingCampaignDetails": details})).status

    assert await created(keywordCampaignAdGroupIds=[other.keyword]) == 400
    assert await created(keywordCampaignAdGroupIds=[line.source]) == 400
    assert await created(keywordCampaignAdGroupIds=[line.product]) == 400
    assert await created() == 400
    assert await created(productCampaignAdGroupIds=["404"]) == 400
    assert await created(productCampaignAdGroupIds=[line.product]) == 200


async def test_sources_must_be_automatic_in_version_one_only(customer: Customer) -> None:
    """Version two does not ask; ads must belong to the source in both."""
    line = await unused_source(customer)
    details = {"keywordCampaignAdGroupIds": [line.keyword]}

    manual = await customer.post(GROUPS, {"adGroupId": line.product, "existingCampaignDetails": details})
    foreign_ads = await customer.post(
        GROUPS, {"adGroupId": line.source, "adIds": ["404"], "existingCampaignDetails": details}
    )
    second = await customer.post(
        GROUPS,
        {
            "adGroupId": line.product,
            "targetPromotionGroupName": "from manual",
            "existingCampaignDetails": [{"adGroupId": line.keyword}],
        },
        version=2,
    )

    assert (manual.status, foreign_ads.status, second.status) == (400, 400, 200)
    assert second.body["targetPromotionGroup"]["destinationAdGroups"] == [{"adGroupId": line.keyword}]


async def test_version_one_makes_new_campaigns(customer: Customer) -> None:
    """A keyword and a product campaign with the source's products, named by the prefix; not twice."""
    line = await unused_source(customer)
    details = {"namePrefix": "Harvest", "defaultBid": 0.75, "budget": BUDGET}
    body = {"adGroupId": line.source, "newCampaignDetails": details}

    made = await customer.post(GROUPS, body)
    again = await customer.post(GROUPS, body)
    both = await customer.post(GROUPS, {**body, "existingCampaignDetails": {"keywordCampaignAdGroupIds": ["1"]}})

    assert (made.status, again.status, both.status) == (200, 400, 400)
    group = made.body["targetPromotionGroup"]
    state = await customer.state()
    names = {one["name"] for one in state["campaigns"]}
    assert "Harvest-ManualKeywordTargeting-Campaign-AutoGenerated" in names
    advertised = {
        ad_group: {one["sku"] for one in state["productAds"] if one["adGroupId"] == ad_group}
        for ad_group in (line.source, group["keywordCampaignAdGroupIds"][0], group["productCampaignAdGroupIds"][0])
    }
    assert len({frozenset(products) for products in advertised.values()}) == 1
    done = await add_v1(
        customer, group["targetPromotionGroupId"], ("x", "QUERY_EXACT_MATCHES"), ("B0TEST0006", "ASIN_SAME_AS")
    )
    assert len(done.body["success"]) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"defaultBid": 0.001},
        {"defaultBid": 30},
        {"budget": {"budget": 0.5, "budgetType": "DAILY"}},
        {"namePrefix": "x" * 128},
    ],
)
async def test_new_campaigns_obey_the_limits(customer: Customer, changes: dict[str, Any]) -> None:
    """And when one is refused, nothing at all is made."""
    line = await unused_source(customer)
    before = await customer.state()
    details = {"namePrefix": "Harvest", "defaultBid": 0.75, "budget": BUDGET, **changes}

    reply = await customer.post(GROUPS, {"adGroupId": line.source, "newCampaignDetails": details})

    assert reply.status == 400
    assert await customer.state() == before


async def test_version_two_makes_new_campaigns(customer: Customer) -> None:
    """One per targeting type; two of a kind are refused."""
    line = await unused_source(customer)

    def campaign(name: str, kind: str) -> dict[str, Any]:
        ad_group = {"adGroupName": f"{name} ads", "defaultBid": 0.5, "targetingTypes": [kind]}
        return {"campaignName": name, "budget": BUDGET, "adGroups": [ad_group]}

    async def created(*campaigns: dict[str, Any]) -> Reply:
        body = {"adGroupId": line.source, "targetPromotionGroupName": "two", "newCampaignDetails": list(campaigns)}
        return await customer.post(GROUPS, body, version=2)

    assert (await created(campaign("A", "KEYWORD"), campaign("B", "KEYWORD"))).status == 400
    assert (await created(campaign("A", "KEYWORD"), campaign("A", "PRODUCT"))).status == 400
    made = await created(campaign("A", "KEYWORD"), campaign("B", "PRODUCT"))
    group = made.body["targetPromotionGroup"]
    assert len(group["destinationAdGroups"]) == 2
    listed = await customer.every(
        f"{GROUPS}/list",
        {"destinationAdGroupIdFilter": {"include": [group["destinationAdGroups"][1]["adGroupId"]]}},
        version=2,
    )
    assert listed == [group]


async def test_the_guides_dialect() -> None:
    """Wrapped items, a previousToken, KEYWORD_BROAD, bids in the target list, and an empty error object."""
    async with shop(Options(dialect="guide")) as customer:
        customer.judging = False
        line = await product_line(customer)
        page = (await customer.post(f"{GROUPS}/list", {"maxResults": 1})).body
        added = await add_v1(customer, line.group, ("guide", "QUERY_BROAD_MATCHES"), bid=0.3)
        listed = (await customer.post(f"{TARGETS}/list")).body["targets"]

    assert "targetPromotionGroupId" in page["targetPromotionGroups"][0]["targetPromotionGroup"]
    assert page["previousToken"] != page["nextToken"]
    assert added.body["errors"] == [{}]
    assert (listed[0]["expressionType"], listed[0]["bid"]) == ("KEYWORD_BROAD", 0.3)
