"""The guard: no plan over a limit passes."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.domain.action import ActionKind, ActionState
from harvester.domain.plan import PlanCounts, PlannedAction
from harvester.rules.guard import Guard
from harvester.rules.sections import GuardLimits
from tests.unit.rules.builders import item

WIDE = {
    "promotions_per_run": 99, "negatives_per_run": 99, "promotions_per_day": 99, "negatives_per_day": 99,
    "negative_share": "100%",
}  # fmt: skip
PROMOTION = item()
NEGATIVE = item(ActionKind.NEGATE_KEYWORD, bid=None, currency="")


def guarded(
    limits: dict[str, Any],
    items: list[PlannedAction],
    counts: PlanCounts | None = None,
    today: tuple[int, int] = (0, 0),
) -> list[PlannedAction]:
    made = GuardLimits.model_validate({**WIDE, **limits})
    guard = Guard(made, counts or PlanCounts(), promotions_today=today[0], negatives_today=today[1])
    return [guard.admit(each) for each in items]


@pytest.mark.parametrize(
    ("limits", "items", "counts", "today", "reasons", "note"),
    [
        ({"promotions_per_run": 2}, [PROMOTION] * 3, None, (0, 0), ["", "", "promotions_per_run"],
         "Over promotions_per_run 2: 2 are taken."),
        ({"promotions_per_day": 2}, [PROMOTION] * 2, None, (1, 0), ["", "promotions_per_day"],
         "Over promotions_per_day 2: 2 are taken."),
        ({"negatives_per_run": 0}, [NEGATIVE], None, (0, 0), ["negatives_per_run"],
         "Over negatives_per_run 0: 0 are taken."),
        ({"negatives_per_day": 2}, [NEGATIVE], None, (0, 9), ["negatives_per_day"],
         "Over negatives_per_day 2: 9 are taken."),
        ({"negative_share": "10%"}, [PROMOTION, NEGATIVE], PlanCounts(candidates=50, negate=6), (0, 0),
         ["", "negative_share"],
         "6 of 50 candidates say negate, over negative_share 10%: something may be wrong with the evidence."),
        ({"negative_share": "10%"}, [NEGATIVE], PlanCounts(candidates=50, negate=5), (0, 0), [""], ""),
        ({"negative_share": "10%"}, [NEGATIVE], PlanCounts(candidates=49, negate=49), (0, 0), [""], ""),
        ({"highest_bid": {"USD": 0.70}}, [PROMOTION], None, (0, 0), ["highest_bid"],
         "The bid 0.75 USD is over highest_bid 0.7."),
        ({"highest_bid": {"USD": 0.75}}, [PROMOTION], None, (0, 0), [""], ""),
        ({"highest_bid": {"EUR": 0.10}}, [PROMOTION], None, (0, 0), [""], ""),
        ({"highest_bid": {"USD": 0.70}}, [NEGATIVE], None, (0, 0), [""], ""),
    ],
)  # fmt: skip
def test_what_is_over_a_number_is_guarded_and_says_which(limits, items, counts, today, reasons, note):
    """The reason names the number, the note says by how much, to a person."""
    seen = guarded(limits, items, counts, today)

    assert [each.reason for each in seen] == reasons
    assert [each.state for each in seen] == [
        ActionState.GUARDED if reason else ActionState.PLANNED for reason in reasons
    ]
    assert seen[-1].note == note


def test_a_group_is_guarded_by_its_bid_only():
    """Creating a group is no promotion; its default bid is a bid."""
    group = item(ActionKind.CREATE_GROUP, bid="6.00")
    cheap = item(ActionKind.CREATE_GROUP, bid=None, currency="")

    assert [each.reason for each in guarded({"promotions_per_run": 0}, [group, cheap])] == ["highest_bid", ""]


def test_what_is_held_or_guarded_already_stays_so_and_counts_nothing():
    """A cap is for what would be sent."""
    held = item(state=ActionState.HELD, reason="own_product")
    named = item(ActionKind.CREATE_GROUP, state=ActionState.GUARDED, reason="creates_campaigns", note="Costs.")
    dear = item(bid="9.00", note="More.")
    seen = guarded({"promotions_per_run": 1, "highest_bid": {"USD": 5}}, [held, named, dear, PROMOTION, PROMOTION])

    assert seen[:2] == [held, named]
    assert seen[2].note == "More. The bid 9.00 USD is over highest_bid 5."
    assert [each.reason for each in seen[2:]] == ["highest_bid", "", "promotions_per_run"]


KINDS = st.sampled_from([ActionKind.CREATE_GROUP, ActionKind.PROMOTE_PRODUCT, *ActionKind])
ITEMS = st.lists(
    st.builds(
        lambda kind, state, bid, currency: item(kind, state=state, bid=bid, currency=currency),
        KINDS,
        st.sampled_from([ActionState.PLANNED, ActionState.PLANNED, ActionState.HELD, ActionState.GUARDED]),
        st.sampled_from([None, "0.10", "2.00", "7.00"]),
        st.sampled_from(["USD", "EUR"]),
    ),
    max_size=30,
)
NUMBERS = st.integers(0, 12)


@given(
    items=ITEMS,
    limits=st.fixed_dictionaries(
        {
            "promotions_per_run": NUMBERS, "negatives_per_run": NUMBERS,
            "promotions_per_day": NUMBERS, "negatives_per_day": NUMBERS,
            "negative_share": st.sampled_from(["0%", "10%", "50%", "100%"]),
            "highest_bid": st.sampled_from([{}, {"USD": 1}, {"USD": 3, "EUR": 1}]),
        }
    ),
    candidates=st.integers(0, 100),
    negate=NUMBERS,
    today=st.tuples(NUMBERS, NUMBERS),
)  # fmt: skip
def test_no_plan_over_a_limit_passes(items, limits, candidates, negate, today):
    """Whatever the plan and the day, what is let through stays within every number, and all else is told why."""
    seen = guarded(limits, items, PlanCounts(candidates=candidates, negate=negate), today)
    through = [each for each in seen if each.state is ActionState.PLANNED]
    promotions = [each for each in through if each.kind.is_promotion]
    negatives = [each for each in through if each.kind.is_negative]
    share = float(limits["negative_share"][:-1]) / 100

    assert len(promotions) <= limits["promotions_per_run"]
    assert len(negatives) <= limits["negatives_per_run"]
    assert not promotions or len(promotions) + today[0] <= limits["promotions_per_day"]
    assert not negatives or len(negatives) + today[1] <= limits["negatives_per_day"]
    assert not negatives or candidates < 50 or negate <= share * candidates
    for each in through:
        assert each.bid is None or Decimal(each.bid) <= limits["highest_bid"].get(each.currency, 10**9)
    for before, after in zip(items, seen, strict=True):
        assert after.fragment == before.fragment
        assert (after.state is before.state) or (before.state is ActionState.PLANNED and after.reason != "")
