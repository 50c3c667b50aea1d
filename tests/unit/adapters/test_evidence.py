"""Clicks and conversions are read from every form they were seen in; unknown is never zero."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.adapters.ads.evidence import evidence_in, evidence_of, number


def reason(data: Any, name: str | None = "HISTORICAL_PERF") -> dict[str, Any]:
    return {"data": data} if name is None else {"reason": name, "data": data}


@pytest.mark.parametrize(
    "data",
    [
        {"CLICKS": 10, "CONVERSIONS": 2},
        {"CLICKS": 10.0, "CONVERSIONS": 2.0},
        {"CLICKS": "10", "CONVERSIONS": " 2 "},
        {"clicks": 10, "Conversions": 2},
        '{"CLICKS": 10, "CONVERSIONS": 2}',
        '{"CLICKS": "10", "conversions": 2.0}',
    ],
)
def test_object_and_text_say_the_same(data: Any):
    """The specification has text, the guide an object; keys come in any case, numbers as text too."""
    assert evidence_of([reason(data)]) == (10.0, 2.0, None)
    assert evidence_of([reason(data, None)]) == (10.0, 2.0, None)


def test_evidence_nested_without_end_is_unreadable():
    """One such row is no reason to stop."""
    clicks, conversions, note = evidence_of([reason('{"CLICKS": ' + "[" * 100_000)])

    assert (clicks, conversions) == (None, None)
    assert note is not None


@pytest.mark.parametrize("reasons", [None, [], [{}], [None], [reason(None)], [{"reason": "HISTORICAL_PERF"}]])
def test_no_evidence_is_unknown_and_not_zero(reasons: Any):
    """Nothing said is nothing known."""
    assert evidence_of(reasons) == (None, None, None)


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ("very good", {"raw": "very good"}),
        ('{"CLICKS": NaN, "CONVERSIONS": 2}', {"raw": '{"CLICKS": NaN, "CONVERSIONS": 2}'}),
        ([1, 2], {"raw": [1, 2]}),
        (7, {"raw": 7}),
        ("", {"raw": ""}),
    ],
)
def test_what_cannot_be_read_is_kept_as_it_was(data: Any, note: Any):
    """The raw text stays for the person who looks."""
    clicks, conversions, kept = evidence_of([reason(data)])

    assert (clicks, conversions) == (None, None)
    assert json.loads(kept or "") == note


def test_other_metrics_are_kept_beside():
    """A metric that Amazon adds tomorrow is in the ledger before anybody reads it."""
    data = {"CLICKS": 10, "CONVERSIONS": 2, "IMPRESSIONS": 900, "ACOS": "12%"}

    clicks, conversions, kept = evidence_of([reason(data)])

    assert (clicks, conversions) == (10.0, 2.0)
    assert json.loads(kept or "") == {"IMPRESSIONS": 900, "ACOS": "12%"}


@pytest.mark.parametrize(
    "value", [True, False, -1, "-1", "NaN", "inf", "1_0", "1,5", "", None, [], {}, 10**400, "many"]
)
def test_what_is_no_count_is_unknown(value: Any):
    """Booleans, negatives, infinities and words are no numbers of clicks, and stay visible."""
    clicks, conversions, kept = evidence_of([reason({"CLICKS": value, "CONVERSIONS": 2})])

    assert (clicks, conversions) == (None, 2.0)
    assert json.loads(kept or "") == {"CLICKS": value}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_are_none_are_unknown(value: float):
    """NaN and infinity count nothing."""
    assert number(value) is None


def test_history_counts_where_several_reasons_are_given():
    """A prediction never stands in for what happened, first or last."""
    guess = reason({"CLICKS": 99, "CONVERSIONS": 50}, "PREDICTED")
    history = reason({"CLICKS": 10, "CONVERSIONS": 2}, "historical_perf")

    for reasons in ([guess, history], [history, guess]):
        clicks, conversions, kept = evidence_of(reasons)

        assert (clicks, conversions) == (10.0, 2.0)
        assert json.loads(kept or "") == {"other_reasons": [guess]}


def test_a_prediction_never_replaces_unreadable_history():
    """Unreadable history is unknown, however good the prediction reads."""
    guess = reason({"CLICKS": 99, "CONVERSIONS": 50}, "PREDICTED")

    clicks, conversions, kept = evidence_of([reason("broken"), guess])

    assert (clicks, conversions) == (None, None)
    assert json.loads(kept or "") == {"raw": "broken", "other_reasons": [guess]}


def test_the_first_complete_history_counts():
    """Two reasons of the same name are not summed."""
    first, second = reason({"CLICKS": 1}), reason({"CLICKS": 5, "CONVERSIONS": 3})

    assert evidence_of([first, second])[:2] == (5.0, 3.0)


def test_a_long_note_is_bounded():
    """What is kept of one row never swells the ledger."""
    kept = evidence_of([reason("x" * 100_000)])[2]

    assert kept is not None
    assert len(kept) < 2000
    assert json.loads(kept)["raw"].startswith('{"raw":"xxx')


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


@given(_json | st.lists(st.fixed_dictionaries({"reason": _json, "data": _json}), max_size=3))
def test_no_json_whatever_breaks_the_reading(reasons: Any):
    """Whatever stands where reasons should, the row is read, with counts that make sense or none."""
    clicks, conversions, kept = evidence_of(reasons)

    assert clicks is None or 0 <= clicks < float("inf")
    assert conversions is None or 0 <= conversions < float("inf")
    assert kept is None or isinstance(json.loads(kept), dict)


_counts = st.integers() | st.integers(min_value=0, max_value=99) | st.floats(allow_nan=False) | st.text(max_size=3)
_metrics = st.dictionaries(st.sampled_from(["CLICKS", "CONVERSIONS", "clicks", "ACOS"]), _counts)
_reasons = st.lists(
    st.fixed_dictionaries({"data": _metrics | _metrics.map(json.dumps)}, optional={"reason": st.text(max_size=3)}),
    max_size=2,
)


@given(_reasons | _json)
def test_evidence_is_the_same_by_the_quick_way(reasons: Any):
    """What is read straight from the wire is what reading any JSON gives, the first time and every time after."""
    wire = msgspec.json.encode(reasons)

    assert evidence_in(wire) == evidence_of(msgspec.json.decode(wire))
    assert evidence_in(wire) == evidence_of(msgspec.json.decode(wire))


def test_reasons_that_are_no_text_are_kept_as_far_as_they_can_be_read():
    """A byte that belongs to no character costs the row its evidence, and not its place in the ledger."""
    clicks, conversions, kept = evidence_in(b'[{"data": "\xff"}]')

    assert (clicks, conversions) == (None, None)
    assert "\ufffd" in json.loads(kept or "")["raw"]
