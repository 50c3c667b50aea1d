"""One bad item never loses a page, and a page that is none is never read as an empty one."""

import json
from typing import Any

import msgspec
import pytest

from harvester.adapters.ads import entities, negatives, promotion_groups
from harvester.adapters.ads.profiles import read_profiles
from harvester.adapters.ads.promotion_groups import recommendation_page, recommendation_pages
from harvester.adapters.ads.wire import PageReader, decimal_text
from harvester.adapters.exchange import Answer, Unreadable
from harvester.domain.profile import Region
from harvester.domain.target import Match


def answer(body: Any) -> Answer:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Answer(200, raw, "application/json", None)


def rows(*items: Any) -> Any:
    return recommendation_page(recommendation_pages.read(answer({"targets": items, "totalResults": len(items)})))


GOOD = {"adGroupId": "5", "recommendedTarget": "shoe", "targetType": "KEYWORD"}


@pytest.mark.parametrize("bad", [None, 7, "x", [], True, {}, {"adGroupId": [1]}, {"recommendedTarget": {"a": 1}}])
def test_an_item_that_is_no_recommendation_is_counted(bad: Any):
    """The others of its page are read."""
    page = rows(GOOD, bad, GOOD)

    assert [row.target for row in page.rows] == ["shoe", "shoe"]
    assert page.unreadable == 1


def test_ids_as_numbers_are_made_text():
    """Also those over 63 bits: Amazon's ids use all 64."""
    page = rows({"campaignId": 18446744073709551615, "adGroupId": 5, "adId": None, "recommendedTarget": 1984})

    (row,) = page.rows
    assert (row.campaign_id, row.ad_group_id, row.ad_id, row.target) == ("18446744073709551615", "5", "", "1984")


@pytest.mark.parametrize("kind", ["ASIN", "PRODUCT", "AUTO", "PRODUCT_CATEGORY", "something new", ""])
def test_a_target_type_is_kept_as_it_came(kind: str):
    """Enums are open: what a type means is decided later."""
    assert [row.target_type for row in rows({**GOOD, "targetType": kind}).rows] == [kind]


def test_fields_that_nobody_knows_are_ignored():
    """Amazon may add fields within a version."""
    assert len(rows({**GOOD, "newField": {"deep": [1]}}).rows) == 1


def test_reasons_of_any_shape_leave_the_row_readable():
    """Evidence that cannot be read makes evidence unknown, not the row."""
    (row,) = rows({**GOOD, "recommendationReasons": "HISTORICAL_PERF"}).rows

    assert (row.clicks, row.conversions, row.evidence_note) == (None, None, '{"raw":"HISTORICAL_PERF"}')


def test_what_python_servers_call_json_is_read():
    """NaN, half of an emoji and a byte order mark lose no page."""
    body = (
        b'\xef\xbb\xbf{"targets": [{"adGroupId": "5", "recommendedTarget": "shoe \\ud83d", "recommendationReasons":'
        b'[{"data": {"CLICKS": NaN, "CONVERSIONS": 2.5}}]}], "totalResults": 1}'
    )

    (row,) = recommendation_page(recommendation_pages.read(answer(body))).rows

    assert (row.target, row.clicks, row.conversions) == ("shoe \ufffd", None, 2.5)


DEEP = b'{"recommendationReasons": ' + b"[" * 900 + b"]" * 900 + b"}"


@pytest.mark.parametrize(
    "bad", [b'{"recommendedTarget": "a\\u0000b"}', b'{"recommendedTarget": "\xff"}', b'{"adId": 1e999}', DEEP]
)
def test_an_item_that_cannot_be_stored_or_decoded_is_counted(bad: bytes):
    """A NUL that Postgres refuses, bytes that are no text, a number without end: one item each."""
    body = b'{"targets": [' + bad + b', {"recommendedTarget": "shoe"}], "totalResults": 2}'

    page = recommendation_page(recommendation_pages.read(answer(body)))

    assert ([row.target for row in page.rows], page.unreadable) == (["shoe"], 1)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>busy</html>",
        b'{"targets": [{"adId": "1"}',
        b"[]",
        b"null",
        b'{"message": "Too Many Requests"}',
        b'{"targets": {"a": 1}, "totalResults": 1}',
        b'{"targets": "none", "totalResults": 1}',
        b'{"totalResults": 5}',
        b'{"targets": [], "nextToken": {"a": 1}}',
        b"\xff\xfe\x00",
        b'{"targets": ' + b"[" * 100_000,
        b'{"targets": [], "extra": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
)
def test_what_is_no_page_is_never_an_empty_list(body: bytes):
    """An account that looks empty because an answer was odd would be harvested twice."""
    with pytest.raises(Unreadable):
        recommendation_pages.read(answer(body))


@pytest.mark.parametrize(
    "body", [{}, {"targets": []}, {"targets": None}, {"totalResults": 0}, {"targets": [], "nextToken": ""}]
)
def test_an_empty_page_without_a_token_is_the_end(body: Any):
    """No or an empty token ends a list."""
    page = recommendation_pages.read(answer(body))

    assert (page.items, page.next_token, page.unreadable) == ([], None, 0)


def test_a_token_may_be_a_number_and_the_page_before_is_not_asked_for():
    """The guide shows a `previousToken`; it leads nowhere new."""
    page = recommendation_pages.read(answer({"targets": [], "nextToken": 12, "previousToken": "back"}))

    assert page.next_token == "12"


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (b"0.75", "0.75"), (b'"0.75"', "0.75"), (b"1", "1"), (b"25.00", "25.00"), (b"1E+2", "100"), (b"1e-2", "0.01"),
        (b"", None), (b"null", None), (b"-1", None), (b'"NaN"', None), (b"true", None), (b'"Infinity"', None), (b"[1]", None),
        (b"1e999999999", None), (b"1e-999999999", None),
    ],
)  # fmt: skip
def test_amounts_keep_their_digits(written: bytes, text: str | None):
    """Decimal text as Amazon wrote it; what is no amount is none."""
    assert decimal_text(msgspec.Raw(written)) == text


def clause(kind: str, value: Any = "B000000001", **others: Any) -> dict[str, Any]:
    return {"targetId": "9", "adGroupId": "5", "campaignId": "1", "state": "ENABLED",
            "expression": [{"type": kind, "value": value}], **others}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "match"),
    [("ASIN_SAME_AS", Match.SAME), ("asinSameAs", Match.SAME), ("asin_expanded_from", Match.EXPANDED)],
)
def test_targets_of_one_product_are_read(kind: str, match: Match):
    """In any spelling of the type."""
    page = entities.target_pages.read(answer({"targetingClauses": [clause(kind, bid=0.4)]}))

    found = entities.target(page.items[0])

    assert found is not None
    assert (found.text, found.match, found.bid) == ("B000000001", match, "0.4")


@pytest.mark.parametrize(
    "item",
    [
        clause("ASIN_BRAND_SAME_AS", None),
        clause("QUERY_HIGH_REL_MATCHES", None),
        clause("OTHER"),
        clause("ASIN_SAME_AS", state="ARCHIVED"),
        clause("ASIN_SAME_AS", None),
        clause("ASIN_SAME_AS", expression=[]),
        clause("ASIN_SAME_AS", expression=None),
        clause("", expression=[{"type": "ASIN_SAME_AS", "value": "B1"}, {"type": "ASIN_BRAND_SAME_AS", "value": "2"}]),
    ],
)
def test_other_clauses_are_left_out(item: Any):
    """Nameless brands, automatic and unheard-of clauses, and archived ones, are neither a product nor a category."""
    targets = entities.target_pages.read(answer({"targetingClauses": [item]}))
    negative = negatives.negative_target_pages.read(answer({"negativeTargetingClauses": [item]}))

    assert entities.target(targets.items[0]) is None
    assert negatives.negative_target(negative.items[0]) is None


@pytest.mark.parametrize(
    ("kind", "match"),
    [
        ("NEGATIVE_EXACT", Match.EXACT), ("NEGATIVE_PHRASE", Match.PHRASE), ("NEGATIVE_BROAD", Match.BROAD),
        ("negative_exact", Match.EXACT), ("EXACT", Match.EXACT), ("NEGATIVE_THEME", None), (None, None),
    ],
)  # fmt: skip
def test_negative_keywords_keep_their_match(kind: str | None, match: Match | None):
    """One of an unknown match is left out; a campaign's has no ad group."""
    item = {"keywordId": 9, "campaignId": "1", "keywordText": "Free Shoe", "matchType": kind, "state": "PAUSED"}
    page = negatives.campaign_negative_keyword_pages.read(answer({"campaignNegativeKeywords": [item]}))

    found = negatives.negative_keyword(page.items[0])

    assert (found and found.match) == match
    if found is not None:
        assert (found.amazon_id, found.ad_group_id, found.text) == ("9", None, "Free Shoe")


@pytest.mark.parametrize(
    ("expression", "match"),
    [
        ("QUERY_BROAD_MATCHES", Match.BROAD), ("QUERY_PHRASE_MATCHES", Match.PHRASE), ("QUERY_EXACT_MATCHES", Match.EXACT),
        ("KEYWORD_BROAD", Match.BROAD), ("KEYWORD_PHRASE", Match.PHRASE), ("keyword_exact", Match.EXACT),
        ("ASIN_SAME_AS", Match.SAME), ("ASIN_EXPANDED_FROM", Match.EXPANDED), ("QUERY_CLOSE_MATCHES", None),
    ],
)  # fmt: skip
def test_group_targets_are_read_in_both_spellings(expression: str, match: Match | None):
    """The specification's and the guide's; an unknown one is left out."""
    item = {"targetPromotionGroupId": "g", "targetId": "9", "target": "t", "expressionType": expression,
            "manualTargetingAdGroupId": "5"}  # fmt: skip
    page = promotion_groups.group_target_pages.read(answer({"targets": [item]}))

    found = promotion_groups.group_target(page.items[0])

    assert (found and found.match) == match


def test_groups_are_flat_or_wrapped_and_empty_ad_lists_mean_all():
    """Both shapes in one page."""
    flat = {"targetPromotionGroupId": 1, "autoTargetingCampaignAdGroupId": "5", "keywordCampaignAdGroupIds": ["6"]}
    wrapped = {"targetPromotionGroup": {**flat, "targetPromotionGroupId": "2", "autoTargetingCampaignAdIds": ["7", 8]}}
    page = promotion_groups.group_pages.read(answer({"targetPromotionGroups": [flat, wrapped, {}], "totalResults": 3}))

    one, two, three = (promotion_groups.promotion_group(item) for item in page.items)

    assert one is not None
    assert two is not None
    assert (one.group_id, one.ad_ids, one.keyword_ad_group_id, one.product_ad_group_id) == ("1", frozenset(), "6", None)
    assert (two.group_id, two.source_ad_group_id, two.ad_ids) == ("2", "5", frozenset({"7", "8"}))
    assert three is None


US = {"countryCode": "US", "currencyCode": "USD"}


def test_a_missing_time_zone_is_utc_and_a_missing_id_no_profile():
    """A profile can be worked without the rest."""
    found = read_profiles(answer([{"profileId": 1, **US}, {**US}, {"profileId": None}, "x"]), "acme", Region.EU)

    assert [(p.profile_id, p.timezone, p.kind, p.marketplace_id) for p in found.readable] == [("1", "UTC", "", None)]
    assert [(each.profile_id, each.reason.partition(" of ")[0]) for each in found.unreadable] == [
        (None, "item 2"),
        (None, "item 3"),
        (None, "item 4"),
    ]


@pytest.mark.parametrize(
    ("item", "why"),
    [
        ({"profileId": 7, "countryCode": "US"}, "it has no currencyCode"),
        ({"profileId": 7, "countryCode": "US", "currencyCode": "dollars"}, "its currencyCode is 'DOLLARS'"),
        ({"profileId": 7, "currencyCode": "USD"}, "it has no countryCode"),
        ({"profileId": 7, "countryCode": "??", "currencyCode": "USD"}, "its countryCode is '??'"),
        ({"profileId": 7, "countryCode": ["US"], "currencyCode": "USD"}, "it has not the shape of a profile"),
        ({"profileId": "7", **US, "accountInfo": "a seller"}, "it has not the shape of a profile"),
    ],
)
def test_a_profile_that_cannot_be_worked_on_is_told_by_its_id(item: Any, why: str):
    """Without its currency no cap of the guard would hold; the others are read all the same."""
    found = read_profiles(answer([item, {"profileId": 8, **US}]), "acme", Region.NA)

    assert [each.profile_id for each in found.readable] == ["8"]
    ((unreadable),) = found.unreadable
    assert unreadable.profile_id == "7"
    assert why in unreadable.reason


def test_a_new_marketplace_is_no_obstacle():
    """Amazon opens them without asking, and knows the bids that it takes there."""
    found = read_profiles(answer([{"profileId": 1, "countryCode": "CL", "currencyCode": "CLP"}]), "acme", Region.NA)

    assert [(each.country, each.currency) for each in found.readable] == [("CL", "CLP")]
    assert not found.unreadable


def test_a_profile_that_cannot_be_stored_as_it_is_loses_its_nul_only():
    """Postgres keeps no NUL; one odd name stops neither its own profile nor the others."""
    common = b'"countryCode": "US", "currencyCode": "USD"'
    body = b"[%s, %s]" % (
        b'{"profileId": 1, %s, "accountInfo": {"name": "A\\u0000b"}}' % common,
        b'{"profileId": 2, %s, "timezone": "Asia/\\u0000"}' % common,
    )

    found = read_profiles(answer(body), "acme", Region.EU)

    assert [(each.profile_id, each.name, each.timezone) for each in found.readable] == [
        ("1", "A\ufffdb", "UTC"),
        ("2", "", "Asia/\ufffd"),
    ]
    assert not found.unreadable


def test_country_and_currency_are_capitals():
    """A cap in USD holds for what somebody writes as usd."""
    found = read_profiles(answer([{"profileId": 1, "countryCode": "us", "currencyCode": "usd"}]), "a", Region.NA)

    assert [(each.country, each.currency) for each in found.readable] == [("US", "USD")]


def test_a_profile_that_is_listed_twice_is_one():
    """The first of the two that can be read, in its place."""
    one, two, again = ({"profileId": 1, **US}, {"profileId": 2, **US}, {"profileId": "1", **US, "countryCode": "CA"})

    found = read_profiles(answer([{"profileId": 2}, one, two, again]), "acme", Region.NA)

    assert [(each.profile_id, each.country) for each in found.readable] == [("1", "US"), ("2", "US")]
    assert not found.unreadable


@pytest.mark.parametrize("body", [b"{}", b"", b'{"message": "x"}', b"[" * 100_000])
def test_profiles_that_are_no_list_are_unreadable(body: bytes):
    """An odd answer is not an account without profiles."""
    with pytest.raises(Unreadable):
        read_profiles(answer(body), "acme", Region.NA)


def test_every_list_reads_typed_what_it_would_read_item_by_item():
    """The quick way and the patient way agree."""

    class Item(msgspec.Struct):
        name: str = ""

    reader = PageReader("things", Item)
    good = [{"name": str(number)} for number in range(50)]

    quick = reader.read(answer({"things": good}))
    patient = reader.read(answer({"things": [*good, 1]}))

    assert quick.items == patient.items
    assert (quick.unreadable, patient.unreadable) == (0, 1)


@pytest.mark.parametrize(
    "data",
    [
        {"CLICKS": 10, "CONVERSIONS": 2},
        {"CLICKS": 10.5, "CONVERSIONS": 2},
        {"CLICKS": 10, "CONVERSIONS": 2, "SALES": 3},
        {"CLICKS": -10, "CONVERSIONS": 2},
        {"CLICKS": 2**60, "CONVERSIONS": 2},
        '{"CLICKS": 10, "CONVERSIONS": 2}',
        '{"CLICKS": 10, "CONVERSIONS": 2, "SALES": 3}',
        "words",
        None,
        7,
    ],
)
def test_the_quick_form_of_a_row_and_the_patient_one_agree(data: Any):
    """What the quick reading takes is read as the patient one would; what it leaves, leaves the page to that."""
    row = {"campaignId": "1", "adGroupId": "5", "adId": "7", "adAsin": "B0", "recommendedTarget": "shoe",
           "targetType": "ASIN", "recommendationReasons": [{"reason": "HISTORICAL_PERF", "data": data}]}  # fmt: skip

    assert rows(row).rows == rows(row, {**row, "adId": 8}).rows[:1] == rows(row, "odd").rows


def test_an_ordinary_page_is_read_in_its_quick_form():
    """Both documented forms of evidence are."""
    for data in ({"CLICKS": 1, "CONVERSIONS": 0}, '{"CLICKS": 1, "CONVERSIONS": 0}'):
        body = {"targets": [{**GOOD, "recommendationReasons": [{"reason": "HISTORICAL_PERF", "data": data}]}]}

        assert type(recommendation_pages.read(answer(body)).items[0]) is promotion_groups.PlainItem
