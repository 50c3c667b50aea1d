"""What takes an action back, and the negative that follows a promotion."""

import json

import msgspec
import pytest

from harvester.domain.action import ActionKind, ActionState, Standing, effect_of
from harvester.domain.candidate import Place
from harvester.domain.ids import Effect
from harvester.domain.profile import AdGroup, Campaign
from harvester.domain.target import Level, Match
from harvester.rules.compensate import source_negative, undo_item, undo_of, undo_of_campaign

PLACE = Place(Campaign("20", "Manual | Towels", "MANUAL", "ENABLED"), AdGroup("30", "20", "Towels", "ENABLED", "0.75"))
PROMOTED = Standing(
    action_id="a7",
    plan_id="p3",
    position=0,
    profile_id="1",
    kind=ActionKind.PROMOTE_KEYWORD,
    effect=Effect("promote_keyword|30|exact|bath towel"),
    state=ActionState.DONE,
    reason="",
    rule="proven",
    target="Bath Towel",
    key="bath towel",
    match=Match.EXACT,
    level=None,
    campaign_id="20",
    ad_group_id="30",
    group_id="40",
    source_campaign_id="10",
    source_ad_group_id="11",
    clicks=20,
    conversions=3,
    bid="0.99",
    currency="USD",
    fragment='{"target":"Bath Towel","expressionType":"QUERY_EXACT_MATCHES","bid":0.99}',
    follow_up='{"kind":"negate_keyword","match":"exact","after_days":14,"campaign_id":"10","ad_group_id":"11"}',
    seen="",
    undoes="",
    follows="",
    reviewed_by="anna",
    reviewed_at=None,
    expires_at=None,
    attempts=1,
    sent_at=None,
    settled_at=None,
    amazon_id="555",
    fence=1,
)
NEGATED = msgspec.structs.replace(
    PROMOTED,
    kind=ActionKind.NEGATE_KEYWORD,
    level=Level.AD_GROUP,
    bid=None,
    follow_up="",
    campaign_id="10",
    ad_group_id="11",
)


@pytest.mark.parametrize(
    ("kind", "undo_kind", "fragment"),
    [
        (ActionKind.PROMOTE_KEYWORD, ActionKind.PAUSE_KEYWORD, '{"keywordId":"555","state":"PAUSED"}'),
        (ActionKind.PROMOTE_PRODUCT, ActionKind.PAUSE_TARGET, '{"targetId":"555","state":"PAUSED"}'),
        (ActionKind.NEGATE_KEYWORD, ActionKind.ARCHIVE_NEGATIVE_KEYWORD, '"555"'),
        (ActionKind.NEGATE_PRODUCT, ActionKind.ARCHIVE_NEGATIVE_PRODUCT, '"555"'),
    ],
)
def test_a_target_is_paused_and_a_negative_archived(kind: ActionKind, undo_kind: ActionKind, fragment: str) -> None:
    """What was promoted stops spending, what was negated may be found again; each by the id that Amazon gave it."""
    undo = undo_of(msgspec.structs.replace(PROMOTED, kind=kind))

    assert undo is not None
    assert (undo.kind, undo.key, undo.fragment) == (undo_kind, "555", fragment)


def test_an_undo_remembers_the_bid_that_we_left() -> None:
    """A person's edit is told from our own bid; what has no bid has none to compare."""
    with_bid, without = undo_of(PROMOTED), undo_of(msgspec.structs.replace(PROMOTED, bid=None))

    assert with_bid is not None
    assert without is not None
    assert json.loads(with_bid.seen) == {"bid": "0.99"}
    assert without.seen == ""


@pytest.mark.parametrize("kind", [ActionKind.CREATE_GROUP, ActionKind.PAUSE_KEYWORD])
def test_groups_and_undos_have_no_compensation_of_their_own(kind: ActionKind) -> None:
    """Amazon deletes no promotion group, and nothing takes an undo back."""
    assert undo_of(msgspec.structs.replace(PROMOTED, kind=kind)) is None


def test_an_undo_item_names_what_it_takes_back() -> None:
    """The reviewer sees the item and plan; the effect is that of the thing at Amazon."""
    undo = undo_of(PROMOTED)
    assert undo is not None

    item = undo_item(undo, PLACE, "")

    assert (item.state, item.reason, item.undoes) == (ActionState.PLANNED, "", "a7")
    assert item.note == "Takes back item a7 of plan p3."
    assert item.effect == effect_of(ActionKind.PAUSE_KEYWORD, "30", "555", None)
    assert (item.campaign_name, item.ad_group_name) == ("Manual | Towels", "Towels")


def test_what_a_person_edited_is_held() -> None:
    """The item is there to be seen, and waits for a person who names it."""
    undo = undo_of(NEGATED)
    assert undo is not None

    item = undo_item(undo, None, "Left alone: a person has edited it.")

    assert (item.state, item.reason) == (ActionState.HELD, "edited_since")
    assert item.note.endswith("Left alone: a person has edited it.")
    assert (item.campaign_name, item.ad_group_name) == ("", "")


def test_the_campaign_of_a_group_is_paused() -> None:
    """Of a group that made campaigns, each campaign is stopped by its own id."""
    undo = undo_of_campaign(PROMOTED, Campaign("77", "Harvest keywords", "MANUAL", "ENABLED"))

    item = undo_item(undo, None, "")

    assert item.kind is ActionKind.PAUSE_CAMPAIGN
    assert json.loads(item.fragment) == {"campaignId": "77", "state": "PAUSED"}
    assert (item.campaign_id, item.key, item.target) == ("77", "77", "Harvest keywords")


def test_the_negative_at_the_source_follows_its_promotion() -> None:
    """It closes the source ad group, not the destination, and says which promotion it follows."""
    item = source_negative(PROMOTED, PLACE)

    assert item is not None
    assert (item.kind, item.level, item.campaign_id, item.ad_group_id) == (
        ActionKind.NEGATE_KEYWORD,
        Level.AD_GROUP,
        "10",
        "11",
    )
    assert json.loads(item.fragment)["matchType"] == "NEGATIVE_EXACT"
    assert item.follows == "a7"
    assert "item a7 of plan p3" in item.note


def test_a_product_is_negated_as_itself() -> None:
    """The follow-up of a product target is a negative product."""
    due = '{"kind":"negate_product","match":"same","after_days":14,"campaign_id":"10","ad_group_id":"11"}'

    item = source_negative(
        msgspec.structs.replace(PROMOTED, target="B000000001", key="B000000001", follow_up=due), None
    )

    assert item is not None
    assert item.kind is ActionKind.NEGATE_PRODUCT
    assert json.loads(item.fragment)["expression"] == [{"type": "ASIN_SAME_AS", "value": "B000000001"}]


def test_without_a_wish_nothing_follows() -> None:
    """A rule without `negate_at_source` leaves the source open."""
    assert source_negative(NEGATED, PLACE) is None
