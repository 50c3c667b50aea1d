"""What the answers to changing calls mean, item by item, whatever they look like."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.adapters.ads.bulk_replies import FAMILIES, read_bulk
from harvester.adapters.ads.group_replies import (
    in_version_2,
    read_group,
    read_targets,
    says_group_exists,
    targets_asked,
)
from harvester.adapters.ads.item_errors import Asked, complaints_of, outcome_of
from harvester.adapters.exchange import Unreadable
from harvester.domain.ids import ActionId
from harvester.domain.outcome import ItemOutcome, Made, NotSent, TurnedDown, Unsure
from harvester.rules.requests import GROUP_TARGETS, Request, envelope

KEYWORDS = FAMILIES["/sp/negativeKeywords"]
SILENT = Unsure("the answer does not say what came of it")
CONTRADICTED = Unsure("the answer says two different things of it")
MISNUMBERED = Unsure("the answer numbers the items in another way than the request")


def selector(name: str, reason: str = "R", message: str = "M", **fields: Any) -> dict[str, Any]:
    return {"errorType": name, "errorValue": {name: {"reason": reason, "message": message, **fields}}}


def failed(index: Any, *errors: Any) -> dict[str, Any]:
    return {"index": index, "errors": list(errors)}


def made(index: Any, amazon_id: Any = "7") -> dict[str, Any]:
    return {"index": index, "negativeKeywordId": amazon_id}


def bulk(success: Any = None, error: Any = None, items: int = 2) -> list[ItemOutcome]:
    """Of a call that creates so many negative keywords."""
    lists = {"success": success, "error": error}
    body = {"negativeKeywords": {name: value for name, value in lists.items() if value is not None}}
    return read_bulk(json.dumps(body).encode(), KEYWORDS, [Asked()] * items)


def stopped(success: Any, error: Any, *ids: str) -> list[ItemOutcome]:
    """Of a call that archives these ids."""
    body = {"negativeKeywords": {"success": success, "error": error}}
    return read_bulk(json.dumps(body).encode(), KEYWORDS, [Asked(each, stops=True) for each in ids])


# --- one item's errors -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (selector("duplicateValueError", "DUPLICATE_VALUE"), Made("")),
        (selector("duplicateValueError", "SOMETHING_NEW"), Made("")),
        (selector("duplicateValueError", "NAME_NOT_UNIQUE"), TurnedDown("duplicateValueError/NAME_NOT_UNIQUE", "M")),
        (
            selector("duplicateValueError", "MARKETPLACE_ATTRIBUTES_REPEATED"),
            TurnedDown("duplicateValueError/MARKETPLACE_ATTRIBUTES_REPEATED", "M"),
        ),
        (selector("throttledError", "THROTTLED"), NotSent("Amazon throttled this item: M")),
        (selector("throttledError", "THROTTLED", ""), NotSent("Amazon throttled this item: throttledError/THROTTLED")),
        (selector("internalServerError", "INTERNAL_ERROR"), TurnedDown("internalServerError/INTERNAL_ERROR", "M")),
        (
            selector("biddingError", "BID_OUT_OF_MARKET_PLACE_RANGE", "too low", lowerLimit="0.02", upperLimit="1000"),
            TurnedDown("biddingError/BID_OUT_OF_MARKET_PLACE_RANGE", "too low (lowerLimit 0.02, upperLimit 1000)"),
        ),
        (
            selector("rangeError", "NOT_IN_LIST", "", allowed=["A", "B"]),
            TurnedDown("rangeError/NOT_IN_LIST", "(allowed A, B)"),
        ),
        (selector("brandNewError", "WHO_KNOWS"), TurnedDown("brandNewError/WHO_KNOWS", "M")),
        (selector("otherError", "", ""), TurnedDown("otherError", "otherError")),
        ({"errorType": "otherError"}, TurnedDown("otherError", "otherError")),
        ({"errorType": "duplicateValueError", "errorValue": None}, Made("")),
        ({"errorType": "throttledError", "errorValue": {"throttledError": {}}}, NotSent("Amazon throttled this item: throttledError")),
    ],
)  # fmt: skip
def test_an_items_error_means(error: Any, outcome: ItemOutcome):
    """The selector and its reason decide: there already, try again, or never."""
    assert outcome_of(complaints_of([error]), Asked()) == outcome


def test_the_selector_counts_and_not_the_type():
    """`errorType` is a free text: whatever it claims, the filled selector is what happened."""
    said = {**selector("biddingError", "BID_GT_BUDGET"), "errorType": "duplicateValueError"}

    assert outcome_of(complaints_of([said]), Asked()) == TurnedDown("biddingError/BID_GT_BUDGET", "M")


def test_of_several_selectors_the_named_one_counts():
    """One should be filled; where several are, the type chooses, and nulls are not filled."""
    value = {"throttledError": {"reason": "T", "message": "t"}, "rangeError": {"reason": "TOO_LOW", "message": "r"}}

    assert outcome_of(complaints_of([{"errorType": "rangeError", "errorValue": value}]), Asked()) == TurnedDown(
        "rangeError/TOO_LOW", "r"
    )
    unnamed = complaints_of([{"errorType": "x", "errorValue": value}])
    assert outcome_of(unnamed, Asked()) == TurnedDown("rangeError/TOO_LOW", "r")
    nulls = complaints_of([{"errorType": "rangeError", "errorValue": {**value, "rangeError": None}}])
    assert outcome_of(nulls, Asked()) == NotSent("Amazon throttled this item: t")


@pytest.mark.parametrize("errors", [None, [], [{}], "text", 5, [None], [{"errorValue": {}}], [{"errorValue": []}]])
def test_an_error_that_says_nothing_leaves_doubt(errors: Any):
    """It stands among the errors, but nobody says what is wrong: a listing has to tell."""
    assert outcome_of(complaints_of(errors), Asked()) == Unsure("the answer lists it among the errors, and names none")


@pytest.mark.parametrize(
    ("errors", "outcome"),
    [
        ([selector("throttledError"), selector("otherError", "O", "no")], TurnedDown("otherError/O", "no")),
        ([selector("otherError", "O", "no"), selector("duplicateValueError")], Made("")),
        (
            [selector("rangeError", "TOO_LOW", "low"), selector("otherError", "O", "no")],
            TurnedDown("rangeError/TOO_LOW", "low; no"),
        ),
    ],
)
def test_of_several_errors_the_lasting_one_counts(errors: Any, outcome: ItemOutcome):
    """There already goes before a refusal, a refusal before a throttle."""
    assert outcome_of(complaints_of(errors), Asked()) == outcome


@pytest.mark.parametrize(
    "error",
    [
        selector("entityNotFoundError", "ENTITY_NOT_FOUND", entityId="7", entityType="NEGATIVE_KEYWORD"),
        selector("entityNotFoundError", "ENTITY_NOT_FOUND"),
        selector("entityStateError", "ARCHIVED_ENTITY_CANNOT_BE_MODIFIED", entityType="NEGATIVE_KEYWORD"),
    ],
)
def test_what_is_gone_already_is_stopped(error: Any):
    """Pausing or archiving it wanted that it no longer runs; nothing else is served by its absence."""
    assert outcome_of(complaints_of([error]), Asked("7", stops=True)) == Made("7")
    assert isinstance(outcome_of(complaints_of([error]), Asked("7")), TurnedDown)
    assert isinstance(outcome_of(complaints_of([error]), Asked()), TurnedDown)


@pytest.mark.parametrize(
    "error",
    [
        selector("entityNotFoundError", "ENTITY_NOT_FOUND", entityId="900", entityType="AD_GROUP"),
        selector("entityStateError", "PARENT_ARCHIVED_FORBIDS_UPDATES", entityType="CAMPAIGN"),
        selector("duplicateValueError", "DUPLICATE_VALUE"),
    ],
)
def test_what_is_said_of_others_stops_nothing(error: Any):
    """A missing or archived parent, and a duplicate, say nothing of the thing itself."""
    assert isinstance(outcome_of(complaints_of([error]), Asked("7", stops=True)), TurnedDown)


def test_a_duplicate_of_something_that_is_changed_is_a_refusal():
    """It stands already, but the change does not."""
    said = complaints_of([selector("duplicateValueError", "DUPLICATE_VALUE")])

    assert outcome_of(said, Asked("7")) == TurnedDown("duplicateValueError/DUPLICATE_VALUE", "M")


@pytest.mark.parametrize(
    ("message", "text"),
    [
        (["a", 5, None, True, ["deep"], {"b": 1}], "a, 5, , , "),
        (0.5, "0.5"),
        ({"a": 1}, "otherError/O"),
        (None, "otherError/O"),
    ],
)
def test_messages_that_are_no_text_are_told_as_far_as_they_go(message: Any, text: str):
    """Numbers and lists of words have words; objects have none."""
    outcome = outcome_of(complaints_of([selector("otherError", "O", message)]), Asked())

    assert outcome == TurnedDown("otherError/O", text.strip())


def test_messages_are_one_short_line_that_can_be_stored():
    """No NUL, no line break, no half surrogate, no novel."""
    said = complaints_of([selector("otherError", "O", "a\x00b\n\ud800c " + "x" * 5000)])

    outcome = outcome_of(said, Asked())

    assert isinstance(outcome, TurnedDown)
    assert outcome.message.startswith("a b c xxx")
    assert len(outcome.message) == 500
    outcome.message.encode()


# --- bulk answers ------------------------------------------------------------------------------------------------


def test_each_item_has_its_own_outcome():
    """In the order of the request, whatever the order of the answer."""
    assert bulk([made(2, "72"), made(0, "70")], [failed(1, selector("otherError", "O"))], items=3) == [
        Made("70"),
        TurnedDown("otherError/O", "M"),
        Made("72"),
    ]


@pytest.mark.parametrize("index", ["0", 0])
def test_an_index_may_be_text(index: Any):
    """As version 2 of the promotion groups has it."""
    assert bulk([made(index)], items=1) == [Made("7")]


@pytest.mark.parametrize(
    ("entry", "amazon_id"),
    [
        ({"negativeKeywordId": 18446744073709551615}, "18446744073709551615"),
        ({"keywordId": "5"}, "5"),
        ({"negativeKeyword": {"keywordId": "5", "state": "ENABLED"}}, "5"),
        ({"negativeKeyword": [{"keywordId": "5"}]}, "5"),
        ({"negativeKeywordId": None, "negativeKeyword": {"keywordId": "5"}}, "5"),
        ({}, ""),
        ({"negativeKeywordId": ""}, ""),
        ({"negativeKeywordId": True}, ""),
        ({"negativeKeywordId": {"a": 1}}, ""),
        ({"negativeKeywordId": "no id at all"}, ""),
        ({"negativeKeywordId": "1" * 101}, ""),
    ],
)
def test_the_id_is_found_wherever_it_stands(entry: dict[str, Any], amazon_id: str):
    """In the success itself, or in the entity; without one it was made all the same, and a listing tells the id."""
    assert bulk([{"index": 0, **entry}], items=1) == [Made(amazon_id)]


@pytest.mark.parametrize("path", FAMILIES)
def test_the_id_is_found_in_every_family(path: str):
    """Each calls it by another name."""
    family = FAMILIES[path]
    body = {family.key: {"success": [{"index": 0, family.id_field: "42"}]}}

    assert read_bulk(json.dumps(body).encode(), family, [Asked()]) == [Made("42")]


@pytest.mark.parametrize(
    ("success", "error", "outcomes"),
    [
        ([made(0)], None, [Made("7"), SILENT]),
        (None, [failed(1, selector("otherError", "O"))], [SILENT, TurnedDown("otherError/O", "M")]),
        ([], [], [SILENT, SILENT]),
        ([made(0)], "text", [Made("7"), SILENT]),
        ([made(0), None, 5, "x", {}], [{}], [Made("7"), SILENT]),
        ([made(None), {"negativeKeywordId": "7"}, made("x"), made(True), made(0.5)], [], [SILENT, SILENT]),
    ],
)
def test_what_the_answer_leaves_out_is_in_doubt(success: Any, error: Any, outcomes: list[ItemOutcome]):
    """Either array may be absent, entries may say nothing: an item in neither is unknown."""
    assert bulk(success, error) == outcomes


@pytest.mark.parametrize(
    ("success", "error"),
    [
        ([made(0)], [failed(0, selector("otherError", "O"))]),
        ([made(0, "7"), made(0, "8")], []),
        ([], [failed(0, selector("otherError", "O")), failed(0, selector("rangeError", "R"))]),
        ([made(0)], [failed(0)]),
    ],
)
def test_what_the_answer_contradicts_is_in_doubt(success: Any, error: Any):
    """Success and error, or two ids, of one item: only a listing can tell; the other item is not touched by it."""
    assert bulk([*success, made(1, "9")], error) == [CONTRADICTED, Made("9")]


def test_saying_the_same_twice_is_no_contradiction():
    """A repeated entry adds nothing."""
    assert bulk([made(0), made("0")], [], items=1) == [Made("7")]


@pytest.mark.parametrize("index", [2, -1, 10**30, "2"])
def test_an_index_outside_the_request_casts_doubt_on_all(index: Any):
    """Whoever counts from 1 would give every item its neighbour's outcome."""
    assert bulk([made(1, "71"), made(index, "72")], []) == [MISNUMBERED, MISNUMBERED]


def test_archived_ids_are_told_by_id_before_position():
    """Nobody documents how answers to delete are numbered: counted from 1, each id still has its own outcome."""
    answer = stopped([made(1, "70"), made(2, "71")], [], "70", "71")

    assert answer == [Made("70"), Made("71")]


def test_archived_ids_without_ids_in_the_answer_go_by_position():
    """Which is the position in the filter."""
    assert stopped([{"index": 1}], [failed(0, selector("otherError", "O"))], "70", "71") == [
        TurnedDown("otherError/O", "M"),
        Made("71"),
    ]


def test_a_position_is_not_believed_once_an_id_contradicts_it():
    """The refused one may be any."""
    answer = stopped([made(1, "70")], [failed(2, selector("otherError", "O"))], "70", "71")

    assert answer == [Made("70"), MISNUMBERED]
    shifted = stopped([made(1, "70")], [failed(0, selector("otherError", "O"))], "70", "71")
    assert shifted == [Made("70"), MISNUMBERED]


def test_an_id_that_was_not_asked_for_casts_doubt():
    """Something else was archived, or something else is meant."""
    assert stopped([made(0, "999")], [], "70") == [MISNUMBERED]


def test_a_missing_one_is_told_by_the_id_that_the_error_names():
    """Counted from 1, the missing one is still the one that is missing."""
    missing = selector("entityNotFoundError", "ENTITY_NOT_FOUND", entityId="70", entityType="NEGATIVE_KEYWORD")

    assert stopped([], [failed(1, missing)], "70", "71") == [Made("70"), MISNUMBERED]


def test_an_id_asked_for_twice_goes_by_its_positions():
    """It is told apart where the positions fit, and left in doubt where they do not."""
    assert stopped([made(0, "70"), made(1, "70")], [], "70", "70") == [Made("70"), Made("70")]
    assert stopped([made(5, "70")], [], "70", "70") == [MISNUMBERED, MISNUMBERED]


@pytest.mark.parametrize(
    "body",
    [
        {"negativeTargetingClauses": {"success": [made(0)]}},
        {"success": [made(0)]},
        {"negativeKeywords": {"success": [made(0)], "errors": []}, "requestId": "r"},
        {"negativeKeywords": None, "other": {"error": [], "success": [made(0)]}},
    ],
)
def test_the_results_are_found_under_another_key(body: Any):
    """The guide names a key that the specification does not."""
    assert read_bulk(json.dumps(body).encode(), KEYWORDS, [Asked()]) == [Made("7")]


@pytest.mark.parametrize("mark", [b"\xef\xbb\xbf", b""])
def test_near_json_is_read(mark: bytes):
    """A byte order mark, NaN and half surrogates lose no outcome."""
    body = (
        mark + b'{"negativeKeywords": {"success": [{"index": 0, "negativeKeywordId": "7", "x": NaN, "t": "\\ud800"}]}}'
    )

    assert read_bulk(body, KEYWORDS, [Asked()]) == [Made("7")]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"5",
        b'"text"',
        b"{}",
        b"<html></html>",
        b'{"negativeKeywords": []}',
        b'{"negativeKeywords": {}}',
        b'{"negativeKeywords": {"success": {}}}',
        b'{"negativeKeywords": {"success": [{"index": 0',
        b'{"code": "200", "message": "fine"}',
        b'{"a": {"success": []}, "b": {"success": []}}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ],
)
def test_a_body_that_is_no_such_answer_is_unreadable(body: bytes):
    """Then nobody said what came of anything."""
    with pytest.raises(Unreadable):
        read_bulk(body, KEYWORDS, [Asked()])


def anything(leaves: Any) -> Any:
    names = st.sampled_from(
        ["negativeKeywords", "success", "error", "errors", "index", "errorType", "errorValue", "negativeKeywordId",
         "target", "expressionType", "targetDetails", "subErrors", "errorCode", "targetPromotionGroup"]
    ) | st.text(max_size=3)  # fmt: skip
    return st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4))


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(anything(LEAVES), st.integers(1, 4))
def test_no_answer_can_break_the_reading(said: Any, items: int):
    """One outcome per item, or Unreadable; never another error, never one outcome too few."""
    body = json.dumps(said).encode()
    promoted = targets(*[("towel", "QUERY_EXACT_MATCHES")] * items)
    readings: list[tuple[Callable[[], list[ItemOutcome]], int]] = [
        (lambda: read_bulk(body, KEYWORDS, [Asked()] * items), items),
        (lambda: read_bulk(body, KEYWORDS, [Asked(str(each), stops=True) for each in range(items)]), items),
        (lambda: read_targets(body, promoted), items),
        (lambda: read_targets(body, in_version_2(promoted)), items),
        (lambda: read_group(body), 1),
    ]
    for reading, count in readings:
        try:
            outcomes = reading()
        except Unreadable:
            continue
        assert len(outcomes) == count


# --- targets of promotion groups ---------------------------------------------------------------------------------


def targets(*pairs: tuple[str, str]) -> Request:
    fragments = [json.dumps({"target": text, "expressionType": match, "bid": 0.5}) for text, match in pairs]
    ids = tuple(ActionId(f"a{at}") for at in range(len(pairs)))
    body = envelope(GROUP_TARGETS, "g1", fragments)
    return Request("POST", GROUP_TARGETS.path, GROUP_TARGETS.media_type, body, ids)


def told(text: str, match: str | None, amazon_id: Any = "7") -> dict[str, Any]:
    named = {"target": text} if match is None else {"target": text, "expressionType": match}
    return {**named, "targetDetails": {"targetPromotionGroupId": "g1", "targetId": amazon_id}}


def read(said: Any, *pairs: tuple[str, str]) -> list[ItemOutcome]:
    return read_targets(json.dumps(said).encode(), targets(*pairs))


EXACT, PHRASE, SAME = "QUERY_EXACT_MATCHES", "QUERY_PHRASE_MATCHES", "ASIN_SAME_AS"


def test_targets_are_told_by_text_and_match():
    """The answer has no numbers, and may come in any order."""
    said = {
        "success": [told("B000000001", SAME, "3"), told("towel", PHRASE, "2")],
        "errors": [{"target": "towel", "expressionType": EXACT, "errors": [selector("duplicateValueError")]}],
    }

    assert read(said, ("towel", EXACT), ("towel", PHRASE), ("B000000001", SAME)) == [Made(""), Made("2"), Made("3")]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("  Bath   TOWEL ", EXACT),
        ("bath towel", None),
        ("bath towel", ""),
        ("bath towel", "query_exact_matches"),
        ("bath towel", "KEYWORD_EXACT"),
        ("ｂａｔｈ towel", EXACT),
        ("bath towel", "SOMETHING_NEW"),
    ],
)
def test_an_echo_may_be_spelt_otherwise(text: str, match: str | None):
    """Folded, without its match as in the guide's sample, or in the guide's spelling."""
    assert read({"success": [told(text, match)], "errors": [{}]}, ("Bath Towel", EXACT)) == [Made("7")]


def test_an_echo_of_another_match_is_another_target():
    """What was asked stays in doubt."""
    assert read({"success": [told("towel", PHRASE)]}, ("towel", EXACT)) == [SILENT]


def test_an_echo_that_fits_two_targets_settles_neither():
    """The same keyword twice, and the answer does not say which."""
    in_doubt = Unsure("the answer does not tell it from another item of the call")
    said = {"success": [told("towel", None)], "errors": [{}]}

    assert read(said, ("towel", EXACT), ("towel", PHRASE)) == [in_doubt, in_doubt]
    assert read({"success": [told("towel", EXACT)]}, ("towel", EXACT), ("Towel", EXACT)) == [in_doubt, in_doubt]
    guide = {"success": [told("towel", "KEYWORD_EXACT", "1"), told("towel", "keyword_phrase", "2")]}
    assert read(guide, ("towel", EXACT), ("towel", PHRASE)) == [Made("1"), Made("2")]


@pytest.mark.parametrize(
    "said",
    [
        {"success": [told("towel", EXACT), told("towel", EXACT, "8")]},
        {
            "success": [told("towel", EXACT)],
            "errors": [{"target": "towel", "expressionType": EXACT, "errors": [selector("otherError")]}],
        },
    ],
)
def test_a_target_in_both_lists_is_in_doubt(said: Any):
    """As it is with two ids."""
    assert read(said, ("towel", EXACT)) == [CONTRADICTED]


@pytest.mark.parametrize(
    "said",
    [
        {"success": [], "errors": [{}]},
        {"errors": [{}]},
        {"success": [{"expressionType": EXACT, "targetDetails": {"targetId": "1"}}]},
        {"success": [{"target": 5}, None, "x"]},
        {"success": [told("other", EXACT)]},
    ],
)
def test_a_target_that_is_not_named_is_in_doubt(said: Any):
    """Empty objects, as in the guide, name nobody."""
    assert read(said, ("towel", EXACT)) == [SILENT]


@pytest.mark.parametrize("details", [None, {}, {"targetId": None}, "text", {"targetId": "not an id"}])
def test_a_target_without_an_id_was_made(details: Any):
    """A listing tells its id."""
    said = {"success": [{"target": "towel", "expressionType": EXACT, "targetDetails": details}]}

    assert read(said, ("towel", EXACT)) == [Made("")]


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"success": {}}', b'{"message": "x"}'])
def test_a_body_without_results_is_unreadable(body: bytes):
    """In both versions."""
    request = targets(("towel", EXACT))

    for each in (request, in_version_2(request)):
        with pytest.raises(Unreadable):
            read_targets(body, each)


def read_2(said: Any, *pairs: tuple[str, str]) -> list[ItemOutcome]:
    return read_targets(json.dumps(said).encode(), in_version_2(targets(*pairs)))


def test_version_2_is_told_by_index():
    """So the same text twice is no trouble."""
    said = {
        "success": [
            {"index": "1", "targetDetails": {"keywordTargetDetailsV2": {"keywordId": "5", "keywordText": "towel"}}},
            {"index": "2", "targetDetails": {"productTargetDetailsV2": {"targetId": "6", "target": "B000000001"}}},
        ],
        "error": [{"index": "0", "subErrors": [{"errorCode": "BID_TOO_LOW", "errorMessage": "too low"}]}],
    }

    assert read_2(said, ("towel", EXACT), ("towel", EXACT), ("B000000001", SAME), ("rug", EXACT)) == [
        TurnedDown("BID_TOO_LOW", "too low"),
        Made("5"),
        Made("6"),
        SILENT,
    ]


@pytest.mark.parametrize(
    ("errors", "outcome"),
    [
        ([{"errorCode": "DUPLICATE_VALUE", "errorMessage": "m"}], Made("")),
        ([{"errorCode": "duplicateValueError", "errorMessage": "m"}], Made("")),
        ([{"errorCode": "THROTTLED", "errorMessage": "m"}], NotSent("Amazon throttled this item: m")),
        ([{"errorCode": "THROTTLED"}, {"errorCode": "X", "errorMessage": "no"}], TurnedDown("X", "no")),
        ([{"errorCode": "X"}, {"errorMessage": "and"}], TurnedDown("X", "X; and")),
        ([{"errorMessage": "only words"}], TurnedDown("", "only words")),
        ([{}], Unsure("the answer lists it among the errors, and names none")),
        (None, Unsure("the answer lists it among the errors, and names none")),
    ],
)
def test_an_error_of_version_2_means(errors: Any, outcome: ItemOutcome):
    """Codes are free texts; what they do not say in so many words is a refusal."""
    assert read_2({"error": [{"index": "0", "subErrors": errors}]}, ("towel", EXACT)) == [outcome]


@pytest.mark.parametrize("details", [None, "x", {}, {"keywordTargetDetailsV2": None}])
def test_a_success_of_version_2_without_details_was_made(details: Any):
    """A listing tells its id."""
    assert read_2({"success": [{"index": "0", "targetDetails": details}]}, ("towel", EXACT)) == [Made("")]


def test_targets_of_a_group_that_does_not_exist_yet_cannot_be_sent():
    """The placeholder of a group must be filled in first."""
    body = envelope(GROUP_TARGETS, "{group created by item a1}", ['{"target":"x","expressionType":"Q"}'])

    request = Request("POST", GROUP_TARGETS.path, GROUP_TARGETS.media_type, body, (ActionId("a1"),))

    with pytest.raises(ValueError, match="group created by item a1} does not exist yet"):
        targets_asked(request)


# --- promotion groups --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("group", "outcome"),
    [
        (
            {"targetPromotionGroupId": "g", "keywordCampaignAdGroupIds": ["1"], "productCampaignAdGroupIds": ["2"]},
            Made("g", ("1", "2")),
        ),
        ({"targetPromotionGroupId": 5, "productCampaignAdGroupIds": [2]}, Made("5", ("2",))),
        ({"targetPromotionGroupId": "g", "keywordCampaignAdGroupIds": None}, Made("g")),
        ({"targetPromotionGroupName": "no id"}, Made("")),
    ],
)
def test_a_new_group_tells_its_parts(group: Any, outcome: ItemOutcome):
    """Wrapped or flat; the ids of its ad groups, keywords first."""
    assert read_group(json.dumps({"targetPromotionGroup": group}).encode()) == [outcome]
    assert read_group(json.dumps(group).encode()) == [outcome]


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'{"targetPromotionGroup": 5}', b'{"targetPromotionGroup": {}}'])
def test_an_answer_without_a_group_is_unreadable(body: bytes):
    """Whether there is one now, only a listing tells."""
    with pytest.raises(Unreadable):
        read_group(body)


@pytest.mark.parametrize(
    ("code", "text", "exists"),
    [
        ("DUPLICATE_VALUE", "", True),
        ("INVALID_ARGUMENT", "duplicateValueError: same group", True),
        ("INVALID_ARGUMENT", "The target promotion group already exists", True),
        ("INVALID_ARGUMENT", "A campaign with this prefix already exists", False),
        ("INVALID_ARGUMENT", "Campaign already exists", False),
        ("INVALID_ARGUMENT", "This name already exists", False),
        ("INVALID_ARGUMENT", "NAME_NOT_UNIQUE: duplicateValueError", False),
        ("INVALID_ARGUMENT", "Ad group 5 does not advertise the same products", False),
        ("", "", False),
    ],
)
def test_only_a_clear_duplicate_says_that_the_group_is_there(code: str, text: str, exists: bool):
    """A name in use says nothing of the group."""
    assert says_group_exists(code, text) is exists


def test_a_group_of_version_2_is_read_by_its_destinations():
    """What version 1 calls keyword and product ad groups are the destinations of version 2."""
    group = {"targetPromotionGroupId": "g1", "sourceAdGroupId": "1", "destinationAdGroups": [{"adGroupId": "7"}, {}]}

    assert read_group(json.dumps({"targetPromotionGroup": group}).encode()) == [Made("g1", ("7",))]
