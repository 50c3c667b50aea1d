"""Single bounds: what they measure, and when they pass."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.rules.checks.evidence import Bound, Metric, Side, bound_of, fraction_of, percent_text, wilson

RATE, CLICKS = Metric.CONVERSION_RATE, Metric.CLICKS
LEAST, MOST = Side.AT_LEAST, Side.AT_MOST


@pytest.mark.parametrize(
    ("bound", "clicks", "conversions", "holds"),
    [
        (Bound(CLICKS, LEAST, 10), 10, 0, True),
        (Bound(CLICKS, LEAST, 10), 9.5, 0, False),
        (Bound(CLICKS, MOST, 10), 10, 0, True),
        (Bound(CLICKS, MOST, 10), 11, 0, False),
        (Bound(Metric.CONVERSIONS, LEAST, 2), 0, 2, True),
        (Bound(Metric.CONVERSIONS, MOST, 0), 45, 0, True),
        (Bound(Metric.CONVERSIONS, MOST, 0), 45, 1, False),
        (Bound(RATE, LEAST, 0.05), 100, 5, True),
        (Bound(RATE, LEAST, 0.05), 101, 5, False),
        (Bound(RATE, MOST, 0.05), 0, 0, None),
        (Bound(RATE, LEAST, 0.0), 0, 3, None),
        (Bound(RATE, LEAST, 0.05, 0.8), 10, 2, True),
        (Bound(RATE, LEAST, 0.10, 0.8), 10, 2, False),
        (Bound(RATE, MOST, 0.40, 0.8), 10, 2, True),
        (Bound(RATE, MOST, 0.39, 0.8), 10, 2, False),
    ],
)
def test_a_bound_includes_its_end_and_knows_what_it_cannot_measure(bound, clicks, conversions, holds):
    """Ends are included; a rate without clicks neither passes nor fails."""
    assert bound.holds(clicks, conversions) is holds


def test_more_conversions_than_clicks_are_a_rate_of_one_hundred_percent():
    """The official sample has 12 clicks and 25 conversions."""
    assert Bound(RATE, LEAST, 1.0).measure(12, 25) == 1.0


@pytest.mark.parametrize(
    ("rate", "clicks", "low", "high"), [(0.2, 10, 0.0567, 0.5098), (0, 10, 0, 0.2775), (1, 10, 0.7225, 1)]
)
def test_wilson_intervals_are_those_of_the_textbook(rate, clicks, low, high):
    """Two-sided 95 % score intervals without continuity correction, as the tables print them."""
    assert wilson(rate, clicks, 0.95) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(("rate", "clicks"), [(0.2, 10), (0.1, 20), (0.5, 3), (0.01, 900)])
def test_both_ends_lie_z_standard_errors_from_the_rate(rate, clicks):
    """What defines the interval: 1.2816 standard errors, at 80 %, of the end itself."""
    for end in wilson(rate, clicks, 0.8):
        assert abs(rate - end) == pytest.approx(1.281552 * math.sqrt(end * (1 - end) / clicks), rel=1e-5)


@given(clicks=st.floats(0.01, 1e9), share=st.floats(0, 1), one=st.floats(0.5, 0.999), two=st.floats(0.5, 0.999))
def test_an_interval_holds_its_rate_and_grows_with_confidence(clicks, share, one, two):
    """Whoever asks for more certainty never gets a narrower interval."""
    less, more = sorted((one, two))
    narrow, wide = wilson(share, clicks, less), wilson(share, clicks, more)

    assert 0 <= wide[0] <= share <= wide[1] <= 1
    assert wide[0] <= narrow[0] + 1e-12
    assert narrow[1] <= wide[1] + 1e-12


@given(st.sampled_from(Metric), st.sampled_from(Side), st.floats(0, 1), st.sampled_from([None, 0.5, 0.8, 0.9, 0.999]))
def test_a_finding_leads_back_to_its_bound(metric, side, value, confidence):
    """The check id says all that there is to a bound but its value."""
    bound = Bound(metric, side, value, confidence if metric is RATE else None)

    assert bound_of(bound.check, value) == bound


@given(st.decimals(0, 100, places=3))
def test_percentages_read_as_they_are_written(number):
    """5% is exactly what 5 of 100 is."""
    fraction = fraction_of(f"{number}%")

    assert math.isclose(fraction, float(number) / 100, abs_tol=1e-15)
    assert fraction_of(percent_text(fraction)) == fraction
