"""Fragments and the calls around them."""

import json
from decimal import Decimal

import msgspec
import pytest

from harvester.domain.action import ActionKind
from harvester.domain.ids import ActionId
from harvester.domain.plan import PlannedAction
from harvester.domain.target import Level, Match
from harvester.rules.fragments import compact, group_target, negative_keyword, negative_product, with_bid
from harvester.rules.requests import MOST_ITEMS, Request, operation_of, requests
from tests.contracts.spec import Spec
from tests.unit.rules.builders import item

NEGATIVE = item(
    ActionKind.NEGATE_KEYWORD, level=Level.AD_GROUP, group_id="",
    fragment=negative_keyword("bath towel", Match.EXACT, "100", "200"),
)  # fmt: skip


def headers_of(request: Request) -> dict[str, str]:
    return {
        "Content-Type": request.media_type, "Accept": request.media_type, "Amazon-Advertising-API-ClientId": "c",
        "Amazon-Advertising-API-Scope": "11", "Authorization": "Bearer x",
    }  # fmt: skip


def numbered(*items: PlannedAction) -> list[tuple[ActionId, PlannedAction]]:
    return [(ActionId(f"a{at}"), each) for at, each in enumerate(items, start=1)]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ({"b": Decimal("0.75"), "a": "x"}, '{"b":0.75,"a":"x"}'),
        ({"bid": Decimal("1E+3")}, '{"bid":1000}'),
        ({"bid": Decimal("7.5E-7")}, '{"bid":0.00000075}'),
        ([Decimal("0.80"), 1, None, True, "é"], '[0.80,1,null,true,"é"]'),
        ({"deep": ({"bid": Decimal("2.00")},)}, '{"deep":[{"bid":2.00}]}'),
    ],
)
def test_amounts_are_plain_json_numbers(value, text):
    """Never text, never with an exponent; keys stay in their order."""
    assert compact(value) == text


@pytest.mark.parametrize(
    "call",
    [
        (item(ActionKind.CREATE_GROUP, group_id="", fragment='{"adGroupId":"200","existingCampaignDetails":{}}'),),
        (item(), item(fragment=group_target("B000000001", Match.EXPANDED, Decimal("1.10")))),
        (NEGATIVE, NEGATIVE),
        (
            item(
                ActionKind.NEGATE_KEYWORD,
                level=Level.CAMPAIGN,
                fragment=negative_keyword("x", Match.PHRASE, "100", None),
            ),
        ),
        (item(ActionKind.NEGATE_PRODUCT, level=Level.AD_GROUP, fragment=negative_product("B000000001", "100", "200")),),
        (item(ActionKind.NEGATE_PRODUCT, level=Level.CAMPAIGN, fragment=negative_product("B000000001", "100", None)),),
    ],
    ids=lambda call: f"{call[0].kind}-{call[0].level}",
)
def test_every_call_is_one_that_the_specification_takes(call):
    """Path, media type and body, with all items of the call in it."""
    [request] = requests(numbered(*call))

    Spec.load("sponsored-products").validate_request(request.method, request.path, headers_of(request), request.body)
    assert all(each.fragment in request.body for each in call)
    assert len(request.action_ids) == len(call)


def test_targets_go_group_by_group_in_plan_order():
    """One group per call; what is sent is the fragments in the order of the plan."""
    first, other, second = item(fragment='{"a":1}'), item(group_id="g2", fragment='{"b":1}'), item(fragment='{"c":1}')
    made = list(requests(numbered(first, other, second)))

    assert [(each.body, each.action_ids) for each in made] == [
        ('{"targetPromotionGroupId":"g1","targets":[{"a":1},{"c":1}]}', ("a1", "a3")),
        ('{"targetPromotionGroupId":"g2","targets":[{"b":1}]}', ("a2",)),
    ]


def test_the_id_of_a_group_that_the_plan_creates_is_a_marked_placeholder():
    """It is known only once the group stands."""
    create = item(ActionKind.CREATE_GROUP, group_id="", fragment='{"adGroupId":"200"}')
    inside = item(group_id="", fragment="{}")
    lonely = item(group_id="", source_ad_group_id="999", fragment="{}")
    made = list(requests(numbered(create, inside, lonely)))

    assert made[0].body == '{"adGroupId":"200"}'
    assert json.loads(made[1].body)["targetPromotionGroupId"] == "{group created by item a1}"
    assert json.loads(made[2].body)["targetPromotionGroupId"] == "{group of ad group 999}"


def test_a_call_holds_a_thousand_items_at_most():
    """The specification's bound of every creating operation."""
    made = list(requests(numbered(*[NEGATIVE] * (MOST_ITEMS + 1))))

    assert [len(each.action_ids) for each in made] == [1000, 1]
    assert made[1].action_ids == ("a1001",)


def test_levels_are_different_operations():
    """A campaign's negatives are not its ad groups'."""
    places = {operation_of(kind, level).path for kind in ActionKind for level in (None, *Level)}

    assert len(places) == 13
    assert {operation_of(kind, None).method for kind in ActionKind if kind.value.startswith("pause_")} == {"PUT"}


@pytest.mark.parametrize("level", [None, *Level])
@pytest.mark.parametrize(
    ("kind", "fragment"),
    [
        (ActionKind.ARCHIVE_NEGATIVE_KEYWORD, '"71"'),
        (ActionKind.ARCHIVE_NEGATIVE_PRODUCT, '"71"'),
        (ActionKind.PAUSE_KEYWORD, '{"keywordId":"71","state":"PAUSED"}'),
        (ActionKind.PAUSE_TARGET, '{"targetId":"71","state":"PAUSED"}'),
        (ActionKind.PAUSE_CAMPAIGN, '{"campaignId":"71","state":"PAUSED"}'),
    ],
)
def test_what_undoes_is_a_call_that_the_specification_takes(kind, fragment, level):
    """Negatives are lifted by id; keywords, targets and campaigns are paused."""
    [request] = requests(numbered(item(kind, level=level, group_id="", fragment=fragment)))

    Spec.load("sponsored-products").validate_request(request.method, request.path, headers_of(request), request.body)


def test_a_reviewers_bid_is_written_into_the_fragment():
    """What was reviewed is what is sent."""
    edited = with_bid(item(), Decimal("0.60"))

    assert edited.fragment == '{"target":"bath towel","expressionType":"QUERY_EXACT_MATCHES","bid":0.60}'
    assert (edited.bid, edited.effect) == ("0.60", item().effect)
    assert edited.bid_formula == "0.60 USD by the reviewer, instead of fixed 0.75 USD → 0.75 USD"


@pytest.mark.parametrize("without", [NEGATIVE, item(bid=None), item(ActionKind.CREATE_GROUP, match=None)])
def test_only_a_promotion_has_a_bid_to_change(without):
    """A new group's default bid is the rules file's."""
    with pytest.raises(ValueError, match="has no bid of its own"):
        with_bid(msgspec.structs.replace(without, bid=None) if without is NEGATIVE else without, Decimal(1))
