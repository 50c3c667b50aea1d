"""What remains of a rule's wish."""

from dataclasses import replace
from typing import Any

import pytest

from harvester.domain.action import ActionKind, effect_of
from harvester.domain.candidate import Destination, EffectStanding, Ground, Negatives, NewGroup, NoDestination
from harvester.domain.decision import Reason
from harvester.domain.target import Level, Match, TargetKind
from harvester.rules.checks.overlap import destination_of, open_negative, open_promotions
from harvester.rules.ruleset import Negate
from tests.unit.rules.builders import KEYWORDS, account, blocked, ground, negatives

K, P = TargetKind.KEYWORD, TargetKind.PRODUCT
KEY = "bath towel"
NEW = NewGroup(line=3, request={"adGroupId": "200"}, makes_campaigns=True)


def changed(where: str, stands: Negatives) -> Ground:
    fields: dict[str, Any] = {where: stands}
    return replace(ground(), **fields)


def promotion_effect(match: Match, where: str = "400"):
    return effect_of(ActionKind.PROMOTE_KEYWORD, where, KEY, match)


def test_only_matches_that_do_not_stand_are_left():
    """A keyword that stands broad may still be promoted exact."""
    opening = open_promotions(ground(standing={(KEY, Match.BROAD): "400"}), K, KEY, (Match.BROAD, Match.EXACT), 12)

    assert opening.matches == (Match.EXACT,)
    assert opening.reason is None
    assert opening.finding is not None
    assert opening.finding.check == "overlap.targeted"


def test_a_target_that_stands_with_every_match_is_left_alone():
    """The ad group where it stands is told."""
    opening = open_promotions(ground(standing={(KEY, Match.EXACT): "77"}), K, KEY, (Match.EXACT,), 12)

    assert (opening.matches, opening.reason) == ((), Reason.ALREADY_TARGETED)
    assert opening.finding is not None
    assert opening.finding.measured == "77"


@pytest.mark.parametrize(
    ("kind", "key", "stands", "wanted", "left"),
    [
        (K, KEY, (K, Match.EXACT, KEY), (Match.EXACT,), ()),
        (K, KEY, (K, Match.EXACT, KEY), (Match.PHRASE, Match.EXACT), (Match.PHRASE,)),
        (K, KEY, (K, Match.PHRASE, "towel"), (Match.BROAD, Match.EXACT), ()),
        (K, KEY, (K, Match.PHRASE, "beach"), (Match.EXACT,), (Match.EXACT,)),
        (P, "B000000002", (P, Match.SAME, "B000000002"), (Match.SAME,), ()),
    ],
)
def test_a_negative_at_the_destination_forbids_what_it_covers(kind, key, stands, wanted, left):
    """Only a negative at the destination counts for a promotion."""
    opening = open_promotions(ground(destination_negatives={kind: negatives(stands)}), kind, key, wanted, 12)

    assert opening.matches == left
    assert opening.reason == (None if left else Reason.ALREADY_NEGATIVE)


@pytest.mark.parametrize(
    ("standing", "clicks_then", "reason"),
    [
        (EffectStanding.PLANNED, None, Reason.ALREADY_PLANNED),
        (EffectStanding.COOLING_DOWN, None, Reason.COOLING_DOWN),
        (EffectStanding.DECLINED, None, Reason.DECLINED_BEFORE),
        (EffectStanding.DECLINED, 6.5, Reason.DECLINED_BEFORE),
        (EffectStanding.DECLINED, 6, None),
        (EffectStanding.PLANNED, 1, Reason.ALREADY_PLANNED),
    ],
)
def test_an_effect_that_is_not_free_blocks(standing, clicks_then, reason):
    """A declined one blocks only until the clicks have doubled."""
    facts = account(effects={promotion_effect(Match.EXACT): blocked(standing, clicks_then)})
    opening = open_promotions(ground(facts), K, KEY, (Match.EXACT,), 12)

    assert opening.reason == reason


def test_one_blocked_match_leaves_the_others():
    """Each match is an effect of its own; the first that blocks is told."""
    facts = account(effects={promotion_effect(Match.EXACT): blocked(EffectStanding.PLANNED)})
    opening = open_promotions(ground(facts), K, KEY, (Match.EXACT, Match.BROAD), 12)

    assert opening.matches == (Match.BROAD,)
    assert opening.finding is not None
    assert (opening.finding.check, opening.finding.measured) == ("overlap.already_planned", "p9")


def test_a_group_that_does_not_exist_yet_has_effects_of_its_own():
    """They are known by the source ad group."""
    facts = account(effects={promotion_effect(Match.EXACT, "new:200"): blocked(EffectStanding.PLANNED)})
    on = ground(facts, destination=Destination(None, None, None, NEW))

    assert open_promotions(on, K, KEY, (Match.EXACT,), 12).reason is Reason.ALREADY_PLANNED


def test_without_a_destination_nothing_can_be_planned_already():
    """What stands is looked at first; where it would go is somebody else's question."""
    facts = account(effects={promotion_effect(Match.EXACT): blocked(EffectStanding.PLANNED)})
    on = ground(facts, destination=NoDestination("no_destination", "none"))

    assert open_promotions(on, K, KEY, (Match.EXACT,), 12).matches == (Match.EXACT,)
    assert destination_of(on, K) is None


def test_an_existing_destination_for_keywords_only_is_none_for_products():
    """A new group over existing ad groups makes no place of its own."""
    half = Destination(None, KEYWORDS, None, NewGroup(3, {}, makes_campaigns=False))

    assert destination_of(ground(destination=half), K) == "400"
    assert destination_of(ground(destination=half), P) is None
    assert destination_of(ground(destination=Destination("g1", KEYWORDS, None)), P) is None


@pytest.mark.parametrize(
    ("kind", "key", "negate", "where", "stands", "open_"),
    [
        (K, KEY, Negate(), "source_negatives", (K, Match.EXACT, KEY), False),
        (K, KEY, Negate(), "source_negatives", (K, Match.PHRASE, "towel"), False),
        (K, KEY, Negate(match=Match.PHRASE), "source_negatives", (K, Match.EXACT, KEY), True),
        (K, KEY, Negate(level=Level.CAMPAIGN), "source_negatives", (K, Match.EXACT, KEY), True),
        (K, KEY, Negate(level=Level.CAMPAIGN), "source_campaign_negatives", (K, Match.EXACT, KEY), False),
        (P, "B000000002", Negate(), "source_negatives", (P, Match.SAME, "B000000002"), False),
        (P, "B000000002", Negate(), "source_negatives", (P, Match.SAME, "B000000003"), True),
    ],
)
def test_a_negative_that_covers_makes_another_needless(kind, key, negate, where, stands, open_):
    """At campaign level only the campaign's own negatives count."""
    opening = open_negative(changed(where, negatives(stands)), kind, key, negate, 50)

    assert bool(opening.matches) is open_
    assert opening.reason == (None if open_ else Reason.ALREADY_NEGATIVE)


def test_negatives_of_an_ad_group_and_of_a_campaign_are_different_effects():
    """Amazon's ids are unique per type only: ad group 100 and campaign 100 are two places."""
    campaign_effect = effect_of(ActionKind.NEGATE_KEYWORD, "campaign:100", KEY, Match.EXACT)
    facts = account(effects={campaign_effect: blocked(EffectStanding.COOLING_DOWN)})

    assert open_negative(ground(facts), K, KEY, Negate(), 50).reason is None
    assert open_negative(ground(facts), K, KEY, Negate(level=Level.CAMPAIGN), 50).reason is Reason.COOLING_DOWN
