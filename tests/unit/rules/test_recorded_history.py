"""Search terms judged again by what was recorded of their windows."""

from datetime import date
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.domain.decision import Decision, Outcome, Reason
from harvester.domain.history import Sold, Totals, Window
from harvester.domain.profile import Profile
from harvester.domain.recorded import Money, RecordedRow
from harvester.rules.checks.windowed import shrunken_rate, window_name
from harvester.rules.policy_diff import Comparison, Flip, Judged, Unjudged, newly_negated
from harvester.rules.policy_diff import Totals as DiffTotals
from harvester.rules.recorded_history import money_of
from harvester.rules.ruleset import RuleSet
from harvester.rules.term_notes import note_of, tail_of_note
from tests.unit.rules.builders import PROFILE, VENDOR, ruleset
from tests.unit.rules.terms import AROUND, USUAL, around, immature, judged, missing, on_terms, sums, term

LONG = Window(90, 7)
NOT_SOLD = {"orders": {"at_most": 0}}
TWENTY = ruleset(on_terms({"all": [{"clicks": {"at_least": 20}}, NOT_SOLD]}))
FORTY = ruleset(on_terms({"all": [{"clicks": {"at_least": 40}}, NOT_SOLD]}))
THRICE = ruleset(on_terms({"all": [{"clicks": {"at_least": "3x expected"}}, NOT_SOLD]}))
TWICE = ruleset(on_terms({"all": [{"clicks": {"at_least": "2x expected"}}, NOT_SOLD]}))
SEASON = ruleset(on_terms({"clicks": {"at_least": 40, "window": "90d"}}))
FLEXIBLE = ruleset(on_terms({"any": [{"clicks": {"at_least": 40, "window": "90d"}}, {"clicks": {"at_least": 5}}]}))


def recorded(rules: RuleSet, windows: Any, note: str | None = None, **more: Any) -> RecordedRow:
    """As a run under these rules would have recorded it."""
    asked = term(windows, **more)
    assert asked.history is not None
    whole = sorted({USUAL, *asked.history.windows})
    said = note_of(
        {window_name(window): window for window in whole}, asked.history.windows, tail_of_note("", "", "", "")
    )
    kept = note if note is not None else said
    row = msgspec.structs.replace(asked.row, evidence_note=kept)
    place = asked.ground.source
    return RecordedRow(
        "r1-0", PROFILE.profile_id, row, asked.key, judged(rules, asked), place.campaign.name, place.ad_group.name
    )


def compared(row: RecordedRow, new: RuleSet, in_force: RuleSet = TWENTY) -> tuple[DiffTotals, Flip | None]:
    totals = DiffTotals()
    return totals, Comparison(in_force, new, PROFILE, ()).judge(row, totals)


def test_a_flip_comes_with_its_money() -> None:
    """Of the usual window."""
    totals, flip = compared(recorded(TWENTY, sums(30, 0, spend=33.10)), FORTY)

    assert flip is not None
    assert (flip.before.outcome, flip.after.outcome) == (Outcome.NEGATE, Outcome.HOLD)
    assert flip.money == Money("60d-7d", Decimal("33.1"), 0, Decimal(0))
    assert totals.moved(Outcome.NEGATE)[1].spend == {"USD": Decimal("33.1")}
    assert totals.changed_since == 0


@pytest.mark.parametrize(
    ("note", "money"),
    [
        ('{"windows":{"30d-7d":{"cost":"1"},"90d-7d":{"cost":"4.10","orders":2,"sales":"9"}}}', "90d-7d"),
        ('{"windows":{}}', None),
        ("not json", None),
        ('{"windows":{"soon":{}}}', None),
    ],
)  # fmt: skip
def test_without_the_usual_window_the_longest_tells_of_money(note: str, money: str | None) -> None:
    """And nothing does where nothing can be read."""
    found = money_of(recorded(TWENTY, sums(3), note).row, PROFILE)

    assert (found and found.window) == money


def test_vendors_leave_out_more_days() -> None:
    """Their usual window is another one."""
    note = '{"windows":{"60d-14d":{"cost":"1"},"60d-7d":{"cost":"2"}}}'
    row = recorded(TWENTY, sums(3), note).row

    def spent(profile: Profile) -> Decimal | None:
        found = money_of(row, profile)
        return found.spend if found else None

    assert (spent(VENDOR), spent(PROFILE)) == (Decimal(1), Decimal(2))


def test_a_window_that_was_not_recorded_is_not_empty() -> None:
    """The row cannot be judged, and says which window it lacks; with the window it can."""
    totals, _ = compared(recorded(TWENTY, sums(30)), SEASON)
    assert list(totals.unjudged) == ["a rule looks at 90d-7d, which was not recorded with it"]

    totals, flip = compared(recorded(TWENTY, {USUAL: sums(10), LONG: sums(60)}), SEASON)
    assert flip is not None
    assert (totals.unjudged, flip.after.outcome) == ({}, Outcome.NEGATE)


def test_rows_of_one_ad_group_are_asked_for_the_same() -> None:
    """Each for itself, whatever came before it."""
    comparison, totals = Comparison(TWENTY, SEASON, PROFILE, ()), DiffTotals()
    lacks, has = recorded(TWENTY, sums(30)), recorded(TWENTY, {USUAL: sums(10), LONG: sums(60)})

    flips = [comparison.judge(row, totals) for row in (lacks, has, lacks)]

    assert [flip is not None for flip in flips] == [False, True, False]
    assert (totals.rows, sum(totals.unjudged.values())) == (1, 2)


def test_rules_of_other_places_ask_for_nothing() -> None:
    """Nor those of other profiles."""
    elsewhere = [{"match": {"campaigns": ["Other"]}}, {"match": {"profiles": ["77"]}}]

    for match in elsewhere:
        season = ruleset(on_terms({"clicks": {"at_least": 40, "window": "90d"}}, **match))
        assert compared(recorded(TWENTY, sums(30)), season)[0].unjudged == {}


def test_expected_clicks_are_as_they_were() -> None:
    """The rate of the ad group follows from what was asked then, and another multiple of it can be asked now."""
    totals, flip = compared(recorded(THRICE, sums(30)), TWICE, THRICE)

    assert flip is not None
    assert (flip.before.outcome, flip.after.outcome, totals.changed_since) == (Outcome.HOLD, Outcome.NEGATE, 0)


def test_expected_clicks_that_nobody_asked_for_cannot_be_told() -> None:
    """Unless the note has the ad group's rate; one that cannot be read is none."""
    rate = ',"rates":{"60d-7d":0.085}}'
    plain = recorded(TWENTY, sums(30))
    noted, broken = (
        msgspec.structs.replace(
            plain, row=msgspec.structs.replace(plain.row, evidence_note=str(plain.row.evidence_note)[:-1] + tail)
        )
        for tail in (rate, rate.replace("60d-7d", "soon"))
    )

    assert "expected clicks" in next(iter(compared(plain, THRICE)[0].unjudged))
    assert "expected clicks" in next(iter(compared(broken, THRICE)[0].unjudged))
    _, flip = compared(noted, THRICE)
    assert flip is not None
    assert flip.after.outcome is Outcome.HOLD


@pytest.mark.parametrize("gap", [missing(), immature()])
def test_a_window_that_was_not_whole_still_is_not(gap: Any) -> None:
    """Held then, held now; another window may decide."""
    among = around(gaps={LONG: gap})
    row = recorded(SEASON, {USUAL: sums(10)}, among=among)
    assert row.decision.reason in (Reason.MISSING_DAYS, Reason.IMMATURE_WINDOW)

    totals, flip = compared(row, FLEXIBLE, SEASON)

    assert flip is not None
    assert (flip.before.reason, flip.after.outcome) == (row.decision.reason, Outcome.NEGATE)
    assert totals.changed_since == 0


def test_a_report_that_was_never_read_is_still_not_there() -> None:
    """Such a row has no windows, and no rule that looks at one decides."""
    row = recorded(TWENTY, sums(10), '{"windows":{}}')
    unread = judged(TWENTY, term(unread=True))
    row = msgspec.structs.replace(row, decision=unread)

    totals, flip = compared(row, FORTY)

    assert (flip, totals.after[Outcome.HOLD], totals.unjudged) == (None, 1, {})


def test_a_window_that_was_never_read_is_a_gap_of_the_others() -> None:
    """Where some windows are there and the finding tells of one that is not."""
    finding = '[["","window.unread@90d-7d",null,null,false]]'
    row = recorded(TWENTY, sums(10))
    row = msgspec.structs.replace(row, decision=Decision(Outcome.HOLD, Reason.MISSING_DAYS, "r", finding))

    totals, _ = compared(row, SEASON, SEASON)

    assert (totals.after[Outcome.HOLD], totals.unjudged) == (1, {})


def test_gaps_that_the_note_tells_of_are_known() -> None:
    """Also where the decision of then did not depend on them."""
    tail = ',"gaps":{"90d-7d":{"missing":2,"immature":0,"first_day":"2026-02-01"}}}'
    row = recorded(TWENTY, sums(10))
    row = msgspec.structs.replace(
        row, row=msgspec.structs.replace(row.row, evidence_note=str(row.row.evidence_note)[:-1] + tail)
    )

    totals, _ = compared(row, SEASON)

    assert (totals.after[Outcome.HOLD], totals.unjudged) == (1, {})


@pytest.mark.parametrize("reason", ["ever_converted", "variant_of_positive"])
def test_what_spoke_against_a_negative_still_does(reason: str) -> None:
    """That depends on the account, not on the rules; a promotion is another matter."""
    row = recorded(TWENTY, sums(50))
    row = msgspec.structs.replace(row, decision=Decision(Outcome.HOLD, reason, "r", "[]"))

    totals, flip = compared(row, FORTY)

    assert (flip, totals.after[Outcome.HOLD], totals.changed_since) == (None, 1, 0)


@pytest.mark.parametrize("reason", ["ever_converted", "variant_of_positive"])
def test_of_two_things_that_speak_against_a_negative_the_recorded_one_stays(reason: str) -> None:
    """A term with orders is held for them, where nothing else was found out: that is no change of the rules."""
    dear = ruleset(on_terms({"acos": {"at_least": "60%"}}))
    row = recorded(dear, sums(50, 2, spend=90, sales=100))
    row = msgspec.structs.replace(row, decision=Decision(Outcome.HOLD, reason, "", "[]"))

    totals, flip = compared(row, ruleset(on_terms({"clicks": {"at_least": 20}})), in_force=dear)

    assert (flip, totals.changed_since) == (None, 0)


@given(
    st.integers(0, 400), st.integers(1, 400), st.integers(1, 40), st.sampled_from(["1x", "2.3x", "3x", "7x"]),
    st.integers(-1, 1)
)  # fmt: skip
def test_a_rate_that_was_recorded_is_the_same_rate(ours: int, all_: int, orders: int, factor: str, off: int) -> None:
    """To the last digit: what just met a multiple of the expected clicks still does."""
    rules = ruleset(on_terms({"all": [{"clicks": {"at_least": f"{factor} expected"}}, NOT_SOLD]}))
    profile = sums(ours + all_, orders)
    among = around({USUAL: sums(ours, orders // 3)}, {USUAL: profile})
    rate = shrunken_rate(among, USUAL)
    assert rate
    clicks = max(round(float(factor[:-1]) / rate) + off, 1)
    row = recorded(rules, sums(clicks), among=among)
    tail = tail_of_note("", "", "", "", around=among)
    noted = note_of({"60d-7d": USUAL}, {USUAL: sums(clicks)}, tail)
    row = msgspec.structs.replace(row, row=msgspec.structs.replace(row.row, evidence_note=noted))

    totals, flip = compared(row, rules, in_force=rules)

    assert (flip, totals.changed_since, totals.unjudged) == (None, 0, {})


def test_missing_economics_are_the_rules_own_fault() -> None:
    """They decide to hold; that is no fact that was not kept."""
    elsewhere = {"campaigns": [{"names": ["Other"], "price": {"USD": 20}, "target_acos": "30%"}]}
    priced = ruleset(on_terms({"spend": {"at_least": "1x target_cost"}}), economics=elsewhere)

    totals, flip = compared(recorded(TWENTY, sums(50, 0, spend=40)), priced)

    assert flip is not None
    assert (flip.after.reason, totals.unjudged) == (Reason.MISSING_FACTS, {})


def test_orders_of_any_window_are_known() -> None:
    """Also where the usual window has none."""
    row = recorded(TWENTY, {USUAL: sums(30), LONG: sums(60, 2)})

    assert compared(row, TWENTY)[0].rows == 1
    assert AROUND.ad_group[USUAL] == Totals(clicks=1150, orders=98)


def test_orders_of_old_hold_what_only_the_new_rules_would_negate() -> None:
    """As a plan does; where both negate, where neither does and where the row cannot be judged nobody asks."""
    comparison = Comparison(FORTY, TWENTY, PROFILE, ())
    fresh, both, neither = (recorded(FORTY, sums(clicks)) for clicks in (30, 60, 3))
    asked = [newly_negated(row, comparison.judged(row)) for row in (fresh, both, neither)]
    assert asked == [True, False, False]

    sold = Sold(2, date(2025, 3, 1))
    before, after = judgement(comparison.with_sold(fresh, comparison.judged(fresh), sold))
    assert before.outcome is Outcome.HOLD
    assert (after.outcome, after.reason) == (Outcome.HOLD, Reason.EVER_CONVERTED)


def test_nobody_asks_for_orders_of_what_cannot_be_judged_or_has_no_windows() -> None:
    """It stays as it was judged."""
    lacks = Comparison(TWENTY, SEASON, PROFILE, ())
    row = recorded(TWENTY, sums(30))
    unjudged = lacks.judged(row)
    assert not newly_negated(row, unjudged)
    assert lacks.with_sold(row, unjudged, Sold(2, date(2025, 3, 1))) is unjudged
    bare = recorded(TWENTY, sums(30), "not json")
    said = lacks.judged(bare)
    assert lacks.with_sold(bare, said, Sold(2, date(2025, 3, 1))) is said


def judgement(judged: Judged) -> tuple[Decision, Decision]:
    assert not isinstance(judged, Unjudged)
    return judged
