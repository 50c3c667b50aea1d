"""The short way through an answer that says all was made finds what the long way finds."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvester.adapters.ads import bulk_replies
from harvester.adapters.ads.bulk_replies import FAMILIES, read_bulk
from harvester.adapters.ads.item_errors import Asked
from harvester.domain.outcome import Made

FAMILY = FAMILIES["/sp/negativeKeywords"]
ENTRY = st.fixed_dictionaries(
    {"index": st.integers(-1, 3) | st.sampled_from(["0", 0.0, True, None])},
    optional={
        "negativeKeywordId": st.sampled_from(["1", "22", "", " ", "ü", 7, None]),
        "keywordId": st.sampled_from(["1", "5"]),
        "negativeKeyword": st.fixed_dictionaries({"keywordId": st.just("9")}),
    },
)
RESULTS = st.fixed_dictionaries(
    {"success": st.lists(ENTRY, max_size=3)},
    optional={"error": st.lists(ENTRY, max_size=2), "errors": st.none() | st.lists(ENTRY, max_size=1)},
)


@given(RESULTS, st.integers(1, 3))
def test_the_short_way_finds_what_the_long_way_finds(results: object, count: int):
    """Whatever an answer holds, in whatever order, also where the short way does not apply."""
    body = msgspec.json.encode({FAMILY.key: results})
    asked = [Asked()] * count
    found = read_bulk(body, FAMILY, asked)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bulk_replies, "_all_made", lambda *_: [])
        assert read_bulk(body, FAMILY, asked) == found


def test_an_answer_as_documented_goes_the_short_way(monkeypatch: pytest.MonkeyPatch):
    """Nothing else is asked for it: that is what makes a thousand items cheap."""
    monkeypatch.setattr(bulk_replies, "decoded", lambda _body: pytest.fail("the long way"))
    made = [{"index": at, "negativeKeywordId": str(at), "negativeKeyword": {"keywordId": str(at)}} for at in range(3)]
    body = msgspec.json.encode({FAMILY.key: {"success": made, "error": []}})
    assert read_bulk(body, FAMILY, [Asked()] * 3) == [Made("0"), Made("1"), Made("2")]
