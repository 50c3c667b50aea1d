"""Writing entities: what is refused item by item, what is kept, what an answer shows."""

from typing import Any

import pytest

from tests.unit.sandbox.customer import Customer, ProductLine, Reply, only_error, product_line, successes

REPRESENTATION = {"Prefer": "return=representation"}
AN_ASIN = "B0123456789"[:10]


def keyword(line: ProductLine, text: str = "a new keyword", match: str = "EXACT", **fields: object) -> dict[str, Any]:
    return {**line.in_keyword, "keywordText": text, "matchType": match, **fields}


def negative(line: ProductLine, text: str, match: str = "NEGATIVE_EXACT") -> dict[str, Any]:
    return {**line.in_source, "keywordText": text, "matchType": match}


def product(line: ProductLine, kind: str = "ASIN_SAME_AS", value: str = AN_ASIN, **fields: object) -> dict[str, Any]:
    clause = {"expression": [{"type": kind, "value": value}], "expressionType": "MANUAL"}
    return {**line.in_product, **clause, **fields}


async def create(customer: Customer, path: str, *items: dict[str, Any]) -> Reply:
    key = {"targets": "targetingClauses", "negativeTargets": "negativeTargetingClauses"}.get(path, path)
    key = "campaignNegativeTargetingClauses" if path == "campaignNegativeTargets" else key
    return await customer.post(f"/sp/{path}", {key: list(items)})


async def test_a_batch_is_answered_item_by_item(customer: Customer) -> None:
    """Good items are done although others are refused, and every index appears once."""
    line = await product_line(customer)

    reply = await create(
        customer, "keywords", keyword(line, "good"), keyword(line, "*"), keyword(line, "better"), keyword(line, "good")
    )

    results = reply.body["keywords"]
    assert [one["index"] for one in results["success"]] == [0, 2]
    assert [one["index"] for one in results["error"]] == [1, 3]
    texts = {one["keywordText"] for one in (await customer.state())["keywords"]}
    assert {"good", "better"} <= texts


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "BLANK"),
        ("   ", "BLANK"),
        (" shoes", "LEADING_OR_TRAILING_WHITESPACE"),
        ("x" * 81, "TOO_LONG"),
        ("a b c d e f g h i j k", "TOO_LONG"),
        ("*", "PATTERN_NOT_MATCHED"),
        (".shoes", "PATTERN_NOT_MATCHED"),
        ('"shoes', "PATTERN_NOT_MATCHED"),
        ("red -shoes", "PATTERN_NOT_MATCHED"),
        ("shoes \U0001f45f", "FORBIDDEN_CHARS"),
    ],
)
async def test_keyword_texts_have_limits(customer: Customer, text: str, reason: str) -> None:
    """80 characters, 10 words, known letters, punctuation inside words only."""
    line = await product_line(customer)

    for path, item in (("keywords", keyword(line, text)), ("negativeKeywords", negative(line, text))):
        assert only_error(await create(customer, path, item)) == ("malformedValueError", reason)


@pytest.mark.parametrize(
    ("text", "match", "accepted"),
    [
        ("one two three four", "NEGATIVE_PHRASE", True),
        ("one two three four five", "NEGATIVE_PHRASE", False),
        ("a b c d e f g h i j", "NEGATIVE_EXACT", True),
        ("a b c d e f g h i j k", "NEGATIVE_EXACT", False),
        ("größe 1/2 déco 日本", "NEGATIVE_EXACT", True),
    ],
)
async def test_negative_keywords_have_fewer_words(customer: Customer, text: str, match: str, accepted: bool) -> None:
    """Four for a phrase, ten for an exact match, at both levels."""
    line = await product_line(customer)
    at_campaign = {"campaignId": line.source_campaign, "state": "ENABLED", "keywordText": text, "matchType": match}

    for path, item in (("negativeKeywords", negative(line, text, match)), ("campaignNegativeKeywords", at_campaign)):
        assert bool(successes(await create(customer, path, item))) is accepted


@pytest.mark.parametrize(("bid", "accepted"), [(0.01, False), (0.02, True), (25, True), (1000.5, False)])
async def test_bids_lie_within_the_marketplace_range(customer: Customer, bid: float, accepted: bool) -> None:
    """Outside of it the error names both limits."""
    line = await product_line(customer)

    for path, item in (("keywords", keyword(line, bid=bid)), ("targets", product(line, bid=bid))):
        reply = await create(customer, path, item)
        if accepted:
            assert successes(reply)
        else:
            (results,) = reply.body.values()
            error = results["error"][0]["errors"][0]["errorValue"]["biddingError"]
            assert error["reason"] == "BID_OUT_OF_MARKET_PLACE_RANGE"
            assert (error["lowerLimit"], error["upperLimit"], error["marketplace"]) == ("0.02", "1000", "US")


async def test_a_bid_above_the_budget_is_refused(customer: Customer) -> None:
    """The manual campaigns of the sandbox have a daily budget of 40."""
    line = await product_line(customer)

    assert only_error(await create(customer, "keywords", keyword(line, bid=41))) == ("biddingError", "BID_GT_BUDGET")


@pytest.mark.parametrize("path", ["keywords", "targets", "negativeKeywords", "negativeTargets"])
async def test_the_same_thing_twice_is_a_duplicate(customer: Customer, path: str) -> None:
    """Case and blanks do not make another keyword; the error holds no id; another match type is another thing."""
    line = await product_line(customer)
    first, same, other = {
        "keywords": (
            keyword(line, "New Keyword"),
            keyword(line, "new  keyword"),
            keyword(line, "new keyword", "BROAD"),
        ),
        "targets": (product(line), product(line, value=AN_ASIN.lower()), product(line, "ASIN_EXPANDED_FROM")),
        "negativeKeywords": (
            negative(line, "no thanks"),
            negative(line, "No Thanks"),
            negative(line, "no thanks", "NEGATIVE_PHRASE"),
        ),
        "negativeTargets": (
            {**line.in_source, "expression": [{"type": "ASIN_SAME_AS", "value": AN_ASIN}]},
            {**line.in_source, "expression": [{"type": "ASIN_SAME_AS", "value": AN_ASIN}]},
            {**line.in_source, "expression": [{"type": "ASIN_BRAND_SAME_AS", "value": "12345"}]},
        ),
    }[path]

    assert successes(await create(customer, path, first))
    assert only_error(await create(customer, path, same)) == ("duplicateValueError", "DUPLICATE_VALUE")
    assert successes(await create(customer, path, other))


async def test_an_archived_entity_does_not_stand_in_the_way(customer: Customer) -> None:
    """After archiving, the same keyword can be created again, as a new entity."""
    line = await product_line(customer)
    (first,) = successes(await create(customer, "keywords", keyword(line)))

    await customer.post("/sp/keywords/delete", {"keywordIdFilter": {"include": [first["keywordId"]]}})
    (second,) = successes(await create(customer, "keywords", keyword(line)))

    assert first["keywordId"] != second["keywordId"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"adGroupId": "1"}, "PARENT_ENTITY_NOT_FOUND"),
        ({"campaignId": "1"}, "PARENT_ENTITY_NOT_FOUND"),
    ],
)
async def test_parents_must_exist_and_fit(customer: Customer, changes: dict[str, str], reason: str) -> None:
    """An unknown parent, or an ad group of another campaign, is refused."""
    line = await product_line(customer)
    crossed = {"campaignId": line.source_campaign}

    for item in ({**keyword(line), **changes}, {**keyword(line), **crossed}):
        assert only_error(await create(customer, "keywords", item)) == ("parentEntityError", reason)


async def test_nothing_is_created_below_an_archived_parent(customer: Customer) -> None:
    """Neither below an archived ad group nor below an archived campaign."""
    line = await product_line(customer)
    await customer.control(
        "edit", {"do": "archive", "profile": customer.profile, "kind": "ad_group", "id": line.keyword}
    )
    await customer.post("/sp/campaigns/delete", {"campaignIdFilter": {"include": [line.source_campaign]}})

    for path, item in (("keywords", keyword(line)), ("negativeKeywords", negative(line, "no"))):
        assert only_error(await create(customer, path, item)) == ("parentEntityError", "PARENT_ENTITY_ARCHIVED")


async def test_an_ad_group_holds_keywords_or_products(customer: Customer) -> None:
    """Whichever came first."""
    line = await product_line(customer)

    misplaced_keyword = await create(customer, "keywords", {**keyword(line), **line.in_product})
    misplaced_product = await create(customer, "targets", {**product(line), **line.in_keyword})

    for reply in (misplaced_keyword, misplaced_product):
        assert only_error(reply) == ("targetingClauseSetupError", "TYPE_CONFLICT_IN_AD_GROUP")


async def test_automatic_campaigns_take_no_targets(customer: Customer) -> None:
    """Neither keywords nor products, and their own four clauses cannot be archived."""
    line = await product_line(customer)
    clause = next(one for one in (await customer.state())["targets"] if one["adGroupId"] == line.source)
    expected = ("targetingClauseSetupError", "TARGETING_TYPE_NOT_ALLOWED_FOR_AUTO_TARGETING_CAMPAIGN")

    assert only_error(await create(customer, "keywords", {**keyword(line), **line.in_source})) == expected
    assert only_error(await create(customer, "targets", {**product(line), **line.in_source})) == expected
    archived = await customer.post("/sp/targets/delete", {"targetIdFilter": {"include": [clause["targetId"]]}})
    assert only_error(archived) == ("entityStateError", "AUTO_TARGETING_CLAUSE_CANNOT_BE_ARCHIVED_MANUALLY")


@pytest.mark.parametrize(
    "expression",
    [
        [],
        [{"type": "ASIN_SAME_AS", "value": "B01"}],
        [{"type": "ASIN_SAME_AS"}],
        [{"type": "ASIN_SAME_AS", "value": AN_ASIN}, {"type": "ASIN_SAME_AS", "value": "B000000002"}],
        [{"type": "ASIN_PRICE_LESS_THAN", "value": "10"}],
        [{"type": "ASIN_CATEGORY_SAME_AS"}],
    ],
)
async def test_bad_expressions_are_refused(customer: Customer, expression: list[dict[str, str]]) -> None:
    """One product per clause, a real ASIN, refinements with a category only."""
    line = await product_line(customer)

    reply = await create(customer, "targets", {**product(line), "expression": expression})

    assert only_error(reply) == ("targetingClauseSetupError", "TARGETING_EXPRESSION_INVALID_VALUE")


async def test_a_category_with_refinements_is_a_good_expression(customer: Customer) -> None:
    """Category, price and rating together."""
    line = await product_line(customer)
    parts = {"ASIN_CATEGORY_SAME_AS": "11056341", "ASIN_PRICE_LESS_THAN": "10", "ASIN_REVIEW_RATING_GREATER_THAN": "3"}
    expression = [{"type": kind, "value": value} for kind, value in parts.items()]

    assert successes(await create(customer, "targets", {**product(line), "expression": expression}))


async def test_sellers_exclude_products_from_automatic_campaigns_only(customer: Customer) -> None:
    """Vendors from manual campaigns too."""

    async def excluded(campaign: str) -> Reply:
        expression = [{"type": "ASIN_SAME_AS", "value": AN_ASIN}]
        item = {"campaignId": campaign, "expression": expression, "state": "ENABLED"}
        return await create(customer, "campaignNegativeTargets", item)

    line = await product_line(customer)
    assert successes(await excluded(line.source_campaign))
    assert only_error(await excluded(line.keyword_campaign)) == ("entityStateError", "PARENT_ENTITY_FORBIDS_CREATION")
    customer.profile = customer.profiles[1]
    vendor_line = await product_line(customer)
    assert successes(await excluded(vendor_line.source_campaign))
    assert successes(await excluded(vendor_line.keyword_campaign))


async def test_the_whole_entity_comes_back_when_preferred(customer: Customer) -> None:
    """With `Prefer: return=representation`; otherwise the id alone."""
    line = await product_line(customer)
    short = await create(customer, "keywords", keyword(line, "short answer"))
    long = await customer.post("/sp/keywords", {"keywords": [keyword(line, "long answer")]}, headers=REPRESENTATION)
    unknown = await customer.post("/sp/keywords", {"keywords": [keyword(line, "c")]}, headers={"Prefer": "wait=1"})

    assert successes(short)[0].keys() == successes(unknown)[0].keys() == {"index", "keywordId"}
    assert "Preference-Applied" not in short.headers
    assert long.headers["Preference-Applied"] == "return=representation"
    entity = successes(long)[0]["keyword"]
    assert (entity["keywordText"], entity["keywordId"]) == ("long answer", successes(long)[0]["keywordId"])


async def test_changes_are_kept(customer: Customer) -> None:
    """State and bid; a bid of null gives way to the ad group's default."""
    line = await product_line(customer)
    (made,) = successes(await create(customer, "keywords", keyword(line, bid=1.25)))
    change = {"keywordId": made["keywordId"], "state": "PAUSED", "bid": 0.5}

    await customer.put("/sp/keywords", {"keywords": [change]})
    changed = next(one for one in (await customer.state())["keywords"] if one["keywordId"] == made["keywordId"])
    assert (changed["state"], changed["bid"]) == ("PAUSED", 0.5)
    await customer.put("/sp/keywords", {"keywords": [{"keywordId": made["keywordId"], "bid": None}]})
    changed = next(one for one in (await customer.state())["keywords"] if one["keywordId"] == made["keywordId"])
    assert "bid" not in changed


async def test_archiving_goes_by_delete_only(customer: Customer) -> None:
    """PUT does not know the state; what is archived cannot be changed or archived again."""
    line = await product_line(customer)
    (made,) = successes(await create(customer, "negativeKeywords", negative(line, "go away")))
    own_id = made["negativeKeywordId"]
    by_put = await customer.put(
        "/sp/negativeKeywords", {"negativeKeywords": [{"keywordId": own_id, "state": "ARCHIVED"}]}
    )
    delete = {"negativeKeywordIdFilter": {"include": [own_id]}}

    assert by_put.status == 400
    assert successes(await customer.post("/sp/negativeKeywords/delete", delete))[0]["negativeKeywordId"] == own_id
    again = await customer.post("/sp/negativeKeywords/delete", delete)
    revived = await customer.put(
        "/sp/negativeKeywords", {"negativeKeywords": [{"keywordId": own_id, "state": "ENABLED"}]}
    )
    for reply in (again, revived):
        assert only_error(reply) == ("entityStateError", "ARCHIVED_ENTITY_CANNOT_BE_MODIFIED")


async def test_an_unknown_id_is_not_found(customer: Customer) -> None:
    """In PUT and in delete, with the position of the id."""
    line = await product_line(customer)
    (made,) = successes(await create(customer, "keywords", keyword(line)))
    include = ["404", made["keywordId"]]

    reply = await customer.post("/sp/keywords/delete", {"keywordIdFilter": {"include": include}})
    changed = await customer.put("/sp/keywords", {"keywords": [{"keywordId": "404", "state": "PAUSED"}]})

    results = reply.body["keywords"]
    assert ([one["index"] for one in results["error"]], [one["index"] for one in results["success"]]) == ([0], [1])
    assert only_error(changed) == ("entityNotFoundError", "ENTITY_NOT_FOUND")


async def test_campaigns_can_be_paused_renamed_and_archived(customer: Customer) -> None:
    """A name in use, a budget below the minimum and another targeting type are refused."""
    line = await product_line(customer)
    other = next(one for one in (await customer.state())["campaigns"] if one["campaignId"] == line.keyword_campaign)

    async def changed(**fields: object) -> Reply:
        return await customer.put("/sp/campaigns", {"campaigns": [{"campaignId": line.source_campaign, **fields}]})

    assert successes(await changed(state="PAUSED", name="Auto | renamed"))
    assert only_error(await changed(name=other["name"])) == ("duplicateValueError", "NAME_NOT_UNIQUE")
    assert only_error(await changed(name="x" * 129)) == ("malformedValueError", "TOO_LONG")
    too_low = {"budget": 0.5, "budgetType": "DAILY"}
    assert only_error(await changed(budget=too_low)) == ("budgetError", "BUDGET_TOO_LOW")
    assert only_error(await changed(targetingType="MANUAL")) == ("otherError", "OTHER_ERROR")
    delete = {"campaignIdFilter": {"include": [line.source_campaign]}}
    assert successes(await customer.post("/sp/campaigns/delete", delete))
    below = await customer.put("/sp/adGroups", {"adGroups": [{"adGroupId": line.source, "state": "PAUSED"}]})
    assert only_error(below) == ("entityStateError", "PARENT_ARCHIVED_FORBIDS_UPDATES")


async def test_ad_groups_can_be_changed(customer: Customer) -> None:
    """State, name and default bid, within the bounds of bids."""
    line = await product_line(customer)

    async def changed(**fields: object) -> Reply:
        return await customer.put("/sp/adGroups", {"adGroups": [{"adGroupId": line.keyword, **fields}]})

    assert successes(await changed(state="PAUSED", name="Paused", defaultBid=0.4))
    assert only_error(await changed(defaultBid=0.001)) == ("biddingError", "BID_OUT_OF_MARKET_PLACE_RANGE")
    ad_group = next(one for one in (await customer.state())["adGroups"] if one["adGroupId"] == line.keyword)
    assert (ad_group["state"], ad_group["name"], ad_group["defaultBid"]) == ("PAUSED", "Paused", 0.4)


async def test_numeric_ids_and_unknown_fields_are_refused_as_a_whole(customer: Customer) -> None:
    """All ids are text, and the guide's wrong key for campaign-level negatives is none."""
    line = await product_line(customer)
    before = await customer.state()

    numeric = await create(
        customer, "negativeKeywords", {**negative(line, "x"), "campaignId": int(line.source_campaign)}
    )
    unknown = await create(customer, "keywords", keyword(line), keyword(line, note="hello"))
    wrong_key = await customer.post("/sp/campaignNegativeTargets", {"negativeTargetingClauses": []})
    too_many = await create(customer, "keywords", *[keyword(line)] * 1001)

    assert [reply.status for reply in (numeric, unknown, wrong_key, too_many)] == [400] * 4
    assert await customer.state() == before


async def test_profiles_do_not_touch_one_another(customer: Customer) -> None:
    """What is done in one profile changes nothing in another, although their ids are the same."""
    line = await product_line(customer)
    before = await customer.state(customer.profiles[1])

    await create(customer, "keywords", keyword(line))
    await customer.post("/sp/campaigns/delete", {"campaignIdFilter": {"include": [line.source_campaign]}})

    assert await customer.state(customer.profiles[1]) == before


async def test_sellers_ads_have_skus_and_vendors_asins(customer: Customer) -> None:
    """Never both; a seller's ASINs are known to the sandbox alone."""
    sellers = await customer.every("/sp/productAds/list")
    customer.profile = customer.profiles[1]
    vendors = await customer.every("/sp/productAds/list")

    assert all("sku" in one and "asin" not in one for one in sellers)
    assert all("asin" in one and "sku" not in one for one in vendors)
