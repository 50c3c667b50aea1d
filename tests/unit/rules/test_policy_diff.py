"""Two rule sets over the same recorded evidence."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.domain.action import ActionKind, effect_of
from harvester.domain.candidate import Candidate, EffectStanding, NoDestination
from harvester.domain.decision import Decision, Outcome, Reason
from harvester.domain.recorded import Money, RecordedRow
from harvester.domain.target import Match, TargetKind
from harvester.rules.evaluate import compile_rules
from harvester.rules.policy_diff import Comparison, Flip, Tally, Totals, strength
from harvester.rules.recorded_facts import Assumption, RecordedFacts
from harvester.rules.ruleset import RuleSet
from tests.unit.rules.builders import (
    NEGATE,
    PROFILE,
    PROMOTE,
    SOURCE,
    account,
    blocked,
    candidate,
    ground,
    negatives,
    ruleset,
)

RULES = ruleset(PROMOTE, NEGATE)
TOWEL = (TargetKind.KEYWORD, Match.EXACT, "towel")
STRICTER = ruleset({**PROMOTE, "name": "stricter", "when": {"clicks": {"at_least": 30}}})
NEGATES_EARLY = ruleset(
    {"name": "early", "when": {"all": [{"clicks": {"at_least": 20}}, {"conversions": {"at_most": 0}}]},
     "then": {"negate": {}}},
)  # fmt: skip


def recorded(given: Candidate, rules: RuleSet = RULES, **changes: Any) -> RecordedRow:
    """The row as a run would have recorded it, with the decision of these rules."""
    decision = compile_rules(rules, PROFILE).judge(given)
    place = given.ground.source
    row = RecordedRow(
        "r1-0", PROFILE.profile_id, given.row, given.key, decision, place.campaign.name, place.ad_group.name
    )
    return msgspec.structs.replace(row, **changes)


def compared(rows: Sequence[RecordedRow], new: RuleSet, in_force: RuleSet = RULES) -> tuple[Totals, list[Flip]]:
    comparison, totals = Comparison(in_force, new, PROFILE, ()), Totals()
    flips = [flip for row in rows if (flip := comparison.judge(row, totals)) is not None]
    return totals, flips


evidence = st.builds(
    lambda target, clicks, orders, ads: recorded(candidate(target, clicks=clicks, conversions=orders, on=ads)),
    st.sampled_from(["towel", "red towel", "bath towel", "*", ""]),
    st.sampled_from([None, 0.0, 5.0, 10.0, 19.0, 45.0, 60.0]),
    st.sampled_from([None, 0.0, 1.0, 2.0, 9.0]),
    st.sampled_from([ground(), ground(destination=NoDestination("no_destination", "none"))]),
)


@given(st.lists(evidence, max_size=20))
def test_equal_rules_flip_nothing(rows: list[RecordedRow]) -> None:
    """Whatever was recorded: each row is judged, decided as it was, and no different by the same rules."""
    totals, flips = compared(rows, RULES)

    assert (flips, totals.flipped, totals.movements) == ([], 0, {})
    assert totals.rows == len(rows)
    assert totals.before == totals.after
    assert totals.changed_since == 0


@given(st.lists(evidence, max_size=20), st.sampled_from([STRICTER, NEGATES_EARLY, RuleSet()]))
def test_counts_add_up(rows: list[RecordedRow], new: RuleSet) -> None:
    """Rows are judged or not; flips are the sum of their movements; what comes less what goes is the difference."""
    totals, flips = compared(rows, new)

    assert totals.rows + sum(totals.unjudged.values()) == len(rows)
    assert sum(totals.before.values()) == sum(totals.after.values()) == totals.rows
    assert totals.flipped == len(flips) == sum(tally.rows for tally in totals.movements.values())
    assert sum(flip.recorded.row.clicks or 0 for flip in flips) == sum(
        tally.clicks for tally in totals.movements.values()
    )
    for outcome in Outcome:
        more, fewer = totals.moved(outcome)
        assert totals.after[outcome] - totals.before[outcome] == more.rows - fewer.rows
    assert sum(totals.moved(outcome)[0].rows for outcome in Outcome) == totals.flipped - totals.same_outcome


@given(st.lists(evidence, max_size=20), st.sampled_from([STRICTER, NEGATES_EARLY]))
def test_the_other_way_round_is_the_mirror_image(rows: list[RecordedRow], new: RuleSet) -> None:
    """What one change of the rules brings, taking it back takes away."""
    there, _ = compared(rows, new)
    back, _ = compared(rows, RULES, new)

    assert {(m.after, m.now_because, m.before, m.because): tally for m, tally in back.movements.items()} == {
        tuple(m): tally for m, tally in there.movements.items()
    }


def test_a_flip_tells_both_decisions() -> None:
    """By which rule, for which reason, and what nobody looked up when it was recorded."""
    _, (flip,) = compared([recorded(candidate("towel", clicks=20.0, conversions=0.0))], NEGATES_EARLY)

    assert (flip.before.outcome, flip.before.reason) == (Outcome.HOLD, "not_proven")
    assert (flip.after.outcome, flip.after.rule) == (Outcome.NEGATE, "early")
    assert flip.assumed == (Assumption.NOTHING_STANDS,)


def test_a_promotion_that_nobody_wished_before_takes_its_destination_for_granted() -> None:
    """What was held as unproven was never asked where it would go."""
    row = recorded(candidate("towel", clicks=30.0, conversions=0.0))
    totals, (flip,) = compared([row], STRICTER)

    assert flip.after.outcome is Outcome.PROMOTE
    assert flip.assumed == (Assumption.DESTINATION, Assumption.NOTHING_STANDS)
    assert totals.assumed == {Assumption.DESTINATION: 1, Assumption.NOTHING_STANDS: 1}


@pytest.mark.parametrize(
    ("ads", "reason"),
    [
        (ground(destination=NoDestination("no_destination", "")), "no_destination"),
        (ground(destination=NoDestination("ambiguous_destination", "")), "ambiguous_destination"),
        (ground(standing={("towel", Match.EXACT): "400"}), "already_targeted"),
        (ground(destination_negatives={TargetKind.KEYWORD: negatives(TOWEL)}), "already_negative"),
    ],
)  # fmt: skip
def test_what_stood_in_the_way_still_does(ads: Any, reason: str) -> None:
    """The findings name it: it stops the rules of then, and any other that promotes the same."""
    row = recorded(candidate("towel", clicks=40.0, conversions=4.0, on=ads))
    assert row.decision.reason == reason

    totals, (flip,) = compared([row], STRICTER)

    assert (flip.before.reason, flip.after.reason, flip.assumed) == (reason, reason, ())
    assert (totals.same_outcome, totals.changed_since) == (1, 0)
    assert totals.after[Outcome.PROMOTE] == 0


def test_a_negative_at_the_source_still_covers_it() -> None:
    """At both levels: the findings do not tell which."""
    ads = ground(source_negatives=negatives(TOWEL), source_campaign_negatives=negatives(TOWEL))
    row = recorded(candidate("towel", clicks=50.0, conversions=0.0, on=ads))

    totals, (flip,) = compared([row], NEGATES_EARLY)

    assert (flip.after.reason, totals.changed_since) == (Reason.ALREADY_NEGATIVE, 0)


@pytest.mark.parametrize("standing", list(EffectStanding))
def test_an_effect_that_was_not_free_is_not_free(standing: EffectStanding) -> None:
    """A plan waited, or a person had said no."""
    effect = effect_of(ActionKind.PROMOTE_KEYWORD, "400", "towel", Match.EXACT)
    facts = account(effects={effect: blocked(standing)})
    row = recorded(candidate("towel", clicks=40.0, conversions=4.0, on=ground(facts)))
    assert row.decision.reason == standing

    totals, (flip,) = compared([row], STRICTER)

    assert (flip.after.reason, totals.changed_since) == (standing, 0)


def test_without_a_bid_there_still_is_none() -> None:
    """No default bid at the destination is a fact; a rule that names a bid of its own needs none."""
    named = ruleset({**PROMOTE, "then": {"promote": {"bid": {"fixed": {"USD": 1}}}}})
    row = recorded(candidate("towel", clicks=40.0, conversions=4.0))
    row = msgspec.structs.replace(row, decision=Decision(Outcome.HOLD, "no_bid", "promote", "[]"))

    totals, (flip,) = compared([row], named)

    assert (flip.before.reason, flip.after.outcome, totals.changed_since) == (Reason.NO_BID, Outcome.PROMOTE, 0)


def test_rules_that_match_by_name_need_names() -> None:
    """A row whose names no run has kept is counted, not guessed; rules by id judge it."""
    by_name = ruleset({**PROMOTE, "match": {"campaigns": ["Auto *"]}})
    by_id = ruleset({**PROMOTE, "match": {"campaigns": ["100"], "ad_groups": ["*"]}})
    elsewhere = ruleset({**PROMOTE, "match": {"campaigns": ["Auto *"], "profiles": ["77"]}}, NEGATE)
    row = recorded(candidate("towel", clicks=5.0, conversions=1.0), campaign_name=None, ad_group_name=None)

    assert list(compared([row], by_name)[0].unjudged.values()) == [1]
    assert "name" in next(iter(compared([row], by_name)[0].unjudged))
    assert compared([row], by_id)[0].unjudged == {}
    assert compared([row], elsewhere)[0].unjudged == {}
    assert compared([recorded(candidate("towel", clicks=5.0))], by_name)[0].unjudged == {}


def test_catalog_facts_are_not_made_up() -> None:
    """They are not kept with the evidence."""
    asks = ruleset({**PROMOTE, "match": {"target_type": "product"}, "when": {"sales_rank": {"at_most": 9}}})
    row = recorded(candidate("B000000007", target_type="PRODUCT", clicks=40.0, conversions=4.0))

    assert "catalog" in next(iter(compared([row], asks)[0].unjudged))


def test_grounds_are_shared_and_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ad group by ad group: memory stays flat over any number of them."""
    monkeypatch.setattr("harvester.rules.recorded_facts._MOST_GROUNDS", 1)
    facts = RecordedFacts(PROFILE, ["B000000001"])
    one, other = (recorded(candidate("towel"), ad_group_name=name) for name in ("a", "b"))

    grounds = [facts.candidate(row).ground for row in (one, one, other, one)]

    assert grounds[0] is grounds[1]
    assert grounds[0] is not grounds[3]
    assert grounds[2].source.ad_group.name == "b"
    assert grounds[0].source.campaign.campaign_id == SOURCE.campaign.campaign_id
    assert grounds[0].account.own_asins == {"B000000001"}


def test_money_is_summed_by_currency() -> None:
    """Together with the orders of the rows that have any."""
    row = recorded(candidate("towel", clicks=40.0, conversions=4.0))
    flip = Flip(row, "USD", row.decision, row.decision, Money("60d-7d", Decimal("1.10"), 2, Decimal(9)), ())
    tally, twice = Tally(), Tally()
    tally.add(flip)
    tally.add(msgspec.structs.replace(flip, currency="EUR"))
    tally.add(msgspec.structs.replace(flip, money=None))
    twice.merge(tally)
    twice.merge(tally)

    assert (tally.rows, tally.with_money, tally.orders) == (3, 2, 4)
    assert tally.spend == {"USD": Decimal("1.10"), "EUR": Decimal("1.10")}
    assert (twice.rows, twice.spend["USD"], twice.sales["EUR"]) == (6, Decimal("2.20"), Decimal(18))


def test_what_is_done_comes_before_what_is_not() -> None:
    """Then money, orders and clicks."""
    row = recorded(candidate("towel", clicks=40.0, conversions=4.0))
    hold, skip = Decision(Outcome.HOLD, "a", "", "[]"), Decision(Outcome.SKIP, "b", "", "[]")
    done = Flip(row, "USD", row.decision, hold, None, ())
    idle = msgspec.structs.replace(done, before=hold, after=skip)
    same = msgspec.structs.replace(done, before=hold, after=hold, money=Money("60d-7d", Decimal(9), 2, Decimal(9)))

    assert sorted([same, idle, done], key=strength, reverse=True) == [done, idle, same]


def test_a_finding_of_a_later_version_stands_in_nobodys_way() -> None:
    """What it names is not understood, so it is no fact."""
    unknown = '[["","overlap.moon","full","exact",false],["promote","clicks.at_least",40,10,true]]'
    row = recorded(candidate("towel", clicks=40.0, conversions=4.0))
    row = msgspec.structs.replace(row, decision=Decision(Outcome.PROMOTE, "promote", "promote", unknown))

    assert compared([row], RULES)[0].changed_since == 0
