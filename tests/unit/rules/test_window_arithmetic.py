"""Windows of days and sums over them, against counting day by day."""

import re
from datetime import date, timedelta
from decimal import Decimal
from functools import reduce

from hypothesis import given, settings
from hypothesis import strategies as st

from harvester.domain.history import MICROS, NOTHING, Gap, Totals, Window
from harvester.rules.check import could_pass
from harvester.rules.checks.windowed import Seen, money_text, window_name, window_named
from harvester.rules.compiling import check_of
from harvester.rules.conditions import Condition
from harvester.rules.evaluate import compile_rules
from harvester.rules.explain import short
from harvester.rules.reach import implies, limits_of, never_passes
from harvester.rules.window_compiling import Terms
from tests.unit.rules.builders import PROFILE, ruleset
from tests.unit.rules.terms import TODAY, USUAL, around, on_terms, term

COUNTS = st.integers(0, 10**7)
TOTALS = st.builds(Totals, COUNTS, COUNTS, COUNTS, COUNTS, COUNTS)
WINDOWS = st.builds(Window, st.integers(1, 365), st.integers(0, 90))
SMALL = st.builds(
    Totals, st.integers(0, 400), st.integers(0, 60), st.integers(0, 30 * MICROS), st.integers(0, 4), st.integers(0, 90 * MICROS)
)  # fmt: skip


@given(WINDOWS, st.dates(date(2020, 1, 1), date(2030, 1, 1)))
def test_a_window_is_so_many_whole_days_before_the_newest(window, today):
    """Today is never one of them, across months, leap years and years."""
    days = [window.first(today) + timedelta(days=at) for at in range(window.days)]

    assert days[-1] == window.last(today)
    assert (today - window.last(today)).days == window.skip + 1


@given(WINDOWS)
def test_a_windows_name_can_be_read_back(window):
    """Findings and notes carry windows by name."""
    assert window_named(window_name(window)) == window


@given(st.lists(TOTALS, max_size=8), st.lists(TOTALS, max_size=8))
def test_sums_do_not_depend_on_how_days_are_grouped(first, second):
    """Days can be added in any order and in parts; nothing added changes nothing."""
    together = reduce(Totals.plus, [*first, *second], NOTHING)
    apart = reduce(Totals.plus, second, NOTHING).plus(reduce(Totals.plus, first, NOTHING))

    assert together == apart == apart.plus(NOTHING)
    assert together.cost == sum(each.cost for each in (*first, *second))
    assert together.spend * MICROS == together.cost
    assert together.revenue * MICROS == together.sales


@given(st.integers(0, 10**12))
def test_money_is_shown_to_the_cent_and_never_lost_below_it(millionths):
    """Four places where there are any, two where not."""
    shown = Decimal(money_text(millionths, "USD").removesuffix(" USD"))

    assert abs(shown - Decimal(millionths) / MICROS) <= Decimal("0.00005")


CONDITIONS = st.recursive(
    st.one_of(
        st.builds(
            lambda side, value: {"clicks": {side: value}}, st.sampled_from(["at_least", "at_most"]), st.integers(0, 50)
        ),
        st.builds(
            lambda side, value: {"orders": {side: value}}, st.sampled_from(["at_least", "at_most"]), st.integers(0, 3)
        ),
        st.builds(lambda value: {"spend": {"at_least": value, "window": "14d"}}, st.integers(0, 30)),
        st.builds(lambda value: {"acos": {"at_most": f"{value}%"}}, st.integers(1, 200)),
        st.builds(lambda value: {"conversion_rate": {"at_least": f"{value}%", "window": "14d"}}, st.integers(1, 50)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda parts: {"all": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda parts: {"any": parts}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
)
SHORT = Window(14, 7)


def naively(condition: dict[str, object], windows: dict[Window, Totals]) -> bool | None:
    """As the reference says it, without anything that the rules use."""
    [(key, said)] = condition.items()
    if key == "not":
        inner = naively(said, windows)  # type: ignore[arg-type]  # a condition, as drawn above
        return None if inner is None else not inner
    if key in ("all", "any"):
        parts = [naively(part, windows) for part in said]  # type: ignore[attr-defined]  # a list, as drawn above
        decisive = key == "any"
        return decisive if decisive in parts else None if None in parts else not decisive
    assert isinstance(said, dict)
    sums = windows[SHORT if "window" in said else USUAL]
    figures: dict[str, Decimal | int | None] = {
        "clicks": sums.clicks,
        "orders": sums.orders,
        "spend": sums.spend,
        "acos": sums.spend / sums.revenue if sums.sales else None,
        "conversion_rate": min(Decimal(sums.orders) / sums.clicks, Decimal(1)) if sums.clicks else None,
    }
    measured = figures[key]
    if measured is None:
        return None
    least, most = (_number(said.get(side)) for side in ("at_least", "at_most"))
    return (least is None or measured >= least) and (most is None or measured <= most)


def _number(said: object) -> Decimal | None:
    return None if said is None else Decimal(str(said).rstrip("%")) / (100 if str(said).endswith("%") else 1)


@settings(max_examples=400)
@given(CONDITIONS, SMALL, SMALL)
def test_conditions_on_windows_say_what_the_reference_says(condition, usual, short):
    """Against a naive reading with exact numbers."""
    windows = {USUAL: usual, SHORT: short}
    check = check_of(Condition.model_validate(condition), terms=Terms(USUAL, "USD"))
    history = term(windows).history
    seen = Seen(history, (), "USD")

    assert could_pass(check, 0, 0, None, seen) is naively(condition, windows)


DAYS = st.lists(st.builds(Totals, st.integers(0, 9), st.integers(0, 9), st.integers(0, 9 * MICROS), st.integers(0, 2)),
                min_size=4, max_size=4)  # fmt: skip
NESTED = {"4d": 0, "2d": 0, "3d": 1}
"""Windows, and how many of the newest days they leave out."""
ON_NESTED = st.recursive(
    st.builds(
        lambda figure, side, value, window: {
            figure: {side: f"{value}%" if figure in ("acos", "conversion_rate") else value, "window": window,
                     "exclude_recent": f"{NESTED[window]}d"}
        },
        st.sampled_from(["clicks", "orders", "spend", "acos", "cpc", "conversion_rate"]),
        st.sampled_from(["at_least", "at_most"]), st.sampled_from([0, 1, 2, 5, 50]), st.sampled_from(sorted(NESTED)),
    ),
    lambda inner: st.one_of(
        st.builds(lambda word, parts: {word: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(ON_NESTED, ON_NESTED, st.lists(DAYS, min_size=1, max_size=12))
def test_nothing_is_called_impossible_or_implied_that_days_contradict(strong, weak, many):
    """Against days made up at random: every order of them brings sales."""
    checks = [check_of(Condition.model_validate(each), terms=Terms(USUAL, "USD")) for each in (strong, weak)]
    trees = [limits_of(each) for each in checks]
    met = [[could_pass(check, 0, 0, None, _seen(days)) is True for days in many] for check in checks]

    if never_passes(trees[0]):
        assert not any(met[0])
    if implies(*trees):
        assert all(weak_met for strong_met, weak_met in zip(*met, strict=True) if strong_met)


def _seen(days: list[Totals]) -> Seen:
    """The newest day first."""
    windows = {
        Window(length, skip): reduce(
            Totals.plus, (Totals(day.impressions, day.clicks, day.cost, day.orders, 7 * MICROS * day.orders)
                          for day in days[skip : skip + length]), NOTHING)
        for length, skip in ((int(name.removesuffix("d")), skip) for name, skip in NESTED.items())
    }  # fmt: skip
    return Seen(term(windows).history, (), "USD")


ON_COUNTS = st.recursive(
    st.builds(
        lambda figure, side, value: {figure: {side: value}},
        st.sampled_from(["clicks", "orders", "spend", "sales"]), st.sampled_from(["at_least", "at_most"]),
        st.sampled_from([0, 1, 2, 5, 9]),
    ),
    lambda inner: st.one_of(
        st.builds(lambda word, parts: {word: parts}, st.sampled_from(["all", "any"]), st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda part: {"not": part}, inner),
    ),
    max_leaves=5,
)  # fmt: skip
FEW = st.builds(
    lambda clicks, orders, cost, sales: Totals(9, clicks, cost * MICROS // 4, orders, sales * MICROS),
    st.integers(0, 12), st.integers(0, 3), st.integers(0, 40), st.integers(0, 10),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(ON_COUNTS, FEW)
def test_what_is_said_to_be_lacking_is_enough(condition, figures):
    """Once it has come the rule passes: nothing of it is too little, or breaks another of its conditions."""
    rules = ruleset_or_none(condition)
    if rules is None:
        return
    told = short(compile_rules(rules, PROFILE).judge(term(figures)), figures.clicks, figures.orders)
    for way in told.removeprefix("needs ").split(", or ") if told.startswith("needs ") else ():
        more = {what.rstrip("s"): float(number) for number, what in re.findall(r"([\d.]+)(?: USD)? more (\w+)", way)}
        enough = figures.plus(
            Totals(0, int(more.get("click", 0)), round(more.get("spend", 0) * MICROS), int(more.get("order", 0)),
                   round(more.get("sale", 0) * MICROS))
        )  # fmt: skip

        assert compile_rules(rules, PROFILE).judge(term(enough)).reason != "not_proven"


CONSISTENT = SMALL.filter(lambda sums: sums.orders or not sums.sales)
"""Sales that no order is counted for hold a term whatever its windows say."""


@settings(max_examples=200)
@given(CONDITIONS, CONSISTENT, CONSISTENT, CONSISTENT)
def test_what_a_window_with_a_gap_would_say_never_decides(condition, usual, one, other):
    """The decision is the same whatever the days that are missing hold, or the term waits for them."""
    rules = ruleset_or_none(condition)
    if rules is None:
        return
    among = around(gaps={SHORT: Gap(1, 0, TODAY)})
    judge = compile_rules(rules, PROFILE).judge
    decisions = [judge(term({USUAL: usual, SHORT: short}, among=among)) for short in (one, other)]

    assert decisions[0] == decisions[1]
    whole = {judge(term({USUAL: usual, SHORT: short})).outcome for short in (one, other)}
    if decisions[0].reason != "missing_days":
        assert whole == {decisions[0].outcome}


def ruleset_or_none(condition: dict[str, object]):
    """None where the file would be refused: what can never pass."""
    try:
        return ruleset(on_terms(condition))
    except AssertionError:
        return None
