"""The starting bid: its base, its ends, its formula."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.domain.candidate import Destination, NewGroup
from harvester.domain.money import BID_RANGES
from harvester.domain.target import TargetKind
from harvester.rules.bid_sections import Bid
from harvester.rules.bids import starting_bid
from tests.unit.rules.builders import DESTINATION, GERMANY, JAPAN, KEYWORDS, PROFILE, profile_rules

K, P = TargetKind.KEYWORD, TargetKind.PRODUCT
PLAIN = profile_rules()
TIGHT = profile_rules(profiles={"11": {"bids": {"USD": {"floor": 0.40, "ceiling": 0.60}}}})


def bid(**keys: object) -> Bid:
    return Bid.model_validate(keys)


def destination(default_bid: str | None) -> Destination:
    ad_group = KEYWORDS.ad_group
    changed = type(ad_group)(ad_group.ad_group_id, ad_group.campaign_id, ad_group.name, ad_group.state, default_bid)
    return Destination("g1", replace(KEYWORDS, ad_group=changed), None)


@pytest.mark.parametrize(
    ("asked", "profile", "rules", "amount", "formula"),
    [
        (bid(), PROFILE, PLAIN, "0.75", "ad group default 0.75 USD → 0.75 USD"),
        (bid(factor=1.1), PROFILE, PLAIN, "0.83", "ad group default 0.75 USD × 1.1 = 0.83 → 0.83 USD"),
        (
            bid(factor=1.1, ceiling={"USD": 0.8}), PROFILE, PLAIN, "0.80",
            "ad group default 0.75 USD × 1.1 = 0.83, ceiling 0.80 → 0.80 USD",
        ),
        (bid(fixed={"USD": 0.3}, floor={"USD": 0.5}), PROFILE, PLAIN, "0.50", "fixed 0.30 USD, floor 0.50 → 0.50 USD"),
        (bid(fixed={"USD": 2}), PROFILE, TIGHT, "0.60", "fixed 2.00 USD, profile's ceiling 0.60 → 0.60 USD"),
        (bid(fixed={"USD": 0.1}), PROFILE, TIGHT, "0.40", "fixed 0.10 USD, profile's floor 0.40 → 0.40 USD"),
        (bid(fixed={"USD": 2}, ceiling={"USD": 0.5}), PROFILE, TIGHT, "0.50", "fixed 2.00 USD, ceiling 0.50 → 0.50 USD"),
        (
            bid(fixed={"USD": 0.7}, floor={"USD": 0.9}), PROFILE, TIGHT, "0.60",
            "fixed 0.70 USD, floor 0.90, profile's ceiling 0.60 → 0.60 USD",
        ),
        (bid(fixed={"EUR": 0.7, "USD": 1}), GERMANY, PLAIN, "0.70", "fixed 0.70 EUR → 0.70 EUR"),
        (bid(fixed={"JPY": 30}, factor=0.35), JAPAN, PLAIN, "11", "fixed 30 JPY × 0.35 = 11 → 11 JPY"),
        (bid(fixed={"JPY": 1}), JAPAN, PLAIN, "2", "fixed 1 JPY, marketplace's floor 2 → 2 JPY"),
        (
            bid(fixed={"USD": 5000}), PROFILE, PLAIN, "1000.00",
            "fixed 5000.00 USD, marketplace's ceiling 1000.00 → 1000.00 USD",
        ),
        (bid(fixed={"USD": 0.805}, ceiling={"USD": 0.805}), PROFILE, PLAIN, "0.80", "fixed 0.805 USD, ceiling 0.805 → 0.80 USD"),
        (bid(fixed={"USD": 0.005}), replace(PROFILE, country="XX"), PLAIN, "0.01", "fixed 0.005 USD → 0.01 USD"),
    ],
)  # fmt: skip
def test_a_bid_and_its_formula_follow_from_the_inputs(asked, profile, rules, amount, formula):
    """Base, factor, floor, ceiling, marketplace, rounded half up: each that mattered is named."""
    made = starting_bid(asked, DESTINATION, K, profile, rules)

    assert made is not None
    assert (made.text, made.currency, made.formula) == (amount, profile.currency, formula)


@pytest.mark.parametrize(
    ("asked", "to", "kind"),
    [
        (bid(fixed={"EUR": 1}), DESTINATION, K),
        (bid(ceiling={"USD": 0.01}), DESTINATION, K),
        (bid(), destination(None), K),
        (bid(), destination("cheap"), K),
        (bid(), destination("-1"), K),
        (bid(), destination("1E+40"), K),
        (bid(), destination("0.75"), P),
        (bid(), Destination(None, None, None, NewGroup(1, {}, makes_campaigns=True)), K),
    ],
)
def test_where_no_bid_can_be_worked_out_there_is_none(asked, to, kind):
    """No base in the currency, or a ceiling under what the marketplace takes."""
    assert starting_bid(asked, to, kind, PROFILE, PLAIN) is None


def test_a_new_groups_default_is_the_base_until_the_group_exists():
    """Its campaigns start with the default bid of the rules file."""
    new = Destination(None, None, None, NewGroup(1, {}, makes_campaigns=True, default_bid="0.75"))
    made = starting_bid(bid(factor=2), new, P, PROFILE, PLAIN)

    assert made is not None
    assert made.formula == "new group's default 0.75 USD × 2 = 1.50 → 1.50 USD"


AMOUNTS = st.decimals("0.0001", "100000", places=4)


@given(
    country=st.sampled_from([*BID_RANGES, "XX"]), fixed=AMOUNTS, factor=AMOUNTS,
    floor=st.none() | AMOUNTS, ceiling=st.none() | AMOUNTS,
)  # fmt: skip
def test_no_bid_leaves_the_marketplaces_range_or_its_step_or_passes_its_ceiling(country, fixed, factor, floor, ceiling):
    """Whatever the file says, what is sent can be taken, and never costs more than the ceiling."""
    asked = bid(
        fixed={"USD": fixed}, factor=factor,
        floor={"USD": floor} if floor else {}, ceiling={"USD": ceiling} if ceiling else {},
    )  # fmt: skip
    made = starting_bid(asked, DESTINATION, K, replace(PROFILE, country=country), PLAIN)
    bids = BID_RANGES.get(country)

    if made is None:
        assert ceiling is not None
        assert ceiling < (bids.lowest if bids else Decimal("0.01"))
        return
    assert ceiling is None or made.amount <= ceiling
    if bids is not None:
        assert bids.lowest <= made.amount <= bids.highest
        assert made.amount % bids.step == 0
    assert "E" not in made.text
