"""A login finds its profiles and reads their accounts."""

from decimal import Decimal

from harvester.domain.ids import ProfileId, RunId
from harvester.domain.profile import AdGroup, Campaign, ProductAd, Region
from harvester.domain.target import Match, TargetKind
from tests.unit.adapters.loopback import PROFILE, Bench, Reply


async def test_profiles_are_found_with_the_documented_headers_and_no_scope(bench: Bench):
    """The call for profiles carries client id and token, and no profile."""
    item = {
        "profileId": 9223372036854775809,
        "countryCode": "UK",
        "currencyCode": "GBP",
        "timezone": "Europe/London",
        "dailyBudget": 999999999.0,
        "accountInfo": {"marketplaceStringId": "A1F83G8C2ARO7P", "id": "X", "type": "vendor", "name": "Acme"},
    }
    bench.amazon.on("/v2/profiles", Reply([item, 7, {"countryCode": "US"}]))

    found = await bench.login().profiles()
    (profile,) = found.readable

    assert (profile.profile_id, profile.country, profile.currency) == ("9223372036854775809", "UK", "GBP")
    assert (profile.timezone, profile.kind, profile.name, profile.is_vendor) == (
        "Europe/London",
        "vendor",
        "Acme",
        True,
    )
    assert (profile.account, profile.region, profile.marketplace_id) == ("acme", Region.NA, "A1F83G8C2ARO7P")
    (seen,) = bench.amazon.asked("/v2/profiles")
    assert seen.headers["Amazon-Advertising-API-ClientId"] == "amzn1.application-oa2-client.one"
    assert seen.headers["Authorization"] == "Bearer Atza|canary-access-1"
    assert "Amazon-Advertising-API-Scope" not in seen.headers
    assert "Content-Type" not in seen.headers


async def test_lists_are_read_to_their_end_and_leave_the_archived_out(bench: Bench):
    """Every page is read, amounts keep their decimals, archived ones are dropped whatever the filter did."""
    first = {
        "campaignId": "1",
        "name": "Auto",
        "targetingType": "AUTO",
        "state": "ENABLED",
        "budget": {"budget": 25.10},
    }
    second = {"campaignId": "2", "name": "Old", "targetingType": "MANUAL", "state": "ARCHIVED"}
    third = {"campaignId": 3, "name": "New", "targetingType": "MANUAL", "state": "PROPOSED", "budget": {"budget": "7"}}
    bench.amazon.on(
        "/sp/campaigns/list",
        Reply({"campaigns": [first, second], "nextToken": "more", "totalResults": 3}),
        Reply({"campaigns": [third], "totalResults": 3}),
    )
    reader = bench.login().reader(PROFILE, RunId("r1"))

    found = [campaign async for page in reader.campaigns() for campaign in page]

    assert found == [
        Campaign("1", "Auto", "AUTO", "ENABLED", "25.1"),
        Campaign("3", "New", "MANUAL", "PROPOSED", "7"),
    ]
    one, two = bench.amazon.asked("/sp/campaigns/list")
    assert one.json == {"stateFilter": {"include": ["ENABLED", "PAUSED"]}}
    assert two.json == {"stateFilter": {"include": ["ENABLED", "PAUSED"]}, "nextToken": "more"}
    assert one.headers["Amazon-Advertising-API-Scope"] == "1001"
    assert [(call.profile_id, call.run_id, call.status) for call in bench.log.calls[1:]] == [("1001", "r1", 200)] * 2


async def test_bids_are_decimal_text_without_float_noise(bench: Bench):
    """0.1 + 0.2 in binary never shows: the digits are Amazon's own."""
    body = (
        b'{"adGroups": [{"adGroupId":"5","campaignId":"1","name":"A","state":"ENABLED","defaultBid":0.30000000000000004},'
        b'{"adGroupId":"6","campaignId":"1","name":"B","state":"PAUSED","defaultBid":0.7},'
        b'{"adGroupId":"7","campaignId":"1","name":"C","state":"PAUSED","defaultBid":"n/a"}]}'
    )
    bench.amazon.on("/sp/adGroups/list", Reply(body))

    found = [group async for page in bench.login().reader(PROFILE, None).ad_groups() for group in page]

    assert [group.default_bid for group in found] == ["0.30000000000000004", "0.7", None]
    assert found[1] == AdGroup("6", "1", "B", "PAUSED", "0.7")
    assert Decimal(found[1].default_bid or "0") == Decimal("0.7")


async def test_product_ads_name_their_product_by_asin_or_sku(bench: Bench):
    """Vendors' ads have ASINs, sellers' SKUs."""
    ads = [
        {"adId": "1", "adGroupId": "5", "campaignId": "1", "state": "ENABLED", "sku": "SKU-1"},
        {"adId": "2", "adGroupId": "5", "campaignId": "1", "state": "ENABLED", "asin": "b000000001"},
    ]
    bench.amazon.on("/sp/productAds/list", Reply({"productAds": ads}))

    found = [ad async for page in bench.login().reader(PROFILE, None).product_ads() for ad in page]

    assert found[0] == ProductAd("1", "5", "1", "ENABLED", None, "SKU-1")
    assert [ad.product for ad in found] == ["sku:SKU-1", "asin:B000000001"]


async def test_parents_are_asked_for_a_hundred_at_a_time(bench: Bench):
    """An entity list takes at most 100 parent ids in one filter; nothing is asked for no parents."""
    keyword = {
        "keywordId": "9", "adGroupId": "5", "campaignId": "1", "keywordText": "Red Shoe",
        "matchType": "EXACT", "state": "PAUSED", "bid": 0.75,
    }  # fmt: skip
    theme = {**keyword, "keywordId": "10", "matchType": "THEME"}
    bench.amazon.on("/sp/keywords/list", Reply({"keywords": [keyword, theme]}), Reply({}))
    reader = bench.login().reader(PROFILE, None)
    parents = [str(number) for number in range(205)]

    found = [each async for page in reader.keywords([*parents, "7"]) for each in page]
    nothing = [each async for page in reader.keywords([]) for each in page]

    asked = [seen.json["adGroupIdFilter"]["include"] for seen in bench.amazon.asked("/sp/keywords/list")]
    assert [len(batch) for batch in asked] == [100, 100, 5]
    assert [each for batch in asked for each in batch] == parents
    assert [(each.amazon_id, each.kind, each.match, each.bid) for each in found] == [
        ("9", TargetKind.KEYWORD, Match.EXACT, "0.75")
    ]
    assert nothing == []


async def test_a_check_says_how_many_profiles_the_login_can_edit(bench: Bench):
    """What `doctor` shows of a login that works."""
    items = [{"profileId": number, "countryCode": "US", "currencyCode": "USD"} for number in (1, 2)]
    bench.amazon.on("/v2/profiles", Reply([*items, {"profileId": 3}]))

    check = await bench.login().check()

    assert check.profile_ids == ["1", "2"]
    assert [each.profile_id for each in check.unreadable] == ["3"]
    assert check.ahead_seconds is not None
    assert abs(check.ahead_seconds) < 60
    assert check.token_ms >= 0
    assert check.profiles_ms >= 0


async def test_a_reader_answers_for_the_profile_it_was_opened_for(bench: Bench):
    """Two readers of one login never mix their scopes."""
    bench.amazon.on("/sp/campaigns/list", Reply({}))
    login = bench.login()
    other = type(PROFILE)(ProfileId("2002"), "acme", Region.NA, "US", "USD", "UTC", "seller", "Other")

    for profile in (PROFILE, other):
        assert [page async for page in login.reader(profile, None).campaigns()] == []

    assert [seen.headers["Amazon-Advertising-API-Scope"] for seen in bench.amazon.asked("/sp/campaigns/list")] == [
        "1001",
        "2002",
    ]


async def test_a_promotion_group_that_comes_on_two_pages_is_one(bench: Bench):
    """Pages are independent reads; taken for two groups, no row of their ad group would have a destination."""
    one, two = ({"targetPromotionGroupId": number, "autoTargetingCampaignAdGroupId": "5"} for number in ("1", "2"))
    bench.amazon.on(
        "/sp/targetPromotionGroups/list",
        Reply({"targetPromotionGroups": [one, two, one], "nextToken": "more"}),
        Reply({"targetPromotionGroups": [two]}),
    )
    reader = bench.login().reader(PROFILE, RunId("r1"))

    found = [group.group_id async for page in reader.promotion_groups(["5"]) for group in page]

    assert found == ["1", "2"]
    assert not reader.unreadable["targetPromotionGroups/list"]


async def test_a_promotion_group_that_names_no_source_is_not_overlooked(bench: Bench):
    """It may be the group of the very ad group that was asked for: a second one would be made beside it."""
    bench.amazon.on(
        "/sp/targetPromotionGroups/list",
        Reply({"targetPromotionGroups": [{"targetPromotionGroupId": "1", "keywordCampaigns": [{"campaignId": "8"}]}]}),
    )
    reader = bench.login().reader(PROFILE, RunId("r1"))

    assert [group async for page in reader.promotion_groups(["5"]) for group in page] == []
    assert reader.unreadable["targetPromotionGroups/list"] == 1
