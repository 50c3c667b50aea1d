"""Folding decisions into the items of a plan."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.domain.action import ActionKind, ActionState, effect_of
from harvester.domain.candidate import Destination, EffectStanding, Ground, NewGroup, NoDestination
from harvester.domain.decision import Outcome
from harvester.domain.plan import PlannedAction
from harvester.domain.target import Match, TargetKind
from harvester.rules.planner import GroupsInUse, fold, group_effect
from tests.unit.rules.builders import (
    KEYWORDS,
    MANUAL_SOURCE,
    NEGATE,
    PRODUCTS,
    PROMOTE,
    SOURCE,
    VENDOR,
    account,
    blocked,
    decided,
    ground,
    negatives,
    profile_rules,
)

RULES = profile_rules(PROMOTE, NEGATE)
NEW = NewGroup(
    line=3,
    request={"adGroupId": "200"},
    makes_campaigns=True,
    daily_budget="25",
    default_bid="0.75",
    names=("Harvest…",),
)
NEW_GROUND = ground(destination=Destination(None, None, None, NEW))
EXISTING_GROUND = ground(
    destination=Destination(None, KEYWORDS, PRODUCTS, NewGroup(4, {"adGroupId": "200"}, makes_campaigns=False))
)
K, P = TargetKind.KEYWORD, TargetKind.PRODUCT


def grounds(*each: Ground) -> dict[tuple[str, str], Ground]:
    """The grounds of ads 1, 2, 3 ... of the source ad group."""
    return {("200", str(ad)): on for ad, on in enumerate(each or (ground(),), start=1)}


def told(items: list[PlannedAction]) -> list[tuple[str, str, str]]:
    return [(item.kind, item.state, item.reason) for item in items]


def test_a_promotion_says_everything_that_its_reviewer_and_its_call_need():
    """Where it goes, where it came from, with what bid and why, and the fragment to the byte."""
    rules = profile_rules(
        {**PROMOTE, "then": {"promote": {"bid": {"factor": 1.1}}, "negate_at_source": {"match": "exact"}}}
    )
    [item] = fold([decided(7, target=" Bath   Töwel ")], grounds(), rules)

    assert (item.kind, item.state, item.reason, item.rule) == ("promote_keyword", "planned", "", "promote")
    assert (item.target, item.key, item.match, item.level) == ("Bath Töwel", "bath töwel", "exact", None)
    assert (item.campaign_id, item.campaign_name, item.ad_group_id, item.ad_group_name) == (
        "300",
        "Keywords",
        "400",
        "Exact",
    )
    assert (item.source_campaign_id, item.source_campaign_name) == ("100", "Auto towels")
    assert (item.source_ad_group_id, item.source_ad_group_name) == ("200", "Towels")
    assert (item.group_id, item.ad_id, item.asin) == ("g1", "1", "B0ADVERT01")
    assert (item.clicks, item.conversions) == (12, 3)
    assert (item.bid, item.currency) == ("0.83", "USD")
    assert item.bid_formula == "ad group default 0.75 USD × 1.1 = 0.83 → 0.83 USD"
    assert item.fragment == '{"target":"Bath Töwel","expressionType":"QUERY_EXACT_MATCHES","bid":0.83}'
    assert item.effect == effect_of(ActionKind.PROMOTE_KEYWORD, "400", "bath töwel", Match.EXACT)
    assert item.seen == '{"default_bid":"0.75"}'
    assert json.loads(item.follow_up) == {
        "kind": "negate_keyword", "match": "exact", "after_days": 14, "campaign_id": "100", "ad_group_id": "200"
    }  # fmt: skip
    assert item.places == (7,)
    assert item.note == ""


def test_each_match_is_an_item_and_those_that_stand_are_left_out():
    """One effect, one item."""
    rules = profile_rules({**PROMOTE, "then": {"promote": {"match": ["broad", "phrase", "exact"]}}})
    items = fold([decided(0)], grounds(ground(standing={("bath towel", Match.PHRASE): "400"})), rules)

    assert [item.match for item in items] == ["broad", "exact"]
    assert [json.loads(item.fragment)["expressionType"] for item in items] == [
        "QUERY_BROAD_MATCHES", "QUERY_EXACT_MATCHES"
    ]  # fmt: skip


def test_the_negative_that_follows_may_have_a_review_date():
    """What falls due with the promotion says when it is looked at again."""
    then = {"promote": {}, "negate_at_source": {"match": "exact", "review_after": "90d"}}
    [item] = fold([decided(7)], grounds(), profile_rules({**PROMOTE, "then": then}))

    assert json.loads(item.follow_up)["review_after_days"] == 90


def test_a_product_is_targeted_by_its_asin():
    """As itself, and with similar ones where the rule says so."""
    rules = profile_rules(
        {**PROMOTE, "then": {"promote": {"match": ["same", "expanded"]}, "negate_at_source": {"match": "phrase"}}}
    )
    items = fold([decided(0, target="b000000001", target_type="PRODUCT")], grounds(), rules)

    assert [item.fragment for item in items] == [
        '{"target":"B000000001","expressionType":"ASIN_SAME_AS","bid":0.60}',
        '{"target":"B000000001","expressionType":"ASIN_EXPANDED_FROM","bid":0.60}',
    ]
    assert {item.ad_group_id for item in items} == {"401"}
    assert json.loads(items[0].follow_up)["match"] == "same"


def test_one_row_is_enough_to_promote_and_the_strongest_leads():
    """Most conversions, then most clicks, then the first; nothing is added up."""
    rows = [
        decided(0, Outcome.HOLD, clicks=99, conversions=9, ad_id="3"),
        decided(1, clicks=50, conversions=3, ad_id="1"),
        decided(2, clicks=12, conversions=4, ad_id="2"),
        decided(3, clicks=50, conversions=3, ad_id="1"),
    ]
    [item] = fold(rows, grounds(ground(), ground(), ground()), RULES)

    assert (item.ad_id, item.clicks, item.conversions, item.places) == ("2", 12, 4, (2, 1, 3))


def test_ads_with_different_destinations_make_an_item_for_each():
    """And each is led by its own strongest row."""
    other = replace(KEYWORDS, ad_group=type(KEYWORDS.ad_group)("499", "300", "Other", "ENABLED", "0.90"))
    rows = [decided(0, conversions=3), decided(1, conversions=5, ad_id="2")]
    items = fold(rows, grounds(ground(), ground(destination=Destination("g2", other, None))), RULES)

    assert [(item.group_id, item.ad_group_id, item.places, item.bid) for item in items] == [
        ("g2", "499", (1,), "0.90"),
        ("g1", "400", (0,), "0.75"),
    ]


def test_rules_that_ask_for_other_matches_are_folded_match_by_match():
    """A weaker row may ask for more than the strongest."""
    broad = {
        **PROMOTE,
        "name": "broad",
        "match": {"asins": ["B000000007"]},
        "then": {"promote": {"match": ["broad", "exact"]}},
    }
    rows = [decided(0, conversions=9), decided(1, conversions=3, rule="broad")]
    items = fold(rows, grounds(), profile_rules(broad, PROMOTE))

    assert [(item.match, item.rule, item.places) for item in items] == [
        ("exact", "promote", (0, 1)),
        ("broad", "broad", (1,)),
    ]


def test_a_negative_needs_every_row():
    """All say so: one item, led by the most clicks."""
    rows = [decided(0, Outcome.NEGATE, clicks=45, conversions=0), decided(1, Outcome.NEGATE, clicks=60, conversions=0)]
    [item] = fold(rows, grounds(), RULES)

    assert (item.kind, item.state, item.level, item.places, item.clicks) == (
        "negate_keyword",
        "planned",
        "ad_group",
        (1, 0),
        60,
    )
    assert item.fragment == (
        '{"campaignId":"100","adGroupId":"200","keywordText":"bath towel","matchType":"NEGATIVE_EXACT","state":"ENABLED"}'
    )
    assert (item.bid, item.currency, item.group_id, item.follow_up) == (None, "", "", "")


def test_a_negative_that_not_every_row_says_is_held_and_the_rows_are_named():
    """Never both: a promotion in the same ad group is planned, the negative waits for a person."""
    dissent = [decided(at, Outcome.HOLD, clicks=5, conversions=0, ad_id=str(at)) for at in range(2, 9)]
    rows = [decided(0, Outcome.NEGATE, clicks=45, conversions=0), decided(1, ad_id="2"), *dissent]
    promotion, negative = fold(rows, grounds(ground(), ground()), RULES)

    assert told([promotion, negative]) == [
        ("promote_keyword", "planned", ""), ("negate_keyword", "held", "conflicting_evidence")
    ]  # fmt: skip
    assert negative.places == tuple(range(9))
    assert negative.note.startswith(
        "1 of 9 rows about it say negate. Not so: ad 2 (promote: promote, 12 clicks, 3 conv"
    )
    assert negative.note.endswith("; and 3 more.")


@pytest.mark.parametrize(
    ("negate", "target", "target_type", "on", "state", "reason", "fragment"),
    [
        (
            {"level": "campaign", "match": "phrase"}, "bath towel", "KEYWORD", ground(), "planned", "",
            '{"campaignId":"100","keywordText":"bath towel","matchType":"NEGATIVE_PHRASE","state":"ENABLED"}',
        ),
        (
            {}, "B000000001", "ASIN", ground(), "planned", "",
            '{"campaignId":"100","adGroupId":"200","expression":[{"type":"ASIN_SAME_AS","value":"B000000001"}],"state":"ENABLED"}',
        ),
        (
            {"level": "campaign"}, "B000000001", "ASIN", ground(), "planned", "",
            '{"campaignId":"100","expression":[{"type":"ASIN_SAME_AS","value":"B000000001"}],"state":"ENABLED"}',
        ),
        ({"level": "campaign"}, "B000000001", "ASIN", ground(source=MANUAL_SOURCE), "held", "level_not_allowed", None),
        ({"level": "campaign"}, "B000000001", "ASIN", ground(account(VENDOR), source=MANUAL_SOURCE), "planned", "", None),
        ({"level": "campaign"}, "bath towel", "KEYWORD", ground(source=MANUAL_SOURCE), "planned", "", None),
        ({"match": "phrase"}, "a b c d", "KEYWORD", ground(), "planned", "", None),
        ({"match": "phrase"}, "a b c d e", "KEYWORD", ground(), "held", "too_many_words", None),
        ({"match": "exact"}, "a b c d e f g h i j", "KEYWORD", ground(), "planned", "", None),
        ({"match": "exact"}, "a b c d e f g h i j k", "KEYWORD", ground(), "held", "too_many_words", None),
        (
            {}, "bath towel", "KEYWORD",
            ground(source_negatives=negatives((K, Match.EXACT, "bath towel"))), "held", "already_negative", None,
        ),
        ({}, "B000000001", "ASIN", ground(account(own={"B000000001"})), "held", "own_product", None),
    ],
)  # fmt: skip
def test_a_negative_is_put_only_where_amazon_takes_it(negate, target, target_type, on, state, reason, fragment):
    """Word limits, campaign levels, and what has come to stand in between."""
    rules = profile_rules({**NEGATE, "then": {"negate": negate}})
    row = decided(0, Outcome.NEGATE, target=target, target_type=target_type, clicks=50, conversions=0)
    [item] = fold([row], grounds(on), rules)

    assert (item.state, item.reason) == (state, reason)
    assert fragment is None or item.fragment == fragment
    assert bool(item.note) is (state == "held")
    campaign_level = negate.get("level") == "campaign"
    assert (item.ad_group_id == "") is campaign_level


@pytest.mark.parametrize(
    ("on", "target_type", "reason"),
    [
        (ground(account(own={"B000000001"})), "PRODUCT", "own_product"),
        (ground(destination=NoDestination("ambiguous_destination", "two groups")), "PRODUCT", "ambiguous_destination"),
        (ground(destination=Destination("g1", KEYWORDS, None)), "PRODUCT", "no_destination"),
        (ground(destination=Destination(None, None, None, NewGroup(1, {}, makes_campaigns=True))), "PRODUCT", "no_bid"),
        (ground(standing={("B000000001", Match.SAME): "401"}), "PRODUCT", "already_targeted"),
    ],
)
def test_a_promotion_whose_ground_has_moved_is_held(on, target_type, reason):
    """What was free when it was decided may be taken when it is planned; nothing disappears silently."""
    [item] = fold([decided(0, target="B000000001", target_type=target_type)], grounds(on), RULES)

    assert (item.state, item.reason) == ("held", reason)
    assert item.note != ""


def test_an_own_product_may_be_promoted_where_the_file_says_so():
    """The plan asks the same rules as the judge."""
    rules = profile_rules(PROMOTE, protect={"own_products": False})
    row = decided(0, target="B000000001", target_type="PRODUCT")
    [item] = fold([row], grounds(ground(account(own={"B000000001"}))), rules)

    assert item.state == "planned"


def test_a_closed_match_is_not_held_beside_an_open_one():
    """One ad's row being declined does not hold what another row, with more clicks, may do."""
    effect = effect_of(ActionKind.PROMOTE_KEYWORD, "400", "bath towel", Match.EXACT)
    on = ground(account(effects={effect: blocked(EffectStanding.DECLINED, 10)}))
    rows = [decided(0, clicks=12, conversions=9), decided(1, clicks=20, conversions=2, ad_id="2")]

    assert [item.places for item in fold(rows, grounds(on, on), RULES)] == [(1,)]


def test_more_conversions_than_clicks_are_marked():
    """It is legal, and worth a second look."""
    [item] = fold([decided(0, clicks=12, conversions=25)], grounds(), RULES)

    assert item.note == "More conversions (25) than clicks (12)."


def test_a_negative_at_the_source_that_amazon_would_not_take_is_left_out_and_said():
    """A phrase of five words cannot be negated as a phrase."""
    rules = profile_rules({**PROMOTE, "then": {"promote": {}, "negate_at_source": {"match": "phrase"}}})
    [item] = fold([decided(0, target="a b c d e")], grounds(), rules)

    assert item.follow_up == ""
    assert item.note == "No negative at the source will follow: a negative phrase has at most 4 words, this one 5."


def test_a_promotion_into_a_group_that_the_plan_creates_has_no_group_yet():
    """It is known by its source ad group, and the reviewer is told."""
    [item] = fold([decided(0)], grounds(NEW_GROUND), RULES)

    assert (item.group_id, item.ad_group_id, item.campaign_id) == ("", "", "")
    assert item.effect == effect_of(ActionKind.PROMOTE_KEYWORD, "new:200", "bath towel", Match.EXACT)
    assert item.note == "Goes into the promotion group that this plan creates."
    assert item.seen == ""


def test_a_fixed_bid_does_not_care_for_the_ad_groups_default():
    """Only what the bid came from must still be so when it is sent."""
    rules = profile_rules({**PROMOTE, "then": {"promote": {"bid": {"fixed": {"USD": 1}}}}})
    [item] = fold([decided(0)], grounds(), rules)

    assert (item.bid, item.seen) == ("1.00", "")


def test_a_group_that_creates_campaigns_waits_for_a_person_who_names_it():
    """It spends money: guarded at once, with what it may cost and what undo can do."""
    rows = [decided(0, conversions=2), decided(1, target="hand towel", conversions=7)]
    in_use = GroupsInUse()
    for row in rows:
        in_use.add(fold([row], grounds(NEW_GROUND), RULES))
    [item] = in_use.items(grounds(NEW_GROUND))

    assert (item.kind, item.state, item.reason) == ("create_group", ActionState.GUARDED, "creates_campaigns")
    assert item.note == (
        "Creates campaigns that spend money, named Harvest…: up to 25 USD a day each. Undo can pause them. "
        "Undo cannot delete the promotion group: Amazon has no call for it."
    )
    assert (item.bid, item.currency, item.fragment) == ("0.75", "USD", '{"adGroupId":"200"}')
    assert (item.key, item.target, item.effect) == ("200", "Towels", "create_group|new:200||200")
    assert (item.places, item.conversions, item.rule) == ((1,), 7, "promote")


def test_a_group_over_existing_ad_groups_is_planned_and_says_which():
    """It creates nothing that spends."""
    in_use = GroupsInUse()
    in_use.add(fold([decided(0, conversions=7), decided(1, ad_id="1")], grounds(EXISTING_GROUND), RULES))
    in_use.add(fold([decided(2, target="hand towel", conversions=2)], grounds(EXISTING_GROUND), RULES))
    [item] = in_use.items(grounds(EXISTING_GROUND))

    assert (item.state, item.bid, item.places) == ("planned", None, (0,))
    assert item.note == (
        "Promotes into the existing ad groups `Exact` in `Keywords` and `ASINs` in `Products`. "
        "Undo cannot delete the promotion group: Amazon has no call for it."
    )


def test_no_group_is_created_that_nothing_waits_for():
    """Held promotions, negatives and promotions into standing groups need none."""
    in_use = GroupsInUse()
    in_use.add(fold([decided(0)], grounds(), RULES))
    in_use.add(fold([decided(1, Outcome.NEGATE, clicks=50, conversions=0)], grounds(NEW_GROUND), RULES))
    held = ground(account(own={"B000000001"}), destination=NEW_GROUND.destination)
    in_use.add(fold([decided(2, target="B000000001", target_type="ASIN")], grounds(held), RULES))

    assert in_use.items(grounds(NEW_GROUND)) == []


def test_a_group_that_stands_by_now_is_not_created_again():
    """What the ground says last holds."""
    in_use = GroupsInUse()
    in_use.add(fold([decided(0)], grounds(NEW_GROUND), RULES))

    assert in_use.items(grounds(ground())) == []


@pytest.mark.parametrize(
    ("standing", "clicks_then", "held"),
    [
        (EffectStanding.PLANNED, None, True),
        (EffectStanding.DECLINED, 10, True),
        (EffectStanding.DECLINED, 6, False),
        (EffectStanding.COOLING_DOWN, None, True),
    ],
)
def test_promotions_wait_for_a_group_that_waits_itself(standing, clicks_then, held):
    """A group that another plan has in hand, or that a person declined, is not asked for again."""
    facts = account(effects={group_effect(NEW_GROUND): blocked(standing, clicks_then)})
    on = ground(facts, destination=NEW_GROUND.destination)
    [item] = fold([decided(0)], grounds(on), RULES)

    assert (item.state, item.reason) == (("held", standing) if held else ("planned", ""))
    assert ("p9" in item.note) is held


OUTCOMES = st.builds(
    lambda outcome, clicks, conversions, ad, kind: (outcome, clicks, conversions, ad, kind),
    st.sampled_from(Outcome), st.integers(0, 60), st.integers(0, 9), st.sampled_from(["1", "2", "3"]),
    st.sampled_from(["KEYWORD", "ASIN", "THEME"]),
)  # fmt: skip
FOLDED_GROUNDS = grounds(ground(), NEW_GROUND, ground(destination=Destination("g1", PRODUCTS, KEYWORDS)))


@given(st.lists(OUTCOMES, min_size=1, max_size=8))
def test_no_target_is_ever_promoted_and_negated_by_one_plan(parts):
    """And each promoting row, and each wish to negate, is in some item; each effect once."""
    rows = [
        decided(at, outcome, clicks=clicks, conversions=conversions, ad_id=ad, target_type=kind, target="B000000001")
        for at, (outcome, clicks, conversions, ad, kind) in enumerate(parts)
    ]
    items = fold(rows, FOLDED_GROUNDS, RULES)

    for kind, target_type in ((K, "KEYWORD"), (P, "ASIN")):
        planned = [item for item in items if str(kind) in item.kind and item.state is ActionState.PLANNED]
        assert len({item.kind.is_negative for item in planned}) <= 1
        mine = [row for row in rows if row.target_type == target_type]
        wishes = {row.place for row in mine if row.outcome in (Outcome.PROMOTE, Outcome.NEGATE)}
        negate = [item for item in items if item.kind.is_negative and str(kind) in item.kind]
        assert wishes <= {place for item in items for place in item.places}
        if mine and all(row.outcome is Outcome.NEGATE for row in mine):
            assert [item.state for item in negate] == [ActionState.PLANNED]
        elif any(row.outcome is Outcome.NEGATE for row in mine):
            assert [item.reason for item in negate] == ["conflicting_evidence"]
    assert len({item.effect for item in items}) == len(items)
    for item in items:
        leader = rows[item.places[0]]
        assert (item.clicks, item.conversions) == (leader.clicks, leader.conversions)
    assert SOURCE.ad_group.ad_group_id == "200"
