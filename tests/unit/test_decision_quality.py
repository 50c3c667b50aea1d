"""The arithmetic of simulated markets, and one small season from end to end."""

import random
import statistics
from collections.abc import Sequence

import pytest

from benchmarks.decisions import measure
from benchmarks.decisions.learner import Learner
from benchmarks.decisions.market import (
    BREAK_EVEN_ACOS,
    DAYS,
    LEAD_IN,
    NEVER,
    Market,
    Shape,
    Term,
    market,
    poisson,
    span,
)
from benchmarks.decisions.measure import (
    BIDDING,
    BOLD,
    CAREFUL,
    NOTHING,
    ORACLE,
    QUICK_SEEDS,
    SEEDS,
    WAITING,
    interval,
    season,
    table,
)
from benchmarks.decisions.missing import lost
from benchmarks.decisions.policies import FOLDER, HERE, POLICIES, SHIPPED, Policy, ours
from benchmarks.decisions.season import Engine, Fate, Oracle, play, policy_rules
from harvester.domain.history import NOTHING as NO_FIGURES
from harvester.domain.history import Totals, Window

SMALL = Shape(ad_groups=2, terms=25)
USUAL = Window(60, 7)


def a_term(rate: float = 0.1, clicks: tuple[int, ...] = (LEAD_IN, LEAD_IN + 1), marks: tuple[float, ...] = ()) -> Term:
    """At one dollar a click, for a product of twenty."""
    days = list(clicks)
    value = [rate * 20 * BREAK_EVEN_ACOS] * len(days)
    return Term(0, rate, 1.0, 20.0, days, list(marks or (0.5,) * len(days)), [], value, list(days))


def test_a_seed_is_a_market() -> None:
    """The same one every time, and another one for another seed."""
    assert market(3, SMALL) == market(3, SMALL)
    assert market(3, SMALL) != market(4, SMALL)


def test_a_season_comes_out_the_same_again() -> None:
    """Every figure of every policy."""
    policies = POLICIES[:1]

    assert season(1, policies, SMALL) == season(1, policies, SMALL)


@pytest.mark.parametrize("mean", [0.5, 4.0, 200.0])
def test_clicks_come_as_often_as_they_should(mean: float) -> None:
    """On average; also where there are many."""
    dice = random.Random(1)

    assert statistics.fmean(poisson(dice, mean) for _ in range(2000)) == pytest.approx(mean, rel=0.1)


def test_a_report_shows_whole_windows_and_orders_that_have_come_in() -> None:
    """A click counts on its day; its order once it was reported, on the day of the click."""
    term = a_term(clicks=(10, 11, 70, 75))
    term.known.extend([(10, 12), (70, 76)])
    first, last = span(USUAL, 78)

    assert (first, last) == (11, 70)
    assert term.totals(first, last, 78) == Totals(40, 2, 2_000_000, 1, 20_000_000)
    assert term.totals(first, last, 76) == Totals(40, 2, 2_000_000, 0, 0)
    assert term.totals(12, 60, 78) is NO_FIGURES
    assert (term.sold_before(12), term.sold_before(13)) == (False, True)


def test_profit_is_what_true_rates_bring() -> None:
    """A click at a rate of a tenth is worth eighty cents of a product of twenty dollars, and costs a dollar."""
    loses, earns = a_term(0.1), a_term(0.2)

    played = play(Market([loses, earns], [20.0]), lambda _today, _fates: None)

    assert (loses.is_profitable, earns.is_profitable) == (False, True)
    assert played.profit == pytest.approx(2 * (0.8 - 1) + 2 * (1.6 - 1))
    assert played.spend == 4.0


def test_a_negative_ends_clicks_and_a_promotion_brings_more() -> None:
    """From the day it is made; clicks before the season count nowhere."""
    days = (LEAD_IN - 1, LEAD_IN, LEAD_IN + 7, LEAD_IN + 7)
    term = a_term(0.2, days, (0.5, 0.5, 0.5, 1.2))

    def negate(today: int, fates: Sequence[Fate]) -> None:
        fates[0].negated = min(fates[0].negated, today + 1)

    def promote(today: int, fates: Sequence[Fate]) -> None:
        fates[0].promoted, fates[0].bid = min(fates[0].promoted, today + 1), 1.1

    negated, promoted = (play(Market([term], [20.0]), act) for act in (negate, promote))

    assert negated.profit == pytest.approx(0.6)
    assert negated.wrongly_negated == 1
    assert negated.forgone == pytest.approx(0.6)
    assert promoted.profit == pytest.approx(0.6 + 2 * (1.6 - 1.1 * 0.95))
    assert (promoted.wrongly_promoted, promoted.negated) == (0, 0)


def test_the_oracle_is_never_wrong() -> None:
    """It negates what loses and promotes what earns, and nobody earns more."""
    made = market(2, SMALL)
    knows = play(made, Oracle(made).act)
    waits = play(made, Oracle(made, waits=True).act)

    assert (knows.wrongly_negated, knows.wrongly_promoted, knows.forgone) == (0, 0, 0.0)
    assert knows.profit >= waits.profit >= play(made, lambda _today, _fates: None).profit
    assert knows.negated > 0 < knows.promoted


def test_an_oracle_that_bids_earns_most() -> None:
    """At a lower bid it still earns something of a term that others negate."""
    made = market(2, SMALL)
    bids = play(made, Oracle(made, bids=True).act)

    assert bids.profit > play(made, Oracle(made).act).profit
    assert (bids.negated, bids.wrongly_promoted) == (0, 0)


def test_whoever_must_learn_earns_less_than_whoever_knows() -> None:
    """And negates the more, the more doubt is borne."""
    made = market(2, Shape(ad_groups=2, terms=60, daily_clicks=0.4))
    careful, bold = (play(made, Learner(made, doubt).act) for doubt in (0.05, 0.5))

    assert 0 < careful.negated < bold.negated
    assert careful.wrongly_negated < bold.wrongly_negated
    assert play(made, lambda _today, _fates: None).profit < careful.profit < play(made, Oracle(made).act).profit


def test_a_window_waits_until_its_days_are_recorded() -> None:
    """Ninety-five days are there on the first; half a year takes a quarter more."""
    made = market(2, Shape(ad_groups=2, terms=25, daily_clicks=0.4))
    waiting = Policy("waiting", (HERE / "over-half-a-year.yaml",)).rules
    first_day = 182 + 7 - 95 + LEAD_IN
    early, late = ([Fate() for _ in made.terms] for _ in range(2))

    engine = Engine(made, policy_rules(made, waiting), spares_what_sold=True)
    engine.act(first_day - 1, early)
    engine.act(first_day, late)

    assert not any(fate.negated < NEVER for fate in early)
    assert any(fate.negated < NEVER for fate in late)


def test_every_policy_is_a_rules_file_that_loads() -> None:
    """With the prices of the market for economics, and without the file's own."""
    made = market(0, SMALL)

    for policy in POLICIES:
        rules = policy_rules(made, policy.rules)
        assert [rule.match.source for rule in rules.rules] == ["search_terms"] * len(rules.rules)
    with pytest.raises(ValueError, match=r"rules\[0\]"):
        policy_rules(made, [{"name": "nothing"}])


def test_what_is_measured_as_shipped_is_the_file_that_ships() -> None:
    """And not a copy of it; what is changed in it for comparison is there to be changed."""
    shipped = next(policy for policy in POLICIES if policy.name == SHIPPED)

    assert (shipped.files, shipped.changes) == ((FOLDER / "recommended.yaml",), ())
    assert all(policy.rules != shipped.rules for policy in POLICIES if policy is not shipped)
    with pytest.raises(ValueError, match="nothing of the kind"):
        _ = ours("changed", ("nothing of the kind", "else")).rules


def test_figures_come_from_seasons_that_nothing_was_chosen_by() -> None:
    """Rules were tried in the seasons of the first seeds."""
    assert min(*SEEDS, *QUICK_SEEDS) >= 20


def test_a_small_season_from_end_to_end() -> None:
    """Market, reports, rules, decisions, profit, intervals and table, with the real rules engine."""
    played = [season(seed, POLICIES[:1], Shape(ad_groups=2, terms=25, daily_clicks=0.4)) for seed in range(2)]

    shown = table(played)
    results = {each.name: each for each in measure.results_of(played)}

    assert all(set(each) == {ORACLE, WAITING, BIDDING, CAREFUL, BOLD, NOTHING, SHIPPED} for each in played)
    assert sum(each[SHIPPED].negated for each in played) > 0
    assert sum(each[SHIPPED].promoted for each in played) > 0
    assert f"| {SHIPPED} |" in shown
    assert shown.count("\n") == 8
    (profit,) = (each for name, each in results.items() if name.startswith("profit of the shipped rules"))
    assert profit.goal == ">= 0.95"
    assert profit.value < 1


def test_what_is_missing_adds_up() -> None:
    """To what the oracle makes more: nothing is counted twice or left out."""
    shape = Shape(ad_groups=2, terms=60, daily_clicks=0.4)
    played = season(2, POLICIES[:1], shape)

    assert sum(lost(2, shape).values()) == pytest.approx(1 - played[SHIPPED].profit / played[ORACLE].profit)


def test_an_interval_narrows_with_agreement() -> None:
    """And lies around its mean."""
    wide, narrow = interval([0.2, 0.8, 0.5]), interval([0.49, 0.51, 0.5])

    assert wide.mean == pytest.approx(narrow.mean)
    assert wide.low < narrow.low < narrow.mean < narrow.high < wide.high
    assert str(narrow).startswith("50.0% (")
    assert NEVER > DAYS
